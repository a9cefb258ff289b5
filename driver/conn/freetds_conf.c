/* freetds_conf.c - reads freetds.conf as FreeTDS would, for profile_tds.c. */
#include "conn/freetds_conf.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/defaults.h"

#define LINE_SIZE 1024
#define PATH_SIZE 4096

static char *trim(char *text)
{
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        text[--length] = '\0';
    return text;
}

/* "TDS   Version" becomes "tds version", as FreeTDS reads keywords. */
static void normalize_keyword(char *keyword)
{
    char *out = keyword;
    for (char *in = keyword; *in != '\0'; in++) {
        if (isspace((unsigned char)*in) && (out == keyword || out[-1] == ' '))
            continue;
        *out++ = isspace((unsigned char)*in) ? ' ' : (char)tolower((unsigned char)*in);
    }
    *out = '\0';
}

static bool take_line(char *line, struct connstr *settings)
{
    char *equals = strchr(line, '=');
    if (equals == NULL)
        return true;
    *equals = '\0';
    char *keyword = trim(line);
    normalize_keyword(keyword);
    return connstr_set(settings, keyword, trim(equals + 1));
}

/* Reads [global] and [name]; true when [name] is there. */
static bool read_file(FILE *file, const char *name, struct connstr *settings)
{
    char line[LINE_SIZE];
    bool is_found = false, is_wanted = false;
    while (fgets(line, sizeof line, file) != NULL) {
        char *text = trim(line);
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

static void home_file(char *path)
{
    char *found = defaults_home_path(".freetds.conf");
    snprintf(path, PATH_SIZE, "%s", found != NULL ? found : "");
    free(found);
}

bool freetds_conf_read(const char *name, struct freetds_entry *entry, struct error *error)
{
    const char *named = secure_getenv("FREETDSCONF");
    const char *prefix = secure_getenv("FREETDS");
    char path[PATH_SIZE] = "";
    *entry = (struct freetds_entry){0};
    if (named != NULL && try_file(named, name, entry))
        return true;
    if (prefix != NULL)
        snprintf(path, sizeof path, "%s/etc/freetds.conf", prefix);
    if (try_file(path, name, entry))
        return true;
    home_file(path);
    if (try_file(path, name, entry) || try_file("/etc/freetds/freetds.conf", name, entry))
        return true;
    return error_set(error, ODBCSSL_ERROR_SERVER_MISSING,
                     "Servername=%s: no freetds.conf has an entry [%s] (searched: %s%s%s and "
                     "/etc/freetds/freetds.conf). Name the host with Server in its place",
                     name, name, named != NULL ? named : "", named != NULL ? ", " : "", path);
}

void freetds_entry_free(struct freetds_entry *entry)
{
    connstr_free(&entry->settings);
    free(entry->file);
    *entry = (struct freetds_entry){0};
}
