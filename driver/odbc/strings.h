/*
 * strings.h - texts that come from and go to the application in its flavour. Inside they are UTF-8
 * (wide), or the application's bytes as they are (ANSI).
 */
#ifndef ODBC_STRINGS_H
#define ODBC_STRINGS_H

#include <sql.h>
#include <sqlext.h>
#include <stdbool.h>
#include <stddef.h>

#include "dispatch/driver.h"

/* A new NUL-terminated copy of an argument with its length in characters, or SQL_NTS; free it with
 * text_free_secret. A NULL argument is an empty text. NULL: out of memory. */
char *strings_take(enum flavour flavour, const void *text, SQLINTEGER length, size_t *length_out);

/* Writes text into a buffer of size bytes, terminator included; *length_out: the whole length in
 * bytes, without terminator. out may be NULL: then only the length is given. false: it was cut. */
bool strings_give(enum flavour flavour, const char *text, void *out, size_t size,
                  size_t *length_out);

/* A buffer of the application and the place for its answer's length, as ODBC's functions take them.
 */
struct answer {
    void *value; /* may be NULL, as length */
    SQLSMALLINT size;
    SQLSMALLINT *length;
};

/* Fills one; size and length count units of so many bytes: 1, or a character's. */
bool strings_answer(enum flavour flavour, const char *text, size_t unit,
                    const struct answer *answer);

/* The same with a number or handle of size bytes, for which the buffer is always large enough.
 * Returns SQL_SUCCESS. */
SQLRETURN strings_answer_bytes(const void *bytes, size_t size, const struct answer *answer);

/* Bytes of a character of the flavour. */
static inline size_t strings_unit(enum flavour flavour)
{
    return flavour == FLAVOUR_WIDE ? sizeof(SQLWCHAR) : sizeof(SQLCHAR);
}

#endif
