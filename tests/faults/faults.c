/*
 * faults.c - fault injection: an application under odbcssl, a real PostgreSQL, and between them a
 * peer that breaks the connection (fault_peer.h), or calls of libc that fail (fault_library.h).
 *
 *      faults [COUNT [SEED [NUMBER]]]
 *
 * Each case is a child of this process, which connects, works and disconnects, once under the fault
 * and often once more without. It must end in time with the right data or a clear error, send
 * nothing in plaintext, leave no memory, descriptor or thread, and free no memory with the
 * password. COUNT cases are run, with NUMBER only that one. Without arguments: a few cases of a
 * fixed seed, as a test.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "faults/fault_case.h"
#include "faults/fault_visit.h"
#include "support/odbc.h"
#include "system/fixture.h"

#define TEST_CASES 300
#define TEST_SEED 1
#define WORKERS 6
#define CASE_SECONDS 40
#define DESCRIPTORS 256
#define QUICK_USER "quick" /* its password is checked by MD5, which is quick */
#define QUICK_PASSWORD "planted-password-7351"

struct worker {
    pid_t process; /* 0: idle */
    struct fault_case fault;
    int64_t deadline;
    struct shared {
        struct visit_notes notes;
        bool is_hit;
        char place[64]; /* whose call failed */
        unsigned living;
        unsigned counts[FAULT_CALLS];
    } * shared;
};

static struct fixture fixture;
static const struct fault_interface *library; /* NULL: there are no failing calls */
static struct worker workers[WORKERS];
static uint64_t seed;
static unsigned findings, hit_cases, clear_errors;
static unsigned cold_living[FAULT_TRANSPORTS];

/* --- in the child --- */

static void make_connection_string(const struct fault_case *fault, unsigned port, char *out,
                                   size_t size)
{
    snprintf(out, size,
             "DRIVER={%s};Servername=localhost;Port=%u;Database=" VISIT_SECRET ";UID=%s;PWD=%s;"
             "SslMode=%s;SslRootCert=%s;SslCrl=%s;SslTimeout=2;SslMaxProtocol=%s;SslTransport=%s",
             ODBC_POSTGRESQL, port, fault->has_scram ? POSTGRES_USER : QUICK_USER,
             fault->has_scram ? POSTGRES_PASSWORD : QUICK_PASSWORD,
             fault->has_prefer ? "prefer" : "verify-full", fixture_path(&fixture, "root.pem"),
             fixture_path(&fixture, "crl.pem"), fault->has_tls12 ? "TLSv1.2" : "TLSv1.3",
             fault_transport_names[fault->transport]);
}

static unsigned count_descriptors(void)
{
    unsigned count = 0;
    for (int i = 0; i < DESCRIPTORS; i++)
        count += fcntl(i, F_GETFD) >= 0;
    return count;
}

static unsigned count_threads(void)
{
    unsigned count = 0;
    DIR *folder = opendir("/proc/self/task");
    for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    if (folder != NULL)
        closedir(folder);
    return count;
}

/* One that was joined may be seen for another moment. */
static unsigned wait_for_threads(unsigned wanted)
{
    unsigned found = count_threads();
    for (int i = 0; found > wanted && i < 200; i++) {
        poll(NULL, 0, 5);
        found = count_threads();
    }
    return found;
}

/* GnuTLS keeps a generator of random numbers for each thread that ever used one, until the process
 * ends: these two allocations. */
#define GENERATOR_SIZE 176
#define GENERATOR_LINK_SIZE 16

/* Large buffers are kept for those that come (base/buffer.c). */
#define SPARE_SIZE 131072
#define SPARES 8

static struct visit_notes *told; /* where lost memory is told; NULL: it is not */
static int generators, generator_links;
static unsigned lost, spares;

static void tell_living(const char *place, size_t size)
{
    bool is_helper = strncmp(place, "libgnutls.", strlen("libgnutls.")) == 0;
    if (is_helper && size == GENERATOR_SIZE)
        generators++;
    else if (is_helper && size == GENERATOR_LINK_SIZE)
        generator_links++;
    else if (size == SPARE_SIZE && spares < SPARES)
        spares++;
    else {
        lost++;
        if (told != NULL)
            visit_find(told, "lost: %zu bytes of %s", size, place);
    }
}

static unsigned count_lost(unsigned long since, struct visit_notes *notes)
{
    told = notes;
    lost = spares = 0;
    generators = generator_links = 0;
    library->living(since, tell_living);
    if (since > 0 && generators != generator_links)
        visit_find(notes, "lost: %d and %d of GnuTLS", generators, generator_links);
    return lost;
}

static void connected(void *context)
{
    fault_peer_connected(context);
}

static void run_visit(const struct fault_case *fault, bool is_clean, struct shared *shared)
{
    static const struct peer_fault nothing;
    char text[4096];
    struct peer_findings found;
    struct fault_peer *peer = fault_peer_start((uint16_t)fixture_port(&fixture),
                                               is_clean ? &nothing : &fault->peer, VISIT_SECRET);
    if (peer == NULL)
        _exit(3);
    make_connection_string(fault, fault_peer_port(peer), text, sizeof text);
    const struct visit visit = {.connection_string = text,
                                .cancels = fault->cancels && !is_clean,
                                .wants_plaintext_allowed = fault->has_prefer,
                                .must_succeed = is_clean || fault_case_is_harmless(fault),
                                .is_brief = is_clean,
                                .connected = connected,
                                .context = peer};
    if (!is_clean && library != NULL)
        library->arm(&fault->plan);
    visit_server(&visit, &shared->notes);
    if (!is_clean && library != NULL)
        shared->is_hit = library->disarm() > 0;
    if (!is_clean && library != NULL && shared->is_hit)
        library->place(shared->place, sizeof shared->place);
    for (int i = 0; !is_clean && library != NULL && i < FAULT_CALLS; i++)
        shared->counts[i] = library->count((enum fault_call)i);
    fault_peer_stop(&peer, &found);
    shared->is_hit |= found.was_hit && !is_clean;
    if (found.saw_plaintext && (!fault->has_prefer || found.answer == 'S'))
        visit_find(&shared->notes, "sent in plaintext, after the server's answer 0x%02X",
                   found.answer);
    if (found.has_stalled_out && fault->peer.connection == 0 && fault->peer.message < 3 &&
        found.messages[PEER_FROM_CLIENT] < 4)
        visit_find(&shared->notes, "the time-out did not end a stalled handshake");
}

static void run_case(const struct fault_case *fault, struct shared *shared)
{
    unsigned descriptors = count_descriptors(), threads = count_threads();
    unsigned long mark = library != NULL ? library->mark() : 0;
    run_visit(fault, false, shared);
    /* Whatever went wrong, the next connection is as good as ever. */
    if (fault->state == FAULT_COLD || (shared->is_hit && fault->number % 8 == 1) ||
        fault->plan.manner == FAULT_FAIL_ON)
        run_visit(fault, true, shared);
    shared->notes.phase = "looking for what is left";
    unsigned found = count_descriptors();
    if (found != descriptors)
        visit_find(&shared->notes, "%u descriptors of %u before", found, descriptors);
    if ((found = wait_for_threads(threads)) != threads)
        visit_find(&shared->notes, "%u threads of %u before", found, threads);
    if (library == NULL)
        return;
    char place[100];
    if (library->spilled(place, sizeof place) > 0)
        visit_find(&shared->notes, "the password is in memory that was freed at %s", place);
    if (fault->state == FAULT_WARM)
        count_lost(mark, &shared->notes);
    else
        shared->living = count_lost(0, NULL);
    if (fault->state == FAULT_COLD && cold_living[fault->transport] > 0 &&
        shared->living > cold_living[fault->transport])
        visit_find(&shared->notes, "%u allocations are left of %u without a fault", shared->living,
                   cold_living[fault->transport]);
}

/* --- the process that watches --- */

static void report(struct worker *worker, const char *what)
{
    char text[500];
    fault_case_tell(&worker->fault, text, sizeof text);
    findings++;
    printf("FINDING in case %u (%s%s%s)\n  %s", worker->fault.number, text,
           worker->shared->place[0] != '\0' ? " at " : "", worker->shared->place, what);
    if (worker->shared->notes.error[0] != '\0')
        printf("  the first error was: %s", worker->shared->notes.error);
    printf("\n");
    fflush(stdout);
}

static void start(struct worker *worker, const struct fault_case *fault)
{
    worker->fault = *fault;
    memset(worker->shared, 0, sizeof *worker->shared);
    worker->shared->notes.phase = "starting";
    worker->deadline = clock_monotonic() + CASE_SECONDS * 1000;
    worker->process = fork();
    if (worker->process == 0) {
        run_case(fault, worker->shared);
        _exit(0);
    }
}

static void finish(struct worker *worker, int status)
{
    char text[VISIT_FINDING_SIZE + 200];
    const struct visit_notes *notes = &worker->shared->notes;
    worker->process = 0;
    hit_cases += worker->shared->is_hit;
    clear_errors += notes->errors > 0;
    if (WIFSIGNALED(status)) {
        snprintf(text, sizeof text, "%s, signal %d, while %s\n%s",
                 WTERMSIG(status) == SIGKILL ? "a hang" : "a crash", WTERMSIG(status), notes->phase,
                 notes->finding);
        report(worker, text);
    } else if (WEXITSTATUS(status) != 0) {
        snprintf(text, sizeof text, "exit status %d while %s\n", WEXITSTATUS(status), notes->phase);
        report(worker, text);
    } else if (notes->finding[0] != '\0') {
        report(worker, notes->finding);
    }
}

/* Until one of them is idle, or all. */
static struct worker *wait_for_idle(bool is_all)
{
    for (;;) {
        struct worker *idle = NULL;
        size_t busy = 0;
        for (size_t i = 0; i < WORKERS; i++) {
            int status;
            if (workers[i].process > 0 && waitpid(workers[i].process, &status, WNOHANG) > 0)
                finish(&workers[i], status);
            else if (workers[i].process > 0 && clock_left(workers[i].deadline) == 0)
                kill(workers[i].process, SIGKILL);
            busy += workers[i].process > 0;
            if (workers[i].process == 0)
                idle = &workers[i];
        }
        if (busy == 0 || (!is_all && idle != NULL))
            return idle;
        struct timespec limit = {.tv_nsec = 20000000};
        sigset_t child;
        sigemptyset(&child);
        sigaddset(&child, SIGCHLD);
        sigtimedwait(&child, NULL, &limit);
    }
}

/* A visit without a fault: does it work, and does each kind of call happen as often as is failed?
 */
static void measure(enum fault_state state, enum fault_transport transport, struct shared *shared)
{
    struct fault_case fault = {.state = state, .transport = transport};
    start(&workers[0], &fault);
    wait_for_idle(true);
    *shared = *workers[0].shared;
    for (int i = 0; i < FAULT_CALLS; i++) {
        unsigned limit = fault_case_limit(state, transport, (enum fault_call)i);
        bool is_out = limit > 0 && shared->counts[i] > limit;
        findings += is_out;
        if (shared->counts[i] > 0 && (is_out || getenv("ODBCSSL_FAULTS_COUNTS") != NULL))
            printf("# %s, %s: %u calls of kind %s, of which cases fail %u\n",
                   fault_transport_names[transport], fault_state_names[state], shared->counts[i],
                   fault_call_names[i], limit);
    }
}

static bool prepare(void)
{
    const char *rules = "hostssl all " QUICK_USER " 127.0.0.1/32 md5\n"
                        "hostssl all all 127.0.0.1/32 scram-sha-256";
    char answer[100], path[4096];
    if (fixture_open(&fixture, NULL, NULL) != 0 ||
        !fixture_start(&fixture, "server", rules, false) ||
        !postgres_query(fixture.postgres, "create database " VISIT_SECRET, answer, sizeof answer) ||
        !postgres_query(fixture.postgres,
                        "set password_encryption = 'md5'; create user " QUICK_USER
                        " superuser password '" QUICK_PASSWORD "'",
                        answer, sizeof answer))
        return false;
    for (size_t i = 0; i < WORKERS; i++) {
        workers[i].shared = mmap(NULL, sizeof *workers[i].shared, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (workers[i].shared == MAP_FAILED)
            return false;
    }
    const char *build = getenv("top_builddir");
    snprintf(path, sizeof path, "%s/driver/odbc/.libs/libodbcssl.so", build != NULL ? build : ".");
    bool is_loaded = dlopen(path, RTLD_NOW | RTLD_LOCAL) != NULL;
    if (library != NULL)
        library->guard(QUICK_PASSWORD);
    return is_loaded && (library == NULL || library->find());
}

/* In this process, so that its children find all in place. */
static void warm_up(void)
{
    for (unsigned i = 0; i < 16; i++) {
        const struct fault_case fault = {.transport = (enum fault_transport)(i % 2),
                                         .has_prefer = i / 2 % 2,
                                         .has_tls12 = i / 4 % 2,
                                         .has_scram = i / 8 % 2};
        run_visit(&fault, true, workers[0].shared);
    }
    if (workers[0].shared->notes.finding[0] != '\0')
        report(&workers[0], workers[0].shared->notes.finding);
}

static void run_all(enum fault_state state, unsigned first, unsigned end)
{
    for (unsigned number = first; number < end; number++) {
        struct fault_case fault;
        fault_case_make(seed, number, library != NULL, &fault);
        if (fault.state == state)
            start(wait_for_idle(false), &fault);
    }
    wait_for_idle(true);
}

static void run(unsigned first, unsigned end)
{
    struct shared shared;
    for (int i = 0; library != NULL && i < FAULT_TRANSPORTS; i++) {
        measure(FAULT_COLD, (enum fault_transport)i, &shared);
        cold_living[i] = shared.living;
    }
    run_all(FAULT_COLD, first, end);
    warm_up();
    for (int i = 0; library != NULL && i < FAULT_TRANSPORTS; i++)
        measure(FAULT_WARM, (enum fault_transport)i, &shared);
    run_all(FAULT_WARM, first, end);
}

int main(int argc, char **argv)
{
    bool is_test = argc == 1;
    sigset_t child;
    unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : TEST_CASES, first = 0;
    if (!FIXTURE_IS_SANITIZED && (library = fault_begin(argv)) == NULL) {
        puts("Bail out! tests/faults/faultlibrary.so cannot be loaded");
        return 1;
    }
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    seed = TEST_SEED;
    if (argc > 2)
        seed = strtoull(argv[2], NULL, 10);
    else if (!is_test && getrandom(&seed, sizeof seed, 0) == (ssize_t)sizeof seed)
        seed %= 1000000000;
    if (argc > 3) {
        first = (unsigned)strtoul(argv[3], NULL, 10);
        count = 1;
    }
    printf("# seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    if (!prepare()) {
        puts("Bail out! no server, or no driver");
        return 1;
    }
    int64_t start_time = clock_monotonic();
    run(first, first + count);
    printf("# %.1f seconds; the fault struck in %u cases, %u ended with a clear error\n",
           (double)(clock_monotonic() - start_time) / 1000, hit_cases, clear_errors);
    fixture_close(&fixture);
    if (is_test)
        printf("%s 1 - ", findings == 0 ? "ok" : "not ok");
    printf("faults: %u cases, %u findings\n", count, findings);
    if (is_test)
        puts("1..1");
    return findings == 0 ? 0 : 1;
}
