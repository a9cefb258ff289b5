/* The driver manager's connection pool, which is switched on for a whole process. */
#include <sql.h>
#include <sqlext.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/fake_driver.h"
#include "support/private_odbc.h"
#include "support/stub_conn.h"
#include "support/suite.h"

static struct fake_control *fake;
static SQLHENV environment;

static int set_up(void)
{
    if (!private_odbc_make() ||
        !private_odbc_add_drivers("[ODBC]\nPooling = Yes\n[wide]\nDriver = %s\nCPTimeout = 60\n",
                                  fake_path("stub.so")) ||
        !private_odbc_add_sources("[both]\nDriver = wide\nTarget = %s\n", fake_path("fake.so")))
        return -1;
    SQLSetEnvAttr(NULL, SQL_ATTR_CONNECTION_POOLING, (SQLPOINTER)SQL_CP_ONE_PER_HENV, 0);
    SQLAllocHandle(SQL_HANDLE_ENV, NULL, &environment);
    SQLSetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    fake = fake_open("fake.so");
    fake->is_dead = SQL_CD_FALSE;
    return 0;
}

static int tear_down(void)
{
    SQLFreeHandle(SQL_HANDLE_ENV, environment);
    private_odbc_remove();
    return 0;
}

/* Connects, runs a statement, disconnects. */
static void use_connection(void)
{
    SQLHDBC connection;
    SQLHSTMT statement;
    SQLCHAR text[] = "DSN=both;UID=me";
    CHECK_NUMBER(SQLAllocHandle(SQL_HANDLE_DBC, environment, &connection), SQL_SUCCESS);
    CHECK(SQL_SUCCEEDED(
        SQLDriverConnect(connection, NULL, text, SQL_NTS, NULL, 0, NULL, SQL_DRIVER_NOPROMPT)));
    CHECK_NUMBER(SQLAllocHandle(SQL_HANDLE_STMT, connection, &statement), SQL_SUCCESS);
    CHECK_NUMBER(SQLExecDirect(statement, (SQLCHAR *)"select 1", SQL_NTS), SQL_SUCCESS);
    CHECK_NUMBER(SQLFreeHandle(SQL_HANDLE_STMT, statement), SQL_SUCCESS);
    CHECK_NUMBER(SQLDisconnect(connection), SQL_SUCCESS);
    CHECK_NUMBER(SQLFreeHandle(SQL_HANDLE_DBC, connection), SQL_SUCCESS);
}

CASE("a pooled connection is used again")
{
    use_connection();
    CHECK_NUMBER(fake->connections, 1);
    use_connection();
    CHECK_NUMBER(fake->connections, 1);
}

/* The pool asks for SQL_ATTR_CONNECTION_DEAD, and connects anew when the link broke. */
CASE("a pooled connection whose link broke is not")
{
    int before = fake->connections;
    fake->calls[0] = '\0';
    setenv(STUB_CONN_BROKEN, "1", 1);
    use_connection();
    unsetenv(STUB_CONN_BROKEN);
    CHECK_CONTAINS(fake->calls, "SQLDriverConnect");
    CHECK(fake->connections <= before); /* the dead one was disconnected */
}

/* The driver manager drops pooled connections with the environment, and their iconv descriptors
 * leak. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:iconv_open\n";
}

SUITE("pooling", set_up, tear_down)
