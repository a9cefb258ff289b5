/*
 * writing.c - checks and writes the keywords of ConfigDSN and ConfigDriver, and turns errors into
 * those of the installer.
 */
#include "writing.h"

#include <string.h>

#include "base/text.h"
#include "config/ini.h"
#include "config/settings.h"

BOOL writing_refuse(DWORD installer_error, const char *text)
{
    SQLPostInstallerError(installer_error, text);
    return false;
}

static void put(struct connstr *merged, const struct connstr_pair *pair)
{
    if (pair->value[0] != '\0')
        connstr_set(merged, pair->keyword, pair->value);
    else
        connstr_remove(merged, pair->keyword);
}

bool writing_check(const struct connstr *present, const struct connstr *pairs, const char *source,
                   struct error *error)
{
    struct connstr merged = {0};
    if (!ini_check_lines(pairs, error))
        return false;
    for (size_t i = 0; i < present->count; i++)
        put(&merged, &present->pairs[i]);
    for (size_t i = 0; i < pairs->count; i++)
        put(&merged, &pairs->pairs[i]);
    bool is_good =
        !merged.is_failed ? settings_check(&merged, source, error) : error_set_memory(error);
    connstr_free(&merged);
    return is_good;
}

bool writing_write(const char *file, const char *section, const struct connstr *pairs,
                   const char *const *skipped)
{
    for (size_t i = 0; i < pairs->count; i++) {
        const struct connstr_pair *pair = &pairs->pairs[i];
        const char *value = pair->value[0] != '\0' ? pair->value : NULL;
        if (!text_is_one_of(pair->keyword, skipped) &&
            !SQLWritePrivateProfileString(section, pair->keyword, value, file))
            return false;
    }
    return true;
}
