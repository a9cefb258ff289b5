/* private_odbc.c - odbcinst.ini and odbc.ini in a temporary directory. */
#include "support/private_odbc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATH_SIZE 256

static char directory[PATH_SIZE / 2];
static char drivers[PATH_SIZE];
static char sources[PATH_SIZE];

bool private_odbc_make(void)
{
    const char *parent = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%.80s/odbcssl-odbc-XXXXXX",
             parent != NULL ? parent : "/tmp");
    if (mkdtemp(directory) == NULL)
        return false;
    snprintf(drivers, sizeof drivers, "%s/odbcinst.ini", directory);
    snprintf(sources, sizeof sources, "%s/odbc.ini", directory);
    return setenv("ODBCSYSINI", directory, 1) == 0 && setenv("ODBCINI", sources, 1) == 0 &&
           unsetenv("ODBCINSTINI") == 0;
}

static bool append(const char *path, const char *format, va_list arguments)
{
    FILE *file = fopen(path, "ae");
    if (file == NULL)
        return false;
    bool is_written = vfprintf(file, format, arguments) >= 0;
    return fclose(file) == 0 && is_written;
}

bool private_odbc_add_drivers(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool is_done = append(drivers, format, arguments);
    va_end(arguments);
    return is_done;
}

bool private_odbc_add_sources(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool is_done = append(sources, format, arguments);
    va_end(arguments);
    return is_done;
}

void private_odbc_remove(void)
{
    unlink(drivers);
    unlink(sources);
    rmdir(directory);
}
