/*
 * Cancelling a query: libpq opens a second connection for it, which PostgreSQL takes in plaintext
 * whatever pg_hba.conf says. The network, which is the test's own here, sees whether it was
 * encrypted.
 */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "odbcssl.h"
#include "support/odbc.h"
#include "support/suite.h"
#include "system/fixture.h"
#include "system/wire_tap.h"

#define ROUNDS 5
#define WAIT_ROUNDS 600 /* of 50 ms: far more than it takes */

static struct fixture fixture;
static struct wire_tap *tap;

static bool connect_with(struct odbc_session *session, unsigned port, const char *extra)
{
    return odbc_connect(session, "%s",
                        fixture_verified(&fixture, suite_text("Port=%u;%s", port, extra)));
}

/* A query that runs in a thread of its own. */
struct query {
    struct odbc_session *session;
    const char *sql;
    bool is_done;
    pthread_t thread;
};

static void *run_query(void *argument)
{
    struct query *query = argument;
    query->is_done = odbc_query(query->session, query->sql);
    return NULL;
}

static bool server_says(const char *sql, const char *wanted)
{
    char answer[64] = "";
    for (int i = 0; i < WAIT_ROUNDS; i++) {
        if (postgres_query(fixture.postgres, sql, answer, sizeof answer) &&
            strcmp(answer, wanted) == 0)
            return true;
        poll(NULL, 0, 50);
    }
    printf("# the server says %s, not %s\n", answer, wanted);
    return false;
}

#define SLEEPING                                                                                   \
    "select count(*) from pg_stat_activity where query like 'select pg_sleep%' and "               \
    "state = 'active'"

static void start_sleeping(struct query *query, struct odbc_session *session)
{
    *query = (struct query){.session = session, .sql = "select pg_sleep(300)"};
    CHECK_FATAL(pthread_create(&query->thread, NULL, run_query, query) == 0);
}

static void check_cancelled(struct query *query)
{
    pthread_join(query->thread, NULL);
    CHECK(!query->is_done);
    CHECK_TEXT(query->session->sqlstate, "57014");
    CHECK_CONTAINS(query->session->diagnostics, "canceling statement due to user request");
    CHECK(strstr(query->session->diagnostics, "[odbcssl]") == NULL);
    CHECK(odbc_query(query->session, "select 42"));
    CHECK_TEXT(query->session->value, "42");
}

CASE("SQLCancel from another thread, over TLS")
{
    struct odbc_session session = {0};
    struct query query;
    CHECK_FATAL(connect_with(&session, wire_tap_port(tap), ""));
    unsigned before = wire_tap_connections(tap);
    for (unsigned i = 1; i <= ROUNDS; i++) {
        start_sleeping(&query, &session);
        CHECK(server_says(SLEEPING, "1"));
        CHECK_NUMBER(SQLCancel(session.statement), SQL_SUCCESS);
        check_cancelled(&query);
        CHECK_NUMBER(wire_tap_connections(tap), before + i); /* one for each cancellation */
    }
    CHECK_NUMBER(wire_tap_encrypted(tap), wire_tap_connections(tap));
    odbc_close(&session);
}

/* By the handle function of ODBC 3.8 as well. */
CASE("SQLCancelHandle")
{
    struct odbc_session session = {0};
    struct query query;
    CHECK_FATAL(connect_with(&session, fixture_port(&fixture), ""));
    start_sleeping(&query, &session);
    CHECK(server_says(SLEEPING, "1"));
    CHECK_NUMBER(SQLCancelHandle(SQL_HANDLE_STMT, session.statement), SQL_SUCCESS);
    check_cancelled(&query);
    odbc_close(&session);
}

/* The query of another connection goes on. */
CASE("other connections are left alone")
{
    struct odbc_session first = {0}, second = {0};
    struct query cancelled, kept;
    CHECK_FATAL(connect_with(&first, fixture_port(&fixture), "") &&
                connect_with(&second, fixture_port(&fixture), ""));
    start_sleeping(&cancelled, &first);
    kept = (struct query){.session = &second, .sql = "select pg_sleep(0.5), 'done'"};
    CHECK_FATAL(pthread_create(&kept.thread, NULL, run_query, &kept) == 0);
    CHECK(server_says("select count(*) from pg_stat_activity where query = "
                      "'select pg_sleep(300)' and state = 'active'",
                      "1"));
    CHECK_NUMBER(SQLCancel(first.statement), SQL_SUCCESS);
    check_cancelled(&cancelled);
    pthread_join(kept.thread, NULL);
    CHECK(kept.is_done);
    odbc_close(&first);
    odbc_close(&second);
}

/* When nothing runs there is nothing to cancel, and nothing breaks. */
CASE("nothing runs")
{
    struct odbc_session session = {0};
    CHECK_FATAL(connect_with(&session, fixture_port(&fixture), ""));
    for (int i = 0; i < ROUNDS; i++) {
        CHECK(SQL_SUCCEEDED(SQLCancel(session.statement)));
        CHECK(odbc_query(&session, "select 1"));
    }
    odbc_close(&session);
}

CASE("SQL_ATTR_QUERY_TIMEOUT")
{
    struct odbc_session session = {0};
    CHECK_FATAL(connect_with(&session, fixture_port(&fixture), ""));
    CHECK(
        SQL_SUCCEEDED(SQLSetStmtAttr(session.statement, SQL_ATTR_QUERY_TIMEOUT, (SQLPOINTER)1, 0)));
    CHECK(!odbc_query(&session, "select pg_sleep(300)"));
    CHECK_TEXT(session.sqlstate, "57014");
    CHECK_CONTAINS(session.diagnostics, "canceling statement due to statement timeout");
    CHECK(
        SQL_SUCCEEDED(SQLSetStmtAttr(session.statement, SQL_ATTR_QUERY_TIMEOUT, (SQLPOINTER)0, 0)));
    CHECK(odbc_query(&session, "select 42 from pg_sleep(1.2)"));
    CHECK_TEXT(session.value, "42");
    odbc_close(&session);
}

static int set_up(void)
{
    if (fixture_open(&fixture, NULL, NULL) != 0 ||
        !fixture_start(&fixture, "server", FIXTURE_HBA, false))
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

SUITE("cancel", set_up, tear_down)
