/* odbc_section.c - a section is listed, written with a copy of the former file, and printed. */
#include "command/odbc_section.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "config/keys.h"
#include "setup/odbc_change.h"

void odbc_section_list(enum ini_file file, struct connstr *names)
{
    ini_list_sections(file, names, NULL);
    for (size_t i = 0; odbc_reserved_sections[i] != NULL; i++)
        connstr_remove(names, odbc_reserved_sections[i]);
}

static bool set_all(const struct odbc_change *change, const struct connstr *settings, bool is_whole,
                    struct error *error)
{
    if (settings == NULL)
        return odbc_change_set(change, NULL, NULL, error);
    bool is_good = !is_whole || odbc_change_clear(change, error);
    for (size_t i = 0; i < settings->count && is_good; i++)
        is_good =
            odbc_change_set(change, settings->pairs[i].keyword, settings->pairs[i].value, error);
    return is_good;
}

bool odbc_section_change(enum odbc_file file, const char *section, const struct connstr *settings,
                         bool is_whole, struct error *error)
{
    struct odbc_change change;
    char copy[ODBC_BACKUP_PATH_SIZE] = "";
    bool is_changed = odbc_change_begin(file, section, &change, error) &&
                      set_all(&change, settings, is_whole, error) &&
                      odbc_change_back_up(&change, copy, sizeof copy, error);
    if (is_changed && copy[0] != '\0')
        printf("the former %s is kept as %s; libodbcinst does not keep comments\n", change.path,
               copy);
    is_changed = is_changed && odbc_change_put(&change, error);
    odbc_change_end(&change);
    return is_changed;
}

bool odbc_is_secret(const char *keyword)
{
    const struct key *key = key_find(keyword);
    for (size_t i = 0; i < key_alias_count && key == NULL; i++)
        if (text_equal_nocase(key_aliases[i].name, keyword))
            key = &keys[key_aliases[i].key];
    return text_equal_nocase(keyword, "PWD") || text_equal_nocase(keyword, "Password") ||
           (key != NULL && key->kind == KEY_SECRET);
}

bool odbc_has_secret(const char *keyword, const char *value)
{
    return odbc_is_secret(keyword) ||
           (text_equal_nocase(keyword, "pqopt") && strcasestr(value, "password") != NULL);
}

void odbc_section_print(enum odbc_file file, const char *section, const struct connstr *pairs)
{
    char path[ODBC_FILE_PATH_SIZE];
    printf("%s:\n[%s]\n", odbc_file_path(file, path, sizeof path), section);
    for (size_t i = 0; i < pairs->count; i++)
        printf("%-12s = %s\n", pairs->pairs[i].keyword,
               odbc_has_secret(pairs->pairs[i].keyword, pairs->pairs[i].value)
                   ? "(set)"
                   : pairs->pairs[i].value);
}
