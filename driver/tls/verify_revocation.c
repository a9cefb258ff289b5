/*
 * verify_revocation.c - the certificates of a path against the CRLs given (RFC 5280, 6.3),
 * fail-closed.
 *
 * Each certificate below the anchor needs a good CRL of its issuer: signed, complete, for this
 * certificate, current. What CAs above the anchor say is asked by verify_anchor.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tls/verify_parts.h"

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
    size_t subject;    /* index in the path */
    bool may_delegate; /* a certificate outside the path may have signed the CRL */
    const struct certificate *certificate; /* path[subject] */
    enum verify_outcome best;              /* of the CRLs so far; COUNT: one is good */
    const struct crl *best_crl;
    const struct crl *good;  /* the newest good one */
    const struct crl *delta; /* the newest signed delta */
    struct listing revoking; /* by a CRL whose word counts */
    struct listing doubtful; /* by one that could not have cleared the certificate */
};

static void inquire(struct verification *verification, size_t subject, bool may_delegate);

static bool has_signer_name(const struct crl *crl, const struct certificate *signer)
{
    return name_is_equal(&signer->subject, crl_issuer(crl));
}

static bool may_sign_crls(const struct certificate *signer)
{
    return (signer->key_usage & GNUTLS_KEY_CRL_SIGN) != 0;
}

/* Whether signer is valid below path[issuer], and not revoked itself; its own CRL has to be signed
 * by that path, so that this ends here. */
static bool is_valid_below(const struct inquiry *inquiry, const struct certificate *signer,
                           size_t issuer)
{
    if (!verify_is_signed_by(inquiry->verification, signer, inquiry->attempt->path[issuer]))
        return false;
    struct verification *side = calloc(1, sizeof *side);
    if (side == NULL)
        return false;
    struct verify_attempt *attempt = &side->current;
    side->request = inquiry->request;
    verify_start_attempt(attempt);
    attempt->path[attempt->path_count++] = signer;
    for (size_t i = issuer; i < inquiry->attempt->path_count; i++)
        attempt->path[attempt->path_count++] = inquiry->attempt->path[i];
    verify_check_crl_signer(side);
    verify_check_name_constraints(side);
    if (verify_status(attempt->parts) == 0)
        inquire(side, 0, false);
    bool is_valid = verify_status(attempt->parts) == 0;
    free(side);
    return is_valid;
}

/* Not by leave of the certificate that is asked about, nor of those below it: a revoked CA could
 * clear itself. */
static bool is_delegated_signer(const struct inquiry *inquiry, const struct certificate *candidate)
{
    const struct verify_attempt *attempt = inquiry->attempt;
    if (verify_is_in_path(attempt, candidate))
        return false;
    for (size_t i = inquiry->subject + 1; i < attempt->path_count; i++)
        if (certificate_is_issued_by(candidate, attempt->path[i]) &&
            is_valid_below(inquiry, candidate, i))
            return true;
    return false;
}

/* RFC 5280, 6.3.3 (f): a CA's CRLs may be signed with another key than its certificates, when a
 * certificate for that key came with the chain and leads to the same anchor. */
static bool is_signed_outside_path(const struct inquiry *inquiry, const struct crl *crl,
                                   bool *is_weak_out)
{
    const struct verification *verification = inquiry->verification;
    for (size_t i = 1; inquiry->may_delegate && i < verification->chain_count; i++) {
        const struct certificate *candidate = &verification->chain[i];
        if (has_signer_name(crl, candidate) && may_sign_crls(candidate) &&
            is_delegated_signer(inquiry, candidate) &&
            crl_is_signed_by(crl, candidate, is_weak_out))
            return true;
    }
    return false;
}

/* A CA that changed its key is in a path more than once; any of its keys there may have signed. */
static enum verify_outcome check_signature(const struct inquiry *inquiry, const struct crl *crl)
{
    const struct verify_attempt *attempt = inquiry->attempt;
    enum verify_outcome outcome = VERIFY_OUTCOME_CRL_SIGNER;
    bool is_signed = false, is_weak = false;
    for (size_t i = inquiry->subject + 1; !is_signed && i < attempt->path_count; i++) {
        if (!has_signer_name(crl, attempt->path[i]) || !may_sign_crls(attempt->path[i]))
            continue;
        is_signed = crl_is_signed_by(crl, attempt->path[i], &is_weak);
        outcome = VERIFY_OUTCOME_CRL_BAD_SIGNATURE;
    }
    if (!is_signed && !is_signed_outside_path(inquiry, crl, &is_weak))
        return outcome;
    return is_weak && !inquiry->request->allow_weak ? VERIFY_OUTCOME_CRL_WEAK
                                                    : VERIFY_OUTCOME_COUNT;
}

static enum verify_outcome check_kind(const struct crl *crl)
{
    switch (crl_kind(crl)) {
    case CRL_KIND_COMPLETE:
        return VERIFY_OUTCOME_COUNT;
    case CRL_KIND_DELTA:
        return VERIFY_OUTCOME_CRL_DELTA;
    case CRL_KIND_INDIRECT:
        return VERIFY_OUTCOME_CRL_INDIRECT;
    case CRL_KIND_UNKNOWN_EXTENSION:
        return VERIFY_OUTCOME_CRL_CRITICAL_EXTENSION;
    }
    return VERIFY_OUTCOME_CRL_CRITICAL_EXTENSION;
}

/* RFC 5280, 5.1.2.5, demands nextUpdate: without it nobody can tell an old CRL from a current one.
 */
static enum verify_outcome check_dates(const struct inquiry *inquiry, const struct crl *crl)
{
    time_t at = inquiry->request->at;
    if (at < crl_this_update(crl))
        return VERIFY_OUTCOME_CRL_NOT_YET_VALID;
    if (crl_next_update(crl) == 0 || at > crl_next_update(crl))
        return VERIFY_OUTCOME_CRL_EXPIRED;
    return VERIFY_OUTCOME_COUNT;
}

/* Each test counts only when those before it were passed. COUNT: this CRL can decide. */
static enum verify_outcome check_crl(const struct inquiry *inquiry, const struct crl *crl)
{
    enum verify_outcome outcome = check_signature(inquiry, crl);
    if (outcome == VERIFY_OUTCOME_COUNT)
        outcome = check_kind(crl);
    if (outcome == VERIFY_OUTCOME_COUNT &&
        !crl_covers(crl, inquiry->attempt->path[inquiry->subject]))
        outcome = VERIFY_OUTCOME_CRL_SCOPE;
    return outcome == VERIFY_OUTCOME_COUNT ? check_dates(inquiry, crl) : outcome;
}

static bool is_current(const struct inquiry *inquiry, const struct crl *crl)
{
    return check_dates(inquiry, crl) == VERIFY_OUTCOME_COUNT;
}

/* A CA has one numbering for all its certificates: a current CRL that lists one revokes it, even
 * when it is for some reasons or other certificates and could not clear it. */
static bool may_revoke(const struct inquiry *inquiry, const struct crl *crl,
                       enum verify_outcome outcome)
{
    return outcome == VERIFY_OUTCOME_COUNT ||
           (outcome == VERIFY_OUTCOME_CRL_SCOPE && is_current(inquiry, crl));
}

/* Whether the CA signed it and it speaks of the CA's own certificates, so that what it lists is
 * worth telling although the CRL is not good. */
static bool is_credible(const struct crl *crl, enum verify_outcome outcome)
{
    switch (outcome) {
    case VERIFY_OUTCOME_COUNT:
    case VERIFY_OUTCOME_CRL_SCOPE:
    case VERIFY_OUTCOME_CRL_NOT_YET_VALID:
    case VERIFY_OUTCOME_CRL_EXPIRED:
        return true;
    case VERIFY_OUTCOME_CRL_DELTA:
        return crl_is_understood(crl);
    default:
        return false;
    }
}

static bool is_listed(const struct inquiry *inquiry, const struct crl *crl,
                      struct crl_entry *entry_out)
{
    const struct der *serial = &inquiry->certificate->serial;
    return crl_find(crl, serial->content, serial->size, entry_out);
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
        if (crl_this_update(newer) > crl_this_update(listing->crl) &&
            crl_is_same_scope(newer, listing->crl) &&
            name_is_equal(&inquiry->certificate->issuer, crl_issuer(newer)) &&
            may_revoke(inquiry, newer, check_crl(inquiry, newer)) &&
            !is_listed(inquiry, newer, NULL))
            return true;
    }
    return false;
}

static void note_listing(struct inquiry *inquiry, const struct crl *crl,
                         enum verify_outcome outcome)
{
    struct listing listing = {.crl = crl, .outcome = outcome};
    if (!is_credible(crl, outcome) || !is_listed(inquiry, crl, &listing.entry) ||
        (outcome == VERIFY_OUTCOME_CRL_DELTA &&
         listing.entry.reason == CRL_REASON_REMOVE_FROM_CRL) ||
        is_lifted(inquiry, &listing))
        return;
    struct listing *noted =
        may_revoke(inquiry, crl, outcome) ? &inquiry->revoking : &inquiry->doubtful;
    if (noted->crl == NULL)
        *noted = listing;
}

static void try_crl(struct inquiry *inquiry, const struct crl *crl)
{
    enum verify_outcome outcome = check_crl(inquiry, crl);
    bool is_newer_delta =
        outcome == VERIFY_OUTCOME_CRL_DELTA &&
        (inquiry->delta == NULL || crl_this_update(crl) > crl_this_update(inquiry->delta));
    if (is_newer_delta)
        inquiry->delta = crl;
    if (outcome == VERIFY_OUTCOME_COUNT &&
        (inquiry->good == NULL || crl_this_update(crl) > crl_this_update(inquiry->good)))
        inquiry->good = crl;
    if (inquiry->best_crl == NULL || outcome > inquiry->best) {
        inquiry->best = outcome;
        inquiry->best_crl = crl;
    }
    note_listing(inquiry, crl, outcome);
}

/* What has to be known of a CRL that revokes and is not a good one; returns out. */
static const char *describe_limits(const struct inquiry *inquiry, const struct listing *listing,
                                   char *out, size_t size)
{
    const struct crl *crl = listing->crl;
    char date[CLOCK_TEXT_SIZE];
    if (listing->outcome == VERIFY_OUTCOME_CRL_SCOPE)
        snprintf(out, size, ", a partial CRL: %s",
                 crl_scope_gap(crl, inquiry->attempt->path[inquiry->subject]));
    else if (listing->outcome == VERIFY_OUTCOME_CRL_DELTA)
        snprintf(out, size, ", a delta CRL");
    else if (listing->outcome == VERIFY_OUTCOME_CRL_NOT_YET_VALID)
        snprintf(out, size, ", a CRL that is valid only from %s",
                 clock_format(crl_this_update(crl), date));
    else if (listing->outcome == VERIFY_OUTCOME_CRL_EXPIRED && crl_next_update(crl) == 0)
        snprintf(out, size, ", a CRL that does not say when its successor comes");
    else if (listing->outcome == VERIFY_OUTCOME_CRL_EXPIRED)
        snprintf(out, size, ", a CRL that expired on %s, and no current one is there",
                 clock_format(crl_next_update(crl), date));
    else
        out[0] = '\0';
    return out;
}

static void tell_revoked(const struct inquiry *inquiry, const struct listing *listing)
{
    char described[CERTIFICATE_TEXT_SIZE], date[CLOCK_TEXT_SIZE], limits[200];
    verify_fail(
        inquiry->attempt, VERIFY_OUTCOME_REVOKED, "%s was revoked on %s (%s) according to %s%s",
        verify_describe(inquiry->attempt, inquiry->subject, described),
        clock_format_date(listing->entry.revoked_at, date), crl_reason_name(listing->entry.reason),
        crl_name(listing->crl), describe_limits(inquiry, listing, limits, sizeof limits));
}

static void tell_missing(const struct inquiry *inquiry)
{
    char described[CERTIFICATE_TEXT_SIZE], issuer[260];
    certificate_format_dn(&inquiry->certificate->issuer, issuer, sizeof issuer);
    verify_fail(inquiry->attempt, VERIFY_OUTCOME_NO_CRL,
                "there is no CRL of %s, the issuer of %s, in %s%s", issuer,
                verify_describe(inquiry->attempt, inquiry->subject, described),
                inquiry->request->crl_name != NULL ? inquiry->request->crl_name : "the CRLs given",
                inquiry->request->crl_check == CRL_CHECK_CHAIN
                    ? "; every certificate below the trust anchor needs one (SslCrlCheck=chain)"
                    : "");
}

static void tell_expired(const struct inquiry *inquiry, const char *described)
{
    const struct crl *crl = inquiry->best_crl;
    char limit[CLOCK_TEXT_SIZE], now[CLOCK_TEXT_SIZE];
    clock_format(inquiry->request->at, now);
    if (crl_next_update(crl) == 0)
        verify_fail(inquiry->attempt, inquiry->best,
                    "the CRL in %s, needed for %s, does not say when its successor comes "
                    "(nextUpdate), so that it cannot be told whether it is current",
                    crl_name(crl), described);
    else
        verify_fail(inquiry->attempt, inquiry->best,
                    "the CRL in %s, needed for %s, expired on %s; it is now %s", crl_name(crl),
                    described, clock_format(crl_next_update(crl), limit), now);
}

/* What the CRL lacks, for those outcomes that need no more than that. */
static const char *fault_of(enum verify_outcome outcome)
{
    switch (outcome) {
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
    default:
        return "cannot be used";
    }
}

static void tell_unusable(const struct inquiry *inquiry)
{
    const struct crl *crl = inquiry->best_crl;
    char described[CERTIFICATE_TEXT_SIZE], from[CLOCK_TEXT_SIZE], now[CLOCK_TEXT_SIZE];
    char unknown[300];
    verify_describe(inquiry->attempt, inquiry->subject, described);
    if (inquiry->best == VERIFY_OUTCOME_CRL_EXPIRED)
        tell_expired(inquiry, described);
    else if (inquiry->best == VERIFY_OUTCOME_CRL_NOT_YET_VALID)
        verify_fail(inquiry->attempt, inquiry->best,
                    "the CRL in %s, needed for %s, is valid only from %s; it is now %s",
                    crl_name(crl), described, clock_format(crl_this_update(crl), from),
                    clock_format(inquiry->request->at, now));
    else if (inquiry->best == VERIFY_OUTCOME_CRL_SCOPE)
        verify_fail(inquiry->attempt, inquiry->best, "the CRL in %s does not cover %s: %s",
                    crl_name(crl), described, crl_scope_gap(crl, inquiry->certificate));
    else if (inquiry->best == VERIFY_OUTCOME_CRL_CRITICAL_EXTENSION)
        verify_fail(inquiry->attempt, inquiry->best,
                    "the CRL in %s, needed for %s, has a critical extension that is not "
                    "understood: %s",
                    crl_name(crl), described, crl_describe_unknown(crl, unknown, sizeof unknown));
    else
        verify_fail(inquiry->attempt, inquiry->best, "the CRL in %s, needed for %s, %s",
                    crl_name(crl), described, fault_of(inquiry->best));
}

/* The ends of the used CRLs: of all, and of those that are in the last fifth of their period. */
static void note_end(struct verify_attempt *attempt, const struct crl *crl, time_t at)
{
    time_t end = crl_next_update(crl);
    time_t period = end - crl_this_update(crl);
    if (attempt->crl_next_update == 0 || end < attempt->crl_next_update)
        attempt->crl_next_update = end;
    if (end - at < period / 5 && (attempt->crl_ending == 0 || end < attempt->crl_ending))
        attempt->crl_ending = end;
}

/* A delta that is not older than the complete CRL may say more than it, and is not understood. */
static bool is_delta_newer(const struct inquiry *inquiry)
{
    return inquiry->delta != NULL &&
           crl_this_update(inquiry->delta) >= crl_this_update(inquiry->good);
}

static void conclude(struct inquiry *inquiry)
{
    if (inquiry->good != NULL && is_delta_newer(inquiry)) {
        inquiry->best = VERIFY_OUTCOME_CRL_DELTA;
        inquiry->best_crl = inquiry->delta;
    }
    bool is_good = inquiry->best_crl != NULL && inquiry->best == VERIFY_OUTCOME_COUNT;
    if (inquiry->revoking.crl != NULL)
        tell_revoked(inquiry, &inquiry->revoking);
    else if (!is_good && inquiry->doubtful.crl != NULL)
        tell_revoked(inquiry, &inquiry->doubtful);
    if (inquiry->best_crl == NULL)
        tell_missing(inquiry);
    else if (!is_good)
        tell_unusable(inquiry);
    if (inquiry->good != NULL)
        note_end(inquiry->attempt, inquiry->good, inquiry->request->at);
}

/* Asks the CRLs about path[subject]. */
static void inquire(struct verification *verification, size_t subject, bool may_delegate)
{
    const struct crl_set *crls = verification->request->crls;
    struct inquiry inquiry = {.verification = verification,
                              .request = verification->request,
                              .attempt = &verification->current,
                              .subject = subject,
                              .certificate = verification->current.path[subject],
                              .may_delegate = may_delegate};
    for (size_t i = 0; i < crls->count; i++)
        if (name_is_equal(&inquiry.certificate->issuer, crl_issuer(crls->items[i])))
            try_crl(&inquiry, crls->items[i]);
    conclude(&inquiry);
}

void verify_inquire(struct verification *verification, size_t subject)
{
    inquire(verification, subject, true);
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
        inquire(verification, i, true);
    bool has_asked = verify_check_anchor_revocation(verification) || count > 0;
    if (has_asked)
        attempt->crl_status = attempt->parts[VERIFY_PART_REVOCATION].status == 0
                                  ? ODBCSSL_CRL_GOOD
                                  : ODBCSSL_CRL_NOT_GOOD;
}
