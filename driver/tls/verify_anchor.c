/*
 * verify_anchor.c - revocation above the anchor that a path ends at, asked by
 * verify_revocation.c.
 *
 * A server or an intermediate may stand among the anchors beside the CA that issued it. What this
 * CA says of it in a CRL counts, although the path is complete without it. Where the CA is
 * certified more than once, one way up on which nothing is revoked is enough, as it is for paths.
 */
#include <stdlib.h>

#include "tls/verify_parts.h"

/* Certificates that are looked at on the ways up. */
#define STEP_LIMIT 256

struct ascent {
    struct verification *verification;
    size_t anchor; /* of the path, its index there: the ways begin at it */
    unsigned steps;
    bool has_asked;
};

/* UNKNOWN: no other anchor is above. */
enum ascent_verdict { ASCENT_UNKNOWN, ASCENT_GOOD, ASCENT_BAD };

/* Where the issuer gave no CRL at all, its word on an anchor is not missed. */
static bool is_unrevoked(struct ascent *ascent, size_t subject)
{
    struct verification *verification = ascent->verification;
    const struct verify_request *request = verification->request;
    const struct certificate *certificate = verification->current.path[subject];
    const struct crl_set *crls = request->crls;
    size_t i = request->crl_check == CRL_CHECK_CHAIN || subject == 0 ? 0 : crls->count;
    while (i < crls->count && !verify_is_crl_of(verification, crls->items[i], certificate))
        i++;
    if (i == crls->count)
        return true;
    ascent->has_asked = true;
    return verify_inquire(verification, subject, true);
}

/* Goes on from the last certificate of the path; is_anchor: which is an anchor, and not the first.
 */
static enum ascent_verdict climb(struct ascent *ascent, bool is_anchor)
{
    struct verification *verification = ascent->verification;
    struct verify_attempt *attempt = &verification->current;
    const struct certificate *last = attempt->path[attempt->path_count - 1], *issuer;
    struct verify_issuers issuers = {0};
    enum ascent_verdict verdict = ASCENT_UNKNOWN;
    if (attempt->path_count == VERIFY_PATH_LIMIT || ascent->steps >= STEP_LIMIT) {
        verify_fail(attempt, VERIFY_OUTCOME_LIMIT,
                    "there are too many ways from a trust anchor to the CAs above it, whose CRLs "
                    "may speak of it");
        return ASCENT_BAD;
    }
    ascent->steps++;
    bool is_root =
        certificate_is_self_issued(last) && verify_is_signed_by(verification, last, last);
    while (!is_root && verdict != ASCENT_GOOD &&
           (issuer = verify_next_issuer(verification, &issuers)) != NULL) {
        if (!issuer->is_authority)
            continue;
        attempt->path[attempt->path_count++] = issuer;
        enum ascent_verdict found = climb(ascent, issuers.in_chain == 0);
        attempt->path_count--;
        if (verdict == ASCENT_UNKNOWN || found == ASCENT_GOOD)
            verdict = found;
    }
    if (verdict != ASCENT_UNKNOWN || !is_anchor)
        return verdict;
    /* With the whole way up in place: each key on it may have signed a CRL for those below. */
    for (size_t i = attempt->path_count - 1; i-- > ascent->anchor;)
        if (!is_unrevoked(ascent, i))
            return ASCENT_BAD;
    return ASCENT_GOOD;
}

bool verify_check_anchor_revocation(struct verification *verification)
{
    struct verify_attempt *attempt = &verification->current;
    struct verify_part *found = &attempt->parts[VERIFY_PART_REVOCATION];
    struct ascent ascent = {.verification = verification, .anchor = attempt->path_count - 1};
    struct verify_part *before = malloc(sizeof *before);
    if (before == NULL) {
        verify_fail(attempt, VERIFY_OUTCOME_OTHER, "out of memory");
        return true;
    }
    *before = *found;
    /* What was found on bad ways does not count when there is a good one. */
    if (climb(&ascent, false) != ASCENT_BAD)
        *found = *before;
    free(before);
    return ascent.has_asked;
}
