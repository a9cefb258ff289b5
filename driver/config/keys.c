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

static const struct key_word mode_words[] = {{"disable", ODBCSSL_MODE_DISABLE, false},
                                             {"allow", ODBCSSL_MODE_ALLOW, false},
                                             {"prefer", ODBCSSL_MODE_PREFER, false},
                                             {"require", ODBCSSL_MODE_REQUIRE, false},
                                             {"verify-ca", ODBCSSL_MODE_VERIFY_CA, false},
                                             {"verify-full", ODBCSSL_MODE_VERIFY_FULL, false},
                                             {NULL, 0, false}};

static const struct key_word crl_check_words[] = {
    {"chain", CRL_CHECK_CHAIN, false}, {"leaf", CRL_CHECK_LEAF, false}, {NULL, 0, false}};

static const struct key_word boolean_words[] = {
    {"1", 1, false},    {"0", 0, false}, {"yes", 1, true}, {"no", 0, true},  {"true", 1, true},
    {"false", 0, true}, {"on", 1, true}, {"off", 0, true}, {NULL, 0, false},
};

static const struct key_word version_words[] = {{"TLSv1", TLS_VERSION_1_0, false},
                                                {"TLSv1.1", TLS_VERSION_1_1, false},
                                                {"TLSv1.2", TLS_VERSION_1_2, false},
                                                {"TLSv1.3", TLS_VERSION_1_3, false},
                                                {NULL, 0, false}};

/* postgres is what libpq calls its own way. */
static const struct key_word negotiation_words[] = {{"starttls", TLS_NEGOTIATION_STARTTLS, false},
                                                    {"direct", TLS_NEGOTIATION_DIRECT, false},
                                                    {"postgres", TLS_NEGOTIATION_STARTTLS, true},
                                                    {NULL, 0, false}};

static const struct key_word protocol_words[] = {{"auto", DATABASE_PROTOCOL_AUTO, false},
#define DATABASE(name, word, its_proto, its_profile, libraries)                                    \
    {word, DATABASE_PROTOCOL_##name, false},
#include "base/databases.def"
                                                 {"none", DATABASE_PROTOCOL_NONE, false},
                                                 {NULL, 0, false}};

static const struct key_word permission_words[] = {{"key", FILE_PERMISSIONS_KEY, false},
                                                   {"strict", FILE_PERMISSIONS_STRICT, false},
                                                   {NULL, 0, false}};

static const struct key_word transport_words[] = {{"auto", TRANSPORT_AUTO, false},
                                                  {"interpose", TRANSPORT_INTERPOSE, false},
                                                  {"relay", TRANSPORT_RELAY, false},
                                                  {NULL, 0, false}};

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
static const char *const encrypt_names[] = {"Encrypt", "TrustServerCertificate", NULL};

/* What the driver manager reads of a driver's section, and of no data source (unixODBC,
 * DriverManager/SQLConnect.c; the first four are odbcinst's). */
static const char *const manager_driver_names[] = {
    "Setup",          "Setup64",     "FileUsage",
    "UsageCount",     "Threading",   "CPTimeout",
    "CPTimeToLive",   "CPProbe",     "DisableGetFunctions",
    "DontDLClose",    "FakeUnicode", "IconvEncoding",
    "ExFetchMapping", NULL};

/* What it reads of data sources, too, and odbcinst's words for people. */
static const char *const manager_common_names[] = {"Driver",     "Driver64",   "Description",
                                                   "Trace",      "TraceFile",  "DMEnvAttr",
                                                   "DMConnAttr", "DMStmtAttr", NULL};

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
    return text_is_one_of(name, encrypt_names) || key_find(name) != NULL;
}

bool key_sets_mode(const struct connstr *pairs)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (text_equal_nocase(pairs->pairs[i].keyword, keys[KEY_INDEX_SslMode].name) ||
            text_is_one_of(pairs->pairs[i].keyword, encrypt_names))
            return true;
    return false;
}

bool key_is_of_manager(const char *name)
{
    return text_is_one_of(name, manager_common_names);
}

bool key_is_of_manager_driver(const char *name)
{
    return text_is_one_of(name, manager_driver_names);
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

/* Quotes, braces, and blanks that nobody sees: what is copied from a page often has a no-break
 * space in front. NULL: there is no keyword of ours inside of them. */
static const char *find_inside(const char *name, char *out, size_t out_size)
{
    static const char characters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    const char *start = strpbrk(name, characters);
    size_t length = start != NULL ? strspn(start, characters) : 0;
    bool is_whole = start == NULL || (start == name && name[length] == '\0');
    if (is_whole || start[length + strcspn(start + length, characters)] != '\0')
        return NULL;
    snprintf(out, out_size, "%.*s", (int)length, start);
    return text_has_prefix_nocase(out, OUR_PREFIX) || key_is_ours(out) ? out : NULL;
}

bool key_check_name(const char *name, const char *source, struct error *error)
{
    char printable[80], inside[80];
    error_printable(name, strlen(name), printable, sizeof printable);
    if (find_inside(name, inside, sizeof inside) != NULL)
        return error_set(error, ODBCSSL_ERROR_KEYWORD_UNKNOWN,
                         "the keyword %s (%s) is not known: there are characters around %s, some "
                         "perhaps unseen, that are taken for a part of it: leave them out",
                         printable, source, inside);
    if (!text_has_prefix_nocase(name, OUR_PREFIX) || key_is_ours(name))
        return true;
    for (size_t i = 0; i < COUNT(foreign_keys); i++)
        if (text_equal_nocase(foreign_keys[i].name, name))
            error_set(error, ODBCSSL_ERROR_KEYWORD_UNKNOWN,
                      "the keyword %s (%s) has no effect under odbcssl; %s", printable, source,
                      foreign_keys[i].advice);
    const char *nearest = nearest_name(name);
    if (nearest != NULL)
        error_set(error, ODBCSSL_ERROR_KEYWORD_UNKNOWN,
                  "the keyword %s (%s) is not known; did you mean %s?", printable, source, nearest);
    return error_set(error, ODBCSSL_ERROR_KEYWORD_UNKNOWN,
                     "the keyword %s (%s) is not known; odbcssl(7) lists those that begin with %s",
                     printable, source, OUR_PREFIX);
}

const char *key_describe(const struct key *key, const char *keyword, const char *value,
                         const char *source, char *out, size_t out_size)
{
    char printable[300];
    bool is_secret = key != NULL && key->kind == KEY_SECRET;
    error_printable(value, strlen(value), printable, sizeof printable);
    snprintf(out, out_size, "%s=%s (%s)", keyword, is_secret ? "..." : printable, source);
    return out;
}

/* '_' is as good as '-'. */
static bool is_word(const char *word, const char *text)
{
    while (*word != '\0' && (text_lower(*word) == text_lower(*text) ||
                             (*word == '-' && *text == '_') || (*word == '_' && *text == '-'))) {
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

bool key_check_value(const struct key *key, const char *value, const char *source, int *number_out,
                     struct error *error)
{
    char description[KEY_DESCRIPTION_SIZE], list[200];
    const size_t size = sizeof description;
    const struct key_word *word = key->kind == KEY_WORD ? key_find_word(key->words, value) : NULL;
    unsigned long number = 0;
    bool may_be_system = key->kind == KEY_FILE_OR_SYSTEM;
    bool may_be_uri = key->kind == KEY_FILE_OR_PKCS11;
    if (number_out != NULL)
        *number_out = word != NULL ? word->value : 0;
    switch (key->kind) {
    case KEY_WORD:
        return word != NULL ||
               error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE, "%s: %s; it takes %s%s",
                         key_describe(key, key->name, value, source, description, size),
                         value[0] == '\0' ? "the value is empty" : "the value is not known",
                         key_list_words(key->words, list, sizeof list), text_explain_oddity(value));
    case KEY_NUMBER:
        if (!text_parse_number(value, key->largest, &number))
            return error_set(
                error, ODBCSSL_ERROR_KEYWORD_VALUE, "%s: %s; it takes a number from 0 to %lu%s",
                key_describe(key, key->name, value, source, description, size),
                value[0] == '\0' ? "the value is empty" : "that is not a number it takes",
                key->largest, text_explain_oddity(value));
        if (number_out != NULL)
            *number_out = (int)number;
        return true;
    case KEY_FILE:
    case KEY_FILE_OR_SYSTEM:
    case KEY_FILE_OR_PKCS11:
    case KEY_DIRECTORY: /* a relative path would depend on where the application happens to run */
        return value[0] == '\0' || value[0] == '/' ||
               (may_be_system && text_equal_nocase(value, SYSTEM_WORD)) ||
               (may_be_uri && text_has_prefix_nocase(value, PKCS11_SCHEME)) ||
               error_set(error, ODBCSSL_ERROR_PATH_RELATIVE,
                         "%s: the path is relative; it must be absolute, beginning with '/'%s%s",
                         key_describe(key, key->name, value, source, description, size),
                         may_be_system ? ", or the word system"
                         : may_be_uri  ? ", or a pkcs11: URI"
                                       : "",
                         text_explain_oddity(value));
    case KEY_DRIVER:
    case KEY_TEXT:
    case KEY_SECRET:
        break;
    }
    return true;
}

char *key_copy_value(const struct key *key, const char *value)
{
    char *copy = strdup(value);
    size_t length = key->kind == KEY_FILE_OR_SYSTEM   ? strlen(SYSTEM_WORD)
                    : key->kind == KEY_FILE_OR_PKCS11 ? strlen(PKCS11_SCHEME)
                                                      : 0;
    for (size_t i = 0; copy != NULL && copy[0] != '/' && copy[i] != '\0' && i < length; i++)
        copy[i] = text_lower(copy[i]);
    return copy;
}
