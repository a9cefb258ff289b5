/*
 * keys.c - the table of keywords made from keys.def, and whether a name and a value are ones of it.
 */
#include "config/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "base/text.h"

#define PKCS11_SCHEME "pkcs11:"
#define SYSTEM_WORD "system"
#define OUR_PREFIX "Ssl"

static const struct key_word mode_words[] = {
    {"disable", ODBCSSL_MODE_DISABLE, false},
    {"allow", ODBCSSL_MODE_ALLOW, false},
    {"prefer", ODBCSSL_MODE_PREFER, false},
    {"require", ODBCSSL_MODE_REQUIRE, false},
    {"verify-ca", ODBCSSL_MODE_VERIFY_CA, false},
    {"verify-full", ODBCSSL_MODE_VERIFY_FULL, false},
    {NULL, 0, false},
};

static const struct key_word crl_check_words[] = {
    {"chain", CRL_CHECK_CHAIN, false},
    {"leaf", CRL_CHECK_LEAF, false},
    {NULL, 0, false},
};

static const struct key_word boolean_words[] = {
    {"1", 1, false},    {"0", 0, false}, {"yes", 1, true}, {"no", 0, true},  {"true", 1, true},
    {"false", 0, true}, {"on", 1, true}, {"off", 0, true}, {NULL, 0, false},
};

static const struct key_word version_words[] = {
    {"TLSv1", TLS_VERSION_1_0, false},
    {"TLSv1.1", TLS_VERSION_1_1, false},
    {"TLSv1.2", TLS_VERSION_1_2, false},
    {"TLSv1.3", TLS_VERSION_1_3, false},
    {NULL, 0, false},
};

/* postgres is what libpq calls its own way. */
static const struct key_word negotiation_words[] = {
    {"starttls", TLS_NEGOTIATION_STARTTLS, false},
    {"direct", TLS_NEGOTIATION_DIRECT, false},
    {"postgres", TLS_NEGOTIATION_STARTTLS, true},
    {NULL, 0, false},
};

static const struct key_word protocol_words[] = {
    {"auto", DATABASE_PROTOCOL_AUTO, false},
#define DATABASE(name, word, its_proto, its_profile, libraries)                                    \
    {word, DATABASE_PROTOCOL_##name, false},
#include "base/databases.def"
    {"none", DATABASE_PROTOCOL_NONE, false},
    {NULL, 0, false},
};

static const struct key_word permission_words[] = {
    {"key", FILE_PERMISSIONS_KEY, false},
    {"strict", FILE_PERMISSIONS_STRICT, false},
    {NULL, 0, false},
};

static const struct key_word transport_words[] = {
    {"auto", TRANSPORT_AUTO, false},
    {"interpose", TRANSPORT_INTERPOSE, false},
    {"relay", TRANSPORT_RELAY, false},
    {NULL, 0, false},
};

const struct key keys[KEY_COUNT] = {
#define WORD_KEY(name, field, words, fallback, environment, help)                                  \
    {#name, KEY_WORD, words, 0, fallback, environment, NULL, help},
#define NUMBER_KEY(name, field, largest, fallback, environment, help)                              \
    {#name, KEY_NUMBER, NULL, largest, fallback, environment, NULL, help},
#define TEXT_KEY(name, field, kind, fallback, environment, file, help)                             \
    {#name, KEY_##kind, NULL, 0, fallback, environment, file, help},
#include "base/keys.def"
};

const struct key_alias key_aliases[] = {
#define ALIAS(alias, name) {#alias, KEY_INDEX_##name},
#include "config/aliases.def"
};

const size_t key_alias_count = sizeof key_aliases / sizeof key_aliases[0];

static const struct {
    const char *name;
    const char *advice;
} foreign_keys[] = {
#define FOREIGN(name, advice) {#name, advice},
#include "config/aliases.def"
};

/* Two keywords that together stand for SslMode and SslNegotiation (encrypt.h). */
static const char *const encrypt_names[] = {"Encrypt", "TrustServerCertificate"};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

const struct key *key_find(const char *name)
{
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (text_equal_nocase(keys[i].name, name))
            return &keys[i];
    return NULL;
}

bool key_is_ours(const char *name)
{
    for (size_t i = 0; i < key_alias_count; i++)
        if (text_equal_nocase(key_aliases[i].name, name))
            return true;
    for (size_t i = 0; i < COUNT(encrypt_names); i++)
        if (text_equal_nocase(encrypt_names[i], name))
            return true;
    return key_find(name) != NULL;
}

static char lower(char character)
{
    return character >= 'A' && character <= 'Z' ? (char)(character + 'a' - 'A') : character;
}

/* NULL when none is near enough to be what was meant. */
static const char *nearest_name(const char *name)
{
    const char *nearest = NULL;
    size_t least = strlen(name) / 3 + 1;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        size_t distance = text_distance(name, keys[i].name);
        if (distance < least) {
            least = distance;
            nearest = keys[i].name;
        }
    }
    return nearest;
}

bool key_check_name(const struct key_origin *origin, struct error *error)
{
    char printable[80];
    if (!text_has_prefix_nocase(origin->keyword, OUR_PREFIX) || key_is_ours(origin->keyword))
        return true;
    error_printable(origin->keyword, strlen(origin->keyword), printable, sizeof printable);
    for (size_t i = 0; i < COUNT(foreign_keys); i++)
        if (text_equal_nocase(foreign_keys[i].name, origin->keyword))
            error_set(error, ODBCSSL_ERROR_KEYWORD_UNKNOWN,
                      "the keyword %s (%s) has no effect under odbcssl; %s", printable,
                      origin->source, foreign_keys[i].advice);
    const char *nearest = nearest_name(origin->keyword);
    if (nearest != NULL)
        error_set(error, ODBCSSL_ERROR_KEYWORD_UNKNOWN,
                  "the keyword %s (%s) is not known; did you mean %s?", printable, origin->source,
                  nearest);
    return error_set(error, ODBCSSL_ERROR_KEYWORD_UNKNOWN,
                     "the keyword %s (%s) is not known; odbcssl(7) lists those that begin with %s",
                     printable, origin->source, OUR_PREFIX);
}

const char *key_describe(const struct key *key, const char *value, const struct key_origin *origin,
                         char *out, size_t out_size)
{
    char printable[300];
    bool is_secret = key != NULL && key->kind == KEY_SECRET;
    error_printable(value, strlen(value), printable, sizeof printable);
    snprintf(out, out_size, "%s=%s (%s)", origin->keyword, is_secret ? "..." : printable,
             origin->source);
    return out;
}

static bool is_same_letter(char a, char b)
{
    return lower(a) == lower(b) || (a == '-' && b == '_') || (a == '_' && b == '-');
}

static bool is_word(const char *word, const char *text)
{
    while (*word != '\0' && is_same_letter(*word, *text)) {
        word++;
        text++;
    }
    return *word == '\0' && *text == '\0';
}

const struct key_word *key_find_word(const struct key_word *words, const char *text)
{
    for (; words->word != NULL; words++)
        if (is_word(words->word, text))
            return words;
    return NULL;
}

const char *key_list_words(const struct key_word *words, char *out, size_t out_size)
{
    size_t used = 0;
    out[0] = '\0';
    for (; words->word != NULL; words++) {
        if (words->is_hidden || used >= out_size)
            continue;
        int added =
            snprintf(out + used, out_size - used, "%s%s", used > 0 ? ", " : "", words->word);
        used += added > 0 ? (size_t)added : 0;
    }
    return out;
}

static bool check_word(const struct key *key, const char *value, const struct key_origin *origin,
                       int *number_out, struct error *error)
{
    const struct key_word *word = key_find_word(key->words, value);
    if (word != NULL) {
        *number_out = word->value;
        return true;
    }
    char description[KEY_DESCRIPTION_SIZE], list[200];
    key_describe(key, value, origin, description, sizeof description);
    return error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE, "%s: %s; it takes %s%s", description,
                     value[0] == '\0' ? "the value is empty" : "the value is not known",
                     key_list_words(key->words, list, sizeof list), text_explain_oddity(value));
}

static bool check_number(const struct key *key, const char *value, const struct key_origin *origin,
                         int *number_out, struct error *error)
{
    unsigned long number;
    if (text_parse_number(value, key->largest, &number)) {
        *number_out = (int)number;
        return true;
    }
    char description[KEY_DESCRIPTION_SIZE];
    key_describe(key, value, origin, description, sizeof description);
    return error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE,
                     "%s: %s; it takes a number from 0 to %lu%s", description,
                     value[0] == '\0' ? "the value is empty" : "that is not a number it takes",
                     key->largest, text_explain_oddity(value));
}

static bool is_path_or_its_substitute(const struct key *key, const char *value)
{
    if (value[0] == '\0' || value[0] == '/')
        return true;
    if (key->kind == KEY_FILE_OR_SYSTEM)
        return text_equal_nocase(value, SYSTEM_WORD);
    return key->kind == KEY_FILE_OR_PKCS11 && text_has_prefix_nocase(value, PKCS11_SCHEME);
}

/* A relative path would depend on where the application happens to run. */
static bool check_path(const struct key *key, const char *value, const struct key_origin *origin,
                       struct error *error)
{
    if (is_path_or_its_substitute(key, value))
        return true;
    char description[KEY_DESCRIPTION_SIZE];
    key_describe(key, value, origin, description, sizeof description);
    return error_set(error, ODBCSSL_ERROR_PATH_RELATIVE,
                     "%s: the path is relative; it must be absolute, beginning with '/'%s%s",
                     description,
                     key->kind == KEY_FILE_OR_SYSTEM   ? ", or the word system"
                     : key->kind == KEY_FILE_OR_PKCS11 ? ", or a pkcs11: URI"
                                                       : "",
                     text_explain_oddity(value));
}

bool key_check_value(const struct key *key, const char *value, const struct key_origin *origin,
                     int *number_out, struct error *error)
{
    int ignored;
    if (number_out == NULL)
        number_out = &ignored;
    *number_out = 0;
    switch (key->kind) {
    case KEY_WORD:
        return check_word(key, value, origin, number_out, error);
    case KEY_NUMBER:
        return check_number(key, value, origin, number_out, error);
    case KEY_FILE:
    case KEY_FILE_OR_SYSTEM:
    case KEY_FILE_OR_PKCS11:
    case KEY_DIRECTORY:
        return check_path(key, value, origin, error);
    case KEY_DRIVER:
    case KEY_TEXT:
    case KEY_SECRET:
        return true;
    }
    return false;
}

static bool is_lower_case_part(const struct key *key, const char *value, size_t *length_out)
{
    *length_out = strlen(key->kind == KEY_FILE_OR_SYSTEM ? SYSTEM_WORD : PKCS11_SCHEME);
    return value[0] != '/' && value[0] != '\0' &&
           (key->kind == KEY_FILE_OR_SYSTEM || key->kind == KEY_FILE_OR_PKCS11);
}

char *key_copy_value(const struct key *key, const char *value)
{
    char *copy = strdup(value);
    size_t length;
    if (copy == NULL || !is_lower_case_part(key, value, &length))
        return copy;
    for (size_t i = 0; i < length && copy[i] != '\0'; i++)
        copy[i] = lower(copy[i]);
    return copy;
}
