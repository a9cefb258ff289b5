/*
 * plan.h - the attempts of each SslMode, and when the next one is allowed. Pure.
 *
 * A plan is a list of attempts; each is one complete connect of the real driver. The next one is
 * made only when the server itself said that it has no TLS, or wants it, or rejected the startup
 * before it asked for credentials - never after a failed handshake, verification or login.
 */
#ifndef CONN_PLAN_H
#define CONN_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/options.h"
#include "proto/proto.h"
#include "relay/relay.h"

#define PLAN_ATTEMPTS 2

struct plan {
    enum proto_plan attempts[PLAN_ATTEMPTS];
    size_t count;
};

/* The attempts that a mode and SslNegotiation make. */
struct plan plan_make(enum odbcssl_mode mode, enum tls_negotiation negotiation);

/* Whether an attempt that ended so may be followed by the plan's next one. */
bool plan_goes_on(const struct plan *plan, size_t attempt, enum session_outcome outcome);

#endif
