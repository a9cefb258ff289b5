/* The verifier: what each certificate of a path has to fulfil, algorithms, pins. */
#include <gnutls/crypto.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "support/der.h"
#include "unit/verify_world.h"

/* Rules for certificates */

/* The refusal of a chain root -> issuer -> server, with the issuer as given. */
static void expect_issuer_refused(struct pki_spec issuer_spec, uint32_t status,
                                  enum odbcssl_error code, const char *part)
{
    issuer_spec.common_name = "Issuer";
    issuer_spec.issuer = world.root;
    struct pki_certificate *issuer = pki_issue(&issuer_spec);
    struct pki_certificate *server = pki_issue(&(struct pki_spec){
        .common_name = "db", .issuer = issuer, .dns = PKI_LIST("db.example.com")});
    EXPECT_REFUSED(status, code, part, .chain = CHAIN(server, issuer));
}

CASE("refuses an issuer that is no CA")
{
    expect_issuer_refused((struct pki_spec){.key_usage = GNUTLS_KEY_KEY_CERT_SIGN},
                          ODBCSSL_VERIFY_CONSTRAINT, ODBCSSL_ERROR_CONSTRAINT, "CN=Issuer (serial");
    expect_issuer_refused((struct pki_spec){.omit_basic_constraints = true, .omit_key_usage = true},
                          ODBCSSL_VERIFY_CONSTRAINT, ODBCSSL_ERROR_CONSTRAINT,
                          "do not say that it is a CA");
}

CASE("refuses an issuer that may not sign certificates")
{
    expect_issuer_refused(
        (struct pki_spec){.is_ca = true, .key_usage = GNUTLS_KEY_DIGITAL_SIGNATURE},
        ODBCSSL_VERIFY_PURPOSE, ODBCSSL_ERROR_PURPOSE, "no keyCertSign");
}

CASE("obeys pathLenConstraint")
{
    struct pki_certificate *first = pki_issue(&(struct pki_spec){
        .common_name = "First", .issuer = world.root, .is_ca = true, .has_path_length = true});
    struct pki_certificate *second =
        pki_issue(&(struct pki_spec){.common_name = "Second", .issuer = first, .is_ca = true});
    struct pki_certificate *below_first =
        pki_issue(&(struct pki_spec){.common_name = "a", .issuer = first});
    struct pki_certificate *below_second =
        pki_issue(&(struct pki_spec){.common_name = "b", .issuer = second});
    EXPECT_ACCEPTED(.chain = CHAIN(below_first, first));
    EXPECT_FAILS(CONSTRAINT,
                 "allows 0 CA certificate(s) below it (pathLenConstraint), and there are 1",
                 .chain = CHAIN(below_second, second, first));
}

CASE("refuses certificates for other purposes")
{
    struct pki_certificate *server = pki_issue(&(struct pki_spec){
        .common_name = "db", .issuer = world.root, .purposes = PKI_LIST(GNUTLS_KP_TLS_WWW_CLIENT)});
    EXPECT_FAILS(PURPOSE, "may not be used for a TLS server: its extendedKeyUsage",
                 .chain = CHAIN(server));
    server = pki_issue(&(struct pki_spec){
        .common_name = "db",
        .issuer = world.root,
        .purposes = PKI_LIST(GNUTLS_KP_TLS_WWW_CLIENT, GNUTLS_KP_TLS_WWW_SERVER)});
    EXPECT_ACCEPTED(.chain = CHAIN(server));
    server = pki_issue(&(struct pki_spec){
        .common_name = "db", .issuer = world.root, .key_usage = GNUTLS_KEY_CRL_SIGN});
    EXPECT_FAILS(PURPOSE, "keyUsage has no digitalSignature", .chain = CHAIN(server));
}

/* What a key needs in TLS; the handshake's verdict is the same (test-session). */
CASE("knows what a server's key needs in TLS")
{
    static const struct {
        enum pki_key key;
        unsigned usage;
        uint32_t status;
        enum odbcssl_error code;
        const char *part;
    } rows[] = {
        {PKI_KEY_RSA, GNUTLS_KEY_KEY_ENCIPHERMENT, 0, 0, NULL},
        {PKI_KEY_RSA, GNUTLS_KEY_DIGITAL_SIGNATURE, 0, 0, NULL},
        {PKI_KEY_RSA, GNUTLS_KEY_KEY_AGREEMENT, ODBCSSL_VERIFY_PURPOSE, ODBCSSL_ERROR_PURPOSE,
         "keyUsage has neither digitalSignature nor keyEncipherment"},
        {PKI_KEY_RSA_PSS, GNUTLS_KEY_KEY_ENCIPHERMENT, ODBCSSL_VERIFY_PURPOSE,
         ODBCSSL_ERROR_PURPOSE, "keyUsage has no digitalSignature"},
        {PKI_KEY_ECDSA, GNUTLS_KEY_KEY_AGREEMENT, ODBCSSL_VERIFY_PURPOSE, ODBCSSL_ERROR_PURPOSE,
         "keyUsage has no digitalSignature"},
        {PKI_KEY_ED25519, GNUTLS_KEY_DIGITAL_SIGNATURE, 0, 0, NULL},
        {PKI_KEY_P224, GNUTLS_KEY_DIGITAL_SIGNATURE, ODBCSSL_VERIFY_WEAK_ALGORITHM,
         ODBCSSL_ERROR_WEAK_ALGORITHM, "not taken from a TLS server: SECP224R1"},
        {PKI_KEY_DSA, GNUTLS_KEY_DIGITAL_SIGNATURE, ODBCSSL_VERIFY_WEAK_ALGORITHM,
         ODBCSSL_ERROR_WEAK_ALGORITHM, "not taken from a TLS server: DSA"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pki_certificate *server = pki_issue(&(struct pki_spec){.common_name = "db",
                                                                      .issuer = world.root,
                                                                      .key = rows[i].key,
                                                                      .key_usage = rows[i].usage});
        struct scene scene = {.chain = CHAIN(server)};
        scene_expect(&scene, rows[i].status, rows[i].code, rows[i].part, __FILE__,
                     (unsigned)(1000 + i));
    }
}

CASE("refuses unknown critical extensions")
{
    const struct pki_extension critical[] = {{"1.2.3.4.5", true, "\x05\x00", 2}, {0}};
    const struct pki_extension harmless[] = {{"1.2.3.4.5", false, "\x05\x00", 2}, {0}};
    struct pki_certificate *server = pki_issue(
        &(struct pki_spec){.common_name = "db", .issuer = world.root, .extensions = critical});
    EXPECT_FAILS(CONSTRAINT, "critical extension that is not understood: 1.2.3.4.5",
                 .chain = CHAIN(server));
    server = pki_issue(
        &(struct pki_spec){.common_name = "db", .issuer = world.root, .extensions = harmless});
    EXPECT_ACCEPTED(.chain = CHAIN(server));
    expect_issuer_refused((struct pki_spec){.is_ca = true, .extensions = critical},
                          ODBCSSL_VERIFY_CONSTRAINT, ODBCSSL_ERROR_CONSTRAINT,
                          "CA certificate CN=Issuer");
}

/* A chain with requireExplicitPolicy in its one CA: so many certificates may follow without
 * policy. */
static void expect_policy_demand(const char *constraints, bool is_accepted)
{
    const struct pki_extension extensions[] = {{"2.5.29.36", true, constraints, 5}, {0}};
    struct pki_certificate *issuer = pki_issue(&(struct pki_spec){
        .common_name = "Issuer", .is_ca = true, .issuer = world.root, .extensions = extensions});
    struct pki_certificate *server =
        pki_issue(&(struct pki_spec){.common_name = "db", .issuer = issuer});
    if (is_accepted)
        EXPECT_ACCEPTED(.chain = CHAIN(server, issuer));
    else
        EXPECT_FAILS(CONSTRAINT, "demands a certificate policy", .chain = CHAIN(server, issuer));
}

CASE("refuses a demand for policies, when it takes effect")
{
    expect_policy_demand("\x30\x03\x80\x01\x00", false);
    expect_policy_demand("\x30\x03\x80\x01\x01", false);
    expect_policy_demand("\x30\x03\x80\x01\x02", true);
    /* inhibitPolicyMapping demands nothing. */
    expect_policy_demand("\x30\x03\x81\x01\x00", true);
}

/* Three certificates whose policies agree, or not: 1.2.3 as 2a 03, 1.2.4 as 2a 04. */
static const struct policy_row {
    const char *of_issuer;   /* certificatePolicies */
    const char *mapping;     /* policyMappings of the issuer */
    const char *constraints; /* policyConstraints of the issuer */
    const char *of_server;
    const char *part; /* of the refusal; NULL: accepted */
} policy_rows[] = {
#define REQUIRE "30 03 80 01 00"
#define POLICY3 "30 06 30 04 06 02 2a 03"
#define POLICY4 "30 06 30 04 06 02 2a 04"
#define ANY "30 08 30 06 06 04 55 1d 20 00"
    {POLICY3, NULL, REQUIRE, POLICY3, NULL},
    {POLICY3, NULL, REQUIRE, POLICY4, "has none that the certificates above it allow"},
    {POLICY3, NULL, NULL, POLICY4, NULL},
    {POLICY3, NULL, REQUIRE, NULL, "demands a certificate policy"},
    {NULL, NULL, REQUIRE, POLICY3, "demands a certificate policy"},
    {ANY, NULL, REQUIRE, POLICY4, NULL},
    {POLICY3, NULL, REQUIRE, ANY, NULL},
    {POLICY3, "30 0a 30 08 06 02 2a 03 06 02 2a 04", REQUIRE, POLICY4, NULL},
    {POLICY3, "30 0a 30 08 06 02 2a 03 06 02 2a 04", REQUIRE, POLICY3, "demands a certificate"},
    {ANY, "30 0a 30 08 06 02 2a 03 06 02 2a 04", REQUIRE, POLICY4, NULL},
    /* Mapping is inhibited for the certificates below, not for this one. */
    {POLICY3, "30 0a 30 08 06 02 2a 03 06 02 2a 04", "30 06 80 01 00 81 01 00", POLICY4, NULL},
    {POLICY3, "30 0c 30 0a 06 04 55 1d 20 00 06 02 2a 04", NULL, POLICY3, "map anyPolicy"},
};

static size_t add_extension(struct pki_extension *extensions, size_t count, const char *oid,
                            const char *hex, unsigned char *value)
{
    char compact[100] = "";
    if (hex == NULL)
        return count;
    for (; *hex != '\0'; hex++)
        if (*hex != ' ')
            strncat(compact, hex, 1);
    size_t size = der_parse_hex(compact, value, 50);
    extensions[count] = (struct pki_extension){oid, false, value, size};
    return count + 1;
}

CASE("processes policies where one is demanded")
{
    for (size_t i = 0; i < sizeof policy_rows / sizeof policy_rows[0]; i++) {
        const struct policy_row *row = &policy_rows[i];
        struct pki_extension of_issuer[4] = {{0}}, of_server[2] = {{0}};
        unsigned char values[4][50];
        size_t count = add_extension(of_issuer, 0, "2.5.29.32", row->of_issuer, values[0]);
        count = add_extension(of_issuer, count, "2.5.29.33", row->mapping, values[1]);
        add_extension(of_issuer, count, "2.5.29.36", row->constraints, values[2]);
        add_extension(of_server, 0, "2.5.29.32", row->of_server, values[3]);
        struct pki_certificate *issuer = pki_issue(&(struct pki_spec){
            .common_name = "Issuer", .is_ca = true, .issuer = world.root, .extensions = of_issuer});
        struct pki_certificate *server = pki_issue(
            &(struct pki_spec){.common_name = "db", .issuer = issuer, .extensions = of_server});
        struct scene scene = {.chain = CHAIN(server, issuer)};
        scene_expect(&scene, row->part != NULL ? ODBCSSL_VERIFY_CONSTRAINT : 0,
                     row->part != NULL ? ODBCSSL_ERROR_CONSTRAINT : ODBCSSL_ERROR_NONE, row->part,
                     __FILE__, (unsigned)(1000 + i));
    }
}

/* certificatePolicies 1.2.128 and so on, each in 8 bytes. */
static void put_policies(struct buffer *out, unsigned count)
{
    struct buffer list = {0};
    for (unsigned i = 0; i < count; i++) {
        const unsigned char policy[] = {
            0x30, 5, 6, 3, 0x2a, (unsigned char)(0x81 + i / 128), (unsigned char)(i % 128)};
        buffer_append(&list, policy, sizeof policy);
    }
    der_wrap(out, DER_SEQUENCE, &list);
}

/* Each is compared with each: a server could keep us busy. */
CASE("takes 256 policies on one level, and no more")
{
    for (unsigned count = 256; count <= 257; count++) {
        struct buffer list = {0}, last = {0};
        put_policies(&list, count);
        put_policies(&last, 1);
        const struct pki_extension of_issuer[] = {
            {"2.5.29.32", false, buffer_content(&list), buffer_length(&list)},
            {"2.5.29.36", true, "\x30\x03\x80\x01\x00", 5},
            {0}};
        const struct pki_extension of_server[] = {
            {"2.5.29.32", false, buffer_content(&last), buffer_length(&last)}, {0}};
        struct pki_certificate *issuer = pki_issue(&(struct pki_spec){
            .common_name = "Issuer", .is_ca = true, .issuer = world.root, .extensions = of_issuer});
        struct pki_certificate *server = pki_issue(
            &(struct pki_spec){.common_name = "db", .issuer = issuer, .extensions = of_server});
        if (count == 256)
            EXPECT_ACCEPTED(.chain = CHAIN(server, issuer));
        else
            EXPECT_REFUSED(ODBCSSL_VERIFY_OTHER, ODBCSSL_ERROR_VERIFY_OTHER,
                           "the policies of the certificates down to CA certificate CN=Issuer",
                           .chain = CHAIN(server, issuer));
        buffer_free(&list);
        buffer_free(&last);
    }
}

SUITE("rules", world_set_up, NULL)

/* Weak algorithms */

CASE("refuses SHA-1 and MD5, and says so")
{
    struct pki_certificate *root =
        pki_issue(&(struct pki_spec){.common_name = "R", .is_ca = true, .key = PKI_KEY_RSA});
    struct pki_certificate *sha1 =
        pki_issue(&(struct pki_spec){.common_name = "db", .issuer = root, .hash = GNUTLS_DIG_SHA1});
    struct pki_certificate *md5 =
        pki_issue(&(struct pki_spec){.common_name = "db", .issuer = root, .hash = GNUTLS_DIG_MD5});
    EXPECT_FAILS(WEAK_ALGORITHM, "is signed with RSA-SHA1, which is too weak", .chain = CHAIN(sha1),
                 .anchor = root);
    EXPECT_FAILS(WEAK_ALGORITHM, "RSA-MD5", .chain = CHAIN(md5), .anchor = root);
    EXPECT_ACCEPTED(.chain = CHAIN(sha1), .anchor = root, .allow_weak = true);
    EXPECT_ACCEPTED(.chain = CHAIN(md5), .anchor = root, .allow_weak = true);
}

/* An anchor's own signature counts for nothing. */
CASE("does not mind the anchor's own signature")
{
    struct pki_certificate *root = pki_issue(&(struct pki_spec){
        .common_name = "R", .is_ca = true, .key = PKI_KEY_RSA, .hash = GNUTLS_DIG_SHA1});
    struct pki_certificate *server =
        pki_issue(&(struct pki_spec){.common_name = "db", .issuer = root});
    EXPECT_ACCEPTED(.chain = CHAIN(server), .anchor = root);
}

CASE("refuses RSA below 2048 bits, and says so")
{
    struct pki_certificate *server = pki_issue(&(struct pki_spec){
        .common_name = "db", .issuer = world.root, .key = PKI_KEY_RSA, .rsa_bits = 1024});
    EXPECT_FAILS(WEAK_ALGORITHM,
                 "has a key that is too weak: RSA with 1024 bits; 2048 or more are wanted",
                 .chain = CHAIN(server));
    EXPECT_ACCEPTED(.chain = CHAIN(server), .allow_weak = true);
}

SUITE("algorithms", world_set_up, NULL)

/* Pins */

static void make_pins(const struct pki_certificate *pinned, char *of_certificate, size_t size,
                      char *of_key, size_t key_size)
{
    unsigned char digest[32];
    char hex[100];
    size_t length = sizeof digest;
    gnutls_x509_crt_get_fingerprint(pinned->crt, GNUTLS_DIG_SHA256, digest, &length);
    text_hex(digest, length, ':', hex, sizeof hex);
    snprintf(of_certificate, size, "sha256:%s", hex);
    length = sizeof digest;
    gnutls_x509_crt_get_key_id(pinned->crt, GNUTLS_KEYID_USE_SHA256, digest, &length);
    gnutls_datum_t raw = {digest, sizeof digest}, base64 = {0};
    gnutls_base64_encode2(&raw, &base64);
    snprintf(of_key, key_size, "sha256:%s", (const char *)base64.data);
    gnutls_free(base64.data);
}

#define OTHER_PIN "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

CASE("accepts a pin of the certificate or of its key")
{
    char certificate[200], key[200];
    make_pins(world.server, certificate, sizeof certificate, key, sizeof key);
    EXPECT_ACCEPTED(.chain = CHAIN(world.server, world.middle), .pin = certificate);
    EXPECT_ACCEPTED(.chain = CHAIN(world.server, world.middle), .pin = key);
    EXPECT_ACCEPTED(.chain = CHAIN(world.server, world.middle),
                    .pin = suite_text(OTHER_PIN " , %s", key));
    EXPECT_FAILS(PIN, key, .chain = CHAIN(world.server, world.middle), .pin = OTHER_PIN);
    /* A pin is of the server's own certificate, not of a CA's. */
    make_pins(world.middle, certificate, sizeof certificate, key, sizeof key);
    EXPECT_FAILS(PIN, "fits no pin", .chain = CHAIN(world.server, world.middle), .pin = key);
    EXPECT_FAILS(PIN, "fits no pin", .chain = CHAIN(world.server, world.middle),
                 .pin = certificate);
}

CASE("knows a malformed pin")
{
    static const char hex[] = "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef";
    CHECK(verify_pin_is_valid(suite_text("sha256:%s", hex)));
    CHECK(verify_pin_is_valid(suite_text("SHA256:%s," OTHER_PIN, hex)));
    CHECK(!verify_pin_is_valid(suite_text("sha256:%.63s", hex)));
    CHECK(!verify_pin_is_valid(suite_text("sha256:%s0", hex)));
    CHECK(!verify_pin_is_valid(suite_text("sha256:%sg", hex)));
    CHECK(!verify_pin_is_valid(hex));
    CHECK(!verify_pin_is_valid(""));
    CHECK(!verify_pin_is_valid("sha256:"));
    CHECK(!verify_pin_is_valid("sha1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
    CHECK(!verify_pin_is_valid(OTHER_PIN ","));
    CHECK(!verify_pin_is_valid("," OTHER_PIN));
    CHECK(!verify_pin_is_valid("sha256:AAAA"));
    CHECK(!verify_pin_is_valid("sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
}

SUITE("pins", world_set_up, NULL)
