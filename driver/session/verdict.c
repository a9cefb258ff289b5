/*
 * verdict.c - what the session does when the protocol or the TLS session has come to a decision.
 */
#include <stdio.h>

#include "base/scratch.h"
#include "session/session_internal.h"

/* What the real driver shows behind our own record. */
static const char failure_text[] = "odbcssl: connection refused, see the first diagnostic record";

static bool is_logged_in(const struct session *session)
{
    return session->phase == SESSION_CARRYING;
}

static void queue_for_driver(struct session *session)
{
    session_move(session, &session->proto.to_driver, &session->to_driver);
}

/* The message of a refusal goes to the real driver in its own protocol; then the end follows. */
static void finish(struct session *session, bool is_told, enum session_stream down)
{
    if (is_told && session->proto.proto->fail != NULL)
        session->proto.proto->fail(&session->proto, failure_text);
    queue_for_driver(session);
    session_end_up(session); /* the alert is sent, if there is one */
    session->down = down;
    session_enter(session, SESSION_FINISHING);
}

/* Before the login there is no link that could be lost: the server cannot be connected to (08001).
 */
static void set_refused(struct session *session, const struct error *error)
{
    struct error refused = *error;
    if (refused.code == ODBCSSL_ERROR_LINK_LOST)
        refused.code = ODBCSSL_ERROR_CONNECT;
    record_set_outcome(session->record, session, SESSION_LOST, &refused);
}

/* And after it there is no handshake that could fail: the link is lost (08S01). */
static void set_lost(struct session *session, const struct error *error)
{
    struct error lost = *error;
    if (lost.code == ODBCSSL_ERROR_HANDSHAKE)
        lost.code = ODBCSSL_ERROR_LINK_LOST;
    record_set_ended(session->record, session, &lost);
}

void verdict_fail(struct session *session, const struct error *error)
{
    if (!session_is_active(session))
        return;
    bool was_logged_in = is_logged_in(session);
    log_write(session->options->log, "session with %s failed: %s", session->server_name,
              error->text);
    if (was_logged_in)
        set_lost(session, error);
    else
        set_refused(session, error);
    finish(session, !was_logged_in && session->proto.kind != PROTO_SESSION_CANCEL,
           was_logged_in ? SESSION_STREAM_BROKEN : SESSION_STREAM_ENDED);
}

/* The plan's next step may do what this attempt could not. */
static void end_attempt(struct session *session, enum session_outcome outcome)
{
    const struct error *error = &session->proto.error;
    log_write(session->options->log, "attempt with %s ended: %s", session->server_name,
              error->text);
    record_set_outcome(session->record, session, outcome, error);
    finish(session, outcome != SESSION_REJECTED, SESSION_STREAM_ENDED);
}

/* 43 KB: not on the stack of an application's thread. */
struct negotiated {
    struct tls_report report;
    struct error_list warnings;
};

static void report_negotiated(struct session *session)
{
    struct negotiated *negotiated = scratch_new(sizeof *negotiated);
    bool is_kept = negotiated != NULL;
    if (is_kept) {
        negotiated->report.mode = session->options->tls->mode;
        is_kept =
            (session->tls == NULL ||
             tls_session_report(session->tls, &negotiated->report, &negotiated->warnings)) &&
            record_set_report(session->record, session, &negotiated->report, &negotiated->warnings);
    }
    scratch_free(negotiated, sizeof *negotiated);
    if (!is_kept)
        session->from_driver.is_failed = true; /* as any memory that was out */
}

static void open_tls(struct session *session)
{
    struct error error = {0};
    session->has_begun_tls = true;
    if (!side_start_tls(session, &error)) {
        verdict_fail(session, &error);
        return;
    }
    session_enter(session, SESSION_HANDSHAKE);
    verdict_handshake(session);
}

/* A plaintext attempt may end in TLS where the login at least can be encrypted. */
static bool may_start_tls(const struct session *session)
{
    return session->side == &side_plain && (session->options->plan == PROTO_PLAN_TLS ||
                                            (session->options->plan == PROTO_PLAN_PLAINTEXT &&
                                             session->proto.is_login_only_allowed));
}

static void start_tls(struct session *session)
{
    struct error error = {0};
    if (may_start_tls(session)) {
        open_tls(session);
        return;
    }
    error_set(&error, ODBCSSL_ERROR_PROTOCOL, "TLS was to begin out of turn");
    verdict_fail(session, &error);
}

static void log_in(struct session *session)
{
    if (is_logged_in(session))
        return;
    if (session->side == &side_plain)
        report_negotiated(session);
    session->deadline = 0;
    session_enter(session, SESSION_CARRYING);
    record_set_logged_in(session->record, session);
}

/* The report of the handshake stands, but it no longer says how the session travels. */
static void end_tls(struct session *session)
{
    struct error error = {0};
    struct negotiated *negotiated = scratch_new(sizeof *negotiated);
    if (negotiated == NULL) {
        error_set_memory(&error);
    } else {
        negotiated->report.mode = session->options->tls->mode;
        error_list_add(&negotiated->warnings, ODBCSSL_WARNING_LOGIN_ONLY,
                       "%s encrypts only the login; everything after it travels in plaintext",
                       session->server_name);
        if (!tls_session_report(session->tls, &negotiated->report, &negotiated->warnings))
            error_set_memory(&error);
        negotiated->report.state = ODBCSSL_STATE_LOGIN_ONLY;
    }
    if (buffer_length(&session->to_server) > 0)
        error_set(&error, ODBCSSL_ERROR_PLAINTEXT_LOGIN,
                  "a part of the login would have gone to the server unencrypted; it was not sent");
    if (!error_is_set(&error) && side_end_tls(session, &error) &&
        !record_set_report(session->record, session, &negotiated->report, &negotiated->warnings))
        error_set_memory(&error);
    scratch_free(negotiated, sizeof *negotiated);
    if (error_is_set(&error))
        verdict_fail(session, &error);
}

/* Which place a session has is known when its kind is. */
static void take_place(struct session *session)
{
    if (session->proto.kind == PROTO_SESSION_MAIN)
        record_claim(session->record, session);
    else if (session->proto.kind == PROTO_SESSION_CANCEL)
        session_record_vacate(session->record, session);
}

/* What the protocol itself says before TLS is the only plaintext for the server that no plan
 * forbids. false: the session has failed. */
static bool queue_for_server(struct session *session)
{
    struct error error = {0};
    session_move(session, &session->proto.to_server, &session->to_server);
    if (session->side == &side_plain)
        session_move(session, &session->to_server, &session->wire_out);
    else
        buffer_take(&session->to_server,
                    side_write_records(session, buffer_content(&session->to_server),
                                       buffer_length(&session->to_server), &error));
    if (error_is_set(&error))
        verdict_fail(session, &error);
    return !error_is_set(&error);
}

/* A protocol knows no names: which server it was is added here. */
static void refuse(struct session *session)
{
    struct error error = {0};
    const struct error *reason = &session->proto.error;
    if (error_is_set(reason))
        error_set(&error, reason->code, "%s: %s", session->server_name, reason->text);
    else
        error_set(&error, ODBCSSL_ERROR_PROTOCOL, "%s does not speak %s", session->server_name,
                  session->proto.proto->name);
    verdict_fail(session, &error);
}

/* A check is over where the server leaves all in plaintext, as the options allow. */
static bool is_checked(const struct session *session)
{
    return session->options->goal == SESSION_GOAL_TLS &&
           session->proto.coverage == PROTO_COVERAGE_NOTHING;
}

void verdict_obey(struct session *session, enum proto_verdict verdict)
{
    if (!session_is_running(session))
        return;
    take_place(session);
    switch (verdict) {
    case PROTO_NO_TLS:
        end_attempt(session, SESSION_NO_TLS);
        return;
    case PROTO_NEEDS_TLS:
        end_attempt(session, SESSION_NEEDS_TLS);
        return;
    case PROTO_REJECTED:
        end_attempt(session, SESSION_REJECTED);
        return;
    case PROTO_REFUSE:
        refuse(session);
        return;
    case PROTO_LOGGED_IN:
        log_in(session); /* before the real driver can know of it and ask */
        break;
    case PROTO_START_TLS:
    case PROTO_END_TLS:
    case PROTO_CONTINUE:
        break;
    }
    queue_for_driver(session);
    if (session->proto.is_login_refused && !is_logged_in(session))
        session_enter(session, SESSION_LOGIN_REFUSED);
    if (!queue_for_server(session))
        return;
    if (is_checked(session))
        session_enter(session, SESSION_CHECKED);
    else if (verdict == PROTO_START_TLS)
        start_tls(session);
    else if (verdict == PROTO_END_TLS)
        end_tls(session);
}

static void begin_protocol(struct session *session)
{
    session_enter(session,
                  session->options->plan == PROTO_PLAN_TLS ? SESSION_SWITCHING : SESSION_LOGIN);
    verdict_obey(session, session->proto.proto->start(&session->proto));
}

void verdict_begin(struct session *session)
{
    if (session->options->plan == PROTO_PLAN_DIRECT)
        open_tls(session);
    else
        begin_protocol(session);
}

static enum proto_certificate certificate_of(const struct tls_session *tls)
{
    if (!tls_session_is_certificate_asked(tls))
        return PROTO_CERTIFICATE_NOT_ASKED;
    return tls_session_is_certificate_sent(tls) ? PROTO_CERTIFICATE_SHOWN
                                                : PROTO_CERTIFICATE_NOT_SHOWN;
}

void verdict_handshake(struct session *session)
{
    struct error error = {0};
    switch (side_handshake(session, &error)) {
    case TLS_PROGRESS_DONE:
        break;
    case TLS_PROGRESS_WANT_READ:
        return;
    case TLS_PROGRESS_CLOSED:
    case TLS_PROGRESS_FAILED:
        report_negotiated(session);
        verdict_fail(session, &error);
        return;
    }
    report_negotiated(session);
    session->proto.certificate = certificate_of(session->tls);
    if (session->options->goal == SESSION_GOAL_TLS) {
        session->deadline = 0;
        session_enter(session, SESSION_CHECKED);
    } else if (session->options->plan == PROTO_PLAN_DIRECT) {
        begin_protocol(session);
    } else {
        session_enter(session, SESSION_LOGIN);
        if (session->proto.proto->tls_started != NULL)
            verdict_obey(session, session->proto.proto->tls_started(&session->proto));
    }
}
