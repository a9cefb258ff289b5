/* fake_wide.c - the wide twins of the fake real driver. */
#include "support/fake_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *narrow(const SQLWCHAR *text, SQLINTEGER length)
{
    SQLINTEGER count = 0;
    while (length == SQL_NTS ? text[count] != 0 : count < length)
        count++;
    char *out = calloc(1, (size_t)count + 1);
    for (SQLINTEGER i = 0; i < count; i++)
        out[i] = text[i] < 0x80 ? (char)text[i] : '?';
    return out;
}

/* size in characters; returns the whole length. */
static SQLSMALLINT widen(const char *text, SQLWCHAR *out, size_t size)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < size && i <= length; i++)
        out[i] = i == length || i + 1 == size ? 0 : (unsigned char)text[i];
    return (SQLSMALLINT)length;
}

EXPORT SQLRETURN SQLDriverConnectW(SQLHDBC handle, SQLHWND window, SQLWCHAR *in,
                                   SQLSMALLINT in_length, SQLWCHAR *out, SQLSMALLINT out_size,
                                   SQLSMALLINT *out_length, SQLUSMALLINT completion)
{
    (void)window;
    (void)out;
    (void)out_size;
    (void)out_length;
    fake_note("SQLDriverConnectW %d\n", completion);
    char *text = narrow(in, in_length);
    SQLRETURN outcome = fake_connect_to(handle, text);
    free(text);
    return outcome;
}

EXPORT SQLRETURN SQLGetDiagRecW(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number,
                                SQLWCHAR *sqlstate, SQLINTEGER *native, SQLWCHAR *message,
                                SQLSMALLINT size, SQLSMALLINT *length)
{
    const struct record *record = fake_find_record(kind, handle, number);
    if (record == NULL)
        return SQL_NO_DATA;
    widen(record->sqlstate, sqlstate, sizeof record->sqlstate);
    *native = record->native;
    SQLSMALLINT written = widen(record->text, message, (size_t)size);
    if (length != NULL)
        *length = written;
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLGetDiagFieldW(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number,
                                  SQLSMALLINT field, SQLPOINTER value, SQLSMALLINT size,
                                  SQLSMALLINT *length)
{
    const struct record *record = fake_find_record(kind, handle, number);
    (void)length;
    if (record == NULL)
        return SQL_NO_DATA;
    if (field != SQL_DIAG_SQLSTATE)
        return SQL_ERROR;
    widen(record->sqlstate, value, (size_t)size / sizeof(SQLWCHAR));
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLGetInfoW(SQLHDBC handle, SQLUSMALLINT type, SQLPOINTER value, SQLSMALLINT size,
                             SQLSMALLINT *length)
{
    fake_enter(handle, SQL_HANDLE_DBC);
    const char *text = fake_info_text(type);
    if (text == NULL) {
        memset(value, 0, sizeof(SQLUINTEGER));
        return SQL_SUCCESS;
    }
    SQLSMALLINT written = widen(text, value, (size_t)size / sizeof(SQLWCHAR));
    if (length != NULL)
        *length = (SQLSMALLINT)(written * (SQLSMALLINT)sizeof(SQLWCHAR));
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLSetConnectAttrW(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value,
                                    SQLINTEGER length)
{
    if (length != SQL_NTS)
        return fake_set_connection_attribute(handle, "SQLSetConnectAttrW", attribute, value,
                                             length);
    char *text = narrow(value, SQL_NTS);
    SQLRETURN outcome =
        fake_set_connection_attribute(handle, "SQLSetConnectAttrW", attribute, text, SQL_NTS);
    free(text);
    return outcome;
}

EXPORT SQLRETURN SQLGetConnectAttrW(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value,
                                    SQLINTEGER size, SQLINTEGER *length)
{
    (void)size;
    (void)length;
    return fake_get_connection_attribute(handle, attribute, value);
}

EXPORT SQLRETURN SQLGetStmtAttrW(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value,
                                 SQLINTEGER size, SQLINTEGER *length)
{
    (void)size;
    (void)length;
    return fake_get_statement_attribute(handle, attribute, value);
}

EXPORT SQLRETURN SQLSetStmtAttrW(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value,
                                 SQLINTEGER length)
{
    (void)length;
    return fake_set_statement_attribute(handle, attribute, value);
}

static SQLRETURN run_wide(SQLHSTMT handle, const char *name, const SQLWCHAR *text,
                          SQLINTEGER length)
{
    struct fake_handle *fake = fake_enter(handle, SQL_HANDLE_STMT);
    char *copy = narrow(text, length);
    fake_note("%s\n", name);
    SQLRETURN outcome = fake_keep_statement(fake, copy);
    free(copy);
    return outcome;
}

EXPORT SQLRETURN SQLExecDirectW(SQLHSTMT handle, SQLWCHAR *text, SQLINTEGER length)
{
    return run_wide(handle, "SQLExecDirectW", text, length);
}

EXPORT SQLRETURN SQLPrepareW(SQLHSTMT handle, SQLWCHAR *text, SQLINTEGER length)
{
    return run_wide(handle, "SQLPrepareW", text, length);
}
