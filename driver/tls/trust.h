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

/* Immutable once loaded; may be used by several threads. */
struct trust {
    gnutls_x509_trust_list_t list;
    gnutls_x509_crt_t *anchors; /* owned by the list */
    size_t anchor_count;
    char *name; /* the file, or "the system's trust anchors": for errors */
};

/* Reads the file, directory or "system" that option names. password: of a store, may be NULL.
 * A file without a certificate is an error. NULL with error set on failure. */
struct trust *trust_load(const struct option *root_cert, const char *password,
                         enum file_permissions permissions, struct error *error);
void trust_free(struct trust **trust);

#endif
