/* running.c - a list of relays under a lock, and the handler at exit that ends them. */
#include "relay/running.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fork.h"

#define EXIT_MILLISECONDS 5000

/* One accepts, one carries. */
#define RELAY_THREADS 2

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct running_entry *first;
static bool is_process_ending;

static void lock(void)
{
    pthread_mutex_lock(&mutex);
}

static void unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

/* A forked child has none of the threads. */
static void forget(void)
{
    first = NULL;
    pthread_mutex_init(&mutex, NULL);
}

static void stop_all(void)
{
    int64_t deadline = clock_monotonic() + EXIT_MILLISECONDS;
    lock();
    is_process_ending = true;
    for (struct running_entry *entry = first; entry != NULL; entry = entry->next)
        entry->stop(entry);
    for (struct running_entry *entry = first; entry != NULL; entry = entry->next)
        entry->is_joined = entry->join(entry, deadline);
    for (struct running_entry *entry = first; entry != NULL; entry = entry->next)
        entry->end(entry);
    unlock();
}

static void set_up(void)
{
    atexit(stop_all);
    fork_guard(lock, unlock, forget);
}

static void list(struct running_entry *entry)
{
    entry->next = first;
    entry->previous = NULL;
    if (first != NULL)
        first->previous = entry;
    first = entry;
    entry->is_listed = true;
}

static void unlist(struct running_entry *entry)
{
    if (!entry->is_listed)
        return;
    if (entry->previous != NULL)
        entry->previous->next = entry->next;
    else
        first = entry->next;
    if (entry->next != NULL)
        entry->next->previous = entry->previous;
    entry->is_listed = false;
}

bool running_start(struct running_entry *entry, struct thread *thread, void (*run)(void *argument),
                   void *argument, struct error *error)
{
    pthread_once(&once, set_up);
    lock();
    bool is_started = false;
    if (is_process_ending)
        error_set(error, ODBCSSL_ERROR_SYSTEM,
                  "the process is ending: nothing can connect any more");
    else
        is_started = thread_start(thread, run, argument, RELAY_THREADS, error);
    if (is_started)
        list(entry);
    unlock();
    return is_started;
}

bool running_stop(struct running_entry *entry, int64_t deadline)
{
    lock();
    unlist(entry);
    bool is_joined = entry->is_joined;
    unlock();
    if (is_joined)
        return true;
    entry->stop(entry);
    return entry->join(entry, deadline);
}
