/*
 * wait.c - waiting for sessions: poll() of the real driver, and its calls on blocking descriptors.
 *
 * What is ready for the real driver is not what is ready on the socket: bytes may wait decrypted in
 * memory, and what comes from the network may be half a record, or none of the real driver's.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "interpose/interposition.h"
#include "session/network.h"

#define ON_STACK 16
#define READS (POLLIN | POLLRDNORM)
#define WRITES (POLLOUT | POLLWRNORM)

/* Who waits, and until when. */
struct wait {
    struct pollfd *wanted; /* the real driver's */
    struct pollfd *actual; /* what libc is asked; same order */
    size_t count;
    int64_t end;       /* of the caller's patience; INT64_MAX: none */
    int64_t deadline;  /* the next of a session's; INT64_MAX: none */
    bool has_others;   /* descriptors that are not ours */
    bool is_in_memory; /* one of ours has bytes already */
    bool is_recv;      /* for recv() of the real driver, not for poll() */
    int broken;        /* errno that recv() ended with; 0: none */
    unsigned serial;   /* of the connection that is_recv waits for */
};

/* What the descriptor can do now, and what libc has to be asked for if that is nothing. */
static short look_at(struct wait *wait, struct descriptor *descriptor, short events,
                     struct pollfd *actual)
{
    struct hold hold;
    short ready = 0;
    *actual = (struct pollfd){.fd = -1};
    if (!hold_take(&hold, descriptor))
        return POLLERR | POLLHUP;
    const struct session_wants *wants = &descriptor->wants;
    if ((events & READS) == 0 || !session_is_readable(descriptor->session))
        descriptor_go_on(descriptor, false);
    enum session_stream down = session_down(descriptor->session);
    bool is_ended = down == SESSION_STREAM_ENDED || down == SESSION_STREAM_BROKEN;
    if (session_is_readable(descriptor->session) || descriptor->is_read_shut) {
        ready |= events & READS;
        wait->is_in_memory = wait->is_in_memory || ready != 0;
    }
    if (is_ended || descriptor->is_read_shut)
        ready |= events & POLLRDHUP;
    if (is_ended && (events & READS) == 0 && !session_queued(descriptor->session))
        ready |= POLLHUP;
    if (wants->driver_read || descriptor->is_write_shut || wants->is_over)
        ready |= events & WRITES;
    if (wants->deadline != 0 && wants->deadline < wait->deadline)
        wait->deadline = wants->deadline;
    actual->events = network_events(wants);
    if (!descriptor_can_receive(descriptor))
        actual->events &= ~POLLIN;
    if (descriptor->has_server && actual->events != 0)
        actual->fd = descriptor->number;
    hold_release(&hold);
    return ready;
}

/* Returns how many of ours are ready, with revents set. */
static int look_at_all(struct wait *wait)
{
    int ready = 0;
    wait->deadline = INT64_MAX;
    wait->has_others = wait->is_in_memory = false;
    for (size_t i = 0; i < wait->count; i++) {
        struct pollfd *wanted = &wait->wanted[i];
        struct descriptor *descriptor = descriptor_find(wanted->fd);
        if (descriptor == NULL) {
            wait->has_others = wait->has_others || wanted->fd >= 0;
            wait->actual[i] = *wanted;
            wanted->revents = 0;
            continue;
        }
        wanted->revents = look_at(wait, descriptor, wanted->events, &wait->actual[i]);
        ready += wanted->revents != 0;
    }
    return ready;
}

/* What libc found on the others, and for ours to go on with. Returns how many of all are ready. */
static int take_results(struct wait *wait)
{
    int ready = 0;
    int64_t now = wait->deadline != INT64_MAX ? clock_monotonic() : 0;
    for (size_t i = 0; i < wait->count; i++) {
        struct hold hold;
        short found = wait->actual[i].revents;
        struct descriptor *descriptor = descriptor_find(wait->wanted[i].fd);
        if (descriptor == NULL) {
            wait->wanted[i].revents = found;
        } else if ((found != 0 || now >= wait->deadline) && hold_take(&hold, descriptor)) {
            if (wait->broken != 0 && descriptor_serial(descriptor) == wait->serial)
                session_server_ended(descriptor->session, wait->broken);
            descriptor_go_on(descriptor, (found & ~POLLOUT) != 0);
            if (found != 0)
                session_turned(descriptor->session);
            hold_release(&hold);
        }
        ready += wait->wanted[i].revents != 0;
    }
    return ready;
}

/* A real driver whose poll() fails takes the query for over, and the answer that is still to come
 * for the next one's: the sessions end instead. */
static int fail_all(struct wait *wait, int reason)
{
    struct error error = {0};
    error_set_system(&error, ODBCSSL_ERROR_SYSTEM, reason, "poll failed");
    for (size_t i = 0; i < wait->count; i++) {
        struct hold hold;
        struct descriptor *descriptor = descriptor_find(wait->wanted[i].fd);
        if (descriptor == NULL || !hold_take(&hold, descriptor))
            continue;
        session_refuse(descriptor->session, &error);
        descriptor_go_on(descriptor, false);
        hold_release(&hold);
    }
    int ready = look_at_all(wait);
    errno = reason;
    return ready > 0 ? ready : -1;
}

/* After a signal whose handler has SA_RESTART the kernel begins recv() again, without a time-out,
 * and poll() never: who calls recv() waits in it where nothing else is to be waited for. What it
 * fails with it tells only once. */
static int wait_in_kernel(struct wait *wait, int patience)
{
    struct pollfd *only = wait->actual;
    if (!wait->is_recv || patience >= 0 || only->fd < 0 || only->events != POLLIN)
        return poll(wait->actual, wait->count, patience);
    ssize_t got = recv(only->fd, &(char){0}, 1, MSG_PEEK);
    if (got < 0 && errno == EINTR)
        return -1;
    if (got < 0 && errno == EAGAIN) /* another thread has just made it one that does not wait */
        return poll(wait->actual, wait->count, patience);
    wait->broken = got < 0 ? errno : 0;
    only->revents = POLLIN;
    return 1;
}

/* Bytes in memory are told at once: the others get their turn when they are read. Whatever else is
 * ready does not keep the others from being looked at. */
static int wait_until_ready(struct wait *wait)
{
    for (;;) {
        int ready = look_at_all(wait);
        if (ready > 0 && (wait->is_in_memory || !wait->has_others))
            return ready;
        int64_t end = wait->end < wait->deadline ? wait->end : wait->deadline;
        int patience = ready > 0 ? 0 : end == INT64_MAX ? -1 : clock_left(end);
        if (wait_in_kernel(wait, patience) < 0)
            return errno == EINTR ? -1 : fail_all(wait, errno);
        ready = take_results(wait);
        if (ready > 0)
            return ready;
        if (wait->end != INT64_MAX && clock_left(wait->end) == 0)
            return look_at_all(wait);
    }
}

/* A descriptor of ours that this thread is counted in. */
struct place {
    struct descriptor *descriptor;
    unsigned serial;
};

/* What a thread that is cancelled in its wait has to give back. */
struct places {
    struct place *items;
    struct pollfd *actual;
    size_t count;
    bool is_large; /* both are from the heap */
};

/* Before they are looked at: from then on nobody else takes what comes. */
static void take_places(const struct places *places, const struct pollfd *polled)
{
    for (size_t i = 0; i < places->count; i++) {
        struct descriptor *descriptor = descriptor_find(polled[i].fd);
        places->items[i] = (struct place){descriptor, 0};
        if (descriptor != NULL)
            places->items[i].serial = descriptor_begin_wait(descriptor);
    }
}

static void leave_places(void *argument)
{
    const struct places *places = argument;
    for (size_t i = 0; i < places->count; i++)
        if (places->items[i].descriptor != NULL)
            descriptor_end_wait(places->items[i].descriptor, places->items[i].serial);
    if (places->is_large) {
        free(places->actual);
        free(places->items);
    }
}

static int wait_for(struct pollfd *polled, size_t count, int milliseconds, bool is_recv)
{
    struct pollfd actual[ON_STACK];
    struct place few[ON_STACK];
    struct places places = {few, actual, count, count > ON_STACK};
    if (places.is_large) {
        places.items = calloc(count, sizeof *places.items);
        places.actual = calloc(count, sizeof *places.actual);
        if (places.items == NULL || places.actual == NULL) {
            free(places.items);
            free(places.actual);
            errno = ENOMEM;
            return -1;
        }
    }
    struct wait wait = {
        .wanted = polled,
        .actual = places.actual,
        .count = count,
        .end = milliseconds >= 0 ? clock_monotonic() + milliseconds : INT64_MAX,
        .is_recv = is_recv,
    };
    int result, reason;
    take_places(&places, polled);
    wait.serial = is_recv ? places.items[0].serial : 0;
    pthread_cleanup_push(leave_places, &places);
    result = wait_until_ready(&wait);
    reason = errno;
    pthread_cleanup_pop(true);
    errno = reason;
    return result;
}

int wait_for_all(struct pollfd *polled, size_t count, int milliseconds)
{
    return wait_for(polled, count, milliseconds, false);
}

int wait_for_descriptor(struct descriptor *descriptor, short events, int milliseconds)
{
    struct pollfd polled = {.fd = descriptor->number, .events = events};
    int result = wait_for(&polled, 1, milliseconds > 0 ? milliseconds : -1, events == POLLIN);
    if (result == 0)
        errno = EAGAIN;
    return result > 0 ? 0 : -1;
}
