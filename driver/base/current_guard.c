/*
 * current_guard.c - a thread's own note of the ODBC call it is in: set by odbc/ around the real
 * driver's function, read by interpose/ in the midst of it.
 */
#include "base/current_guard.h"

static _Thread_local struct guard *current;

struct guard **guard_place(void)
{
    return &current;
}

struct guard *guard_enter(struct guard *guard)
{
    struct guard **place = guard_place(), *outer = *place;
    *place = guard;
    return outer;
}

void guard_leave(struct guard *outer)
{
    *guard_place() = outer;
}
