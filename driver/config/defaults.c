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
#include <sys/auxv.h>
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

/* A user's entry in the password database; NULL: there is none. The caller frees *scratch_out, in
 * which its texts are. */
static struct passwd *find_account(uid_t user, struct passwd *entry, char **scratch_out)
{
    struct passwd *found = NULL;
    *scratch_out = malloc(PASSWORD_ENTRY_SIZE);
    if (*scratch_out != NULL)
        getpwuid_r(user, entry, *scratch_out, PASSWORD_ENTRY_SIZE, &found);
    return found;
}

char *defaults_account_name(void)
{
    struct passwd entry;
    char *scratch;
    const struct passwd *found = find_account(geteuid(), &entry, &scratch);
    char *name = found != NULL ? strdup(found->pw_name) : NULL;
    free(scratch);
    return name;
}

static char *account_path(uid_t user, const char *name)
{
    struct passwd entry;
    char *scratch;
    const struct passwd *found = find_account(user, &entry, &scratch);
    char *path = found != NULL ? join(found->pw_dir, name) : NULL;
    free(scratch);
    return path;
}

char *defaults_real_user_path(const char *name)
{
    return account_path(getauxval(AT_SECURE) != 0 ? geteuid() : getuid(), name);
}

char *defaults_home_path(const char *name)
{
    const char *home = defaults_environment("HOME");
    return home != NULL && home[0] == '/' ? join(home, name) : account_path(geteuid(), name);
}
