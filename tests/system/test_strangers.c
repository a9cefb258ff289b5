/*
 * test_strangers.c - who can reach a connection's plaintext: other users and other processes of the
 * same user look for it on every address of the machine while odbcssl connects, logs in and works.
 * With interposition there is nothing to be found, and the relay sends everybody away.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "odbcssl.h"
#include "support/odbc.h"
#include "support/suite.h"
#include "system/guest.h"

#define STRANGERS 1
#define LOGINS 5
#define KNOCKS 5
#define NOBODY 65534
#define SOCKET_LIMIT 64

static struct fixture fixture;

/* ---- the machine's sockets, as everybody may read them ---- */

enum socket_state { SOCKET_ESTABLISHED = 0x01, SOCKET_LISTENS = 0x0A };

struct socket_row {
    unsigned long inode;
    unsigned state;
    struct sockaddr_in local, remote;
};

static bool parse_row(const char *line, struct socket_row *row)
{
    unsigned local, remote, local_port, remote_port;
    if (sscanf(line, " %*d: %8x:%4x %8x:%4x %2x %*s %*s %*s %*u %*d %lu", &local, &local_port,
               &remote, &remote_port, &row->state, &row->inode) != 6)
        return false;
    row->local =
        (struct sockaddr_in){AF_INET, htons((uint16_t)local_port), {(in_addr_t)local}, {0}};
    row->remote =
        (struct sockaddr_in){AF_INET, htons((uint16_t)remote_port), {(in_addr_t)remote}, {0}};
    return true;
}

/* ---- a stranger ---- */

/* In memory that strangers and test share. */
static struct gossip {
    atomic_uint port;   /* of the server: that of the relay's endpoint as well */
    atomic_uint rounds; /* all of the machine's listeners were looked at */
    atomic_uint knocks; /* connections to an endpoint that ended */
    atomic_uint bytes;  /* that came back */
    atomic_uint stays;  /* connections that were not ended */
} * gossip;

/* What a real driver would say first: a startup, requests for encryption, one to cancel, nothing.
 */
static size_t choose_words(unsigned turn, unsigned char *out)
{
    static const unsigned char startup[] = "\0\0\0\x12\0\3\0\0user\0demo\0";
    static const unsigned char tls[] = {0, 0, 0, 8, 4, 210, 22, 47};
    static const unsigned char kerberos[] = {0, 0, 0, 8, 4, 210, 22, 48};
    static const unsigned char cancel[] = {0, 0, 0, 16, 4, 210, 22, 46, 0, 0, 0, 7, 0, 0, 0, 9};
    static const struct {
        const unsigned char *bytes;
        size_t size;
    } words[] = {{startup, 18},
                 {tls, sizeof tls},
                 {kerberos, sizeof kerberos},
                 {cancel, sizeof cancel},
                 {startup, 0}};
    memcpy(out, words[turn % 5].bytes, words[turn % 5].size);
    return words[turn % 5].size;
}

static void knock(const struct sockaddr_in *where)
{
    unsigned char words[32], answer[512];
    size_t size = choose_words(atomic_load(&gossip->knocks), words);
    int number = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(number, (const struct sockaddr *)where, sizeof *where) == 0) {
        struct pollfd polled = {.fd = number, .events = POLLIN};
        send(number, words, size, MSG_NOSIGNAL);
        int ready = poll(&polled, 1, GUEST_SECONDS * 1000);
        ssize_t got = ready == 1 ? recv(number, answer, sizeof answer, 0) : 0;
        atomic_fetch_add(&gossip->bytes, got > 0 ? (unsigned)got : 0);
        atomic_fetch_add(&gossip->stays, ready != 1);
        atomic_fetch_add(&gossip->knocks, 1);
    }
    close(number);
}

/* At every listener with the server's port, but the server. */
static void look_around(void)
{
    char line[512];
    struct socket_row row;
    FILE *file = fopen("/proc/net/tcp", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (parse_row(line, &row) && row.state == SOCKET_LISTENS &&
            ntohs(row.local.sin_port) == atomic_load(&gossip->port) &&
            row.local.sin_addr.s_addr != htonl(INADDR_LOOPBACK))
            knock(&row.local);
    if (file != NULL)
        fclose(file);
    atomic_fetch_add(&gossip->rounds, 1);
}

static pid_t start_stranger(bool is_other_user)
{
    pid_t child = guest_fork();
    if (child != 0)
        return child;
    if (is_other_user && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
        _exit(1);
    for (;;) {
        look_around();
        poll(NULL, 0, 1);
    }
}

static bool wait_for(atomic_uint *count, unsigned more)
{
    unsigned wanted = atomic_load(count) + more;
    for (int i = 0; i < GUEST_SECONDS * 100 && atomic_load(count) < wanted; i++)
        poll(NULL, 0, 10);
    return atomic_load(count) >= wanted;
}

/* Every endpoint was found and knocked at; or there is none, and everything was looked at. */
static void let_them_try(void)
{
    unsigned before = atomic_load(&gossip->knocks);
    if (guest_is_relayed()) {
        CHECK(wait_for(&gossip->knocks, KNOCKS));
    } else {
        CHECK(wait_for(&gossip->rounds, 2 * STRANGERS));
        CHECK_NUMBER(atomic_load(&gossip->knocks), before);
    }
    CHECK_NUMBER(atomic_load(&gossip->bytes), 0);
    CHECK_NUMBER(atomic_load(&gossip->stays), 0);
}

/* ---- before, during and after the login ---- */

struct attempt {
    struct odbc_session session;
    struct silent_server silent;
    pthread_t thread;
};

static void *connect_in_vain(void *argument)
{
    struct attempt *attempt = argument;
    CHECK(!guest_connect(&attempt->session,
                         suite_text("Port=%u;SslTimeout=300", attempt->silent.port)));
    CHECK_TEXT(attempt->session.sqlstate, "08001");
    return NULL;
}

/* The server was reached, and does not answer. */
static void begin_attempt(struct attempt *attempt)
{
    CHECK_FATAL(silent_open(&attempt->silent) && odbc_open(&attempt->session));
    CHECK_FATAL(pthread_create(&attempt->thread, NULL, connect_in_vain, attempt) == 0);
    CHECK(silent_wait(&attempt->silent));
}

static void end_attempt(struct attempt *attempt)
{
    silent_close(&attempt->silent);
    pthread_join(attempt->thread, NULL);
    odbc_close(&attempt->session);
}

static void test_while_connecting(void)
{
    struct attempt attempt = {0};
    begin_attempt(&attempt);
    atomic_store(&gossip->port, attempt.silent.port);
    let_them_try();
    end_attempt(&attempt);
}

static void check_strangers(bool is_other_user)
{
    pid_t strangers[STRANGERS];
    struct odbc_session session = {0};
    atomic_store(&gossip->port, 0);
    for (int i = 0; i < STRANGERS; i++)
        strangers[i] = start_stranger(is_other_user);
    test_while_connecting();
    atomic_store(&gossip->port, fixture_port(&fixture));
    for (int i = 0; i < LOGINS; i++) {
        CHECK(guest_connect(&session, ""));
        CHECK_TEXT(session.diagnostics, "");
        odbc_close(&session);
    }
    CHECK_FATAL(guest_connect(&session, ""));
    let_them_try();
    CHECK(guest_works(&session));
    CHECK(guest_wait_for_clients(&fixture, 1));
    odbc_close(&session);
    for (int i = 0; i < STRANGERS; i++) {
        kill(strangers[i], SIGKILL);
        CHECK_NUMBER(guest_wait(strangers[i]), 1000 + SIGKILL);
    }
    CHECK(guest_wait_for_clients(&fixture, 0));
}

CASE("other processes of the same user")
{
    check_strangers(false);
}

CASE("processes of another user")
{
    if (getuid() != 0) {
        suite_skip("only root can act as another user");
        return;
    }
    check_strangers(true);
}

/* A child has copies of what its parent had, and no more right to its endpoint than others. */
CASE("a forked child")
{
    struct odbc_session session = {0};
    atomic_store(&gossip->port, fixture_port(&fixture));
    CHECK_FATAL(guest_connect(&session, ""));
    unsigned before = atomic_load(&gossip->knocks);
    pid_t child = guest_fork();
    if (child == 0) {
        for (int i = 0; i < 5; i++)
            look_around();
        _exit(0);
    }
    CHECK_NUMBER(guest_wait(child), 0);
    CHECK_NUMBER(atomic_load(&gossip->knocks) > before, guest_is_relayed());
    CHECK_NUMBER(atomic_load(&gossip->bytes), 0);
    CHECK_NUMBER(atomic_load(&gossip->stays), 0);
    CHECK(guest_works(&session));
    odbc_close(&session);
}

/* ---- the process's own sockets ---- */

static bool is_own(unsigned long inode)
{
    char target[256];
    bool is_found = false;
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;
    const char *wanted = suite_text("socket:[%lu]", inode);
    while (folder != NULL && !is_found && (entry = readdir(folder)) != NULL) {
        ssize_t length =
            readlink(suite_text("/proc/self/fd/%s", entry->d_name), target, sizeof target - 1);
        target[length > 0 ? length : 0] = '\0';
        is_found = strcmp(target, wanted) == 0;
    }
    if (folder != NULL)
        closedir(folder);
    return is_found;
}

static unsigned count_own_sockets(void)
{
    unsigned count = 0;
    for (int i = 0; i < 1024; i++) {
        int type;
        socklen_t length = sizeof type;
        count += getsockopt(i, SOL_SOCKET, SO_TYPE, &type, &length) == 0;
    }
    return count;
}

/* Those of IPv4; what else there is is counted only. */
static size_t list_own(struct socket_row *rows)
{
    char line[512];
    size_t count = 0;
    FILE *file = fopen("/proc/self/net/tcp", "re");
    while (file != NULL && count < SOCKET_LIMIT && fgets(line, sizeof line, file) != NULL)
        count += parse_row(line, &rows[count]) && is_own(rows[count].inode);
    if (file != NULL)
        fclose(file);
    return count;
}

static bool has_other_end(const struct socket_row *rows, size_t count, const struct socket_row *end)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].local.sin_port == end->remote.sin_port &&
            rows[i].local.sin_addr.s_addr == end->remote.sin_addr.s_addr &&
            rows[i].remote.sin_port == end->local.sin_port)
            return true;
    return false;
}

static void tell_row(const struct socket_row *row)
{
    char local[INET_ADDRSTRLEN], remote[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &row->local.sin_addr, local, sizeof local);
    inet_ntop(AF_INET, &row->remote.sin_addr, remote, sizeof remote);
    printf("# %s:%u %s:%u state %u\n", local, ntohs(row->local.sin_port), remote,
           ntohs(row->remote.sin_port), row->state);
}

/* Of all sockets but `others`: one to the server; with the relay its listener, which listens for
 * this machine only, and the two ends of the real driver's connection. */
static void check_own_sockets(unsigned others, unsigned port)
{
    struct socket_row rows[SOCKET_LIMIT];
    size_t count = list_own(rows), to_server = 0, listening = 0, inside = 0;
    for (size_t i = 0; i < count; i++) {
        const struct socket_row *row = &rows[i];
        unsigned address = ntohl(row->local.sin_addr.s_addr);
        tell_row(row);
        if (row->state == SOCKET_LISTENS && address != INADDR_LOOPBACK) {
            listening++;
            CHECK(address >> 24 == 127);
        } else if (row->state == SOCKET_ESTABLISHED && has_other_end(rows, count, row)) {
            inside++;
        }
        to_server += row->state == SOCKET_ESTABLISHED && ntohs(row->remote.sin_port) == port &&
                     row->remote.sin_addr.s_addr == htonl(INADDR_LOOPBACK);
    }
    CHECK_NUMBER(to_server, 1);
    CHECK_NUMBER(listening, guest_is_relayed() ? 1 : 0);
    CHECK_NUMBER(inside, (guest_is_relayed() ? 2 : 0) + (others > 0 ? 2 : 0));
    CHECK_NUMBER(count_own_sockets(), count); /* none of another family */
    CHECK_NUMBER(count, (guest_is_relayed() ? 4 : 1) + others);
}

CASE("the process's own sockets")
{
    struct attempt attempt = {0};
    struct odbc_session session = {0};
    CHECK_NUMBER(count_own_sockets(), 0);
    begin_attempt(&attempt);
    check_own_sockets(2, attempt.silent.port); /* the silent server is this process's own */
    end_attempt(&attempt);
    CHECK_NUMBER(count_own_sockets(), 0);
    CHECK_FATAL(guest_connect(&session, ""));
    check_own_sockets(0, fixture_port(&fixture));
    odbc_close(&session);
    CHECK_NUMBER(count_own_sockets(), 0);
}

/* ---- set-up ---- */

static int set_up(void)
{
    gossip = mmap(NULL, sizeof *gossip, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (gossip == MAP_FAILED || fixture_open(&fixture, NULL, NULL) != 0)
        return -1;
    return fixture_start(&fixture, "server", FIXTURE_HBA, false) && guest_publish(&fixture) ? 0
                                                                                            : -1;
}

static int tear_down(void)
{
    fixture_close(&fixture);
    return 0;
}

SUITE("strangers", set_up, tear_down)
