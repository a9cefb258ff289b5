/*
 * cancel.c - SQLCancel, SQLCancelHandle, SQLEndTran: from the driver manager to the real driver,
 * the first two beside another function of the same statement.
 */
#include "odbc/call.h"

/* Cancelling may come from another thread, while the statement's function waits for the server, or
 * even after the statement was freed; so the handle is looked up first, and pinned for as long as
 * it takes. The record of a failure is the handle's, as in any other call; those that are there
 * stay, as they may be of the function that was cancelled. */
static SQLRETURN cancel(enum handle_kind kind, SQLHANDLE handle, bool is_by_handle)
{
    struct call call;
    struct handle *pinned = handle_pin(handle, kind);
    if (pinned == NULL)
        return SQL_INVALID_HANDLE;
    SQLRETURN outcome;
    if (!call_begin_beside(&call, kind, handle))
        outcome = call.outcome;
    else if (kind == HANDLE_CONNECTION || (is_by_handle && call.functions->SQLCancelHandle != NULL))
        outcome = CALL(&call, SQLCancelHandle, ((SQLSMALLINT)kind, call.real));
    else
        outcome = CALL(&call, SQLCancel, (call.real));
    handle_unpin(pinned);
    return outcome;
}

ENTRY SQLCancel(SQLHSTMT handle)
{
    return cancel(HANDLE_STATEMENT, handle, false);
}

ENTRY SQLCancelHandle(SQLSMALLINT handle_type, SQLHANDLE handle)
{
    if (handle_type != SQL_HANDLE_DBC && handle_type != SQL_HANDLE_STMT)
        return SQL_INVALID_HANDLE;
    return cancel((enum handle_kind)handle_type, handle, true);
}

/* The driver manager ends transactions connection by connection, and never comes with an
 * environment. */
ENTRY SQLEndTran(SQLSMALLINT handle_type, SQLHANDLE handle, SQLSMALLINT completion)
{
    struct call call;
    if (handle_type == SQL_HANDLE_DBC)
        return call_begin(&call, HANDLE_CONNECTION, handle)
                   ? CALL(&call, SQLEndTran, (SQL_HANDLE_DBC, call.real, completion))
                   : call.outcome;
    struct handle *environment =
        handle_type == SQL_HANDLE_ENV ? handle_begin(handle, HANDLE_ENVIRONMENT) : NULL;
    if (environment == NULL)
        return SQL_INVALID_HANDLE;
    return call_fail_state(environment, "HYC00",
                           "transactions are ended by connection, not by environment");
}
