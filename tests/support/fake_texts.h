/*
 * fake_texts.h - the functions with texts of the fake real driver, for fake_ansi.c and fake_wide.c:
 * they define CHARACTER, NAME(function), and read_text and write_text for their kind of text.
 */
#include "support/fake_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_(name) #name
#define WORD(name) WORD_(name)

/* New, in ANSI; length in characters or SQL_NTS. */
static char *read_text(const CHARACTER *text, SQLINTEGER length);

/* size in characters; returns the whole length. */
static SQLSMALLINT write_text(const char *text, CHARACTER *out, size_t size);

EXPORT SQLRETURN NAME(SQLDriverConnect)(SQLHDBC handle, SQLHWND window, CHARACTER *in,
                                        SQLSMALLINT in_length, CHARACTER *out, SQLSMALLINT out_size,
                                        SQLSMALLINT *out_length, SQLUSMALLINT completion)
{
    (void)window;
    (void)out;
    (void)out_size;
    (void)out_length;
    fake_note("%s %d\n", WORD(NAME(SQLDriverConnect)), completion);
    char *text = read_text(in, in_length);
    SQLRETURN outcome = fake_connect_to(handle, text);
    free(text);
    return outcome;
}

EXPORT SQLRETURN NAME(SQLGetDiagRec)(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number,
                                     CHARACTER *sqlstate, SQLINTEGER *native, CHARACTER *message,
                                     SQLSMALLINT size, SQLSMALLINT *length)
{
    const struct record *record = fake_find_record(kind, handle, number);
    fake_control()->asked++;
    if (record == NULL)
        return SQL_NO_DATA;
    write_text(record->sqlstate, sqlstate, sizeof record->sqlstate);
    *native = record->native;
    SQLSMALLINT written = write_text(record->text, message, (size_t)size);
    if (length != NULL)
        *length = written;
    return SQL_SUCCESS;
}

EXPORT SQLRETURN NAME(SQLGetDiagField)(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number,
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
    write_text(record->sqlstate, value, (size_t)size / sizeof(CHARACTER));
    return SQL_SUCCESS;
}

EXPORT SQLRETURN NAME(SQLGetInfo)(SQLHDBC handle, SQLUSMALLINT type, SQLPOINTER value,
                                  SQLSMALLINT size, SQLSMALLINT *length)
{
    fake_enter(handle, SQL_HANDLE_DBC);
    const char *text = fake_info_text(type);
    if (text == NULL) {
        memset(value, 0, sizeof(SQLUINTEGER));
        return SQL_SUCCESS;
    }
    SQLSMALLINT written = write_text(text, value, (size_t)size / sizeof(CHARACTER));
    if (length != NULL)
        *length = (SQLSMALLINT)(written * (SQLSMALLINT)sizeof(CHARACTER));
    return SQL_SUCCESS;
}

EXPORT SQLRETURN NAME(SQLSetConnectAttr)(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value,
                                         SQLINTEGER length)
{
    char *text = length == SQL_NTS ? read_text(value, SQL_NTS) : NULL;
    SQLRETURN outcome = fake_set_connection_attribute(
        handle, WORD(NAME(SQLSetConnectAttr)), attribute, text != NULL ? text : value, length);
    free(text);
    return outcome;
}

EXPORT SQLRETURN NAME(SQLGetConnectAttr)(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value,
                                         SQLINTEGER size, SQLINTEGER *length)
{
    (void)size;
    (void)length;
    return fake_get_connection_attribute(handle, attribute, value);
}

EXPORT SQLRETURN NAME(SQLGetStmtAttr)(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value,
                                      SQLINTEGER size, SQLINTEGER *length)
{
    (void)size;
    (void)length;
    return fake_get_statement_attribute(handle, attribute, value);
}

EXPORT SQLRETURN NAME(SQLSetStmtAttr)(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value,
                                      SQLINTEGER length)
{
    (void)length;
    return fake_set_statement_attribute(handle, attribute, value);
}

static SQLRETURN run_text(SQLHSTMT handle, const char *name, const CHARACTER *text,
                          SQLINTEGER length)
{
    struct fake_handle *fake = fake_enter(handle, SQL_HANDLE_STMT);
    char *copy = read_text(text, length);
    fake_note("%s\n", name);
    SQLRETURN outcome = fake_keep_statement(fake, copy);
    free(copy);
    return outcome;
}

EXPORT SQLRETURN NAME(SQLExecDirect)(SQLHSTMT handle, CHARACTER *text, SQLINTEGER length)
{
    return run_text(handle, WORD(NAME(SQLExecDirect)), text, length);
}

EXPORT SQLRETURN NAME(SQLPrepare)(SQLHSTMT handle, CHARACTER *text, SQLINTEGER length)
{
    return run_text(handle, WORD(NAME(SQLPrepare)), text, length);
}
