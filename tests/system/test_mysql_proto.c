/*
 * test_mysql_proto.c - the MySQL state machine between the real client and a real MariaDB server:
 * the client speaks plaintext over a Unix socket, the server sees TLS.
 */
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/mariadb_server.h"
#include "support/pki.h"
#include "support/suite.h"
#include "system/mysql_relay.h"

#define OUTPUT_SIZE 4096
#define PASSWORD "geheim-7"

static const char *const arguments[] = {"--plugin-load-add=auth_ed25519",
                                        "--plugin-load-add=auth_pam", "--pam-use-cleartext-plugin",
                                        NULL};
static const char users[] =
    "CREATE DATABASE work;"
    "CREATE USER native@'%' IDENTIFIED BY '" PASSWORD "'; GRANT ALL ON work.* TO native@'%';"
    "CREATE USER empty@'%';"
    "CREATE USER edwards@'%' IDENTIFIED VIA ed25519 USING PASSWORD('" PASSWORD "');"
    "CREATE USER secure@'%' IDENTIFIED BY '" PASSWORD "' REQUIRE SSL;"
    "CREATE USER certified@'%' IDENTIFIED BY '" PASSWORD "' REQUIRE X509;"
    "CREATE USER clear@'%' IDENTIFIED VIA pam USING 'odbcssl-test-none';";

static char *folder;
static struct mariadb_server *server;
static gnutls_certificate_credentials_t plain_credentials;     /* trust alone */
static gnutls_certificate_credentials_t certified_credentials; /* and a client certificate */

static int make_certificates(void)
{
    struct pki_certificate *ca = pki_issue(&(struct pki_spec){.common_name = "CA", .is_ca = true});
    struct pki_certificate *leaf = pki_issue(
        &(struct pki_spec){.common_name = "db1", .issuer = ca, .ip = PKI_LIST("127.0.0.1")});
    struct pki_certificate *client =
        pki_issue(&(struct pki_spec){.common_name = "anna", .issuer = ca});
    static const char *const names[] = {"ca.crt", "server.crt", "client.crt", "server.key",
                                        "client.key"};
    char *paths[5];
    for (size_t i = 0; i < 5; i++)
        paths[i] = pki_path(folder, names[i]);
    bool is_written = pki_write_pem(paths[0], ca, NULL) && pki_write_pem(paths[1], leaf, NULL) &&
                      pki_write_pem(paths[2], client, NULL) && pki_write_key_pem(paths[3], leaf) &&
                      pki_write_key_pem(paths[4], client);
    gnutls_certificate_allocate_credentials(&plain_credentials);
    gnutls_certificate_allocate_credentials(&certified_credentials);
    is_written = is_written &&
                 gnutls_certificate_set_x509_trust_file(plain_credentials, paths[0],
                                                        GNUTLS_X509_FMT_PEM) == 1 &&
                 gnutls_certificate_set_x509_trust_file(certified_credentials, paths[0],
                                                        GNUTLS_X509_FMT_PEM) == 1 &&
                 gnutls_certificate_set_x509_key_file(certified_credentials, paths[2], paths[4],
                                                      GNUTLS_X509_FMT_PEM) == 0;
    for (size_t i = 0; i < 5; i++)
        free(paths[i]);
    pki_free(&ca);
    pki_free(&leaf);
    pki_free(&client);
    return is_written ? 0 : -1;
}

static int set_up(void)
{
    char error[2048] = "";
    if (!mariadb_is_installed())
        return 0;
    folder = pki_temp_dir();
    if (folder == NULL || make_certificates() != 0)
        return -1;
    char *certificate = pki_path(folder, "server.crt");
    char *key = pki_path(folder, "server.key");
    char *ca = pki_path(folder, "ca.crt");
    const struct mariadb_options options = {certificate, key, ca, arguments, users};
    server = mariadb_start(&options, error, sizeof error);
    if (server == NULL)
        printf("# %s\n", error);
    free(certificate);
    free(key);
    free(ca);
    return server != NULL ? 0 : -1;
}

static int tear_down(void)
{
    mariadb_stop(&server);
    pki_temp_dir_remove(&folder);
    gnutls_certificate_free_credentials(plain_credentials);
    gnutls_certificate_free_credentials(certified_credentials);
    return 0;
}

/* ----- one session through the relay ----- */

struct visit {
    enum proto_plan plan;
    const char *user;
    const char *password;
    const char *sql;
    const char *option; /* one more of the client's; may be NULL */
    bool has_certificate;
};

struct outcome {
    int status; /* of the client */
    char output[OUTPUT_SIZE];
    struct mysql_relay_result relay;
};

static void visit_server(const struct visit *visit, struct outcome *outcome)
{
    const struct mysql_relay_options options = {visit->plan, mariadb_port(server),
                                                visit->has_certificate ? certified_credentials
                                                                       : plain_credentials};
    struct mysql_relay *relay = mysql_relay_start(&options);
    CHECK_FATAL(relay != NULL);
    char socket_argument[256], user[64], password[64];
    snprintf(socket_argument, sizeof socket_argument, "--socket=%s", mysql_relay_socket(relay));
    snprintf(user, sizeof user, "--user=%s", visit->user);
    snprintf(password, sizeof password, "--password=%s", visit->password);
    const char *list[] = {"--protocol=socket",
                          socket_argument,
                          user,
                          password,
                          "--batch",
                          "--skip-column-names",
                          "--execute",
                          visit->sql,
                          visit->option != NULL ? visit->option : "--skip-ssl",
                          NULL};
    outcome->status = mariadb_client(list, outcome->output, sizeof outcome->output);
    mysql_relay_finish(&relay, &outcome->relay);
}

static bool is_skipped(void)
{
    if (server == NULL)
        suite_skip("MariaDB is not installed");
    return server == NULL;
}

#define SHOW_CIPHER "SHOW STATUS LIKE 'Ssl_cipher'"

static void check_encrypted_login(const struct visit *visit)
{
    struct outcome outcome;
    visit_server(visit, &outcome);
    CHECK_NUMBER(outcome.status, 0);
    CHECK_CONTAINS(outcome.output, "Ssl_cipher\tTLS_");
    CHECK_NUMBER(outcome.relay.verdict, PROTO_LOGGED_IN);
    CHECK_TEXT(outcome.relay.error.text, "");
}

static void test_logins_are_encrypted(void)
{
    static const struct visit visits[] = {
        {PROTO_PLAN_TLS, "native", PASSWORD, SHOW_CIPHER, NULL, false},
        {PROTO_PLAN_TLS, "empty", "", SHOW_CIPHER, NULL, false},
        {PROTO_PLAN_TLS, "edwards", PASSWORD, SHOW_CIPHER, NULL, false},
        {PROTO_PLAN_TLS, "secure", PASSWORD, SHOW_CIPHER, NULL, false},
        {PROTO_PLAN_TLS, "certified", PASSWORD, SHOW_CIPHER, NULL, true},
        {PROTO_PLAN_TLS, "secure", PASSWORD, SHOW_CIPHER, "--compress", false},
    };
    if (is_skipped())
        return;
    for (size_t i = 0; i < sizeof visits / sizeof visits[0]; i++)
        check_encrypted_login(&visits[i]);
}

static void test_rows_pass(void)
{
    static const struct visit visit = {
        PROTO_PLAN_TLS,
        "native",
        PASSWORD,
        "SELECT count(*), sum(length(text)) FROM (SELECT repeat(char(65 + seq % 26), 1000) text "
        "FROM work.seq_1_to_20000) rows_of_text",
        NULL,
        false};
    struct outcome outcome;
    if (is_skipped())
        return;
    visit_server(&visit, &outcome);
    CHECK_CONTAINS(outcome.output, "20000\t20000000");
}

static void check_denied(const struct visit *visit, const char *part)
{
    struct outcome outcome;
    visit_server(visit, &outcome);
    CHECK_NUMBER(outcome.status, 1);
    CHECK_CONTAINS(outcome.output, part);
    CHECK(outcome.relay.verdict != PROTO_LOGGED_IN);
    CHECK(outcome.relay.verdict != PROTO_NEEDS_TLS);
    CHECK(outcome.relay.verdict != PROTO_REJECTED);
    CHECK(outcome.relay.is_credentials_asked);
}

/* The server's own words reach the user, and the relay does not try another way. */
static void test_failed_logins(void)
{
    static const struct visit visits[] = {
        {PROTO_PLAN_TLS, "native", "wrong", "SELECT 1", NULL, false},
        {PROTO_PLAN_TLS, "edwards", "wrong", "SELECT 1", NULL, false},
        {PROTO_PLAN_TLS, "certified", PASSWORD, "SELECT 1", NULL, false},
        {PROTO_PLAN_PLAINTEXT, "secure", PASSWORD, "SELECT 1", NULL, false},
        {PROTO_PLAN_PLAINTEXT, "native", "wrong", "SELECT 1", NULL, false},
    };
    if (is_skipped())
        return;
    for (size_t i = 0; i < sizeof visits / sizeof visits[0]; i++)
        check_denied(&visits[i], "ERROR 1045 (28000): Access denied for user");
}

static void test_plaintext(void)
{
    static const struct visit visits[] = {
        {PROTO_PLAN_PLAINTEXT, "native", PASSWORD, SHOW_CIPHER, NULL, false},
        {PROTO_PLAN_PLAINTEXT, "edwards", PASSWORD, SHOW_CIPHER, NULL, false},
    };
    if (is_skipped())
        return;
    for (size_t i = 0; i < sizeof visits / sizeof visits[0]; i++) {
        struct outcome outcome;
        visit_server(&visits[i], &outcome);
        CHECK_NUMBER(outcome.status, 0);
        CHECK_TEXT(outcome.output, "Ssl_cipher\t\n");
        CHECK_NUMBER(outcome.relay.verdict, PROTO_LOGGED_IN);
    }
}

/* Since 11.4 the server says so before it looks at the password, so that going on to TLS follows no
 * failed login: a wrong password gets the same answer. Before, it says that the login failed. */
static void check_plaintext_is_refused(const char *password, bool is_told)
{
    const struct visit visit = {PROTO_PLAN_PLAINTEXT, "native", password, "SELECT 1", NULL, false};
    struct outcome outcome;
    visit_server(&visit, &outcome);
    CHECK_NUMBER(outcome.status, 1);
    CHECK_NUMBER(outcome.relay.verdict, is_told ? PROTO_NEEDS_TLS : PROTO_CONTINUE);
    CHECK_NUMBER(outcome.relay.error.code,
                 is_told ? ODBCSSL_ERROR_SERVER_REQUIRES_TLS : ODBCSSL_ERROR_NONE);
    CHECK_CONTAINS(is_told ? outcome.relay.error.text : outcome.output, is_told ? "3159" : "1045");
}

static void test_server_requires_tls(void)
{
    static const struct visit encrypted = {
        .plan = PROTO_PLAN_TLS, .user = "native", .password = PASSWORD, .sql = SHOW_CIPHER};
    char output[256];
    if (is_skipped())
        return;
    CHECK(mariadb_query(server, "SET GLOBAL require_secure_transport=ON; SELECT version()", output,
                        sizeof output));
    double version = strtod(output, NULL);
    check_plaintext_is_refused(PASSWORD, version >= 11.4);
    check_plaintext_is_refused("wrong", version >= 11.4);
    check_encrypted_login(&encrypted);
    CHECK(mariadb_query(server, "SET GLOBAL require_secure_transport=OFF", output, sizeof output));
}

static void test_driver_with_tls_of_its_own(void)
{
    static const struct visit visit = {PROTO_PLAN_PLAINTEXT, "native", PASSWORD,
                                       "SELECT 1",           "--ssl",  false};
    struct outcome outcome;
    if (is_skipped())
        return;
    visit_server(&visit, &outcome);
    CHECK_NUMBER(outcome.relay.verdict, PROTO_REFUSE);
    CHECK_CONTAINS(outcome.relay.error.text, "TLS of its own");
    CHECK_CONTAINS(outcome.output, "ERROR");
}

/* The client would send it: it believes that a Unix socket is secure. */
static void test_clear_password_stays(void)
{
    static const struct visit visits[] = {
        {PROTO_PLAN_PLAINTEXT, "clear", PASSWORD, "SELECT 1", NULL, false},
        {PROTO_PLAN_TLS, "clear", PASSWORD, "SELECT 1", NULL, false},
    };
    struct outcome outcome;
    if (is_skipped())
        return;
    visit_server(&visits[0], &outcome);
    CHECK_NUMBER(outcome.relay.verdict, PROTO_REFUSE);
    CHECK_NUMBER(outcome.relay.error.code, ODBCSSL_ERROR_PLAINTEXT_LOGIN);
    CHECK_CONTAINS(outcome.output, "ERROR 1043 (08S01): the session failed");
    /* In TLS it may travel; PAM then knows no such service. */
    check_denied(&visits[1], "Access denied");
}

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
static void test_server_is_full(void)
{
    static const struct visit visit = {PROTO_PLAN_TLS, "native", PASSWORD, "SELECT 1", NULL, false};
    struct outcome outcome;
    char output[256];
    int crowd[CROWD];
    size_t count = 0;
    if (is_skipped())
        return;
    CHECK(mariadb_query(server, "SET GLOBAL max_connections=10", output, sizeof output));
    while (count < CROWD && !is_turned_away(&crowd[count++]))
        continue;
    visit_server(&visit, &outcome);
    CHECK_NUMBER(outcome.relay.verdict, PROTO_REJECTED);
    CHECK(!outcome.relay.is_credentials_asked);
    CHECK_CONTAINS(outcome.relay.error.text, "1040 Too many connections");
    CHECK_CONTAINS(outcome.output, "Too many connections");
    while (count > 0)
        close(crowd[--count]);
}

static const struct suite_case cases[] = {
    {"every kind of login is encrypted", test_logins_are_encrypted},
    {"rows pass", test_rows_pass},
    {"a failed login is told by the server", test_failed_logins},
    {"plaintext when that is the plan", test_plaintext},
    {"a server that requires TLS", test_server_requires_tls},
    {"a driver with TLS of its own", test_driver_with_tls_of_its_own},
    {"a password in clear text does not leave without TLS", test_clear_password_stays},
    {"a server that is full", test_server_is_full},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    const struct suite suites[] = {{"mysql proto", cases, set_up, tear_down}, {0}};
    return suite_main(argc, argv, suites);
}
