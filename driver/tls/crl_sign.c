/*
 * crl_sign.c - whether an issuer signed a CRL, for verify_revocation.c at every handshake. To check
 * means to hash the whole CRL, which may have megabytes, so the answer is kept per issuer key.
 */
#include <string.h>

#include "base/fork.h"
#include "tls/crl_parts.h"

/* Of all CRLs: it is held for a few comparisons. */
FORK_GUARDED_LOCK(verdicts)

static bool find_verdict(struct crl *crl, const unsigned char *key_id, bool *is_signed_out)
{
    bool is_found = false;
    verdicts_lock();
    for (size_t i = 0; i < crl->verdict_count && !is_found; i++) {
        is_found = memcmp(crl->verdicts[i].key_id, key_id, sizeof crl->verdicts[i].key_id) == 0;
        if (is_found)
            *is_signed_out = crl->verdicts[i].is_signed;
    }
    verdicts_unlock();
    return is_found;
}

bool crl_is_signed_by(const struct crl *crl, const struct certificate *issuer)
{
    /* Only the lock and the verdicts behind it change: the CRL is the same to everybody. */
    struct crl *shared = (struct crl *)crl;
    unsigned char key_id[CERTIFICATE_DIGEST_SIZE];
    bool is_signed = false;
    if (!certificate_key_digest(issuer, key_id))
        return false;
    if (find_verdict(shared, key_id, &is_signed))
        return is_signed;
    enum signature_verdict verdict = signature_check(&crl->signature, &issuer->public_key);
    is_signed = verdict == SIGNATURE_GOOD;
    verdicts_lock();
    if (verdict != SIGNATURE_UNCHECKED && crl->verdict_count < CRL_VERDICT_COUNT) {
        struct crl_verdict *kept = &shared->verdicts[shared->verdict_count++];
        memcpy(kept->key_id, key_id, sizeof kept->key_id);
        kept->is_signed = is_signed;
    }
    verdicts_unlock();
    return is_signed;
}

void crl_forget_refusals(const struct crl_set *set)
{
    verdicts_lock();
    for (size_t i = 0; i < set->count; i++) {
        struct crl *crl = set->items[i];
        size_t kept = 0;
        for (size_t k = 0; k < crl->verdict_count; k++)
            if (crl->verdicts[k].is_signed)
                crl->verdicts[kept++] = crl->verdicts[k];
        crl->verdict_count = kept;
    }
    verdicts_unlock();
}
