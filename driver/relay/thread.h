/*
 * thread.h - a thread in a process that is not ours: no signal is delivered to it, its stack is
 * modest, and joining it has a deadline.
 */
#ifndef RELAY_THREAD_H
#define RELAY_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct thread {
    pthread_t id;
    pthread_mutex_t mutex;
    pthread_cond_t finished;
    bool is_finished; /* run has returned */
    void (*run)(void *argument);
    void (*abandoned)(void *argument); /* NULL: somebody joins it */
    void *argument;
};

/* wanted: how many threads are needed from here on, for the error. false with error set; nothing is
 * then left to free. */
bool thread_start(struct thread *thread, void (*run)(void *argument), void *argument,
                  unsigned wanted, struct error *error);

/* Joins and frees. false when it has not ended by the deadline (clock_monotonic()): it then goes
 * on, and thread has to stay. */
bool thread_join(struct thread *thread, int64_t deadline);

/* Nobody waits for it any more: when run has returned, or if it has already, thread is freed, and
 * then destroy is called with run's argument, which may free the memory that thread stands in. */
void thread_abandon(struct thread *thread, void (*destroy)(void *argument));

#endif
