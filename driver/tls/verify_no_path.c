/*
 * verify_no_path.c - why there is no path from the server's certificate to a trust anchor: the end
 * of the way for verify_path.c when it found none. It follows the chain as far as signatures lead
 * and looks at who is named as the issuer there, since an intermediate that was not sent, a wrong
 * SslRootCert and a forged certificate are cured in different places.
 */
#include <string.h>

#include "tls/verify_parts.h"

#define ALGORITHM_SIZE 80
#define NAME_SIZE 260

/* The issuers by name of the last certificate of the path, in the chain and among the anchors. */
struct issuers {
    unsigned count;
    unsigned of_other_key_id;
    bool is_in_path;                  /* one that made the signature stands in the path already */
    const struct certificate *signer; /* the first one in the chain that made the signature */
    /* One that did not. */
    const struct certificate *other;
    bool is_other_anchor;
    enum signature_verdict verdict;
};

static void look_at(struct verification *verification, const struct certificate *candidate,
                    bool is_anchor, struct issuers *issuers)
{
    const struct verify_attempt *attempt = &verification->current;
    const struct certificate *last = attempt->path[attempt->path_count - 1];
    if (certificate_is_same(candidate, last) || !certificate_is_issued_by(last, candidate))
        return;
    bool has_other_key_id = certificate_has_other_key_id(last, candidate);
    issuers->count++;
    issuers->of_other_key_id += has_other_key_id;
    enum signature_verdict verdict = issuers->of_other_key_id <= VERIFY_OTHER_KEY_LIMIT
                                         ? verify_try_signature(verification, last, candidate)
                                         : SIGNATURE_WRONG;
    if (verdict == SIGNATURE_GOOD && verify_is_in_path(attempt, candidate))
        issuers->is_in_path = true;
    else if (verdict == SIGNATURE_GOOD && issuers->signer == NULL)
        issuers->signer = candidate;
    else if (verdict != SIGNATURE_GOOD && (issuers->other == NULL || !has_other_key_id)) {
        issuers->other = candidate;
        issuers->is_other_anchor = is_anchor;
        issuers->verdict = verdict;
    }
}

static struct issuers find_issuers(struct verification *verification)
{
    const struct verify_attempt *attempt = &verification->current;
    const struct certificate *last = attempt->path[attempt->path_count - 1], *anchor = NULL;
    const struct trust_certificates *anchors = &verification->request->trust->anchors;
    struct issuers issuers = {0};
    for (size_t i = 1; i < verification->chain_count; i++)
        look_at(verification, &verification->chain[i], false, &issuers);
    while ((anchor = trust_find_issuer(anchors, last, anchor)) != NULL)
        look_at(verification, anchor, true, &issuers);
    return issuers;
}

/* An issuer is there, and its key did not make the signature. */
static void report_signature(struct verification *verification, const struct issuers *issuers,
                             const char *described)
{
    struct verify_attempt *attempt = &verification->current;
    const struct certificate *last = attempt->path[attempt->path_count - 1];
    const char *place = issuers->is_other_anchor ? verification->request->trust->name : "the chain";
    char issuer[CERTIFICATE_TEXT_SIZE], algorithm[ALGORITHM_SIZE], name[NAME_SIZE];
    certificate_describe(issuers->other, false, issuer, sizeof issuer);
    signature_format_algorithm(&last->signature.algorithm, algorithm, sizeof algorithm);
    if (issuers->verdict == SIGNATURE_UNSUPPORTED)
        verify_fail(attempt, VERIFY_OUTCOME_SIGNATURE_ALGORITHM,
                    "the signature of %s cannot be checked: its algorithm, %s, is not supported, "
                    "or has parameters that are not",
                    described, algorithm);
    else if (issuers->verdict == SIGNATURE_KEY_UNSUPPORTED)
        verify_fail(attempt, VERIFY_OUTCOME_SIGNATURE_ALGORITHM,
                    "the signature of %s cannot be checked: the key of %s in %s is malformed or "
                    "not supported",
                    described, issuer, place);
    else if (issuers->verdict == SIGNATURE_KEY_TOO_LARGE)
        verify_fail(attempt, VERIFY_OUTCOME_SIGNATURE_ALGORITHM,
                    "the signature of %s is not checked: the key of %s in %s is too large; up to "
                    "%d bits, and %d of an RSA key's exponent, are tried",
                    described, issuer, place, SIGNATURE_KEY_LIMIT, SIGNATURE_EXPONENT_LIMIT);
    else if (issuers->of_other_key_id == issuers->count)
        verify_fail(attempt, VERIFY_OUTCOME_ISSUER_UNKNOWN,
                    "%s was issued by %s, of which a certificate is known, but with another key "
                    "than the one that is named as the issuer's (trust anchors: %s)",
                    described, certificate_format_dn(&last->issuer, name, sizeof name),
                    verification->request->trust->name);
    else if (issuers->count - issuers->of_other_key_id > 1)
        verify_fail(attempt, VERIFY_OUTCOME_SIGNATURE,
                    "the signature (%s) of %s is wrong: it was made with the key of none of the %u "
                    "certificates of %s in the chain and in %s",
                    algorithm, described, issuers->count,
                    certificate_format_dn(&last->issuer, name, sizeof name),
                    verification->request->trust->name);
    else
        verify_fail(attempt, VERIFY_OUTCOME_SIGNATURE,
                    "the signature (%s) of %s is wrong: it was not made with the key of %s in %s",
                    algorithm, described, issuer, place);
}

static void report_issuer(struct verification *verification, const struct issuers *issuers)
{
    struct verify_attempt *attempt = &verification->current;
    const struct trust *trust = verification->request->trust;
    size_t last = attempt->path_count - 1;
    char described[CERTIFICATE_TEXT_SIZE], server[CERTIFICATE_TEXT_SIZE], name[NAME_SIZE];
    verify_describe(attempt, last, described);
    certificate_format_dn(&attempt->path[last]->issuer, name, sizeof name);
    if (issuers->other != NULL)
        report_signature(verification, issuers, described);
    else if (issuers->is_in_path)
        verify_fail(attempt, VERIFY_OUTCOME_LOOP,
                    "the chain of %s is a loop: %s was issued by %s, which stands below it "
                    "already, and none of them is among the %zu trust anchor(s) of %s",
                    verify_describe(attempt, 0, server), described, name, trust->anchors.count,
                    trust->name);
    else if (!certificate_is_self_issued(attempt->path[last]))
        verify_fail(attempt, VERIFY_OUTCOME_ISSUER_UNKNOWN,
                    "%s was issued by %s, which is neither among the %zu trust anchor(s) of %s nor "
                    "among the %zu certificate(s) that the server sent; an intermediate "
                    "certificate may be missing there",
                    described, name, trust->anchors.count, trust->name, verification->chain_count);
    else if (last == 0)
        verify_fail(attempt, VERIFY_OUTCOME_SELF_SIGNED,
                    "%s is self-signed, and is not itself among the %zu trust anchor(s) of %s",
                    described, trust->anchors.count, trust->name);
    else
        verify_fail(attempt, VERIFY_OUTCOME_ISSUER_UNKNOWN,
                    "the chain of %s ends in the self-signed %s, which is not among the %zu trust "
                    "anchor(s) of %s",
                    verify_describe(attempt, 0, server), described, trust->anchors.count,
                    trust->name);
}

void verify_explain_no_path(struct verification *verification)
{
    struct verify_attempt *attempt = &verification->current;
    struct issuers issuers = find_issuers(verification);
    while (issuers.signer != NULL && attempt->path_count < VERIFY_PATH_LIMIT) {
        attempt->path[attempt->path_count++] = issuers.signer;
        issuers = find_issuers(verification);
    }
    report_issuer(verification, &issuers);
}
