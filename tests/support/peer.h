/*
 * peer.h - a server that does what a test tells it: on 127.0.0.1, with a thread per connection.
 */
#ifndef TESTS_PEER_H
#define TESTS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer;

/* serve is called for each connection, in a thread of its own, and leaves the descriptor open:
 * it is closed behind it. */
struct peer *peer_start(void (*serve)(int descriptor, void *context), void *context);
uint16_t peer_port(const struct peer *peer);

/* Ends all connections and waits for their threads. Accepts NULL and clears. */
void peer_stop(struct peer **peer);

/* For serve: false when the other end closed, or nothing came for a minute. */
bool peer_receive(int descriptor, void *out, size_t size);
bool peer_send(int descriptor, const void *bytes, size_t size);

/* Reads to the end; how many bytes came. */
size_t peer_drain(int descriptor);

#endif
