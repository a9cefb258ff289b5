/*
 * failing_memory.c - the allocating functions of the C library, in whose place the linker puts
 * these (--wrap).
 */
#include "support/failing_memory.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum stage { STAGE_WHOLE, STAGE_ONE, STAGE_ALL };

static struct {
    enum stage stage;
    unsigned long nth, calls;
    bool is_first, was_out;
} rounds;

static _Thread_local bool is_armed;

void memory_begin(void)
{
    rounds.stage = STAGE_WHOLE;
    rounds.is_first = true;
}

bool memory_next(void)
{
    is_armed = false;
    if (rounds.is_first) {
        rounds.is_first = false;
    } else if (rounds.stage == STAGE_WHOLE || (rounds.stage == STAGE_ONE && !rounds.was_out)) {
        rounds.stage++;
        rounds.nth = 1;
    } else if (rounds.was_out) {
        rounds.nth++;
    } else {
        return false;
    }
    rounds.calls = 0;
    rounds.was_out = false;
    return true;
}

void memory_arm(void)
{
    is_armed = true;
}

void memory_disarm(void)
{
    is_armed = false;
}

bool memory_was_out(void)
{
    return rounds.was_out;
}

const char *memory_round(void)
{
    static char text[80];
    snprintf(text, sizeof text, "allocation %lu%s", rounds.stage == STAGE_WHOLE ? 0 : rounds.nth,
             rounds.stage == STAGE_ALL ? " and all that follow" : "");
    return text;
}

static bool fails(void)
{
    if (!is_armed || rounds.stage == STAGE_WHOLE)
        return false;
    rounds.calls++;
    bool is_out =
        rounds.stage == STAGE_ONE ? rounds.calls == rounds.nth : rounds.calls >= rounds.nth;
    if (is_out)
        errno = ENOMEM;
    rounds.was_out |= is_out;
    return is_out;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t limit);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t limit);
int __wrap_asprintf(char **out, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap___asprintf_chk(char **out, int flag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t limit)
{
    return fails() ? NULL : __real_strndup(text, limit);
}

static int print(char **out, const char *format, va_list arguments)
{
    return fails() ? -1 : vasprintf(out, format, arguments);
}

int __wrap_asprintf(char **out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = print(out, format, arguments);
    va_end(arguments);
    return length;
}

/* What asprintf is called where _FORTIFY_SOURCE is set. */
int __wrap___asprintf_chk(char **out, int flag, const char *format, ...)
{
    va_list arguments;
    (void)flag;
    va_start(arguments, format);
    int length = print(out, format, arguments);
    va_end(arguments);
    return length;
}
