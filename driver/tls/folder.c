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

/* Whether a regular file is there; what is not one is noted, and looked at again behind that, lest
 * it become one in between. A link that leads nowhere is left out. Any other file that cannot be
 * looked at may be the one that revokes. */
static bool look(const struct option *file, struct watch *watch, struct stat *status,
                 bool *is_file_out, struct error *error)
{
    char name[OPTION_TEXT_SIZE];
    int reason = stat(file->value, status) == 0 ? 0 : errno;
    if (reason == ENOENT || (reason == 0 && !S_ISREG(status->st_mode))) {
        if (!watch_add_path(watch, file->value, error))
            return false;
        reason = stat(file->value, status) == 0 ? 0 : errno;
    }
    *is_file_out = reason == 0 && S_ISREG(status->st_mode);
    return reason == 0 || reason == ENOENT ||
           error_set_system(error, ODBCSSL_ERROR_FILE_UNREADABLE, reason,
                            "%s: the file in the folder cannot be looked at",
                            option_describe(file, name, sizeof name));
}

static bool add_entry(const struct option *option, const char *entry_name, struct watch *watch,
                      struct folder *folder, struct error *error)
{
    char *path = NULL;
    struct stat status;
    bool is_file = false;
    if (asprintf(&path, "%s/%s", option->value, entry_name) < 0)
        return error_set_memory(error);
    const struct option file = option_of_file(option, path);
    bool is_good = look(&file, watch, &status, &is_file, error);
    if (is_good && is_file)
        return add_file(folder, path, &status, error);
    free(path);
    return is_good;
}

static bool read_entries(DIR *stream, const struct option *option, const char *name,
                         struct watch *watch, struct folder *folder, struct error *error)
{
    const struct dirent *entry;
    for (errno = 0; (entry = readdir(stream)) != NULL; errno = 0) {
        if (entry->d_name[0] == '.')
            continue;
        if (folder->count == FOLDER_ENTRY_LIMIT)
            return error_set(error, ODBCSSL_ERROR_FILE_UNREADABLE,
                             "%s: the folder has more than the %d files that are read", name,
                             FOLDER_ENTRY_LIMIT);
        if (!add_entry(option, entry->d_name, watch, folder, error))
            return false;
    }
    return errno == 0 || error_set_system(error, ODBCSSL_ERROR_FILE_UNREADABLE, errno,
                                          "%s: the folder cannot be listed", name);
}

/* Whether the file is still another name of the one before it, now that it is noted. */
static bool is_double(const struct folder_file *last, const struct folder_file *file,
                      struct watch *watch, bool *is_good, struct error *error)
{
    struct stat status;
    if (last == NULL || last->inode != file->inode || last->device != file->device)
        return false;
    *is_good = *is_good && watch_add_path(watch, file->path, error);
    return stat(file->path, &status) == 0 && status.st_ino == last->inode &&
           status.st_dev == last->device;
}

/* Of several names of one file the first stays. */
static bool drop_doubles(struct folder *folder, struct watch *watch, struct error *error)
{
    struct folder_file *files = folder->files;
    size_t count = folder->count;
    bool is_good = true;
    qsort(files, count, sizeof *files, compare_files);
    folder->count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct folder_file *last = folder->count > 0 ? &files[folder->count - 1] : NULL;
        if (is_double(last, &files[i], watch, &is_good, error))
            free(files[i].path);
        else
            files[folder->count++] = files[i];
    }
    qsort(files, folder->count, sizeof *files, compare_paths);
    return is_good;
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
    bool is_listed = read_entries(stream, option, name, watch, folder, error);
    closedir(stream);
    is_listed = is_listed && (folder->count == 0 || drop_doubles(folder, watch, error));
    if (!is_listed)
        folder_free(folder);
    return is_listed;
}

void folder_free(struct folder *folder)
{
    for (size_t i = 0; i < folder->count; i++)
        free(folder->files[i].path);
    free(folder->files);
    *folder = (struct folder){0};
}
