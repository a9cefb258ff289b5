/*
 * fault_case.h - what one case of `faults` does: made from the run's seed and the case's number, so
 * that it can be repeated.
 */
#ifndef TESTS_FAULT_CASE_H
#define TESTS_FAULT_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "faults/fault_library.h"
#include "faults/fault_peer.h"

enum fault_transport { FAULT_INTERPOSED, FAULT_RELAYED, FAULT_TRANSPORTS };

/* What the process has done before. */
enum fault_state {
    FAULT_WARM, /* connected: drivers, credentials and slots are in place */
    FAULT_COLD, /* nothing: the libraries are loaded */
    FAULT_STATES
};

/* What is right to come of a connection. */
enum fault_verdict {
    FAULT_WELCOME,
    FAULT_REVOKED,  /* the server's certificate is in the CRL */
    FAULT_STRANGER, /* another trust anchor */
    FAULT_MISNAMED, /* another name is expected */
    FAULT_VERDICTS
};

struct fault_case {
    unsigned number;
    enum fault_transport transport;
    enum fault_state state;
    enum fault_verdict verdict;
    bool has_prefer; /* SslMode=prefer; else verify-full */
    bool has_tls12, has_scram, cancels;
    struct peer_fault peer;
    struct fault_plan plan;
};

/* has_library: without it there are no failing calls. */
void fault_case_make(uint64_t seed, unsigned number, bool has_library, struct fault_case *out);

/* In one line. */
void fault_case_tell(const struct fault_case *fault, char *out, size_t size);

/* Nothing is lost in it, so that everything must succeed. */
bool fault_case_is_harmless(const struct fault_case *fault);

/* The highest call that cases fail; it has to be as high as a visit's calls. */
unsigned fault_case_limit(enum fault_state state, enum fault_transport transport,
                          enum fault_call call);

extern const char *const fault_transport_names[FAULT_TRANSPORTS];
extern const char *const fault_state_names[FAULT_STATES];
extern const char *const fault_call_names[FAULT_CALLS];

#endif
