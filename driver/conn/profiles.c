#include "conn/profiles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const struct profile *const profiles[] = {
    &profile_postgresql,
    &profile_tds,
    &profile_mysql,
};

const struct profile *profile_find(enum driver_family family)
{
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++)
        if (profiles[i]->family == family)
            return profiles[i];
    return &profile_unknown;
}

static const char *find_keyword(const char *const *keywords, const char *keyword)
{
    for (; *keywords != NULL; keywords++)
        if (text_equal_nocase(*keywords, keyword))
            return *keywords;
    return NULL;
}

bool profile_is_listed(const char *keyword, const char *const *keywords)
{
    return find_keyword(keywords, keyword) != NULL;
}

/* The connection string's pairs stand first, so its UID counts before the DSN's Username. */
const char *profile_lookup(const struct connstr *list, const char *const *keywords,
                           const char **keyword_out)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *keyword = find_keyword(keywords, list->pairs[i].keyword);
        if (keyword == NULL)
            continue;
        if (keyword_out != NULL)
            *keyword_out = keyword;
        return list->pairs[i].value;
    }
    return NULL;
}

bool profile_set(struct connstr *list, const char *const *keywords, const char *value)
{
    const char *used = keywords[0];
    profile_lookup(list, keywords, &used);
    for (; *keywords != NULL; keywords++)
        if (!text_equal_nocase(*keywords, used))
            connstr_remove(list, *keywords);
    return connstr_set(list, used, value);
}

bool profile_set_number(struct connstr *list, const char *const *keywords, unsigned number)
{
    char digits[16];
    snprintf(digits, sizeof digits, "%u", number);
    return profile_set(list, keywords, digits);
}

void profile_remove(struct connstr *list, const char *const *keywords)
{
    for (; keywords != NULL && *keywords != NULL; keywords++)
        connstr_remove(list, *keywords);
}

const char *profile_environment(const char *name)
{
    return getenv(name); /* check-layers: the real driver asks like this */
}

bool profile_refuse_environment(const char *const *names, const char *why, struct error *error)
{
    for (; *names != NULL; names++) {
        const char *value = profile_environment(*names);
        if (value == NULL || *value == '\0')
            continue;
        error_set(error, ODBCSSL_ERROR_BYPASS_SETTING,
                  "the environment variable %s is set: %s. Unset it for this program", *names, why);
        return false;
    }
    return true;
}

static bool parse_port(const struct profile *profile, const struct settings *settings,
                       struct profile_target *target, struct error *error)
{
    const char *keyword = "";
    const char *text = profile_lookup(&settings->driver_settings, profile->port_keywords, &keyword);
    unsigned long port = profile->default_port;
    if (text != NULL && *text != '\0' && (!text_parse_number(text, 65535, &port) || port == 0)) {
        error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE, "%s=%s: a port is a number from 1 to 65535",
                  keyword, text);
        return false;
    }
    target->port = (uint16_t)port;
    target->has_port = text != NULL && *text != '\0';
    return true;
}

/* The first of the words that is missing: for "no server is named: set Servername". */
static bool check_target(const struct profile *profile, const struct profile_target *target,
                         struct error *error)
{
    if (target->host == NULL || *target->host == '\0') {
        error_set(error, ODBCSSL_ERROR_SERVER_MISSING,
                  "no server is named: set %s in the DSN or the connection string",
                  profile->server_keywords[0]);
        return false;
    }
    if (target->port == 0) {
        error_set(error, ODBCSSL_ERROR_SERVER_MISSING,
                  "no port is named, and this driver has no usual one: set %s",
                  profile->port_keywords[0]);
        return false;
    }
    return true;
}

bool profile_find_target(const struct profile *profile, const struct settings *settings,
                         struct profile_target *target, struct error *error)
{
    *target = (struct profile_target){0};
    const char *host = profile_lookup(&settings->driver_settings, profile->server_keywords, NULL);
    if (host != NULL && (target->host = strdup(host)) == NULL) {
        error_set_memory(error);
        return false;
    }
    if (parse_port(profile, settings, target, error) && profile->inspect(settings, target, error) &&
        check_target(profile, target, error))
        return true;
    profile_target_free(target);
    return false;
}

void profile_target_free(struct profile_target *target)
{
    free(target->host);
    free(target->address);
    free(target->instance);
    *target = (struct profile_target){0};
}

const char *profile_user(const struct profile *profile, const struct settings *settings)
{
    return profile_lookup(&settings->driver_settings, profile->user_keywords, NULL);
}

/* The DSN's settings first: of two words for one thing (Username, UID) the real drivers take the
 * last one, and the connection string is to win. */
static bool copy_settings(const struct settings *settings, bool is_from_file, struct connstr *list)
{
    for (size_t i = 0; i < settings->driver_settings.count; i++) {
        const struct connstr_pair *pair = &settings->driver_settings.pairs[i];
        if (pair->is_from_file != is_from_file)
            continue;
        if (!connstr_append(list, pair->keyword, pair->value))
            return false;
        list->pairs[list->count - 1].is_braced = pair->is_braced;
        list->pairs[list->count - 1].is_from_file = is_from_file;
    }
    return true;
}

char *profile_connection_string(const struct profile *profile, const struct settings *settings,
                                const struct profile_target *target,
                                const struct relay_endpoint *endpoint, struct error *error)
{
    struct connstr list = {0};
    char *text = NULL;
    if (copy_settings(settings, true, &list) && copy_settings(settings, false, &list)) {
        profile_remove(&list, profile->dropped_keywords);
        if (profile->rewrite(settings, target, endpoint, &list, error))
            text = connstr_format(&list);
    }
    if (text == NULL)
        error_set_memory(error);
    connstr_free(&list);
    return text;
}
