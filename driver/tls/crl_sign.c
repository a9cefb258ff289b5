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

/* A signature that is good takes the place of one that is not: a server can show many keys. */
static void keep_verdict(struct crl *crl, const unsigned char *key_id, bool is_signed)
{
    size_t place = 0;
    verdicts_lock();
    if (crl->verdict_count < CRL_VERDICT_COUNT)
        place = crl->verdict_count++;
    else
        while (place < CRL_VERDICT_COUNT && (!is_signed || crl->verdicts[place].is_signed))
            place++;
    if (place < CRL_VERDICT_COUNT) {
        memcpy(crl->verdicts[place].key_id, key_id, sizeof crl->verdicts[place].key_id);
        crl->verdicts[place].is_signed = is_signed;
    }
    verdicts_unlock();
}

bool crl_is_answered(const struct crl *crl, const struct certificate *issuer, bool *is_signed_out)
{
    unsigned char key_id[CERTIFICATE_DIGEST_SIZE];
    return certificate_key_digest(issuer, key_id) &&
           find_verdict((struct crl *)crl, key_id, is_signed_out);
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
    if (verdict != SIGNATURE_UNCHECKED)
        keep_verdict(shared, key_id, is_signed);
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
