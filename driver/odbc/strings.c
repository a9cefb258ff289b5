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

/* Without memory of its own: records can be given when memory is out. */
bool strings_give(enum flavour flavour, const char *text, void *out, size_t size,
                  size_t *length_out)
{
    size_t unit = strings_unit(flavour), room = out != NULL ? size / unit : 0;
    *length_out = strlen(text);
    if (flavour == FLAVOUR_WIDE)
        *length_out = text_convert_utf16(text, *length_out, out, room) * unit;
    else
        text_copy_utf8(text, out, room);
    return out == NULL || *length_out / unit < room;
}

bool strings_answer(enum flavour flavour, const char *text, size_t unit,
                    const struct answer *answer)
{
    size_t length, size = answer->size > 0 ? (size_t)answer->size * unit : 0;
    bool is_whole = strings_give(flavour, text, answer->value, size, &length);
    if (answer->length != NULL)
        *answer->length = (SQLSMALLINT)(length / unit);
    return is_whole;
}

SQLRETURN strings_answer_bytes(const void *bytes, size_t size, const struct answer *answer)
{
    if (answer->value != NULL)
        memcpy(answer->value, bytes, size);
    if (answer->length != NULL)
        *answer->length = (SQLSMALLINT)size;
    return SQL_SUCCESS;
}
