/*
 * conn.c - what odbc/ calls: resolves settings into a link, makes the attempts of its plan, and
 * answers for the open connection.
 */
#include "conn/conn.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fork.h"
#include "base/scratch.h"
#include "base/text.h"
#include "conn/link.h"
#include "conn/output.h"
#include "conn/plan.h"

/* For what the real driver returns as its own connection string. */
#define OUT_TEXT_SIZE 4096

#define MODE_TEXT_SIZE 256

/* One complete connect of the real driver through a transport of its own; all zeroes before. */
struct attempt {
    SQLRETURN result; /* the real driver's; of success only through a session of ours */
    enum session_outcome outcome;
    struct error error; /* the session's, or why the attempt could not be made */
    struct tls_report report;
    struct error_list warnings;
    char *out_text; /* the real driver's connection string, or what SQLBrowseConnect asks for */
};

/* ---- one attempt ---- */

static SQLRETURN call_driver(const struct connection *connection,
                             const struct connect_request *request, char *text,
                             struct attempt *attempt)
{
    const struct driver_functions *functions = &connection->driver->functions;
    SQLHDBC real = connection->handle.real;
    bool is_wide = request->flavour == FLAVOUR_WIDE;
    size_t length = strlen(text);
    SQLSMALLINT out_length = 0;
    SQLRETURN result = SQL_ERROR;
    if (request->is_browse && !HAS_FLAVOUR(functions, request->flavour, SQLBrowseConnect)) {
        error_set(&attempt->error, ODBCSSL_ERROR_DRIVER_FUNCTION,
                  "the real driver %s has no function SQLBrowseConnect%s", connection->driver->path,
                  is_wide ? "W" : "");
        return SQL_ERROR;
    }
    if (length > SHRT_MAX) {
        error_set(&attempt->error, ODBCSSL_ERROR_CONNECTION_STRING,
                  "the connection string for the real driver has %zu bytes, more than the %d that "
                  "ODBC can pass",
                  length, SHRT_MAX);
        return SQL_ERROR;
    }
    /* Not on the stack, of which the real driver needs what there is. */
    SQLWCHAR *out = scratch_new(OUT_TEXT_SIZE * sizeof *out);
    SQLWCHAR *wide = is_wide ? text_to_utf16(text, length, &length) : NULL;
    void *in = is_wide ? (void *)wide : text;
    SQLSMALLINT in_length = is_wide ? (SQLSMALLINT)length : SQL_NTS;
    if (out == NULL || in == NULL) {
        error_set_memory(&attempt->error);
    } else {
        void *place = out;
        result = request->is_browse
                     ? CALL_FLAVOUR(functions, request->flavour, SQLBrowseConnect,
                                    (real, in, in_length, place, OUT_TEXT_SIZE, &out_length))
                     : CALL_FLAVOUR(functions, request->flavour, SQLDriverConnect,
                                    (real, request->window, in, in_length, place, OUT_TEXT_SIZE,
                                     &out_length, request->completion));
        attempt->out_text =
            is_wide ? text_to_utf8(out, text_utf16_length(out), NULL) : strdup((const char *)out);
    }
    text_wipe(wide, length * sizeof *wide);
    text_wipe(out, OUT_TEXT_SIZE * sizeof *out);
    free(wide);
    scratch_free(out, OUT_TEXT_SIZE * sizeof *out);
    return result;
}

/* After every connect: only a session of ours counts, whatever the driver says. One that was
 * carried and that the driver has left for another is none. */
static void check_carried(struct connection *connection, struct attempt *attempt)
{
    struct link *link = connection->link;
    attempt->outcome = session_record_outcome(link->transport.record, &attempt->report,
                                              &attempt->warnings, &attempt->error);
    const char *elsewhere = guard_elsewhere(&link->transport.guard);
    if (elsewhere != NULL)
        log_write(link->log, "the real driver wanted to connect to %s, and was refused", elsewhere);
    if (elsewhere != NULL && attempt->outcome == SESSION_WAITING) {
        error_clear(&attempt->error);
        error_set(&attempt->error, ODBCSSL_ERROR_DRIVER_BYPASSED,
                  "the real driver %s wanted to connect to %s, past the TLS session of odbcssl to "
                  "%s:%u: that was refused, and nothing was sent there. Something in its own "
                  "configuration or environment leads it elsewhere",
                  link->driver->path, elsewhere, link->target.host, link->target.port);
        attempt->outcome = SESSION_LOST;
    }
    if (!SQL_SUCCEEDED(attempt->result))
        return;
    if (attempt->outcome == SESSION_CARRIED) {
        error_clear(&attempt->error);
        if (transport_is_alive(&link->transport, &attempt->error))
            return;
    }
    struct guard *outer = guard_enter(connection->guard);
    connection->driver->functions.SQLDisconnect(connection->handle.real);
    guard_leave(outer);
    attempt->result = SQL_ERROR;
    error_set(&attempt->error, ODBCSSL_ERROR_DRIVER_BYPASSED,
              "the real driver %s connected, but not through the TLS session of odbcssl to %s:%u: "
              "the connection was closed. Something in its own configuration or environment leads "
              "it elsewhere",
              link->driver->path, link->target.host, link->target.port);
    attempt->outcome = SESSION_LOST;
}

/* A first call gives the driver its settings; a later round of SQLBrowseConnect, what was asked
 * for. Transport and real connection stay open, also after a failure, so that the real driver's
 * records can be read. */
static void run_attempt(struct connection *connection, const struct connect_request *request,
                        enum proto_plan plan, struct attempt *attempt)
{
    struct link *link = connection->link;
    struct error *error = &attempt->error;
    bool is_wide = request->flavour == FLAVOUR_WIDE;
    char *text = NULL;
    attempt->result = SQL_ERROR;
    attempt->outcome = SESSION_LOST;
    if (connection->handle.real != NULL) {
        text = profile_browse_string(link->profile, request->settings, is_wide, error);
    } else if (link_start_transport(link, plan, error)) {
        const struct relay_endpoint endpoint = transport_endpoint(&link->transport);
        text = profile_connection_string(link->profile, &link->settings, &link->target, &endpoint,
                                         is_wide, error);
        if (text != NULL)
            connection_new_real(connection, link->driver, error);
    }
    if (text != NULL && connection->handle.real != NULL) {
        struct guard *outer = guard_enter(connection->guard);
        attempt->result = call_driver(connection, request, text, attempt);
        guard_leave(outer);
        if (!error_is_set(error) && attempt->result != SQL_NEED_DATA)
            check_carried(connection, attempt);
    }
    text_free_secret(text);
}

/* "SslMode=require (odbc.ini [warehouse])" */
static const char *describe_mode(const struct link *link, char *out)
{
    snprintf(out, MODE_TEXT_SIZE, "SslMode=%s (%s)", tls_mode_name(link->settings.tls.mode),
             link->settings.items[KEY_INDEX_SslMode].source);
    return out;
}

/* ---- why connecting failed ---- */

static void explain(const struct link *link, enum proto_plan plan, const struct attempt *attempt,
                    struct error *error)
{
    char mode[MODE_TEXT_SIZE];
    const char *host = link->target.host;
    unsigned port = link->target.port;
    switch (attempt->outcome) {
    case SESSION_NO_TLS:
        error_set(error, ODBCSSL_ERROR_SERVER_WITHOUT_TLS,
                  "%s wants TLS, and the server %s:%u has none: %s", describe_mode(link, mode),
                  host, port, attempt->error.text);
        break;
    case SESSION_NEEDS_TLS:
    case SESSION_REJECTED:
        if (plan == PROTO_PLAN_PLAINTEXT && link->settings.tls.mode == ODBCSSL_MODE_DISABLE)
            error_set(error, ODBCSSL_ERROR_SERVER_REQUIRES_TLS,
                      "the server %s:%u refused a connection without TLS (%s), and %s forbids TLS: "
                      "when the server requires TLS, set SslMode to verify-full, or another mode "
                      "that allows it",
                      host, port,
                      error_is_set(&attempt->error) ? attempt->error.text : "it gave no reason",
                      describe_mode(link, mode));
        break;
    case SESSION_WAITING:
    case SESSION_LOST:
    case SESSION_CARRIED:
        error_copy(error, &attempt->error);
        break;
    }
}

/* ---- what became of it ---- */

/* What is reported of a session; plaintext: the state of one without TLS. */
static void settle_report(const struct link *link, struct tls_report *report,
                          enum odbcssl_state plaintext)
{
    report->mode = link->settings.tls.mode;
    report->transport = link->transport.kind;
    if (report->version == TLS_VERSION_NONE && report->state != ODBCSSL_STATE_LOGIN_ONLY)
        report->state = plaintext;
}

/* After the real driver connected through us: the report, and the warnings. */
static void take_report(struct link *link, const struct plan *plan, size_t number,
                        struct attempt *attempt, const struct attempt *former,
                        struct error_list *warnings)
{
    char mode[MODE_TEXT_SIZE];
    settle_report(link, &attempt->report,
                  plan->attempts[number] != PROTO_PLAN_PLAINTEXT ? attempt->report.state
                  : number > 0                                   ? ODBCSSL_STATE_PLAINTEXT_FALLBACK
                                                                 : ODBCSSL_STATE_PLAINTEXT);
    link->state = attempt->report.state;
    if (link->state == ODBCSSL_STATE_PLAINTEXT_FALLBACK)
        error_list_add(
            warnings, ODBCSSL_WARNING_FALLBACK,
            "the connection to %s:%u is not encrypted: %s tried TLS first, but the server %s "
            "(%s). Set SslMode=verify-full to refuse this",
            link->target.host, link->target.port, describe_mode(link, mode),
            former->outcome == SESSION_NO_TLS ? "has none" : "rejected it", former->error.text);
    for (size_t i = 0; i < attempt->warnings.count; i++)
        error_list_add(warnings, attempt->warnings.items[i].code, "%s",
                       attempt->warnings.items[i].text);
}

/* Runs attempts of the plan until one connects or the plan ends; returns the number of the last
 * one. */
static size_t run_plan(struct connection *connection, const struct connect_request *request,
                       const struct plan *plan, struct attempt *attempts)
{
    for (size_t number = 0;; number++) {
        run_attempt(connection, request, plan->attempts[number], &attempts[number]);
        if (SQL_SUCCEEDED(attempts[number].result) ||
            !plan_goes_on(plan, number, attempts[number].outcome))
            return number;
        log_write(connection->link->log, "attempt %zu failed, going on: %s", number + 1,
                  attempts[number].error.text);
        connection_free_real(connection);
    }
}

/* What the real driver says of the failure, before its handle is freed, read as the driver manager
 * reads it when a connect fails. The address that it was given and its port are nobody's business:
 * the server's stand in their place. */
static void take_real_records(struct connection *connection)
{
    struct diagnostics *diagnostics = &connection->handle.diagnostics;
    const struct profile_target *target = &connection->link->target;
    const struct relay_endpoint endpoint = transport_endpoint(&connection->link->transport);
    char hidden[32], shown[32];
    if (connection->handle.real == NULL)
        return;
    diagnostics_take_real(diagnostics, connection->driver, HANDLE_CONNECTION,
                          connection->handle.real, connection->flavour);
    diagnostics_rewrite(diagnostics, endpoint.path, target->host);
    diagnostics_rewrite(diagnostics, endpoint.address, target->host);
    if (endpoint.port == 0 || endpoint.port == target->port)
        return;
    snprintf(hidden, sizeof hidden, "%u", endpoint.port);
    snprintf(shown, sizeof shown, "%u", target->port);
    diagnostics_rewrite(diagnostics, hidden, shown);
}

/* Of a refusal of ours the real driver knows only what we made it believe. What the server told it
 * stands behind our record, and before it why it gave up by itself. */
static void add_failure(struct connection *connection, const struct attempt *attempt,
                        const struct error *error)
{
    struct diagnostics *diagnostics = &connection->handle.diagnostics;
    bool has_given_up = attempt->outcome == SESSION_WAITING && error->code != ODBCSSL_ERROR_TIMEOUT;
    if (has_given_up || !error_is_set(error))
        take_real_records(connection);
    size_t count = diagnostics_count(diagnostics);
    diagnostics_add(diagnostics, error);
    if (attempt->outcome != SESSION_REJECTED || !error_is_set(error))
        return;
    take_real_records(connection);
    diagnostics_relabel(diagnostics, count, error);
}

/* What is needed while connecting: too large for the stacks that some applications give their
 * threads. */
struct connecting {
    struct attempt attempts[PLAN_ATTEMPTS];
    struct error_list warnings;
};

static SQLRETURN connect_driver(struct connection *connection,
                                const struct connect_request *request, char **text_out,
                                struct connecting *connecting)
{
    struct link *link = connection->link;
    const struct plan plan = plan_make(link->settings.tls.mode, link->settings.tls.negotiation);
    struct attempt *attempts = connecting->attempts;
    struct error error = {0};
    size_t number = run_plan(connection, request, &plan, attempts);
    struct attempt *last = &attempts[number];
    SQLRETURN outcome = last->result;
    handle_take_outcome(&connection->handle, outcome);
    if (SQL_SUCCEEDED(outcome)) {
        *text_out = output_string(link, request->settings, last->out_text,
                                  request->flavour == FLAVOUR_WIDE);
        take_report(link, &plan, number, last, &attempts[0], &connecting->warnings);
    } else if (outcome == SQL_NEED_DATA) {
        *text_out = last->out_text;
        last->out_text = NULL;
    } else {
        explain(link, plan.attempts[number], last, &error);
        add_failure(connection, last, &error);
    }
    for (size_t i = 0; i < PLAN_ATTEMPTS; i++)
        text_free_secret(attempts[i].out_text);
    return outcome;
}

/* ---- connecting ---- */

static void close_link(struct connection *connection)
{
    connection->guard = NULL;
    link_close(&connection->link);
}

void conn_abandon(struct connection *connection)
{
    connection_free_real(connection);
    close_link(connection);
}

/* The real driver gets all settings in its connection string, also those that it would count after
 * the attribute if it read them where they stand. A DSN that is an argument is SQLConnect's. */
static void yield_to_catalog(const struct connection *connection, const struct connstr *given)
{
    struct link *link = connection->link;
    const struct connstr_pair *dsn = connstr_find(given, "DSN");
    if (link->profile->yield_to_catalog != NULL &&
        connection_has_saved_text(connection, SQL_ATTR_CURRENT_CATALOG))
        link->profile->yield_to_catalog(&link->target,
                                        dsn != NULL && dsn->origin == CONNSTR_ARGUMENT);
}

SQLRETURN conn_connect(struct connection *connection, const struct connect_request *request,
                       char **text_out)
{
    struct connecting *connecting = scratch_new(sizeof *connecting);
    struct error error = {0};
    SQLRETURN outcome = SQL_ERROR;
    /* A later round of SQLBrowseConnect: transport and real connection are there already. */
    bool is_browsing =
        request->is_browse && connection->link != NULL && connection->handle.real != NULL;
    *text_out = NULL;
    if (connecting == NULL)
        error_set_memory(&error);
    else if (!is_browsing)
        connection->link = link_open(request->settings,
                                     connection_saved_number(connection, SQL_ATTR_LOGIN_TIMEOUT),
                                     &connecting->warnings, &error);
    if (connecting != NULL && connection->link != NULL) {
        if (!is_browsing)
            yield_to_catalog(connection, request->settings);
        connection->guard = &connection->link->transport.guard;
        outcome = connect_driver(connection, request, text_out, connecting);
    }
    diagnostics_add(&connection->handle.diagnostics, &error);
    if (SQL_SUCCEEDED(outcome)) {
        const struct link *link = connection->link;
        log_write(link->log, "connected to %s:%u: %s", link->target.host, link->target.port,
                  report_state_name(link->state));
        diagnostics_add_list(&connection->handle.diagnostics, &connecting->warnings);
        if (connecting->warnings.count > 0)
            outcome = SQL_SUCCESS_WITH_INFO;
    } else if (outcome != SQL_NEED_DATA) {
        conn_abandon(connection);
    }
    scratch_free(connecting, sizeof *connecting);
    return outcome;
}

SQLRETURN conn_disconnect(struct connection *connection)
{
    SQLRETURN outcome = SQL_SUCCESS;
    struct guard *outer = guard_enter(connection->guard);
    if (connection->handle.real != NULL)
        outcome = connection->driver->functions.SQLDisconnect(connection->handle.real);
    guard_leave(outer);
    if (!SQL_SUCCEEDED(outcome) && !conn_is_broken(connection, NULL))
        return outcome;
    close_link(connection);
    return outcome == SQL_SUCCESS_WITH_INFO ? outcome : SQL_SUCCESS;
}

/* ---- the open connection ---- */

/* A real driver that lost its session may log in again by itself, through us again: the report is
 * that of the session which it uses now. */
void conn_report(const struct connection *connection, struct tls_report *report_out)
{
    const struct link *link = connection->link;
    if (link == NULL || link->transport.kind == ODBCSSL_TRANSPORT_NONE) {
        *report_out = (struct tls_report){0};
        return;
    }
    session_record_outcome(link->transport.record, report_out, NULL, NULL);
    settle_report(link, report_out, link->state);
}

const char *conn_server_name(const struct connection *connection)
{
    const struct link *link = connection->link;
    return link != NULL && !link->profile->is_server_asked ? link->target.host : NULL;
}

const char *conn_data_source(const struct connection *connection)
{
    return connection->link != NULL ? connection->link->settings.dsn : NULL;
}

const char *conn_record_server(const struct connection *connection, enum handle_kind kind,
                               bool is_unnamed)
{
    const struct link *link = connection->link;
    if (link == NULL)
        return NULL;
    switch (link->profile->family) {
    case DRIVER_FAMILY_POSTGRESQL:
        return is_unnamed ? link->settings.dsn : NULL;
    case DRIVER_FAMILY_TDS: /* its descriptors never have one */
        return is_unnamed && kind != HANDLE_DESCRIPTOR ? link->settings.dsn : NULL;
    case DRIVER_FAMILY_MYSQL:
        return is_unnamed ? NULL : link->target.host;
    case DRIVER_FAMILY_UNKNOWN:
        break;
    }
    return NULL;
}

bool conn_is_forked(const struct connection *connection, struct error *error_out)
{
    if (connection->link == NULL || !fork_is_inherited(connection->link->generation))
        return false;
    error_set(error_out, ODBCSSL_ERROR_FORKED,
              "this connection was opened by a process that forked this one (process %ld): a child "
              "process has to open its own connections",
              (long)getpid());
    return true;
}

bool conn_is_broken(const struct connection *connection, struct error *error_out)
{
    return connection->link != NULL && connection->link->transport.kind != ODBCSSL_TRANSPORT_NONE &&
           !transport_is_alive(&connection->link->transport, error_out);
}
