/*
 * bundle.h - the folder of certificates that a managed database hands out, taken as it is: which
 * file is what is read from the files, not from their names.
 */
#ifndef COMMAND_BUNDLE_H
#define COMMAND_BUNDLE_H

#include <stdbool.h>

#include "base/error.h"
#include "config/settings.h"

/* Absolute paths; NULL: the folder has no such file. */
struct bundle {
    enum driver_family family; /* of the database that hands it out; UNKNOWN: cannot be told */
    const char *root_cert;
    const char *crl;
    const char *cert;
    const char *key;
};

/* Prints what each file is, and the chmod that the private ones need. false with error set: the
 * folder cannot be read, a file is damaged, or several files could be meant. */
bool bundle_read(const char *folder, struct bundle *bundle, struct error *error);

#endif
