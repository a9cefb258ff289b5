/*
 * mysql_password.h - which answers of the real driver hold its password in clear text.
 *
 * A client sends its password as it is when it takes the connection for secure: over TLS, and over
 * a Unix socket. The real driver talks to a socket of this process, whatever lies behind it; so
 * when that is a plain connection to the server, the driver's own judgement does not count.
 */
#ifndef PROTO_MYSQL_PASSWORD_H
#define PROTO_MYSQL_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

/* Kinds of authentication plugins, by what they do on a connection that they take for secure. */
enum mysql_method {
    MYSQL_METHOD_OTHER,  /* the same as on any connection: a digest, a signature, a ticket, a dialog
                          */
    MYSQL_METHOD_CLEAR,  /* always the password */
    MYSQL_METHOD_SHA256, /* the password at once */
    MYSQL_METHOD_CACHING_SHA2,     /* a digest */
    MYSQL_METHOD_CACHING_SHA2_FULL /* the password, after the server did not know the digest */
};

/* name may be NULL. */
enum mysql_method mysql_method_find(const char *name);

/* The method after the server sent more authentication data. */
enum mysql_method mysql_method_after(enum mysql_method method, const unsigned char *payload,
                                     size_t size);

/* Whether an answer may hold the password. Strict: what is not known to hold none does. */
bool mysql_method_reveals(enum mysql_method method, const unsigned char *answer, size_t size);

#endif
