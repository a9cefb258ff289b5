#include "base/guard.h"

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
