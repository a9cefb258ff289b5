/*
 * signature.c - from AlgorithmIdentifier, key and bytes to a verdict, for verify_path.c and
 * crl_sign.c. GnuTLS computes; what it would not look at is looked at here: salts of RSA-PSS of
 * any size (RFC 4055), keys so large that a server could keep us busy with them, and those that are
 * none, with which the arithmetic below GnuTLS ends the process.
 */
#include "tls/signature.h"

#include <stdio.h>
#include <string.h>

#define OID_RSA_PSS "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"
#define OID_MGF1 "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08"

/* What can be computed with; whether a key is strong enough is another question. */
#define RSA_LEAST_BITS 128
#define DSA_LEAST_BITS 512
#define DSA_MOST_BITS 4096
#define DSA_DIVISOR_LEAST_BITS 128
#define DSA_DIVISOR_MOST_BITS 256

/* RFC 4055, 3.1: what a field that is left out stands for. */
#define DEFAULT_SALT_SIZE 20

#define ROW(oid, name)                                                                             \
    {                                                                                              \
        oid, sizeof(oid) - 1, GNUTLS_SIGN_##name                                                   \
    }

/* Not gnutls_oid_to_sign: its header calls it a function of the pointer alone, so that compilers
 * leave out what fills a buffer for it. */
static const struct {
    const char *oid;
    size_t oid_size;
    gnutls_sign_algorithm_t algorithm;
} algorithm_rows[] = {
    ROW("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", RSA_MD5),
    ROW("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", RSA_SHA1),
    ROW("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", RSA_SHA256),
    ROW("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", RSA_SHA384),
    ROW("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", RSA_SHA512),
    ROW("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e", RSA_SHA224),
    ROW("\x60\x86\x48\x01\x65\x03\x04\x03\x0e", RSA_SHA3_256),
    ROW("\x60\x86\x48\x01\x65\x03\x04\x03\x0f", RSA_SHA3_384),
    ROW("\x60\x86\x48\x01\x65\x03\x04\x03\x10", RSA_SHA3_512),
    ROW("\x2a\x86\x48\xce\x3d\x04\x01", ECDSA_SHA1),
    ROW("\x2a\x86\x48\xce\x3d\x04\x03\x01", ECDSA_SHA224),
    ROW("\x2a\x86\x48\xce\x3d\x04\x03\x02", ECDSA_SHA256),
    ROW("\x2a\x86\x48\xce\x3d\x04\x03\x03", ECDSA_SHA384),
    ROW("\x2a\x86\x48\xce\x3d\x04\x03\x04", ECDSA_SHA512),
    ROW("\x60\x86\x48\x01\x65\x03\x04\x03\x0a", ECDSA_SHA3_256),
    ROW("\x60\x86\x48\x01\x65\x03\x04\x03\x0b", ECDSA_SHA3_384),
    ROW("\x60\x86\x48\x01\x65\x03\x04\x03\x0c", ECDSA_SHA3_512),
    ROW("\x2a\x86\x48\xce\x38\x04\x03", DSA_SHA1),
    ROW("\x60\x86\x48\x01\x65\x03\x04\x03\x01", DSA_SHA224),
    ROW("\x60\x86\x48\x01\x65\x03\x04\x03\x02", DSA_SHA256),
    ROW("\x2b\x65\x70", EDDSA_ED25519),
    ROW("\x2b\x65\x71", EDDSA_ED448),
};

#define HASH_ROW(number, size)                                                                     \
    {                                                                                              \
        "\x60\x86\x48\x01\x65\x03\x04\x02" number, 9, GNUTLS_DIG_SHA##size,                        \
            GNUTLS_SIGN_RSA_PSS_SHA##size                                                          \
    }

static const struct hash_row {
    const char *oid;
    size_t oid_size;
    gnutls_digest_algorithm_t digest;
    gnutls_sign_algorithm_t algorithm; /* RSA-PSS with it */
} hash_rows[] = {
    HASH_ROW("\x01", 256),
    HASH_ROW("\x02", 384),
    HASH_ROW("\x03", 512),
};

struct algorithm {
    gnutls_sign_algorithm_t id; /* GNUTLS_SIGN_UNKNOWN: not supported */
    gnutls_digest_algorithm_t pss_digest;
    unsigned pss_salt_size;
};

bool signature_read(const struct der *sequence, struct signature *signature_out)
{
    struct cursor fields = der_inside(sequence);
    return der_expect(&fields, DER_TAG_SEQUENCE, &signature_out->signed_bytes) &&
           der_expect(&fields, DER_TAG_SEQUENCE, &signature_out->algorithm) &&
           der_expect(&fields, DER_TAG_BIT_STRING, &signature_out->bits) && der_is_at_end(&fields);
}

/* AlgorithmIdentifier ::= SEQUENCE { algorithm, parameters OPTIONAL }, parameters behind it. */
static bool open_identifier(const struct der *identifier, struct der *oid_out,
                            struct cursor *parameters_out)
{
    *parameters_out = der_inside(identifier);
    return identifier->tag == DER_TAG_SEQUENCE && der_expect(parameters_out, DER_TAG_OID, oid_out);
}

static const struct hash_row *find_hash(const struct der *identifier)
{
    struct cursor parameters;
    struct der oid;
    if (open_identifier(identifier, &oid, &parameters))
        for (size_t i = 0; i < sizeof hash_rows / sizeof hash_rows[0]; i++)
            if (der_is_oid(&oid, hash_rows[i].oid, hash_rows[i].oid_size))
                return &hash_rows[i];
    return NULL;
}

/* [number] EXPLICIT of one element, when it comes next. */
static bool unwrap(struct cursor *fields, unsigned number, struct der *inner_out)
{
    struct der wrapper;
    if (!der_optional(fields, DER_TAG_CONTEXT_CONSTRUCTED(number), &wrapper))
        return false;
    struct cursor inside = der_inside(&wrapper);
    if (der_next(&inside, inner_out) && der_is_at_end(&inside))
        return true;
    fields->is_short = true;
    return false;
}

/* RSASSA-PSS-params (RFC 4055, 3.1): a hash, which the mask has to use too, and the salt's size.
 * The defaults, SHA-1, are not supported. */
static struct algorithm read_pss(struct cursor *parameters)
{
    static const struct algorithm unknown = {0};
    struct der sequence, hash, mask, salt, trailer, oid;
    struct cursor mask_parameters;
    unsigned salt_size = DEFAULT_SALT_SIZE, trailer_number = 1;
    if (!der_expect(parameters, DER_TAG_SEQUENCE, &sequence) || !der_is_at_end(parameters))
        return unknown;
    struct cursor fields = der_inside(&sequence);
    if (!unwrap(&fields, 0, &hash) || !unwrap(&fields, 1, &mask) ||
        !open_identifier(&mask, &oid, &mask_parameters) || !DER_IS_OID(&oid, OID_MGF1) ||
        !der_next(&mask_parameters, &mask))
        return unknown;
    if (unwrap(&fields, 2, &salt) && !der_read_number(&salt, &salt_size))
        return unknown;
    if (unwrap(&fields, 3, &trailer) && !der_read_number(&trailer, &trailer_number))
        return unknown;
    const struct hash_row *row = find_hash(&hash);
    if (row == NULL || row != find_hash(&mask) || trailer_number != 1 || !der_is_at_end(&fields))
        return unknown;
    return (struct algorithm){row->algorithm, row->digest, salt_size};
}

static struct algorithm read_algorithm(const struct der *identifier)
{
    struct algorithm algorithm = {GNUTLS_SIGN_UNKNOWN, GNUTLS_DIG_UNKNOWN, 0};
    struct cursor parameters;
    struct der oid;
    if (!open_identifier(identifier, &oid, &parameters))
        return algorithm;
    if (DER_IS_OID(&oid, OID_RSA_PSS))
        return read_pss(&parameters);
    for (size_t i = 0; i < sizeof algorithm_rows / sizeof algorithm_rows[0]; i++)
        if (der_is_oid(&oid, algorithm_rows[i].oid, algorithm_rows[i].oid_size))
            algorithm.id = algorithm_rows[i].algorithm;
    return algorithm;
}

int signature_import_key(const struct der *public_key, gnutls_pubkey_t *key_out)
{
    const gnutls_datum_t der = {(unsigned char *)public_key->whole,
                                (unsigned)public_key->whole_size};
    gnutls_pubkey_t key = NULL;
    int result = gnutls_pubkey_init(&key);
    if (result >= 0)
        result = gnutls_pubkey_import(key, &der, GNUTLS_X509_FMT_DER);
    if (result < 0) {
        gnutls_pubkey_deinit(key);
        key = NULL;
    }
    *key_out = key;
    return result;
}

static unsigned bits_of(const gnutls_datum_t *number)
{
    unsigned skipped = 0, top = 0;
    while (skipped < number->size && number->data[skipped] == 0)
        skipped++;
    if (skipped == number->size)
        return 0;
    while (number->data[skipped] >> top != 0)
        top++;
    return (number->size - skipped - 1) * 8 + top;
}

/* No modulus is even, nor an exponent of RSA; and GMP divides by a modulus, which stops the process
 * when that is zero. */
static enum signature_verdict judge_number(const gnutls_datum_t *number, unsigned least,
                                           unsigned most)
{
    unsigned bits = bits_of(number);
    if (bits > most)
        return SIGNATURE_KEY_TOO_LARGE;
    bool is_odd = bits > 0 && number->data[number->size - 1] % 2 != 0;
    return is_odd && bits >= least ? SIGNATURE_GOOD : SIGNATURE_KEY_UNSUPPORTED;
}

/* Of both numbers of a key. */
static enum signature_verdict join(enum signature_verdict first, enum signature_verdict second)
{
    return first == SIGNATURE_KEY_TOO_LARGE || second == SIGNATURE_GOOD ? first : second;
}

static enum signature_verdict judge_rsa(gnutls_pubkey_t key)
{
    gnutls_datum_t modulus = {0}, exponent = {0};
    if (gnutls_pubkey_export_rsa_raw(key, &modulus, &exponent) < 0)
        return SIGNATURE_UNCHECKED;
    enum signature_verdict verdict =
        join(judge_number(&modulus, RSA_LEAST_BITS, SIGNATURE_KEY_LIMIT),
             judge_number(&exponent, 2, SIGNATURE_EXPONENT_LIMIT));
    gnutls_free(modulus.data);
    gnutls_free(exponent.data);
    return verdict;
}

/* FIPS 186-4, 4.2: q has up to 256 bits. */
static enum signature_verdict judge_dsa(gnutls_pubkey_t key)
{
    gnutls_datum_t prime = {0}, divisor = {0};
    if (gnutls_pubkey_export_dsa_raw(key, &prime, &divisor, NULL, NULL) < 0)
        return SIGNATURE_UNCHECKED;
    enum signature_verdict verdict =
        join(judge_number(&prime, DSA_LEAST_BITS, DSA_MOST_BITS),
             judge_number(&divisor, DSA_DIVISOR_LEAST_BITS, DSA_DIVISOR_MOST_BITS));
    gnutls_free(prime.data);
    gnutls_free(divisor.data);
    return verdict;
}

enum signature_verdict signature_judge_key(gnutls_pubkey_t key)
{
    unsigned bits = 0;
    switch (gnutls_pubkey_get_pk_algorithm(key, &bits)) {
    case GNUTLS_PK_RSA:
    case GNUTLS_PK_RSA_PSS:
        return judge_rsa(key);
    case GNUTLS_PK_DSA:
        return judge_dsa(key);
    default:
        return bits <= SIGNATURE_KEY_LIMIT ? SIGNATURE_GOOD : SIGNATURE_KEY_TOO_LARGE;
    }
}

/* GnuTLS takes a salt of the hash's size unless the key says otherwise. A key that is for RSA-PSS
 * alone may allow only some hash and salts (RFC 4055, 3.1): false then. */
static bool set_salt(gnutls_pubkey_t key, const struct algorithm *algorithm)
{
    gnutls_x509_spki_t parameters = NULL;
    gnutls_digest_algorithm_t digest = GNUTLS_DIG_UNKNOWN;
    unsigned least = 0;
    if (gnutls_x509_spki_init(&parameters) < 0)
        return false;
    bool is_limited = gnutls_pubkey_get_pk_algorithm(key, NULL) == GNUTLS_PK_RSA_PSS &&
                      gnutls_pubkey_get_spki(key, parameters, 0) >= 0 &&
                      gnutls_x509_spki_get_rsa_pss_params(parameters, &digest, &least) >= 0 &&
                      digest != GNUTLS_DIG_UNKNOWN;
    bool is_set =
        !is_limited || (digest == algorithm->pss_digest && algorithm->pss_salt_size >= least);
    if (is_set) {
        gnutls_x509_spki_set_rsa_pss_params(parameters, algorithm->pss_digest,
                                            algorithm->pss_salt_size);
        is_set = gnutls_pubkey_set_spki(key, parameters, 0) >= 0;
    }
    gnutls_x509_spki_deinit(parameters);
    return is_set;
}

static enum signature_verdict check_with(gnutls_pubkey_t key, const struct algorithm *algorithm,
                                         const struct signature *signature)
{
    const gnutls_datum_t content = {(unsigned char *)signature->signed_bytes.whole,
                                    (unsigned)signature->signed_bytes.whole_size};
    /* The first octet of a BIT STRING counts unused bits. */
    const gnutls_datum_t bits = {(unsigned char *)signature->bits.content + 1,
                                 (unsigned)signature->bits.size - 1};
    bool is_pss = algorithm->pss_digest != GNUTLS_DIG_UNKNOWN;
    int found = gnutls_pubkey_get_pk_algorithm(key, NULL);
    bool fits = is_pss ? found == GNUTLS_PK_RSA || found == GNUTLS_PK_RSA_PSS
                       : found == (int)gnutls_sign_get_pk_algorithm(algorithm->id);
    if (!fits)
        return SIGNATURE_KEY_MISMATCH;
    enum signature_verdict verdict = signature_judge_key(key);
    if (verdict != SIGNATURE_GOOD)
        return verdict;
    if (is_pss && !set_salt(key, algorithm))
        return SIGNATURE_KEY_MISMATCH;
    int result =
        gnutls_pubkey_verify_data2(key, algorithm->id, GNUTLS_VERIFY_ALLOW_BROKEN, &content, &bits);
    if (result == GNUTLS_E_MEMORY_ERROR)
        return SIGNATURE_UNCHECKED;
    return result >= 0 ? SIGNATURE_GOOD : SIGNATURE_WRONG;
}

enum signature_verdict signature_check(const struct signature *signature,
                                       const struct der *public_key)
{
    struct algorithm algorithm = read_algorithm(&signature->algorithm);
    if (algorithm.id == GNUTLS_SIGN_UNKNOWN)
        return SIGNATURE_UNSUPPORTED;
    if (signature->bits.size < 2 || signature->bits.content[0] != 0)
        return SIGNATURE_WRONG;
    gnutls_pubkey_t key;
    int result = signature_import_key(public_key, &key);
    if (result < 0)
        return result == GNUTLS_E_MEMORY_ERROR ? SIGNATURE_UNCHECKED : SIGNATURE_KEY_UNSUPPORTED;
    enum signature_verdict verdict = check_with(key, &algorithm, signature);
    gnutls_pubkey_deinit(key);
    return verdict;
}

bool signature_is_weak(const struct der *algorithm)
{
    return !gnutls_sign_is_secure2(read_algorithm(algorithm).id, GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS);
}

const char *signature_format_algorithm(const struct der *algorithm, char *out, size_t out_size)
{
    struct algorithm read = read_algorithm(algorithm);
    struct cursor parameters;
    struct der oid;
    if (read.id != GNUTLS_SIGN_UNKNOWN)
        snprintf(out, out_size, "%s", gnutls_sign_get_name(read.id));
    else if (!open_identifier(algorithm, &oid, &parameters))
        snprintf(out, out_size, "(malformed)");
    else
        der_format_oid(&oid, out, out_size);
    return out;
}
