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
 * bytes, without terminator. out may be NULL: then only the length is told. */
enum strings_outcome { STRINGS_COPIED, STRINGS_CUT, STRINGS_NO_MEMORY };
enum strings_outcome strings_give(enum flavour flavour, const char *text, void *out, size_t size,
                                  size_t *length_out);

/* Bytes of a character of the flavour. */
static inline size_t strings_unit(enum flavour flavour)
{
    return flavour == FLAVOUR_WIDE ? sizeof(SQLWCHAR) : sizeof(SQLCHAR);
}

#endif
