/* test_relay_life.c - endpoints, threads and processes: the relay leaves nothing behind. */
#include "test_relay.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/fork_beside.h"
#include "support/suite.h"

/* A child's exit status; -1 when a signal ended it. */
static int wait_for(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

CASE("relays keep the server's port, each at its own address")
{
    struct rig first = rig_make(1, PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
    struct rig second = rig_make(1, PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
    first.target.port = second.target.port = 45678;
    CHECK_FATAL(rig_open(&first) && rig_open(&second));
    CHECK_NUMBER(first.endpoint.port, 45678);
    CHECK_NUMBER(second.endpoint.port, 45678);
    CHECK(strcmp(first.endpoint.address, second.endpoint.address) != 0);
    CHECK(strncmp(first.endpoint.address, "127.", 4) == 0);
    rig_close(&first);
    rig_close(&second);
}

CASE("the Unix socket is private, and removed")
{
    struct rig rig = rig_make(1, PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
    struct stat status;
    rig.options.endpoint = ENDPOINT_UNIX;
    CHECK_FATAL(rig_open(&rig));
    char *folder = suite_text("%s", rig.endpoint.address);
    *strrchr(folder, '/') = '\0';
    CHECK(stat(folder, &status) == 0 && (status.st_mode & 07777) == 0700);
    CHECK(stat(rig.endpoint.address, &status) == 0 && S_ISSOCK(status.st_mode));
    rig_close(&rig);
    CHECK(stat(folder, &status) != 0 && errno == ENOENT);
}

/* In a child: 0 when the relay sends it away. */
static int knock(const struct rig *rig)
{
    struct postgres_client client;
    char byte;
    if (!rig_connect(rig, &client))
        return 2;
    postgres_client_send_startup(&client, "demo");
    return recv(client.descriptor, &byte, 1, 0) > 0 ? 1 : 0;
}

static void check_foreigner(enum endpoint_kind kind)
{
    struct actor actor = actor_make(ACTOR_WAITS);
    struct rig rig = rig_before(actor_serve, &actor);
    rig.options.endpoint = kind;
    CHECK_FATAL(rig_open(&rig));
    pid_t child = fork();
    if (child == 0)
        _exit(knock(&rig));
    CHECK_NUMBER(wait_for(child), 0);
    CHECK_NUMBER(actor.handshakes, 0);
    CHECK(rig_login(&rig, &rig.client));
    CHECK_NUMBER(rig_outcome(&rig), SESSION_CARRIED);
    /* Also beside a running session. */
    child = fork();
    if (child == 0)
        _exit(knock(&rig));
    CHECK_NUMBER(wait_for(child), 0);
    CHECK_NUMBER(actor.startups, 1);
    CHECK(rig_is_alive(&rig));
    rig_close(&rig);
}

CASE("other processes are sent away")
{
    check_foreigner(ENDPOINT_LOOPBACK);
    check_foreigner(ENDPOINT_UNIX);
}

/* A real driver that has left is known to have left, before any thread of the relay wakes up. */
static void check_leaving(enum endpoint_kind kind)
{
    struct actor actor = actor_make(ACTOR_WAITS);
    struct rig rig = rig_before(actor_serve, &actor);
    rig.options.endpoint = kind;
    CHECK_FATAL(rig_open(&rig));
    for (int i = 0; i < 10; i++) {
        CHECK(rig_login(&rig, &rig.client));
        CHECK(rig_is_alive(&rig));
        postgres_client_close(&rig.client);
        CHECK(!rig_is_alive(&rig));
        CHECK_TEXT(rig.error.text, ""); /* it has ended itself */
    }
    rig_close(&rig);
}

CASE("a real driver that has left is known at once")
{
    check_leaving(ENDPOINT_LOOPBACK);
    check_leaving(ENDPOINT_UNIX);
}

/* In a child: what a program does that forks with connections open. */
static int use_in_child(struct rig *rig)
{
    relay_close(&rig->relay);
    /* The child can have relays of its own. */
    struct rig own = rig_make(rig->target.port, PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
    struct postgres_client client;
    if (!rig_open(&own) || !rig_login(&own, &client) || rig_outcome(&own) != SESSION_CARRIED)
        return 1;
    postgres_client_close(&client);
    rig_close(&own);
    return 0;
}

CASE("a forked child leaves the parent's session alone")
{
    struct actor actor = actor_make(ACTOR_WAITS);
    struct rig rig = rig_before(actor_serve, &actor);
    rig.options.endpoint = ENDPOINT_UNIX;
    CHECK_FATAL(rig_open(&rig));
    CHECK(rig_login(&rig, &rig.client));
    pid_t child = fork();
    if (child == 0)
        _exit(use_in_child(&rig));
    CHECK_NUMBER(wait_for(child), 0);
    CHECK(actor_wait(&actor, &actor.clean_ends, 1)); /* the child's own session, not ours */
    CHECK(rig_is_alive(&rig));
    CHECK(access(rig.endpoint.address, F_OK) == 0);
    rig_close(&rig);
    CHECK_NUMBER(actor.clean_ends, 2);
}

/* Their milliseconds are more than an int holds. */
CASE("time-outs of weeks leave the endpoint open")
{
    static const unsigned seconds[] = {2147484, INT_MAX, UINT_MAX};
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
        struct actor actor = actor_make(ACTOR_WAITS);
        struct rig rig = rig_before(actor_serve, &actor);
        struct postgres_client canceller;
        rig.options.session.timeout = seconds[i];
        CHECK_FATAL(rig_open(&rig));
        CHECK(rig_login(&rig, &rig.client));
        CHECK_FATAL(rig_connect(&rig, &canceller));
        CHECK(postgres_client_send_cancel(&canceller, 7, 9));
        CHECK(actor_wait(&actor, &actor.cancels, 1));
        postgres_client_close(&canceller);
        rig_close(&rig);
    }
}

static uint16_t shared_port;

static bool open_and_close(void)
{
    struct rig rig = rig_make(shared_port, PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
    bool is_open = rig_open(&rig);
    rig_close(&rig);
    return is_open;
}

static bool log_in_alone(void)
{
    struct rig rig = rig_make(shared_port, PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
    bool is_in = rig_open(&rig) && rig_login(&rig, &rig.client);
    rig_close(&rig);
    return is_in;
}

CASE("a child that is forked while threads connect")
{
    struct actor actor = actor_make(ACTOR_WAITS);
    struct peer *peer = peer_start(actor_serve, &actor);
    shared_port = peer_port(peer);
    CHECK(fork_beside(open_and_close, log_in_alone));
    peer_stop(&peer);
}

/* Nothing stays of relays that were used, refused, or never used. */
CASE("no descriptor and no thread stays")
{
    struct actor actor = actor_make(ACTOR_WAITS);
    struct peer *peer = peer_start(actor_serve, &actor);
    size_t descriptors = 0, threads = 0;
    for (int i = 0; i < 3; i++) {
        struct rig rig = rig_make(peer_port(peer), PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
        struct postgres_client canceller;
        CHECK_FATAL(rig_open(&rig));
        CHECK(rig_login(&rig, &rig.client));
        CHECK(rig_connect(&rig, &canceller));
        CHECK(postgres_client_send_cancel(&canceller, 7, 9));
        CHECK(actor_wait(&actor, &actor.cancels, (unsigned)i + 1));
        postgres_client_close(&canceller);
        rig_close(&rig);
        CHECK(actor_wait(&actor, &actor.clean_ends, (unsigned)i + 1));
        rig = rig_make(peer_port(peer), PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
        CHECK_FATAL(rig_open(&rig));
        rig_close(&rig);
    }
    peer_stop(&peer);
    descriptors = suite_count_entries("/proc/self/fd");
    threads = suite_count_entries("/proc/self/task");
    for (int i = 0; i < 3; i++) {
        struct rig rig = rig_make(1, PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
        CHECK_FATAL(rig_open(&rig));
        CHECK(!rig_login(&rig, &rig.client));
        rig_close(&rig);
    }
    CHECK_NUMBER(suite_count_entries("/proc/self/fd"), descriptors);
    CHECK_NUMBER(suite_count_entries("/proc/self/task"), threads);
}

static volatile sig_atomic_t signals_of_relay;

static void on_signal(int number)
{
    char name[16] = "";
    int before = errno;
    (void)number;
    if (prctl(PR_GET_NAME, name) == 0 && strcmp(name, "odbcssl-relay") == 0)
        signals_of_relay++;
    errno = before;
}

/* The application's signal handlers never run in a thread that it does not know of. */
CASE("the relay's thread takes no signals")
{
    struct rig rig = rig_make(1, PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
    struct sigaction action = {.sa_handler = on_signal}, before;
    sigset_t blocked, old;
    CHECK_FATAL(rig_open(&rig));
    sigaction(SIGUSR1, &action, &before);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &blocked, &old); /* so that only the relay could take it */
    kill(getpid(), SIGUSR1);
    rig_close(&rig);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    sigaction(SIGUSR1, &before, NULL);
    CHECK_NUMBER(signals_of_relay, 0);
}

static bool is_relay_thread(const struct dirent *entry)
{
    char name[32] = "";
    FILE *file = fopen(suite_text("/proc/self/task/%s/comm", entry->d_name), "re");
    if (file == NULL)
        return false;
    bool is_read = fgets(name, sizeof name, file) != NULL;
    fclose(file);
    return is_read && strcmp(name, "odbcssl-relay\n") == 0;
}

static bool has_relay_thread(void)
{
    struct dirent **entries = NULL;
    bool is_found = false;
    int count = scandir("/proc/self/task", &entries, NULL, NULL);
    for (int i = 0; i < count; i++) {
        is_found = is_found || is_relay_thread(entries[i]);
        free(entries[i]);
    }
    free(entries);
    return is_found;
}

/* Registered first, and so called last: the threads must be gone before libraries are torn down.
 * The kernel may show one a little longer than it can be joined. */
static void check_threads(void)
{
    for (int i = 0; has_relay_thread(); i++) {
        if (i == 10000)
            _exit(5);
        sched_yield();
    }
}

int relay_exit_at_work(const char *port, const char *ca)
{
    enum { COUNT = 8 };
    static struct rig rigs[COUNT];
    struct postgres_client client;
    rig_files.ca = (char *)ca;
    atexit(check_threads);
    for (size_t i = 0; i < COUNT; i++) {
        rigs[i] = rig_make((uint16_t)atoi(port), PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
        if (!rig_open(&rigs[i]) || !rig_connect(&rigs[i], &client) ||
            !postgres_client_send_startup(&client, "demo"))
            return 1;
    }
    /* Handshakes are under way, and nothing is closed: the process ends with them. */
    exit(0);
}

CASE("the process ends during handshakes")
{
    struct actor actor = actor_make(ACTOR_WAITS);
    struct peer *peer = peer_start(actor_serve, &actor);
    const char *port = suite_text("%u", peer_port(peer));
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        if (child == 0) {
            execl("/proc/self/exe", "test-relay", "exit", port, rig_files.ca, (char *)NULL);
            _exit(9);
        }
        CHECK_NUMBER(wait_for(child), 0);
    }
    peer_stop(&peer);
}

int relay_leave(const char *folder, const char *how)
{
    static struct rig rig;
    setenv("TMPDIR", folder, 1);
    rig = rig_make(1, PROTO_PLAN_PLAINTEXT, ODBCSSL_MODE_DISABLE);
    rig.options.endpoint = ENDPOINT_UNIX;
    rig_files.ca = NULL;
    rig.tls.root_cert.value = NULL;
    if (!rig_open(&rig) || access(rig.endpoint.address, F_OK) != 0)
        return 1;
    if (strcmp(how, "kill") == 0)
        kill(getpid(), SIGKILL);
    exit(0);
}

static int leave(const char *folder, const char *how)
{
    pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", "test-relay", "leave", folder, how, (char *)NULL);
        _exit(9);
    }
    return wait_for(child);
}

/* A process that ends without closing its connections leaves no file; one that is killed does,
 * until the next one comes. Another process's living endpoint stays. */
CASE("nothing stays of a process that ended, however it did")
{
    char *folder = pki_temp_dir();
    struct rig rig = rig_make(1, PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
    char *before = getenv("TMPDIR") != NULL ? strdup(getenv("TMPDIR")) : NULL;
    CHECK_FATAL(folder != NULL);
    size_t empty = suite_count_entries(folder);
    CHECK_NUMBER(leave(folder, "exit"), 0);
    CHECK_NUMBER(suite_count_entries(folder), empty);
    setenv("TMPDIR", folder, 1);
    rig.options.endpoint = ENDPOINT_UNIX;
    CHECK_FATAL(rig_open(&rig));
    CHECK_NUMBER(leave(folder, "kill"), -1);
    CHECK_NUMBER(suite_count_entries(folder), empty + 2);
    CHECK_NUMBER(leave(folder, "exit"), 0);
    CHECK_NUMBER(suite_count_entries(folder), empty + 1);
    CHECK(access(rig.endpoint.address, F_OK) == 0);
    rig_close(&rig);
    CHECK_NUMBER(suite_count_entries(folder), empty);
    if (before != NULL)
        setenv("TMPDIR", before, 1);
    else
        unsetenv("TMPDIR");
    free(before);
    pki_temp_dir_remove(&folder);
}

SUITE("life", relay_server_set_up, relay_server_tear_down)
