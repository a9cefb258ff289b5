/* fork.c - counts the forks between this process and the one that loaded us. */
#include "base/fork.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_uint generation = 1;

static void enter_child(void)
{
    atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
}

static void watch(void)
{
    pthread_atfork(NULL, NULL, enter_child);
}

unsigned fork_generation(void)
{
    pthread_once(&once, watch);
    return atomic_load_explicit(&generation, memory_order_relaxed);
}

bool fork_is_inherited(unsigned made_in)
{
    return made_in != atomic_load_explicit(&generation, memory_order_relaxed);
}
