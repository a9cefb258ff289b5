/*
 * test_unknown_driver.c - real drivers that odbcssl does not know: copies of known ones under
 * another name. A driver that takes a host and a port gets TLS from the first byte
 * (SslProtocol=none), here in front of a PostgreSQL server that has no TLS; or the switch of a
 * database that is named.
 */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "odbcssl.h"
#include "support/suite.h"
#include "support/tls_terminator.h"
#include "system/tds_fixture.h"

static struct tds_fixture fixture;
static struct tls_terminator terminator;
static struct odbc_session session;
static bool is_available;

static bool is_skipped(void)
{
    if (!is_available)
        suite_skip("PostgreSQL or psqlodbcw.so is not installed");
    return !is_available;
}

static bool connect_with(const char *settings)
{
    session = (struct odbc_session){0};
    bool is_connected = odbc_connect(
        &session, "DRIVER={another};%s;Database=postgres;UID=%s;PWD=%s;SslRootCert=%s", settings,
        POSTGRES_USER, POSTGRES_PASSWORD, fixture_path(&fixture.base, "root.pem"));
    odbc_note(&session, "%s", settings);
    return is_connected;
}

/* The settings, with the terminator's port behind them. */
static bool connect_direct(const char *settings)
{
    return connect_with(
        suite_text("%s;Servername=localhost;Port=%u;SslProtocol=none", settings, terminator.port));
}

static void check_refused(int native, const char *text)
{
    CHECK_NUMBER(session.native, native);
    CHECK_CONTAINS(session.diagnostics, text);
    odbc_close(&session);
}

#define DIRECT "SslNegotiation=direct;SslMode=verify-full"

CASE("TLS from the first byte")
{
    if (is_skipped())
        return;
    tls_terminator_handshakes(&terminator);
    CHECK(connect_direct(DIRECT));
    CHECK_TEXT(session.diagnostics, "");
    CHECK(odbc_query(&session, "select 'through'"));
    CHECK_TEXT(session.value, "through");
    CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_STATE), ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_TEXT(odbc_info_text(&session, SQL_SSL_PROTOCOL), "TLSv1.3");
    CHECK_TEXT(odbc_info_text(&session, SQL_SSL_ALPN), "");
    CHECK_TEXT(odbc_info_text(&session, SQL_SERVER_NAME), "localhost");
    CHECK(odbc_query(&session, "{call odbcssl_status}"));
    CHECK(odbc_query(&session, "select n, repeat('x', 1000) from generate_series(1, 20000) n"));
    CHECK_NUMBER(odbc_fetch_all(&session), 19999);
    odbc_close(&session);
    CHECK_NUMBER(tls_terminator_handshakes(&terminator), 1);
}

/* ----- the end ----- */

/* In row 5000; the server starts again by itself. */
static const char dying[] =
    "create or replace function die(process int) returns int language plpgsql as $$ begin execute "
    "format('copy (select 1) to program %L', 'kill -9 ' || process); perform pg_sleep(60); return "
    "1; "
    "end $$";
static const char query[] = "select n, case when n = 5000 then die(pg_backend_pid()) end "
                            "from generate_series(1, 10000) n";

/* What stands before the server ends TLS as it should be: no row is made up, and the end of the
 * rows is an error. */
static void check_end(const char *driver, const char *settings)
{
    SQLUINTEGER dead = SQL_CD_FALSE;
    bool is_connected = false;
    for (int i = 0; i < 200 && !is_connected; i++) {
        session = (struct odbc_session){0};
        is_connected =
            odbc_connect(&session,
                         "DRIVER={%s};Servername=localhost;Port=%u;Database=postgres;UID=%s;"
                         "PWD=%s;SslRootCert=%s;%s",
                         driver, terminator.port, POSTGRES_USER, POSTGRES_PASSWORD,
                         fixture_path(&fixture.base, "root.pem"), settings);
        if (!is_connected && poll(NULL, 0, 100) == 0)
            odbc_close(&session);
    }
    CHECK_FATAL(is_connected);
    CHECK(odbc_query(&session, dying));
    if (odbc_query(&session, query))
        CHECK_NUMBER(odbc_fetch_all(&session), -1);
    odbc_note(&session, "%s", settings);
    CHECK(session.rows < 5000);
    CHECK_TEXT(session.sqlstate, "08S01");
    CHECK_NUMBER(session.native, ODBCSSL_ERROR_LINK_LOST);
    CHECK_CONTAINS(session.diagnostics, "[odbcssl]");
    CHECK_CONTAINS(session.diagnostics, "closed the connection");
    SQLGetConnectAttr(session.connection, SQL_ATTR_CONNECTION_DEAD, &dead, sizeof dead, NULL);
    CHECK_NUMBER(dead, SQL_CD_TRUE);
    odbc_close(&session);
}

CASE("the server ends the session in a result")
{
    if (is_skipped())
        return;
    check_end(ODBC_POSTGRESQL, DIRECT);
    check_end(ODBC_POSTGRESQL, DIRECT ";UseDeclareFetch=1");
    check_end("another", DIRECT ";SslProtocol=none");
    /* For the cases behind this one. */
    for (int i = 0; i < 200 && !connect_direct(DIRECT); i++)
        if (poll(NULL, 0, 100) == 0)
            odbc_close(&session);
    CHECK(session.statement != NULL);
    odbc_close(&session);
}

/* The words for the server may be any. */
CASE("keywords of the server")
{
    if (is_skipped())
        return;
    CHECK(connect_direct(DIRECT ";SslServerKeyword=Servername;SslPortKeyword=Port"));
    odbc_close(&session);
    CHECK(!connect_direct(DIRECT ";SslServerKeyword=Machine"));
    check_refused(ODBCSSL_ERROR_SERVER_MISSING, "Machine");
    CHECK(!connect_direct(DIRECT ";SslPortKeyword=Gate"));
    check_refused(ODBCSSL_ERROR_SERVER_MISSING, "Gate");
    CHECK(!connect_with(suite_text(DIRECT ";Servername=localhost;SslProtocol=none")));
    check_refused(ODBCSSL_ERROR_SERVER_MISSING, "set Port");
}

CASE("modes")
{
    if (is_skipped())
        return;
    CHECK(connect_direct("SslNegotiation=direct;SslMode=require"));
    CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_STATE), ODBCSSL_STATE_CHAIN_VERIFIED);
    odbc_close(&session);
    /* Without a switch to TLS there is nothing to prefer. */
    CHECK(!connect_direct("SslMode=require"));
    check_refused(ODBCSSL_ERROR_PROTOCOL, "SslNegotiation=direct");
    CHECK(!connect_direct("SslMode=prefer"));
    check_refused(ODBCSSL_ERROR_PROTOCOL, "SslNegotiation=direct");
    CHECK(!connect_direct("SslNegotiation=direct;SslMode=prefer"));
    CHECK_CONTAINS(session.diagnostics, "SslNegotiation=direct");
    odbc_close(&session);
    const char *settings =
        suite_text("SslMode=disable;SslProtocol=none;Servername=localhost;Port=%u",
                   fixture_port(&fixture.base));
    CHECK(connect_with(settings));
    CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_STATE), ODBCSSL_STATE_PLAINTEXT);
    odbc_close(&session);
}

CASE("the protocol has to be named")
{
    if (is_skipped())
        return;
    CHECK(!connect_with(suite_text(DIRECT ";Servername=localhost;Port=%u", terminator.port)));
    check_refused(ODBCSSL_ERROR_KEYWORD_VALUE, "set SslProtocol to postgresql, tds, mysql or none");
}

CASE("trust")
{
    if (is_skipped())
        return;
    CHECK(!connect_direct(DIRECT ";SslServerName=elsewhere"));
    check_refused(ODBCSSL_ERROR_HOST, "elsewhere");
    CHECK(!connect_direct("SslNegotiation=direct;SslMode=require;SslPin=sha256:"
                          "0000000000000000000000000000000000000000000000000000000000000000"));
    check_refused(ODBCSSL_ERROR_PIN, "SslPin");
}

/* A setting that nobody knew of sends the driver past us, to a server that would take it: it gets
 * nowhere, and the error says where it wanted to go. (The relay's driver is caught when it has
 * connected.) */
CASE("a driver that is led elsewhere")
{
    char answer[64];
    if (is_skipped())
        return;
    if (strcmp(odbc_transport(), "relay") == 0) {
        suite_skip("the relay has nothing in the driver's calls");
        return;
    }
    const char *where = suite_text("127.0.0.1, port %u", terminator.port);
    tls_terminator_handshakes(&terminator);
    CHECK(!connect_direct(DIRECT ";pqopt={hostaddr=127.0.0.1}"));
    CHECK_CONTAINS(session.diagnostics, where);
    check_refused(ODBCSSL_ERROR_DRIVER_BYPASSED, "wanted to connect to 127.0.0.1, port ");
    /* Also later: the connection that the driver itself opens anew. */
    CHECK(connect_direct(DIRECT));
    CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_TRANSPORT), ODBCSSL_TRANSPORT_INTERPOSED);
    odbc_close(&session);
    CHECK(postgres_query(fixture.base.postgres, "select 1", answer, sizeof answer));
    CHECK_NUMBER(tls_terminator_handshakes(&terminator), 1);
}

/* What cannot be interposed is not connected by force, and says why. */
CASE("SslTransport")
{
    if (is_skipped() || strcmp(odbc_transport(), "relay") == 0)
        return;
    CHECK(connect_direct(DIRECT ";SslTransport=interpose"));
    CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_TRANSPORT), ODBCSSL_TRANSPORT_INTERPOSED);
    odbc_close(&session);
    CHECK(connect_direct(DIRECT ";SslTransport=relay"));
    CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_TRANSPORT), ODBCSSL_TRANSPORT_RELAY);
    odbc_close(&session);
    CHECK(!connect_direct(DIRECT ";SslTransport=proxy"));
    check_refused(ODBCSSL_ERROR_KEYWORD_VALUE, "SslTransport");
}

/* The server has no TLS where the driver is sent. */
CASE("a server without TLS")
{
    if (is_skipped())
        return;
    const char *settings = suite_text(DIRECT ";Servername=localhost;Port=%u;SslProtocol=none",
                                      fixture_port(&fixture.base));
    CHECK(!connect_with(settings));
    check_refused(ODBCSSL_ERROR_HANDSHAKE, "localhost");
}

/* libpq's second connection goes through TLS as well. */
static void *run_sleep(void *argument)
{
    odbc_query(argument, "select pg_sleep(300)");
    return NULL;
}

CASE("SQLCancel")
{
    static const char asleep[] = "select count(*) from pg_stat_activity where state = 'active' "
                                 "and query = 'select pg_sleep(300)'";
    pthread_t thread;
    char answer[64] = "";
    if (is_skipped())
        return;
    tls_terminator_handshakes(&terminator);
    CHECK_FATAL(connect_direct(DIRECT));
    CHECK_FATAL(pthread_create(&thread, NULL, run_sleep, &session) == 0);
    for (int i = 0; i < 1000 && answer[0] != '1'; i++)
        CHECK(postgres_query(fixture.base.postgres, asleep, answer, sizeof answer));
    CHECK(SQL_SUCCEEDED(SQLCancel(session.statement)));
    pthread_join(thread, NULL);
    CHECK_TEXT(session.sqlstate, "57014");
    CHECK(odbc_query(&session, "select 'on'"));
    odbc_close(&session);
    CHECK_NUMBER(tls_terminator_handshakes(&terminator), 2);
}

/* The switch to TLS does not need a known driver, only its protocol. */
CASE("another driver for SQL Server")
{
    if (tds_fixture_is_skipped(&fixture))
        return;
    CHECK_FATAL(tds_fixture_start(&fixture, "server", "required", NULL));
    session = (struct odbc_session){0};
    CHECK(odbc_connect(&session,
                       "DRIVER={third};SslProtocol=tds;Server=localhost;Port=%u;UID=%s;PWD=%s;"
                       "TDS_Version=7.4;SslMode=verify-full;%s",
                       tds_peer_port(fixture.peer), TDS_PEER_USER, TDS_PEER_PASSWORD,
                       tds_fixture_option(&fixture, "SslRootCert", "root.pem")));
    CHECK_TEXT(session.diagnostics, "");
    CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_STATE), ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK(odbc_query(&session, "SELECT 'x' AS a"));
    odbc_close(&session);
    tds_fixture_check_records(&fixture);
}

/* Its login knows no TLS: nothing of it goes out. */
CASE("another driver's login without TLS")
{
    if (tds_fixture_is_skipped(&fixture))
        return;
    CHECK_FATAL(tds_fixture_start(&fixture, "server", "off", NULL));
    session = (struct odbc_session){0};
    CHECK(!odbc_connect(&session,
                        "DRIVER={third};SslProtocol=tds;Server=localhost;Port=%u;UID=%s;PWD=%s;"
                        "TDS_Version=5.0;SslMode=prefer",
                        tds_peer_port(fixture.peer), TDS_PEER_USER, TDS_PEER_PASSWORD));
    check_refused(ODBCSSL_ERROR_PLAINTEXT_LOGIN, "TDS_Version=7.4");
    CHECK_NUMBER(tds_peer_count(tds_peer_wait_end(fixture.peer), "login"), 0);
}

/* ----- the program ----- */

static bool copy_driver(const char *from, const char *name)
{
    const char *command = suite_text("cp " ODBC_MODULE_DIR "/%s '%s' 2>/dev/null", from,
                                     fixture_path(&fixture.base, name));
    return system(command) == 0;
}

static bool start_servers(void)
{
    const struct pki_certificate *chain[] = {fixture.base.server, fixture.base.intermediate, NULL};
    const struct tls_server_options options = {.chain = chain, .alpn = "postgresql"};
    return fixture_start(&fixture.base, NULL, NULL, false) &&
           tls_terminator_start(&terminator, &options, fixture_port(&fixture.base));
}

static int set_up(void)
{
    static const char drivers[] = "[another]\nDriver=@BUILD@/driver/odbc/.libs/libodbcssl.so\n"
                                  "TargetDriver=@FOLDER@/libanother.so\n"
                                  "[third]\nDriver=@BUILD@/driver/odbc/.libs/libodbcssl.so\n"
                                  "TargetDriver=@FOLDER@/libthird.so\n";
    if (tds_fixture_open(&fixture, drivers, NULL) != 0)
        return -1;
    fixture.is_available = fixture.is_available && copy_driver("libtdsodbc.so", "libthird.so");
    is_available = postgres_is_installed() && copy_driver("psqlodbcw.so", "libanother.so");
    return !is_available || start_servers() ? 0 : -1;
}

static int tear_down(void)
{
    tls_terminator_stop(&terminator);
    tds_fixture_close(&fixture);
    return 0;
}

SUITE("unknown driver", set_up, tear_down)
