/* The ODBC interface as the driver manager uses it, over fake real drivers. */
#include <pthread.h>
#include <sched.h>
#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "odbcssl.h"
#include "support/fake_driver.h"
#include "support/private_odbc.h"
#include "support/stub_conn.h"
#include "support/suite.h"

static SQLHENV environment;
static SQLHDBC connection;
static SQLHSTMT statement;
static struct fake_control *fake;

static int add_source(const char *name, const char *driver, const char *target)
{
    return private_odbc_add_sources("[%s]\nDriver = %s\nTarget = %s\nServerName = db1.example\n",
                                    name, driver, target)
               ? 0
               : -1;
}

static int set_up(void)
{
    if (!private_odbc_make())
        return -1;
    if (!private_odbc_add_drivers("[wide]\nDriver = %s\n", fake_path("stub.so")) ||
        !private_odbc_add_drivers("[ansi]\nDriver = %s\n", fake_path("stuba.so")))
        return -1;
    return add_source("both", "wide", fake_path("fake.so")) +
           add_source("wide_over_ansi", "wide", fake_path("fakea.so")) +
           add_source("ansi_over_ansi", "ansi", fake_path("fakea.so")) +
           add_source("ansi_over_both", "ansi", fake_path("fake.so")) +
           add_source("ansi_over_wide", "ansi", fake_path("fakew.so")) +
           add_source("wide_over_wide", "wide", fake_path("fakew.so")) +
           add_source("itself", "wide", fake_path("stub.so")) +
           add_source("nowhere", "wide", "/nonexistent/driver.so");
}

static void open_environment(const char *name)
{
    fake = fake_open(name);
    CHECK_NUMBER(SQLAllocHandle(SQL_HANDLE_ENV, NULL, &environment), SQL_SUCCESS);
    SQLSetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    CHECK_NUMBER(SQLAllocHandle(SQL_HANDLE_DBC, environment, &connection), SQL_SUCCESS);
}

static SQLRETURN connect_ansi(const char *dsn)
{
    return SQLDriverConnect(connection, NULL, (SQLCHAR *)suite_text("DSN=%s;UID=me", dsn), SQL_NTS,
                            NULL, 0, NULL, SQL_DRIVER_NOPROMPT);
}

static SQLRETURN connect_wide(const char *dsn)
{
    const char *text = suite_text("DSN=%s;UID=me", dsn);
    uint16_t *wide = text_to_utf16(text, strlen(text), NULL);
    SQLRETURN outcome =
        SQLDriverConnectW(connection, NULL, wide, SQL_NTS, NULL, 0, NULL, SQL_DRIVER_NOPROMPT);
    free(wide);
    return outcome;
}

static void open_statement(const char *dsn, const char *name)
{
    open_environment(name);
    CHECK_NUMBER(connect_ansi(dsn), SQL_SUCCESS);
    CHECK_NUMBER(SQLAllocHandle(SQL_HANDLE_STMT, connection, &statement), SQL_SUCCESS);
}

static void close_handles(void)
{
    SQLDisconnect(connection);
    CHECK_NUMBER(SQLFreeHandle(SQL_HANDLE_DBC, connection), SQL_SUCCESS);
    CHECK_NUMBER(SQLFreeHandle(SQL_HANDLE_ENV, environment), SQL_SUCCESS);
    CHECK_NUMBER(fake->handles, 0);
}

static const char *record_of(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number)
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

CASE("an ANSI application stays ANSI")
{
    open_statement("both", "fake.so");
    CHECK_CONTAINS(fake->calls, "SQLDriverConnect 0\n");
    CHECK_NUMBER(SQLExecDirect(statement, (SQLCHAR *)"select 1", SQL_NTS), SQL_SUCCESS);
    CHECK_CONTAINS(fake->calls, "SQLExecDirect\n");
    CHECK(strstr(fake->calls, "SQLExecDirectW") == NULL);
    close_handles();
}

CASE("a Unicode application stays wide")
{
    SQLWCHAR select[] = {'s', 0};
    open_environment("fake.so");
    CHECK_NUMBER(connect_wide("both"), SQL_SUCCESS);
    CHECK_CONTAINS(fake->calls, "SQLSetConnectAttr 115=0\nSQLDriverConnectW 0\n");
    SQLAllocHandle(SQL_HANDLE_STMT, connection, &statement);
    CHECK_NUMBER(SQLExecDirectW(statement, select, SQL_NTS), SQL_SUCCESS);
    CHECK_CONTAINS(fake->calls, "SQLExecDirectW\n");
    close_handles();
}

CASE("SQLSetScrollOptions is the real driver's, and the driver manager's where that has none")
{
    open_statement("both", "fake.so");
    CHECK_NUMBER(SQLSetScrollOptions(statement, SQL_CONCUR_READ_ONLY, SQL_SCROLL_STATIC, 7),
                 SQL_SUCCESS);
    CHECK_CONTAINS(fake->calls, "SQLSetScrollOptions 1 -3 7\n");
    close_handles();
    open_environment("fakew.so");
    CHECK_NUMBER(connect_wide("wide_over_wide"), SQL_SUCCESS);
    SQLAllocHandle(SQL_HANDLE_STMT, connection, &statement);
    SQLSetScrollOptions(statement, SQL_CONCUR_READ_ONLY, SQL_SCROLL_STATIC, 7);
    CHECK_TEXT(record_of(SQL_HANDLE_STMT, statement, 1),
               "HYC00 0 [unixODBC][Driver Manager]Driver not capable");
    close_handles();
}

CASE("SQLConnect brings DSN, user and password")
{
    open_environment("fake.so");
    CHECK_NUMBER(SQLConnect(connection, (SQLCHAR *)"both", SQL_NTS, (SQLCHAR *)"me", SQL_NTS,
                            (SQLCHAR *)"p}w", SQL_NTS),
                 SQL_SUCCESS);
    CHECK_TEXT(fake->connection_string, "DSN={both};UID={me};PWD={p}}w}");
    close_handles();
}

CASE("the ANSI library serves a Unicode application")
{
    SQLWCHAR select[] = {'s', 'e', 'l', 0};
    open_environment("fakea.so");
    CHECK_NUMBER(connect_wide("ansi_over_ansi"), SQL_SUCCESS);
    CHECK_CONTAINS(fake->calls, "SQLDriverConnect 0\n");
    SQLAllocHandle(SQL_HANDLE_STMT, connection, &statement);
    CHECK_NUMBER(SQLExecDirectW(statement, select, SQL_NTS), SQL_SUCCESS);
    CHECK_TEXT(fake->statement, "sel");
    close_handles();
}

CASE("the ANSI library stays ANSI over any real driver")
{
    open_environment("fake.so");
    CHECK_NUMBER(connect_wide("ansi_over_both"), SQL_SUCCESS);
    CHECK_CONTAINS(fake->calls, "SQLDriverConnect 0\n");
    CHECK(strstr(fake->calls, "SQLDriverConnectW") == NULL);
    close_handles();
}

CASE("an ANSI real driver under the Unicode library")
{
    open_statement("wide_over_ansi", "fakea.so"); /* an ANSI application can */
    CHECK_NUMBER(SQLExecDirect(statement, (SQLCHAR *)"fail", SQL_NTS), SQL_ERROR);
    CHECK_CONTAINS(record_of(SQL_HANDLE_STMT, statement, 1), "42000 7 fake: first");
    close_handles();
    open_environment("fakea.so");
    CHECK_NUMBER(connect_wide("wide_over_ansi"), SQL_ERROR);
    CHECK_CONTAINS(record_of(SQL_HANDLE_DBC, connection, 1), "IM001 202 [odbcssl] ");
    CHECK_CONTAINS(record_of(SQL_HANDLE_DBC, connection, 1), "use libodbcssla.so");
    close_handles();
}

CASE("a wide real driver under the ANSI library")
{
    open_environment("fakew.so");
    CHECK_NUMBER(connect_ansi("ansi_over_wide"), SQL_ERROR);
    CHECK_CONTAINS(record_of(SQL_HANDLE_DBC, connection, 1), "IM001 202 [odbcssl] ");
    CHECK_CONTAINS(record_of(SQL_HANDLE_DBC, connection, 1), "libodbcssl.so");
    close_handles();
}

SUITE("flavours", NULL, NULL)

static void check_load_failure(const char *dsn, const char *part)
{
    open_environment("fake.so");
    CHECK_NUMBER(connect_ansi(dsn), SQL_ERROR);
    CHECK_CONTAINS(record_of(SQL_HANDLE_DBC, connection, 1), "IM003 201 [odbcssl] ");
    CHECK_CONTAINS(record_of(SQL_HANDLE_DBC, connection, 1), part);
    close_handles();
}

CASE("a real driver that cannot be loaded")
{
    check_load_failure("nowhere", "/nonexistent/driver.so");
    check_load_failure("itself", "odbcssl itself");
}

/* The driver manager sorts by SQLSTATE, the highest first. */
CASE("a failed connecting, and another try")
{
    open_environment("fake.so");
    fake->refuses_connecting = 1;
    CHECK_NUMBER(connect_ansi("both"), SQL_ERROR);
    CHECK_TEXT(record_of(SQL_HANDLE_DBC, connection, 1), "28000 11 fake: no such user");
    CHECK_CONTAINS(record_of(SQL_HANDLE_DBC, connection, 2), "08001 302 [odbcssl] ");
    fake->refuses_connecting = 0;
    CHECK_NUMBER(connect_ansi("both"), SQL_SUCCESS);
    close_handles();
}

CASE("a statement's records, again and again")
{
    SQLINTEGER number = 0;
    open_statement("both", "fake.so");
    setenv(STUB_CONN_BROKEN, "1", 1);
    CHECK_NUMBER(SQLExecDirect(statement, (SQLCHAR *)"fail", SQL_NTS), SQL_ERROR);
    unsetenv(STUB_CONN_BROKEN);
    for (int i = 0; i < 2; i++) {
        CHECK_TEXT(record_of(SQL_HANDLE_STMT, statement, 1), "42000 7 fake: first");
        CHECK_TEXT(record_of(SQL_HANDLE_STMT, statement, 2), "42S02 8 fake: second");
        CHECK_CONTAINS(record_of(SQL_HANDLE_STMT, statement, 3), "08S01 304 [odbcssl] ");
        CHECK_TEXT(record_of(SQL_HANDLE_STMT, statement, 4), "");
    }
    SQLGetDiagField(SQL_HANDLE_STMT, statement, 0, SQL_DIAG_NUMBER, &number, 0, NULL);
    CHECK_NUMBER(number, 3);
    CHECK_NUMBER(SQLExecDirect(statement, (SQLCHAR *)"warn", SQL_NTS), SQL_SUCCESS_WITH_INFO);
    CHECK_TEXT(record_of(SQL_HANDLE_STMT, statement, 1), "01000 2 fake: a warning");
    close_handles();
}

CASE("functions that the real driver lacks")
{
    SQLUSMALLINT supported = 7;
    open_statement("both", "fake.so");
    CHECK_NUMBER(SQLGetFunctions(connection, SQL_API_SQLEXECDIRECT, &supported), SQL_SUCCESS);
    CHECK_NUMBER(supported, SQL_TRUE);
    CHECK_NUMBER(SQLGetFunctions(connection, SQL_API_SQLSETPOS, &supported), SQL_SUCCESS);
    CHECK_NUMBER(supported, SQL_FALSE);
    CHECK_NUMBER(SQLTables(statement, NULL, 0, NULL, 0, NULL, 0, NULL, 0), SQL_ERROR);
    CHECK_CONTAINS(record_of(SQL_HANDLE_STMT, statement, 1), "IM001");
    close_handles();
    SQLWCHAR name[2] = {'x', 0};
    open_environment("fake.so");
    connect_wide("both");
    SQLAllocHandle(SQL_HANDLE_STMT, connection, &statement);
    /* the driver manager masks ANSI functions only: the wide one comes through */
    CHECK_NUMBER(SQLTablesW(statement, NULL, 0, NULL, 0, name, SQL_NTS, NULL, 0), SQL_ERROR);
    CHECK_CONTAINS(record_of(SQL_HANDLE_STMT, statement, 1), "IM001 202 [odbcssl] ");
    CHECK_CONTAINS(record_of(SQL_HANDLE_STMT, statement, 1), "SQLTablesW");
    close_handles();
}

SUITE("errors", NULL, NULL)

CASE("descriptors, implicit and explicit")
{
    SQLHDESC descriptor, implicit, now;
    SQLINTEGER count = 0;
    open_statement("both", "fake.so");
    SQLGetStmtAttr(statement, SQL_ATTR_APP_ROW_DESC, &implicit, 0, NULL);
    CHECK_NUMBER(SQLAllocHandle(SQL_HANDLE_DESC, connection, &descriptor), SQL_SUCCESS);
    CHECK_NUMBER(SQLSetStmtAttr(statement, SQL_ATTR_APP_ROW_DESC, descriptor, 0), SQL_SUCCESS);
    SQLGetStmtAttr(statement, SQL_ATTR_APP_ROW_DESC, &now, 0, NULL);
    CHECK(now == descriptor);
    CHECK_NUMBER(SQLGetDescField(implicit, 0, SQL_DESC_COUNT, &count, 0, NULL), SQL_SUCCESS);
    CHECK_NUMBER(count, 23);
    CHECK_NUMBER(SQLCopyDesc(implicit, descriptor), SQL_SUCCESS);
    CHECK_NUMBER(SQLSetStmtAttr(statement, SQL_ATTR_APP_ROW_DESC, NULL, 0), SQL_SUCCESS);
    CHECK_NUMBER(SQLFreeHandle(SQL_HANDLE_DESC, descriptor), SQL_SUCCESS);
    CHECK_NUMBER(SQLFreeHandle(SQL_HANDLE_STMT, statement), SQL_SUCCESS);
    close_handles();
}

CASE("attributes set before connecting")
{
    open_environment("fake.so");
    SQLSetConnectAttr(connection, SQL_ATTR_LOGIN_TIMEOUT, (SQLPOINTER)7, 0);
    SQLSetConnectAttr(connection, 0x4001, (SQLPOINTER)9, SQL_IS_INTEGER);
    SQLSetConnectAttr(connection, 0x4002, (SQLPOINTER) "text", SQL_NTS);
    CHECK_NUMBER(connect_ansi("both"), SQL_SUCCESS);
    CHECK_CONTAINS(fake->calls, "SQLSetConnectAttr 103=7\nSQLSetConnectAttr 16386='text'\n"
                                "SQLSetConnectAttr 16385=9\nSQLDriverConnect");
    close_handles();
}

CASE("two DSNs with different real drivers")
{
    SQLHDBC other;
    struct fake_control *other_fake = fake_open("fakea.so");
    open_statement("both", "fake.so");
    SQLHDBC first = connection;
    CHECK_NUMBER(SQLAllocHandle(SQL_HANDLE_DBC, environment, &other), SQL_SUCCESS);
    connection = other;
    CHECK_NUMBER(connect_ansi("wide_over_ansi"), SQL_SUCCESS);
    CHECK_NUMBER(fake->connections, 1);
    CHECK_NUMBER(other_fake->connections, 1);
    CHECK_NUMBER(SQLExecDirect(statement, (SQLCHAR *)"select 1", SQL_NTS), SQL_SUCCESS);
    CHECK_TEXT(fake->statement, "select 1");
    CHECK_TEXT(other_fake->statement, "");
    SQLDisconnect(other);
    SQLFreeHandle(SQL_HANDLE_DBC, other);
    connection = first;
    close_handles();
    CHECK_NUMBER(other_fake->handles, 0);
}

CASE("SQLGetInfo")
{
    SQLUINTEGER state = 0;
    SQLCHAR text[64];
    SQLWCHAR wide[64];
    SQLSMALLINT length = 0;
    open_environment("fake.so");
    CHECK_NUMBER(connect_wide("both"), SQL_SUCCESS);
    CHECK_NUMBER(SQLGetInfo(connection, SQL_SSL_STATE, &state, sizeof state, NULL), SQL_SUCCESS);
    CHECK_NUMBER(state, ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_NUMBER(SQLGetInfo(connection, SQL_SSL_PROTOCOL_A, text, sizeof text, &length),
                 SQL_SUCCESS);
    CHECK_TEXT((char *)text, "TLSv1.3");
    CHECK_NUMBER(length, 7);
    CHECK_NUMBER(SQLGetInfoW(connection, SQL_SSL_PROTOCOL_W, wide, sizeof wide, &length),
                 SQL_SUCCESS);
    CHECK(wide[6] == '3' && length == 14);
    CHECK_NUMBER(SQLGetInfo(connection, SQL_SERVER_NAME, text, sizeof text, NULL), SQL_SUCCESS);
    CHECK_TEXT((char *)text, "db1.example");
    CHECK_NUMBER(SQLGetInfo(connection, SQL_DRIVER_NAME, text, sizeof text, NULL), SQL_SUCCESS);
    CHECK_TEXT((char *)text, "fake.so");
    close_handles();
}

CASE("{call odbcssl_status}, executed and prepared")
{
    open_statement("both", "fake.so");
    CHECK_NUMBER(SQLExecDirect(statement, (SQLCHAR *)"{call odbcssl_status}", SQL_NTS),
                 SQL_SUCCESS);
    CHECK_CONTAINS(fake->statement, "SELECT CAST(E'SQL_SSL_SUMMARY' AS varchar(32)) AS name");
    CHECK_NUMBER(SQLPrepare(statement, (SQLCHAR *)"call odbcssl_status;", SQL_NTS), SQL_SUCCESS);
    CHECK_NUMBER(SQLExecute(statement), SQL_SUCCESS);
    CHECK_CONTAINS(fake->statement, "SELECT CAST(E'SQL_SSL_SUMMARY' AS varchar(32)) AS name");
    close_handles();
}

static void *run_blocking(void *handle)
{
    return (void *)(intptr_t)SQLExecDirect(handle, (SQLCHAR *)"block", SQL_NTS);
}

CASE("SQLCancel from another thread")
{
    pthread_t thread;
    void *outcome;
    open_statement("both", "fake.so");
    pthread_create(&thread, NULL, run_blocking, statement);
    while (fake->blocked == 0)
        sched_yield();
    CHECK_NUMBER(SQLCancel(statement), SQL_SUCCESS);
    pthread_join(thread, &outcome);
    CHECK_NUMBER((intptr_t)outcome, SQL_ERROR);
    CHECK_TEXT(record_of(SQL_HANDLE_STMT, statement, 1), "HY008 4 fake: cancelled");
    close_handles();
}

CASE("disconnecting with everything left open")
{
    SQLHSTMT more;
    SQLHDESC descriptor;
    open_statement("both", "fake.so");
    SQLAllocHandle(SQL_HANDLE_STMT, connection, &more);
    SQLAllocHandle(SQL_HANDLE_DESC, connection, &descriptor);
    close_handles(); /* which checks that the real driver has no handle left */
}

SUITE("use", NULL, NULL)

int main(int argc, char **argv)
{
    /* once for all suites: the driver manager keeps to the first configuration that it sees */
    int outcome = set_up() == 0 ? suite_main(argc, argv) : EXIT_FAILURE;
    private_odbc_remove();
    return outcome;
}
