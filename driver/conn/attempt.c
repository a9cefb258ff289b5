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

/* For what the real driver returns as its own connection string. */
#define OUT_TEXT_SIZE 4096

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
 * for. */
void attempt_run(struct connection *connection, const struct connect_request *request,
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
