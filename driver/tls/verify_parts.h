/*
 * verify_parts.h - what the files of the verifier share; nobody else includes it.
 *
 *      verify.c             the request, the chain, the verdict
 *      verify_outcome.c     every outcome with its bit and code
 *      verify_path.c        paths from the server's certificate to a trust anchor
 *      verify_rules.c       what each certificate of a path has to fulfil
 *      verify_names.c       name constraints
 *      verify_policy.c      policy constraints
 *      verify_revocation.c  CRLs
 *      verify_peer.c        host name and pins
 */
#ifndef TLS_VERIFY_PARTS_H
#define TLS_VERIFY_PARTS_H

#include "tls/certificate.h"
#include "tls/verify.h"

/* The most telling first: of several failures the first in this list is told. */
enum verify_outcome {
    VERIFY_OUTCOME_MALFORMED,
    VERIFY_OUTCOME_SIGNATURE,
    VERIFY_OUTCOME_SELF_SIGNED,
    VERIFY_OUTCOME_ISSUER_UNKNOWN,
    VERIFY_OUTCOME_UNTRUSTED,
    VERIFY_OUTCOME_REVOKED,
    VERIFY_OUTCOME_EXPIRED,
    VERIFY_OUTCOME_NOT_YET_VALID,
    VERIFY_OUTCOME_WEAK,
    VERIFY_OUTCOME_NOT_AUTHORITY,
    VERIFY_OUTCOME_KEY_USAGE,
    VERIFY_OUTCOME_PATH_LENGTH,
    VERIFY_OUTCOME_PURPOSE,
    VERIFY_OUTCOME_CRITICAL_EXTENSION,
    VERIFY_OUTCOME_NAME_CONSTRAINT,
    VERIFY_OUTCOME_POLICY,
    /* The CRL that came nearest to being good is told: each passed the tests before it. */
    VERIFY_OUTCOME_NO_CRL,
    VERIFY_OUTCOME_CRL_SIGNER,
    VERIFY_OUTCOME_CRL_BAD_SIGNATURE,
    VERIFY_OUTCOME_CRL_WEAK,
    VERIFY_OUTCOME_CRL_CRITICAL_EXTENSION,
    VERIFY_OUTCOME_CRL_INDIRECT,
    VERIFY_OUTCOME_CRL_DELTA,
    VERIFY_OUTCOME_CRL_SCOPE,
    VERIFY_OUTCOME_CRL_NOT_YET_VALID,
    VERIFY_OUTCOME_CRL_EXPIRED,
    VERIFY_OUTCOME_HOST,
    VERIFY_OUTCOME_PIN,
    VERIFY_OUTCOME_OTHER,
    VERIFY_OUTCOME_COUNT
};

/* The certificates of a path: at most those of the chain, and an anchor; and room for those above
 * the anchor, whose CRLs may speak of it. */
#define VERIFY_PATH_LIMIT (VERIFY_CHAIN_LIMIT + 1 + 16)

/* One path with what the checks found. */
struct verify_attempt {
    uint32_t status;
    enum verify_outcome outcome; /* the one that is told; COUNT: none */
    struct error error;
    enum odbcssl_crl_status crl_status;
    time_t crl_next_update;
    time_t crl_ending;
    gnutls_x509_crt_t path[VERIFY_PATH_LIMIT]; /* owned by the verification or the trust */
    size_t path_count;
};

struct verification {
    const struct verify_request *request;
    gnutls_x509_crt_t chain[VERIFY_CHAIN_LIMIT];
    size_t chain_count;
    struct verify_attempt current;
    struct verify_attempt best;
    bool has_best;
};

/* Notes a failed check; the text is kept when none more telling is there. */
void verify_fail(struct verify_attempt *attempt, enum verify_outcome outcome, const char *format,
                 ...) __attribute__((format(printf, 3, 4)));

/* Describes path[i]: the first is the server's. Returns out, CERTIFICATE_TEXT_SIZE bytes. */
const char *verify_describe(const struct verify_attempt *attempt, size_t i, char *out);

/* Finds paths, checks each by verify_check_path, until one is accepted or none is left. */
void verify_find_path(struct verification *verification);

/* All checks of verification->current.path; is_complete: its last certificate is a trust anchor. */
void verify_check_path(struct verification *verification, bool is_complete);

void verify_check_rules(struct verification *verification);
void verify_check_name_constraints(struct verification *verification);
void verify_check_policies(struct verification *verification);
void verify_check_revocation(struct verification *verification);

/* GnuTLS's verdict on the signatures and constraints of the current path. */
void verify_check_by_gnutls(struct verification *verification);

/* Whether issuer's key made the signature; nothing else is asked. */
bool verify_is_signed_by(gnutls_x509_crt_t certificate, gnutls_x509_crt_t issuer);

/* The rules for path[0] as the signer of a CRL, below certificates that were checked already. */
void verify_check_crl_signer(struct verification *verification);
void verify_check_dates(struct verification *verification, size_t i);
void verify_check_peer(struct verification *verification, gnutls_x509_crt_t server);

#endif
