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

char *defaults_home_path(const char *name)
{
    char path[PATH_MAX];
    const char *home = defaults_environment("HOME");
    struct passwd entry, *found = NULL;
    char *scratch = home == NULL || home[0] != '/' ? malloc(PASSWORD_ENTRY_SIZE) : NULL;
    if (scratch != NULL) {
        getpwuid_r(geteuid(), &entry, scratch, PASSWORD_ENTRY_SIZE, &found);
        home = found != NULL ? found->pw_dir : NULL;
    }
    bool is_good = home != NULL && home[0] == '/' &&
                   snprintf(path, sizeof path, "%s/%s", home, name) < (int)sizeof path;
    free(scratch);
    return is_good ? strdup(path) : NULL;
}
