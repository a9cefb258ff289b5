/* log.c - what the server tells the tests: a line for each event. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/tds_server/server.h"

#define LINE_SIZE 2048

static int log_descriptor = -1;

bool log_start(const char *path)
{
    log_descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return log_descriptor >= 0;
}

void log_event(const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;
    if (log_descriptor < 0)
        return;
    int used = snprintf(line, sizeof line, "%d ", (int)getpid());
    va_start(arguments, format);
    vsnprintf(line + used, sizeof line - (size_t)used - 1, format, arguments);
    va_end(arguments);
    for (char *character = line; *character != '\0'; character++)
        if (*character == '\n' || *character == '\r')
            *character = ' ';
    strcat(line, "\n");
    if (write(log_descriptor, line, strlen(line)) < 0)
        log_descriptor = -1;
}
