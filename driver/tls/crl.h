/*
 * crl.h - certificate revocation lists: a reader of its own over the DER bytes (GnuTLS's takes
 * quadratic time and 800 bytes an entry), and a sorted index of the serials.
 *
 * Understood: RFC 5280, section 5, complete direct CRLs, v1 and v2, with issuingDistributionPoint.
 * Not understood, and refused with its own outcome when it is needed: delta, indirect, other
 * critical extensions of the list or of an entry.
 */
#ifndef TLS_CRL_H
#define TLS_CRL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/error.h"
#include "tls/certificate.h"

/* RFC 5280, 5.3.1: the numbers of the DER, of which these have a meaning here. */
enum crl_reason {
    CRL_REASON_UNSPECIFIED = 0,
    CRL_REASON_CERTIFICATE_HOLD = 6,
    CRL_REASON_REMOVE_FROM_CRL = 8,
    CRL_REASON_LAST = 10
};

struct crl_entry {
    time_t revoked_at; /* 0: not known, for its form is another one than RFC 5280's */
    enum crl_reason reason;
};

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
    unsigned char key_id[CERTIFICATE_DIGEST_SIZE]; /* certificate_key_digest */
    bool is_signed;
};

/* One CRL, immutable once read but for the verdicts. What points, points into its bytes. */
struct crl {
    unsigned char *bytes; /* DER */
    size_t size;
    char *name; /* of the file, for errors */
    bool is_v2;
    bool is_delta;
    bool is_indirect;
    struct der unknown_extension; /* OID of a critical one; all zeroes: none */
    struct der unknown_serial;    /* of the entry that has it; all zeroes: the list has */
    struct der issuer;            /* a Name */
    uint64_t issuer_hash;         /* name_hash */
    time_t this_update;
    time_t next_update; /* 0: none */
    struct signature signature;
    struct crl_scope scope;
    struct crl_index index;
    struct crl_verdict verdicts[CRL_VERDICT_COUNT]; /* behind a lock of crl_sign.c */
    size_t verdict_count;
};

/* Reads one DER CRL. Takes over bytes (malloc'ed), also on failure. name is for errors: the file.
 */
struct crl *crl_read_der(unsigned char *bytes, size_t size, const char *name, struct error *error);
void crl_free(struct crl **crl);

/* Whether a serial (a DER INTEGER, of which the content counts) is listed. O(log n). entry_out may
 * be NULL. */
bool crl_find(const struct crl *crl, const struct der *serial, struct crl_entry *entry_out);

/* Whether issuer's key signed the CRL, whatever the algorithm (see signature_is_weak). The answer
 * is kept per issuer key. Thread-safe. */
bool crl_is_signed_by(const struct crl *crl, const struct certificate *issuer);

/* Whether that answer is kept already: then it costs nothing. */
bool crl_is_answered(const struct crl *crl, const struct certificate *issuer, bool *is_signed_out);

/* Why issuingDistributionPoint does not admit this certificate (RFC 5280, 6.3.3 (b)(2)): "it is for
 * CA certificates only"; static. NULL: the CRL covers it. */
const char *crl_scope_gap(const struct crl *crl, const struct certificate *certificate);

/* Whether both are for the same certificates and reasons: their issuingDistributionPoint is the
 * same, or neither has one. */
bool crl_is_same_scope(const struct crl *a, const struct crl *b);

/* Which critical extension is not understood: "1.2.3, an extension of the list", or "of the entry
 * for serial 0A:3F"; returns out. */
const char *crl_describe_unknown(const struct crl *crl, char *out, size_t out_size);

/* "keyCompromise"; static. */
const char *crl_reason_name(enum crl_reason reason);

/* All CRLs of SslCrl and SslCrlDir, immutable. All zeroes is empty. */
struct crl_set {
    struct crl **items;
    size_t count;
};

/* Adds every CRL that stands in bytes: PEM (several, also mixed with other PEM blocks) or one DER.
 * *bytes (malloc'ed) is taken over where that saves a copy, and NULL then. name: the file. false
 * with error set, ODBCSSL_ERROR_CRL_UNREADABLE also when there is no CRL in it; what was added
 * before stays. */
bool crl_set_read(struct crl_set *set, unsigned char **bytes, size_t size, const char *name,
                  struct error *error);
void crl_set_free(struct crl_set *set);

/* Asks again for signatures that were not good: GnuTLS finds good ones wrong when memory is out. */
void crl_forget_refusals(const struct crl_set *set);

#endif
