#include "tls/pbe.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define OID_PKCS12_PBE 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01
#define OID_PKCS5 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05
#define OID_RSADSI 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d
#define OID_NIST_AES 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01

#define KEY_SIZE_LIMIT 32
#define BLOCK_SIZE_LIMIT 16
#define DIGEST_SIZE_LIMIT 64
#define DIGEST_BLOCK_LIMIT 128

static const unsigned char oid_pbes2[] = {OID_PKCS5, 13};
static const unsigned char oid_pbkdf2[] = {OID_PKCS5, 12};

struct cipher_row {
    unsigned char oid[16];
    size_t oid_size;
    gnutls_cipher_algorithm_t cipher;
};

static const struct cipher_row pkcs12_schemes[] = {
    {{OID_PKCS12_PBE, 1}, 10, GNUTLS_CIPHER_ARCFOUR_128},
    {{OID_PKCS12_PBE, 3}, 10, GNUTLS_CIPHER_3DES_CBC},
    {{OID_PKCS12_PBE, 6}, 10, GNUTLS_CIPHER_RC2_40_CBC},
};

static const struct cipher_row pbes2_ciphers[] = {
    {{OID_RSADSI, 3, 7}, 8, GNUTLS_CIPHER_3DES_CBC},
    {{OID_NIST_AES, 2}, 9, GNUTLS_CIPHER_AES_128_CBC},
    {{OID_NIST_AES, 22}, 9, GNUTLS_CIPHER_AES_192_CBC},
    {{OID_NIST_AES, 42}, 9, GNUTLS_CIPHER_AES_256_CBC},
};

static const struct {
    unsigned char oid[8];
    gnutls_mac_algorithm_t mac;
} pbkdf2_macs[] = {
    {{OID_RSADSI, 2, 7}, GNUTLS_MAC_SHA1},    {{OID_RSADSI, 2, 8}, GNUTLS_MAC_SHA224},
    {{OID_RSADSI, 2, 9}, GNUTLS_MAC_SHA256},  {{OID_RSADSI, 2, 10}, GNUTLS_MAC_SHA384},
    {{OID_RSADSI, 2, 11}, GNUTLS_MAC_SHA512},
};

/* What decrypts. */
struct opener {
    gnutls_cipher_algorithm_t cipher;
    unsigned char key[KEY_SIZE_LIMIT];
    size_t key_size;
    unsigned char iv[BLOCK_SIZE_LIMIT];
    size_t iv_size;
};

/* The password as BMPString with its terminator (RFC 7292, B.1); nothing for a NULL password. */
static bool bmp_password(const char *password, unsigned char **out, size_t *size_out)
{
    *out = NULL;
    *size_out = 0;
    if (password == NULL)
        return true;
    size_t units = 0;
    uint16_t *wide = text_to_utf16(password, strlen(password), &units);
    unsigned char *bytes = wide != NULL ? malloc(2 * units + 2) : NULL;
    for (size_t i = 0; bytes != NULL && i <= units; i++) {
        bytes[2 * i] = (unsigned char)(wide[i] >> 8);
        bytes[2 * i + 1] = (unsigned char)wide[i];
    }
    text_wipe(wide, wide != NULL ? 2 * units : 0);
    free(wide);
    *out = bytes;
    *size_out = bytes != NULL ? 2 * units + 2 : 0;
    return bytes != NULL;
}

static size_t round_up(size_t size, size_t block)
{
    return (size + block - 1) / block * block;
}

/* Repeats a pattern over out. */
static void fill(unsigned char *out, size_t size, const unsigned char *pattern, size_t pattern_size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = pattern[i % pattern_size];
}

/* number = number + addend + 1, modulo its size (RFC 7292, B.2, step 6C). */
static void add_and_one(unsigned char *number, const unsigned char *addend, size_t size)
{
    unsigned carry = 1;
    for (size_t i = size; i > 0; i--) {
        carry += (unsigned)number[i - 1] + addend[i - 1];
        number[i - 1] = (unsigned char)carry;
        carry >>= 8;
    }
}

/* The loop of RFC 7292, B.2. input is purpose block, salt and password; it is changed. */
static bool derive_blocks(const struct pbe_derivation *derivation, unsigned char *input,
                          size_t input_size, size_t block, unsigned char *out, size_t out_size)
{
    size_t digest_size = gnutls_hash_get_len(derivation->digest);
    unsigned char digest[DIGEST_SIZE_LIMIT], addend[DIGEST_BLOCK_LIMIT];
    bool is_good = true;
    for (size_t done = 0; is_good && done < out_size; done += digest_size) {
        is_good = gnutls_hash_fast(derivation->digest, input, input_size, digest) == 0;
        for (unsigned long i = 1; is_good && i < derivation->iterations; i++)
            is_good = gnutls_hash_fast(derivation->digest, digest, digest_size, digest) == 0;
        size_t wanted = out_size - done < digest_size ? out_size - done : digest_size;
        memcpy(out + done, digest, wanted);
        fill(addend, block, digest, digest_size);
        for (size_t at = block; at < input_size; at += block)
            add_and_one(input + at, addend, block);
    }
    text_wipe(digest, sizeof digest);
    text_wipe(addend, sizeof addend);
    return is_good;
}

static enum pbe_outcome derive(const struct pbe_derivation *derivation, enum pbe_purpose purpose,
                               const unsigned char *password, size_t password_size,
                               unsigned char *out, size_t out_size)
{
    size_t block = gnutls_hash_get_len(derivation->digest) > 32 ? 128 : 64;
    size_t salt_size = round_up(derivation->salt_size, block);
    size_t size = block + salt_size + round_up(password_size, block);
    unsigned char *input = malloc(size);
    if (input == NULL)
        return PBE_MEMORY;
    memset(input, purpose, block);
    fill(input + block, salt_size, derivation->salt, derivation->salt_size);
    fill(input + block + salt_size, size - block - salt_size, password, password_size);
    bool is_good = derive_blocks(derivation, input, size, block, out, out_size);
    text_wipe(input, size);
    free(input);
    return is_good ? PBE_DONE : PBE_UNSUPPORTED;
}

enum pbe_outcome pbe_derive(const struct pbe_derivation *derivation, enum pbe_purpose purpose,
                            unsigned char *out, size_t out_size)
{
    size_t digest_size = gnutls_hash_get_len(derivation->digest);
    if (digest_size == 0 || digest_size > DIGEST_SIZE_LIMIT)
        return PBE_UNSUPPORTED;
    if (derivation->salt_size > PBE_PASSWORD_LIMIT || derivation->iterations == 0 ||
        derivation->iterations > PBE_ITERATION_LIMIT)
        return PBE_MALFORMED;
    if (derivation->password != NULL && strlen(derivation->password) > PBE_PASSWORD_LIMIT)
        return PBE_WRONG_PASSWORD;
    unsigned char *password;
    size_t password_size;
    if (!bmp_password(derivation->password, &password, &password_size))
        return PBE_MEMORY;
    enum pbe_outcome outcome = derive(derivation, purpose, password, password_size, out, out_size);
    text_wipe(password, password_size);
    free(password);
    return outcome;
}

static const struct cipher_row *find_cipher(const struct cipher_row *rows, size_t count,
                                            const struct der *oid)
{
    for (size_t i = 0; i < count; i++)
        if (der_is_oid(oid, rows[i].oid, rows[i].oid_size))
            return &rows[i];
    return NULL;
}

/* Salt and iterations, which both schemes begin with. */
static bool read_salt(struct cursor *cursor, struct pbe_derivation *derivation)
{
    struct der salt, iterations;
    if (!ber_expect(cursor, DER_TAG_OCTET_STRING, &salt) ||
        !ber_expect(cursor, DER_TAG_INTEGER, &iterations) ||
        !ber_read_number(&iterations, PBE_ITERATION_LIMIT, &derivation->iterations))
        return false;
    derivation->salt = salt.content;
    derivation->salt_size = salt.size;
    return derivation->iterations > 0 && salt.size <= PBE_PASSWORD_LIMIT;
}

static enum pbe_outcome open_pkcs12(gnutls_cipher_algorithm_t cipher, struct cursor *parameters,
                                    const char *password, struct opener *opener)
{
    struct pbe_derivation derivation = {.digest = GNUTLS_DIG_SHA1, .password = password};
    struct der sequence;
    if (!ber_expect(parameters, DER_TAG_SEQUENCE, &sequence))
        return PBE_MALFORMED;
    struct cursor inside = der_inside(&sequence);
    if (!read_salt(&inside, &derivation))
        return PBE_MALFORMED;
    opener->cipher = cipher;
    opener->key_size = gnutls_cipher_get_key_size(cipher);
    opener->iv_size = gnutls_cipher_get_iv_size(cipher);
    enum pbe_outcome outcome =
        pbe_derive(&derivation, PBE_PURPOSE_KEY, opener->key, opener->key_size);
    if (outcome == PBE_DONE && opener->iv_size > 0)
        outcome = pbe_derive(&derivation, PBE_PURPOSE_IV, opener->iv, opener->iv_size);
    return outcome;
}

/* PBKDF2-params: salt, iterations, [key length], [pseudo-random function: HMAC-SHA-1]. */
static enum pbe_outcome read_pbkdf2(const struct der *parameters, struct pbe_derivation *derivation,
                                    gnutls_mac_algorithm_t *mac)
{
    struct cursor inside = der_inside(parameters);
    struct der next, oid;
    if (!read_salt(&inside, derivation))
        return PBE_MALFORMED;
    *mac = GNUTLS_MAC_SHA1;
    if (ber_next(&inside, &next) && next.tag == DER_TAG_INTEGER)
        ber_next(&inside, &next);
    if (next.tag == 0)
        return inside.is_short ? PBE_MALFORMED : PBE_DONE;
    struct cursor function = der_inside(&next);
    if (!ber_expect(&function, DER_TAG_OID, &oid))
        return PBE_MALFORMED;
    for (size_t i = 0; i < sizeof pbkdf2_macs / sizeof pbkdf2_macs[0]; i++)
        if (der_is_oid(&oid, pbkdf2_macs[i].oid, sizeof pbkdf2_macs[i].oid)) {
            *mac = pbkdf2_macs[i].mac;
            return PBE_DONE;
        }
    return PBE_UNSUPPORTED;
}

static enum pbe_outcome derive_pbkdf2(const struct der *scheme, const char *password,
                                      struct opener *opener)
{
    struct cursor inside = der_inside(scheme);
    struct der oid, parameters;
    if (!ber_expect(&inside, DER_TAG_OID, &oid))
        return PBE_MALFORMED;
    if (!der_is_oid(&oid, oid_pbkdf2, sizeof oid_pbkdf2))
        return PBE_UNSUPPORTED;
    if (!ber_expect(&inside, DER_TAG_SEQUENCE, &parameters))
        return PBE_MALFORMED;
    struct pbe_derivation derivation = {0};
    gnutls_mac_algorithm_t mac;
    enum pbe_outcome outcome = read_pbkdf2(&parameters, &derivation, &mac);
    if (outcome != PBE_DONE)
        return outcome;
    const char *text = password != NULL ? password : "";
    const gnutls_datum_t secret = {(unsigned char *)text, (unsigned)strlen(text)};
    const gnutls_datum_t salt = {(unsigned char *)derivation.salt, (unsigned)derivation.salt_size};
    return gnutls_pbkdf2(mac, &secret, &salt, (unsigned)derivation.iterations, opener->key,
                         opener->key_size) == 0
               ? PBE_DONE
               : PBE_UNSUPPORTED;
}

static enum pbe_outcome open_pbes2(struct cursor *parameters, const char *password,
                                   struct opener *opener)
{
    struct der sequence, derivation, encryption, oid, iv;
    if (!ber_expect(parameters, DER_TAG_SEQUENCE, &sequence))
        return PBE_MALFORMED;
    struct cursor inside = der_inside(&sequence);
    if (!ber_expect(&inside, DER_TAG_SEQUENCE, &derivation) ||
        !ber_expect(&inside, DER_TAG_SEQUENCE, &encryption))
        return PBE_MALFORMED;
    struct cursor scheme = der_inside(&encryption);
    if (!ber_expect(&scheme, DER_TAG_OID, &oid))
        return PBE_MALFORMED;
    const struct cipher_row *row =
        find_cipher(pbes2_ciphers, sizeof pbes2_ciphers / sizeof pbes2_ciphers[0], &oid);
    if (row == NULL)
        return PBE_UNSUPPORTED;
    opener->cipher = row->cipher;
    opener->key_size = gnutls_cipher_get_key_size(row->cipher);
    opener->iv_size = gnutls_cipher_get_iv_size(row->cipher);
    if (!ber_expect(&scheme, DER_TAG_OCTET_STRING, &iv) || iv.size != opener->iv_size)
        return PBE_MALFORMED;
    memcpy(opener->iv, iv.content, iv.size);
    return derive_pbkdf2(&derivation, password, opener);
}

static enum pbe_outcome make_opener(const struct der *algorithm, const char *password,
                                    struct opener *opener)
{
    struct cursor inside = der_inside(algorithm);
    struct der oid;
    if (algorithm->tag != DER_TAG_SEQUENCE || !ber_expect(&inside, DER_TAG_OID, &oid))
        return PBE_MALFORMED;
    if (der_is_oid(&oid, oid_pbes2, sizeof oid_pbes2))
        return open_pbes2(&inside, password, opener);
    const struct cipher_row *row =
        find_cipher(pkcs12_schemes, sizeof pkcs12_schemes / sizeof pkcs12_schemes[0], &oid);
    if (row == NULL)
        return PBE_UNSUPPORTED;
    return open_pkcs12(row->cipher, &inside, password, opener);
}

/* RFC 8018, 6.1.1, step 4. */
static bool remove_padding(const unsigned char *plain, size_t *size, size_t block)
{
    size_t padding = *size > 0 ? plain[*size - 1] : 0;
    if (padding == 0 || padding > block || padding > *size)
        return false;
    for (size_t i = *size - padding; i < *size; i++)
        if (plain[i] != padding)
            return false;
    *size -= padding;
    return true;
}

static enum pbe_outcome decrypt(struct opener *opener, unsigned char *bytes, size_t *size)
{
    size_t block = gnutls_cipher_get_block_size(opener->cipher);
    if (block > 1 && (*size == 0 || *size % block != 0))
        return PBE_MALFORMED;
    gnutls_cipher_hd_t handle;
    const gnutls_datum_t key = {opener->key, (unsigned)opener->key_size};
    const gnutls_datum_t iv = {opener->iv, (unsigned)opener->iv_size};
    if (gnutls_cipher_init(&handle, opener->cipher, &key, &iv) != 0)
        return PBE_UNSUPPORTED;
    int outcome = gnutls_cipher_decrypt(handle, bytes, *size);
    gnutls_cipher_deinit(handle);
    if (outcome != 0)
        return PBE_UNSUPPORTED;
    return block <= 1 || remove_padding(bytes, size, block) ? PBE_DONE : PBE_WRONG_PASSWORD;
}

enum pbe_outcome pbe_decrypt(const struct der *algorithm, const char *password,
                             const unsigned char *bytes, size_t size, unsigned char **plain_out,
                             size_t *plain_size_out)
{
    struct opener opener = {0};
    size_t plain_size = size;
    unsigned char *plain = NULL;
    enum pbe_outcome outcome = make_opener(algorithm, password, &opener);
    if (outcome == PBE_DONE) {
        plain = malloc(size + 1);
        outcome = plain != NULL ? PBE_DONE : PBE_MEMORY;
    }
    if (outcome == PBE_DONE) {
        if (size > 0)
            memcpy(plain, bytes, size);
        outcome = decrypt(&opener, plain, &plain_size);
    }
    text_wipe(&opener, sizeof opener);
    if (outcome != PBE_DONE) {
        text_wipe(plain, plain != NULL ? size : 0);
        free(plain);
        plain = NULL;
    }
    *plain_out = plain;
    *plain_size_out = plain != NULL ? plain_size : 0;
    return outcome;
}
