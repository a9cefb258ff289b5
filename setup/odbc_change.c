/* odbc_change.c - a section of odbc.ini or odbcinst.ini is changed as a whole, or not at all. */
#include "setup/odbc_change.h"

#include <errno.h>
#include <fcntl.h>
#include <odbcinst.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

#define LOCK_TENTHS 100 /* of a second, that another change is waited for */

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

/* A file as large as the process may make it would end the process by a signal. */
static void block_signal(sigset_t *before)
{
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &ending, before);
}

static void unblock_signal(const sigset_t *before)
{
    static const struct timespec at_once = {0};
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGXFSZ);
    if (!sigismember(before, SIGXFSZ))
        sigtimedwait(&ending, NULL, &at_once);
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

static bool refuse_change(const struct odbc_change *change, struct error *error)
{
    return error_set_system(error, ODBCSSL_ERROR_SYSTEM, errno,
                            "[%s] cannot be written to %s, which takes a user who may write there, "
                            "and room for it",
                            change->section, change->path);
}

static bool check_form(const struct odbc_change *change, struct error *error)
{
    struct error reason = {0};
    return odbc_file_check(change->kind, &reason) ||
           error_set(error, reason.code, "[%s] cannot be written: %s", change->section,
                     reason.text);
}

/* A new file may come to hold a password. */
bool odbc_change_begin(enum odbc_file kind, const char *section, struct odbc_change *change,
                       struct error *error)
{
    mode_t mode = kind == ODBC_USER_SOURCES ? 0600 : 0666;
    *change = (struct odbc_change){.kind = kind, .section = section};
    block_signal(&change->signals_before);
    odbc_file_path(kind, change->path, sizeof change->path);
    change->file = open(change->path, O_RDWR | O_CREAT | O_CLOEXEC, mode);
    change->edited = memfd_create("odbcssl", MFD_CLOEXEC);
    snprintf(change->edited_path, sizeof change->edited_path, "/proc/self/fd/%d", change->edited);
    if (change->file < 0 || change->edited < 0)
        return refuse_change(change, error);
    if (access(change->edited_path, F_OK) != 0)
        return error_set_system(error, ODBCSSL_ERROR_SYSTEM, errno,
                                "%s is left as it is, for libodbcinst works on a copy of it in "
                                "memory, which takes /proc: %s",
                                change->path, change->edited_path);
    lock_file(change->file);
    return check_form(change, error) && ((fstat(change->file, &change->former) == 0 &&
                                          copy_bytes(change->file, change->edited)) ||
                                         refuse_change(change, error));
}

void odbc_change_end(struct odbc_change *change)
{
    if (change->file >= 0)
        close(change->file);
    if (change->edited >= 0)
        close(change->edited);
    unblock_signal(&change->signals_before);
}

/* libodbcinst does not say that it could not write all: then the copy is as long as a file may be.
 */
bool odbc_change_set(const struct odbc_change *change, const char *keyword, const char *value,
                     struct error *error)
{
    struct stat status;
    struct rlimit limit;
    errno = 0;
    if (!SQLWritePrivateProfileString(change->section, keyword, value, change->edited_path) ||
        fstat(change->edited, &status) != 0 || getrlimit(RLIMIT_FSIZE, &limit) != 0)
        return refuse_change(change, error);
    errno = EFBIG;
    return limit.rlim_cur == RLIM_INFINITY || (rlim_t)status.st_size < limit.rlim_cur ||
           refuse_change(change, error);
}

struct clearing {
    const struct odbc_change *change;
    struct error *error;
    bool is_good;
};

/* Of a keyword that stands there twice each line is shown, and taken away. */
static void take_away(const struct odbc_line *line, void *context)
{
    struct clearing *clearing = context;
    clearing->is_good = clearing->is_good &&
                        odbc_change_set(clearing->change, line->keyword, NULL, clearing->error);
}

bool odbc_change_clear(const struct odbc_change *change, struct error *error)
{
    struct clearing clearing = {change, error, true};
    odbc_file_visit(change->kind, change->section, take_away, &clearing);
    return clearing.is_good;
}

/* To FILE.TIME.bak with its owner and permissions, as libodbcinst does not keep comments. The copy
 * is private from its first byte: the file may hold passwords. */
bool odbc_change_back_up(const struct odbc_change *change, char *path_out, size_t size,
                         struct error *error)
{
    char now[CLOCK_TEXT_SIZE];
    path_out[0] = '\0';
    if (change->former.st_size == 0)
        return true;
    snprintf(path_out, size, "%s.%s.bak", change->path, clock_format(time(NULL), now));
    for (unsigned i = 2; access(path_out, F_OK) == 0 && i < 100; i++)
        snprintf(path_out, size, "%s.%s-%u.bak", change->path, now, i);
    int to = open(path_out, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool is_copied = to >= 0 && fchown(to, change->former.st_uid, change->former.st_gid) == 0 &&
                     copy_bytes(change->file, to) &&
                     fchmod(to, change->former.st_mode & 0777) == 0 && fsync(to) == 0;
    int reason = errno;
    if (to >= 0)
        close(to);
    if (!is_copied && to >= 0)
        unlink(path_out);
    return is_copied || error_set_system(error, ODBCSSL_ERROR_SYSTEM, reason,
                                         "%s is left as it is, for it cannot be copied to %s first",
                                         change->path, path_out);
}

/* Into the file itself, which may be a link, or mounted alone. There is room for all of it before
 * the first byte is written. */
bool odbc_change_put(const struct odbc_change *change, struct error *error)
{
    off_t size = lseek(change->edited, 0, SEEK_END);
    int reason = size > 0 ? posix_fallocate(change->file, 0, size) : 0;
    if (reason != 0) {
        if (ftruncate(change->file, change->former.st_size) == 0)
            errno = reason;
        return refuse_change(change, error);
    }
    return (copy_bytes(change->edited, change->file) && ftruncate(change->file, size) == 0 &&
            fsync(change->file) == 0) ||
           refuse_change(change, error);
}
