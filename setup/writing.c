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

static bool has_control_character(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

static bool is_writable_keyword(const char *keyword)
{
    return !has_control_character(keyword) && strpbrk(keyword, "=[];#{}") == NULL;
}

bool writing_check_lines(const struct connstr *pairs, struct error *error)
{
    char keyword[100];
    for (size_t i = 0; i < pairs->count && !error_is_set(error); i++) {
        const struct connstr_pair *pair = &pairs->pairs[i];
        error_printable(pair->keyword, strlen(pair->keyword), keyword, sizeof keyword);
        if (!is_writable_keyword(pair->keyword))
            error_set(error, ODBCSSL_ERROR_KEYWORD_UNKNOWN,
                      "the keyword %s cannot be written to a file", keyword);
        else if (has_control_character(pair->value))
            error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE,
                      "the value of %s has a line break or another control character", keyword);
        else if (strlen(pair->keyword) + strlen(pair->value) > INI_VALUE_LIMIT)
            error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE,
                      "the value of %s is longer than the %d characters that unixODBC reads back",
                      keyword, INI_VALUE_LIMIT);
    }
    return !error_is_set(error);
}

static bool put(struct connstr *merged, const struct connstr_pair *pair)
{
    if (pair->value[0] != '\0')
        return connstr_set(merged, pair->keyword, pair->value);
    connstr_remove(merged, pair->keyword);
    return true;
}

bool writing_check(const struct connstr *present, const struct connstr *pairs, const char *source,
                   struct error *error)
{
    struct connstr merged = {0};
    bool is_merged = true;
    if (!writing_check_lines(pairs, error))
        return false;
    for (size_t i = 0; i < present->count && is_merged; i++)
        is_merged = put(&merged, &present->pairs[i]);
    for (size_t i = 0; i < pairs->count && is_merged; i++)
        is_merged = put(&merged, &pairs->pairs[i]);
    if (!is_merged)
        error_set_memory(error);
    bool is_good = is_merged && settings_check(&merged, source, error);
    connstr_free(&merged);
    return is_good;
}

static bool is_skipped(const char *keyword, const char *const *skipped)
{
    for (; *skipped != NULL; skipped++)
        if (text_equal_nocase(*skipped, keyword))
            return true;
    return false;
}

bool writing_write(const char *file, const char *section, const struct connstr *pairs,
                   const char *const *skipped)
{
    for (size_t i = 0; i < pairs->count; i++) {
        const struct connstr_pair *pair = &pairs->pairs[i];
        const char *value = pair->value[0] != '\0' ? pair->value : NULL;
        if (!is_skipped(pair->keyword, skipped) &&
            !SQLWritePrivateProfileString(section, pair->keyword, value, file))
            return false;
    }
    return true;
}
