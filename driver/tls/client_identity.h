/*
 * client_identity.h - the client's certificate and private key, in every form people are given
 * them.
 */
#ifndef TLS_CLIENT_IDENTITY_H
#define TLS_CLIENT_IDENTITY_H

#include <gnutls/abstract.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/error.h"
#include "base/options.h"
#include "tls/certificate.h"
#include "tls/watch.h"

struct client_identity {
    struct certificate *chain; /* the client's certificate first; it owns the DER */
    size_t chain_count;
    gnutls_privkey_t key;
    char *subject;    /* of the first certificate, with its serial: for errors */
    char *name;       /* where it comes from: "SslCert=/f (odbc.ini [w])" */
    bool is_on_token; /* certificate or key */
    char *pin;        /* the token may ask for it at any time; NULL: SslPassword is not set */
};

/* Reads what SslCert, SslKey and SslPassword name; the key's password may also come from GaussDB's
 * client.key.cipher and client.key.rand beside the certificate. Checks permissions, and that the
 * key fits the certificate. user: for USER.key.cipher; may be NULL. watch gets the files that were
 * read; may be NULL. false with error set on failure; identity is then all zeroes. */
bool client_identity_load(const struct tls_options *options, const char *user, struct watch *watch,
                          struct client_identity *identity, struct error *error);

/* Whether the certificate is valid at the time now. */
bool client_identity_check_dates(const struct client_identity *identity, time_t now,
                                 struct error *error);

/* Frees everything, and wipes the PIN; identity is then all zeroes. */
void client_identity_free(struct client_identity *identity);

#endif
