/* folder.c - lists a folder, each file once, in an order that does not depend on the file system.
 */
#include "tls/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct entry {
    char *path;
    dev_t device;
    ino_t inode;
};

struct listing {
    struct entry *entries;
    size_t count;
    size_t capacity;
};

static int compare_files(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    if (a->inode != b->inode)
        return a->inode < b->inode ? -1 : 1;
    if (a->device != b->device)
        return a->device < b->device ? -1 : 1;
    return strcmp(a->path, b->path);
}

static int compare_paths(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* false: out of memory. */
static bool add_entry(struct listing *listing, const char *folder, const char *name)
{
    struct stat status;
    struct entry entry = {0};
    if (asprintf(&entry.path, "%s/%s", folder, name) < 0)
        return false;
    if (stat(entry.path, &status) != 0 || !S_ISREG(status.st_mode)) {
        free(entry.path);
        return true;
    }
    entry.device = status.st_dev;
    entry.inode = status.st_ino;
    if (listing->count == listing->capacity) {
        size_t capacity = listing->capacity == 0 ? 32 : listing->capacity * 2;
        struct entry *grown = reallocarray(listing->entries, capacity, sizeof *grown);
        if (grown == NULL) {
            free(entry.path);
            return false;
        }
        listing->entries = grown;
        listing->capacity = capacity;
    }
    listing->entries[listing->count++] = entry;
    return true;
}

static bool read_entries(DIR *stream, const char *path, const char *name, struct listing *listing,
                         struct error *error)
{
    const struct dirent *entry;
    for (errno = 0; (entry = readdir(stream)) != NULL; errno = 0) {
        if (entry->d_name[0] == '.')
            continue;
        if (listing->count == FOLDER_ENTRY_LIMIT) {
            error_set(error, ODBCSSL_ERROR_FILE_UNREADABLE,
                      "%s: the folder has more than the %d files that are read", name,
                      FOLDER_ENTRY_LIMIT);
            return false;
        }
        if (!add_entry(listing, path, entry->d_name)) {
            error_set_memory(error);
            return false;
        }
    }
    if (errno != 0)
        error_set_system(error, ODBCSSL_ERROR_FILE_UNREADABLE, errno,
                         "%s: the folder cannot be listed", name);
    return errno == 0;
}

bool folder_list(const char *path, const struct option *option, struct folder *folder,
                 struct error *error)
{
    char name[OPTION_TEXT_SIZE];
    struct listing listing = {0};
    *folder = (struct folder){0};
    option_describe(option, name, sizeof name);
    DIR *stream = opendir(path); /* glibc opens it close-on-exec */
    if (stream == NULL) {
        error_set_system(error, ODBCSSL_ERROR_FILE_UNREADABLE, errno,
                         "%s: the folder cannot be opened", name);
        return false;
    }
    bool is_good = read_entries(stream, path, name, &listing, error);
    closedir(stream);
    folder->paths = calloc(listing.count + 1, sizeof *folder->paths);
    if (folder->paths == NULL)
        error_set_memory(error);
    is_good = is_good && folder->paths != NULL;
    if (listing.count > 0)
        qsort(listing.entries, listing.count, sizeof *listing.entries, compare_files);
    for (size_t i = 0; i < listing.count; i++) {
        const struct entry *entry = &listing.entries[i];
        bool is_double =
            i > 0 && entry[-1].inode == entry->inode && entry[-1].device == entry->device;
        if (is_good && !is_double)
            folder->paths[folder->count++] = entry->path;
        else
            free(entry->path);
    }
    free(listing.entries);
    if (is_good)
        qsort(folder->paths, folder->count, sizeof *folder->paths, compare_paths);
    else
        folder_free(folder);
    return is_good;
}

void folder_free(struct folder *folder)
{
    for (size_t i = 0; folder->paths != NULL && i < folder->count; i++)
        free(folder->paths[i]);
    free(folder->paths);
    *folder = (struct folder){0};
}
