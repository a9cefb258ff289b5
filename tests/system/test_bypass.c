/*
 * No setting and no variable of the environment leads the real driver past the TLS session. Beside
 * the server that is meant stands one without TLS that would take anybody: the server itself says
 * which of them has the session, and whether it is encrypted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "odbcssl.h"
#include "support/odbc.h"
#include "support/suite.h"
#include "system/fixture.h"

static struct fixture fixture;
static struct postgres_server *trap;

#define WHERE                                                                                      \
    "select current_setting('cluster_name') || ' ' || ssl from pg_stat_ssl "                       \
    "where pid = pg_backend_pid()"

static bool connect_with(struct odbc_session *session, const char *server, const char *extra)
{
    return odbc_connect(session,
                        "DRIVER={%s};Servername=%s;Port=%u;Database=postgres;UID=%s;PWD=%s;"
                        "SslMode=verify-full;SslRootCert=%s;%s",
                        ODBC_POSTGRESQL, server, fixture_port(&fixture), POSTGRES_USER,
                        POSTGRES_PASSWORD, fixture_path(&fixture, "root.pem"), extra);
}

/* What that server counts of other clients than the one who asks. */
static void count_clients(const struct postgres_server *server, char *out, size_t size)
{
    CHECK(postgres_query(server,
                         "select count(*), coalesce(bool_and(ssl), true) from pg_stat_activity "
                         "left join pg_stat_ssl using (pid) "
                         "where backend_type = 'client backend' and pid <> pg_backend_pid()",
                         out, size));
}

/* The session is with the server that was meant, encrypted, and nobody is with the other one. */
static void check_right_place(struct odbc_session *session)
{
    char clients[64];
    CHECK(odbc_query(session, WHERE));
    CHECK_TEXT(session->value, "meant true");
    count_clients(fixture.postgres, clients, sizeof clients);
    CHECK_TEXT(clients, "1|t");
    count_clients(trap, clients, sizeof clients);
    CHECK_TEXT(clients, "0|t");
}

/* text: NULL when none was expected. */
static void check_refusal(const struct odbc_session *session, const char *text)
{
    CHECK_CONTAINS(session->diagnostics, text != NULL ? text : "no refusal");
}

/* ---- the environment ---- */

static const struct {
    const char *variable;
    const char *value;
    const char *server;
    enum odbcssl_error refused; /* ODBCSSL_ERROR_NONE: connects to the right place */
    const char *text;           /* in the refusal */
} variables[] = {
    {"PGHOSTADDR", "127.0.0.1", "db.example.com", ODBCSSL_ERROR_NONE, NULL},
    {"PGHOSTADDR", "127.0.0.9", "localhost", ODBCSSL_ERROR_CONNECT, "127.0.0.9"},
    {"PGHOST", "127.0.0.9", "localhost", ODBCSSL_ERROR_NONE, NULL},
    {"PGPORT", "trap", "localhost", ODBCSSL_ERROR_NONE, NULL},
    {"PGSERVICE", "trap", "localhost", ODBCSSL_ERROR_NONE, NULL},
    {"PGSERVICE", "strict", "localhost", ODBCSSL_ERROR_BYPASS_SETTING, "set SslCrl in the DSN"},
    {"PGSSLMODE", "disable", "localhost", ODBCSSL_ERROR_NONE, NULL},
    {"PGSSLMODE", "require", "localhost", ODBCSSL_ERROR_NONE, NULL},
    {"PGREQUIRESSL", "1", "localhost", ODBCSSL_ERROR_NONE, NULL},
    {"PGREQUIREPEER", "nobody", "localhost", ODBCSSL_ERROR_NONE, NULL},
    {"PGCHANNELBINDING", "prefer", "localhost", ODBCSSL_ERROR_NONE, NULL},
    {"PGCHANNELBINDING", "require", "localhost", ODBCSSL_ERROR_BYPASS_SETTING,
     "PGCHANNELBINDING=require"},
    {"PGGSSENCMODE", "prefer", "localhost", ODBCSSL_ERROR_NONE, NULL},
    {"PGGSSENCMODE", "require", "localhost", ODBCSSL_ERROR_BYPASS_SETTING, "PGGSSENCMODE=require"},
};

CASE("variables of the environment")
{
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        struct odbc_session session = {0};
        const char *port = suite_text("%u", postgres_port(trap));
        bool is_port = strcmp(variables[i].variable, "PGPORT") == 0;
        setenv(variables[i].variable, is_port ? port : variables[i].value, 1);
        bool is_connected = connect_with(&session, variables[i].server, "");
        unsetenv(variables[i].variable); /* psql would obey it, too */
        CHECK_NUMBER(session.native, variables[i].refused);
        CHECK_NUMBER(is_connected, variables[i].refused == ODBCSSL_ERROR_NONE);
        if (is_connected)
            check_right_place(&session);
        else
            check_refusal(&session, variables[i].text);
        odbc_close(&session);
    }
}

/* The driver manager puts a DSN's DMEnvAttr into the environment before it loads the driver. */
CASE("variables that the driver manager sets")
{
    struct odbc_session session = {0};
    CHECK(!odbc_connect(&session, "DSN=moved"));
    CHECK_NUMBER(session.native, ODBCSSL_ERROR_CONNECT);
    CHECK_CONTAINS(session.diagnostics, "127.0.0.9");
    odbc_close(&session);
    CHECK_TEXT(getenv("PGHOSTADDR"), "127.0.0.9");
    unsetenv("PGHOSTADDR");
    CHECK(odbc_connect(&session, "DSN=service"));
    CHECK_TEXT(getenv("PGSERVICE"), "trap");
    unsetenv("PGSERVICE");
    check_right_place(&session);
    odbc_close(&session);
}

/* ---- pqopt and its like ---- */

static const struct {
    const char *extra;
    const char *server;
    enum odbcssl_error refused;
    const char *text;
} options[] = {
    {"pqopt={hostaddr=127.0.0.1}", "db.example.com", ODBCSSL_ERROR_NONE, NULL},
    {"D5={hostaddr = '127.0.0.1' application_name=x}", "db.example.com", ODBCSSL_ERROR_NONE, NULL},
    {"pqopt={hostaddr=127.0.0.9}", "localhost", ODBCSSL_ERROR_CONNECT, "127.0.0.9"},
    {"pqopt={hostaddr=127.0.0.9 hostaddr=127.0.0.1}", "localhost", ODBCSSL_ERROR_NONE, NULL},
    {"pqopt={service=trap}", "localhost", ODBCSSL_ERROR_BYPASS_SETTING, "service"},
    {"pqopt={application_name=x;service = trap}", "localhost", ODBCSSL_ERROR_KEYWORD_VALUE,
     "malformed"},
    {"pqopt={application_name=x service = trap}", "localhost", ODBCSSL_ERROR_BYPASS_SETTING,
     "service"},
    {"pqopt={host=127.0.0.9}", "localhost", ODBCSSL_ERROR_BYPASS_SETTING, "use Servername"},
    {"pqopt={port=1}", "localhost", ODBCSSL_ERROR_BYPASS_SETTING, "use Port"},
    {"pqopt={sslmode=disable}", "localhost", ODBCSSL_ERROR_BYPASS_SETTING, "use SslMode"},
    {"pqopt={sslrootcert=/x}", "localhost", ODBCSSL_ERROR_BYPASS_SETTING, "use SslRootCert"},
    {"pqopt={postgresql://127.0.0.9/postgres}", "localhost", ODBCSSL_ERROR_BYPASS_SETTING, "URI"},
    {"pqopt={channel_binding=require}", "localhost", ODBCSSL_ERROR_BYPASS_SETTING,
     "libpq cannot bind to a TLS session"},
    {"pqopt={channel_binding=disable}", "localhost", ODBCSSL_ERROR_NONE, NULL},
    {"pqopt={gssencmode=require}", "localhost", ODBCSSL_ERROR_BYPASS_SETTING, "gssencmode"},
    {"pqopt={gssencmode=prefer}", "localhost", ODBCSSL_ERROR_NONE, NULL},
    {"pqopt={application_name=a};pqopt={service=trap}", "localhost", ODBCSSL_ERROR_NONE, NULL},
    {"pqopt={application_name=a};D5={service=trap}", "localhost", ODBCSSL_ERROR_BYPASS_SETTING,
     "service"},
    {"D5={service=trap};pqopt={application_name=a}", "localhost", ODBCSSL_ERROR_NONE, NULL},
    {"pqopt={hostaddr=127.0.0.1 postgres://127.0.0.9/postgres?a=x}", "localhost",
     ODBCSSL_ERROR_KEYWORD_VALUE, "letters"},
    {"CA=r", "localhost", ODBCSSL_ERROR_KEYWORD_CONFLICT, "SslMode"},
};

CASE("options of libpq")
{
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        struct odbc_session session = {0};
        bool is_connected = connect_with(&session, options[i].server, options[i].extra);
        CHECK_NUMBER(session.native, options[i].refused);
        CHECK_NUMBER(is_connected, options[i].refused == ODBCSSL_ERROR_NONE);
        if (is_connected)
            check_right_place(&session);
        else
            check_refusal(&session, options[i].text);
        odbc_close(&session);
    }
}

/* libpq can read a whole connection string in place of a database's name. */
CASE("a connection string as the database")
{
    const char *formats[] = {"Database=service=trap", "Database={host=127.0.0.1 port=%u}",
                             "Database=postgresql://127.0.0.1:%u/postgres",
                             "pqopt={dbname='host=127.0.0.1 port=%u'}",
                             "pqopt={dbname='service=trap'}"};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        struct odbc_session session = {0};
        char clients[64];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        const char *extra = suite_text(formats[i], postgres_port(trap));
#pragma GCC diagnostic pop
        bool is_connected = odbc_connect(
            &session,
            "DRIVER={%s};Servername=localhost;Port=%u;UID=%s;PWD=%s;SslMode=verify-full;"
            "SslRootCert=%s;%s",
            ODBC_POSTGRESQL, fixture_port(&fixture), POSTGRES_USER, POSTGRES_PASSWORD,
            fixture_path(&fixture, "root.pem"), extra);
        if (is_connected)
            check_right_place(&session);
        else
            CHECK_CONTAINS(session.diagnostics, "does not exist");
        count_clients(trap, clients, sizeof clients);
        CHECK_TEXT(clients, "0|t");
        odbc_close(&session);
    }
}

/* ---- set-up ---- */

static bool start_trap(void)
{
    static const char *const settings[] = {"cluster_name=trap", NULL};
    trap = postgres_start(
        &(struct postgres_options){.settings = settings, .hba = "host all all 127.0.0.1/32 trust"});
    return trap != NULL;
}

static bool write_service(void)
{
    char text[512];
    const char *path = fixture_path(&fixture, "pg_service.conf");
    int length = snprintf(text, sizeof text,
                          "[trap]\nhost=127.0.0.1\nhostaddr=127.0.0.1\nport=%u\ndbname=postgres\n"
                          "user=%s\nsslmode=disable\n\n[strict]\nsslcrl=/gone.crl\n",
                          postgres_port(trap), POSTGRES_USER);
    return pki_write_file(path, text, (size_t)length, 0644) &&
           setenv("PGSERVICEFILE", path, 1) == 0;
}

static bool write_sources(void)
{
    char text[4096];
    static const char dsn[] = "[%s]\nDriver=%s\nServername=localhost\nPort=%u\nDatabase=postgres\n"
                              "Username=%s\nPassword=%s\nSslMode=verify-full\nSslRootCert=%s\n"
                              "DMEnvAttr=SQL_ATTR_UNIXODBC_ENVATTR={%s}\n";
    int length = snprintf(text, sizeof text, dsn, "moved", ODBC_POSTGRESQL, fixture_port(&fixture),
                          POSTGRES_USER, POSTGRES_PASSWORD, fixture_path(&fixture, "root.pem"),
                          "PGHOSTADDR=127.0.0.9");
    snprintf(text + length, sizeof text - (size_t)length, dsn, "service", ODBC_POSTGRESQL,
             fixture_port(&fixture), POSTGRES_USER, POSTGRES_PASSWORD,
             fixture_path(&fixture, "root.pem"), "PGSERVICE=trap");
    return odbc_configure(fixture.folder, NULL, text);
}

static int set_up(void)
{
    static const char *const settings[] = {"cluster_name=meant", NULL};
    if (fixture_open(&fixture, NULL, NULL) != 0)
        return -1;
    const struct postgres_options meant = {.certificate = fixture_path(&fixture, "server.pem"),
                                           .key = fixture_path(&fixture, "server.key"),
                                           .settings = settings};
    bool is_good =
        fixture_start_with(&fixture, &meant) && start_trap() && write_service() && write_sources();
    return is_good ? 0 : -1;
}

static int tear_down(void)
{
    postgres_stop(&trap);
    fixture_close(&fixture);
    return 0;
}

SUITE("bypass", set_up, tear_down)
