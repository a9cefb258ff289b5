/*
 * pgpass.c - reads .pgpass as libpq would, for profile_postgresql.c: escapes, wildcards, and no
 * file that others may read.
 */
#include "conn/pgpass.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "config/defaults.h"

/* Compares one field with wanted and passes it: '*' fits anything, a backslash takes the next
 * character as it is. NULL when it does not fit. */
static const char *pass_field(const char *line, const char *wanted)
{
    if (line[0] == '*' && line[1] == ':')
        return line + 2;
    while (*line != '\0' && *line != ':') {
        if (*line == '\\' && line[1] != '\0')
            line++;
        if (*line++ != *wanted || *wanted++ == '\0')
            return NULL;
    }
    return *line == ':' && *wanted == '\0' ? line + 1 : NULL;
}

static char *take_password(const char *field)
{
    char *password = malloc(strlen(field) + 1);
    char *out = password;
    if (password == NULL)
        return NULL;
    while (*field != '\0' && *field != ':') {
        if (*field == '\\' && field[1] != '\0')
            field++;
        *out++ = *field++;
    }
    *out = '\0';
    return password;
}

char *pgpass_find(const struct pgpass_query *query)
{
    char port[16];
    char *password = NULL;
    const char *const wanted[] = {query->host, port, query->database, query->user};
    const char *named = query->file != NULL && *query->file != '\0'
                            ? query->file
                            : defaults_environment("PGPASSFILE");
    char *path = named != NULL ? strdup(named) : defaults_home_path(".pgpass");
    const struct option option = {.value = path};
    struct file_content content;
    bool is_read = path != NULL && file_read(&option, &content, NULL);
    free(path);
    if (!is_read)
        return NULL;
    snprintf(port, sizeof port, "%u", query->port);
    bool is_private = (content.status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
    char *next_line = is_private ? (char *)content.bytes : NULL, *line;
    while (password == NULL && (line = strsep(&next_line, "\n")) != NULL) {
        line[strcspn(line, "\r")] = '\0';
        const char *next = *line != '#' ? line : NULL;
        for (size_t i = 0; next != NULL && i < sizeof wanted / sizeof wanted[0]; i++)
            next = pass_field(next, wanted[i]);
        password = next != NULL ? take_password(next) : NULL;
    }
    file_content_free(&content);
    return password;
}
