/*
 * driver_section.c - the section of odbcinst.ini that puts a real driver under odbcssl: found, or
 * written for install, dsn and adopt.
 */
#include "command/driver_section.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "command/memory.h"
#include "command/nearest.h"
#include "command/odbc_section.h"
#include "config/ini.h"
#include "config/keys.h"
#include "config/target.h"
#include "dispatch/driver.h"

#define NAME_LIMIT 200

/* ---- looking ---- */

const char *driver_section_find_target(const char *target, struct error *error)
{
    const struct option option = {
        .value = (char *)target, .keyword = "--target", .source = (char *)"command line"};
    struct error reason = {0};
    char *path = NULL;
    if (!settings_find_driver(&option, &path, &reason))
        error_set(error, reason.code, "%s. Drivers: %s", reason.text,
                  nearest_describe(target, INI_DRIVERS, target_is_candidate));
    const char *copy = memory_copy(path);
    free(path);
    return copy;
}

char *driver_section_find(const char *target)
{
    struct connstr names, pairs;
    char *found = NULL;
    odbc_section_list(INI_DRIVERS, &names);
    for (size_t i = 0; i < names.count && found == NULL; i++) {
        ini_look_at_section(INI_DRIVERS, names.pairs[i].keyword, &pairs);
        const struct connstr_pair *present =
            connstr_find(&pairs, keys[KEY_INDEX_TargetDriver].name);
        char *library = NULL;
        target_read_library(names.pairs[i].keyword, &library, NULL);
        if (library != NULL && present != NULL && target_is_odbcssl(library) &&
            text_equal_nocase(present->value, target))
            found = memory_copy(names.pairs[i].keyword);
        free(library);
        connstr_free(&pairs);
    }
    connstr_free(&names);
    return found;
}

bool driver_section_check(const char *section, bool *is_there_out, struct error *error)
{
    struct connstr pairs;
    if (!ini_read_section(INI_DRIVERS, section, &pairs, error))
        return false;
    const struct connstr_pair *driver = connstr_find(&pairs, "Driver64");
    if (driver == NULL)
        driver = connstr_find(&pairs, "Driver");
    *is_there_out = pairs.count > 0;
    bool is_ours = !*is_there_out || (driver != NULL && target_is_odbcssl(driver->value));
    if (!is_ours)
        error_set(error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
                  "[%s] of odbcinst.ini is another driver's (Driver=%s): choose another --name",
                  section, driver != NULL ? driver->value : "");
    connstr_free(&pairs);
    return is_ours;
}

/* ---- writing ---- */

/* Of a driver's section only odbcssl's keywords are read; TargetDriver is --target's. */
static bool check_defaults(const struct connstr *defaults, struct error *error)
{
    for (size_t i = 0; i < defaults->count; i++) {
        const char *keyword = defaults->pairs[i].keyword;
        if (text_equal_nocase(keyword, keys[KEY_INDEX_TargetDriver].name))
            error_set(error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
                      "--default TargetDriver: --target names the real driver");
        else if (!key_is_ours(keyword) && !text_has_prefix_nocase(keyword, "Ssl"))
            error_set(
                error, ODBCSSL_ERROR_KEYWORD_UNKNOWN,
                "--default %s: this is no keyword of odbcssl; those of the real driver belong "
                "in the data source",
                keyword);
    }
    return !error_is_set(error) && ini_check_lines(defaults, error) &&
           settings_check(defaults, "--default", error);
}

/* The library is the one that an application can use with the real driver. present: the section as
 * it is; its own mode stays. */
static bool make_section(const struct driver_section *section, const struct connstr *present,
                         struct connstr *pairs, struct error *error)
{
    const char *folder = section->library_dir != NULL ? section->library_dir : ODBC_DIR;
    const char *path = driver_section_find_target(section->target, error);
    const struct driver *driver = path != NULL ? driver_load(path, error) : NULL;
    if (driver == NULL)
        return false;
    const char *library =
        memory_format("%s/%s", folder, driver->is_unicode ? "libodbcssl.so" : "libodbcssla.so");
    if (access(library, R_OK) != 0)
        return error_set(error, ODBCSSL_ERROR_FILE_UNREADABLE,
                         "%s is not there: install odbcssl, or say by --library-dir where it is",
                         library);
    const char *setup = memory_format("%s/libodbcsslS.so", folder);
    connstr_append(pairs, "Driver", library);
    connstr_append(pairs, "Setup", setup);
    /* Where these stand, the others do not count. */
    if (connstr_find(present, "Driver64") != NULL)
        connstr_append(pairs, "Driver64", library);
    if (connstr_find(present, "Setup64") != NULL)
        connstr_append(pairs, "Setup64", setup);
    connstr_append(pairs, keys[KEY_INDEX_TargetDriver].name, section->target);
    if (!key_sets_mode(&section->defaults) && !key_sets_mode(present))
        connstr_append(pairs, keys[KEY_INDEX_SslMode].name,
                       tls_mode_name(ODBCSSL_MODE_VERIFY_FULL));
    for (size_t i = 0; i < section->defaults.count; i++)
        connstr_set(pairs, section->defaults.pairs[i].keyword, section->defaults.pairs[i].value);
    memory_check(!pairs->is_failed);
    return true;
}

/* Refuses what the section would hold with these pairs, as all connections would refuse it. */
static bool check_merged(const char *name, const struct connstr *present,
                         const struct connstr *pairs, struct error *error)
{
    const char *source = memory_format("%s [%s]", ini_file_name(INI_DRIVERS), name);
    struct connstr merged = {0};
    /* What is empty there counts as unset. */
    for (size_t i = 0; i < present->count; i++)
        if (present->pairs[i].value[0] != '\0')
            connstr_append(&merged, present->pairs[i].keyword, present->pairs[i].value);
    for (size_t i = 0; i < pairs->count; i++)
        connstr_set(&merged, pairs->pairs[i].keyword, pairs->pairs[i].value);
    memory_check(!merged.is_failed);
    bool is_good = settings_check(&merged, source, error);
    connstr_free(&merged);
    return is_good;
}

/* "PostgreSQL Unicode over TLS", "psqlodbcw over TLS" */
char *driver_section_name(const char *target)
{
    const char *base = text_file_name(target), *end = strstr(base, ".so");
    return memory_format("%.*s over TLS", end != NULL ? (int)(end - base) : (int)strlen(base),
                         base);
}

bool driver_section_write(const struct driver_section *section, char **name_out,
                          struct error *error)
{
    char *name =
        section->name != NULL ? memory_copy(section->name) : driver_section_name(section->target);
    struct connstr pairs = {0}, present = {0};
    bool is_there = false;
    if (!odbc_is_name(name, NAME_LIMIT))
        return error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE,
                         "\"%s\" cannot be the name of a driver: " ODBC_NAME_RULE, name);
    bool is_done = check_defaults(&section->defaults, error) &&
                   driver_section_check(name, &is_there, error) &&
                   ini_read_section(INI_DRIVERS, name, &present, error) &&
                   make_section(section, &present, &pairs, error) &&
                   check_merged(name, &present, &pairs, error) &&
                   odbc_section_change(ODBC_DRIVERS, name, &pairs, false, error);
    if (is_done)
        odbc_section_print(ODBC_DRIVERS, name, &pairs);
    connstr_free(&pairs);
    connstr_free(&present);
    if (name_out != NULL)
        *name_out = name;
    return is_done;
}
