/* freetds_conf.c - reads freetds.conf as FreeTDS would, for profile_tds.c. */
#include "conn/freetds_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"
#include "config/defaults.h"

#define LINE_SIZE 256 /* FreeTDS takes what is behind for a line of its own */
#define PATH_SIZE 4096

/* Blanks count once, and at the ends not at all. */
static char *squeeze(char *text)
{
    char *start = text_trim(text), *out = start;
    for (const char *in = start; *in != '\0'; in++)
        if (!text_is_blank(*in))
            *out++ = *in;
        else if (out[-1] != ' ')
            *out++ = ' ';
    *out = '\0';
    return start;
}

/* "TDS   Version = 7.3 ; new" is "tds version" and "7.3". */
static void take_line(char *line, struct connstr *settings)
{
    char *value = strchr(line, '=');
    if (value == NULL)
        return;
    *value++ = '\0';
    value[strcspn(value, ";#")] = '\0';
    char *keyword = squeeze(line);
    for (char *next = keyword; *next != '\0'; next++)
        *next = text_lower(*next);
    /* Two names of one setting. */
    connstr_set(settings, strcmp(keyword, "query timeout") == 0 ? "timeout" : keyword,
                squeeze(value));
}

/* Whether the section is there; what it says replaces what settings had. */
static bool read_section(FILE *file, const char *name, struct connstr *settings)
{
    char line[LINE_SIZE];
    bool is_found = false, is_wanted = false;
    rewind(file);
    while (fgets(line, sizeof line, file) != NULL) {
        char *text = text_trim(line);
        if (*text == '#' || *text == ';')
            continue;
        if (*text == '[') {
            text = squeeze(text);
            text[strcspn(text, "]")] = '\0';
            is_wanted = text_equal_nocase(text + 1, name);
            is_found = is_found || is_wanted;
        } else if (is_wanted) {
            take_line(text, settings);
        }
    }
    return is_found;
}

/* [global] counts wherever it stands in the file, and also when the entry is in a later file. */
static bool try_file(const char *path, const char *name, struct freetds_entry *entry)
{
    FILE *file = *path != '\0' ? fopen(path, "re") : NULL;
    if (file == NULL)
        return false;
    read_section(file, "global", &entry->settings);
    bool is_found = read_section(file, name, &entry->settings);
    fclose(file);
    if (is_found)
        entry->file = strdup(path);
    return is_found;
}

/* "a, b and c" of the paths that there are. */
static const char *list_paths(const char *const *paths, size_t count, struct buffer *out)
{
    for (size_t i = 0; i < count; i++) {
        if (paths[i] == NULL || *paths[i] == '\0')
            continue;
        if (buffer_length(out) > 0)
            buffer_append_text(out, i + 1 < count ? ", " : " and ");
        buffer_append_text(out, paths[i]);
    }
    return buffer_append_byte(out, '\0') ? (const char *)buffer_content(out) : "";
}

bool freetds_conf_read(const char *name, struct freetds_entry *entry, struct error *error)
{
    const char *prefix = secure_getenv("FREETDS");
    char *home = defaults_real_user_path(".freetds.conf");
    char installed[PATH_SIZE] = "";
    struct buffer list = {0};
    if (prefix != NULL)
        snprintf(installed, sizeof installed, "%s/etc/freetds.conf", prefix);
    const char *const paths[] = {secure_getenv("FREETDSCONF"), installed, home,
                                 "/etc/freetds/freetds.conf"};
    const size_t count = sizeof paths / sizeof paths[0];
    bool is_found = false;
    *entry = (struct freetds_entry){0};
    for (size_t i = 0; i < count && !is_found; i++)
        is_found = paths[i] != NULL && try_file(paths[i], name, entry);
    if (!is_found)
        error_set(error, ODBCSSL_ERROR_SERVER_MISSING,
                  "Servername=%s: no freetds.conf has an entry [%s] (searched: %s). Name the host "
                  "with Server in its place",
                  name, name, list_paths(paths, count, &list));
    buffer_free(&list);
    free(home);
    if (is_found && entry->file != NULL && !entry->settings.is_failed)
        return true;
    freetds_entry_free(entry);
    return error_set_memory(error);
}

void freetds_entry_free(struct freetds_entry *entry)
{
    connstr_free(&entry->settings);
    free(entry->file);
    *entry = (struct freetds_entry){0};
}
