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
#include <sys/stat.h>
#include <unistd.h>

#define PASSWORD_ENTRY_SIZE 16384

const char *defaults_environment(const char *variable)
{
    const char *value = secure_getenv(variable);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool find_home_of_user(char *out, size_t out_size)
{
    struct passwd entry, *found = NULL;
    char *scratch = malloc(PASSWORD_ENTRY_SIZE);
    bool is_found = scratch != NULL &&
                    getpwuid_r(geteuid(), &entry, scratch, PASSWORD_ENTRY_SIZE, &found) == 0 &&
                    found != NULL && found->pw_dir != NULL && found->pw_dir[0] == '/';
    if (is_found)
        is_found = snprintf(out, out_size, "%s", found->pw_dir) < (int)out_size;
    free(scratch);
    return is_found;
}

static bool find_home(char *out, size_t out_size)
{
    const char *home = defaults_environment("HOME");
    if (home == NULL || home[0] != '/')
        return find_home_of_user(out, out_size);
    return snprintf(out, out_size, "%s", home) < (int)out_size;
}

char *defaults_home_path(const char *name)
{
    char home[PATH_MAX], path[PATH_MAX];
    if (!find_home(home, sizeof home) ||
        snprintf(path, sizeof path, "%s/%s", home, name) >= (int)sizeof path)
        return NULL;
    return strdup(path);
}

char *defaults_find_file(const char *name)
{
    struct stat status;
    char *path = defaults_home_path(name);
    if (path != NULL && stat(path, &status) == 0)
        return path;
    free(path);
    return NULL;
}
