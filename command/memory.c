/* memory.c - a command without memory has nothing to go back to: it says so and ends. */
#include "command/memory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"

/* Each block leads to the one before it: so checkers of leaks see that none is lost. */
struct block {
    struct block *former;
    max_align_t content[];
};

void memory_check(bool is_good)
{
    if (is_good)
        return;
    fprintf(stderr, "odbcssl: out of memory\n");
    exit(COMMAND_FAILED);
}

void *memory_clear(size_t size)
{
    static struct block *last;
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    struct block *block = calloc(1, sizeof *block + size);
    memory_check(block != NULL);
    pthread_mutex_lock(&lock);
    block->former = last;
    last = block;
    pthread_mutex_unlock(&lock);
    return block->content;
}

char *memory_copy(const char *text)
{
    return text != NULL ? memory_format("%s", text) : NULL;
}

char *memory_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = memory_format_arguments(format, arguments);
    va_end(arguments);
    return text;
}

char *memory_format_arguments(const char *format, va_list arguments)
{
    va_list measured;
    va_copy(measured, arguments);
    int length = vsnprintf(NULL, 0, format, measured);
    va_end(measured);
    memory_check(length >= 0);
    char *text = memory_clear((size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

void *memory_grow(void *items, size_t count, size_t item_size)
{
    if ((count & (count - 1)) != 0) /* full at each power of two */
        return items;
    void *grown = memory_clear((count > 0 ? 2 * count : 1) * item_size);
    return count > 0 ? memcpy(grown, items, count * item_size) : grown;
}
