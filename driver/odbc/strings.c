/*
 * strings.c - the application's texts in and out: lengths in bytes or characters, terminators, cut
 * texts. One form for both libraries inside.
 */
#include "odbc/strings.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static char *take_ansi(const char *text, SQLINTEGER length, size_t *length_out)
{
    size_t size = length == SQL_NTS ? strlen(text) : (size_t)length;
    char *copy = malloc(size + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, size);
    copy[size] = '\0';
    *length_out = size;
    return copy;
}

char *strings_take(enum flavour flavour, const void *text, SQLINTEGER length, size_t *length_out)
{
    if (text == NULL || (length < 0 && length != SQL_NTS))
        return take_ansi("", 0, length_out);
    if (flavour == FLAVOUR_ANSI)
        return take_ansi(text, length, length_out);
    size_t units = length == SQL_NTS ? text_utf16_length(text) : (size_t)length;
    return text_to_utf8(text, units, length_out);
}

/* Records can be given when memory is out. */
#define UNITS_ON_STACK 512

static enum strings_outcome give_wide(const char *text, void *out, size_t size, size_t *length_out)
{
    uint16_t on_stack[UNITS_ON_STACK];
    size_t length = strlen(text);
    uint16_t *wide = length < UNITS_ON_STACK ? on_stack : malloc((length + 1) * sizeof *wide);
    if (wide == NULL)
        return STRINGS_NO_MEMORY;
    size_t units = text_convert_utf16(text, length, wide);
    *length_out = units * sizeof *wide;
    bool is_whole = out == NULL || text_copy_utf16(wide, out, size / sizeof *wide);
    text_wipe(wide, units * sizeof *wide); /* a connection string may hold a password */
    if (wide != on_stack)
        free(wide);
    return is_whole ? STRINGS_COPIED : STRINGS_CUT;
}

enum strings_outcome strings_give(enum flavour flavour, const char *text, void *out, size_t size,
                                  size_t *length_out)
{
    if (flavour == FLAVOUR_WIDE)
        return give_wide(text, out, size, length_out);
    *length_out = strlen(text);
    return out == NULL || text_copy_utf8(text, out, size) ? STRINGS_COPIED : STRINGS_CUT;
}

enum strings_outcome strings_answer(enum flavour flavour, const char *text, size_t unit,
                                    const struct answer *answer)
{
    size_t length, size = answer->size > 0 ? (size_t)answer->size * unit : 0;
    enum strings_outcome outcome = strings_give(flavour, text, answer->value, size, &length);
    if (outcome != STRINGS_NO_MEMORY && answer->length != NULL)
        *answer->length = (SQLSMALLINT)(length / unit);
    return outcome;
}

SQLRETURN strings_answer_bytes(const void *bytes, size_t size, const struct answer *answer)
{
    if (answer->value != NULL)
        memcpy(answer->value, bytes, size);
    if (answer->length != NULL)
        *answer->length = (SQLSMALLINT)size;
    return SQL_SUCCESS;
}
