/*
 * bench_postgres.c - odbcssl beside psqlodbc's own TLS, in one run against one private server, turn
 * by turn: connecting, a round trip, 200,000 rows, 100 values of 1 MB. Prints medians and their
 * ratio.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/odbc.h"
#include "system/fixture.h"

#define ROUNDS_LIMIT 101

struct subject {
    const char *name;
    char connection_string[2048];
    struct odbc_session session;
    double seconds[ROUNDS_LIMIT];
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static bool connect_once(struct subject *subject)
{
    struct odbc_session *session = calloc(1, sizeof *session);
    bool is_good = odbc_connect(session, "%s", subject->connection_string);
    if (!is_good)
        fprintf(stderr, "%s: %s\n", subject->name, session->diagnostics);
    odbc_close(session);
    free(session);
    return is_good;
}

static bool round_trips(struct subject *subject)
{
    for (int i = 0; i < 500; i++)
        if (!odbc_query(&subject->session, "select 1"))
            return false;
    return true;
}

static bool rows(struct subject *subject)
{
    return odbc_query(&subject->session,
                      "select n, repeat('x', 100) from generate_series(1, 200000) n") &&
           odbc_fetch_all(&subject->session) == 199999;
}

static bool values(struct subject *subject)
{
    return odbc_query(&subject->session,
                      "select repeat('x', 1000000) from generate_series(1, 100)") &&
           odbc_fetch_all(&subject->session) == 99;
}

static const struct work {
    const char *name;
    bool (*run)(struct subject *subject);
    int rounds;
    double per_round; /* how often the work is done in a round */
    const char *unit;
    double scale;
} works[] = {
    {"connect, handshake and login", connect_once, 41, 1, "ms", 1e3},
    {"select 1, round trip", round_trips, 21, 500, "us", 1e6},
    {"200,000 rows of 104 bytes", rows, 9, 1, "ms", 1e3},
    {"100 values of 1 MB", values, 9, 1, "ms", 1e3},
};

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *seconds, int count)
{
    qsort(seconds, (size_t)count, sizeof *seconds, compare);
    return seconds[count / 2];
}

static bool run_work(const struct work *work, struct subject *subjects, size_t count)
{
    for (int round = -1; round < work->rounds; round++) { /* round -1 warms up */
        for (size_t i = 0; i < count; i++) {
            double start = now();
            if (!work->run(&subjects[i]))
                return false;
            if (round >= 0)
                subjects[i].seconds[round] = (now() - start) / work->per_round;
        }
    }
    double native = median(subjects[0].seconds, work->rounds);
    double ours = median(subjects[1].seconds, work->rounds);
    printf("%-30s %10.2f %s %10.2f %s %8.2f\n", work->name, native * work->scale, work->unit,
           ours * work->scale, work->unit, ours / native);
    return true;
}

static bool open_subjects(struct subject *subjects, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!odbc_connect(&subjects[i].session, "%s", subjects[i].connection_string)) {
            fprintf(stderr, "%s: %s\n", subjects[i].name, subjects[i].session.diagnostics);
            return false;
        }
    return true;
}

static bool run_all(struct subject *subjects)
{
    bool is_good = open_subjects(subjects, 2);
    printf("%-30s %13s %13s %8s\n", "medians, turn by turn", subjects[0].name, subjects[1].name,
           "ratio");
    for (size_t i = 0; is_good && i < sizeof works / sizeof works[0]; i++)
        is_good = run_work(&works[i], subjects, 2);
    odbc_close(&subjects[0].session);
    odbc_close(&subjects[1].session);
    return is_good;
}

#define SERVER_WORDS                                                                               \
    "Servername=localhost;Port=%u;Database=postgres;UID=" POSTGRES_USER ";PWD=" POSTGRES_PASSWORD  \
    ";MaxVarcharSize=0;MaxLongVarcharSize=2000000;"

/* The same verification for both: chain and host name. */
static void describe_subjects(struct subject *subjects, const struct fixture *fixture)
{
    const char *root = fixture_path(fixture, "root.pem");
    subjects[0].name = "psqlodbc's own";
    snprintf(subjects[0].connection_string, sizeof subjects[0].connection_string,
             "DRIVER={" ODBC_NATIVE_POSTGRESQL "};" SERVER_WORDS
             "SSLmode=verify-full;pqopt={sslrootcert=%s}",
             fixture_port(fixture), root);
    subjects[1].name = "odbcssl";
    snprintf(subjects[1].connection_string, sizeof subjects[1].connection_string,
             "DRIVER={" ODBC_POSTGRESQL "};" SERVER_WORDS "SslMode=verify-full;SslRootCert=%s",
             fixture_port(fixture), root);
}

int main(void)
{
    static struct fixture fixture;
    static struct subject subjects[2];
    bool is_good =
        fixture_open(&fixture, NULL, NULL) == 0 && fixture_start(&fixture, "server", NULL, false);
    if (is_good) {
        describe_subjects(subjects, &fixture);
        is_good = run_all(subjects);
    }
    fixture_close(&fixture);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
