/*
 * libraries.h - the libraries by which a real driver reaches the network: its own, and those it
 * needs (DT_NEEDED, transitively), but for the system's, which have sockets of their own: libc, TLS
 * libraries, Kerberos, LDAP, the driver manager.
 */
#ifndef INTERPOSE_LIBRARIES_H
#define INTERPOSE_LIBRARIES_H

#include "base/error.h"
#include "interpose/slots.h"

/* Finds the libraries of the real driver that inside points into, and leads their calls to where
 * rules say; a second time sets what was reset. The libraries then stay loaded. Returns the names
 * of those that connect ("libpq.so.5"), which stay; NULL: error says what stands in the way.
 * Thread-safe. */
const char *libraries_interpose(const void *inside, const struct slots_rule *rules,
                                struct error *error);

#endif
