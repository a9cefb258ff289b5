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

/* issuingDistributionPoint, RFC 5280, 5.2.5. */
struct crl_scope {
    struct der whole; /* the extension's value; all zeroes: there is none */
    bool has_point;
    struct der point; /* fullName [0] or nameRelativeToCRLIssuer [1] */
    bool is_user_only;
    bool is_ca_only;
    bool is_attribute_only;
    bool is_some_reasons;
};

/* Serials by hash: the hash in the upper half, the entry's offset in the CRL's bytes in the lower;
 * 8 bytes an entry. Equal hashes stay in the CRL's order. */
struct crl_index {
    uint64_t *slots;
    size_t count;
};

/* Verdicts on the signature that are kept, one per issuer key. A CA has few keys. */
#define CRL_VERDICT_COUNT 8

struct crl_verdict {
    unsigned char key_id[32]; /* SHA-256 of the SubjectPublicKeyInfo */
    bool is_signed;
};

struct crl {
    unsigned char *bytes;
    size_t size;
    char *name;
    bool is_v2;
    bool is_delta;
    bool is_indirect;
    struct der unknown_extension; /* OID of a critical one; all zeroes: none */
    struct der unknown_serial;    /* of the entry that has it; all zeroes: the list has */
    struct der tbs;
    struct der issuer;
    struct der algorithm; /* AlgorithmIdentifier */
    struct der signature; /* BIT STRING */
    time_t this_update;
    time_t next_update; /* 0: none */
    struct crl_scope scope;
    struct crl_index index;
    struct crl_verdict verdicts[CRL_VERDICT_COUNT]; /* behind a lock of crl_sign.c */
    size_t verdict_count;
};

/* One row of revokedCertificates. */
struct crl_row {
    struct der serial;
    time_t revoked_at;
    enum crl_reason reason;
    bool is_indirect;             /* certificateIssuer stands in it */
    struct der unknown_extension; /* OID of a critical one; all zeroes: none */
};

/* Reads one row; false when it is malformed. */
bool crl_read_row(struct cursor *rows, bool is_v2, struct crl_row *row_out);

/* rows: the content of revokedCertificates. Gathers what the rows' extensions say in crl's flags.
 * *fault_out: what is wrong, when false. */
bool crl_index_build(struct crl *crl, const struct der *rows, const char **fault_out);

/* Reads the value of the issuingDistributionPoint extension. */
bool crl_scope_read(struct crl *crl, const struct der *value);

#endif
