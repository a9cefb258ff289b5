/* memory.c - a command without memory has nothing to go back to: it says so and ends. */
#include "command/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"

void memory_check(bool is_good)
{
    if (is_good)
        return;
    fprintf(stderr, "odbcssl: out of memory\n");
    exit(COMMAND_FAILED);
}

static void *check(void *pointer)
{
    memory_check(pointer != NULL);
    return pointer;
}

char *memory_copy(const char *text)
{
    return text != NULL ? check(strdup(text)) : NULL;
}

char *memory_format(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    return check(text);
}

void *memory_clear(size_t size)
{
    return check(calloc(1, size));
}

void *memory_grow(void *items, size_t count, size_t item_size)
{
    if ((count & (count - 1)) != 0) /* full at each power of two */
        return items;
    return check(realloc(items, (count > 0 ? 2 * count : 1) * item_size));
}
