/* nearest.c - for errors about a name that is not there: names by the letters that tell them apart.
 */
#include "command/nearest.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/text.h"
#include "command/memory.h"
#include "command/odbc_section.h"

#define SHOWN_LIMIT 8
#define TEXT_SIZE 600

/* name NULL: all of them. Returns how many there are. */
static size_t list(const char *name, const struct connstr *names, char *out, size_t size)
{
    size_t count = 0, shown = 0, used = 0;
    size_t length = name != NULL ? strlen(name) : 0;
    size_t limit = length < 4 ? 1 : length < 9 ? 2 : length / 3;
    char printable[100];
    out[0] = '\0';
    for (size_t i = 0; i < names->count; i++) {
        const char *other = names->pairs[i].keyword;
        bool is_part = length >= 3 && strlen(other) >= 3 &&
                       (strcasestr(other, name) != NULL || strcasestr(name, other) != NULL);
        if (name != NULL && !is_part && text_distance(name, other) > limit)
            continue;
        if (count++ >= SHOWN_LIMIT || used + sizeof printable + 8 > size)
            continue;
        error_printable(other, strlen(other), printable, sizeof printable);
        used += (size_t)snprintf(out + used, size - used, "%s\"%s\"", shown++ > 0 ? ", " : "",
                                 printable);
    }
    if (count > shown)
        snprintf(out + used, size - used, " and %zu more", count - shown);
    return count;
}

/* described, and which files are there without being read. */
static const char *add_unread(const char *described, enum ini_file file)
{
    static const enum odbc_file files[][2] = {
        [INI_DATA_SOURCES] = {ODBC_USER_SOURCES, ODBC_SYSTEM_SOURCES},
        [INI_DRIVERS] = {ODBC_DRIVERS, ODBC_DRIVERS},
    };
    for (size_t i = 0; i < (file == INI_DATA_SOURCES ? 2 : 1); i++) {
        struct error reason = {0};
        if (!odbc_file_check(files[file][i], &reason))
            described = memory_format("%s; %s", described, reason.text);
    }
    return described;
}

const char *nearest_describe(const char *name, enum ini_file file,
                             bool (*is_wanted)(const char *name))
{
    char text[TEXT_SIZE];
    struct connstr all, names = {0};
    odbc_section_list(file, &all);
    for (size_t i = 0; i < all.count; i++)
        if (is_wanted == NULL || is_wanted(all.pairs[i].keyword))
            memory_check(connstr_append(&names, all.pairs[i].keyword, ""));
    const char *described =
        list(name, &names, text, sizeof text) > 0   ? memory_format("did you mean %s?", text)
        : list(NULL, &names, text, sizeof text) > 0 ? memory_format("there are %s", text)
                                                    : "there are none";
    connstr_free(&all);
    connstr_free(&names);
    return add_unread(described, file);
}
