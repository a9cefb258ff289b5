/* fake_wide.c - the wide functions of the fake real driver. */
#define CHARACTER SQLWCHAR
#define NAME(function) function##W
#include "support/fake_texts.h"

static char *read_text(const SQLWCHAR *text, SQLINTEGER length)
{
    SQLINTEGER count = 0;
    while (length == SQL_NTS ? text[count] != 0 : count < length)
        count++;
    char *out = calloc(1, (size_t)count + 1);
    for (SQLINTEGER i = 0; i < count; i++)
        out[i] = text[i] < 0x80 ? (char)text[i] : '?';
    return out;
}

static SQLSMALLINT write_text(const char *text, SQLWCHAR *out, size_t size)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < size && i <= length; i++)
        out[i] = i == length || i + 1 == size ? 0 : (unsigned char)text[i];
    return (SQLSMALLINT)length;
}
