/*
 * tls_terminator.h - a process on 127.0.0.1 that takes TLS from the first byte and passes on
 * plaintext, as stunnel does in front of a server that has no TLS.
 */
#ifndef TESTS_TLS_TERMINATOR_H
#define TESTS_TLS_TERMINATOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "support/tls_server.h"

struct tls_terminator {
    pid_t process;
    uint16_t port;
    int handshakes; /* the end of a pipe: one byte for each that succeeded */
};

/* Forks, so before the first thread starts. It dies with the thread that started it. */
bool tls_terminator_start(struct tls_terminator *terminator,
                          const struct tls_server_options *options, uint16_t server_port);

/* How many handshakes succeeded since this was asked last. */
unsigned tls_terminator_handshakes(const struct tls_terminator *terminator);

/* Kills it with its connections. */
void tls_terminator_stop(struct tls_terminator *terminator);

#endif
