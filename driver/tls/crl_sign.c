#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "tls/crl_parts.h"

#define OID_RSA_PSS "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"
#define OID_SHA256 "\x60\x86\x48\x01\x65\x03\x04\x02\x01"
#define OID_SHA384 "\x60\x86\x48\x01\x65\x03\x04\x02\x02"
#define OID_SHA512 "\x60\x86\x48\x01\x65\x03\x04\x02\x03"

struct algorithm_row {
    const char *oid;
    size_t oid_size;
    gnutls_sign_algorithm_t algorithm;
};

#define ROW(oid, name)                                                                             \
    {                                                                                              \
        oid, sizeof(oid) - 1, GNUTLS_SIGN_##name                                                   \
    }

/* Not gnutls_oid_to_sign: its header calls it a function of the pointer alone, so that compilers
 * leave out what fills a buffer for it. */
static const struct algorithm_row algorithm_rows[] = {
    ROW("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", RSA_MD5),
    ROW("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", RSA_SHA1),
    ROW("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", RSA_SHA256),
    ROW("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", RSA_SHA384),
    ROW("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", RSA_SHA512),
    ROW("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e", RSA_SHA224),
    ROW("\x2a\x86\x48\xce\x3d\x04\x01", ECDSA_SHA1),
    ROW("\x2a\x86\x48\xce\x3d\x04\x03\x01", ECDSA_SHA224),
    ROW("\x2a\x86\x48\xce\x3d\x04\x03\x02", ECDSA_SHA256),
    ROW("\x2a\x86\x48\xce\x3d\x04\x03\x03", ECDSA_SHA384),
    ROW("\x2a\x86\x48\xce\x3d\x04\x03\x04", ECDSA_SHA512),
    ROW("\x2a\x86\x48\xce\x38\x04\x03", DSA_SHA1),
    ROW("\x60\x86\x48\x01\x65\x03\x04\x03\x02", DSA_SHA256),
    ROW("\x2b\x65\x70", EDDSA_ED25519),
    ROW("\x2b\x65\x71", EDDSA_ED448),
};

/* RSASSA-PSS-params ::= SEQUENCE { [0] hashAlgorithm DEFAULT sha1, ... } (RFC 4055, 3.1) */
static gnutls_sign_algorithm_t read_pss(struct cursor *parameters)
{
    struct der sequence, hash, identifier, oid;
    if (!der_expect(parameters, DER_TAG_SEQUENCE, &sequence))
        return GNUTLS_SIGN_UNKNOWN;
    struct cursor inside = der_inside(&sequence);
    if (!der_optional(&inside, DER_TAG_CONTEXT_CONSTRUCTED(0), &hash))
        return GNUTLS_SIGN_UNKNOWN;
    struct cursor wrapped = der_inside(&hash);
    if (!der_expect(&wrapped, DER_TAG_SEQUENCE, &identifier))
        return GNUTLS_SIGN_UNKNOWN;
    struct cursor fields = der_inside(&identifier);
    if (!der_expect(&fields, DER_TAG_OID, &oid))
        return GNUTLS_SIGN_UNKNOWN;
    if (DER_IS_OID(&oid, OID_SHA256))
        return GNUTLS_SIGN_RSA_PSS_SHA256;
    if (DER_IS_OID(&oid, OID_SHA384))
        return GNUTLS_SIGN_RSA_PSS_SHA384;
    return DER_IS_OID(&oid, OID_SHA512) ? GNUTLS_SIGN_RSA_PSS_SHA512 : GNUTLS_SIGN_UNKNOWN;
}

static gnutls_sign_algorithm_t algorithm_of(const struct crl *crl)
{
    struct cursor fields = der_inside(&crl->algorithm);
    struct der oid;
    if (!der_expect(&fields, DER_TAG_OID, &oid))
        return GNUTLS_SIGN_UNKNOWN;
    if (DER_IS_OID(&oid, OID_RSA_PSS))
        return read_pss(&fields);
    for (size_t i = 0; i < sizeof algorithm_rows / sizeof algorithm_rows[0]; i++)
        if (der_is_oid(&oid, algorithm_rows[i].oid, algorithm_rows[i].oid_size))
            return algorithm_rows[i].algorithm;
    return GNUTLS_SIGN_UNKNOWN;
}

static bool verify_signature(const struct crl *crl, gnutls_x509_crt_t issuer)
{
    gnutls_sign_algorithm_t algorithm = algorithm_of(crl);
    gnutls_pubkey_t key = NULL;
    gnutls_datum_t signed_bytes = {(unsigned char *)crl->tbs.whole, (unsigned)crl->tbs.whole_size};
    /* The first octet of a BIT STRING counts unused bits. */
    gnutls_datum_t signature = {(unsigned char *)crl->signature.content + 1,
                                (unsigned)crl->signature.size - 1};
    if (algorithm == GNUTLS_SIGN_UNKNOWN || gnutls_pubkey_init(&key) < 0)
        return false;
    /* Weak algorithms are told apart by the caller, not called forged. */
    bool is_signed = gnutls_pubkey_import_x509(key, issuer, 0) >= 0 &&
                     gnutls_pubkey_verify_data2(key, algorithm, GNUTLS_VERIFY_ALLOW_BROKEN,
                                                &signed_bytes, &signature) >= 0;
    gnutls_pubkey_deinit(key);
    return is_signed;
}

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

bool crl_is_signed_by(const struct crl *crl, gnutls_x509_crt_t issuer, bool *is_weak_out)
{
    /* Only the lock and the verdicts behind it change: the CRL is the same to everybody. */
    struct crl *shared = (struct crl *)crl;
    unsigned char key_id[32];
    size_t size = sizeof key_id;
    bool is_signed = false;
    if (is_weak_out != NULL)
        *is_weak_out =
            !gnutls_sign_is_secure2(algorithm_of(crl), GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS);
    if (gnutls_x509_crt_get_key_id(issuer, GNUTLS_KEYID_USE_SHA256, key_id, &size) < 0)
        return false;
    if (find_verdict(shared, key_id, &is_signed))
        return is_signed;
    is_signed = verify_signature(crl, issuer);
    keep_verdict(shared, key_id, is_signed);
    return is_signed;
}
