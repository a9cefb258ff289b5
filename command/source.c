/* source.c - the connection string that a command's arguments stand for. */
#include "command/source.h"

#include <stdio.h>
#include <string.h>

#include "config/connstr.h"

char *source_connection_string(const struct source *source)
{
    struct connstr list = {0};
    struct error error = {0};
    const char *given = source->connection_string;
    bool is_good = given == NULL || connstr_parse(given, strlen(given), &list, &error);
    if (source->dsn != NULL)
        connstr_set(&list, "DSN", source->dsn);
    if (source->user != NULL)
        connstr_set(&list, "UID", source->user);
    if (source->password != NULL && connstr_set(&list, "PWD", source->password))
        list.pairs[list.count - 1].origin = CONNSTR_ARGUMENT;
    char *text = is_good ? connstr_format(&list) : NULL;
    if (error_is_set(&error))
        fprintf(stderr, "odbcssl: %s\n", error.text);
    connstr_free(&list);
    return text;
}
