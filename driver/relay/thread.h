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

bool thread_start(pthread_t *thread_out, void *(*run)(void *), void *argument, struct error *error);

/* false when it has not ended by the deadline (clock_monotonic()); it then stays joinable. */
bool thread_join(pthread_t thread, int64_t deadline);

#endif
