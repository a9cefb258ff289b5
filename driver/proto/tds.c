/*
 * tds.c - TDS 7.1 to 8.0: the TLS switch in PRELOGIN, and the login that follows it.
 *
 *      stage         driver side                    server side
 *      PRELOGIN      PRELOGIN is read and held
 *                    -> with our ENCRYPTION         nothing may come
 *      REPLY         waits                          PRELOGIN's reply decides
 *      HANDSHAKE     waits                          TLS, in packets of type 0x12 until its end
 *      LOGIN         gets the reply, sends LOGIN7   nothing may come
 *      LOGIN_REPLY   packets go through             whole messages are read before they go through,
 *                                                   until the last DONE behind LOGINACK
 *      OPEN          opaque                         opaque
 *
 * TDS 8.0 has TLS up before PRELOGIN and skips HANDSHAKE, as plaintext does.
 */
#include "proto/stranger.h"
#include "proto/tds_prelogin.h"
#include "proto/tds_state.h"

#define RECORD_LIMIT 16384 /* RFC 8446 5.1 */

enum proto_verdict tds_judge_outcome(struct proto_session *session, enum tds_outcome outcome,
                                     const char *sender)
{
    if (outcome == TDS_PARTIAL)
        return PROTO_CONTINUE;
    if (outcome == TDS_NO_MEMORY) {
        error_set_memory(&session->error);
        return PROTO_REFUSE;
    }
    static const char *const reasons[] = {
        [TDS_BAD_LENGTH] = "a packet that is shorter than its header",
        [TDS_BAD_TYPE] = "a message whose packets are of different types",
        [TDS_TOO_LONG] = "a login message that is too long",
    };
    return proto_refuse(session, ODBCSSL_ERROR_PROTOCOL, "%s sent %s: not TDS", sender,
                        reasons[outcome]);
}

/* A refusal is final, whatever comes behind it. */
static enum proto_verdict conclude(struct proto_session *session, enum proto_verdict verdict)
{
    struct tds *tds = session->state;
    verdict = proto_conclude(session, verdict);
    if (proto_is_final(verdict))
        tds->stage = TDS_STAGE_FAILED;
    return verdict;
}

static enum proto_verdict tds_from_driver(struct proto_session *session, struct buffer *input)
{
    struct tds *tds = session->state;
    if (buffer_length(input) == 0)
        return PROTO_CONTINUE;
    switch (tds->stage) {
    case TDS_STAGE_PRELOGIN:
        return conclude(session, tds_switch_read_driver(session, input));
    case TDS_STAGE_REPLY:
    case TDS_STAGE_HANDSHAKE:
    case TDS_STAGE_OPEN:
        return PROTO_CONTINUE;
    case TDS_STAGE_LOGIN:
    case TDS_STAGE_LOGIN_REPLY:
        return conclude(session, tds_login_read_driver(session, input));
    case TDS_STAGE_FAILED:
        break;
    }
    return PROTO_REFUSE;
}

static enum proto_verdict tds_from_server(struct proto_session *session, struct buffer *input)
{
    struct tds *tds = session->state;
    if (buffer_length(input) == 0)
        return PROTO_CONTINUE;
    switch (tds->stage) {
    case TDS_STAGE_REPLY:
        return conclude(session, tds_switch_read_server(session, input));
    case TDS_STAGE_LOGIN_REPLY:
        return conclude(session, tds_login_read_server(session, input));
    case TDS_STAGE_OPEN:
        return PROTO_CONTINUE;
    case TDS_STAGE_PRELOGIN:
    case TDS_STAGE_HANDSHAKE:
    case TDS_STAGE_LOGIN:
    case TDS_STAGE_FAILED:
        break;
    }
    return conclude(
        session,
        stranger_refuse(
            session, "not SQL Server: the server spoke before it was asked anything, with", input));
}

static enum proto_verdict tds_tls_started(struct proto_session *session)
{
    return conclude(session, tds_switch_give_reply(session));
}

static bool tds_wrap(struct proto_session *session, struct buffer *tls, struct buffer *wire)
{
    tds_message_write(wire, TDS_PACKET_PRELOGIN, tls);
    buffer_clear(tls);
    return !wire->is_failed || error_set_memory(&session->error);
}

static bool tds_unwrap(struct proto_session *session, struct buffer *wire, struct buffer *tls)
{
    enum tds_outcome outcome = TDS_WHOLE;
    while (outcome == TDS_WHOLE && buffer_length(wire) > 0) {
        const unsigned char *bytes = buffer_content(wire);
        struct tds_packet packet;
        /* Some servers wrap their part of the handshake in replies. */
        if (*bytes != TDS_PACKET_PRELOGIN && *bytes != TDS_PACKET_REPLY)
            return error_set(
                &session->error, ODBCSSL_ERROR_PROTOCOL,
                "the server sent a byte 0x%02X where a TDS packet of the TLS handshake (0x12) "
                "should begin",
                *bytes);
        outcome = tds_packet_read(bytes, buffer_length(wire), &packet);
        if (outcome == TDS_WHOLE) {
            buffer_append(tls, packet.payload, packet.payload_length);
            buffer_take(wire, packet.length);
        }
    }
    if (tls->is_failed)
        error_set_memory(&session->error);
    else if (outcome != TDS_WHOLE)
        tds_judge_outcome(session, outcome, "the server");
    return !error_is_set(&session->error);
}

/* SQL Server ends a connection whose record holds more or less than one packet. A packet that no
 * record can hold is cut, for servers that do not mind. */
static size_t tds_record_length(struct proto_session *session, const unsigned char *bytes,
                                size_t size)
{
    struct tds *tds = session->state;
    if (size == 0)
        return 0;
    if (tds->record_left == 0) {
        size_t length = tds_frame_length(bytes, size);
        if (length == SIZE_MAX)
            return size < RECORD_LIMIT ? size : RECORD_LIMIT;
        if (length <= RECORD_LIMIT)
            return length <= size ? length : 0;
        tds->record_left = length;
    }
    size_t wanted = tds->record_left < RECORD_LIMIT ? tds->record_left : RECORD_LIMIT;
    if (size < wanted)
        return 0;
    tds->record_left -= wanted;
    return wanted;
}

/* A driver that gets no valid PRELOGIN reply may log in again in plaintext with TDS 5.0. */
static void tds_fail(struct proto_session *session, const char *text)
{
    struct tds *tds = session->state;
    struct buffer payload = {0};
    if (session->is_server_opaque || tds->is_error_sent)
        return;
    if (!tds->is_reply_given) {
        tds_prelogin_append_plain(&payload);
        tds_message_write(&session->to_driver, TDS_PACKET_REPLY, &payload);
        buffer_clear(&payload);
    }
    /* Which of the two forms of DONE the driver reads; only one of TDS 7.2 or later asks for MARS.
     */
    bool is_long = tds->login.version != 0 ? tds_version_is_long(tds->login.version)
                                           : tds->has_mars || !tds->is_prelogin_read;
    tds_token_append_error(&payload, text, is_long);
    tds_message_write(&session->to_driver, TDS_PACKET_REPLY, &payload);
    buffer_free(&payload);
    tds->is_error_sent = true;
    tds->stage = TDS_STAGE_FAILED;
}

static const char *tds_explain_end(const struct proto_session *session)
{
    const struct tds *tds = session->state;
    if (session->plan == PROTO_PLAN_DIRECT && tds->stage == TDS_STAGE_PRELOGIN)
        return "the server may have no TDS 8.0: set SslNegotiation=starttls (Encrypt=yes)";
    if (session->plan != PROTO_PLAN_DIRECT && tds->stage == TDS_STAGE_REPLY)
        return "the server may take only TDS 8.0: set SslNegotiation=direct, with SslMode=require "
               "or stronger (Encrypt=strict)";
    return NULL;
}

static bool tds_stand_in(struct proto_session *session, struct buffer *message)
{
    struct tds *tds = session->state;
    struct buffer payload = {0};
    if (tds->stage != TDS_STAGE_PRELOGIN)
        return true;
    tds_prelogin_append_plain(&payload);
    bool is_written = tds_message_write(message, TDS_PACKET_PRELOGIN, &payload);
    buffer_free(&payload);
    return is_written;
}

static const char *tds_alpn(enum proto_plan plan, bool *is_required_out)
{
    *is_required_out = false;
    return plan == PROTO_PLAN_DIRECT ? "tds/8.0" : NULL;
}

/* In TLS 1.3 messages would follow the handshake on the wrong side of its framing. */
static enum tls_version tds_maximum_version(enum proto_plan plan)
{
    return plan == PROTO_PLAN_DIRECT ? TLS_VERSION_NONE : TLS_VERSION_1_2;
}

static void tds_free_state(void *state)
{
    struct tds *tds = state;
    buffer_free(&tds->message.packets);
    buffer_free(&tds->message.payload);
    buffer_free(&tds->reply);
}

const struct proto proto_tds = {
    .name = "tds",
    .alpn = tds_alpn,
    .maximum_version = tds_maximum_version,
    .state_size = sizeof(struct tds),
    .free_state = tds_free_state,
    .start = proto_start_silent,
    .from_driver = tds_from_driver,
    .from_server = tds_from_server,
    .tls_started = tds_tls_started,
    .wrap = tds_wrap,
    .unwrap = tds_unwrap,
    .record_length = tds_record_length,
    .fail = tds_fail,
    .explain_end = tds_explain_end,
    .has_login_only = true,
    .stand_in = tds_stand_in,
};
