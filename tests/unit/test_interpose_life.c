/*
 * test_interpose_life.c - interposed calls among descriptors, threads, signals, forks and jumps.
 */
#include "interpose/descriptors.h"
#include "interpose_rig.h"
#include "support/suite.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 300

/* --- several descriptors --- */

CASE("waits for other descriptors, too")
{
    int number = rig_start(false);
    int event = eventfd(0, EFD_CLOEXEC);
    struct pollfd both[] = {{.fd = number, .events = POLLIN},
                            {.fd = event, .events = POLLIN},
                            {.fd = -1, .events = POLLIN}};
    CHECK_NUMBER(rig.caller->poll(both, 3, 0), 0);
    CHECK_NUMBER(eventfd_write(event, 1), 0);
    CHECK_NUMBER(rig.caller->poll(both, 3, -1), 1);
    CHECK_NUMBER(both[0].revents, 0);
    CHECK_NUMBER(both[1].revents, POLLIN);
    /* A writable session does not hide it. */
    both[0].events = POLLIN | POLLOUT;
    CHECK_NUMBER(rig.caller->poll(both, 3, -1), 2);
    CHECK_NUMBER(both[0].revents, POLLOUT);
    CHECK_NUMBER(both[1].revents, POLLIN);
    eventfd_read(event, &(eventfd_t){0});
    both[0].events = POLLIN;
    CHECK(rig_request(number, REQUEST_SEND, 5));
    CHECK_NUMBER(rig.caller->poll(both, 3, -1), 1);
    CHECK_NUMBER(both[0].revents, POLLIN);
    CHECK_NUMBER(both[1].revents, 0);
    close(event);
    rig_end(number);
}

/* A cancel: a second session beside the main one, to the same server. */
CASE("carries a second session")
{
    unsigned before = atomic_load(&rig.connections);
    int number = rig_start(true);
    int second = rig_connect(true);
    CHECK_FATAL(second >= 0);
    CHECK(rig_request(second, REQUEST_SEND, 10));
    CHECK(rig_request(number, REQUEST_SEND, 20));
    CHECK(rig_receive_pattern(second, 10, 0));
    CHECK(rig_receive_pattern(number, 20, 0));
    CHECK(atomic_load(&rig.connections) >= before + 2);
    CHECK_NUMBER(rig.caller->close(second), 0);
    CHECK(rig_request(number, REQUEST_SEND, 5));
    CHECK(rig_receive_pattern(number, 5, 0));
    rig_end(number);
}

/* Who asks to cancel writes and closes at once, though the handshake is still to come. */
CASE("delivers what a second session wrote before it closed")
{
    int number = rig_start(true);
    CHECK(rig_request(number, REQUEST_SEND, 1));
    CHECK(rig_receive_pattern(number, 1, 0));
    unsigned bytes = atomic_load(&rig.bytes), ends = atomic_load(&rig.clean_ends);
    atomic_store(&rig.gives_no_tickets, true);
    int second = rig_connect(true);
    CHECK_FATAL(second >= 0);
    CHECK(rig_request(second, REQUEST_SEND, 0));
    CHECK_NUMBER(rig.caller->close(second), 0);
    CHECK(rig_wait(&rig.clean_ends, ends + 1));
    CHECK_NUMBER(atomic_load(&rig.bytes), bytes + 9);
    atomic_store(&rig.gives_no_tickets, false);
    rig_end(number);
}

/* --- signals --- */

static volatile sig_atomic_t signals;
static sigjmp_buf jump;

static void on_alarm(int signal)
{
    (void)signal;
    signals++;
}

static void on_alarm_jump(int signal)
{
    (void)signal;
    siglongjmp(jump, 1);
}

static void set_handler(void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigaction(SIGALRM, &action, NULL);
}

static struct waiter {
    int number;
    atomic_int thread; /* 0: not there yet */
    atomic_bool is_held, may_go;
} waiter;

/* In the middle of its poll(). */
static void on_alarm_hold(int signal)
{
    (void)signal;
    atomic_store(&waiter.is_held, true);
    while (!atomic_load(&waiter.may_go))
        ;
}

static void *wait_for_bytes(void *argument)
{
    struct pollfd polled = {.fd = waiter.number, .events = POLLIN};
    (void)argument;
    guard_enter(&rig.guard);
    atomic_store(&waiter.thread, (int)gettid());
    rig.caller->poll(&polled, 1, -1);
    return NULL;
}

/* Bytes that another one takes off the socket would not end a poll() that has begun. */
CASE("what a thread waits for is left to it")
{
    pthread_t thread;
    char byte;
    waiter.number = rig_start(false);
    /* The signal is to find the thread in poll(), not at work on the handshake. */
    CHECK(rig_request(waiter.number, REQUEST_SEND, 10));
    CHECK(rig_receive_pattern(waiter.number, 10, 0));
    set_handler(on_alarm_hold, 0);
    CHECK_FATAL(pthread_create(&thread, NULL, wait_for_bytes, NULL) == 0);
    while (atomic_load(&waiter.thread) == 0 || !rig_is_waiting(atomic_load(&waiter.thread)))
        sched_yield();
    pthread_kill(thread, SIGALRM);
    while (!atomic_load(&waiter.is_held))
        sched_yield();
    struct pollfd polled = {.fd = waiter.number, .events = POLLIN};
    CHECK(rig_request(waiter.number, REQUEST_SEND, 40));
    CHECK_NUMBER(poll(&polled, 1, 60000), 1);
    interposition_look(rig.interposition);
    CHECK_NUMBER(recv(waiter.number, &byte, 1, MSG_PEEK | MSG_DONTWAIT), 1);
    atomic_store(&waiter.may_go, true);
    pthread_join(thread, NULL);
    CHECK(rig_receive_pattern(waiter.number, 40, 0));
    rig_end(waiter.number);
}

/* dup3() of the code under test: interrupted so many times. */
static int interruptions;

int __real_dup3(int from, int to, int flags);
int __wrap_dup3(int from, int to, int flags);

int __wrap_dup3(int from, int to, int flags)
{
    if (interruptions == 0)
        return __real_dup3(from, to, flags);
    interruptions--;
    errno = EINTR;
    return -1;
}

CASE("a signal while the server's socket takes the number")
{
    interruptions = 2;
    int number = rig_start(true);
    CHECK_NUMBER(interruptions, 0);
    CHECK(rig_request(number, REQUEST_SEND, 10));
    CHECK(rig_receive_pattern(number, 10, 0));
    rig_end(number);
}

struct interrupter {
    pthread_t thread, target;
    pid_t target_id;
    int number;
    enum request request;
    bool is_asked;
};

static void *interrupt(void *argument)
{
    const struct interrupter *interrupter = argument;
    while (!rig_is_waiting(interrupter->target_id))
        poll(NULL, 0, 1);
    pthread_kill(interrupter->target, SIGALRM);
    return NULL;
}

static void start_interrupter(struct interrupter *interrupter, void *(*run)(void *argument))
{
    interrupter->target = pthread_self();
    interrupter->target_id = (pid_t)gettid();
    CHECK_FATAL(pthread_create(&interrupter->thread, NULL, run, interrupter) == 0);
}

/* SIGALRM for this thread, once it waits in a call. */
static void interrupt_when_waiting(struct interrupter *interrupter)
{
    start_interrupter(interrupter, interrupt);
}

/* Waiting is interrupted as libc's is, and nothing is lost by it. */
CASE("waits that signals interrupt")
{
    struct interrupter interrupter;
    int number = rig_start(true);
    struct pollfd polled = {.fd = number, .events = POLLIN};
    /* Until nothing more of the handshake is on its way. */
    CHECK(rig_request(number, REQUEST_SEND, 10));
    CHECK(rig_receive_pattern(number, 10, 0));
    set_handler(on_alarm, 0);
    interrupt_when_waiting(&interrupter);
    errno = 0;
    CHECK_NUMBER(rig.caller->recv(number, &(char){0}, 1, 0), -1);
    CHECK_NUMBER(errno, EINTR);
    pthread_join(interrupter.thread, NULL);
    set_handler(on_alarm, SA_RESTART);
    interrupt_when_waiting(&interrupter);
    errno = 0;
    CHECK_NUMBER(rig.caller->poll(&polled, 1, -1), -1);
    CHECK_NUMBER(errno, EINTR);
    pthread_join(interrupter.thread, NULL);
    CHECK(rig_request(number, REQUEST_SEND, 10));
    CHECK(rig_receive_pattern(number, 10, 0));
    rig_end(number);
}

/* Not yet delivered to the thread. The handler is not asked: the thread sanitizer runs it when the
 * call is over. */
static bool is_pending(pid_t thread, int signal)
{
    char line[128];
    unsigned long long pending = 0;
    FILE *file = fopen(suite_text("/proc/self/task/%ld/status", (long)thread), "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "SigPnd: %llx", &pending) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return (pending >> (signal - 1) & 1) != 0;
}

/* Once it has interrupted the call, asks for what that waits for. */
static void *interrupt_and_ask(void *argument)
{
    struct interrupter *interrupter = argument;
    interrupt(argument);
    while (is_pending(interrupter->target_id, SIGALRM))
        sched_yield();
    interrupter->is_asked = rig_request(interrupter->number, interrupter->request, 10);
    return NULL;
}

/* As libc's: the driver hears nothing of the signal, and of an end what it was. */
CASE("a wait that goes on behind a signal with SA_RESTART")
{
    static const enum request requests[] = {REQUEST_SEND, REQUEST_RESET};
    set_handler(on_alarm, SA_RESTART);
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        struct interrupter interrupter = {.number = rig_start(true), .request = requests[i]};
        struct error error = {0};
        char bytes[10];
        CHECK(rig_request(interrupter.number, REQUEST_SEND, 10));
        CHECK(rig_receive_pattern(interrupter.number, 10, 0));
        start_interrupter(&interrupter, interrupt_and_ask);
        bool is_reset = requests[i] == REQUEST_RESET;
        ssize_t got = rig.caller->recv(interrupter.number, bytes, sizeof bytes, 0);
        int reason = errno;
        pthread_join(interrupter.thread, NULL);
        CHECK(interrupter.is_asked);
        CHECK_NUMBER(got, is_reset ? -1 : 10);
        CHECK(!is_reset || reason == ECONNRESET);
        session_record_is_alive(interposition_record(rig.interposition), &error);
        CHECK_CONTAINS(error.text, is_reset ? "Connection reset" : "");
        rig_end(interrupter.number);
    }
}

static bool receive_again(int number, size_t size)
{
    for (size_t done = 0; done < size;) {
        unsigned char bytes[4096];
        ssize_t got = rig.caller->recv(number, bytes,
                                       size - done < sizeof bytes ? size - done : sizeof bytes, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        for (size_t i = 0; i < (size_t)got; i++)
            if (bytes[i] != rig_pattern(done + i))
                return false;
        done += (size_t)got;
    }
    return true;
}

CASE("a signal every millisecond")
{
    struct itimerval timer = {{0, 1000}, {0, 1000}}, none = {{0, 0}, {0, 0}};
    int number = rig_start(true);
    set_handler(on_alarm, 0);
    setitimer(ITIMER_REAL, &timer, NULL);
    signals = 0;
    for (int i = 0; i < ROUNDS || signals < 50; i++) {
        CHECK_FATAL(rig_request(number, REQUEST_SEND, 60000));
        CHECK_FATAL(receive_again(number, 60000));
    }
    setitimer(ITIMER_REAL, &none, NULL);
    rig_end(number);
}

/* A handler that jumps out of a call that waits: no lock is held, and nothing is lost. */
CASE("a jump out of a call")
{
    static struct interrupter interrupter;
    int number = rig_start(true);
    set_handler(on_alarm_jump, 0);
    for (volatile int i = 0; i < 20; i++) {
        struct pollfd polled = {.fd = number, .events = POLLIN};
        CHECK(rig_request(number, REQUEST_SEND, 100));
        CHECK(rig_receive_pattern(number, 100, 0));
        interrupt_when_waiting(&interrupter);
        if (sigsetjmp(jump, 1) == 0) {
            if (i % 2 == 0)
                rig.caller->recv(number, &(char){0}, 1, 0);
            else
                rig.caller->poll(&polled, 1, -1);
            CHECK(false);
        }
        pthread_join(interrupter.thread, NULL);
    }
    CHECK(rig_request(number, REQUEST_END, 0));
    CHECK(rig_notices_end());
    rig_end(number);
    number = rig_start(true);
    CHECK(!descriptor_is_awaited(descriptor_find(number)));
    rig_end(number);
}

/* --- forks --- */

static int exit_code(pid_t child)
{
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What a child is to be able to do: nothing to its parent's session, and connect for itself. */
static int be_child(int number)
{
    char byte;
    struct pollfd polled = {.fd = number, .events = POLLIN | POLLOUT};
    if (rig.caller->send(number, "x", 1, MSG_NOSIGNAL) >= 0 ||
        rig.caller->recv(number, &byte, 1, 0) >= 0 || rig.caller->poll(&polled, 1, -1) != 1)
        return 1;
    if (rig.caller->close(number) != 0 || fcntl(number, F_GETFD) != -1)
        return 2;
    interposition_close(&rig.interposition);
    rig_open(INTERPOSITION_INTERNET);
    int own = rig_connect(true);
    if (own < 0 || !rig_request(own, REQUEST_SEND, 10) || !rig_receive_pattern(own, 10, 0))
        return 3;
    rig.caller->close(own);
    rig_close();
    return 0;
}

CASE("a child that forgets, and connects for itself")
{
    int number = rig_start(true);
    CHECK(rig_request(number, REQUEST_SEND, 10));
    CHECK(rig_receive_pattern(number, 10, 0));
    unsigned bytes = atomic_load(&rig.bytes), ends = atomic_load(&rig.clean_ends);
    pid_t child = rig_fork();
    if (child == 0)
        _exit(be_child(number));
    CHECK_NUMBER(exit_code(child), 0);
    /* Of the child's own session, and of nothing else. */
    CHECK(rig_wait(&rig.clean_ends, ends + 1));
    CHECK_NUMBER(atomic_load(&rig.bytes), bytes + 9);
    CHECK(rig_request(number, REQUEST_SEND, 20));
    CHECK(rig_receive_pattern(number, 20, 0));
    rig_end(number);
}

/* In a child of a process one of whose threads waits: its own connection gets the number. */
static int be_child_of_waiter(int number)
{
    while (dup(number) < number)
        ;
    rig.caller->close(number);
    rig_close();
    rig_open(INTERPOSITION_INTERNET);
    int own = rig_connect(true);
    if (own != number || descriptor_is_awaited(descriptor_find(own)))
        return 1;
    bool is_good = rig_request(own, REQUEST_SEND, 10) && rig_receive_pattern(own, 10, 0) &&
                   rig_request(own, REQUEST_END, 0) && rig_notices_end();
    rig.caller->close(own);
    rig_close();
    return is_good ? 0 : 2;
}

CASE("a child that is forked while a thread waits")
{
    pthread_t thread;
    waiter.number = rig_start(false);
    atomic_store(&waiter.thread, 0);
    CHECK(rig_request(waiter.number, REQUEST_SEND, 10));
    CHECK(rig_receive_pattern(waiter.number, 10, 0));
    CHECK_FATAL(pthread_create(&thread, NULL, wait_for_bytes, NULL) == 0);
    while (atomic_load(&waiter.thread) == 0 || !rig_is_waiting(atomic_load(&waiter.thread)))
        sched_yield();
    pid_t child = rig_fork();
    if (child == 0)
        _exit(be_child_of_waiter(waiter.number));
    CHECK_NUMBER(exit_code(child), 0);
    CHECK(rig_request(waiter.number, REQUEST_SEND, 20));
    pthread_join(thread, NULL);
    CHECK(rig_receive_pattern(waiter.number, 20, 0));
    rig_end(waiter.number);
}

/* Only the descriptor goes, also when the connection is closed as a whole. */
CASE("a child that closes")
{
    int number = rig_start(true);
    CHECK(rig_request(number, REQUEST_SEND, 1));
    CHECK(rig_receive_pattern(number, 1, 0));
    unsigned ends = atomic_load(&rig.clean_ends);
    pid_t child = rig_fork();
    if (child == 0) {
        rig_close();
        _exit(fcntl(number, F_GETFD) == -1 ? 0 : 1);
    }
    CHECK_NUMBER(exit_code(child), 0);
    CHECK_NUMBER(atomic_load(&rig.clean_ends), ends);
    CHECK(rig_request(number, REQUEST_SEND, 20));
    CHECK(rig_receive_pattern(number, 20, 0));
    rig_end(number);
}

/* --- the end of the process --- */

static bool is_child, is_looking; /* the child's own destructors have run */

__attribute__((destructor(101))) static void look(void)
{
    is_looking = is_child;
}

int asn1_delete_structure(void **structure);

/* In place of libtasn1's: from here on only GnuTLS calls it, to free what a thread in a handshake
 * may need. */
__attribute__((visibility("default"))) int asn1_delete_structure(void **structure)
{
    static int (*_Atomic original)(void **structure);
    if (is_looking)
        _exit(2);
    if (original == NULL)
        original = (int (*)(void **))dlsym(RTLD_NEXT, "asn1_delete_structure");
    return original(structure);
}

/* In a child, as the end of this one would be too late to look at. */
CASE("the end of the process")
{
    if (RIG_IS_ADDRESS_SANITIZED) {
        suite_skip("AddressSanitizer takes what the parent's threads hold for leaks of the child");
        return;
    }
    unsigned ends = atomic_load(&rig.clean_ends);
    pid_t child = rig_fork();
    if (child == 0) {
        is_child = true;
        int number = rig_start(true);
        bool is_good = rig_request(number, REQUEST_SEND, 1) && rig_receive_pattern(number, 1, 0);
        exit(is_good ? 0 : 1);
    }
    CHECK_NUMBER(exit_code(child), 0);
    CHECK(rig_wait(&rig.clean_ends, ends + 1));
}

SUITE("life", NULL, rig_remove)
