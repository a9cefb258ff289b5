/* progress.c - a thread that writes a line every second while a step of check or fetch waits. */
#include "command/progress.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "command/memory.h"

struct progress {
    const char *doing;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool has_ended;
};

static void *run(void *argument)
{
    struct progress *progress = argument;
    struct timespec next;
    unsigned seconds = 0;
    clock_gettime(CLOCK_REALTIME, &next);
    pthread_mutex_lock(&progress->lock);
    while (!progress->has_ended) {
        next.tv_sec++;
        while (!progress->has_ended &&
               pthread_cond_timedwait(&progress->ended, &progress->lock, &next) == 0)
            ;
        if (!progress->has_ended)
            fprintf(stderr, "\r  ...   %s, %u s", progress->doing, ++seconds);
    }
    if (seconds > 0)
        fprintf(stderr, "\r\033[K");
    pthread_mutex_unlock(&progress->lock);
    return NULL;
}

struct progress *progress_start(const char *doing)
{
    if (!isatty(STDERR_FILENO))
        return NULL;
    struct progress *progress = memory_clear(sizeof *progress);
    progress->doing = doing;
    pthread_mutex_init(&progress->lock, NULL);
    pthread_cond_init(&progress->ended, NULL);
    if (pthread_create(&progress->thread, NULL, run, progress) == 0)
        return progress;
    return NULL;
}

void progress_stop(struct progress **progress_address)
{
    struct progress *progress = *progress_address;
    *progress_address = NULL;
    if (progress == NULL)
        return;
    pthread_mutex_lock(&progress->lock);
    progress->has_ended = true;
    pthread_cond_signal(&progress->ended);
    pthread_mutex_unlock(&progress->lock);
    pthread_join(progress->thread, NULL);
    pthread_cond_destroy(&progress->ended);
    pthread_mutex_destroy(&progress->lock);
}
