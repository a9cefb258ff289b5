/*
 * pgpass.c - reads .pgpass as libpq would, for profile_postgresql.c: escapes, wildcards, and no
 * file that others may read.
 */
#include "conn/pgpass.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "config/defaults.h"

#define LINE_SIZE 4096

static FILE *open_private(const char *path)
{
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0)
        return NULL;
    bool is_private = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
                      (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
    FILE *file = is_private ? fdopen(descriptor, "r") : NULL;
    if (file == NULL)
        close(descriptor);
    return file;
}

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
    char line[LINE_SIZE], port[16];
    char *password = NULL;
    const char *const wanted[] = {query->host, port, query->database, query->user};
    const char *named = secure_getenv("PGPASSFILE");
    char *path = named != NULL && *named != '\0' ? strdup(named) : defaults_home_path(".pgpass");
    FILE *file = path != NULL ? open_private(path) : NULL;
    free(path);
    if (file == NULL)
        return NULL;
    snprintf(port, sizeof port, "%u", query->port);
    while (password == NULL && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        const char *next = *line != '#' ? line : NULL;
        for (size_t i = 0; next != NULL && i < sizeof wanted / sizeof wanted[0]; i++)
            next = pass_field(next, wanted[i]);
        password = next != NULL ? take_password(next) : NULL;
    }
    text_wipe(line, sizeof line);
    fclose(file);
    return password;
}
