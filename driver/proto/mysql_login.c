/*
 * mysql_login.c - the rest of the login of mysql.c, behind the response: packets go both ways with
 * their numbers shifted, until the server says OK or ERR. They are passed on as they come, and
 * judged by their first bytes.
 */
#include "proto/mysql_state.h"

/* Of a packet that is passed on in parts: what has to be there before it is judged. The text of an
 * ERR has 512 bytes, a plugin's name 64, an answer encrypted with RSA 16384 bits. */
#define HEAD_LIMIT 4096u
/* An OK that may say more than that; a session holds 64 KiB. */
#define OK_LIMIT 60000u

/* The server has counted the SSLRequest, the driver has not. */
static uint8_t sequence_shift(const struct proto_session *session)
{
    return session->plan == PROTO_PLAN_TLS ? 1 : 0;
}

/* Passes on what is there of the packet that has begun. */
static void pass_payload(struct mysql_passage *passage, struct buffer *input, struct buffer *output)
{
    size_t size = buffer_length(input) < passage->left ? buffer_length(input) : passage->left;
    buffer_move(input, size, output);
    passage->left -= size;
}

static void begin_packet(struct mysql_passage *passage, const struct mysql_header *header,
                         uint8_t sequence, struct buffer *input, struct buffer *output)
{
    mysql_append_header(output, header->length, sequence);
    buffer_take(input, MYSQL_HEADER_SIZE);
    passage->left = header->length;
    passage->is_continued = header->length == MYSQL_PAYLOAD_MAXIMUM;
    pass_payload(passage, input, output);
}

/* How much of a packet there is to judge it by; false: more has to come first. */
static bool has_head(const struct buffer *input, const struct mysql_header *header, size_t limit,
                     size_t *size_out)
{
    *size_out = header->length < limit ? header->length : limit;
    return buffer_length(input) - MYSQL_HEADER_SIZE >= *size_out;
}

static enum proto_verdict judge_error(struct proto_session *session, const unsigned char *payload,
                                      size_t size)
{
    struct mysql_state *state = session->state;
    struct mysql_error_packet packet;
    if (!mysql_read_error(payload, size, &packet))
        return mysql_refuse_protocol(session, "the server sent a malformed ERR packet");
    enum proto_verdict verdict =
        state->has_server_replied ? PROTO_CONTINUE : mysql_judge_transport(session, &packet);
    session->is_login_refused = verdict == PROTO_CONTINUE;
    return verdict;
}

/* Plaintext plan: the driver reads one message after the other, and its answer to the former would
 * be judged as one to the latter. */
static enum proto_verdict refuse_haste(struct proto_session *session, const char *what)
{
    const struct mysql_state *state = session->state;
    const char *method = mysql_method_name(state->method);
    return proto_refuse(
        session, ODBCSSL_ERROR_PLAINTEXT_LOGIN,
        "the server went on to %s before the real driver could answer its request for %s, and this "
        "connection to it has no TLS: the answer, which may be the password in clear text, was "
        "not sent. SslMode=require or above is needed",
        what, method != NULL ? method : "another method of authentication");
}

/* What comes next may be the password. */
static bool is_password_due(const struct mysql_state *state)
{
    return state->is_answer_due && state->method != MYSQL_METHOD_OTHER;
}

/* Plaintext plan: remembers which plugin the driver's next answer is for. One that always asks for
 * the password is refused before the driver hears of it. */
static enum proto_verdict follow_method(struct proto_session *session, const unsigned char *payload,
                                        size_t size)
{
    struct mysql_state *state = session->state;
    bool has_factors =
        state->server_capabilities & state->driver_capabilities & MYSQL_CLIENT_MULTI_FACTOR;
    bool is_switch = payload[0] == MYSQL_MARKER_AUTH_SWITCH ||
                     (payload[0] == MYSQL_MARKER_NEXT_FACTOR && has_factors);
    if (!is_switch) {
        state->method = mysql_method_after(state->method, payload, size);
        state->is_answer_due |= state->method == MYSQL_METHOD_CACHING_SHA2_FULL;
        return PROTO_CONTINUE;
    }
    if (state->is_answer_due)
        return refuse_haste(session, "another method");
    struct cursor cursor = cursor_over(payload + 1, size - 1);
    const char *plugin = cursor.left > 0 ? cursor_string(&cursor, NULL) : "mysql_old_password";
    if (plugin == NULL)
        return mysql_refuse_protocol(session, "the server sent a malformed AuthSwitchRequest");
    state->method = mysql_method_find(plugin);
    state->is_answer_due = true;
    return state->method == MYSQL_METHOD_CLEAR ? mysql_refuse_password(session) : PROTO_CONTINUE;
}

static size_t head_limit(const struct mysql_state *state, const struct buffer *input)
{
    bool is_ok = buffer_length(input) > MYSQL_HEADER_SIZE && !state->from_server.is_continued &&
                 buffer_content(input)[MYSQL_HEADER_SIZE] == MYSQL_MARKER_OK;
    return is_ok && mysql_has_session_state(state) ? OK_LIMIT : HEAD_LIMIT;
}

static enum proto_verdict judge_ok(struct proto_session *session, const unsigned char *payload,
                                   size_t size)
{
    enum proto_verdict verdict = is_password_due(session->state)
                                     ? refuse_haste(session, "the end of the login")
                                     : mysql_judge_redirect(session, payload, size);
    return verdict == PROTO_CONTINUE ? PROTO_LOGGED_IN : verdict;
}

/* Only the first byte of a message says what it is: the rest may begin with anything. A message
 * with no bytes is a plugin's. PROTO_LOGGED_IN is the verdict on OK. */
static enum proto_verdict judge_server_message(struct proto_session *session,
                                               const unsigned char *payload, size_t size)
{
    if (size > 0 && payload[0] == MYSQL_MARKER_OK)
        return judge_ok(session, payload, size);
    if (size > 0 && payload[0] == MYSQL_MARKER_ERROR)
        return judge_error(session, payload, size);
    return size > 0 && session->plan == PROTO_PLAN_PLAINTEXT ? follow_method(session, payload, size)
                                                             : PROTO_CONTINUE;
}

/* Takes the next packet of the server. false: it has not come far enough. */
static bool take_server_packet(struct proto_session *session, struct buffer *input,
                               enum proto_verdict *verdict_out)
{
    struct mysql_state *state = session->state;
    struct mysql_passage *passage = &state->from_server;
    struct mysql_header header;
    size_t head;
    if (!mysql_peek_header(input, &header) ||
        !has_head(input, &header, head_limit(state, input), &head))
        return false;
    const unsigned char *payload = buffer_content(input) + MYSQL_HEADER_SIZE;
    bool is_end = false;
    if (!passage->is_continued) {
        *verdict_out = judge_server_message(session, payload, head);
        if (*verdict_out != PROTO_CONTINUE && *verdict_out != PROTO_LOGGED_IN)
            return true;
        is_end = head > 0 && (payload[0] == MYSQL_MARKER_OK || payload[0] == MYSQL_MARKER_ERROR);
    }
    uint8_t sequence = (uint8_t)(header.sequence - sequence_shift(session));
    begin_packet(passage, &header, sequence, input, &session->to_driver);
    state->has_server_replied = true;
    state->next_sequence = (uint8_t)(sequence + 2);
    if (is_end) {
        state->phase = PHASE_OPAQUE;
        /* An answer that is still on its way to a server that gave up stays here. */
        session->is_driver_opaque = !is_password_due(state);
        session->is_server_opaque = true;
    }
    return true;
}

enum proto_verdict mysql_pass_from_server(struct proto_session *session, struct buffer *input)
{
    struct mysql_state *state = session->state;
    enum proto_verdict verdict = PROTO_CONTINUE;
    while (verdict == PROTO_CONTINUE && state->phase == PHASE_LOGIN && buffer_length(input) > 0) {
        if (state->from_server.left > 0)
            pass_payload(&state->from_server, input, &session->to_driver);
        else if (!take_server_packet(session, input, &verdict))
            break;
    }
    return verdict;
}

static bool take_driver_packet(struct proto_session *session, struct buffer *input,
                               enum proto_verdict *verdict_out)
{
    struct mysql_state *state = session->state;
    struct mysql_header header;
    size_t head;
    if (!mysql_peek_header(input, &header) || !has_head(input, &header, HEAD_LIMIT, &head))
        return false;
    /* Plaintext plan: an answer that may hold the password goes no further. */
    if (session->plan == PROTO_PLAN_PLAINTEXT && state->method != MYSQL_METHOD_OTHER &&
        (header.length > head ||
         mysql_method_reveals(state->method, buffer_content(input) + MYSQL_HEADER_SIZE, head))) {
        *verdict_out = mysql_refuse_password(session);
        return true;
    }
    state->is_answer_due = false;
    state->next_sequence = (uint8_t)(header.sequence + 1);
    uint8_t sequence = (uint8_t)(header.sequence + sequence_shift(session));
    begin_packet(&state->from_driver, &header, sequence, input, &session->to_server);
    return true;
}

enum proto_verdict mysql_pass_from_driver(struct proto_session *session, struct buffer *input)
{
    struct mysql_state *state = session->state;
    enum proto_verdict verdict = PROTO_CONTINUE;
    while (verdict == PROTO_CONTINUE && buffer_length(input) > 0) {
        if (state->from_driver.left > 0)
            pass_payload(&state->from_driver, input, &session->to_server);
        else if (!take_driver_packet(session, input, &verdict))
            break;
    }
    return verdict;
}
