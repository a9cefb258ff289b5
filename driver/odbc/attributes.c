/*
 * attributes.c - attributes of environments, connections and statements.
 */
#include <stdint.h>

#include "odbc/call.h"

/* Most attributes are numbers, for which a function of the other flavour is as good. */
#define EITHER(call, name)                                                                         \
    ((call)->functions->name != NULL ? (call)->functions->name : (call)->functions->name##W)
#define PICK(call, flavour, name)                                                                  \
    ((flavour) == FLAVOUR_WIDE ? (call)->functions->name##W : (call)->functions->name)
#define PICK_OR_EITHER(call, flavour, name)                                                        \
    (PICK(call, flavour, name) != NULL ? PICK(call, flavour, name) : EITHER(call, name))

static SQLRETURN give_number(SQLPOINTER value, SQLINTEGER *length, SQLUINTEGER number)
{
    if (value != NULL)
        *(SQLUINTEGER *)value = number;
    if (length != NULL)
        *length = sizeof number;
    return SQL_SUCCESS;
}

static struct environment *begin_environment(SQLHENV handle)
{
    struct handle *ours = handle_check(handle, HANDLE_ENVIRONMENT);
    if (ours != NULL)
        handle_clear_records(ours);
    return (struct environment *)ours;
}

/* The application gets back the version it set, also when the real driver got another. */
ENTRY
SQLGetEnvAttr(SQLHENV handle, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER size,
              SQLINTEGER *length)
{
    (void)size;
    struct environment *environment = begin_environment(handle);
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

ENTRY
SQLSetEnvAttr(SQLHENV handle, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER length)
{
    (void)length;
    struct environment *environment = begin_environment(handle);
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
    struct handle *ours = handle_check(handle, HANDLE_CONNECTION);
    if (ours != NULL && ((struct connection *)ours)->is_connected &&
        call_is_lost((struct connection *)ours)) {
        handle_clear_records(ours);
        return give_number(value, length, SQL_CD_TRUE);
    }
    if (!call_begin(&call, HANDLE_CONNECTION, handle))
        return call.outcome;
    SQLUINTEGER answer[2] = {SQL_CD_FALSE}; /* room for a driver that writes an SQLULEN */
    if (EITHER(&call, SQLGetConnectAttr) == NULL ||
        !SQL_SUCCEEDED(
            CALL_REAL(&call, EITHER(&call, SQLGetConnectAttr)(call.real, SQL_ATTR_CONNECTION_DEAD,
                                                              answer, sizeof answer, length))))
        answer[0] = SQL_CD_FALSE;
    return give_number(value, NULL, answer[0]);
}

static SQLRETURN get_connection_attribute(SQLHDBC handle, enum flavour flavour,
                                          SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER size,
                                          SQLINTEGER *length)
{
    struct call call;
    if (attribute == SQL_ATTR_CONNECTION_DEAD)
        return get_connection_dead(handle, value, length);
    if (!call_begin(&call, HANDLE_CONNECTION, handle))
        return call.outcome;
    bool is_absent = attribute_is_number(attribute)
                         ? EITHER(&call, SQLGetConnectAttr) == NULL
                         : PICK(&call, flavour, SQLGetConnectAttr) == NULL;
    if (is_absent)
        return call_lacks_function(&call, flavour == FLAVOUR_WIDE ? "SQLGetConnectAttrW"
                                                                  : "SQLGetConnectAttr");
    return CALL_REAL(&call, PICK_OR_EITHER(&call, flavour, SQLGetConnectAttr)(call.real, attribute,
                                                                              value, size, length));
}

ENTRY
SQLGetConnectAttr(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER size,
                  SQLINTEGER *length)
{
    return get_connection_attribute(handle, FLAVOUR_ANSI, attribute, value, size, length);
}

ENTRY
SQLGetConnectAttrW(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER size,
                   SQLINTEGER *length)
{
    return get_connection_attribute(handle, FLAVOUR_WIDE, attribute, value, size, length);
}

/* Also SQL_ATTR_ANSI_APP, which comes just before connecting: the real driver gets it before its
 * own. */
static SQLRETURN save_attribute(struct connection *connection, enum flavour flavour,
                                SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER length)
{
    handle_clear_records(&connection->handle);
    if (!connection_save_attribute(connection, flavour, attribute, value, length))
        return call_fail_memory(&connection->handle);
    return SQL_SUCCESS;
}

static SQLRETURN set_connection_attribute(SQLHDBC handle, enum flavour flavour,
                                          SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER length)
{
    struct call call;
    struct connection *connection = (struct connection *)handle_check(handle, HANDLE_CONNECTION);
    if (connection != NULL && connection->driver == NULL)
        return save_attribute(connection, flavour, attribute, value, length);
    if (!call_begin(&call, HANDLE_CONNECTION, handle))
        return call.outcome;
    bool is_string = attribute_is_string(attribute, value, length);
    if (is_string && PICK(&call, flavour, SQLSetConnectAttr) == NULL)
        return call_lacks_function(&call, flavour == FLAVOUR_WIDE ? "SQLSetConnectAttrW"
                                                                  : "SQLSetConnectAttr");
    if (EITHER(&call, SQLSetConnectAttr) == NULL)
        return call_lacks_function(&call, "SQLSetConnectAttr");
    return CALL_REAL(&call, PICK_OR_EITHER(&call, flavour, SQLSetConnectAttr)(call.real, attribute,
                                                                              value, length));
}

ENTRY
SQLSetConnectAttr(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER length)
{
    return set_connection_attribute(handle, FLAVOUR_ANSI, attribute, value, length);
}

ENTRY
SQLSetConnectAttrW(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER length)
{
    return set_connection_attribute(handle, FLAVOUR_WIDE, attribute, value, length);
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
    SQLRETURN outcome = CALL_REAL(
        call, EITHER(call, SQLGetStmtAttr)(call->real, attribute, &real, SQL_IS_POINTER, NULL));
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

static SQLRETURN get_statement_attribute(SQLHSTMT handle, enum flavour flavour,
                                         SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER size,
                                         SQLINTEGER *length)
{
    struct call call;
    if (!call_begin(&call, HANDLE_STATEMENT, handle))
        return call.outcome;
    if (EITHER(&call, SQLGetStmtAttr) == NULL)
        return call_lacks_function(&call, "SQLGetStmtAttr");
    if (is_descriptor(attribute))
        return get_descriptor(&call, attribute, value, length);
    return CALL_REAL(&call, PICK_OR_EITHER(&call, flavour, SQLGetStmtAttr)(call.real, attribute,
                                                                           value, size, length));
}

ENTRY
SQLGetStmtAttr(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER size,
               SQLINTEGER *length)
{
    return get_statement_attribute(handle, FLAVOUR_ANSI, attribute, value, size, length);
}

ENTRY
SQLGetStmtAttrW(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER size,
                SQLINTEGER *length)
{
    return get_statement_attribute(handle, FLAVOUR_WIDE, attribute, value, size, length);
}

/* NULL means the implicit descriptor again; any other handle has to be one of this connection. */
static SQLRETURN set_descriptor(const struct call *call, SQLINTEGER attribute, SQLHDESC value)
{
    struct handle *pinned = NULL;
    if (value != SQL_NULL_HDESC) {
        pinned = handle_pin(value, HANDLE_DESCRIPTOR);
        if (pinned == NULL || call_connection_of(pinned) != call->connection) {
            struct error error = {0};
            error_set(&error, ODBCSSL_ERROR_FOREIGN_HANDLE,
                      "the descriptor belongs to another connection or another driver");
            if (pinned != NULL)
                handle_unpin(pinned);
            return call_fail(call->handle, &error);
        }
    }
    SQLHDESC real = pinned != NULL ? pinned->real : SQL_NULL_HDESC;
    SQLRETURN outcome =
        CALL_REAL(call, EITHER(call, SQLSetStmtAttr)(call->real, attribute, real, SQL_IS_POINTER));
    if (pinned != NULL)
        handle_unpin(pinned);
    return outcome;
}

static SQLRETURN set_statement_attribute(SQLHSTMT handle, enum flavour flavour,
                                         SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER length)
{
    struct call call;
    if (!call_begin(&call, HANDLE_STATEMENT, handle))
        return call.outcome;
    if (EITHER(&call, SQLSetStmtAttr) == NULL)
        return call_lacks_function(&call, "SQLSetStmtAttr");
    if (is_descriptor(attribute))
        return set_descriptor(&call, attribute, value);
    return CALL_REAL(
        &call, PICK_OR_EITHER(&call, flavour, SQLSetStmtAttr)(call.real, attribute, value, length));
}

ENTRY
SQLSetStmtAttr(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER length)
{
    return set_statement_attribute(handle, FLAVOUR_ANSI, attribute, value, length);
}

ENTRY
SQLSetStmtAttrW(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER length)
{
    return set_statement_attribute(handle, FLAVOUR_WIDE, attribute, value, length);
}
