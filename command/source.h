/*
 * source.h - which connection a command is asked about: a data source or a connection string.
 */
#ifndef COMMAND_SOURCE_H
#define COMMAND_SOURCE_H

#include "config/connstr.h"

struct source {
    const char *dsn;               /* of these two ... */
    const char *connection_string; /* ... exactly one */
    const char *user;              /* may be NULL */
    const char *password;          /* may be NULL */
};

/* The settings as a list; free with connstr_free. false, and it was said why: the given string is
 * malformed. */
bool source_read(const struct source *source, struct connstr *settings);

#endif
