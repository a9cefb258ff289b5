/*
 * folder.h - the files of a folder of certificates or CRLs.
 */
#ifndef TLS_FOLDER_H
#define TLS_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/options.h"

/* More entries are refused. */
#define FOLDER_ENTRY_LIMIT 65536

struct folder {
    char **paths;
    size_t count;
};

/* Lists the regular files in the folder path, sorted by name. Links are followed; a file with
 * several names (as c_rehash makes) is listed once; hidden files, folders and links that lead
 * nowhere are left out. option: for errors. */
bool folder_list(const char *path, const struct option *option, struct folder *folder,
                 struct error *error);
void folder_free(struct folder *folder);

#endif
