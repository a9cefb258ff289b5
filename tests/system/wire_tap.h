/*
 * wire_tap.h - stands between odbcssl and a server as the network does: it passes bytes on, keeps
 * those of the clients, sees which of them are encrypted (PostgreSQL's), and can break connections.
 */
#ifndef TESTS_WIRE_TAP_H
#define TESTS_WIRE_TAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct wire_tap;

/* Listens on a port of 127.0.0.1 and connects to the server's. NULL on failure. */
struct wire_tap *wire_tap_start(uint16_t server_port);

/* Ends its thread and all connections. Accepts NULL and clears. */
void wire_tap_stop(struct wire_tap **tap);

uint16_t wire_tap_port(const struct wire_tap *tap);

/* How many connections came, and how many of them sent nothing to the server but an SSLRequest and
 * TLS. A connection counts as encrypted when its first TLS record has been seen. */
unsigned wire_tap_connections(struct wire_tap *tap);
unsigned wire_tap_encrypted(struct wire_tap *tap);

/* What all clients sent since the last call, once each of them has ended. false: one has not, in
 * some seconds. */
bool wire_tap_take(struct wire_tap *tap, struct buffer *bytes_out);

/* Breaks every connection towards odbcssl: by a reset, or by an end without close_notify. */
void wire_tap_cut(struct wire_tap *tap, bool is_reset);

#endif
