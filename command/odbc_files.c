/* odbc_files.c - odbc.ini and odbcinst.ini on the disk: found, scanned, copied and written. */
#include "command/odbc_files.h"

#include <errno.h>
#include <fcntl.h>
#include <odbcinst.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "config/keys.h"

#define DIRECTORY_SIZE 1024

/* The folder of the system's files; libodbcinst adds the name itself. */
static void system_path(const char *name, char *out, size_t size)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    char directory[DIRECTORY_SIZE] = "";
    WORD length = 0;
    pthread_mutex_lock(&lock);
    SQLInstallDriverManager(directory, sizeof directory, &length);
    pthread_mutex_unlock(&lock);
    snprintf(out, size, "%s/%s", directory, name);
}

/* For the user's file libodbcinst goes by the password database; HOME does not count. */
const char *odbc_file_path(enum odbc_file file, char *out, size_t size)
{
    const char *drivers = secure_getenv("ODBCINSTINI"), *named = secure_getenv("ODBCINI");
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
        system_path("odbc.ini", out, size);
        break;
    case ODBC_DRIVERS:
        system_path(drivers != NULL ? drivers : "odbcinst.ini", out, size);
        break;
    }
    return out;
}

/* ---- reading ---- */

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
            snprintf(current, sizeof current, "%.*s", (int)strcspn(start + 1, "]"), start + 1);
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

bool odbc_file_of_source(const char *source, enum odbc_file *file_out)
{
    *file_out = ODBC_USER_SOURCES;
    if (odbc_file_visit(ODBC_USER_SOURCES, source, NULL, NULL) > 0)
        return true;
    *file_out = ODBC_SYSTEM_SOURCES;
    return odbc_file_visit(ODBC_SYSTEM_SOURCES, source, NULL, NULL) > 0;
}

void odbc_list_sections(enum ini_file file, struct connstr *names)
{
    static const char *const reserved[] = {"ODBC", "ODBC Data Sources", "ODBC Drivers"};
    ini_list_sections(file, names, NULL);
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        connstr_remove(names, reserved[i]);
}

/* ---- writing ---- */

/* The copy is private from its first byte: the file may hold passwords. */
static bool copy_file(int from, const struct stat *status, const char *copy)
{
    int to = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (to < 0)
        return false;
    char bytes[8192];
    ssize_t got;
    bool is_copied = fchown(to, status->st_uid, status->st_gid) == 0;
    while (is_copied && (got = read(from, bytes, sizeof bytes)) != 0)
        is_copied = got > 0 && write(to, bytes, (size_t)got) == got;
    is_copied = is_copied && fchmod(to, status->st_mode & 0777) == 0 && fsync(to) == 0;
    int reason = errno;
    text_wipe(bytes, sizeof bytes);
    close(to);
    if (!is_copied)
        unlink(copy);
    errno = reason;
    return is_copied;
}

bool odbc_file_back_up(enum odbc_file file, struct error *error)
{
    char path[ODBC_FILE_PATH_SIZE], copy[ODBC_FILE_PATH_SIZE + 64], now[CLOCK_TEXT_SIZE];
    struct stat status;
    int from = open(odbc_file_path(file, path, sizeof path), O_RDONLY | O_CLOEXEC);
    if (from < 0 && errno == ENOENT)
        return true;
    bool is_copied = from >= 0 && fstat(from, &status) == 0;
    bool is_empty = is_copied && status.st_size == 0;
    snprintf(copy, sizeof copy, "%s.%s.bak", path, clock_format(time(NULL), now));
    for (unsigned i = 2; is_copied && access(copy, F_OK) == 0 && i < 100; i++)
        snprintf(copy, sizeof copy, "%s.%s-%u.bak", path, now, i);
    is_copied = is_copied && (is_empty || copy_file(from, &status, copy));
    if (!is_copied)
        error_set_system(error, ODBCSSL_ERROR_SYSTEM, errno,
                         "%s is left as it is, for it cannot be copied to %s first", path, copy);
    else if (!is_empty)
        printf("the former %s is kept as %s; libodbcinst does not keep comments\n", path, copy);
    if (from >= 0)
        close(from);
    return is_copied;
}

bool odbc_file_write(enum odbc_file file, const char *section, const char *keyword,
                     const char *value, struct error *error)
{
    char path[ODBC_FILE_PATH_SIZE];
    bool is_private = access(odbc_file_path(file, path, sizeof path), F_OK) != 0;
    /* A new file may come to hold a password. */
    mode_t mask = is_private && file == ODBC_USER_SOURCES ? umask(077) : 0;
    if (file != ODBC_DRIVERS)
        SQLSetConfigMode(file == ODBC_USER_SOURCES ? ODBC_USER_DSN : ODBC_SYSTEM_DSN);
    bool is_written = SQLWritePrivateProfileString(
        section, keyword, value, file == ODBC_DRIVERS ? "odbcinst.ini" : "odbc.ini");
    SQLSetConfigMode(ODBC_BOTH_DSN);
    if (is_private && file == ODBC_USER_SOURCES)
        umask(mask);
    if (is_written)
        return true;
    char text[512] = "";
    DWORD code = 0;
    WORD length = 0;
    SQLInstallerError(1, &code, text, sizeof text, &length);
    return error_set(error, ODBCSSL_ERROR_SYSTEM,
                     "[%s] cannot be written to %s (%s): it takes a user who may write there",
                     section, path, text[0] != '\0' ? text : "libodbcinst says no more");
}

bool odbc_file_write_section(enum odbc_file file, const char *section, const struct connstr *pairs,
                             struct error *error)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (!odbc_file_write(file, section, pairs->pairs[i].keyword, pairs->pairs[i].value, error))
            return false;
    return true;
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

/* Also a password of libpq's among other options. */
static bool is_hidden(const struct connstr_pair *pair)
{
    return odbc_is_secret(pair->keyword) || (text_equal_nocase(pair->keyword, "pqopt") &&
                                             strcasestr(pair->value, "password") != NULL);
}

void odbc_print_section(enum odbc_file file, const char *section, const struct connstr *pairs)
{
    char path[ODBC_FILE_PATH_SIZE];
    printf("%s:\n[%s]\n", odbc_file_path(file, path, sizeof path), section);
    for (size_t i = 0; i < pairs->count; i++)
        printf("%-12s = %s\n", pairs->pairs[i].keyword,
               is_hidden(&pairs->pairs[i]) ? "(set)" : pairs->pairs[i].value);
}
