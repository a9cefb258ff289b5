/*
 * trust.h - trust anchors: from a file in any format people are given, or the system's.
 */
#ifndef TLS_TRUST_H
#define TLS_TRUST_H

#include <gnutls/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/options.h"
#include "tls/watch.h"

/* Immutable once loaded; may be used by several threads. */
struct trust {
    gnutls_x509_trust_list_t list;
    gnutls_x509_crt_t *anchors; /* without doubles; freed by trust_free */
    size_t anchor_count;
    size_t anchors_in_list; /* so many of the first are freed with the list */
    char *name; /* "SslRootCert=/f (odbc.ini [w])", for errors; several have ", " between */
};

/* Reads the file, folder or "system" that option names. password: of a store; NULL: the usual ones.
 * A file or folder without a certificate is an error. NULL with error set on failure. */
struct trust *trust_load(const struct option *root_cert, const char *password,
                         enum file_permissions permissions, struct error *error);

/* The same for several; no two of them the same certificate twice. watch gets what was read; NULL:
 * no one wants to know. */
struct trust *trust_load_files(const struct option *root_certs, size_t count, const char *password,
                               enum file_permissions permissions, struct watch *watch,
                               struct error *error);

void trust_free(struct trust **trust);

#endif
