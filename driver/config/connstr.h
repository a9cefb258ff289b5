/*
 * connstr.h - ODBC connection strings: an ordered list of keywords and values.
 *
 * Syntax: ODBC reference, SQLDriverConnect, "Comments": keyword=value pairs with ';' between them;
 * a value may stand in braces, where '}' is written '}}'. Keywords are case-insensitive, blanks
 * around keywords and around values outside braces do not count, except those of a password (PWD).
 */
#ifndef CONFIG_CONNSTR_H
#define CONFIG_CONNSTR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* Where a pair was written: some drivers decode or trim what stands in one place and not in
 * another. In the order of what counts first. */
enum connstr_origin {
    CONNSTR_PLAIN,          /* in a connection string, without braces */
    CONNSTR_BRACED,         /* in a connection string, in braces */
    CONNSTR_ARGUMENT,       /* an argument of a function: exactly this text */
    CONNSTR_DATA_SOURCE,    /* odbc.ini */
    CONNSTR_DRIVER_SECTION, /* odbcinst.ini */
    CONNSTR_SERVER_ENTRY,   /* freetds.conf */
};

struct connstr_pair {
    char *keyword; /* as it was written, trimmed */
    char *value;   /* without braces */
    enum connstr_origin origin;
};

/* All zeroes is an empty list. */
struct connstr {
    struct connstr_pair *pairs;
    size_t count;
    bool is_failed; /* memory was out once: something is missing, and it cannot be formatted */
};

/* Parses length bytes, behind which there is a NUL. false: error names what is malformed and where;
 * list is then empty, and may be freed. Passwords are never quoted in the error. */
bool connstr_parse(const char *text, size_t length, struct connstr *list, struct error *error);

/* Which of several pairs with one keyword counts: the driver manager and the ODBC reference
 * disagree; odbcssl takes the first, and DSN and DRIVER exclude each other, whichever comes first.
 */
const char *connstr_get(const struct connstr *list, const char *keyword);
bool connstr_has(const struct connstr *list, const char *keyword);

/* The first pair with the keyword, also one that is excluded; NULL when there is none. */
struct connstr_pair *connstr_find(const struct connstr *list, const char *keyword);

/* false: out of memory, and is_failed says so from then on: who appends several pairs need look at
 * it once. set replaces the value of the keyword where it stands first and removes its duplicates,
 * or appends. remove takes every pair with the keyword away; keyword is not one of the list's own
 * strings. */
bool connstr_set(struct connstr *list, const char *keyword, const char *value);
bool connstr_append(struct connstr *list, const char *keyword, const char *value);
bool connstr_append_pair(struct connstr *list, const char *keyword, const char *value,
                         enum connstr_origin origin);
void connstr_remove(struct connstr *list, const char *keyword);

/* A new string "A=b;C={d;}}}" with braces where the value needs them, was written in them or was an
 * argument; the caller frees it with text_free_secret. NULL: out of memory, now or before. */
char *connstr_format(const struct connstr *list);

/* Appends a value in braces, with '}' doubled. false: out of memory. */
bool connstr_append_braced(struct buffer *buffer, const char *value);

/* Wipes the values. */
void connstr_free(struct connstr *list);

#endif
