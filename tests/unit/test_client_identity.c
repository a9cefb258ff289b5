/*
 * Client certificates and keys in every form, and what is said when they cannot be used.
 */
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/der.h"
#include "support/pki.h"
#include "tls/gaussdb_key.h"
#include "tls/client_identity.h"
#include "tls/credentials.h"
#include "support/tools.h"

static char *directory;
static struct pki_certificate *ca, *intermediate, *client, *other;
static struct error error;
static struct client_identity identity;

static void write_files(void)
{
    static const char *const names[] = {"client.pem", "chain.pem", "client.key", "other.key",
                                        "client.der", "key.der",   "client.p8"};
    char *paths[7];
    for (size_t i = 0; i < 7; i++)
        paths[i] = suite_text("%s/%s", directory, names[i]);
    pki_write_pem(paths[0], client, NULL);
    pki_write_pem(paths[1], ca, intermediate, client, NULL);
    pki_write_key_pem(paths[2], client);
    pki_write_key_pem(paths[3], other);
    pki_write_der(paths[4], client);
    pki_write_key_der(paths[5], client);
    pki_write_key_pkcs8(paths[6], client, "Gauss@123");
}

static int set_up(void)
{
    directory = pki_temp_dir();
    ca = pki_issue(&(struct pki_spec){.common_name = "CA", .is_ca = true});
    intermediate =
        pki_issue(&(struct pki_spec){.common_name = "Sub CA", .issuer = ca, .is_ca = true});
    client = pki_issue(&(struct pki_spec){
        .common_name = "alice", .issuer = intermediate, .key = PKI_KEY_RSA, .serial = "0a3f"});
    other = pki_issue(&(struct pki_spec){.common_name = "bob", .issuer = ca});
    if (directory == NULL || ca == NULL || intermediate == NULL || client == NULL || other == NULL)
        return 1;
    write_files();
    return 0;
}

static int tear_down(void)
{
    pki_temp_dir_remove(&directory);
    return 0;
}

static bool load_at(const char *cert, const char *key, const char *password, const char *user,
                    time_t now)
{
    bool is_uri = strncmp(cert, "pkcs11:", 7) == 0;
    char *cert_path = is_uri ? (char *)cert : suite_text("%s/%s", directory, cert);
    char *key_path = key == NULL                       ? NULL
                     : strncmp(key, "pkcs11:", 7) == 0 ? (char *)key
                                                       : suite_text("%s/%s", directory, key);
    const struct tls_options options = {
        .cert = {cert_path, "SslCert", (char *)"test"},
        .key = {key_path, "SslKey", (char *)"test"},
        .password = {(char *)password, "SslPassword", (char *)"test"},
    };
    error_clear(&error);
    bool is_loaded = client_identity_load(&options, user, NULL, &identity, &error);
    if (is_loaded && !client_identity_check_dates(&identity, now, &error)) {
        client_identity_free(&identity);
        is_loaded = false;
    }
    return is_loaded;
}

/* Loads, and checks that the key really signs for the certificate. */
static bool works(const char *cert, const char *key, const char *password, const char *user)
{
    const gnutls_datum_t text = {(unsigned char *)"text", 4};
    gnutls_datum_t signature = {0};
    gnutls_pubkey_t public_key;
    if (!load_at(cert, key, password, user, time(NULL)))
        return false;
    gnutls_pubkey_init(&public_key);
    const struct der *info = &identity.chain[0].public_key;
    const gnutls_datum_t der = {(unsigned char *)info->whole, (unsigned)info->whole_size};
    gnutls_pubkey_import(public_key, &der, GNUTLS_X509_FMT_DER);
    int pk = gnutls_pubkey_get_pk_algorithm(public_key, NULL);
    gnutls_digest_algorithm_t hash =
        pk == GNUTLS_PK_EDDSA_ED25519 ? GNUTLS_DIG_SHA512 : GNUTLS_DIG_SHA256;
    gnutls_sign_algorithm_t algorithm = gnutls_pk_to_sign((gnutls_pk_algorithm_t)pk, hash);
    bool is_good = gnutls_privkey_sign_data2(identity.key, algorithm, 0, &text, &signature) == 0 &&
                   gnutls_pubkey_verify_data2(public_key, algorithm, 0, &text, &signature) >= 0;
    gnutls_free(signature.data);
    gnutls_pubkey_deinit(public_key);
    client_identity_free(&identity);
    return is_good;
}

static void check_refused(const char *cert, const char *key, const char *password,
                          enum odbcssl_error code, const char *said)
{
    CHECK(!load_at(cert, key, password, NULL, time(NULL)));
    CHECK_NUMBER(error.code, code);
    CHECK_CONTAINS(error.text, said);
    client_identity_free(&identity);
}

CASE("keys without password, PEM and DER")
{
    CHECK(works("client.pem", "client.key", NULL, NULL));
    CHECK(works("client.der", "key.der", NULL, NULL));
    CHECK(works("client.der", "client.key", NULL, NULL));
    CHECK_FATAL(tools_run(directory, "cat client.key client.pem > bundle.pem; chmod 600 "
                                     "bundle.pem"));
    CHECK(works("bundle.pem", NULL, NULL, NULL));
    /* A password that is not needed does no harm. */
    CHECK(works("client.pem", "client.key", "unused", NULL));
    CHECK_TEXT(error.text, "");
}

CASE("RSA, RSA-PSS, ECDSA and Ed25519")
{
    static const enum pki_key kinds[] = {PKI_KEY_ECDSA, PKI_KEY_RSA, PKI_KEY_RSA_PSS,
                                         PKI_KEY_ED25519};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct pki_certificate *one =
            pki_issue(&(struct pki_spec){.common_name = "k", .key = kinds[i]});
        char *cert = suite_text("%s/kind.pem", directory),
             *key = suite_text("%s/kind.key", directory);
        CHECK_FATAL(one != NULL && pki_write_pem(cert, one, NULL) &&
                    pki_write_key_pkcs8(key, one, NULL));
        CHECK(works("kind.pem", "kind.key", NULL, NULL));
        CHECK_TEXT(error.text, "");
    }
}

CASE("keys with a password, in every encryption")
{
    if (!tools_have("openssl"))
        return;
    static const char *const commands[] = {
        "pkcs8 -topk8 -v2 aes-256-cbc -in client.key",
        "pkcs8 -topk8 -v2 aes-128-cbc -v2prf hmacWithSHA1 -outform DER -in client.key",
        "pkcs8 -topk8 -v2 des3 -in client.key",
        "pkcs8 -topk8 -v1 PBE-SHA1-3DES -in client.key",
        "pkcs8 -topk8 -v1 PBE-MD5-DES -provider legacy -provider default -in client.key",
        "rsa -traditional -aes256 -in client.key",
        "rsa -traditional -aes128 -in client.key",
        "rsa -traditional -des3 -in client.key",
    };
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        CHECK_FATAL(tools_run(directory,
                              "openssl %s -out enc.key -passout pass:secret && chmod 600 enc.key",
                              commands[i]));
        CHECK(works("client.pem", "enc.key", "secret", NULL));
        CHECK_TEXT(error.text, "");
        check_refused("client.pem", "enc.key", "wrong", ODBCSSL_ERROR_KEY_PASSWORD,
                      "it comes from SslPassword");
        check_refused("client.pem", "enc.key", NULL, ODBCSSL_ERROR_KEY_PASSWORD, "set SslPassword");
    }
    CHECK_FATAL(tools_run(directory, "openssl pkcs8 -topk8 -scrypt -in client.key -out enc.key "
                                     "-passout pass:secret"));
    check_refused("client.pem", "enc.key", "secret", ODBCSSL_ERROR_KEY_TYPE, "openssl pkcs8");
    CHECK_FATAL(tools_run(directory, "openssl rsa -traditional -camellia256 -in client.key -out "
                                     "enc.key -passout pass:secret"));
    check_refused("client.pem", "enc.key", "secret", ODBCSSL_ERROR_KEY_TYPE, "CAMELLIA-256-CBC");
}

CASE("PKCS#12 and JKS hold both")
{
    if (!tools_have("openssl") || !tools_have("keytool"))
        return;
    CHECK_FATAL(tools_run(
        directory, "openssl pkcs12 -export -in chain.pem -inkey client.key -name a -out a.p12 "
                   "-passout pass:secret && rm -f a.jks && keytool -importkeystore "
                   "-srckeystore a.p12 -srcstorepass secret -destkeystore a.jks "
                   "-deststoretype JKS -deststorepass secret && chmod 600 a.p12 a.jks"));
    CHECK(works("a.p12", NULL, "secret", NULL));
    CHECK(works("a.jks", NULL, "secret", NULL));
    CHECK(works("client.pem", "a.p12", "secret", NULL));
    CHECK(works("a.p12", "client.key", "secret", NULL));
    CHECK_TEXT(error.text, "");
    check_refused("a.p12", NULL, "wrong", ODBCSSL_ERROR_STORE_PASSWORD, "a.p12");
    check_refused("a.jks", NULL, "wrong", ODBCSSL_ERROR_STORE_ALTERED, "a.jks");
    CHECK_FATAL(tools_run(directory, "chmod 644 a.p12"));
    check_refused("a.p12", NULL, "secret", ODBCSSL_ERROR_FILE_PERMISSIONS, "chmod 600");
}

static bool is_certificate(const struct certificate *found, const struct pki_certificate *wanted)
{
    const gnutls_datum_t der = {(unsigned char *)found->bytes, (unsigned)found->size};
    return gnutls_x509_crt_equals2(wanted->crt, &der) != 0;
}

/* The file's order does not matter; the leaf is the one whose key it is. */
CASE("the chain in order, whatever the file's")
{
    CHECK_FATAL(load_at("chain.pem", "client.key", NULL, NULL, time(NULL)));
    CHECK_NUMBER(identity.chain_count, 3);
    CHECK(is_certificate(&identity.chain[0], client));
    CHECK(is_certificate(&identity.chain[1], intermediate));
    CHECK(is_certificate(&identity.chain[2], ca));
    client_identity_free(&identity);
}

CASE("what cannot be used, and why")
{
    check_refused("client.pem", "other.key", NULL, ODBCSSL_ERROR_KEY_MISMATCH,
                  "does not belong to the client certificate CN=alice (serial 0A:3F)");
    check_refused("client.pem", NULL, NULL, ODBCSSL_ERROR_KEY_MISSING, "set SslKey");
    check_refused("client.pem", "client.pem", NULL, ODBCSSL_ERROR_FILE_MALFORMED, "private key");
    check_refused("client.key", "client.key", NULL, ODBCSSL_ERROR_FILE_MALFORMED,
                  "holds a private key; what is wanted here is certificates");
    check_refused("client.pem", ".", NULL, ODBCSSL_ERROR_FILE_UNREADABLE, "not a regular file");
    check_refused("client.pem", "none.key", NULL, ODBCSSL_ERROR_FILE_UNREADABLE, "none.key");
    check_refused("none.pem", "client.key", NULL, ODBCSSL_ERROR_FILE_UNREADABLE, "none.pem");
    CHECK_FATAL(tools_run(directory, "cat client.key other.key > two.key && : > empty.key && echo "
                                     "'-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"
                                     "' > bad.key && chmod 600 *.key"));
    check_refused("client.pem", "two.key", NULL, ODBCSSL_ERROR_FILE_MALFORMED, "2 private keys");
    check_refused("client.pem", "empty.key", NULL, ODBCSSL_ERROR_FILE_MALFORMED, "empty");
    check_refused("client.pem", "bad.key", NULL, ODBCSSL_ERROR_FILE_MALFORMED,
                  "cannot be understood");
    CHECK_FATAL(tools_run(directory, "cp client.key group.key && chmod 640 group.key"));
    /* Owned by root, 0640 is libpq's exception. */
    if (!tools_run(directory, "test $(id -u) = 0"))
        check_refused("client.pem", "group.key", NULL, ODBCSSL_ERROR_FILE_PERMISSIONS, "0640");
    CHECK_FATAL(tools_run(directory, "chmod 644 group.key"));
    check_refused("client.pem", "group.key", NULL, ODBCSSL_ERROR_FILE_PERMISSIONS, "0644");
}

/* The client's certificate so many times. */
static void write_copies(const char *name, size_t count)
{
    struct buffer file = {0};
    gnutls_datum_t pem = {0};
    CHECK_FATAL(gnutls_x509_crt_export2(client->crt, GNUTLS_X509_FMT_PEM, &pem) == 0);
    for (size_t i = 0; i < count; i++)
        buffer_append(&file, pem.data, pem.size);
    char *path = suite_text("%s/%s", directory, name);
    CHECK_FATAL(pki_write_file(path, buffer_content(&file), buffer_length(&file), 0644));
    gnutls_free(pem.data);
    buffer_free(&file);
}

CASE("more certificates than a client certificate is looked for among")
{
    write_copies("many.pem", 1024);
    CHECK(works("many.pem", "client.key", NULL, NULL));
    write_copies("many.pem", 1025);
    check_refused("many.pem", "client.key", NULL, ODBCSSL_ERROR_FILE_MALFORMED,
                  "many.pem (test): the file holds 1025 certificates, more than the 1024");
}

CASE("an encrypted key that does not say how")
{
    static const char text[] = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n"
                               "-----END RSA PRIVATE KEY-----\n";
    char *path = suite_text("%s/enc.key", directory);
    CHECK_FATAL(pki_write_file(path, text, sizeof text - 1, 0600));
    check_refused("client.pem", "enc.key", "secret", ODBCSSL_ERROR_KEY_TYPE,
                  "not supported (it has no DEK-Info, which names the cipher)");
}

/* EncryptedPrivateKeyInfo ::= SEQUENCE { SEQUENCE { OID, ... }, OCTET STRING } in hexadecimal. For
 * some of these GnuTLS would end the process, or take the key for one that it can read. */
static const char *const nameless[] = {
    "3000",
    "30023000",
    "300430000400",
    "3006300004020102",
    "3006300206000400",
    "3080308000000401000000",
    "300704000402010203",
};

/* PBES2 with PBKDF2 and AES-256-CBC. */
static const char patient[] =
    "305f304b06092a864886f70d01050d303e301d06092a864886f70d01050c3010040873616c74353637380204"
    "004c4b41301d060960864801650304012a041000000000000000000000000000000000041043af81a38b9a7f"
    "06f0e3cd7d238ed37b";

/* As a file that is refused. */
static void check_key_refused(const char *label, const char *hex, const char *part)
{
    unsigned char bytes[128];
    const gnutls_datum_t der = {bytes, (unsigned)der_parse_hex(hex, bytes, sizeof bytes)};
    gnutls_datum_t pem = {0};
    CHECK_FATAL(gnutls_pem_base64_encode2(label, &der, &pem) == 0);
    CHECK_FATAL(pki_write_file(suite_text("%s/odd.key", directory), pem.data, pem.size, 0600));
    gnutls_free(pem.data);
    check_refused("client.pem", "odd.key", "secret", ODBCSSL_ERROR_FILE_MALFORMED, part);
}

CASE("an encrypted key whose encryption has no name")
{
    for (size_t i = 0; i < sizeof nameless / sizeof nameless[0]; i++) {
        check_key_refused("ENCRYPTED PRIVATE KEY", nameless[i], "does not say how it is encrypted");
        check_key_refused("PRIVATE KEY", nameless[i], "cannot be understood");
    }
}

/* With such keys GnuTLS would end the process: no private exponent of RSA, DSA modulo 0. */
CASE("a private key that is none")
{
    static const char *const keys[][2] = {
        {"RSA PRIVATE KEY",
         "305502010002110e668a7654e803d5d673278967cf628dd70203010001020100020903f08abce734"
         "1b7a2d020903a7c2e0b4b566be9302090255851d1e2df50991020901d116d5d25b3ad6cb02090166"
         "0c7a354f1e06c3"},
        {"DSA PRIVATE KEY",
         "30520201000241008000000000000000000000000000000000000000000000000000000000000000"
         "00000000000000000000000000000000000000000000000000000000000000090201000201020201"
         "03020101"},
        {"DSA PRIVATE KEY",
         "30260201000201000215008000000000000000000000000000000000000009020102020103020101"},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        check_key_refused(keys[i][0], keys[i][1], "its numbers make no key");
}

CASE("an encrypted key that takes too long to decrypt")
{
    check_key_refused("ENCRYPTED PRIVATE KEY", patient,
                      "with 5000001 rounds of hashing the password, more than the 5000000");
}

CASE("a certificate that is not valid now")
{
    time_t now = time(NULL);
    CHECK(!load_at("client.pem", "client.key", NULL, NULL, now + 400 * 86400));
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_CLIENT_CERTIFICATE_EXPIRED);
    CHECK_CONTAINS(error.text, "CN=alice (serial 0A:3F) expired on ");
    CHECK(!load_at("client.pem", "client.key", NULL, NULL, now - 10 * 86400));
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_CLIENT_CERTIFICATE_NOT_YET_VALID);
    CHECK_CONTAINS(error.text, "is not valid before ");
}

/* GaussDB's key password files. */
static const struct {
    const char *cipher;
    const char *rand;
    const char *password;
} vectors[] = {
    {"57aac9636a54bf87319393f7e3fbdf8200101112131415161718191a1b1c1d1e1f00202122232425262728292a2b"
     "2c2d2e2f00005bc7e75b",
     "000102030405060708090a0b0c0d0e0f0000000055ce1a75", "Gauss@123"},
    {"57aac9636a54bf87319393f7e3fbdf82de101112131415161718191a1b1c1d1e1fad202122232425262728292a2b"
     "2c2d2e2fbeef560d1874",
     "000102030405060708090a0b0c0d0e0f01020304aeeb9bb6", "Gauss@123"},
    {"602d4e5913a0c8ebc963bf6a903935c300101112131415161718191a1b1c1d1e1f00202122232425262728292a2b"
     "2c2d2e2f000023d88bef",
     "000102030405060708090a0b0c0d0e0f0000000055ce1a75", "Abcdefgh1234567"},
    {"5ca98cfb4d8a0f5bf490b1159173227d00101112131415161718191a1b1c1d1e1f00202122232425262728292a2b"
     "2c2d2e2f0000c5aa1fc0",
     "000102030405060708090a0b0c0d0e0f0000000055ce1a75", "Abcdefgh12345678"},
};

CASE("GaussDB's password files: vectors")
{
    unsigned char cipher[64], rand[64];
    char password[GAUSSDB_KEY_PASSWORD_SIZE];
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        size_t cipher_size = der_parse_hex(vectors[i].cipher, cipher, sizeof cipher);
        size_t rand_size = der_parse_hex(vectors[i].rand, rand, sizeof rand);
        CHECK(gaussdb_key_decode(cipher, cipher_size, rand, rand_size, password) == NULL);
        CHECK_TEXT(password, vectors[i].password);
        for (size_t at = 0; at < cipher_size; at++) {
            cipher[at] ^= 1;
            CHECK_CONTAINS(gaussdb_key_decode(cipher, cipher_size, rand, rand_size, password),
                           "checksum of the .cipher file");
            cipher[at] ^= 1;
        }
        rand[3] ^= 1;
        CHECK_CONTAINS(gaussdb_key_decode(cipher, cipher_size, rand, rand_size, password),
                       "checksum of the .rand file");
        CHECK_TEXT(password, "");
        CHECK_CONTAINS(gaussdb_key_decode(cipher, cipher_size - 1, rand, rand_size, password),
                       "56 bytes");
        CHECK_CONTAINS(gaussdb_key_decode(cipher, cipher_size, rand, rand_size + 1, password),
                       "24 bytes");
    }
}

/* The checksum bit by bit, so that the test does not share the table of the code under test. */
static void put_checksum(unsigned char *bytes, size_t size)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < size; i++) {
        uint32_t entry = (crc >> 24 ^ bytes[i]) & 0xff;
        for (int bit = 0; bit < 8; bit++)
            entry = (entry >> 1) ^ (0xedb88320u & (0u - (entry & 1)));
        crc = entry ^ crc << 8;
    }
    crc = ~crc;
    for (int i = 0; i < 4; i++)
        bytes[size + (size_t)i] = (unsigned char)(crc >> 8 * i);
}

/* Makes the two files with openssl's PBKDF2 and AES. */
static bool make_password_files(const char *name, const char *password)
{
    static const char rand_hex[] = "a1b2c3d4e5f60718293a4b5c6d7e8f90";
    static const char salt_hex[] = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
    static const char vector_hex[] = "00112233445566778899aabbccddeeff";
    unsigned char cipher[56] = {0}, rand[24] = {0};
    unsigned char plain[16] = {0};
    char key[256], block[64];
    size_t length = strlen(password);
    if (!tools_output(directory, key, sizeof key,
                      "openssl kdf -keylen 16 -kdfopt digest:SHA256 -kdfopt hexpass:%s -kdfopt "
                      "hexsalt:%s -kdfopt iter:10000 PBKDF2 | tr -d ':\\n'",
                      rand_hex, salt_hex))
        return false;
    memcpy(plain, password, length);
    if (length < sizeof plain)
        plain[length] = 0x80;
    char *plain_path = suite_text("%s/plain", directory);
    bool is_made = pki_write_file(plain_path, plain, sizeof plain, 0600) &&
                   tools_output(directory, block, sizeof block,
                                "openssl enc -aes-128-cbc -K %s -iv %s -nopad -in plain | od -An "
                                "-tx1 | tr -d ' \\n'",
                                key, vector_hex);
    if (!is_made)
        return false;
    der_parse_hex(block, cipher, 16);
    der_parse_hex(salt_hex, cipher + 17, 16);
    der_parse_hex(vector_hex, cipher + 34, 16);
    der_parse_hex(rand_hex, rand, sizeof rand);
    put_checksum(cipher, 52);
    put_checksum(rand, 20);
    char *cipher_path = suite_text("%s/%s", directory, suite_text("%s.key.cipher", name));
    char *rand_path = suite_text("%s/%s", directory, suite_text("%s.key.rand", name));
    return pki_write_file(cipher_path, cipher, 56, 0600) &&
           pki_write_file(rand_path, rand, 24, 0600);
}

static void remove_password_files(void)
{
    tools_run(directory, "rm -f *.key.cipher *.key.rand");
}

CASE("GaussDB's password files: client's and user's")
{
    if (!tools_have("openssl"))
        return;
    remove_password_files();
    check_refused("client.pem", "client.p8", NULL, ODBCSSL_ERROR_KEY_PASSWORD, "client.key.cipher");
    CHECK_FATAL(make_password_files("client", "Gauss@123"));
    CHECK(works("client.pem", "client.p8", NULL, NULL));
    CHECK(works("client.pem", "client.p8", NULL, "nobody"));
    CHECK(works("client.pem", "client.p8", NULL, "../etc/x"));
    CHECK_TEXT(error.text, "");
    /* An unencrypted key does not need them, and SslPassword goes first. */
    CHECK_FATAL(make_password_files("client", "Wrong@123"));
    CHECK(works("client.pem", "client.key", NULL, NULL));
    CHECK(works("client.pem", "client.p8", "Gauss@123", NULL));
    check_refused("client.pem", "client.p8", NULL, ODBCSSL_ERROR_KEY_PASSWORD,
                  "/client.key.cipher");
    /* The user's own files go first. */
    CHECK_FATAL(make_password_files("alice", "Gauss@123"));
    CHECK(works("client.pem", "client.p8", NULL, "alice"));
    CHECK(!works("client.pem", "client.p8", NULL, "bob"));
    remove_password_files();
}

CASE("GaussDB's password files: refusals")
{
    if (!tools_have("openssl"))
        return;
    CHECK_FATAL(make_password_files("client", "Gauss@123"));
    CHECK_FATAL(tools_run(directory, "chmod 644 client.key.rand"));
    check_refused("client.pem", "client.p8", NULL, ODBCSSL_ERROR_FILE_PERMISSIONS,
                  "client.key.rand");
    CHECK_FATAL(tools_run(directory, "rm client.key.rand"));
    check_refused("client.pem", "client.p8", NULL, ODBCSSL_ERROR_FILE_UNREADABLE,
                  "client.key.rand");
    CHECK_FATAL(make_password_files("client", "Gauss@123"));
    CHECK_FATAL(
        tools_run(directory, "printf x | dd of=client.key.cipher bs=1 seek=5 conv=notrunc"));
    check_refused("client.pem", "client.p8", NULL, ODBCSSL_ERROR_FILE_MALFORMED,
                  "the checksum of the .cipher file is wrong");
    remove_password_files();
}

/* A password of 16 characters, as old gs_guc stored it: without padding. */
CASE("GaussDB's password files: 16 characters")
{
    if (!tools_have("openssl"))
        return;
    char *path = suite_text("%s/legacy.p8", directory);
    CHECK_FATAL(pki_write_key_pkcs8(path, client, "Abcdefgh12345678"));
    CHECK_FATAL(make_password_files("client", "Abcdefgh12345678"));
    CHECK(works("client.pem", "legacy.p8", NULL, NULL));
    CHECK_TEXT(error.text, "");
    remove_password_files();
}

/* A token: SoftHSM in the directory, found through p11-kit. */
static bool make_token(void)
{
    if (!tools_have("softhsm2-util") || !tools_have("p11tool"))
        return false;
    setenv("SOFTHSM2_CONF", suite_text("%s/softhsm2.conf", directory), 1);
    if (!pki_write_key_pkcs8(suite_text("%s/plain.p8", directory), client, NULL))
        return false;
    return tools_run(directory,
                     "mkdir -p tokens && printf 'directories.tokendir = %%s/tokens\\nlog.level = "
                     "ERROR\\n' \"$PWD\" > softhsm2.conf && softhsm2-util --init-token --free "
                     "--label odbcssl --pin 4321 --so-pin 8765 && softhsm2-util --import plain.p8 "
                     "--token odbcssl --label client --id 01 --pin 4321 && GNUTLS_PIN=4321 p11tool "
                     "--login --write --load-certificate client.pem --label client --id 01 "
                     "'pkcs11:token=odbcssl' && p11tool --list-tokens | grep -q odbcssl");
}

static void put_on_token(const struct pki_certificate *certificate)
{
    CHECK_FATAL(pki_write_pem(suite_text("%s/new.pem", directory), certificate, NULL) &&
                tools_run(directory, "for i in --delete '--write --label new --load-certificate "
                                     "new.pem'; do GNUTLS_PIN=4321 p11tool --login --batch $i "
                                     "'pkcs11:token=odbcssl;object=new'; done"));
}

/* The certificate is renewed under its name. */
static void check_renewal(void)
{
    const struct tls_options options = {
        .cert = {(char *)"pkcs11:token=odbcssl;object=new;type=cert", "SslCert", NULL},
        .key = {suite_text("%s/client.key", directory), "SslKey", NULL}};
    put_on_token(pki_issue(&(struct pki_spec){
        .common_name = "old", .key_of = client, .not_before.days = -9, .not_after.days = -2}));
    CHECK(credentials_get(&options, NULL, &error) == NULL);
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_CLIENT_CERTIFICATE_EXPIRED);
    put_on_token(client);
    const struct credentials *credentials = credentials_get(&options, NULL, NULL);
    CHECK(credentials != NULL);
    credentials_release(&credentials);
}

CASE("a PKCS#11 token")
{
    static const char cert[] = "pkcs11:token=odbcssl;object=client;type=cert";
    static const char key[] = "pkcs11:token=odbcssl;object=client;type=private";
    if (!make_token()) {
        suite_skip("no SoftHSM token that p11-kit finds");
        return;
    }
    CHECK(works(cert, key, "4321", NULL));
    CHECK(works(cert, NULL, "4321", NULL));
    CHECK(works("client.pem", key, "4321", NULL));
    CHECK(works(cert, "client.key", NULL, NULL));
    CHECK_TEXT(error.text, "");
    CHECK(works("client.pem", "pkcs11:token=odbcssl;object=client?pin-value=4321", NULL, NULL));
    check_refused("client.pem", "pkcs11:token=odbcssl;object=client?pin-value=9999", NULL,
                  ODBCSSL_ERROR_KEY_PASSWORD, "pin-value=***");
    CHECK(strstr(error.text, "9999") == NULL);
    check_refused(cert, key, "0000", ODBCSSL_ERROR_KEY_PASSWORD, "refused the PIN in SslPassword");
    check_refused(cert, key, NULL, ODBCSSL_ERROR_KEY_PASSWORD, "set SslPassword");
    check_refused("pkcs11:token=odbcssl;object=nothing;type=cert", key, "4321", ODBCSSL_ERROR_TOKEN,
                  "no token that p11-kit knows");
    check_refused("pkcs11:token=other;object=client;type=cert", key, "4321", ODBCSSL_ERROR_TOKEN,
                  "p11tool --list-tokens");
    check_refused(cert, "other.key", "4321", ODBCSSL_ERROR_KEY_MISMATCH, "CN=alice");
    /* Where the token keeps the public key to itself, the first certificate is the client's. */
    char *chain = suite_text("%s/others.pem", directory);
    CHECK_FATAL(pki_write_pem(chain, other, ca, NULL));
    CHECK_FATAL(tools_run(directory, "GNUTLS_PIN=4321 p11tool --login --write --load-privkey "
                                     "other.key --label hidden --id 02 'pkcs11:token=odbcssl'"));
    CHECK(works("others.pem", "pkcs11:token=odbcssl;object=hidden;type=private", "4321", NULL));
    CHECK_TEXT(error.text, "");
    check_renewal();
}

/* What GnuTLS says of tokens here, instead of looking for one; 0: it looks. */
static int said_of_tokens;

int gnutls_privkey_import_url(gnutls_privkey_t key, const char *url, unsigned flags)
{
    static int (*real)(gnutls_privkey_t, const char *, unsigned);
    const struct tools_function functions[] = {{"gnutls_privkey_import_url", &real}, {NULL, NULL}};
    if (said_of_tokens != 0)
        return said_of_tokens;
    CHECK_FATAL(real != NULL || tools_load("libgnutls.so.30", functions));
    return real(key, url, flags);
}

CASE("tokens that cannot be used, and why")
{
    static const struct {
        int outcome;
        enum odbcssl_error code;
        const char *said;
    } rows[] = {
        {GNUTLS_E_PKCS11_PIN_LOCKED, ODBCSSL_ERROR_TOKEN, "the token's PIN is locked"},
        {GNUTLS_E_PKCS11_PIN_EXPIRED, ODBCSSL_ERROR_KEY_PASSWORD, "refused the PIN in SslPassword"},
        {GNUTLS_E_PKCS11_DEVICE_ERROR, ODBCSSL_ERROR_TOKEN,
         "a private key cannot be used: PKCS #11 error in device"},
        {GNUTLS_E_MEMORY_ERROR, ODBCSSL_ERROR_MEMORY, "out of memory"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        said_of_tokens = rows[i].outcome;
        check_refused("client.pem", "pkcs11:object=client", "4321", rows[i].code, rows[i].said);
    }
    said_of_tokens = 0;
    check_refused("client.pem", "pkcs11:object=%zz", "4321", ODBCSSL_ERROR_TOKEN,
                  "SslKey=pkcs11:object=%zz (test): a private key cannot be used: ");
    check_refused("pkcs11:object=%zz", "client.key", "4321", ODBCSSL_ERROR_TOKEN,
                  "SslCert=pkcs11:object=%zz (test): a certificate cannot be used: ");
}

SUITE("client identity", set_up, tear_down)
