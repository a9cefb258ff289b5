/*
 * postgres_client.h - speaks the PostgreSQL protocol over a plain socket, as a real driver does
 * with the relay. Blocking, with a time-out, so that a test fails rather than hangs.
 */
#ifndef TESTS_POSTGRES_CLIENT_H
#define TESTS_POSTGRES_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct postgres_client {
    int descriptor;   /* -1: not connected */
    uint32_t process; /* of the backend, and the key that cancels */
    uint32_t key;
    char type;             /* of the last message */
    struct buffer message; /* its body */
};

/* address: "127.1.2.3", or the path of a Unix socket. */
bool postgres_client_connect(struct postgres_client *client, const char *address, uint16_t port);
void postgres_client_close(struct postgres_client *client);

bool postgres_client_send(struct postgres_client *client, const void *bytes, size_t size);
bool postgres_client_send_startup(struct postgres_client *client, const char *user);
bool postgres_client_send_query(struct postgres_client *client, const char *sql);
bool postgres_client_send_cancel(struct postgres_client *client, uint32_t process, uint32_t key);

/* false: the connection ended, or nothing came in time; errno is 0 for a clean end. */
bool postgres_client_read(struct postgres_client *client);

/* Startup until ReadyForQuery; password may be NULL. false: refused; the text of the ErrorResponse
 * is then in message. */
bool postgres_client_login(struct postgres_client *client, const char *user, const char *password);

/* Reads until ReadyForQuery. false: the connection ended, or an ErrorResponse came, whose body is
 * in error_out. first_out (may be NULL): the first column of the first row; bytes_out (may be
 * NULL): of all rows. */
struct postgres_answer {
    char first[256];
    size_t rows;
    size_t bytes;
    char error[1024]; /* the ErrorResponse's fields, NULs as blanks */
};
bool postgres_client_answer(struct postgres_client *client, struct postgres_answer *answer_out);
bool postgres_client_query(struct postgres_client *client, const char *sql,
                           struct postgres_answer *answer_out);

#endif
