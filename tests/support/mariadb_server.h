/*
 * mariadb_server.h - a private MariaDB server on 127.0.0.1, in a temporary folder, for one test
 * program.
 */
#ifndef TESTS_MARIADB_SERVER_H
#define TESTS_MARIADB_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mariadb_options {
    /* PEM files; they are copied, since the server runs as another user when the test is root's.
     * With certificate NULL the server has no TLS. */
    const char *certificate;
    const char *key;
    const char *ca;               /* of client certificates; may be NULL */
    const char *const *arguments; /* more of mariadbd's, ended by NULL; may be NULL */
    const char *sql;              /* run as root once it is up, to create users; may be NULL */
};

struct mariadb_server;

bool mariadb_is_installed(void);

/* Returns when the server takes connections; NULL with the reason, and the end of its log, as
 * comments of TAP. The server dies with the thread that started it. */
struct mariadb_server *mariadb_start(const struct mariadb_options *options);

/* Kills the server and removes its folder. Accepts NULL and clears. */
void mariadb_stop(struct mariadb_server **server);

uint16_t mariadb_port(const struct mariadb_server *server);

/* Runs SQL as the server's root, past any relay. false: it failed. out: what was printed, rows as
 * lines, columns parted by tabs, without names. */
bool mariadb_query(const struct mariadb_server *server, const char *sql, char *out,
                   size_t out_size);

#endif
