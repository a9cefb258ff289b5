/*
 * verdict.c - what the session does when the protocol or the TLS session has come to a decision.
 */
#include <stdio.h>
#include <string.h>

#include "base/scratch.h"
#include "session/session_internal.h"

/* What the real driver shows behind our own record. */
static const char failure_text[] = "odbcssl: connection refused, see the first diagnostic record";

/* The message of a refusal goes to the real driver in its own protocol; then the end follows. */
static void finish(struct session *session, bool is_told, enum session_stream down)
{
    if (is_told && session->proto.proto->fail != NULL)
        session->proto.proto->fail(&session->proto, failure_text);
    session_move(session, &session->proto.to_driver, &session->to_driver);
    session_end_up(session); /* the alert is sent, if there is one */
    session->down = down;
    session_enter(session, SESSION_FINISHING);
}

void session_refuse(struct session *session, const struct error *error)
{
    if (!session_is_active(session))
        return;
    bool was_logged_in = session->phase == SESSION_CARRYING;
    struct error told = *error;
    log_write(session->options->log, "session with %s failed: %s", session->server_name,
              error->text);
    /* Before the login there is no link that could be lost: the server cannot be connected to
     * (08001). And after it nothing is connected to: the link is lost (08S01), but where the server
     * judges the client's certificate so late (TLS 1.3, SslProtocol=none). */
    if (was_logged_in && told.code != ODBCSSL_ERROR_CLIENT_CERTIFICATE_REJECTED &&
        strcmp(error_sqlstate(told.code), "08001") == 0)
        told.code = ODBCSSL_ERROR_LINK_LOST;
    else if (!was_logged_in && told.code == ODBCSSL_ERROR_LINK_LOST)
        told.code = ODBCSSL_ERROR_CONNECT;
    if (was_logged_in)
        record_set_ended(session->record, session, &told);
    else
        record_set_outcome(session->record, session, SESSION_LOST, &told);
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

/* is_login_only: the report of the handshake stands, but it no longer says how the session travels.
 * false: memory is out, which the step notices. */
static bool report_negotiated(struct session *session, bool is_login_only)
{
    struct negotiated *negotiated = scratch_new(sizeof *negotiated);
    bool is_kept = negotiated != NULL;
    if (is_kept) {
        struct tls_report *report = &negotiated->report;
        report->mode = session->options->tls->mode;
        if (is_login_only)
            error_list_add(&negotiated->warnings, ODBCSSL_WARNING_LOGIN_ONLY,
                           "%s encrypts only the login; everything after it travels in plaintext",
                           session->server_name);
        is_kept =
            session->tls == NULL || tls_session_report(session->tls, report, &negotiated->warnings);
        if (is_login_only)
            report->state = ODBCSSL_STATE_LOGIN_ONLY;
        is_kept =
            is_kept && record_set_report(session->record, session, report, &negotiated->warnings);
    }
    scratch_free(negotiated, sizeof *negotiated);
    session->from_driver.is_failed |= !is_kept;
    return is_kept;
}

static void open_tls(struct session *session)
{
    struct error error = {0};
    session->has_begun_tls = true;
    if (!side_start_tls(session, &error)) {
        session_refuse(session, &error);
        return;
    }
    session_enter(session, SESSION_HANDSHAKE);
    verdict_handshake(session);
}

/* A plaintext attempt may end in TLS where the login at least can be encrypted. */
static void start_tls(struct session *session)
{
    struct error error = {0};
    enum proto_plan plan = session->options->plan;
    if (session->side == &side_plain &&
        (plan == PROTO_PLAN_TLS ||
         (plan == PROTO_PLAN_PLAINTEXT && session->proto.is_login_only_allowed))) {
        open_tls(session);
        return;
    }
    error_set(&error, ODBCSSL_ERROR_PROTOCOL, "TLS was to begin out of turn");
    session_refuse(session, &error);
}

static void log_in(struct session *session)
{
    if (session->side == &side_plain)
        report_negotiated(session, false);
    session->deadline = 0;
    session_enter(session, SESSION_CARRYING);
    record_set_logged_in(session->record, session);
}

static void end_tls(struct session *session)
{
    struct error error = {0};
    if (buffer_length(&session->to_server) > 0)
        error_set(&error, ODBCSSL_ERROR_PLAINTEXT_LOGIN,
                  "a part of the login would have gone to the server unencrypted; it was not sent");
    else if (!report_negotiated(session, true))
        error_set_memory(&error);
    else
        side_end_tls(session, &error);
    if (error_is_set(&error))
        session_refuse(session, &error);
}

/* What the protocol itself says before TLS is the only plaintext for the server that no plan
 * forbids. */
bool verdict_queue_for_server(struct session *session)
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
        session_refuse(session, &error);
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
    session_refuse(session, &error);
}

void verdict_obey(struct session *session, enum proto_verdict verdict)
{
    if (!session_is_running(session))
        return;
    /* Which place a session has is known when its kind is. */
    if (session->proto.kind == PROTO_SESSION_MAIN)
        record_claim(session->record, session);
    else if (session->proto.kind == PROTO_SESSION_CANCEL)
        session_record_vacate(session->record, session);
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
    session_move(session, &session->proto.to_driver, &session->to_driver);
    if (session->proto.is_login_refused && session->phase != SESSION_CARRYING)
        session_enter(session, SESSION_LOGIN_REFUSED);
    if (!verdict_queue_for_server(session))
        return;
    /* A check is over where the server leaves all in plaintext, as the options allow. */
    if (session->options->goal == SESSION_GOAL_TLS &&
        session->proto.coverage == PROTO_COVERAGE_NOTHING)
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

void session_start(struct session *session, size_t address)
{
    if (session->phase != SESSION_DIALLING)
        return;
    session->address = address;
    record_set_address(session->record, session, address);
    dial_describe(session->options->target, address, session->server_name,
                  sizeof session->server_name);
    if (session->options->plan == PROTO_PLAN_DIRECT)
        open_tls(session);
    else
        begin_protocol(session);
}

void verdict_handshake(struct session *session)
{
    struct error error = {0};
    enum tls_progress progress = side_handshake(session, &error);
    if (progress == TLS_PROGRESS_WANT_READ)
        return;
    report_negotiated(session, false);
    if (progress != TLS_PROGRESS_DONE) {
        session_refuse(session, &error);
        return;
    }
    if (tls_session_is_certificate_asked(session->tls))
        session->proto.certificate = tls_session_is_certificate_sent(session->tls)
                                         ? PROTO_CERTIFICATE_SHOWN
                                         : PROTO_CERTIFICATE_NOT_SHOWN;
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
