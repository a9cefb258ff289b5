/*
 * target.c - which library TargetDriver means, and which section a library belongs to. A name that
 * leads back to odbcssl would load it without end, so files are compared, not names.
 */
#include "config/target.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "config/ini.h"
#include "config/settings.h"

/* Where libraries without a directory are searched: the driver manager's directory, and ours. The
 * loader's own path is left out: what is loaded must not depend on the application's environment.
 */
static const char *const library_directories[] = {ODBC_MODULE_DIR, ODBC_DIR};

#define DIRECTORY_COUNT (sizeof library_directories / sizeof library_directories[0])

static const struct {
    const char *pattern; /* of the file's name */
    enum driver_family family;
} driver_families[] = {
#define DATABASE(name, word, its_proto, its_profile, libraries) {libraries, DRIVER_FAMILY_##name},
#include "base/databases.def"
};

static enum driver_family family_of_name(const char *name)
{
    for (size_t i = 0; i < sizeof driver_families / sizeof driver_families[0]; i++)
        if (fnmatch(driver_families[i].pattern, name, FNM_EXTMATCH) == 0)
            return driver_families[i].family;
    return DRIVER_FAMILY_UNKNOWN;
}

enum driver_family settings_driver_family(const char *path)
{
    enum driver_family family = family_of_name(text_file_name(path));
    char *real = family == DRIVER_FAMILY_UNKNOWN ? realpath(path, NULL) : NULL;
    if (real != NULL)
        family = family_of_name(text_file_name(real));
    free(real);
    return family;
}

static bool is_odbcssl_name(const char *path)
{
    const char *name = text_file_name(path);
    return fnmatch("libodbcssl.so*", name, 0) == 0 || fnmatch("libodbcssla.so*", name, 0) == 0;
}

bool target_is_odbcssl(const char *path)
{
    char *real = path[0] == '/' ? realpath(path, NULL) : NULL;
    bool is_ours = is_odbcssl_name(path) || (real != NULL && is_odbcssl_name(real));
    free(real);
    return is_ours;
}

static bool is_regular_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* *path_out is NULL when the library is nowhere; the caller frees it. false: out of memory. */
static bool find_library(const char *library, char **path_out, struct error *error)
{
    char candidate[PATH_MAX];
    bool is_absolute = library[0] == '/';
    *path_out = NULL;
    for (size_t i = 0; i < (is_absolute ? 1 : DIRECTORY_COUNT); i++) {
        snprintf(candidate, sizeof candidate, "%s%s%s", is_absolute ? "" : library_directories[i],
                 is_absolute ? "" : "/", library);
        if (is_regular_file(candidate))
            return (*path_out = strdup(candidate)) != NULL || error_set_memory(error);
    }
    return true;
}

bool target_read_library(const char *section, char **library_out, struct error *error)
{
    static const char *const keywords[] = {"Driver64", "Driver"};
    *library_out = NULL;
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0] && *library_out == NULL; i++) {
        if (!ini_read_value(INI_DRIVERS, section, keywords[i], library_out, error))
            return false;
        if (*library_out != NULL && (*library_out)[0] == '\0') {
            free(*library_out);
            *library_out = NULL;
        }
    }
    return true;
}

bool target_is_candidate(const char *section)
{
    char *library, *path = NULL;
    if (!target_read_library(section, &library, NULL) || library == NULL)
        return false;
    bool is_found = find_library(library, &path, NULL);
    bool is_candidate = is_found && !target_is_odbcssl(path != NULL ? path : library);
    free(path);
    free(library);
    return is_candidate;
}

/* By text, or because both lead to the same file. */
static bool is_library_of(const char *section, const char *driver, const char *driver_path,
                          struct error *error)
{
    char *library, *path = NULL;
    struct file_identity theirs, wanted;
    if (!target_read_library(section, &library, error) || library == NULL)
        return false;
    bool is_same = strcmp(library, driver) == 0;
    if (!is_same && driver_path != NULL && find_library(library, &path, error) && path != NULL)
        is_same = file_identify(path, &theirs) && file_identify(driver_path, &wanted) &&
                  file_identity_equal(&theirs, &wanted);
    free(path);
    free(library);
    return is_same;
}

static bool note_section(const char *driver, const char *section, char **section_out,
                         struct error *error)
{
    char name[200], other[200], library[300];
    if (*section_out == NULL) {
        *section_out = strdup(section);
        return *section_out != NULL || error_set_memory(error);
    }
    return error_set(
        error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
        "Driver=%s is the library of more than one section of odbcinst.ini, [%s] and [%s]: "
        "name the section instead of the library",
        error_printable(driver, strlen(driver), library, sizeof library),
        error_printable(*section_out, strlen(*section_out), name, sizeof name),
        error_printable(section, strlen(section), other, sizeof other));
}

bool target_find_section(const char *driver, char **section_out, struct error *error)
{
    struct connstr sections;
    char *driver_path;
    *section_out = NULL;
    if (!find_library(driver, &driver_path, error))
        return false;
    bool is_good = ini_list_sections(INI_DRIVERS, &sections, error);
    for (size_t i = 0; i < sections.count && is_good; i++)
        if (is_library_of(sections.pairs[i].keyword, driver, driver_path, error))
            is_good = note_section(driver, sections.pairs[i].keyword, section_out, error);
    if (!is_good) {
        free(*section_out);
        *section_out = NULL;
    }
    connstr_free(&sections);
    free(driver_path);
    return is_good;
}

/* What of TargetDriver led to the library, for errors: "TargetDriver=X (odbc.ini [w])". */
struct search {
    const char *target;  /* described */
    const char *section; /* NULL: TargetDriver is the library itself */
    const char *library;
};

static void refuse_missing(const struct search *search, struct error *error)
{
    char library[300];
    error_printable(search->library, strlen(search->library), library, sizeof library);
    if (search->section != NULL && search->library[0] == '/')
        error_set(error, ODBCSSL_ERROR_DRIVER_LOAD,
                  "%s: the library %s of that section of odbcinst.ini does not exist",
                  search->target, library);
    else if (search->library[0] == '/')
        error_set(error, ODBCSSL_ERROR_DRIVER_LOAD, "%s: there is no such file", search->target);
    else if (search->section != NULL)
        error_set(error, ODBCSSL_ERROR_DRIVER_LOAD,
                  "%s: the library %s of that section of odbcinst.ini is neither in %s nor in %s",
                  search->target, library, library_directories[0], library_directories[1]);
    else
        error_set(error, ODBCSSL_ERROR_DRIVER_LOAD,
                  "%s: odbcinst.ini has no such section, and no such library is in %s or in %s",
                  search->target, library_directories[0], library_directories[1]);
}

static bool accept_library(const struct search *search, char **path_out, struct error *error)
{
    /* A relative path would depend on where the application happens to run. */
    bool is_relative_path = search->library[0] != '/' && strchr(search->library, '/') != NULL;
    if (!is_relative_path && !find_library(search->library, path_out, error))
        return false;
    bool is_loop = target_is_odbcssl(*path_out != NULL ? *path_out : search->library);
    if (is_loop)
        error_set(error, ODBCSSL_ERROR_DRIVER_LOAD,
                  "%s leads back to odbcssl (%s); it has to name the real driver", search->target,
                  search->library);
    else if (*path_out == NULL)
        refuse_missing(search, error);
    if (*path_out != NULL && !is_loop)
        return true;
    free(*path_out);
    *path_out = NULL;
    return false;
}

static bool has_section(const char *name)
{
    struct connstr pairs;
    bool is_there = ini_look_at_section(INI_DRIVERS, name, &pairs);
    connstr_free(&pairs);
    return is_there;
}

bool settings_find_driver(const struct option *target, char **path_out, struct error *error)
{
    char description[700];
    char *library = NULL;
    *path_out = NULL;
    option_describe(target, description, sizeof description);
    if (target->value[0] != '/' && !target_read_library(target->value, &library, error))
        return false;
    bool is_section = library != NULL;
    if (!is_section && target->value[0] != '/' && has_section(target->value))
        return error_set(error, ODBCSSL_ERROR_DRIVER_LOAD,
                         "%s: that section of odbcinst.ini has no Driver", description);
    struct search search = {description, is_section ? target->value : NULL,
                            is_section ? library : target->value};
    bool is_found = accept_library(&search, path_out, error);
    free(library);
    return is_found;
}
