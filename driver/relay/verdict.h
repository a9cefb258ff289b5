/*
 * verdict.h - what the pump does when the protocol or the TLS session has come to a decision.
 */
#ifndef RELAY_VERDICT_H
#define RELAY_VERDICT_H

#include "relay/pump.h"

/* The server is connected: the protocol starts, or TLS does. */
void verdict_begin(struct pump *pump);

/* Acts on what a function of the protocol returned, and queues what it left for both sides. */
void verdict_obey(struct pump *pump, enum proto_verdict verdict);

/* During the login the server waits for the real driver's credentials, and they came. */
void verdict_ask_driver(struct pump *pump);
void verdict_driver_answered(struct pump *pump);

/* Goes on with the handshake. */
void verdict_handshake(struct pump *pump);

/* The session ends for a reason that is told. */
void verdict_fail(struct pump *pump, const struct error *error);

#endif
