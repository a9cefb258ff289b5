/*
 * watch.c - whether the files that credentials were loaded from are still the same, asked by
 * credentials.c at every connection: by their identity, and by their content while the clock's
 * grain could hide a change.
 */
#include "tls/watch.h"

#include <dirent.h>
#include <gnutls/crypto.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"

#define DIGEST_SIZE 32

/* File systems keep times in grains from milliseconds to a second. */
#define GRAIN_SECONDS 2

struct watch_file {
    char *path;
    struct file_identity identity;
    atomic_bool is_settled; /* changed so long before it was read that the identity is enough */
    unsigned char digest[DIGEST_SIZE];
};

static bool is_long_ago(const struct file_identity *identity)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return false;
    return identity->changed_seconds + GRAIN_SECONDS < now.tv_sec &&
           identity->modified_seconds + GRAIN_SECONDS < now.tv_sec;
}

/* What a path holds now, with the identity it had before: of a folder the names, in whatever order
 * it lists them while it does not change. A path that is absent has zeroes. */
static bool digest_path(const char *path, unsigned char *digest)
{
    const struct option option = {.value = (char *)path};
    struct file_content content;
    gnutls_hash_hd_t hash;
    bool is_good;
    memset(digest, 0, DIGEST_SIZE);
    DIR *folder = opendir(path);
    if (folder != NULL) {
        const struct dirent *entry;
        is_good = gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) == 0;
        while (is_good && (entry = readdir(folder)) != NULL)
            gnutls_hash(hash, entry->d_name, strlen(entry->d_name) + 1);
        if (is_good)
            gnutls_hash_deinit(hash, digest);
        closedir(folder);
        return is_good;
    }
    if (!file_read(&option, &content, NULL))
        return false;
    is_good = gnutls_hash_fast(GNUTLS_DIG_SHA256, content.bytes, content.size, digest) == 0;
    file_content_free(&content);
    return is_good;
}

static struct watch_file *add(struct watch *watch, const char *path, struct error *error)
{
    char *copy = strdup(path);
    struct watch_file *files =
        copy != NULL ? array_grow(watch->files, watch->count, sizeof *files) : NULL;
    if (files == NULL) {
        free(copy);
        error_set_memory(error);
        return NULL;
    }
    watch->files = files;
    struct watch_file *file = &watch->files[watch->count++];
    *file = (struct watch_file){.path = copy};
    return file;
}

bool watch_read(const struct file_access *access, const struct option *option, bool is_secret,
                struct file_content *content, struct error *error)
{
    struct watch_file *file = NULL;
    if (!file_read(option, content, error))
        return false;
    if (access->watch != NULL)
        file = add(access->watch, option->value, error);
    if (file != NULL) {
        file->identity = content->identity;
        file->is_settled = is_long_ago(&file->identity);
    }
    if (file != NULL && !file->is_settled)
        gnutls_hash_fast(GNUTLS_DIG_SHA256, content->bytes, content->size, file->digest);
    if ((access->watch == NULL || file != NULL) &&
        file_permissions_check(option, &content->status, is_secret, access->permissions, error))
        return true;
    file_content_free(content);
    return false;
}

bool watch_add_path(struct watch *watch, const char *path, struct error *error)
{
    if (watch == NULL)
        return true;
    struct watch_file *file = add(watch, path, error);
    if (file == NULL)
        return false;
    file->is_settled = !file_identify(path, &file->identity) || is_long_ago(&file->identity);
    if (!file->is_settled)
        digest_path(path, file->digest);
    return true;
}

bool watch_is_fresh(const struct watch *watch)
{
    for (size_t i = 0; i < watch->count; i++) {
        struct watch_file *file = &watch->files[i];
        struct file_identity identity;
        unsigned char digest[DIGEST_SIZE];
        file_identify(file->path, &identity);
        if (!file_identity_equal(&identity, &file->identity))
            return false;
        if (file->is_settled)
            continue;
        bool settles = is_long_ago(&identity);
        if (!digest_path(file->path, digest) || memcmp(digest, file->digest, DIGEST_SIZE) != 0)
            return false;
        if (settles)
            file->is_settled = true;
    }
    return true;
}

void watch_free(struct watch *watch)
{
    for (size_t i = 0; i < watch->count; i++)
        free(watch->files[i].path);
    free(watch->files);
    *watch = (struct watch){0};
}
