/*
 * origin.h - who is at the other end of a local connection. What the endpoint accepts is the way
 * into a verified TLS session, so nobody but this process may have it.
 */
#ifndef RELAY_ORIGIN_H
#define RELAY_ORIGIN_H

#include <stdbool.h>

/* Whether this process has the socket at the other end. The kernel names no process of a TCP
 * socket, but all of our own descriptors can be asked; so that a flood of strangers is cheap, those
 * near the accepted one are asked first, and then the kernel for the other end's user. A connection
 * that its owner has closed before we look is nobody's: a real driver waits for an answer, also
 * when it cancels. */
bool origin_is_own_tcp(int descriptor);
bool origin_is_own_unix(int descriptor);

#endif
