/*
 * error.h - why something failed, as a message for the person who reads it.
 *
 * The first cause wins: setting an error that is already set does nothing, so the place nearest to
 * the cause speaks, and callers may add a general error without losing the specific one.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "odbcssl.h"

/* UTF-8, NUL-terminated. Longer texts are cut at a character boundary. */
#define ERROR_TEXT_SIZE 1600

struct error {
    enum odbcssl_error code; /* ODBCSSL_ERROR_NONE: nothing failed */
    char text[ERROR_TEXT_SIZE];
};

/* Several errors in the order in which they are to be told; used for warnings. */
#define ERROR_LIST_SIZE 12

struct error_list {
    size_t count;
    struct error items[ERROR_LIST_SIZE];
};

/* Also makes a variable ready that was not initialized: an error is large, and zeroing it whole
 * costs more than what most calls do that fail once in a million times. error may be NULL: then
 * none is set. */
void error_clear(struct error *error);
bool error_is_set(const struct error *error);

/* Sets the error unless one is set. error may be NULL. Returns false, as these all do: a refusal is
 * one statement. */
bool error_set(struct error *error, enum odbcssl_error code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, for functions that take a format themselves. */
void error_set_arguments(struct error *error, enum odbcssl_error code, const char *format,
                         va_list arguments);

/* The same, with ": " and the text of errno value system_error behind it. */
bool error_set_system(struct error *error, enum odbcssl_error code, int system_error,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Copies from into to, unless to is set. */
void error_copy(struct error *to, const struct error *from);

/* Out of memory, with the one message for it. */
bool error_set_memory(struct error *error);

/* Adds to the list; when it is full, the last one is dropped. */
void error_list_add(struct error_list *list, enum odbcssl_error code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The SQLSTATE of errors.def and warnings.def. Never NULL. */
const char *error_sqlstate(enum odbcssl_error code);

/* Text from outside (a certificate's name, a server's message) for use in an error: characters that
 * could make it look like something else - controls, separators of lines, what is invisible or
 * changes the direction of writing - become \uXXXX, bytes that are not UTF-8 \xXX, and it is cut to
 * size. Returns out. */
const char *error_printable(const void *text, size_t length, char *out, size_t out_size);

#endif
