/*
 * relay.h - carries one connection's bytes between the real driver and the server.
 *
 *      real driver --plain--> local endpoint --> session, on a thread of its own --TLS--> server
 *
 * "Driver side" is the plain, local one, "server side" the network. A relay has one thread that
 * accepts, and one for each session: the main one, and short ones beside it that cancel a query.
 */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include <sys/socket.h>

#include "base/error.h"
#include "session/record.h"

enum endpoint_kind {
    ENDPOINT_LOOPBACK, /* a random address of 127/8 */
    ENDPOINT_UNIX      /* a socket in a private directory (mode 0700) */
};

struct relay;

/* Opens the endpoint, with the server's own port so that .pgpass fits, or another where that is
 * taken, and starts accepting. NULL with error set on failure. */
struct relay *relay_open(const struct session_options *options, enum endpoint_kind kind,
                         struct error *error);

/* Stops and joins the threads, closes everything, within a short deadline. Threads that have not
 * ended by then go on, and free what is left when they end. In a forked child it only closes the
 * child's descriptors. Accepts NULL and clears. */
void relay_close(struct relay **relay);

/* Where the real driver is to connect. */
const struct sockaddr *relay_address(const struct relay *relay, socklen_t *length_out);

/* Not to be asked in a forked child. */
struct session_record *relay_record(const struct relay *relay);

/* Takes notice of real drivers that have closed their end: from now on their sessions are not
 * alive, whether their threads know it or not. */
void relay_look(struct relay *relay);

#endif
