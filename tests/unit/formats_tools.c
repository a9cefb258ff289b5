/* formats_tools.c - runs openssl, keytool and other tools that make files. */
#include "unit/formats_tools.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/suite.h"

#define COMMAND_SIZE 4096

bool tools_have(const char *program)
{
    char command[256];
    static char reason[256];
    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", program);
    if (system(command) == 0)
        return true;
    snprintf(reason, sizeof reason, "%s is not installed", program);
    suite_skip(reason);
    return false;
}

bool tools_can_load(void)
{
    if (SUITE_IS_SANITIZED)
        suite_skip("a driver with sanitizers cannot be loaded by other programs");
    return !SUITE_IS_SANITIZED;
}

/* The tools must not load the sanitizers' or the test's own settings. */
static void compose(char *command, size_t size, const char *directory, const char *tail,
                    const char *format, va_list arguments)
{
    int used = snprintf(command, size, "cd '%s' && { ", directory);
    used += vsnprintf(command + used, size - (size_t)used, format, arguments);
    snprintf(command + used, size - (size_t)used, " ; } %s", tail);
}

bool tools_run(const char *directory, const char *format, ...)
{
    char command[COMMAND_SIZE];
    va_list arguments;
    va_start(arguments, format);
    compose(command, sizeof command, directory, ">tool.log 2>&1 </dev/null", format, arguments);
    va_end(arguments);
    return system(command) == 0;
}

bool tools_output(const char *directory, char *out, size_t size, const char *format, ...)
{
    char command[COMMAND_SIZE];
    va_list arguments;
    va_start(arguments, format);
    compose(command, sizeof command, directory, "2>/dev/null </dev/null", format, arguments);
    va_end(arguments);
    FILE *stream = popen(command, "r");
    if (stream == NULL)
        return false;
    size_t got = fread(out, 1, size - 1, stream);
    out[got] = '\0';
    return pclose(stream) == 0;
}

unsigned char *tools_read(const char *directory, const char *name, size_t *size_out)
{
    char path[COMMAND_SIZE];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    unsigned char *bytes = malloc((size_t)size + 1);
    *size_out = bytes != NULL ? fread(bytes, 1, (size_t)size, file) : 0;
    if (bytes != NULL)
        bytes[*size_out] = '\0';
    fclose(file);
    return bytes;
}
