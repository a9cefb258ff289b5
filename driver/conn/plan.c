/*
 * plan.c - the table behind SslMode: which attempts there are, and what lets the next one follow.
 */
#include "conn/plan.h"

struct plan plan_make(enum odbcssl_mode mode, enum tls_negotiation negotiation)
{
    enum proto_plan tls =
        negotiation == TLS_NEGOTIATION_DIRECT ? PROTO_PLAN_DIRECT : PROTO_PLAN_TLS;
    switch (mode) {
    case ODBCSSL_MODE_DISABLE:
        return (struct plan){{PROTO_PLAN_PLAINTEXT}, 1};
    case ODBCSSL_MODE_ALLOW:
        return (struct plan){{PROTO_PLAN_PLAINTEXT, tls}, 2};
    case ODBCSSL_MODE_PREFER:
        return (struct plan){{tls, PROTO_PLAN_PLAINTEXT}, 2};
    case ODBCSSL_MODE_REQUIRE:
    case ODBCSSL_MODE_VERIFY_CA:
    case ODBCSSL_MODE_VERIFY_FULL:
        break;
    }
    return (struct plan){{tls}, 1};
}

bool plan_goes_on(const struct plan *plan, size_t attempt, enum session_outcome outcome)
{
    if (attempt + 1 >= plan->count)
        return false;
    bool is_plaintext = plan->attempts[attempt] == PROTO_PLAN_PLAINTEXT;
    switch (outcome) {
    case SESSION_REJECTED:
        return true;
    case SESSION_NEEDS_TLS:
        return is_plaintext;
    case SESSION_NO_TLS:
        return !is_plaintext;
    case SESSION_WAITING:
    case SESSION_CARRIED:
    case SESSION_LOST:
        break;
    }
    return false;
}
