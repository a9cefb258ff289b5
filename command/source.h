/*
 * source.h - which connection a command is asked about: a data source or a connection string.
 */
#ifndef COMMAND_SOURCE_H
#define COMMAND_SOURCE_H

struct source {
    const char *dsn;               /* of these two ... */
    const char *connection_string; /* ... exactly one */
    const char *user;              /* may be NULL */
    const char *password;          /* may be NULL */
};

/* "DSN=...;UID=...;PWD={...}"; free with text_free_secret. NULL, and it was said why: the given
 * string is malformed. */
char *source_connection_string(const struct source *source);

#endif
