/* test_relay_server.c - a client works through the relay as it does alone: with PostgreSQL. */
#include "test_relay.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct postgres_server *relay_server;

static const char rules[] = "hostssl all demo 127.0.0.1/32 trust\n"
                            "hostssl all secret 127.0.0.1/32 password\n"
                            "hostssl all certified 127.0.0.1/32 trust clientcert=verify-ca\n"
                            "host all anybody 127.0.0.1/32 trust";

static const char roles[] = "create role secret login password 'sesame';"
                            "create role certified login; create role anybody login;";

int relay_server_set_up(void)
{
    static bool is_started;
    if (is_started)
        return 0;
    is_started = true;
    if (rig_files_make() != 0)
        return -1;
    if (!postgres_is_installed())
        return 0;
    struct postgres_options options = {.certificate = rig_files.certificate,
                                       .key = rig_files.key,
                                       .ca = rig_files.ca,
                                       .hba = rules,
                                       .sql = roles};
    relay_server = postgres_start(&options);
    return relay_server != NULL ? 0 : -1;
}

int relay_postgres_set_up(void)
{
    if (!postgres_is_installed())
        suite_skip("PostgreSQL is not installed");
    return relay_server_set_up();
}

/* The three suites share one server, which dies with this program at the latest. */
static void stop_server(void)
{
    postgres_stop(&relay_server);
    rig_files_remove();
}

int relay_server_tear_down(void)
{
    static bool is_registered;
    if (!is_registered)
        atexit(stop_server);
    is_registered = true;
    return 0;
}

static struct rig make_rig(enum proto_plan plan, enum odbcssl_mode mode)
{
    return rig_make(postgres_port(relay_server), plan, mode);
}

CASE("a login through verified TLS")
{
    struct rig rig = make_rig(PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
    struct postgres_answer answer;
    struct tls_report report;
    struct error_list warnings;
    CHECK_FATAL(rig_open(&rig));
    CHECK_NUMBER(session_record_outcome(relay_record(rig.relay), NULL, NULL, &rig.error),
                 SESSION_WAITING);
    CHECK_TEXT(rig.error.text, ""); /* nothing that the real driver would not know better */
    CHECK(rig_login(&rig, &rig.client));
    CHECK_NUMBER(session_record_outcome(relay_record(rig.relay), &report, &warnings, NULL),
                 SESSION_CARRIED);
    CHECK_NUMBER(report.state, ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_NUMBER(report.mode, ODBCSSL_MODE_VERIFY_FULL);
    CHECK_TEXT(report.protocol, "TLSv1.3");
    CHECK_TEXT(report.peer_subject, "CN=localhost");
    CHECK_NUMBER(warnings.count, 0);
    CHECK(rig_is_alive(&rig));
    CHECK(postgres_client_query(
        &rig.client,
        "select ssl::text || ' ' || version from pg_stat_ssl where pid = pg_backend_pid()",
        &answer));
    CHECK_TEXT(answer.first, "true TLSv1.3");
    postgres_client_close(&rig.client);
    rig_wait_for_end(&rig);
    CHECK_TEXT(rig.error.text, "");
    CHECK(!rig_is_alive(&rig));
    rig_close(&rig);
}

CASE("a Unix socket as endpoint")
{
    struct rig rig = make_rig(PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
    rig.options.endpoint = ENDPOINT_UNIX;
    CHECK_FATAL(rig_open(&rig));
    CHECK(rig_login(&rig, &rig.client));
    CHECK_NUMBER(rig_outcome(&rig), SESSION_CARRIED);
    rig_close(&rig);
}

/* 64 MB to a client that lets it wait, and 8 MB the other way. */
CASE("64 MB one way, 8 MB the other")
{
    struct rig rig = make_rig(PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
    struct postgres_answer answer;
    size_t size = 8 * 1024 * 1024;
    char *query = malloc(size + 64);
    CHECK_FATAL(query != NULL && rig_open(&rig));
    CHECK(rig_login(&rig, &rig.client));
    CHECK(postgres_client_send_query(&rig.client,
                                     "select repeat('x', 1000) from generate_series(1, 64000)"));
    poll(NULL, 0, 200); /* lets every buffer on the way fill up; nothing depends on it */
    CHECK(postgres_client_answer(&rig.client, &answer));
    CHECK_NUMBER(answer.rows, 64000);
    CHECK_NUMBER(answer.bytes, 64000 * 1006);
    strcpy(query, "select length('");
    memset(query + 15, 'y', size);
    strcpy(query + 15 + size, "')");
    CHECK(postgres_client_query(&rig.client, query, &answer));
    CHECK_TEXT(answer.first, "8388608");
    free(query);
    rig_close(&rig);
}

/* Queries that are sent while answers come, more than both ends' buffers hold. */
CASE("both ways at once")
{
    struct rig rig = make_rig(PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
    struct postgres_answer answer;
    CHECK_FATAL(rig_open(&rig));
    CHECK(rig_login(&rig, &rig.client));
    for (int i = 0; i < 20; i++)
        CHECK(postgres_client_send_query(&rig.client, "select repeat('z', 1000000)"));
    for (int i = 0; i < 20; i++) {
        CHECK(postgres_client_answer(&rig.client, &answer));
        CHECK_NUMBER(answer.bytes, 1000006);
    }
    rig_close(&rig);
}

static void check_refused(struct rig *rig, enum odbcssl_error code, const char *part)
{
    struct postgres_client client;
    CHECK_FATAL(rig_open(rig));
    CHECK(rig_connect(rig, &client));
    CHECK(!postgres_client_login(&client, "demo", NULL));
    CHECK(client.type == 'E');
    CHECK_NUMBER(rig_outcome(rig), SESSION_LOST);
    CHECK_NUMBER(rig->error.code, code);
    CHECK_CONTAINS(rig->error.text, part);
    postgres_client_close(&client);
    rig_close(rig);
}

CASE("a wrong name and a wrong CA stop the login")
{
    struct rig rig = make_rig(PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
    free(rig.target.host);
    rig.target.host = strdup("db1.example.com");
    check_refused(&rig, ODBCSSL_ERROR_HOST, "localhost");
    rig = make_rig(PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_CA);
    rig_set_trust(&rig, rig_files.other_ca);
    check_refused(&rig, ODBCSSL_ERROR_ISSUER_UNKNOWN, "CN=CA");
}

/* PostgreSQL 15 has no direct negotiation: it takes a ClientHello for a strange startup. */
CASE("direct TLS with a server that does not know it")
{
    struct rig rig = make_rig(PROTO_PLAN_DIRECT, ODBCSSL_MODE_VERIFY_FULL);
    check_refused(&rig, ODBCSSL_ERROR_HANDSHAKE, "during the TLS handshake");
}

CASE("a client certificate")
{
    struct rig rig = make_rig(PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
    struct tls_report report;
    rig_set_client(&rig);
    CHECK_FATAL(rig_open(&rig));
    CHECK(rig_connect(&rig, &rig.client));
    CHECK(postgres_client_login(&rig.client, "certified", NULL));
    session_record_outcome(relay_record(rig.relay), &report, NULL, NULL);
    CHECK(report.client_cert_sent);
    rig_close(&rig);
}

/* What the real driver has to tell is not buried under words of ours. */
CASE("a wrong password is the real driver's to tell")
{
    struct rig rig = make_rig(PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
    CHECK_FATAL(rig_open(&rig));
    CHECK(rig_connect(&rig, &rig.client));
    CHECK(!postgres_client_login(&rig.client, "secret", "wrong"));
    CHECK(rig.client.type == 'E');
    CHECK(memmem(buffer_content(&rig.client.message), buffer_length(&rig.client.message), "28P01",
                 5) != NULL);
    CHECK_NUMBER(session_record_outcome(relay_record(rig.relay), NULL, NULL, &rig.error),
                 SESSION_WAITING);
    CHECK_TEXT(rig.error.text, "");
    postgres_client_close(&rig.client);
    CHECK(rig_connect(&rig, &rig.client));
    CHECK(postgres_client_login(&rig.client, "secret", "sesame"));
    CHECK_NUMBER(rig_outcome(&rig), SESSION_CARRIED);
    rig_close(&rig);
}

static void check_plaintext(const char *user, enum session_outcome outcome, const char *part)
{
    struct rig rig = make_rig(PROTO_PLAN_PLAINTEXT, ODBCSSL_MODE_ALLOW);
    struct tls_report report;
    CHECK_FATAL(rig_open(&rig));
    CHECK(rig_connect(&rig, &rig.client));
    CHECK_NUMBER(postgres_client_login(&rig.client, user, NULL), outcome == SESSION_CARRIED);
    CHECK_NUMBER(session_record_outcome(relay_record(rig.relay), &report, NULL, &rig.error),
                 outcome);
    CHECK_CONTAINS(rig.error.text, part);
    CHECK_NUMBER(report.state, ODBCSSL_STATE_PLAINTEXT);
    CHECK_NUMBER(report.version, TLS_VERSION_NONE);
    rig_close(&rig);
}

CASE("plaintext, accepted and rejected")
{
    check_plaintext("anybody", SESSION_CARRIED, "");
    check_plaintext("demo", SESSION_REJECTED, "no encryption");
}

CASE("a query is cancelled by a second session")
{
    struct rig rig = make_rig(PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
    struct postgres_client canceller;
    struct postgres_answer answer;
    char bytes[1];
    CHECK_FATAL(rig_open(&rig));
    CHECK(rig_login(&rig, &rig.client));
    CHECK(postgres_client_send_query(&rig.client, "select pg_sleep(1000)"));
    /* The request may overtake the query, and is then lost: so until it meets it. */
    struct pollfd polled = {.fd = rig.client.descriptor, .events = POLLIN};
    do {
        CHECK_FATAL(rig_connect(&rig, &canceller));
        CHECK(postgres_client_send_cancel(&canceller, rig.client.process, rig.client.key));
        CHECK_NUMBER(recv(canceller.descriptor, bytes, 1, 0), 0);
        postgres_client_close(&canceller);
    } while (poll(&polled, 1, 100) == 0);
    CHECK(!postgres_client_answer(&rig.client, &answer));
    CHECK_CONTAINS(answer.error, "57014");
    CHECK(rig_is_alive(&rig));
    CHECK(postgres_client_query(&rig.client, "select 'on'", &answer));
    CHECK_TEXT(answer.first, "on");
    rig_close(&rig);
}

CASE("the server ends the session")
{
    struct rig rig = make_rig(PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
    struct postgres_answer answer;
    char out[256];
    CHECK_FATAL(rig_open(&rig));
    CHECK(rig_login(&rig, &rig.client));
    CHECK(postgres_query(relay_server,
                         suite_text("select pg_terminate_backend(%u)", rig.client.process), out,
                         sizeof out));
    CHECK(!postgres_client_answer(&rig.client, &answer));
    CHECK_CONTAINS(answer.error, "57P01");
    rig_wait_for_end(&rig);
    CHECK_NUMBER(rig.error.code, ODBCSSL_ERROR_LINK_LOST);
    rig_close(&rig);
}

/* Each relay has its own address, so all can keep the server's port. */
CASE("200 relays at once")
{
    enum { COUNT = 200 };
    static struct rig rigs[COUNT];
    static struct postgres_client clients[COUNT];
    struct postgres_answer answer;
    for (size_t i = 0; i < COUNT; i++) {
        rigs[i] = make_rig(PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
        rigs[i].target.port = 54321;
        CHECK_FATAL(rig_open(&rigs[i]));
        CHECK_NUMBER(rigs[i].endpoint.port, 54321);
        CHECK_FATAL(rig_connect(&rigs[i], &clients[i]));
        CHECK(postgres_client_send_startup(&clients[i], "demo"));
    }
    for (size_t i = 0; i < COUNT; i++) {
        CHECK(postgres_client_answer(&clients[i], &answer));
        CHECK_NUMBER(rig_outcome(&rigs[i]), SESSION_CARRIED);
        CHECK(postgres_client_send_query(&clients[i], "select repeat('w', 100000)"));
    }
    for (size_t i = 0; i < COUNT; i++) {
        CHECK(postgres_client_answer(&clients[i], &answer));
        CHECK_NUMBER(answer.bytes, 100006);
        postgres_client_close(&clients[i]);
        rig_close(&rigs[i]);
    }
}

/* A server of its own, for settings that every other case does without. */
static struct postgres_server *start_old_server(const char *const *settings)
{
    struct postgres_options options = {.certificate = rig_files.certificate,
                                       .key = rig_files.key,
                                       .hba = rules,
                                       .settings = settings};
    return postgres_start(&options);
}

/* OpenSSL's TLS 1.1 signs with SHA-1 and MD5, which GnuTLS must still take when it is asked to. */
CASE("TLS 1.1, refused and asked for")
{
    static const char *const settings[] = {"ssl_min_protocol_version=TLSv1.1",
                                           "ssl_max_protocol_version=TLSv1.1",
                                           "ssl_ciphers=ALL:@SECLEVEL=0", NULL};
    struct postgres_server *server = start_old_server(settings);
    CHECK_FATAL(server != NULL);
    struct rig rig = rig_make(postgres_port(server), PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
    check_refused(&rig, ODBCSSL_ERROR_TLS_VERSION, "TLSv1.2 to TLSv1.3");
    rig = rig_make(postgres_port(server), PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
    struct tls_report report;
    struct error_list warnings;
    rig.tls.minimum_version = TLS_VERSION_1_0;
    CHECK_FATAL(rig_open(&rig));
    CHECK(rig_login(&rig, &rig.client));
    CHECK_NUMBER(session_record_outcome(relay_record(rig.relay), &report, &warnings, NULL),
                 SESSION_CARRIED);
    CHECK_TEXT(report.protocol, "TLSv1.1");
    CHECK_NUMBER(report.state, ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_NUMBER(warnings.count, 1);
    CHECK_NUMBER(warnings.items[0].code, ODBCSSL_WARNING_OLD_PROTOCOL);
    rig_close(&rig);
    postgres_stop(&server);
}

SUITE("with PostgreSQL", relay_postgres_set_up, relay_server_tear_down)
