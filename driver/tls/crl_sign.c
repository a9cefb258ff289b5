#include <string.h>

#include "tls/crl_parts.h"

static bool find_verdict(struct crl *crl, const unsigned char *key_id, bool *is_signed_out)
{
    bool is_found = false;
    pthread_mutex_lock(&crl->lock);
    for (size_t i = 0; i < crl->verdict_count && !is_found; i++) {
        is_found = memcmp(crl->verdicts[i].key_id, key_id, sizeof crl->verdicts[i].key_id) == 0;
        if (is_found)
            *is_signed_out = crl->verdicts[i].is_signed;
    }
    pthread_mutex_unlock(&crl->lock);
    return is_found;
}

static void keep_verdict(struct crl *crl, const unsigned char *key_id, bool is_signed)
{
    pthread_mutex_lock(&crl->lock);
    if (crl->verdict_count < CRL_VERDICT_COUNT) {
        struct crl_verdict *verdict = &crl->verdicts[crl->verdict_count++];
        memcpy(verdict->key_id, key_id, sizeof verdict->key_id);
        verdict->is_signed = is_signed;
    }
    pthread_mutex_unlock(&crl->lock);
}

bool crl_is_signed_by(const struct crl *crl, const struct certificate *issuer, bool *is_weak_out)
{
    /* Only the lock and the verdicts behind it change: the CRL is the same to everybody. */
    struct crl *shared = (struct crl *)crl;
    unsigned char key_id[32];
    bool is_signed = false;
    if (is_weak_out != NULL)
        *is_weak_out = signature_is_weak(&crl->algorithm);
    if (!certificate_key_digest(issuer, key_id))
        return false;
    if (find_verdict(shared, key_id, &is_signed))
        return is_signed;
    const struct signature signature = {crl->algorithm, crl->signature, crl->tbs};
    is_signed = signature_check(&signature, &issuer->public_key) == SIGNATURE_GOOD;
    keep_verdict(shared, key_id, is_signed);
    return is_signed;
}
