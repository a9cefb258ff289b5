/*
 * test_records.c - the diagnostic records that an application sees: who speaks first, how many
 * there are, and whether they say what to put right.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "odbcssl.h"
#include "support/odbc.h"
#include "support/suite.h"
#include "support/tools.h"
#include "system/fixture.h"

static struct fixture fixture;
static struct odbc_session session;

static int set_up(void)
{
    if (!postgres_is_installed())
        suite_skip("PostgreSQL is not installed");
    return fixture_open(&fixture, NULL,
                        "[records]\nDriver = " ODBC_POSTGRESQL
                        "\nServername = localhost\nPort = 'abc\n") == 0 &&
                   (!postgres_is_installed() || fixture_start(&fixture, "server", NULL, true))
               ? 0
               : -1;
}

static bool connect_with(const char *more)
{
    session = (struct odbc_session){0};
    bool is_connected =
        odbc_connect(&session, "%s", fixture_source(&fixture, ODBC_POSTGRESQL, more));
    odbc_note(&session, "%s", more);
    return is_connected;
}

static const char *verifying(const char *more)
{
    return suite_text("SslMode=verify-full;SslRootCert=%s;%s", fixture_path(&fixture, "root.pem"),
                      more);
}

static unsigned count_records(void)
{
    unsigned count = 0;
    for (const char *c = session.diagnostics; *c != '\0'; c++)
        count += *c == '\n';
    return count;
}

/* ---- a link that is lost ---- */

/* The server's words come before ours in every run, however the two ends race. */
CASE("of a lost link the server's words come first")
{
    char out[64];
    for (int i = 0; i < 10; i++) {
        CHECK_FATAL(connect_with(verifying("")));
        CHECK(odbc_query(&session, "SELECT pg_backend_pid()"));
        SQLFreeStmt(session.statement, SQL_CLOSE);
        CHECK(postgres_query(fixture.postgres,
                             suite_text("SELECT pg_terminate_backend(%d)", atoi(session.value)),
                             out, sizeof out));
        CHECK(!odbc_query(&session, "SELECT 1"));
        CHECK_TEXT(session.sqlstate, "57P01");
        CHECK_CONTAINS(session.diagnostics, "terminating connection due to administrator command");
        odbc_close(&session);
    }
}

CASE("a server that is killed")
{
    CHECK_FATAL(connect_with(verifying("")));
    CHECK(odbc_query(&session, "SELECT 1"));
    SQLFreeStmt(session.statement, SQL_CLOSE);
    postgres_kill(fixture.postgres);
    CHECK(!odbc_query(&session, "SELECT 1"));
    odbc_note(&session, "a killed server");
    CHECK_CONTAINS(session.diagnostics, "[odbcssl] ");
    odbc_close(&session);
    CHECK(fixture_start(&fixture, "server", NULL, true));
}

/* ---- a refusal ---- */

static void check_refusal(const char *more, const char *sqlstate, int native, const char *part)
{
    CHECK(!connect_with(more));
    CHECK_TEXT(session.sqlstate, sqlstate);
    CHECK_NUMBER(session.native, native);
    CHECK_NUMBER(count_records(), 1);
    CHECK_CONTAINS(session.diagnostics, "[odbcssl] ");
    CHECK_CONTAINS(session.diagnostics, part);
    odbc_close(&session);
}

CASE("one record tells of a refusal")
{
    check_refusal(
        suite_text("SslMode=verify-full;SslRootCert=%s", fixture_path(&fixture, "other.pem")),
        "08001", ODBCSSL_ERROR_ISSUER_UNKNOWN, "CN=");
    check_refusal("SslMod=require", "HY092", ODBCSSL_ERROR_KEYWORD_UNKNOWN, "SslMode");
}

/* What the server says of a user whose name is Latin-1. */
static const char *refuse_user(const char *driver, const char *settings)
{
    session = (struct odbc_session){0};
    CHECK(!odbc_connect(
        &session, "DRIVER={%s};Servername=localhost;Port=%u;Database=postgres;UID=M\xFCll;PWD=x;%s",
        driver, fixture_port(&fixture), settings));
    odbc_note(&session, "%s", driver);
    const char *words = strstr(session.diagnostics, "FATAL");
    CHECK_CONTAINS(session.diagnostics, "password authentication failed for user \"M");
    odbc_close(&session);
    return words != NULL ? suite_text("%s", words) : "";
}

CASE("an ANSI application gets the words of a failed connect that it gets without odbcssl")
{
    const char *native = refuse_user(ODBC_NATIVE_POSTGRESQL, "SSLmode=require");
    CHECK_TEXT(refuse_user(ODBC_POSTGRESQL, verifying("")), native);
    CHECK_TEXT(refuse_user(ODBC_POSTGRESQL_ANSI, verifying("")), native);
}

/* ---- what is wrong, and where it stands ---- */

CASE("a wrong value: what it is, what is wanted, where it stands")
{
    char settings[1024];
    snprintf(settings, sizeof settings, "SslCrl=%s", fixture.folder);
    check_refusal(verifying(settings), "HY024", ODBCSSL_ERROR_FILE_UNREADABLE, "SslCrlDir");
    snprintf(settings, sizeof settings, "SslCert=%s;SslKey=%s",
             fixture_path(&fixture, "client.pem"),
             fixture_path(&fixture, "root.pem")); /* mode 0644 */
    check_refusal(verifying(settings), "HY024", ODBCSSL_ERROR_FILE_MALFORMED, "certificate");
    check_refusal("SslMode='require'", "HY024", ODBCSSL_ERROR_KEYWORD_VALUE,
                  "the quotes are a part of the value");
    check_refusal("SslTimeout=5 # seconds", "HY024", ODBCSSL_ERROR_KEYWORD_VALUE,
                  "a comment needs a line of its own");
    check_refusal("SslMode=require;SslPin=sha256:12", "HY024", ODBCSSL_ERROR_KEYWORD_VALUE,
                  "(connection string)");
}

CASE("a wrong port in odbc.ini")
{
    session = (struct odbc_session){0};
    CHECK(!odbc_connect(&session, "DSN=records"));
    CHECK_CONTAINS(session.diagnostics, "Port='abc (odbc.ini [records]): a port is a number");
    CHECK_CONTAINS(session.diagnostics, "quotes");
    odbc_close(&session);
}

CASE("a log that cannot be written warns")
{
    CHECK(connect_with(verifying("SslTrace=/nowhere/odbcssl.log")));
    CHECK_NUMBER(session.result, SQL_SUCCESS_WITH_INFO);
    CHECK_TEXT(session.sqlstate, "01000");
    CHECK_NUMBER(session.native, ODBCSSL_WARNING_TRACE);
    CHECK_CONTAINS(session.diagnostics, "SslTrace=/nowhere/odbcssl.log");
    CHECK_CONTAINS(session.diagnostics, "(connection string)");
    odbc_close(&session);
}

/* ---- time-outs ---- */

/* A port where connections are taken, and nothing is ever said. */
static void check_timeout(SQLULEN login_timeout, const char *settings, const char *text)
{
    uint16_t port;
    int listener = tools_listen(&port);
    session = (struct odbc_session){0};
    CHECK_FATAL(odbc_open(&session));
    if (login_timeout != 0)
        SQLSetConnectAttr(session.connection, SQL_ATTR_LOGIN_TIMEOUT, (SQLPOINTER)login_timeout, 0);
    CHECK(!odbc_connect(&session, "DRIVER={%s};Servername=127.0.0.1;Port=%u;UID=u;PWD=p;%s",
                        ODBC_POSTGRESQL, port, settings));
    odbc_note(&session, "login time-out %lu, %s", (unsigned long)login_timeout, settings);
    CHECK_TEXT(session.sqlstate, "HYT00");
    CHECK_NUMBER(session.native, ODBCSSL_ERROR_TIMEOUT);
    CHECK_NUMBER(count_records(), 1);
    CHECK_CONTAINS(session.diagnostics, text);
    CHECK_CONTAINS(session.diagnostics, "waiting for the switch to TLS");
    odbc_close(&session);
    close(listener);
}

/* With three seconds libpq's own clock, which counts whole ones, may be the first. */
CASE("time-outs say what was waited for, how long, and which setting it was")
{
    check_timeout(0, "SslMode=require;SslTimeout=1",
                  "the time-out of 1 seconds (SslTimeout, connection string) ran out");
    check_timeout(3, "SslMode=require",
                  "the time-out of 3 seconds (the application's login time-out) ran out");
    check_timeout(3, "SslMode=require;SslTimeout=20",
                  "the time-out of 3 seconds (the application's login time-out) ran out");
}

SUITE("records", set_up, fixture_tear_down)
