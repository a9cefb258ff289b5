/*
 * install.c - `odbcssl install` and `odbcssl uninstall`: a driver's section of odbcinst.ini.
 */
#include <odbcinst.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "config/ini.h"
#include "config/keys.h"
#include "config/settings.h"
#include "config/target.h"
#include "dispatch/driver.h"
#include "command/advice.h"
#include "command/arguments.h"
#include "command/command.h"

#define DRIVERS "odbcinst.ini"
#define PATH_SIZE 1024

struct install_arguments {
    const char *target;
    const char *name;
    const char *library_dir;
    struct connstr defaults;
};

enum install_option {
    OPTION_TARGET = ARGUMENT_WRONG + 1,
    OPTION_NAME,
    OPTION_DEFAULT,
    OPTION_LIBRARY_DIR
};

static const struct argument_row install_rows[] = {
    {"--target", true, OPTION_TARGET},
    {"--name", true, OPTION_NAME},
    {"--default", true, OPTION_DEFAULT},
    {"--library-dir", true, OPTION_LIBRARY_DIR},
    {NULL, false, 0},
};

static const struct argument_row uninstall_rows[] = {
    {"--name", true, OPTION_NAME},
    {NULL, false, 0},
};

static int fail(const struct error *error)
{
    fprintf(stderr, "odbcssl: %s\n%s\n", error->text, advice_find(error->code));
    return COMMAND_FAILED;
}

/* ---- odbcinst.ini ---- */

static const char *drivers_file(char *out, size_t size)
{
    char directory[PATH_SIZE] = "";
    const char *name = secure_getenv("ODBCINSTINI");
    WORD length = 0;
    SQLInstallDriverManager(directory, sizeof directory, &length);
    snprintf(out, size, "%s/%s", directory, name != NULL ? name : DRIVERS);
    return out;
}

static void tell_installer(const char *section, struct error *error)
{
    char text[512] = "", path[PATH_SIZE + 300];
    DWORD code = 0;
    WORD length = 0;
    SQLInstallerError(1, &code, text, sizeof text, &length);
    error_set(error, ODBCSSL_ERROR_SYSTEM,
              "[%s] cannot be written to %s (%s): it takes a user who may write there", section,
              drivers_file(path, sizeof path), text[0] != '\0' ? text : "libodbcinst says no more");
}

/* value NULL takes the keyword away, keyword NULL the section. */
static bool write_value(const char *section, const char *keyword, const char *value,
                        struct error *error)
{
    if (SQLWritePrivateProfileString(section, keyword, value, DRIVERS))
        return true;
    tell_installer(section, error);
    return false;
}

/* Whether the section may be written or removed: *is_there_out, and it is odbcssl's. */
static bool check_section(const char *section, bool *is_there_out, struct error *error)
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

/* ---- install ---- */

static bool add_default(struct connstr *defaults, char *text)
{
    char *equals = strchr(text, '=');
    if (equals == NULL || equals == text) {
        fprintf(stderr, "odbcssl: --default is KEY=VALUE, not \"%s\"\n", text);
        return false;
    }
    *equals = '\0';
    return connstr_append(defaults, text, equals + 1);
}

static bool take_argument(int code, char *value, struct install_arguments *arguments)
{
    switch (code) {
    case OPTION_TARGET:
        arguments->target = value;
        return true;
    case OPTION_NAME:
        arguments->name = value;
        return true;
    case OPTION_DEFAULT:
        return add_default(&arguments->defaults, value);
    case OPTION_LIBRARY_DIR:
        arguments->library_dir = value;
        return true;
    default:
        return false;
    }
}

static bool parse_arguments(char **argv, const struct argument_row *rows,
                            struct install_arguments *arguments)
{
    struct arguments reader = arguments_over(argv, rows);
    char *value = NULL;
    int code;
    *arguments = (struct install_arguments){.library_dir = ODBC_DIR};
    while ((code = arguments_next(&reader, &value)) != ARGUMENT_END)
        if (!take_argument(code, value, arguments))
            return false;
    return true;
}

/* "PostgreSQL Unicode over TLS", "psqlodbcw over TLS" */
static const char *choose_name(const struct install_arguments *arguments, char *out, size_t size)
{
    const char *base = strrchr(arguments->target, '/');
    base = base != NULL ? base + 1 : arguments->target;
    const char *end = strstr(base, ".so");
    int length = end != NULL ? (int)(end - base) : (int)strlen(base);
    if (arguments->name != NULL)
        snprintf(out, size, "%s", arguments->name);
    else
        snprintf(out, size, "%.*s over TLS", length, base);
    return out;
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
static bool choose_library(const struct install_arguments *arguments, char *out, size_t size,
                           struct error *error)
{
    const struct option target = {.value = (char *)arguments->target,
                                  .keyword = "--target",
                                  .source = (char *)"command line"};
    char *path = NULL;
    if (!settings_find_driver(&target, &path, error))
        return false;
    const struct driver *driver = driver_load(path, error);
    free(path);
    if (driver == NULL)
        return false;
    snprintf(out, size, "%s/%s", arguments->library_dir,
             driver->is_unicode ? "libodbcssl.so" : "libodbcssla.so");
    if (access(out, R_OK) == 0)
        return true;
    error_set(error, ODBCSSL_ERROR_FILE_UNREADABLE,
              "%s is not there: install odbcssl, or say by --library-dir where it is", out);
    return false;
}

static bool write_section(const char *name, const struct connstr *pairs, struct error *error)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (!write_value(name, pairs->pairs[i].keyword, pairs->pairs[i].value, error))
            return false;
    return true;
}

static void print_section(const char *name, const struct connstr *pairs)
{
    char path[PATH_SIZE + 300];
    printf("%s:\n[%s]\n", drivers_file(path, sizeof path), name);
    for (size_t i = 0; i < pairs->count; i++) {
        const struct key *key = key_find(pairs->pairs[i].keyword);
        bool is_secret = key != NULL && key->kind == KEY_SECRET;
        printf("%-12s = %s\n", pairs->pairs[i].keyword,
               is_secret ? "(set)" : pairs->pairs[i].value);
    }
}

static bool make_section(const struct install_arguments *arguments, struct connstr *pairs,
                         struct error *error)
{
    char library[PATH_SIZE], setup[PATH_SIZE];
    if (!choose_library(arguments, library, sizeof library, error))
        return false;
    snprintf(setup, sizeof setup, "%s/libodbcsslS.so", arguments->library_dir);
    bool is_made = connstr_append(pairs, "Driver", library) &&
                   connstr_append(pairs, "Setup", setup) &&
                   connstr_append(pairs, keys[KEY_INDEX_TargetDriver].name, arguments->target);
    for (size_t i = 0; i < arguments->defaults.count && is_made; i++)
        is_made = connstr_set(pairs, arguments->defaults.pairs[i].keyword,
                              arguments->defaults.pairs[i].value);
    if (!is_made)
        error_set_memory(error);
    return is_made;
}

static int install(const struct install_arguments *arguments)
{
    char name[PATH_SIZE];
    struct connstr pairs = {0};
    struct error error = {0};
    bool is_there = false;
    choose_name(arguments, name, sizeof name);
    bool is_done = check_name(name, &error) && check_defaults(&arguments->defaults, &error) &&
                   check_section(name, &is_there, &error) &&
                   make_section(arguments, &pairs, &error) && write_section(name, &pairs, &error);
    if (is_done)
        print_section(name, &pairs);
    connstr_free(&pairs);
    return is_done ? COMMAND_GOOD : fail(&error);
}

int command_install(int argc, char **argv)
{
    struct install_arguments arguments;
    (void)argc;
    bool is_good = parse_arguments(argv, install_rows, &arguments) && arguments.target != NULL;
    int status = is_good ? install(&arguments) : COMMAND_WRONG_USE;
    connstr_free(&arguments.defaults);
    return status;
}

/* ---- uninstall ---- */

/* Data sources that this user sees, and that will not connect any more. */
static void tell_users(const char *name)
{
    struct connstr sources;
    if (!ini_list_sections(INI_DATA_SOURCES, &sources, NULL))
        return;
    for (size_t i = 0; i < sources.count; i++) {
        char *driver = NULL;
        const char *source = sources.pairs[i].keyword;
        if (ini_read_value(INI_DATA_SOURCES, source, "Driver", &driver, NULL) && driver != NULL &&
            text_equal_nocase(driver, name))
            printf("the data source %s still uses it, and will not connect any more\n", source);
        free(driver);
    }
    connstr_free(&sources);
}

static int uninstall(const char *name)
{
    char path[PATH_SIZE + 300];
    struct error error = {0};
    bool is_there = false;
    if (check_section(name, &is_there, &error) && !is_there)
        error_set(&error, ODBCSSL_ERROR_KEYWORD_VALUE, "%s has no section [%s]",
                  drivers_file(path, sizeof path), name);
    if (error_is_set(&error) || !write_value(name, NULL, NULL, &error))
        return fail(&error);
    printf("%s: removed [%s]\n", drivers_file(path, sizeof path), name);
    tell_users(name);
    return COMMAND_GOOD;
}

int command_uninstall(int argc, char **argv)
{
    struct install_arguments arguments;
    (void)argc;
    bool is_good = parse_arguments(argv, uninstall_rows, &arguments) && arguments.name != NULL;
    return is_good ? uninstall(arguments.name) : COMMAND_WRONG_USE;
}
