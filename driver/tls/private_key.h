/*
 * private_key.h - one private key out of a file, encrypted or not.
 */
#ifndef TLS_PRIVATE_KEY_H
#define TLS_PRIVATE_KEY_H

#include <gnutls/abstract.h>
#include <stdbool.h>

#include "base/error.h"
#include "tls/parsed_file.h"

struct private_key_password {
    const char *text;   /* NULL: none is known */
    const char *source; /* where it comes from, for errors: "SslPassword", "/d/client.key.cipher" */
};

/* name: where the key comes from, for errors. The caller deinitialises *key_out. */
bool private_key_import(const struct parsed_key *key, const struct private_key_password *password,
                        const char *name, gnutls_privkey_t *key_out, struct error *error);

#endif
