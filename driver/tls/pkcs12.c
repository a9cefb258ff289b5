#include "tls/pkcs12.h"

#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tls/der.h"
#include "tls/pbe.h"

#define OID_PKCS 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01
/* Safe contents inside safe contents. */
#define NESTING_LIMIT 4
#define DIGEST_SIZE_LIMIT 64

static const unsigned char oid_data[] = {OID_PKCS, 7, 1};
static const unsigned char oid_encrypted_data[] = {OID_PKCS, 7, 6};
static const unsigned char oid_x509_certificate[] = {OID_PKCS, 9, 22, 1};
static const unsigned char oid_pbmac1[] = {OID_PKCS, 5, 14};

enum bag_kind { BAG_KEY = 1, BAG_SHROUDED_KEY, BAG_CERTIFICATE, BAG_CRL, BAG_SECRET, BAG_NESTED };

/* The last octet is a bag_kind. */
static const unsigned char oid_bag[] = {OID_PKCS, 12, 10, 1};

struct mac {
    struct der oid;
    struct der digest;
    struct pbe_derivation derivation; /* without digest and password */
};

struct reader {
    const struct store *store;
    const char *candidates[8]; /* passwords that may fit; NULL is one */
    size_t candidate_count;
    bool is_opened; /* a password fitted */
    struct material *material;
    struct error *error;
};

static bool malformed(const struct reader *reader, const char *what)
{
    error_set(reader->error, ODBCSSL_ERROR_FILE_MALFORMED, "%s: the PKCS#12 store is damaged: %s",
              reader->store->name, what);
    return false;
}

static bool unsupported(const struct reader *reader, const struct der *algorithm, const char *what)
{
    struct cursor inside = der_inside(algorithm);
    struct der oid = *algorithm;
    char text[128];
    if (algorithm->tag == DER_TAG_SEQUENCE)
        ber_next(&inside, &oid);
    error_set(reader->error, ODBCSSL_ERROR_FILE_MALFORMED,
              "%s: the PKCS#12 store %s in a way that is not supported here (%s); make it again "
              "with openssl pkcs12 -export -certpbe AES-256-CBC -keypbe AES-256-CBC -macalg SHA256",
              reader->store->name, what, der_format_oid(&oid, text, sizeof text));
    return false;
}

static bool wrong_password(const struct reader *reader)
{
    if (reader->is_opened)
        error_set(reader->error, ODBCSSL_ERROR_KEY_PASSWORD,
                  "%s: a part of the PKCS#12 store has another password than the store itself, "
                  "which is not supported; make it again with one password",
                  reader->store->name);
    else if (reader->store->password != NULL)
        error_set(reader->error, ODBCSSL_ERROR_STORE_PASSWORD,
                  "%s: SslPassword is not the password of this PKCS#12 store, or the file was "
                  "altered",
                  reader->store->name);
    else
        error_set(reader->error, ODBCSSL_ERROR_STORE_PASSWORD,
                  "%s: SslPassword is not set, and the PKCS#12 store has neither an empty password "
                  "nor one of the usual ones (changeit, apsaradb): set SslPassword",
                  reader->store->name);
    return false;
}

/* What became of decrypting, as an error. */
static bool report(const struct reader *reader, enum pbe_outcome outcome,
                   const struct der *algorithm)
{
    switch (outcome) {
    case PBE_DONE:
        return true;
    case PBE_WRONG_PASSWORD:
        return wrong_password(reader);
    case PBE_UNSUPPORTED:
        return unsupported(reader, algorithm, "is encrypted");
    case PBE_MALFORMED:
        return malformed(reader, "its encryption parameters are wrong or beyond all limits");
    case PBE_MEMORY:
        break;
    }
    error_set_memory(reader->error);
    return false;
}

/* The first candidate that decrypts becomes the only one. */
static bool open_encrypted(struct reader *reader, const struct der *algorithm,
                           const struct buffer *bytes, unsigned char **plain_out, size_t *size_out)
{
    enum pbe_outcome outcome = PBE_WRONG_PASSWORD;
    for (size_t i = 0; outcome == PBE_WRONG_PASSWORD && i < reader->candidate_count; i++) {
        const char *password = reader->candidates[i];
        outcome = pbe_decrypt(algorithm, password, buffer_content(bytes), buffer_length(bytes),
                              plain_out, size_out);
        if (outcome == PBE_DONE) {
            reader->candidates[0] = password;
            reader->candidate_count = 1;
            reader->is_opened = true;
        }
    }
    return report(reader, outcome, algorithm);
}

static bool decrypt(struct reader *reader, const struct der *algorithm, const struct der *octets,
                    unsigned char **plain_out, size_t *size_out)
{
    struct buffer bytes = {0};
    bool is_good = ber_append_octets(octets, &bytes) ||
                   malformed(reader, "encrypted bytes are in no known form");
    is_good = is_good && open_encrypted(reader, algorithm, &bytes, plain_out, size_out);
    buffer_free(&bytes);
    return is_good;
}

static bool add_key(struct reader *reader, const unsigned char *bytes, size_t size)
{
    const struct material_key key = {.bytes = (unsigned char *)bytes, .size = size};
    return material_add_key(reader->material, &key, reader->store->name, reader->error);
}

/* EncryptedPrivateKeyInfo */
static bool read_shrouded_key(struct reader *reader, const struct der *value)
{
    material_saw(reader->material, CONTENT_ENCRYPTED_KEY);
    if (!reader->store->wants_keys)
        return true;
    struct cursor inside = der_inside(value);
    struct der algorithm, octets;
    if (!ber_expect(&inside, DER_TAG_SEQUENCE, &algorithm) || !ber_next(&inside, &octets))
        return malformed(reader, "a private key is cut short");
    unsigned char *plain = NULL;
    size_t size = 0;
    if (!decrypt(reader, &algorithm, &octets, &plain, &size))
        return false;
    bool is_added = add_key(reader, plain, size);
    text_wipe(plain, size);
    free(plain);
    return is_added;
}

/* CertBag { OID, [0] { OCTET STRING } } */
static bool read_certificate(struct reader *reader, const struct der *value)
{
    struct cursor inside = der_inside(value);
    struct der oid, wrapper, octets;
    if (!ber_expect(&inside, DER_TAG_OID, &oid) ||
        !ber_expect(&inside, DER_TAG_CONTEXT_CONSTRUCTED(0), &wrapper))
        return malformed(reader, "a certificate is cut short");
    if (!der_is_oid(&oid, oid_x509_certificate, sizeof oid_x509_certificate))
        return malformed(reader, "a certificate is not of type X.509");
    struct cursor wrapped = der_inside(&wrapper);
    struct buffer der = {0};
    bool is_good = ber_next(&wrapped, &octets) && ber_append_octets(&octets, &der);
    if (!is_good)
        malformed(reader, "a certificate is in no known form");
    is_good = is_good &&
              material_add_certificate(reader->material, buffer_content(&der), buffer_length(&der),
                                       reader->store->name, reader->error);
    buffer_free(&der);
    return is_good;
}

static bool read_safe_contents(struct reader *reader, const unsigned char *bytes, size_t size,
                               unsigned depth);

static bool read_bag_value(struct reader *reader, enum bag_kind kind, const struct der *value,
                           unsigned depth)
{
    switch (kind) {
    case BAG_KEY:
        material_saw(reader->material, CONTENT_PRIVATE_KEY);
        return !reader->store->wants_keys || add_key(reader, value->whole, value->whole_size);
    case BAG_SHROUDED_KEY:
        return read_shrouded_key(reader, value);
    case BAG_CERTIFICATE:
        return read_certificate(reader, value);
    case BAG_CRL:
        material_saw(reader->material, CONTENT_CRL);
        return true;
    case BAG_SECRET:
        return true;
    case BAG_NESTED:
        return depth > 0 ? read_safe_contents(reader, value->whole, value->whole_size, depth - 1)
                         : malformed(reader, "it is nested too deeply");
    }
    return malformed(reader, "an entry is of an unknown kind");
}

/* SafeBag { OID, [0] value, attributes } */
static bool read_bag(struct reader *reader, const struct der *bag, unsigned depth)
{
    struct cursor inside = der_inside(bag);
    struct der oid, wrapper, value;
    if (!ber_expect(&inside, DER_TAG_OID, &oid) ||
        !ber_expect(&inside, DER_TAG_CONTEXT_CONSTRUCTED(0), &wrapper))
        return malformed(reader, "an entry is cut short");
    if (oid.size != sizeof oid_bag + 1 || memcmp(oid.content, oid_bag, sizeof oid_bag) != 0)
        return malformed(reader, "an entry is of an unknown kind");
    struct cursor wrapped = der_inside(&wrapper);
    if (!ber_expect(&wrapped, DER_TAG_SEQUENCE, &value))
        return malformed(reader, "an entry is cut short");
    return read_bag_value(reader, (enum bag_kind)oid.content[sizeof oid_bag], &value, depth);
}

static bool read_safe_contents(struct reader *reader, const unsigned char *bytes, size_t size,
                               unsigned depth)
{
    struct cursor cursor = cursor_over(bytes, size);
    struct der list, bag;
    /* A wrong password gives correct padding once in 256 times, and garbage. */
    if (!ber_expect(&cursor, DER_TAG_SEQUENCE, &list))
        return malformed(reader, "a list of entries cannot be read (or SslPassword is wrong)");
    struct cursor inside = der_inside(&list);
    while (ber_next(&inside, &bag))
        if (!read_bag(reader, &bag, depth))
            return false;
    return !inside.is_short || malformed(reader, "a list of entries is cut short");
}

static bool read_plain_contents(struct reader *reader, const struct der *octets)
{
    struct buffer bytes = {0};
    bool is_good = ber_append_octets(octets, &bytes) ||
                   malformed(reader, "a list of entries is in no known form");
    is_good = is_good && read_safe_contents(reader, buffer_content(&bytes), buffer_length(&bytes),
                                            NESTING_LIMIT);
    text_wipe(bytes.storage, bytes.storage != NULL ? bytes.capacity : 0);
    buffer_free(&bytes);
    return is_good;
}

/* EncryptedData { version, { OID, algorithm, [0] octets } } (RFC 2315, 13) */
static bool read_encrypted_contents(struct reader *reader, const struct der *data)
{
    struct cursor inside = der_inside(data);
    struct der version, info, oid, algorithm, octets;
    if (!ber_expect(&inside, DER_TAG_INTEGER, &version) ||
        !ber_expect(&inside, DER_TAG_SEQUENCE, &info))
        return malformed(reader, "an encrypted part is cut short");
    struct cursor content = der_inside(&info);
    if (!ber_expect(&content, DER_TAG_OID, &oid) ||
        !ber_expect(&content, DER_TAG_SEQUENCE, &algorithm) || !ber_next(&content, &octets))
        return malformed(reader, "an encrypted part is cut short");
    unsigned char *plain = NULL;
    size_t size = 0;
    if (!decrypt(reader, &algorithm, &octets, &plain, &size))
        return false;
    bool is_good = read_safe_contents(reader, plain, size, NESTING_LIMIT);
    text_wipe(plain, size);
    free(plain);
    return is_good;
}

/* ContentInfo { OID, [0] content }: *oid_out and the element inside [0]. */
static bool read_content_info(struct cursor *cursor, struct der *oid_out, struct der *content_out)
{
    struct der info, wrapper;
    if (!ber_expect(cursor, DER_TAG_SEQUENCE, &info))
        return false;
    struct cursor inside = der_inside(&info);
    if (!ber_expect(&inside, DER_TAG_OID, oid_out) ||
        !ber_expect(&inside, DER_TAG_CONTEXT_CONSTRUCTED(0), &wrapper))
        return false;
    struct cursor wrapped = der_inside(&wrapper);
    return ber_next(&wrapped, content_out);
}

static bool read_authenticated_safe(struct reader *reader, const struct buffer *bytes)
{
    struct cursor cursor = cursor_over(buffer_content(bytes), buffer_length(bytes));
    struct der list, oid, content;
    if (!ber_expect(&cursor, DER_TAG_SEQUENCE, &list))
        return malformed(reader, "its content cannot be read");
    struct cursor inside = der_inside(&list);
    while (inside.left > 0) {
        if (!read_content_info(&inside, &oid, &content))
            return malformed(reader, "a part is cut short");
        bool is_read = false;
        if (der_is_oid(&oid, oid_data, sizeof oid_data))
            is_read = read_plain_contents(reader, &content);
        else if (der_is_oid(&oid, oid_encrypted_data, sizeof oid_encrypted_data))
            is_read = read_encrypted_contents(reader, &content);
        else
            unsupported(reader, &oid, "is encrypted for a public key, or");
        if (!is_read)
            return false;
    }
    return true;
}

/* MacData { { { OID }, digest }, salt, iterations } */
static bool read_mac(const struct der *data, struct mac *mac)
{
    struct cursor inside = der_inside(data);
    struct der info, algorithm, salt, iterations;
    if (!ber_expect(&inside, DER_TAG_SEQUENCE, &info) ||
        !ber_expect(&inside, DER_TAG_OCTET_STRING, &salt))
        return false;
    struct cursor digest_info = der_inside(&info);
    if (!ber_expect(&digest_info, DER_TAG_SEQUENCE, &algorithm) ||
        !ber_expect(&digest_info, DER_TAG_OCTET_STRING, &mac->digest))
        return false;
    struct cursor identifier = der_inside(&algorithm);
    if (!ber_expect(&identifier, DER_TAG_OID, &mac->oid))
        return false;
    mac->derivation.salt = salt.content;
    mac->derivation.salt_size = salt.size;
    mac->derivation.iterations = 1;
    return !ber_next(&inside, &iterations)
               ? !inside.is_short
               : ber_read_number(&iterations, PBE_ITERATION_LIMIT, &mac->derivation.iterations);
}

static enum pbe_outcome mac_fits(const struct mac *mac, const char *password,
                                 const struct buffer *bytes)
{
    struct pbe_derivation derivation = mac->derivation;
    unsigned char key[DIGEST_SIZE_LIMIT], digest[DIGEST_SIZE_LIMIT];
    size_t size = gnutls_hash_get_len(derivation.digest);
    derivation.password = password;
    enum pbe_outcome outcome = pbe_derive(&derivation, PBE_PURPOSE_MAC, key, size);
    /* The numbers of GnuTLS's digests and of its HMACs are the same. */
    if (outcome == PBE_DONE &&
        gnutls_hmac_fast((gnutls_mac_algorithm_t)derivation.digest, key, size,
                         buffer_content(bytes), buffer_length(bytes), digest) != 0)
        outcome = PBE_UNSUPPORTED;
    text_wipe(key, sizeof key);
    if (outcome == PBE_DONE &&
        (mac->digest.size != size || gnutls_memcmp(digest, mac->digest.content, size) != 0))
        outcome = PBE_WRONG_PASSWORD;
    return outcome;
}

/* Not gnutls_oid_to_digest: its header calls it a function of the pointer alone, so that compilers
 * leave out what fills a buffer for it. */
static gnutls_digest_algorithm_t find_digest(const struct der *oid)
{
    static const struct {
        unsigned char oid[9];
        size_t size;
        gnutls_digest_algorithm_t digest;
    } rows[] = {
        {{0x2b, 0x0e, 0x03, 0x02, 0x1a}, 5, GNUTLS_DIG_SHA1},
        {{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05}, 8, GNUTLS_DIG_MD5},
        {{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04}, 9, GNUTLS_DIG_SHA224},
        {{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01}, 9, GNUTLS_DIG_SHA256},
        {{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02}, 9, GNUTLS_DIG_SHA384},
        {{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03}, 9, GNUTLS_DIG_SHA512},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (der_is_oid(oid, rows[i].oid, rows[i].size))
            return rows[i].digest;
    return GNUTLS_DIG_UNKNOWN;
}

/* The candidate that fits becomes the only one. */
static bool check_mac(struct reader *reader, const struct der *data, const struct buffer *bytes)
{
    struct mac mac = {0};
    if (!read_mac(data, &mac))
        return malformed(reader, "its MAC cannot be read");
    mac.derivation.digest = find_digest(&mac.oid);
    size_t size = mac.derivation.digest != GNUTLS_DIG_UNKNOWN
                      ? gnutls_hash_get_len(mac.derivation.digest)
                      : 0;
    if (der_is_oid(&mac.oid, oid_pbmac1, sizeof oid_pbmac1) || size == 0 ||
        size > DIGEST_SIZE_LIMIT)
        return unsupported(reader, &mac.oid, "has a MAC");
    enum pbe_outcome outcome = PBE_WRONG_PASSWORD;
    for (size_t i = 0; outcome == PBE_WRONG_PASSWORD && i < reader->candidate_count; i++) {
        outcome = mac_fits(&mac, reader->candidates[i], bytes);
        if (outcome == PBE_DONE)
            reader->candidates[0] = reader->candidates[i];
    }
    if (!report(reader, outcome, &mac.oid))
        return false;
    reader->candidate_count = 1;
    reader->is_opened = true;
    return true;
}

static void list_candidates(struct reader *reader)
{
    if (reader->store->password != NULL) {
        reader->candidates[reader->candidate_count++] = reader->store->password;
        return;
    }
    reader->candidates[reader->candidate_count++] = NULL;
    reader->candidates[reader->candidate_count++] = "";
    for (const char *const *password = store_default_passwords; *password != NULL; password++)
        reader->candidates[reader->candidate_count++] = *password;
}

/* PFX { version, ContentInfo, [MacData] } */
static bool read_store(struct reader *reader, struct buffer *bytes)
{
    struct cursor cursor = cursor_over(reader->store->bytes, reader->store->size);
    struct der whole, version, oid, content, mac;
    if (!ber_expect(&cursor, DER_TAG_SEQUENCE, &whole))
        return malformed(reader, "it is cut short");
    struct cursor inside = der_inside(&whole);
    if (!ber_expect(&inside, DER_TAG_INTEGER, &version) ||
        !read_content_info(&inside, &oid, &content))
        return malformed(reader, "it is cut short");
    if (!der_is_oid(&oid, oid_data, sizeof oid_data))
        return unsupported(reader, &oid, "is signed");
    if (!ber_append_octets(&content, bytes))
        return malformed(reader, "its content is in no known form");
    if (ber_next(&inside, &mac) && !check_mac(reader, &mac, bytes))
        return false;
    return !inside.is_short ? read_authenticated_safe(reader, bytes)
                            : malformed(reader, "its MAC is cut short");
}

bool pkcs12_read(const struct store *store, struct material *material, struct error *error)
{
    struct reader reader = {.store = store, .material = material, .error = error};
    struct buffer bytes = {0};
    list_candidates(&reader);
    material_saw(material, CONTENT_PKCS12);
    bool is_read = read_store(&reader, &bytes);
    text_wipe(bytes.storage, bytes.storage != NULL ? bytes.capacity : 0);
    buffer_free(&bytes);
    return is_read;
}
