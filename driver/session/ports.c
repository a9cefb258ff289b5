/*
 * ports.c - where bytes enter and leave a session: four queues behind functions, and the short ways
 * past them.
 */
#include <string.h>

#include "session/session_internal.h"

/* --- the real driver's side --- */

static bool takes_from_driver(const struct session *session)
{
    return session_is_active(session) && session->driver == SESSION_DRIVER_OPEN &&
           session->up == SESSION_STREAM_OPEN;
}

size_t session_write(struct session *session, const void *bytes, size_t size)
{
    struct error error;
    size_t taken = 0;
    error_clear(&error);
    if (!takes_from_driver(session))
        return size;
    bool is_direct = session->proto.is_driver_opaque && flow_may_take_from_driver(session) &&
                     buffer_length(&session->from_driver) + buffer_length(&session->to_server) == 0;
    if (is_direct && session->phase == SESSION_LOGIN_DRIVER)
        session_enter(session, SESSION_LOGIN);
    if (is_direct)
        taken = side_write_records(session, bytes, size, &error);
    if (error_is_set(&error)) {
        session_refuse(session, &error);
        return size;
    }
    size_t queued = buffer_length(&session->from_driver);
    size_t room = queued < SESSION_DRIVER_AHEAD ? SESSION_DRIVER_AHEAD - queued : 0;
    size_t rest = size - taken;
    if (session_is_running(session) && side_unsent(session) >= SESSION_OUT_LIMIT)
        rest = 0;
    if (rest > room)
        rest = room;
    session->progress += rest > 0;
    buffer_append(&session->from_driver, (const unsigned char *)bytes + taken, rest);
    return taken + rest;
}

size_t session_read(struct session *session, void *out, size_t size, bool is_peek)
{
    struct error error;
    error_clear(&error);
    if (flow_is_opaque_down(session) && is_peek)
        flow_take_opaque(session, size < SESSION_OUT_LIMIT ? size : SESSION_OUT_LIMIT);
    size_t queued = buffer_length(&session->to_driver);
    size_t got = queued < size ? queued : size;
    if (got > 0)
        memcpy(out, buffer_content(&session->to_driver), got);
    if (is_peek)
        return got;
    buffer_take(&session->to_driver, got);
    session->progress += got > 0;
    if (got < size && flow_is_opaque_down(session) && buffer_length(&session->from_server) == 0)
        got += side_read(session, (unsigned char *)out + got, size - got, &error);
    if (error_is_set(&error))
        session_refuse(session, &error);
    else if (got == 0)
        flow_server_end(session);
    buffer_shrink(&session->to_driver);
    buffer_shrink(session->side->input(session));
    return got;
}

bool session_is_readable(const struct session *session)
{
    return buffer_length(&session->to_driver) > 0 || session->down == SESSION_STREAM_ENDED ||
           session->down == SESSION_STREAM_BROKEN;
}

size_t session_queued(const struct session *session)
{
    return buffer_length(&session->to_driver);
}

enum session_stream session_down(const struct session *session)
{
    return session->down;
}

void session_driver_ended(struct session *session)
{
    if (session->driver != SESSION_DRIVER_OPEN)
        return;
    session->driver = SESSION_DRIVER_ENDED;
    session->progress++;
    if (session->up == SESSION_STREAM_OPEN)
        session->up = SESSION_STREAM_ENDING;
}

void session_driver_gone(struct session *session)
{
    session_driver_ended(session);
    session->progress += session->driver != SESSION_DRIVER_GONE;
    session->driver = SESSION_DRIVER_GONE;
    buffer_clear(&session->to_driver);
}

unsigned char *session_driver_room(struct session *session, size_t *size_out)
{
    size_t length = buffer_length(&session->from_driver);
    *size_out = length < SESSION_DRIVER_AHEAD ? SESSION_DRIVER_AHEAD - length : 0;
    return *size_out > 0 ? buffer_reserve(&session->from_driver, *size_out) : NULL;
}

void session_driver_received(struct session *session, size_t size)
{
    session->progress += size > 0;
    if (takes_from_driver(session))
        buffer_added(&session->from_driver, size);
}

const unsigned char *session_driver_bytes(struct session *session, size_t *size_out)
{
    if (flow_is_opaque_down(session))
        flow_take_opaque(session, SESSION_OUT_LIMIT);
    *size_out = buffer_length(&session->to_driver);
    return buffer_content(&session->to_driver);
}

void session_driver_sent(struct session *session, size_t size)
{
    session->progress += size > 0;
    buffer_take(&session->to_driver, size);
}

/* --- the server's side --- */

unsigned char *session_server_room(struct session *session, size_t *size_out)
{
    *size_out = 0;
    if (!flow_has_room_for_server(session))
        return NULL;
    struct buffer *input = session->side->input(session);
    *size_out = SESSION_SERVER_AHEAD - buffer_length(input);
    return buffer_reserve(input, *size_out);
}

void session_server_received(struct session *session, size_t size)
{
    session->progress += size > 0;
    buffer_added(session->side->input(session), size);
}

void session_server_ended(struct session *session, int reason)
{
    if (session->down != SESSION_STREAM_OPEN)
        return;
    session->down = SESSION_STREAM_ENDING;
    session->end = reason;
    session->progress++;
}

static struct buffer *next_output(struct session *session)
{
    return buffer_length(&session->wire_out) > 0 ? &session->wire_out
                                                 : session->side->output(session);
}

const unsigned char *session_server_bytes(struct session *session, size_t *size_out)
{
    struct buffer *output = next_output(session);
    *size_out = session->up != SESSION_STREAM_BROKEN ? buffer_length(output) : 0;
    return buffer_content(output);
}

void session_server_sent(struct session *session, size_t size)
{
    session->progress += size > 0;
    buffer_take(next_output(session), size);
}

/* The other direction ends with it, after what came before: it is one connection. */
void session_server_unwritable(struct session *session, int reason)
{
    session->up = SESSION_STREAM_BROKEN;
    session->progress++;
    buffer_clear(&session->wire_out);
    buffer_clear(session->side->output(session));
    session_server_ended(session, reason);
}

void session_server_shut(struct session *session)
{
    session->progress += !session->is_shut;
    session->is_shut = true;
}
