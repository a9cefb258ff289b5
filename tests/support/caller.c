/* caller.c - the calls of the socket functions, each reached as the build of the library has it. */
#include "support/caller.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>
#ifdef CALLER_EPOLL
#include <sys/epoll.h>
#endif

/* Small enough for fortified functions to be told its size. */
#define BUFFER_SIZE 64

#ifdef CALLER_FORTIFIED
#define THROUGH_BUFFER(type, call)                                                                 \
    char buffer[BUFFER_SIZE];                                                                      \
    type got = call;                                                                               \
    if (got > 0)                                                                                   \
        memcpy(bytes, buffer, (size_t)got);                                                        \
    return got
#else
#define THROUGH_BUFFER(type, call)                                                                 \
    void *buffer = bytes;                                                                          \
    return call
#endif

static int call_socket(int family, int type, int protocol)
{
    return socket(family, type, protocol);
}

static int call_connect(int number, const struct sockaddr *address, socklen_t length)
{
    return connect(number, address, length);
}

static ssize_t call_send(int number, const void *bytes, size_t size, int flags)
{
    return send(number, bytes, size, flags);
}

static ssize_t call_sendto(int number, const void *bytes, size_t size, int flags,
                           const struct sockaddr *address, socklen_t length)
{
    return sendto(number, bytes, size, flags, address, length);
}

static ssize_t call_recv(int number, void *bytes, size_t size, int flags)
{
    THROUGH_BUFFER(ssize_t, recv(number, buffer, size, flags));
}

static ssize_t call_recvfrom(int number, void *bytes, size_t size, int flags)
{
    THROUGH_BUFFER(ssize_t, recvfrom(number, buffer, size, flags, NULL, NULL));
}

static ssize_t call_read(int number, void *bytes, size_t size)
{
    THROUGH_BUFFER(ssize_t, read(number, buffer, size));
}

static ssize_t call_write(int number, const void *bytes, size_t size)
{
    return write(number, bytes, size);
}

static int call_poll(struct pollfd *polled, nfds_t count, int milliseconds)
{
#ifdef CALLER_FORTIFIED
    struct pollfd buffer[2];
    memcpy(buffer, polled, count * sizeof *polled);
    int ready = poll(buffer, count, milliseconds);
    memcpy(polled, buffer, count * sizeof *polled);
    return ready;
#else
    return poll(polled, count, milliseconds);
#endif
}

static int call_shutdown(int number, int how)
{
    return shutdown(number, how);
}

static int call_close(int number)
{
    return close(number);
}

static int call_count_readable(int number)
{
    int count = -1;
    return ioctl(number, FIONREAD, &count) == 0 ? count : -1;
}

static int call_set_blocking(int number, int is_blocking)
{
    int flags = fcntl(number, F_GETFL);
    return fcntl(number, F_SETFL, is_blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

static int call_duplicate(int number)
{
    return fcntl(number, F_DUPFD, 0);
}

static int call_set_timeout(int number, int milliseconds)
{
    struct timeval time = {milliseconds / 1000, milliseconds % 1000 * 1000};
    int result = setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    return result != 0 ? result : setsockopt(number, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

static int call_hold_back(int number)
{
    int on = 1;
    return setsockopt(number, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

static ssize_t (*receiver)(int, void *, size_t, int) = recv;

extern const struct caller caller;
__attribute__((visibility("default"))) const struct caller caller = {
    call_socket,    call_connect,        call_send,         call_sendto,    call_recv,
    call_recvfrom,  call_read,           call_write,        call_poll,      call_shutdown,
    call_close,     call_count_readable, call_set_blocking, call_duplicate, call_set_timeout,
    call_hold_back, &receiver,
};

#ifdef CALLER_EPOLL
int caller_wait(int number);
__attribute__((visibility("default"))) int caller_wait(int number)
{
    struct epoll_event event;
    return epoll_wait(number, &event, 1, 0);
}
#endif
