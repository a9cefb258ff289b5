/*
 * folder.c - lists a folder of certificates (trust.c) or CRLs (credentials_load.c): each file once,
 * in an order that does not depend on the file system, so that the same folder always gives the
 * same errors.
 */
#include "tls/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"

static int compare_paths(const void *left, const void *right)
{
    const struct folder_file *a = left, *b = right;
    return strcmp(a->path, b->path);
}

static int compare_files(const void *left, const void *right)
{
    const struct folder_file *a = left, *b = right;
    if (a->inode != b->inode)
        return a->inode < b->inode ? -1 : 1;
    if (a->device != b->device)
        return a->device < b->device ? -1 : 1;
    return compare_paths(a, b);
}

/* Takes path. */
static bool add_file(struct folder *folder, char *path, const struct stat *status,
                     struct error *error)
{
    struct folder_file *files = array_grow(folder->files, folder->count, sizeof *files);
    if (files == NULL) {
        free(path);
        return error_set_memory(error);
    }
    folder->files = files;
    files[folder->count++] = (struct folder_file){path, status->st_dev, status->st_ino};
    return true;
}

/* A link that leads nowhere is left out. Any other file that cannot be looked at may be the one
 * that revokes. */
static bool add_entry(const struct option *option, const char *entry_name, struct folder *folder,
                      struct error *error)
{
    char *path = NULL;
    char name[OPTION_TEXT_SIZE];
    struct stat status;
    if (asprintf(&path, "%s/%s", option->value, entry_name) < 0)
        return error_set_memory(error);
    int reason = stat(path, &status) == 0 ? 0 : errno;
    if (reason == 0 && S_ISREG(status.st_mode))
        return add_file(folder, path, &status, error);
    const struct option file = option_of_file(option, path);
    bool is_good = reason == 0 || reason == ENOENT ||
                   error_set_system(error, ODBCSSL_ERROR_FILE_UNREADABLE, reason,
                                    "%s: the file in the folder cannot be looked at",
                                    option_describe(&file, name, sizeof name));
    free(path);
    return is_good;
}

static bool read_entries(DIR *stream, const struct option *option, const char *name,
                         struct folder *folder, struct error *error)
{
    const struct dirent *entry;
    for (errno = 0; (entry = readdir(stream)) != NULL; errno = 0) {
        if (entry->d_name[0] == '.')
            continue;
        if (folder->count == FOLDER_ENTRY_LIMIT)
            return error_set(error, ODBCSSL_ERROR_FILE_UNREADABLE,
                             "%s: the folder has more than the %d files that are read", name,
                             FOLDER_ENTRY_LIMIT);
        if (!add_entry(option, entry->d_name, folder, error))
            return false;
    }
    return errno == 0 || error_set_system(error, ODBCSSL_ERROR_FILE_UNREADABLE, errno,
                                          "%s: the folder cannot be listed", name);
}

bool folder_list(const struct option *option, struct watch *watch, struct folder *folder,
                 struct error *error)
{
    char name[OPTION_TEXT_SIZE];
    *folder = (struct folder){0};
    if (!watch_add_path(watch, option->value, error))
        return false;
    option_describe(option, name, sizeof name);
    DIR *stream = opendir(option->value); /* glibc opens it close-on-exec */
    if (stream == NULL)
        return error_set_system(error, ODBCSSL_ERROR_FILE_UNREADABLE, errno,
                                "%s: the folder cannot be opened", name);
    bool is_read = read_entries(stream, option, name, folder, error);
    closedir(stream);
    if (!is_read)
        folder_free(folder);
    struct folder_file *files = folder->files;
    size_t count = folder->count;
    if (count == 0)
        return is_read;
    qsort(files, count, sizeof *files, compare_files);
    folder->count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct folder_file *last = folder->count > 0 ? &files[folder->count - 1] : NULL;
        /* Of several names of one file the first stays. */
        if (last != NULL && last->inode == files[i].inode && last->device == files[i].device)
            free(files[i].path);
        else
            files[folder->count++] = files[i];
    }
    qsort(files, folder->count, sizeof *files, compare_paths);
    return true;
}

void folder_free(struct folder *folder)
{
    for (size_t i = 0; i < folder->count; i++)
        free(folder->files[i].path);
    free(folder->files);
    *folder = (struct folder){0};
}
