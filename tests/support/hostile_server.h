/*
 * hostile_server.h - a server that consents to PostgreSQL's SSLRequest and then does what no honest
 * one does; or is honest, and tells what it saw of the handshake. It lets nobody log in.
 *
 * It is a process of its own, so that the memory that its certificates take is not the caller's.
 */
#ifndef TESTS_HOSTILE_SERVER_H
#define TESTS_HOSTILE_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "support/pki.h"

enum hostile_behaviour {
    HOSTILE_REFUSES,   /* TLS, then an ErrorResponse to the StartupMessage */
    HOSTILE_GARBAGE,   /* consents, then speaks HTTP */
    HOSTILE_EARLY,     /* consents with more bytes behind the consent */
    HOSTILE_TRUNCATES, /* TLS, then the end of the stream, without close_notify */
    HOSTILE_LEAVES,    /* consents and closes the connection */
    HOSTILE_HANGS      /* consents, and says nothing more */
};

struct hostile_options {
    enum hostile_behaviour behaviour;
    const struct pki_certificate *const *chain; /* the server's own first, ended by NULL */
    const char *priority;                       /* NULL: "NORMAL" */
};

/* What the last connection was like. */
struct hostile_observation {
    unsigned connections;
    unsigned handshakes;
    char server_name[256]; /* SNI; empty: none */
    unsigned startups;     /* StartupMessages that came through TLS */
};

struct hostile_server;

/* NULL on failure. The process ends with the caller's thread. */
struct hostile_server *hostile_start(const struct hostile_options *options);
uint16_t hostile_port(const struct hostile_server *server);
const struct hostile_observation *hostile_observe(const struct hostile_server *server);
/* Accepts NULL and clears. */
void hostile_stop(struct hostile_server **server);

#endif
