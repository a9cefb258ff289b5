/*
 * watch.h - the files that something was loaded from, and whether they are still the same.
 *
 * A file's identity is taken from the descriptor that was read, so a file that is replaced
 * meanwhile does not pass for loaded. Times of change have a grain: a file that was changed just
 * before it was read is known by its content, until that grain is over.
 */
#ifndef TLS_WATCH_H
#define TLS_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/file.h"

struct watch_file;

/* All zeroes is empty. Functions that note what they read accept NULL: nobody wants to know. */
struct watch {
    struct watch_file *files;
    size_t count;
};

/* How the files of one set of credentials are read. */
struct file_access {
    const char *password;              /* of a store; NULL: the ones that stores are made with */
    enum file_permissions permissions; /* the rule for who may read them */
    struct watch *watch;               /* gets what was read; NULL: nobody wants to know */
};

/* Reads the file that option names (file_read), notes it as it was read, and checks who may read it
 * (file_permissions_check). The caller frees content (file_content_free). false with error set, and
 * content is all zeroes. */
bool watch_read(const struct file_access *access, const struct option *option, bool is_secret,
                struct file_content *content, struct error *error);

/* Notes a folder that is going to be listed, or a path where nothing was found. false: out of
 * memory. */
bool watch_add_path(struct watch *watch, const char *path, struct error *error);

/* Whether everything is as it was. Several threads may ask at once. */
bool watch_is_fresh(const struct watch *watch);

/* watch is then empty. */
void watch_free(struct watch *watch);

#endif
