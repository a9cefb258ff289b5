/*
 * soak.c - 64 threads connect, ask, cancel and disconnect, over both transports, while the server
 * restarts and its certificate, the trust anchors and the CRLs change (soak_world.h).
 *
 *      soak SECONDS
 *
 * A finding is a verdict that does not fit the files and the server as they have been during the
 * whole connect, wrong data, an error that says nothing, or memory, descriptors or threads that are
 * more at the end than after the warm-up, with all disconnected.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "faults/fault_library.h"
#include "odbcssl.h"
#include "faults/soak_world.h"
#include "support/odbc.h"
#include "support/suite.h"

#define THREADS 64
#define STEP_MILLISECONDS 1500
#define SLOW_MILLISECONDS 20000

/* Large buffers that are kept for those that come (base/buffer.c), and a little. */
#define MEMORY_SLACK ((size_t)(8 * 128 + 64) * 1024)

/* GnuTLS keeps a generator of random numbers for each thread that ever used one, until the process
 * ends: these two allocations. The relay makes a thread for a session. */
#define GENERATOR_SIZE 176
#define GENERATOR_LINK_SIZE 16

static struct fixture fixture;
static const struct fault_interface *library;
static atomic_uint epoch, connections, relayed, queries, cancellations, refusals, findings, resting;
static _Atomic enum world_verdict world; /* what a connection of one epoch is to find */
static atomic_uint checked[WORLD_VERDICTS];
static atomic_bool is_paused, is_over;
static pthread_mutex_t print_lock = PTHREAD_MUTEX_INITIALIZER;

static void find(const char *what, const char *detail)
{
    pthread_mutex_lock(&print_lock);
    if (atomic_fetch_add(&findings, 1) < 20)
        printf("FINDING: %s: %s\n", what, detail);
    fflush(stdout);
    pthread_mutex_unlock(&print_lock);
}

/* --- the threads --- */

struct canceller {
    SQLHSTMT statement;
    atomic_bool is_done;
};

static void *cancel_again(void *argument)
{
    struct canceller *canceller = argument;
    while (!atomic_load(&canceller->is_done)) {
        poll(NULL, 0, 30);
        SQLCancel(canceller->statement);
    }
    return NULL;
}

static void cancel(struct odbc_session *session)
{
    struct canceller canceller = {.statement = session->statement};
    pthread_t thread;
    if (pthread_create(&thread, NULL, cancel_again, &canceller) != 0)
        return;
    SQLFreeStmt(session->statement, SQL_CLOSE);
    if (!odbc_query(session, "select pg_sleep(20)") && strcmp(session->sqlstate, "57014") == 0)
        atomic_fetch_add(&cancellations, 1);
    atomic_store(&canceller.is_done, true);
    pthread_join(thread, NULL);
}

static void check_verdict(const struct odbc_session *session, bool is_connected,
                          enum world_verdict wanted)
{
    bool is_right =
        is_connected ? wanted == WORLD_GOOD
        : wanted == WORLD_REVOKED
            ? session->native == ODBCSSL_ERROR_REVOKED
            : wanted == WORLD_STRANGER && (session->native == ODBCSSL_ERROR_UNTRUSTED ||
                                           session->native == ODBCSSL_ERROR_ISSUER_UNKNOWN);
    atomic_fetch_add(&checked[wanted], 1);
    if (!is_right)
        find(wanted == WORLD_GOOD      ? "wrong verdict, wanted a connection"
             : wanted == WORLD_REVOKED ? "wrong verdict, wanted revoked"
                                       : "wrong verdict, wanted an unknown issuer",
             is_connected ? "connected" : session->diagnostics);
}

static void work(struct odbc_session *session, unsigned turn)
{
    char sql[100], wanted[20];
    if (odbc_info_number(session, SQL_SSL_STATE) != ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED)
        find("a downgrade", session->diagnostics);
    for (unsigned i = 0; i < 5; i++) {
        snprintf(sql, sizeof sql, "select %u * 3", turn * 7 + i);
        snprintf(wanted, sizeof wanted, "%u", (turn * 7 + i) * 3);
        if (!odbc_query(session, sql)) {
            if (strlen(session->diagnostics) < 20)
                find("an error that says nothing", session->diagnostics);
            return;
        }
        if (strcmp(session->value, wanted) != 0)
            find("wrong data", session->value);
        atomic_fetch_add(&queries, 1);
    }
    if (turn % 8 == 0)
        cancel(session);
}

static void visit(unsigned turn)
{
    struct odbc_session *session = calloc(1, sizeof *session);
    bool is_relayed = turn % 2 == 1;
    int64_t begin = clock_monotonic();
    unsigned before = atomic_load(&epoch);
    enum world_verdict wanted = atomic_load(&world);
    bool is_connected = odbc_connect(
        session,
        "DRIVER={%s};Servername=localhost;Port=%u;Database=postgres;UID=%s;PWD=%s;"
        "SslMode=verify-full;SslRootCert=%s/trust.pem;SslCrl=%s/lists.pem;SslTransport=%s",
        ODBC_POSTGRESQL, fixture_port(&fixture), POSTGRES_USER, POSTGRES_PASSWORD, fixture.folder,
        fixture.folder, is_relayed ? "relay" : "interpose");
    /* One that took so long ran into a time-out of a machine that stood still. */
    bool is_slow = clock_monotonic() - begin > SLOW_MILLISECONDS;
    if (before % 2 == 0 && before == atomic_load(&epoch) && !is_slow)
        check_verdict(session, is_connected, wanted);
    atomic_fetch_add(is_connected ? &connections : &refusals, 1);
    if (is_relayed)
        atomic_fetch_add(&relayed, 1);
    if (is_connected)
        work(session, turn);
    else if (strlen(session->diagnostics) < 20)
        find("an error that says nothing", session->diagnostics);
    odbc_close(session);
    free(session);
}

static void *run(void *argument)
{
    for (unsigned turn = *(unsigned *)argument; !atomic_load(&is_over); turn++) {
        if (atomic_load(&is_paused)) {
            atomic_fetch_add(&resting, 1);
            while (atomic_load(&is_paused))
                poll(NULL, 0, 10);
            atomic_fetch_sub(&resting, 1);
        }
        visit(turn);
    }
    return NULL;
}

/* --- what changes --- */

/* The epoch is odd while it changes; what is seamless belongs to the epoch that it happens in. */
static bool take_step(const struct world_step *step)
{
    atomic_fetch_add(&epoch, !step->is_seamless);
    bool is_good = step->take(&fixture);
    atomic_store(&world, step->verdict);
    atomic_fetch_add(&epoch, !step->is_seamless);
    if (!is_good)
        find("the test's own failure", step->name);
    return is_good;
}

/* --- what is used --- */

struct usage {
    size_t memory; /* odbcssl's, and GnuTLS's */
    unsigned descriptors, threads;
};

static size_t living_size;
static unsigned generators;

static void add_living(const char *place, size_t size)
{
    bool is_generator = strncmp(place, "libgnutls.", strlen("libgnutls.")) == 0 &&
                        (size == GENERATOR_SIZE || size == GENERATOR_LINK_SIZE);
    generators += is_generator;
    living_size += is_generator ? 0 : size;
}

static size_t resident_memory(void)
{
    size_t size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%zu %zu", &size, &resident) != 2)
        resident = 0;
    if (file != NULL)
        fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

/* With all threads at rest and disconnected. */
static void measure(struct usage *usage)
{
    atomic_store(&is_paused, true);
    while (atomic_load(&resting) < THREADS)
        poll(NULL, 0, 10);
    usage->threads = suite_count_entries("/proc/self/task");
    for (int i = 0; usage->threads > THREADS + 1 && i < 500; i++) {
        poll(NULL, 0, 10);
        usage->threads = suite_count_entries("/proc/self/task");
    }
    usage->descriptors = suite_count_entries("/proc/self/fd");
    living_size = generators = 0;
    library->living(0, add_living);
    usage->memory = living_size;
    if (library->is_full())
        find("too long", "more allocations than can be followed");
    atomic_store(&is_paused, false);
    printf(
        "# %zu KiB, %u descriptors, %u threads after %u connections and %u refusals, %u relayed; "
        "%u allocations of GnuTLS's generators; the whole process: %zu KiB, resident %zu KiB\n",
        usage->memory / 1024, usage->descriptors, usage->threads, atomic_load(&connections),
        atomic_load(&refusals), atomic_load(&relayed), generators, mallinfo2().uordblks / 1024,
        resident_memory() / 1024);
    fflush(stdout);
}

static void compare(const struct usage *first, const struct usage *last)
{
    char text[200];
    snprintf(text, sizeof text, "%zu KiB, %u descriptors, %u threads; before %zu KiB, %u, %u",
             last->memory / 1024, last->descriptors, last->threads, first->memory / 1024,
             first->descriptors, first->threads);
    if (last->memory > first->memory + MEMORY_SLACK)
        find("memory grows", text);
    if (last->descriptors > first->descriptors)
        find("descriptors are lost", text);
    if (last->threads > first->threads)
        find("threads are lost", text);
}

static bool prepare(void)
{
    char answer[100];
    return world_open(&fixture) &&
           postgres_query(fixture.postgres,
                          "set password_encryption = 'md5'; alter user " POSTGRES_USER
                          " password '" POSTGRES_PASSWORD "'",
                          answer, sizeof answer) &&
           dlopen(suite_built("driver/odbc/.libs/libodbcssl.so"), RTLD_NOW | RTLD_LOCAL) != NULL &&
           library->find();
}

int main(int argc, char **argv)
{
    static unsigned numbers[THREADS];
    static pthread_t threads[THREADS];
    unsigned seconds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 60, step = 0;
    struct usage first, last;
    if ((library = fault_begin(argv)) == NULL || !prepare()) {
        puts("Bail out! no library to follow allocations, no server, or no driver");
        return 1;
    }
    for (unsigned i = 0; i < THREADS; i++) {
        numbers[i] = i;
        if (pthread_create(&threads[i], NULL, run, &numbers[i]) != 0)
            return 1;
    }
    int64_t begin = clock_monotonic(), end = begin + (int64_t)seconds * 1000;
    bool is_warm = false, is_good = true;
    while (is_good && (clock_left(end) > 0 || !is_warm || step % WORLD_STEPS != 0)) {
        poll(NULL, 0, STEP_MILLISECONDS);
        is_good = take_step(&world_steps[step++ % WORLD_STEPS]);
        if (!is_warm && step % WORLD_STEPS == 0 && clock_monotonic() - begin > (end - begin) / 4) {
            is_warm = true;
            measure(&first);
        } else if (step % WORLD_STEPS == 0) {
            measure(&last);
        }
    }
    measure(&last);
    atomic_store(&is_over, true);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    if (is_warm)
        compare(&first, &last);
    world_close(&fixture);
    printf("# %u connections, %u refusals, %u queries, %u cancellations; %u changes, %u turns; "
           "verdicts as wanted: %u accepted, %u revoked, %u untrusted\n",
           atomic_load(&connections), atomic_load(&refusals), atomic_load(&queries),
           atomic_load(&cancellations), step, step / WORLD_STEPS, atomic_load(&checked[WORLD_GOOD]),
           atomic_load(&checked[WORLD_REVOKED]), atomic_load(&checked[WORLD_STRANGER]));
    printf("soak: %u seconds, %u findings\n", (unsigned)((clock_monotonic() - begin) / 1000),
           atomic_load(&findings));
    return atomic_load(&findings) == 0 ? 0 : 1;
}
