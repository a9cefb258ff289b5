/*
 * folder.h - the files of a folder of certificates or CRLs.
 */
#ifndef TLS_FOLDER_H
#define TLS_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/options.h"
#include "tls/watch.h"

/* More entries are refused. */
#define FOLDER_ENTRY_LIMIT 65536

struct folder_file {
    char *path;
    dev_t device;
    ino_t inode;
};

struct folder {
    struct folder_file *files;
    size_t count;
};

/* Has watch (which may be NULL) note the folder and what is left out of it, and lists the regular
 * files in the folder that option names, sorted by path. Links are followed; a file with several
 * names (as c_rehash makes) is listed once; hidden files, folders and links that lead nowhere are
 * left out, and one that cannot be looked at is an error. The caller frees folder. false with error
 * set, and folder is all zeroes. */
bool folder_list(const struct option *option, struct watch *watch, struct folder *folder,
                 struct error *error);
void folder_free(struct folder *folder);

#endif
