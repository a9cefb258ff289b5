/* fake_ansi.c - the ANSI functions of the fake real driver. */
#define CHARACTER SQLCHAR
#define NAME(function) function
#include "support/fake_texts.h"

static char *read_text(const SQLCHAR *text, SQLINTEGER length)
{
    return length == SQL_NTS ? strdup((const char *)text)
                             : strndup((const char *)text, (size_t)length);
}

static SQLSMALLINT write_text(const char *text, SQLCHAR *out, size_t size)
{
    return (SQLSMALLINT)snprintf((char *)out, size, "%s", text);
}

/* Here, so that fakew.so lacks it. */
EXPORT SQLRETURN SQLSetScrollOptions(SQLHSTMT handle, SQLUSMALLINT concurrency, SQLLEN keyset_size,
                                     SQLUSMALLINT rowset_size)
{
    if (fake_enter(handle, SQL_HANDLE_STMT) == NULL)
        return SQL_INVALID_HANDLE;
    fake_note("SQLSetScrollOptions %d %ld %d\n", concurrency, (long)keyset_size, rowset_size);
    return SQL_SUCCESS;
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
