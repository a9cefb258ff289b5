/*
 * failing_memory.h - lets one allocation after the other fail, of what is linked into the test
 * itself: odbcssl's own, not those within GnuTLS and libc. For programs that are linked with
 * $(FAILING_MEMORY_LINK).
 *
 *      for (memory_begin(); memory_next();) {
 *          memory_arm();
 *          is_good = work();
 *          memory_disarm();
 *          ... memory_was_out(): one of its allocations failed
 *      }
 *
 * The first round has memory; then the first allocation fails, the second, and so on; then, from
 * the first on, the second on, all of them. It ends when a round wants fewer than that.
 */
#ifndef TESTS_FAILING_MEMORY_H
#define TESTS_FAILING_MEMORY_H

#include <stdbool.h>

void memory_begin(void);
bool memory_next(void);

/* Between them, in this thread; may be said several times in a round. */
void memory_arm(void);
void memory_disarm(void);

bool memory_was_out(void);

/* "allocation 5", "allocation 5 and all that follow"; valid until the next call. */
const char *memory_round(void);

#endif
