/*
 * test_mysql.c - MariaDB's ODBC driver, with its TLS off, through the relay to a real MariaDB
 * server that sees TLS. The application side of odbcssl is not in it.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "relay/relay.h"
#include "support/mariadb_server.h"
#include "support/odbc.h"
#include "support/pki.h"
#include "support/suite.h"

#define PASSWORD "geheim-7"
#define SHOW_CIPHER                                                                                \
    "SELECT variable_value FROM information_schema.session_status "                                \
    "WHERE variable_name = 'Ssl_cipher'"

/* The user clear never gets as far as PAM: the server only asks the way its plugin wants to. */
static const char *const arguments[] = {"--plugin-load-add=auth_ed25519",
                                        "--plugin-load-add=auth_pam_v1",
                                        "--pam-use-cleartext-plugin", NULL};
static const char users[] =
    "CREATE DATABASE work;"
    "CREATE USER native@'%' IDENTIFIED BY '" PASSWORD "'; GRANT ALL ON work.* TO native@'%';"
    "CREATE USER empty@'%';"
    "CREATE USER edwards@'%' IDENTIFIED VIA ed25519 USING PASSWORD('" PASSWORD "');"
    "CREATE USER secure@'%' IDENTIFIED BY '" PASSWORD "' REQUIRE SSL;"
    "CREATE USER certified@'%' IDENTIFIED BY '" PASSWORD "' REQUIRE X509;"
    "CREATE USER clear@'%' IDENTIFIED VIA pam USING 'odbcssl-test-none';";

enum file { FILE_CA, FILE_SERVER, FILE_CLIENT, FILE_SERVER_KEY, FILE_CLIENT_KEY, FILE_COUNT };

static char *folder;
static char *paths[FILE_COUNT];
static struct mariadb_server *server;

static bool make_certificates(void)
{
    static const char *const names[] = {"ca.crt", "server.crt", "client.crt", "server.key",
                                        "client.key"};
    struct pki_certificate *ca = pki_issue(&(struct pki_spec){.common_name = "CA", .is_ca = true});
    struct pki_certificate *leaf = pki_issue(
        &(struct pki_spec){.common_name = "db1", .issuer = ca, .ip = PKI_LIST("127.0.0.1")});
    struct pki_certificate *client = pki_issue(&(struct pki_spec){
        .common_name = "anna", .issuer = ca, .purposes = PKI_LIST(GNUTLS_KP_TLS_WWW_CLIENT)});
    for (size_t i = 0; i < FILE_COUNT; i++)
        paths[i] = suite_text("%s/%s", folder, names[i]);
    return pki_write_pem(paths[FILE_CA], ca, NULL) &&
           pki_write_pem(paths[FILE_SERVER], leaf, NULL) &&
           pki_write_pem(paths[FILE_CLIENT], client, NULL) &&
           pki_write_key_pem(paths[FILE_SERVER_KEY], leaf) &&
           pki_write_key_pem(paths[FILE_CLIENT_KEY], client);
}

static int set_up(void)
{
    if (!mariadb_is_installed()) {
        suite_skip("MariaDB is not installed");
        return 0;
    }
    folder = pki_temp_dir();
    if (folder == NULL || !make_certificates() || !odbc_configure(folder, NULL, NULL))
        return -1;
    const struct mariadb_options options = {paths[FILE_SERVER], paths[FILE_SERVER_KEY],
                                            paths[FILE_CA], arguments, users};
    server = mariadb_start(&options);
    return server != NULL ? 0 : -1;
}

static int tear_down(void)
{
    mariadb_stop(&server);
    pki_temp_dir_remove(&folder);
    return 0;
}

/* ----- one connection through a relay ----- */

struct visit {
    enum proto_plan plan;
    const char *user;
    const char *password;
    const char *option; /* more of the driver's settings; may be NULL */
    bool has_certificate;
};

struct link {
    struct tls_options tls;
    struct dial_target target;
    const struct credentials *credentials;
    struct relay *relay;
    struct odbc_session odbc;
    bool is_connected;
    enum session_outcome outcome;
    struct tls_report report;
    struct error error;
};

static void set_option(struct option *option, const char *keyword, const char *value)
{
    *option = (struct option){strdup(value), keyword, strdup("test")};
}

static bool open_relay(struct link *link, const struct visit *visit)
{
    link->tls = (struct tls_options){
        .mode = ODBCSSL_MODE_VERIFY_FULL, .minimum_version = TLS_VERSION_1_2, .send_sni = true};
    set_option(&link->tls.root_cert, "SslRootCert", paths[FILE_CA]);
    if (visit->has_certificate) {
        set_option(&link->tls.cert, "SslCert", paths[FILE_CLIENT]);
        set_option(&link->tls.key, "SslKey", paths[FILE_CLIENT_KEY]);
    }
    link->credentials = credentials_get(&link->tls, NULL, &link->error);
    if (link->credentials == NULL ||
        !dial_resolve("127.0.0.1", mariadb_port(server), &link->target, &link->error))
        return false;
    const struct session_options options = {.proto = &proto_mysql,
                                            .plan = visit->plan,
                                            .tls = &link->tls,
                                            .credentials = link->credentials,
                                            .target = &link->target,
                                            .timeout = 60};
    /* The relay keeps what the options point to, not the options. */
    link->relay = relay_open(&options, ENDPOINT_UNIX, &link->error);
    return link->relay != NULL;
}

static void open_link(struct link *link, const struct visit *visit)
{
    socklen_t length;
    *link = (struct link){0};
    bool is_open = open_relay(link, visit);
    CHECK_TEXT(link->error.text, "");
    CHECK_FATAL(is_open);
    const struct sockaddr *address = relay_address(link->relay, &length);
    link->is_connected =
        odbc_connect(&link->odbc, "DRIVER=libmaodbc.so;SERVER=localhost;SOCKET=%s;UID=%s;PWD=%s;%s",
                     ((const struct sockaddr_un *)address)->sun_path, visit->user, visit->password,
                     visit->option != NULL ? visit->option : "");
    link->outcome =
        session_record_outcome(relay_record(link->relay), &link->report, NULL, &link->error);
}

static void close_link(struct link *link)
{
    odbc_close(&link->odbc);
    relay_close(&link->relay);
    credentials_release(&link->credentials);
    dial_target_free(&link->target);
    tls_options_free(&link->tls);
}

/* ----- cases ----- */

static void check_encrypted_login(const struct visit *visit)
{
    struct link link;
    open_link(&link, visit);
    CHECK_TEXT(link.odbc.diagnostics, "");
    CHECK_TEXT(link.error.text, "");
    CHECK_NUMBER(link.outcome, SESSION_CARRIED);
    CHECK_NUMBER(link.report.state, ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK(link.is_connected && odbc_query(&link.odbc, SHOW_CIPHER));
    CHECK_CONTAINS(link.odbc.value, "TLS_");
    close_link(&link);
}

/* OPTION=2048: compressed. */
CASE("every kind of login is encrypted")
{
    static const struct visit visits[] = {
        {PROTO_PLAN_TLS, "native", PASSWORD, NULL, false},
        {PROTO_PLAN_TLS, "empty", "", NULL, false},
        {PROTO_PLAN_TLS, "edwards", PASSWORD, NULL, false},
        {PROTO_PLAN_TLS, "secure", PASSWORD, NULL, false},
        {PROTO_PLAN_TLS, "certified", PASSWORD, NULL, true},
        {PROTO_PLAN_TLS, "secure", PASSWORD, "OPTION=2048", false},
    };
    for (size_t i = 0; i < sizeof visits / sizeof visits[0]; i++)
        check_encrypted_login(&visits[i]);
}

CASE("rows pass")
{
    static const struct visit visit = {PROTO_PLAN_TLS, "native", PASSWORD, NULL, false};
    struct link link;
    open_link(&link, &visit);
    CHECK(link.is_connected && odbc_query(&link.odbc, "SELECT repeat(char(65 + seq % 26), 1000) "
                                                      "FROM work.seq_1_to_20000"));
    CHECK_NUMBER(strlen(link.odbc.value), 1000);
    CHECK_NUMBER(odbc_fetch_all(&link.odbc), 19999);
    close_link(&link);
}

/* The server's own words reach the application, and the outcome allows no other attempt. */
static void check_denied(const struct visit *visit)
{
    struct link link;
    open_link(&link, visit);
    CHECK(!link.is_connected);
    CHECK_NUMBER(link.odbc.native, 1045);
    CHECK_CONTAINS(link.odbc.diagnostics, "Access denied for user");
    CHECK(link.outcome != SESSION_CARRIED);
    CHECK(link.outcome != SESSION_NEEDS_TLS);
    CHECK(link.outcome != SESSION_REJECTED);
    CHECK_TEXT(link.error.text, "");
    close_link(&link);
}

CASE("a failed login is told by the server")
{
    static const struct visit visits[] = {
        {PROTO_PLAN_TLS, "native", "wrong", NULL, false},
        {PROTO_PLAN_TLS, "edwards", "wrong", NULL, false},
        {PROTO_PLAN_TLS, "certified", PASSWORD, NULL, false},
        {PROTO_PLAN_TLS, "clear", PASSWORD, NULL, false},
        {PROTO_PLAN_PLAINTEXT, "secure", PASSWORD, NULL, false},
        {PROTO_PLAN_PLAINTEXT, "native", "wrong", NULL, false},
    };
    for (size_t i = 0; i < sizeof visits / sizeof visits[0]; i++)
        check_denied(&visits[i]);
}

static void check_plaintext_login(const char *user)
{
    const struct visit visit = {PROTO_PLAN_PLAINTEXT, user, PASSWORD, NULL, false};
    struct link link;
    open_link(&link, &visit);
    CHECK_NUMBER(link.outcome, SESSION_CARRIED);
    CHECK(link.is_connected && odbc_query(&link.odbc, SHOW_CIPHER));
    CHECK_TEXT(link.odbc.value, "");
    close_link(&link);
}

CASE("plaintext when that is the plan")
{
    check_plaintext_login("native");
    check_plaintext_login("edwards");
}

/* Since 11.4 the server says so before it looks at the password, so that going on to TLS follows no
 * failed login: a wrong password gets the same answer. Before, it says that the login failed. */
static void check_plaintext_is_refused(const char *password, bool is_told)
{
    const struct visit visit = {PROTO_PLAN_PLAINTEXT, "native", password, NULL, false};
    struct link link;
    if (!is_told) {
        check_denied(&visit);
        return;
    }
    open_link(&link, &visit);
    CHECK_NUMBER(link.outcome, SESSION_NEEDS_TLS);
    CHECK_NUMBER(link.error.code, ODBCSSL_ERROR_SERVER_REQUIRES_TLS);
    CHECK_CONTAINS(link.error.text, "3159");
    close_link(&link);
}

CASE("a server that requires TLS")
{
    static const struct visit encrypted = {PROTO_PLAN_TLS, "native", PASSWORD, NULL, false};
    char output[256];
    CHECK(mariadb_query(server, "SET GLOBAL require_secure_transport=ON; SELECT version()", output,
                        sizeof output));
    double version = strtod(output, NULL);
    check_plaintext_is_refused(PASSWORD, version >= 11.4);
    check_plaintext_is_refused("wrong", version >= 11.4);
    check_encrypted_login(&encrypted);
    CHECK(mariadb_query(server, "SET GLOBAL require_secure_transport=OFF", output, sizeof output));
}

static void check_refused(const struct visit *visit, enum odbcssl_error code, const char *text)
{
    struct link link;
    open_link(&link, visit);
    CHECK(!link.is_connected);
    CHECK_NUMBER(link.outcome, SESSION_LOST);
    CHECK_NUMBER(link.error.code, code);
    CHECK_CONTAINS(link.error.text, text);
    CHECK_CONTAINS(link.odbc.diagnostics, "odbcssl: connection refused");
    close_link(&link);
}

CASE("a driver with TLS of its own")
{
    static const struct visit visit = {PROTO_PLAN_PLAINTEXT, "native", PASSWORD, "FORCETLS=1",
                                       false};
    struct link link;
    open_link(&link, &visit);
    CHECK(!link.is_connected);
    CHECK_NUMBER(link.outcome, SESSION_LOST);
    CHECK_CONTAINS(link.error.text, "TLS of its own");
    close_link(&link);
}

/* The driver would send it: it believes that a Unix socket is secure. */
CASE("a password in clear text does not leave without TLS")
{
    static const struct visit visit = {PROTO_PLAN_PLAINTEXT, "clear", PASSWORD, NULL, false};
    check_refused(&visit, ODBCSSL_ERROR_PLAINTEXT_LOGIN, "mysql_clear_password");
}

/* ----- a second session, which the driver makes to cancel ----- */

#define SLEEP "SELECT sleep(300)"
#define IS_SLEEPING "SELECT count(*) FROM information_schema.processlist WHERE info = '" SLEEP "'"

static void *run_sleep(void *argument)
{
    odbc_query(argument, SLEEP);
    return NULL;
}

CASE("a query is cancelled")
{
    static const struct visit visit = {PROTO_PLAN_TLS, "secure", PASSWORD, NULL, false};
    struct link link;
    pthread_t thread;
    char output[64] = "";
    open_link(&link, &visit);
    CHECK_FATAL(link.is_connected);
    CHECK_FATAL(pthread_create(&thread, NULL, run_sleep, &link.odbc) == 0);
    for (int i = 0; i < 1000 && strcmp(output, "1\n") != 0; i++)
        CHECK(mariadb_query(server, IS_SLEEPING, output, sizeof output));
    CHECK(SQL_SUCCEEDED(SQLCancel(link.odbc.statement)));
    pthread_join(thread, NULL);
    CHECK(mariadb_query(server, IS_SLEEPING, output, sizeof output));
    CHECK_TEXT(output, "0\n");
    CHECK(session_record_is_alive(relay_record(link.relay), NULL));
    CHECK(odbc_query(&link.odbc, SHOW_CIPHER));
    close_link(&link);
}

/* ----- ERR in place of the greeting ----- */

#define CROWD 20

/* Connects, and returns whether the server greets with ERR. */
static bool is_turned_away(int *descriptor_out)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(mariadb_port(server)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    unsigned char packet[5] = {0};
    *descriptor_out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return connect(*descriptor_out, (struct sockaddr *)&address, sizeof address) == 0 &&
           recv(*descriptor_out, packet, sizeof packet, MSG_WAITALL) == sizeof packet &&
           packet[4] == 0xFF;
}

/* The last case: the server stays full. */
CASE("a server that is full")
{
    static const struct visit visit = {PROTO_PLAN_TLS, "native", PASSWORD, NULL, false};
    struct link link;
    char output[256];
    int crowd[CROWD];
    size_t count = 0;
    CHECK(mariadb_query(server, "SET GLOBAL max_connections=10", output, sizeof output));
    while (count < CROWD && !is_turned_away(&crowd[count++]))
        continue;
    open_link(&link, &visit);
    CHECK_NUMBER(link.outcome, SESSION_REJECTED);
    CHECK_CONTAINS(link.error.text, "1040 Too many connections");
    CHECK_NUMBER(link.odbc.native, 1040);
    CHECK_CONTAINS(link.odbc.diagnostics, "Too many connections");
    close_link(&link);
    while (count > 0)
        close(crowd[--count]);
}

SUITE("mysql", set_up, tear_down)
