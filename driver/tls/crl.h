/*
 * crl.h - certificate revocation lists: a reader of its own over the DER bytes (GnuTLS's takes
 * quadratic time and 800 bytes an entry), and a sorted index of the serials.
 *
 * Understood: RFC 5280 section 5, complete direct CRLs, v1 and v2, with issuingDistributionPoint.
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

/* One CRL, immutable once read. It keeps the DER bytes. */
struct crl;

enum crl_kind { CRL_KIND_COMPLETE, CRL_KIND_DELTA, CRL_KIND_INDIRECT, CRL_KIND_UNKNOWN_EXTENSION };

/* RFC 5280, 5.3.1; the numbers are those of the DER. */
enum crl_reason {
    CRL_REASON_UNSPECIFIED = 0,
    CRL_REASON_KEY_COMPROMISE = 1,
    CRL_REASON_CA_COMPROMISE = 2,
    CRL_REASON_AFFILIATION_CHANGED = 3,
    CRL_REASON_SUPERSEDED = 4,
    CRL_REASON_CESSATION_OF_OPERATION = 5,
    CRL_REASON_CERTIFICATE_HOLD = 6,
    CRL_REASON_REMOVE_FROM_CRL = 8,
    CRL_REASON_PRIVILEGE_WITHDRAWN = 9,
    CRL_REASON_AA_COMPROMISE = 10
};

struct crl_entry {
    time_t revoked_at;
    enum crl_reason reason;
};

/* Reads one DER CRL. Takes over bytes (malloc'ed), also on failure. name is for errors: the file.
 */
struct crl *crl_read_der(unsigned char *bytes, size_t size, const char *name, struct error *error);
void crl_free(struct crl **crl);

const char *crl_name(const struct crl *crl);
enum crl_kind crl_kind(const struct crl *crl);
const struct der *crl_issuer(const struct crl *crl); /* a Name */
time_t crl_this_update(const struct crl *crl);
time_t crl_next_update(const struct crl *crl); /* 0: the CRL has none */
size_t crl_entry_count(const struct crl *crl);

/* Whether a serial (content octets of the DER INTEGER) is listed. O(log n). entry_out may be NULL.
 */
bool crl_find(const struct crl *crl, const unsigned char *serial, size_t serial_size,
              struct crl_entry *entry_out);

/* Whether issuer's key signed the CRL. The answer is kept per issuer key. is_weak_out (may be
 * NULL): the signature's algorithm is one that is refused unless weak ones are allowed.
 * Thread-safe. */
bool crl_is_signed_by(const struct crl *crl, const struct certificate *issuer, bool *is_weak_out);

/* Whether issuingDistributionPoint, where there is one, admits this certificate. */
bool crl_covers(const struct crl *crl, const struct certificate *certificate);

/* Why it does not: "it is for CA certificates only"; static. NULL: it covers the certificate. */
const char *crl_scope_gap(const struct crl *crl, const struct certificate *certificate);

/* Whether both are for the same certificates and reasons: their issuingDistributionPoint is the
 * same, or neither has one. */
bool crl_is_same_scope(const struct crl *a, const struct crl *b);

/* Whether it has nothing critical that is unknown and speaks only of its issuer's certificates. */
bool crl_is_understood(const struct crl *crl);

/* Which critical extension is not understood: "1.2.3, an extension of the list", or "of the entry
 * for serial 0A:3F"; returns out. */
const char *crl_describe_unknown(const struct crl *crl, char *out, size_t out_size);

/* "keyCompromise"; static. */
const char *crl_reason_name(enum crl_reason reason);

/* All CRLs of SslCrl and SslCrlDir, immutable, found by issuer DN. */
struct crl_set {
    struct crl **items;
    size_t count;
};

/* Reads every CRL that stands in bytes: PEM (several, also mixed with other PEM blocks) or one DER.
 * It adds them to the set. No CRL in it is an error ODBCSSL_ERROR_CRL_UNREADABLE. */
bool crl_set_read(struct crl_set *set, const unsigned char *bytes, size_t size, const char *name,
                  struct error *error);

/* The same, and takes over *bytes (malloc'ed; NULL then) where it can save a copy. */
bool crl_set_take(struct crl_set *set, unsigned char **bytes, size_t size, const char *name,
                  struct error *error);
void crl_set_free(struct crl_set *set);

#endif
