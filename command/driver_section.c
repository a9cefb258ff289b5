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

/* Drivers that can be under odbcssl. */
static void list_candidates(struct connstr *names)
{
    struct connstr all;
    *names = (struct connstr){0};
    if (!odbc_list_drivers(&all))
        return;
    for (size_t i = 0; i < all.count; i++)
        if (target_is_candidate(all.pairs[i].keyword))
            connstr_append(names, all.pairs[i].keyword, "");
    connstr_free(&all);
}

bool driver_section_find_target(const char *target, char **path_out, enum driver_family *family_out,
                                struct error *error)
{
    const struct option option = {
        .value = (char *)target, .keyword = "--target", .source = (char *)"command line"};
    struct error reason = {0};
    struct connstr names;
    char near[NEAREST_SIZE];
    if (settings_find_driver(&option, path_out, &reason)) {
        *family_out = settings_driver_family(*path_out);
        return true;
    }
    list_candidates(&names);
    error_set(error, reason.code, "%s. Drivers: %s", reason.text,
              nearest_describe(target, &names, near, sizeof near));
    connstr_free(&names);
    return false;
}

static bool is_over(const char *section, const char *target)
{
    struct connstr pairs;
    if (!ini_read_section(INI_DRIVERS, section, &pairs, NULL))
        return false;
    const struct connstr_pair *driver = connstr_find(&pairs, "Driver");
    const struct connstr_pair *present = connstr_find(&pairs, keys[KEY_INDEX_TargetDriver].name);
    bool is_ours = driver != NULL && present != NULL && target_is_odbcssl(driver->value) &&
                   text_equal_nocase(present->value, target);
    connstr_free(&pairs);
    return is_ours;
}

char *driver_section_find(const char *target)
{
    struct connstr names;
    char *found = NULL;
    if (!odbc_list_drivers(&names))
        return NULL;
    for (size_t i = 0; i < names.count && found == NULL; i++)
        if (is_over(names.pairs[i].keyword, target))
            found = memory_copy(names.pairs[i].keyword);
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

/* "PostgreSQL Unicode over TLS", "psqlodbcw over TLS" */
static char *choose_name(const struct driver_section *section)
{
    const char *base = strrchr(section->target, '/');
    base = base != NULL ? base + 1 : section->target;
    const char *end = strstr(base, ".so");
    int length = end != NULL ? (int)(end - base) : (int)strlen(base);
    return section->name != NULL ? memory_copy(section->name)
                                 : memory_format("%.*s over TLS", length, base);
}

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

/* The library that an application can use with the real driver. */
static bool choose_library(const struct driver_section *section, char *out, size_t size,
                           struct error *error)
{
    enum driver_family family;
    char *path = NULL;
    if (!driver_section_find_target(section->target, &path, &family, error))
        return false;
    const struct driver *driver = driver_load(path, error);
    free(path);
    if (driver == NULL)
        return false;
    snprintf(out, size, "%s/%s", section->library_dir != NULL ? section->library_dir : ODBC_DIR,
             driver->is_unicode ? "libodbcssl.so" : "libodbcssla.so");
    if (access(out, R_OK) == 0)
        return true;
    return error_set(error, ODBCSSL_ERROR_FILE_UNREADABLE,
                     "%s is not there: install odbcssl, or say by --library-dir where it is", out);
}

/* What says a mode in a driver's section. */
static bool has_mode(const struct connstr *pairs)
{
    static const char *const keywords[] = {"SslMode", "Encrypt", "TrustServerCertificate"};
    for (size_t i = 0; i < 3; i++)
        if (connstr_find(pairs, keywords[i]) != NULL)
            return true;
    return false;
}

/* present: the section as it is; its own mode stays. */
static bool make_section(const struct driver_section *section, const struct connstr *present,
                         struct connstr *pairs, struct error *error)
{
    char library[PATH_SIZE], setup[PATH_SIZE];
    if (!choose_library(section, library, sizeof library, error))
        return false;
    snprintf(setup, sizeof setup, "%s/libodbcsslS.so",
             section->library_dir != NULL ? section->library_dir : ODBC_DIR);
    bool is_made = connstr_append(pairs, "Driver", library) &&
                   connstr_append(pairs, "Setup", setup) &&
                   connstr_append(pairs, keys[KEY_INDEX_TargetDriver].name, section->target);
    if (!has_mode(&section->defaults) && !has_mode(present))
        is_made = is_made && connstr_append(pairs, keys[KEY_INDEX_SslMode].name,
                                            tls_mode_name(ODBCSSL_MODE_VERIFY_FULL));
    for (size_t i = 0; i < section->defaults.count && is_made; i++)
        is_made = connstr_set(pairs, section->defaults.pairs[i].keyword,
                              section->defaults.pairs[i].value);
    return is_made || error_set_memory(error);
}

bool driver_section_write(const struct driver_section *section, char **name_out,
                          struct error *error)
{
    char *name = choose_name(section);
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
