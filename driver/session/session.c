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

/* Turns in a row in which a descriptor was ready and nothing happened. */
#define IDLE_TURNS_LIMIT 1000

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
static void tell_phase(struct session *session)
{
    bool is_ours =
        session->phase != SESSION_LOGIN_DRIVER && session->phase != SESSION_LOGIN_REFUSED;
    const char *doing = is_ours ? session_doing(session) : "";
    if (is_ours)
        log_write(session->options->log, "%s: %s", session->server_name, doing);
    record_set_doing(session->record, session, doing, session->server_name, session->deadline);
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
    buffer_move(from, buffer_length(from), to);
}

/* --- its life --- */

struct session *session_open(struct session_record *record, int64_t now, struct error *error)
{
    const struct session_options *options = session_record_options(record);
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL || !proto_session_open(&session->proto, options->proto, options->plan)) {
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
    credentials_release(&session->credentials);
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
    if (session->deadline == 0 || now < session->deadline || !session_is_running(session))
        return;
    struct error error = {0};
    char limit[SESSION_TIMEOUT_TEXT_SIZE], hint[SIDE_HINT_SIZE];
    error_set(&error, ODBCSSL_ERROR_TIMEOUT, "%s: the time-out of %s ran out while %s%s",
              session->server_name, session_timeout_text(session->options, limit, sizeof limit),
              session_doing(session), side_explain(session, hint, sizeof hint));
    session_refuse(session, &error);
}

static void check_memory(struct session *session)
{
    bool is_failed = session->from_driver.is_failed || session->to_driver.is_failed ||
                     session->from_server.is_failed || session->to_server.is_failed ||
                     session->wire_in.is_failed || session->wire_out.is_failed ||
                     session->proto.to_driver.is_failed || session->proto.to_server.is_failed;
    if (session->tls != NULL)
        is_failed = is_failed || tls_session_input(session->tls)->is_failed ||
                    tls_session_output(session->tls)->is_failed;
    if (!is_failed)
        return;
    struct error error = {0};
    error_set_memory(&error);
    session_refuse(session, &error);
}

/* So that an idle connection costs little. */
static void give_back(struct session *session)
{
    buffer_shrink(&session->from_driver);
    buffer_shrink(&session->to_driver);
    buffer_shrink(&session->from_server);
    buffer_shrink(&session->to_server);
    buffer_shrink(&session->wire_in);
    buffer_shrink(&session->wire_out);
    if (session->tls != NULL) {
        buffer_shrink(tls_session_input(session->tls));
        buffer_shrink(tls_session_output(session->tls));
    }
}

bool session_wants_shutdown(struct session *session)
{
    return session->up == SESSION_STREAM_ENDED && !session->is_shut && side_unsent(session) == 0;
}

static struct session_wants wants(struct session *session)
{
    size_t unsent = side_unsent(session);
    bool has_room =
        !session_is_running(session) ||
        (buffer_length(&session->from_driver) < SESSION_DRIVER_AHEAD && unsent < SESSION_OUT_LIMIT);
    return (struct session_wants){
        .driver_read = session->driver == SESSION_DRIVER_OPEN && has_room,
        .driver_write = buffer_length(&session->to_driver) > 0,
        .server_read = flow_has_room_for_server(session),
        .server_write = unsent > 0 && session->up != SESSION_STREAM_BROKEN,
        .server_shutdown = session_wants_shutdown(session),
        .deadline = session_is_running(session) ? session->deadline : 0,
        .is_over = session->phase == SESSION_OVER,
    };
}

struct session_wants session_step(struct session *session, int64_t now)
{
    uint64_t before;
    check_memory(session);
    /* Interposed calls ask several times a round trip: as long as nothing came in or went out, what
     * was wanted still is. */
    if (session->stepped == session->progress + 1 && session->wanted.deadline == 0)
        return session->wanted;
    do {
        before = session->progress;
        if (session_is_running(session))
            flow_from_server(session);
        if (session_is_running(session))
            flow_from_driver(session);
    } while (session->progress != before && session_is_running(session));
    flow_server_end(session);
    flow_driver_end(session);
    check_time(session, now);
    check_memory(session);
    if (session->phase == SESSION_FINISHING)
        finish(session);
    give_back(session);
    session->wanted = wants(session);
    session->stepped = session->progress + 1;
    return session->wanted;
}

void session_turned(struct session *session)
{
    session->idle_turns =
        session->progress == session->progress_before ? session->idle_turns + 1 : 0;
    session->progress_before = session->progress;
    if (session->idle_turns < IDLE_TURNS_LIMIT || session->phase == SESSION_OVER)
        return;
    struct error error = {0};
    error_set(&error, ODBCSSL_ERROR_SYSTEM,
              "the session with %s makes no progress, %u turns in a row, and was ended (%s, %s, up "
              "%s, down %s, driver %s, bytes from driver %zu, to driver %zu, from server %zu, to "
              "server %zu, network in %zu, out %zu)",
              session->server_name, session->idle_turns, phases[session->phase].name,
              session->side->name, streams[session->up], streams[session->down],
              drivers[session->driver], buffer_length(&session->from_driver),
              buffer_length(&session->to_driver), buffer_length(&session->from_server),
              buffer_length(&session->to_server), buffer_length(session->side->input(session)),
              side_unsent(session));
    log_write(session->options->log, "%s", error.text);
    session_refuse(session, &error);
    session_enter(session, SESSION_OVER);
}

/* --- questions --- */

enum session_phase session_phase(const struct session *session)
{
    return session->phase;
}

bool session_is_main(const struct session *session)
{
    return record_is_main(session->record, session);
}
