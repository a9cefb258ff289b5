/*
 * interpose.h - carries one connection's bytes in the caller's own thread: the real driver's calls
 * of connect, send, recv, poll and a few more are led here, in its own libraries only, and the
 * session runs inside them.
 *
 *      real driver --send--> interposed_send ==> session ==TLS==> server
 *                                  (slots)      (engine)
 *
 * Nothing listens, no plaintext leaves the process, and there is no thread.
 */
#ifndef INTERPOSE_INTERPOSE_H
#define INTERPOSE_INTERPOSE_H

#include <sys/socket.h>

#include "base/error.h"
#include "interpose/guard.h"
#include "session/record.h"

/* Leads the calls of the real driver that inside points into here; looks again, and sets again what
 * was reset, each time. Returns the network libraries' names ("libpq.so.5"), which stay; NULL:
 * error says what stands in the way, and only the relay can serve this driver. Thread-safe. */
const char *interpose_prepare(const void *inside, struct error *error);

/* One attempt: an address that the real driver is to connect to, and the sessions that begin there.
 */
struct interposition;

/* A multicast address of 239/8 with the server's own port, or the path of a Unix socket below a
 * file: there is nothing that a call which got past us could reach. */
enum interposition_kind { INTERPOSITION_INTERNET, INTERPOSITION_UNIX };

struct interposition *interposition_open(const struct session_options *options,
                                         enum interposition_kind kind, struct error *error);

/* What is still open is cut off: the real driver's calls on it fail. In a forked child only the
 * child's descriptors are closed. Accepts NULL and clears. */
void interposition_close(struct interposition **interposition);

const struct sockaddr *interposition_address(const struct interposition *interposition,
                                             socklen_t *length_out);
struct session_record *interposition_record(const struct interposition *interposition);

/* Takes notice of what came meanwhile, as no thread does: a server that has hung up. Without
 * waiting, also not for a call that is at work. */
void interposition_look(const struct interposition *interposition);

#endif
