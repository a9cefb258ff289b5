/* odbc_fixture.c - handles of the driver without a driver manager. */
#include "support/odbc_fixture.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "support/suite.h"

SQLHENV environment;
SQLHDBC connection;
SQLHSTMT statement;
struct fake_control *fake;

void make_connection(SQLHDBC *out)
{
    CHECK_NUMBER(SQLAllocHandle(SQL_HANDLE_DBC, environment, out), SQL_SUCCESS);
}

SQLRETURN connect_to(SQLHDBC to, const char *name, const char *more)
{
    char text[4096];
    snprintf(text, sizeof text, "Target=%s;%s", fake_path(name), more);
    return SQLDriverConnect(to, NULL, (SQLCHAR *)text, SQL_NTS, NULL, 0, NULL, SQL_DRIVER_COMPLETE);
}

SQLRETURN connect_wide(SQLHDBC to, const char *name, const char *more)
{
    char text[4096];
    snprintf(text, sizeof text, "Target=%s;%s", fake_path(name), more);
    uint16_t *wide = text_to_utf16(text, strlen(text), NULL);
    SQLRETURN outcome =
        SQLDriverConnectW(to, NULL, wide, SQL_NTS, NULL, 0, NULL, SQL_DRIVER_NOPROMPT);
    free(wide);
    return outcome;
}

/* An environment and a connection handle to a fresh fake real driver. */
void open_handles(const char *name)
{
    fake = fake_open(name);
    CHECK_NUMBER(SQLAllocHandle(SQL_HANDLE_ENV, NULL, &environment), SQL_SUCCESS);
    CHECK_NUMBER(SQLSetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3_80, 0),
                 SQL_SUCCESS);
    make_connection(&connection);
}

void open_statement(const char *name)
{
    open_handles(name);
    CHECK_NUMBER(connect_to(connection, name, ""), SQL_SUCCESS);
    CHECK_NUMBER(SQLAllocHandle(SQL_HANDLE_STMT, connection, &statement), SQL_SUCCESS);
}

void close_handles(void)
{
    SQLDisconnect(connection);
    CHECK_NUMBER(SQLFreeHandle(SQL_HANDLE_DBC, connection), SQL_SUCCESS);
    CHECK_NUMBER(SQLFreeHandle(SQL_HANDLE_ENV, environment), SQL_SUCCESS);
}

/* Record number of a handle: "SQLSTATE native text", or "" when there is none. */
const char *record_of(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number)
{
    static char out[1024];
    SQLCHAR sqlstate[6], text[512];
    SQLINTEGER native;
    out[0] = '\0';
    if (SQL_SUCCEEDED(
            SQLGetDiagRec(kind, handle, number, sqlstate, &native, text, sizeof text, NULL)))
        snprintf(out, sizeof out, "%s %d %s", sqlstate, (int)native, text);
    return out;
}

const char *record_of_wide(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number)
{
    static char out[1024];
    SQLWCHAR sqlstate[6], text[512];
    SQLINTEGER native;
    out[0] = '\0';
    if (!SQL_SUCCEEDED(SQLGetDiagRecW(kind, handle, number, sqlstate, &native, text, 512, NULL)))
        return out;
    char *state = text_to_utf8(sqlstate, 5, NULL);
    char *words = text_to_utf8(text, text_utf16_length(text), NULL);
    snprintf(out, sizeof out, "%s %d %s", state, (int)native, words);
    free(state);
    free(words);
    return out;
}
