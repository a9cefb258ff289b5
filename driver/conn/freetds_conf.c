/* freetds_conf.c - reads freetds.conf as FreeTDS would, for profile_tds.c. */
#include "conn/freetds_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/defaults.h"

#define LINE_SIZE 1024
#define PATH_SIZE 4096

/* "TDS   Version" becomes "tds version", as FreeTDS reads keywords. */
static bool take_line(char *line, struct connstr *settings)
{
    char *equals = strchr(line, '=');
    if (equals == NULL)
        return true;
    *equals = '\0';
    char *keyword = text_trim(line), *out = keyword;
    for (const char *in = keyword; *in != '\0'; in++) {
        if (text_is_blank(*in) && (out == keyword || out[-1] == ' '))
            continue;
        *out++ = text_is_blank(*in) ? ' ' : text_lower(*in);
    }
    *out = '\0';
    return connstr_set(settings, keyword, text_trim(equals + 1));
}

/* Reads [global] and [name]; true when [name] is there. */
static bool read_file(FILE *file, const char *name, struct connstr *settings)
{
    char line[LINE_SIZE];
    bool is_found = false, is_wanted = false;
    while (fgets(line, sizeof line, file) != NULL) {
        char *text = text_trim(line);
        char *end = strchr(text, ']');
        if (*text == '#' || *text == ';' || *text == '\0')
            continue;
        if (*text == '[' && end != NULL) {
            *end = '\0';
            bool is_entry = text_equal_nocase(text + 1, name);
            is_found = is_found || is_entry;
            is_wanted = is_entry || text_equal_nocase(text + 1, "global");
        } else if (is_wanted && !take_line(text, settings)) {
            break;
        }
    }
    return is_found;
}

static bool try_file(const char *path, const char *name, struct freetds_entry *entry)
{
    FILE *file = *path != '\0' ? fopen(path, "re") : NULL;
    if (file == NULL)
        return false;
    bool is_found = read_file(file, name, &entry->settings);
    fclose(file);
    if (is_found)
        entry->file = strdup(path);
    else
        connstr_free(&entry->settings);
    return entry->file != NULL;
}

bool freetds_conf_read(const char *name, struct freetds_entry *entry, struct error *error)
{
    const char *named = secure_getenv("FREETDSCONF");
    const char *prefix = secure_getenv("FREETDS");
    char *home = defaults_home_path(".freetds.conf");
    char installed[PATH_SIZE] = "";
    if (prefix != NULL)
        snprintf(installed, sizeof installed, "%s/etc/freetds.conf", prefix);
    const char *const paths[] = {named, installed, home, "/etc/freetds/freetds.conf"};
    bool is_found = false;
    *entry = (struct freetds_entry){0};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0] && !is_found; i++)
        is_found = paths[i] != NULL && try_file(paths[i], name, entry);
    if (!is_found)
        error_set(error, ODBCSSL_ERROR_SERVER_MISSING,
                  "Servername=%s: no freetds.conf has an entry [%s] (searched: %s%s%s and "
                  "/etc/freetds/freetds.conf). Name the host with Server in its place",
                  name, name, named != NULL ? named : "", named != NULL ? ", " : "",
                  home != NULL ? home : "");
    free(home);
    return is_found;
}

void freetds_entry_free(struct freetds_entry *entry)
{
    connstr_free(&entry->settings);
    free(entry->file);
    *entry = (struct freetds_entry){0};
}
