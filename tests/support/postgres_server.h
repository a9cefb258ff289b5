/*
 * postgres_server.h - a private PostgreSQL server on 127.0.0.1, in a temporary folder, for one test
 * program.
 *
 * Its superuser is "demo" with the password "secret" (scram-sha-256), its database "postgres".
 */
#ifndef TESTS_POSTGRES_SERVER_H
#define TESTS_POSTGRES_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define POSTGRES_USER "demo"
#define POSTGRES_PASSWORD "secret"

struct postgres_options {
    /* PEM files; they are copied, since the server runs as another user when the test is root's.
     * With certificate NULL the server has no TLS. */
    const char *certificate;
    const char *key;
    const char *ca;  /* of client certificates; may be NULL */
    const char *hba; /* lines of pg_hba.conf; NULL: "host all all 127.0.0.1/32 scram-sha-256" */
    const char *const *settings; /* "name=value", ended by NULL; may be NULL */
    const char *sql;             /* run once at the start; may be NULL */
};

struct postgres_server;

bool postgres_is_installed(void);

/* Returns when the server takes connections; NULL with the reason, and the end of its log, as
 * comments of TAP. */
struct postgres_server *postgres_start(const struct postgres_options *options);

/* The same data with other certificates, rules and settings, on the same port. */
bool postgres_restart(struct postgres_server *server, const struct postgres_options *options);

/* Kills the server without removing its data: connections break. */
void postgres_kill(struct postgres_server *server);

/* Kills the server and removes its folder. Accepts NULL and clears. */
void postgres_stop(struct postgres_server **server);

uint16_t postgres_port(const struct postgres_server *server);

/* Runs SQL as the superuser by psql over the server's own Unix socket, past odbcssl and TCP. false:
 * it failed. out: rows as lines, columns parted by '|'. */
bool postgres_query(const struct postgres_server *server, const char *sql, char *out,
                    size_t out_size);

#endif
