/*
 * thread.c - starts and joins threads as a guest: signals blocked, stacks sized by what the process
 * really needs.
 */
#include "relay/thread.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>

#include "base/limits.h"

/* What our own functions and GnuTLS need. */
#define STACK_SIZE ((size_t)512 * 1024)

static void destroy(struct thread *thread)
{
    pthread_mutex_destroy(&thread->mutex);
    pthread_cond_destroy(&thread->finished);
}

static void *run_thread(void *argument)
{
    struct thread *thread = argument;
    thread->run(thread->argument);
    pthread_mutex_lock(&thread->mutex);
    void (*abandoned)(void *) = thread->abandoned;
    thread->is_finished = true;
    pthread_cond_signal(&thread->finished);
    pthread_mutex_unlock(&thread->mutex);
    if (abandoned != NULL) {
        destroy(thread);
        abandoned(thread->argument);
    }
    return NULL;
}

static int create_with(struct thread *thread, size_t stack)
{
    /* glibc takes a program's static thread-local storage, which may be megabytes, out of the stack
     * that was asked for, and says nowhere in public how large it is. */
    size_t (*minimum)(const pthread_attr_t *) = NULL;
    void *address = dlsym(RTLD_DEFAULT, "__pthread_get_minstack");
    pthread_attr_t attributes;
    int result = pthread_attr_init(&attributes);
    if (result != 0)
        return result;
    memcpy(&minimum, &address, sizeof minimum);
    size_t reserved = minimum != NULL ? minimum(&attributes) : (size_t)PTHREAD_STACK_MIN;
    if (stack != 0)
        pthread_attr_setstacksize(&attributes, stack + reserved);
    result = pthread_create(&thread->id, &attributes, run_thread, thread);
    pthread_attr_destroy(&attributes);
    return result;
}

/* A new thread inherits the mask, so no signal can reach it before it could block them. Where our
 * stack is still too small, the system's default is what every thread of the program has. */
static int create(struct thread *thread)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = create_with(thread, STACK_SIZE);
    if (result == EINVAL)
        result = create_with(thread, 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

bool thread_start(struct thread *thread, void (*run)(void *argument), void *argument,
                  unsigned wanted, struct error *error)
{
    pthread_condattr_t attributes;
    *thread = (struct thread){.run = run, .argument = argument};
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&thread->finished, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&thread->mutex, NULL);
    int result = create(thread);
    if (result != 0) {
        destroy(thread);
        limits_set_threads(error, ODBCSSL_ERROR_SYSTEM, result, wanted,
                           "the relay's thread cannot start");
        return false;
    }
    pthread_setname_np(thread->id, "odbcssl-relay");
    return true;
}

bool thread_join(struct thread *thread, int64_t deadline)
{
    struct timespec until = {deadline / 1000, deadline % 1000 * 1000000};
    int result = 0;
    pthread_mutex_lock(&thread->mutex);
    while (!thread->is_finished && result == 0)
        result = pthread_cond_timedwait(&thread->finished, &thread->mutex, &until);
    bool is_finished = thread->is_finished;
    pthread_mutex_unlock(&thread->mutex);
    if (!is_finished)
        return false;
    pthread_join(thread->id, NULL);
    destroy(thread);
    return true;
}

void thread_abandon(struct thread *thread, void (*abandoned)(void *argument))
{
    pthread_t id = thread->id;
    pthread_mutex_lock(&thread->mutex);
    bool is_finished = thread->is_finished;
    thread->abandoned = abandoned;
    pthread_mutex_unlock(&thread->mutex);
    /* From here on a thread that goes on may have freed everything. */
    if (!is_finished) {
        pthread_detach(id);
        return;
    }
    pthread_join(id, NULL);
    destroy(thread);
    abandoned(thread->argument);
}
