/*
 * file.h - reading configuration files whole, with their identity and permissions.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/options.h"

/* What makes a file the same file with the same content; all zeroes when it is absent. */
struct file_identity {
    uint64_t device;
    uint64_t inode;
    uint64_t size;
    int64_t modified_seconds;
    int64_t modified_nanoseconds;
    int64_t changed_seconds;
    int64_t changed_nanoseconds;
};

struct file_content {
    unsigned char *bytes; /* NUL-terminated behind size, for text parsers */
    size_t size;
    struct file_identity identity;
    struct stat status; /* of the descriptor that was read */
};

/* Larger files are refused. */
#define FILE_SIZE_LIMIT ((size_t)512 * 1024 * 1024)

/* Reads the regular file that option names. On failure returns false with an error that names
 * keyword, path, source and reason, and content is all zeroes. An empty file is an error. */
bool file_read(const struct option *option, struct file_content *content, struct error *error);

/* Wipes and frees: content may be a private key. */
void file_content_free(struct file_content *content);

/* false when there is no such file, or it cannot be looked at. */
bool file_identify(const char *path, struct file_identity *identity_out);
bool file_identity_equal(const struct file_identity *a, const struct file_identity *b);

/* The rule of SslFilePermissions for the file that option names and that was read. is_secret: key
 * and key-password files. FILE_PERMISSIONS_KEY: a secret file is 0600 or less, or 0640 or less when
 * root owns it (libpq, fe-secure-openssl.c). FILE_PERMISSIONS_STRICT: every file is 0600 or less
 * (GaussDB(DWS)). */
bool file_permissions_check(const struct option *option, const struct stat *status, bool is_secret,
                            enum file_permissions rule, struct error *error);

#endif
