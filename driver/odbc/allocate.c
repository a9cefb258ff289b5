/*
 * allocate.c - SQLAllocHandle, SQLFreeHandle, SQLFreeStmt: between the driver manager, which gets a
 * wrapper, and the real driver, whose handle is in it (dispatch/handles.h).
 */
#include "conn/conn.h"
#include "odbc/call.h"

/* No real handle yet: which real driver it is, only the connection string tells. */
static SQLRETURN allocate_connection(SQLHANDLE input, SQLHANDLE *out)
{
    struct handle *handle = handle_begin(input, HANDLE_ENVIRONMENT);
    if (handle == NULL)
        return SQL_INVALID_HANDLE;
    *out = connection_new((struct environment *)handle);
    return *out != SQL_NULL_HANDLE ? SQL_SUCCESS : call_fail_memory(handle);
}

/* Statements and explicit descriptors. */
static SQLRETURN allocate_child(SQLSMALLINT kind, SQLHANDLE input, SQLHANDLE *out)
{
    struct call call;
    SQLHANDLE real = SQL_NULL_HANDLE;
    if (!call_begin(&call, HANDLE_CONNECTION, input))
        return call.outcome;
    SQLRETURN outcome = CALL_REAL(&call, call.functions->SQLAllocHandle(kind, call.real, &real));
    if (!SQL_SUCCEEDED(outcome))
        return outcome;
    *out = child_new(call.connection, (enum handle_kind)kind, real);
    if (*out != SQL_NULL_HANDLE)
        return outcome;
    call.functions->SQLFreeHandle(kind, real);
    return call_fail_memory(call.handle);
}

ENTRY SQLAllocHandle(SQLSMALLINT handle_type, SQLHANDLE input_handle, SQLHANDLE *output_handle)
{
    if (output_handle == NULL)
        return SQL_ERROR;
    *output_handle = SQL_NULL_HANDLE;
    switch (handle_type) {
    case SQL_HANDLE_ENV:
        *output_handle = environment_new();
        return *output_handle != SQL_NULL_HANDLE ? SQL_SUCCESS : SQL_ERROR;
    case SQL_HANDLE_DBC:
        return allocate_connection(input_handle, output_handle);
    case SQL_HANDLE_STMT:
    case SQL_HANDLE_DESC:
        return allocate_child(handle_type, input_handle, output_handle);
    default:
        return SQL_ERROR;
    }
}

/* The driver manager frees a connection whose connecting failed without disconnecting it. */
static SQLRETURN free_connection(SQLHANDLE handle)
{
    struct handle *ours = handle_check(handle, HANDLE_CONNECTION);
    if (ours == NULL)
        return SQL_INVALID_HANDLE;
    struct connection *connection = (struct connection *)ours;
    handle_retire(ours);
    conn_abandon(connection);
    connection_free(connection);
    return SQL_SUCCESS;
}

/* Statements and explicit descriptors. A forked child only forgets them: the real driver might
 * close them on the parent's connection. */
static SQLRETURN free_child(enum handle_kind kind, SQLHANDLE handle)
{
    struct call call;
    if (!call_begin(&call, kind, handle)) {
        if (!call.is_forked)
            return call.outcome;
        child_free(call.handle);
        return SQL_SUCCESS;
    }
    if (kind == HANDLE_DESCRIPTOR && ((struct descriptor *)handle)->is_implicit)
        return call_fail_state(call.handle, "HY017",
                               "an implicit descriptor goes with its statement only");
    handle_retire(call.handle);
    SQLRETURN outcome =
        CALL_REAL(&call, call.functions->SQLFreeHandle((SQLSMALLINT)kind, call.real));
    if (SQL_SUCCEEDED(outcome))
        child_free(call.handle);
    else
        handle_restore(call.handle);
    return outcome;
}

ENTRY SQLFreeHandle(SQLSMALLINT handle_type, SQLHANDLE handle)
{
    switch (handle_type) {
    case SQL_HANDLE_ENV:
        if (handle_check(handle, HANDLE_ENVIRONMENT) == NULL)
            return SQL_INVALID_HANDLE;
        environment_free((struct environment *)handle);
        return SQL_SUCCESS;
    case SQL_HANDLE_DBC:
        return free_connection(handle);
    case SQL_HANDLE_STMT:
        return free_child(HANDLE_STATEMENT, handle);
    case SQL_HANDLE_DESC:
        return free_child(HANDLE_DESCRIPTOR, handle);
    default:
        return SQL_ERROR;
    }
}

ENTRY SQLFreeStmt(SQLHSTMT handle, SQLUSMALLINT option)
{
    struct call call;
    if (option == SQL_DROP)
        return free_child(HANDLE_STATEMENT, handle);
    if (!call_begin(&call, HANDLE_STATEMENT, handle))
        return call.outcome;
    return CALL(&call, SQLFreeStmt, (call.real, option));
}
