/*
 * flow.c - the way of the bytes and of the ends, each direction for itself.
 */
#include "session/session_internal.h"

/* Unfinished protocol messages before the login is over. */
#define MESSAGE_LIMIT ((size_t)64 * 1024)

/* Decrypted at a time: large enough to come from the spare storage of buffers. */
#define READ_PART ((size_t)64 * 1024)

/* --- from the server to the real driver --- */

bool flow_is_opaque_down(const struct session *session)
{
    return session_is_running(session) && session->proto.is_server_opaque &&
           session->phase != SESSION_HANDSHAKE;
}

void flow_take_opaque(struct session *session, size_t limit)
{
    struct error error;
    size_t part = limit < READ_PART ? limit : READ_PART;
    error_clear(&error);
    session_move(session, &session->from_server, &session->to_driver);
    while (buffer_length(&session->to_driver) < limit && session->side->is_pending(session)) {
        unsigned char *room = buffer_reserve(&session->to_driver, part);
        size_t got = room != NULL ? side_read(session, room, part, &error) : 0;
        buffer_added(&session->to_driver, got);
        if (got < part)
            break;
    }
    if (error_is_set(&error))
        session_refuse(session, &error);
}

static void take_messages(struct session *session)
{
    struct buffer *messages = &session->from_server;
    struct error error = {0};
    size_t before = buffer_length(messages);
    size_t wanted = before < MESSAGE_LIMIT ? MESSAGE_LIMIT - before : 0;
    unsigned char *room = wanted > 0 ? buffer_reserve(messages, wanted) : NULL;
    size_t got = room != NULL ? side_read(session, room, wanted, &error) : 0;
    buffer_added(messages, got);
    if (got > 0) {
        size_t told = buffer_length(&session->to_driver);
        verdict_obey(session, session->proto.proto->from_server(&session->proto, messages));
        /* Who is to speak next, for the words when nobody does: the server, until it has said
         * something whole. */
        bool is_login = session->phase >= SESSION_SWITCHING && session->phase < SESSION_CARRYING &&
                        session->phase != SESSION_HANDSHAKE;
        if (is_login && session->proto.is_credentials_asked && !session->proto.is_login_refused &&
            buffer_length(&session->to_driver) > told)
            session_enter(session, SESSION_LOGIN_DRIVER);
    }
    if (session->proto.is_server_opaque)
        session_move(session, messages, &session->to_driver);
    else if (buffer_length(messages) >= MESSAGE_LIMIT)
        error_set(&error, ODBCSSL_ERROR_PROTOCOL,
                  "%s sent a message of more than %zu bytes during the login", session->server_name,
                  MESSAGE_LIMIT);
    if (error_is_set(&error))
        session_refuse(session, &error);
}

/* Nobody reads what a server says after the handshake of a check, but a refusal is noticed. */
static void take_refusal(struct session *session)
{
    struct error error = {0};
    unsigned char bytes[512];
    while (side_read(session, bytes, sizeof bytes, &error) == sizeof bytes)
        ;
    if (error_is_set(&error))
        session_refuse(session, &error);
}

/* Of opaque bytes only as much is taken as tells whether there are any: what follows is decrypted
 * straight to where it is wanted. */
void flow_from_server(struct session *session)
{
    if (session->phase == SESSION_HANDSHAKE)
        verdict_handshake(session);
    else if (session->phase == SESSION_CHECKED)
        take_refusal(session);
    else if (buffer_length(&session->to_driver) >= SESSION_OUT_LIMIT)
        return;
    else if (session->proto.is_server_opaque)
        flow_take_opaque(session, 1);
    else
        take_messages(session);
}

void flow_server_end(struct session *session)
{
    bool is_all_read =
        session->end == SESSION_END_CLOSE_NOTIFY || !session->side->is_pending(session);
    if (session->down != SESSION_STREAM_ENDING || !is_all_read || !session_is_running(session))
        return;
    struct error error = {0};
    bool is_carrying = session->phase == SESSION_CARRYING;
    bool is_due = session->proto.is_login_refused || session->proto.kind == PROTO_SESSION_CANCEL;
    bool is_clean = session->end == SESSION_END_CLOSE_NOTIFY ||
                    (session->tls == NULL && session->end == SESSION_END_TCP);
    bool is_wanted = session->driver != SESSION_DRIVER_OPEN;
    if (!is_due && !(is_carrying && (is_clean || is_wanted))) {
        side_describe_end(session, &error);
        session_refuse(session, &error);
        return;
    }
    if (session->driver == SESSION_DRIVER_OPEN)
        side_describe_end(session, &error);
    record_set_ended(session->record, session, &error);
    session_end_up(session);
    session->down = SESSION_STREAM_ENDED;
    session_enter(session, SESSION_FINISHING);
}

/* --- from the real driver to the server --- */

/* Between the server's consent and the end of the handshake the real driver has to wait. */
bool flow_may_take_from_driver(struct session *session)
{
    return session_is_running(session) && session->up != SESSION_STREAM_BROKEN &&
           session->phase != SESSION_HANDSHAKE && session->phase != SESSION_CHECKED &&
           side_unsent(session) < SESSION_OUT_LIMIT;
}

/* Where nobody logs in, no real driver speaks either. */
static void stand_in(struct session *session)
{
    const struct proto *proto = session->proto.proto;
    if (flow_may_take_from_driver(session) && proto->stand_in != NULL &&
        buffer_length(&session->from_driver) == 0 &&
        !proto->stand_in(&session->proto, &session->from_driver))
        session->from_driver.is_failed = true;
}

/* What the network had no room for goes before what the protocol has not seen. */
static void take_driver_messages(struct session *session)
{
    struct buffer *from = &session->from_driver;
    size_t before = buffer_length(from);
    if (!verdict_queue_for_server(session) || before == 0 || !flow_may_take_from_driver(session))
        return;
    verdict_obey(session, session->proto.proto->from_driver(&session->proto, from));
    session->progress += buffer_length(from) != before;
}

void flow_from_driver(struct session *session)
{
    struct buffer *from = &session->from_driver;
    struct error error;
    error_clear(&error);
    if (session->options->goal == SESSION_GOAL_TLS)
        stand_in(session);
    if (!flow_may_take_from_driver(session) ||
        buffer_length(from) + buffer_length(&session->to_server) == 0)
        return;
    if (session->phase == SESSION_LOGIN_DRIVER && buffer_length(from) > 0)
        session_enter(session, SESSION_LOGIN);
    if (!session->proto.is_driver_opaque)
        take_driver_messages(session);
    if (!flow_may_take_from_driver(session))
        return;
    if (session->proto.is_driver_opaque) {
        /* An incomplete record that the protocol left goes first. */
        bool is_begun = buffer_length(&session->to_server) > 0;
        struct buffer *next = is_begun ? &session->to_server : from;
        if (is_begun)
            session_move(session, from, next);
        buffer_take(next,
                    side_write_records(session, buffer_content(next), buffer_length(next), &error));
    }
    if (buffer_length(from) + buffer_length(&session->to_server) >= SESSION_DRIVER_AHEAD &&
        side_unsent(session) == 0)
        error_set(&error, ODBCSSL_ERROR_PROTOCOL,
                  "the real driver sent a packet of more than %zu bytes", SESSION_DRIVER_AHEAD);
    if (error_is_set(&error))
        session_refuse(session, &error);
}

/* What the real driver sent is on its way, so its end can be told. Before the login an end means
 * that it gave up, unless it asked to cancel, or its first message was not yet looked at. */
void flow_driver_end(struct session *session)
{
    if (session->driver == SESSION_DRIVER_OPEN || !session_is_running(session))
        return;
    bool is_cancel = session->proto.kind == PROTO_SESSION_CANCEL;
    bool is_held =
        buffer_length(&session->from_driver) + buffer_length(&session->to_server) > 0 &&
        (session->phase == SESSION_HANDSHAKE || side_unsent(session) >= SESSION_OUT_LIMIT);
    if (is_held || (is_cancel && !session->proto.is_driver_opaque))
        return;
    session_end_up(session);
    if (session->driver == SESSION_DRIVER_GONE ||
        (session->phase != SESSION_CARRYING && !is_cancel)) {
        record_set_ended(session->record, session, NULL);
        session_enter(session, SESSION_OVER);
    }
}

bool flow_has_room_for_server(struct session *session)
{
    return session_is_running(session) && session->down == SESSION_STREAM_OPEN &&
           buffer_length(session->side->input(session)) < SESSION_SERVER_AHEAD &&
           buffer_length(&session->to_driver) < SESSION_OUT_LIMIT;
}
