/*
 * fault_library_internal.h - what the functions of fault_calls.c ask of fault_library.c.
 */
#ifndef TESTS_FAULT_LIBRARY_INTERNAL_H
#define TESTS_FAULT_LIBRARY_INTERNAL_H

#include "faults/fault_library.h"

/* What is to happen to this call; FAULT_NONE: what libc does. */
enum fault_manner judge(enum fault_call call, const void *caller);

/* The same for calls that can do nothing less than was asked: true with errno. */
bool fails(enum fault_call call, const void *caller, int reason);

/* What was allocated, and is freed. */
void *note(void *memory, size_t size, const void *caller);
void forget(const void *memory);

/* What others left in memory, from an offset on, is not what odbcssl gives back later. */
void cover_remains(void *memory, size_t from, const void *caller);

/* Memory that odbcssl gives back may be anybody's next. */
void look_for_secrets(const void *memory, const void *caller);

#endif
