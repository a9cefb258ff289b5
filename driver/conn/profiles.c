/*
 * profiles.c - from the user's settings to the real driver's connection string: what all families
 * do alike. Each setting is kept once, under one of the names that the real driver knows, so that
 * neither its order nor its way with duplicates matters.
 */
#include "conn/profiles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/defaults.h"

const struct profile *profile_find(enum driver_family family)
{
    static const struct profile *const profiles[] = {
        [DRIVER_FAMILY_UNKNOWN] = &profile_unknown,
#define DATABASE(name, word, its_proto, its_profile, libraries)                                    \
    [DRIVER_FAMILY_##name] = &its_profile,
#include "base/databases.def"
    };
    return profiles[family];
}

/* ---- keywords and their other names ---- */

static const struct profile_keyword *find_row(const struct profile *profile, const char *name)
{
    for (const struct profile_keyword *row = profile->keywords; row->name != NULL; row++)
        if (text_equal_nocase(row->name, name))
            return row;
    return NULL;
}

static const char *main_name(const struct profile *profile, const char *name)
{
    const struct profile_keyword *row = find_row(profile, name);
    if (row == NULL)
        return name;
    return row->same_as != NULL ? row->same_as : row->name;
}

const struct connstr_pair *profile_find_pair(const struct profile *profile,
                                             const struct connstr *list, const char *keyword)
{
    const char *name = main_name(profile, keyword);
    for (size_t i = 0; i < list->count; i++)
        if (text_equal_nocase(main_name(profile, list->pairs[i].keyword), name))
            return &list->pairs[i];
    return NULL;
}

const char *profile_get(const struct profile *profile, const struct connstr *list,
                        const char *keyword)
{
    const struct connstr_pair *pair = profile_find_pair(profile, list, keyword);
    return pair != NULL ? pair->value : NULL;
}

bool profile_knows(const struct profile *profile, const char *keyword)
{
    return profile->is_open || find_row(profile, keyword) != NULL;
}

static bool is_kept_back(const struct profile_keyword *row)
{
    return row->use == KEYWORD_KEPT_BACK || row->use == KEYWORD_OF_FILE;
}

bool profile_adds(const struct profile *profile, const char *keyword)
{
    const struct profile_keyword *row = find_row(profile, keyword);
    return row != NULL && !is_kept_back(row) && !profile->is_open &&
           !text_is_one_of(main_name(profile, keyword), profile->text_keywords);
}

void profile_remove(const struct profile *profile, struct connstr *list, const char *keyword)
{
    const char *name = main_name(profile, keyword);
    connstr_remove(list, name);
    for (const struct profile_keyword *row = profile->keywords; row->name != NULL; row++)
        if (row->same_as != NULL && text_equal_nocase(row->same_as, name))
            connstr_remove(list, row->name);
}

bool profile_set(const struct profile *profile, struct connstr *list, const char *keyword,
                 const char *value)
{
    const struct connstr_pair *pair = profile_find_pair(profile, list, keyword);
    return connstr_set(list, pair != NULL ? pair->keyword : keyword, value);
}

bool profile_append_number(struct connstr *list, const char *keyword, unsigned number)
{
    char digits[16];
    snprintf(digits, sizeof digits, "%u", number);
    return connstr_append(list, keyword, digits);
}

bool profile_append_all(struct connstr *list, const struct connstr *more)
{
    for (size_t i = 0; i < more->count; i++)
        connstr_append_pair(list, more->pairs[i].keyword, more->pairs[i].value,
                            more->pairs[i].origin);
    return !list->is_failed;
}

/* ---- reading: what the real driver would make of the user's settings ---- */

/* row NULL: the table does not have the keyword. */
static bool counts_here(const struct profile *profile, const struct profile_keyword *row,
                        enum connstr_origin origin)
{
    if (row == NULL)
        return profile->is_open && origin != CONNSTR_DRIVER_SECTION;
    return origin == CONNSTR_DRIVER_SECTION ? row->use == KEYWORD_DRIVER_WIDE
           : origin == CONNSTR_DATA_SOURCE  ? row->use != KEYWORD_STRING_ONLY
                                            : true;
}

/* Pairs come from the lowest place to the highest, so that of two names for one setting the later
 * one counts; but in odbc.ini it is the one whose row is the earlier, or the later. */
static bool is_outdone(const struct profile *profile, bool is_by_name,
                       const struct profile_keyword *row, enum connstr_origin origin,
                       const struct connstr_pair *former)
{
    if (row == NULL || former == NULL)
        return false;
    if (origin != CONNSTR_DATA_SOURCE)
        return row->use == KEYWORD_OF_FILE;
    const struct profile_keyword *other = find_row(profile, former->keyword);
    return former->origin == CONNSTR_DATA_SOURCE &&
           (is_by_name && profile->is_later_by_name ? row < other : row > other);
}

static bool read_pair(const struct profile *profile, bool is_by_name,
                      const struct connstr_pair *pair, struct connstr *list, struct error *error)
{
    const struct profile_keyword *row = find_row(profile, pair->keyword);
    const char *name = main_name(profile, pair->keyword);
    const struct connstr_pair *former = profile_find_pair(profile, list, name);
    char *value = NULL;
    bool is_unset =
        profile->is_empty_unset && pair->origin == CONNSTR_DATA_SOURCE && pair->value[0] == '\0';
    if (!counts_here(profile, row, pair->origin) || is_unset ||
        is_outdone(profile, is_by_name, row, pair->origin, former))
        return true;
    if (profile->read == NULL)
        value = strdup(pair->value);
    else if (!profile->read(name, pair, &value, error))
        return false;
    else if (value == NULL)
        return true;
    profile_remove(profile, list, name);
    bool is_added = value != NULL && connstr_append_pair(list, pair->keyword, value, pair->origin);
    text_free_secret(value);
    return is_added || error_set_memory(error);
}

bool profile_read(const struct profile *profile, const struct settings *settings,
                  struct profile_target *target, struct error *error)
{
    const struct connstr *given = &settings->driver_settings;
    for (size_t i = 0; i < given->count; i++)
        if (!read_pair(profile, settings->is_by_name, &given->pairs[i], &target->settings, error))
            return false;
    return true;
}

/* ---- the server ---- */

const char *profile_environment(const char *name)
{
    return getenv(name); /* check-layers: the real driver asks like this */
}

bool profile_take_port(const char *variable, struct profile_target *target, struct error *error)
{
    const char *port = defaults_environment(variable);
    char number[32] = "";
    if (target->has_port || port == NULL)
        return true;
    snprintf(number, sizeof number, "%s", port);
    return text_parse_port(text_trim(number), &target->port) ||
           error_set(
               error, ODBCSSL_ERROR_KEYWORD_VALUE,
               "no Port is set, and the environment variable %s=%s is no port from 1 to 65535",
               variable, port);
}

bool profile_refuse_port(const struct settings *settings, const struct connstr_pair *pair,
                         struct error *error)
{
    const char *place = pair->origin == CONNSTR_DRIVER_SECTION ? "odbcinst.ini"
                        : pair->origin == CONNSTR_DATA_SOURCE  ? "odbc.ini"
                                                               : "connection string";
    bool has_section = pair->origin == CONNSTR_DATA_SOURCE && settings->dsn != NULL;
    return error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE,
                     "%s=%s (%s%s%s%s): a port is a number from 1 to 65535%s", pair->keyword,
                     pair->value, place, has_section ? " [" : "", has_section ? settings->dsn : "",
                     has_section ? "]" : "", text_explain_oddity(pair->value));
}

bool profile_check_demand(const struct settings *settings, const char *keyword, const char *value,
                          const char *driver, struct error *error)
{
    return settings->tls.mode >= ODBCSSL_MODE_REQUIRE ||
           error_set(error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
                     "%s=%s demands TLS of %s, but odbcssl makes it, and SslMode=%s does not "
                     "demand it: set SslMode to require or stronger",
                     keyword, value, driver, tls_mode_name(settings->tls.mode));
}

static void remove_kept_back(const struct profile *profile, struct connstr *list)
{
    for (const struct profile_keyword *row = profile->keywords; row->name != NULL; row++)
        if (is_kept_back(row))
            connstr_remove(list, row->name);
}

bool profile_find_server(const struct profile *profile, const struct settings *settings,
                         struct profile_target *target, struct error *error)
{
    const char *host = profile_get(profile, &target->settings, profile->server_keyword);
    const struct connstr_pair *pair =
        profile_find_pair(profile, &target->settings, profile->port_keyword);
    target->port = profile->default_port;
    if (host != NULL && (target->host = strdup(host)) == NULL)
        return error_set_memory(error);
    target->has_port = pair != NULL && pair->value[0] != '\0';
    if (target->has_port && !text_parse_port(pair->value, &target->port))
        return profile_refuse_port(settings, pair, error);
    if (!profile->inspect(settings, target, error))
        return false;
    if (target->host == NULL || *target->host == '\0')
        return error_set(error, ODBCSSL_ERROR_SERVER_MISSING,
                         "no server is named: set %s in the DSN or the connection string",
                         profile->server_keyword);
    if (target->port == 0)
        return error_set(error, ODBCSSL_ERROR_SERVER_MISSING,
                         "no port is named, and this driver has no usual one: set %s",
                         profile->port_keyword);
    remove_kept_back(profile, &target->settings);
    return true;
}

void profile_target_free(struct profile_target *target)
{
    connstr_free(&target->settings);
    free(target->host);
    free(target->address);
    free(target->full_name);
    free(target->instance);
    *target = (struct profile_target){0};
}

/* ---- writing ---- */

bool profile_refuse_value(const struct connstr_pair *pair, const char *why, struct error *error)
{
    return error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE,
                     "the value of %s cannot be given to the real driver: %s", pair->keyword, why);
}

static bool is_utf8(const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        size_t length = text_utf8_character((const unsigned char *)text, left);
        if (length == 0)
            return false;
        text += length;
        left -= length;
    }
    return true;
}

static bool write_pair(const struct profile *profile, const struct connstr_pair *pair, bool is_wide,
                       struct buffer *out, struct error *error)
{
    const struct profile_keyword *row = find_row(profile, pair->keyword);
    if (row != NULL && row->use == KEYWORD_OF_OTHERS && strpbrk(pair->value, ";{}") != NULL)
        return profile_refuse_value(pair,
                                    "not every version knows this keyword, and one that does "
                                    "not would take what follows a ';' for a setting",
                                    error);
    if (is_wide && !is_utf8(pair->value))
        return profile_refuse_value(pair, "it is not UTF-8, which a Unicode connection needs",
                                    error);
    buffer_append_text(out, pair->keyword);
    buffer_append_byte(out, '=');
    return profile->write(main_name(profile, pair->keyword), pair, is_wide, out, error) &&
           buffer_append_byte(out, ';');
}

static char *write_list(const struct profile *profile, const struct connstr *list, bool is_wide,
                        struct error *error)
{
    struct buffer buffer = {.is_secret = true};
    bool is_good = true;
    for (size_t i = 0; i < list->count && is_good; i++)
        is_good = write_pair(profile, &list->pairs[i], is_wide, &buffer, error);
    char *text = is_good ? buffer_move_text(&buffer) : NULL;
    buffer_free(&buffer);
    if (text == NULL)
        error_set_memory(error);
    return text;
}

char *profile_connection_string(const struct profile *profile, const struct settings *settings,
                                const struct profile_target *target,
                                const struct relay_endpoint *endpoint, bool is_wide,
                                struct error *error)
{
    struct connstr list = {0};
    char *text = NULL;
    if (profile->rewrite(settings, target, endpoint, &list, error))
        text = write_list(profile, &list, is_wide, error);
    else
        error_set_memory(error);
    connstr_free(&list);
    return text;
}

char *profile_browse_string(const struct profile *profile, const struct connstr *given,
                            bool is_wide, struct error *error)
{
    struct connstr list = {0};
    char *text = NULL;
    bool is_good = true;
    for (size_t i = 0; i < given->count && is_good; i++)
        is_good = read_pair(profile, false, &given->pairs[i], &list, error);
    profile_remove(profile, &list, profile->server_keyword);
    profile_remove(profile, &list, profile->port_keyword);
    remove_kept_back(profile, &list);
    if (is_good)
        text = write_list(profile, &list, is_wide, error);
    connstr_free(&list);
    return text;
}
