/* odbc_files.c - odbc.ini and odbcinst.ini on the disk: found and scanned. */
#include "setup/odbc_files.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "config/defaults.h"
#include "config/ini.h"

/* For the user's file libodbcinst goes by the password database; HOME does not count. */
const char *odbc_file_path(enum odbc_file file, char *out, size_t size)
{
    const char *named = defaults_environment("ODBCINI");
    char scratch[1024];
    struct passwd entry, *user = NULL;
    switch (file) {
    case ODBC_USER_SOURCES:
        getpwuid_r(getuid(), &entry, scratch, sizeof scratch, &user);
        if (named != NULL)
            snprintf(out, size, "%s", named);
        else
            snprintf(out, size, "%s/.odbc.ini", user != NULL ? user->pw_dir : "/home");
        break;
    case ODBC_SYSTEM_SOURCES:
        ini_system_path(INI_DATA_SOURCES, out, size);
        break;
    case ODBC_DRIVERS:
        ini_system_path(INI_DRIVERS, out, size);
        break;
    }
    return out;
}

/* ---- reading ---- */

/* Of "[ name ] and more". */
static void section_name(char *line, char *out, size_t size)
{
    line[1 + strcspn(line + 1, "]")] = '\0';
    snprintf(out, size, "%s", text_trim(line + 1));
}

size_t odbc_file_visit(enum odbc_file file, const char *section,
                       void (*visit)(const struct odbc_line *line, void *context), void *context)
{
    char path[ODBC_FILE_PATH_SIZE], current[ODBC_FILE_PATH_SIZE] = "", *text = NULL;
    struct stat status = {0};
    size_t size = 0, count = 0;
    FILE *input = fopen(odbc_file_path(file, path, sizeof path), "re");
    if (input == NULL)
        return 0;
    fstat(fileno(input), &status);
    for (unsigned number = 1; getline(&text, &size, input) >= 0; number++) {
        char *start = text_trim(text), *equals = strchr(start, '=');
        if (*start == '[')
            section_name(start, current, sizeof current);
        else if (*start != ';' && *start != '#' && *start != '\0' &&
                 text_equal_nocase(current, section)) {
            if (equals != NULL)
                *equals = '\0';
            const struct odbc_line line = {text_trim(start),
                                           equals != NULL ? text_trim(equals + 1) : "", number,
                                           status.st_mode};
            count++;
            if (visit != NULL)
                visit(&line, context);
        }
    }
    text_wipe(text, size); /* at the end of a file nothing ends it */
    free(text);
    fclose(input);
    return count;
}

bool odbc_file_check(enum odbc_file file, struct error *error)
{
    /* An editor may have put it before the first section, where nobody sees it. */
    static const char mark[] = "\xef\xbb\xbf";
    char path[ODBC_FILE_PATH_SIZE], *text = NULL;
    bool is_good = true;
    size_t size = 0;
    FILE *input = fopen(odbc_file_path(file, path, sizeof path), "re");
    if (input == NULL)
        return errno == ENOENT || error_set_system(error, ODBCSSL_ERROR_FILE_MALFORMED, errno,
                                                   "unixODBC reads nothing of %s", path);
    for (unsigned number = 1; is_good && getline(&text, &size, input) >= 0; number++) {
        if (text[0] == '[')
            break;
        /* A comment, or nothing but blanks. */
        if (strchr(";#", *text_trim(text)) == NULL)
            is_good = error_set(
                error, ODBCSSL_ERROR_FILE_MALFORMED,
                "unixODBC reads nothing of %s, as line %u, the first that is no comment, is no "
                "[section]%s",
                path, number,
                strncmp(text, mark, strlen(mark)) == 0
                    ? ": a byte order mark stands before it, without which the file has to be saved"
                    : "");
    }
    text_wipe(text, size);
    free(text);
    fclose(input);
    return is_good;
}

bool odbc_file_of_source(const char *source, enum odbc_file *file_out)
{
    *file_out = ODBC_USER_SOURCES;
    if (odbc_file_visit(ODBC_USER_SOURCES, source, NULL, NULL) > 0)
        return true;
    *file_out = ODBC_SYSTEM_SOURCES;
    return odbc_file_visit(ODBC_SYSTEM_SOURCES, source, NULL, NULL) > 0;
}

const char *const odbc_reserved_sections[] = {"ODBC", "ODBC Data Sources", "ODBC Drivers", NULL};

bool odbc_is_name(const char *name, size_t limit)
{
    return name[0] != '\0' && strlen(name) <= limit &&
           strpbrk(name, "[]{}(),;?*=!@\\\n\r\t") == NULL &&
           !text_is_one_of(name, odbc_reserved_sections);
}
