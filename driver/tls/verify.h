/*
 * verify.h - would this chain be accepted? Pure: everything that decides is an argument, also the
 * time.
 *
 * RFC 5280, section 6: paths, validity, constraints, names, policies and revocation are judged
 * here; GnuTLS computes signatures. One outcome with its own text for each reason.
 */
#ifndef TLS_VERIFY_H
#define TLS_VERIFY_H

#include <gnutls/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/error.h"
#include "base/options.h"
#include "tls/crl.h"
#include "tls/trust.h"

/* Longer chains from a server are refused before they are parsed. */
#define VERIFY_CHAIN_LIMIT 64

/* The smaller, the graver. */
enum verify_outcome {
#define OUTCOME(name, bit, code) VERIFY_OUTCOME_##name,
#include "tls/verify_outcomes.def"
    VERIFY_OUTCOME_COUNT
};

struct verify_request {
    const gnutls_datum_t *chain; /* DER; the first is the server's own */
    size_t chain_count;
    const struct trust *trust;  /* NULL: the chain is not verified */
    const struct crl_set *crls; /* NULL: revocation is not checked */
    enum crl_check crl_check;
    const char
        *crl_name;    /* which file or directory decided, for errors: "SslCrl=/f (odbc.ini [w])" */
    const char *host; /* NULL: the name is not checked; DNS name or IP address */
    const char *pin;  /* value of SslPin, NULL: none */
    time_t at;
    bool allow_weak; /* SHA-1, RSA-1024 and the like: old test suites only */
};

/* What is judged, each by itself, in one pass. */
enum verify_part_kind {
    VERIFY_PART_CHAIN, /* a path to a trust anchor, and everything but the following */
    VERIFY_PART_REVOCATION,
    VERIFY_PART_NAME,
    VERIFY_PART_PIN,
    VERIFY_PART_COUNT
};

/* The gravest failure: which check, which certificate (subject, serial, dates), what
 * was wanted and found, which file decided. */
struct verify_part {
    bool is_checked;             /* it was asked for, and reached */
    uint32_t status;             /* of all failures */
    enum verify_outcome outcome; /* COUNT: none */
    struct error error;
};

struct verify_result {
    uint32_t status;             /* bits ODBCSSL_VERIFY_...; 0: accepted */
    enum verify_outcome outcome; /* the gravest of all parts; COUNT: none */
    struct verify_part parts[VERIFY_PART_COUNT];
    enum odbcssl_crl_status crl_status;
    time_t crl_next_update; /* the earliest end of the used CRLs; 0: none */
    time_t crl_ending;      /* the same of those in the last fifth of their period */
    /* The path that was built, leaf first, anchor last; empty when none was. It points into the DER
     * of the request's chain and trust. Free it with verify_result_free. */
    struct certificate *path;
    size_t path_count;
};

/* Returns true when the chain is accepted: status is 0. The caller frees result. */
bool verify_chain(const struct verify_request *request, struct verify_result *result);
void verify_result_free(struct verify_result *result);

/* The failure of the worst part, as long as result; not set: accepted. */
const struct error *verify_error(const struct verify_result *result);

/* Checks the syntax of SslPin before any connection. */
bool verify_pin_is_valid(const char *pin);

#endif
