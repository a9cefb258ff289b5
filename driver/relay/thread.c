#include "relay/thread.h"

#include <limits.h>
#include <signal.h>

#define STACK_SIZE ((size_t)512 * 1024)

bool thread_start(pthread_t *thread_out, void *(*run)(void *), void *argument, struct error *error)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    int result = pthread_attr_init(&attributes);
    if (result == 0) {
        pthread_attr_setstacksize(&attributes, STACK_SIZE + (size_t)PTHREAD_STACK_MIN);
        /* A new thread inherits the mask, so no signal can reach it before it could block them. */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        result = pthread_create(thread_out, &attributes, run, argument);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        pthread_attr_destroy(&attributes);
    }
    if (result != 0) {
        error_set_system(error, ODBCSSL_ERROR_SYSTEM, result, "the relay's thread cannot start");
        return false;
    }
    pthread_setname_np(*thread_out, "odbcssl-relay");
    return true;
}

bool thread_join(pthread_t thread, int64_t deadline)
{
    struct timespec until = {deadline / 1000, deadline % 1000 * 1000000};
    return pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until) == 0;
}
