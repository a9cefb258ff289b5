/*
 * works.c - what is measured: each function does one turn of one work as an application would,
 * through the driver manager, in the process of one subject.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "support/odbc.h"

#define MEGABYTE ((size_t)1000 * 1000)
#define THREADS 64
#define IDLE_CONNECTIONS 64

static bool complain(const struct odbc_session *session, const char *doing)
{
    fprintf(stderr, "bench: %s: %s\n", doing, session->diagnostics);
    return false;
}

/* The session of this process that works share; opened by the first. */
static struct odbc_session *open_shared(const struct subject *subject)
{
    static struct odbc_session *session;
    if (session != NULL)
        return session;
    session = calloc(1, sizeof *session);
    if (session != NULL && !odbc_connect(session, "%s", subject->connection)) {
        complain(session, "connecting");
        free(session);
        session = NULL;
    }
    return session;
}

/* --- connecting --- */

static bool connect_often(const char *connection, size_t count, double *values_out)
{
    struct odbc_session *session = calloc(1, sizeof *session);
    bool is_good = session != NULL;
    double start = measure_now();
    for (size_t i = 0; is_good && i < count; i++) {
        is_good = odbc_connect(session, "%s", connection) || complain(session, "connecting");
        odbc_close(session);
    }
    values_out[0] = (measure_now() - start) / (double)count;
    free(session);
    return is_good;
}

static bool run_connect(const struct subject *subject, const struct dialect *dialect, size_t size,
                        double *values_out)
{
    (void)dialect;
    return connect_often(subject->connection, size, values_out);
}

static bool run_connect_crl(const struct subject *subject, const struct dialect *dialect,
                            size_t size, double *values_out)
{
    (void)dialect;
    return connect_often(subject->connection_crl, size, values_out);
}

static bool run_connect_system(const struct subject *subject, const struct dialect *dialect,
                               size_t size, double *values_out)
{
    (void)dialect;
    return connect_often(subject->connection_system, size, values_out);
}

static bool has_crl(const struct subject *subject, const struct dialect *dialect)
{
    (void)dialect;
    return subject->connection_crl[0] != '\0';
}

static bool has_system(const struct subject *subject, const struct dialect *dialect)
{
    (void)dialect;
    return subject->connection_system[0] != '\0';
}

/* --- queries --- */

/* Values: median, 99th percentile, processor time of one. */
static bool run_round_trip(const struct subject *subject, const struct dialect *dialect,
                           size_t size, double *values_out)
{
    (void)dialect;
    struct odbc_session *session = open_shared(subject);
    double *each = calloc(size, sizeof *each);
    bool is_good = session != NULL && each != NULL;
    double processor = measure_processor();
    for (size_t i = 0; is_good && i < size; i++) {
        double start = measure_now();
        is_good = odbc_query(session, "select 1") || complain(session, "select 1");
        each[i] = measure_now() - start;
    }
    values_out[2] = (measure_processor() - processor) / (double)size;
    if (is_good) {
        values_out[0] = measure_percentile(each, size, 0.5);
        values_out[1] = measure_percentile(each, size, 0.99);
    }
    free(each);
    return is_good;
}

static bool execute(struct odbc_session *session, const char *format, size_t count)
{
    char sql[512];
    snprintf(sql, sizeof sql, format, count);
    SQLFreeStmt(session->statement, SQL_CLOSE);
    SQLFreeStmt(session->statement, SQL_UNBIND);
    return SQL_SUCCEEDED(SQLExecDirect(session->statement, (SQLCHAR *)sql, SQL_NTS));
}

/* Row by row into bound columns. */
static bool run_rows(const struct subject *subject, const struct dialect *dialect, size_t size,
                     double *values_out)
{
    struct odbc_session *session = open_shared(subject);
    SQLINTEGER number = 0;
    SQLCHAR text[128];
    SQLLEN number_length, text_length;
    double start = measure_now();
    if (session == NULL || !execute(session, dialect->rows, size))
        return false;
    SQLBindCol(session->statement, 1, SQL_C_SLONG, &number, 0, &number_length);
    SQLBindCol(session->statement, 2, SQL_C_CHAR, text, sizeof text, &text_length);
    long rows = odbc_fetch_all(session);
    values_out[0] = measure_now() - start;
    SQLFreeStmt(session->statement, SQL_CLOSE);
    SQLFreeStmt(session->statement, SQL_UNBIND);
    return rows == (long)size;
}

/* Cell by cell, as interpreters fetch. */
static bool run_cells(const struct subject *subject, const struct dialect *dialect, size_t size,
                      double *values_out)
{
    struct odbc_session *session = open_shared(subject);
    SQLCHAR cell[128];
    SQLLEN length;
    size_t rows = 0;
    double start = measure_now();
    if (session == NULL || !execute(session, dialect->cells, size))
        return false;
    while (SQL_SUCCEEDED(SQLFetch(session->statement))) {
        for (SQLUSMALLINT column = 1; column <= 4; column++)
            if (!SQL_SUCCEEDED(
                    SQLGetData(session->statement, column, SQL_C_CHAR, cell, sizeof cell, &length)))
                return false;
        rows++;
    }
    values_out[0] = measure_now() - start;
    SQLFreeStmt(session->statement, SQL_CLOSE);
    return rows == size;
}

/* Values of 1 MB. Values: seconds, and processor seconds per gigabyte. */
static bool run_fetch_large(const struct subject *subject, const struct dialect *dialect,
                            size_t size, double *values_out)
{
    struct odbc_session *session = open_shared(subject);
    unsigned char *value = malloc(MEGABYTE + 1);
    SQLLEN length = 0;
    size_t rows = 0;
    double processor = measure_processor(), start = measure_now();
    bool is_good = session != NULL && value != NULL;
    /* A hundred at a time, as the real driver may keep a whole result in memory. */
    for (size_t done = 0; is_good && done < size; done += 100) {
        is_good = execute(session, dialect->large, size - done < 100 ? size - done : 100);
        while (is_good && SQL_SUCCEEDED(SQLFetch(session->statement))) {
            is_good = SQL_SUCCEEDED(SQLGetData(session->statement, 1, SQL_C_CHAR, value,
                                               (SQLLEN)MEGABYTE + 1, &length)) &&
                      length == (SQLLEN)MEGABYTE;
            rows++;
        }
        SQLFreeStmt(session->statement, SQL_CLOSE);
    }
    values_out[0] = measure_now() - start;
    values_out[1] = (measure_processor() - processor) * 1000 / (double)size;
    free(value);
    return is_good && rows == size;
}

static bool run_insert_large(const struct subject *subject, const struct dialect *dialect,
                             size_t size, double *values_out)
{
    static bool is_set_up;
    struct odbc_session *session = open_shared(subject);
    char *value = malloc(MEGABYTE + 1);
    SQLLEN length = (SQLLEN)MEGABYTE;
    SQLHSTMT statement = NULL;
    bool is_good = session != NULL && value != NULL;
    for (size_t i = 0; is_good && !is_set_up && dialect->set_up[i] != NULL; i++)
        is_good = odbc_query(session, dialect->set_up[i]) || complain(session, "setting up");
    is_set_up = true;
    if (is_good)
        memset(value, 'x', MEGABYTE);
    is_good = is_good &&
              SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, session->connection, &statement)) &&
              SQL_SUCCEEDED(SQLPrepare(statement, (SQLCHAR *)dialect->insert_large, SQL_NTS)) &&
              SQL_SUCCEEDED(SQLBindParameter(statement, 1, SQL_PARAM_INPUT, SQL_C_CHAR,
                                             SQL_LONGVARCHAR, MEGABYTE, 0, value, length, &length));
    double start = measure_now();
    for (size_t i = 0; is_good && i < size; i++)
        is_good = SQL_SUCCEEDED(SQLExecute(statement));
    values_out[0] = measure_now() - start;
    if (statement != NULL)
        SQLFreeHandle(SQL_HANDLE_STMT, statement);
    free(value);
    return is_good;
}

static bool has_insert(const struct subject *subject, const struct dialect *dialect)
{
    (void)subject;
    return dialect->insert_large != NULL;
}

static bool has_large(const struct subject *subject, const struct dialect *dialect)
{
    (void)subject;
    return dialect->large != NULL;
}

/* --- many threads --- */

struct worker {
    pthread_t thread;
    const struct dialect *dialect;
    struct odbc_session session;
    pthread_barrier_t *barrier;
    size_t queries;
    bool is_good;
};

static void *work(void *argument)
{
    struct worker *worker = argument;
    pthread_barrier_wait(worker->barrier);
    for (size_t i = 0; worker->is_good && i < worker->queries; i++) {
        worker->is_good = odbc_query(&worker->session, worker->dialect->mixed[i % 3]) &&
                          odbc_fetch_all(&worker->session) >= 0;
    }
    pthread_barrier_wait(worker->barrier);
    return NULL;
}

/* Value: queries per second of all threads. */
static bool run_throughput(const struct subject *subject, const struct dialect *dialect,
                           size_t size, double *values_out)
{
    pthread_barrier_t barrier;
    bool is_good = true;
    struct worker *workers = calloc(THREADS, sizeof *workers);
    if (workers == NULL || pthread_barrier_init(&barrier, NULL, THREADS + 1) != 0)
        return false;
    for (size_t i = 0; i < THREADS; i++) {
        struct worker *worker = &workers[i];
        worker->dialect = dialect;
        worker->barrier = &barrier;
        worker->queries = size / THREADS;
        worker->is_good = odbc_connect(&worker->session, "%s", subject->connection) ||
                          complain(&worker->session, "connecting");
        is_good = is_good && worker->is_good;
        if (pthread_create(&worker->thread, NULL, work, worker) != 0)
            return false;
    }
    pthread_barrier_wait(&barrier);
    double start = measure_now();
    pthread_barrier_wait(&barrier);
    double seconds = measure_now() - start;
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        is_good = is_good && workers[i].is_good;
    }
    pthread_barrier_destroy(&barrier);
    values_out[0] = (double)(size / THREADS * THREADS) / seconds;
    return is_good;
}

static bool has_throughput(const struct subject *subject, const struct dialect *dialect)
{
    (void)subject;
    return dialect->mixed[0] != NULL;
}

/* --- memory --- */

/* Value: bytes per connection that did one query and waits. The first one, which loads libraries
 * and files, does not count. */
static bool run_idle(const struct subject *subject, const struct dialect *dialect, size_t size,
                     double *values_out)
{
    (void)dialect;
    struct odbc_session *sessions = calloc(IDLE_CONNECTIONS + 1, sizeof *sessions);
    double before = 0;
    bool is_good = sessions != NULL;
    for (size_t i = 0; is_good && i <= size; i++) {
        if (i == 1) {
            /* The application's own buffers are no connection's. */
            for (size_t j = 0; j <= size; j++) {
                memset(sessions[j].value, 0, sizeof sessions[j].value);
                memset(sessions[j].diagnostics, 0, sizeof sessions[j].diagnostics);
            }
            before = measure_anonymous();
        }
        is_good = odbc_connect(&sessions[i], "%s", subject->connection) &&
                  odbc_query(&sessions[i], "select 1");
    }
    values_out[0] = (measure_anonymous() - before) / (double)size;
    return is_good;
}

#define MS 1e3
#define US 1e6

const struct work bench_works[] = {
    {{{"connect", "ms", MS, 0.90, false}}, run_connect, 20, 8, false, true, NULL},
    {{{"connect_crl", "ms", MS, 0.05, false}}, run_connect_crl, 4, 2, false, false, has_crl},
    {{{"connect_system", "ms", MS, 0.95, false}},
     run_connect_system,
     8,
     4,
     false,
     false,
     has_system},
    {{{"round_trip_p50", "us", US, 0.97, false},
      {"round_trip_p99", "us", US, 1.10, false},
      {"cpu_per_round_trip", "us", US, 0.92, false}},
     run_round_trip,
     5000,
     2000,
     false,
     true,
     NULL},
    {{{"fetch_cells", "s", 1, 1.02, false}}, run_cells, 1000000, 50000, false, false, NULL},
    {{{"rows", "s", 1, 1.00, false}}, run_rows, 1000000, 50000, false, true, NULL},
    {{{"fetch_large", "s", 1, 0.95, false}, {"cpu_per_gb", "s", 1, 1.00, false}},
     run_fetch_large,
     1000,
     50,
     false,
     false,
     has_large},
    {{{"insert_large", "s", 1, 0.95, false}}, run_insert_large, 1000, 50, false, false, has_insert},
    {{{"throughput_64", "1/s", 1, 1.00, true}},
     run_throughput,
     64 * 400,
     64 * 60,
     true,
     false,
     has_throughput},
    {{{"idle_memory", "KB", 1.0 / 1024, 0.80, false}},
     run_idle,
     IDLE_CONNECTIONS,
     IDLE_CONNECTIONS,
     true,
     false,
     NULL},
    {{{NULL, NULL, 0, 0, false}}, NULL, 0, 0, false, false, NULL},
};
