/*
 * keys.h - the keywords of odbcssl as a table made from keys.def, their aliases, and what values
 * they take.
 */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "config/connstr.h"

enum key_kind {
    KEY_WORD, /* one of a few words */
    KEY_NUMBER,
    KEY_DRIVER, /* a section of odbcinst.ini, or a library's path */
    KEY_FILE,
    KEY_FILE_OR_SYSTEM, /* or the word "system" */
    KEY_FILE_OR_PKCS11, /* or a URI "pkcs11:..." */
    KEY_DIRECTORY,
    KEY_TEXT,
    KEY_SECRET /* never shown */
};

/* Index of each keyword in keys: KEY_INDEX_SslMode ... */
enum key_index {
#define WORD_KEY(name, field, words, fallback, environment, help) KEY_INDEX_##name,
#define NUMBER_KEY(name, field, largest, fallback, environment, help) KEY_INDEX_##name,
#define TEXT_KEY(name, field, kind, fallback, environment, file, help) KEY_INDEX_##name,
#include "base/keys.def"
    KEY_COUNT
};

struct key_word {
    const char *word; /* NULL ends a table */
    int value;
    bool is_hidden; /* accepted, but not offered */
};

struct key {
    const char *name;
    enum key_kind kind;
    const struct key_word *words; /* of KEY_WORD */
    unsigned long largest;        /* of KEY_NUMBER */
    const char *default_text;     /* NULL: none */
    const char *environment;      /* libpq's variable; NULL: none */
    const char *default_file;     /* libpq's, below the home directory; NULL: none */
    const char *help;             /* one or two sentences */
};

extern const struct key keys[KEY_COUNT];

/* Another name of a keyword. */
struct key_alias {
    const char *name;
    enum key_index key;
};

extern const struct key_alias key_aliases[];
extern const size_t key_alias_count;

/* The keyword itself; NULL for aliases and for what is not ours. */
const struct key *key_find(const char *name);

/* Ours: a keyword, an alias, Encrypt or TrustServerCertificate. */
bool key_is_ours(const char *name);

/* Whether one of the keywords says the mode: SslMode, Encrypt, TrustServerCertificate. */
bool key_sets_mode(const struct connstr *pairs);

/* The driver manager's own: in data sources and in drivers' sections; in drivers' sections only. */
bool key_is_of_manager(const char *name);
bool key_is_of_manager_driver(const char *name);

/* Refuses a name that begins with Ssl and is not ours, with advice or the nearest keyword. source,
 * here and below: where it was written, for errors: "odbc.ini [warehouse]". */
bool key_check_name(const char *name, const char *source, struct error *error);

/* Checks a value: a word must be known, a number small enough, a path absolute. An empty text
 * stands for none. *number_out gets the number, or the value of the word; it may be NULL. */
bool key_check_value(const struct key *key, const char *value, const char *source, int *number_out,
                     struct error *error);

/* "SslCrl=/path (odbc.ini [w])" for errors, without the value of a secret; returns out. keyword:
 * the key's name, or the alias that was written. key NULL: the value is shown. */
#define KEY_DESCRIPTION_SIZE 500
const char *key_describe(const struct key *key, const char *keyword, const char *value,
                         const char *source, char *out, size_t out_size);

/* Looks a word up, with any case and with '_' for '-'. NULL when it is not in the table. */
const struct key_word *key_find_word(const struct key_word *words, const char *text);

/* "disable, allow, prefer": the words that are not hidden; returns out. */
const char *key_list_words(const struct key_word *words, char *out, size_t out_size);

/* A new copy of a checked value as tls/ expects it: "system" and "pkcs11:" in lower case. NULL: out
 * of memory. */
char *key_copy_value(const struct key *key, const char *value);

#endif
