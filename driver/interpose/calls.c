/*
 * calls.c - what the slots of carried.def lead to. A descriptor that is not ours is libc's, and
 * errno with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "interpose/interposition.h"
#include "interpose/slots.h"

#define RECEIVE_FLAGS (MSG_PEEK | MSG_DONTWAIT | MSG_WAITALL | MSG_NOSIGNAL)
#define SEND_FLAGS (MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE)

static int fail(int reason)
{
    errno = reason;
    return -1;
}

/* --- connecting and ending --- */

static int interposed_socket(int family, int type, int protocol)
{
    int number = socket(family, type, protocol);
    int reason = errno;
    struct descriptor *stale = number >= 0 ? descriptor_find(number) : NULL;
    if (stale != NULL)
        interposition_forget(stale);
    errno = reason;
    return number;
}

static int interposed_connect(int number, const struct sockaddr *address, socklen_t length)
{
    struct guard *guard = *guard_place();
    struct descriptor *descriptor = descriptor_find(number);
    if (descriptor != NULL)
        return fail(EISCONN);
    switch (guard_judge(guard, address, length)) {
    case GUARD_CARRY:
        return interposition_connect(guard->interposition, number);
    case GUARD_REFUSE:
        return fail(EACCES);
    case GUARD_PASS:
        break;
    }
    return connect(number, address, length);
}

static int interposed_close(int number)
{
    struct descriptor *descriptor = descriptor_find(number);
    if (descriptor != NULL)
        interposition_end(descriptor);
    return close(number);
}

/* Who waits for bytes is to wake up. A login needs the server's words, unless the driver gave it
 * up; a request to cancel is given up by nobody. */
static void stop_reading(struct descriptor *descriptor)
{
    bool is_given_up = descriptor->is_write_shut && session_is_main(descriptor->session);
    descriptor->is_read_shut = true;
    if (descriptor->has_server && (descriptor->wants.deadline == 0 || is_given_up))
        descriptor->is_deaf = shutdown(descriptor->number, SHUT_RD) == 0;
}

static int interposed_shutdown(int number, int how)
{
    struct descriptor *descriptor = descriptor_find(number);
    struct hold hold;
    if (descriptor == NULL)
        return shutdown(number, how);
    if (!hold_take(&hold, descriptor))
        return fail(ENOTCONN);
    if (how == SHUT_WR || how == SHUT_RDWR) {
        descriptor->is_write_shut = true;
        session_driver_ended(descriptor->session);
        descriptor_go_on(descriptor, false);
    }
    if (how == SHUT_RD || how == SHUT_RDWR)
        stop_reading(descriptor);
    hold_release(&hold);
    return 0;
}

/* --- receiving --- */

/* What is there now; false: nothing, and it is to be waited for. A descriptor that may wait is not
 * received from on the off chance, as poll() comes first; but a look at what is there has to see
 * all of it. */
static bool receive_now(struct descriptor *descriptor, void *bytes, size_t size, int flags,
                        ssize_t *result_out)
{
    struct session *session = descriptor->session;
    bool is_peek = (flags & MSG_PEEK) != 0;
    *result_out = 0;
    if (descriptor->is_read_shut)
        return true;
    bool is_waiting = descriptor->is_blocking && (flags & MSG_DONTWAIT) == 0;
    size_t got = session_read(session, bytes, size, is_peek);
    if (is_peek ? got < size : got == 0 && !is_waiting) {
        descriptor_go_on(descriptor, true);
        got = session_read(session, bytes, size, is_peek);
    }
    enum session_stream down = session_down(session);
    *result_out = got == 0 && down == SESSION_STREAM_BROKEN ? fail(ECONNRESET) : (ssize_t)got;
    return got > 0 || down == SESSION_STREAM_ENDED || down == SESSION_STREAM_BROKEN;
}

/* With MSG_WAITALL what came so far is kept when a wait is given up. */
static ssize_t receive(struct descriptor *descriptor, void *bytes, size_t size, int flags)
{
    size_t total = 0;
    if ((flags & ~RECEIVE_FLAGS) != 0)
        return fail(EOPNOTSUPP);
    for (;;) {
        struct hold hold;
        ssize_t got;
        if (!hold_take(&hold, descriptor))
            return fail(ECONNRESET);
        bool is_done = receive_now(descriptor, (char *)bytes + total, size - total, flags, &got);
        bool may_wait = descriptor->is_blocking && (flags & MSG_DONTWAIT) == 0;
        int limit = descriptor->receive_timeout;
        hold_release(&hold);
        total += got > 0 ? (size_t)got : 0;
        bool is_all_wanted = (flags & (MSG_WAITALL | MSG_PEEK)) == MSG_WAITALL && total < size;
        if (is_done && (got <= 0 || !is_all_wanted))
            return total > 0 ? (ssize_t)total : got;
        if (is_done)
            continue;
        if (size == 0 || !may_wait)
            return total > 0 || size == 0 ? (ssize_t)total : fail(EAGAIN);
        if (wait_for_descriptor(descriptor, POLLIN, limit) < 0)
            return total > 0 ? (ssize_t)total : -1;
    }
}

static ssize_t interposed_recv(int number, void *bytes, size_t size, int flags)
{
    struct descriptor *descriptor = descriptor_find(number);
    return descriptor != NULL ? receive(descriptor, bytes, size, flags)
                              : recv(number, bytes, size, flags);
}

static ssize_t interposed_recvfrom(int number, void *bytes, size_t size, int flags,
                                   struct sockaddr *address, socklen_t *length)
{
    struct descriptor *descriptor = descriptor_find(number);
    if (descriptor == NULL)
        return recvfrom(number, bytes, size, flags, address, length);
    if (length != NULL)
        *length = 0;
    return receive(descriptor, bytes, size, flags);
}

static ssize_t interposed_read(int number, void *bytes, size_t size)
{
    struct descriptor *descriptor = descriptor_find(number);
    return descriptor != NULL ? receive(descriptor, bytes, size, 0) : read(number, bytes, size);
}

static ssize_t interposed___recv_chk(int number, void *bytes, size_t size, size_t room, int flags)
{
    return size <= room ? interposed_recv(number, bytes, size, flags)
                        : __recv_chk(number, bytes, size, room, flags);
}

static ssize_t interposed___recvfrom_chk(int number, void *bytes, size_t size, size_t room,
                                         int flags, struct sockaddr *address, socklen_t *length)
{
    return size <= room ? interposed_recvfrom(number, bytes, size, flags, address, length)
                        : __recvfrom_chk(number, bytes, size, room, flags, address, length);
}

static ssize_t interposed___read_chk(int number, void *bytes, size_t size, size_t room)
{
    return size <= room ? interposed_read(number, bytes, size)
                        : __read_chk(number, bytes, size, room);
}

/* --- sending --- */

/* As much as the session takes and the network with it: full is what takes nothing, also after all
 * was sent that could be. */
static size_t send_now(struct descriptor *descriptor, const char *bytes, size_t size)
{
    size_t taken = 0;
    for (int refusals = 0; taken < size && refusals < 2;) {
        size_t more = session_write(descriptor->session, bytes + taken, size - taken);
        taken += more;
        refusals = more > 0 ? 0 : refusals + 1;
        descriptor_go_on(descriptor, false);
    }
    return taken;
}

static ssize_t transmit(struct descriptor *descriptor, const void *bytes, size_t size, int flags)
{
    size_t taken = 0;
    if ((flags & ~SEND_FLAGS) != 0)
        return fail(EOPNOTSUPP);
    for (;;) {
        struct hold hold;
        if (!hold_take(&hold, descriptor))
            return fail(EPIPE);
        bool is_shut = descriptor->is_write_shut;
        if (!is_shut)
            taken += send_now(descriptor, (const char *)bytes + taken, size - taken);
        bool may_wait = descriptor->is_blocking && (flags & MSG_DONTWAIT) == 0;
        int limit = descriptor->send_timeout;
        hold_release(&hold);
        if (is_shut)
            return fail(EPIPE);
        if (taken == size)
            return (ssize_t)taken;
        if (!may_wait)
            return taken > 0 ? (ssize_t)taken : fail(EAGAIN);
        if (wait_for_descriptor(descriptor, POLLOUT, limit) < 0)
            return taken > 0 ? (ssize_t)taken : -1;
    }
}

static ssize_t interposed_send(int number, const void *bytes, size_t size, int flags)
{
    struct descriptor *descriptor = descriptor_find(number);
    return descriptor != NULL ? transmit(descriptor, bytes, size, flags)
                              : send(number, bytes, size, flags);
}

/* With an address it reaches somebody without a connect. */
static ssize_t interposed_sendto(int number, const void *bytes, size_t size, int flags,
                                 const struct sockaddr *address, socklen_t length)
{
    struct descriptor *descriptor = descriptor_find(number);
    if (descriptor != NULL)
        return transmit(descriptor, bytes, size, flags);
    if (address != NULL && guard_judge(*guard_place(), address, length) == GUARD_REFUSE)
        return fail(EACCES);
    return sendto(number, bytes, size, flags, address, length);
}

static ssize_t interposed_write(int number, const void *bytes, size_t size)
{
    struct descriptor *descriptor = descriptor_find(number);
    return descriptor != NULL ? transmit(descriptor, bytes, size, 0) : write(number, bytes, size);
}

/* --- waiting --- */

static bool is_any_ours(const struct pollfd *polled, nfds_t count)
{
    for (nfds_t i = 0; i < count; i++)
        if (descriptor_find(polled[i].fd) != NULL)
            return true;
    return false;
}

static int interposed_poll(struct pollfd *polled, nfds_t count, int milliseconds)
{
    /* FreeTDS waits for nothing, and for ever, when connect() failed for each of its addresses. */
    if (count == 0 && milliseconds < 0 && *guard_place() != NULL)
        return fail(EINVAL);
    return is_any_ours(polled, count) ? wait_for_all(polled, count, milliseconds)
                                      : poll(polled, count, milliseconds);
}

static int interposed___poll_chk(struct pollfd *polled, nfds_t count, int milliseconds, size_t room)
{
    return count <= room / sizeof *polled ? interposed_poll(polled, count, milliseconds)
                                          : __poll_chk(polled, count, milliseconds, room);
}

/* --- settings: libc's on the true socket, and what we have to know of them --- */

static void note_blocking(int number, bool is_blocking)
{
    struct descriptor *descriptor = descriptor_find(number);
    struct hold hold;
    if (descriptor == NULL || !hold_take(&hold, descriptor))
        return;
    descriptor->is_blocking = is_blocking;
    hold_release(&hold);
}

/* A second number of the socket would lead past the session. */
static int control(int number, int command, void *argument,
                   int (*function)(int number, int command, ...))
{
    if ((command == F_DUPFD || command == F_DUPFD_CLOEXEC) && descriptor_find(number) != NULL)
        return fail(EACCES);
    int result = function(number, command, argument);
    if (result >= 0 && command == F_SETFL)
        note_blocking(number, ((intptr_t)argument & O_NONBLOCK) == 0);
    return result;
}

/* Every argument of fcntl() and ioctl() is an int or a pointer, or there is none; all of them are
 * passed alike. */
static int interposed_fcntl(int number, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    return control(number, command, argument, fcntl);
}

static int interposed_fcntl64(int number, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    return control(number, command, argument, fcntl64);
}

static int interposed_ioctl(int number, unsigned long request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    struct descriptor *descriptor = descriptor_find(number);
    struct hold hold;
    if (descriptor != NULL && request == FIONREAD) {
        if (!hold_take(&hold, descriptor))
            return fail(ECONNRESET);
        if (session_queued(descriptor->session) == 0)
            descriptor_go_on(descriptor, true);
        *(int *)argument = (int)session_queued(descriptor->session);
        hold_release(&hold);
        return 0;
    }
    int result = ioctl(number, request, argument);
    if (result >= 0 && request == FIONBIO)
        note_blocking(number, *(const int *)argument == 0);
    return result;
}

static int interposed_setsockopt(int number, int level, int name, const void *value,
                                 socklen_t length)
{
    struct descriptor *descriptor = descriptor_find(number);
    struct hold hold;
    /* FreeTDS holds back what is not a whole packet of its own. Ours are whole, and a handshake's
     * are nothing that it would release: they would wait 200 ms each. */
    if (descriptor != NULL && level == IPPROTO_TCP && name == TCP_CORK)
        return 0;
    int result = setsockopt(number, level, name, value, length);
    bool is_timeout = level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO);
    if (result != 0 || descriptor == NULL || !is_timeout || !hold_take(&hold, descriptor))
        return result;
    descriptor_note_timeouts(descriptor);
    hold_release(&hold);
    return result;
}

/* --- the table --- */

const struct slots_rule interpose_rules[] = {
#define CARRIED(name) {#name, (void *)interposed_##name, NULL},
#define UNCARRIED(name, why) {#name, NULL, why},
#include "interpose/carried.def"
    {NULL, NULL, NULL}};
