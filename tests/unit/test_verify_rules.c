/* The verifier: what each certificate of a path has to fulfil, name constraints, algorithms, pins.
 */
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
    pki_free(&server);
    pki_free(&issuer);
}

static void test_not_authority(void)
{
    expect_issuer_refused((struct pki_spec){.key_usage = GNUTLS_KEY_KEY_CERT_SIGN},
                          ODBCSSL_VERIFY_CONSTRAINT, ODBCSSL_ERROR_CONSTRAINT, "CN=Issuer (serial");
    expect_issuer_refused((struct pki_spec){.omit_basic_constraints = true, .omit_key_usage = true},
                          ODBCSSL_VERIFY_CONSTRAINT, ODBCSSL_ERROR_CONSTRAINT,
                          "do not say that it is a CA");
}

static void test_issuer_usage(void)
{
    expect_issuer_refused(
        (struct pki_spec){.is_ca = true, .key_usage = GNUTLS_KEY_DIGITAL_SIGNATURE},
        ODBCSSL_VERIFY_PURPOSE, ODBCSSL_ERROR_PURPOSE, "no keyCertSign");
}

static void test_path_length(void)
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
    EXPECT_REFUSED(ODBCSSL_VERIFY_CONSTRAINT, ODBCSSL_ERROR_CONSTRAINT,
                   "allows 0 CA certificate(s) below it (pathLenConstraint), and there are 1",
                   .chain = CHAIN(below_second, second, first));
    pki_free(&below_first);
    pki_free(&below_second);
    pki_free(&second);
    pki_free(&first);
}

static void test_server_purpose(void)
{
    struct pki_certificate *server = pki_issue(&(struct pki_spec){
        .common_name = "db", .issuer = world.root, .purposes = PKI_LIST(GNUTLS_KP_TLS_WWW_CLIENT)});
    EXPECT_REFUSED(ODBCSSL_VERIFY_PURPOSE, ODBCSSL_ERROR_PURPOSE,
                   "may not be used for a TLS server: its extendedKeyUsage",
                   .chain = CHAIN(server));
    pki_free(&server);
    server = pki_issue(&(struct pki_spec){
        .common_name = "db",
        .issuer = world.root,
        .purposes = PKI_LIST(GNUTLS_KP_TLS_WWW_CLIENT, GNUTLS_KP_TLS_WWW_SERVER)});
    EXPECT_ACCEPTED(.chain = CHAIN(server));
    pki_free(&server);
    server = pki_issue(&(struct pki_spec){
        .common_name = "db", .issuer = world.root, .key_usage = GNUTLS_KEY_CRL_SIGN});
    EXPECT_REFUSED(ODBCSSL_VERIFY_PURPOSE, ODBCSSL_ERROR_PURPOSE,
                   "keyUsage has no digitalSignature", .chain = CHAIN(server));
    pki_free(&server);
}

static void test_critical_extension(void)
{
    const struct pki_extension critical[] = {{"1.2.3.4.5", true, "\x05\x00", 2}, {0}};
    const struct pki_extension harmless[] = {{"1.2.3.4.5", false, "\x05\x00", 2}, {0}};
    struct pki_certificate *server = pki_issue(
        &(struct pki_spec){.common_name = "db", .issuer = world.root, .extensions = critical});
    EXPECT_REFUSED(ODBCSSL_VERIFY_CONSTRAINT, ODBCSSL_ERROR_CONSTRAINT,
                   "critical extension that is not understood: 1.2.3.4.5", .chain = CHAIN(server));
    pki_free(&server);
    server = pki_issue(
        &(struct pki_spec){.common_name = "db", .issuer = world.root, .extensions = harmless});
    EXPECT_ACCEPTED(.chain = CHAIN(server));
    pki_free(&server);
    expect_issuer_refused((struct pki_spec){.is_ca = true, .extensions = critical},
                          ODBCSSL_VERIFY_CONSTRAINT, ODBCSSL_ERROR_CONSTRAINT,
                          "CA certificate CN=Issuer");
}

/* A chain with requireExplicitPolicy in its one CA: so many certificates may follow without policy.
 */
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
        EXPECT_REFUSED(ODBCSSL_VERIFY_CONSTRAINT, ODBCSSL_ERROR_CONSTRAINT,
                       "demands a certificate policy", .chain = CHAIN(server, issuer));
    pki_free(&server);
    pki_free(&issuer);
}

static void test_policies(void)
{
    expect_policy_demand("\x30\x03\x80\x01\x00", false);
    expect_policy_demand("\x30\x03\x80\x01\x01", false);
    expect_policy_demand("\x30\x03\x80\x01\x02", true);
    /* inhibitPolicyMapping demands nothing. */
    expect_policy_demand("\x30\x03\x81\x01\x00", true);
}

const struct suite_case rule_cases[] = {
    {"refuses an issuer that is no CA", test_not_authority},
    {"refuses an issuer that may not sign certificates", test_issuer_usage},
    {"obeys pathLenConstraint", test_path_length},
    {"refuses certificates for other purposes", test_server_purpose},
    {"refuses unknown critical extensions", test_critical_extension},
    {"refuses a demand for policies, when it takes effect", test_policies},
    {NULL, NULL},
};

/* Name constraints */

static struct pki_certificate *constrained(const struct buffer *subtrees, unsigned list)
{
    struct buffer inner = {0}, value = {0};
    der_put(&inner, DER_CONTEXT_CONSTRUCTED + list, buffer_content(subtrees),
            buffer_length(subtrees));
    der_wrap(&value, DER_SEQUENCE, &inner);
    const struct pki_extension extensions[] = {
        {"2.5.29.30", true, buffer_content(&value), buffer_length(&value)}, {0}};
    struct pki_certificate *issuer = pki_issue(&(struct pki_spec){
        .common_name = "Bound", .is_ca = true, .issuer = world.root, .extensions = extensions});
    buffer_free(&value);
    return issuer;
}

/* One subtree: a GeneralName whose tag and content are given. */
static void put_subtree(struct buffer *out, unsigned tag, const void *content, size_t size)
{
    struct buffer subtree = {0};
    der_put(&subtree, tag, content, size);
    der_wrap(out, DER_SEQUENCE, &subtree);
}

/* O=<organization> as a Name. */
static void put_organization(struct buffer *out, unsigned type, const char *organization)
{
    struct buffer attribute = {0}, set = {0}, name = {0};
    der_put_oid(&attribute, "2.5.4.10");
    der_put_text(&attribute, type, organization);
    der_wrap(&set, DER_SEQUENCE, &attribute);
    der_wrap(&name, DER_SET, &set);
    der_wrap(out, DER_SEQUENCE, &name);
}

static void expect_constrained(const struct buffer *subtrees, unsigned list, struct pki_spec spec,
                               const char *part, unsigned line)
{
    struct pki_certificate *issuer = constrained(subtrees, list);
    spec.issuer = issuer;
    struct pki_certificate *server = pki_issue(&spec);
    struct scene scene = {.chain = CHAIN(server, issuer)};
    scene_expect(&scene, part != NULL ? ODBCSSL_VERIFY_CONSTRAINT : 0,
                 part != NULL ? ODBCSSL_ERROR_CONSTRAINT : ODBCSSL_ERROR_NONE, part, __FILE__,
                 line);
    pki_free(&server);
    pki_free(&issuer);
}

enum { PERMITTED = 0, EXCLUDED = 1 };

static void test_dns_constraints(void)
{
    struct pki_certificate *issuer =
        pki_issue(&(struct pki_spec){.common_name = "Bound",
                                     .is_ca = true,
                                     .issuer = world.root,
                                     .permitted_dns = PKI_LIST("example.com"),
                                     .excluded_dns = PKI_LIST("secret.example.com")});
    struct pki_certificate *good = pki_issue(&(struct pki_spec){
        .common_name = "a", .issuer = issuer, .dns = PKI_LIST("db.example.com")});
    struct pki_certificate *outside = pki_issue(&(struct pki_spec){
        .common_name = "b", .issuer = issuer, .dns = PKI_LIST("db.example.com", "db.test")});
    struct pki_certificate *excluded = pki_issue(&(struct pki_spec){
        .common_name = "c", .issuer = issuer, .dns = PKI_LIST("db.secret.example.com")});
    EXPECT_ACCEPTED(.chain = CHAIN(good, issuer));
    EXPECT_REFUSED(ODBCSSL_VERIFY_CONSTRAINT, ODBCSSL_ERROR_CONSTRAINT, "nameConstraints",
                   .chain = CHAIN(outside, issuer));
    EXPECT_REFUSED(ODBCSSL_VERIFY_CONSTRAINT, ODBCSSL_ERROR_CONSTRAINT, "nameConstraints",
                   .chain = CHAIN(excluded, issuer));
    pki_free(&good);
    pki_free(&outside);
    pki_free(&excluded);
    pki_free(&issuer);
}

static void test_directory_constraints(void)
{
    struct buffer name = {0}, subtrees = {0};
    put_organization(&name, DER_PRINTABLE_STRING, "Example  Corp");
    put_subtree(&subtrees, DER_CONTEXT_CONSTRUCTED + 4, buffer_content(&name),
                buffer_length(&name));
    const struct pki_spec inside = {.dn = "CN=db,O=example corp"},
                          outside = {.dn = "CN=db,O=Other"}, nowhere = {.dn = "CN=db"};
    expect_constrained(&subtrees, PERMITTED, inside, NULL, __LINE__);
    expect_constrained(&subtrees, PERMITTED, outside,
                       "do not permit; permitted: directory:O=Example", __LINE__);
    expect_constrained(&subtrees, PERMITTED, nowhere,
                       "do not permit; permitted: directory:O=Example", __LINE__);
    expect_constrained(&subtrees, EXCLUDED, inside, "exclude by directory:O=Example", __LINE__);
    expect_constrained(&subtrees, EXCLUDED, outside, NULL, __LINE__);
    buffer_free(&name);
    buffer_free(&subtrees);
}

/* RFC 4518: sharp s is folded to two letters. */
static void test_folded_directory(void)
{
    struct buffer name = {0}, subtrees = {0};
    put_organization(&name, DER_UTF8_STRING,
                     "Stra\xc3\x9f"
                     "e");
    put_subtree(&subtrees, DER_CONTEXT_CONSTRUCTED + 4, buffer_content(&name),
                buffer_length(&name));
    expect_constrained(&subtrees, EXCLUDED, (struct pki_spec){.dn = "CN=db,O=STRASSE"},
                       "exclude by directory:O=Stra", __LINE__);
    buffer_free(&name);
    buffer_free(&subtrees);
}

static void test_uri_constraints(void)
{
    struct buffer subtrees = {0};
    put_subtree(&subtrees, DER_CONTEXT + 6, ".example.com", 12);
    const struct pki_spec inside = {.common_name = "db",
                                    .uri = PKI_LIST("https://u@a.example.com:1/x")};
    const struct pki_spec outside = {.common_name = "db",
                                     .uri = PKI_LIST("https://a.test/x.example.com")};
    const struct pki_spec hostless = {.common_name = "db", .uri = PKI_LIST("urn:uuid:1")};
    expect_constrained(&subtrees, PERMITTED, inside, NULL, __LINE__);
    expect_constrained(&subtrees, PERMITTED, outside,
                       "URI:https://a.test/x.example.com, which the nameConstraints of", __LINE__);
    expect_constrained(&subtrees, PERMITTED, hostless, "may not permit, which cannot be told",
                       __LINE__);
    expect_constrained(&subtrees, EXCLUDED, inside, "exclude by URI:.example.com", __LINE__);
    expect_constrained(&subtrees, EXCLUDED, hostless, "may exclude, which cannot be told",
                       __LINE__);
    buffer_free(&subtrees);
}

/* registeredID 1.2.3: a kind of name that is not compared. */
static void test_unknown_constraints(void)
{
    struct buffer subtrees = {0};
    static const unsigned char names[] = {0x30, 0x04, 0x88, 0x02, 0x2a, 0x03};
    const struct pki_extension extensions[] = {{"2.5.29.17", false, names, sizeof names}, {0}};
    put_subtree(&subtrees, DER_CONTEXT + 8, "\x2a\x03", 2);
    expect_constrained(&subtrees, EXCLUDED,
                       (struct pki_spec){.common_name = "db", .extensions = extensions},
                       "registeredID", __LINE__);
    expect_constrained(&subtrees, PERMITTED,
                       (struct pki_spec){.common_name = "db", .extensions = extensions},
                       "registeredID", __LINE__);
    buffer_free(&subtrees);
}

const struct suite_case constraint_cases[] = {
    {"obeys constraints on DNS names", test_dns_constraints},
    {"obeys constraints on directory names", test_directory_constraints},
    {"folds letters as RFC 4518 does", test_folded_directory},
    {"obeys constraints on URIs", test_uri_constraints},
    {"refuses names of a kind it cannot compare", test_unknown_constraints},
    {NULL, NULL},
};

/* Weak algorithms */

static void test_weak_signature(void)
{
    struct pki_certificate *root =
        pki_issue(&(struct pki_spec){.common_name = "R", .is_ca = true, .key = PKI_KEY_RSA});
    struct pki_certificate *sha1 =
        pki_issue(&(struct pki_spec){.common_name = "db", .issuer = root, .hash = GNUTLS_DIG_SHA1});
    struct pki_certificate *md5 =
        pki_issue(&(struct pki_spec){.common_name = "db", .issuer = root, .hash = GNUTLS_DIG_MD5});
    EXPECT_REFUSED(ODBCSSL_VERIFY_WEAK_ALGORITHM, ODBCSSL_ERROR_WEAK_ALGORITHM,
                   "is signed with RSA-SHA1, which is too weak", .chain = CHAIN(sha1),
                   .anchor = root);
    EXPECT_REFUSED(ODBCSSL_VERIFY_WEAK_ALGORITHM, ODBCSSL_ERROR_WEAK_ALGORITHM, "RSA-MD5",
                   .chain = CHAIN(md5), .anchor = root);
    EXPECT_ACCEPTED(.chain = CHAIN(sha1), .anchor = root, .allow_weak = true);
    EXPECT_ACCEPTED(.chain = CHAIN(md5), .anchor = root, .allow_weak = true);
    pki_free(&sha1);
    pki_free(&md5);
    pki_free(&root);
}

/* An anchor's own signature counts for nothing. */
static void test_weak_anchor_signature(void)
{
    struct pki_certificate *root = pki_issue(&(struct pki_spec){
        .common_name = "R", .is_ca = true, .key = PKI_KEY_RSA, .hash = GNUTLS_DIG_SHA1});
    struct pki_certificate *server =
        pki_issue(&(struct pki_spec){.common_name = "db", .issuer = root});
    EXPECT_ACCEPTED(.chain = CHAIN(server), .anchor = root);
    pki_free(&server);
    pki_free(&root);
}

static void test_weak_key(void)
{
    struct pki_certificate *server = pki_issue(&(struct pki_spec){
        .common_name = "db", .issuer = world.root, .key = PKI_KEY_RSA, .rsa_bits = 1024});
    EXPECT_REFUSED(ODBCSSL_VERIFY_WEAK_ALGORITHM, ODBCSSL_ERROR_WEAK_ALGORITHM,
                   "has a key that is too weak: RSA with 1024 bits; 2048 or more are wanted",
                   .chain = CHAIN(server));
    EXPECT_ACCEPTED(.chain = CHAIN(server), .allow_weak = true);
    pki_free(&server);
}

const struct suite_case weak_cases[] = {
    {"refuses SHA-1 and MD5, and says so", test_weak_signature},
    {"does not mind the anchor's own signature", test_weak_anchor_signature},
    {"refuses RSA below 2048 bits, and says so", test_weak_key},
    {NULL, NULL},
};

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

static void test_pins(void)
{
    char certificate[200], key[200], list[600];
    make_pins(world.server, certificate, sizeof certificate, key, sizeof key);
    EXPECT_ACCEPTED(.chain = CHAIN(world.server, world.middle), .pin = certificate);
    EXPECT_ACCEPTED(.chain = CHAIN(world.server, world.middle), .pin = key);
    snprintf(list, sizeof list, OTHER_PIN " , %s", key);
    EXPECT_ACCEPTED(.chain = CHAIN(world.server, world.middle), .pin = list);
    EXPECT_REFUSED(ODBCSSL_VERIFY_PIN, ODBCSSL_ERROR_PIN, key,
                   .chain = CHAIN(world.server, world.middle), .pin = OTHER_PIN);
    /* A pin is of the server's own certificate, not of a CA's. */
    make_pins(world.middle, certificate, sizeof certificate, key, sizeof key);
    EXPECT_REFUSED(ODBCSSL_VERIFY_PIN, ODBCSSL_ERROR_PIN, "fits no pin",
                   .chain = CHAIN(world.server, world.middle), .pin = key);
    EXPECT_REFUSED(ODBCSSL_VERIFY_PIN, ODBCSSL_ERROR_PIN, "fits no pin",
                   .chain = CHAIN(world.server, world.middle), .pin = certificate);
}

static void test_pin_syntax(void)
{
    static const char hex[] = "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef";
    char text[400];
    snprintf(text, sizeof text, "sha256:%s", hex);
    CHECK(verify_pin_is_valid(text));
    snprintf(text, sizeof text, "SHA256:%s," OTHER_PIN, hex);
    CHECK(verify_pin_is_valid(text));
    snprintf(text, sizeof text, "sha256:%.63s", hex);
    CHECK(!verify_pin_is_valid(text));
    snprintf(text, sizeof text, "sha256:%s0", hex);
    CHECK(!verify_pin_is_valid(text));
    snprintf(text, sizeof text, "sha256:%sg", hex);
    CHECK(!verify_pin_is_valid(text));
    snprintf(text, sizeof text, "%s", hex);
    CHECK(!verify_pin_is_valid(text));
    CHECK(!verify_pin_is_valid(""));
    CHECK(!verify_pin_is_valid("sha256:"));
    CHECK(!verify_pin_is_valid("sha1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
    CHECK(!verify_pin_is_valid(OTHER_PIN ","));
    CHECK(!verify_pin_is_valid("," OTHER_PIN));
    CHECK(!verify_pin_is_valid("sha256:AAAA"));
    CHECK(!verify_pin_is_valid("sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
}

const struct suite_case pin_cases[] = {
    {"accepts a pin of the certificate or of its key", test_pins},
    {"knows a malformed pin", test_pin_syntax},
    {NULL, NULL},
};
