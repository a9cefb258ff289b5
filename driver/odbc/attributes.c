/*
 * attributes.c - attributes of environments, which stay here, of connections, which wait for the
 * real driver until there is one, and of statements, whose descriptors come back wrapped.
 */
#include <stdint.h>

#include "conn/conn.h"
#include "odbc/call.h"

/* Most attributes are numbers, for which a function of the other flavour is as good. */
#define EITHER(call, flavour, name) EITHER_FLAVOUR((call)->functions, flavour, name)

static SQLRETURN give_number(SQLPOINTER value, SQLINTEGER *length, SQLUINTEGER number)
{
    if (value != NULL)
        *(SQLUINTEGER *)value = number;
    if (length != NULL)
        *length = sizeof number;
    return SQL_SUCCESS;
}

/* The application gets back the version it set, also when the real driver got another. */
ENTRY SQLGetEnvAttr(SQLHENV handle, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER size,
                    SQLINTEGER *length)
{
    (void)size;
    struct environment *environment =
        (struct environment *)handle_begin(handle, HANDLE_ENVIRONMENT);
    if (environment == NULL)
        return SQL_INVALID_HANDLE;
    switch (attribute) {
    case SQL_ATTR_ODBC_VERSION:
        return give_number(value, length, (SQLUINTEGER)environment->odbc_version);
    case SQL_ATTR_OUTPUT_NTS:
        return give_number(value, length, SQL_TRUE);
    case SQL_ATTR_CONNECTION_POOLING:
    case SQL_ATTR_CP_MATCH:
        return give_number(value, length, 0);
    default:
        return call_fail_state(&environment->handle, "HY092", "unknown environment attribute");
    }
}

ENTRY SQLSetEnvAttr(SQLHENV handle, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER length)
{
    (void)length;
    struct environment *environment =
        (struct environment *)handle_begin(handle, HANDLE_ENVIRONMENT);
    SQLUINTEGER number = (SQLUINTEGER)(uintptr_t)value;
    if (environment == NULL)
        return SQL_INVALID_HANDLE;
    switch (attribute) {
    case SQL_ATTR_ODBC_VERSION:
        if (number != SQL_OV_ODBC2 && number != SQL_OV_ODBC3 && number != SQL_OV_ODBC3_80)
            return call_fail_state(&environment->handle, "HY024", "unknown ODBC version");
        environment->odbc_version = (SQLINTEGER)number;
        return SQL_SUCCESS;
    case SQL_ATTR_OUTPUT_NTS:
        if (number != SQL_TRUE)
            return call_fail_state(&environment->handle, "HYC00", "strings are always terminated");
        return SQL_SUCCESS;
    case SQL_ATTR_CONNECTION_POOLING: /* the driver manager's */
    case SQL_ATTR_CP_MATCH:
        return SQL_SUCCESS;
    default:
        return call_fail_state(&environment->handle, "HY092", "unknown environment attribute");
    }
}

/* Asked with the driver manager's pool locked: no input or output of ours. */
static SQLRETURN get_connection_dead(SQLHDBC handle, SQLPOINTER value, SQLINTEGER *length)
{
    struct call call;
    bool is_begun = call_begin(&call, HANDLE_CONNECTION, handle);
    if (!is_begun && !call.is_forked)
        return call.outcome;
    if (call.is_forked ||
        (call.connection->is_connected && conn_is_broken(call.connection, NULL))) {
        handle_clear_records(call.handle);
        return give_number(value, length, SQL_CD_TRUE);
    }
    SQLUINTEGER answer[2] = {SQL_CD_FALSE}; /* room for a driver that writes an SQLULEN */
    enum flavour flavour = EITHER(&call, FLAVOUR_ANSI, SQLGetConnectAttr);
    if (!HAS_FLAVOUR(call.functions, flavour, SQLGetConnectAttr) ||
        !SQL_SUCCEEDED(
            CALL_TEXT(&call, flavour, SQLGetConnectAttr,
                      (call.real, SQL_ATTR_CONNECTION_DEAD, answer, sizeof answer, length))))
        answer[0] = SQL_CD_FALSE;
    return give_number(value, NULL, answer[0]);
}

SQLRETURN shared_SQLGetConnectAttr(enum flavour flavour, SQLHDBC handle, SQLINTEGER attribute,
                                   SQLPOINTER value, SQLINTEGER size, SQLINTEGER *length)
{
    struct call call;
    if (attribute == SQL_ATTR_CONNECTION_DEAD)
        return get_connection_dead(handle, value, length);
    if (!call_begin(&call, HANDLE_CONNECTION, handle))
        return call.outcome;
    if (attribute_is_number(attribute))
        flavour = EITHER(&call, flavour, SQLGetConnectAttr);
    return CALL_TEXT(&call, flavour, SQLGetConnectAttr,
                     (call.real, attribute, value, size, length));
}

/* Before connecting an attribute is kept: also SQL_ATTR_ANSI_APP, which comes just before, as the
 * real driver gets it before its own. */
SQLRETURN shared_SQLSetConnectAttr(enum flavour flavour, SQLHDBC handle, SQLINTEGER attribute,
                                   SQLPOINTER value, SQLINTEGER length)
{
    struct call call;
    struct connection *connection = (struct connection *)handle_check(handle, HANDLE_CONNECTION);
    if (connection != NULL && connection->driver == NULL) {
        handle_clear_records(&connection->handle);
        return connection_save_attribute(connection, flavour, attribute, value, length)
                   ? SQL_SUCCESS
                   : call_fail_memory(&connection->handle);
    }
    if (!call_begin(&call, HANDLE_CONNECTION, handle))
        return call.outcome;
    if (!attribute_is_string(attribute, value, length))
        flavour = EITHER(&call, flavour, SQLSetConnectAttr);
    return CALL_TEXT(&call, flavour, SQLSetConnectAttr, (call.real, attribute, value, length));
}

static bool is_descriptor(SQLINTEGER attribute)
{
    return attribute >= SQL_ATTR_APP_ROW_DESC &&
           attribute < SQL_ATTR_APP_ROW_DESC + IMPLICIT_DESCRIPTORS;
}

/* The real driver's descriptor, as the wrapper that the driver manager knows or will know. */
static SQLRETURN get_descriptor(const struct call *call, SQLINTEGER attribute, SQLPOINTER value,
                                SQLINTEGER *length)
{
    SQLHDESC real = SQL_NULL_HDESC;
    SQLRETURN outcome = CALL_TEXT(call, EITHER(call, FLAVOUR_ANSI, SQLGetStmtAttr), SQLGetStmtAttr,
                                  (call->real, attribute, &real, SQL_IS_POINTER, NULL));
    if (!SQL_SUCCEEDED(outcome))
        return outcome;
    struct descriptor *descriptor = statement_wrap_descriptor(
        (struct statement *)call->handle, (unsigned)(attribute - SQL_ATTR_APP_ROW_DESC), real);
    if (descriptor == NULL)
        return call_fail_memory(call->handle);
    if (value != NULL)
        *(SQLHDESC *)value = descriptor;
    if (length != NULL)
        *length = sizeof(SQLHDESC);
    return outcome;
}

SQLRETURN shared_SQLGetStmtAttr(enum flavour flavour, SQLHSTMT handle, SQLINTEGER attribute,
                                SQLPOINTER value, SQLINTEGER size, SQLINTEGER *length)
{
    struct call call;
    if (!call_begin(&call, HANDLE_STATEMENT, handle))
        return call.outcome;
    if (is_descriptor(attribute))
        return get_descriptor(&call, attribute, value, length);
    return CALL_TEXT(&call, EITHER(&call, flavour, SQLGetStmtAttr), SQLGetStmtAttr,
                     (call.real, attribute, value, size, length));
}

/* NULL means the implicit descriptor again; any other handle has to be one of this connection. */
static SQLRETURN set_descriptor(const struct call *call, SQLINTEGER attribute, SQLHDESC value)
{
    struct error error;
    SQLRETURN outcome;
    struct handle *pinned = handle_pin(value, HANDLE_DESCRIPTOR);
    SQLHDESC real = pinned != NULL ? pinned->real : SQL_NULL_HDESC;
    if (value != SQL_NULL_HDESC && (pinned == NULL || pinned->connection != call->connection)) {
        error_clear(&error);
        error_set(&error, ODBCSSL_ERROR_FOREIGN_HANDLE,
                  "the descriptor belongs to another connection or another driver");
        outcome = call_fail(call->handle, &error);
    } else {
        outcome = CALL_TEXT(call, EITHER(call, FLAVOUR_ANSI, SQLSetStmtAttr), SQLSetStmtAttr,
                            (call->real, attribute, real, SQL_IS_POINTER));
    }
    if (pinned != NULL)
        handle_unpin(pinned);
    return outcome;
}

SQLRETURN shared_SQLSetStmtAttr(enum flavour flavour, SQLHSTMT handle, SQLINTEGER attribute,
                                SQLPOINTER value, SQLINTEGER length)
{
    struct call call;
    if (!call_begin(&call, HANDLE_STATEMENT, handle))
        return call.outcome;
    if (is_descriptor(attribute))
        return set_descriptor(&call, attribute, value);
    return CALL_TEXT(&call, EITHER(&call, flavour, SQLSetStmtAttr), SQLSetStmtAttr,
                     (call.real, attribute, value, length));
}
