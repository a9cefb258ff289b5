/*
 * test_relay_host.c - the relay in programs that leave it little room: much static thread-local
 * storage (this program's own), small stacks, many descriptors or none, no threads, strangers at
 * the door.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay_rig.h"
#include "support/suite.h"

/* What a program's libraries can bring along. glibc takes it out of every thread's stack. */
static _Thread_local volatile char storage[4 * 1024 * 1024]
    __attribute__((tls_model("local-exec")));

struct visit {
    struct actor actor;
    struct peer *peer;
    struct rig rig;
};

static void begin(struct visit *visit)
{
    visit->actor = actor_make(ACTOR_WAITS);
    visit->peer = peer_start(actor_serve, &visit->actor);
    visit->rig = rig_make(peer_port(visit->peer), PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
}

static void end(struct visit *visit)
{
    rig_close(&visit->rig);
    peer_stop(&visit->peer);
}

static bool log_in(struct visit *visit)
{
    struct postgres_client client;
    bool is_in = rig_open(&visit->rig) && rig_login(&visit->rig, &client) &&
                 rig_outcome(&visit->rig) == SESSION_CARRIED;
    CHECK_TEXT(visit->rig.error.text, "");
    if (is_in)
        postgres_client_close(&client);
    return is_in;
}

CASE("4 MiB of thread-local storage")
{
    struct visit visit;
    storage[0] = 1;
    begin(&visit);
    CHECK(log_in(&visit));
    end(&visit);
}

/* --- small stacks --- */

static void *log_in_small(void *argument)
{
    return log_in(argument) ? argument : NULL;
}

/* 64 KiB beside the storage: enough for a driver, so it has to be for us. */
CASE("an application's thread with 64 KiB of stack")
{
    struct visit visit;
    pthread_attr_t attributes;
    pthread_t thread;
    void *result = NULL;
    begin(&visit);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, sizeof storage + (size_t)64 * 1024 + 16384);
    CHECK_FATAL(pthread_create(&thread, &attributes, log_in_small, &visit) == 0);
    pthread_attr_destroy(&attributes);
    pthread_join(thread, &result);
    CHECK(result == &visit);
    end(&visit);
}

/* --- descriptors --- */

#define FILL_LIMIT 2000

struct filling {
    int descriptors[FILL_LIMIT];
    size_t count;
};

static void fill_to(struct filling *filling, size_t count)
{
    filling->count = 0;
    while (filling->count < count) {
        int descriptor = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
        if (descriptor < 0)
            return;
        filling->descriptors[filling->count++] = descriptor;
    }
}

static void release_some(struct filling *filling, size_t count)
{
    while (count-- > 0 && filling->count > 0)
        close(filling->descriptors[--filling->count]);
}

/* The client's own descriptor has to be had first, and other threads may hold one for a moment. */
static bool connect_client(const struct visit *visit, struct filling *filling,
                           struct postgres_client *client)
{
    while (!rig_connect(&visit->rig, client)) {
        if (errno != EMFILE || filling->count == 0)
            return false;
        release_some(filling, 1);
    }
    return true;
}

static struct rlimit limit_descriptors(rlim_t wanted)
{
    struct rlimit before, limit;
    getrlimit(RLIMIT_NOFILE, &before);
    limit = before;
    limit.rlim_cur = wanted < before.rlim_max ? wanted : before.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return before;
}

/* Where select() would write past the end of its sets. */
CASE("descriptors above 1024")
{
    struct filling filling;
    struct visit visit;
    struct rlimit before = limit_descriptors(4096);
    begin(&visit);
    fill_to(&filling, 1200);
    CHECK_FATAL(filling.count == 1200 && filling.descriptors[1199] > 1024);
    CHECK(log_in(&visit));
    end(&visit);
    release_some(&filling, 1200);
    setrlimit(RLIMIT_NOFILE, &before);
}

/* The connection of the real driver stands in the listener's queue, and nobody can take it. */
CASE("no descriptor to accept with")
{
    struct filling filling;
    struct visit visit;
    struct postgres_client client;
    begin(&visit);
    CHECK_FATAL(rig_open(&visit.rig));
    struct rlimit before = limit_descriptors(300);
    fill_to(&filling, FILL_LIMIT);
    CHECK(connect_client(&visit, &filling, &client));
    CHECK(!postgres_client_login(&client, "demo", NULL));
    CHECK_NUMBER(client.type, 'E');
    CHECK_NUMBER(rig_outcome(&visit.rig), SESSION_LOST);
    CHECK_CONTAINS(visit.rig.error.text, "cannot be accepted: no descriptor is free: all 300");
    CHECK_CONTAINS(visit.rig.error.text, "2 more are needed");
    postgres_client_close(&client);
    release_some(&filling, FILL_LIMIT);
    setrlimit(RLIMIT_NOFILE, &before);
    end(&visit);
}

/* One is left, for the connection of the real driver, and none for the server's. */
CASE("no descriptor to dial with")
{
    struct filling filling;
    struct visit visit;
    struct postgres_client client;
    begin(&visit);
    CHECK_FATAL(rig_open(&visit.rig));
    struct rlimit before = limit_descriptors(300);
    fill_to(&filling, FILL_LIMIT);
    release_some(&filling, 2);
    CHECK(rig_connect(&visit.rig, &client));
    CHECK(!postgres_client_login(&client, "demo", NULL));
    CHECK_NUMBER(rig_outcome(&visit.rig), SESSION_LOST);
    CHECK_CONTAINS(visit.rig.error.text, "no descriptor is free: all 300");
    postgres_client_close(&client);
    release_some(&filling, FILL_LIMIT);
    setrlimit(RLIMIT_NOFILE, &before);
    end(&visit);
}

CASE("no descriptor to open with")
{
    struct filling filling;
    struct visit visit;
    begin(&visit);
    CHECK_FATAL(rig_open(&visit.rig));
    struct rlimit before = limit_descriptors(300);
    fill_to(&filling, FILL_LIMIT);
    CHECK(relay_open(&visit.rig.options.session, ENDPOINT_LOOPBACK, &visit.rig.error) == NULL);
    CHECK_CONTAINS(visit.rig.error.text, "all 300");
    CHECK_CONTAINS(visit.rig.error.text, "5 more are needed");
    release_some(&filling, FILL_LIMIT);
    setrlimit(RLIMIT_NOFILE, &before);
    end(&visit);
}

/* --- threads --- */

/* In a child, which gives up root, for whom the limit does not hold: 0 when it was told. */
static int start_without_threads(struct visit *visit)
{
    const struct rlimit limit = {1, 1};
    if (setgid(65534) != 0 || setuid(65534) != 0 || setrlimit(RLIMIT_NPROC, &limit) != 0)
        return 77;
    visit->rig.relay =
        relay_open(&visit->rig.options.session, ENDPOINT_LOOPBACK, &visit->rig.error);
    if (visit->rig.relay != NULL)
        return 1;
    const char *text = visit->rig.error.text;
    return strstr(text, "the system gives no thread") != NULL &&
                   strstr(text, "the user may have 1 (RLIMIT_NPROC") != NULL &&
                   strstr(text, "2 more are needed") != NULL
               ? 0
               : 2;
}

CASE("no thread")
{
    struct visit visit;
    int status = 0;
    if (SUITE_IS_SANITIZED) {
        suite_skip("the thread sanitizer ends a child that starts a thread");
        return;
    }
    begin(&visit);
    CHECK_FATAL(rig_open(&visit.rig));
    pid_t child = fork();
    if (child == 0)
        _exit(start_without_threads(&visit));
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        suite_skip("this user's threads cannot be limited");
    else
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    end(&visit);
}

/* --- strangers --- */

/* In a child: connects as fast as it can, until it is ended. */
static void flood(const struct rig *rig)
{
    for (;;) {
        struct postgres_client client;
        if (rig_connect(rig, &client))
            close(client.descriptor);
    }
}

/* A flood of another process's connections neither gets in nor keeps the real driver out. */
CASE("strangers flood the endpoint")
{
    enum { FLOODERS = 3, LOGINS = 8 };
    struct visit visit;
    pid_t children[FLOODERS];
    begin(&visit);
    CHECK_FATAL(rig_open(&visit.rig));
    for (size_t i = 0; i < FLOODERS; i++) {
        children[i] = fork();
        if (children[i] == 0)
            flood(&visit.rig);
    }
    for (unsigned i = 0; i < LOGINS; i++) {
        struct postgres_client client;
        CHECK(rig_login(&visit.rig, &client));
        postgres_client_close(&client);
        rig_wait_for_end(&visit.rig);
    }
    CHECK_NUMBER(rig_outcome(&visit.rig), SESSION_CARRIED);
    for (size_t i = 0; i < FLOODERS; i++) {
        kill(children[i], SIGKILL);
        waitpid(children[i], NULL, 0);
    }
    CHECK_NUMBER(visit.actor.startups, LOGINS);
    CHECK_NUMBER(visit.actor.handshakes, LOGINS);
    end(&visit);
}

/* --- threads that do not end --- */

struct blocked {
    int pipe[2];
    bool is_reached;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_released;
};

static struct blocked blocked = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                                 .changed = PTHREAD_COND_INITIALIZER};

/* As a PKCS#11 token that waits for somebody to type a PIN. */
static enum proto_verdict wait_for_ever(struct proto_session *session)
{
    char byte;
    pthread_mutex_lock(&blocked.mutex);
    bool is_first = !blocked.is_reached;
    blocked.is_reached = true;
    pthread_cond_broadcast(&blocked.changed);
    pthread_mutex_unlock(&blocked.mutex);
    if (!is_first)
        return proto_postgres.start(session);
    while (read(blocked.pipe[0], &byte, 1) < 0)
        ;
    session->kind = PROTO_SESSION_MAIN;
    return PROTO_CONTINUE;
}

static void on_release(void *owner)
{
    struct blocked *of = owner;
    pthread_mutex_lock(&of->mutex);
    of->is_released = true;
    pthread_cond_broadcast(&of->changed);
    pthread_mutex_unlock(&of->mutex);
}

static void hold_nothing(void *owner)
{
    (void)owner;
}

static void wait_until(const bool *flag)
{
    pthread_mutex_lock(&blocked.mutex);
    while (!*flag)
        pthread_cond_wait(&blocked.changed, &blocked.mutex);
    pthread_mutex_unlock(&blocked.mutex);
}

static bool is_released(void)
{
    pthread_mutex_lock(&blocked.mutex);
    bool is = blocked.is_released;
    pthread_mutex_unlock(&blocked.mutex);
    return is;
}

/* It keeps nobody else out; and what it uses is there as long as it is, and not a moment longer. */
CASE("a thread that does not end keeps what it uses")
{
    struct visit visit;
    struct proto proto = proto_postgres;
    struct postgres_client client, second;
    begin(&visit);
    CHECK_FATAL(pipe2(blocked.pipe, O_CLOEXEC) == 0);
    proto.start = wait_for_ever;
    visit.rig.options.session.proto = &proto;
    visit.rig.options.session.owner = &blocked;
    visit.rig.options.session.hold = hold_nothing;
    visit.rig.options.session.release = on_release;
    CHECK_FATAL(rig_open(&visit.rig));
    CHECK(rig_connect(&visit.rig, &client));
    wait_until(&blocked.is_reached);
    CHECK(rig_login(&visit.rig, &second));
    postgres_client_close(&second);
    relay_close(&visit.rig.relay);
    CHECK(!is_released());
    CHECK(write(blocked.pipe[1], "x", 1) == 1);
    wait_until(&blocked.is_released);
    postgres_client_close(&client);
    close(blocked.pipe[0]);
    close(blocked.pipe[1]);
    end(&visit);
}

static int set_up(void)
{
    return rig_files_make();
}

static int tear_down(void)
{
    rig_files_remove();
    return 0;
}

SUITE("host", set_up, tear_down)
