/*
 * tds_switch.c - the beginning of tds.c: PRELOGIN and its reply, what is offered to the server, and
 * what its answer leads to. What follows is in tds_login.c.
 */
#include "proto/stranger.h"
#include "proto/tds_prelogin.h"
#include "proto/tds_state.h"

#define PRELOGIN_LIMIT 16384

/* What an ENCRYPTION of the server's PRELOGIN reply leads to. */
enum decision {
    DECISION_INVALID,
    DECISION_UNCHANGED, /* the connection stays as it is */
    DECISION_TLS,
    DECISION_TLS_LOGIN,
    DECISION_NO_TLS,
    DECISION_NEEDS_TLS,
    DECISION_LOGIN_ONLY_OFFERED
};

struct offer {
    uint8_t encryption;         /* sent to the server */
    enum decision decisions[4]; /* by the server's answer */
};

/* MS-TDS 2.2.6.5 and 3.3.5.2; "off" to "on" is login-only encryption, which "require" does not
 * mean. */
static const struct offer offer_tls = {
    TDS_ENCRYPTION_ON, {DECISION_LOGIN_ONLY_OFFERED, DECISION_TLS, DECISION_NO_TLS, DECISION_TLS}};
static const struct offer offer_plaintext = {
    TDS_ENCRYPTION_NOT_SUPPORTED,
    {DECISION_INVALID, DECISION_NEEDS_TLS, DECISION_UNCHANGED, DECISION_NEEDS_TLS}};
static const struct offer offer_allow = {
    TDS_ENCRYPTION_OFF, {DECISION_TLS_LOGIN, DECISION_TLS, DECISION_UNCHANGED, DECISION_TLS}};

/* Inside TLS, in the direct plan, the byte means nothing more; clients send 2 there as well, and
 * ignore the answer. */
static const struct offer *find_offer(const struct proto_session *session)
{
    if (session->plan == PROTO_PLAN_TLS)
        return &offer_tls;
    bool may_allow = session->plan == PROTO_PLAN_PLAINTEXT && session->is_login_only_allowed;
    return may_allow ? &offer_allow : &offer_plaintext;
}

/* What the real driver's first byte says when it is not PRELOGIN's. */
static enum proto_verdict refuse_first_packet(struct proto_session *session, uint8_t type)
{
    switch (type) {
    case TDS_PACKET_OLD_LOGIN:
        return proto_refuse(
            session, ODBCSSL_ERROR_PLAINTEXT_LOGIN,
            "the real driver began with a login packet of TDS 4.2 or 5.0, which knows no TLS; "
            "nothing of it was sent on: set TDS_Version=7.4");
    case TDS_PACKET_LOGIN7:
        return proto_refuse(
            session, ODBCSSL_ERROR_PLAINTEXT_LOGIN,
            "the real driver logs in without PRELOGIN, as TDS 7.0 does, which knows no TLS; "
            "nothing of it was sent on: set TDS_Version=7.4");
    case TDS_PACKET_TLS:
        return proto_refuse(
            session, ODBCSSL_ERROR_KEYWORD_CONFLICT,
            "the real driver begins TLS itself (Encryption=strict): set its Encryption=request, "
            "and SslNegotiation=direct for TDS 8.0 to the server");
    default:
        return proto_refuse(
            session, ODBCSSL_ERROR_PROTOCOL,
            "the real driver began with a packet of type 0x%02X, not with TDS PRELOGIN (0x12)",
            type);
    }
}

/* The packets as they came, but for the one byte. */
static void append_prelogin(struct tds_message *message, const struct tds_prelogin *prelogin,
                            uint8_t encryption, struct buffer *wire)
{
    tds_message_set_byte(message, prelogin->encryption_at, encryption);
    buffer_append(wire, buffer_content(&message->packets), buffer_length(&message->packets));
}

/* Keeps the reply as the driver is to get it. One that asked for MARS takes a reply without it for
 * a server of TDS 7.1. */
static void keep_reply(struct tds *tds, const struct tds_prelogin *prelogin)
{
    struct buffer with_mars = {0};
    if (prelogin->has_mars || !tds->has_mars) {
        append_prelogin(&tds->message, prelogin, TDS_ENCRYPTION_NOT_SUPPORTED, &tds->reply);
        return;
    }
    tds_message_set_byte(&tds->message, prelogin->encryption_at, TDS_ENCRYPTION_NOT_SUPPORTED);
    tds_prelogin_add_mars(prelogin, &tds->message.payload, &with_mars);
    tds_message_write(&tds->reply, TDS_PACKET_REPLY, &with_mars);
    tds->reply.is_failed |= with_mars.is_failed;
    buffer_free(&with_mars);
}

static enum proto_verdict send_prelogin(struct proto_session *session)
{
    struct tds *tds = session->state;
    const struct buffer *payload = &tds->message.payload;
    struct tds_prelogin prelogin;
    char text[TDS_ENCRYPTION_TEXT_SIZE];
    if (buffer_length(payload) == 0 ||
        !tds_prelogin_read(buffer_content(payload), buffer_length(payload), "the real driver",
                           &prelogin, &session->error))
        return proto_refuse(session, ODBCSSL_ERROR_PROTOCOL,
                            "the real driver sent an empty TDS PRELOGIN message");
    if (prelogin.encryption != TDS_ENCRYPTION_OFF &&
        prelogin.encryption != TDS_ENCRYPTION_NOT_SUPPORTED)
        return proto_refuse(
            session, ODBCSSL_ERROR_KEYWORD_CONFLICT,
            "the real driver asks for TLS of its own (PRELOGIN ENCRYPTION %s), which odbcssl "
            "provides: set the real driver's Encryption=request or off",
            tds_encryption_text(prelogin.encryption, text));
    tds->has_mars = prelogin.has_mars;
    tds->is_prelogin_read = true;
    append_prelogin(&tds->message, &prelogin, find_offer(session)->encryption, &session->to_server);
    tds_message_clear(&tds->message);
    tds->stage = TDS_STAGE_REPLY;
    return PROTO_CONTINUE;
}

enum proto_verdict tds_switch_read_driver(struct proto_session *session, struct buffer *input)
{
    struct tds *tds = session->state;
    session->kind = PROTO_SESSION_MAIN;
    if (*buffer_content(input) != TDS_PACKET_PRELOGIN)
        return refuse_first_packet(session, *buffer_content(input));
    enum tds_outcome outcome = tds_message_collect(&tds->message, input, PRELOGIN_LIMIT);
    if (outcome != TDS_WHOLE)
        return tds_judge_outcome(session, outcome, "the real driver");
    return send_prelogin(session);
}

enum proto_verdict tds_switch_give_reply(struct proto_session *session)
{
    struct tds *tds = session->state;
    session->to_driver.is_failed |= tds->reply.is_failed;
    buffer_move(&tds->reply, buffer_length(&tds->reply), &session->to_driver);
    tds->is_reply_given = true;
    tds->stage = TDS_STAGE_LOGIN;
    return PROTO_CONTINUE;
}

static enum proto_verdict begin_tls(struct proto_session *session, enum proto_coverage coverage,
                                    const struct buffer *input)
{
    struct tds *tds = session->state;
    /* What follows in plaintext would be taken for bytes of the TLS session. */
    if (buffer_length(input) > 0)
        return proto_refuse(
            session, ODBCSSL_ERROR_EARLY_PLAINTEXT,
            "the server, or someone between, sent %zu unencrypted bytes after the PRELOGIN "
            "reply, where TLS should have begun",
            buffer_length(input));
    session->coverage = coverage;
    tds->stage = TDS_STAGE_HANDSHAKE;
    return PROTO_START_TLS;
}

/* The decisions that end the attempt. */
static const struct {
    enum proto_verdict verdict;
    enum odbcssl_error code;
    const char *reason;
} ends[] = {
    [DECISION_INVALID] = {PROTO_REFUSE, ODBCSSL_ERROR_PROTOCOL,
                          "the server's answer does not fit what it was asked"},
    [DECISION_NO_TLS] = {PROTO_NO_TLS, ODBCSSL_ERROR_SERVER_WITHOUT_TLS, "the server has no TLS"},
    [DECISION_NEEDS_TLS] = {PROTO_NEEDS_TLS, ODBCSSL_ERROR_SERVER_REQUIRES_TLS,
                            "the server requires TLS"},
    [DECISION_LOGIN_ONLY_OFFERED] = {PROTO_REFUSE, ODBCSSL_ERROR_SERVER_WITHOUT_TLS,
                                     "the server would encrypt the login only, and the whole "
                                     "session was asked for"},
};

static enum proto_verdict act_on_reply(struct proto_session *session, uint8_t answer,
                                       const struct buffer *input)
{
    char text[TDS_ENCRYPTION_TEXT_SIZE];
    enum decision decision = DECISION_INVALID;
    bool is_direct = session->plan == PROTO_PLAN_DIRECT;
    if (is_direct)
        decision = DECISION_UNCHANGED;
    else if (answer <= TDS_ENCRYPTION_REQUIRED)
        decision = find_offer(session)->decisions[answer];
    if (decision == DECISION_TLS || decision == DECISION_TLS_LOGIN)
        return begin_tls(
            session, decision == DECISION_TLS ? PROTO_COVERAGE_ALL : PROTO_COVERAGE_LOGIN, input);
    if (decision != DECISION_UNCHANGED)
        return proto_end(session, ends[decision].verdict, ends[decision].code,
                         "%s: it answered PRELOGIN with ENCRYPTION %s", ends[decision].reason,
                         tds_encryption_text(answer, text));
    session->coverage = is_direct ? PROTO_COVERAGE_ALL : PROTO_COVERAGE_NOTHING;
    return tds_switch_give_reply(session);
}

enum proto_verdict tds_switch_read_server(struct proto_session *session, struct buffer *input)
{
    struct tds *tds = session->state;
    struct tds_prelogin prelogin;
    if (*buffer_content(input) != TDS_PACKET_REPLY)
        return stranger_refuse(
            session,
            "not SQL Server, or SslNegotiation is wrong: the server answered TDS PRELOGIN with",
            input);
    enum tds_outcome outcome = tds_message_collect(&tds->message, input, PRELOGIN_LIMIT);
    if (outcome != TDS_WHOLE)
        return tds_judge_outcome(session, outcome, "the server");
    const struct buffer *payload = &tds->message.payload;
    if (buffer_length(payload) == 0 ||
        !tds_prelogin_read(buffer_content(payload), buffer_length(payload), "the server", &prelogin,
                           &session->error))
        return proto_refuse(session, ODBCSSL_ERROR_PROTOCOL,
                            "the server sent an empty TDS PRELOGIN reply");
    uint8_t answer = prelogin.encryption;
    keep_reply(tds, &prelogin);
    tds_message_clear(&tds->message);
    return act_on_reply(session, answer, input);
}
