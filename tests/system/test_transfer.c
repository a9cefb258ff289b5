/*
 * Much data, many connections, and links that break.
 */
#include <gnutls/crypto.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "odbcssl.h"
#include "support/mariadb_server.h"
#include "support/odbc.h"
#include "support/suite.h"
#include "system/fixture.h"
#include "system/wire_tap.h"

#define MEGABYTE ((size_t)1024 * 1024)
#define MEGABYTES                                                                                  \
    (FIXTURE_IS_SANITIZED ? 64 : 1024) /* ODBCSSL_TEST_MEGABYTES in the environment changes it */
#define CONNECTIONS (FIXTURE_IS_SANITIZED ? 40 : 200)
#define LOOPS 100

static struct fixture fixture;
static struct wire_tap *tap;

static bool connect_with(struct odbc_session *session, unsigned port, const char *extra)
{
    return odbc_connect(session, "%s",
                        fixture_verified(&fixture, suite_text("Port=%u;%s", port, extra)));
}

static bool restart(void)
{
    return fixture_start(&fixture, "server", FIXTURE_HBA, false);
}

/* ---- links that break ---- */

static SQLUINTEGER ask_dead(const struct odbc_session *session)
{
    SQLUINTEGER answer[2] = {0xFFFFFFFF};
    CHECK_NUMBER(SQLGetConnectAttr(session->connection, SQL_ATTR_CONNECTION_DEAD, answer,
                                   sizeof answer, NULL),
                 SQL_SUCCESS);
    return answer[0];
}

/* Which record comes first: ours, unless a dying server found the time for its own last words. */
static void check_first(const struct odbc_session *session, enum odbcssl_error code)
{
    if (strcmp(session->sqlstate, "57P01") == 0)
        return;
    CHECK_TEXT(session->sqlstate, "08S01");
    CHECK_NUMBER(session->native, code);
}

/* A record of ours says what happened; the connection says that it is dead; whatever the
 * application does then fails at once, and disconnecting works. */
static void check_broken(struct odbc_session *session, enum odbcssl_error code, const char *part)
{
    odbc_note(session, "a broken link");
    check_first(session, code);
    CHECK_CONTAINS(session->diagnostics, part);
    CHECK_CONTAINS(session->diagnostics, "localhost (127.0.0.1, port ");
    CHECK_NUMBER(ask_dead(session), SQL_CD_TRUE);
    CHECK(!odbc_query(session, "select 1"));
    odbc_note(session, "the next call");
    check_first(session, code);
    SQLFreeHandle(SQL_HANDLE_STMT, session->statement);
    session->statement = NULL;
    CHECK_NUMBER(SQLDisconnect(session->connection), SQL_SUCCESS);
    odbc_close(session);
}

#define MANY_ROWS "select n, repeat('x', 10000) from generate_series(1, 100000) n"
#define BY_CURSOR "UseDeclareFetch=1;Fetch=10"

/* Fetches a few rows of many; the rest is still at the server. */
static void begin_fetching(struct odbc_session *session)
{
    CHECK_NUMBER(ask_dead(session), SQL_CD_FALSE);
    CHECK_FATAL(odbc_query(session, MANY_ROWS));
    for (int i = 0; i < 5; i++)
        CHECK_NUMBER(SQLFetch(session->statement), SQL_SUCCESS);
}

CASE("a server that is killed during a fetch")
{
    struct odbc_session session = {0};
    CHECK_FATAL(connect_with(&session, fixture_port(&fixture), BY_CURSOR));
    begin_fetching(&session);
    postgres_kill(fixture.postgres);
    CHECK_NUMBER(odbc_fetch_all(&session), -1);
    check_broken(&session, ODBCSSL_ERROR_TRUNCATED, "without a TLS close_notify");
    CHECK_FATAL(restart());
}

static void check_cut(bool is_reset, enum odbcssl_error code, const char *part)
{
    struct odbc_session session = {0};
    CHECK_FATAL(connect_with(&session, wire_tap_port(tap), BY_CURSOR));
    begin_fetching(&session);
    wire_tap_cut(tap, is_reset);
    CHECK_NUMBER(odbc_fetch_all(&session), -1);
    check_broken(&session, code, part);
}

CASE("a network that breaks during a fetch")
{
    check_cut(false, ODBCSSL_ERROR_TRUNCATED, "without a TLS close_notify");
    check_cut(true, ODBCSSL_ERROR_LINK_LOST, "Connection reset by peer");
}

static void *cut_when_busy(void *argument)
{
    char answer[16] = "";
    const bool *is_reset = argument;
    for (int i = 0; i < 600 && strcmp(answer, "1") != 0; i++) {
        poll(NULL, 0, 20);
        postgres_query(fixture.postgres,
                       "select count(*) from pg_stat_activity where query like 'select pg_sleep%'",
                       answer, sizeof answer);
    }
    wire_tap_cut(tap, *is_reset);
    return NULL;
}

/* While the application waits for a query. */
CASE("a network that breaks during a query")
{
    for (int i = 0; i < 2; i++) {
        bool is_reset = i == 1;
        struct odbc_session session = {0};
        pthread_t thread;
        CHECK_FATAL(connect_with(&session, wire_tap_port(tap), ""));
        CHECK_FATAL(pthread_create(&thread, NULL, cut_when_busy, &is_reset) == 0);
        CHECK(!odbc_query(&session, "select pg_sleep(300)"));
        pthread_join(thread, NULL);
        check_broken(&session, is_reset ? ODBCSSL_ERROR_LINK_LOST : ODBCSSL_ERROR_TRUNCATED,
                     "while carrying the session");
        CHECK(postgres_query(fixture.postgres,
                             "select pg_terminate_backend(pid) from pg_stat_activity "
                             "where query like 'select pg_sleep%'",
                             (char[64]){""}, 64));
    }
}

/* The server says why it ends the session, and says so cleanly: its words are kept. */
CASE("a session that the server ends")
{
    char answer[64];
    struct odbc_session session = {0};
    CHECK_FATAL(connect_with(&session, fixture_port(&fixture), ""));
    CHECK(odbc_query(&session, "select pg_backend_pid()"));
    CHECK(postgres_query(
        fixture.postgres,
        suite_text("select pg_terminate_backend(%s)", suite_text("%.20s", session.value)), answer,
        sizeof answer));
    CHECK(!odbc_query(&session, "select 1"));
    CHECK_CONTAINS(session.diagnostics, "terminating connection due to administrator command");
    /* Our record is before the server's, unless the real driver was quicker than the relay. */
    CHECK(strcmp(session.sqlstate, "08S01") == 0 || strcmp(session.sqlstate, "57P01") == 0);
    CHECK_NUMBER(ask_dead(&session), SQL_CD_TRUE);
    odbc_close(&session);
}

/* ---- much data ---- */

static size_t megabytes(void)
{
    const char *wanted = getenv("ODBCSSL_TEST_MEGABYTES");
    return wanted != NULL ? (size_t)atoi(wanted) : MEGABYTES;
}

static void finish_hash(gnutls_hash_hd_t hash, char *out)
{
    unsigned char digest[16];
    gnutls_hash_deinit(hash, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        sprintf(out + 2 * i, "%02x", digest[i]);
}

/* Rows of a megabyte, each different; the server's md5 of all their md5s. */
CASE("much data from the server")
{
    static char value[MEGABYTE + 1];
    struct odbc_session session = {0};
    char row[33], found[33];
    gnutls_hash_hd_t all, one;
    size_t rows = 0;
    CHECK_FATAL(connect_with(&session, fixture_port(&fixture), "UseDeclareFetch=1;Fetch=4"));
    const char *sql =
        suite_text("select repeat(md5(n::text), 32768) from generate_series(1, %zu) n order by n",
                   megabytes());
    gnutls_hash_init(&all, GNUTLS_DIG_MD5);
    CHECK_FATAL(SQL_SUCCEEDED(SQLExecDirect(session.statement, (SQLCHAR *)sql, SQL_NTS)));
    while (SQLFetch(session.statement) == SQL_SUCCESS) {
        SQLLEN length = 0;
        CHECK_FATAL(SQLGetData(session.statement, 1, SQL_C_CHAR, value, sizeof value, &length) ==
                    SQL_SUCCESS);
        gnutls_hash_init(&one, GNUTLS_DIG_MD5);
        gnutls_hash(one, value, (size_t)length);
        finish_hash(one, row);
        gnutls_hash(all, row, 32);
        rows++;
    }
    CHECK_NUMBER(rows, megabytes());
    finish_hash(all, found);
    sql = suite_text("select md5(string_agg(md5(repeat(md5(n::text), 32768)), '' order by n)) "
                     "from generate_series(1, %zu) n",
                     megabytes());
    CHECK(odbc_query(&session, sql));
    CHECK_TEXT(found, session.value);
    odbc_close(&session);
}

#define PIECE MEGABYTE
#define PIECES 16

/* Pieces of a megabyte by SQLPutData, sixteen to a parameter. */
static void put_pieces(SQLHSTMT statement, char *piece, unsigned round, gnutls_hash_hd_t hash)
{
    SQLPOINTER token = NULL;
    CHECK_NUMBER(SQLExecute(statement), SQL_NEED_DATA);
    CHECK_NUMBER(SQLParamData(statement, &token), SQL_NEED_DATA);
    for (unsigned i = 0; i < PIECES; i++) {
        for (size_t at = 0; at + 16 <= PIECE; at += 4096)
            snprintf(piece + at, 16, "%07u.%07zu", (round * PIECES + i) % 10000000, at / 4096);
        for (size_t at = 15; at < PIECE; at += 4096)
            piece[at] = 'x';
        gnutls_hash(hash, piece, PIECE);
        CHECK_NUMBER(SQLPutData(statement, piece, (SQLLEN)PIECE), SQL_SUCCESS);
    }
    CHECK_NUMBER(SQLParamData(statement, &token), SQL_SUCCESS);
}

CASE("much data to the server")
{
    struct odbc_session session = {0};
    char *piece = malloc(PIECE);
    SQLLEN length = SQL_LEN_DATA_AT_EXEC(0);
    CHECK_FATAL(piece != NULL && connect_with(&session, fixture_port(&fixture), ""));
    memset(piece, 'y', PIECE);
    CHECK_FATAL(SQLPrepare(session.statement, (SQLCHAR *)"select md5(?), octet_length(?)",
                           SQL_NTS) == SQL_SUCCESS);
    CHECK_NUMBER(SQLBindParameter(session.statement, 1, SQL_PARAM_INPUT, SQL_C_CHAR,
                                  SQL_LONGVARCHAR, 0, 0, (SQLPOINTER)1, 0, &length),
                 SQL_SUCCESS);
    CHECK_NUMBER(SQLBindParameter(session.statement, 2, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_VARCHAR, 5,
                                  0, "abcde", 0, NULL),
                 SQL_SUCCESS);
    for (unsigned round = 0; round < megabytes() / PIECES; round++) {
        char wanted[33], found[64] = "";
        gnutls_hash_hd_t hash;
        gnutls_hash_init(&hash, GNUTLS_DIG_MD5);
        put_pieces(session.statement, piece, round, hash);
        finish_hash(hash, wanted);
        CHECK_NUMBER(SQLFetch(session.statement), SQL_SUCCESS);
        CHECK_NUMBER(SQLGetData(session.statement, 1, SQL_C_CHAR, found, sizeof found, NULL),
                     SQL_SUCCESS);
        CHECK_TEXT(found, wanted);
        SQLFreeStmt(session.statement, SQL_CLOSE);
    }
    free(piece);
    odbc_close(&session);
}

/* ---- many connections ---- */

struct worker {
    pthread_t thread;
    unsigned number;
    pthread_barrier_t *all_connected;
    unsigned good;
    char failure[1024];
};

#define QUERIES 10

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct odbc_session *session = calloc(1, sizeof *session);
    bool is_connected = connect_with(session, fixture_port(&fixture), "");
    pthread_barrier_wait(worker->all_connected);
    for (unsigned i = 0; is_connected && i < QUERIES; i++) {
        const char *sql = suite_text("select %u, repeat('%u ', 5000) from generate_series(1, 20)",
                                     worker->number * 1000 + i, worker->number);
        worker->good += odbc_query(session, sql) &&
                        strcmp(session->value, suite_text("%u", worker->number * 1000 + i)) == 0 &&
                        odbc_fetch_all(session) == 19;
    }
    snprintf(worker->failure, sizeof worker->failure, "%.1000s", session->diagnostics);
    odbc_close(session);
    free(session);
    return NULL;
}

CASE("many connections at once")
{
    struct worker *workers = calloc(CONNECTIONS, sizeof *workers);
    pthread_barrier_t all_connected;
    struct rlimit limit;
    /* Five descriptors each: the usual limit of 1024 is not enough beside the test's own. */
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    CHECK_FATAL(workers != NULL && setrlimit(RLIMIT_NOFILE, &limit) == 0 &&
                pthread_barrier_init(&all_connected, NULL, CONNECTIONS) == 0);
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        workers[i] = (struct worker){.number = i, .all_connected = &all_connected};
        CHECK_FATAL(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
    }
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        pthread_join(workers[i].thread, NULL);
        CHECK_NUMBER(workers[i].good, QUERIES);
        CHECK_TEXT(workers[i].failure, "");
    }
    pthread_barrier_destroy(&all_connected);
    free(workers);
}

/* ---- what a connection leaves behind ---- */

struct usage {
    unsigned descriptors, threads;
    size_t memory;
};

static struct usage measure(void)
{
    return (struct usage){suite_count_entries("/proc/self/fd"),
                          suite_count_entries("/proc/self/task"), mallinfo2().uordblks};
}

static void connect_and_leave(SQLHENV environment, bool is_refused)
{
    struct odbc_session session = {.environment = environment};
    CHECK_FATAL(SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_DBC, environment, &session.connection)));
    bool is_connected = connect_with(&session, fixture_port(&fixture),
                                     is_refused ? "SslPin=sha256:00000000000000000000000000000000"
                                                  "00000000000000000000000000000000"
                                                : "");
    CHECK_NUMBER(is_connected, !is_refused);
    if (is_connected)
        CHECK(odbc_query(&session, "{call odbcssl_status}"));
    session.environment = NULL;
    odbc_close(&session);
}

CASE("connecting and disconnecting leaves nothing behind")
{
    SQLHENV environment = NULL;
    SQLAllocHandle(SQL_HANDLE_ENV, NULL, &environment);
    SQLSetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    for (int i = 0; i < 10; i++)
        connect_and_leave(environment, i % 4 == 3);
    struct usage before = measure();
    for (int i = 0; i < LOOPS; i++)
        connect_and_leave(environment, i % 4 == 3);
    struct usage after = measure();
    printf("# %d connections: %u -> %u descriptors, %u -> %u threads, %zu -> %zu bytes\n", LOOPS,
           before.descriptors, after.descriptors, before.threads, after.threads, before.memory,
           after.memory);
    CHECK_NUMBER(after.descriptors, before.descriptors);
    CHECK_NUMBER(after.threads, before.threads);
    /* libodbcinst keeps what it was asked for 20 seconds, some hundred bytes for a connection;
     * leak-check finds what is smaller than this. */
    CHECK(after.memory < before.memory + (size_t)LOOPS * 2048);
    SQLFreeHandle(SQL_HANDLE_ENV, environment);
}

/* ---- two real drivers ---- */

CASE("two real drivers in one process")
{
    struct odbc_session postgres = {0}, mariadb = {0};
    if (!mariadb_is_installed()) {
        suite_skip("MariaDB is not installed");
        return;
    }
    struct mariadb_server *server =
        mariadb_start(&(struct mariadb_options){.certificate = fixture_path(&fixture, "server.pem"),
                                                .key = fixture_path(&fixture, "server.key"),
                                                .sql = "create user other identified by 'secret'"});
    CHECK_FATAL(server != NULL);
    CHECK_FATAL(connect_with(&postgres, fixture_port(&fixture), ""));
    /* The same environment handle and the same library of ours. */
    mariadb.environment = postgres.environment;
    CHECK_FATAL(
        SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_DBC, mariadb.environment, &mariadb.connection)));
    CHECK(odbc_connect(&mariadb,
                       "DRIVER={%s};Server=localhost;Port=%u;UID=other;PWD=secret;"
                       "SslMode=verify-full;SslRootCert=%s",
                       ODBC_MARIADB, mariadb_port(server), fixture_path(&fixture, "root.pem")));
    CHECK_TEXT(mariadb.diagnostics, "");
    for (int i = 0; i < 5; i++) {
        CHECK(odbc_query(&postgres, "select version()"));
        CHECK_CONTAINS(postgres.value, "PostgreSQL");
        CHECK(odbc_query(&mariadb, "select version()"));
        CHECK_CONTAINS(mariadb.value, "MariaDB");
    }
    CHECK_NUMBER(odbc_info_number(&postgres, SQL_SSL_STATE), ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_NUMBER(odbc_info_number(&mariadb, SQL_SSL_STATE), ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    mariadb.environment = NULL;
    odbc_close(&mariadb);
    CHECK(odbc_query(&postgres, "select 1"));
    odbc_close(&postgres);
    mariadb_stop(&server);
}

static int set_up(void)
{
    if (fixture_open(&fixture, NULL, NULL) != 0 || !restart())
        return -1;
    tap = wire_tap_start((uint16_t)fixture_port(&fixture));
    return tap != NULL ? 0 : -1;
}

static int tear_down(void)
{
    wire_tap_stop(&tap);
    fixture_close(&fixture);
    return 0;
}

SUITE("transfer", set_up, tear_down)
