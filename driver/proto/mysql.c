/*
 * mysql.c - MySQL and MariaDB: TLS put between a plaintext driver and the server.
 *
 * The server speaks first. Its greeting says whether it has TLS; the driver gets a copy that says
 * it has none. The driver's answer (HandshakeResponse41) waits until TLS is up, which an SSLRequest
 * made of its first 32 bytes asks for. So the server has seen one packet more than the driver has
 * sent, and every packet of the rest of the login is renumbered, until the server says OK or ERR.
 * After that each command counts from 0 again, on both sides alike, also for the login within
 * COM_CHANGE_USER.
 *
 *               server               here                driver
 *      greeting   0 ---------------->    --------------->  0   without CLIENT_SSL
 *                                        <---------------  1   response, held
 *    SSLRequest   1 <----------------
 *           TLS     <===============>
 *      response   2 <================
 *         reply   3 ================>    --------------->  2
 *
 * In the plaintext and direct plans packets are passed on as they are, and only looked at. A driver
 * that takes up a server's offer of TLS there is refused, so that nobody believes in TLS that is
 * not verified the way SslMode says.
 *
 * What may follow a plaintext attempt: the greeting holds the challenge for a password and the
 * driver's first packet holds the reply, so every refusal but one in place of the greeting comes
 * after credentials were sent (is_credentials_asked), and none of them is a reason to try the other
 * way. The exception is ERR 3159, ER_SECURE_TRANSPORT_REQUIRED, as the server's very first reply:
 * MySQL, and MariaDB since 11.4, judge the transport before they look at the password, and going on
 * to TLS shows nobody more than was shown. ERR 1045 cannot be distinguished from a wrong password:
 * an account with REQUIRE SSL gets it, and with require_secure_transport every account of an older
 * MariaDB. The login failed, and that is the end.
 */
#include <string.h>

#include "base/text.h"
#include "proto/mysql_state.h"

#define SERVER_TEXT_SIZE 512
#define ERROR_SQLSTATE "#08S01"

enum proto_verdict mysql_refuse_protocol(struct proto_session *session, const char *text)
{
    return proto_refuse(session, ODBCSSL_ERROR_PROTOCOL, "%s", text);
}

static void mysql_free_state(void *state)
{
    buffer_free(&((struct mysql_state *)state)->held);
}

void mysql_set_server_error(struct proto_session *session, enum odbcssl_error code,
                            const char *introduction, const struct mysql_error_packet *packet)
{
    char text[SERVER_TEXT_SIZE];
    error_printable(packet->text, packet->text_length, text, sizeof text);
    error_set(&session->error, code, "%s: %u %s", introduction, packet->number, text);
}

enum proto_verdict mysql_judge_transport(struct proto_session *session,
                                         const struct mysql_error_packet *packet)
{
    if (session->plan != PROTO_PLAN_PLAINTEXT ||
        packet->number != MYSQL_ERROR_SECURE_TRANSPORT_REQUIRED)
        return PROTO_CONTINUE;
    mysql_set_server_error(session, ODBCSSL_ERROR_SERVER_REQUIRES_TLS,
                           "the server accepts no connection without TLS", packet);
    return PROTO_NEEDS_TLS;
}

enum proto_verdict mysql_refuse_password(struct proto_session *session)
{
    const struct mysql_state *state = session->state;
    return proto_refuse(
        session, ODBCSSL_ERROR_PLAINTEXT_LOGIN,
        "the server asks for the password in clear text (%s), and this connection to it has "
        "no TLS; the password was not sent. SslMode=require or above is needed",
        mysql_method_name(state->method));
}

/* A refusal is final, whatever comes behind it. */
static enum proto_verdict conclude(struct proto_session *session, enum proto_verdict verdict)
{
    struct mysql_state *state = session->state;
    verdict = proto_conclude(session, verdict);
    if (proto_is_final(verdict)) {
        state->phase = PHASE_ENDED;
        buffer_free(&state->held);
    }
    return verdict;
}

static enum proto_verdict mysql_from_server(struct proto_session *session, struct buffer *input)
{
    struct mysql_state *state = session->state;
    enum proto_verdict verdict = PROTO_CONTINUE;
    switch (state->phase) {
    case PHASE_GREETING:
        verdict = mysql_take_greeting(session, input);
        break;
    case PHASE_RESPONSE:
    case PHASE_HANDSHAKE:
        if (buffer_length(input) > 0)
            verdict = mysql_refuse_unasked(session);
        break;
    case PHASE_LOGIN:
        verdict = mysql_pass_from_server(session, input);
        break;
    case PHASE_OPAQUE:
        break;
    case PHASE_ENDED:
        verdict = mysql_refuse_protocol(session, "the session has ended");
        break;
    }
    return conclude(session, verdict);
}

static enum proto_verdict mysql_from_driver(struct proto_session *session, struct buffer *input)
{
    struct mysql_state *state = session->state;
    enum proto_verdict verdict = PROTO_CONTINUE;
    switch (state->phase) {
    case PHASE_GREETING:
        /* Otherwise both would wait for each other for ever. */
        if (buffer_length(input) > 0)
            verdict = mysql_refuse_protocol(session,
                                            "the real driver spoke before the server's greeting: "
                                            "it does not use the MySQL protocol");
        break;
    case PHASE_RESPONSE:
        verdict = mysql_take_response(session, input);
        break;
    case PHASE_LOGIN:
        verdict = mysql_pass_from_driver(session, input);
        break;
    case PHASE_HANDSHAKE:
    case PHASE_OPAQUE:
        break;
    case PHASE_ENDED:
        verdict = mysql_refuse_protocol(session, "the session has ended");
        break;
    }
    return conclude(session, verdict);
}

static enum proto_verdict mysql_tls_started(struct proto_session *session)
{
    const struct mysql_state *state = session->state;
    /* The direct plan holds nothing back. */
    return state->phase == PHASE_HANDSHAKE ? conclude(session, mysql_send_response(session))
                                           : PROTO_CONTINUE;
}

/* An ERR packet where the driver waits for one, once. After the login it would fall into a result.
 */
static void mysql_fail(struct proto_session *session, const char *text)
{
    struct mysql_state *state = session->state;
    const char *sqlstate = state->next_sequence == 0 ? "" : ERROR_SQLSTATE; /* none to greet with */
    size_t length = 1 + sizeof(uint16_t) + strlen(sqlstate) + strlen(text);
    if (state->phase == PHASE_OPAQUE || state->is_error_sent || state->from_server.left > 0)
        return;
    mysql_append_header(&session->to_driver, length, state->next_sequence);
    buffer_append_byte(&session->to_driver, MYSQL_MARKER_ERROR);
    buffer_append_u16le(&session->to_driver, MYSQL_ERROR_HANDSHAKE);
    buffer_append_text(&session->to_driver, sqlstate);
    state->is_error_sent = buffer_append_text(&session->to_driver, text);
    state->phase = PHASE_ENDED;
    buffer_free(&state->held);
}

static const char *mysql_explain_end(const struct proto_session *session)
{
    const struct mysql_state *state = session->state;
    if (state->phase == PHASE_GREETING && session->plan != PROTO_PLAN_DIRECT)
        return "MySQL and MariaDB greet first: the server may be of another kind";
    return NULL;
}

/* A response without user and password. */
static bool mysql_stand_in(struct proto_session *session, struct buffer *message)
{
    static const unsigned char rest[] = {
        45, /* utf8mb4_general_ci */
        0,  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* reserved */
        0, /* the user's name ends */
        0, /* so many bytes of a password's proof */
    };
    const struct mysql_state *state = session->state;
    if (state->phase != PHASE_RESPONSE)
        return true;
    mysql_append_header(message, 8 + sizeof rest, 1);
    buffer_append_u32le(message, MYSQL_CLIENT_PROTOCOL_41 | MYSQL_CLIENT_SECURE_CONNECTION);
    buffer_append_u32le(message, MYSQL_PAYLOAD_MAXIMUM);
    return buffer_append(message, rest, sizeof rest);
}

const struct proto proto_mysql = {
    .name = "mysql",
    .state_size = sizeof(struct mysql_state),
    .free_state = mysql_free_state,
    .start = proto_start_silent,
    .from_driver = mysql_from_driver,
    .from_server = mysql_from_server,
    .tls_started = mysql_tls_started,
    .fail = mysql_fail,
    .explain_end = mysql_explain_end,
    .stand_in = mysql_stand_in,
};
