/*
 * attempt.c - one attempt: opens a transport, has the real driver connect to it, and asks
 * afterwards what became of it. Whether it really went through is checked here.
 */
#include "conn/attempt.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/current_guard.h"
#include "base/scratch.h"
#include "base/text.h"
#include "conn/link.h"
#include "dispatch/functions.h"

/* For what the real driver returns as its own connection string. */
#define OUT_TEXT_SIZE 4096

bool attempt_is_connected(const struct attempt *attempt)
{
    return SQL_SUCCEEDED(attempt->result);
}

void attempt_free(struct attempt *attempt)
{
    text_free_secret(attempt->out_text);
    *attempt = (struct attempt){0};
}

static SQLRETURN call_wide(const struct connection *connection,
                           const struct connect_request *request, const char *text,
                           struct attempt *attempt)
{
    const struct driver_functions *functions = connection->driver->functions;
    SQLHDBC real = connection->handle.real;
    SQLSMALLINT out_length = 0;
    SQLRETURN result;
    size_t length;
    /* Not on the stack, of which the real driver needs what there is. */
    SQLWCHAR *out = scratch_new(OUT_TEXT_SIZE * sizeof *out);
    SQLWCHAR *wide = out != NULL ? text_to_utf16(text, strlen(text), &length) : NULL;
    if (wide == NULL) {
        scratch_free(out, OUT_TEXT_SIZE * sizeof *out);
        error_set_memory(&attempt->error);
        return SQL_ERROR;
    }
    if (request->function == CONNECT_BROWSE_CONNECT) {
        result = functions->SQLBrowseConnectW(real, wide, (SQLSMALLINT)length, out, OUT_TEXT_SIZE,
                                              &out_length);
    } else {
        result = functions->SQLDriverConnectW(real, request->window, wide, (SQLSMALLINT)length, out,
                                              OUT_TEXT_SIZE, &out_length, request->completion);
    }
    attempt->out_text = text_to_utf8(out, text_utf16_length(out), NULL);
    text_wipe(wide, length * sizeof *wide);
    text_wipe(out, OUT_TEXT_SIZE * sizeof *out);
    free(wide);
    scratch_free(out, OUT_TEXT_SIZE * sizeof *out);
    return result;
}

static SQLRETURN call_ansi(const struct connection *connection,
                           const struct connect_request *request, const char *text,
                           struct attempt *attempt)
{
    const struct driver_functions *functions = connection->driver->functions;
    SQLHDBC real = connection->handle.real;
    SQLSMALLINT out_length = 0;
    SQLRETURN result;
    SQLCHAR *out = scratch_new(OUT_TEXT_SIZE);
    if (out == NULL) {
        error_set_memory(&attempt->error);
        return SQL_ERROR;
    }
    if (request->function == CONNECT_BROWSE_CONNECT) {
        result = functions->SQLBrowseConnect(real, (SQLCHAR *)text, SQL_NTS, out, OUT_TEXT_SIZE,
                                             &out_length);
    } else {
        result = functions->SQLDriverConnect(real, request->window, (SQLCHAR *)text, SQL_NTS, out,
                                             OUT_TEXT_SIZE, &out_length, request->completion);
    }
    attempt->out_text = strdup((const char *)out);
    text_wipe(out, OUT_TEXT_SIZE);
    scratch_free(out, OUT_TEXT_SIZE);
    return result;
}

static bool has_function(const struct connection *connection, const struct connect_request *request,
                         struct error *error)
{
    const struct driver_functions *functions = connection->driver->functions;
    bool is_wide = request->flavour == FLAVOUR_WIDE;
    bool is_browse = request->function == CONNECT_BROWSE_CONNECT;
    bool has = is_browse ? is_wide ? functions->SQLBrowseConnectW != NULL
                                   : functions->SQLBrowseConnect != NULL
               : is_wide ? functions->SQLDriverConnectW != NULL
                         : functions->SQLDriverConnect != NULL;
    if (!has)
        error_set(error, ODBCSSL_ERROR_DRIVER_FUNCTION, "the real driver %s has no function %s%s",
                  connection->driver->path, is_browse ? "SQLBrowseConnect" : "SQLDriverConnect",
                  is_wide ? "W" : "");
    return has;
}

static SQLRETURN call_driver(struct connection *connection, const struct connect_request *request,
                             const char *text, struct attempt *attempt)
{
    if (!has_function(connection, request, &attempt->error))
        return SQL_ERROR;
    if (strlen(text) > SHRT_MAX) {
        error_set(&attempt->error, ODBCSSL_ERROR_CONNECTION_STRING,
                  "the connection string for the real driver has %zu bytes, more than the %d that "
                  "ODBC can pass",
                  strlen(text), SHRT_MAX);
        return SQL_ERROR;
    }
    if (request->flavour == FLAVOUR_WIDE)
        return call_wide(connection, request, text, attempt);
    return call_ansi(connection, request, text, attempt);
}

/* A first call gives the driver its settings; a later round of SQLBrowseConnect, what was asked
 * for. */
static char *make_text(struct link *link, const struct connect_request *request, bool is_first,
                       struct error *error)
{
    bool is_wide = request->flavour == FLAVOUR_WIDE;
    if (!is_first)
        return profile_browse_string(link->profile, request->settings, is_wide, error);
    const struct relay_endpoint endpoint = transport_endpoint(&link->transport);
    return profile_connection_string(link->profile, &link->settings, &link->target, &endpoint,
                                     is_wide, error);
}

/* After every connect: only a session of ours counts, whatever the driver says. One that was
 * carried and that the driver has left for another is none. */
static void check_carried(struct connection *connection, struct attempt *attempt)
{
    struct link *link = connection->link;
    attempt->outcome =
        transport_outcome(&link->transport, &attempt->report, &attempt->warnings, &attempt->error);
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
    if (!attempt_is_connected(attempt))
        return;
    if (attempt->outcome == SESSION_CARRIED) {
        error_clear(&attempt->error);
        if (transport_is_alive(&link->transport, &attempt->error))
            return;
    }
    struct guard *outer = guard_enter(connection->guard);
    connection->driver->functions->SQLDisconnect(connection->handle.real);
    guard_leave(outer);
    attempt->result = SQL_ERROR;
    error_set(&attempt->error, ODBCSSL_ERROR_DRIVER_BYPASSED,
              "the real driver %s connected, but not through the TLS session of odbcssl to %s:%u: "
              "the connection was closed. Something in its own configuration or environment leads "
              "it elsewhere",
              link->driver->path, link->target.host, link->target.port);
    attempt->outcome = SESSION_LOST;
}

void attempt_abandon(struct connection *connection)
{
    connection_free_real(connection);
    transport_close(&connection->link->transport);
}

void attempt_run(struct connection *connection, const struct connect_request *request,
                 enum proto_plan plan, struct attempt *attempt)
{
    struct link *link = connection->link;
    bool is_first = connection->handle.real == NULL;
    char *text = NULL;
    attempt->result = SQL_ERROR;
    attempt->outcome = SESSION_LOST;
    if ((!is_first || link_start_transport(link, plan, &attempt->error)) &&
        (text = make_text(link, request, is_first, &attempt->error)) != NULL &&
        (!is_first || connection_new_real(connection, link->driver, &attempt->error) != NULL)) {
        struct guard *outer = guard_enter(connection->guard);
        attempt->result = call_driver(connection, request, text, attempt);
        guard_leave(outer);
        if (!error_is_set(&attempt->error) && attempt->result != SQL_NEED_DATA)
            check_carried(connection, attempt);
    }
    text_free_secret(text);
}
