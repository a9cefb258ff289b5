/* log.c - the file of SslTrace: each layer writes its steps there, a line each. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
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
    log->descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
    if (log->descriptor < 0) {
        error_set_system(error, ODBCSSL_ERROR_FILE_UNREADABLE, errno,
                         "SslTrace=%s: the file cannot be written", path);
        free(log);
        return NULL;
    }
    return log;
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
    ssize_t written = write(log->descriptor, line, used);
    (void)written; /* a full disk must not disturb the connection */
}

void log_close(struct log **log)
{
    if (*log == NULL)
        return;
    close((*log)->descriptor);
    free(*log);
    *log = NULL;
}
