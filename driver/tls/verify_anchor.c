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

static bool has_crl_of_issuer(const struct crl_set *crls, const struct certificate *certificate)
{
    for (size_t i = 0; i < crls->count; i++)
        if (name_is_equal(&certificate->issuer, &crls->items[i]->issuer))
            return true;
    return false;
}

/* Where the issuer gave no CRL at all, its word on an anchor is not missed. */
static bool is_unrevoked(struct ascent *ascent, size_t subject)
{
    const struct verify_request *request = ascent->verification->request;
    const struct certificate *certificate = ascent->verification->current.path[subject];
    bool is_asked = request->crl_check == CRL_CHECK_CHAIN || subject == 0;
    if (!is_asked || !has_crl_of_issuer(request->crls, certificate))
        return true;
    ascent->has_asked = true;
    return verify_inquire(ascent->verification, subject);
}

static enum ascent_verdict climb(struct ascent *ascent, bool is_anchor);

/* Goes up by way of candidate, if it issued the last certificate of the path. */
static enum ascent_verdict climb_by(struct ascent *ascent, const struct certificate *candidate,
                                    bool is_anchor)
{
    struct verify_attempt *attempt = &ascent->verification->current;
    const struct certificate *last = attempt->path[attempt->path_count - 1];
    if (verify_is_in_path(attempt, candidate) || !candidate->is_authority ||
        !certificate_is_issued_by(last, candidate) ||
        !verify_is_signed_by(ascent->verification, last, candidate))
        return ASCENT_UNKNOWN;
    attempt->path[attempt->path_count++] = candidate;
    enum ascent_verdict verdict = climb(ascent, is_anchor);
    attempt->path_count--;
    return verdict;
}

static enum ascent_verdict better(enum ascent_verdict a, enum ascent_verdict b)
{
    return a == ASCENT_UNKNOWN || b == ASCENT_GOOD ? b : a;
}

/* Asks with the whole way up in place: each key on it may have signed a CRL for those below. */
static enum ascent_verdict ask_way(struct ascent *ascent)
{
    for (size_t i = ascent->verification->current.path_count - 1; i-- > ascent->anchor;)
        if (!is_unrevoked(ascent, i))
            return ASCENT_BAD;
    return ASCENT_GOOD;
}

/* Goes on from the last certificate of the path. */
static enum ascent_verdict climb(struct ascent *ascent, bool is_anchor)
{
    struct verification *verification = ascent->verification;
    struct verify_attempt *attempt = &verification->current;
    const struct trust_certificates *anchors = &verification->request->trust->anchors;
    const struct certificate *last = attempt->path[attempt->path_count - 1], *anchor = NULL;
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
           (anchor = trust_find(anchors, &last->issuer, last->issuer_hash, anchor)) != NULL)
        verdict = better(verdict, climb_by(ascent, anchor, true));
    for (size_t i = 1; !is_root && i < verification->chain_count && verdict != ASCENT_GOOD; i++)
        if (verification->is_leading[i])
            verdict = better(verdict, climb_by(ascent, &verification->chain[i], false));
    return verdict == ASCENT_UNKNOWN && is_anchor ? ask_way(ascent) : verdict;
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
