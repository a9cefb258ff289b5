/*
 * file.c - reading the files that keywords name, below tls/: who may read them, what they are, and
 * whether they are still the same.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"

static struct file_identity identity_of(const struct stat *status)
{
    return (struct file_identity){
        .device = status->st_dev,
        .inode = status->st_ino,
        .size = (uint64_t)status->st_size,
        .modified_seconds = status->st_mtim.tv_sec,
        .modified_nanoseconds = status->st_mtim.tv_nsec,
        .changed_seconds = status->st_ctim.tv_sec,
        .changed_nanoseconds = status->st_ctim.tv_nsec,
    };
}

static bool read_all(int descriptor, struct file_content *content)
{
    size_t read_so_far = 0;
    while (read_so_far < content->size) {
        ssize_t got = read(descriptor, content->bytes + read_so_far, content->size - read_so_far);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        read_so_far += (size_t)got;
    }
    content->size = read_so_far;
    content->bytes[read_so_far] = '\0';
    return true;
}

static bool read_descriptor(int descriptor, const char *name, struct file_content *content,
                            struct error *error)
{
    if (fstat(descriptor, &content->status) != 0)
        return error_set_system(error, ODBCSSL_ERROR_FILE_UNREADABLE, errno, "%s: cannot be read",
                                name);
    if (!S_ISREG(content->status.st_mode))
        return error_set(error, ODBCSSL_ERROR_FILE_UNREADABLE, "%s: is not a regular file", name);
    if (content->status.st_size == 0)
        return error_set(error, ODBCSSL_ERROR_FILE_MALFORMED, "%s: the file is empty", name);
    if ((uint64_t)content->status.st_size > FILE_SIZE_LIMIT)
        return error_set(error, ODBCSSL_ERROR_FILE_MALFORMED,
                         "%s: the file has %lld bytes, more than the %zu MiB that are read", name,
                         (long long)content->status.st_size, FILE_SIZE_LIMIT >> 20);
    content->identity = identity_of(&content->status);
    content->size = (size_t)content->status.st_size;
    content->bytes = malloc(content->size + 1);
    if (content->bytes == NULL)
        return error_set_memory(error);
    if (!read_all(descriptor, content))
        return error_set_system(error, ODBCSSL_ERROR_FILE_UNREADABLE, errno, "%s: cannot be read",
                                name);
    return true;
}

bool file_read(const struct option *option, struct file_content *content, struct error *error)
{
    const char *path = option->value;
    char name[OPTION_TEXT_SIZE];
    option_describe(option, name, sizeof name);
    *content = (struct file_content){0};
    /* O_NONBLOCK: a FIFO must not hang us; it has no effect on regular files. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (descriptor < 0)
        return error_set_system(error, ODBCSSL_ERROR_FILE_UNREADABLE, errno,
                                "%s: cannot be opened%s", name, text_explain_oddity(path));
    bool is_read = read_descriptor(descriptor, name, content, error);
    close(descriptor);
    if (!is_read)
        file_content_free(content);
    return is_read;
}

void file_content_free(struct file_content *content)
{
    text_wipe(content->bytes, content->size);
    free(content->bytes);
    *content = (struct file_content){0};
}

bool file_identify(const char *path, struct file_identity *identity_out)
{
    struct stat status;
    *identity_out = (struct file_identity){0};
    if (stat(path, &status) != 0)
        return false;
    *identity_out = identity_of(&status);
    return true;
}

bool file_identity_equal(const struct file_identity *a, const struct file_identity *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->modified_seconds == b->modified_seconds &&
           a->modified_nanoseconds == b->modified_nanoseconds &&
           a->changed_seconds == b->changed_seconds &&
           a->changed_nanoseconds == b->changed_nanoseconds;
}

bool file_permissions_check(const struct option *option, const struct stat *status, bool is_secret,
                            enum file_permissions rule, struct error *error)
{
    bool is_strict = rule == FILE_PERMISSIONS_STRICT;
    if (!is_secret && !is_strict)
        return true;
    bool is_root_readable = !is_strict && status->st_uid == 0;
    mode_t forbidden = is_root_readable ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
    if (is_strict)
        forbidden |= S_IXUSR;
    if ((status->st_mode & forbidden) == 0)
        return true;
    char name[OPTION_TEXT_SIZE], quoted[ERROR_TEXT_SIZE];
    option_describe(option, name, sizeof name);
    return error_set(error, ODBCSSL_ERROR_FILE_PERMISSIONS,
                     "%s: the file has mode 0%03o, and others may use it; %s. Run: chmod 600 %s",
                     name, (unsigned)(status->st_mode & 07777),
                     is_strict ? "SslFilePermissions=strict wants 0600 or less"
                               : "it must be 0600 or less, or 0640 or less when root owns it",
                     text_quote_word(option->value, quoted, sizeof quoted));
}
