/* The verifier: every path is tried, whatever stands in the way; signatures, names, limits. */
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <string.h>

#include "support/der.h"
#include "unit/verify_world.h"

#define UNTRUSTED ODBCSSL_VERIFY_UNTRUSTED

static struct pki_certificate *issue_ca(const char *name, const struct pki_certificate *issuer,
                                        bool omit_key_identifiers)
{
    struct pki_certificate *ca =
        pki_issue(&(struct pki_spec){.common_name = name,
                                     .is_ca = true,
                                     .issuer = issuer,
                                     .omit_key_identifiers = omit_key_identifiers});
    CHECK_FATAL(ca != NULL);
    return ca;
}

static struct pki_certificate *issue_server(const struct pki_certificate *issuer,
                                            bool omit_key_identifiers)
{
    struct pki_certificate *server = pki_issue(&(struct pki_spec){
        .common_name = "db", .issuer = issuer, .omit_key_identifiers = omit_key_identifiers});
    CHECK_FATAL(server != NULL);
    return server;
}

/* A CA that renewed its key: two anchors of one name, and more. */
static void check_renewed(size_t count, bool omit_key_identifiers)
{
    struct pki_certificate *anchors[18] = {NULL};
    for (size_t i = 0; i < count; i++)
        anchors[i] = issue_ca("Renewed", NULL, omit_key_identifiers);
    for (size_t i = 0; i < count; i++) {
        struct pki_certificate *server = issue_server(anchors[i], omit_key_identifiers);
        EXPECT_ACCEPTED(.chain = CHAIN(server),
                        .anchors = (const struct pki_certificate *const *)anchors);
    }
    struct pki_certificate *stranger = issue_ca("Renewed", NULL, omit_key_identifiers);
    struct pki_certificate *server = issue_server(stranger, omit_key_identifiers);
    if (omit_key_identifiers)
        EXPECT_REFUSED(UNTRUSTED, ODBCSSL_ERROR_CERTIFICATE_SIGNATURE,
                       "was made with the key of none of the", .chain = CHAIN(server),
                       .anchors = (const struct pki_certificate *const *)anchors);
    else
        EXPECT_REFUSED(UNTRUSTED, ODBCSSL_ERROR_ISSUER_UNKNOWN, "but with another key",
                       .chain = CHAIN(server),
                       .anchors = (const struct pki_certificate *const *)anchors);
}

CASE("anchors of one name, with and without key identifiers")
{
    check_renewed(2, false);
    check_renewed(2, true);
    check_renewed(17, false);
    check_renewed(17, true);
}

/* One anchor is not what it has to be, the other one of its name and key is. */
CASE("one good path is enough")
{
    struct pki_certificate *good = issue_ca("Root", NULL, false);
    struct pki_certificate *expired = pki_issue(&(struct pki_spec){.common_name = "Root",
                                                                   .is_ca = true,
                                                                   .key_of = good,
                                                                   .not_before.days = -20,
                                                                   .not_after.days = -10});
    struct pki_certificate *server = issue_server(good, false);
    EXPECT_ACCEPTED(.chain = CHAIN(server), .anchors = CHAIN(good, expired));
    EXPECT_ACCEPTED(.chain = CHAIN(server), .anchors = CHAIN(expired, good));
    EXPECT_FAILS(EXPIRED, "CA certificate CN=Root", .chain = CHAIN(server),
                 .anchors = CHAIN(expired));
}

/* A key identifier is a hint, and a wrong one no disproof (RFC 5280, 6.1, does not ask for it). */
CASE("a wrong key identifier is no disproof")
{
    struct pki_certificate *root = issue_ca("Root", NULL, true);
    static const unsigned char named[] = {0x30, 0x06, 0x80, 0x04, 1, 2, 3, 4};
    static const unsigned char own[] = {0x04, 0x04, 5, 6, 7, 8};
    const struct pki_extension of_server[] = {{"2.5.29.35", false, named, sizeof named}, {0}};
    const struct pki_extension of_root[] = {{"2.5.29.14", false, own, sizeof own}, {0}};
    struct pki_certificate *marked = pki_issue(&(struct pki_spec){.common_name = "Root",
                                                                  .is_ca = true,
                                                                  .key_of = root,
                                                                  .extensions = of_root,
                                                                  .omit_key_identifiers = true});
    struct pki_certificate *server = pki_issue(&(struct pki_spec){.common_name = "db",
                                                                  .issuer = root,
                                                                  .extensions = of_server,
                                                                  .omit_key_identifiers = true});
    EXPECT_ACCEPTED(.chain = CHAIN(server), .anchors = CHAIN(marked));
}

/* RFC 5280, 4.2.1.9: only intermediates that are not self-issued count. */
CASE("self-issued CAs do not count in pathLenConstraint")
{
    struct pki_certificate *first = pki_issue(&(struct pki_spec){
        .common_name = "CA", .is_ca = true, .issuer = world.root, .has_path_length = true});
    struct pki_certificate *renewed =
        pki_issue(&(struct pki_spec){.common_name = "CA", .is_ca = true, .issuer = first});
    struct pki_certificate *other = issue_ca("Other", first, false);
    struct pki_certificate *good = issue_server(renewed, false);
    struct pki_certificate *bad = issue_server(other, false);
    EXPECT_ACCEPTED(.chain = CHAIN(good, renewed, first));
    EXPECT_FAILS(CONSTRAINT, "CN=CA (serial ", .chain = CHAIN(bad, other, first));
}

/* RFC 5280, 7.1: names that differ in string type, case, or inner blanks are equal. */
CASE("names in other string types, cases and blanks, for CRLs too")
{
    static const struct {
        const char *put; /* instead of the issuer's "\x0c\x0aExample  A" */
        bool is_equal;
    } rows[] = {
        {"\x0c\x0a"
         "EXAMPLE  a",
         true},
        {"\x13\x0a"
         "Example  A",
         true},
        {"\x14\x0a"
         "example  A",
         true},
        {"\x13\x0a"
         "Example A ",
         true},
        {"\x13\x0a"
         " Example A",
         true},
        {"\x1e\x0a"
         "\0e\0x\0a\0m\0p",
         false},
        {"\x13\x0a"
         "ExampleA  ",
         false},
        {"\x13\x0a"
         "Example  B",
         false},
    };
    struct pki_certificate *root =
        pki_issue(&(struct pki_spec){.common_name = "Example  A", .is_ca = true});
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pki_certificate *server = issue_server(root, false);
        CHECK_FATAL(pki_edit(server, root,
                             "\x13\x0a"
                             "Example  A",
                             rows[i].put, 12));
        if (rows[i].is_equal) {
            struct crl_set good = {0}, revoking = {0};
            const struct pki_revoked revoked = {.certificate = server};
            set_add(&good, &(struct pki_crl_spec){.issuer = root});
            set_add(&revoking, &(struct pki_crl_spec){
                                   .issuer = root, .revoked = &revoked, .revoked_count = 1});
            EXPECT_ACCEPTED(.chain = CHAIN(server), .anchor = root);
            EXPECT_ACCEPTED(.chain = CHAIN(server), .anchor = root, .crls = &good);
            EXPECT_FAILS(REVOKED, NULL, .chain = CHAIN(server), .anchor = root, .crls = &revoking);
            crl_set_free(&good);
            crl_set_free(&revoking);
        } else
            EXPECT_REFUSED(UNTRUSTED, ODBCSSL_ERROR_ISSUER_UNKNOWN, NULL, .chain = CHAIN(server),
                           .anchor = root);
    }
}

/* As `openssl -sigopt rsa_padding_mode:pss` makes it: 222 octets with 2048 bits and SHA-256. */
CASE("RSA-PSS with salts of any size")
{
    static const unsigned salts[] = {222, 64, 33, 32};
    struct pki_certificate *root =
        pki_issue(&(struct pki_spec){.common_name = "R", .is_ca = true, .key = PKI_KEY_RSA});
    for (size_t i = 0; i < sizeof salts / sizeof salts[0]; i++) {
        struct pki_certificate *server = pki_issue(
            &(struct pki_spec){.common_name = "db", .issuer = root, .pss_salt = salts[i]});
        CHECK_FATAL(server != NULL);
        EXPECT_ACCEPTED(.chain = CHAIN(server), .anchor = root);
        /* The salt's size is part of what is signed. */
        gnutls_datum_t der = pki_der(server);
        der.data[der.size - 1] ^= 1;
        struct pki_certificate forged = {.edited = der};
        EXPECT_REFUSED(UNTRUSTED, ODBCSSL_ERROR_CERTIFICATE_SIGNATURE, "(RSA-PSS-SHA256)",
                       .chain = CHAIN(&forged), .anchor = root);
        gnutls_free(der.data);
    }
}

CASE("tells a loop")
{
    struct pki_certificate *nobody = issue_ca("B", NULL, false);
    struct pki_certificate *a = issue_ca("A", nobody, false);
    struct pki_certificate *b = pki_issue(
        &(struct pki_spec){.common_name = "B", .is_ca = true, .issuer = a, .key_of = nobody});
    struct pki_certificate *server = issue_server(a, false);
    EXPECT_REFUSED(UNTRUSTED, ODBCSSL_ERROR_UNTRUSTED, "is a loop: CA certificate CN=B",
                   .chain = CHAIN(server, a, b));
}

/* Inside and outside: 1.2.840.10045.4.3.2 becomes .9, which nobody has. */
CASE("tells an unsupported algorithm by its OID")
{
    static const char known[] = "\x2a\x86\x48\xce\x3d\x04\x03\x02";
    gnutls_datum_t der = pki_der(world.server);
    unsigned char *at = der.data;
    while ((at = memmem(at, der.size - (size_t)(at - der.data), known, sizeof known - 1)) != NULL)
        at[7] = 9;
    struct pki_certificate strange = {.edited = der};
    struct scene scene = {.chain = CHAIN(&strange, world.middle)};
    struct verify_result result = scene_verify(&scene);
    CHECK_NUMBER(result.outcome, VERIFY_OUTCOME_SIGNATURE_ALGORITHM);
    CHECK_CONTAINS(verify_error(&result)->text,
                   "its algorithm, 1.2.840.10045.4.3.9, is not supported");
    verify_result_free(&result);
    gnutls_free(der.data);
}

/* An RSA key whose exponent is as long as its modulus would take a hundred times as long. */
CASE("does not compute with absurd keys")
{
    struct pki_certificate *root =
        pki_issue(&(struct pki_spec){.common_name = "R", .is_ca = true, .key = PKI_KEY_RSA});
    struct pki_certificate *server = issue_server(root, true);
    static const unsigned char usual[] = {0x02, 0x03, 0x01, 0x00, 0x01};
    gnutls_datum_t modulus = {0}, exponent = {0};
    gnutls_x509_crt_get_pk_rsa_raw(root->crt, &modulus, &exponent);
    /* The modulus gives nine octets to the exponent: the element's size stays what it is. */
    gnutls_datum_t der = pki_der(root);
    unsigned char *at = memmem(der.data, der.size, usual, sizeof usual);
    CHECK_FATAL(at != NULL && modulus.size >= 256);
    unsigned char *number = at - modulus.size - 4;
    CHECK_FATAL(number[0] == 0x02 && number[1] == 0x82);
    size_t size = (size_t)(number[2] << 8 | number[3]) - 8;
    number[2] = (unsigned char)(size >> 8);
    number[3] = (unsigned char)size;
    memcpy(at - 8, "\x02\x0b\x01", 3);
    struct pki_certificate slow = {.edited = der};
    EXPECT_REFUSED(UNTRUSTED, ODBCSSL_ERROR_UNTRUSTED, "is too large", .chain = CHAIN(server),
                   .anchor = &slow);
    gnutls_free(modulus.data);
    gnutls_free(exponent.data);
    gnutls_free(der.data);
}

/* 7 CAs, each signed by 7 others, of which one alone leads to the anchor that is current. */
CASE("finds the one way through cross-signed CAs")
{
    struct pki_certificate *upper[7], *lower[7], *mesh[49], *server;
    const struct pki_certificate *chain[58] = {NULL};
    size_t count = 1;
    for (int i = 0; i < 7; i++) {
        const char *name = suite_text("Upper %d", i);
        upper[i] = pki_issue(&(struct pki_spec){.common_name = name,
                                                .is_ca = true,
                                                .issuer = world.root,
                                                .not_before.days = -20,
                                                .not_after.days = i == 6 ? 10 : -10});
    }
    lower[0] = issue_ca("Lower", NULL, false);
    for (int i = 0; i < 49; i++) {
        mesh[i] = pki_issue(&(struct pki_spec){
            .common_name = "Lower", .is_ca = true, .issuer = upper[i % 7], .key_of = lower[0]});
        chain[count++] = mesh[i];
    }
    for (int i = 0; i < 7; i++)
        chain[count++] = upper[i];
    server = issue_server(lower[0], false);
    chain[0] = server;
    EXPECT_ACCEPTED(.chain = chain);
    chain[count - 1] = NULL;
    EXPECT_FAILS(EXPIRED, "CN=Upper", .chain = chain);
}

/* 7 levels of 7 CAs of one name, without key identifiers: each has to be found by its signature. */
CASE("finds the one way among CAs of one name")
{
    struct pki_certificate *levels[7][7], *roots[7];
    const struct pki_certificate *chain[51] = {NULL};
    size_t count = 1;
    for (int i = 0; i < 7; i++)
        roots[i] = issue_ca("Top", NULL, true);
    for (int level = 0; level < 7; level++)
        for (int i = 0; i < 7; i++) {
            levels[level][i] = issue_ca(suite_text("Level %d", level),
                                        level == 0 ? roots[i] : levels[level - 1][i], true);
            chain[count++] = levels[level][i];
        }
    for (int i = 0; i < 7; i++) {
        struct pki_certificate *server = issue_server(levels[6][i], true);
        chain[0] = server;
        if (i == 4)
            EXPECT_ACCEPTED(.chain = chain, .anchor = roots[4]);
        else
            EXPECT_REFUSED(UNTRUSTED, ODBCSSL_ERROR_CERTIFICATE_SIGNATURE, "CN=Level 0",
                           .chain = chain, .anchor = roots[4]);
    }
}

/* 63 CAs of one name that nothing but signatures tells apart: more than is tried. */
CASE("tells when there are too many ways")
{
    struct pki_certificate *twins[63], *server;
    const struct pki_certificate *chain[65] = {NULL};
    for (int i = 0; i < 63; i++)
        twins[i] = issue_ca("Twin", i == 0 ? NULL : twins[i - 1], true);
    server = issue_server(twins[62], true);
    chain[0] = server;
    for (int i = 0; i < 63; i++)
        chain[i + 1] = twins[i];
    struct verify_result result = scene_verify(&(struct scene){.chain = chain});
    CHECK_NUMBER(result.outcome, VERIFY_OUTCOME_LIMIT);
    CHECK_CONTAINS(verify_error(&result)->text,
                   "can be put together in too many ways: after 400 signatures");
    verify_result_free(&result);
}

/* 100 extensions, and 500 purposes of which the last may be a TLS server's. */
static void check_many(const char *last, bool is_accepted)
{
    static char oids[100][24];
    struct pki_extension extensions[102] = {{0}};
    struct buffer purposes = {0}, value = {0};
    for (int i = 0; i < 100; i++) {
        snprintf(oids[i], sizeof oids[i], "1.2.3.4.%d", i + 1);
        extensions[i] = (struct pki_extension){oids[i], false, "\x05\x00", 2};
    }
    for (int i = 0; i < 499; i++) {
        der_put_oid(&purposes, suite_text("1.3.6.1.4.1.%d", i + 1));
    }
    der_put_oid(&purposes, last);
    der_wrap(&value, DER_SEQUENCE, &purposes);
    extensions[100] =
        (struct pki_extension){"2.5.29.37", false, buffer_content(&value), buffer_length(&value)};
    struct pki_certificate *server = pki_issue(
        &(struct pki_spec){.common_name = "db", .issuer = world.root, .extensions = extensions});
    CHECK_FATAL(server != NULL);
    if (is_accepted)
        EXPECT_ACCEPTED(.chain = CHAIN(server));
    else
        EXPECT_FAILS(PURPOSE, "extendedKeyUsage", .chain = CHAIN(server));
    buffer_free(&value);
}

CASE("reads 100 extensions and 500 purposes")
{
    check_many(GNUTLS_KP_TLS_WWW_SERVER, true);
    check_many("1.3.6.1.5.5.7.3.2", false);
}

/* The certificate with the other signature that is as good, (r, n - s) for (r, s): nobody needs the
 * key for it. */
static void put_twin(struct buffer *out, const struct pki_certificate *certificate)
{
    static const unsigned char order[] =
        "\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"
        "\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x51"; /* of P-256 */
    gnutls_datum_t der = pki_der(certificate), r, s, twin;
    struct certificate read;
    struct buffer inside = {0}, bits = {0};
    unsigned char other[32];
    int borrow = 0;
    CHECK_FATAL(certificate_read(der.data, der.size, &read) == NULL);
    const struct der *signature = &read.signature.bits;
    const gnutls_datum_t value = {(unsigned char *)signature->content + 1,
                                  (unsigned)signature->size - 1};
    CHECK_FATAL(gnutls_decode_rs_value(&value, &r, &s) == 0);
    for (unsigned i = 0; i < 32; i++) {
        int digit = order[31 - i] - borrow - (i < s.size ? s.data[s.size - 1 - i] : 0);
        borrow = digit < 0;
        other[31 - i] = (unsigned char)digit;
    }
    unsigned zeroes = 0; /* in front, which DER has none of */
    while (other[zeroes] == 0)
        zeroes++;
    const gnutls_datum_t other_s = {other + zeroes, sizeof other - zeroes};
    CHECK_FATAL(gnutls_encode_rs_value(&twin, &r, &other_s) == 0);
    buffer_append_byte(&bits, 0);
    buffer_append(&bits, twin.data, twin.size);
    buffer_append(&inside, read.signature.signed_bytes.whole,
                  read.signature.signed_bytes.whole_size);
    buffer_append(&inside, read.signature.algorithm.whole, read.signature.algorithm.whole_size);
    der_wrap(&inside, DER_BIT_STRING, &bits);
    der_wrap(out, DER_SEQUENCE, &inside);
    gnutls_free(r.data);
    gnutls_free(s.data);
    gnutls_free(twin.data);
    gnutls_free(der.data);
}

CASE("refuses what the system distrusts, with any signature")
{
    struct trust *trust = trust_of(CHAIN(world.root));
    struct trust *distrust = trust_of(CHAIN(world.middle));
    struct buffer twin = {0};
    gnutls_datum_t middle = pki_der(world.middle);
    put_twin(&twin, world.middle);
    const gnutls_datum_t middles[] = {
        middle, {(unsigned char *)buffer_content(&twin), (unsigned)buffer_length(&twin)}};
    for (size_t i = 0; i < 2; i++) {
        gnutls_datum_t chain[] = {pki_der(world.server), middles[i]};
        const struct verify_request request = {
            .chain = chain, .chain_count = 2, .trust = trust, .at = time(NULL)};
        struct verify_result result;
        CHECK(verify_chain(&request, &result));
        verify_result_free(&result);
        struct trust_certificates none = trust->distrusted;
        trust->distrusted = distrust->anchors;
        CHECK(!verify_chain(&request, &result));
        CHECK_NUMBER(result.status, UNTRUSTED);
        CHECK_NUMBER(result.outcome, VERIFY_OUTCOME_DISTRUSTED);
        scene_seen[result.outcome] = true;
        CHECK_CONTAINS(verify_error(&result)->text, "CA certificate CN=Middle");
        verify_result_free(&result);
        trust->distrusted = none;
        gnutls_free(chain[0].data);
    }
    gnutls_free(middle.data);
    buffer_free(&twin);
    trust_free(&distrust);
    trust_free(&trust);
}

SUITE("paths", world_set_up, NULL)
