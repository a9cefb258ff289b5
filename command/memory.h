/*
 * memory.h - allocation that does not fail, and is never freed: the command is a process of its
 * own, so it may end with a message where the driver must not, and what it holds goes with it.
 * Secrets do not belong here: nothing is wiped.
 */
#ifndef COMMAND_MEMORY_H
#define COMMAND_MEMORY_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Ends here unless an allocation elsewhere was good. */
void memory_check(bool is_good);

char *memory_copy(const char *text); /* NULL stays NULL */
char *memory_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *memory_format_arguments(const char *format, va_list arguments);
void *memory_clear(size_t size);

/* Room for one more item behind count, in steps that do not cost much. */
void *memory_grow(void *items, size_t count, size_t item_size);

#endif
