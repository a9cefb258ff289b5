#include "relay/verdict.h"

#include <stdio.h>
#include <string.h>

/* What the real driver shows behind our own record. */
static const char failure_text[] = "odbcssl: connection refused, see the first diagnostic record";

static void set_doing(struct pump *pump, const char *doing)
{
    char text[STATE_DOING_SIZE];
    pump->doing = doing;
    snprintf(text, sizeof text, "%s: the real driver gave up while %s", pump->server_name, doing);
    state_set_doing(pump->state, pump->session, text);
    log_write(pump->options->log, "%s: %s", pump->server_name, doing);
}

/* From here on the real driver knows more than the relay: its words are the ones to tell. */
static void leave_words_to_driver(struct pump *pump, const char *doing)
{
    pump->doing = doing;
    state_set_doing(pump->state, pump->session, "");
}

/* A real driver that ends the session instead of answering, since it has no password or does not
 * know the method, says so itself. */
void verdict_ask_driver(struct pump *pump)
{
    leave_words_to_driver(pump, "waiting for the real driver's credentials");
    pump->is_driver_asked = true;
}

void verdict_driver_answered(struct pump *pump)
{
    pump->is_driver_asked = false;
    set_doing(pump, "waiting for the login");
}

static bool queue_for_driver(struct pump *pump)
{
    struct buffer *from = &pump->proto.to_driver;
    bool is_queued = buffer_length(from) == 0 ||
                     buffer_append(&pump->driver_out, buffer_content(from), buffer_length(from));
    buffer_clear(from);
    return is_queued;
}

/* The message of a refusal goes to the real driver in its own protocol; then the end follows. */
static void end_driver(struct pump *pump)
{
    if (!pump->is_logged_in && pump->proto.kind != PROTO_SESSION_CANCEL)
        pump->proto.proto->fail(&pump->proto, failure_text);
    queue_for_driver(pump);
    transport_end(&pump->server); /* sends the alert, if there is one */
    pump->phase = pump->is_logged_in ? PUMP_RESETTING : PUMP_DRAINING;
}

/* Before the login there is no link that could be lost: the server cannot be connected to (08001). */
static void set_refused(struct pump *pump, const struct error *error)
{
    struct error refused = *error;
    if (refused.code == ODBCSSL_ERROR_LINK_LOST)
        refused.code = ODBCSSL_ERROR_CONNECT;
    state_set_outcome(pump->state, pump->session, RELAY_FAILED, &refused);
}

void verdict_fail(struct pump *pump, const struct error *error)
{
    if (pump->phase != PUMP_CARRYING)
        return;
    log_write(pump->options->log, "session with %s failed: %s", pump->server_name, error->text);
    if (pump->is_logged_in)
        state_set_ended(pump->state, pump->session, error);
    else
        set_refused(pump, error);
    end_driver(pump);
}

/* The plan's next step may do what this attempt could not. */
static void end_attempt(struct pump *pump, enum relay_outcome outcome)
{
    const struct error *error = &pump->proto.error;
    log_write(pump->options->log, "attempt with %s ended: %s", pump->server_name, error->text);
    state_set_outcome(pump->state, pump->session, outcome, error);
    if (outcome != RELAY_REJECTED)
        pump->proto.proto->fail(&pump->proto, failure_text);
    queue_for_driver(pump);
    transport_end(&pump->server);
    pump->phase = PUMP_DRAINING;
}

static void report_negotiated(struct pump *pump)
{
    struct tls_report report = {.mode = pump->options->tls->mode};
    struct error_list warnings = {0};
    if (pump->server.tls != NULL)
        tls_session_report(pump->server.tls, &report, &warnings);
    state_set_report(pump->state, pump->session, &report, &warnings);
}

static void open_tls(struct pump *pump)
{
    struct error error = {0};
    if (!transport_start_tls(&pump->server, pump->options, &pump->server_in, &error)) {
        verdict_fail(pump, &error);
        return;
    }
    set_doing(pump, "waiting for the TLS handshake");
    verdict_handshake(pump);
}

/* A plaintext attempt may end in TLS where the login at least can be encrypted. */
static bool may_start_tls(const struct pump *pump)
{
    return pump->server.stage == TRANSPORT_PLAIN &&
           (pump->options->plan == PROTO_PLAN_TLS ||
            (pump->options->plan == PROTO_PLAN_PLAINTEXT && pump->proto.is_login_only_allowed));
}

static void start_tls(struct pump *pump)
{
    struct error error = {0};
    if (may_start_tls(pump)) {
        open_tls(pump);
        return;
    }
    error_set(&error, ODBCSSL_ERROR_PROTOCOL, "TLS was to begin out of turn");
    verdict_fail(pump, &error);
}

static void log_in(struct pump *pump)
{
    if (pump->is_logged_in)
        return;
    pump->is_logged_in = true;
    pump->deadline = 0;
    if (pump->server.stage == TRANSPORT_PLAIN)
        report_negotiated(pump);
    set_doing(pump, "carrying the session");
    state_set_logged_in(pump->state, pump->session);
}

/* The report of the handshake stands, but it no longer says how the session travels. */
static void end_tls(struct pump *pump)
{
    struct error error = {0};
    struct tls_report report = {.mode = pump->options->tls->mode};
    struct error_list warnings = {0};
    error_list_add(&warnings, ODBCSSL_WARNING_LOGIN_ONLY,
                   "%s encrypts only the login; everything after it travels in plaintext",
                   pump->server_name);
    tls_session_report(pump->server.tls, &report, &warnings);
    if (!transport_end_tls(&pump->server, &error)) {
        verdict_fail(pump, &error);
        return;
    }
    report.state = ODBCSSL_STATE_LOGIN_ONLY;
    state_set_report(pump->state, pump->session, &report, &warnings);
}

/* Which place a session has is known when its kind is. */
static void take_place(struct pump *pump)
{
    if (pump->proto.kind == PROTO_SESSION_MAIN)
        state_claim(pump->state, pump->session, pump->driver);
    else if (pump->proto.kind == PROTO_SESSION_CANCEL)
        state_release(pump->state, pump->session);
}

/* false: the session has failed. */
static bool queue_for_server(struct pump *pump)
{
    struct error error = {0};
    if (buffer_length(&pump->proto.to_server) == 0)
        return true;
    if (transport_write_negotiation(&pump->server, &pump->proto.to_server, &error))
        return true;
    verdict_fail(pump, &error);
    return false;
}

/* A protocol knows no names: which server it was is added here. */
static void refuse(struct pump *pump)
{
    struct error error = {0};
    const struct error *reason = &pump->proto.error;
    if (error_is_set(reason))
        error_set(&error, reason->code, "%s: %s", pump->server_name, reason->text);
    else
        error_set(&error, ODBCSSL_ERROR_PROTOCOL, "%s does not speak %s", pump->server_name,
                  pump->proto.proto->name);
    verdict_fail(pump, &error);
}

void verdict_obey(struct pump *pump, enum proto_verdict verdict)
{
    if (pump->phase != PUMP_CARRYING)
        return;
    take_place(pump);
    switch (verdict) {
    case PROTO_NO_TLS:
        end_attempt(pump, RELAY_NO_TLS);
        return;
    case PROTO_NEEDS_TLS:
        end_attempt(pump, RELAY_NEEDS_TLS);
        return;
    case PROTO_REJECTED:
        end_attempt(pump, RELAY_REJECTED);
        return;
    case PROTO_REFUSE:
        refuse(pump);
        return;
    case PROTO_LOGGED_IN:
        log_in(pump); /* before the real driver can know of it and ask */
        break;
    case PROTO_START_TLS:
    case PROTO_END_TLS:
    case PROTO_CONTINUE:
        break;
    }
    queue_for_driver(pump);
    if (pump->proto.is_login_refused)
        leave_words_to_driver(pump, "waiting for the end after a refused login");
    if (!queue_for_server(pump))
        return;
    if (verdict == PROTO_START_TLS)
        start_tls(pump);
    else if (verdict == PROTO_END_TLS)
        end_tls(pump);
}

static void begin_protocol(struct pump *pump)
{
    set_doing(pump, pump->options->plan == PROTO_PLAN_TLS ? "waiting for the switch to TLS"
                                                          : "waiting for the login");
    verdict_obey(pump, pump->proto.proto->start(&pump->proto));
}

void verdict_begin(struct pump *pump)
{
    if (pump->options->plan == PROTO_PLAN_DIRECT)
        open_tls(pump);
    else
        begin_protocol(pump);
}

static enum proto_certificate certificate_of(const struct tls_session *tls)
{
    if (!tls_session_is_certificate_asked(tls))
        return PROTO_CERTIFICATE_NOT_ASKED;
    return tls_session_is_certificate_sent(tls) ? PROTO_CERTIFICATE_SHOWN
                                                : PROTO_CERTIFICATE_NOT_SHOWN;
}

void verdict_handshake(struct pump *pump)
{
    struct error error = {0};
    switch (transport_handshake(&pump->server, &error)) {
    case TLS_PROGRESS_DONE:
        break;
    case TLS_PROGRESS_WANT_READ:
        return;
    case TLS_PROGRESS_CLOSED:
    case TLS_PROGRESS_FAILED:
        report_negotiated(pump);
        verdict_fail(pump, &error);
        return;
    }
    report_negotiated(pump);
    pump->proto.certificate = certificate_of(pump->server.tls);
    if (pump->options->plan == PROTO_PLAN_DIRECT) {
        begin_protocol(pump);
        return;
    }
    set_doing(pump, "waiting for the login");
    verdict_obey(pump, pump->proto.proto->tls_started(&pump->proto));
}
