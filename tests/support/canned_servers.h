/*
 * canned_servers.h - three servers in plaintext that hear a login out and reject it: enough to see
 * what a driver says first. They answer connections one after the other.
 */
#ifndef TESTS_CANNED_SERVERS_H
#define TESTS_CANNED_SERVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum canned_kind { CANNED_POSTGRESQL, CANNED_TDS, CANNED_MYSQL, CANNED_KINDS };

/* Starts all of them on 127.0.0.1, for the process's life. */
bool canned_servers_start(void);
uint16_t canned_server_port(enum canned_kind kind);

/* Who logs in, from the bytes that a driver sent. */
struct canned_login {
    bool wants_tls; /* asked for TLS, or sent something that is no login */
    char user[2048];
    char database[2048];
    char password[2048];        /* not of MySQL */
    unsigned char scramble[20]; /* MySQL's native password, of canned_scramble */
    size_t scramble_length;
};

/* false: there is no whole login in the bytes. */
bool canned_login_read(enum canned_kind kind, const unsigned char *bytes, size_t length,
                       struct canned_login *login);

/* The login in the bytes without what has to differ from one connection to the next (the server's
 * name, process numbers): for comparing two. Returns its length, 0 when there is no whole one. */
#define CANNED_LOGIN_SIZE 16384
size_t canned_login_extract(enum canned_kind kind, const unsigned char *bytes, size_t length,
                            unsigned char *out);

/* What MySQL's driver answers for a password. */
void canned_scramble(const char *password, unsigned char *out);

#endif
