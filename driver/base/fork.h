/*
 * fork.h - the one place that knows of forks: which process this is, and what happens to locks.
 *
 * A child that fork() made has its parent's memory and descriptors, but none of its threads.
 * Whatever must not be used there keeps the generation in which it was made. Told by
 * pthread_atfork, so asking is one read of memory: it stands in the way of every ODBC call. (A
 * child of vfork, posix_spawn or a bare clone runs no handlers; it may call nothing of ours before
 * it runs another program.)
 */
#ifndef BASE_FORK_H
#define BASE_FORK_H

#include <pthread.h>
#include <stdbool.h>

/* The generation of this process: another one in each child. Never 0. */
unsigned fork_generation(void);

/* Whether what was made in that generation belongs to a parent process. */
bool fork_is_inherited(unsigned generation);

/* The usual lock of a file, which a child must not inherit from a thread that it does not have,
 * guarded from its first use on: NAME_lock() and NAME_unlock(). (pthread_atfork fails only for want
 * of a few bytes; then a child is not told from its parent, as without us.) */
#define FORK_GUARDED_LOCK(name)                                                                    \
    static pthread_mutex_t name##_mutex = PTHREAD_MUTEX_INITIALIZER;                               \
    static pthread_once_t name##_once = PTHREAD_ONCE_INIT;                                         \
    static void name##_before_fork(void)                                                           \
    {                                                                                              \
        pthread_mutex_lock(&name##_mutex);                                                         \
    }                                                                                              \
    static void name##_unlock(void)                                                                \
    {                                                                                              \
        pthread_mutex_unlock(&name##_mutex);                                                       \
    }                                                                                              \
    static void name##_guard(void)                                                                 \
    {                                                                                              \
        pthread_atfork(name##_before_fork, name##_unlock, name##_unlock);                          \
    }                                                                                              \
    static void name##_lock(void)                                                                  \
    {                                                                                              \
        pthread_once(&name##_once, name##_guard);                                                  \
        pthread_mutex_lock(&name##_mutex);                                                         \
    }

#endif
