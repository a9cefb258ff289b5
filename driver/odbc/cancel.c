/*
 * cancel.c - SQLCancel, SQLCancelHandle, SQLEndTran.
 */
#include "odbc/call.h"

/* Cancelling may come from another thread, while the statement's function waits for the server, or
 * even after the statement was freed; so the handle is looked up first, and pinned for as long as
 * it takes. The record of a failure is the statement's, as in any other call; those that are there
 * stay, as they may be of the function that was cancelled. */
static SQLRETURN cancel_statement(SQLHSTMT handle, bool is_by_handle)
{
    struct call call;
    struct handle *pinned = handle_pin(handle, HANDLE_STATEMENT);
    if (pinned == NULL)
        return SQL_INVALID_HANDLE;
    SQLRETURN outcome;
    if (!call_begin_beside(&call, HANDLE_STATEMENT, handle))
        outcome = call.outcome;
    else if (is_by_handle && call.functions->SQLCancelHandle != NULL)
        outcome = CALL(&call, SQLCancelHandle, (SQL_HANDLE_STMT, call.real));
    else
        outcome = CALL(&call, SQLCancel, (call.real));
    handle_unpin(pinned);
    return outcome;
}

ENTRY SQLCancel(SQLHSTMT handle)
{
    return cancel_statement(handle, false);
}

static SQLRETURN cancel_connection(SQLHDBC handle)
{
    struct call call;
    struct handle *pinned = handle_pin(handle, HANDLE_CONNECTION);
    if (pinned == NULL)
        return SQL_INVALID_HANDLE;
    SQLRETURN outcome = call_begin_beside(&call, HANDLE_CONNECTION, handle)
                            ? CALL(&call, SQLCancelHandle, (SQL_HANDLE_DBC, call.real))
                            : call.outcome;
    handle_unpin(pinned);
    return outcome;
}

ENTRY SQLCancelHandle(SQLSMALLINT handle_type, SQLHANDLE handle)
{
    if (handle_type == SQL_HANDLE_DBC)
        return cancel_connection(handle);
    return handle_type == SQL_HANDLE_STMT ? cancel_statement(handle, true) : SQL_INVALID_HANDLE;
}

static SQLRETURN end_connection(SQLHDBC handle, SQLSMALLINT completion)
{
    struct call call;
    if (!call_begin(&call, HANDLE_CONNECTION, handle))
        return call.outcome;
    return CALL(&call, SQLEndTran, (SQL_HANDLE_DBC, call.real, completion));
}

/* The driver manager ends transactions connection by connection, and never comes with an
 * environment. */
ENTRY SQLEndTran(SQLSMALLINT handle_type, SQLHANDLE handle, SQLSMALLINT completion)
{
    if (handle_type == SQL_HANDLE_DBC)
        return end_connection(handle, completion);
    struct handle *environment = handle_check(handle, HANDLE_ENVIRONMENT);
    if (handle_type != SQL_HANDLE_ENV || environment == NULL)
        return SQL_INVALID_HANDLE;
    handle_clear_records(environment);
    return call_fail_state(environment, "HYC00",
                           "transactions are ended by connection, not by environment");
}
