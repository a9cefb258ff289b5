/*
 * test_dial.c - reaching a server that does not answer: a socket that listens, and whose queue of
 * connections is full, so that the kernel drops what asks for another.
 */
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
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

SUITE("dial", set_up, tear_down)
