/*
 * credentials.h - what connections verify with and show: trust anchors, CRLs, client certificate
 * and key. Loaded once per process and set of files, shared by connections, loaded again when a
 * file changed. A load that fails is an error; old content is never used in its place.
 */
#ifndef TLS_CREDENTIALS_H
#define TLS_CREDENTIALS_H

#include <gnutls/gnutls.h>

#include "base/error.h"
#include "base/options.h"
#include "tls/crl.h"
#include "tls/client_identity.h"
#include "tls/trust.h"

/* Immutable once loaded; reference-counted. Those with a key on a token are not shared with a child
 * process: a PKCS#11 session does not survive fork. */
struct credentials {
    struct trust *trust; /* NULL: no SslRootCert, and the mode does not verify */
    struct crl_set crls;
    bool has_crls; /* SslCrl or SslCrlDir is set: revocation is checked, fail-closed */
    struct client_identity identity;
    bool has_identity;
    gnutls_certificate_credentials_t gnutls;
    char *crl_name; /* for errors: "SslCrl=/f (odbc.ini [w])" */
};

/* What may fail by itself. */
enum credentials_part {
    CREDENTIALS_TRUST,
    CREDENTIALS_CRLS,
    CREDENTIALS_IDENTITY,
    CREDENTIALS_PART_COUNT
};

/* Takes from the cache or loads. user: see client_identity_load. NULL with error set on failure,
 * also when the client certificate is not valid now. Thread-safe; two connections that want the
 * same files at once load them once. */
const struct credentials *credentials_get(const struct tls_options *options, const char *user,
                                          struct error *error);

/* The same, with an error for each part that fails, as all are loaded; without trust, CRLs are left
 * out. */
const struct credentials *credentials_get_parts(const struct tls_options *options, const char *user,
                                                struct error errors[CREDENTIALS_PART_COUNT]);
void credentials_release(const struct credentials **credentials);

/* One reference more. Accepts NULL. */
const struct credentials *credentials_hold(const struct credentials *credentials);

#endif
