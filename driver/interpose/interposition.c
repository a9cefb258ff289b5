#include "interpose/interposition.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fork.h"
#include "interpose/libraries.h"
#include "session/network.h"

struct interposition {
    struct session_record *record;
    unsigned generation;
    struct sockaddr_storage address;
    socklen_t length;
};

static atomic_bool is_process_ending;

const char *interpose_prepare(const void *inside, struct error *error)
{
    return libraries_interpose(inside, interpose_rules, error);
}

/* --- one attempt --- */

static bool choose_address(struct interposition *interposition, enum interposition_kind kind,
                           uint16_t port, struct error *error)
{
    uint32_t chance;
    if (getrandom(&chance, sizeof chance, 0) != sizeof chance) {
        error_set_system(error, ODBCSSL_ERROR_SYSTEM, errno, "there are no random numbers");
        return false;
    }
    if (kind == INTERPOSITION_UNIX) {
        struct sockaddr_un *local = (struct sockaddr_un *)&interposition->address;
        local->sun_family = AF_UNIX;
        snprintf(local->sun_path, sizeof local->sun_path, "/dev/null/odbcssl-%08x", chance);
        interposition->length = sizeof *local;
    } else {
        struct sockaddr_in *internet = (struct sockaddr_in *)&interposition->address;
        internet->sin_family = AF_INET;
        internet->sin_port = htons(port);
        internet->sin_addr.s_addr = htonl(0xEF000000u | (chance & 0x00FFFFFFu));
        interposition->length = sizeof *internet;
    }
    return true;
}

struct interposition *interposition_open(const struct session_options *options,
                                         enum interposition_kind kind, struct error *error)
{
    struct interposition *interposition = calloc(1, sizeof *interposition);
    if (interposition == NULL) {
        error_set_memory(error);
        return NULL;
    }
    interposition->generation = fork_generation();
    interposition->record = session_record_open(options);
    if (interposition->record == NULL)
        error_set_memory(error);
    if (interposition->record == NULL ||
        !choose_address(interposition, kind, options->target->port, error))
        interposition_close(&interposition);
    return interposition;
}

/* Ends what is still open, by itself: close_notify, if the network takes it. */
static void stop(struct descriptor *descriptor)
{
    session_stop(descriptor->session);
    descriptor_go_on(descriptor, false);
    session_free(&descriptor->session);
}

static void cut_off(struct descriptor *descriptor)
{
    struct hold hold;
    if (!hold_take(&hold, descriptor))
        return;
    stop(descriptor);
    hold_release(&hold);
}

/* Another thread may be at work in it, and will be for good when it was killed by a jump. */
static void end_one(struct descriptor *descriptor)
{
    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_sec += 1;
    if (descriptor_is_inherited(descriptor) ||
        pthread_mutex_timedlock(&descriptor->lock, &soon) != 0)
        return;
    if (descriptor->session != NULL)
        stop(descriptor);
    pthread_mutex_unlock(&descriptor->lock);
}

/* A child's copy: its lock may be taken by a thread that it does not have. */
static void close_inherited(struct descriptor *descriptor)
{
    descriptor_withdraw(descriptor);
    close(descriptor->number);
}

void interposition_close(struct interposition **interposition_address)
{
    struct interposition *interposition = *interposition_address;
    *interposition_address = NULL;
    if (interposition == NULL)
        return;
    bool is_inherited = fork_is_inherited(interposition->generation);
    descriptors_visit(interposition, is_inherited ? close_inherited : cut_off);
    if (!is_inherited)
        session_record_release(&interposition->record);
    free(interposition);
}

/* What this library needs may be torn down behind it; the real driver may live longer. */
__attribute__((destructor)) static void end_all(void)
{
    atomic_store(&is_process_ending, true);
    descriptors_visit(NULL, end_one);
}

const struct sockaddr *interposition_address(const struct interposition *interposition,
                                             socklen_t *length_out)
{
    *length_out = interposition->length;
    return (const struct sockaddr *)&interposition->address;
}

struct session_record *interposition_record(const struct interposition *interposition)
{
    return interposition->record;
}

/* --- one descriptor --- */

static inline bool take(struct hold *hold, struct descriptor *descriptor,
                        int (*lock)(pthread_mutex_t *mutex))
{
    if (descriptor_is_inherited(descriptor))
        return false;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &hold->cancel_state);
    hold->descriptor = descriptor;
    int result = lock(&descriptor->lock);
    if (result == 0 && descriptor->session != NULL)
        return true;
    if (result == 0)
        pthread_mutex_unlock(&descriptor->lock);
    pthread_setcancelstate(hold->cancel_state, NULL);
    return false;
}

bool hold_take(struct hold *hold, struct descriptor *descriptor)
{
    return take(hold, descriptor, pthread_mutex_lock);
}

void hold_release(struct hold *hold)
{
    pthread_mutex_unlock(&hold->descriptor->lock);
    pthread_setcancelstate(hold->cancel_state, NULL);
}

void descriptor_go_on(struct descriptor *descriptor, bool is_receiving)
{
    struct session *session = descriptor->session;
    struct session_wants *wants = &descriptor->wants;
    if (is_receiving && descriptor_can_receive(descriptor))
        network_receive(session, descriptor->number);
    *wants = session_step(session, wants->deadline != 0 ? clock_monotonic() : 0);
    if (!descriptor->has_server || !(wants->server_write || wants->server_shutdown))
        return;
    network_flush(session, descriptor->number);
    *wants = session_step(session, wants->deadline != 0 ? clock_monotonic() : 0);
}

static bool has_hung_up(int number)
{
    struct pollfd polled = {.fd = number, .events = POLLRDHUP};
    return poll(&polled, 1, 0) > 0;
}

/* The end may stand behind the server's last words, and as bytes of its own. Not where another
 * thread waits: its poll() would not end for bytes that were taken off the socket, unless the
 * server has hung up. */
static void look(struct descriptor *descriptor)
{
    struct hold hold;
    size_t before, size = 0;
    if (!take(&hold, descriptor, pthread_mutex_trylock))
        return;
    do {
        before = size;
        if (!descriptor_is_awaited(descriptor) || has_hung_up(descriptor->number))
            descriptor_go_on(descriptor, true);
        session_driver_bytes(descriptor->session, &size);
    } while (size > before);
    hold_release(&hold);
}

void interposition_look(const struct interposition *interposition)
{
    descriptors_visit(interposition, look);
}

/* What the real driver set on its socket before it connected. */
static void copy_options(int from, int to)
{
    static const struct {
        int level, name;
    } options[] = {
        {SOL_SOCKET, SO_KEEPALIVE},      {SOL_SOCKET, SO_PRIORITY},  {IPPROTO_TCP, TCP_KEEPIDLE},
        {IPPROTO_TCP, TCP_KEEPINTVL},    {IPPROTO_TCP, TCP_KEEPCNT}, {IPPROTO_TCP, TCP_NODELAY},
        {IPPROTO_TCP, TCP_USER_TIMEOUT}, {IPPROTO_IP, IP_TOS},
    };
    static const int timeouts[] = {SO_RCVTIMEO, SO_SNDTIMEO};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        int ours, theirs;
        socklen_t length = sizeof theirs, our_length = sizeof ours;
        if (getsockopt(from, options[i].level, options[i].name, &theirs, &length) == 0 &&
            getsockopt(to, options[i].level, options[i].name, &ours, &our_length) == 0 &&
            theirs != 0 && theirs != ours)
            setsockopt(to, options[i].level, options[i].name, &theirs, length);
    }
    for (size_t i = 0; i < sizeof timeouts / sizeof timeouts[0]; i++) {
        struct timeval time;
        socklen_t length = sizeof time;
        if (getsockopt(from, SOL_SOCKET, timeouts[i], &time, &length) == 0)
            setsockopt(to, SOL_SOCKET, timeouts[i], &time, length);
    }
}

static int timeout_of(int number, int name)
{
    struct timeval time = {0};
    socklen_t length = sizeof time;
    if (getsockopt(number, SOL_SOCKET, name, &time, &length) != 0)
        return 0;
    int64_t milliseconds = (int64_t)time.tv_sec * 1000 + (time.tv_usec + 999) / 1000;
    return time.tv_sec > INT_MAX / 1000 || milliseconds > INT_MAX ? INT_MAX : (int)milliseconds;
}

void descriptor_note_timeouts(struct descriptor *descriptor)
{
    descriptor->receive_timeout = timeout_of(descriptor->number, SO_RCVTIMEO);
    descriptor->send_timeout = timeout_of(descriptor->number, SO_SNDTIMEO);
}

/* The server's socket takes the number of the real driver's, and its flags. */
static bool take_number(int server, int number, int flags)
{
    int on_exec = fcntl(number, F_GETFD);
    copy_options(number, server);
    int taken;
    do {
        taken = dup3(server, number, on_exec & FD_CLOEXEC ? O_CLOEXEC : 0);
    } while (taken < 0 && errno == EINTR);
    bool is_taken =
        taken >= 0 && ((flags & O_NONBLOCK) != 0 ||
                       fcntl(number, F_SETFL, fcntl(number, F_GETFL) & ~O_NONBLOCK) == 0);
    int reason = errno;
    close(server);
    errno = reason;
    return is_taken;
}

static int connect_number(struct interposition *interposition, int number)
{
    struct error error = {0};
    struct descriptor *descriptor = descriptor_prepare(number);
    int flags = fcntl(number, F_GETFL);
    if (flags < 0)
        return -1;
    struct session *session = descriptor != NULL && !atomic_load(&is_process_ending)
                                  ? session_open(interposition->record, clock_monotonic(), &error)
                                  : NULL;
    if (session == NULL) {
        errno = ENOMEM;
        return -1;
    }
    int server = network_connect(session, -1, -1);
    if (server >= 0 && !take_number(server, number, flags)) {
        int reason = errno;
        session_free(&session);
        errno = reason;
        return -1;
    }
    descriptor->session = session;
    descriptor->interposition = interposition;
    descriptor->has_server = server >= 0;
    descriptor->is_blocking = (flags & O_NONBLOCK) == 0;
    descriptor_note_timeouts(descriptor);
    descriptor_go_on(descriptor, false);
    descriptor_publish(descriptor);
    /* Either this thread sees that the process ends, or end_all sees what was published. */
    if (atomic_load(&is_process_ending))
        cut_off(descriptor);
    return 0;
}

int interposition_connect(struct interposition *interposition, int number)
{
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    int result = connect_number(interposition, number);
    pthread_setcancelstate(cancel_state, NULL);
    return result;
}

/* A request to cancel is nothing that its sender waits to see delivered, but it has to be. */
static void deliver(struct descriptor *descriptor)
{
    while (descriptor->has_server && !descriptor->wants.is_over &&
           descriptor->wants.deadline != 0 && !session_is_main(descriptor->session)) {
        const struct session_wants *wants = &descriptor->wants;
        struct pollfd polled = {.fd = descriptor->number, .events = network_events(wants)};
        int ready = poll(&polled, 1, clock_left(wants->deadline));
        if (ready == 0 || (ready < 0 && errno != EINTR))
            return;
        descriptor_go_on(descriptor, (polled.revents & ~POLLOUT) != 0);
        session_turned(descriptor->session);
    }
}

void interposition_end(struct descriptor *descriptor)
{
    int cancel_state;
    if (descriptor_is_inherited(descriptor)) {
        descriptor_withdraw(descriptor);
        return;
    }
    /* Also one whose lock this very thread holds, since a jump took it out of a call. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    bool is_intact = pthread_mutex_lock(&descriptor->lock) == 0;
    if (descriptor->session != NULL && is_intact) {
        session_driver_gone(descriptor->session);
        descriptor_go_on(descriptor, false);
        deliver(descriptor);
    }
    descriptor_withdraw(descriptor);
    session_free(&descriptor->session);
    pthread_mutex_unlock(&descriptor->lock);
    pthread_setcancelstate(cancel_state, NULL);
}

void interposition_forget(struct descriptor *descriptor)
{
    descriptor->has_server = false;
    interposition_end(descriptor);
}
