/*
 * postgres.c - PostgreSQL, and what descends from it (openGauss, GaussDB(DWS)).
 *
 * Towards the server: SSLRequest, one byte of answer, TLS, then the real driver's StartupMessage.
 * Towards the real driver: every wish for encryption is answered with 'N'. Messages of the server
 * are looked at until the login is over, those of the driver until its StartupMessage.
 */
#include <stdio.h>
#include <string.h>

#include "proto/proto.h"
#include "proto/stranger.h"

/* What stands where a StartupMessage has its version. */
#define SSL_REQUEST 80877103u
#define GSSENC_REQUEST 80877104u
#define CANCEL_REQUEST 80877102u
#define STOP_REQUEST 80877105u /* openGauss; the session's id and the query's */

#define STARTUP_LIMIT 10004u /* pqcomm.h, MAX_STARTUP_PACKET_LENGTH, and the length itself */
#define MESSAGE_LIMIT 30000u /* fe-protocol3.c: of messages before the end of the login */
#define HEADER_SIZE 5        /* type and length */
#define MECHANISM_LIMIT 64   /* IANA names have 20 characters at most */

/* SSLRequest and GSSENCRequest that a driver may send; libpq sends each once. */
#define NEGOTIATION_LIMIT 8

#define CANCEL_KEY_LIMIT 256 /* of protocol 3.2 */

enum postgres_phase {
    POSTGRES_SWITCHING, /* SSLRequest is sent, the answer has not come */
    POSTGRES_SWITCHED,  /* the answer was 'S'; TLS is being set up */
    POSTGRES_READY      /* the server takes messages */
};

enum authentication_code { AUTHENTICATION_OK = 0, AUTHENTICATION_SASL = 10 };

struct postgres_state {
    enum postgres_phase phase;
    unsigned negotiations;
    struct buffer held; /* the driver's first message, until TLS is up */
};

static const char *postgres_alpn(enum proto_plan plan, bool *is_required_out)
{
    /* PostgreSQL 17: with direct negotiation the server insists on it, and so do we. */
    *is_required_out = plan == PROTO_PLAN_DIRECT;
    return plan == PROTO_PLAN_PLAINTEXT ? NULL : "postgresql";
}

static void postgres_free_state(void *state)
{
    buffer_free(&((struct postgres_state *)state)->held);
}

static enum proto_verdict postgres_start(struct proto_session *session)
{
    struct postgres_state *state = session->state;
    state->phase = session->plan == PROTO_PLAN_TLS ? POSTGRES_SWITCHING : POSTGRES_READY;
    if (state->phase == POSTGRES_READY) {
        session->coverage =
            session->plan == PROTO_PLAN_DIRECT ? PROTO_COVERAGE_ALL : PROTO_COVERAGE_NOTHING;
        return PROTO_CONTINUE;
    }
    buffer_append_u32(&session->to_server, 8);
    buffer_append_u32(&session->to_server, SSL_REQUEST);
    return proto_conclude(session, PROTO_CONTINUE);
}

/* --- the driver's side --- */

static enum proto_verdict refuse_driver(struct proto_session *session, const char *what)
{
    return proto_refuse(session, ODBCSSL_ERROR_PROTOCOL,
                        "the real driver %s instead of a PostgreSQL StartupMessage", what);
}

static enum proto_verdict answer_negotiation(struct proto_session *session, struct buffer *input,
                                             size_t length)
{
    struct postgres_state *state = session->state;
    if (length != 8)
        return refuse_driver(session, "sent a malformed request for encryption");
    if (++state->negotiations > NEGOTIATION_LIMIT)
        return refuse_driver(session, "asked for encryption again and again");
    buffer_take(input, length);
    buffer_append_byte(&session->to_driver, 'N');
    return PROTO_CONTINUE;
}

/* StartupMessage, or a request to cancel: the last message of the driver that is looked at. */
static enum proto_verdict take_first_message(struct proto_session *session, struct buffer *input,
                                             size_t length, uint32_t code)
{
    struct postgres_state *state = session->state;
    bool is_ready = state->phase == POSTGRES_READY;
    bool is_cancel = (code == CANCEL_REQUEST && length > 12 && length <= 12 + CANCEL_KEY_LIMIT) ||
                     (code == STOP_REQUEST && length == 20);
    if (is_cancel)
        session->kind = PROTO_SESSION_CANCEL;
    else if (code >> 16 == 3)
        session->kind = PROTO_SESSION_MAIN;
    else
        return refuse_driver(session, "sent a message of an unknown kind or version");
    buffer_move(input, length, is_ready ? &session->to_server : &state->held);
    session->is_driver_opaque = is_ready;
    return PROTO_CONTINUE;
}

static enum proto_verdict postgres_from_driver(struct proto_session *session, struct buffer *input)
{
    enum proto_verdict verdict = PROTO_CONTINUE;
    while (verdict == PROTO_CONTINUE && buffer_length(input) > 0 &&
           session->kind == PROTO_SESSION_UNKNOWN) {
        struct cursor cursor = cursor_over(buffer_content(input), buffer_length(input));
        size_t length = cursor_u32(&cursor);
        if (buffer_content(input)[0] == 0x16)
            return refuse_driver(session, "began TLS of its own");
        if (!cursor.is_short && (length < 8 || length > STARTUP_LIMIT))
            return refuse_driver(session, "sent a message of impossible length");
        uint32_t code = cursor_u32(&cursor);
        if (cursor.is_short || buffer_length(input) < length)
            return PROTO_CONTINUE;
        if (code == SSL_REQUEST || code == GSSENC_REQUEST)
            verdict = answer_negotiation(session, input, length);
        else
            verdict = take_first_message(session, input, length, code);
    }
    return proto_conclude(session, verdict);
}

static enum proto_verdict postgres_tls_started(struct proto_session *session)
{
    struct postgres_state *state = session->state;
    size_t held = buffer_length(&state->held);
    state->phase = POSTGRES_READY;
    session->is_driver_opaque = held > 0;
    session->to_server.is_failed |= state->held.is_failed;
    buffer_move(&state->held, held, &session->to_server);
    buffer_free(&state->held);
    return proto_conclude(session, PROTO_CONTINUE);
}

/* --- the server's side --- */

enum message_size { MESSAGE_SHORT, MESSAGE_WHOLE, MESSAGE_INVALID };

/* A message of the server: type byte, length. *length_out: of the whole message. An ErrorResponse
 * in the form of version 2 (a text with a NUL) is whole when the NUL has come. */
static enum message_size measure_message(const struct buffer *input, size_t *length_out)
{
    struct cursor cursor = cursor_over(buffer_content(input), buffer_length(input));
    uint8_t type = cursor_u8(&cursor);
    uint32_t length = cursor_u32(&cursor);
    if (cursor.is_short)
        return MESSAGE_SHORT;
    /* Version 2 has no length: what stands there is text, so as one it is far beyond the limit. */
    if (type == 'E' && length > MESSAGE_LIMIT) {
        const unsigned char *end = memchr(buffer_content(input), 0, buffer_length(input));
        if (end == NULL)
            return buffer_length(input) > MESSAGE_LIMIT ? MESSAGE_INVALID : MESSAGE_SHORT;
        *length_out = (size_t)(end - buffer_content(input)) + 1;
        return MESSAGE_WHOLE;
    }
    if (length < 4 || length > MESSAGE_LIMIT)
        return MESSAGE_INVALID;
    *length_out = 1 + (size_t)length;
    return buffer_length(input) < *length_out ? MESSAGE_SHORT : MESSAGE_WHOLE;
}

struct refusal {
    char sqlstate[6];
    char text[600];
};

/* What an ErrorResponse says, made printable: "FATAL: no pg_hba.conf entry ... (28000)". */
static void read_refusal(const unsigned char *message, size_t length, struct refusal *refusal_out)
{
    struct cursor cursor = cursor_over(message, length);
    char severity[32] = "", words[480] = "";
    size_t size = 0;
    uint8_t field;
    const char *text;
    *refusal_out = (struct refusal){0};
    cursor_u8(&cursor);
    uint32_t stated = cursor_u32(&cursor);
    if (cursor.is_short || stated > MESSAGE_LIMIT) {
        size = length > 1 ? strnlen((const char *)message + 1, length - 1) : 0;
        while (size > 0 && message[size] == '\n')
            size--;
        error_printable(message + 1, size, refusal_out->text, sizeof refusal_out->text);
        return;
    }
    while ((field = cursor_u8(&cursor)) != 0 && (text = cursor_string(&cursor, &size)) != NULL) {
        if (field == 'S')
            error_printable(text, size, severity, sizeof severity);
        else if (field == 'M')
            error_printable(text, size, words, sizeof words);
        else if (field == 'C')
            error_printable(text, size, refusal_out->sqlstate, sizeof refusal_out->sqlstate);
    }
    snprintf(refusal_out->text, sizeof refusal_out->text, "%s: %s (SQLSTATE %s)", severity, words,
             refusal_out->sqlstate);
}

#define STRANGER "not a PostgreSQL server: it answered "
#define STRANGER_TO_SWITCH STRANGER "the request for TLS (SSLRequest) with"

/* Whoever sits on the wire can have written this error, so it is shown, and nothing is done by it.
 */
static enum proto_verdict refuse_switch(struct proto_session *session, const struct buffer *input)
{
    struct refusal refusal;
    size_t length = 0;
    switch (measure_message(input, &length)) {
    case MESSAGE_SHORT:
        /* No PostgreSQL ends its lines with a carriage return, and nothing more may come. */
        if (stranger_is_text(buffer_content(input), buffer_length(input)) &&
            memchr(buffer_content(input), '\r', buffer_length(input)) != NULL)
            return stranger_refuse(session, STRANGER_TO_SWITCH, input);
        return PROTO_CONTINUE;
    case MESSAGE_INVALID:
        length = buffer_length(input);
        break;
    case MESSAGE_WHOLE:
        break;
    }
    read_refusal(buffer_content(input), length, &refusal);
    return proto_refuse(
        session, ODBCSSL_ERROR_PROTOCOL,
        "the server answered the request for TLS with an error, unencrypted and therefore not "
        "authenticated: %s",
        refusal.text);
}

/* CVE-2021-23222: bytes behind the answer were put there to be taken for encrypted ones. The
 * greeting of another kind of server, which may begin with the same letter, is text. */
static enum proto_verdict take_consent(struct proto_session *session, struct buffer *input)
{
    struct postgres_state *state = session->state;
    size_t length = buffer_length(input);
    if (stranger_is_text(buffer_content(input), length))
        return stranger_refuse(session, STRANGER_TO_SWITCH, input);
    if (length > 1)
        return proto_refuse(
            session, ODBCSSL_ERROR_EARLY_PLAINTEXT,
            "%zu unencrypted bytes followed the server's consent to TLS: somebody on the "
            "wire tries to slip in plaintext",
            length - 1);
    buffer_take(input, 1);
    state->phase = POSTGRES_SWITCHED;
    session->coverage = PROTO_COVERAGE_ALL;
    return PROTO_START_TLS;
}

static enum proto_verdict read_answer(struct proto_session *session, struct buffer *input)
{
    switch (buffer_content(input)[0]) {
    case 'S':
        return take_consent(session, input);
    case 'N':
        if (buffer_length(input) > 1)
            return stranger_refuse(session, STRANGER_TO_SWITCH, input);
        return proto_end(
            session, PROTO_NO_TLS, ODBCSSL_ERROR_SERVER_WITHOUT_TLS,
            "the server has no TLS: it answered 'N' to the request for it (SSLRequest)");
    case 'E':
        return refuse_switch(session, input);
    default:
        return stranger_refuse(session, STRANGER_TO_SWITCH, input);
    }
}

static enum proto_verdict refuse_server(struct proto_session *session, const char *what,
                                        const struct buffer *input)
{
    bool is_known = strchr("RENv", buffer_content(input)[0]) != NULL &&
                    !stranger_is_text(buffer_content(input), buffer_length(input));
    if (!is_known && !session->is_credentials_asked)
        return stranger_refuse(session, STRANGER "the login with", input);
    return proto_refuse(session, ODBCSSL_ERROR_PROTOCOL,
                        "the server %s during the login, which is not PostgreSQL", what);
}

/*
 * The server's refusal goes to the real driver, which reports it. Before the server asked for
 * credentials, a client certificate among them, it also means that another plan may work; not so
 * for 57P03, the server that is starting up or shutting down (cannot_connect_now), as in libpq.
 */
static enum proto_verdict take_error(struct proto_session *session, struct buffer *input,
                                     size_t length)
{
    struct refusal refusal;
    read_refusal(buffer_content(input), length, &refusal);
    session->is_server_opaque = true;
    /* A server that asked for a certificate in the handshake, got none, and now misses it. The code
     * 28000 stands for more than that, and words in another language are left to the real driver.
     */
    bool is_unauthorized = strcmp(refusal.sqlstate, "28000") == 0;
    if (session->certificate == PROTO_CERTIFICATE_NOT_SHOWN && !session->is_credentials_asked &&
        is_unauthorized && strstr(refusal.text, "certificate") != NULL)
        return proto_refuse(
            session, ODBCSSL_ERROR_CLIENT_CERTIFICATE_REJECTED,
            "the server wants a client certificate, and none was shown, because SslCert is "
            "not set, or the server accepts no signature that its key can make: %s",
            refusal.text);
    if (session->is_credentials_asked || session->certificate != PROTO_CERTIFICATE_NOT_ASKED ||
        strcmp(refusal.sqlstate, "57P03") == 0) {
        session->is_login_refused = true;
        buffer_move(input, length, &session->to_driver);
        return PROTO_CONTINUE;
    }
    bool is_plaintext = session->plan == PROTO_PLAN_PLAINTEXT;
    buffer_move(input, length, &session->to_driver);
    return proto_end(session, PROTO_REJECTED,
                     is_plaintext && is_unauthorized ? ODBCSSL_ERROR_SERVER_REQUIRES_TLS
                                                     : ODBCSSL_ERROR_CONNECT,
                     "the server refused the %s connection: %s",
                     is_plaintext ? "unencrypted" : "encrypted", refusal.text);
}

static bool needs_channel_binding(const char *name, size_t length)
{
    static const char suffix[] = "-PLUS"; /* RFC 5802, section 4 */
    size_t suffix_length = sizeof suffix - 1;
    return length > suffix_length && strcmp(name + length - suffix_length, suffix) == 0;
}

/* The names, each with its NUL, then one more NUL and nothing else. RFC 4422, section 3.1:
 * upper-case letters, digits, hyphens and underscores. */
static bool is_mechanism_list(struct cursor list)
{
    size_t length = 0, count = 0;
    const char *name;
    while ((name = cursor_string(&list, &length)) != NULL && length > 0) {
        if (length > MECHANISM_LIMIT ||
            strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != length)
            return false;
        count++;
    }
    return !list.is_short && list.left == 0 && count > 0;
}

/*
 * libpq takes its connection for unencrypted, and aborts when the server offers a mechanism that
 * binds to TLS. openGauss uses the same code for its own SHA-256 exchange, whose body begins with
 * the high byte of a small number and is therefore no list of names.
 */
static enum proto_verdict take_mechanisms(struct proto_session *session, struct buffer *input,
                                          size_t length, struct cursor list)
{
    struct buffer kept = {0};
    size_t name_length = 0;
    const char *name;
    if (session->plan == PROTO_PLAN_PLAINTEXT || !is_mechanism_list(list)) {
        buffer_move(input, length, &session->to_driver);
        return PROTO_CONTINUE;
    }
    while ((name = cursor_string(&list, &name_length)) != NULL && name_length > 0)
        if (!needs_channel_binding(name, name_length))
            buffer_append(&kept, name, name_length + 1);
    if (buffer_length(&kept) == 0 && !kept.is_failed)
        return proto_refuse(session, ODBCSSL_ERROR_PROTOCOL,
                            "the server accepts only logins that are bound to the TLS session "
                            "(SCRAM-SHA-256-PLUS), which the real driver cannot do here");
    buffer_take(input, length);
    buffer_append_byte(&session->to_driver, 'R');
    buffer_append_u32(&session->to_driver, (uint32_t)(4 + 4 + buffer_length(&kept) + 1));
    buffer_append_u32(&session->to_driver, AUTHENTICATION_SASL);
    session->to_driver.is_failed |= kept.is_failed;
    buffer_move(&kept, buffer_length(&kept), &session->to_driver);
    buffer_append_byte(&session->to_driver, 0);
    buffer_free(&kept);
    return PROTO_CONTINUE;
}

static enum proto_verdict take_authentication(struct proto_session *session, struct buffer *input,
                                              size_t length)
{
    struct cursor cursor = cursor_over(buffer_content(input), length);
    cursor_bytes(&cursor, HEADER_SIZE);
    uint32_t code = cursor_u32(&cursor);
    if (cursor.is_short)
        return refuse_server(session, "sent an authentication request without a code", input);
    bool is_over = code == AUTHENTICATION_OK;
    session->is_driver_opaque |= is_over;
    session->is_server_opaque |= is_over;
    session->is_credentials_asked |= !is_over;
    if (code == AUTHENTICATION_SASL)
        return take_mechanisms(session, input, length, cursor);
    buffer_move(input, length, &session->to_driver);
    return is_over ? PROTO_LOGGED_IN : PROTO_CONTINUE;
}

static enum proto_verdict take_message(struct proto_session *session, struct buffer *input,
                                       size_t length)
{
    switch (buffer_content(input)[0]) {
    case 'R':
        return take_authentication(session, input, length);
    case 'E':
        return take_error(session, input, length);
    case 'N': /* NoticeResponse */
    case 'v': /* NegotiateProtocolVersion */
        buffer_move(input, length, &session->to_driver);
        return PROTO_CONTINUE;
    default:
        return refuse_server(session, "sent a message of an unexpected kind", input);
    }
}

static enum proto_verdict postgres_from_server(struct proto_session *session, struct buffer *input)
{
    struct postgres_state *state = session->state;
    enum proto_verdict verdict = PROTO_CONTINUE;
    if (buffer_length(input) == 0)
        return PROTO_CONTINUE;
    if (state->phase == POSTGRES_SWITCHING)
        return read_answer(session, input);
    if (state->phase == POSTGRES_SWITCHED)
        return refuse_server(session, "sent plaintext", input);
    while (verdict == PROTO_CONTINUE && buffer_length(input) > 0 && !session->is_server_opaque) {
        size_t length = 0;
        switch (measure_message(input, &length)) {
        case MESSAGE_SHORT:
            return PROTO_CONTINUE;
        case MESSAGE_INVALID:
            return refuse_server(session, "sent a message of impossible length", input);
        case MESSAGE_WHOLE:
            verdict = take_message(session, input, length);
            break;
        }
    }
    return proto_conclude(session, verdict);
}

/* An ErrorResponse. */
static void postgres_fail(struct proto_session *session, const char *text)
{
    static const char fields[] = "SFATAL\0VFATAL\0C08001\0M"; /* its own NUL is not sent */
    struct buffer *out = &session->to_driver;
    size_t size = sizeof fields - 1 + strlen(text) + 2;
    buffer_append_byte(out, 'E');
    buffer_append_u32(out, (uint32_t)(4 + size));
    buffer_append(out, fields, sizeof fields - 1);
    buffer_append(out, text, strlen(text) + 1);
    buffer_append_byte(out, 0);
}

static const char *postgres_explain_end(const struct proto_session *session)
{
    const struct postgres_state *state = session->state;
    if (session->plan == PROTO_PLAN_TLS && state->phase == POSTGRES_SWITCHING)
        return "it may be no PostgreSQL server, or take only TLS from the first byte: set "
               "SslNegotiation=direct";
    if (session->plan == PROTO_PLAN_DIRECT && session->kind == PROTO_SESSION_UNKNOWN)
        return "it may be PostgreSQL before version 17: set SslNegotiation=starttls";
    return NULL;
}

const struct proto proto_postgres = {
    .name = "postgresql",
    .alpn = postgres_alpn,
    .state_size = sizeof(struct postgres_state),
    .free_state = postgres_free_state,
    .start = postgres_start,
    .from_driver = postgres_from_driver,
    .from_server = postgres_from_server,
    .tls_started = postgres_tls_started,
    .fail = postgres_fail,
    .explain_end = postgres_explain_end,
    .has_cancel = true,
};
