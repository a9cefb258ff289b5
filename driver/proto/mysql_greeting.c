/*
 * mysql_greeting.c - the first packets of mysql.c: the server's greeting and the driver's response
 * to it, between which TLS is asked for. What follows them is in mysql_login.c.
 */
#include <string.h>

#include "base/text.h"
#include "proto/mysql_state.h"
#include "proto/stranger.h"

/* A greeting holds a version, a scramble and a plugin's name. */
#define GREETING_LIMIT 4096u
/* Names, a password's proof and connection attributes: a session holds 64 KiB of the real driver's
 * bytes (SESSION_DRIVER_AHEAD). */
#define RESPONSE_LIMIT (65536u - MYSQL_HEADER_SIZE)
#define VERSION_TEXT_SIZE 80
#define SCRAMBLE_FIRST_PART 8
/* MariaDB puts this before its version, for old replication slaves. */
#define VERSION_DISGUISE "5.5.5-"

#define STRANGER "not a MySQL or MariaDB server: it began with"

/* ERR in place of the greeting: too many connections, this host is blocked, and the like. */
static enum proto_verdict take_early_error(struct proto_session *session, struct buffer *input,
                                           size_t size)
{
    struct mysql_state *state = session->state;
    struct mysql_error_packet packet;
    if (!mysql_read_error(buffer_content(input) + MYSQL_HEADER_SIZE, size, &packet))
        return mysql_refuse_protocol(session, "the server's first packet is a malformed ERR");
    if (mysql_judge_transport(session, &packet) == PROTO_NEEDS_TLS)
        return PROTO_NEEDS_TLS;
    mysql_set_server_error(session, ODBCSSL_ERROR_CONNECT, "the server refused the connection",
                           &packet);
    buffer_move(input, MYSQL_HEADER_SIZE + size, &session->to_driver);
    state->is_error_sent = true;
    return PROTO_REJECTED;
}

/* Where TLS is to begin, bytes of the server are an attack; elsewhere they break the protocol. */
enum proto_verdict mysql_refuse_unasked(struct proto_session *session)
{
    if (session->plan != PROTO_PLAN_TLS)
        return mysql_refuse_protocol(session,
                                     "the server went on before its greeting was answered");
    return proto_refuse(
        session, ODBCSSL_ERROR_EARLY_PLAINTEXT,
        "the server, or somebody in between, sent unencrypted bytes after the greeting, where "
        "TLS had to begin");
}

static enum proto_verdict refuse_without_tls(struct proto_session *session, const char *version,
                                             size_t length)
{
    char text[VERSION_TEXT_SIZE];
    size_t skip = strncmp(version, VERSION_DISGUISE, strlen(VERSION_DISGUISE)) == 0
                      ? strlen(VERSION_DISGUISE)
                      : 0;
    return proto_end(session, PROTO_NO_TLS, ODBCSSL_ERROR_SERVER_WITHOUT_TLS,
                     "the server (version %s) has no TLS: its greeting does not offer CLIENT_SSL",
                     error_printable(version + skip, length - skip, text, sizeof text));
}

static enum proto_verdict use_greeting(struct proto_session *session, struct buffer *input,
                                       size_t size)
{
    struct mysql_state *state = session->state;
    unsigned char *payload = buffer_content(input) + MYSQL_HEADER_SIZE;
    struct cursor cursor = cursor_over(payload, size);
    size_t version_length = 0;
    if (cursor_u8(&cursor) != MYSQL_PROTOCOL_VERSION)
        return stranger_refuse(session, STRANGER, input);
    const char *version = cursor_string(&cursor, &version_length);
    cursor_u32le(&cursor); /* connection number */
    cursor_bytes(&cursor, SCRAMBLE_FIRST_PART + 1);
    unsigned char *flags = payload + (size - cursor.left);
    state->server_capabilities = cursor_u16le(&cursor);
    /* Servers before 4.1 end here. */
    if (cursor.left > 0) {
        cursor_u8(&cursor);    /* character set */
        cursor_u16le(&cursor); /* status */
        state->server_capabilities |= (uint32_t)cursor_u16le(&cursor) << 16;
    }
    if (cursor.is_short)
        return mysql_refuse_protocol(session, "the server's greeting is malformed");
    if (session->plan == PROTO_PLAN_TLS) {
        if (!(state->server_capabilities & MYSQL_CLIENT_SSL))
            return refuse_without_tls(session, version, version_length);
        if (buffer_length(input) != MYSQL_HEADER_SIZE + size)
            return mysql_refuse_unasked(session);
        flags[1] &= (unsigned char)~(MYSQL_CLIENT_SSL >> 8); /* the driver's copy */
    }
    session->coverage =
        session->plan == PROTO_PLAN_PLAINTEXT ? PROTO_COVERAGE_NOTHING : PROTO_COVERAGE_ALL;
    state->phase = PHASE_RESPONSE;
    state->next_sequence = 2;
    buffer_move(input, MYSQL_HEADER_SIZE + size, &session->to_driver);
    return PROTO_CONTINUE;
}

enum proto_verdict mysql_take_greeting(struct proto_session *session, struct buffer *input)
{
    struct mysql_header header;
    if (!mysql_peek_header(input, &header))
        return PROTO_CONTINUE;
    if (header.length == 0 || header.length > GREETING_LIMIT)
        return stranger_refuse(session, STRANGER, input);
    if (buffer_length(input) < MYSQL_HEADER_SIZE + header.length)
        return PROTO_CONTINUE;
    /* Some servers number an ERR as if they had greeted. */
    if (buffer_content(input)[MYSQL_HEADER_SIZE] == MYSQL_MARKER_ERROR)
        return take_early_error(session, input, header.length);
    if (header.sequence != 0)
        return stranger_refuse(session, STRANGER, input);
    return use_greeting(session, input, header.length);
}

/* ----- the response ----- */

static enum proto_verdict refuse_malformed(struct proto_session *session)
{
    return mysql_refuse_protocol(session, "the real driver's answer to the greeting is malformed");
}

/* Whether a response may be passed on at all. */
static enum proto_verdict judge_response(struct proto_session *session,
                                         const unsigned char *payload, size_t size)
{
    struct mysql_state *state = session->state;
    struct cursor cursor = cursor_over(payload, size);
    uint32_t capabilities = cursor_u16le(&cursor);
    /* Also the short SSLRequest of the old protocol is of the old form. */
    if (!cursor.is_short && !(capabilities & MYSQL_CLIENT_PROTOCOL_41))
        return mysql_refuse_protocol(session,
                                     "the real driver, or the server, is too old: the login has "
                                     "the form of MySQL 4.0 (without CLIENT_PROTOCOL_41)");
    capabilities |= (uint32_t)cursor_u16le(&cursor) << 16;
    if (size < MYSQL_SSL_REQUEST_SIZE)
        return refuse_malformed(session);
    if (capabilities & MYSQL_CLIENT_SSL)
        return mysql_refuse_protocol(session,
                                     "the real driver asked for TLS of its own: its TLS has to be "
                                     "off (FORCETLS, SSLMODE, a my.cnf file)");
    state->driver_capabilities = capabilities;
    return PROTO_CONTINUE;
}

static enum proto_verdict judge_response_password(struct proto_session *session,
                                                  const unsigned char *payload, size_t size)
{
    struct mysql_state *state = session->state;
    /* A part that the server did not offer is not there. */
    uint32_t capabilities = state->driver_capabilities & state->server_capabilities;
    struct cursor cursor = cursor_over(payload, size);
    const void *proof;
    size_t proof_size = 0;
    cursor_bytes(&cursor, MYSQL_SSL_REQUEST_SIZE);
    cursor_string(&cursor, NULL); /* user */
    if (capabilities & (MYSQL_CLIENT_PLUGIN_AUTH_LENENC | MYSQL_CLIENT_SECURE_CONNECTION)) {
        proof_size = capabilities & MYSQL_CLIENT_PLUGIN_AUTH_LENENC ? mysql_read_length(&cursor)
                                                                    : cursor_u8(&cursor);
        proof = cursor_bytes(&cursor, proof_size);
    } else {
        proof = cursor_string(&cursor, &proof_size);
    }
    if (capabilities & MYSQL_CLIENT_CONNECT_WITH_DB)
        cursor_string(&cursor, NULL);
    /* Where none is named, the driver uses mysql_native_password. */
    const char *plugin =
        capabilities & MYSQL_CLIENT_PLUGIN_AUTH ? cursor_string(&cursor, NULL) : NULL;
    if (cursor.is_short)
        return refuse_malformed(session);
    state->method = mysql_method_find(plugin);
    return mysql_method_reveals(state->method, proof, proof_size) ? mysql_refuse_password(session)
                                                                  : PROTO_CONTINUE;
}

/* Holds the response back and asks the server for TLS. */
static enum proto_verdict request_tls(struct proto_session *session, unsigned char *payload,
                                      size_t size)
{
    struct mysql_state *state = session->state;
    payload[1] |= MYSQL_CLIENT_SSL >> 8;
    mysql_append_header(&session->to_server, MYSQL_SSL_REQUEST_SIZE, 1);
    buffer_append(&session->to_server, payload, MYSQL_SSL_REQUEST_SIZE);
    state->held.is_secret = true;
    if (!buffer_append(&state->held, payload, size)) {
        error_set_memory(&session->error);
        return PROTO_REFUSE;
    }
    state->phase = PHASE_HANDSHAKE;
    return PROTO_START_TLS;
}

static enum proto_verdict use_response(struct proto_session *session, unsigned char *payload,
                                       size_t size)
{
    struct mysql_state *state = session->state;
    enum proto_verdict verdict = judge_response(session, payload, size);
    if (verdict == PROTO_CONTINUE && session->plan == PROTO_PLAN_PLAINTEXT)
        verdict = judge_response_password(session, payload, size);
    if (verdict != PROTO_CONTINUE)
        return verdict;
    session->is_credentials_asked = true;
    if (session->plan == PROTO_PLAN_TLS)
        return request_tls(session, payload, size);
    state->phase = PHASE_LOGIN;
    mysql_append_header(&session->to_server, size, 1);
    buffer_append(&session->to_server, payload, size);
    return PROTO_CONTINUE;
}

enum proto_verdict mysql_take_response(struct proto_session *session, struct buffer *input)
{
    struct mysql_state *state = session->state;
    struct mysql_header header;
    if (!mysql_peek_header(input, &header))
        return PROTO_CONTINUE;
    if (header.length > RESPONSE_LIMIT || header.sequence != 1)
        return proto_refuse(
            session, ODBCSSL_ERROR_PROTOCOL,
            "the real driver does not speak the MySQL protocol: what it sent is no answer to the "
            "greeting, packet 1 of %u bytes at the most, but packet %u of %zu bytes",
            RESPONSE_LIMIT, header.sequence, header.length);
    if (buffer_length(input) < MYSQL_HEADER_SIZE + header.length)
        return PROTO_CONTINUE;
    session->kind = PROTO_SESSION_MAIN;
    state->next_sequence = 2;
    unsigned char *payload = buffer_content(input) + MYSQL_HEADER_SIZE;
    enum proto_verdict verdict = use_response(session, payload, header.length);
    text_wipe(payload, header.length);
    buffer_take(input, MYSQL_HEADER_SIZE + header.length);
    return verdict;
}

enum proto_verdict mysql_send_response(struct proto_session *session)
{
    struct mysql_state *state = session->state;
    size_t size = buffer_length(&state->held);
    mysql_append_header(&session->to_server, size, 2);
    buffer_move(&state->held, size, &session->to_server);
    buffer_free(&state->held);
    state->phase = PHASE_LOGIN;
    return PROTO_CONTINUE;
}
