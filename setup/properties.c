/*
 * properties.c - ODBCINSTGetProperties: the fields of a data source for the dialogs of unixODBC's
 * administrators, from keys.def.
 *
 * libodbcinst frees the nodes, aPromptData (the array, not its strings) and pszHelp.
 */
#include <odbcinstext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "config/ini.h"
#include "config/keys.h"
#include "config/target.h"

/* Of the real drivers' own keywords, those that every one of them understands. */
static const struct {
    const char *name;
    const char *help;
} server_properties[] = {
    {"Server", "The host's name or address."},
    {"Port", "The port the database listens on."},
    {"Database", "The database to open."},
    {"UID", "The user to log in as."},
};

static int prompt_type(const struct key *key)
{
    switch (key->kind) {
    case KEY_WORD:
        return ODBCINST_PROMPTTYPE_LISTBOX;
    case KEY_DRIVER:
        return ODBCINST_PROMPTTYPE_COMBOBOX;
    case KEY_FILE:
        return ODBCINST_PROMPTTYPE_FILENAME;
    case KEY_SECRET:
        return ODBCINST_PROMPTTYPE_TEXTEDIT_PASSWORD;
    case KEY_FILE_OR_SYSTEM:
    case KEY_FILE_OR_PKCS11:
    case KEY_DIRECTORY:
    case KEY_NUMBER:
    case KEY_TEXT:
        break;
    }
    return ODBCINST_PROMPTTYPE_TEXTEDIT;
}

/* One block of memory for the array and the strings it points to, as it will be freed by one
 * free(). */
static char **pack_choices(const struct connstr *choices)
{
    size_t array_size = (choices->count + 1) * sizeof(char *);
    size_t size = array_size;
    for (size_t i = 0; i < choices->count; i++)
        size += strlen(choices->pairs[i].keyword) + 1;
    char **array = malloc(size);
    if (array == NULL)
        return NULL;
    char *next = (char *)array + array_size;
    for (size_t i = 0; i < choices->count; i++) {
        array[i] = next;
        next = stpcpy(next, choices->pairs[i].keyword) + 1;
    }
    array[choices->count] = NULL;
    return array;
}

/* NULL when memory is out: then there is a field without choices. */
static char **make_choices(const struct key *key)
{
    struct connstr choices = {0}, sections = {0};
    if (key->kind == KEY_WORD) {
        /* The first choice is to leave the keyword out: odbcinst.ini's or the default counts. */
        connstr_append(&choices, "", "");
        for (const struct key_word *word = key->words; word->word != NULL; word++)
            if (!word->is_hidden)
                connstr_append(&choices, word->word, "");
    } else if (!ini_list_sections(INI_DRIVERS, &sections, NULL)) {
        choices.is_failed = true;
    }
    for (size_t i = 0; i < sections.count; i++)
        if (target_is_candidate(sections.pairs[i].keyword))
            connstr_append(&choices, sections.pairs[i].keyword, "");
    char **array = choices.is_failed ? NULL : pack_choices(&choices);
    connstr_free(&sections);
    connstr_free(&choices);
    return array;
}

static HODBCINSTPROPERTY append_property(HODBCINSTPROPERTY last, const char *name, int type,
                                         const char *help)
{
    HODBCINSTPROPERTY property = calloc(1, sizeof *property);
    if (property == NULL)
        return NULL;
    snprintf(property->szName, sizeof property->szName, "%s", name);
    property->nPromptType = type;
    property->pszHelp = strdup(help);
    last->pNext = property;
    return property;
}

__attribute__((visibility("default"))) int INSTAPI ODBCINSTGetProperties(HODBCINSTPROPERTY last)
{
    for (size_t i = 0; i < sizeof server_properties / sizeof server_properties[0]; i++) {
        last = append_property(last, server_properties[i].name, ODBCINST_PROMPTTYPE_TEXTEDIT,
                               server_properties[i].help);
        if (last == NULL)
            return 0;
    }
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const struct key *key = &keys[i];
        last = append_property(last, key->name, prompt_type(key), key->help);
        if (last == NULL)
            return 0;
        if (key->kind != KEY_WORD && key->kind != KEY_DRIVER)
            continue;
        last->aPromptData = make_choices(key);
        if (last->aPromptData == NULL)
            last->nPromptType = ODBCINST_PROMPTTYPE_TEXTEDIT;
    }
    return 1;
}
