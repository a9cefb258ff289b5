/*
 * driver_section.c - the section of odbcinst.ini that puts a real driver under odbcssl: found, or
 * written for install, dsn and adopt.
 */
#include "command/driver_section.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "command/memory.h"
#include "command/nearest.h"
#include "command/odbc_files.h"
#include "config/ini.h"
#include "config/keys.h"
#include "config/target.h"
#include "dispatch/driver.h"

#define PATH_SIZE 1024

/* ---- looking ---- */

bool driver_section_find_target(const char *target, char **path_out, enum driver_family *family_out,
                                struct error *error)
{
    const struct option option = {
        .value = (char *)target, .keyword = "--target", .source = (char *)"command line"};
    struct error reason = {0};
    struct connstr all, names = {0};
    char near[NEAREST_SIZE];
    if (settings_find_driver(&option, path_out, &reason)) {
        *family_out = settings_driver_family(*path_out);
        return true;
    }
    odbc_list_drivers(&all);
    for (size_t i = 0; i < all.count; i++)
        if (target_is_candidate(all.pairs[i].keyword))
            connstr_append(&names, all.pairs[i].keyword, "");
    error_set(error, reason.code, "%s. Drivers: %s", reason.text,
              nearest_describe(target, &names, near, sizeof near));
    connstr_free(&all);
    connstr_free(&names);
    return false;
}

char *driver_section_find(const char *target)
{
    struct connstr names, pairs;
    char *found = NULL;
    odbc_list_drivers(&names);
    for (size_t i = 0; i < names.count && found == NULL; i++) {
        ini_read_section(INI_DRIVERS, names.pairs[i].keyword, &pairs, NULL);
        const struct connstr_pair *driver = connstr_find(&pairs, "Driver");
        const struct connstr_pair *present =
            connstr_find(&pairs, keys[KEY_INDEX_TargetDriver].name);
        if (driver != NULL && present != NULL && target_is_odbcssl(driver->value) &&
            text_equal_nocase(present->value, target))
            found = memory_copy(names.pairs[i].keyword);
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

static bool check_name(const char *name, struct error *error)
{
    if (name[0] == '\0' || strlen(name) > 200 || strpbrk(name, "[]{}(),;?*=!@\\\n\r\t") != NULL)
        error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE,
                  "\"%s\" cannot be the name of a driver: it is empty, too long, or has one of "
                  "[]{}(),;?*=!@\\",
                  name);
    return !error_is_set(error);
}

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
    char library[PATH_SIZE], setup[PATH_SIZE], *path = NULL;
    const char *folder = section->library_dir != NULL ? section->library_dir : ODBC_DIR;
    enum driver_family family;
    const struct driver *driver = driver_section_find_target(section->target, &path, &family, error)
                                      ? driver_load(path, error)
                                      : NULL;
    free(path);
    if (driver == NULL)
        return false;
    snprintf(library, sizeof library, "%s/%s", folder,
             driver->is_unicode ? "libodbcssl.so" : "libodbcssla.so");
    snprintf(setup, sizeof setup, "%s/libodbcsslS.so", folder);
    if (access(library, R_OK) != 0)
        return error_set(error, ODBCSSL_ERROR_FILE_UNREADABLE,
                         "%s is not there: install odbcssl, or say by --library-dir where it is",
                         library);
    connstr_append(pairs, "Driver", library);
    connstr_append(pairs, "Setup", setup);
    connstr_append(pairs, keys[KEY_INDEX_TargetDriver].name, section->target);
    if (!key_sets_mode(&section->defaults) && !key_sets_mode(present))
        connstr_append(pairs, keys[KEY_INDEX_SslMode].name,
                       tls_mode_name(ODBCSSL_MODE_VERIFY_FULL));
    for (size_t i = 0; i < section->defaults.count; i++)
        connstr_set(pairs, section->defaults.pairs[i].keyword, section->defaults.pairs[i].value);
    memory_check(!pairs->is_failed);
    return true;
}

bool driver_section_write(const struct driver_section *section, char **name_out,
                          struct error *error)
{
    /* "PostgreSQL Unicode over TLS", "psqlodbcw over TLS" */
    const char *base = text_file_name(section->target), *end = strstr(base, ".so");
    char *name = section->name != NULL
                     ? memory_copy(section->name)
                     : memory_format("%.*s over TLS",
                                     end != NULL ? (int)(end - base) : (int)strlen(base), base);
    struct connstr pairs = {0}, present = {0};
    bool is_there = false;
    bool is_done = check_name(name, error) && check_defaults(&section->defaults, error) &&
                   driver_section_check(name, &is_there, error) &&
                   ini_read_section(INI_DRIVERS, name, &present, error) &&
                   make_section(section, &present, &pairs, error) &&
                   odbc_file_back_up(ODBC_DRIVERS, error) &&
                   odbc_file_write_section(ODBC_DRIVERS, name, &pairs, error);
    if (is_done)
        odbc_print_section(ODBC_DRIVERS, name, &pairs);
    connstr_free(&pairs);
    connstr_free(&present);
    if (is_done && name_out != NULL)
        *name_out = name;
    else
        free(name);
    return is_done;
}
