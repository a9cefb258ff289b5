/* list.c - `odbcssl list`: the data sources that use odbcssl. */
#include <stdio.h>

#include "command/arguments.h"
#include "command/command.h"
#include "command/data_source.h"
#include "command/json.h"
#include "command/odbc_section.h"
#include "config/settings.h"

static void show(const struct data_source *source, struct json *json)
{
    enum odbc_file file;
    char path[ODBC_FILE_PATH_SIZE] = "";
    char *server = data_source_server(source), *target = data_source_target(source);
    /* As a connection would have it; why there is none stands in `odbcssl check`. */
    struct connstr given = {0};
    struct settings settings = {0};
    const char *mode =
        connstr_append(&given, "DSN", source->name) && settings_resolve(&given, &settings, NULL)
            ? tls_mode_name(settings.tls.mode)
            : "(in error)";
    if (odbc_file_of_source(source->name, &file))
        odbc_file_path(file, path, sizeof path);
    if (json == NULL) {
        printf("%-20s %-36s %-12s %-22s %s\n", source->name, server != NULL ? server : "-", mode,
               target != NULL ? target : "-", path);
    } else {
        json_open(json, NULL, '{');
        json_text(json, "name", source->name);
        json_text(json, "address", server);
        json_text(json, "mode", mode);
        json_text(json, "real_driver", target);
        json_text(json, "file", path);
        json_close(json, '}');
    }
    settings_free(&settings);
    connstr_free(&given);
}

int command_list(int argc, char **argv)
{
    bool is_json = false;
    struct connstr names;
    struct json writer = {0}, *json = NULL;
    const struct argument rows[] = {{"json", 0, .flag = &is_json}, {0}};
    if (!arguments_read(argc, argv, rows, NULL))
        return COMMAND_WRONG_USE;
    odbc_section_list(INI_DATA_SOURCES, &names);
    if (is_json) {
        json = &writer;
        json_open(json, NULL, '{');
        json_open(json, "data_sources", '[');
    }
    for (size_t i = 0; i < names.count; i++) {
        struct data_source source = data_source_find(names.pairs[i].keyword);
        if (source.is_odbcssl)
            show(&source, json);
        data_source_free(&source);
    }
    if (is_json) {
        json_close(json, ']');
        json_close(json, '}');
    }
    connstr_free(&names);
    return COMMAND_GOOD;
}
