/*
 * ini.c - reads sections through libodbcinst, whose cache and list of messages are not safe: values
 * are asked for in a way that nobody else does, one at a time.
 */
#include "config/ini.h"

#include <errno.h>
#include <odbcinst.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fork.h"
#include "base/limits.h"
#include "base/scratch.h"
#include "base/text.h"
#include "config/keys.h"

#define LIST_SIZE 65536
#define VALUE_SIZE 2048

/* Given as the default, so that a value that is not there differs from an empty one. libodbcinst's
 * cache hands out what an earlier caller with a smaller buffer got, unless the default differs; so
 * nobody else's reads are mistaken for ours. */
#define ABSENT "\001odbcssl: not there"

/* libodbcinst keeps a list of messages that it changes without a lock. */
FORK_GUARDED_LOCK(library)

const char *ini_file_name(enum ini_file file)
{
    return file == INI_DATA_SOURCES ? "odbc.ini" : "odbcinst.ini";
}

/* libodbcinst gives the folder only; it adds the name itself. */
const char *ini_system_path(enum ini_file file, char *out, size_t size)
{
    const char *named = file == INI_DRIVERS ? secure_getenv("ODBCINSTINI") : NULL;
    char folder[1024] = "";
    WORD length = 0;
    library_lock();
    SQLInstallDriverManager(folder, sizeof folder, &length);
    library_unlock();
    snprintf(out, size, "%s/%s", folder, named != NULL ? named : ini_file_name(file));
    return out;
}

/* libodbcinst tries to make an odbcinst.ini where there is none, which few may. Of odbc.ini there
 * are two, and one of them in a folder that may not be entered is not known to be absent. */
static bool is_absent(enum ini_file file)
{
    char path[INI_PATH_SIZE];
    return file == INI_DRIVERS && access(ini_system_path(file, path, sizeof path), F_OK) != 0 &&
           errno == ENOENT;
}

/* A file that libodbcinst cannot open is an empty one to it. For want of a descriptor or of rights
 * that must not be: without their settings connections would be less safe, and nobody would know.
 * length: -1 when no file was opened at all. */
static bool check_opened(enum ini_file file, int length, int system_error, struct error *error)
{
    char what[64];
    if (length < 0 && system_error == EACCES && !is_absent(file))
        return error_set_system(error, ODBCSSL_ERROR_SYSTEM, system_error,
                                "%s (\"odbcinst -j\" says where it is) cannot be read",
                                ini_file_name(file));
    if (system_error != EMFILE && system_error != ENFILE)
        return true;
    snprintf(what, sizeof what, "%s cannot be read", ini_file_name(file));
    limits_set_descriptors(error, ODBCSSL_ERROR_SYSTEM, system_error, 1, what);
    return false;
}

/* *length_out: the number of bytes in out. For a list: names with a NUL behind each. */
static bool read_string(enum ini_file file, const char *section, const char *keyword, char *out,
                        int out_size, size_t *length_out, struct error *error)
{
    memset(out, 0, (size_t)out_size);
    library_lock();
    int before = errno;
    errno = 0;
    int length =
        SQLGetPrivateProfileString(section, keyword, ABSENT, out, out_size, ini_file_name(file));
    int reason = errno;
    errno = before;
    library_unlock();
    out[out_size - 1] = '\0';
    *length_out = length > 0 ? (size_t)length : 0;
    return check_opened(file, length, reason, error);
}

bool ini_read_value(enum ini_file file, const char *section, const char *keyword, char **value_out,
                    struct error *error)
{
    char value[VALUE_SIZE];
    size_t length;
    *value_out = NULL;
    bool is_read = read_string(file, section, keyword, value, sizeof value, &length, error);
    bool is_there = is_read && strcmp(value, ABSENT) != 0;
    if (is_there)
        *value_out = strdup(value);
    text_wipe(value, sizeof value);
    return is_read && (!is_there || *value_out != NULL || error_set_memory(error));
}

/* Of several lines with one keyword libodbcinst gives the first, and has no way to ask for the
 * others, which may say more. Of a real driver's keyword that driver gets the first as well. */
static bool refuse_double(enum ini_file file, const char *section, const char *keyword,
                          struct error *error)
{
    char name[200];
    return !key_is_ours(keyword) ||
           error_set(error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
                     "%s [%s] has %s more than once, and unixODBC reads the first line only: leave "
                     "one",
                     ini_file_name(file),
                     error_printable(section, strlen(section), name, sizeof name), keyword);
}

/* section NULL: the sections themselves. */
static bool read_list(enum ini_file file, const char *section, bool are_doubles_refused,
                      struct connstr *pairs, struct error *error)
{
    char *names = scratch_new(LIST_SIZE);
    size_t length = 0;
    *pairs = (struct connstr){0};
    bool is_good =
        names != NULL && read_string(file, section, NULL, names, LIST_SIZE, &length, error);
    if (length >= LIST_SIZE - 2 * VALUE_SIZE) {
        error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE, "%s [%s] is too large to be read",
                  ini_file_name(file), section != NULL ? section : "");
        is_good = false;
    }
    for (size_t i = 0; i < length && is_good; i += strlen(names + i) + 1) {
        char *value = NULL;
        bool is_double = section != NULL && connstr_find(pairs, names + i) != NULL;
        if (is_double && are_doubles_refused)
            is_good = refuse_double(file, section, names + i, error);
        if (names[i] == '\0' || is_double)
            continue;
        is_good = section == NULL || ini_read_value(file, section, names + i, &value, error);
        if (is_good && (section == NULL || value != NULL))
            is_good = connstr_append(pairs, names + i, value != NULL ? value : "");
        text_free_secret(value);
    }
    if (!is_good) {
        error_set_memory(error);
        connstr_free(pairs);
    }
    scratch_free(names, LIST_SIZE);
    return is_good;
}

bool ini_read_section(enum ini_file file, const char *section, struct connstr *pairs,
                      struct error *error)
{
    *pairs = (struct connstr){0};
    return section[0] == '\0' || read_list(file, section, true, pairs, error);
}

bool ini_look_at_section(enum ini_file file, const char *section, struct connstr *pairs)
{
    *pairs = (struct connstr){0};
    return section[0] != '\0' && read_list(file, section, false, pairs, NULL) && pairs->count > 0;
}

bool ini_list_sections(enum ini_file file, struct connstr *pairs, struct error *error)
{
    return read_list(file, NULL, false, pairs, error);
}

static bool has_control_character(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

/* Where they are lost with harm: of passwords and names. */
static bool has_meant_blank(const struct connstr_pair *pair)
{
    static const char *const names[] = {"PWD",  "Password", "UID",       "Username",
                                        "User", "Database", "SslKeyPWD", NULL};
    const struct key *key = key_find(pair->keyword);
    const char *text = pair->value;
    bool has_blank =
        text[0] != '\0' && (text_is_blank(text[0]) || text_is_blank(text[strlen(text) - 1]));
    return has_blank &&
           (text_is_one_of(pair->keyword, names) || (key != NULL && key->kind == KEY_SECRET));
}

bool ini_check_lines(const struct connstr *pairs, struct error *error)
{
    char keyword[100];
    for (size_t i = 0; i < pairs->count && !error_is_set(error); i++) {
        const struct connstr_pair *pair = &pairs->pairs[i];
        error_printable(pair->keyword, strlen(pair->keyword), keyword, sizeof keyword);
        if (has_control_character(pair->keyword) || strpbrk(pair->keyword, "=[];#{}") != NULL)
            error_set(error, ODBCSSL_ERROR_KEYWORD_UNKNOWN,
                      "the keyword %s cannot be written to a file", keyword);
        else if (has_control_character(pair->value))
            error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE,
                      "the value of %s has a line break or another control character", keyword);
        else if (has_meant_blank(pair))
            error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE,
                      "the value of %s begins or ends with a blank, which unixODBC does not read "
                      "back",
                      keyword);
        else if (strlen(pair->keyword) + strlen(pair->value) > INI_VALUE_LIMIT)
            error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE,
                      "the value of %s is longer than the %d characters that unixODBC reads back",
                      keyword, INI_VALUE_LIMIT);
    }
    return !error_is_set(error);
}
