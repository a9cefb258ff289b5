/* adopt.c - `odbcssl adopt`: the odbcssl form of an existing data source, shown or written. */
#include <stdio.h>

#include "base/text.h"
#include "command/adoption.h"
#include "command/arguments.h"
#include "command/check.h"
#include "command/command.h"
#include "command/driver_section.h"
#include "command/memory.h"
#include "command/nearest.h"
#include "command/odbc_section.h"
#include "config/ini.h"
#include "config/keys.h"

struct adopt {
    const char *name;
    const char *library_dir;
    bool is_written;
    struct data_source source;
    struct adoption adoption;
};

static bool check_source_is_native(const struct adopt *adopt, struct error *error)
{
    const struct data_source *source = &adopt->source;
    if (source->section == NULL || !text_equal_nocase(source->section, adopt->name))
        return error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE, "there is no data source \"%s\": %s",
                         adopt->name, nearest_describe(adopt->name, INI_DATA_SOURCES, NULL));
    if (source->state != DATA_SOURCE_FOUND)
        return error_set(error, ODBCSSL_ERROR_DRIVER_LOAD,
                         "the driver manager finds no driver for the data source %s (Driver=%s)",
                         adopt->name, source->driver != NULL ? source->driver : "");
    if (source->is_odbcssl)
        return error_set(error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
                         "the data source %s uses odbcssl already: \"odbcssl check %s\" checks it",
                         adopt->name, adopt->name);
    return true;
}

/* ---- showing ---- */

static void print_adoption(const struct adopt *adopt)
{
    static const char *const fates[] = {
        [ADOPTION_KEPT] = "stays",
        [ADOPTION_CHANGED] = "becomes ",
        [ADOPTION_NEEDLESS] = "is left out: ",
        [ADOPTION_UNEQUALLED] = "HAS NO EQUAL: ",
    };
    printf("%s, keyword by keyword:\n", adopt->name);
    for (size_t i = 0; i < adopt->adoption.count; i++) {
        const struct adoption_row *row = &adopt->adoption.rows[i];
        printf("  %-44s %s%s\n", row->from, fates[row->fate], row->result);
    }
    if (!connstr_has(&adopt->adoption.added, keys[KEY_INDEX_SslMode].name))
        printf("  %-44s SslMode=verify-full\n", "(it asks for no mode)");
    printf("\n");
}

/* The section as it will be: what stays where it stands, then what is new. */
static void make_section(const struct adopt *adopt, const char *driver, struct connstr *pairs)
{
    const struct connstr *present = &adopt->source.settings;
    const struct connstr *added = &adopt->adoption.added;
    connstr_append(pairs, "Driver", driver);
    for (size_t i = 0; i < present->count; i++) {
        const char *keyword = present->pairs[i].keyword;
        bool is_replaced =
            text_equal_nocase(keyword, "Driver") || text_equal_nocase(keyword, "pqopt");
        for (size_t k = 0; k < adopt->adoption.count; k++) {
            const struct adoption_row *row = &adopt->adoption.rows[k];
            is_replaced = is_replaced || (row->fate != ADOPTION_KEPT && row->keyword != NULL &&
                                          text_equal_nocase(row->keyword, keyword));
        }
        if (!is_replaced)
            connstr_append(pairs, keyword, present->pairs[i].value);
    }
    for (size_t i = 0; i < added->count; i++)
        connstr_set(pairs, added->pairs[i].keyword, added->pairs[i].value);
    if (connstr_find(pairs, keys[KEY_INDEX_SslMode].name) == NULL)
        connstr_append(pairs, keys[KEY_INDEX_SslMode].name,
                       tls_mode_name(ODBCSSL_MODE_VERIFY_FULL));
    memory_check(!pairs->is_failed);
}

/* ---- writing ---- */

static bool finish(const struct adopt *adopt, struct error *error)
{
    const struct driver_section section = {.target = adopt->source.driver,
                                           .library_dir = adopt->library_dir};
    struct connstr pairs = {0};
    enum odbc_file file;
    odbc_file_of_source(adopt->name, &file);
    if (adopt->is_written && adopt->adoption.has_unequalled)
        return error_set(
            error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
            "nothing is written, as some settings have no equal: take them away from the "
            "data source, or do what stands beside them");
    const char *driver = driver_section_find(section.target);
    bool has_driver = driver != NULL;
    make_section(adopt, has_driver ? driver : driver_section_name(section.target), &pairs);
    /* All that can be wrong is found before a file is changed. */
    bool is_done =
        ini_check_lines(&pairs, error) && settings_check(&pairs, adopt->name, error) &&
        (!adopt->is_written || ((has_driver || driver_section_write(&section, NULL, error)) &&
                                odbc_section_change(file, adopt->name, &pairs, true, error)));
    if (is_done)
        odbc_section_print(file, adopt->name, &pairs);
    connstr_free(&pairs);
    return is_done;
}

int command_adopt(int argc, char **argv)
{
    struct adopt adopt = {0};
    struct error error = {0};
    const struct argument rows[] = {{"write", 0, .flag = &adopt.is_written},
                                    {"library-dir", 0, .text = &adopt.library_dir},
                                    {0}};
    if (!arguments_read(argc, argv, rows, &adopt.name) || adopt.name == NULL)
        return COMMAND_WRONG_USE;
    adopt.source = data_source_find(adopt.name);
    bool is_read = check_source_is_native(&adopt, &error) &&
                   adoption_read(&adopt.source, &adopt.adoption, &error);
    if (is_read)
        print_adoption(&adopt);
    int status = is_read && finish(&adopt, &error) ? COMMAND_GOOD : fail(&error);
    if (status == COMMAND_GOOD && adopt.is_written) {
        printf("\n");
        status = check_source_named(adopt.name);
    } else if (status == COMMAND_GOOD) {
        printf("\nNothing is written; --write does it.\n");
    }
    connstr_free(&adopt.adoption.added);
    data_source_free(&adopt.source);
    return status;
}
