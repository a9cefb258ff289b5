#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>

#include "tls/verify_parts.h"

/* Complete paths that are checked, and certificates that are looked at on the way: cross-signed CAs
 * have a few paths, a hostile chain could have factorially many. */
#define ATTEMPT_LIMIT 16
#define STEP_LIMIT 256

struct search {
    struct verification *verification;
    unsigned attempts;
    unsigned steps;
};

static bool is_same_certificate(gnutls_x509_crt_t a, gnutls_x509_crt_t b)
{
    return gnutls_x509_crt_equals(a, b) != 0;
}

static bool is_in_path(const struct verify_attempt *attempt, gnutls_x509_crt_t certificate)
{
    for (size_t i = 0; i < attempt->path_count; i++)
        if (is_same_certificate(attempt->path[i], certificate))
            return true;
    return false;
}

static bool is_anchor(const struct trust *trust, gnutls_x509_crt_t certificate)
{
    for (size_t i = 0; i < trust->anchor_count; i++)
        if (is_same_certificate(trust->anchors[i], certificate))
            return true;
    return false;
}

/* By names and key identifiers; signatures are checked over the whole path. */
static bool is_issued_by(gnutls_x509_crt_t certificate, gnutls_x509_crt_t issuer)
{
    return gnutls_x509_crt_check_issuer(certificate, issuer) != 0;
}

static void keep_best(struct verification *verification)
{
    const struct verify_attempt *current = &verification->current;
    if (verification->has_best && current->status != 0 &&
        current->outcome <= verification->best.outcome)
        return;
    verification->best = *current;
    verification->has_best = true;
}

static bool is_accepted(const struct verification *verification)
{
    return verification->has_best && verification->best.status == 0;
}

/* Empties what was found, keeps the path. */
static void start_attempt(struct verify_attempt *attempt)
{
    attempt->status = 0;
    attempt->outcome = VERIFY_OUTCOME_COUNT;
    error_clear(&attempt->error);
    attempt->crl_status = ODBCSSL_CRL_NOT_CHECKED;
    attempt->crl_next_update = 0;
    attempt->crl_ending = 0;
}

static void try_path(struct search *search, bool is_complete)
{
    search->attempts++;
    start_attempt(&search->verification->current);
    verify_check_path(search->verification, is_complete);
    keep_best(search->verification);
}

static bool is_search_over(const struct search *search)
{
    return is_accepted(search->verification) || search->attempts >= ATTEMPT_LIMIT ||
           search->steps >= STEP_LIMIT;
}

static void try_anchors(struct search *search, gnutls_x509_crt_t last)
{
    struct verify_attempt *current = &search->verification->current;
    const struct trust *trust = search->verification->request->trust;
    for (size_t i = 0; i < trust->anchor_count && !is_search_over(search); i++) {
        if (!is_issued_by(last, trust->anchors[i]))
            continue;
        current->path[current->path_count++] = trust->anchors[i];
        try_path(search, true);
        current->path_count--;
    }
}

/* Goes on from the last certificate of the current path; its depth is bounded by the chain's
 * length, because no certificate stands in a path twice. */
static void extend_path(struct search *search)
{
    struct verification *verification = search->verification;
    struct verify_attempt *current = &verification->current;
    gnutls_x509_crt_t last = current->path[current->path_count - 1];
    search->steps++;
    if (is_anchor(verification->request->trust, last)) {
        try_path(search, true);
        return;
    }
    try_anchors(search, last);
    for (size_t i = 1; i < verification->chain_count && !is_search_over(search); i++) {
        gnutls_x509_crt_t candidate = verification->chain[i];
        if (is_in_path(current, candidate) || !is_issued_by(last, candidate))
            continue;
        current->path[current->path_count++] = candidate;
        extend_path(search);
        current->path_count--;
    }
}

/* No path reaches an anchor: the longest straight way through the chain, to tell where it ends. */
static void follow_issuers(struct verification *verification)
{
    struct verify_attempt *current = &verification->current;
    bool is_longer = true;
    while (is_longer) {
        gnutls_x509_crt_t last = current->path[current->path_count - 1];
        is_longer = false;
        for (size_t i = 1; i < verification->chain_count && !is_longer; i++) {
            gnutls_x509_crt_t candidate = verification->chain[i];
            is_longer = !is_in_path(current, candidate) && is_issued_by(last, candidate);
            if (is_longer)
                current->path[current->path_count++] = candidate;
        }
    }
}

static bool is_issuer_name(gnutls_x509_crt_t certificate, gnutls_x509_crt_t issuer)
{
    gnutls_datum_t wanted = {0}, found = {0};
    bool is_same = gnutls_x509_crt_get_raw_issuer_dn(certificate, &wanted) >= 0 &&
                   gnutls_x509_crt_get_raw_dn(issuer, &found) >= 0 &&
                   certificate_is_same_name(&wanted, &found);
    gnutls_free(wanted.data);
    gnutls_free(found.data);
    return is_same;
}

static bool has_issuer_of_other_key(const struct verification *verification, gnutls_x509_crt_t last)
{
    const struct trust *trust = verification->request->trust;
    for (size_t i = 0; i < trust->anchor_count; i++)
        if (is_issuer_name(last, trust->anchors[i]))
            return true;
    for (size_t i = 1; i < verification->chain_count; i++)
        if (verification->chain[i] != last && is_issuer_name(last, verification->chain[i]))
            return true;
    return false;
}

static void tell_unknown_issuer(struct verification *verification, const char *described)
{
    struct verify_attempt *current = &verification->current;
    gnutls_x509_crt_t last = current->path[current->path_count - 1];
    char issuer[260];
    certificate_format_issuer(last, issuer, sizeof issuer);
    if (has_issuer_of_other_key(verification, last))
        verify_fail(current, VERIFY_OUTCOME_ISSUER_UNKNOWN,
                    "%s was issued by %s, of which a certificate is known, but with another key "
                    "than the one that is named as the issuer's (trust anchors: %s)",
                    described, issuer, verification->request->trust->name);
    else
        verify_fail(
            current, VERIFY_OUTCOME_ISSUER_UNKNOWN,
            "%s was issued by %s, which is neither among the %zu trust anchor(s) of %s nor "
            "among the %zu certificate(s) that the server sent; an intermediate certificate "
            "may be missing there",
            described, issuer, verification->request->trust->anchor_count,
            verification->request->trust->name, verification->chain_count);
}

static void tell_untrusted(struct verification *verification)
{
    struct verify_attempt *current = &verification->current;
    const struct trust *trust = verification->request->trust;
    size_t last = current->path_count - 1;
    char described[CERTIFICATE_TEXT_SIZE], server[CERTIFICATE_TEXT_SIZE];
    verify_describe(current, last, described);
    if (!certificate_is_self_issued(current->path[last]))
        tell_unknown_issuer(verification, described);
    else if (last == 0)
        verify_fail(current, VERIFY_OUTCOME_SELF_SIGNED,
                    "%s is self-signed, and is not itself among the %zu trust anchor(s) of %s",
                    described, trust->anchor_count, trust->name);
    else
        verify_fail(current, VERIFY_OUTCOME_ISSUER_UNKNOWN,
                    "the chain of %s ends in the self-signed %s, which is not among the %zu trust "
                    "anchor(s) of %s",
                    verify_describe(current, 0, server), described, trust->anchor_count,
                    trust->name);
}

static void tell_no_path(struct search *search)
{
    struct verification *verification = search->verification;
    struct verify_attempt *current = &verification->current;
    start_attempt(current);
    if (search->steps >= STEP_LIMIT)
        verify_fail(current, VERIFY_OUTCOME_UNTRUSTED,
                    "the server's %zu certificates can be put together in too many ways; no path "
                    "to a trust anchor of %s was among the first %d",
                    verification->chain_count, verification->request->trust->name, STEP_LIMIT);
    follow_issuers(verification);
    tell_untrusted(verification);
    verify_check_path(verification, false);
    keep_best(verification);
    verification->best.path_count = 0;
}

void verify_find_path(struct verification *verification)
{
    struct search search = {.verification = verification};
    verification->current.path[0] = verification->chain[0];
    verification->current.path_count = 1;
    extend_path(&search);
    if (!verification->has_best)
        tell_no_path(&search);
}
