/*
 * pgpass.h - libpq's password file (libpq documentation, "The Password File").
 *
 * libpq looks a password up by host and port. Behind the relay the host is as it was; the port is,
 * too, unless another program on this machine has it. Then libpq would find nothing, and this finds
 * it.
 */
#ifndef CONN_PGPASS_H
#define CONN_PGPASS_H

struct pgpass_query {
    const char *host;
    unsigned port;
    const char *database;
    const char *user;
    const char *file; /* libpq's option passfile; NULL or empty: PGPASSFILE, else ~/.pgpass */
};

/* The password of the first line of the file that fits; free with
 * text_free_secret. NULL when there is none, or others may read the file: libpq ignores it then. */
char *pgpass_find(const struct pgpass_query *query);

#endif
