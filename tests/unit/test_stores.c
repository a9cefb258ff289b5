/*
 * Java key stores and PKCS#12 stores, real ones of which bytes were altered: each refusal, by its
 * text. The digest or MAC is made to fit again, so that the damage behind it is reached.
 */
#include <gnutls/crypto.h>
#include <gnutls/pkcs12.h>
#include <stdlib.h>
#include <string.h>

#include "support/pki.h"
#include "support/suite.h"
#include "support/tools.h"
#include "tls/parsed_file.h"

#define BYTES(literal) literal, sizeof(literal) - 1
#define DIGEST_SIZE 20

static struct parsed_file parsed;
static struct error error;

static bool read_store(const unsigned char *bytes, size_t size, const char *given)
{
    const struct parsed_source source = {.bytes = bytes,
                                         .size = size,
                                         .name = "SslCert=/f (test)",
                                         .password = given,
                                         .wanted = PARSED_WANTED_IDENTITY};
    parsed_file_free(&parsed);
    error_clear(&error);
    bool is_read = parsed_file_read(&source, &parsed, &error);
    CHECK(is_read != error_is_set(&error));
    return is_read;
}

static void check_refused(const unsigned char *bytes, size_t size, const char *given,
                          enum odbcssl_error code, const char *said)
{
    CHECK(!read_store(bytes, size, given));
    CHECK_NUMBER(error.code, code);
    CHECK_CONTAINS(error.text, "SslCert=/f (test): ");
    CHECK_CONTAINS(error.text, said);
}

static void check_read(const unsigned char *bytes, size_t size, const char *given, size_t key_count)
{
    CHECK(read_store(bytes, size, given));
    CHECK_TEXT(error.text, "");
    CHECK_NUMBER(parsed.certificate_count, 1);
    CHECK_NUMBER(parsed.key_count, key_count);
}

/* A store of the fuzz targets; free it. */
static unsigned char *load(const char *name, size_t *size_out)
{
    unsigned char *bytes = tools_read(suite_source("fuzz/corpus/formats"), name, size_out);
    CHECK_FATAL(bytes != NULL);
    return bytes;
}

static int tear_down(void)
{
    parsed_file_free(&parsed);
    return 0;
}

/* Java: key.jks has one entry, a private key with its certificate; trust.jks one certificate. */
static const char java_password[] = "xxxxxx"; /* of the private key, and here of both stores */

static void put_digest(unsigned char *bytes, size_t size)
{
    static const char password_and_salt[] = "\0x\0x\0x\0x\0x\0xMighty Aphrodite";
    gnutls_hash_hd_t hash;
    CHECK_FATAL(gnutls_hash_init(&hash, GNUTLS_DIG_SHA1) == 0);
    gnutls_hash(hash, password_and_salt, sizeof password_and_salt - 1);
    gnutls_hash(hash, bytes, size - DIGEST_SIZE);
    gnutls_hash_deinit(hash, bytes + size - DIGEST_SIZE);
}

/* Puts other bytes at a place, and zeroes behind them. */
static const struct {
    const char *file;
    const char *said; /* NULL: it is read */
    size_t at;
    const char *put;
    size_t size;
    size_t zeroes;
} java_rows[] = {
    {"trust.jks", NULL, 0, BYTES(""), 0},
    {"key.jks", NULL, 0, BYTES(""), 0},
    {"trust.jks", "its version is not 1 or 2", 4, BYTES("\0\0\0\3"), 0},
    {"trust.jks", "its version is not 1 or 2", 4, BYTES("\0\0\0\0"), 0},
    {"trust.jks", "it has more than 65536 entries", 8, BYTES("\0\1\0\1"), 0},
    {"trust.jks", "an entry is cut short", 8, BYTES("\0\0\0\2"), 0},
    {"trust.jks", "bytes follow its last entry", 8, BYTES("\0\0\0\0"), 0},
    {"trust.jks", "an entry is neither a certificate nor a private key", 12, BYTES("\0\0\0\3"), 0},
    {"trust.jks", "an entry is cut short", 16, BYTES("\xff\xff"), 0},
    {"trust.jks", "an entry is cut short", 27, BYTES("\xff\xff"), 0},
    {"trust.jks", "a certificate is not of type X.509", 27, BYTES("\0\5X.510"), 0},
    {"trust.jks", "a certificate is not of type X.509", 27, BYTES("\0\4"), 0},
    {"trust.jks", "a certificate is longer than the file", 34, BYTES("\0\0\1\x72"), 0},
    {"trust.jks", "bytes follow its last entry", 34, BYTES("\0\0\1\x70"), 0},
    {"trust.jks", "certificate 1 has 1048577 bytes, more than the 1024 KiB", 34,
     BYTES("\0\x10\0\1"), 1048576},
    {"key.jks", "a private key is longer than the file", 27, BYTES("\0\0\xff\xff"), 0},
    {"key.jks", "a private key is larger than 256 KiB", 27, BYTES("\0\4\0\1"), 262144},
    {"key.jks", "a private key is not protected in the usual way", 31, BYTES("\x31"), 0},
    {"key.jks", "a private key is not protected in the usual way", 34, BYTES("\x31"), 0},
    {"key.jks", "a private key is not protected in the usual way", 47, BYTES("\2"), 0},
    {"key.jks", "a private key has more than 64 certificates", 231, BYTES("\0\0\0\x41"), 0},
    {"key.jks", "an entry is cut short", 231, BYTES("\0\0\0\2"), 0},
    {"key.jks", "a certificate is not of type X.509", 235, BYTES("\0\5X.510"), 0},
};

CASE("a Java key store that is damaged behind a digest that fits")
{
    for (size_t i = 0; i < sizeof java_rows / sizeof java_rows[0]; i++) {
        size_t size = 0, zeroes = java_rows[i].zeroes;
        size_t end = java_rows[i].at + java_rows[i].size;
        unsigned char *bytes = load(java_rows[i].file, &size);
        CHECK_FATAL(end <= size - DIGEST_SIZE);
        unsigned char *grown = calloc(1, size + zeroes);
        CHECK_FATAL(grown != NULL);
        memcpy(grown, bytes, java_rows[i].at);
        memcpy(grown + java_rows[i].at, java_rows[i].put, java_rows[i].size);
        memcpy(grown + end + zeroes, bytes + end, size - end);
        put_digest(grown, size + zeroes);
        if (java_rows[i].said != NULL)
            check_refused(grown, size + zeroes, java_password, ODBCSSL_ERROR_FILE_MALFORMED,
                          java_rows[i].said);
        else
            check_read(grown, size, java_password, i);
        free(bytes);
        free(grown);
    }
}

CASE("a Java key store of version 1")
{
    size_t size = 0;
    unsigned char *bytes = load("trust.jks", &size);
    bytes[7] = 1;
    memmove(bytes + 27, bytes + 34, size - 34); /* its certificates have no type */
    put_digest(bytes, size - 7);
    CHECK(read_store(bytes, size - 7, java_password) && parsed.certificate_count == 1);
    put_digest(bytes, 31);
    check_refused(bytes, 31, java_password, ODBCSSL_ERROR_FILE_MALFORMED, "it is cut short");
    free(bytes);
}

CASE("a password that is longer than that of a Java key store can be")
{
    size_t size = 0;
    unsigned char *bytes = load("trust.jks", &size);
    char given[1026];
    memset(given, 'x', sizeof given);
    given[1025] = '\0';
    check_refused(bytes, size, given, ODBCSSL_ERROR_STORE_PASSWORD,
                  "SslPassword has 1025 bytes, more than the 1024");
    given[1024] = '\0';
    check_refused(bytes, size, given, ODBCSSL_ERROR_STORE_ALTERED, "the digest");
    free(bytes);
}

/*
 * PKCS#12: in mac.p12 the list with the certificate is encrypted, and so is the key; in nomac.p12
 * only the key. Bytes are found by what stands before them.
 */
#define MAC_SIZE 63 /* of mac.p12's MAC, at its end */
#define OID_DATA "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
#define OID_PBES2 "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d"
#define OID_AES "\x60\x86\x48\x01\x65\x03\x04\x01\x2a\x04\x10"
#define OID_KEY_BAG "\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x02"
#define OID_SHA256 "\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\0\x04\x20"
#define OID_PBKDF2 "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c\x30\x1b"

enum mac { AS_IT_IS, WITHOUT_MAC, MAC_OF_X, MAC_OF_Y };

static const struct {
    const char *file;
    enum mac mac; /* put on when the bytes were altered */
    const char *given;
    enum odbcssl_error code;
    const char *said;
    const char *find;
    size_t find_size;
    size_t skip; /* so many of them */
    int at;      /* from their beginning */
    const char *put;
    size_t size;
} rows[] = {
    {"mac.p12", AS_IT_IS, "x", ODBCSSL_ERROR_NONE, NULL, BYTES(""), 0, 0, BYTES("")},
    {"nomac.p12", AS_IT_IS, "x", ODBCSSL_ERROR_NONE, NULL, BYTES(""), 0, 0, BYTES("")},
    {"mac.p12", MAC_OF_X, "x", ODBCSSL_ERROR_NONE, NULL, BYTES(""), 0, 0, BYTES("")},
    {"nomac.p12", MAC_OF_X, "x", ODBCSSL_ERROR_NONE, NULL, BYTES(""), 0, 0, BYTES("")},
    {"nomac.p12", AS_IT_IS, "y", ODBCSSL_ERROR_STORE_PASSWORD,
     "SslPassword is not the password of this PKCS#12 store", BYTES(""), 0, 0, BYTES("")},
    {"mac.p12", WITHOUT_MAC, "y", ODBCSSL_ERROR_STORE_PASSWORD,
     "SslPassword is not the password of this PKCS#12 store", BYTES(""), 0, 0, BYTES("")},
    {"mac.p12", MAC_OF_Y, "y", ODBCSSL_ERROR_KEY_PASSWORD,
     "a part of the PKCS#12 store has another password than the store itself", BYTES(""), 0, 0,
     BYTES("")},
    {"nomac.p12", MAC_OF_Y, "y", ODBCSSL_ERROR_KEY_PASSWORD,
     "a part of the PKCS#12 store has another password than the store itself", BYTES(""), 0, 0,
     BYTES("")},
    {"nomac.p12", AS_IT_IS, "x", ODBCSSL_ERROR_FILE_MALFORMED,
     "the PKCS#12 store is damaged: ASN1 parser: ", BYTES(OID_DATA), 0, -2, BYTES("\5")},
    {"nomac.p12", AS_IT_IS, "x", ODBCSSL_ERROR_FILE_MALFORMED,
     "the PKCS#12 store is signed in a way that is not supported here", BYTES(OID_DATA), 0, 8,
     BYTES("\2")},
    {"mac.p12", AS_IT_IS, "x", ODBCSSL_ERROR_FILE_MALFORMED,
     "the PKCS#12 store has a MAC in a way that is not supported here (", BYTES(OID_DATA), 0, 8,
     BYTES("\2")},
    {"nomac.p12", AS_IT_IS, "x", ODBCSSL_ERROR_FILE_MALFORMED,
     "the PKCS#12 store is encrypted in a way that is not supported here", BYTES(OID_DATA), 1, 8,
     BYTES("\3")},
    {"mac.p12", AS_IT_IS, "x", ODBCSSL_ERROR_FILE_MALFORMED,
     "the PKCS#12 store has a MAC in a way that is not supported here (2.16.840.1.101.3.4.2.127)",
     BYTES(OID_SHA256), 0, 8, BYTES("\x7f")},
    {"nomac.p12", AS_IT_IS, "x", ODBCSSL_ERROR_FILE_MALFORMED,
     "the PKCS#12 store is encrypted in a way that is not supported here (1.2.840.113549.1.5.99)",
     BYTES(OID_PBES2), 0, 8, BYTES("\x63")},
    {"nomac.p12", AS_IT_IS, "x", ODBCSSL_ERROR_FILE_MALFORMED,
     "the PKCS#12 store is damaged: a private key does not say how it is encrypted",
     BYTES(OID_PBES2), 0, -2, BYTES("\4")},
    /* 8388607 iterations, for which the salt makes room. */
    {"mac.p12", AS_IT_IS, "x", ODBCSSL_ERROR_FILE_MALFORMED,
     "the PKCS#12 store has a MAC with 8388607 rounds of hashing the password, more than the "
     "5000000",
     BYTES(OID_SHA256), 0, 45, BYTES("\4\3\1\2\3\2\3\x7f\xff\xff")},
    {"mac.p12", WITHOUT_MAC, "x", ODBCSSL_ERROR_FILE_MALFORMED,
     "the PKCS#12 store is encrypted with 8388607 rounds", BYTES(OID_PBKDF2), 0, 11,
     BYTES("\4\6\1\2\3\4\5\6\2\3\x7f\xff\xff")},
    {"nomac.p12", AS_IT_IS, "x", ODBCSSL_ERROR_FILE_MALFORMED,
     "the PKCS#12 store is encrypted with 8388607 rounds", BYTES(OID_PBKDF2), 0, 11,
     BYTES("\4\6\1\2\3\4\5\6\2\3\x7f\xff\xff")},
    /* A bit of the initialisation vector is one of what is decrypted. */
    {"mac.p12", MAC_OF_X, "x", ODBCSSL_ERROR_FILE_MALFORMED, "a list of entries cannot be read",
     BYTES(OID_AES), 0, 11, BYTES("\x9c")},
    {"nomac.p12", MAC_OF_X, "x", ODBCSSL_ERROR_FILE_MALFORMED,
     "the private key in the PKCS#12 store cannot be understood: ", BYTES(OID_AES), 0, 26,
     BYTES("\x14")},
    {"nomac.p12", MAC_OF_X, "x", ODBCSSL_ERROR_FILE_MALFORMED, "an entry is of an unknown kind",
     BYTES(OID_KEY_BAG), 0, 10, BYTES("\x63")},
};

/* Lets GnuTLS write the MAC anew. */
static void put_mac(unsigned char **bytes, size_t *size, const char *mac_password)
{
    const gnutls_datum_t der = {*bytes, (unsigned)*size};
    gnutls_datum_t out = {0};
    gnutls_pkcs12_t store;
    CHECK_FATAL(gnutls_pkcs12_init(&store) == 0);
    CHECK_FATAL(gnutls_pkcs12_import(store, &der, GNUTLS_X509_FMT_DER, 0) == 0);
    CHECK_FATAL(gnutls_pkcs12_generate_mac(store, mac_password) == 0);
    CHECK_FATAL(gnutls_pkcs12_export2(store, GNUTLS_X509_FMT_DER, &out) == 0);
    gnutls_pkcs12_deinit(store);
    free(*bytes);
    *bytes = out.data;
    *size = out.size;
}

/* Takes the MAC off, or gives the store the room for one that mac.p12 has. */
static void resize(unsigned char **bytes, size_t *size, bool has_mac)
{
    size_t other_size = 0;
    unsigned char *other = load("mac.p12", &other_size);
    *bytes = realloc(*bytes, *size + MAC_SIZE);
    CHECK_FATAL(*bytes != NULL);
    memcpy(*bytes + *size, other + other_size - MAC_SIZE, MAC_SIZE);
    *size = has_mac ? *size + MAC_SIZE : *size - MAC_SIZE;
    (*bytes)[2] = (unsigned char)((*size - 4) >> 8);
    (*bytes)[3] = (unsigned char)(*size - 4);
    free(other);
}

static void check_row(size_t i)
{
    size_t size = 0;
    unsigned char *bytes = load(rows[i].file, &size);
    bool has_mac = strcmp(rows[i].file, "mac.p12") == 0;
    if (rows[i].mac != AS_IT_IS && has_mac != (rows[i].mac != WITHOUT_MAC))
        resize(&bytes, &size, !has_mac);
    unsigned char *place = bytes;
    for (size_t skip = 0; place != NULL && skip <= rows[i].skip; skip++)
        place = memmem(place + skip, size - (size_t)(place + skip - bytes), rows[i].find,
                       rows[i].find_size);
    CHECK_FATAL(place != NULL);
    memcpy(place + rows[i].at, rows[i].put, rows[i].size);
    if (rows[i].mac >= MAC_OF_X)
        put_mac(&bytes, &size, rows[i].mac == MAC_OF_X ? "x" : "y");
    if (rows[i].said != NULL)
        check_refused(bytes, size, rows[i].given, rows[i].code, rows[i].said);
    else
        check_read(bytes, size, rows[i].given, 1);
    free(bytes);
}

CASE("a PKCS#12 store that is damaged, behind a MAC that fits")
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_row(i);
}

/* In chance.p12 the empty password decrypts the list to garbage with correct padding. */
CASE("a PKCS#12 store without MAC, to which a wrong password seems to fit")
{
    size_t size = 0;
    unsigned char *bytes = load("chance.p12", &size);
    const gnutls_datum_t der = {bytes, (unsigned)size};
    gnutls_pkcs12_t store;
    gnutls_pkcs12_bag_t bag;
    CHECK_FATAL(gnutls_pkcs12_init(&store) == 0);
    CHECK_FATAL(gnutls_pkcs12_import(store, &der, GNUTLS_X509_FMT_DER, 0) == 0);
    CHECK_FATAL(gnutls_pkcs12_bag_init(&bag) == 0 && gnutls_pkcs12_get_bag(store, 0, bag) == 0);
    CHECK_NUMBER(gnutls_pkcs12_bag_decrypt(bag, ""), GNUTLS_E_ASN1_TAG_ERROR);
    gnutls_pkcs12_bag_deinit(bag);
    gnutls_pkcs12_deinit(store);
    check_read(bytes, size, NULL, 0); /* with changeit */
    check_refused(bytes, size, "", ODBCSSL_ERROR_STORE_PASSWORD, "SslPassword is not the password");
    free(bytes);
}

static void add_list(gnutls_pkcs12_t store, gnutls_pkcs12_bag_t bag)
{
    CHECK(gnutls_pkcs12_set_bag(store, bag) == 0);
    gnutls_pkcs12_bag_deinit(bag);
}

/* Rounds that GnuTLS finds in every list here, instead of looking; 0: it looks. */
static int said_of_rounds;

int gnutls_pkcs12_bag_enc_info(gnutls_pkcs12_bag_t bag, unsigned *schema, unsigned *cipher,
                               void *salt, unsigned *salt_size, unsigned *rounds, char **oid)
{
    static int (*real)(gnutls_pkcs12_bag_t, unsigned *, unsigned *, void *, unsigned *, unsigned *,
                       char **);
    const struct tools_function functions[] = {{"gnutls_pkcs12_bag_enc_info", &real}, {NULL, NULL}};
    CHECK_FATAL(real != NULL || tools_load("libgnutls.so.30", functions));
    int outcome = real(bag, schema, cipher, salt, salt_size, rounds, oid);
    if (said_of_rounds != 0)
        *rounds = (unsigned)said_of_rounds;
    return outcome;
}

/* Two lists; the first is tried with each of four passwords when none is given. */
CASE("a PKCS#12 store whose parts together take too long")
{
    size_t size = 0;
    unsigned char *bytes = load("chance.p12", &size);
    const gnutls_datum_t der = {bytes, (unsigned)size};
    gnutls_datum_t out = {0};
    gnutls_pkcs12_t store;
    gnutls_pkcs12_bag_t bag;
    CHECK_FATAL(gnutls_pkcs12_init(&store) == 0);
    CHECK_FATAL(gnutls_pkcs12_import(store, &der, GNUTLS_X509_FMT_DER, 0) == 0);
    CHECK_FATAL(gnutls_pkcs12_bag_init(&bag) == 0 && gnutls_pkcs12_get_bag(store, 0, bag) == 0);
    add_list(store, bag);
    CHECK_FATAL(gnutls_pkcs12_export2(store, GNUTLS_X509_FMT_DER, &out) == 0);
    said_of_rounds = 4000000;
    CHECK(read_store(out.data, out.size, NULL));
    CHECK_NUMBER(parsed.certificate_count, 2);
    said_of_rounds = 4000001;
    check_refused(out.data, out.size, NULL, ODBCSSL_ERROR_FILE_MALFORMED,
                  "the parts of the PKCS#12 store want at least 20000005 rounds of hashing the "
                  "password together, more than the 20000000 that are done here; set SslPassword");
    CHECK(read_store(out.data, out.size, "changeit"));
    said_of_rounds = 0;
    gnutls_pkcs12_deinit(store);
    gnutls_free(out.data);
    free(bytes);
}

/* A store with a CRL and a secret, and the certificate where there is one. */
static gnutls_datum_t make_mixed(gnutls_x509_crl_t crl, gnutls_x509_crt_t certificate)
{
    const gnutls_datum_t secret = {(unsigned char *)"\x04\x06secret", 8};
    gnutls_datum_t out = {0};
    gnutls_pkcs12_t store;
    gnutls_pkcs12_bag_t bag;
    CHECK_FATAL(gnutls_pkcs12_init(&store) == 0);
    CHECK_FATAL(gnutls_pkcs12_bag_init(&bag) == 0 && gnutls_pkcs12_bag_set_crl(bag, crl) >= 0);
    add_list(store, bag);
    CHECK_FATAL(gnutls_pkcs12_bag_init(&bag) == 0 &&
                gnutls_pkcs12_bag_set_data(bag, GNUTLS_BAG_SECRET, &secret) >= 0);
    add_list(store, bag);
    if (certificate != NULL) {
        CHECK_FATAL(gnutls_pkcs12_bag_init(&bag) == 0 &&
                    gnutls_pkcs12_bag_set_crt(bag, certificate) >= 0);
        add_list(store, bag);
    }
    CHECK(gnutls_pkcs12_generate_mac(store, "x") == 0);
    CHECK_FATAL(gnutls_pkcs12_export2(store, GNUTLS_X509_FMT_DER, &out) == 0);
    gnutls_pkcs12_deinit(store);
    return out;
}

CASE("a PKCS#12 store with a CRL and a secret")
{
    struct pki_certificate *ca = pki_issue(&(struct pki_spec){.common_name = "CA", .is_ca = true});
    struct buffer bytes = {0};
    gnutls_x509_crl_t crl;
    CHECK_FATAL(ca != NULL && pki_crl(&(struct pki_crl_spec){.issuer = ca}, &bytes));
    const gnutls_datum_t der = {(unsigned char *)buffer_content(&bytes),
                                (unsigned)buffer_length(&bytes)};
    CHECK_FATAL(gnutls_x509_crl_init(&crl) == 0 &&
                gnutls_x509_crl_import(crl, &der, GNUTLS_X509_FMT_DER) == 0);
    gnutls_datum_t with = make_mixed(crl, ca->crt), without = make_mixed(crl, NULL);
    check_read(with.data, with.size, "x", 0);
    check_refused(without.data, without.size, "x", ODBCSSL_ERROR_FILE_MALFORMED,
                  "holds a certificate revocation list (CRL) and a PKCS#12 store; what is wanted");
    gnutls_x509_crl_deinit(crl);
    gnutls_free(with.data);
    gnutls_free(without.data);
    buffer_free(&bytes);
}

SUITE("stores", NULL, tear_down)
