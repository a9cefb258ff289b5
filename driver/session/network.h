/*
 * network.h - a session's server side on a socket: dialling, one receive, all sends. For the three
 * that drive a session.
 */
#ifndef SESSION_NETWORK_H
#define SESSION_NETWORK_H

#include <poll.h>

#include "session/dial.h"
#include "session/session.h"

/* Dials the session's server, a session that cancels the very address of the main one, until the
 * session's deadline, and starts the session. wake and driver as in struct dial_wait, -1: none.
 * Returns the descriptor, non-blocking and close-on-exec; -1: the session was refused with the
 * reason (it still has to be driven to its end). Blocks. */
int network_connect(struct session *session, int wake, int driver);

/* What the session wants of its socket, as poll() is asked for it. */
static inline short network_events(const struct session_wants *wants)
{
    return (short)((wants->server_read ? POLLIN : 0) | (wants->server_write ? POLLOUT : 0));
}

/* Receives once, as much as there is room for. */
void network_receive(struct session *session, int descriptor);

/* Sends all that can be sent without waiting, and the end when it is due. true: some of it went. */
bool network_flush(struct session *session, int descriptor);

#endif
