/*
 * verify_crl.c - whose a CRL is, and whose key signed it, within limits: for verify_revocation.c
 * and verify_anchor.c. A CA in the wrong hands can put many certificates into a chain that may have
 * signed a CRL, and to check one signature is to hash the whole CRL.
 */
#include "tls/verify_parts.h"

/* Bytes of CRLs that are hashed for one chain: so much, and each CRL so many times. Honest chains
 * have one key for each CRL, or as many as a CA of one name had, and an answer is kept
 * (crl_sign.c). */
#define HASHED_BYTES ((size_t)32 << 20)
#define HASHED_TIMES CRL_VERDICT_COUNT

/* Bytes of names, and of other things that take time, that count as one comparison more. */
#define STEP 16

bool verify_spend(struct verification *verification, size_t size)
{
    verification->work += 1 + size / STEP;
    if (verification->work > VERIFY_WORK_LIMIT)
        verification->is_work_over = verification->is_over_limit = true;
    return !verification->is_over_limit;
}

bool verify_is_named(struct verification *verification, const struct der *name, uint64_t hash,
                     const struct der *other, uint64_t other_hash)
{
    if (hash != other_hash)
        return false;
    bool is_same = der_equal(name, other);
    return verify_spend(verification, is_same ? 0 : name->size + other->size) &&
           name_is_equal(name, other);
}

bool verify_is_crl_of(struct verification *verification, const struct crl *crl,
                      const struct certificate *certificate)
{
    return verify_is_named(verification, &certificate->issuer, certificate->issuer_hash,
                           &crl->issuer, crl->issuer_hash);
}

bool verify_may_sign(struct verification *verification, const struct crl *crl,
                     const struct certificate *signer)
{
    return (signer->key_usage & GNUTLS_KEY_CRL_SIGN) != 0 &&
           verify_is_named(verification, &signer->subject, signer->subject_hash, &crl->issuer,
                           crl->issuer_hash);
}

/* NULL: it was not asked for yet. */
static const struct verify_crl_verdict *find_verdict(const struct verification *verification,
                                                     const struct crl *crl, const struct der *key)
{
    const struct verify_crl_verdict *verdicts = verification->crl_verdicts;
    for (size_t i = 0; i < verification->crl_verdict_count; i++)
        if (verdicts[i].crl == crl && der_equal(&verdicts[i].key, key))
            return &verdicts[i];
    return NULL;
}

/* Added up once for a chain: there may be many thousands of CRLs, each of which asks. */
static size_t find_hash_limit(struct verification *verification)
{
    const struct crl_set *crls = verification->request->crls;
    if (verification->hash_limit == 0) {
        verification->hash_limit = HASHED_BYTES;
        for (size_t i = 0; i < crls->count; i++)
            verification->hash_limit += HASHED_TIMES * crls->items[i]->size;
    }
    return verification->hash_limit;
}

/* false: one more CRL is too much. */
static bool spend_hashing(struct verification *verification, const struct crl *crl)
{
    bool is_within = !verification->is_over_limit &&
                     verification->hashed + crl->size <= find_hash_limit(verification);
    if (is_within)
        verification->hashed += crl->size;
    else
        verification->is_work_over = verification->is_over_limit = true;
    return is_within;
}

bool verify_is_crl_signed_by(struct verification *verification, const struct crl *crl,
                             const struct certificate *signer)
{
    const struct der *key = &signer->public_key;
    bool is_signed = false;
    if (!verify_spend(verification, 0))
        return false;
    const struct verify_crl_verdict *found = find_verdict(verification, crl, key);
    if (found != NULL)
        return found->is_signed;
    if (crl_is_answered(crl, signer, &is_signed))
        return is_signed;
    if (!verify_spend(verification, key->whole_size) || !spend_hashing(verification, crl))
        return false;
    is_signed = crl_is_signed_by(crl, signer);
    if (verification->crl_verdict_count < VERIFY_CRL_VERDICT_COUNT)
        verification->crl_verdicts[verification->crl_verdict_count++] =
            (struct verify_crl_verdict){crl, *key, is_signed};
    return is_signed;
}
