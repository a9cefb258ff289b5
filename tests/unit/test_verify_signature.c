/* The verifier: signatures with parameters, keys that allow only some (RFC 4055), and keys that are
 * none. */
#include <string.h>

#include "support/der.h"
#include "unit/verify_world.h"

static struct pki_certificate *root; /* an RSA key of 2048 bits */

static int set_up(void)
{
    root = pki_issue(&(struct pki_spec){.common_name = "R", .is_ca = true, .key = PKI_KEY_RSA});
    return world_set_up() != 0 || root == NULL;
}

#define SIGNATURE_SIZE 256

/* RSA-PSS with SHA-256 by the root's key. */
static bool sign_pss(const gnutls_datum_t *data, unsigned salt, gnutls_datum_t *signature_out)
{
    gnutls_privkey_t key = NULL;
    gnutls_x509_spki_t parameters = NULL;
    bool is_signed = gnutls_privkey_init(&key) >= 0 && gnutls_x509_spki_init(&parameters) >= 0 &&
                     gnutls_privkey_import_x509(key, root->key, GNUTLS_PRIVKEY_IMPORT_COPY) >= 0;
    if (is_signed) {
        gnutls_x509_spki_set_rsa_pss_params(parameters, GNUTLS_DIG_SHA256, salt);
        is_signed = gnutls_privkey_set_spki(key, parameters, 0) >= 0 &&
                    gnutls_privkey_sign_data2(key, GNUTLS_SIGN_RSA_PSS_SHA256, 0, data,
                                              signature_out) >= 0 &&
                    signature_out->size == SIGNATURE_SIZE;
    }
    gnutls_x509_spki_deinit(parameters);
    gnutls_privkey_deinit(key);
    return is_signed;
}

/* Changes both AlgorithmIdentifiers of a certificate, and signs it again with this salt: all that
 * is wrong with it are the parameters. */
static bool change_parameters(struct pki_certificate *certificate, const char *find,
                              const char *put, size_t size, unsigned salt)
{
    gnutls_datum_t der = pki_der(certificate), signature = {0};
    struct buffer out = {0};
    unsigned count = 0;
    buffer_append(&out, der.data, der.size);
    gnutls_free(der.data);
    unsigned char *bytes = buffer_content(&out), *place = bytes;
    size_t length = buffer_length(&out);
    while ((place = memmem(place, length - (size_t)(place - bytes), find, size)) != NULL) {
        memcpy(place, put, size);
        place += size;
        count++;
    }
    /* Both the certificate and its signed part have a length of two octets. */
    const gnutls_datum_t data = {bytes + 4, 4u + (bytes[6] << 8 | bytes[7])};
    bool is_changed = count == 2 && sign_pss(&data, salt, &signature);
    if (is_changed) {
        memcpy(bytes + length - SIGNATURE_SIZE, signature.data, SIGNATURE_SIZE);
        is_changed = pki_set_bytes(certificate, &out);
    }
    gnutls_free(signature.data);
    buffer_free(&out);
    return is_changed;
}

#define BYTES(find, put) find, put, sizeof(put) - 1
#define MASK "\x2a\x86\x48\x86\xf7\x0d\x01\x01"                 /* and 8: MGF1 */
#define HASH "\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02" /* and 1: SHA-256 */
#define SALT "\xa2\x03\x02\x01\x20"

enum verdict { GOOD, WRONG, UNSUPPORTED };

/* RSASSA-PSS-params with SHA-256, MGF1 of it and a salt of 32 octets, one thing of which is
 * different. GnuTLS signs with no shorter salts. */
static const struct {
    const char *find, *put;
    size_t size;
    unsigned salt;
    enum verdict verdict;
} parameter_rows[] = {
    {BYTES(SALT, SALT), 32, GOOD},
    {BYTES(SALT, "\xa2\x03\x02\x01\x28"), 40, GOOD},
    {BYTES(SALT, SALT), 40, WRONG},
    {BYTES(SALT, "\xa2\x03\x02\x01\x28"), 32, WRONG},
    /* No salt, which is 20, and the one trailer that there is; others. */
    {BYTES(SALT, "\xa3\x03\x02\x01\x01"), 32, WRONG},
    {BYTES(SALT, "\xa3\x03\x02\x01\x02"), 32, UNSUPPORTED},
    {BYTES(SALT, "\xa3\x03\x04\x01\x01"), 32, UNSUPPORTED},
    {BYTES(SALT, "\xa4\x03\x02\x01\x01"), 32, UNSUPPORTED},
    /* A salt that is no number, or negative, or more than one. */
    {BYTES(SALT, "\xa2\x03\x04\x01\x20"), 32, UNSUPPORTED},
    {BYTES(SALT, "\xa2\x03\x02\x01\xe0"), 32, UNSUPPORTED},
    {BYTES(SALT, "\xa2\x03\x02\x00\x20"), 32, UNSUPPORTED},
    /* The hash or the mask left out, which is SHA-1, or another mask. */
    {BYTES("\xa0\x0d" HASH, "\xa5\x0d" HASH), 32, UNSUPPORTED},
    {BYTES("\xa1\x1a\x30\x18", "\xa5\x1a\x30\x18"), 32, UNSUPPORTED},
    {BYTES(MASK "\x08", MASK "\x07"), 32, UNSUPPORTED},
    /* One hash for the content, and another one for the mask. */
    {BYTES("\xa0\x0d" HASH "\x01", "\xa0\x0d" HASH "\x02"), 32, UNSUPPORTED},
    {BYTES(MASK "\x08" HASH "\x01", MASK "\x08" HASH "\x02"), 32, UNSUPPORTED},
    /* No SEQUENCE. */
    {BYTES("\x30\x30\xa0\x0d", "\x31\x30\xa0\x0d"), 32, UNSUPPORTED},
};

CASE("parameters of RSA-PSS")
{
    static const enum odbcssl_error errors[] = {
        ODBCSSL_ERROR_NONE, ODBCSSL_ERROR_CERTIFICATE_SIGNATURE, ODBCSSL_ERROR_UNTRUSTED};
    static const char *const parts[] = {
        NULL, "is wrong: it was not made with the key of CA certificate CN=R",
        "cannot be checked: its algorithm, 1.2.840.113549.1.1.10, is not supported, or has "
        "parameters that are not"};
    for (size_t i = 0; i < sizeof parameter_rows / sizeof parameter_rows[0]; i++) {
        enum verdict verdict = parameter_rows[i].verdict;
        struct pki_certificate *server =
            pki_issue(&(struct pki_spec){.common_name = "db", .issuer = root, .pss_salt = 32});
        CHECK_FATAL(change_parameters(server, parameter_rows[i].find, parameter_rows[i].put,
                                      parameter_rows[i].size, parameter_rows[i].salt));
        struct scene scene = {.chain = CHAIN(server), .anchor = root};
        scene_expect(&scene, verdict == GOOD ? 0 : ODBCSSL_VERIFY_UNTRUSTED, errors[verdict],
                     parts[verdict], __FILE__, (unsigned)(1000 + i));
    }
}

/* The root's key as one for RSA-PSS alone, with one hash and salts from a size on; the server's
 * certificate has SHA-256. */
CASE("a key that allows only some hash and salts")
{
    static const struct {
        gnutls_digest_algorithm_t hash;
        unsigned limit;
        unsigned salt; /* of the signature; 0: PKCS #1 v1.5 */
        bool is_accepted;
    } rows[] = {
        {GNUTLS_DIG_SHA256, 40, 40, true},  {GNUTLS_DIG_SHA256, 40, 41, true},
        {GNUTLS_DIG_SHA256, 40, 39, false}, {GNUTLS_DIG_SHA384, 48, 48, false},
        {GNUTLS_DIG_SHA512, 64, 64, false}, {GNUTLS_DIG_SHA256, 40, 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pki_certificate *limited = pki_issue(&(struct pki_spec){.common_name = "R",
                                                                       .is_ca = true,
                                                                       .key_of = root,
                                                                       .limit_hash = rows[i].hash,
                                                                       .limit_salt = rows[i].limit,
                                                                       .hash = rows[i].hash});
        struct pki_certificate *server =
            pki_issue(&(struct pki_spec){.common_name = "db",
                                         .issuer = root,
                                         .pss_salt = rows[i].salt,
                                         .omit_key_identifiers = true});
        CHECK_FATAL(limited != NULL && server != NULL);
        EXPECT_ACCEPTED(.chain = CHAIN(server), .anchor = root);
        struct scene scene = {.chain = CHAIN(server), .anchor = limited};
        bool is_accepted = rows[i].is_accepted;
        scene_expect(&scene, is_accepted ? 0 : ODBCSSL_VERIFY_UNTRUSTED,
                     is_accepted ? ODBCSSL_ERROR_NONE : ODBCSSL_ERROR_CERTIFICATE_SIGNATURE,
                     is_accepted ? NULL : "was not made with the key of CA certificate CN=R",
                     __FILE__, (unsigned)(1000 + i));
    }
}

/* The numbers of a key as its structure has them, all but DSA's public one. */
enum { RSA_MODULUS, RSA_EXPONENT, DSA_PRIME = 0, DSA_DIVISOR, DSA_GENERATOR, NUMBER_COUNT };

static void put_integer(struct buffer *out, const gnutls_datum_t *number)
{
    struct buffer content = {0};
    if (number->size > 0 && number->data[0] >= 0x80)
        buffer_append_byte(&content, 0);
    buffer_append(&content, number->data, number->size);
    der_wrap(out, DER_INTEGER, &content);
}

/* SubjectPublicKeyInfo; value: DSA's public one, NULL: the key is for RSA. */
static void put_key(struct buffer *out, const gnutls_datum_t *numbers, const gnutls_datum_t *value)
{
    struct buffer key = {0}, list = {0}, algorithm = {0}, bits = {0};
    for (int i = 0; i < (value != NULL ? 3 : 2); i++)
        put_integer(&list, &numbers[i]);
    der_put_oid(&algorithm, value != NULL ? "1.2.840.10040.4.1" : "1.2.840.113549.1.1.1");
    buffer_append_byte(&bits, 0);
    if (value != NULL) {
        der_wrap(&algorithm, DER_SEQUENCE, &list);
        put_integer(&bits, value);
    } else {
        der_put(&algorithm, DER_NULL, "", 0);
        der_wrap(&bits, DER_SEQUENCE, &list);
    }
    der_wrap(&key, DER_SEQUENCE, &algorithm);
    der_wrap(&key, DER_BIT_STRING, &bits);
    der_wrap(out, DER_SEQUENCE, &key);
}

/* The CA's certificate with one number of its key changed: to put, or with NULL to an even one. */
static struct pki_certificate *change_key(enum pki_key kind, int number, const gnutls_datum_t *put)
{
    struct pki_certificate *issuer =
        pki_issue(&(struct pki_spec){.common_name = "R", .is_ca = true, .key = kind});
    gnutls_datum_t numbers[NUMBER_COUNT] = {{0}}, value = {0}, der;
    struct buffer key = {0};
    struct certificate read;
    CHECK_FATAL(issuer != NULL);
    der = pki_der(issuer);
    CHECK_FATAL(certificate_read(der.data, der.size, &read) == NULL);
    bool is_dsa = kind == PKI_KEY_DSA;
    CHECK_FATAL((is_dsa
                     ? gnutls_x509_crt_get_pk_dsa_raw(issuer->crt, &numbers[0], &numbers[1],
                                                      &numbers[2], &value)
                     : gnutls_x509_crt_get_pk_rsa_raw(issuer->crt, &numbers[0], &numbers[1])) >= 0);
    gnutls_datum_t whole = numbers[number];
    if (put != NULL)
        numbers[number] = *put;
    else
        whole.data[whole.size - 1] &= 0xfe;
    put_key(&key, numbers, is_dsa ? &value : NULL);
    numbers[number] = whole;
    CHECK_FATAL(pki_replace(issuer, issuer, read.public_key.whole, read.public_key.whole_size,
                            buffer_content(&key), buffer_length(&key)));
    for (size_t i = 0; i < NUMBER_COUNT; i++)
        gnutls_free(numbers[i].data);
    gnutls_free(value.data);
    gnutls_free(der.data);
    buffer_free(&key);
    return issuer;
}

/* Anybody may send them, and GMP stops a process that divides by zero. */
CASE("does not compute with what is no key")
{
    static unsigned char zero[] = {0}, one[] = {1};
    const gnutls_datum_t none = {zero, 1}, unity = {one, 1};
    const struct {
        enum pki_key kind;
        int number;
        const gnutls_datum_t *put;
    } rows[] = {
        {PKI_KEY_DSA, DSA_PRIME, &none},     {PKI_KEY_DSA, DSA_PRIME, &unity},
        {PKI_KEY_DSA, DSA_PRIME, NULL},      {PKI_KEY_DSA, DSA_DIVISOR, &none},
        {PKI_KEY_DSA, DSA_DIVISOR, &unity},  {PKI_KEY_DSA, DSA_DIVISOR, NULL},
        {PKI_KEY_RSA, RSA_MODULUS, &none},   {PKI_KEY_RSA, RSA_MODULUS, &unity},
        {PKI_KEY_RSA, RSA_MODULUS, NULL},    {PKI_KEY_RSA, RSA_EXPONENT, &none},
        {PKI_KEY_RSA, RSA_EXPONENT, &unity}, {PKI_KEY_RSA, RSA_EXPONENT, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pki_certificate *bad = change_key(rows[i].kind, rows[i].number, rows[i].put);
        struct pki_certificate *server = pki_issue(
            &(struct pki_spec){.common_name = "db", .issuer = bad, .omit_key_identifiers = true});
        CHECK_FATAL(server != NULL);
        struct scene scene = {.chain = CHAIN(server, bad)};
        scene_expect(&scene, ODBCSSL_VERIFY_UNTRUSTED, ODBCSSL_ERROR_UNTRUSTED,
                     "the key of CA certificate CN=R", __FILE__, (unsigned)(1000 + i));
        scene.anchor = bad;
        scene_expect(&scene, ODBCSSL_VERIFY_UNTRUSTED, ODBCSSL_ERROR_UNTRUSTED,
                     "in root.crt is malformed or not supported", __FILE__, (unsigned)(2000 + i));
        struct crl_set set = {0};
        set_add(&set, &(struct pki_crl_spec){.issuer = bad});
        gnutls_datum_t der = pki_der(bad);
        struct certificate issuer;
        CHECK_FATAL(certificate_read(der.data, der.size, &issuer) == NULL);
        CHECK(!crl_is_signed_by(set.items[0], &issuer));
        gnutls_free(der.data);
        crl_set_free(&set);
    }
}

SUITE("signatures", set_up, NULL)
