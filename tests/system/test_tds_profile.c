/*
 * test_tds_profile.c - where a FreeTDS DSN may name its server, and what in it or around it would
 * lead FreeTDS past odbcssl, or weaken it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "odbcssl.h"
#include "support/suite.h"
#include "system/tds_fixture.h"

#define INSTANCE "SALES"

static struct tds_fixture fixture;
static struct odbc_session session;

/* As it was written for FreeTDS, but for its first two lines. */
static const char data_sources[] = "[warehouse]\n"
                                   "Driver = " ODBC_FREETDS "\n"
                                   "TargetDriver = libtdsodbc.so\n"
                                   "Description = for FreeTDS\n"
                                   "Server = localhost\n"
                                   "Database = test\n"
                                   "TDS_Version = 7.3\n"
                                   "ClientCharset = UTF-8\n"
                                   "Encryption = require\n"
                                   "[north]\n"
                                   "Driver = " ODBC_FREETDS "\n"
                                   "Server = localhost\n"
                                   "Language = Fran\xC3\xA7"
                                   "ais\n"
                                   "[branch]\n"
                                   "Driver = " ODBC_FREETDS "\n"
                                   "Servername = sales\n"
                                   "Database = test\n"
                                   "SslMode = verify-full\n"
                                   "SslRootCert = @FOLDER@/root.pem\n";

static void start(const char *const *arguments)
{
    CHECK_FATAL(tds_fixture_start(&fixture, "server", "required", arguments));
}

static bool connect_to(const char *server, const char *settings)
{
    tds_peer_forget(fixture.peer);
    session = (struct odbc_session){0};
    bool is_connected = odbc_connect(
        &session, "DRIVER={%s};%s;UID=%s;PWD=%s;%s%s", ODBC_FREETDS, server, TDS_PEER_USER,
        TDS_PEER_PASSWORD, tds_fixture_option(&fixture, "SslRootCert", "root.pem"), settings);
    odbc_note(&session, "%s;%s", server, settings);
    return is_connected;
}

static void check_carried(const char *server_name, const char *log_part)
{
    CHECK(odbc_query(&session, "SELECT 'x' AS a"));
    CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_STATE), ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    odbc_close(&session);
    const char *log = tds_peer_wait_end(fixture.peer);
    CHECK_CONTAINS(log, suite_text(" server=%s ", server_name));
    CHECK_CONTAINS(log, "encrypted=yes whole=yes");
    CHECK_CONTAINS(log, log_part);
}

static void check_refused(int native, const char *text)
{
    CHECK_NUMBER(session.native, native);
    CHECK_CONTAINS(session.diagnostics, text);
    odbc_close(&session);
    CHECK_NUMBER(tds_peer_count(tds_peer_wait_end(fixture.peer), " login "), 0);
}

#define FULL "SslMode=verify-full"

/* ----- the server's address ----- */

static const char *with_port(const char *format)
{
    static char text[4][200];
    static unsigned next;
    char *out = text[next++ % 4];
    snprintf(out, sizeof text[0], "%s%u", format, tds_peer_port(fixture.peer));
    return out;
}

CASE("addresses")
{
    start(NULL);
    CHECK(connect_to(with_port("Server=localhost;Port="), FULL));
    check_carried("localhost", "sni=localhost");
    CHECK(connect_to(with_port("Server=127.0.0.1;Port="), FULL));
    check_carried("127.0.0.1", "sni= ");
    CHECK(connect_to(with_port("Server=localhost,"), FULL));
    check_carried("localhost", "sni=localhost");
    CHECK(connect_to(with_port("Server=localhost\\" INSTANCE ";Port="), FULL));
    check_carried("localhost", "sni=localhost");
    CHECK(connect_to(with_port("Address=localhost,"), FULL));
    check_carried("localhost", "sni=localhost");
}

CASE("wrong addresses")
{
    start(NULL);
    CHECK(!connect_to("Server=localhost,http", FULL));
    check_refused(ODBCSSL_ERROR_KEYWORD_VALUE, "Server=localhost,http");
    CHECK(!connect_to("Server=localhost;Port=70000", FULL));
    check_refused(ODBCSSL_ERROR_KEYWORD_VALUE, "Port=70000");
    CHECK(!connect_to("Database=test", FULL));
    check_refused(ODBCSSL_ERROR_SERVER_MISSING, "set Server");
    CHECK(!connect_to("Server=no-such-host.invalid", FULL));
    check_refused(ODBCSSL_ERROR_RESOLVE, "no-such-host.invalid");
    /* The server listens on 127.0.0.1 alone. */
    CHECK(!connect_to(with_port("Server=[::1];Port="), FULL));
    check_refused(ODBCSSL_ERROR_CONNECT, "::1");
    CHECK(!connect_to(with_port("Server=::1;Port="), FULL));
    check_refused(ODBCSSL_ERROR_CONNECT, "::1");
}

/* When FreeTDS gives up before it connects, its own words are the reason. */
CASE("FreeTDS gives up")
{
    start(NULL);
    CHECK(!connect_to(with_port("Server=localhost;Port="), FULL ";ClientCharset=no-such-charset"));
    CHECK(*session.diagnostics != '\0');
    CHECK(strstr(session.diagnostics, "[odbcssl]") == NULL);
    odbc_close(&session);
}

/* ----- SQL Server Browser ----- */

/* UDP port 1434 is the only one that clients ask; another test or server may have it. */
static bool start_browser(void)
{
    static const char *const arguments[] = {"--browser-port", "1434", "--instance", INSTANCE, NULL};
    if (tds_fixture_start(&fixture, "server", "required", arguments))
        return true;
    suite_skip("UDP port 1434 is taken");
    return false;
}

CASE("SQL Server Browser")
{
    if (!start_browser())
        return;
    CHECK(connect_to("Server=localhost\\sales", FULL));
    check_carried("localhost", "browser instance=" INSTANCE);
    CHECK(!connect_to("Server=localhost\\PURCHASE;SslTimeout=1", FULL));
    check_refused(ODBCSSL_ERROR_CONNECT, "PURCHASE");
}

CASE("no SQL Server Browser")
{
    start(NULL);
    CHECK(!connect_to("Server=127.0.0.9\\" INSTANCE ";SslTimeout=1", FULL));
    check_refused(ODBCSSL_ERROR_CONNECT, "SQL Server Browser");
}

/* ----- entries of freetds.conf ----- */

static bool write_entries(const char *more)
{
    const char *path = fixture_path(&fixture.base, "freetds.conf");
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return false;
    fprintf(file,
            "[global]\n\ttds version = auto\n\ttext size = 64512\n"
            "; comment\n[sales]\n\thost = localhost\n\tport = %u\n\tTDS  Version = 7.2\n"
            "\tclient charset = UTF-8\n\tinitial block size = 8192\n%s\n",
            tds_peer_port(fixture.peer), more);
    return fclose(file) == 0 && setenv("FREETDSCONF", path, 1) == 0;
}

static bool connect_to_entry(const char *more, const char *settings)
{
    CHECK(write_entries(more));
    bool is_connected = connect_to("Servername=sales", settings);
    unsetenv("FREETDSCONF");
    return is_connected;
}

CASE("entries of freetds.conf")
{
    start(NULL);
    CHECK(connect_to_entry("", FULL));
    check_carried("localhost", "tds=0x72090002 packet-size=8192");
    CHECK(connect_to_entry("", FULL ";TDS_Version=7.3"));
    check_carried("localhost", "tds=0x730b0003");
    CHECK(connect_to_entry("encryption = require\nca file = /nowhere.pem\n", FULL));
    check_carried("localhost", "encrypted=yes");
    CHECK(connect_to_entry("ca file = /nowhere.pem\ncheck certificate hostname = 0\n",
                           "SslMode=verify-ca"));
    CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_STATE), ODBCSSL_STATE_CHAIN_VERIFIED);
    odbc_close(&session);
    CHECK(!connect_to("Servername=purchase", FULL));
    check_refused(ODBCSSL_ERROR_SERVER_MISSING, "[purchase]");
}

/* What the entry demands must not get lost. */
CASE("entries that demand more")
{
    static const struct {
        const char *entry, *settings;
        enum odbcssl_error native;
        const char *text;
    } rows[] = {
        {"encryption = require", "SslMode=prefer", ODBCSSL_ERROR_KEYWORD_CONFLICT,
         "freetds.conf: encryption=require demands TLS of FreeTDS"},
        {"encryption = strict", "SslMode=allow", ODBCSSL_ERROR_KEYWORD_CONFLICT,
         "encryption=strict demands TLS"},
        {"encryption = strict", "SslMode=require", ODBCSSL_ERROR_KEYWORD_CONFLICT,
         "which SslMode=require is not"},
        {"encryption = required", FULL, ODBCSSL_ERROR_KEYWORD_VALUE,
         "encryption=required: FreeTDS"},
        {"encryption = 'require'", FULL, ODBCSSL_ERROR_KEYWORD_VALUE,
         "and strict; the quotes are a part"},
        {"ca file = /etc/ca.pem\ncheck certificate hostname = yes", "SslMode=verify-ca",
         ODBCSSL_ERROR_KEYWORD_CONFLICT, "check certificate hostname"},
        {"crl file = /etc/crl.pem", FULL, ODBCSSL_ERROR_KEYWORD_CONFLICT, "crl file"},
        {"tds version = 5.0", FULL, ODBCSSL_ERROR_PLAINTEXT_LOGIN, "TDS_Version=5.0"},
        {"port = 0", FULL, ODBCSSL_ERROR_KEYWORD_VALUE, "port = 0"},
    };
    start(NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK(!connect_to_entry(rows[i].entry, rows[i].settings));
        check_refused(rows[i].native, rows[i].text);
    }
    CHECK(write_entries("ca file = /etc/ca.pem"));
    session = (struct odbc_session){0};
    CHECK(!odbc_connect(&session, "DRIVER={%s};Servername=sales;UID=sa;PWD=x;SslMode=require",
                        ODBC_FREETDS));
    unsetenv("FREETDSCONF");
    check_refused(ODBCSSL_ERROR_KEYWORD_CONFLICT, "ca file");
}

/* Debian's file has "auto" in [global], for every entry that does not say otherwise. */
CASE("an entry before [global]")
{
    start(NULL);
    const char *path = fixture_path(&fixture.base, "freetds.conf");
    const char *text = suite_text("[sales]\nhost = localhost\nport = %u ; of the test\n"
                                  "encryption = require\n"
                                  "[global]\nport = 9\nencryption = off\ntds version = auto\n",
                                  tds_peer_port(fixture.peer));
    CHECK(pki_write_file(path, text, strlen(text), 0644));
    setenv("FREETDSCONF", path, 1);
    CHECK(connect_to("Servername=sales", FULL));
    check_carried("localhost", "tds=0x74000004");
    CHECK(!connect_to("Servername=sales", "SslMode=prefer"));
    check_refused(ODBCSSL_ERROR_KEYWORD_CONFLICT, "encryption=require");
    unsetenv("FREETDSCONF");
}

CASE("an entry with an instance")
{
    if (!start_browser())
        return;
    const char *path = fixture_path(&fixture.base, "freetds.conf");
    static const char text[] = "[sales]\nhost = localhost\ninstance = Sales\n";
    CHECK(pki_write_file(path, text, sizeof text - 1, 0644));
    setenv("FREETDSCONF", path, 1);
    CHECK(connect_to("Servername=sales", FULL));
    unsetenv("FREETDSCONF");
    check_carried("localhost", "browser instance=" INSTANCE);
}

/* [global] of freetds.conf must not lead past the relay. */
CASE("[global] of freetds.conf")
{
    start(NULL);
    const char *path = fixture_path(&fixture.base, "freetds.conf");
    static const char text[] =
        "[global]\nhost = 127.0.0.2\nport = 9\nencryption = off\ntds version = 5.0\n";
    CHECK(pki_write_file(path, text, sizeof text - 1, 0644));
    setenv("FREETDSCONF", path, 1);
    CHECK(connect_to(with_port("Server=localhost;Port="), FULL));
    unsetenv("FREETDSCONF");
    check_carried("localhost", "tds=0x74000004");
}

/* ----- the database ----- */

/* With SQL_ATTR_CURRENT_CATALOG set before, unless catalog is NULL. */
static void open_in(const char *catalog, const char *entry)
{
    CHECK(write_entries(entry));
    tds_peer_forget(fixture.peer);
    session = (struct odbc_session){0};
    CHECK_FATAL(odbc_open(&session));
    if (catalog != NULL)
        CHECK_NUMBER(SQLSetConnectAttr(session.connection, SQL_ATTR_CURRENT_CATALOG,
                                       (SQLPOINTER)catalog, SQL_NTS),
                     SQL_SUCCESS);
}

static bool connect_in(const char *catalog, const char *entry, const char *source)
{
    open_in(catalog, entry);
    bool is_connected =
        odbc_connect(&session, "%s;UID=%s;PWD=%s;" FULL ";%s", source, TDS_PEER_USER,
                     TDS_PEER_PASSWORD, tds_fixture_option(&fixture, "SslRootCert", "root.pem"));
    odbc_note(&session, "%s in %s, %s", source, catalog != NULL ? catalog : "none", entry);
    unsetenv("FREETDSCONF");
    return is_connected;
}

static void check_database(const char *catalog, const char *entry, const char *source,
                           const char *database)
{
    CHECK(connect_in(catalog, entry, source));
    check_carried("localhost", suite_text(" database=%s ", database));
}

#define ENTRY_DATABASE "database = msdb\n"

/* As FreeTDS does alone. */
CASE("the database of an entry counts before the data source's")
{
    start(NULL);
    check_database(NULL, "", "DSN=branch", "test");
    check_database(NULL, "database =\n", "DSN=branch", "test");
    check_database(NULL, ENTRY_DATABASE, "DSN=branch", "msdb");
    check_database(NULL, ENTRY_DATABASE, "DSN=branch;Database=model", "model");
}

CASE("a catalog that is set before connecting counts before the data source's database")
{
    start(NULL);
    const char *warehouse = suite_text("DSN=warehouse;Port=%u", tds_peer_port(fixture.peer));
    check_database("master", "", warehouse, "master");
    check_database("", "", warehouse, "test");
    check_database("master", "", suite_text("%s;Database=model", warehouse), "model");
    check_database("master", "", "DSN=branch", "master");
    check_database("master", ENTRY_DATABASE, "DSN=branch", "msdb");
    CHECK(!connect_in("nowhere", "", warehouse));
    CHECK_CONTAINS(session.diagnostics, "Cannot open database \"nowhere\"");
    odbc_close(&session);
}

CASE("a catalog that is set before SQLConnect counts before an entry's database")
{
    start(NULL);
    open_in("master", ENTRY_DATABASE);
    CHECK(SQL_SUCCEEDED(SQLConnect(session.connection, (SQLCHAR *)"branch", SQL_NTS,
                                   (SQLCHAR *)TDS_PEER_USER, SQL_NTS, (SQLCHAR *)TDS_PEER_PASSWORD,
                                   SQL_NTS)));
    unsetenv("FREETDSCONF");
    SQLAllocHandle(SQL_HANDLE_STMT, session.connection, &session.statement);
    check_carried("localhost", " database=master ");
}

/* ----- around ----- */

CASE("the environment")
{
    static const char *const names[] = {"TDSHOST", "TDSPORT"};
    start(NULL);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        setenv(names[i], i == 0 ? "127.0.0.1" : with_port(""), 1);
        CHECK(!connect_to(with_port("Server=localhost;Port="), FULL));
        unsetenv(names[i]);
        check_refused(ODBCSSL_ERROR_BYPASS_SETTING, names[i]);
    }
}

/* FreeTDS reads the data source as UTF-8, and a string that is not wide as Latin-1. */
CASE("the connection string that comes back can be given again by an ANSI application")
{
    SQLCHAR out[1024] = "";
    start(NULL);
    session = (struct odbc_session){0};
    CHECK_FATAL(odbc_open(&session));
    const char *in = suite_text("DSN=north;Port=%u;UID=%s;PWD=%s;" FULL ";%s",
                                tds_peer_port(fixture.peer), TDS_PEER_USER, TDS_PEER_PASSWORD,
                                tds_fixture_option(&fixture, "SslRootCert", "root.pem"));
    CHECK(SQL_SUCCEEDED(SQLDriverConnect(session.connection, NULL, (SQLCHAR *)in, SQL_NTS, out,
                                         sizeof out, NULL, SQL_DRIVER_NOPROMPT)));
    CHECK_CONTAINS((const char *)out, ";Language=Fran\xE7"
                                      "ais");
    SQLDisconnect(session.connection);
    odbc_close(&session);
}

/* A DSN for FreeTDS needs another Driver, TargetDriver, and SslMode if it demands TLS. */
CASE("a DSN of FreeTDS")
{
    start(NULL);
    tds_peer_forget(fixture.peer);
    session = (struct odbc_session){0};
    CHECK(odbc_connect(&session, "DSN=warehouse;Port=%u;UID=%s;PWD=%s;" FULL ";%s",
                       tds_peer_port(fixture.peer), TDS_PEER_USER, TDS_PEER_PASSWORD,
                       tds_fixture_option(&fixture, "SslRootCert", "root.pem")));
    CHECK_TEXT(odbc_info_text(&session, SQL_DATA_SOURCE_NAME), "warehouse");
    check_carried("localhost", "database=test tds=0x730b0003");
    session = (struct odbc_session){0};
    CHECK(!odbc_connect(&session, "DSN=warehouse;Port=%u;UID=%s;PWD=%s;SslMode=prefer",
                        tds_peer_port(fixture.peer), TDS_PEER_USER, TDS_PEER_PASSWORD));
    tds_peer_forget(fixture.peer);
    check_refused(ODBCSSL_ERROR_KEYWORD_CONFLICT, "Encryption=require");
}

static int set_up(void)
{
    return tds_fixture_set_up(&fixture, NULL, data_sources);
}

SUITE("TDS profile", set_up, tds_fixture_tear_down)
