/*
 * test_interpose_threads.c - interposed calls of several threads: side by side, on one descriptor,
 * cancelled, and woken by each other.
 */
#include "interpose/descriptors.h"
#include "interpose_rig.h"
#include "support/suite.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 300

struct reader {
    int number;
    size_t size;
    bool is_good;
};

static void *read_all(void *argument)
{
    struct reader *reader = argument;
    guard_enter(&rig.guard);
    reader->is_good = rig_receive_pattern(reader->number, reader->size, 0);
    return NULL;
}

/* One fetches, another one sends on the same descriptor, as FreeTDS does to cancel. */
CASE("two threads on one descriptor")
{
    pthread_t thread;
    int number = rig_start(false);
    struct reader reader = {.number = number, .size = 4000 + 3 * ROUNDS};
    CHECK(rig_request(number, REQUEST_SEND, reader.size));
    CHECK_FATAL(pthread_create(&thread, NULL, read_all, &reader) == 0);
    for (int i = 0; i < ROUNDS; i++)
        CHECK(rig_request(number, REQUEST_TICKET, 0));
    pthread_join(thread, NULL);
    CHECK(reader.is_good);
    rig_end(number);
}

static void *exchange(void *argument)
{
    struct reader *reader = argument;
    guard_enter(&rig.guard);
    reader->number = rig_connect(reader->size % 2 == 0);
    reader->is_good = reader->number >= 0;
    for (int i = 0; i < 20 && reader->is_good; i++)
        reader->is_good = rig_request(reader->number, REQUEST_SEND, reader->size) &&
                          rig_receive_pattern(reader->number, reader->size, 0);
    reader->is_good = reader->is_good && rig.caller->close(reader->number) == 0;
    return NULL;
}

CASE("a session for each of eight threads")
{
    pthread_t threads[8];
    struct reader readers[8];
    rig_open(INTERPOSITION_INTERNET);
    for (size_t i = 0; i < 8; i++) {
        readers[i] = (struct reader){.size = 1000 * i + i};
        CHECK_FATAL(pthread_create(&threads[i], NULL, exchange, &readers[i]) == 0);
    }
    for (size_t i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        CHECK(readers[i].is_good);
    }
    rig_close();
}

/* More descriptors than have room on the stack, where size says so. */
static void *wait_for_ever(void *argument)
{
    struct reader *reader = argument;
    struct pollfd polled[40];
    char byte;
    guard_enter(&rig.guard);
    for (size_t i = 0; i < 40; i++)
        polled[i] = (struct pollfd){.fd = i == 0 ? reader->number : -1, .events = POLLIN};
    if (reader->size > 0)
        rig.caller->poll(polled, reader->size, -1);
    else
        rig.caller->recv(reader->number, &byte, 1, 0);
    return NULL;
}

/* A thread that is cancelled in a call leaves no lock held, and is not waited for. */
CASE("a thread that is cancelled")
{
    pthread_t thread;
    if (RIG_IS_ADDRESS_SANITIZED) {
        suite_skip("AddressSanitizer takes the stack of a cancelled thread for one in use");
        return;
    }
    int number = rig_start(true);
    struct reader reader = {.number = number};
    for (int i = 0; i < 20; i++) {
        void *result = NULL;
        reader.size = i % 4 < 2 ? 0 : 40;
        CHECK_FATAL(pthread_create(&thread, NULL, wait_for_ever, &reader) == 0);
        if (i % 2 == 0)
            poll(NULL, 0, 1);
        CHECK(pthread_cancel(thread) == 0);
        pthread_join(thread, &result);
        CHECK(result == PTHREAD_CANCELED);
        CHECK(!descriptor_is_awaited(descriptor_find(number)));
        CHECK(rig_request(number, REQUEST_SEND, 10));
        CHECK(rig_receive_pattern(number, 10, 0));
    }
    CHECK(rig_request(number, REQUEST_END, 0));
    CHECK(rig_notices_end());
    rig_end(number);
}

/* A thread that is in a call, and what the call returned. */
struct sleeper {
    pthread_t thread;
    int number;
    atomic_int id; /* 0: not there yet */
    bool is_polling;
    ssize_t result;
};

static void *sleep_in_call(void *argument)
{
    struct sleeper *sleeper = argument;
    struct pollfd polled = {.fd = sleeper->number, .events = POLLIN};
    guard_enter(&rig.guard);
    atomic_store(&sleeper->id, (int)gettid());
    sleeper->result = sleeper->is_polling ? rig.caller->poll(&polled, 1, -1)
                                          : rig.caller->recv(sleeper->number, &(char){0}, 1, 0);
    return NULL;
}

static void check_shutdown(int how, bool is_polling)
{
    static struct sleeper sleeper;
    struct timespec until;
    sleeper = (struct sleeper){.number = rig_start(true), .is_polling = is_polling};
    CHECK(rig_request(sleeper.number, REQUEST_SEND, 10));
    CHECK(rig_receive_pattern(sleeper.number, 10, 0));
    CHECK_FATAL(pthread_create(&sleeper.thread, NULL, sleep_in_call, &sleeper) == 0);
    while (atomic_load(&sleeper.id) == 0 || !rig_is_waiting(atomic_load(&sleeper.id)))
        sched_yield();
    CHECK_NUMBER(rig.caller->shutdown(sleeper.number, how), 0);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    bool is_awake = pthread_timedjoin_np(sleeper.thread, NULL, &until) == 0;
    CHECK_FATAL(is_awake);
    CHECK_NUMBER(sleeper.result, is_polling ? 1 : 0);
    CHECK_NUMBER(rig.caller->recv(sleeper.number, &(char){0}, 1, 0), 0);
    if (how == SHUT_RD) {
        /* And can still be written to. */
        unsigned bytes = atomic_load(&rig.bytes);
        struct pollfd polled = {.fd = sleeper.number, .events = POLLOUT};
        CHECK(rig_request(sleeper.number, REQUEST_TAKE, 0));
        interposition_look(rig.interposition);
        CHECK_NUMBER(rig.caller->poll(&polled, 1, 0), 1);
        CHECK_NUMBER(polled.revents, POLLOUT);
        CHECK(rig_request(sleeper.number, REQUEST_TAKE, 0));
        CHECK(rig_wait(&rig.bytes, bytes + 18));
    }
    rig_end(sleeper.number);
}

CASE("a thread that waits while another one shuts the descriptor")
{
    for (int i = 0; i < 2; i++) {
        check_shutdown(SHUT_RD, i == 0);
        check_shutdown(SHUT_RDWR, i == 0);
    }
}

/* Shut both ways before the handshake has begun: a request to cancel is delivered all the same. */
CASE("delivers what a second session wrote before it was shut")
{
    int number = rig_start(true);
    CHECK(rig_request(number, REQUEST_SEND, 1));
    CHECK(rig_receive_pattern(number, 1, 0));
    unsigned bytes = atomic_load(&rig.bytes);
    atomic_store(&rig.gives_no_tickets, true);
    int second = rig_connect(true);
    CHECK_FATAL(second >= 0);
    CHECK(rig_request(second, REQUEST_SEND, 0));
    CHECK_NUMBER(rig.caller->shutdown(second, SHUT_RDWR), 0);
    CHECK_NUMBER(rig.caller->close(second), 0);
    CHECK(rig_wait(&rig.bytes, bytes + 9));
    atomic_store(&rig.gives_no_tickets, false);
    rig_end(number);
}

SUITE("threads", NULL, NULL)
