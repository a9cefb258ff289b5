/* pgservice.c - reads pg_service.conf as libpq would (fe-connect.c, parseServiceInfo). */
#include "conn/pgservice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "config/defaults.h"
#include "config/keys.h"
#include "conn/profiles.h"

#define FILE_NAME "pg_service.conf"
#define PATH_SIZE 4096

static const struct {
    const char *option;
    enum key_index key;
} tls_options[] = {
    {"sslrootcert", KEY_INDEX_SslRootCert},
    {"sslcrl", KEY_INDEX_SslCrl},
    {"sslcrldir", KEY_INDEX_SslCrlDir},
    {"sslcert", KEY_INDEX_SslCert},
    {"sslkey", KEY_INDEX_SslKey},
    {"sslpassword", KEY_INDEX_SslPassword},
    {"sslnegotiation", KEY_INDEX_SslNegotiation},
    {"ssl_min_protocol_version", KEY_INDEX_SslMinProtocol},
    {"ssl_max_protocol_version", KEY_INDEX_SslMaxProtocol},
};

/* Whether the text, which is cut up, has the service. */
static bool read_service(char *text, const char *service, struct connstr *options)
{
    size_t length = strlen(service);
    bool is_found = false;
    char *line;
    while ((line = strsep(&text, "\n")) != NULL) {
        line = text_trim(line);
        if (*line == '[' && is_found)
            break;
        char *value = strchr(line, '=');
        if (*line == '[') {
            is_found = strncmp(line + 1, service, length) == 0 && line[1 + length] == ']';
        } else if (is_found && *line != '#' && value != NULL) {
            *value++ = '\0';
            connstr_append(options, line, value);
        }
    }
    return is_found;
}

static bool try_file(const char *path, const char *service, struct connstr *options)
{
    const struct option option = {.value = (char *)path};
    struct file_content content;
    if (path == NULL || !file_read(&option, &content, NULL))
        return false;
    bool is_found = read_service((char *)content.bytes, service, options);
    file_content_free(&content);
    return is_found;
}

/* The system's file counts where the first one does not have the service; its folder is one of the
 * distribution. */
static bool find_service(const char *service, struct connstr *options)
{
    const char *named = profile_environment("PGSERVICEFILE");
    const char *configured = profile_environment("PGSYSCONFDIR");
    const char *const folders[] = {configured != NULL ? configured : "/etc/postgresql-common",
                                   configured != NULL ? configured : "/etc/sysconfig/pgsql"};
    char path[PATH_SIZE];
    char *own = named != NULL ? strdup(named) : defaults_home_path("." FILE_NAME);
    bool is_found = try_file(own, service, options);
    free(own);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0] && !is_found; i++) {
        snprintf(path, sizeof path, "%s/" FILE_NAME, folders[i]);
        is_found = try_file(path, service, options);
    }
    return is_found;
}

/* libpq, too, reads words in any case, and has two of sslnegotiation for one thing. */
static bool is_equal(const struct key_word *words, const char *value, const char *other)
{
    const struct key_word *word = words != NULL ? key_find_word(words, value) : NULL;
    const struct key_word *same = word != NULL ? key_find_word(words, other) : NULL;
    return strcmp(value, other) == 0 || (same != NULL && word->value == same->value);
}

/* Not by a keyword, which counts for libpq before a service, and not with the same value. To libpq
 * an empty value is none. */
static bool is_lost(enum key_index key, const struct option *item, const char *value)
{
    bool is_by_keyword = item->source != NULL && !text_has_prefix_nocase(item->source, "default") &&
                         !text_has_prefix_nocase(item->source, "environment");
    return !is_by_keyword && value[0] != '\0' &&
           (item->value == NULL || !is_equal(keys[key].words, item->value, value));
}

bool pgservice_check(const struct settings *settings, struct error *error)
{
    const char *service = profile_environment("PGSERVICE");
    struct connstr options = {0};
    if (service == NULL || settings->tls.mode == ODBCSSL_MODE_DISABLE ||
        !find_service(service, &options))
        return true;
    for (size_t i = 0; i < sizeof tls_options / sizeof tls_options[0]; i++) {
        const struct connstr_pair *pair = connstr_find(&options, tls_options[i].option);
        enum key_index key = tls_options[i].key;
        if (pair != NULL && is_lost(key, &settings->items[key], pair->value))
            error_set(error, ODBCSSL_ERROR_BYPASS_SETTING,
                      "the environment variable PGSERVICE=%s names a service that sets %s, which "
                      "odbcssl does not take from there: set %s in the DSN",
                      service, pair->keyword, keys[key].name);
    }
    if (options.is_failed)
        error_set_memory(error);
    connstr_free(&options);
    return !error_is_set(error);
}
