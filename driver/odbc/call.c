/*
 * call.c - the frame of an entry point: which handle, is it usable, whose diagnostic records come
 * of it.
 */
#include "odbc/call.h"

#include <string.h>

#include "conn/conn.h"

SQLRETURN call_fail(struct handle *handle, const struct error *error)
{
    diagnostics_add(&handle->diagnostics, error);
    return SQL_ERROR;
}

SQLRETURN call_fail_state(struct handle *handle, const char *sqlstate, const char *text)
{
    diagnostics_add_state(&handle->diagnostics, sqlstate, text);
    return SQL_ERROR;
}

SQLRETURN call_fail_memory(struct handle *handle)
{
    struct error error = {0};
    error_set_memory(&error);
    return call_fail(handle, &error);
}

SQLRETURN call_lacks_function(const struct call *call, const char *name)
{
    struct error error = {0};
    error_set(&error, ODBCSSL_ERROR_DRIVER_FUNCTION, "the real driver %s has no function %s",
              call->connection->driver->path, name);
    return call_fail(call->handle, &error);
}

SQLRETURN call_warn_truncated(struct handle *handle, const char *what)
{
    struct error error = {0};
    error_set(&error, ODBCSSL_WARNING_TRUNCATED, "%s was cut to the size of the buffer", what);
    call_fail(handle, &error);
    return SQL_SUCCESS_WITH_INFO;
}

/* Errors are large, and most calls make none: this stays out of the way of those. */
static SQLRETURN fail_unusable(const struct call *call)
{
    struct error error = {0};
    if (!call->is_forked || !conn_is_forked(call->connection, &error))
        error_set(&error, ODBCSSL_ERROR_NOT_CONNECTED, "the connection is not open");
    return call_fail(call->handle, &error);
}

/* Whether the real driver may be called for call->handle. */
static bool begin(struct call *call)
{
    call->outcome = SQL_INVALID_HANDLE;
    call->is_forked = false;
    if (call->handle == NULL)
        return false;
    call->connection = call->handle->connection;
    call->real = call->handle->real;
    bool is_open = call->connection != NULL && call->connection->driver != NULL &&
                   call->real != SQL_NULL_HANDLE;
    call->is_forked = is_open && conn_is_forked(call->connection, NULL);
    if (!is_open || call->is_forked) {
        call->outcome = fail_unusable(call);
        return false;
    }
    call->functions = &call->connection->driver->functions;
    call->guard = guard_place();
    call->outer = *call->guard;
    return true;
}

bool call_begin(struct call *call, enum handle_kind kind, SQLHANDLE handle)
{
    call->handle = handle_begin(handle, kind);
    call->is_beside = false;
    return begin(call);
}

bool call_begin_beside(struct call *call, enum handle_kind kind, SQLHANDLE handle)
{
    call->handle = handle_check(handle, kind);
    call->is_beside = true;
    return begin(call);
}

void call_enter(const struct call *call)
{
    *call->guard = call->connection->guard;
}

/* What real drivers say when all they know is that the connection is gone, beside SQLSTATE class 08
 * and an unknown error: MariaDB's CR_SERVER_GONE_ERROR, CR_SERVER_LOST, CR_SERVER_LOST_EXTENDED,
 * and FreeTDS's SYBEREAD, SYBEWRIT, SYBESEOF, SYBEDDNE. */
static bool is_loss_only(const struct diagnostic *record)
{
    static const SQLINTEGER codes[] = {2006, 2013, 2055, 20004, 20006, 20017, 20047};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (record->native == codes[i])
            return true;
    bool is_unknown = strcmp(record->sqlstate, "HY000") == 0 && record->native == 0;
    return is_unknown || strncmp(record->sqlstate, "08", 2) == 0;
}

/* The server's last message comes first, as it does without us; a real driver that only noticed the
 * loss knows less than we do. While another function is in the real driver it is not asked. */
static void add_loss_record(const struct call *call)
{
    struct error error = {0};
    struct diagnostic record;
    if (!conn_is_broken(call->connection, &error) || !error_is_set(&error))
        return;
    diagnostics_add(&call->handle->diagnostics, &error);
    if (!call->is_beside &&
        real_diagnostic(call->connection->driver, call->handle->kind, call->real, 1, FLAVOUR_WIDE,
                        &record) &&
        !is_loss_only(&record))
        call->handle->order = RECORDS_REAL_THEN_OURS;
}

SQLRETURN call_end(const struct call *call, SQLRETURN outcome)
{
    *call->guard = call->outer;
    if (outcome == SQL_SUCCESS)
        return outcome;
    handle_take_outcome(call->handle, outcome);
    if (outcome == SQL_ERROR)
        add_loss_record(call);
    return outcome;
}
