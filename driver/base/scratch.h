/*
 * scratch.h - large storage for the time of one call. It is the kernel's, not the heap's: a call
 * that takes 40 KB or more, makes something small that stays and gives the 40 KB back would leave a
 * hole of that size for each connection.
 */
#ifndef BASE_SCRATCH_H
#define BASE_SCRATCH_H

#include <stddef.h>

/* size bytes, all zeroes, of which only those that are touched cost anything; NULL: out of memory.
 * Free with scratch_free and the same size, which takes NULL, too. */
void *scratch_new(size_t size);
void scratch_free(void *scratch, size_t size);

#endif
