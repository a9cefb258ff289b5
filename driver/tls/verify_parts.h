/*
 * verify_parts.h - what the files of the verifier share; nobody else includes it.
 *
 *      verify.c             the request, the chain, the verdict
 *      verify_outcome.c     what the checks found
 *      verify_path.c        paths from the server's certificate to a trust anchor
 *      verify_no_path.c     where the chain ends, when there is no path
 *      verify_rules.c       what each certificate of a path has to fulfil
 *      verify_names.c       name constraints
 *      verify_names_match.c whether a name lies in a subtree
 *      verify_policy.c      certificate policies
 *      verify_revocation.c  CRLs
 *      verify_crl.c         whose a CRL is
 *      verify_anchor.c      CRLs of the CAs above the anchor
 *      verify_host.c        the host name
 *      verify_pin.c         pins
 */
#ifndef TLS_VERIFY_PARTS_H
#define TLS_VERIFY_PARTS_H

#include "tls/certificate.h"
#include "tls/name.h"
#include "tls/verify.h"

/* The certificates of a path: at most those of the chain, and an anchor; and room for those above
 * the anchor, whose CRLs may speak of it. */
#define VERIFY_PATH_LIMIT (VERIFY_CHAIN_LIMIT + 1 + 16)

/* Signatures that are tried for one chain: 7 CAs that 7 others signed, over 7 levels, have 308. */
#define VERIFY_SIGNATURE_LIMIT 400

/* Anchors of a certificate's issuer that are tried although another key is named as the issuer's:
 * of hundreds of one name all but one would be, and some CAs get the identifiers wrong. */
#define VERIFY_OTHER_KEY_LIMIT 100

/* Names that are compared with subtrees for one chain; a long one counts as several. */
#define VERIFY_COMPARISON_LIMIT 250000

/* Comparisons of names, and other work that grows with them, for one chain on all its paths: a mesh
 * of 57 CAs with names in several string types takes a third of it. */
#define VERIFY_WORK_LIMIT 1000000

/* Signatures of CRLs that were checked and are remembered, for one chain. */
#define VERIFY_CRL_VERDICT_COUNT 512

/* One path with what the checks found. */
struct verify_attempt {
    struct verify_part parts[VERIFY_PART_COUNT];
    enum verify_part_kind part; /* that is being checked */
    bool is_at_end;             /* a rule failed that makes names and all the rest pointless */
    enum odbcssl_crl_status crl_status;
    time_t crl_next_update;
    time_t crl_ending;
    const struct certificate *path[VERIFY_PATH_LIMIT]; /* the chain's or the trust's */
    size_t path_count;
};

/* A signature that was tried. */
struct verify_signature {
    const struct certificate *certificate;
    struct der key; /* the issuer's */
    enum signature_verdict verdict;
};

/* A signature of a CRL that was checked. */
struct verify_crl_verdict {
    const struct crl *crl;
    struct der key;
    bool is_signed;
};

struct verification {
    const struct verify_request *request;
    char *host; /* as certificates write it; NULL: none is asked for, or it is no name */
    struct certificate *chain;
    size_t chain_count;
    bool is_leading[VERIFY_CHAIN_LIMIT]; /* an anchor can be reached from this one of the chain */
    struct verify_part peer[VERIFY_PART_COUNT - VERIFY_PART_NAME]; /* its verdict on every path */
    bool is_peer_checked;
    struct verify_attempt current;
    struct verify_attempt best;
    bool has_best;
    struct verify_signature signatures[VERIFY_SIGNATURE_LIMIT];
    size_t signature_count;
    bool is_over_limit; /* the search was given up, or a signature was not tried any more */
    size_t comparison_count;
    unsigned policy_comparison_count;
    size_t work;         /* see verify_spend */
    size_t hashed;       /* bytes of CRLs */
    size_t hash_limit;   /* of them; 0: not known yet */
    bool is_work_over;   /* one of both was too much; is_over_limit is set, too */
    bool is_asking_over; /* that was while CRLs were asked */
    struct verify_crl_verdict crl_verdicts[VERIFY_CRL_VERDICT_COUNT];
    size_t crl_verdict_count;
    bool is_comparison_over; /* one more would have been too many: no names are compared any more */
};

/* Notes a failed check. Whether its text is to be told: no graver one is there. */
bool verify_note(struct verify_attempt *attempt, enum verify_outcome outcome);
void verify_tell(struct verify_attempt *attempt, enum verify_outcome outcome, const char *format,
                 ...) __attribute__((format(printf, 3, 4)));
void verify_tell_at(struct verify_attempt *attempt, size_t i, enum verify_outcome outcome,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Notes a failed check; the text is kept when no graver one is there. Only then its arguments are
 * computed: a hostile chain fails often, and to describe takes time. */
#define verify_fail(attempt, outcome, ...)                                                         \
    do {                                                                                           \
        if (verify_note(attempt, outcome))                                                         \
            verify_tell(attempt, outcome, __VA_ARGS__);                                            \
    } while (0)

/* The same, of path[i], which the text goes on from: "CA certificate CN=a (serial 0A) expired". */
#define verify_fail_at(attempt, i, outcome, ...)                                                   \
    do {                                                                                           \
        if (verify_note(attempt, outcome))                                                         \
            verify_tell_at(attempt, i, outcome, __VA_ARGS__);                                      \
    } while (0)

/* Empties what was found, keeps the path, and begins with its chain. */
void verify_start_attempt(struct verify_attempt *attempt);

/* What fails from now on is a failure of this part. */
void verify_begin(struct verify_attempt *attempt, enum verify_part_kind part);

/* Nothing was checked, and nothing failed. */
void verify_clear(struct verify_part *part);

/* The part with the gravest outcome, which is the one that is reported. And the bits of all
 * failures. */
const struct verify_part *verify_worst(const struct verify_part *parts);
uint32_t verify_status(const struct verify_part *parts);

/* Describes path[i]: the first is the server's. Returns out, CERTIFICATE_TEXT_SIZE bytes. */
const char *verify_describe(const struct verify_attempt *attempt, size_t i, char *out);

/* Finds paths, checks each by verify_check_path, until one is accepted or none is left. */
void verify_find_path(struct verification *verification);

/* Whether issuer's key made the signature of certificate; neither names nor anything else are
 * looked at. Each is tried once; behind VERIFY_SIGNATURE_LIMIT others it counts as wrong, and
 * is_over_limit is set. */
enum signature_verdict verify_try_signature(struct verification *verification,
                                            const struct certificate *certificate,
                                            const struct certificate *issuer);
bool verify_is_signed_by(struct verification *verification, const struct certificate *certificate,
                         const struct certificate *issuer);

/* A walk over the certificates that may stand next in a path, all zeroes at its beginning. */
struct verify_issuers {
    unsigned round;                   /* 0: those whose key identifier fits; 1: the others */
    const struct certificate *anchor; /* the last one */
    size_t in_chain;                  /* the last one's index; 0: still among the anchors */
};

/* The next certificate that made the signature of the path's last one and does not stand in it:
 * first anchors, then those of the chain that lead to one. NULL: there is none. */
const struct certificate *verify_next_issuer(struct verification *verification,
                                             struct verify_issuers *issuers);

/* By its bytes: a certificate may have come twice, or be an anchor as well. */
bool verify_is_in_path(const struct verify_attempt *attempt, const struct certificate *certificate);

/* No path reaches an anchor: follows the chain as far as it goes, and notes why it ends there. */
void verify_explain_no_path(struct verification *verification);

/* All checks of verification->current.path; is_complete: its last certificate is a trust anchor,
 * and its signatures are right. */
void verify_check_path(struct verification *verification, bool is_complete);

/* The host as certificates write it, as RFC 5891 has it for DNS; gnutls_free it. NULL: host is
 * NULL, or no name. */
char *verify_map_host(const char *host);

/* The checks of verify_check_path, one a file: each notes what it finds in current. */
void verify_check_rules(struct verification *verification);
void verify_check_name_constraints(struct verification *verification);
void verify_check_policies(struct verification *verification);
void verify_check_revocation(struct verification *verification);

/* Before work that takes time as this number of bytes does when it is done often. false: it is too
 * much for this chain, is_over_limit is set, and nothing is accepted any more. */
bool verify_spend(struct verification *verification, size_t size);

/* Whether two names are equal, of which the hashes are known. false also behind the limit. */
bool verify_is_named(struct verification *verification, const struct der *name, uint64_t hash,
                     const struct der *other, uint64_t other_hash);

/* Whether the CRL is of the certificate's issuer; whether signer may sign it, and did. false also
 * behind a limit. */
bool verify_is_crl_of(struct verification *verification, const struct crl *crl,
                      const struct certificate *certificate);
bool verify_may_sign(struct verification *verification, const struct crl *crl,
                     const struct certificate *signer);
bool verify_is_crl_signed_by(struct verification *verification, const struct crl *crl,
                             const struct certificate *signer);

/* Asks the CRLs about path[subject], by the keys of the certificates behind it in the path, and
 * notes what speaks against it. may_delegate: also by the key of one outside the path. false:
 * something does. */
bool verify_inquire(struct verification *verification, size_t subject, bool may_delegate);

/* Asks the CRLs of CAs above the anchor of the path, where they are trusted too. Whether any was
 * asked. */
bool verify_check_anchor_revocation(struct verification *verification);

/* Where in a path a rule applies. The anchor is trusted as it stands, but it has to be current, and
 * what it says of those below counts; its own signature counts for nothing. A server certificate
 * that is an anchor itself is checked like any other. */
enum verify_place {
    VERIFY_PLACE_SERVER = 1,
    VERIFY_PLACE_MIDDLE = 2,
    VERIFY_PLACE_ANCHOR = 4,      /* and not the server's */
    VERIFY_PLACE_SIGNED = 8,      /* its signature is part of the path */
    VERIFY_PLACE_CRL_SIGNER = 16, /* below certificates that were checked already */
    VERIFY_PLACE_UNVERIFIED = 32  /* a server's in a chain that nobody asked to verify */
};

/* The rules for path[i] alone. place: bits of enum verify_place. */
void verify_check_certificate(struct verification *verification, size_t i, unsigned place);

/* Host and pins, as far as the request has them, of the server's certificate. */
void verify_check_peer(struct verification *verification);
void verify_check_pin(struct verify_attempt *attempt, const struct certificate *server,
                      const char *pins);

/* Room for a host name in ASCII with its terminator; RFC 1035, 2.3.4. */
#define VERIFY_HOST_SIZE 256

/* The common name that counts as the server's DNS name: it is the only one, stands beside no
 * alternative DNS name and no empty list of names, and has the form of one - at least two labels,
 * or it is host itself. false: there is none. */
bool verify_get_host_name(const struct certificate *server, const char *host, char *out);

/* name: a GeneralName; base: that of a subtree, of the same kind. is_exclusion: the answer is
 * whether name, or for a wildcard any host that it stands for, lies in base; otherwise whether all
 * of it does. */
enum name_match verify_match_name(const struct der *name, const struct der *base,
                                  bool is_exclusion);

#endif
