/* fork_beside.c - forks while other threads are at work. */
#include "support/fork_beside.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/suite.h"

#define THREADS 4
#define CHILDREN 60
#define CHILD_SECONDS 30 /* then it has hung */

struct work {
    bool (*beside)(void);
    atomic_bool is_over;
    atomic_uint done;
};

static void *act_again(void *argument)
{
    struct work *work = argument;
    while (!atomic_load(&work->is_over)) {
        work->beside();
        atomic_fetch_add(&work->done, 1);
    }
    return NULL;
}

static bool has_succeeded(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool fork_beside(bool (*beside)(void), bool (*in_child)(void))
{
    struct work work = {.beside = beside};
    pthread_t threads[THREADS];
    bool is_good = true;
    if (SUITE_IS_SANITIZED) {
        suite_skip(
            "a sanitizer's own allocator keeps its locks in a child that is forked beside threads");
        return true;
    }
    for (int i = 0; i < THREADS; i++)
        is_good = pthread_create(&threads[i], NULL, act_again, &work) == 0 && is_good;
    while (atomic_load(&work.done) < THREADS)
        sched_yield();
    for (int i = 0; i < CHILDREN && is_good; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(CHILD_SECONDS);
            _exit(in_child() ? 0 : 1);
        }
        is_good = has_succeeded(child);
    }
    atomic_store(&work.is_over, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return is_good;
}
