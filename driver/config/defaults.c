/*
 * defaults.c - libpq's environment variables and default files, the last places that settings.c
 * asks.
 */
#include "config/defaults.h"

#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PASSWORD_ENTRY_SIZE 16384

const char *defaults_environment(const char *variable)
{
    const char *value = secure_getenv(variable);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* NULL: too long, not absolute, or out of memory. */
static char *join(const char *folder, const char *name)
{
    char path[PATH_MAX];
    bool is_good =
        folder[0] == '/' && snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path;
    return is_good ? strdup(path) : NULL;
}

char *defaults_account_path(const char *name)
{
    struct passwd entry, *found = NULL;
    char *scratch = malloc(PASSWORD_ENTRY_SIZE);
    if (scratch != NULL)
        getpwuid_r(geteuid(), &entry, scratch, PASSWORD_ENTRY_SIZE, &found);
    char *path = found != NULL ? join(found->pw_dir, name) : NULL;
    free(scratch);
    return path;
}

char *defaults_home_path(const char *name)
{
    const char *home = defaults_environment("HOME");
    return home != NULL && home[0] == '/' ? join(home, name) : defaults_account_path(name);
}
