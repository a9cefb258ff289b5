/*
 * settings.c - resolves every keyword into the one struct settings that conn/ begins with: places,
 * then libpq's environment and files, then defaults; then what contradicts itself is refused.
 */
#include "config/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "config/defaults.h"
#include "config/encrypt.h"
#include "config/places.h"

#define SOURCE_DEFAULT "default"
#define SOURCE_DEFAULT_FILE "default file"
#define SYSTEM_TRUST "system"

struct resolution {
    struct settings *settings;
    struct places places;
    struct found found[KEY_COUNT]; /* in the places; encrypt_apply may have replaced some */
    bool is_hidden[KEY_COUNT];     /* the value is a default file that cannot be looked at */
    char encrypt_origin[ENCRYPT_ORIGIN_SIZE];
    struct error *error;
};

/* The option of a text keyword; NULL for words and numbers. */
static struct option *option_of(struct settings *settings, enum key_index index)
{
    switch (index) {
#define TEXT_KEY(name, field, kind, fallback, environment, file, help)                             \
    case KEY_INDEX_##name:                                                                         \
        return &settings->tls.field;
#define DRIVER_KEY(name, field, kind, help)                                                        \
    case KEY_INDEX_##name:                                                                         \
        return &settings->field;
#include "base/keys.def"
    default:
        return NULL;
    }
}

static void store_number(struct settings *settings, enum key_index index, int number)
{
    switch (index) {
#define WORD_KEY(name, field, words, fallback, environment, help)                                  \
    case KEY_INDEX_##name:                                                                         \
        settings->tls.field = number;                                                              \
        break;
#define NUMBER_KEY(name, field, largest, fallback, environment, help)                              \
    case KEY_INDEX_##name:                                                                         \
        settings->tls.field = (unsigned)number;                                                    \
        break;
#include "base/keys.def"
    default:
        break;
    }
}

/* Takes value; NULL where text is not: out of memory. */
static bool set_option(struct option *option, const struct key *key, const char *text, char *value,
                       const char *source)
{
    option_free(option);
    *option = (struct option){value, key->name, strdup(source)};
    return option->source != NULL && (text == NULL || value != NULL);
}

/* value NULL: the keyword is not set, or set to nothing. What was stored before is replaced. */
static bool store(struct resolution *resolution, enum key_index index, const char *value,
                  const char *source)
{
    const struct key *key = &keys[index];
    struct option *option = option_of(resolution->settings, index);
    int number = 0;
    if (value != NULL && !key_check_value(key, value, source, &number, resolution->error))
        return false;
    if (option != NULL && value != NULL && value[0] == '\0')
        value = NULL;
    store_number(resolution->settings, index, number);
    const char *shown = value != NULL && key->kind == KEY_SECRET ? "(set)" : value;
    bool is_stored = set_option(&resolution->settings->items[index], key, shown,
                                shown != NULL ? strdup(shown) : NULL, source);
    if (option != NULL && is_stored)
        is_stored = set_option(option, key, value,
                               value != NULL ? key_copy_value(key, value) : NULL, source);
    return is_stored || error_set_memory(resolution->error);
}

static bool store_found(struct resolution *resolution, enum key_index index)
{
    char source[400];
    const struct found *found = &resolution->found[index];
    snprintf(source, sizeof source, "%s%s%s", resolution->places.names[found->place],
             found->is_alias ? ", as " : "", found->is_alias ? found->keyword : "");
    return store(resolution, index, found->value, source);
}

static bool has_source(const struct resolution *resolution, enum key_index index,
                       const char *source)
{
    return strcmp(resolution->settings->items[index].source, source) == 0;
}

static bool is_system_trust(const struct resolution *resolution)
{
    const char *value = resolution->settings->tls.root_cert.value;
    return value != NULL && strcmp(value, SYSTEM_TRUST) == 0;
}

/* libpq's rules, with one exception: the default key counts for the default certificate alone, for
 * a certificate that is named may hold its key itself. */
static bool has_default_file(const struct resolution *resolution, enum key_index index)
{
    if (keys[index].default_file == NULL)
        return false;
    if (index == KEY_INDEX_SslKey)
        return has_source(resolution, KEY_INDEX_SslCert, SOURCE_DEFAULT_FILE);
    return index != KEY_INDEX_SslCrl || !is_system_trust(resolution);
}

/* Not one that su or a daemon's parent left in the environment. */
static bool is_home_own(void)
{
    struct stat status;
    char *home = defaults_home_path("");
    bool is_own = home != NULL && stat(home, &status) == 0 && status.st_uid == geteuid();
    free(home);
    return is_own;
}

/* The keyword's default file; NULL: there is none. Whatever is there counts, also a link that leads
 * nowhere: reading it says what is wrong with it. In a folder of the user's home that may not be
 * searched it may be there. Of a client certificate both count as absent, for without it nothing is
 * checked less. The caller frees the path. */
static char *find_default_file(struct resolution *resolution, enum key_index index)
{
    struct stat status;
    if (!has_default_file(resolution, index))
        return NULL;
    char *path = defaults_home_path(keys[index].default_file);
    int reason = path == NULL ? ENOENT : lstat(path, &status) == 0 ? 0 : errno;
    if (reason == EACCES && !is_home_own())
        reason = ENOENT;
    bool is_hidden = reason == EACCES || (reason == 0 && stat(path, &status) != 0);
    resolution->is_hidden[index] = is_hidden;
    if (reason == ENOENT || reason == ENOTDIR || (is_hidden && index == KEY_INDEX_SslCert)) {
        free(path);
        path = NULL;
    }
    return path;
}

static bool resolve_key(struct resolution *resolution, enum key_index index)
{
    const struct key *key = &keys[index];
    bool is_libpq = resolution->settings->family == DRIVER_FAMILY_POSTGRESQL;
    if (resolution->found[index].value != NULL)
        return store_found(resolution, index);
    const char *value =
        is_libpq && key->environment != NULL ? defaults_environment(key->environment) : NULL;
    if (value != NULL) {
        char source[100];
        snprintf(source, sizeof source, "environment %s", key->environment);
        return store(resolution, index, value, source);
    }
    char *path = is_libpq ? find_default_file(resolution, index) : NULL;
    bool is_stored = path != NULL ? store(resolution, index, path, SOURCE_DEFAULT_FILE)
                                  : store(resolution, index, key->default_text, SOURCE_DEFAULT);
    free(path);
    return is_stored;
}

static bool find_keys(struct resolution *resolution)
{
    const struct places *places = &resolution->places;
    for (int index = 0; index < KEY_COUNT; index++)
        if (!places_find_key(places, &keys[index], &resolution->found[index], resolution->error))
            return false;
    return encrypt_apply(places, resolution->found, resolution->encrypt_origin, resolution->error);
}

/* Before the other keywords: which driver it is decides whether libpq's environment counts. */
static bool resolve_target(struct resolution *resolution)
{
    struct settings *settings = resolution->settings;
    const char *data_source = resolution->places.names[PLACE_DATA_SOURCE];
    const char *section = resolution->places.names[PLACE_DRIVER_SECTION];
    if (!resolve_key(resolution, KEY_INDEX_TargetDriver))
        return false;
    if (settings->target_driver.value == NULL)
        return error_set(
            resolution->error, ODBCSSL_ERROR_TARGET_MISSING,
            "TargetDriver, the real driver's section of odbcinst.ini or its library, is set "
            "nowhere: not in the connection string%s%s%s%s",
            data_source != NULL ? ", not in " : "", data_source != NULL ? data_source : "",
            section != NULL ? ", not in " : "", section != NULL ? section : "");
    if (!settings_find_driver(&settings->target_driver, &settings->driver_path, resolution->error))
        return false;
    settings->family = settings_driver_family(settings->driver_path);
    return true;
}

/* Who names something to verify with wants it used - what libpq's environment and default files say
 * is there for every program, and asks for nothing; and who trusts the system's authorities trusts
 * all the world's, so that the name has to match (libpq, sslrootcert=system). */
static bool apply_default_mode(struct resolution *resolution)
{
    static const enum key_index verifying[] = {KEY_INDEX_SslRootCert, KEY_INDEX_SslCrl,
                                               KEY_INDEX_SslCrlDir, KEY_INDEX_SslPin};
    const char *name = NULL;
    char source[100] = SOURCE_DEFAULT;
    for (size_t i = sizeof verifying / sizeof verifying[0]; i-- > 0;) {
        const char *value = resolution->found[verifying[i]].value;
        if (value != NULL && value[0] != '\0')
            name = keys[verifying[i]].name;
    }
    if (!has_source(resolution, KEY_INDEX_SslMode, SOURCE_DEFAULT) ||
        (name == NULL && !is_system_trust(resolution)))
        return true;
    if (name != NULL)
        snprintf(source, sizeof source, SOURCE_DEFAULT " with %s", name);
    return store(resolution, KEY_INDEX_SslMode, tls_mode_name(ODBCSSL_MODE_VERIFY_FULL), source);
}

/* What cannot be looked at would only be reported on in modes that connect nevertheless. In the
 * others it would be verified with, so it stays, and is refused when it is read. */
static bool drop_hidden_files(struct resolution *resolution)
{
    bool is_good = true;
    for (int index = 0; index < KEY_COUNT && is_good; index++)
        if (resolution->is_hidden[index] && resolution->settings->tls.mode < ODBCSSL_MODE_REQUIRE)
            is_good = store(resolution, (enum key_index)index, NULL, SOURCE_DEFAULT);
    return is_good;
}

/* Who asks for verification gets something to verify with. */
static bool apply_default_trust(struct resolution *resolution)
{
    const struct tls_options *tls = &resolution->settings->tls;
    return tls->mode < ODBCSSL_MODE_VERIFY_CA || tls->root_cert.value != NULL ||
           store(resolution, KEY_INDEX_SslRootCert, SYSTEM_TRUST, SOURCE_DEFAULT);
}

static bool check_versions(const struct resolution *resolution)
{
    char least[OPTION_TEXT_SIZE], most[OPTION_TEXT_SIZE];
    const struct tls_options *tls = &resolution->settings->tls;
    const struct option *items = resolution->settings->items;
    if (tls->maximum_version == TLS_VERSION_NONE || tls->minimum_version <= tls->maximum_version)
        return true;
    return error_set(resolution->error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
                     "no TLS version is left: %s is newer than %s",
                     option_describe(&items[KEY_INDEX_SslMinProtocol], least, sizeof least),
                     option_describe(&items[KEY_INDEX_SslMaxProtocol], most, sizeof most));
}

/* With TLS from the first byte there is no plaintext to begin with or to fall back to (libpq,
 * sslnegotiation). */
static bool check_negotiation(const struct resolution *resolution)
{
    char negotiation[OPTION_TEXT_SIZE], mode[OPTION_TEXT_SIZE];
    const struct tls_options *tls = &resolution->settings->tls;
    const struct option *items = resolution->settings->items;
    if (tls->negotiation != TLS_NEGOTIATION_DIRECT || tls->mode >= ODBCSSL_MODE_REQUIRE)
        return true;
    return error_set(
        resolution->error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
        "%s needs SslMode require, verify-ca or verify-full, and there is %s",
        option_describe(&items[KEY_INDEX_SslNegotiation], negotiation, sizeof negotiation),
        option_describe(&items[KEY_INDEX_SslMode], mode, sizeof mode));
}

/* No driver's settings: the driver manager's keywords, and those of connection strings that lead to
 * the data source. A keyword of a file may hold characters that would end or change a pair of a
 * connection string; no driver knows such a keyword. */
static bool is_for_driver(const char *keyword)
{
    static const char *const leading[] = {"DSN", "FILEDSN", "SAVEFILE", "TraceLibrary", NULL};
    return !key_is_ours(keyword) && !key_is_of_manager(keyword) &&
           !key_is_of_manager_driver(keyword) && !text_is_one_of(keyword, leading) &&
           strpbrk(keyword, ";={}") == NULL;
}

/* Of several in one place the first counts. A connection string's pairs know their origin. */
static bool collect_driver_settings(struct resolution *resolution)
{
    static const enum connstr_origin origins[] = {
        [PLACE_DATA_SOURCE] = CONNSTR_DATA_SOURCE, [PLACE_DRIVER_SECTION] = CONNSTR_DRIVER_SECTION};
    struct connstr *driver_settings = &resolution->settings->driver_settings;
    for (int place = PLACE_COUNT - 1; place >= 0; place--) {
        const struct connstr *list = &resolution->places.lists[place];
        for (size_t i = 0; i < list->count; i++) {
            const struct connstr_pair *pair = &list->pairs[i];
            if (is_for_driver(pair->keyword) && connstr_find(list, pair->keyword) == pair)
                connstr_append_pair(driver_settings, pair->keyword, pair->value,
                                    place != PLACE_CONNECTION_STRING ? origins[place]
                                                                     : pair->origin);
        }
    }
    return !driver_settings->is_failed || error_set_memory(resolution->error);
}

static bool prepare(struct resolution *resolution)
{
    struct settings *settings = resolution->settings;
    const char *dsn = resolution->places.dsn;
    const struct connstr *given = &resolution->places.lists[PLACE_CONNECTION_STRING];
    const char *driver = connstr_get(given, "DRIVER");
    const struct connstr_pair *name = connstr_find(given, "DSN");
    settings->is_by_name = name != NULL && name->origin == CONNSTR_ARGUMENT;
    settings->dsn = dsn != NULL ? strdup(dsn) : NULL;
    settings->driver = dsn == NULL && driver != NULL ? strdup(driver) : NULL;
    return settings->dsn != NULL || settings->driver != NULL || error_set_memory(resolution->error);
}

bool settings_resolve(const struct connstr *connection_string, struct settings *settings,
                      struct error *error)
{
    struct resolution resolution = {.settings = settings, .error = error};
    *settings = (struct settings){0};
    if (!places_open(connection_string, &resolution.places, error))
        return false;
    bool is_good = prepare(&resolution) && places_check_names(&resolution.places, error) &&
                   find_keys(&resolution) && resolve_target(&resolution);
    for (int index = 0; index < KEY_COUNT && is_good; index++)
        if (index != KEY_INDEX_TargetDriver)
            is_good = resolve_key(&resolution, (enum key_index)index);
    is_good = is_good && apply_default_mode(&resolution) && drop_hidden_files(&resolution) &&
              apply_default_trust(&resolution) && check_versions(&resolution) &&
              check_negotiation(&resolution) && collect_driver_settings(&resolution);
    places_close(&resolution.places);
    if (!is_good)
        settings_free(settings);
    return is_good;
}

bool settings_check(const struct connstr *pairs, const char *source, struct error *error)
{
    struct resolution resolution = {.error = error};
    char *name = strdup(source);
    if (name == NULL)
        return error_set_memory(error);
    resolution.places.lists[PLACE_CONNECTION_STRING] = *pairs;
    resolution.places.names[PLACE_CONNECTION_STRING] = name;
    bool is_good = places_check_names(&resolution.places, error) && find_keys(&resolution);
    for (size_t i = 0; i < KEY_COUNT && is_good; i++)
        if (resolution.found[i].value != NULL)
            is_good = key_check_value(&keys[i], resolution.found[i].value, source, NULL, error);
    free(name);
    return is_good;
}

void settings_free(struct settings *settings)
{
    tls_options_free(&settings->tls);
#define DRIVER_KEY(name, field, kind, help) option_free(&settings->field);
#include "base/keys.def"
    free(settings->driver_path);
    free(settings->dsn);
    free(settings->driver);
    connstr_free(&settings->driver_settings);
    for (size_t i = 0; i < KEY_COUNT; i++)
        option_free(&settings->items[i]);
    *settings = (struct settings){0};
}
