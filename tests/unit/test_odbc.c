/* The entry points without a driver manager: what one does not let a test see. */
#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "odbcssl.h"
#include "support/odbc_fixture.h"
#include "support/stub_conn.h"
#include "support/suite.h"

CASE("lengths, truncation, and no prompt without a window")
{
    open_handles("fake.so");
    SQLCHAR out[16] = "";
    SQLSMALLINT length = 0;
    char text[4096];
    int size = snprintf(text, sizeof text, "Target=%s;UID=me", fake_path("fake.so"));
    strcat(text, "garbage behind the length");
    CHECK_NUMBER(SQLDriverConnect(connection, NULL, (SQLCHAR *)text, (SQLSMALLINT)size, out,
                                  sizeof out, &length, SQL_DRIVER_COMPLETE),
                 SQL_SUCCESS_WITH_INFO);
    text[size] = '\0';
    CHECK_TEXT(fake->connection_string, text);
    CHECK_CONTAINS(fake->calls, "SQLDriverConnect 0\n"); /* SQL_DRIVER_NOPROMPT: no window */
    CHECK_NUMBER(length, size + (int)strlen(";Out=1"));
    CHECK_NUMBER(strlen((char *)out), sizeof out - 1);
    CHECK_CONTAINS(record_of(SQL_HANDLE_DBC, connection, 1), "01004 909 [odbcssl] ");
    CHECK_NUMBER(connect_to(connection, "fake.so", ""), SQL_ERROR);
    CHECK_CONTAINS(record_of(SQL_HANDLE_DBC, connection, 1), "08002");
    close_handles();
    CHECK_NUMBER(fake->handles, 0);
}

CASE("wide output is counted in characters")
{
    open_handles("fake.so");
    SQLWCHAR out[8];
    SQLSMALLINT length = 0;
    char text[4096];
    int size = snprintf(text, sizeof text, "Target=%s;UID=\xC3\xA4", fake_path("fake.so"));
    size_t units;
    uint16_t *wide = text_to_utf16(text, (size_t)size, &units);
    CHECK_NUMBER(SQLDriverConnectW(connection, NULL, wide, (SQLSMALLINT)units, out, 8, &length,
                                   SQL_DRIVER_NOPROMPT),
                 SQL_SUCCESS_WITH_INFO);
    free(wide);
    CHECK_NUMBER(length, (int)units + 6); /* characters, not bytes */
    CHECK_NUMBER(out[7], 0);
    CHECK_NUMBER(out[6], '=');
    CHECK_CONTAINS(fake->calls, "SQLDriverConnectW");
    CHECK_CONTAINS(record_of_wide(SQL_HANDLE_DBC, connection, 1), "01004");
    close_handles();
}

CASE("a size without a buffer means nothing")
{
    open_handles("fake.so");
    SQLWCHAR out[8];
    const char *text = suite_text("Target=%s", fake_path("fake.so"));
    uint16_t *wide = text_to_utf16(text, strlen(text), NULL);
    CHECK_NUMBER(
        SQLDriverConnectW(connection, NULL, wide, SQL_NTS, out, SQL_NTS, NULL, SQL_DRIVER_NOPROMPT),
        SQL_ERROR);
    CHECK_CONTAINS(record_of_wide(SQL_HANDLE_DBC, connection, 1), "HY090");
    CHECK_NUMBER(SQLDriverConnectW(connection, NULL, wide, SQL_NTS, NULL, SQL_NTS, NULL,
                                   SQL_DRIVER_NOPROMPT),
                 SQL_SUCCESS);
    free(wide);
    close_handles();
}

CASE("a failure keeps our record and the real driver's")
{
    open_handles("fake.so");
    fake->refuses_connecting = 1;
    CHECK_NUMBER(connect_to(connection, "fake.so", ""), SQL_ERROR);
    CHECK_CONTAINS(record_of(SQL_HANDLE_DBC, connection, 1), "08001 302 [odbcssl] ");
    CHECK_TEXT(record_of(SQL_HANDLE_DBC, connection, 2), "28000 11 fake: no such user");
    CHECK_TEXT(record_of(SQL_HANDLE_DBC, connection, 3), "");
    CHECK_TEXT(record_of_wide(SQL_HANDLE_DBC, connection, 2), "28000 11 fake: no such user");
    fake->refuses_connecting = 0;
    CHECK_NUMBER(connect_to(connection, "fake.so", ""), SQL_SUCCESS); /* the same handle again */
    close_handles();
    CHECK_NUMBER(fake->handles, 0);
}

CASE("a failure is told in the application's character set")
{
    open_handles("fake.so");
    fake->refuses_connecting = 1;
    fake->refusal = "fake: M\xFCll"; /* Latin-1 for its wide function */
    CHECK_NUMBER(connect_to(connection, "fake.so", ""), SQL_ERROR);
    CHECK_TEXT(record_of(SQL_HANDLE_DBC, connection, 2), "28000 11 fake: M\xFCll");
    CHECK_NUMBER(connect_wide(connection, "fake.so", ""), SQL_ERROR);
    CHECK_TEXT(record_of_wide(SQL_HANDLE_DBC, connection, 2), "28000 11 fake: M\xC3\xBCll");
    close_handles();
}

CASE("SQLConnect becomes a connection string")
{
    open_handles("fake.so");
    const char *dsn = "x;y}z";
    CHECK_NUMBER(SQLConnect(connection, (SQLCHAR *)dsn, SQL_NTS, (SQLCHAR *)"", SQL_NTS,
                            (SQLCHAR *)"p}w;UIDXXX", 4),
                 SQL_ERROR);
    /* the stub finds no target, and says which string it got in no way: so through the target */
    SQLFreeHandle(SQL_HANDLE_DBC, connection);
    make_connection(&connection);
    dsn = suite_text("d};Target={%s};x={", fake_path("fake.so"));
    SQLConnect(connection, (SQLCHAR *)dsn, SQL_NTS, (SQLCHAR *)"", SQL_NTS, (SQLCHAR *)"p}w;UIDX",
               4);
    CHECK_CONTAINS(fake->connection_string, "DSN={d}};Target={/");
    CHECK_CONTAINS(fake->connection_string, "}};x={};PWD={p}}w;}");
    CHECK(strstr(fake->connection_string, "UID") == NULL);
    SQLDisconnect(connection);
    uint16_t *wide = text_to_utf16(dsn, strlen(dsn), NULL);
    SQLWCHAR user[] = {'m', 'e', 0};
    SQLConnectW(connection, wide, SQL_NTS, user, SQL_NTS, NULL, 0);
    free(wide);
    CHECK_CONTAINS(fake->calls, "SQLDriverConnectW 0\n");
    CHECK_CONTAINS(fake->connection_string, "}};x={};UID={me}");
    CHECK(strstr(fake->connection_string, "PWD") == NULL);
    close_handles();
}

CASE("SQLDisconnect ends statements and descriptors")
{
    SQLHDESC descriptor;
    open_statement("fake.so");
    CHECK_NUMBER(SQLAllocHandle(SQL_HANDLE_DESC, connection, &descriptor), SQL_SUCCESS);
    fake->disconnects_with_info = 1;
    CHECK_NUMBER(SQLDisconnect(connection), SQL_SUCCESS_WITH_INFO);
    CHECK_TEXT(record_of(SQL_HANDLE_DBC, connection, 1), "01002 9 fake: went with noise");
    CHECK_NUMBER(SQLCancel(statement), SQL_INVALID_HANDLE);
    CHECK_NUMBER(SQLCopyDesc(descriptor, descriptor), SQL_INVALID_HANDLE);
    CHECK_NUMBER(SQLDisconnect(connection), SQL_ERROR);
    CHECK_CONTAINS(record_of(SQL_HANDLE_DBC, connection, 1), "08003");
    close_handles();
}

CASE("nothing else works without a connection")
{
    SQLUINTEGER number;
    open_handles("fake.so");
    CHECK_NUMBER(SQLGetInfo(connection, SQL_SSL_STATE, &number, 0, NULL), SQL_ERROR);
    CHECK_CONTAINS(record_of(SQL_HANDLE_DBC, connection, 1), "08003 307 [odbcssl] ");
    CHECK_NUMBER(SQLAllocHandle(SQL_HANDLE_STMT, connection, &statement), SQL_ERROR);
    CHECK_NUMBER(SQLExecute(environment), SQL_INVALID_HANDLE);
    close_handles();
}

SUITE("connect", NULL, NULL)

CASE("implicit descriptors are the same each time, NULL resets")
{
    SQLHDESC first, again, explicit_one, now;
    open_statement("fake.so");
    for (SQLINTEGER i = SQL_ATTR_APP_ROW_DESC; i <= SQL_ATTR_IMP_PARAM_DESC; i++) {
        CHECK_NUMBER(SQLGetStmtAttr(statement, i, &first, 8, NULL), SQL_SUCCESS);
        CHECK_NUMBER(SQLGetStmtAttrW(statement, i, &again, 8, NULL), SQL_SUCCESS);
        CHECK(first == again && first != NULL);
        CHECK_NUMBER(SQLFreeHandle(SQL_HANDLE_DESC, first), SQL_ERROR);
    }
    SQLGetStmtAttr(statement, SQL_ATTR_APP_ROW_DESC, &first, 8, NULL);
    SQLAllocHandle(SQL_HANDLE_DESC, connection, &explicit_one);
    CHECK_NUMBER(SQLSetStmtAttr(statement, SQL_ATTR_APP_ROW_DESC, explicit_one, 0), SQL_SUCCESS);
    SQLGetStmtAttr(statement, SQL_ATTR_APP_ROW_DESC, &now, 8, NULL);
    CHECK(now == explicit_one);
    CHECK_NUMBER(SQLSetStmtAttr(statement, SQL_ATTR_APP_ROW_DESC, NULL, 0), SQL_SUCCESS);
    SQLGetStmtAttr(statement, SQL_ATTR_APP_ROW_DESC, &now, 8, NULL);
    CHECK(now == first);
    SQLINTEGER count = 0;
    CHECK_NUMBER(SQLGetDescField(first, 0, SQL_DESC_COUNT, &count, 0, NULL), SQL_SUCCESS);
    CHECK_NUMBER(count, 23);
    CHECK_NUMBER(SQLFreeHandle(SQL_HANDLE_DESC, explicit_one), SQL_SUCCESS);
    CHECK_NUMBER(SQLFreeHandle(SQL_HANDLE_STMT, statement), SQL_SUCCESS);
    close_handles();
    CHECK_NUMBER(fake->handles, 0);
}

static SQLHDESC descriptor_of_new;

static void allocate_another(void)
{
    SQLHSTMT another;
    SQLAllocHandle(SQL_HANDLE_STMT, connection, &another);
    SQLGetStmtAttr(another, SQL_ATTR_APP_ROW_DESC, &descriptor_of_new, 8, NULL);
}

/* In another thread a statement is allocated while a descriptor is freed; the real driver gives it
 * the memory of that. */
CASE("a descriptor that is being freed is no new statement's")
{
    SQLHDESC explicit_one;
    SQLINTEGER count = 0;
    open_statement("fake.so");
    SQLAllocHandle(SQL_HANDLE_DESC, connection, &explicit_one);
    fake->after_freeing_descriptor = allocate_another;
    CHECK_NUMBER(SQLFreeHandle(SQL_HANDLE_DESC, explicit_one), SQL_SUCCESS);
    fake->after_freeing_descriptor = NULL;
    CHECK_FATAL(descriptor_of_new != explicit_one);
    CHECK_NUMBER(SQLGetDescField(descriptor_of_new, 0, SQL_DESC_COUNT, &count, 0, NULL),
                 SQL_SUCCESS);
    CHECK_NUMBER(count, 23);
    close_handles();
    CHECK_NUMBER(fake->handles, 0);
}

/* As real drivers do: ODBC reference, SQLCopyDesc. */
CASE("what was wrong with a copy is told by its target")
{
    SQLHDESC source, target;
    open_statement("fake.so");
    SQLGetStmtAttr(statement, SQL_ATTR_APP_ROW_DESC, &source, 8, NULL);
    SQLGetStmtAttr(statement, SQL_ATTR_IMP_ROW_DESC, &target, 8, NULL);
    CHECK_NUMBER(SQLCopyDesc(source, target), SQL_ERROR);
    CHECK_TEXT(record_of(SQL_HANDLE_DESC, target, 1), "HY016 12 fake: it describes my rows");
    CHECK_TEXT(record_of_wide(SQL_HANDLE_DESC, target, 1), "HY016 12 fake: it describes my rows");
    CHECK_TEXT(record_of(SQL_HANDLE_DESC, source, 1), "");
    CHECK_NUMBER(SQLCopyDesc(target, source), SQL_SUCCESS);
    CHECK_TEXT(record_of(SQL_HANDLE_DESC, source, 1), "");
    close_handles();
}

CASE("descriptors of others are refused untouched")
{
    SQLHDESC descriptor, other_descriptor;
    SQLHDBC other;
    int foreign[64] = {0};
    open_statement("fake.so");
    fake_open("fakea.so");
    make_connection(&other);
    CHECK_NUMBER(connect_to(other, "fakea.so", ""), SQL_SUCCESS);
    SQLAllocHandle(SQL_HANDLE_DESC, connection, &descriptor);
    SQLAllocHandle(SQL_HANDLE_DESC, other, &other_descriptor);
    CHECK_NUMBER(SQLCopyDesc(descriptor, foreign), SQL_ERROR);
    CHECK_CONTAINS(record_of(SQL_HANDLE_DESC, descriptor, 1), "HY000 206 [odbcssl] ");
    CHECK_NUMBER(SQLCopyDesc(descriptor, other_descriptor), SQL_ERROR);
    CHECK_CONTAINS(record_of(SQL_HANDLE_DESC, descriptor, 1), "fakea.so");
    CHECK_CONTAINS(record_of(SQL_HANDLE_DESC, other_descriptor, 1), "fakea.so");
    CHECK_NUMBER(SQLCopyDesc(foreign, descriptor), SQL_INVALID_HANDLE);
    CHECK(strstr(fake->calls, "SQLCopyDesc") == NULL);
    CHECK_NUMBER(SQLSetStmtAttr(statement, SQL_ATTR_APP_ROW_DESC, foreign, 0), SQL_ERROR);
    CHECK_NUMBER(SQLSetStmtAttr(statement, SQL_ATTR_APP_ROW_DESC, other_descriptor, 0), SQL_ERROR);
    CHECK_CONTAINS(record_of(SQL_HANDLE_STMT, statement, 1), "HY000 206 [odbcssl] ");
    CHECK_NUMBER(SQLCopyDesc(descriptor, descriptor), SQL_SUCCESS);
    CHECK_CONTAINS(fake->calls, "SQLCopyDesc");
    SQLDisconnect(other);
    SQLFreeHandle(SQL_HANDLE_DBC, other);
    close_handles();
}

CASE("a statement that the real driver would not free stays")
{
    open_statement("fake.so");
    fake->refuses_freeing_statements = 1;
    CHECK_NUMBER(SQLFreeHandle(SQL_HANDLE_STMT, statement), SQL_ERROR);
    CHECK_TEXT(record_of(SQL_HANDLE_STMT, statement, 1), "HY010 3 fake: not now");
    CHECK_NUMBER(SQLCancel(statement), SQL_SUCCESS); /* it is still there */
    fake->refuses_freeing_statements = 0;
    CHECK_NUMBER(SQLFreeStmt(statement, SQL_DROP), SQL_SUCCESS);
    CHECK_NUMBER(SQLCancel(statement), SQL_INVALID_HANDLE);
    close_handles();
    CHECK_NUMBER(fake->handles, 0);
}

CASE("transactions end by connection")
{
    open_statement("fake.so");
    CHECK_NUMBER(SQLEndTran(SQL_HANDLE_DBC, connection, SQL_COMMIT), SQL_SUCCESS);
    CHECK_CONTAINS(fake->calls, "SQLEndTran 2 0\n");
    CHECK_NUMBER(SQLEndTran(SQL_HANDLE_ENV, environment, SQL_COMMIT), SQL_ERROR);
    CHECK_CONTAINS(record_of(SQL_HANDLE_ENV, environment, 1), "HYC00");
    CHECK_NUMBER(SQLEndTran(SQL_HANDLE_STMT, statement, SQL_COMMIT), SQL_INVALID_HANDLE);
    close_handles();
}

CASE("a handle is cancelled by the function that the real driver has")
{
    open_statement("fake.so");
    CHECK_NUMBER(SQLCancelHandle(SQL_HANDLE_STMT, statement), SQL_SUCCESS);
    CHECK_NUMBER(SQLCancelHandle(SQL_HANDLE_DBC, connection), SQL_ERROR);
    CHECK_CONTAINS(record_of(SQL_HANDLE_DBC, connection, 1), "IM001");
    CHECK_NUMBER(SQLCancelHandle(SQL_HANDLE_DBC, statement), SQL_INVALID_HANDLE);
    CHECK_NUMBER(SQLCancelHandle(SQL_HANDLE_ENV, environment), SQL_INVALID_HANDLE);
    close_handles();
}

SUITE("handles", NULL, NULL)

CASE("of a lost link: the server's words, then ours, until the next call")
{
    SQLINTEGER number = 0;
    SQLCHAR text[64];
    SQLRETURN outcome;
    open_statement("fake.so");
    setenv(STUB_CONN_BROKEN, "1", 1);
    CHECK_NUMBER(SQLExecDirect(statement, (SQLCHAR *)"fail", SQL_NTS), SQL_ERROR);
    unsetenv(STUB_CONN_BROKEN);
    for (int i = 0; i < 2; i++) { /* the driver manager reads them twice */
        CHECK_TEXT(record_of_wide(SQL_HANDLE_STMT, statement, 1), "42000 7 fake: first");
        CHECK_TEXT(record_of(SQL_HANDLE_STMT, statement, 2), "42S02 8 fake: second");
        CHECK_TEXT(record_of(SQL_HANDLE_STMT, statement, 3),
                   "08S01 304 [odbcssl] stub: the link broke");
        CHECK_TEXT(record_of(SQL_HANDLE_STMT, statement, 4), "");
    }
    SQLGetDiagField(SQL_HANDLE_STMT, statement, 0, SQL_DIAG_NUMBER, &number, 0, NULL);
    CHECK_NUMBER(number, 3);
    SQLGetDiagField(SQL_HANDLE_STMT, statement, 0, SQL_DIAG_RETURNCODE, &outcome, 0, NULL);
    CHECK_NUMBER(outcome, SQL_ERROR);
    SQLGetDiagField(SQL_HANDLE_STMT, statement, 3, SQL_DIAG_SQLSTATE, text, sizeof text, NULL);
    CHECK_TEXT((char *)text, "08S01");
    SQLGetDiagField(SQL_HANDLE_STMT, statement, 2, SQL_DIAG_SQLSTATE, text, sizeof text, NULL);
    CHECK_TEXT((char *)text, "42S02");
    SQLLEN row_count = 0;
    SQLGetDiagField(SQL_HANDLE_STMT, statement, 0, SQL_DIAG_ROW_COUNT, &row_count, 0, NULL);
    CHECK_NUMBER(row_count, 17);
    CHECK_NUMBER(SQLExecute(statement), SQL_SUCCESS);
    CHECK_TEXT(record_of(SQL_HANDLE_STMT, statement, 1), "");
    close_handles();
}

/* A real driver that only noticed the loss knows less than we do. */
CASE("of a lost link: ours first when the real driver only noticed it")
{
    open_statement("fake.so");
    setenv(STUB_CONN_BROKEN, "1", 1);
    CHECK_NUMBER(SQLExecDirect(statement, (SQLCHAR *)"lose", SQL_NTS), SQL_ERROR);
    unsetenv(STUB_CONN_BROKEN);
    CHECK_TEXT(record_of(SQL_HANDLE_STMT, statement, 1),
               "08S01 304 [odbcssl] stub: the link broke");
    CHECK_TEXT(record_of(SQL_HANDLE_STMT, statement, 2), "08S01 9 fake: no connection");
    CHECK_TEXT(record_of(SQL_HANDLE_STMT, statement, 3), "");
    close_handles();
}

/* SQLSTATE 00000 is psqlodbc's notice, and MariaDB's record of nothing. */
CASE("a notice is told, a record of nothing is not")
{
    open_statement("fake.so");
    CHECK_NUMBER(SQLExecDirect(statement, (SQLCHAR *)"notice", SQL_NTS), SQL_SUCCESS_WITH_INFO);
    CHECK_TEXT(record_of(SQL_HANDLE_STMT, statement, 1), "00000 1 fake: a notice");
    CHECK_NUMBER(SQLExecDirect(statement, (SQLCHAR *)"empty", SQL_NTS), SQL_SUCCESS);
    CHECK_TEXT(record_of(SQL_HANDLE_STMT, statement, 1), "");
    close_handles();
}

/* What the real driver said of a former call does not stand behind a record of ours. */
CASE("records of a former call are over")
{
    SQLCHAR text[4];
    open_handles("fake.so");
    CHECK_NUMBER(connect_to(connection, "fake.so", ""), SQL_SUCCESS);
    CHECK_NUMBER(SQLGetInfo(connection, SQL_SSL_PROTOCOL_A, text, sizeof text, NULL),
                 SQL_SUCCESS_WITH_INFO);
    CHECK_CONTAINS(record_of(SQL_HANDLE_DBC, connection, 1), "01004 909 [odbcssl] ");
    CHECK_TEXT(record_of(SQL_HANDLE_DBC, connection, 2), "");
    close_handles();
}

CASE("lengths are characters in records and bytes in fields")
{
    SQLCHAR small[12], sqlstate[6];
    SQLWCHAR wide[12];
    SQLINTEGER native;
    SQLSMALLINT length;
    const char whole[] = "[odbcssl] the real driver";
    open_statement("fake.so");
    CHECK_NUMBER(SQLBulkOperations(statement, SQL_ADD), SQL_ERROR);
    CHECK_CONTAINS(record_of(SQL_HANDLE_STMT, statement, 1), "IM001 202 [odbcssl] the real driver");
    CHECK_CONTAINS(record_of(SQL_HANDLE_STMT, statement, 1), "SQLBulkOperations");
    CHECK_NUMBER(SQLGetDiagRec(SQL_HANDLE_STMT, statement, 1, sqlstate, &native, small,
                               sizeof small, &length),
                 SQL_SUCCESS_WITH_INFO);
    SQLSMALLINT full = length;
    CHECK(strncmp((char *)small, whole, 11) == 0 && small[11] == '\0');
    CHECK_NUMBER(SQLGetDiagRec(SQL_HANDLE_STMT, statement, 1, NULL, NULL, NULL, 0, &length),
                 SQL_SUCCESS);
    CHECK_NUMBER(length, full);
    CHECK_NUMBER(SQLGetDiagRecW(SQL_HANDLE_STMT, statement, 1, NULL, NULL, wide, 12, &length),
                 SQL_SUCCESS_WITH_INFO);
    CHECK_NUMBER(length, full); /* characters */
    CHECK_NUMBER(wide[11], 0);
    CHECK_NUMBER(SQLGetDiagFieldW(SQL_HANDLE_STMT, statement, 1, SQL_DIAG_MESSAGE_TEXT, wide,
                                  sizeof wide, &length),
                 SQL_SUCCESS_WITH_INFO);
    CHECK_NUMBER(length, 2 * full); /* bytes */
    CHECK_NUMBER(wide[11], 0);
    CHECK_NUMBER(SQLGetDiagRec(SQL_HANDLE_STMT, statement, 0, NULL, NULL, NULL, 0, &length),
                 SQL_ERROR);
    close_handles();
}

/* The driver manager reads records with the wide functions whatever the application does. */
CASE("an ANSI driver's records are read wide")
{
    SQLWCHAR sqlstate[6];
    open_statement("fakea.so");
    CHECK_NUMBER(SQLExecDirect(statement, (SQLCHAR *)"fail", SQL_NTS), SQL_ERROR);
    CHECK_TEXT(record_of_wide(SQL_HANDLE_STMT, statement, 1), "42000 7 fake: first");
    CHECK_NUMBER(SQLGetDiagFieldW(SQL_HANDLE_STMT, statement, 2, SQL_DIAG_SQLSTATE, sqlstate,
                                  sizeof sqlstate, NULL),
                 SQL_SUCCESS);
    CHECK_NUMBER(sqlstate[3], '0');
    CHECK_NUMBER(SQLExecDirectW(statement, sqlstate, 1), SQL_ERROR);
    CHECK_CONTAINS(record_of(SQL_HANDLE_STMT, statement, 1), "SQLExecDirectW");
    close_handles();
}

SUITE("diagnostics", NULL, NULL)

CASE("numbers of the report")
{
    SQLINTEGER number = 0;
    SQLSMALLINT length = 0;
    open_statement("fake.so");
    CHECK_NUMBER(SQLGetInfo(connection, SQL_SSL_STATE, &number, 0, &length), SQL_SUCCESS);
    CHECK_NUMBER(number, ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_NUMBER(length, 4);
    CHECK_NUMBER(SQLGetInfoW(connection, SQL_SSL_PEER_DAYS_LEFT, &number, 0, NULL), SQL_SUCCESS);
    CHECK_NUMBER(number, -3);
    CHECK_NUMBER(SQLGetInfo(connection, SQL_SSL_STATE, NULL, 0, NULL), SQL_SUCCESS);
    close_handles();
}

static void check_text_item(SQLRETURN (*get)(SQLHDBC, SQLUSMALLINT, SQLPOINTER, SQLSMALLINT,
                                             SQLSMALLINT *))
{
    SQLCHAR narrow[64];
    SQLWCHAR wide[64];
    SQLSMALLINT length;
    CHECK_NUMBER(get(connection, SQL_SSL_PROTOCOL_A, narrow, sizeof narrow, &length), SQL_SUCCESS);
    CHECK_TEXT((char *)narrow, "TLSv1.3");
    CHECK_NUMBER(length, 7);
    CHECK_NUMBER(get(connection, SQL_SSL_PROTOCOL_W, wide, sizeof wide, &length), SQL_SUCCESS);
    CHECK_NUMBER(length, 14);
    CHECK(wide[0] == 'T' && wide[6] == '3' && wide[7] == 0);
    CHECK_NUMBER(get(connection, SQL_SSL_PROTOCOL_W, wide, 9, &length), SQL_SUCCESS_WITH_INFO);
    CHECK(length == 14 && wide[2] == 'S' && wide[3] == 0);
    CHECK_CONTAINS(record_of(SQL_HANDLE_DBC, connection, 1), "01004");
    CHECK_NUMBER(get(connection, SQL_SSL_PROTOCOL_A, narrow, 4, &length), SQL_SUCCESS_WITH_INFO);
    CHECK_TEXT((char *)narrow, "TLS");
    CHECK_NUMBER(length, 7);
    CHECK_NUMBER(get(connection, SQL_SSL_PROTOCOL_A, NULL, 0, &length), SQL_SUCCESS);
    CHECK_NUMBER(length, 7);
    CHECK_NUMBER(get(connection, SQL_SSL_PROTOCOL_A, narrow, 8, NULL), SQL_SUCCESS);
    CHECK_NUMBER(get(connection, SQL_SSL_PROTOCOL_A, narrow, -1, NULL), SQL_ERROR);
    CHECK_CONTAINS(record_of(SQL_HANDLE_DBC, connection, 1), "HY090");
}

CASE("texts of the report, by either entry point")
{
    open_statement("fake.so");
    check_text_item(SQLGetInfo);
    check_text_item(SQLGetInfoW);
    close_handles();
}

CASE("server name, driver name and handles")
{
    SQLCHAR text[64];
    SQLWCHAR wide[64];
    SQLHANDLE handle;
    open_handles("fake.so");
    CHECK_NUMBER(connect_to(connection, "fake.so", "ServerName=db1.example"), SQL_SUCCESS);
    SQLGetInfo(connection, SQL_SERVER_NAME, text, sizeof text, NULL);
    CHECK_TEXT((char *)text, "db1.example");
    SQLGetInfoW(connection, SQL_SERVER_NAME, wide, sizeof wide, NULL);
    CHECK(wide[0] == 'd' && wide[1] == 'b');
    SQLGetInfo(connection, SQL_DRIVER_NAME, text, sizeof text, NULL);
    CHECK_TEXT((char *)text, "fake.so");
    SQLGetInfo(connection, SQL_DRIVER_HDBC, &handle, sizeof handle, NULL);
    CHECK(handle == connection);
    SQLGetInfo(connection, SQL_DRIVER_HENV, &handle, sizeof handle, NULL);
    CHECK(handle == environment);
    SQLAllocHandle(SQL_HANDLE_STMT, connection, &statement);
    handle = statement;
    SQLGetInfo(connection, SQL_DRIVER_HSTMT, &handle, sizeof handle, NULL);
    CHECK(handle == statement);
    close_handles();
}

static bool has_function(SQLUSMALLINT number)
{
    SQLUSMALLINT bits[SQL_API_ODBC3_ALL_FUNCTIONS_SIZE], all[100], one;
    CHECK_NUMBER(SQLGetFunctions(connection, SQL_API_ODBC3_ALL_FUNCTIONS, bits), SQL_SUCCESS);
    CHECK_NUMBER(SQLGetFunctions(connection, number, &one), SQL_SUCCESS);
    bool is_there = SQL_FUNC_EXISTS(bits, number) == SQL_TRUE;
    CHECK_NUMBER(one, is_there);
    CHECK_NUMBER(SQLGetFunctions(connection, SQL_API_ALL_FUNCTIONS, all), SQL_SUCCESS);
    if (number < 100)
        CHECK_NUMBER(all[number], is_there);
    return is_there;
}

CASE("functions: claimed by the real driver and really there")
{
    open_statement("fake.so");
    CHECK(has_function(SQL_API_SQLEXECDIRECT));
    CHECK(has_function(SQL_API_SQLALLOCHANDLE));
    CHECK(has_function(SQL_API_SQLCONNECT));
    CHECK(!has_function(SQL_API_SQLBULKOPERATIONS)); /* claimed, and not there */
    CHECK(!has_function(SQL_API_SQLENDTRAN));        /* there, and not claimed */
    CHECK(!has_function(SQL_API_SQLERROR));          /* not ours */
    CHECK(has_function(SQL_API_SQLSETSCROLLOPTIONS));
    close_handles();
    open_handles("fakew.so");
    CHECK_NUMBER(connect_wide(connection, "fakew.so", ""), SQL_SUCCESS);
    CHECK(!has_function(SQL_API_SQLSETSCROLLOPTIONS)); /* claimed, and not there */
    close_handles();
}

CASE("a dead connection, by the link or the real driver")
{
    SQLUINTEGER dead = 7;
    open_statement("fake.so");
    CHECK_NUMBER(SQLGetConnectAttr(connection, SQL_ATTR_CONNECTION_DEAD, &dead, 4, NULL),
                 SQL_SUCCESS);
    CHECK_NUMBER(dead, SQL_CD_FALSE); /* the real driver does not know the attribute */
    fake->is_dead = SQL_CD_TRUE;
    SQLGetConnectAttrW(connection, SQL_ATTR_CONNECTION_DEAD, &dead, 4, NULL);
    CHECK_NUMBER(dead, SQL_CD_TRUE);
    fake->is_dead = SQL_CD_FALSE;
    setenv(STUB_CONN_BROKEN, "1", 1);
    SQLGetConnectAttr(connection, SQL_ATTR_CONNECTION_DEAD, &dead, 4, NULL);
    unsetenv(STUB_CONN_BROKEN);
    CHECK_NUMBER(dead, SQL_CD_TRUE);
    close_handles();
}

CASE("attributes reach the real driver before and after connecting")
{
    open_handles("fake.so");
    CHECK_NUMBER(SQLSetConnectAttr(connection, SQL_ATTR_LOGIN_TIMEOUT, (SQLPOINTER)5, 4),
                 SQL_SUCCESS);
    CHECK_NUMBER(SQLSetConnectAttr(connection, SQL_ATTR_ANSI_APP, (SQLPOINTER)SQL_AA_FALSE, 0),
                 SQL_SUCCESS);
    CHECK_NUMBER(connect_wide(connection, "fake.so", ""), SQL_SUCCESS);
    CHECK_CONTAINS(fake->calls, "SQLSetConnectAttr 103=5\nSQLSetConnectAttr 115=0\nSQLDriver");
    CHECK_NUMBER(SQLSetConnectAttr(connection, SQL_ATTR_RESET_CONNECTION, (SQLPOINTER)1, 0),
                 SQL_SUCCESS);
    CHECK_CONTAINS(fake->calls, "SQLSetConnectAttr 116=1\n");
    close_handles();
}

CASE("the application's ODBC version is echoed")
{
    SQLINTEGER version = 0;
    open_handles("fake.so");
    fake->refuses_odbc_380 = 1;
    CHECK_NUMBER(connect_to(connection, "fake.so", ""), SQL_SUCCESS);
    CHECK_CONTAINS(fake->calls, "SQLSetEnvAttr 200=3\n");
    SQLGetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, &version, 4, NULL);
    CHECK_NUMBER(version, 380);
    close_handles();
}

CASE("attributes of the environment that there are, and no others")
{
    static const struct {
        SQLINTEGER attribute;
        SQLINTEGER value;
        const char *refusal; /* of setting it; NULL: it is set */
        SQLINTEGER found;    /* -1: reading is refused as well */
    } rows[] = {
        {SQL_ATTR_ODBC_VERSION, SQL_OV_ODBC2, NULL, SQL_OV_ODBC2},
        {SQL_ATTR_ODBC_VERSION, 99, "HY024", SQL_OV_ODBC2},
        {SQL_ATTR_OUTPUT_NTS, SQL_TRUE, NULL, SQL_TRUE},
        {SQL_ATTR_OUTPUT_NTS, SQL_FALSE, "HYC00", SQL_TRUE},
        {SQL_ATTR_CONNECTION_POOLING, SQL_CP_ONE_PER_DRIVER, NULL, SQL_CP_OFF},
        {4711, 1, "HY092", -1},
    };
    open_handles("fake.so");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        SQLINTEGER found = -1;
        SQLRETURN outcome =
            SQLSetEnvAttr(environment, rows[i].attribute, (SQLPOINTER)(intptr_t)rows[i].value, 0);
        CHECK_NUMBER(outcome, rows[i].refusal == NULL ? SQL_SUCCESS : SQL_ERROR);
        if (rows[i].refusal != NULL)
            CHECK_CONTAINS(record_of(SQL_HANDLE_ENV, environment, 1), rows[i].refusal);
        outcome = SQLGetEnvAttr(environment, rows[i].attribute, &found, 4, NULL);
        CHECK_NUMBER(outcome, rows[i].found == -1 ? SQL_ERROR : SQL_SUCCESS);
        CHECK_NUMBER(found, rows[i].found);
    }
    CHECK_NUMBER(SQLSetEnvAttr(connection, SQL_ATTR_OUTPUT_NTS, NULL, 0), SQL_INVALID_HANDLE);
    close_handles();
}

SUITE("info", NULL, NULL)
