/*
 * token.h - certificates and keys on PKCS#11 tokens, named by pkcs11: URIs (RFC 7512).
 */
#ifndef TLS_TOKEN_H
#define TLS_TOKEN_H

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/options.h"
#include "tls/parsed_file.h"

/* RFC 7512; value may be NULL. */
bool token_is_uri(const char *value);

/* A new copy of a value without a pin-value that stands in it, for people; the caller frees. NULL:
 * out of memory. */
char *token_hide_pin(const char *value);

/* As option_describe, without a pin-value that stands in the URI. */
const char *token_describe(const struct option *option, char *out, size_t out_size);

/* Adds the certificate that option names and, as far as the token has them, its issuers. pin: what
 * the token is answered when it asks for its PIN; NULL: SslPassword is not set. false with error
 * set. */
bool token_load_chain(const struct option *option, char *pin, struct parsed_file *file,
                      struct error *error);

/* Adds one that GnuTLS found, there or in the system's trust. false with error set. */
bool token_add_certificate(gnutls_x509_crt_t certificate, struct parsed_file *file,
                           struct error *error);

/* option may also name the key's certificate. The token may ask for the PIN at any time: pin has to
 * outlive the key, which the caller deinitialises. false with error set; the key is then NULL. */
bool token_load_key(const struct option *option, char *pin, gnutls_privkey_t *key_out,
                    struct error *error);

#endif
