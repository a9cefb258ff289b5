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

static bool add_file(struct folder *folder, const char *parent, const char *name,
                     struct error *error)
{
    struct stat status;
    struct folder_file file = {0};
    if (asprintf(&file.path, "%s/%s", parent, name) < 0)
        return error_set_memory(error);
    if (stat(file.path, &status) != 0 || !S_ISREG(status.st_mode)) {
        free(file.path);
        return true;
    }
    struct folder_file *files = array_grow(folder->files, folder->count, sizeof *files);
    if (files == NULL) {
        free(file.path);
        return error_set_memory(error);
    }
    file.device = status.st_dev;
    file.inode = status.st_ino;
    folder->files = files;
    folder->files[folder->count++] = file;
    return true;
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
        if (!add_file(folder, option->value, entry->d_name, error))
            return false;
    }
    return errno == 0 || error_set_system(error, ODBCSSL_ERROR_FILE_UNREADABLE, errno,
                                          "%s: the folder cannot be listed", name);
}

/* Of several names of one file the first stays. */
static void drop_doubles(struct folder *folder)
{
    size_t count = folder->count;
    struct folder_file *files = folder->files;
    folder->count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct folder_file *last = folder->count > 0 ? &files[folder->count - 1] : NULL;
        if (last != NULL && last->inode == files[i].inode && last->device == files[i].device)
            free(files[i].path);
        else
            files[folder->count++] = files[i];
    }
}

bool folder_list(const struct option *option, struct folder *folder, struct error *error)
{
    char name[OPTION_TEXT_SIZE];
    *folder = (struct folder){0};
    option_describe(option, name, sizeof name);
    DIR *stream = opendir(option->value); /* glibc opens it close-on-exec */
    if (stream == NULL)
        return error_set_system(error, ODBCSSL_ERROR_FILE_UNREADABLE, errno,
                                "%s: the folder cannot be opened", name);
    bool is_read = read_entries(stream, option, name, folder, error);
    closedir(stream);
    if (!is_read) {
        folder_free(folder);
    } else if (folder->count > 0) {
        qsort(folder->files, folder->count, sizeof *folder->files, compare_files);
        drop_doubles(folder);
        qsort(folder->files, folder->count, sizeof *folder->files, compare_paths);
    }
    return is_read;
}

void folder_free(struct folder *folder)
{
    for (size_t i = 0; i < folder->count; i++)
        free(folder->files[i].path);
    free(folder->files);
    *folder = (struct folder){0};
}
