/*
 * verify_revocation.c - the certificates of a path against the CRLs given (RFC 5280, 6.3),
 * fail-closed: the last check of verify.c, since a CRL's signature means something only below a
 * chain that is trusted.
 *
 * Each certificate below the anchor needs a good CRL of its issuer: signed, complete, for this
 * certificate, current. Several CRLs of one issuer may lie in a folder, old and new, for servers
 * and for CAs, of the old key and the new: so each that may decide is tried, a good one clears, and
 * of those that are none the one that came nearest is reported. But to revoke, a CRL need not be
 * good: what the CA signed and has not taken back counts. What CAs above the anchor say is asked by
 * verify_anchor.c.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/scratch.h"
#include "tls/verify_parts.h"

/* What it takes to check a path aside, in bytes of names (see verify_spend). */
#define SIDE_PATH_SIZE 2000

/* A CRL that lists the certificate; crl NULL: there is none. */
struct listing {
    const struct crl *crl;
    struct crl_entry entry;
    enum verify_outcome outcome; /* what else is to be said of the CRL; COUNT: it is good */
};

/* One certificate of the path against one CRL after the other. */
struct inquiry {
    struct verification *verification;
    const struct verify_request *request;
    struct verify_attempt *attempt;
    size_t subject;                        /* index in the path */
    bool may_delegate;                     /* see verify_inquire */
    const struct certificate *certificate; /* path[subject] */
    enum verify_outcome best;              /* of the CRLs so far; COUNT: one is good */
    const struct crl *best_crl;
    const struct crl *good;  /* the newest good one */
    const struct crl *delta; /* the newest signed delta */
    struct listing revoking; /* by a CRL whose word counts */
    struct listing doubtful; /* by the newest that could not have cleared the certificate */
};

/* Whether signer is valid below path[issuer], and not revoked itself; its own CRL has to be signed
 * by that path, so that this ends here. */
static bool is_valid_below(const struct inquiry *inquiry, const struct certificate *signer,
                           size_t issuer)
{
    struct verification *verification = inquiry->verification;
    struct verify_attempt *attempt = &verification->current, *asking;
    if (!verify_is_signed_by(verification, signer, attempt->path[issuer]) ||
        !verify_spend(verification, SIDE_PATH_SIZE) ||
        (asking = scratch_new(sizeof *asking)) == NULL)
        return false;
    *asking = *attempt;
    verify_start_attempt(attempt);
    attempt->path_count = 0;
    attempt->path[attempt->path_count++] = signer;
    for (size_t i = issuer; i < asking->path_count; i++)
        attempt->path[attempt->path_count++] = asking->path[i];
    verify_check_certificate(verification, 0, VERIFY_PLACE_CRL_SIGNER);
    verify_check_name_constraints(verification);
    bool is_valid = verify_status(attempt->parts) == 0 && verify_inquire(verification, 0, false);
    *attempt = *asking;
    scratch_free(asking, sizeof *asking);
    return is_valid;
}

/* RFC 5280, 6.3.3 (f): a CA's CRLs may be signed with another key than its certificates, when a
 * certificate for that key came with the chain and leads to the same anchor. Not by leave of the
 * certificate that is asked about, nor of those below it: a revoked CA could clear itself. */
static bool is_signed_outside_path(const struct inquiry *inquiry, const struct crl *crl)
{
    struct verification *verification = inquiry->verification;
    const struct verify_attempt *attempt = inquiry->attempt;
    for (size_t i = 1; inquiry->may_delegate && i < verification->chain_count; i++) {
        const struct certificate *candidate = &verification->chain[i];
        bool is_valid = false;
        if (!verify_may_sign(verification, crl, candidate) || verify_is_in_path(attempt, candidate))
            continue;
        for (size_t k = inquiry->subject + 1; !is_valid && k < attempt->path_count; k++)
            is_valid = certificate_is_issued_by(candidate, attempt->path[k]) &&
                       is_valid_below(inquiry, candidate, k);
        if (is_valid && verify_is_crl_signed_by(verification, crl, candidate))
            return true;
    }
    return false;
}

/* A CA that changed its key is in a path more than once; any of its keys there may have signed. */
static enum verify_outcome check_signature(const struct inquiry *inquiry, const struct crl *crl)
{
    struct verification *verification = inquiry->verification;
    const struct verify_attempt *attempt = inquiry->attempt;
    enum verify_outcome outcome = VERIFY_OUTCOME_CRL_SIGNER;
    bool is_signed = false;
    for (size_t i = inquiry->subject + 1; !is_signed && i < attempt->path_count; i++) {
        if (!verify_may_sign(verification, crl, attempt->path[i]))
            continue;
        is_signed = verify_is_crl_signed_by(verification, crl, attempt->path[i]);
        outcome = VERIFY_OUTCOME_CRL_BAD_SIGNATURE;
    }
    if (!is_signed && !is_signed_outside_path(inquiry, crl))
        return outcome;
    bool is_refused = !inquiry->request->allow_weak && signature_is_weak(&crl->signature.algorithm);
    return is_refused ? VERIFY_OUTCOME_CRL_WEAK : VERIFY_OUTCOME_COUNT;
}

/* RFC 5280, 5.1.2.5, demands nextUpdate: without it nobody knows an old CRL from a current one.
 */
static enum verify_outcome check_dates(const struct inquiry *inquiry, const struct crl *crl)
{
    time_t at = inquiry->request->at;
    if (at < crl->this_update)
        return VERIFY_OUTCOME_CRL_NOT_YET_VALID;
    if (crl->next_update == 0 || at > crl->next_update)
        return VERIFY_OUTCOME_CRL_EXPIRED;
    return VERIFY_OUTCOME_COUNT;
}

/* Before each of the CRL's names is compared with each of the certificate's distribution points. */
static bool spend_scope(const struct inquiry *inquiry, const struct crl *crl)
{
    return !crl->scope.has_point ||
           verify_spend(inquiry->verification,
                        inquiry->certificate->extensions[CERTIFICATE_DISTRIBUTION_POINTS].size);
}

/* Each test counts only when those before it were passed. COUNT: this CRL can decide. */
static enum verify_outcome check_crl(const struct inquiry *inquiry, const struct crl *crl)
{
    enum verify_outcome outcome = check_signature(inquiry, crl);
    if (outcome != VERIFY_OUTCOME_COUNT)
        return outcome;
    if (crl->is_delta)
        return VERIFY_OUTCOME_CRL_DELTA;
    if (crl->unknown_extension.whole != NULL)
        return VERIFY_OUTCOME_CRL_CRITICAL_EXTENSION;
    if (crl->is_indirect)
        return VERIFY_OUTCOME_CRL_INDIRECT;
    if (!spend_scope(inquiry, crl) || crl_scope_gap(crl, inquiry->certificate) != NULL)
        return VERIFY_OUTCOME_CRL_SCOPE;
    return check_dates(inquiry, crl);
}

/* A CA has one numbering for all its certificates: a current CRL that lists one revokes it, even
 * when it is for some reasons or other certificates and could not clear it. */
static bool may_revoke(const struct inquiry *inquiry, const struct crl *crl,
                       enum verify_outcome outcome)
{
    return outcome == VERIFY_OUTCOME_COUNT || (outcome == VERIFY_OUTCOME_CRL_SCOPE &&
                                               check_dates(inquiry, crl) == VERIFY_OUTCOME_COUNT);
}

/* Only a hold can be lifted: by a newer CRL of the same scope that does not list it any more
 * (RFC 5280, 5.3.1). */
static bool is_lifted(const struct inquiry *inquiry, const struct listing *listing)
{
    const struct crl_set *crls = inquiry->request->crls;
    if (listing->entry.reason != CRL_REASON_CERTIFICATE_HOLD)
        return false;
    for (size_t i = 0; i < crls->count; i++) {
        const struct crl *newer = crls->items[i];
        if (newer->this_update > listing->crl->this_update &&
            crl_is_same_scope(newer, listing->crl) &&
            verify_is_crl_of(inquiry->verification, newer, inquiry->certificate) &&
            may_revoke(inquiry, newer, check_crl(inquiry, newer)) &&
            !crl_find(newer, &inquiry->certificate->serial, NULL))
            return true;
    }
    return false;
}

/* Whether a CRL has begun and is newer than another, which may be one of the future. */
static bool is_newer(const struct inquiry *inquiry, const struct crl *crl, const struct crl *than)
{
    time_t at = inquiry->request->at;
    return crl->this_update <= at &&
           (than->this_update > at || crl->this_update > than->this_update);
}

static void note_listing(struct inquiry *inquiry, const struct crl *crl,
                         enum verify_outcome outcome)
{
    struct listing listing = {.crl = crl, .outcome = outcome};
    /* The CA signed it and it speaks of the CA's own certificates, so that what it lists is worth
     * reporting although the CRL is not good. */
    bool is_credible = outcome >= VERIFY_OUTCOME_CRL_SCOPE ||
                       (outcome == VERIFY_OUTCOME_CRL_DELTA && !crl->is_indirect &&
                        crl->unknown_extension.whole == NULL);
    if (!is_credible || !crl_find(crl, &inquiry->certificate->serial, &listing.entry) ||
        (outcome == VERIFY_OUTCOME_CRL_DELTA &&
         listing.entry.reason == CRL_REASON_REMOVE_FROM_CRL) ||
        is_lifted(inquiry, &listing))
        return;
    bool is_certain = may_revoke(inquiry, crl, outcome);
    struct listing *noted = is_certain ? &inquiry->revoking : &inquiry->doubtful;
    if (noted->crl == NULL || (!is_certain && is_newer(inquiry, crl, noted->crl)))
        *noted = listing;
}

static void try_crl(struct inquiry *inquiry, const struct crl *crl)
{
    enum verify_outcome outcome = check_crl(inquiry, crl);
    if (outcome == VERIFY_OUTCOME_CRL_DELTA &&
        (inquiry->delta == NULL || crl->this_update > inquiry->delta->this_update))
        inquiry->delta = crl;
    if (outcome == VERIFY_OUTCOME_COUNT &&
        (inquiry->good == NULL || crl->this_update > inquiry->good->this_update))
        inquiry->good = crl;
    if (inquiry->best_crl == NULL || outcome > inquiry->best) {
        inquiry->best = outcome;
        inquiry->best_crl = crl;
    }
    note_listing(inquiry, crl, outcome);
}

/* Whether the CRL neither covers the certificate nor lists it: then it decides nothing, whoever
 * signed it, and its outcome is at most CRL_SCOPE. */
static bool is_aside(const struct inquiry *inquiry, const struct crl *crl)
{
    const struct certificate *certificate = inquiry->certificate;
    return !crl->is_delta && spend_scope(inquiry, crl) && crl_scope_gap(crl, certificate) != NULL &&
           !crl_find(crl, &certificate->serial, NULL);
}

/* Some CAs cut their CRL into thousands, nearly all of them aside. To check signatures takes nearly
 * all the time: so these are asked behind the others, and only until there is something to tell of.
 */
static void try_crls(struct inquiry *inquiry, bool are_aside)
{
    const struct crl_set *crls = inquiry->request->crls;
    for (size_t i = 0; i < crls->count; i++) {
        const struct crl *crl = crls->items[i];
        if (are_aside && inquiry->best >= VERIFY_OUTCOME_CRL_SCOPE)
            return;
        if (verify_is_crl_of(inquiry->verification, crl, inquiry->certificate) &&
            is_aside(inquiry, crl) == are_aside)
            try_crl(inquiry, crl);
    }
}

/* What has to be known of a CRL that revokes and is not a good one; returns out. */
static const char *describe_limits(const struct inquiry *inquiry, const struct listing *listing,
                                   char *out, size_t size)
{
    const struct crl *crl = listing->crl;
    char date[CLOCK_TEXT_SIZE];
    out[0] = '\0';
    if (listing->outcome == VERIFY_OUTCOME_CRL_SCOPE)
        snprintf(out, size, ", a partial CRL: %s", crl_scope_gap(crl, inquiry->certificate));
    else if (listing->outcome == VERIFY_OUTCOME_CRL_DELTA)
        snprintf(out, size, ", a delta CRL");
    else if (listing->outcome == VERIFY_OUTCOME_CRL_NOT_YET_VALID)
        snprintf(out, size, ", a CRL that is valid only from %s",
                 clock_format(crl->this_update, date));
    else if (listing->outcome == VERIFY_OUTCOME_CRL_EXPIRED && crl->next_update == 0)
        snprintf(out, size, ", a CRL that does not say when its successor comes");
    else if (listing->outcome == VERIFY_OUTCOME_CRL_EXPIRED)
        snprintf(out, size, ", a CRL that expired on %s, and %s",
                 clock_format(crl->next_update, date),
                 inquiry->good == NULL ? "no current one is there" : "the current one is older");
    return out;
}

static void report_revoked(const struct inquiry *inquiry, const struct listing *listing)
{
    char date[CLOCK_TEXT_SIZE], limits[200];
    verify_fail_at(inquiry->attempt, inquiry->subject, VERIFY_OUTCOME_REVOKED,
                   "was revoked on %s (%s) according to %s%s",
                   listing->entry.revoked_at != 0
                       ? clock_format_date(listing->entry.revoked_at, date)
                       : "an unknown date",
                   crl_reason_name(listing->entry.reason), listing->crl->name,
                   describe_limits(inquiry, listing, limits, sizeof limits));
}

static void report_missing(const struct inquiry *inquiry)
{
    char described[CERTIFICATE_TEXT_SIZE], issuer[260];
    verify_fail(inquiry->attempt, VERIFY_OUTCOME_NO_CRL,
                "there is no CRL of %s, the issuer of %s, in %s%s",
                certificate_format_dn(&inquiry->certificate->issuer, issuer, sizeof issuer),
                verify_describe(inquiry->attempt, inquiry->subject, described),
                inquiry->request->crl_name != NULL ? inquiry->request->crl_name : "the CRLs given",
                inquiry->request->crl_check == CRL_CHECK_CHAIN
                    ? "; every certificate below the trust anchor needs one (SslCrlCheck=chain)"
                    : "");
}

/* What the best of the CRLs lacks, and is not a matter of its scope; returns out, or a static text.
 */
static const char *describe_fault(const struct inquiry *inquiry, char *out, size_t size)
{
    const struct crl *crl = inquiry->best_crl;
    char limit[CLOCK_TEXT_SIZE], now[CLOCK_TEXT_SIZE], unknown[300];
    clock_format(inquiry->request->at, now);
    switch (inquiry->best) {
    case VERIFY_OUTCOME_CRL_SIGNER:
        return "is signed by nobody who may: its issuer's keyUsage has no cRLSign";
    case VERIFY_OUTCOME_CRL_BAD_SIGNATURE:
        return "was not signed with its issuer's key";
    case VERIFY_OUTCOME_CRL_WEAK:
        return "is signed with an algorithm that is too weak";
    case VERIFY_OUTCOME_CRL_INDIRECT:
        return "is an indirect CRL (it lists certificates of several issuers), which is not "
               "understood";
    case VERIFY_OUTCOME_CRL_DELTA:
        return "is a delta CRL (it lists only changes), which is not understood: the complete CRL "
               "is needed, as new as it";
    case VERIFY_OUTCOME_CRL_CRITICAL_EXTENSION:
        snprintf(out, size, "has a critical extension that is not understood: %s",
                 crl_describe_unknown(crl, unknown, sizeof unknown));
        return out;
    case VERIFY_OUTCOME_CRL_NOT_YET_VALID:
        snprintf(out, size, "is valid only from %s; it is now %s",
                 clock_format(crl->this_update, limit), now);
        return out;
    case VERIFY_OUTCOME_CRL_EXPIRED:
        if (crl->next_update == 0)
            return "does not say when its successor comes (nextUpdate), so that it cannot be told "
                   "whether it is current";
        snprintf(out, size, "expired on %s; it is now %s", clock_format(crl->next_update, limit),
                 now);
        return out;
    default:
        return "cannot be used";
    }
}

static void report_unusable(const struct inquiry *inquiry)
{
    const struct crl *crl = inquiry->best_crl;
    char described[CERTIFICATE_TEXT_SIZE], fault[400];
    if (inquiry->best == VERIFY_OUTCOME_CRL_SCOPE)
        verify_fail(inquiry->attempt, inquiry->best, "the CRL in %s does not cover %s: %s",
                    crl->name, verify_describe(inquiry->attempt, inquiry->subject, described),
                    crl_scope_gap(crl, inquiry->certificate));
    else
        verify_fail(inquiry->attempt, inquiry->best, "the CRL in %s, needed for %s, %s", crl->name,
                    verify_describe(inquiry->attempt, inquiry->subject, described),
                    describe_fault(inquiry, fault, sizeof fault));
}

/* false: something was found against the certificate. */
static bool conclude(struct inquiry *inquiry)
{
    struct verify_attempt *attempt = inquiry->attempt;
    const struct crl *good = inquiry->good, *delta = inquiry->delta;
    /* A delta that is not older than the complete CRL may say more than it, and is not understood.
     */
    if (good != NULL && delta != NULL && delta->this_update >= good->this_update) {
        inquiry->best = VERIFY_OUTCOME_CRL_DELTA;
        inquiry->best_crl = delta;
    }
    bool is_good = good != NULL && inquiry->best == VERIFY_OUTCOME_COUNT;
    /* A good one takes nothing back that a newer one says, though that has ended meanwhile. */
    const struct listing *listing = &inquiry->revoking, *doubtful = &inquiry->doubtful;
    if (listing->crl == NULL && doubtful->crl != NULL &&
        (!is_good || is_newer(inquiry, doubtful->crl, good)))
        listing = doubtful;
    bool is_revoked = listing->crl != NULL;
    if (is_revoked)
        report_revoked(inquiry, listing);
    if (inquiry->best_crl == NULL)
        report_missing(inquiry);
    else if (!is_good)
        report_unusable(inquiry);
    if (good != NULL) {
        time_t *first = &attempt->crl_next_update, *ending = &attempt->crl_ending;
        time_t end = good->next_update, left = end - inquiry->request->at;
        if (*first == 0 || end < *first)
            *first = end;
        /* In the last fifth of its period. */
        if (left < (end - good->this_update) / 5 && (*ending == 0 || end < *ending))
            *ending = end;
    }
    return is_good && !is_revoked && !inquiry->verification->is_over_limit;
}

bool verify_inquire(struct verification *verification, size_t subject, bool may_delegate)
{
    struct inquiry inquiry = {.verification = verification,
                              .request = verification->request,
                              .attempt = &verification->current,
                              .subject = subject,
                              .certificate = verification->current.path[subject],
                              .may_delegate = may_delegate};
    try_crls(&inquiry, false);
    try_crls(&inquiry, true);
    /* What was found counts for nothing when the limit cut it short. */
    return !verification->is_work_over && conclude(&inquiry);
}

void verify_check_revocation(struct verification *verification)
{
    const struct verify_request *request = verification->request;
    struct verify_attempt *attempt = &verification->current;
    size_t anchor = attempt->path_count - 1;
    if (request->crls == NULL)
        return;
    verify_begin(attempt, VERIFY_PART_REVOCATION);
    size_t count = request->crl_check == CRL_CHECK_LEAF && anchor > 0 ? 1 : anchor;
    for (size_t i = 0; i < count; i++)
        verify_inquire(verification, i, true);
    bool has_asked = verify_check_anchor_revocation(verification) || count > 0;
    verification->is_asking_over = verification->is_work_over;
    if (has_asked)
        attempt->crl_status =
            attempt->parts[VERIFY_PART_REVOCATION].status == 0 && !verification->is_work_over
                ? ODBCSSL_CRL_GOOD
                : ODBCSSL_CRL_NOT_GOOD;
}
