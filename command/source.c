/*
 * source.c - the settings that a command's arguments stand for: what check reads, and what status
 * hands to the driver manager.
 */
#include "command/source.h"

#include <stdio.h>
#include <string.h>

#include "command/memory.h"

static void set(struct connstr *settings, const char *keyword, const char *value,
                enum connstr_origin origin)
{
    if (value == NULL)
        return;
    connstr_remove(settings, keyword);
    memory_check(connstr_append_pair(settings, keyword, value, origin));
}

bool source_read(const struct source *source, struct connstr *settings)
{
    struct error error = {0};
    const char *given = source->connection_string;
    *settings = (struct connstr){0};
    if (given != NULL && !connstr_parse(given, strlen(given), settings, &error)) {
        fprintf(stderr, "odbcssl: %s\n", error.text);
        return false;
    }
    set(settings, "DSN", source->dsn, CONNSTR_PLAIN);
    set(settings, "UID", source->user, CONNSTR_PLAIN);
    set(settings, "PWD", source->password, CONNSTR_ARGUMENT);
    return true;
}
