/*
 * test_interpose.c - what the calls of an interposed library mean: like those of libc on a socket,
 * but through TLS.
 */
#include "interpose/interposition.h"
#include "interpose_rig.h"
#include "support/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define LARGE ((size_t)10 * 1024 * 1024)

static int poll_one(int number, short events, int milliseconds)
{
    struct pollfd polled = {.fd = number, .events = events};
    int ready = rig.caller->poll(&polled, 1, milliseconds);
    return ready > 0 ? polled.revents : ready;
}

/* Until the bytes have arrived in the kernel: libc's poll, past us. */
static bool has_arrived(int number)
{
    struct pollfd polled = {.fd = number, .events = POLLIN};
    return poll(&polled, 1, 60000) == 1;
}

/* --- connecting --- */

static void check_timeouts(int number, int milliseconds)
{
    const struct descriptor *descriptor = descriptor_find(number);
    CHECK_FATAL(descriptor != NULL);
    CHECK_NUMBER(descriptor->receive_timeout, milliseconds);
    CHECK_NUMBER(descriptor->send_timeout, milliseconds);
}

CASE("connects, and keeps the number, its flags and its options")
{
    int value = 0;
    socklen_t length = sizeof value;
    rig_open(INTERPOSITION_INTERNET);
    const struct sockaddr *address = interposition_address(rig.interposition, &length);
    CHECK_NUMBER(address->sa_family, AF_INET);
    CHECK_NUMBER(((const struct sockaddr_in *)address)->sin_port, htons(rig.target.port));
    CHECK_NUMBER(ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24, 239);
    int number = rig.caller->socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    value = 77;
    setsockopt(number, IPPROTO_TCP, TCP_KEEPIDLE, &value, sizeof value);
    value = 5000;
    setsockopt(number, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, sizeof value);
    CHECK_NUMBER(rig.caller->set_timeout(number, 20), 0);
    CHECK_NUMBER(rig.caller->connect(number, address, length), 0);
    CHECK((fcntl(number, F_GETFL) & O_NONBLOCK) != 0);
    CHECK_NUMBER(fcntl(number, F_GETFD), 0);
    /* What the driver set before is on the true socket. */
    length = sizeof value;
    getsockopt(number, IPPROTO_TCP, TCP_KEEPIDLE, &value, &length);
    CHECK_NUMBER(value, 77);
    getsockopt(number, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &length);
    CHECK_NUMBER(value, 5000);
    check_timeouts(number, 20);
    struct sockaddr_in peer = {0};
    length = sizeof peer;
    CHECK_NUMBER(getpeername(number, (struct sockaddr *)&peer, &length), 0);
    CHECK_NUMBER(peer.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    errno = 0;
    CHECK_NUMBER(rig.caller->connect(number, (struct sockaddr *)&peer, length), -1);
    CHECK_NUMBER(errno, EISCONN);
    errno = 0;
    CHECK_NUMBER(rig.caller->duplicate(number), -1);
    CHECK_NUMBER(errno, EACCES);
    rig_end(number);
}

/* FreeTDS corks its socket, and uncorks it behind its own packets only. */
CASE("lets no real driver hold the handshake back")
{
    int value = 1;
    socklen_t length = sizeof value;
    int number = rig_start(true);
    CHECK_NUMBER(rig.caller->hold_back(number), 0);
    CHECK_NUMBER(getsockopt(number, IPPROTO_TCP, TCP_CORK, &value, &length), 0);
    CHECK_NUMBER(value, 0);
    rig_end(number);
}

CASE("connects where a Unix socket is wanted")
{
    rig_open(INTERPOSITION_UNIX);
    int number = rig_connect(true);
    CHECK_FATAL(number >= 0);
    CHECK((fcntl(number, F_GETFL) & O_NONBLOCK) == 0);
    CHECK((fcntl(number, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(rig_request(number, REQUEST_SEND, 100));
    CHECK(rig_receive_pattern(number, 100, 0));
    rig_end(number);
}

/* The address that is handed out leads nowhere when a call gets past us. */
CASE("hands out an address that leads nowhere")
{
    socklen_t length;
    for (enum interposition_kind kind = INTERPOSITION_INTERNET; kind <= INTERPOSITION_UNIX;
         kind++) {
        rig_open(kind);
        const struct sockaddr *address = interposition_address(rig.interposition, &length);
        int number = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CHECK_NUMBER(connect(number, address, length), -1);
        CHECK(errno == ENETUNREACH || errno == ENOTDIR);
        close(number);
        rig_close();
    }
}

CASE("tells the driver of a server that cannot be reached")
{
    char byte;
    struct error error = {0};
    struct dial_target target = rig.target;
    struct sockaddr_in free_port = {.sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof free_port;
    int holder = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(holder, (struct sockaddr *)&free_port, sizeof free_port) == 0);
    getsockname(holder, (struct sockaddr *)&free_port, &length);
    memcpy(&target.addresses[0].address, &free_port, sizeof free_port);
    target.port = ntohs(free_port.sin_port);
    rig.options.target = &target;
    rig_open(INTERPOSITION_INTERNET);
    int number = rig_connect(false);
    CHECK(number >= 0);
    /* The session tells the driver; the record, why. */
    CHECK_NUMBER(rig.caller->send(number, "hello", 5, 0), 5);
    CHECK((poll_one(number, POLLIN | POLLOUT, 0) & POLLIN) != 0);
    CHECK(rig.caller->recv(number, &byte, 1, 0) <= 0);
    CHECK_NUMBER(
        session_record_outcome(interposition_record(rig.interposition), NULL, NULL, &error),
        SESSION_LOST);
    CHECK_CONTAINS(error.text, "Connection refused");
    rig_end(number);
    rig.options.target = &rig.target;
    close(holder);
}

CASE("gives up on a silent server")
{
    char byte;
    struct error error = {0};
    atomic_store(&rig.is_silent, true);
    rig.options.timeout = 1;
    int number = rig_start(true);
    CHECK(rig.caller->recv(number, &byte, 1, 0) <= 0);
    session_record_outcome(interposition_record(rig.interposition), NULL, NULL, &error);
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_TIMEOUT);
    rig_end(number);
    rig.options.timeout = 20;
    atomic_store(&rig.is_silent, false);
}

/* --- nowhere else --- */

CASE("lets the driver go nowhere else")
{
    struct sockaddr_in server = {.sin_family = AF_INET,
                                 .sin_port = htons(rig.target.port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct sockaddr *address = (const struct sockaddr *)&server;
    unsigned before = atomic_load(&rig.connections);
    rig_open(INTERPOSITION_INTERNET);
    int number = rig.caller->socket(AF_INET, SOCK_STREAM, 0);
    errno = 0;
    CHECK_NUMBER(rig.caller->connect(number, address, sizeof server), -1);
    CHECK_NUMBER(errno, EACCES);
    CHECK_CONTAINS(guard_elsewhere(&rig.guard), "127.0.0.1, port ");
    int datagrams = rig.caller->socket(AF_INET, SOCK_DGRAM, 0);
    errno = 0;
    CHECK_NUMBER(rig.caller->sendto(datagrams, "x", 1, 0, address, sizeof server), -1);
    CHECK_NUMBER(errno, EACCES);
    /* Outside an ODBC call it is somebody else's. */
    guard_leave(NULL);
    CHECK_NUMBER(rig.caller->sendto(datagrams, "x", 1, 0, address, sizeof server), 1);
    CHECK_NUMBER(atomic_load(&rig.connections), before);
    CHECK_NUMBER(rig.caller->connect(number, address, sizeof server), 0);
    CHECK(rig_wait(&rig.connections, before + 1));
    rig.caller->close(number);
    rig.caller->close(datagrams);
    rig_close();
}

CASE("leaves other descriptors to libc")
{
    int pair[2];
    char bytes[8] = "";
    int number = rig_start(true);
    CHECK_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
    errno = 0;
    CHECK_NUMBER(rig.caller->recv(pair[0], bytes, sizeof bytes, 0), -1);
    CHECK_NUMBER(errno, EAGAIN);
    CHECK_NUMBER(rig.caller->send(pair[1], "abc", 3, 0), 3);
    CHECK_NUMBER(rig.caller->count_readable(pair[0]), 3);
    CHECK_NUMBER(poll_one(pair[0], POLLIN, 0), POLLIN);
    CHECK_NUMBER(rig.caller->recvfrom(pair[0], bytes, 1, 0), 1);
    CHECK_NUMBER(rig.caller->read(pair[0], bytes + 1, 7), 2);
    CHECK_TEXT(bytes, "abc");
    CHECK_NUMBER(rig.caller->shutdown(pair[1], SHUT_WR), 0);
    CHECK_NUMBER(rig.caller->recv(pair[0], bytes, sizeof bytes, 0), 0);
    errno = 0;
    CHECK_NUMBER(rig.caller->close(-1), -1);
    CHECK_NUMBER(errno, EBADF);
    CHECK_NUMBER(rig.caller->close(pair[0]), 0);
    CHECK_NUMBER(rig.caller->close(pair[1]), 0);
    rig_end(number);
}

static int set_up(void)
{
    return rig_make("caller_lazy");
}

SUITE("connecting", set_up, NULL)

/* --- bytes --- */

static void check_exchange(int number)
{
    char bytes[16] = "";
    CHECK(rig_request(number, REQUEST_ECHO, 12));
    CHECK_NUMBER(rig.caller->write(number, "hello ", 6), 6);
    CHECK_NUMBER(rig.caller->sendto(number, "world!", 6, MSG_NOSIGNAL, NULL, 0), 6);
    CHECK(poll_one(number, POLLIN, -1) == POLLIN);
    CHECK_NUMBER(rig.caller->recv(number, bytes, 2, MSG_PEEK), 2);
    CHECK_NUMBER(rig.caller->recv(number, bytes, 3, 0), 3);
    CHECK_TEXT(bytes, "hel");
    CHECK(rig.caller->count_readable(number) > 0);
    CHECK_NUMBER(rig.caller->recvfrom(number, bytes + 3, 2, 0), 2);
    CHECK_NUMBER(rig.caller->read(number, bytes + 5, 1), 1);
    CHECK_TEXT(bytes, "hello ");
    for (int got = 0, more; got < 6; got += more) {
        CHECK(poll_one(number, POLLIN, -1) == POLLIN);
        more = (int)rig.caller->recv(number, bytes + got, (size_t)(6 - got), 0);
        CHECK_FATAL(more > 0);
    }
    CHECK_TEXT(bytes, "world!");
    CHECK_NUMBER(rig.caller->recv(number, bytes, 0, 0), 0);
    CHECK_NUMBER(poll_one(number, POLLIN, 0), 0);
}

CASE("carries a blocking descriptor")
{
    int number = rig_start(true);
    check_exchange(number);
    CHECK_NUMBER(rig.caller->recv(number, &(char){0}, 1, MSG_DONTWAIT), -1);
    CHECK_NUMBER(errno, EAGAIN);
    /* A time-out of its own. */
    CHECK_NUMBER(rig.caller->set_timeout(number, 20), 0);
    errno = 0;
    CHECK_NUMBER(rig.caller->recv(number, &(char){0}, 1, 0), -1);
    CHECK_NUMBER(errno, EAGAIN);
    rig_end(number);
}

/* Milliseconds that no int holds. */
CASE("takes time-outs of weeks and months for what they are")
{
    static const time_t seconds[] = {2147483, 2147484, 4294968, INT_MAX};
    int number = rig_start(true);
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
        const struct timeval time = {seconds[i], 0};
        CHECK_NUMBER(setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time), 0);
        CHECK_NUMBER(setsockopt(number, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time), 0);
        descriptor_note_timeouts(descriptor_find(number));
        check_timeouts(number, i == 0 ? 2147483000 : INT_MAX);
    }
    CHECK_NUMBER(rig.caller->set_timeout(number, 0), 0);
    check_timeouts(number, 0);
    rig_end(number);
}

CASE("carries a non-blocking descriptor")
{
    int number = rig_start(false);
    errno = 0;
    CHECK_NUMBER(rig.caller->recv(number, &(char){0}, 1, 0), -1);
    CHECK_NUMBER(errno, EAGAIN);
    check_exchange(number);
    errno = 0;
    CHECK_NUMBER(rig.caller->recv(number, &(char){0}, 1, MSG_PEEK), -1);
    CHECK_NUMBER(errno, EAGAIN);
    /* Made blocking, it waits. */
    CHECK_NUMBER(rig.caller->set_blocking(number, 1), 0);
    CHECK(rig_request(number, REQUEST_SEND, 1));
    CHECK_NUMBER(rig.caller->recv(number, &(char){0}, 1, 0), 1);
    CHECK_NUMBER(rig.caller->set_blocking(number, 0), 0);
    CHECK_NUMBER(rig.caller->recv(number, &(char){0}, 1, 0), -1);
    CHECK_NUMBER(rig.caller->recv(number, &(char){0}, 1, MSG_OOB), -1);
    CHECK_NUMBER(errno, EOPNOTSUPP);
    errno = 0;
    CHECK_NUMBER(rig.caller->send(number, "x", 1, MSG_OOB), -1);
    CHECK_NUMBER(errno, EOPNOTSUPP);
    rig_end(number);
}

CASE("waits for all bytes")
{
    unsigned char bytes[40000];
    int number = rig_start(true);
    CHECK(rig_request(number, REQUEST_SEND, sizeof bytes));
    CHECK_NUMBER(rig.caller->recv(number, bytes, sizeof bytes, MSG_WAITALL), sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        CHECK_FATAL(bytes[i] == rig_pattern(i));
    rig_end(number);
}

/* What a peek saw is still there, also more than one record of it. */
CASE("peeks")
{
    unsigned char peeked[30000], bytes[30000];
    int number = rig_start(false);
    CHECK(rig_request(number, REQUEST_SEND, sizeof bytes));
    ssize_t got = 0;
    while (got < (ssize_t)sizeof peeked) {
        CHECK(has_arrived(number) || got > 0);
        got = rig.caller->recv(number, peeked, sizeof peeked, MSG_PEEK);
    }
    CHECK_NUMBER(got, sizeof peeked);
    CHECK(rig.caller->count_readable(number) >= (int)sizeof bytes);
    CHECK_NUMBER(rig.caller->recv(number, bytes, sizeof bytes, 0), sizeof bytes);
    CHECK(memcmp(peeked, bytes, sizeof bytes) == 0);
    CHECK_NUMBER(bytes[29999], rig_pattern(29999));
    rig_end(number);
}

/* Half a record is nothing, whichever half it is. */
CASE("waits for the rest of a record cut at every byte")
{
    int number = rig_start(false);
    size_t record = 40 + 22; /* TLS 1.3: header, content type, tag */
    for (rig.cut = 1; rig.cut < record; rig.cut++) {
        CHECK(rig_request(number, REQUEST_CUT, 40));
        CHECK_FATAL(has_arrived(number));
        CHECK_NUMBER(poll_one(number, POLLIN, 0), 0);
        CHECK_NUMBER(rig.caller->recv(number, &(char){0}, 1, 0), -1);
        CHECK_NUMBER(errno, EAGAIN);
        rig_resume();
        CHECK_NUMBER(poll_one(number, POLLIN, -1), POLLIN);
        CHECK(rig_receive_pattern(number, 40, 0));
    }
    rig_end(number);
}

/* What is not for the driver does not wake it. */
CASE("does not wake a driver for a session ticket")
{
    int number = rig_start(false);
    CHECK(rig_request(number, REQUEST_SEND, 1));
    CHECK(rig_receive_pattern(number, 1, 0));
    CHECK(rig_request(number, REQUEST_TICKET, 0));
    CHECK_FATAL(has_arrived(number));
    CHECK_NUMBER(poll_one(number, POLLIN, 0), 0);
    CHECK_NUMBER(poll_one(number, POLLIN, 5), 0);
    CHECK(rig_request(number, REQUEST_SEND, 3));
    CHECK_NUMBER(poll_one(number, POLLIN, -1), POLLIN);
    CHECK(rig_receive_pattern(number, 3, 0));
    rig_end(number);
}

CASE("receives 10 MB")
{
    int number = rig_start(false);
    CHECK(rig_request(number, REQUEST_SEND, LARGE));
    CHECK(rig_receive_pattern(number, LARGE, 0));
    rig_end(number);
}

/* --- a server that stops reading --- */

static unsigned char large[10 * 1024 * 1024];

static uint64_t sum_of_large(void)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < sizeof large; i++) {
        large[i] = rig_pattern(i);
        sum = sum * 31 + large[i];
    }
    return sum;
}

static void check_sum(int number, uint64_t wanted)
{
    uint64_t sum = 0;
    for (size_t got = 0; got < sizeof sum;) {
        CHECK_FATAL(poll_one(number, POLLIN, -1) == POLLIN);
        ssize_t more = rig.caller->recv(number, (char *)&sum + got, sizeof sum - got, 0);
        CHECK_FATAL(more > 0);
        got += (size_t)more;
    }
    CHECK(sum == wanted);
}

/* Sends until the session takes no more for a while; the kernel may take its time to be full. */
static size_t fill(int number)
{
    size_t sent = 0;
    do {
        ssize_t more = rig.caller->send(number, large + sent, sizeof large - sent, MSG_NOSIGNAL);
        if (more > 0)
            sent += (size_t)more;
        else
            CHECK_NUMBER(errno, EAGAIN);
    } while (sent < sizeof large && poll_one(number, POLLIN | POLLOUT, 200) == POLLOUT);
    return sent;
}

CASE("sends 10 MB to a server that stops reading")
{
    uint64_t wanted = sum_of_large();
    int number = rig_start(false);
    CHECK(rig_request(number, REQUEST_STALL, 0));
    CHECK(rig_request(number, REQUEST_TAKE, sizeof large));
    size_t sent = fill(number);
    CHECK(sent > 0 && sent < sizeof large);
    rig_resume();
    while (sent < sizeof large) {
        CHECK_FATAL(poll_one(number, POLLOUT, -1) == POLLOUT);
        ssize_t more = rig.caller->send(number, large + sent, sizeof large - sent, MSG_NOSIGNAL);
        CHECK_FATAL(more > 0);
        sent += (size_t)more;
    }
    check_sum(number, wanted);
    rig_end(number);
}

CASE("sends 10 MB and waits")
{
    uint64_t wanted = sum_of_large();
    int number = rig_start(true);
    CHECK(rig_request(number, REQUEST_STALL, 0));
    CHECK(rig_request(number, REQUEST_TAKE, sizeof large));
    rig_resume();
    CHECK_NUMBER(rig.caller->send(number, large, sizeof large, 0), sizeof large);
    check_sum(number, wanted);
    rig_end(number);
}

/* As libc's: what was sent by then counts, and the rest can be sent later. */
CASE("sends 10 MB, and waits no longer than it was told")
{
    uint64_t wanted = sum_of_large();
    int number = rig_start(true);
    CHECK(rig_request(number, REQUEST_STALL, 0));
    CHECK(rig_request(number, REQUEST_TAKE, sizeof large));
    CHECK_NUMBER(rig.caller->set_timeout(number, 200), 0);
    ssize_t sent = rig.caller->send(number, large, sizeof large, 0), more = sent;
    CHECK(sent > 0 && sent < (ssize_t)sizeof large);
    /* The kernel may take its time to be full. */
    while (more > 0 && sent < (ssize_t)sizeof large) {
        errno = 0;
        more = rig.caller->send(number, large + sent, sizeof large - (size_t)sent, 0);
        sent += more > 0 ? more : 0;
    }
    CHECK_NUMBER(more, -1);
    CHECK_NUMBER(errno, EAGAIN);
    CHECK_NUMBER(rig.caller->set_timeout(number, 0), 0);
    rig_resume();
    CHECK_NUMBER(rig.caller->send(number, large + sent, sizeof large - (size_t)sent, 0),
                 (ssize_t)sizeof large - sent);
    check_sum(number, wanted);
    rig_end(number);
}

SUITE("bytes", NULL, NULL)

/* --- ends --- */

static void check_end(enum request request, ssize_t wanted, int reason)
{
    struct error error = {0};
    int number = rig_start(true);
    CHECK(rig_request(number, REQUEST_SEND, 10));
    CHECK(rig_request(number, request, 0));
    CHECK(rig_receive_pattern(number, 10, 0));
    for (int i = 0; i < 2; i++) {
        CHECK_NUMBER(poll_one(number, POLLIN, -1), POLLIN);
        errno = 0;
        CHECK_NUMBER(rig.caller->recv(number, &(char){0}, 1, 0), wanted);
        CHECK_NUMBER(errno, reason);
    }
    CHECK(!session_record_is_alive(interposition_record(rig.interposition), &error));
    CHECK_CONTAINS(error.text, "localhost");
    rig_end(number);
}

CASE("tells a clean end from a broken one")
{
    check_end(REQUEST_END, 0, 0);
    check_end(REQUEST_TRUNCATE, -1, ECONNRESET);
    check_end(REQUEST_RESET, -1, ECONNRESET);
}

CASE("closes one direction")
{
    int number = rig_start(true);
    unsigned ends = atomic_load(&rig.clean_ends);
    CHECK(rig_request(number, REQUEST_REST, 70000));
    CHECK_NUMBER(rig.caller->shutdown(number, SHUT_WR), 0);
    CHECK(rig_receive_pattern(number, 70000, 0));
    errno = 0;
    CHECK_NUMBER(rig.caller->recv(number, &(char){0}, 1, 0), 0);
    CHECK_NUMBER(rig.caller->send(number, "x", 1, MSG_NOSIGNAL), -1);
    CHECK_NUMBER(errno, EPIPE);
    CHECK(rig_wait(&rig.clean_ends, ends + 1));
    rig_end(number);
}

CASE("ends cleanly when the driver closes")
{
    unsigned ends = atomic_load(&rig.clean_ends);
    int number = rig_start(true);
    CHECK(rig_request(number, REQUEST_SEND, 1));
    CHECK(rig_receive_pattern(number, 1, 0));
    rig_end(number);
    CHECK(rig_wait(&rig.clean_ends, ends + 1));
    CHECK_NUMBER(fcntl(number, F_GETFD), -1);
}

/* A driver that forgets its descriptor: the session ends with its connection, cleanly. */
CASE("ends cleanly when the driver forgets")
{
    unsigned ends = atomic_load(&rig.clean_ends);
    int number = rig_start(true);
    CHECK(rig_request(number, REQUEST_SEND, 1));
    CHECK(rig_receive_pattern(number, 1, 0));
    rig_close();
    CHECK(rig_wait(&rig.clean_ends, ends + 1));
    errno = 0;
    CHECK_NUMBER(rig.caller->recv(number, &(char){0}, 1, 0), -1);
    CHECK_NUMBER(errno, ECONNRESET);
    errno = 0;
    CHECK_NUMBER(rig.caller->send(number, "x", 1, 0), -1);
    CHECK_NUMBER(errno, EPIPE);
    errno = 0;
    CHECK_NUMBER(rig.caller->shutdown(number, SHUT_RDWR), -1);
    CHECK_NUMBER(errno, ENOTCONN);
    errno = 0;
    CHECK_NUMBER(rig.caller->count_readable(number), -1);
    CHECK_NUMBER(errno, ECONNRESET);
    CHECK(poll_one(number, POLLIN, 0) != 0);
    /* Another connection, which may lie where the first one lay in memory. */
    int second = rig_start(true);
    CHECK(rig_request(second, REQUEST_SEND, 1));
    CHECK(rig_receive_pattern(second, 1, 0));
    rig_end(second);
    CHECK(rig_wait(&rig.clean_ends, ends + 2));
    CHECK_NUMBER(rig.caller->close(number), 0);
}

/* The number was closed past us, and is another socket's now. */
CASE("does not take another socket for its own")
{
    int spare[8], other = -1, count = 0;
    int number = rig_start(true);
    CHECK(rig_request(number, REQUEST_SEND, 1));
    CHECK(rig_receive_pattern(number, 1, 0));
    close(number);
    /* The server's end of an earlier connection may free a lower number meanwhile. */
    while ((other = rig.caller->socket(AF_UNIX, SOCK_DGRAM, 0)) != number && count < 8)
        spare[count++] = other;
    CHECK_NUMBER(other, number);
    errno = 0;
    CHECK_NUMBER(rig.caller->send(other, "x", 1, MSG_NOSIGNAL), -1);
    CHECK_NUMBER(errno, ENOTCONN);
    rig_end(other);
    while (count > 0)
        close(spare[--count]);
}

SUITE("ends", NULL, NULL)
