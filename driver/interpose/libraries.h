/*
 * libraries.h - the libraries by which a real driver reaches the network: its own, and those it
 * needs (DT_NEEDED, transitively), but for the system's, which have sockets of their own: libc, TLS
 * libraries, Kerberos, LDAP, the driver manager.
 */
#ifndef INTERPOSE_LIBRARIES_H
#define INTERPOSE_LIBRARIES_H

#include "base/error.h"
#include "interpose/slots.h"

#define LIBRARIES_LIMIT 32

struct libraries {
    size_t count;
    struct slots slots[LIBRARIES_LIMIT];
    char names[256]; /* of those with a slot for connect: "libpq.so.5" */
};

/* Finds the libraries of the real driver that inside points into, and leads their calls to where
 * rules say; a second time sets what was reset. The libraries then stay loaded. false: error says
 * what stands in the way. Thread-safe. */
const struct libraries *libraries_interpose(const void *inside, const struct slots_rule *rules,
                                            struct error *error);

#endif
