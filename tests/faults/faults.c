/*
 * faults.c - fault injection: an application under odbcssl, a server, and between them a
 * peer that breaks the connection (fault_peer.h), or calls of libc that fail (fault_library.h).
 *
 *      faults [COUNT [SEED [NUMBER]]]
 *
 * Each case is a child of this process, which connects, works and disconnects, once under the fault
 * and often once more without. It must end in time with the right data or a clear error, send
 * nothing in plaintext, leave no memory, descriptor or thread, and free no memory with the
 * password. COUNT cases are run, with NUMBER only that one. The server is a real PostgreSQL, or
 * what ODBCSSL_FAULTS_DATABASE names: mariadb, or sqlserver for the TDS server of the tests.
 * Without arguments: a few cases of a fixed seed with each of them, as a test.
 */
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
#include "faults/fault_database.h"
#include "faults/fault_visit.h"
#include "odbcssl.h"
#include "support/suite.h"
#include "system/fixture.h"

#define TEST_CASES 200 /* of each database */
#define TEST_SEED 1
#define WORKERS 6
#define CASE_SECONDS 40
#define TIMEOUT_SECONDS 2  /* SslTimeout, where it may be what ends the case */
#define PATIENT_SECONDS 30 /* where it must not */
#define PAUSE_MILLISECONDS 1000
#define EXIT_HELPER 9 /* of a child: GnuTLS crashed by itself, for want of memory */
#define DESCRIPTORS 256

struct worker {
    pid_t process; /* 0: idle */
    struct fault_case fault;
    int64_t deadline;
    bool is_disturbed; /* it was stopped with this process: what it finds does not count */
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
static const struct fault_database *database;
static uint16_t server_port;
static uint64_t seed;
static unsigned findings, hit_cases, clear_errors, helper_crashes;
static unsigned cold_living[FAULT_TRANSPORTS][FAULT_VERDICTS];

/* --- in the child --- */

/* What leads to each verdict. */
static const struct {
    const char *anchors, *list, *name;
    int refusal;
} deserts[FAULT_VERDICTS] = {
    [FAULT_WELCOME] = {"root.pem", "crl.pem", "localhost", 0},
    [FAULT_REVOKED] = {"root.pem", "crl-server.pem", "localhost", ODBCSSL_ERROR_REVOKED},
    [FAULT_STRANGER] = {"other.pem", "crl.pem", "localhost", ODBCSSL_ERROR_ISSUER_UNKNOWN},
    [FAULT_MISNAMED] = {"root.pem", "crl.pem", "elsewhere.example.com", ODBCSSL_ERROR_HOST}};

static void make_connection_string(const struct fault_case *fault, enum fault_verdict verdict,
                                   unsigned seconds, unsigned port, char *out, size_t size)
{
    const struct fault_login *login = fault->has_scram ? &database->slow : &database->quick;
    snprintf(out, size,
             "DRIVER={%s};%s=localhost;Port=%u;UID=%s;PWD=%s;SslMode=%s;SslRootCert=%s;SslCrl=%s;"
             "SslServerName=%s;SslTimeout=%u;SslMaxProtocol=%s;SslTransport=%s",
             database->driver, database->place, port, login->user, login->password,
             fault->has_prefer ? "prefer" : "verify-full",
             fixture_path(&fixture, deserts[verdict].anchors),
             fixture_path(&fixture, deserts[verdict].list), deserts[verdict].name, seconds,
             fault->has_tls12 ? "TLSv1.2" : "TLSv1.3", fault_transport_names[fault->transport]);
}

static unsigned count_descriptors(void)
{
    unsigned count = 0;
    for (int i = 0; i < DESCRIPTORS; i++)
        count += fcntl(i, F_GETFD) >= 0;
    return count;
}

/* One that was joined may be seen for another moment. */
static unsigned wait_for_threads(unsigned wanted)
{
    unsigned found = suite_count_entries("/proc/self/task");
    for (int i = 0; found > wanted && i < 200; i++) {
        poll(NULL, 0, 5);
        found = suite_count_entries("/proc/self/task");
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
static bool is_helper_struck; /* which loses memory by itself, when it gets no more */

static void tell_living(const char *place, size_t size)
{
    bool is_helper = strncmp(place, "libodbcssl", strlen("libodbcssl")) != 0;
    if (is_helper && size == GENERATOR_SIZE)
        generators++;
    else if (is_helper && size == GENERATOR_LINK_SIZE)
        generator_links++;
    else if (size == SPARE_SIZE && spares < SPARES)
        spares++;
    else if (!is_helper || !is_helper_struck) {
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
    if (since > 0 && generators != generator_links && !is_helper_struck)
        visit_find(notes, "lost: %d and %d of GnuTLS", generators, generator_links);
    return lost;
}

static void connected(void *context)
{
    fault_peer_connected(context);
}

/* Over the relay the driver's descriptor is its own, and what the interposed recv() says of it is
 * what libc says. */
static bool strikes_driver(const struct fault_case *fault)
{
    return fault->transport == FAULT_RELAYED && database->is_broken_by_signals &&
           fault->plan.call == FAULT_RECV && fault->plan.manner == FAULT_INTERRUPT;
}

/* In the server's first message, which comes before TLS. */
static bool strikes_version(const struct fault_case *fault)
{
    const struct peer_fault *peer = &fault->peer;
    return database->is_muted_by_version && peer->direction == PEER_FROM_SERVER &&
           peer->connection == 0 && peer->message == 0 &&
           (peer->action == PEER_CORRUPT || peer->action == PEER_OVERWRITE);
}

static void run_visit(const struct fault_case *fault, bool is_clean, struct shared *shared)
{
    static const struct peer_fault nothing;
    char text[4096];
    struct peer_findings found;
    struct fault_peer *peer = fault_peer_start(server_port, database->protocol,
                                               is_clean ? &nothing : &fault->peer, VISIT_SECRET);
    if (peer == NULL)
        _exit(3);
    bool is_harmless = is_clean || (fault_case_is_harmless(fault) && !strikes_driver(fault));
    enum fault_verdict verdict = is_clean ? FAULT_WELCOME : fault->verdict;
    make_connection_string(fault, verdict, is_harmless ? PATIENT_SECONDS : TIMEOUT_SECONDS,
                           fault_peer_port(peer), text, sizeof text);
    const struct visit visit = {.connection_string = text,
                                .words = &database->words,
                                .refusal = deserts[verdict].refusal,
                                .cancels = fault->cancels && !is_clean,
                                .wants_plaintext_allowed = fault->has_prefer,
                                .must_succeed = is_harmless,
                                .may_be_mute = !is_clean && strikes_version(fault),
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
    if (found.has_stalled_out && fault->peer.connection == 0 &&
        found.messages[PEER_FROM_CLIENT] < database->password_messages)
        visit_find(&shared->notes, "the time-out did not end a stalled handshake or login");
}

static void end_helper(int number)
{
    if (library->is_helpers_own())
        _exit(EXIT_HELPER);
    signal(number, SIG_DFL);
    raise(number);
}

static void run_case(const struct fault_case *fault, struct shared *shared)
{
    is_helper_struck = fault->plan.call == FAULT_HELPER && fault->plan.manner != FAULT_NONE;
    if (is_helper_struck) {
        signal(SIGSEGV, end_helper);
        signal(SIGABRT, end_helper);
    }
    unsigned descriptors = count_descriptors(), threads = suite_count_entries("/proc/self/task");
    unsigned long mark = library != NULL ? library->mark() : 0;
    unsigned before = library != NULL ? count_lost(0, NULL) : 0;
    run_visit(fault, false, shared);
    /* Whatever went wrong, the next connection is as good as ever. */
    if (fault->state == FAULT_COLD || (shared->is_hit && fault->number % 4 < 2) ||
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
    shared->living = count_lost(0, NULL);
    /* Files that are read again take the place of those read before. */
    if (fault->state == FAULT_WARM && shared->living > before)
        count_lost(mark, &shared->notes);
    unsigned usual = cold_living[fault->transport][fault->verdict];
    if (fault->state == FAULT_COLD && usual > 0 && shared->living > usual)
        visit_find(&shared->notes, "%u allocations are left of %u without a fault", shared->living,
                   usual);
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
    worker->is_disturbed = false;
    worker->deadline = clock_monotonic() + CASE_SECONDS * 1000;
    fflush(stdout);
    worker->process = fork();
    if (worker->process == 0) {
        run_case(fault, worker->shared);
#ifdef FAULTS_COUNT_LINES /* tools/coverage: a process writes its counts in exit() */
        exit(0);
#else
        _exit(0);
#endif
    }
}

/* What went wrong, in text; false: nothing. */
static bool judge_end(const struct worker *worker, int status, char *text, size_t size)
{
    const struct visit_notes *notes = &worker->shared->notes;
    if (WIFSIGNALED(status))
        snprintf(text, size, "%s, signal %d, while %s\n%s",
                 WTERMSIG(status) == SIGKILL ? "a hang" : "a crash", WTERMSIG(status), notes->phase,
                 notes->finding);
    else if (WEXITSTATUS(status) == EXIT_HELPER)
        text[0] = '\0';
    else if (WEXITSTATUS(status) != 0)
        snprintf(text, size, "exit status %d while %s\n", WEXITSTATUS(status), notes->phase);
    else
        snprintf(text, size, "%s", notes->finding);
    return text[0] != '\0';
}

static void finish(struct worker *worker, int status)
{
    char text[VISIT_FINDING_SIZE + 200];
    const struct fault_case fault = worker->fault;
    bool is_finding = judge_end(worker, status, text, sizeof text);
    worker->process = 0;
    if (is_finding && worker->is_disturbed) {
        printf("# case %u is repeated, since the machine stood still\n", fault.number);
        start(worker, &fault);
        return;
    }
    helper_crashes += WIFEXITED(status) && WEXITSTATUS(status) == EXIT_HELPER;
    hit_cases += worker->shared->is_hit;
    clear_errors += worker->shared->notes.errors > 0;
    if (is_finding)
        report(worker, text);
}

/* When this process was stopped, so were the cases, and their time-outs are worth nothing. */
static void notice_pause(void)
{
    static int64_t last;
    int64_t now = clock_monotonic(), gone = now - last;
    for (size_t i = 0; last != 0 && gone > PAUSE_MILLISECONDS && i < WORKERS; i++) {
        workers[i].is_disturbed = true;
        workers[i].deadline += gone;
    }
    last = now;
}

/* Until one of them is idle, or all. */
static struct worker *wait_for_idle(bool is_all)
{
    for (;;) {
        struct worker *idle = NULL;
        size_t busy = 0;
        notice_pause();
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

/* A case without a fault, run to its end: does it work? Returns what it noted. */
static const struct shared *run_without_fault(enum fault_state state,
                                              enum fault_transport transport,
                                              enum fault_verdict verdict)
{
    const struct fault_case fault = {.state = state, .transport = transport, .verdict = verdict};
    start(&workers[0], &fault);
    wait_for_idle(true);
    return workers[0].shared;
}

/* Does each kind of call happen as often as cases fail it? How much GnuTLS allocates is its
 * version's own. */
static void check_limits(enum fault_state state, enum fault_transport transport,
                         const unsigned *counts)
{
    for (int i = 0; i < FAULT_CALLS; i++) {
        unsigned limit = fault_case_limit(state, transport, (enum fault_call)i);
        bool is_out =
            limit > 0 && counts[i] > limit && i != FAULT_HELPER && database == fault_databases;
        findings += is_out;
        if (counts[i] > 0 && (is_out || getenv("ODBCSSL_FAULTS_COUNTS") != NULL))
            printf("# %s, %s: %u calls of kind %s, of which cases fail %u\n",
                   fault_transport_names[transport], fault_state_names[state], counts[i],
                   fault_call_names[i], limit);
    }
}

/* A CRL in which the server's certificate is. */
static bool list_server(void)
{
    const struct pki_revoked listed = {.certificate = fixture.server, .reason = 1};
    const struct pki_crl_spec root = {.issuer = fixture.root};
    const struct pki_crl_spec intermediate = {
        .issuer = fixture.intermediate, .revoked = &listed, .revoked_count = 1};
    return fixture_write_crl(&fixture, "crl-server.pem", &root, &intermediate);
}

static bool prepare(void)
{
    if (fixture_open(&fixture, NULL, NULL) != 0 || !list_server() ||
        (server_port = database->start(&fixture)) == 0)
        return false;
    for (size_t i = 0; i < WORKERS; i++) {
        workers[i].shared = mmap(NULL, sizeof *workers[i].shared, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (workers[i].shared == MAP_FAILED)
            return false;
    }
    bool is_loaded =
        dlopen(suite_built("driver/odbc/.libs/libodbcssl.so"), RTLD_NOW | RTLD_LOCAL) != NULL;
    if (library != NULL)
        library->guard(database->quick.password);
    return is_loaded && (library == NULL || library->find());
}

/* In this process, so that its children find all in place. */
static void warm_up(void)
{
    for (unsigned i = 0; i < 64; i++) {
        const struct fault_case fault = {.transport = (enum fault_transport)(i % 2),
                                         .has_prefer = i / 2 % 2,
                                         .has_tls12 = i / 4 % 2,
                                         .has_scram = i / 8 % 2,
                                         .verdict = (enum fault_verdict)(i / 16)};
        if (!fault.has_prefer || fault.verdict == FAULT_WELCOME)
            run_visit(&fault, false, workers[0].shared);
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
    for (int i = 0; library != NULL && i < FAULT_TRANSPORTS * FAULT_VERDICTS; i++) {
        enum fault_transport transport = (enum fault_transport)(i % FAULT_TRANSPORTS);
        enum fault_verdict verdict = (enum fault_verdict)(i / FAULT_TRANSPORTS);
        const struct shared *usual = run_without_fault(FAULT_COLD, transport, verdict);
        cold_living[transport][verdict] = usual->living;
        if (verdict == FAULT_WELCOME)
            check_limits(FAULT_COLD, transport, usual->counts);
    }
    run_all(FAULT_COLD, first, end);
    warm_up();
    for (int i = 0; library != NULL && i < FAULT_TRANSPORTS; i++)
        check_limits(FAULT_WARM, (enum fault_transport)i,
                     run_without_fault(FAULT_WARM, (enum fault_transport)i, FAULT_WELCOME)->counts);
    run_all(FAULT_WARM, first, end);
}

/* The exit status. */
static int run_database(const struct fault_database *asked, unsigned first, unsigned count)
{
    database = asked;
    printf("# %s, seed %llu\n", database->name, (unsigned long long)seed);
    fflush(stdout);
    if (!prepare()) {
        printf("Bail out! no server, or no driver: %s\n", database->name);
        return 1;
    }
    int64_t start_time = clock_monotonic();
    run(first, first + count);
    printf(
        "# %.1f seconds; the fault struck in %u cases, %u ended with a clear error; in %u GnuTLS "
        "crashed by itself, for want of memory\n",
        (double)(clock_monotonic() - start_time) / 1000, hit_cases, clear_errors, helper_crashes);
    fault_database_stop();
    fixture_close(&fixture);
    return findings == 0 ? 0 : 1;
}

/* Each database in a process of its own. */
static int run_test(void)
{
    int failed = 0;
    for (unsigned i = 0; i < FAULT_DATABASES; i++) {
        int status = 1;
        fflush(stdout);
        pid_t process = fork();
        if (process == 0) {
            status = run_database(&fault_databases[i], 0, TEST_CASES);
            printf("%s %u - %u cases with %s, %u findings\n", status == 0 ? "ok" : "not ok", i + 1,
                   TEST_CASES, database->name, findings);
            exit(status);
        }
        waitpid(process, &status, 0);
        failed |= status;
    }
    printf("1..%d\n", FAULT_DATABASES);
    return failed == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    sigset_t child;
    const char *name = getenv("ODBCSSL_FAULTS_DATABASE");
    const struct fault_database *asked = fault_databases;
    if (!FIXTURE_IS_SANITIZED && (library = fault_begin(argv)) == NULL) {
        puts("Bail out! tests/faults/faultlibrary.so cannot be loaded");
        return 1;
    }
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    seed = TEST_SEED;
    if (argc == 1)
        return run_test();
    if (argc > 2)
        seed = strtoull(argv[2], NULL, 10);
    else if (getrandom(&seed, sizeof seed, 0) == (ssize_t)sizeof seed)
        seed %= 1000000000;
    for (size_t i = 0; name != NULL && i < FAULT_DATABASES; i++)
        if (strcmp(fault_databases[i].name, name) == 0)
            asked = &fault_databases[i];
    unsigned first = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
    unsigned count = argc > 3 ? 1 : (unsigned)strtoul(argv[1], NULL, 10);
    int outcome = run_database(asked, first, count);
    printf("faults: %u cases, %u findings\n", count, findings);
    return outcome;
}
