/*
 * trust.h - trust anchors: from a file in any format people are given, or the system's.
 */
#ifndef TLS_TRUST_H
#define TLS_TRUST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/options.h"
#include "tls/certificate.h"
#include "tls/watch.h"

/* Sorted by subject_hash, without doubles; owns the DER. All zeroes is empty. */
struct trust_certificates {
    struct certificate *items;
    size_t count;
};

/* Immutable once loaded; may be used by several threads. */
struct trust {
    struct trust_certificates anchors;
    struct trust_certificates distrusted; /* by the system, whoever issued them */
    struct buffer distrusted_numbers;     /* others: issuer, serial number, issuer, ... */
    char *name; /* "SslRootCert=/f (odbc.ini [w])", for errors; several have ", " between */
};

/* Reads the files, folders or "system" that options name; no two of them the same certificate
 * twice. A file or folder without a certificate is an error. NULL with error set on failure. */
struct trust *trust_load(const struct option *root_certs, size_t count,
                         const struct file_access *access, struct error *error);

/* Accepts NULL and clears. */
void trust_free(struct trust **trust);

/* The first one that issued the certificate, by names, then the one behind previous; NULL: there is
 * none. */
const struct certificate *trust_find_issuer(const struct trust_certificates *certificates,
                                            const struct certificate *certificate,
                                            const struct certificate *previous);

/* Whether this very certificate is among them. */
bool trust_has(const struct trust_certificates *certificates,
               const struct certificate *certificate);

/* Whether the system distrusts it, by what is signed - of an ECDSA signature anybody can make
 * another one that is good as well - or by issuer and serial number. */
bool trust_distrusts(const struct trust *trust, const struct certificate *certificate);

#endif
