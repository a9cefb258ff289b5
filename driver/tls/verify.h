/*
 * verify.h - would this chain be accepted? Pure: everything that decides is an argument, also the
 * time.
 *
 * Path building and signatures are GnuTLS's. On top of it: constraint types that GnuTLS skips are
 * refused, CRLs are checked strictly (crl.h), pins, and one outcome with text for each reason.
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
#define VERIFY_CHAIN_LIMIT 32

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
    const char *purpose; /* key purpose OID, NULL: TLS server */
    time_t at;
    bool allow_weak; /* SHA-1, RSA-1024 and the like: old test suites only */
};

struct verify_result {
    uint32_t status; /* bits ODBCSSL_VERIFY_...; 0: accepted */
    enum odbcssl_crl_status crl_status;
    time_t crl_next_update; /* the earliest end of the used CRLs; 0: none */
    time_t crl_ending;      /* the same of those in the last fifth of their period */
    /* The first, most telling failure: which check, which certificate (subject, serial, dates),
     * what was wanted and found, which file decided. */
    struct error error;
    /* The path that was built, leaf first, anchor last; empty when none was. Owned: free with
     * verify_result_free. */
    gnutls_x509_crt_t *path;
    size_t path_count;
};

/* Returns true when the chain is accepted: status is 0. */
bool verify_chain(const struct verify_request *request, struct verify_result *result);
void verify_result_free(struct verify_result *result);

/* Checks the syntax of SslPin before any connection. */
bool verify_pin_is_valid(const char *pin);

#endif
