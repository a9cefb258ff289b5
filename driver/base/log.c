/* log.c - the file of SslTrace: each layer writes its steps there, a line each. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOG_LINE_SIZE 2048

struct log {
    int descriptor;
};

struct log *log_open(const char *path, struct error *error)
{
    if (path == NULL)
        return NULL;
    struct log *log = malloc(sizeof *log);
    if (log == NULL) {
        error_set_memory(error);
        return NULL;
    }
    /* O_NONBLOCK: it may be a FIFO, which nobody reads, or a stopped terminal. */
    log->descriptor =
        open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    if (log->descriptor < 0) {
        error_set_system(error, ODBCSSL_ERROR_FILE_UNREADABLE, errno,
                         "SslTrace=%s: the file cannot be written", path);
        free(log);
        return NULL;
    }
    return log;
}

/* A pipe that nobody reads any more (/dev/stderr may be one), or a file as large as the process may
 * make it, would end the process by a signal. */
static void write_line(int descriptor, const char *line, size_t size)
{
    static const struct timespec at_once = {0};
    sigset_t ending, pending, before;
    sigemptyset(&ending);
    sigaddset(&ending, SIGPIPE);
    sigaddset(&ending, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &ending, &before);
    sigpending(&pending);
    bool is_refused = write(descriptor, line, size) < 0 && (errno == EPIPE || errno == EFBIG);
    int raised = errno == EPIPE ? SIGPIPE : SIGXFSZ;
    if (is_refused && !sigismember(&pending, raised)) {
        sigemptyset(&ending);
        sigaddset(&ending, raised);
        sigtimedwait(&ending, NULL, &at_once);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* One write per line: O_APPEND keeps lines of several threads and processes whole. */
void log_write(struct log *log, const char *format, ...)
{
    if (log == NULL)
        return;
    char line[LOG_LINE_SIZE];
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    size_t used = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S", &parts);
    used += (size_t)snprintf(line + used, sizeof line - used, ".%03ldZ [%ld] ",
                             now.tv_nsec / 1000000, (long)getpid());
    va_list arguments;
    va_start(arguments, format);
    int added = vsnprintf(line + used, sizeof line - used - 1, format, arguments);
    va_end(arguments);
    if (added > 0)
        used += (size_t)added < sizeof line - used - 1 ? (size_t)added : sizeof line - used - 2;
    line[used++] = '\n';
    write_line(log->descriptor, line, used); /* a full disk must not disturb the connection */
}

void log_close(struct log **log)
{
    if (*log == NULL)
        return;
    close((*log)->descriptor);
    free(*log);
    *log = NULL;
}
