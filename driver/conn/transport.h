/*
 * transport.h - how the real driver's bytes reach a session: through its own calls, which are led
 * to us (interpose/), or through a local socket and a thread (relay/). One for each attempt.
 */
#ifndef CONN_TRANSPORT_H
#define CONN_TRANSPORT_H

#include "base/error.h"
#include "base/report.h"
#include "conn/profiles.h"
#include "interpose/guard.h"
#include "relay/relay.h"

struct transport {
    enum odbcssl_transport kind; /* NONE: none is open */
    struct relay *relay;
    struct interposition *interposition;
    struct session_record *record; /* of the one of the two that is open */
    struct guard guard;            /* where the real driver may connect to */
};

/* kind: RELAY or INTERPOSED. The former one has to be closed. false with error set. */
bool transport_open(struct transport *transport, enum odbcssl_transport kind,
                    const struct session_options *options, enum endpoint_kind endpoint,
                    struct error *error);

/* Waits until the session has ended, for a few seconds at the most. Also when none is open. */
void transport_close(struct transport *transport);

/* Where the real driver is to connect to. All zeroes when none is open. */
struct relay_endpoint transport_endpoint(const struct transport *transport);

/* As session_record_is_alive; also a session that was ended meanwhile is not. */
bool transport_is_alive(const struct transport *transport, struct error *error_out);

#endif
