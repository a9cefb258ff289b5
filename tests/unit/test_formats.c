/*
 * Every format that people are given, made by other programs; and what refusals say.
 */
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "support/der.h"
#include "support/pki.h"
#include "support/suite.h"
#include "tls/parsed_file.h"
#include "support/tools.h"

static char *directory;
static struct pki_certificate *first, *second;
static struct parsed_file parsed;
static struct error error;

static void reset(void)
{
    parsed_file_free(&parsed);
    error_clear(&error);
}

static bool read_bytes(const void *bytes, size_t size, const char *password,
                       enum parsed_wanted wanted)
{
    const struct parsed_source source = {.bytes = bytes,
                                         .size = size,
                                         .name = "SslRootCert=/f (test)",
                                         .password = password,
                                         .wanted = wanted};
    reset();
    return parsed_file_read(&source, &parsed, &error);
}

static bool read_file(const char *name, const char *password, enum parsed_wanted wanted)
{
    size_t size = 0;
    unsigned char *bytes = tools_read(directory, name, &size);
    CHECK_FATAL(bytes != NULL);
    bool is_read = read_bytes(bytes, size, password, wanted);
    free(bytes);
    return is_read;
}

static bool read_certificates(const char *name, const char *password)
{
    return read_file(name, password, PARSED_WANTED_ANCHORS);
}

static bool holds(size_t index, const struct pki_certificate *certificate)
{
    gnutls_datum_t der = pki_der(certificate);
    bool is_equal = index < parsed.certificate_count &&
                    parsed.certificates[index].size == der.size &&
                    memcmp(parsed.certificates[index].bytes, der.data, der.size) == 0;
    gnutls_free(der.data);
    return is_equal;
}

/* Both certificates, in whatever order. */
static bool holds_both(void)
{
    return parsed.certificate_count == 2 &&
           ((holds(0, first) && holds(1, second)) || (holds(0, second) && holds(1, first)));
}

static int set_up(void)
{
    directory = pki_temp_dir();
    first = pki_issue(&(struct pki_spec){.common_name = "First CA", .is_ca = true});
    second = pki_issue(&(struct pki_spec){.common_name = "Second CA", .is_ca = true});
    if (directory == NULL || first == NULL || second == NULL)
        return 1;
    char *both = suite_text("%s/both.pem", directory), *one = suite_text("%s/one.pem", directory),
         *der = suite_text("%s/one.der", directory), *key = suite_text("%s/key.pem", directory),
         *bare_key = suite_text("%s/key.der", directory);
    bool is_written = pki_write_pem(both, first, second, NULL) && pki_write_pem(one, first, NULL) &&
                      pki_write_der(der, first) && pki_write_key_pem(key, first) &&
                      pki_write_key_der(bare_key, first);
    return !is_written;
}

static int tear_down(void)
{
    reset();
    pki_temp_dir_remove(&directory);
    return 0;
}

CASE("PEM in text, with BOM, DOS line ends and indentation")
{
    CHECK(read_certificates("both.pem", NULL));
    CHECK(holds(0, first) && holds(1, second));
    /* As people paste it: a byte order mark, text between, DOS line ends, indentation. */
    CHECK_FATAL(tools_run(directory, "{ printf '\\357\\273\\277Subject: x\\n'; cat one.pem; echo "
                                     "'some: text - with -- dashes'; sed 's/^/    /' both.pem; } | "
                                     "sed 's/$/\\r/' > odd.pem"));
    CHECK(read_certificates("odd.pem", NULL));
    CHECK_NUMBER(parsed.certificate_count, 3);
    CHECK(holds(0, first) && holds(2, second));
}

CASE("a DER certificate")
{
    CHECK(read_certificates("one.der", NULL));
    CHECK(parsed.certificate_count == 1 && holds(0, first));
}

/* Editors and transfers leave line ends. What else stands there may count as well. */
CASE("line ends behind DER, and other bytes")
{
    CHECK_FATAL(tools_run(directory, "for one in one.der key.der; do "
                                     "{ cat $one; printf '\\r\\n \\t\\n\\000'; } > lines-$one; "
                                     "{ cat $one one.der; } > two-$one; "
                                     "{ cat $one; printf '\\nx'; } > odd-$one; done"));
    CHECK(read_certificates("lines-one.der", NULL));
    CHECK(parsed.certificate_count == 1 && holds(0, first));
    CHECK(read_file("lines-key.der", NULL, PARSED_WANTED_KEY));
    gnutls_datum_t der = pki_der(first);
    const char *two = suite_text("the file holds a certificate, and %u bytes stand behind its end, "
                                 "from byte %u on, and are more DER; a file in DER holds one thing",
                                 der.size, der.size);
    gnutls_free(der.data);
    CHECK(!read_certificates("two-one.der", NULL));
    CHECK_CONTAINS(error.text, two);
    CHECK(!read_certificates("odd-one.der", NULL));
    CHECK_CONTAINS(error.text, "the file holds a certificate, and 2 bytes stand behind its end");
    CHECK_CONTAINS(error.text, "and are no DER");
    CHECK(!read_file("two-key.der", NULL, PARSED_WANTED_KEY));
    CHECK_CONTAINS(error.text, "the file holds a private key, and ");
    CHECK(!read_file("odd-key.der", NULL, PARSED_WANTED_KEY));
    CHECK_CONTAINS(error.text, "the file holds a private key, and 2 bytes stand behind its end");
}

CASE("PKCS#7 under every label, bare and DER")
{
    if (!tools_have("openssl"))
        return;
    static const struct {
        const char *name;
        const char *command;
    } rows[] = {
        {"a.p7b", "openssl crl2pkcs7 -nocrl -certfile both.pem -out a.p7b"},
        {"der.p7b", "openssl pkcs7 -in a.p7b -outform DER -out der.p7b"},
        {"cms.p7b", "sed 's/PKCS7/CMS/' a.p7b > cms.p7b"},
        {"java.p7b", "sed 's/PKCS7/CERTIFICATE/' a.p7b > java.p7b"},
        {"bare.p7b", "grep -v -e ----- a.p7b | sed 's/$/\\r/' > bare.p7b"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_FATAL(tools_run(directory, "%s", rows[i].command));
        CHECK(read_certificates(rows[i].name, NULL));
        CHECK(parsed.certificate_count == 2 && holds(0, first) && holds(1, second));
    }
}

/* BER with indefinite lengths, as some Java programs write it: the DER's wrappers opened by
 * hand. */
CASE("PKCS#7 with indefinite lengths")
{
    static const unsigned char begin[] = {
        0x30, 0x80, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02,
        0xa0, 0x80, 0x30, 0x80, 0x02, 0x01, 0x01, 0x31, 0x00, 0x30, 0x80, 0x06, 0x09,
        0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01, 0x00, 0x00, 0xa0, 0x80};
    static const unsigned char end[] = {0, 0, 0x31, 0, 0, 0, 0, 0, 0, 0};
    struct buffer file = {0};
    gnutls_datum_t der = pki_der(first);
    CHECK_FATAL(buffer_append(&file, begin, sizeof begin) &&
                buffer_append(&file, der.data, der.size) && buffer_append(&file, end, sizeof end));
    CHECK(read_bytes(buffer_content(&file), buffer_length(&file), NULL, PARSED_WANTED_ANCHORS));
    CHECK(parsed.certificate_count == 1 && holds(0, first));
    gnutls_free(der.data);
    buffer_free(&file);
}

CASE("PKCS#12 by OpenSSL, every encryption and password")
{
    if (!tools_have("openssl"))
        return;
    static const struct {
        const char *how;
        const char *password; /* it is made with */
        const char *given;
    } rows[] = {
        {"", "secret", "secret"},
        {"-legacy", "secret", "secret"},
        {"-legacy -certpbe PBE-SHA1-RC4-128 -keypbe PBE-SHA1-3DES", "secret", "secret"},
        {"-certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1", "p\303\244ss", "p\303\244ss"},
        {"-certpbe AES-128-CBC -keypbe AES-192-CBC -macalg sha512 -iter 5000", "x", "x"},
        {"-certpbe NONE -keypbe NONE -nomac", "", NULL},
        {"-nomac", "secret", "secret"},
        {"", "", NULL},
        {"", "", ""},
        {"-legacy", "", NULL},
        {"", "changeit", NULL},
        {"", "apsaradb", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_FATAL(tools_run(directory,
                              "openssl pkcs12 -export -in both.pem -inkey key.pem -out a.p12 "
                              "-passout 'pass:%s' %s",
                              rows[i].password, rows[i].how));
        CHECK(read_file("a.p12", rows[i].given, PARSED_WANTED_KEY));
        CHECK_TEXT(error.text, "");
        CHECK(holds_both() && parsed.key_count == 1 && parsed.keys[0].form == PARSED_KEY_PLAIN);
        CHECK(read_certificates("a.p12", rows[i].given));
        CHECK(parsed.key_count == 0);
    }
    CHECK(!read_certificates("a.p12", "wrong"));
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_STORE_PASSWORD);
    CHECK_CONTAINS(error.text, "SslPassword is not the password");
    CHECK_FATAL(tools_run(directory, "openssl pkcs12 -export -nokeys -in both.pem -out a.p12 "
                                     "-passout pass:other"));
    CHECK(!read_certificates("a.p12", NULL));
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_STORE_PASSWORD);
    CHECK_CONTAINS(error.text, "set SslPassword");
}

CASE("PKCS#12 by GnuTLS")
{
    if (!tools_have("certtool"))
        return;
    CHECK_FATAL(tools_run(directory, "certtool --to-p12 --load-certificate one.pem --load-privkey "
                                     "key.pem --p12-name a --password secret --outder --outfile "
                                     "c.p12"));
    CHECK(read_file("c.p12", "secret", PARSED_WANTED_KEY));
    CHECK_TEXT(error.text, "");
    CHECK(parsed.certificate_count == 1 && holds(0, first) && parsed.key_count == 1);
    CHECK_FATAL(tools_run(directory, "certtool --to-p12 --load-certificate one.pem --load-privkey "
                                     "key.pem --p12-name a --password secret --outfile c.pem"));
    CHECK(read_certificates("c.pem", "secret"));
    CHECK(holds(0, first));
}

/* Cut anywhere, a store is refused; altered anywhere, a store with a MAC or digest is. */
static void check_damage(const char *name, const char *password, size_t step)
{
    size_t size = 0;
    unsigned accepted = 0;
    unsigned char *bytes = tools_read(directory, name, &size);
    CHECK_FATAL(bytes != NULL);
    for (size_t cut = 0; cut < size; cut += step)
        accepted += read_bytes(bytes, cut, password, PARSED_WANTED_ANCHORS);
    for (size_t at = size / 3; at < size / 2; at += step) {
        bytes[at] ^= 0x20;
        accepted += read_bytes(bytes, size, password, PARSED_WANTED_ANCHORS);
        CHECK(error_is_set(&error));
        bytes[at] ^= 0x20;
    }
    CHECK_NUMBER(accepted, 0);
    free(bytes);
}

CASE("a damaged PKCS#12 store is refused")
{
    if (!tools_have("openssl"))
        return;
    CHECK_FATAL(tools_run(directory, "openssl pkcs12 -export -nokeys -in both.pem -out d.p12 "
                                     "-iter 1 -passout pass:secret"));
    check_damage("d.p12", "secret", 7);
}

/* keytool's trust stores. */
CASE("Java trust stores, JKS and PKCS#12")
{
    if (!tools_have("keytool"))
        return;
    for (int i = 0; i < 2; i++) {
        const char *type = i == 0 ? "PKCS12" : "JKS";
        CHECK_FATAL(tools_run(directory,
                              "rm -f t.jks; csplit -z -f part- "
                              "both.pem '/BEGIN/' '{*}' && for p in part-*; do keytool "
                              "-importcert -noprompt -alias $p -file $p -keystore t.jks "
                              "-storetype %s -storepass changeit || exit 1; done",
                              type));
        CHECK(read_certificates("t.jks", "changeit"));
        CHECK(holds_both());
        CHECK(read_certificates("t.jks", NULL));
        CHECK(holds_both());
        CHECK(!read_certificates("t.jks", "wrong"));
        CHECK_NUMBER(error.code, ODBCSSL_ERROR_STORE_PASSWORD);
        check_damage("t.jks", "changeit", 97);
    }
    CHECK_FATAL(tools_run(directory, "keytool -storepasswd -new apsaradb -storepass changeit "
                                     "-keystore t.jks"));
    CHECK(read_certificates("t.jks", NULL));
    CHECK_FATAL(tools_run(directory, "keytool -storepasswd -new something -storepass apsaradb "
                                     "-keystore t.jks"));
    CHECK(!read_certificates("t.jks", NULL));
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_STORE_PASSWORD);
    CHECK(!read_certificates("t.jks", "wrong"));
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_STORE_ALTERED);
    CHECK(read_certificates("t.jks", "something"));
}

CASE("private keys in JKS; JCEKS is refused by name")
{
    if (!tools_have("keytool") || !tools_have("openssl"))
        return;
    CHECK_FATAL(tools_run(directory,
                          "openssl pkcs12 -export -name k -in one.pem -inkey key.pem -out k.p12 "
                          "-passout pass:secret && rm -f k.jks k.jceks && keytool -importkeystore "
                          "-srckeystore k.p12 -srcstorepass secret -destkeystore k.jks "
                          "-deststoretype JKS -deststorepass secret"));
    CHECK(read_file("k.jks", "secret", PARSED_WANTED_KEY));
    CHECK_TEXT(error.text, "");
    CHECK(parsed.key_count == 1 && holds(0, first));
    gnutls_x509_privkey_t key;
    gnutls_x509_privkey_init(&key);
    if (parsed.key_count == 1) {
        const gnutls_datum_t der = {parsed.keys[0].bytes, (unsigned)parsed.keys[0].size};
        CHECK_NUMBER(gnutls_x509_privkey_import2(key, &der, GNUTLS_X509_FMT_DER, NULL, 0), 0);
    }
    gnutls_x509_privkey_deinit(key);
    CHECK_FATAL(tools_run(directory, "keytool -keypasswd -alias k -keystore k.jks -storepass "
                                     "secret -keypass secret -new different"));
    CHECK(!read_file("k.jks", "secret", PARSED_WANTED_KEY));
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_KEY_PASSWORD);
    CHECK(read_certificates("k.jks", "secret"));
    CHECK_FATAL(tools_run(directory, "keytool -importkeystore -srckeystore k.p12 -srcstorepass "
                                     "secret -destkeystore k.jceks -deststoretype JCEKS "
                                     "-deststorepass secret"));
    CHECK(!read_certificates("k.jceks", "secret"));
    CHECK_CONTAINS(error.text, "JCEKS");
    CHECK_CONTAINS(error.text, "keytool -importkeystore");
}

/* Empty stores as keytool leaves them, with the digests of three passwords. */
CASE("the JKS digest")
{
    static const struct {
        const char *password;
        unsigned char digest[20];
    } rows[] = {
        {"changeit", {0xe2, 0x68, 0x6e, 0x45, 0xfb, 0x43, 0xdf, 0xa4, 0xd9, 0x92,
                      0xdd, 0x41, 0xce, 0xb6, 0xb2, 0x1c, 0x63, 0x30, 0xd7, 0x92}},
        {"", {0x57, 0xbe, 0xbc, 0x27, 0x62, 0xa2, 0x1d, 0x70, 0xff, 0xf2,
              0x18, 0xdd, 0x59, 0x68, 0x01, 0x1f, 0xfe, 0x42, 0x3a, 0x69}},
        {"p\303\244ss", {0xfd, 0x32, 0x3f, 0x19, 0xb5, 0xd8, 0xe7, 0x39, 0x25, 0x73,
                         0xcb, 0xef, 0xe7, 0xf3, 0xa3, 0xc1, 0x2e, 0x85, 0x4c, 0xa4}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned char file[32] = {0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 0};
        memcpy(file + 12, rows[i].digest, 20);
        CHECK(read_bytes(file, sizeof file, rows[i].password, PARSED_WANTED_ANYTHING));
        CHECK(!read_bytes(file, sizeof file, "other", PARSED_WANTED_ANYTHING));
        CHECK(!read_bytes(file, sizeof file, rows[i].password, PARSED_WANTED_ANCHORS));
        CHECK_CONTAINS(error.text, "Java key store");
    }
}

/* Bytes between the last entry and a digest that fits. */
CASE("bytes behind the last JKS entry")
{
    static const char password_and_salt[] = "\0xMighty Aphrodite";
    unsigned char file[33] = {0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 0, 0};
    for (size_t extra = 0; extra < 2; extra++) {
        gnutls_hash_hd_t hash;
        CHECK_FATAL(gnutls_hash_init(&hash, GNUTLS_DIG_SHA1) == 0);
        gnutls_hash(hash, password_and_salt, sizeof password_and_salt - 1);
        gnutls_hash(hash, file, 12 + extra);
        gnutls_hash_deinit(hash, file + 12 + extra);
        CHECK(read_bytes(file, 32 + extra, "x", PARSED_WANTED_ANYTHING) == (extra == 0));
    }
    CHECK_CONTAINS(error.text, "bytes follow its last entry");
}

/* Every refusal says what the file is. */
CASE("a refusal says what the file is")
{
    static const struct {
        const char *content;
        size_t size; /* 0: strlen */
        const char *said;
    } rows[] = {
        {"<!DOCTYPE html><html>login</html>", 0, "an HTML page"},
        {"\n\n  <HTML>", 0, "an HTML page"},
        {"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", 0,
         "an OpenSSH private key"},
        {"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", 0,
         "a certificate request"},
        {"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", 0, "a public key"},
        {"-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n-----END TRUSTED CERTIFICATE-----\n", 0,
         "openssl x509 -in"},
        {"-----BEGIN CERTIFICATE-----\nAAAA\n", 0, "END line is missing"},
        {"-----BEGIN CERTIFICATE-----\nAAAA\n-----BEGIN CERTIFICATE-----\n", 0,
         "that begins in line 1"},
        {"text\n-----BEGIN CERTIFICATE-----\n?!\n-----END CERTIFICATE-----\n", 0,
         "line 2 is not base64"},
        {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 0,
         "does not hold what its label says"},
        {"ssh-rsa AAAA me@host\n", 0, "an OpenSSH public key"},
        {"PuTTY-User-Key-File-3: ssh-rsa\n", 0, "a PuTTY private key"},
        {"PK\003\004\024\0\0\0", 8, "a ZIP archive"},
        {"\xff\xfe-\0-\0", 6, "UTF-16"},
        {"hello, world\n", 0, "other text"},
        {"\1\2\3\4", 4, "damaged binary data"},
        {"\x30\x80\x30\x80\x30\x80", 6, "damaged binary data"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t size = rows[i].size != 0 ? rows[i].size : strlen(rows[i].content);
        CHECK(!read_bytes(rows[i].content, size, NULL, PARSED_WANTED_ANCHORS));
        CHECK_NUMBER(error.code, ODBCSSL_ERROR_FILE_MALFORMED);
        CHECK_CONTAINS(error.text, rows[i].said);
        CHECK_CONTAINS(error.text, "SslRootCert=/f (test)");
    }
    CHECK(!read_certificates("key.pem", NULL));
    CHECK_CONTAINS(error.text, "holds a private key; what is wanted here is certificates");
    CHECK(!read_file("one.pem", NULL, PARSED_WANTED_KEY));
    CHECK_CONTAINS(error.text, "holds a certificate; what is wanted here is a private key");
}

CASE("a CRL is called a CRL")
{
    struct buffer crl = {0};
    CHECK_FATAL(pki_crl(&(struct pki_crl_spec){.issuer = first}, &crl));
    CHECK(!read_bytes(buffer_content(&crl), buffer_length(&crl), NULL, PARSED_WANTED_ANCHORS));
    CHECK_CONTAINS(error.text, "a certificate revocation list (CRL)");
    char *path = suite_text("%s/crl.pem", directory);
    CHECK_FATAL(pki_write_crl_pem(path, &crl));
    CHECK(tools_run(directory, "cat crl.pem key.pem > mixed.pem"));
    CHECK(!read_certificates("mixed.pem", NULL));
    CHECK_CONTAINS(error.text, "a private key and a certificate revocation list (CRL)");
    if (tools_have("openssl")) {
        CHECK_FATAL(tools_run(directory, "openssl crl2pkcs7 -in crl.pem -out crl.p7b"));
        CHECK(!read_certificates("crl.p7b", NULL));
        CHECK_CONTAINS(error.text, "a certificate revocation list (CRL) and a PKCS#7 file");
    }
    buffer_free(&crl);
}

/* Signed data with so many certificates, each of which is an empty SEQUENCE. */
static bool read_pkcs7(size_t count)
{
    struct buffer list = {0}, data = {0}, wrapper = {0}, info = {0}, file = {0};
    for (size_t i = 0; i < count; i++)
        der_put(&list, DER_SEQUENCE, "", 0);
    der_put_number(&data, 1);
    der_put(&data, DER_SET, "", 0);
    der_put(&data, DER_SEQUENCE, "", 0);
    der_wrap(&data, DER_CONTEXT_CONSTRUCTED, &list);
    der_wrap(&wrapper, DER_SEQUENCE, &data);
    der_put_oid(&info, "1.2.840.113549.1.7.2");
    der_wrap(&info, DER_CONTEXT_CONSTRUCTED, &wrapper);
    der_wrap(&file, DER_SEQUENCE, &info);
    bool is_read =
        read_bytes(buffer_content(&file), buffer_length(&file), NULL, PARSED_WANTED_ANCHORS);
    buffer_free(&file);
    return is_read;
}

/* Blocks that are labelled as private keys, with so many bytes each. */
static bool read_keys(size_t count, size_t size)
{
    struct buffer file = {0};
    for (size_t i = 0; i < count; i++) {
        buffer_append_text(&file, "-----BEGIN PRIVATE KEY-----\n");
        for (size_t at = 0; at < size; at += 3)
            buffer_append_text(&file, "AAAA");
        buffer_append_text(&file, "\n-----END PRIVATE KEY-----\n");
    }
    bool is_read = read_bytes(buffer_content(&file), buffer_length(&file), NULL, PARSED_WANTED_KEY);
    buffer_free(&file);
    return is_read;
}

CASE("more than is read of one file")
{
    CHECK(read_pkcs7(65536));
    CHECK_NUMBER(parsed.certificate_count, 65536);
    CHECK(!read_pkcs7(65537));
    CHECK_CONTAINS(error.text, "more than the 65536 certificates that are read");
    CHECK(read_keys(64, 3));
    CHECK_NUMBER(parsed.key_count, 64);
    CHECK(!read_keys(65, 3));
    CHECK_CONTAINS(error.text, "more than the 64 private keys that are read");
    CHECK(read_keys(1, 262143));
    CHECK(!read_keys(1, 262146));
    CHECK_CONTAINS(error.text, "private key 1 has 262146 bytes, more than the 256 KiB");
}

SUITE("formats", set_up, tear_down)
