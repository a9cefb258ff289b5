#include "relay/pump.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "relay/verdict.h"

/* Bytes that wait for the real driver, or for the server, before the other side has to wait. */
#define OUT_LIMIT ((size_t)128 * 1024)
#define DRIVER_READ_AHEAD ((size_t)64 * 1024)

/* Unfinished protocol messages before the login is over. */
#define MESSAGE_LIMIT ((size_t)64 * 1024)

/* How long the end of a relay waits for the network to take what the real driver sent last. */
#define STOP_MILLISECONDS 500

enum polled_descriptor { POLLED_DRIVER, POLLED_SERVER, POLLED_WAKE, POLLED_LISTENER, POLLED_COUNT };

void pump_free(struct pump *pump)
{
    transport_free(&pump->server);
    proto_session_close(&pump->proto);
    buffer_free(&pump->driver_in);
    buffer_free(&pump->driver_out);
    buffer_free(&pump->server_in);
}

/* --- the real driver's socket --- */

static void receive_from_driver(struct pump *pump)
{
    size_t size = DRIVER_READ_AHEAD - buffer_length(&pump->driver_in);
    unsigned char *room = buffer_reserve(&pump->driver_in, size);
    ssize_t got = room != NULL ? recv(pump->driver, room, size, 0) : 0;
    if (got > 0)
        buffer_added(&pump->driver_in, (size_t)got);
    else if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
        pump->has_driver_ended = true;
    if (got < 0 && pump->has_driver_ended)
        pump->is_driver_dead = true;
}

static void flush_to_driver(struct pump *pump)
{
    while (buffer_length(&pump->driver_out) > 0 && !pump->is_driver_dead) {
        ssize_t sent = send(pump->driver, buffer_content(&pump->driver_out),
                            buffer_length(&pump->driver_out), MSG_NOSIGNAL);
        if (sent >= 0)
            buffer_take(&pump->driver_out, (size_t)sent);
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
        else if (errno != EINTR)
            pump->is_driver_dead = true;
    }
    if (pump->is_driver_dead) {
        pump->has_driver_ended = true;
        buffer_clear(&pump->driver_out);
    }
}

/* --- from the server to the real driver --- */

static bool move_to_driver(struct pump *pump, struct buffer *from)
{
    if (buffer_length(from) == 0)
        return true;
    bool is_moved = buffer_append(&pump->driver_out, buffer_content(from), buffer_length(from));
    buffer_clear(from);
    return is_moved;
}

static enum tls_progress read_opaque(struct pump *pump, struct error *error)
{
    if (!move_to_driver(pump, &pump->server_in)) {
        error_set_memory(error);
        return TLS_PROGRESS_FAILED;
    }
    return transport_read(&pump->server, &pump->driver_out, OUT_LIMIT, error);
}

static bool is_driver_to_answer(const struct pump *pump)
{
    return pump->proto.is_credentials_asked && !pump->proto.is_login_refused &&
           !pump->is_logged_in && pump->phase == PUMP_CARRYING;
}

static enum tls_progress read_messages(struct pump *pump, struct error *error)
{
    size_t before = buffer_length(&pump->server_in);
    enum tls_progress progress =
        transport_read(&pump->server, &pump->server_in, MESSAGE_LIMIT, error);
    size_t length = buffer_length(&pump->server_in);
    if (progress == TLS_PROGRESS_FAILED && length == before)
        return progress;
    if (length > before)
        verdict_obey(pump, pump->proto.proto->from_server(&pump->proto, &pump->server_in));
    if (length > before && is_driver_to_answer(pump))
        verdict_ask_driver(pump);
    if (pump->proto.is_server_opaque && !move_to_driver(pump, &pump->server_in))
        error_set_memory(error);
    if (buffer_length(&pump->server_in) >= MESSAGE_LIMIT && pump->phase == PUMP_CARRYING &&
        !pump->proto.is_server_opaque)
        error_set(error, ODBCSSL_ERROR_PROTOCOL,
                  "%s sent a message of more than %zu bytes during "
                  "the login",
                  pump->server_name, MESSAGE_LIMIT);
    return error_is_set(error) ? TLS_PROGRESS_FAILED : progress;
}

static void take_from_server(struct pump *pump)
{
    struct error error = {0};
    if (pump->server.stage == TRANSPORT_HANDSHAKE) {
        verdict_handshake(pump);
        return;
    }
    if (buffer_length(&pump->driver_out) >= OUT_LIMIT)
        return;
    enum tls_progress progress =
        pump->proto.is_server_opaque ? read_opaque(pump, &error) : read_messages(pump, &error);
    if (progress == TLS_PROGRESS_FAILED && pump->phase == PUMP_CARRYING)
        verdict_fail(pump, &error);
}

/* --- from the real driver to the server --- */

/* Between the server's consent and the end of the handshake the real driver has to wait. */
static bool may_take_from_driver(const struct pump *pump)
{
    return pump->phase == PUMP_CARRYING && pump->server.stage != TRANSPORT_HANDSHAKE &&
           transport_unsent(&pump->server) < OUT_LIMIT;
}

/* An incomplete record that the protocol left goes first. */
static void write_opaque(struct pump *pump, struct error *error)
{
    struct buffer *rest = &pump->proto.to_server;
    struct buffer *from = &pump->driver_in;
    if (buffer_length(rest) > 0) {
        if (!buffer_append(rest, buffer_content(from), buffer_length(from))) {
            error_set_memory(error);
            return;
        }
        buffer_clear(from);
        from = rest;
    }
    transport_write(&pump->server, from, error);
}

static void take_from_driver(struct pump *pump)
{
    struct error error = {0};
    if (!may_take_from_driver(pump) || buffer_length(&pump->driver_in) == 0)
        return;
    if (pump->is_driver_asked)
        verdict_driver_answered(pump);
    if (!pump->proto.is_driver_opaque)
        verdict_obey(pump, pump->proto.proto->from_driver(&pump->proto, &pump->driver_in));
    if (!may_take_from_driver(pump) || buffer_length(&pump->driver_in) == 0)
        return;
    if (pump->proto.is_driver_opaque)
        write_opaque(pump, &error);
    size_t waiting = buffer_length(&pump->driver_in) + buffer_length(&pump->proto.to_server);
    if (waiting >= DRIVER_READ_AHEAD && transport_unsent(&pump->server) == 0)
        error_set(&error, ODBCSSL_ERROR_PROTOCOL,
                  "the real driver sent a packet of more than %zu bytes", DRIVER_READ_AHEAD);
    if (error_is_set(&error))
        verdict_fail(pump, &error);
}

/* --- ends --- */

/* What the real driver sent is on its way, so its end can be told. Before the login an end means
 * that it gave up, unless it asked to cancel, or its first message was not yet looked at. */
static void pass_on_driver_end(struct pump *pump)
{
    if (!pump->has_driver_ended || pump->phase != PUMP_CARRYING)
        return;
    bool is_held =
        buffer_length(&pump->driver_in) > 0 &&
        (pump->server.stage == TRANSPORT_HANDSHAKE || transport_unsent(&pump->server) >= OUT_LIMIT);
    bool is_switching = pump->proto.kind == PROTO_SESSION_CANCEL && !pump->proto.is_driver_opaque;
    if (is_held || is_switching)
        return;
    if (pump->is_driver_dead || (!pump->is_logged_in && pump->proto.kind != PROTO_SESSION_CANCEL)) {
        state_set_ended(pump->state, pump->session, NULL);
        pump->phase = PUMP_OVER;
    }
    transport_end(&pump->server);
}

static bool is_end_expected(const struct pump *pump)
{
    return pump->server.is_closed || pump->has_driver_ended || pump->proto.is_login_refused ||
           pump->proto.kind == PROTO_SESSION_CANCEL ||
           (pump->server.tls == NULL && pump->server.end_reason == 0 && pump->is_logged_in);
}

static void pass_on_server_end(struct pump *pump)
{
    struct error error = {0};
    bool is_over =
        pump->server.is_closed || (pump->server.has_ended && !transport_is_pending(&pump->server));
    if (!is_over || pump->phase != PUMP_CARRYING)
        return;
    if (!is_end_expected(pump) || (!pump->is_logged_in && !pump->proto.is_login_refused &&
                                   pump->proto.kind != PROTO_SESSION_CANCEL)) {
        transport_describe_end(&pump->server, pump->server_name, pump->doing, &error);
        verdict_fail(pump, &error);
        return;
    }
    if (!pump->has_driver_ended)
        transport_describe_end(&pump->server, pump->server_name, pump->doing, &error);
    state_set_ended(pump->state, pump->session, &error);
    transport_end(&pump->server);
    pump->phase = PUMP_DRAINING;
}

/* Closing then sends RST: what the real driver has not read yet stays readable, but its end does
 * not look like one. */
static void reset_driver(const struct pump *pump)
{
    struct linger now = {1, 0};
    setsockopt(pump->driver, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

/* The server side is over: the rest goes to the real driver, whose own bytes have nowhere to go.
 * The descriptor is closed when the real driver has closed its own, so that nothing of the rest is
 * lost. */
static void drain(struct pump *pump)
{
    buffer_clear(&pump->driver_in);
    flush_to_driver(pump);
    if (buffer_length(&pump->driver_out) > 0)
        return;
    if (pump->phase == PUMP_RESETTING)
        reset_driver(pump);
    if (pump->phase == PUMP_RESETTING || pump->has_driver_ended) {
        pump->phase = PUMP_OVER;
        return;
    }
    if (!pump->is_driver_shut)
        shutdown(pump->driver, SHUT_WR);
    pump->is_driver_shut = true;
}

/* --- the loop --- */

/* All that can be done without waiting. */
static void advance(struct pump *pump)
{
    bool is_more;
    do {
        flush_to_driver(pump);
        transport_flush(&pump->server);
        if (pump->phase == PUMP_CARRYING)
            take_from_server(pump);
        if (pump->phase == PUMP_CARRYING)
            take_from_driver(pump);
        flush_to_driver(pump);
        transport_flush(&pump->server);
        is_more = pump->phase == PUMP_CARRYING && transport_is_pending(&pump->server) &&
                  buffer_length(&pump->driver_out) < OUT_LIMIT;
    } while (is_more);
    pass_on_server_end(pump);
    pass_on_driver_end(pump);
    if (pump->phase == PUMP_DRAINING || pump->phase == PUMP_RESETTING)
        drain(pump);
}

static short driver_events(const struct pump *pump)
{
    short events = 0;
    bool has_room =
        pump->phase != PUMP_CARRYING || (buffer_length(&pump->driver_in) < DRIVER_READ_AHEAD &&
                                         transport_unsent(&pump->server) < OUT_LIMIT);
    if (!pump->has_driver_ended && has_room)
        events |= POLLIN;
    if (buffer_length(&pump->driver_out) > 0)
        events |= POLLOUT;
    return events;
}

static short server_events(struct pump *pump)
{
    short events = 0;
    if (pump->phase != PUMP_CARRYING)
        return 0;
    if (transport_has_room(&pump->server) && buffer_length(&pump->driver_out) < OUT_LIMIT)
        events |= POLLIN;
    if (transport_unsent(&pump->server) > 0)
        events |= POLLOUT;
    return events;
}

/* A descriptor without wanted events is left out: poll() would report its hang-up again and again.
 */
static void fill(struct pollfd *polled, int descriptor, short events)
{
    *polled = (struct pollfd){.fd = events != 0 ? descriptor : -1, .events = events};
}

/* false: the wait is over for good. */
static bool wait_for_events(struct pump *pump, struct pollfd *polled)
{
    struct error error = {0};
    char hint[TRANSPORT_HINT_SIZE];
    fill(&polled[POLLED_DRIVER], pump->driver, driver_events(pump));
    fill(&polled[POLLED_SERVER], pump->server.descriptor, server_events(pump));
    fill(&polled[POLLED_WAKE], pump->wake, POLLIN);
    fill(&polled[POLLED_LISTENER], pump->listener, pump->is_listener_paused ? 0 : POLLIN);
    bool has_deadline = pump->deadline != 0 && pump->phase == PUMP_CARRYING;
    int count = poll(polled, POLLED_COUNT, has_deadline ? clock_left(pump->deadline) : -1);
    if (count == 0)
        error_set(&error, ODBCSSL_ERROR_TIMEOUT,
                  "%s: the time-out of %u seconds (SslTimeout, else the login time-out) ran out "
                  "while %s%s",
                  pump->server_name, pump->options->timeout, pump->doing,
                  transport_explain(&pump->server, hint, sizeof hint));
    else if (count < 0 && errno != EINTR)
        error_set_system(&error, ODBCSSL_ERROR_SYSTEM, errno, "poll failed");
    if (error_is_set(&error))
        verdict_fail(pump, &error);
    if (count <= 0)
        memset(polled, 0, POLLED_COUNT * sizeof *polled);
    return polled[POLLED_WAKE].revents == 0 && error.code != ODBCSSL_ERROR_SYSTEM;
}

static void receive(struct pump *pump, const struct pollfd *polled)
{
    pump->is_listener_paused = false;
    if (polled[POLLED_SERVER].revents & ~POLLOUT)
        transport_receive(&pump->server);
    if (polled[POLLED_DRIVER].revents & ~POLLOUT)
        receive_from_driver(pump);
    if (polled[POLLED_LISTENER].revents != 0)
        pump->on_listener(pump->context);
}

/* The real driver has just sent its farewell, or the process ends: the server still gets what was
 * sent, and a clean end. */
static void stop(struct pump *pump)
{
    struct error error = {0};
    struct dial_wait wait = {clock_monotonic() + STOP_MILLISECONDS, -1, -1};
    if (!pump->is_logged_in || pump->phase != PUMP_CARRYING)
        return;
    while (!pump->has_driver_ended && !pump->server.is_write_dead) {
        size_t before = buffer_length(&pump->driver_in);
        receive_from_driver(pump);
        bool is_empty = buffer_length(&pump->driver_in) == before;
        take_from_driver(pump);
        transport_flush(&pump->server);
        if (is_empty || pump->phase != PUMP_CARRYING || transport_unsent(&pump->server) > OUT_LIMIT)
            break;
    }
    transport_end(&pump->server);
    while (transport_unsent(&pump->server) > 0 &&
           dial_wait_for(pump->server.descriptor, POLLOUT, &wait, "sending the rest", &error))
        transport_flush(&pump->server);
}

static void loop(struct pump *pump)
{
    struct pollfd polled[POLLED_COUNT];
    for (;;) {
        advance(pump);
        if (pump->phase == PUMP_OVER)
            return;
        if (!wait_for_events(pump, polled))
            break;
        receive(pump, polled);
    }
    stop(pump);
}

void pump_run(struct pump *pump)
{
    pump->phase = PUMP_CARRYING;
    verdict_begin(pump);
    loop(pump);
}

void pump_refuse(struct pump *pump, const struct error *error)
{
    pump->phase = PUMP_CARRYING;
    verdict_fail(pump, error);
    loop(pump);
}
