/*
 * crl_parts.h - what the files of the CRL reader share; nobody else includes it.
 *
 *      crl_read.c   the walk over the DER
 *      crl_index.c  the sorted index of serials
 *      crl_sign.c   the issuer's signature
 *      crl_scope.c  issuingDistributionPoint
 *      crl_set.c    files with several CRLs
 */
#ifndef TLS_CRL_PARTS_H
#define TLS_CRL_PARTS_H

#include "tls/crl.h"
#include "tls/der.h"

/* One row of revokedCertificates. */
struct crl_row {
    struct der serial;
    struct crl_entry entry;
    bool is_indirect;             /* certificateIssuer stands in it */
    struct der unknown_extension; /* OID of a critical one; all zeroes: none */
};

/* Reads one row; false when it is malformed. */
bool crl_read_row(struct cursor *rows, bool is_v2, struct crl_row *row_out);

/* rows: the content of revokedCertificates. Gathers what the rows' extensions say in crl's flags.
 * Returns NULL, or what is wrong; static. Want of memory is not the CRL's fault: crl_out_of_memory.
 */
const char *crl_index_build(struct crl *crl, const struct der *rows);
extern const char crl_out_of_memory[];

/* Reads the value of the issuingDistributionPoint extension. false: it is malformed. */
bool crl_scope_read(struct crl *crl, const struct der *value);

#endif
