/*
 * verify_path.c - finds paths from the server's certificate to a trust anchor for verify.c, which
 * checks each, until one is accepted or none is left.
 *
 * The names of issuers and subjects say who may have issued whom; that is a graph rather than a
 * chain, as soon as CAs certify each other, have two certificates, or share a name. A hostile
 * server could send one with more paths than anybody can check. Therefore a signature that is wrong
 * is no edge: only honest paths are left. Each signature is tried once, certificates that lead to
 * no anchor, or may not issue, are left out beforehand, and what is still too much is refused by
 * limits. Key identifiers are a hint as to what to try first, and nothing more (RFC 5280, 4.2.1.1):
 * some CAs get them wrong.
 */
#include <string.h>

#include "tls/verify_parts.h"

/* Complete paths that are checked, and certificates that are looked at on the way: cross-signed CAs
 * have a few hundred at the most, a hostile chain could have factorially many. */
#define ATTEMPT_LIMIT 256
#define STEP_LIMIT 4096

struct search {
    struct verification *verification;
    unsigned attempts;
    unsigned steps;
    bool takes_one; /* the first complete path is the last */
};

enum signature_verdict verify_try_signature(struct verification *verification,
                                            const struct certificate *certificate,
                                            const struct certificate *issuer)
{
    struct verify_signature *tried = verification->signatures;
    size_t i = 0;
    /* CAs that were signed by several others have one key in all of their certificates. */
    while (i < verification->signature_count &&
           (tried[i].certificate != certificate || !der_equal(&tried[i].key, &issuer->public_key)))
        i++;
    if (i == VERIFY_SIGNATURE_LIMIT) {
        verification->is_over_limit = true;
        return SIGNATURE_WRONG;
    }
    if (i == verification->signature_count)
        tried[verification->signature_count++] = (struct verify_signature){
            certificate, issuer->public_key,
            signature_check(&certificate->signature, &issuer->public_key)};
    return tried[i].verdict;
}

bool verify_is_signed_by(struct verification *verification, const struct certificate *certificate,
                         const struct certificate *issuer)
{
    return verify_try_signature(verification, certificate, issuer) == SIGNATURE_GOOD;
}

bool verify_is_in_path(const struct verify_attempt *attempt, const struct certificate *certificate)
{
    for (size_t i = 0; i < attempt->path_count; i++)
        if (certificate_is_same(attempt->path[i], certificate))
            return true;
    return false;
}

static bool is_search_over(struct search *search)
{
    struct verification *verification = search->verification;
    if (verification->has_best &&
        (search->takes_one || verify_status(verification->best.parts) == 0))
        return true;
    verification->is_over_limit |= search->attempts >= ATTEMPT_LIMIT || search->steps >= STEP_LIMIT;
    return verification->is_over_limit;
}

/* The next anchor that issued the certificate, previous or NULL before it: of those whose key
 * identifier fits, or of the others. Looked at before the signature: people collect hundreds of CAs
 * of one name, each made by its server. */
static const struct certificate *next_anchor(struct verification *verification,
                                             const struct certificate *certificate,
                                             const struct certificate *previous,
                                             bool has_other_key_id)
{
    const struct trust_certificates *anchors = &verification->request->trust->anchors;
    const struct certificate *anchor = previous;
    unsigned of_other_key = 0;
    while (!verification->is_over_limit && of_other_key < VERIFY_OTHER_KEY_LIMIT &&
           (anchor = trust_find_issuer(anchors, certificate, anchor)) != NULL) {
        if (certificate_has_other_key_id(certificate, anchor) != has_other_key_id ||
            !verify_is_named(verification, &certificate->issuer, certificate->issuer_hash,
                             &anchor->subject, anchor->subject_hash))
            continue;
        of_other_key += has_other_key_id;
        if (verify_is_signed_by(verification, certificate, anchor))
            return anchor;
    }
    return NULL;
}

/* Below what is no CA, no path is accepted (verify_rules.c). */
static bool may_issue(const struct verification *verification, const struct certificate *issuer)
{
    bool is_authority =
        issuer->is_authority ||
        (issuer->version < 3 && trust_has(&verification->request->trust->anchors, issuer));
    return is_authority && issuer->fault == NULL &&
           (issuer->key_usage & GNUTLS_KEY_KEY_CERT_SIGN) != 0;
}

/* Marks the certificates from which an anchor can be reached, so that no dead end is entered once
 * for each way to it. takes_any: also by ways over certificates that may not issue. */
static void mark_leading(struct verification *verification, bool takes_any)
{
    const struct trust_certificates *anchors = &verification->request->trust->anchors;
    const struct certificate *chain = verification->chain;
    size_t count = verification->chain_count, issuers[VERIFY_CHAIN_LIMIT], issuer_count = 0;
    bool *is_leading = verification->is_leading;
    memset(is_leading, 0, sizeof verification->is_leading);
    for (size_t i = 0; i < count; i++) {
        bool is_candidate = i == 0 || takes_any || may_issue(verification, &chain[i]);
        is_leading[i] =
            is_candidate && (trust_has(anchors, &chain[i]) ||
                             next_anchor(verification, &chain[i], NULL, false) != NULL ||
                             next_anchor(verification, &chain[i], NULL, true) != NULL);
        if (is_leading[i] && i > 0)
            issuers[issuer_count++] = i;
    }
    for (size_t k = 0; k < issuer_count; k++)
        for (size_t i = 0; i < count; i++) {
            const struct certificate *issuer = &chain[issuers[k]];
            if (is_leading[i] ||
                !verify_is_named(verification, &chain[i].issuer, chain[i].issuer_hash,
                                 &issuer->subject, issuer->subject_hash) ||
                !(i == 0 || takes_any || may_issue(verification, &chain[i])) ||
                !verify_is_signed_by(verification, &chain[i], issuer))
                continue;
            is_leading[i] = true;
            if (i > 0)
                issuers[issuer_count++] = i;
        }
}

const struct certificate *verify_next_issuer(struct verification *verification,
                                             struct verify_issuers *issuers)
{
    const struct verify_attempt *current = &verification->current;
    const struct trust_certificates *anchors = &verification->request->trust->anchors;
    const struct certificate *last = current->path[current->path_count - 1], *issuer;
    for (; issuers->round < 2; *issuers = (struct verify_issuers){.round = issuers->round + 1}) {
        bool has_other_key_id = issuers->round == 1;
        while (issuers->in_chain == 0 &&
               (issuer = issuers->anchor =
                    next_anchor(verification, last, issuers->anchor, has_other_key_id)) != NULL)
            if (!verify_is_in_path(current, issuer))
                return issuer;
        while (!verification->is_over_limit && ++issuers->in_chain < verification->chain_count) {
            issuer = &verification->chain[issuers->in_chain];
            /* Those that are anchors as well were tried as such. */
            if (verification->is_leading[issuers->in_chain] && !trust_has(anchors, issuer) &&
                verify_is_named(verification, &last->issuer, last->issuer_hash, &issuer->subject,
                                issuer->subject_hash) &&
                certificate_has_other_key_id(last, issuer) == has_other_key_id &&
                !verify_is_in_path(current, issuer) &&
                verify_is_signed_by(verification, last, issuer))
                return issuer;
        }
    }
    return NULL;
}

/* Goes on from the last certificate of the current path. */
static void extend_path(struct search *search)
{
    struct verification *verification = search->verification;
    struct verify_attempt *current = &verification->current, *best = &verification->best;
    const struct certificate *last = current->path[current->path_count - 1], *issuer;
    struct verify_issuers issuers = {0};
    search->steps++;
    if (current->path_count == VERIFY_PATH_LIMIT) {
        verification->is_over_limit = true;
        return;
    }
    if (trust_has(&verification->request->trust->anchors, last)) {
        search->attempts++;
        verify_start_attempt(current);
        verify_check_path(verification, true);
        if (!verification->has_best || verify_status(current->parts) == 0 ||
            verify_worst(current->parts)->outcome > verify_worst(best->parts)->outcome)
            *best = *current;
        verification->has_best = true;
        /* Above an anchor there may be the key that signed the CRLs; above one that signed itself
         * there are only others with the same key. */
        if (verification->request->crls == NULL ||
            (certificate_is_self_issued(last) && verify_is_signed_by(verification, last, last)))
            return;
    }
    while (!is_search_over(search) &&
           (issuer = verify_next_issuer(verification, &issuers)) != NULL) {
        current->path[current->path_count++] = issuer;
        extend_path(search);
        current->path_count--;
    }
}

static void report_limit(struct search *search)
{
    struct verification *verification = search->verification;
    struct verify_attempt *best = &verification->best;
    const char *crl_name = verification->request->crl_name;
    struct error reason = {0};
    char described[CERTIFICATE_TEXT_SIZE];
    if (verification->has_best) {
        reason = verify_worst(best->parts)->error;
    } else {
        *best = verification->current;
        best->path_count = 1;
        verify_start_attempt(best);
    }
    /* What CRLs said behind the limit is not to be told. */
    enum verify_part_kind part =
        verification->is_asking_over ? VERIFY_PART_REVOCATION : VERIFY_PART_CHAIN;
    best->parts[part].outcome = VERIFY_OUTCOME_COUNT;
    verify_begin(best, part);
    if (verification->is_asking_over)
        verify_fail(best, VERIFY_OUTCOME_LIMIT,
                    "the chain of %s asks too much of %s: after %zu comparisons of names, and "
                    "signatures over %zu bytes of CRLs, the search was given up",
                    verify_describe(best, 0, described),
                    crl_name != NULL ? crl_name : "the CRLs given", verification->work,
                    verification->hashed);
    else
        verify_fail(best, VERIFY_OUTCOME_LIMIT,
                    "the chain of %s can be put together in too many ways: after %zu signatures, "
                    "%u certificates, %u paths to a trust anchor and %zu comparisons of names the "
                    "search was given up%s%s",
                    verify_describe(best, 0, described), verification->signature_count,
                    search->steps, search->attempts, verification->work,
                    error_is_set(&reason) ? "; the best of the paths: " : "", reason.text);
    if (!verification->has_best)
        best->path_count = 0;
}

void verify_find_path(struct verification *verification)
{
    struct search search = {
        .verification = verification,
    };
    mark_leading(verification, false);
    if (!verification->is_over_limit && !verification->is_leading[0]) {
        /* One path that cannot be accepted tells why. */
        search.takes_one = true;
        mark_leading(verification, true);
    }
    if (!verification->is_over_limit && verification->is_leading[0])
        extend_path(&search);
    if (!verification->is_over_limit && !verification->has_best) {
        verify_start_attempt(&verification->current);
        verify_explain_no_path(verification);
        verify_check_path(verification, false);
        verification->best = verification->current;
        verification->best.path_count = 0;
    }
    /* Also when a path was good: the limit may have hidden who revoked its anchor. */
    if (verification->is_over_limit)
        report_limit(&search);
}
