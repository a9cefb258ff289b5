/*
 * endpoint.h - where the real driver connects to: a listener that takes connections of this process
 * only. What it accepts is the way into a verified TLS session, so nobody else may have it.
 */
#ifndef RELAY_ENDPOINT_H
#define RELAY_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "relay/relay.h"

struct endpoint {
    int listener;        /* non-blocking, close-on-exec; -1: closed */
    unsigned generation; /* of the process that opened it */
    struct sockaddr_storage address;
    socklen_t length;
    char directory[108]; /* of a Unix socket; empty: none */
};

/* wanted_port: taken when it is free on some address, 0 or not free: any. Removes what processes
 * that were killed left in the folder for temporary files. */
bool endpoint_open(enum endpoint_kind kind, uint16_t wanted_port, struct endpoint *endpoint,
                   struct error *error);

/* Removes a Unix socket and its directory; later calls do nothing. */
void endpoint_remove_files(struct endpoint *endpoint);

/* In a forked child only the descriptor is closed; the socket's file stays the parent's. */
void endpoint_close(struct endpoint *endpoint);

enum endpoint_outcome {
    ENDPOINT_ACCEPTED,
    ENDPOINT_NOTHING,  /* nobody was there */
    ENDPOINT_STRANGER, /* a foreign process, which was sent away */
    ENDPOINT_FAILED    /* error is set: no descriptor is free */
};

/* Takes one connection, non-blocking and close-on-exec. */
enum endpoint_outcome endpoint_accept(const struct endpoint *endpoint, struct log *log,
                                      int *descriptor_out, struct error *error);

#endif
