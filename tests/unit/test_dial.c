/*
 * test_dial.c - reaching a server that does not answer: a socket that listens, and whose queue of
 * connections is full, so that the kernel drops what asks for another.
 */
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "odbcssl.h"
#include "session/dial.h"
#include "support/suite.h"
#include "support/tools.h"

#define WAITERS 8
#define LIMIT "60 seconds (SslTimeout, odbc.ini [w])"
#define PATIENCE 60000 /* milliseconds: where something else has to end the wait */

static int silent, answering, waiters[WAITERS];
static uint16_t silent_port, answering_port;
static struct dial_target target;
static struct error error;
static size_t used;

/* The kernel takes some connections beyond the backlog of 0, and then no more. */
static bool fill_queue(void)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    bool is_full = false;
    silent = tools_listen(&silent_port);
    if (silent < 0 || listen(silent, 0) != 0 ||
        getsockname(silent, (struct sockaddr *)&address, &length) != 0)
        return false;
    for (int i = 0; i < WAITERS; i++) {
        waiters[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        connect(waiters[i], (struct sockaddr *)&address, length);
        is_full = poll(&(struct pollfd){.fd = waiters[i], .events = POLLOUT}, 1, 50) == 0;
    }
    return is_full;
}

static int set_up(void)
{
    answering = tools_listen(&answering_port);
    return fill_queue() && answering >= 0 && dial_resolve("127.0.0.1", silent_port, &target, &error)
               ? 0
               : -1;
}

static int tear_down(void)
{
    dial_target_free(&target);
    if (answering >= 0)
        close(answering);
    close(silent);
    for (int i = 0; i < WAITERS; i++)
        close(waiters[i]);
    return 0;
}

static int dial(int milliseconds, int wake, int driver)
{
    const struct dial_wait wait = {.deadline = clock_monotonic() + milliseconds,
                                   .limit = LIMIT,
                                   .wake = wake,
                                   .driver = driver};
    error_clear(&error);
    return dial_connect(&target, &wait, &used, &error);
}

CASE("a server that does not answer")
{
    CHECK(dial(100, -1, -1) < 0);
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_TIMEOUT);
    CHECK_TEXT(error.text, suite_text("127.0.0.1 cannot be reached: the time-out of " LIMIT
                                      " ran out while waiting for 127.0.0.1, port %u to answer",
                                      silent_port));
}

/* The first one gets half of the time. */
CASE("an address that answers behind one that does not")
{
    struct dial_target other;
    CHECK_FATAL(dial_resolve("127.0.0.1", answering_port, &other, &error));
    target.addresses[1] = other.addresses[0];
    target.count = 2;
    int descriptor = dial(400, -1, -1);
    CHECK(descriptor >= 0);
    CHECK_NUMBER(used, 1);
    close(descriptor);
    close(answering);
    answering = -1;
    CHECK(dial(400, -1, -1) < 0);
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_CONNECT);
    CHECK_CONTAINS(error.text, "the time-out of 1 of the " LIMIT " ran out");
    CHECK_CONTAINS(error.text,
                   suite_text("; 127.0.0.1, port %u: Connection refused", answering_port));
    target.count = 1;
    dial_target_free(&other);
}

/* The last one gets the whole rest, of which the error tells seconds. */
CASE("a time-out of weeks for two addresses")
{
    struct dial_target other;
    CHECK_FATAL(dial_resolve("127.0.0.1", answering_port, &other, &error));
    struct dial_address before = target.addresses[0];
    if (answering >= 0)
        close(answering);
    answering = -1;
    target.addresses[0] = target.addresses[1] = other.addresses[0];
    target.count = 2;
    CHECK(dial(INT_MAX, -1, -1) < 0);
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_CONNECT);
    target.addresses[0] = before;
    target.count = 1;
    dial_target_free(&other);
}

CASE("a relay that is to stop")
{
    int wake = eventfd(1, EFD_CLOEXEC);
    CHECK(dial(PATIENCE, wake, -1) < 0);
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_NOT_CONNECTED);
    CHECK_CONTAINS(error.text, "stopped while waiting for 127.0.0.1");
    close(wake);
}

CASE("a real driver that gives up")
{
    int pair[2];
    CHECK_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    close(pair[1]);
    CHECK(dial(PATIENCE, -1, pair[0]) < 0);
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_CONNECT);
    CHECK_CONTAINS(error.text, "the real driver gave up while waiting for 127.0.0.1");
    close(pair[0]);
}

static void on_alarm(int signal)
{
    (void)signal;
}

/* An application's timer. */
CASE("signals do not end the wait")
{
    const struct sigaction action = {.sa_handler = on_alarm};
    const struct itimerval timer = {{0, 5000}, {0, 5000}}, none = {{0, 0}, {0, 0}};
    struct sigaction before;
    int64_t begin = clock_monotonic();
    sigaction(SIGALRM, &action, &before);
    setitimer(ITIMER_REAL, &timer, NULL);
    CHECK(dial(200, -1, -1) < 0);
    setitimer(ITIMER_REAL, &none, NULL);
    sigaction(SIGALRM, &before, NULL);
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_TIMEOUT);
    CHECK(clock_monotonic() - begin >= 200);
}

/* --- a port that is nobody's --- */

#define OWN_PORT 40000
enum { CHILD_GOOD, CHILD_BAD, CHILD_SKIPS };

/* A network of its own, whose sockets have one port to connect from. */
static bool enter_small_network(void)
{
    static const char range[] = "40000 40001";
    struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return false;
    int number = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool is_up = ioctl(number, SIOCSIFFLAGS, &loopback) == 0;
    close(number);
    int file = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC);
    bool is_small = file >= 0 && write(file, range, strlen(range)) == (ssize_t)strlen(range);
    if (file >= 0)
        close(file);
    return is_up && is_small;
}

/* Though nobody listens there. */
static bool meets_itself(void)
{
    const struct sockaddr_in wanted = {.sin_family = AF_INET,
                                       .sin_port = htons(OWN_PORT),
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int number = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_met = connect(number, (const struct sockaddr *)&wanted, sizeof wanted) == 0;
    /* Without the minute for which the port would stay taken. */
    struct linger now = {1, 0};
    setsockopt(number, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(number);
    return is_met;
}

static int dial_own_port(void)
{
    const struct dial_wait wait = {
        .deadline = clock_monotonic() + PATIENCE, .limit = LIMIT, .wake = -1, .driver = -1};
    struct dial_target own;
    if (!enter_small_network() || !meets_itself())
        return CHILD_SKIPS;
    error_clear(&error);
    bool is_refused = dial_resolve("127.0.0.1", OWN_PORT, &own, &error) &&
                      dial_connect(&own, &wait, &used, &error) < 0 &&
                      error.code == ODBCSSL_ERROR_CONNECT &&
                      strstr(error.text, "port 40000: Connection refused") != NULL;
    return is_refused ? CHILD_GOOD : CHILD_BAD;
}

/* A server that is down, and whose port the kernel may give to who connects. */
CASE("a socket is not taken for its own server")
{
    int status = -1;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(dial_own_port());
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    if (WEXITSTATUS(status) == CHILD_SKIPS)
        suite_skip("there is no network of one's own to be had");
    else
        CHECK_NUMBER(WEXITSTATUS(status), CHILD_GOOD);
}

SUITE("dial", set_up, tear_down)
