/*
 * session.c - the engine: bytes and ends of both directions.
 *
 * phase, from left to right; every running phase may also go to FINISHING:
 *
 *   DIALLING -> SWITCHING -> HANDSHAKE -> LOGIN <-> LOGIN_DRIVER -> CARRYING -> FINISHING -> OVER
 *       |                    ^   |  |       |            |                        ^
 *       |  direct plan ------'   |  |       `- LOGIN_REFUSED ---------------------'
 *       |                        |  `- CHECKED (SESSION_GOAL_TLS)
 *       `- plaintext plan -------'-> LOGIN
 *
 * up, to the server, and down, to the real driver, each for itself:
 *
 *   OPEN -> ENDING -> ENDED      ENDING: the source has ended, and its bytes are still on their way
 *      `-------`----> BROKEN     up: the network takes nothing more; down: a reset is to be shown
 *
 * FINISHING has up ENDED or BROKEN (close_notify is sent, the real driver's bytes go nowhere), and
 * down ENDED or BROKEN behind what to_driver still holds. A session is over when the real driver
 * has seen that, or has gone.
 *
 * Nothing waits in a queue for which there is no room further on: each has a bound, and a side that
 * cannot take more makes the other side wait.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fork.h"
#include "session/session_internal.h"

/* Bytes that wait for the real driver, or for the network, before the other side has to wait. */
#define OUT_LIMIT ((size_t)128 * 1024)
#define DRIVER_READ_AHEAD ((size_t)64 * 1024)

/* Received at once: several TLS records, where GnuTLS alone would receive each in two calls. */
#define SERVER_READ_AHEAD ((size_t)128 * 1024)

/* Unfinished protocol messages before the login is over. */
#define MESSAGE_LIMIT ((size_t)64 * 1024)

/* Turns in a row in which a descriptor was ready and nothing happened. */
#define IDLE_TURNS_LIMIT 1000

/* What an idle session keeps of a buffer. */
#define KEPT_CAPACITY ((size_t)16 * 1024)

/* --- states --- */

static const struct {
    const char *name;
    const char *doing; /* behind "while" in errors */
} phases[] = {
    [SESSION_DIALLING] = {"dialling", "waiting for the TCP connection"},
    [SESSION_SWITCHING] = {"switching", "waiting for the switch to TLS"},
    [SESSION_HANDSHAKE] = {"handshake", "waiting for the TLS handshake"},
    [SESSION_LOGIN] = {"login", "waiting for the login"},
    [SESSION_LOGIN_DRIVER] = {"login, driver's turn", "waiting for the real driver's credentials"},
    [SESSION_LOGIN_REFUSED] = {"login refused", "waiting for the end after a refused login"},
    [SESSION_CARRYING] = {"carrying", "carrying the session"},
    [SESSION_CHECKED] = {"checked", "judging the client's side of the handshake"},
    [SESSION_FINISHING] = {"finishing", "finishing"},
    [SESSION_OVER] = {"over", "being over"},
};

static const char *const streams[] = {
    [SESSION_STREAM_OPEN] = "open",
    [SESSION_STREAM_ENDING] = "ending",
    [SESSION_STREAM_ENDED] = "ended",
    [SESSION_STREAM_BROKEN] = "broken",
};

static const char *const drivers[] = {
    [SESSION_DRIVER_OPEN] = "there",
    [SESSION_DRIVER_ENDED] = "ended",
    [SESSION_DRIVER_GONE] = "gone",
};

const char *session_doing(const struct session *session)
{
    return phases[session->phase].doing;
}

/* Where the real driver knows more than the session, its words are the ones to tell: that it has no
 * password, or why the server refused it. */
static bool is_driver_to_tell(enum session_phase phase)
{
    return phase == SESSION_LOGIN_DRIVER || phase == SESSION_LOGIN_REFUSED;
}

static void tell_phase(struct session *session)
{
    char text[DIAL_DESCRIPTION_SIZE + 100] = "";
    if (!is_driver_to_tell(session->phase)) {
        log_write(session->options->log, "%s: %s", session->server_name, session_doing(session));
        snprintf(text, sizeof text, "%s: the real driver gave up while %s", session->server_name,
                 session_doing(session));
    }
    record_set_doing(session->record, session, text);
}

void session_enter(struct session *session, enum session_phase phase)
{
    if (session->phase == phase)
        return;
    session->phase = phase;
    session->progress++;
    if (session_is_active(session))
        tell_phase(session);
}

void session_move(struct session *session, struct buffer *from, struct buffer *to)
{
    if (buffer_length(from) == 0)
        return;
    session->progress++;
    buffer_append(to, buffer_content(from), buffer_length(from));
    buffer_clear(from);
}

/* --- its life --- */

struct session *session_open(struct session_record *record, int64_t now, struct error *error)
{
    const struct session_options *options = session_record_options(record);
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL || !proto_session_open(&session->proto, options->proto, options->plan)) {
        if (session != NULL)
            proto_session_close(&session->proto);
        free(session);
        error_set_memory(error);
        return NULL;
    }
    session->generation = fork_generation();
    session->record = session_record_hold(record);
    session->options = options;
    session->side = &side_plain;
    session->deadline = now + (int64_t)options->timeout * 1000;
    session->proto.is_login_only_allowed = options->is_login_only_allowed;
    session->proto.server_name = options->target->host;
    snprintf(session->server_name, sizeof session->server_name, "%s, port %u",
             options->target->host, options->target->port);
    record_claim(record, session);
    tell_phase(session);
    return session;
}

void session_free(struct session **session_address)
{
    struct session *session = *session_address;
    *session_address = NULL;
    if (session == NULL)
        return;
    /* In a forked child the record's lock may be taken for ever. */
    if (!fork_is_inherited(session->generation))
        session_record_vacate(session->record, session);
    tls_session_free(&session->tls);
    proto_session_close(&session->proto);
    buffer_free(&session->from_driver);
    buffer_free(&session->to_driver);
    buffer_free(&session->from_server);
    buffer_free(&session->to_server);
    buffer_free(&session->wire_in);
    buffer_free(&session->wire_out);
    session_record_release(&session->record);
    free(session);
}

void session_start(struct session *session, size_t address)
{
    if (session->phase != SESSION_DIALLING)
        return;
    session->address = address;
    record_set_address(session->record, session, address);
    dial_describe(session->options->target, address, session->server_name,
                  sizeof session->server_name);
    verdict_begin(session);
}

void session_refuse(struct session *session, const struct error *error)
{
    verdict_fail(session, error);
}

void session_end_up(struct session *session)
{
    if (session->up == SESSION_STREAM_ENDED || session->up == SESSION_STREAM_BROKEN)
        return;
    session->up = SESSION_STREAM_ENDED;
    session->progress++;
    session->side->close(session);
}

void session_stop(struct session *session)
{
    if (session->phase == SESSION_CARRYING || session->phase == SESSION_CHECKED)
        session_end_up(session);
}

/* --- from the server to the real driver --- */

static bool is_opaque_down(const struct session *session)
{
    return session_is_running(session) && session->proto.is_server_opaque &&
           session->phase != SESSION_HANDSHAKE;
}

static void take_opaque(struct session *session, size_t limit)
{
    struct error error = {0};
    size_t wanted = limit < TLS_RECORD_SIZE ? limit : TLS_RECORD_SIZE;
    session_move(session, &session->from_server, &session->to_driver);
    while (buffer_length(&session->to_driver) < limit && session->side->is_pending(session)) {
        unsigned char *room = buffer_reserve(&session->to_driver, wanted);
        size_t got = room != NULL ? side_read(session, room, wanted, &error) : 0;
        buffer_added(&session->to_driver, got);
        if (got < wanted)
            break;
    }
    if (error_is_set(&error))
        verdict_fail(session, &error);
}

/* Who is to speak next, for the words when nobody does. */
static void settle_turn(struct session *session)
{
    bool is_login = session->phase >= SESSION_SWITCHING && session->phase < SESSION_CARRYING &&
                    session->phase != SESSION_HANDSHAKE;
    if (is_login && session->proto.is_credentials_asked && !session->proto.is_login_refused)
        session_enter(session, SESSION_LOGIN_DRIVER);
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
        verdict_obey(session, session->proto.proto->from_server(&session->proto, messages));
        settle_turn(session);
    }
    if (session->proto.is_server_opaque)
        session_move(session, messages, &session->to_driver);
    else if (buffer_length(messages) >= MESSAGE_LIMIT)
        error_set(&error, ODBCSSL_ERROR_PROTOCOL,
                  "%s sent a message of more than %zu bytes during the login", session->server_name,
                  MESSAGE_LIMIT);
    if (error_is_set(&error))
        verdict_fail(session, &error);
}

/* Nobody reads what a server says after the handshake of a check, but a refusal is noticed. */
static void take_refusal(struct session *session)
{
    struct error error = {0};
    unsigned char bytes[512];
    while (side_read(session, bytes, sizeof bytes, &error) == sizeof bytes)
        ;
    if (error_is_set(&error))
        verdict_fail(session, &error);
}

/* Of opaque bytes only as much is taken as tells whether there are any: what follows is decrypted
 * straight to where it is wanted. */
static void take_from_server(struct session *session)
{
    if (session->phase == SESSION_HANDSHAKE)
        verdict_handshake(session);
    else if (session->phase == SESSION_CHECKED)
        take_refusal(session);
    else if (buffer_length(&session->to_driver) >= OUT_LIMIT)
        return;
    else if (session->proto.is_server_opaque)
        take_opaque(session, 1);
    else
        take_messages(session);
}

static bool is_end_expected(const struct session *session)
{
    return session->end == SESSION_END_CLOSE_NOTIFY || session->driver != SESSION_DRIVER_OPEN ||
           session->proto.is_login_refused || session->proto.kind == PROTO_SESSION_CANCEL ||
           (session->tls == NULL && session->end == SESSION_END_TCP &&
            session->phase == SESSION_CARRYING);
}

static bool is_end_early(const struct session *session)
{
    return session->phase != SESSION_CARRYING && !session->proto.is_login_refused &&
           session->proto.kind != PROTO_SESSION_CANCEL;
}

static void pass_on_server_end(struct session *session)
{
    struct error error = {0};
    bool is_all_read =
        session->end == SESSION_END_CLOSE_NOTIFY || !session->side->is_pending(session);
    if (session->down != SESSION_STREAM_ENDING || !is_all_read || !session_is_running(session))
        return;
    if (!is_end_expected(session) || is_end_early(session)) {
        side_describe_end(session, &error);
        verdict_fail(session, &error);
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
static bool may_take_from_driver(struct session *session)
{
    return session_is_running(session) && session->phase != SESSION_HANDSHAKE &&
           session->phase != SESSION_CHECKED && side_unsent(session) < OUT_LIMIT;
}

/* An incomplete record that the protocol left goes first. */
static void write_opaque(struct session *session, struct error *error)
{
    struct buffer *from = &session->from_driver;
    if (buffer_length(&session->to_server) > 0) {
        session_move(session, from, &session->to_server);
        from = &session->to_server;
    }
    buffer_take(from,
                side_write_records(session, buffer_content(from), buffer_length(from), error));
}

/* Where nobody logs in, no real driver speaks either. */
static void stand_in(struct session *session)
{
    const struct proto *proto = session->proto.proto;
    if (may_take_from_driver(session) && proto->stand_in != NULL &&
        buffer_length(&session->from_driver) == 0 &&
        !proto->stand_in(&session->proto, &session->from_driver))
        session->from_driver.is_failed = true;
}

static void take_from_driver(struct session *session)
{
    struct buffer *from = &session->from_driver;
    struct error error = {0};
    if (session->options->goal == SESSION_GOAL_TLS)
        stand_in(session);
    if (!may_take_from_driver(session) ||
        buffer_length(from) + buffer_length(&session->to_server) == 0)
        return;
    if (session->phase == SESSION_LOGIN_DRIVER && buffer_length(from) > 0)
        session_enter(session, SESSION_LOGIN);
    if (!session->proto.is_driver_opaque && buffer_length(from) > 0) {
        size_t before = buffer_length(from);
        verdict_obey(session, session->proto.proto->from_driver(&session->proto, from));
        session->progress += buffer_length(from) != before;
    }
    if (!may_take_from_driver(session))
        return;
    if (session->proto.is_driver_opaque)
        write_opaque(session, &error);
    if (buffer_length(from) + buffer_length(&session->to_server) >= DRIVER_READ_AHEAD &&
        side_unsent(session) == 0)
        error_set(&error, ODBCSSL_ERROR_PROTOCOL,
                  "the real driver sent a packet of more than %zu bytes", DRIVER_READ_AHEAD);
    if (error_is_set(&error))
        verdict_fail(session, &error);
}

/* What the real driver sent is on its way, so its end can be told. Before the login an end means
 * that it gave up, unless it asked to cancel, or its first message was not yet looked at. */
static void pass_on_driver_end(struct session *session)
{
    if (session->driver == SESSION_DRIVER_OPEN || !session_is_running(session))
        return;
    bool is_cancel = session->proto.kind == PROTO_SESSION_CANCEL;
    bool is_held = buffer_length(&session->from_driver) > 0 &&
                   (session->phase == SESSION_HANDSHAKE || side_unsent(session) >= OUT_LIMIT);
    if (is_held || (is_cancel && !session->proto.is_driver_opaque))
        return;
    session_end_up(session);
    if (session->driver == SESSION_DRIVER_GONE ||
        (session->phase != SESSION_CARRYING && !is_cancel)) {
        record_set_ended(session->record, session, NULL);
        session_enter(session, SESSION_OVER);
    }
}

/* --- going on --- */

/* The rest goes to the real driver; what it says itself has nowhere to go. It is waited for until
 * it closes, so that nothing of the rest is lost, except where the end is a reset. */
static void finish(struct session *session)
{
    buffer_clear(&session->from_driver);
    if (session->driver == SESSION_DRIVER_GONE)
        buffer_clear(&session->to_driver);
    if (buffer_length(&session->to_driver) == 0 &&
        (session->down == SESSION_STREAM_BROKEN || session->driver != SESSION_DRIVER_OPEN))
        session_enter(session, SESSION_OVER);
}

static void check_time(struct session *session, int64_t now)
{
    struct error error = {0};
    const char *source = session->options->timeout_source;
    char hint[SIDE_HINT_SIZE];
    if (session->deadline == 0 || now < session->deadline || !session_is_running(session))
        return;
    side_explain(session, hint, sizeof hint);
    error_set(&error, ODBCSSL_ERROR_TIMEOUT,
              "%s: the time-out of %u seconds (%s) ran out while %s%s", session->server_name,
              session->options->timeout,
              source != NULL ? source : "SslTimeout, else the login time-out",
              session_doing(session), hint);
    verdict_fail(session, &error);
}

static void check_memory(struct session *session)
{
    struct error error = {0};
    bool is_failed = session->from_driver.is_failed || session->to_driver.is_failed ||
                     session->from_server.is_failed || session->to_server.is_failed ||
                     session->wire_in.is_failed || session->wire_out.is_failed ||
                     session->proto.to_driver.is_failed || session->proto.to_server.is_failed;
    if (session->tls != NULL)
        is_failed = is_failed || tls_session_input(session->tls)->is_failed ||
                    tls_session_output(session->tls)->is_failed;
    if (!is_failed)
        return;
    error_set_memory(&error);
    verdict_fail(session, &error);
}

/* So that an idle connection costs little. */
static void give_back(struct session *session)
{
    buffer_shrink(&session->from_driver, KEPT_CAPACITY);
    buffer_shrink(&session->to_driver, KEPT_CAPACITY);
    buffer_shrink(&session->from_server, 0);
    buffer_shrink(&session->to_server, KEPT_CAPACITY);
    buffer_shrink(&session->wire_in, KEPT_CAPACITY);
    buffer_shrink(&session->wire_out, KEPT_CAPACITY);
    if (session->tls != NULL) {
        buffer_shrink(tls_session_input(session->tls), KEPT_CAPACITY);
        buffer_shrink(tls_session_output(session->tls), KEPT_CAPACITY);
    }
}

static bool has_room_for_server(struct session *session)
{
    return session_is_running(session) && session->down == SESSION_STREAM_OPEN &&
           buffer_length(session->side->input(session)) < SERVER_READ_AHEAD &&
           buffer_length(&session->to_driver) < OUT_LIMIT;
}

static bool has_room_for_driver(struct session *session)
{
    return !session_is_running(session) ||
           (buffer_length(&session->from_driver) < DRIVER_READ_AHEAD &&
            side_unsent(session) < OUT_LIMIT);
}

bool session_wants_shutdown(struct session *session)
{
    return session->up == SESSION_STREAM_ENDED && !session->is_shut && side_unsent(session) == 0;
}

static struct session_wants wants(struct session *session)
{
    size_t unsent = session->up != SESSION_STREAM_BROKEN ? side_unsent(session) : 0;
    return (struct session_wants){
        .driver_read = session->driver == SESSION_DRIVER_OPEN && has_room_for_driver(session),
        .driver_write = buffer_length(&session->to_driver) > 0,
        .server_read = has_room_for_server(session),
        .server_write = unsent > 0,
        .server_shutdown = session_wants_shutdown(session),
        .deadline = session_is_running(session) ? session->deadline : 0,
        .is_over = session->phase == SESSION_OVER,
    };
}

struct session_wants session_step(struct session *session, int64_t now)
{
    uint64_t before;
    do {
        before = session->progress;
        if (session_is_running(session))
            take_from_server(session);
        if (session_is_running(session))
            take_from_driver(session);
    } while (session->progress != before && session_is_running(session));
    pass_on_server_end(session);
    pass_on_driver_end(session);
    check_time(session, now);
    check_memory(session);
    if (session->phase == SESSION_FINISHING)
        finish(session);
    give_back(session);
    return wants(session);
}

const char *session_describe(const struct session *session, char *out, size_t size)
{
    snprintf(out, size,
             "%s, %s, up %s, down %s, driver %s, bytes from driver %zu, to driver %zu, from server "
             "%zu, to server %zu, network in %zu, out %zu",
             phases[session->phase].name, session->side->name, streams[session->up],
             streams[session->down], drivers[session->driver], buffer_length(&session->from_driver),
             buffer_length(&session->to_driver), buffer_length(&session->from_server),
             buffer_length(&session->to_server),
             buffer_length(session->side->input((struct session *)session)),
             side_unsent((struct session *)session));
    return out;
}

void session_turned(struct session *session)
{
    char text[SESSION_DESCRIPTION_SIZE];
    struct error error = {0};
    session->idle_turns =
        session->progress == session->progress_before ? session->idle_turns + 1 : 0;
    session->progress_before = session->progress;
    if (session->idle_turns < IDLE_TURNS_LIMIT || session->phase == SESSION_OVER)
        return;
    session_describe(session, text, sizeof text);
    error_set(&error, ODBCSSL_ERROR_SYSTEM,
              "the session with %s makes no progress, %u turns in a row, and was ended (%s)",
              session->server_name, session->idle_turns, text);
    log_write(session->options->log, "%s", error.text);
    verdict_fail(session, &error);
    session_enter(session, SESSION_OVER);
}

/* --- the real driver's side --- */

static bool takes_from_driver(const struct session *session)
{
    return session_is_active(session) && session->driver == SESSION_DRIVER_OPEN &&
           session->up == SESSION_STREAM_OPEN;
}

static void append_from_driver(struct session *session, const unsigned char *bytes, size_t size)
{
    session->progress += size > 0;
    buffer_append(&session->from_driver, bytes, size);
}

size_t session_write(struct session *session, const void *bytes, size_t size)
{
    struct error error = {0};
    size_t taken = 0;
    if (!takes_from_driver(session))
        return size;
    bool is_direct = session->proto.is_driver_opaque && may_take_from_driver(session) &&
                     buffer_length(&session->from_driver) + buffer_length(&session->to_server) == 0;
    if (is_direct && session->phase == SESSION_LOGIN_DRIVER)
        session_enter(session, SESSION_LOGIN);
    if (is_direct)
        taken = side_write_records(session, bytes, size, &error);
    if (error_is_set(&error)) {
        verdict_fail(session, &error);
        return size;
    }
    size_t queued = buffer_length(&session->from_driver);
    size_t room = queued < DRIVER_READ_AHEAD ? DRIVER_READ_AHEAD - queued : 0;
    size_t rest = size - taken;
    if (session_is_running(session) && side_unsent(session) >= OUT_LIMIT)
        rest = 0;
    if (rest > room)
        rest = room;
    append_from_driver(session, (const unsigned char *)bytes + taken, rest);
    return taken + rest;
}

size_t session_read(struct session *session, void *out, size_t size, bool is_peek)
{
    struct error error = {0};
    if (is_opaque_down(session) && is_peek)
        take_opaque(session, size < OUT_LIMIT ? size : OUT_LIMIT);
    size_t queued = buffer_length(&session->to_driver);
    size_t got = queued < size ? queued : size;
    if (got > 0)
        memcpy(out, buffer_content(&session->to_driver), got);
    if (is_peek)
        return got;
    buffer_take(&session->to_driver, got);
    session->progress += got > 0;
    if (got < size && is_opaque_down(session) && buffer_length(&session->from_server) == 0)
        got += side_read(session, (unsigned char *)out + got, size - got, &error);
    if (error_is_set(&error))
        verdict_fail(session, &error);
    else if (got == 0)
        pass_on_server_end(session);
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
    *size_out = length < DRIVER_READ_AHEAD ? DRIVER_READ_AHEAD - length : 0;
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
    if (is_opaque_down(session))
        take_opaque(session, OUT_LIMIT);
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
    if (!has_room_for_server(session))
        return NULL;
    struct buffer *input = session->side->input(session);
    *size_out = SERVER_READ_AHEAD - buffer_length(input);
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
    *size_out = buffer_length(output);
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

/* --- questions --- */

enum session_phase session_phase(const struct session *session)
{
    return session->phase;
}

struct session_record *session_record_of(const struct session *session)
{
    return session->record;
}

bool session_is_main(const struct session *session)
{
    return record_is_main(session->record, session);
}

int64_t session_deadline(const struct session *session)
{
    return session->deadline;
}

struct tls_session *session_tls(const struct session *session)
{
    return session->tls;
}

bool session_has_begun_tls(const struct session *session)
{
    return session->has_begun_tls;
}

enum proto_coverage session_coverage(const struct session *session)
{
    return session->proto.coverage;
}

size_t session_address(const struct session *session)
{
    return session->address;
}

const char *session_server_name(const struct session *session)
{
    return session->server_name;
}
