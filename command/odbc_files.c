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
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "command/memory.h"
#include "config/defaults.h"
#include "config/keys.h"

#define DIRECTORY_SIZE 1024
#define LOCK_TENTHS 100 /* of a second, that another change is waited for */

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
    const char *drivers = secure_getenv("ODBCINSTINI"), *named = defaults_environment("ODBCINI");
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

/* An editor may have put a mark before the first section that nobody sees. */
const char *odbc_file_explain(enum odbc_file file)
{
    static const char mark[] = "\xef\xbb\xbf";
    char path[ODBC_FILE_PATH_SIZE], *text = NULL;
    const char *reason = NULL;
    size_t size = 0;
    FILE *input = fopen(odbc_file_path(file, path, sizeof path), "re");
    if (input == NULL)
        return errno == ENOENT ? NULL : memory_format("unixODBC reads nothing of %s: %m", path);
    for (unsigned number = 1; reason == NULL && getline(&text, &size, input) >= 0; number++) {
        if (text[0] == '[')
            break;
        /* A comment, or nothing but blanks. */
        if (strchr(";#", *text_trim(text)) == NULL)
            reason = memory_format(
                "unixODBC reads nothing of %s, as line %u, the first that is no comment, is no "
                "[section]%s",
                path, number,
                strncmp(text, mark, strlen(mark)) == 0
                    ? ": a byte order mark stands before it, without which the "
                      "file has to be saved"
                    : "");
    }
    text_wipe(text, size);
    free(text);
    fclose(input);
    return reason;
}

bool odbc_file_of_source(const char *source, enum odbc_file *file_out)
{
    *file_out = ODBC_USER_SOURCES;
    if (odbc_file_visit(ODBC_USER_SOURCES, source, NULL, NULL) > 0)
        return true;
    *file_out = ODBC_SYSTEM_SOURCES;
    return odbc_file_visit(ODBC_SYSTEM_SOURCES, source, NULL, NULL) > 0;
}

/* The driver manager's own sections. */
static const char *const reserved[] = {"ODBC", "ODBC Data Sources", "ODBC Drivers", NULL};

void odbc_list_sections(enum ini_file file, struct connstr *names)
{
    ini_list_sections(file, names, NULL);
    for (size_t i = 0; reserved[i] != NULL; i++)
        connstr_remove(names, reserved[i]);
}

bool odbc_is_name(const char *name, size_t limit)
{
    return name[0] != '\0' && strlen(name) <= limit &&
           strpbrk(name, "[]{}(),;?*=!@\\\n\r\t") == NULL && !text_is_one_of(name, reserved);
}

/* ---- writing ---- */

/* A file of settings that is changed. libodbcinst would empty the file itself before it writes, and
 * would not say when there is no room for all of it: so it works on a copy in memory. */
struct change {
    char path[ODBC_FILE_PATH_SIZE];
    int file;
    int edited; /* the copy */
    char edited_path[40];
    struct stat former;
};

static bool copy_bytes(int from, int to)
{
    char bytes[8192];
    ssize_t got;
    bool is_copied = lseek(from, 0, SEEK_SET) == 0 && lseek(to, 0, SEEK_SET) == 0;
    while (is_copied && (got = read(from, bytes, sizeof bytes)) != 0)
        is_copied = got > 0 && write(to, bytes, (size_t)got) == got;
    int reason = errno;
    text_wipe(bytes, sizeof bytes);
    errno = reason;
    return is_copied;
}

/* Another odbcssl that changes the file is waited for, or one of the two changes would be lost; it
 * takes no second. Whoever may read the file can lock it, and a file system may have no locks: that
 * stops nobody. */
static void lock_file(int file)
{
    const struct timespec pause = {0, 100000000};
    for (unsigned i = 0; i < LOCK_TENTHS && flock(file, LOCK_EX | LOCK_NB) != 0; i++) {
        if (errno != EWOULDBLOCK)
            return;
        nanosleep(&pause, NULL);
    }
}

/* A new file may come to hold a password. */
static bool start_change(enum odbc_file file, struct change *change, struct error *error)
{
    mode_t mode = file == ODBC_USER_SOURCES ? 0600 : 0666;
    odbc_file_path(file, change->path, sizeof change->path);
    change->file = open(change->path, O_RDWR | O_CREAT | O_CLOEXEC, mode);
    change->edited = memfd_create("odbcssl", MFD_CLOEXEC);
    snprintf(change->edited_path, sizeof change->edited_path, "/proc/self/fd/%d", change->edited);
    if (change->file < 0 || change->edited < 0)
        return false;
    if (access(change->edited_path, F_OK) != 0)
        return error_set_system(error, ODBCSSL_ERROR_SYSTEM, errno,
                                "%s is left as it is, for libodbcinst works on a copy of it in "
                                "memory, which takes /proc: %s",
                                change->path, change->edited_path);
    lock_file(change->file);
    return fstat(change->file, &change->former) == 0 && copy_bytes(change->file, change->edited);
}

static void end_change(const struct change *change)
{
    if (change->file >= 0)
        close(change->file);
    if (change->edited >= 0)
        close(change->edited);
}

/* value NULL takes the keyword away, keyword NULL the section. libodbcinst does not say that it
 * could not write all: then the copy is as long as a file may be. */
static bool edit(const struct change *change, const char *section, const char *keyword,
                 const char *value)
{
    struct stat status;
    struct rlimit limit;
    errno = 0;
    if (!SQLWritePrivateProfileString(section, keyword, value, change->edited_path) ||
        fstat(change->edited, &status) != 0 || getrlimit(RLIMIT_FSIZE, &limit) != 0)
        return false;
    errno = EFBIG;
    return limit.rlim_cur == RLIM_INFINITY || (rlim_t)status.st_size < limit.rlim_cur;
}

struct leftovers {
    const struct change *change;
    const char *section;
    const struct connstr *settings;
    bool is_good;
};

/* Of a keyword that stands there twice each line is shown, and taken away. */
static void take_away(const struct odbc_line *line, void *context)
{
    struct leftovers *leftovers = context;
    if (connstr_find(leftovers->settings, line->keyword) == NULL)
        leftovers->is_good =
            leftovers->is_good && edit(leftovers->change, leftovers->section, line->keyword, NULL);
}

static bool edit_section(const struct change *change, enum odbc_file file, const char *section,
                         const struct connstr *settings, bool is_whole)
{
    struct leftovers leftovers = {change, section, settings, true};
    if (settings == NULL)
        return edit(change, section, NULL, NULL);
    for (size_t i = 0; i < settings->count; i++)
        if (!edit(change, section, settings->pairs[i].keyword, settings->pairs[i].value))
            return false;
    if (is_whole)
        odbc_file_visit(file, section, take_away, &leftovers);
    return leftovers.is_good;
}

/* To FILE.TIME.bak with its owner and permissions, as libodbcinst does not keep comments. The copy
 * is private from its first byte: the file may hold passwords. */
static bool back_up(const struct change *change, struct error *error)
{
    char copy[ODBC_FILE_PATH_SIZE + 64], now[CLOCK_TEXT_SIZE];
    if (change->former.st_size == 0)
        return true;
    snprintf(copy, sizeof copy, "%s.%s.bak", change->path, clock_format(time(NULL), now));
    for (unsigned i = 2; access(copy, F_OK) == 0 && i < 100; i++)
        snprintf(copy, sizeof copy, "%s.%s-%u.bak", change->path, now, i);
    int to = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool is_copied = to >= 0 && fchown(to, change->former.st_uid, change->former.st_gid) == 0 &&
                     copy_bytes(change->file, to) &&
                     fchmod(to, change->former.st_mode & 0777) == 0 && fsync(to) == 0;
    int reason = errno;
    if (to >= 0)
        close(to);
    if (is_copied)
        printf("the former %s is kept as %s; libodbcinst does not keep comments\n", change->path,
               copy);
    else if (to >= 0)
        unlink(copy);
    return is_copied || error_set_system(error, ODBCSSL_ERROR_SYSTEM, reason,
                                         "%s is left as it is, for it cannot be copied to %s first",
                                         change->path, copy);
}

/* Into the file itself, which may be a link, or mounted alone. There is room for all of it before
 * the first byte is written. */
static bool put_in_place(const struct change *change)
{
    off_t size = lseek(change->edited, 0, SEEK_END);
    int reason = size > 0 ? posix_fallocate(change->file, 0, size) : 0;
    if (reason != 0) {
        if (ftruncate(change->file, change->former.st_size) == 0)
            errno = reason;
        return false;
    }
    return copy_bytes(change->edited, change->file) && ftruncate(change->file, size) == 0 &&
           fsync(change->file) == 0;
}

static bool check_form(enum odbc_file file, const char *section, struct error *error)
{
    const char *reason = odbc_file_explain(file);
    return reason == NULL || error_set(error, ODBCSSL_ERROR_FILE_MALFORMED,
                                       "[%s] cannot be written: %s", section, reason);
}

bool odbc_file_change(enum odbc_file file, const char *section, const struct connstr *settings,
                      bool is_whole, struct error *error)
{
    struct change change;
    bool is_changed = start_change(file, &change, error) && check_form(file, section, error) &&
                      edit_section(&change, file, section, settings, is_whole) &&
                      back_up(&change, error) && put_in_place(&change);
    if (!is_changed && !error_is_set(error))
        error_set_system(error, ODBCSSL_ERROR_SYSTEM, errno,
                         "[%s] cannot be written to %s, which takes a user who may write there, "
                         "and room for it",
                         section, change.path);
    end_change(&change);
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

void odbc_print_section(enum odbc_file file, const char *section, const struct connstr *pairs)
{
    char path[ODBC_FILE_PATH_SIZE];
    printf("%s:\n[%s]\n", odbc_file_path(file, path, sizeof path), section);
    for (size_t i = 0; i < pairs->count; i++)
        printf("%-12s = %s\n", pairs->pairs[i].keyword,
               odbc_has_secret(pairs->pairs[i].keyword, pairs->pairs[i].value)
                   ? "(set)"
                   : pairs->pairs[i].value);
}
