/*
 * test_tds_sessions.c - a session with SQL Server over FreeTDS: logging in, asking, cancelling, and
 * how it ends.
 *
 * With ODBCSSL_TEST_TDS_SERVER, and _PORT, _UID, _PWD and _DATABASE, in the environment the cases
 * that need nothing of the server of the tests run against that one instead.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "odbcssl.h"
#include "support/suite.h"
#include "system/tds_fixture.h"
#include "support/tools.h"

#define FOREIGN "ODBCSSL_TEST_TDS_"

static struct tds_fixture fixture;
static struct odbc_session session;

/* ----- the server ----- */

static const char *environment(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0' ? value : otherwise;
}

static bool is_foreign(void)
{
    return getenv(FOREIGN "SERVER") != NULL;
}

/* false: the case is skipped. */
static bool start(const char *const *arguments)
{
    if (is_foreign())
        suite_skip("it needs the TDS server of the tests");
    if (is_foreign() || tds_fixture_is_skipped(&fixture))
        return false;
    CHECK_FATAL(tds_fixture_start(&fixture, "server", "required", arguments));
    return true;
}

/* For a case that takes any server. */
static bool start_any(void)
{
    return is_foreign() || start(NULL);
}

static const char *trust(void)
{
    return is_foreign()
               ? "SslMode=require;"
               : tds_fixture_option(&fixture, "SslMode=verify-full;SslRootCert", "root.pem");
}

/* password: NULL: the right one. */
static const char *connection_string(const char *password, const char *settings)
{
    char port[8] = "";
    if (!is_foreign())
        snprintf(port, sizeof port, "%u", tds_peer_port(fixture.peer));
    if (password == NULL)
        password = environment(FOREIGN "PWD", TDS_PEER_PASSWORD);
    return suite_text("DRIVER={%s};%s;Server=%s;Port=%s;UID=%s;PWD={%s};Database=%s;%s",
                      ODBC_FREETDS, settings, environment(FOREIGN "SERVER", "localhost"),
                      is_foreign() ? environment(FOREIGN "PORT", "1433") : port,
                      environment(FOREIGN "UID", TDS_PEER_USER), password,
                      environment(FOREIGN "DATABASE", "master"), trust());
}

/* Attributes that were set on the session before hold. */
static bool connect_with(const char *settings)
{
    if (!is_foreign())
        tds_peer_forget(fixture.peer);
    return odbc_connect(&session, "%s", connection_string(NULL, settings));
}

static void disconnect(void)
{
    odbc_close(&session);
    session = (struct odbc_session){0};
}

static bool ask(const char *sql, const char *wanted)
{
    bool is_answered = odbc_query(&session, sql);
    CHECK_TEXT(session.value, wanted);
    return is_answered;
}

/* ----- logging in ----- */

/* What FreeTDS says of the server's refusal stands alone, as without odbcssl (also its SQLSTATE,
 * which is not 28000). */
CASE("a wrong password")
{
    if (!start_any())
        return;
    CHECK(!odbc_connect(&session, "%s", connection_string("wrong", "")));
    CHECK_TEXT(session.sqlstate, "42000");
    CHECK_NUMBER(session.native, 18456);
    CHECK_CONTAINS(session.diagnostics, "Login failed for user");
    CHECK(strstr(session.diagnostics, "[odbcssl]") == NULL);
    /* The handle is good for another try. */
    CHECK(connect_with(""));
    CHECK(ask("SELECT 'again' AS a", "again"));
    disconnect();
}

CASE("an unknown database")
{
    if (!start(NULL))
        return;
    CHECK(!odbc_connect(&session, "%s", connection_string(NULL, "Database=nowhere")));
    CHECK_CONTAINS(session.diagnostics, "Cannot open database \"nowhere\"");
    CHECK(strstr(session.diagnostics, "[odbcssl]") == NULL);
    disconnect();
}

/* Our records stand before FreeTDS's own. */
CASE("warnings stand first")
{
    if (!start_any())
        return;
    CHECK(connect_with("SslExpiryWarningDays=36500"));
    CHECK_NUMBER(session.result, SQL_SUCCESS_WITH_INFO);
    CHECK_TEXT(session.sqlstate, "01000");
    CHECK(strncmp(session.diagnostics, "01000 9", 7) == 0);
    disconnect();
}

/* Settings that FreeTDS takes reach it; those that would undo odbcssl do not. */
CASE("settings reach FreeTDS")
{
    if (!start(NULL))
        return;
    CHECK(connect_with("APP=warehouse;Database=test;Encryption=require;TDS_Version=7.3"));
    CHECK(ask("SELECT db_name()", "test"));
    disconnect();
    const char *log = tds_peer_wait_end(fixture.peer);
    CHECK_CONTAINS(log, "database=test tds=0x730b0003");
    CHECK_CONTAINS(log, "application=warehouse");
    CHECK_CONTAINS(log, "encrypted=yes whole=yes");
}

static void check_version(const char *version, const char *login)
{
    CHECK(connect_with(suite_text("TDS_Version=%s", version)));
    CHECK(ask("SELECT 'x' AS a", "x"));
    CHECK(!odbc_query(&session, "selekt 1"));
    CHECK(strstr(session.diagnostics, "[odbcssl]") == NULL);
    CHECK(ask("SELECT 'still here' AS a", "still here"));
    disconnect();
    if (is_foreign())
        return;
    CHECK_CONTAINS(tds_peer_wait_end(fixture.peer), login);
    tds_fixture_check_records(&fixture);
}

CASE("TDS 7.1 to 7.4")
{
    if (!start_any())
        return;
    check_version("7.1", "tds=0x71000001");
    check_version("7.2", "tds=0x72090002");
    check_version("7.3", "tds=0x730b0003");
    check_version("7.4", "tds=0x74000004");
    check_version("8.0", "tds=0x74000004");
    check_version("auto", "tds=0x74000004");
    CHECK(connect_with(""));
    disconnect();
    if (!is_foreign())
        CHECK_CONTAINS(tds_peer_wait_end(fixture.peer), "tds=0x74000004");
}

/* They begin with their login, in which there is no place for TLS. */
CASE("versions without TLS are refused")
{
    static const char *const versions[] = {"4.2", "5.0", "7.0", "0.0", "4.6", "7", "seven"};
    if (!start(NULL))
        return;
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        const char *settings = suite_text("TDS_Version=%s", versions[i]);
        CHECK(!connect_with(settings));
        odbc_note(&session, "%s", settings);
        CHECK_NUMBER(session.native, ODBCSSL_ERROR_PLAINTEXT_LOGIN);
        CHECK_CONTAINS(session.diagnostics, settings);
        CHECK_CONTAINS(session.diagnostics, "set TDS_Version to 7.1, 7.2, 7.3 or 7.4");
        CHECK_NUMBER(tds_peer_count(tds_peer_log(fixture.peer), "connect"), 0);
        disconnect();
    }
}

/* TDSVER in the environment beats the connection string. */
CASE("TDSVER is refused")
{
    if (!start(NULL))
        return;
    static const char *const refused[] = {"5.0", "auto"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        setenv("TDSVER", refused[i], 1);
        CHECK(!connect_with(""));
        unsetenv("TDSVER");
        CHECK_NUMBER(session.native, ODBCSSL_ERROR_PLAINTEXT_LOGIN);
        CHECK_CONTAINS(session.diagnostics, suite_text("TDSVER=%s", refused[i]));
        CHECK_NUMBER(tds_peer_count(tds_peer_log(fixture.peer), "login"), 0);
        disconnect();
    }
    setenv("TDSVER", "7.2", 1);
    CHECK(connect_with(""));
    unsetenv("TDSVER");
    disconnect();
    CHECK_CONTAINS(tds_peer_wait_end(fixture.peer), "tds=0x72090002");
}

/* ----- the report ----- */

CASE("the report")
{
    if (!start(NULL))
        return;
    CHECK(connect_with(""));
    CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_STATE), ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_PROTOCOL_VERSION), 0x0303);
    CHECK_TEXT(odbc_info_text(&session, SQL_SSL_PROTOCOL), "TLSv1.2");
    CHECK_CONTAINS(odbc_info_text(&session, SQL_SSL_CIPHER), "TLS_ECDHE_ECDSA_WITH_");
    CHECK_TEXT(odbc_info_text(&session, SQL_SSL_PEER_SUBJECT), "CN=db1");
    CHECK_TEXT(odbc_info_text(&session, SQL_SSL_ALPN), "");
    CHECK_TEXT(odbc_info_text(&session, SQL_SERVER_NAME), "TDSTEST"); /* its own */
    CHECK_CONTAINS(odbc_info_text(&session, SQL_DRIVER_NAME), "tdsodbc");
    disconnect();
}

/* Both columns of the rows: counts them, and looks for one. */
static void check_status_rows(const char *name, const char *wanted)
{
    char found_name[256], found_value[4096];
    long rows = 0;
    bool is_found = false;
    while (SQL_SUCCEEDED(SQLFetch(session.statement))) {
        SQLGetData(session.statement, 1, SQL_C_CHAR, found_name, sizeof found_name, NULL);
        SQLGetData(session.statement, 2, SQL_C_CHAR, found_value, sizeof found_value, NULL);
        if (strcmp(found_name, name) == 0) {
            CHECK_TEXT(found_value, wanted);
            is_found = true;
        }
        rows++;
    }
    CHECK(is_found);
    CHECK(rows > 20);
    SQLFreeStmt(session.statement, SQL_CLOSE);
}

CASE("the status call")
{
    static SQLCHAR call[] = "{call odbcssl_status}";
    if (!start_any())
        return;
    CHECK(connect_with(""));
    CHECK(SQL_SUCCEEDED(SQLExecDirect(session.statement, call, SQL_NTS)));
    check_status_rows("SQL_SSL_PROTOCOL", "TLSv1.2");
    CHECK(SQL_SUCCEEDED(SQLPrepare(session.statement, call, SQL_NTS)));
    for (int i = 0; i < 2; i++) {
        CHECK(SQL_SUCCEEDED(SQLExecute(session.statement)));
        check_status_rows("SQL_SSL_PROTOCOL", "TLSv1.2");
    }
    disconnect();
}

CASE("the status call in isql")
{
    char output[16384];
    if (!start_any() || !tools_have("isql") || !tools_can_load())
        return;
    CHECK(tools_output(
        fixture.base.folder, output, sizeof output,
        "echo '{call odbcssl_status}' | ASAN_OPTIONS=detect_leaks=0 isql -b -v -k '%s'",
        connection_string(NULL, "")));
    CHECK_CONTAINS(output, "TLSv1.2");
    CHECK_CONTAINS(output, "SQL_SSL_PEER_SUBJECT");
}

/* ----- cancelling ----- */

#define WAIT "WAITFOR DELAY '00:05:00'"

static void *run_wait(void *argument)
{
    (void)argument;
    odbc_query(&session, WAIT);
    return NULL;
}

/* An attention, in the same TLS session. */
CASE("SQLCancel")
{
    pthread_t thread;
    if (!start(NULL))
        return;
    CHECK_FATAL(connect_with(""));
    CHECK_FATAL(pthread_create(&thread, NULL, run_wait, NULL) == 0);
    CHECK_CONTAINS(tds_peer_wait(fixture.peer, "waitfor"), "waitfor");
    CHECK(SQL_SUCCEEDED(SQLCancel(session.statement)));
    pthread_join(thread, NULL);
    CHECK_TEXT(session.sqlstate, "HY008");
    CHECK(strstr(session.diagnostics, "[odbcssl]") == NULL);
    CHECK_CONTAINS(tds_peer_log(fixture.peer), "attention");
    CHECK(ask("SELECT 'after' AS a", "after"));
    disconnect();
    tds_fixture_check_records(&fixture);
}

CASE("a query time-out")
{
    if (!start_any())
        return;
    CHECK_FATAL(connect_with(""));
    SQLSetStmtAttr(session.statement, SQL_ATTR_QUERY_TIMEOUT, (SQLPOINTER)1, 0);
    CHECK(!odbc_query(&session, WAIT));
    CHECK_TEXT(session.sqlstate, "HYT00");
    CHECK(strstr(session.diagnostics, "[odbcssl]") == NULL);
    CHECK(ask("SELECT 'after' AS a", "after"));
    disconnect();
}

/* ----- time-outs and ends ----- */

static void check_timeout(const char *settings, long login_timeout)
{
    CHECK(odbc_open(&session));
    if (login_timeout > 0)
        SQLSetConnectAttr(session.connection, SQL_ATTR_LOGIN_TIMEOUT, (SQLPOINTER)login_timeout, 0);
    CHECK(!connect_with(settings));
    CHECK_TEXT(session.sqlstate, "HYT00");
    CHECK_NUMBER(session.native, ODBCSSL_ERROR_TIMEOUT);
    CHECK_CONTAINS(session.diagnostics, "waiting for the switch to TLS");
    CHECK_CONTAINS(session.diagnostics, "localhost");
    disconnect();
}

CASE("a server that says nothing")
{
    static const char *const arguments[] = {"--misbehave", "silence", NULL};
    if (!start(arguments))
        return;
    check_timeout("SslTimeout=1", 0);
    check_timeout("", 1);
}

static void check_broken(const char *part)
{
    SQLUINTEGER dead = SQL_CD_FALSE;
    CHECK_TEXT(session.sqlstate, "08S01");
    CHECK_CONTAINS(session.diagnostics, "[odbcssl]");
    CHECK_CONTAINS(session.diagnostics, part);
    CHECK(SQL_SUCCEEDED(
        SQLGetConnectAttr(session.connection, SQL_ATTR_CONNECTION_DEAD, &dead, sizeof dead, NULL)));
    CHECK_NUMBER(dead, SQL_CD_TRUE);
    disconnect();
}

CASE("the server dies in a result")
{
    if (!start(NULL))
        return;
    CHECK_FATAL(connect_with(""));
    CHECK(odbc_query(&session, "SELECT n, replicate('x', 1000) FROM numbers(1000000)"));
    tds_peer_kill(fixture.peer);
    CHECK_NUMBER(odbc_fetch_all(&session), -1);
    check_broken("localhost");
}

CASE("the server dies between queries")
{
    if (!start(NULL))
        return;
    CHECK_FATAL(connect_with(""));
    CHECK(ask("SELECT 'x' AS a", "x"));
    tds_peer_kill(fixture.peer);
    CHECK(!odbc_query(&session, "SELECT 'y' AS a"));
    check_broken("localhost");
}

/* What came before is good; the end is no end of the rows, though nobody forged it. */
CASE("the server ends the session in a result")
{
    static const char *const arguments[] = {"--misbehave", "close-answer", NULL};
    if (!start(arguments))
        return;
    CHECK_FATAL(connect_with(""));
    CHECK(odbc_query(&session, "SELECT n, replicate('x', 200) FROM numbers(8)"));
    CHECK_TEXT(session.value, "1");
    CHECK_NUMBER(odbc_fetch_all(&session), -1);
    CHECK(session.rows > 0 && session.rows < 4);
    CHECK_NUMBER(session.native, ODBCSSL_ERROR_LINK_LOST);
    check_broken("closed the connection");
}

/* Half an answer without close_notify is no answer. */
CASE("a truncated answer")
{
    static const char *const arguments[] = {"--misbehave", "truncate", NULL};
    if (!start(arguments))
        return;
    /* FreeTDS asks something of its own when it connects. */
    if (connect_with(""))
        CHECK(!odbc_query(&session, "SELECT 'x' AS a"));
    CHECK_TEXT(session.sqlstate, "08S01");
    CHECK_NUMBER(session.native, ODBCSSL_ERROR_TRUNCATED);
    CHECK_CONTAINS(session.diagnostics, "without a TLS close_notify");
    disconnect();
}

/* ----- much ----- */

/* Requests and answers of many packets, at every packet size. */
static void check_packets(unsigned size, const char *logged)
{
    static char sql[64 * 1024];
    CHECK_FATAL(connect_with(suite_text("PacketSize=%u", size)));
    int used = snprintf(sql, sizeof sql, "SELECT '");
    memset(sql + used, 'z', 50000);
    snprintf(sql + used + 50000, sizeof sql - (size_t)used - 50000, "' AS a");
    CHECK(odbc_query(&session, sql));
    CHECK_NUMBER(strlen(session.value), 50000);
    CHECK(odbc_query(&session, "SELECT replicate(CAST('y' AS varchar(max)), 60000)"));
    CHECK_NUMBER(strlen(session.value), 60000);
    disconnect();
    if (is_foreign())
        return;
    CHECK_CONTAINS(tds_peer_wait_end(fixture.peer), logged);
    tds_fixture_check_records(&fixture);
}

CASE("packet sizes")
{
    if (!start_any())
        return;
    check_packets(4096, "packet-size=4096");
    check_packets(16383, "packet-size=16383");
    check_packets(32767, "packet-size=32767");
}

CASE("many rows")
{
    if (!start(NULL))
        return;
    CHECK_FATAL(connect_with(""));
    CHECK(odbc_query(&session, "SELECT n, replicate('x', 100) FROM numbers(200000)"));
    CHECK_NUMBER(odbc_fetch_all(&session), 199999);
    disconnect();
    tds_fixture_check_records(&fixture);
}

/* Two results are open at a time; each frame of MARS is one TLS record. The server of the tests
 * answers one request after the other, so the first result has to fit into its session's window. */
CASE("MARS")
{
    static const char *const arguments[] = {"--mars", NULL};
    static SQLCHAR sql[] = "SELECT n FROM numbers(20000)";
    SQLHSTMT second;
    long rows = 0;
    if (!start(arguments))
        return;
    CHECK_FATAL(connect_with("MARS_Connection=yes"));
    CHECK(odbc_query(&session, "SELECT n FROM numbers(100)"));
    CHECK(SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, session.connection, &second)));
    CHECK(SQL_SUCCEEDED(SQLExecDirect(second, sql, SQL_NTS)));
    while (SQL_SUCCEEDED(SQLFetch(second)))
        rows++;
    CHECK_NUMBER(rows, 20000);
    CHECK_NUMBER(odbc_fetch_all(&session), 99);
    SQLFreeHandle(SQL_HANDLE_STMT, second);
    disconnect();
    const char *log = tds_peer_wait_end(fixture.peer);
    CHECK_CONTAINS(log, "smp-open session=1");
    CHECK_CONTAINS(log, "mars=1");
    CHECK_NUMBER(tds_peer_count(log, "violation"), 0);
}

CASE("a wide connection string")
{
    if (!start_any())
        return;
    CHECK(odbc_connect_wide(&session, "%s", connection_string(NULL, "")));
    CHECK(ask("SELECT 'wide' AS a", "wide"));
    CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_PROTOCOL_VERSION), 0x0303);
    disconnect();
}

static int set_up(void)
{
    return tds_fixture_open(&fixture, NULL, NULL);
}

SUITE("TDS sessions", set_up, tds_fixture_tear_down)
