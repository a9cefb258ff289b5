/*
 * test_neighbours.c - other parts of the process that use libpq themselves, on connections of their
 * own: before, while and after odbcssl leads libpq's calls to itself. In this program, and in
 * Python (psycopg2) and PHP (pgsql) beside their ODBC.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "odbcssl.h"
#include "support/odbc.h"
#include "support/suite.h"
#include "support/tools.h"

static struct fixture fixture;

/* libpq's functions, of the library that psqlodbc uses as well: loaded before odbcssl, lazily. */
static struct {
    void *(*connect)(const char *text);
    int (*status)(const void *connection);
    void *(*exec)(void *connection, const char *sql);
    char *(*value)(const void *result, int row, int column);
    int (*tuples)(const void *result);
    void (*clear)(void *result);
    void (*finish)(void *connection);
    char *(*error)(const void *connection);
    int (*is_tls)(void *connection);
} pq;

static bool load_libpq(void)
{
    static const struct tools_function rows[] = {
        {"PQconnectdb", &pq.connect}, {"PQstatus", &pq.status},
        {"PQexec", &pq.exec},         {"PQgetvalue", &pq.value},
        {"PQntuples", &pq.tuples},    {"PQclear", &pq.clear},
        {"PQfinish", &pq.finish},     {"PQerrorMessage", &pq.error},
        {"PQsslInUse", &pq.is_tls},   {NULL, NULL},
    };
    return tools_load("libpq.so.5", rows);
}

/* A connection of the neighbour's own: "disable", or "require" for TLS of OpenSSL. */
static void *open_neighbour(const char *mode)
{
    const char *text =
        suite_text("host=127.0.0.1 port=%u dbname=postgres user=%s password=%s sslmode=%s",
                   fixture_port(&fixture), POSTGRES_USER, POSTGRES_PASSWORD, mode);
    void *connection = pq.connect(text);
    if (pq.status(connection) == 0 && pq.is_tls(connection) == (strcmp(mode, "require") == 0))
        return connection;
    printf("# %s\n", pq.error(connection));
    pq.finish(connection);
    return NULL;
}

static bool ask_neighbour(void *connection, const char *sql, const char *wanted)
{
    void *result = pq.exec(connection, sql);
    bool is_good = pq.tuples(result) > 0 && strcmp(pq.value(result, 0, 0), wanted) == 0;
    pq.clear(result);
    return is_good;
}

static bool connect_odbc(struct odbc_session *session)
{
    bool is_connected = odbc_connect(session, "%s", fixture_verified(&fixture, ""));
    CHECK_TEXT(session->diagnostics, "");
    return is_connected;
}

static void check_odbc(struct odbc_session *session)
{
    CHECK(odbc_query(session, "select 40 + 2"));
    CHECK_TEXT(session->value, "42");
}

static const char *const modes[] = {"disable", "require"};

#define LONG_SQL "select repeat('x', 300000)"

static void check_neighbour(void *connection)
{
    static char wanted[300001];
    memset(wanted, 'x', sizeof wanted - 1);
    CHECK(ask_neighbour(connection, "select 6 * 7", "42"));
    CHECK(ask_neighbour(connection, LONG_SQL, wanted));
}

/* ---- before, while and after ---- */

CASE("before, while and after")
{
    void *before[2], *meanwhile[2];
    struct odbc_session session = {0};
    for (int i = 0; i < 2; i++) {
        before[i] = open_neighbour(modes[i]);
        CHECK_FATAL(before[i] != NULL);
        check_neighbour(before[i]);
    }
    CHECK_FATAL(connect_odbc(&session));
    check_odbc(&session);
    for (int i = 0; i < 2; i++) {
        meanwhile[i] = open_neighbour(modes[i]);
        CHECK_FATAL(meanwhile[i] != NULL);
    }
    for (int i = 0; i < 20; i++) {
        check_odbc(&session);
        check_neighbour(before[i % 2]);
        check_neighbour(meanwhile[i % 2]);
    }
    odbc_close(&session);
    for (int i = 0; i < 2; i++) {
        check_neighbour(before[i]);
        pq.finish(before[i]);
        check_neighbour(meanwhile[i]);
        pq.finish(meanwhile[i]);
        void *after = open_neighbour(modes[i]);
        CHECK_FATAL(after != NULL);
        check_neighbour(after);
        pq.finish(after);
    }
}

static atomic_bool is_over, is_bad;

static void *be_neighbour(void *argument)
{
    const char *mode = argument;
    while (!atomic_load(&is_over)) {
        void *connection = open_neighbour(mode);
        if (connection == NULL || !ask_neighbour(connection, "select 6 * 7", "42"))
            atomic_store(&is_bad, true);
        if (connection != NULL)
            pq.finish(connection);
        if (atomic_load(&is_bad))
            break;
    }
    return NULL;
}

/* That a thread is in an ODBC call binds no other. */
CASE("on other threads")
{
    pthread_t threads[2];
    atomic_store(&is_over, false);
    atomic_store(&is_bad, false);
    for (int i = 0; i < 2; i++)
        CHECK_FATAL(pthread_create(&threads[i], NULL, be_neighbour, (void *)modes[i]) == 0);
    for (int i = 0; i < 10; i++) {
        struct odbc_session session = {0};
        CHECK_FATAL(connect_odbc(&session));
        for (int k = 0; k < 20; k++)
            check_odbc(&session);
        odbc_close(&session);
    }
    atomic_store(&is_over, true);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    CHECK(!atomic_load(&is_bad));
}

/* ---- other languages ---- */

/* The script, with what it needs in its environment; it prints "good" at the end. */
static void run_script(const char *interpreter, const char *test, const char *script)
{
    char line[1024], last[1024] = "";
    if (FIXTURE_IS_SANITIZED) {
        suite_skip("another program cannot load a driver with sanitizers");
        return;
    }
    if (system(suite_text("%s >/dev/null 2>&1", test)) != 0) {
        suite_skip(interpreter);
        return;
    }
    setenv("NEIGHBOUR_PORT", suite_text("%u", fixture_port(&fixture)), 1);
    setenv("NEIGHBOUR_ROOT", fixture_path(&fixture, "root.pem"), 1);
    FILE *output =
        popen(suite_text("%s %s/%s 2>&1", interpreter, suite_source("tests/system"), script), "re");
    CHECK_FATAL(output != NULL);
    while (fgets(line, sizeof line, output) != NULL) {
        strcpy(last, line);
        if (strcmp(line, "good\n") != 0)
            printf("# %s", line);
    }
    CHECK_NUMBER(pclose(output), 0);
    CHECK_TEXT(last, "good\n");
}

CASE("Python: psycopg2 beside pyodbc")
{
    run_script("/usr/bin/python3", "/usr/bin/python3 -c 'import psycopg2, pyodbc'", "neighbour.py");
}

CASE("PHP: pgsql beside odbc")
{
    run_script("php",
               "php -r 'exit(function_exists(\"pg_connect\") && "
               "function_exists(\"odbc_connect\") ? 0 : 1);'",
               "neighbour.php");
}

/* ---- set-up ---- */

static int set_up(void)
{
    if (!load_libpq() || fixture_open(&fixture, NULL, NULL) != 0)
        return -1;
    return fixture_start(&fixture, "server", "host all all 127.0.0.1/32 scram-sha-256", false) ? 0
                                                                                               : -1;
}

SUITE("neighbours", set_up, fixture_tear_down)
