/*
 * Logging in by each of PostgreSQL's methods, and what a user reads when it does not work: from the
 * real driver what the server said, from odbcssl everything before that.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "odbcssl.h"
#include "support/odbc.h"
#include "support/suite.h"
#include "support/tools.h"
#include "system/fixture.h"

static struct fixture fixture;

static bool connect_as(struct odbc_session *session, const char *user, const char *extra)
{
    return odbc_connect(session,
                        "DRIVER={%s};Servername=localhost;Port=%u;Database=postgres;UID=%s;"
                        "SslMode=verify-full;SslRootCert=%s;%s",
                        ODBC_POSTGRESQL, fixture_port(&fixture), user,
                        fixture_path(&fixture, "root.pem"), extra);
}

static void check_logged_in(const char *user, const char *extra)
{
    struct odbc_session session = {0};
    CHECK(connect_as(&session, user, extra));
    CHECK_TEXT(session.diagnostics, "");
    CHECK(odbc_query(&session, "select session_user || ' ' || ssl from pg_stat_ssl "
                               "where pid = pg_backend_pid()"));
    CHECK_TEXT(session.value, suite_text("%s true", user));
    odbc_close(&session);
}

/* ---- methods ---- */

/* The server offers SCRAM-SHA-256-PLUS, as its channel binding with another client shows. */
CASE("scram-sha-256, where SCRAM-SHA-256-PLUS is offered")
{
    struct odbc_session session = {0};
    CHECK(odbc_connect(&session, "%s",
                       fixture_source(&fixture, ODBC_NATIVE_POSTGRESQL,
                                      "SSLmode=require;pqopt={channel_binding=require}")));
    odbc_close(&session);
    check_logged_in(POSTGRES_USER, "PWD=" POSTGRES_PASSWORD);
}

CASE("md5")
{
    check_logged_in("digest", "PWD=md5password");
}

CASE("trust")
{
    check_logged_in("trusted", "");
}

CASE("password")
{
    check_logged_in("clear", "PWD=clear password");
}

CASE("a client certificate")
{
    struct odbc_session session = {0};
    struct pki_certificate *certificate =
        pki_issue(&(struct pki_spec){.common_name = "certified", .issuer = fixture.root});
    CHECK_FATAL(certificate != NULL &&
                pki_write_pem(fixture_path(&fixture, "own.pem"), certificate, NULL) &&
                pki_write_key_pem(fixture_path(&fixture, "own.key"), certificate));
    const char *extra = suite_text("SslCert=%s;SslKey=%s", fixture_path(&fixture, "own.pem"),
                                   fixture_path(&fixture, "own.key"));
    check_logged_in("certified", extra);

    CHECK(!connect_as(&session, "certified", ""));
    CHECK_TEXT(session.sqlstate, "08001");
    CHECK_CONTAINS(session.diagnostics, "connection requires a valid client certificate");
    odbc_close(&session);

    extra = suite_text("SslCert=%s;SslKey=%s", fixture_path(&fixture, "stranger.pem"),
                       fixture_path(&fixture, "stranger.key"));
    CHECK(!connect_as(&session, "certified", extra));
    CHECK_NUMBER(session.native, ODBCSSL_ERROR_CLIENT_CERTIFICATE_REJECTED);
    CHECK_CONTAINS(session.diagnostics, "localhost");
    CHECK_CONTAINS(session.diagnostics, "stranger.pem");
    odbc_close(&session);
}

/* ---- what the server refuses ---- */

/* Without TLS this server would take anybody: a fallback would be seen as a success. */
static void check_server_words(const char *extra, const char *words)
{
    static const char *const modes[] = {"prefer", "require", "verify-full"};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        struct odbc_session session = {0};
        CHECK(!odbc_connect(&session,
                            "DRIVER={%s};Servername=localhost;Port=%u;SslMode=%s;SslRootCert=%s;%s",
                            ODBC_POSTGRESQL, fixture_port(&fixture), modes[i],
                            fixture_path(&fixture, "root.pem"), extra));
        CHECK_TEXT(session.sqlstate, "08001");
        CHECK_CONTAINS(session.diagnostics, words);
        CHECK(strstr(session.diagnostics, "[odbcssl]") == NULL);
        CHECK(strstr(session.diagnostics, "127.") == NULL);
        odbc_close(&session);
    }
}

CASE("what the server refuses is told in its own words, and nothing is tried again")
{
    check_server_words("Database=postgres;UID=" POSTGRES_USER ";PWD=wrong",
                       "password authentication failed for user \"demo\"");
    check_server_words("Database=postgres;UID=digest;PWD=wrong",
                       "password authentication failed for user \"digest\"");
    check_server_words("Database=postgres;UID=nobody;PWD=x",
                       "password authentication failed for user \"nobody\"");
    check_server_words("Database=nowhere;UID=" POSTGRES_USER ";PWD=" POSTGRES_PASSWORD,
                       "database \"nowhere\" does not exist");
    check_server_words("Database=postgres;UID=" POSTGRES_USER, "no password supplied");
    check_server_words("Database=postgres;UID=" POSTGRES_USER ";pqopt={nonsense=1}", "nonsense");
}

/* ---- servers that are none ---- */

enum behaviour {
    SILENT,            /* takes the connection and says nothing */
    CLOSES,            /* reads the first bytes and closes */
    AGREES_AND_SILENT, /* 'S', then nothing */
    AGREES_AND_CLOSES, /* 'S', then closes when the ClientHello came */
    OTHER_PROTOCOL     /* answers as something else does */
};

struct listener {
    enum behaviour behaviour;
    int descriptor;
    uint16_t port;
    pthread_t thread;
};

static void behave(const struct listener *listener, int client)
{
    char bytes[4096];
    if (listener->behaviour == SILENT)
        while (read(client, bytes, sizeof bytes) > 0)
            ;
    if (listener->behaviour == SILENT || read(client, bytes, sizeof bytes) <= 0)
        return;
    if (listener->behaviour == OTHER_PROTOCOL &&
        write(client, "220 mail.example.com ESMTP\r\n", 28) < 0)
        return;
    if (listener->behaviour != AGREES_AND_SILENT && listener->behaviour != AGREES_AND_CLOSES)
        return;
    if (write(client, "S", 1) == 1)
        while (read(client, bytes, sizeof bytes) > 0 && listener->behaviour == AGREES_AND_SILENT)
            ;
}

static void *serve(void *argument)
{
    const struct listener *listener = argument;
    int client;
    while ((client = accept(listener->descriptor, NULL, NULL)) >= 0) {
        behave(listener, client);
        close(client);
    }
    return NULL;
}

static bool listener_open(struct listener *listener, enum behaviour behaviour)
{
    *listener = (struct listener){.behaviour = behaviour};
    listener->descriptor = tools_listen(&listener->port);
    return listener->descriptor >= 0 &&
           pthread_create(&listener->thread, NULL, serve, listener) == 0;
}

static void listener_close(struct listener *listener)
{
    shutdown(listener->descriptor, SHUT_RDWR);
    pthread_join(listener->thread, NULL);
    close(listener->descriptor);
}

/* The server is named, with its port, and what was wrong; the real driver's records say no more. */
static void check_unreachable(struct odbc_session *session, const char *host, unsigned port,
                              const char *extra, enum odbcssl_error code, const char *reason)
{
    CHECK(!odbc_connect(session, "DRIVER={%s};Servername=%s;Port=%u;UID=x;PWD=y;%s",
                        ODBC_POSTGRESQL, host, port, extra));
    const char *name = suite_text("port %u", port);
    CHECK_NUMBER(session->native, code);
    CHECK_TEXT(session->sqlstate, code == ODBCSSL_ERROR_TIMEOUT ? "HYT00" : "08001");
    session->diagnostics[strcspn(session->diagnostics, "\n")] = '\0'; /* our own record */
    printf("# %s\n", session->diagnostics);
    CHECK_CONTAINS(session->diagnostics, host);
    CHECK_CONTAINS(session->diagnostics, name);
    CHECK_CONTAINS(session->diagnostics, reason);
    odbc_close(session);
}

static void check_listener(enum behaviour behaviour, const char *extra, unsigned login_timeout,
                           enum odbcssl_error code, const char *reason)
{
    struct odbc_session session = {0};
    struct listener listener;
    CHECK_FATAL(listener_open(&listener, behaviour));
    CHECK_FATAL(odbc_open(&session));
    if (login_timeout != 0)
        SQLSetConnectAttr(session.connection, SQL_ATTR_LOGIN_TIMEOUT,
                          (SQLPOINTER)(uintptr_t)login_timeout, SQL_IS_UINTEGER);
    check_unreachable(&session, "localhost", listener.port, extra, code, reason);
    listener_close(&listener);
}

CASE("a server that never answers")
{
    check_listener(SILENT, "SslTimeout=1", 0, ODBCSSL_ERROR_TIMEOUT,
                   "waiting for the switch to TLS");
    check_listener(SILENT, "SslMode=verify-full", 1, ODBCSSL_ERROR_TIMEOUT,
                   "waiting for the switch to TLS");
    check_listener(SILENT, "SslMode=disable;SslTimeout=1", 0, ODBCSSL_ERROR_TIMEOUT,
                   "waiting for the login");
    check_listener(AGREES_AND_SILENT, "SslTimeout=1", 0, ODBCSSL_ERROR_TIMEOUT,
                   "waiting for the TLS handshake");
    check_listener(AGREES_AND_SILENT, "SslTimeout=30", 1, ODBCSSL_ERROR_TIMEOUT,
                   "waiting for the TLS handshake");
    check_listener(SILENT, "SslNegotiation=direct;SslMode=require;SslTimeout=1", 0,
                   ODBCSSL_ERROR_TIMEOUT, "waiting for the TLS handshake");
}

CASE("a server that closes the connection, or speaks another protocol")
{
    check_listener(CLOSES, "SslMode=prefer", 0, ODBCSSL_ERROR_CONNECT, "closed the connection");
    check_listener(AGREES_AND_CLOSES, "SslMode=prefer", 0, ODBCSSL_ERROR_HANDSHAKE,
                   "during the TLS handshake");
    check_listener(OTHER_PROTOCOL, "SslMode=prefer", 0, ODBCSSL_ERROR_PROTOCOL, "PostgreSQL");
}

CASE("nobody listens")
{
    struct odbc_session session = {0};
    struct listener listener;
    CHECK_FATAL(listener_open(&listener, SILENT));
    listener_close(&listener); /* its port is free now */
    check_unreachable(&session, "localhost", listener.port, "", ODBCSSL_ERROR_CONNECT,
                      "Connection refused");
    check_unreachable(&session, "127.0.0.1", listener.port, "SslMode=disable",
                      ODBCSSL_ERROR_CONNECT, "Connection refused");
}

CASE("a host that does not exist")
{
    struct odbc_session session = {0};
    CHECK(!odbc_connect(&session, "DRIVER={%s};Servername=no-such-host.invalid;Port=5432;UID=x",
                        ODBC_POSTGRESQL));
    CHECK_NUMBER(session.native, ODBCSSL_ERROR_RESOLVE);
    CHECK_TEXT(session.sqlstate, "08001");
    CHECK_CONTAINS(session.diagnostics, "no-such-host.invalid");
    printf("# %s", session.diagnostics);
    odbc_close(&session);
}

/* ---- set-up ---- */

static int set_up(void)
{
    setenv("PGPASSFILE", "/nonexistent", 1);
    if (fixture_open(&fixture, NULL, NULL) != 0)
        return -1;
    const struct postgres_options options = {
        .certificate = fixture_path(&fixture, "server.pem"),
        .key = fixture_path(&fixture, "server.key"),
        .ca = fixture_path(&fixture, "root.pem"),
        .hba = "hostnossl all all 127.0.0.1/32 trust\n"
               "hostssl all digest 127.0.0.1/32 md5\n"
               "hostssl all trusted 127.0.0.1/32 trust\n"
               "hostssl all clear 127.0.0.1/32 password\n"
               "hostssl all certified 127.0.0.1/32 cert\n" FIXTURE_HBA,
        .sql = "create role trusted login; create role certified login;"
               "create role clear login password 'clear password';"
               "set password_encryption = 'md5';"
               "create role digest login password 'md5password'"};
    return fixture_start_with(&fixture, &options) ? 0 : -1;
}

SUITE("login", set_up, fixture_tear_down)
