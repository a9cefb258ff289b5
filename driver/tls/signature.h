/*
 * signature.h - signatures of certificates and CRLs: which algorithm an AlgorithmIdentifier names,
 * and whether a key made the signature. GnuTLS computes.
 */
#ifndef TLS_SIGNATURE_H
#define TLS_SIGNATURE_H

#include <gnutls/abstract.h>

#include "tls/der.h"

/* Larger keys are not tried, since they take too long: RSA bits, and bits of its exponent. */
#define SIGNATURE_KEY_LIMIT 16384
#define SIGNATURE_EXPONENT_LIMIT 64

struct signature {
    struct der algorithm;    /* AlgorithmIdentifier */
    struct der bits;         /* BIT STRING */
    struct der signed_bytes; /* the element that is signed, with its tag */
};

/* Reads SEQUENCE { signed element, AlgorithmIdentifier, BIT STRING }: a certificate (RFC 5280,
 * 4.1) or a CRL (5.1). What is read points into its bytes. false: it is malformed. */
bool signature_read(const struct der *sequence, struct signature *signature_out);

enum signature_verdict {
    SIGNATURE_GOOD,
    SIGNATURE_WRONG,
    SIGNATURE_UNSUPPORTED,     /* the algorithm */
    SIGNATURE_KEY_UNSUPPORTED, /* the key's algorithm or parameters, or numbers that make no key */
    SIGNATURE_KEY_TOO_LARGE,
    SIGNATURE_KEY_MISMATCH, /* the key is of another algorithm than the signature */
    SIGNATURE_UNCHECKED     /* memory was out: it is not good, and nothing to remember */
};

/* public_key: SubjectPublicKeyInfo. Weak algorithms are checked like others. A BIT STRING that is
 * no whole number of bytes is wrong. */
enum signature_verdict signature_check(const struct signature *signature,
                                       const struct der *public_key);

/* Whether GnuTLS may compute with the key: GOOD, KEY_UNSUPPORTED, KEY_TOO_LARGE or UNCHECKED. The
 * work grows with the third power of its size, and the peer chooses it. */
enum signature_verdict signature_judge_key(gnutls_pubkey_t key);

/* algorithm: an AlgorithmIdentifier. Below SHA-256, or unknown. */
bool signature_is_weak(const struct der *algorithm);

/* "RSA-SHA256", or the OID; returns out. */
const char *signature_format_algorithm(const struct der *algorithm, char *out, size_t out_size);

/* Below 0, and *key_out NULL: GnuTLS does not understand it. gnutls_pubkey_deinit it. */
int signature_import_key(const struct der *public_key, gnutls_pubkey_t *key_out);

#endif
