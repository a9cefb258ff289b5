/* fake_ansi.c - the ANSI twins of the fake real driver. */
#include "support/fake_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

EXPORT SQLRETURN SQLDriverConnect(SQLHDBC handle, SQLHWND window, SQLCHAR *in,
                                  SQLSMALLINT in_length, SQLCHAR *out, SQLSMALLINT out_size,
                                  SQLSMALLINT *out_length, SQLUSMALLINT completion)
{
    (void)window;
    (void)in_length;
    (void)out;
    (void)out_size;
    (void)out_length;
    fake_note("SQLDriverConnect %d\n", completion);
    return fake_connect_to(handle, (const char *)in);
}

EXPORT SQLRETURN SQLGetDiagRec(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number,
                               SQLCHAR *sqlstate, SQLINTEGER *native, SQLCHAR *message,
                               SQLSMALLINT size, SQLSMALLINT *length)
{
    const struct record *record = fake_find_record(kind, handle, number);
    if (record == NULL)
        return SQL_NO_DATA;
    memcpy(sqlstate, record->sqlstate, sizeof record->sqlstate);
    *native = record->native;
    int written = snprintf((char *)message, (size_t)size, "%s", record->text);
    if (length != NULL)
        *length = (SQLSMALLINT)written;
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLGetDiagField(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number,
                                 SQLSMALLINT field, SQLPOINTER value, SQLSMALLINT size,
                                 SQLSMALLINT *length)
{
    const struct record *record = fake_find_record(kind, handle, number);
    (void)length;
    if (number == 0 && field == SQL_DIAG_ROW_COUNT) {
        *(SQLLEN *)value = 17;
        return SQL_SUCCESS;
    }
    if (record == NULL)
        return SQL_NO_DATA;
    if (field != SQL_DIAG_SQLSTATE)
        return SQL_ERROR;
    snprintf(value, (size_t)size, "%s", record->sqlstate);
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLGetInfo(SQLHDBC handle, SQLUSMALLINT type, SQLPOINTER value, SQLSMALLINT size,
                            SQLSMALLINT *length)
{
    fake_enter(handle, SQL_HANDLE_DBC);
    const char *text = fake_info_text(type);
    if (text == NULL) {
        memset(value, 0, sizeof(SQLUINTEGER));
        return SQL_SUCCESS;
    }
    int written = snprintf(value, (size_t)size, "%s", text);
    if (length != NULL)
        *length = (SQLSMALLINT)written;
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLSetConnectAttr(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value,
                                   SQLINTEGER length)
{
    return fake_set_connection_attribute(handle, "SQLSetConnectAttr", attribute, value, length);
}

EXPORT SQLRETURN SQLGetConnectAttr(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value,
                                   SQLINTEGER size, SQLINTEGER *length)
{
    (void)size;
    (void)length;
    return fake_get_connection_attribute(handle, attribute, value);
}

EXPORT SQLRETURN SQLGetStmtAttr(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value,
                                SQLINTEGER size, SQLINTEGER *length)
{
    (void)size;
    (void)length;
    return fake_get_statement_attribute(handle, attribute, value);
}

EXPORT SQLRETURN SQLSetStmtAttr(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value,
                                SQLINTEGER length)
{
    (void)length;
    return fake_set_statement_attribute(handle, attribute, value);
}

static SQLRETURN run_narrow(SQLHSTMT handle, const char *name, const SQLCHAR *text,
                            SQLINTEGER length)
{
    struct fake_handle *fake = fake_enter(handle, SQL_HANDLE_STMT);
    char *copy = length == SQL_NTS ? strdup((const char *)text)
                                   : strndup((const char *)text, (size_t)length);
    fake_note("%s\n", name);
    SQLRETURN outcome = fake_keep_statement(fake, copy);
    free(copy);
    return outcome;
}

EXPORT SQLRETURN SQLExecDirect(SQLHSTMT handle, SQLCHAR *text, SQLINTEGER length)
{
    return run_narrow(handle, "SQLExecDirect", text, length);
}

EXPORT SQLRETURN SQLPrepare(SQLHSTMT handle, SQLCHAR *text, SQLINTEGER length)
{
    return run_narrow(handle, "SQLPrepare", text, length);
}

EXPORT SQLRETURN SQLGetDescField(SQLHDESC handle, SQLSMALLINT record, SQLSMALLINT field,
                                 SQLPOINTER value, SQLINTEGER size, SQLINTEGER *length)
{
    (void)record;
    (void)size;
    (void)length;
    if (fake_enter(handle, SQL_HANDLE_DESC) == NULL)
        return SQL_INVALID_HANDLE;
    fake_note("SQLGetDescField %d\n", field);
    *(SQLINTEGER *)value = 23;
    return SQL_SUCCESS;
}
