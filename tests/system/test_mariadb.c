/*
 * test_mariadb.c - MariaDB through odbcssl and MariaDB's own ODBC driver. Whether a session is
 * encrypted is the server's own word.
 */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "odbcssl.h"
#include "support/mariadb_server.h"
#include "support/odbc.h"
#include "support/suite.h"
#include "system/fixture.h"
#include "support/tools.h"

#define PASSWORD "geheim-7"
#define SHOW_CIPHER                                                                                \
    "SELECT variable_value FROM information_schema.session_status "                                \
    "WHERE variable_name = 'Ssl_cipher'"

static const char *const plugins[] = {"--plugin-load-add=auth_ed25519",
                                      "--plugin-load-add=auth_pam_v1", "--pam-use-cleartext-plugin",
                                      NULL};
static const char users[] =
    "CREATE DATABASE work;"
    "CREATE USER native@'%' IDENTIFIED BY '" PASSWORD "'; GRANT ALL ON work.* TO native@'%';"
    "CREATE USER edwards@'%' IDENTIFIED VIA ed25519 USING PASSWORD('" PASSWORD "');"
    "CREATE USER secure@'%' IDENTIFIED BY '" PASSWORD "' REQUIRE SSL;"
    "CREATE USER certified@'%' IDENTIFIED BY '" PASSWORD "' REQUIRE X509;"
    "CREATE USER clear@'%' IDENTIFIED VIA pam USING 'odbcssl-test-none';";

/* As it was written for MariaDB's driver, but for Driver and SslMode. */
static const char data_sources[] = "[shop]\n"
                                   "Driver = " ODBC_MARIADB "\n"
                                   "Description = for MariaDB's driver\n"
                                   "Server = 127.0.0.1\n"
                                   "UID = certified\n"
                                   "Database = \n"
                                   "Option = 0\n"
                                   "SslMode = verify-full\n";

static struct fixture fixture;
static struct mariadb_server *server; /* with TLS */
static struct odbc_session session;

static struct mariadb_server *start_server(bool has_tls)
{
    const struct mariadb_options options = {
        .certificate = has_tls ? fixture_path(&fixture, "server.pem") : NULL,
        .key = has_tls ? fixture_path(&fixture, "server.key") : NULL,
        .ca = has_tls ? fixture_path(&fixture, "root.pem") : NULL,
        .arguments = plugins,
        .sql = users};
    struct mariadb_server *started = mariadb_start(&options);
    return started;
}

static bool connect_to(const struct mariadb_server *to, const char *user, const char *settings)
{
    session = (struct odbc_session){0};
    bool is_connected =
        odbc_connect(&session, "DRIVER={%s};%s;Server=localhost;Port=%u;UID=%s;PWD=%s",
                     ODBC_MARIADB, settings, mariadb_port(to), user, PASSWORD);
    odbc_note(&session, "%s: %s", user, settings);
    return is_connected;
}

static const char *verifying(const char *mode, const char *more)
{
    return suite_text("SslMode=%s;SslRootCert=%s;%s", mode, fixture_path(&fixture, "root.pem"),
                      more);
}

/* ----- modes ----- */

enum wanted { FAILS, DENIED, PLAINTEXT, FALLBACK, ENCRYPTED, VERIFIED, NAMED };

static const enum odbcssl_state states[] = {
    [PLAINTEXT] = ODBCSSL_STATE_PLAINTEXT,           [FALLBACK] = ODBCSSL_STATE_PLAINTEXT_FALLBACK,
    [ENCRYPTED] = ODBCSSL_STATE_ENCRYPTED,           [VERIFIED] = ODBCSSL_STATE_CHAIN_VERIFIED,
    [NAMED] = ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED,
};

static void check_connected(enum wanted wanted)
{
    CHECK(odbc_query(&session, SHOW_CIPHER));
    if (wanted >= ENCRYPTED)
        CHECK_CONTAINS(session.value, "TLS_");
    else
        CHECK_TEXT(session.value, "");
    CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_STATE), states[wanted]);
    CHECK_TEXT(odbc_info_text(&session, SQL_SERVER_NAME), "localhost");
}

static void check_mode(const struct mariadb_server *to, const char *user, const char *mode,
                       enum wanted wanted)
{
    const char *settings = suite_text("SslMode=%s", mode);
    bool is_connected =
        connect_to(to, user, strncmp(mode, "verify", 6) == 0 ? verifying(mode, "") : settings);
    CHECK_NUMBER(is_connected, wanted >= PLAINTEXT);
    if (wanted == FAILS) {
        CHECK_NUMBER(session.native, ODBCSSL_ERROR_SERVER_WITHOUT_TLS);
        CHECK_CONTAINS(session.diagnostics, "CLIENT_SSL");
        CHECK_CONTAINS(session.diagnostics, settings);
    } else if (wanted == DENIED) {
        CHECK_NUMBER(session.native, 1045);
        CHECK(strstr(session.diagnostics, "[odbcssl]") == NULL);
    } else if (is_connected) {
        check_connected(wanted);
    }
    odbc_close(&session);
}

static void check_modes(const struct mariadb_server *to, const char *user,
                        const enum wanted *wanted)
{
    static const char *const modes[] = {"disable", "allow",     "prefer",
                                        "require", "verify-ca", "verify-full"};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        check_mode(to, user, modes[i], wanted[i]);
}

CASE("a server with TLS: every mode")
{
    check_modes(server, "native",
                (enum wanted[]){PLAINTEXT, PLAINTEXT, ENCRYPTED, ENCRYPTED, VERIFIED, NAMED});
}

CASE("a server without TLS: every mode")
{
    struct mariadb_server *bare = start_server(false);
    CHECK_FATAL(bare != NULL);
    check_modes(bare, "native",
                (enum wanted[]){PLAINTEXT, PLAINTEXT, FALLBACK, FAILS, FAILS, FAILS});
    mariadb_stop(&bare);
}

/* An account that requires TLS is denied in the same words as one with a wrong password, so allow
 * does not go on: the password would have to be tried twice. */
CASE("an account that requires TLS: every mode")
{
    check_modes(server, "secure",
                (enum wanted[]){DENIED, DENIED, ENCRYPTED, ENCRYPTED, VERIFIED, NAMED});
}

/* Before MariaDB 11.4 the server says no more than for a wrong password. */
CASE("a server that requires TLS: every mode")
{
    char output[256];
    CHECK(mariadb_query(server, "SET GLOBAL require_secure_transport=ON; SELECT version()", output,
                        sizeof output));
    if (strtod(output, NULL) < 11.4) {
        check_modes(server, "native",
                    (enum wanted[]){DENIED, DENIED, ENCRYPTED, ENCRYPTED, VERIFIED, NAMED});
    } else {
        CHECK(!connect_to(server, "native", "SslMode=disable"));
        CHECK_NUMBER(session.native, ODBCSSL_ERROR_SERVER_REQUIRES_TLS);
        odbc_close(&session);
        check_mode(server, "native", "allow", ENCRYPTED);
        check_mode(server, "native", "verify-full", NAMED);
    }
    CHECK(mariadb_query(server, "SET GLOBAL require_secure_transport=OFF", output, sizeof output));
}

/* ----- accounts ----- */

static const char *client_settings(void)
{
    return suite_text("SslCert=%s;SslKey=%s", fixture_path(&fixture, "client.pem"),
                      fixture_path(&fixture, "client.key"));
}

CASE("kinds of accounts")
{
    CHECK(connect_to(server, "edwards", verifying("verify-full", "")));
    check_connected(NAMED);
    odbc_close(&session);
    CHECK(connect_to(server, "edwards", "SslMode=disable"));
    check_connected(PLAINTEXT);
    odbc_close(&session);
    CHECK(connect_to(server, "certified", verifying("verify-full", client_settings())));
    check_connected(NAMED);
    CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_CLIENT_CERT_SENT), 1);
    odbc_close(&session);
    CHECK(!connect_to(server, "certified", verifying("verify-full", "")));
    CHECK_NUMBER(session.native, 1045);
    odbc_close(&session);
}

/* The server asks for the password itself; only TLS may carry it. The account's own refusal is the
 * sign that it was sent. */
CASE("a clear-text password")
{
    CHECK(!connect_to(server, "clear", verifying("verify-full", "")));
    CHECK_NUMBER(session.native, 1045);
    odbc_close(&session);
    CHECK(!connect_to(server, "clear", "SslMode=disable"));
    CHECK_NUMBER(session.native, ODBCSSL_ERROR_PLAINTEXT_LOGIN);
    CHECK_CONTAINS(session.diagnostics, "mysql_clear_password");
    odbc_close(&session);
    CHECK(!connect_to(server, "clear", "SslMode=allow"));
    CHECK_NUMBER(session.native, ODBCSSL_ERROR_PLAINTEXT_LOGIN);
    odbc_close(&session);
}

/* ----- trust ----- */

static void check_refused(const char *settings, enum odbcssl_error native, const char *text)
{
    CHECK(!connect_to(server, "native", settings));
    CHECK_NUMBER(session.native, native);
    CHECK_CONTAINS(session.diagnostics, text);
    odbc_close(&session);
}

CASE("trust and revocation")
{
    const struct pki_revoked listed = {.certificate = fixture.server, .reason = 1};
    const struct pki_crl_spec root = {.issuer = fixture.root};
    const struct pki_crl_spec revoking = {
        .issuer = fixture.intermediate, .revoked = &listed, .revoked_count = 1};
    CHECK(connect_to(
        server, "native",
        verifying("verify-full", suite_text("SslCrl=%s", fixture_path(&fixture, "crl.pem")))));
    check_connected(NAMED);
    CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_CRL_STATUS), ODBCSSL_CRL_GOOD);
    odbc_close(&session);
    CHECK(fixture_write_crl(&fixture, "crl-server.pem", &root, &revoking));
    check_refused(
        verifying("verify-full", suite_text("SslCrl=%s", fixture_path(&fixture, "crl-server.pem"))),
        ODBCSSL_ERROR_REVOKED, "crl-server.pem");
    check_refused(
        suite_text("SslMode=verify-full;SslRootCert=%s", fixture_path(&fixture, "other.pem")),
        ODBCSSL_ERROR_ISSUER_UNKNOWN, "other.pem");
    check_refused(verifying("verify-full", "SslServerName=elsewhere"), ODBCSSL_ERROR_HOST,
                  "elsewhere");
    check_refused("SslMode=verify-full;SslRootCert=/nowhere.pem", ODBCSSL_ERROR_FILE_UNREADABLE,
                  "/nowhere.pem");
}

/* ----- the session ----- */

CASE("a wrong password")
{
    CHECK(!connect_to(server, "native", verifying("verify-full", "PWD=wrong")));
    CHECK_NUMBER(session.native, 1045);
    CHECK_CONTAINS(session.diagnostics, "Access denied for user 'native'");
    CHECK(strstr(session.diagnostics, "[odbcssl]") == NULL);
    odbc_close(&session);
}

#define SLEEP "SELECT sleep(300)"
#define IS_SLEEPING "SELECT count(*) FROM information_schema.processlist WHERE info = '" SLEEP "'"

static void *run_sleep(void *argument)
{
    odbc_query(argument, SLEEP);
    return NULL;
}

/* The driver logs in a second time and says KILL QUERY. The account requires TLS for that, too. */
CASE("SQLCancel")
{
    pthread_t thread;
    char output[64] = "";
    CHECK_FATAL(connect_to(server, "secure", verifying("verify-full", "")));
    CHECK_FATAL(pthread_create(&thread, NULL, run_sleep, &session) == 0);
    for (int i = 0; i < 1000 && strcmp(output, "1\n") != 0; i++)
        CHECK(mariadb_query(server, IS_SLEEPING, output, sizeof output));
    CHECK(SQL_SUCCEEDED(SQLCancel(session.statement)));
    pthread_join(thread, NULL);
    CHECK(mariadb_query(server, IS_SLEEPING, output, sizeof output));
    CHECK_TEXT(output, "0\n");
    check_connected(NAMED);
    odbc_close(&session);
}

CASE("the status call")
{
    static SQLCHAR call[] = "{call odbcssl_status}";
    CHECK(connect_to(server, "native", verifying("verify-full", "")));
    CHECK(SQL_SUCCEEDED(SQLPrepare(session.statement, call, SQL_NTS)));
    CHECK(SQL_SUCCEEDED(SQLExecute(session.statement)));
    CHECK(odbc_fetch_all(&session) > 20);
    CHECK_TEXT(odbc_info_text(&session, SQL_SSL_PROTOCOL), "TLSv1.3");
    odbc_close(&session);
}

CASE("the status call in isql")
{
    char output[16384];
    if (!tools_have("isql") || !tools_can_load())
        return;
    CHECK(tools_output(fixture.folder, output, sizeof output,
                       "echo '{call odbcssl_status}' | ASAN_OPTIONS=detect_leaks=0 isql -b -v -k "
                       "'DRIVER={%s};Server=localhost;Port=%u;UID=native;PWD=%s;%s'",
                       ODBC_MARIADB, mariadb_port(server), PASSWORD, verifying("verify-full", "")));
    CHECK_CONTAINS(output, "SQL_SSL_PROTOCOL ");
    CHECK_CONTAINS(output, "TLSv1.3");
}

CASE("many rows")
{
    CHECK_FATAL(
        connect_to(server, "native", verifying("verify-full", "Database=work;OPTION=2048")));
    CHECK(odbc_query(&session, "SELECT repeat(char(65 + seq % 26), 1000) FROM seq_1_to_20000"));
    CHECK_NUMBER(odbc_fetch_all(&session), 19999);
    CHECK(odbc_query(&session, "SELECT repeat('x', 8000000)"));
    CHECK_NUMBER(strlen(session.value), sizeof session.value - 1);
    odbc_close(&session);
}

CASE("the server dies")
{
    SQLUINTEGER dead = SQL_CD_FALSE;
    struct mariadb_server *mortal = start_server(true);
    CHECK_FATAL(mortal != NULL);
    CHECK_FATAL(connect_to(mortal, "native", verifying("verify-full", "Database=work")));
    /* Unbuffered, so that the driver reads on as it is asked to. */
    SQLSetStmtAttr(session.statement, SQL_ATTR_CURSOR_TYPE, (SQLPOINTER)SQL_CURSOR_FORWARD_ONLY, 0);
    CHECK(odbc_query(&session, "SELECT 'before'"));
    mariadb_stop(&mortal);
    CHECK(!odbc_query(&session, "SELECT 'after'"));
    CHECK_TEXT(session.sqlstate, "08S01");
    CHECK_CONTAINS(session.diagnostics, "[odbcssl]");
    CHECK_CONTAINS(session.diagnostics, "localhost");
    SQLGetConnectAttr(session.connection, SQL_ATTR_CONNECTION_DEAD, &dead, sizeof dead, NULL);
    CHECK_NUMBER(dead, SQL_CD_TRUE);
    odbc_close(&session);
}

/* ----- data sources of MariaDB's driver ----- */

static bool connect_dsn(const char *settings)
{
    session = (struct odbc_session){0};
    bool is_connected = odbc_connect(&session, "DSN=shop;Port=%u;PWD=%s;%s", mariadb_port(server),
                                     PASSWORD, settings);
    odbc_note(&session, "DSN=shop;%s", settings);
    return is_connected;
}

/* SSLCA is SslRootCert, and so on. */
CASE("a DSN of MariaDB's driver")
{
    const char *settings =
        suite_text("SSLCA=%s;SSLCERT=%s;SSLKEY=%s;FORCETLS=1", fixture_path(&fixture, "root.pem"),
                   fixture_path(&fixture, "client.pem"), fixture_path(&fixture, "client.key"));
    CHECK(connect_dsn(settings));
    CHECK(odbc_query(&session, "SELECT current_user()"));
    CHECK_TEXT(session.value, "certified@%");
    CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_STATE), ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_TEXT(odbc_info_text(&session, SQL_SERVER_NAME), "127.0.0.1");
    odbc_close(&session);
}

CASE("an encrypted key")
{
    CHECK(pki_write_key_pkcs8(fixture_path(&fixture, "client.p8"), fixture.client, "Secret-1"));
    const char *settings = suite_text(
        "SSLCA=%s;SSLCERT=%s;SSLKEY=%s;TLSKEYPWD=Secret-1", fixture_path(&fixture, "root.pem"),
        fixture_path(&fixture, "client.pem"), fixture_path(&fixture, "client.p8"));
    CHECK(connect_dsn(settings));
    odbc_close(&session);
}

/* What the DSN demands of the driver's TLS must not get lost. */
CASE("demands of MariaDB's driver")
{
    static const struct {
        const char *settings;
        const char *text;
    } rows[] = {
        {"SslMode=prefer;FORCETLS=1", "FORCETLS"},
        {"SslMode=allow;ForceTLS=1", "SslMode=allow"},
        {"SslMode=require;TLSPEERFP=00:11", "SslPin"},
        {"SslMode=require;TLSVERSION=TLSv1.3", "SslMinProtocol"},
        {"SslMode=require;SSLCIPHER=AES256-SHA", "SslPriority"},
        {"SslMode=require;SSLCAPATH=/etc/ssl", "SslRootCert"},
        {"SslMode=require;SSLVERIFY=1", "SslMode=verify-full"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK(!connect_to(server, "native", rows[i].settings));
        CHECK_CONTAINS(session.diagnostics, "[odbcssl]");
        CHECK_CONTAINS(session.diagnostics, rows[i].text);
        odbc_close(&session);
    }
    CHECK(connect_to(server, "native", "SslMode=prefer;FORCETLS=0"));
    CHECK(strchr(session.diagnostics, '\n') == strrchr(session.diagnostics, '\n'));
    odbc_close(&session);
}

/* Neither leads past the relay. */
CASE("SOCKET and my.cnf")
{
    const char settings[] = "[odbc]\nsocket=/nowhere\nhost=127.0.0.9\nssl-verify=1\n";
    CHECK(pki_write_file(fixture_path(&fixture, ".my.cnf"), settings, strlen(settings), 0644));
    CHECK(connect_to(server, "native",
                     verifying("verify-full", "SOCKET=/nowhere;USE_MYCNF=1;TCPIP=1")));
    check_connected(NAMED);
    odbc_close(&session);
}

#define AUTO_RECONNECT "OPTION=4194304;"

/* Overwrites the file that a variable of the server names. */
static void replace_file(const char *variable, const char *name)
{
    char path[256] = "", bytes[16384];
    CHECK(mariadb_query(server, suite_text("select @@%s", variable), path, sizeof path));
    path[strcspn(path, "\n")] = '\0';
    FILE *from = fopen(fixture_path(&fixture, name), "re");
    FILE *to = fopen(path, "r+e");
    CHECK_FATAL(from != NULL && to != NULL);
    size_t size = fread(bytes, 1, sizeof bytes, from);
    CHECK(fwrite(bytes, 1, size, to) == size && ftruncate(fileno(to), (off_t)size) == 0);
    fclose(from);
    fclose(to);
}

static void show_certificate(const char *certificate, const char *key)
{
    char nothing[64];
    replace_file("ssl_cert", certificate);
    replace_file("ssl_key", key);
    CHECK(mariadb_query(server, "flush ssl", nothing, sizeof nothing));
}

/* libmariadb crashes when the end comes in the middle of a statement for which it logs in again. To
 * be asked whether the connection is dead it pings the server, and may log in again by that. */
static void wait_for_end(void)
{
    SQLUINTEGER dead = SQL_CD_FALSE;
    for (int i = 0; i < 5000 && dead != SQL_CD_TRUE &&
                    strcmp(odbc_info_text(&session, SQL_SSL_PEER_SUBJECT), "CN=db1") == 0;
         i++) {
        SQLGetConnectAttr(session.connection, SQL_ATTR_CONNECTION_DEAD, &dead, sizeof dead, NULL);
        poll(NULL, 0, 1);
    }
}

/* The driver logs in again by itself, by way of odbcssl, and the report is that of the session
 * which it uses now: the server has another certificate since. */
CASE("a reconnect of MariaDB's driver")
{
    char nothing[64];
    CHECK_FATAL(connect_to(server, "native", verifying("verify-full", AUTO_RECONNECT)));
    CHECK_TEXT(odbc_info_text(&session, SQL_SSL_PEER_SUBJECT), "CN=db1");
    CHECK(odbc_query(&session, "select connection_id()"));
    const char *first = suite_text("%.20s", session.value);
    show_certificate("revoked.pem", "revoked.key");
    CHECK(mariadb_query(server, suite_text("kill %s", first), nothing, sizeof nothing));
    wait_for_end();
    for (int i = 0; i < 3 && !odbc_query(&session, "select connection_id()"); i++)
        odbc_note(&session, "after the end of the first session");
    CHECK(strcmp(session.value, first) != 0);
    check_connected(NAMED);
    CHECK_TEXT(odbc_info_text(&session, SQL_SSL_PEER_SUBJECT), "CN=db2");
    odbc_close(&session);
    show_certificate("server.pem", "server.key");
}

static int set_up(void)
{
    if (fixture_open(&fixture, NULL, data_sources) != 0)
        return -1;
    if (!mariadb_is_installed()) {
        suite_skip("MariaDB is not installed");
        return 0;
    }
    server = start_server(true);
    return server != NULL ? 0 : -1;
}

static int tear_down(void)
{
    mariadb_stop(&server);
    fixture_close(&fixture);
    return 0;
}

SUITE("MariaDB", set_up, tear_down)
