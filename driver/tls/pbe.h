/*
 * pbe.h - password-based encryption of key stores: PKCS#12's own (RFC 7292, appendices B and C) and
 * PBES2 (RFC 8018). GnuTLS decrypts stores only together with its own reader, which cuts a list of
 * certificates at 32 without a word.
 */
#ifndef TLS_PBE_H
#define TLS_PBE_H

#include <gnutls/crypto.h>
#include <stddef.h>

#include "tls/der.h"

/* More rounds are refused: they would hang the connection. Programs use 2,000 to 1,000,000. */
#define PBE_ITERATION_LIMIT 5000000
#define PBE_PASSWORD_LIMIT 1024

enum pbe_outcome {
    PBE_DONE,
    PBE_WRONG_PASSWORD, /* the padding is wrong: so it is, or the bytes were altered */
    PBE_UNSUPPORTED,
    PBE_MALFORMED,
    PBE_MEMORY
};

/* Decrypts size bytes by what AlgorithmIdentifier says. password: UTF-8; NULL is not the same as
 * empty in PKCS#12. plain_out is new memory that the caller wipes and frees. */
enum pbe_outcome pbe_decrypt(const struct der *algorithm, const char *password,
                             const unsigned char *bytes, size_t size, unsigned char **plain_out,
                             size_t *plain_size_out);

/* What PKCS#12 derives from a password (RFC 7292, B.3). */
enum pbe_purpose { PBE_PURPOSE_KEY = 1, PBE_PURPOSE_IV = 2, PBE_PURPOSE_MAC = 3 };

struct pbe_derivation {
    gnutls_digest_algorithm_t digest;
    const char *password;
    const unsigned char *salt;
    size_t salt_size;
    unsigned long iterations;
};

enum pbe_outcome pbe_derive(const struct pbe_derivation *derivation, enum pbe_purpose purpose,
                            unsigned char *out, size_t out_size);

#endif
