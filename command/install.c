/* install.c - `odbcssl install` and `odbcssl uninstall`: a driver's section of odbcinst.ini. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "command/arguments.h"
#include "command/command.h"
#include "command/driver_section.h"
#include "command/odbc_section.h"
#include "config/ini.h"

int command_install(int argc, char **argv)
{
    struct driver_section section = {0};
    struct argument_list defaults = {0};
    struct error error = {0};
    const struct argument rows[] = {
        {"target", 0, .text = &section.target},
        {"name", 0, .text = &section.name},
        {"default", 0, .list = &defaults},
        {"library-dir", 0, .text = &section.library_dir},
        {0},
    };
    int status = COMMAND_WRONG_USE;
    if (arguments_read(argc, argv, rows, NULL) && section.target != NULL &&
        arguments_to_pairs(&defaults, "--default", &section.defaults))
        status = driver_section_write(&section, NULL, &error) ? COMMAND_GOOD : fail(&error);
    connstr_free(&section.defaults);
    return status;
}

/* ---- uninstall ---- */

/* Data sources that this user sees, and that will not connect any more. */
static void report_users(const char *name)
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

int command_uninstall(int argc, char **argv)
{
    const char *name = NULL;
    const struct argument rows[] = {{"name", 0, .text = &name}, {0}};
    char path[ODBC_FILE_PATH_SIZE];
    struct error error = {0};
    bool is_there = false;
    if (!arguments_read(argc, argv, rows, NULL) || name == NULL)
        return COMMAND_WRONG_USE;
    odbc_file_path(ODBC_DRIVERS, path, sizeof path);
    if (driver_section_check(name, &is_there, &error) && !is_there)
        error_set(&error, ODBCSSL_ERROR_KEYWORD_VALUE, "%s has no section [%s]", path, name);
    if (error_is_set(&error) || !odbc_section_change(ODBC_DRIVERS, name, NULL, false, &error))
        return fail(&error);
    printf("%s: removed [%s]\n", path, name);
    report_users(name);
    return COMMAND_GOOD;
}
