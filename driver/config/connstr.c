/*
 * connstr.c - parses what the application gave, before anything else looks at it, and writes lists
 * of settings back. Braces and passwords are where drivers differ: what was in braces is
 * remembered.
 */
#include "config/connstr.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define MALFORMED "the connection string is malformed at position %zu: "

#define BLANKS " \t\n\v\f\r"

/* The text being parsed, and where. */
struct parser {
    const char *text;
    const char *next;
    struct error *error;
};

/* For people, who count from 1. */
static size_t position_of(const struct parser *parser, const char *place)
{
    return (size_t)(place - parser->text) + 1;
}

/* A password may begin or end with blanks, and the real drivers take it as it was written. */
static bool keeps_blanks(const char *keyword)
{
    return text_equal_nocase(keyword, "PWD") || text_equal_nocase(keyword, "Password");
}

/* Copies from start to end without the blanks at both ends. NULL: out of memory. */
static char *copy_trimmed(const char *start, const char *end)
{
    while (start < end && text_is_blank(*start))
        start++;
    while (end > start && text_is_blank(end[-1]))
        end--;
    return strndup(start, (size_t)(end - start));
}

/* What stands where a keyword is expected may be the rest of a password with a ';' in it: it is
 * never quoted. */
static char *parse_keyword(struct parser *parser)
{
    const char *start = parser->next, *end = start + strcspn(start, "=;");
    if (*end != '=' || end == start) {
        error_set(parser->error, ODBCSSL_ERROR_CONNECTION_STRING, MALFORMED "%s",
                  position_of(parser, start),
                  *end == '=' ? "there is no keyword before '='"
                              : "what begins there has no '='. A value that contains ';' must "
                                "stand in braces: {...}");
        return NULL;
    }
    parser->next = end + 1;
    return copy_trimmed(start, end);
}

static char *parse_braced_value(struct parser *parser, const char *keyword)
{
    const char *start = parser->next + 1, *end = strchr(start, '}');
    while (end != NULL && end[1] == '}')
        end = strchr(end + 2, '}');
    if (end == NULL) {
        error_set(parser->error, ODBCSSL_ERROR_CONNECTION_STRING,
                  MALFORMED "the value of %s begins with '{', and there is no '}' to end it; a '}' "
                            "inside is written '}}'",
                  position_of(parser, parser->next), keyword);
        return NULL;
    }
    char *value = strndup(start, (size_t)(end - start));
    char *out = value;
    for (const char *in = value; in != NULL && *in != '\0'; in += *in == '}' ? 2 : 1)
        *out++ = *in;
    if (value != NULL)
        *out = '\0';
    parser->next = end + 1 + strspn(end + 1, BLANKS);
    if (value == NULL || *parser->next == '\0' || *parser->next == ';')
        return value;
    error_set(parser->error, ODBCSSL_ERROR_CONNECTION_STRING,
              MALFORMED "behind the '}' that ends the value of %s there must be ';' or nothing; a "
                        "'}' inside a value is written '}}'",
              position_of(parser, parser->next), keyword);
    text_free_secret(value);
    return NULL;
}

/* Takes both strings, also on failure. */
static bool add_pair(struct connstr *list, char *keyword, char *value, enum connstr_origin origin)
{
    struct connstr_pair *pairs = NULL;
    if (keyword != NULL && value != NULL)
        pairs = realloc(list->pairs, (list->count + 1) * sizeof *pairs);
    if (pairs == NULL) {
        free(keyword);
        text_free_secret(value);
        list->is_failed = true;
        return false;
    }
    list->pairs = pairs;
    list->pairs[list->count++] = (struct connstr_pair){keyword, value, origin};
    return true;
}

/* What returned NULL with no error set found memory out. */
static bool parse_pair(struct parser *parser, struct connstr *list)
{
    char keyword_printable[80];
    char *keyword = parse_keyword(parser), *value;
    if (keyword == NULL)
        return error_set_memory(parser->error);
    error_printable(keyword, strlen(keyword), keyword_printable, sizeof keyword_printable);
    const char *start = parser->next;
    parser->next += strspn(start, BLANKS);
    bool is_braced = *parser->next == '{';
    if (is_braced) {
        value = parse_braced_value(parser, keyword_printable);
    } else {
        parser->next += strcspn(parser->next, ";");
        value = keeps_blanks(keyword) ? strndup(start, (size_t)(parser->next - start))
                                      : copy_trimmed(start, parser->next);
    }
    return add_pair(list, keyword, value, is_braced ? CONNSTR_BRACED : CONNSTR_PLAIN) ||
           error_set_memory(parser->error);
}

bool connstr_parse(const char *text, size_t length, struct connstr *list, struct error *error)
{
    struct parser parser = {text, text, error};
    const char *end = text + strlen(text);
    *list = (struct connstr){0};
    /* Some applications count the terminator. */
    while (length > 0 && text[length - 1] == '\0')
        length--;
    if (end < text + length)
        return error_set(error, ODBCSSL_ERROR_CONNECTION_STRING,
                         MALFORMED "there is a NUL character", position_of(&parser, end));
    bool is_good = true;
    parser.next += strspn(text, BLANKS ";");
    while (is_good && *parser.next != '\0') {
        is_good = parse_pair(&parser, list);
        parser.next += strspn(parser.next, BLANKS ";");
    }
    if (!is_good)
        connstr_free(list);
    return is_good;
}

struct connstr_pair *connstr_find(const struct connstr *list, const char *keyword)
{
    for (size_t i = 0; i < list->count; i++)
        if (text_equal_nocase(list->pairs[i].keyword, keyword))
            return &list->pairs[i];
    return NULL;
}

const char *connstr_get(const struct connstr *list, const char *keyword)
{
    const char *rival = text_equal_nocase(keyword, "DSN")      ? "DRIVER"
                        : text_equal_nocase(keyword, "DRIVER") ? "DSN"
                                                               : NULL;
    const struct connstr_pair *pair = connstr_find(list, keyword);
    const struct connstr_pair *other = rival != NULL ? connstr_find(list, rival) : NULL;
    return pair != NULL && (other == NULL || pair < other) ? pair->value : NULL;
}

bool connstr_has(const struct connstr *list, const char *keyword)
{
    return connstr_get(list, keyword) != NULL;
}

bool connstr_append(struct connstr *list, const char *keyword, const char *value)
{
    return connstr_append_pair(list, keyword, value, CONNSTR_PLAIN);
}

bool connstr_append_pair(struct connstr *list, const char *keyword, const char *value,
                         enum connstr_origin origin)
{
    return add_pair(list, strdup(keyword), strdup(value), origin);
}

static void free_pair(struct connstr_pair *pair)
{
    free(pair->keyword);
    text_free_secret(pair->value);
}

/* Removes every pair with this keyword from index on. */
static void remove_from(struct connstr *list, size_t index, const char *keyword)
{
    size_t kept = index;
    for (size_t i = index; i < list->count; i++) {
        if (text_equal_nocase(list->pairs[i].keyword, keyword))
            free_pair(&list->pairs[i]);
        else
            list->pairs[kept++] = list->pairs[i];
    }
    list->count = kept;
}

bool connstr_set(struct connstr *list, const char *keyword, const char *value)
{
    struct connstr_pair *pair = connstr_find(list, keyword);
    if (pair == NULL)
        return connstr_append(list, keyword, value);
    char *copy = strdup(value);
    if (copy == NULL) {
        list->is_failed = true;
        return false;
    }
    text_free_secret(pair->value);
    pair->value = copy;
    pair->origin = CONNSTR_PLAIN;
    /* Drivers disagree on which duplicate counts: none is left. */
    remove_from(list, (size_t)(pair - list->pairs) + 1, pair->keyword);
    return true;
}

void connstr_remove(struct connstr *list, const char *keyword)
{
    remove_from(list, 0, keyword);
}

/* psqlodbc takes a value in braces as it is and undoes %XX and '+' in any other one, so braces that
 * were written stay. */
static bool needs_braces(const struct connstr_pair *pair)
{
    size_t length = strlen(pair->value);
    return pair->origin == CONNSTR_BRACED || pair->origin == CONNSTR_ARGUMENT ||
           strpbrk(pair->value, ";{}") != NULL ||
           (length > 0 && !keeps_blanks(pair->keyword) &&
            (text_is_blank(pair->value[0]) || text_is_blank(pair->value[length - 1])));
}

bool connstr_append_braced(struct buffer *buffer, const char *value)
{
    buffer_append_byte(buffer, '{');
    for (; *value != '\0'; value++) {
        buffer_append_byte(buffer, (unsigned char)*value);
        if (*value == '}')
            buffer_append_byte(buffer, '}');
    }
    return buffer_append_byte(buffer, '}');
}

char *connstr_format(const struct connstr *list)
{
    struct buffer buffer = {.is_secret = true, .is_failed = list->is_failed};
    for (size_t i = 0; i < list->count; i++) {
        const struct connstr_pair *pair = &list->pairs[i];
        if (i > 0)
            buffer_append_byte(&buffer, ';');
        buffer_append_text(&buffer, pair->keyword);
        buffer_append_byte(&buffer, '=');
        if (needs_braces(pair))
            connstr_append_braced(&buffer, pair->value);
        else
            buffer_append_text(&buffer, pair->value);
    }
    return buffer_move_text(&buffer);
}

void connstr_free(struct connstr *list)
{
    for (size_t i = 0; i < list->count; i++)
        free_pair(&list->pairs[i]);
    free(list->pairs);
    *list = (struct connstr){0};
}
