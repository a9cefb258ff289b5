/* The verifier: malformed certificates are refused, and what is malformed in which of them is
 * said. */
#include <string.h>

#include "unit/verify_world.h"

struct row {
    const char *oid;
    bool is_critical;
    const char *value;
    size_t size;
    const char *part; /* of the refusal; NULL: accepted */
};

#define VALUE(text) text, sizeof(text) - 1

static const char has_minimum[] = "nameConstraints has a minimum or maximum";

/* In a server's certificate and in its issuer's. */
static const struct row rows[] = {
    {"2.5.29.37", false, VALUE("\x30\x00"), "extendedKeyUsage is empty"},
    {"2.5.29.37", false, VALUE("\x30\x02\x05\x00"), "extendedKeyUsage is not a SEQUENCE"},
    {"2.5.29.37", false, VALUE("\x30\x06\x06\x04\x55\x1d\x25\x00\x00"), "is not one element"},
    {"2.5.29.19", false, VALUE("\x30\x06\x01\x01\xff\x02\x01\xff"), "has a pathLenConstraint that"},
    {"2.5.29.19", false, VALUE("\x30\x0a\x01\x01\xff\x02\x05\x00\xff\xff\xff\xff"),
     "no number from 0 to 2147483647"},
    {"2.5.29.19", false, VALUE("\x30\x03\x01\x01\x02"), "basicConstraints has a malformed cA"},
    {"2.5.29.19", false, VALUE("\x30\x03\x02\x01\xff"), "has a pathLenConstraint that"},
    {"2.5.29.19", true, VALUE("\x04\x00"), "basicConstraints is not a SEQUENCE"},
    {"2.5.29.15", true, VALUE("\x03\x01\x00"), "keyUsage allows nothing"},
    {"2.5.29.15", true, VALUE("\x03\x02\x07\x06"), "keyUsage allows nothing"},
    {"2.5.29.15", true, VALUE("\x03\x02\x08\x80"), "keyUsage is not a BIT STRING"},
    {"2.5.29.15", false, VALUE("\x04\x01\x80"), "keyUsage is not a BIT STRING"},
    {"2.5.29.36", true, VALUE("\x30\x05\xa0\x03\x02\x01\x00"), "policyConstraints is not"},
    {"2.5.29.36", true, VALUE("\x30\x00"), "policyConstraints is empty"},
    {"2.5.29.36", true, VALUE("\x30\x03\x80\x01\xff"), "policyConstraints has a number"},
    {"2.5.29.54", true, VALUE("\x02\x01\x80"), "inhibitAnyPolicy is no number"},
    {"2.5.29.32", false, VALUE("\x30\x00"), "certificatePolicies is empty"},
    {"2.5.29.32", false, VALUE("\x30\x04\x30\x02\x05\x00"), "certificatePolicies is not"},
    {"2.5.29.33", false, VALUE("\x30\x06\x30\x04\x06\x02\x2a\x03"), "policyMappings is not"},
    {"2.5.29.17", false, VALUE("\x30\x00"), NULL},
    {"2.5.29.17", false, VALUE("\x31\x00"), "subjectAltName is not a SEQUENCE"},
    {"2.5.29.17", false, VALUE("\x30\x07\x87\x05\x01\x02\x03\x04\x05"), "neither 4 nor 16 bytes"},
    {"2.5.29.17", false, VALUE("\x30\x03\x82\x01\x00"), "NUL character"},
    {"2.5.29.17", false, VALUE("\x30\x03\x04\x01\x61"), "holds what is no GeneralName"},
    {"2.5.29.17", false, VALUE("\x30\x04\xa4\x02\x05\x00"), "malformed directoryName"},
    {"2.5.29.30", true, VALUE("\x30\x00"), "nameConstraints"},
    {"2.5.29.30", true, VALUE("\x30\x09\xa0\x07\x30\x05\x82\x00\x80\x01\x01"), has_minimum},
    {"2.5.29.30", true, VALUE("\x30\x09\xa0\x07\x30\x05\x82\x00\x80\x01\x80"), has_minimum},
    {"2.5.29.30", true, VALUE("\x30\x08\xa0\x06\x30\x04\x82\x00\x80\x00"), has_minimum},
    {"2.5.29.30", true, VALUE("\x30\x0a\xa0\x08\x30\x06\x82\x00\x80\x02\x00\x00"), has_minimum},
    {"2.5.29.30", true, VALUE("\x30\x09\xa0\x07\x30\x05\x82\x00\xa0\x01\x00"), has_minimum},
    {"2.5.29.30", true, VALUE("\x30\x09\xa0\x07\x30\x05\x82\x00\x81\x01\x00"), has_minimum},
    {"2.5.29.30", true, VALUE("\x30\x0c\xa0\x0a\x30\x08\x82\x00\x80\x01\x00\x81\x01\x00"),
     has_minimum},
    {"2.5.29.30", true, VALUE("\x30\x0c\xa0\x0a\x30\x08\x82\x00\x80\x01\x00\x80\x01\x00"),
     has_minimum},
    {"2.5.29.30", true, VALUE("\x30\x0b\xa0\x09\x30\x07\x87\x05\x01\x02\x03\x04\x05"),
     "nameConstraints has an IP address range that is none"},
    {"2.5.29.30", true, VALUE("\x30\x0e\xa0\x0c\x30\x0a\x87\x08\x0a\x00\x00\x00\xff\x00\xff\x00"),
     "nameConstraints has an IP address range that is none"},
    {"2.5.29.31", false, VALUE("\x30\x02\x05\x00"), "cRLDistributionPoints is not"},
    /* Of these only critical ones matter. */
    {"2.5.29.18", true, VALUE("\x30\x00"), "issuerAltName is empty"},
    {"2.5.29.18", false, VALUE("\x30\x00"), NULL},
    {"2.5.29.14", true, VALUE("\x05\x00"), "subjectKeyIdentifier is not an OCTET STRING"},
    {"2.5.29.35", true, VALUE("\x05\x00"), "authorityKeyIdentifier is not"},
    {"2.5.29.35", false, VALUE("\x05\x00"), NULL},
    {"1.3.6.1.5.5.7.1.1", true, VALUE("\x30\x02\x30\x00"), "authorityInfoAccess is not"},
    {"1.3.6.1.5.5.7.1.1", false, VALUE("\x30\x02\x30\x00"), NULL},
    {"1.3.6.1.5.5.7.1.11", true, VALUE("\x05\x00"), "subjectInfoAccess is not"},
};

/* GnuTLS would write some of these itself. */
static struct pki_spec with_extension(const struct row *row, const struct pki_extension *extensions)
{
    return (struct pki_spec){.extensions = extensions,
                             .omit_key_identifiers = true,
                             .omit_key_usage = strcmp(row->oid, "2.5.29.15") == 0,
                             .omit_basic_constraints = strcmp(row->oid, "2.5.29.19") == 0};
}

static void expect(const struct pki_certificate *server, const struct pki_certificate *issuer,
                   const char *whose, const char *part, unsigned line)
{
    const struct pki_certificate *const with_issuer[] = {server, issuer, NULL};
    struct scene scene = {.chain = with_issuer};
    if (part == NULL) {
        scene_expect(&scene, 0, ODBCSSL_ERROR_NONE, NULL, __FILE__, line);
        return;
    }
    struct verify_result result = scene_verify(&scene);
    suite_check_number(result.outcome, VERIFY_OUTCOME_MALFORMED, __FILE__, line);
    suite_check_number((result.status & ODBCSSL_VERIFY_OTHER) != 0, true, __FILE__, line);
    suite_check_contains(verify_error(&result)->text, part, __FILE__, line);
    suite_check_contains(verify_error(&result)->text, whose, __FILE__, line);
    verify_result_free(&result);
}

CASE("malformed extensions of a server")
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct pki_extension extensions[] = {
            {rows[i].oid, rows[i].is_critical, rows[i].value, rows[i].size}, {0}};
        struct pki_spec spec = with_extension(&rows[i], extensions);
        spec.common_name = "db";
        spec.issuer = world.root;
        struct pki_certificate *server = pki_issue(&spec);
        expect(server, NULL, "server certificate CN=db", rows[i].part, (unsigned)(1000 + i));
    }
}

CASE("malformed extensions of an issuer")
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct pki_extension extensions[] = {
            {rows[i].oid, rows[i].is_critical, rows[i].value, rows[i].size}, {0}};
        struct pki_spec spec = with_extension(&rows[i], extensions);
        spec.common_name = "Issuer";
        spec.issuer = world.root;
        spec.is_ca = true;
        struct pki_certificate *issuer = pki_issue(&spec);
        struct pki_certificate *server =
            pki_issue(&(struct pki_spec){.common_name = "db", .issuer = issuer});
        expect(server, issuer, "CA certificate CN=Issuer", rows[i].part, (unsigned)(2000 + i));
    }
}

/* Bytes of the signed part that are changed, and signed again. */
static const struct edit_row {
    const char *find;
    const char *put;
    size_t size;
    const char *part;
} edit_rows[] = {
    {"\xa0\x03\x02\x01\x02", "\xa0\x03\x02\x01\x05", 5, "its version is none of 1 to 3"},
    {"\xa0\x03\x02\x01\x02", "\xa0\x03\x02\x01\x00", 5, "its version is not 3, though it has"},
    {"\x2a\x86\x48\xce\x3d\x04\x03\x02", "\x2a\x86\x48\xce\x3d\x04\x03\x03", 8,
     "its signature algorithm is one inside the signed part and another one outside"},
    {"db9host", "db9\0ost", 7, "its common name has a NUL character in it"},
    {"\x55\x1d\x63", "\x55\x1d\x11", 3, "subjectAltName is there twice"},
    {"010909014640Z", "010909014660Z", 13, "its validity is not two times"},
    {"010909014640Z", "010909 14640Z", 13, "its validity is not two times"},
};

CASE("versions, algorithms, NUL, doubles, dates")
{
    static const struct pki_extension extensions[] = {{"2.5.29.99", false, "\x30\x00", 2}, {0}};
    for (size_t i = 0; i < sizeof edit_rows / sizeof edit_rows[0]; i++) {
        struct pki_certificate *server =
            pki_issue(&(struct pki_spec){.common_name = "db9host",
                                         .issuer = world.root,
                                         .dns = PKI_LIST("good.example.com"),
                                         .not_before.absolute = 1000000000,
                                         .extensions = extensions});
        EXPECT_ACCEPTED(.chain = CHAIN(server), .host = "good.example.com");
        CHECK_FATAL(
            pki_edit(server, world.root, edit_rows[i].find, edit_rows[i].put, edit_rows[i].size));
        EXPECT_REFUSED(ODBCSSL_VERIFY_OTHER, ODBCSSL_ERROR_VERIFY_OTHER, edit_rows[i].part,
                       .chain = CHAIN(server), .host = "good.example.com");
    }
}

/* It would be the serial of every certificate to a CRL that lists none. */
CASE("an empty serial number")
{
    struct pki_certificate *server = pki_issue(
        &(struct pki_spec){.common_name = "db", .issuer = world.root, .serial = "4b5c6d7e"});
    EXPECT_ACCEPTED(.chain = CHAIN(server));
    CHECK_FATAL(pki_replace(server, world.root, "\x02\x04\x4b\x5c\x6d\x7e", 6, "\x02\x00", 2));
    EXPECT_REFUSED(ODBCSSL_VERIFY_OTHER, ODBCSSL_ERROR_VERIFY_OTHER, "its serial number is empty",
                   .chain = CHAIN(server));
}

/* Where another program sees another certificate, or none, nobody's word is good. */
CASE("bytes behind the end of a certificate")
{
    struct pki_certificate *const middle =
        pki_issue(&(struct pki_spec){.common_name = "Middle", .is_ca = true, .issuer = world.root});
    struct pki_certificate *const server =
        pki_issue(&(struct pki_spec){.common_name = "db", .issuer = middle});
    struct pki_certificate *const sent[] = {server, middle};
    for (size_t i = 0; i < 2; i++) {
        EXPECT_ACCEPTED(.chain = CHAIN(server, middle));
        struct buffer der = {0};
        gnutls_datum_t good = pki_der(sent[i]);
        buffer_append(&der, good.data, good.size);
        buffer_append_byte(&der, 0);
        CHECK_FATAL(pki_set_bytes(sent[i], &der));
        EXPECT_REFUSED(ODBCSSL_VERIFY_OTHER, ODBCSSL_ERROR_VERIFY_OTHER,
                       suite_text("certificate %zu of the 2 that the server sent cannot be read: "
                                  "bytes follow behind its end",
                                  i + 1),
                       .chain = CHAIN(server, middle));
        buffer_clear(&der);
        buffer_append(&der, good.data, good.size);
        CHECK_FATAL(pki_set_bytes(sent[i], &der));
        gnutls_free(good.data);
        buffer_free(&der);
    }
}

/* Some write it into every certificate; it makes none a CA's. */
CASE("a pathLenConstraint in a certificate that is no CA's")
{
    static const struct pki_extension extensions[] = {
        {"2.5.29.19", true, VALUE("\x30\x03\x02\x01\x00")}, {0}};
    struct pki_certificate *server = pki_issue(&(struct pki_spec){.common_name = "db",
                                                                  .issuer = world.root,
                                                                  .omit_basic_constraints = true,
                                                                  .omit_key_usage = true,
                                                                  .extensions = extensions});
    EXPECT_ACCEPTED(.chain = CHAIN(server));
    struct pki_certificate *below =
        pki_issue(&(struct pki_spec){.common_name = "below", .issuer = server});
    EXPECT_FAILS(CONSTRAINT, "do not say that it is a CA's", .chain = CHAIN(below, server));
}

/* A CA of version 1 as trust anchor is the user's word; nameConstraints belong to CAs. */
CASE("name constraints in a certificate that is no CA's")
{
    static const char value[] = "\x30\x08\xa0\x06\x30\x04\x82\x02"
                                "db";
    const struct pki_extension extensions[] = {{"2.5.29.30", true, value, sizeof value - 1}, {0}};
    struct pki_certificate *server = pki_issue(
        &(struct pki_spec){.common_name = "db", .issuer = world.root, .extensions = extensions});
    EXPECT_REFUSED(ODBCSSL_VERIFY_OTHER, ODBCSSL_ERROR_VERIFY_OTHER,
                   "it has nameConstraints, and is not a CA's", .chain = CHAIN(server));
}

CASE("dates before 1970")
{
    struct pki_certificate *server = pki_issue(&(struct pki_spec){
        .common_name = "db", .issuer = world.root, .not_before.absolute = 1000000000});
    CHECK_FATAL(pki_edit(server, world.root, "010909014640Z", "500101000000Z", 13));
    EXPECT_ACCEPTED(.chain = CHAIN(server));
    server = pki_issue(&(struct pki_spec){.common_name = "db",
                                          .issuer = world.root,
                                          .not_before.absolute = 1000000000,
                                          .not_after.absolute = 1000000001});
    CHECK_FATAL(pki_edit(server, world.root, "010909014640Z", "500101000000Z", 13));
    CHECK_FATAL(pki_edit(server, world.root, "010909014641Z", "691231235959Z", 13));
    EXPECT_FAILS(EXPIRED, "expired on 1969-12-31T23:59:59Z", .chain = CHAIN(server));
}

CASE("two common names")
{
    struct pki_certificate *server =
        pki_issue(&(struct pki_spec){.dn = "CN=a.test,CN=b.test", .issuer = world.root});
    EXPECT_ACCEPTED(.chain = CHAIN(server));
    EXPECT_FAILS(HOST, "more than one common name", .chain = CHAIN(server), .host = "a.test");
}

/* What a certificate says must not look like something else in a terminal or a log. */
CASE("hostile characters in names")
{
    static const char name[] = "db\xe2\x80\xae\xe2\x80\xa8\xc2\x9b"
                               "31m";
    struct pki_certificate *server =
        pki_issue(&(struct pki_spec){.common_name = name, .dns = PKI_LIST("a.test")});
    EXPECT_REFUSED(ODBCSSL_VERIFY_UNTRUSTED, ODBCSSL_ERROR_SELF_SIGNED,
                   "server certificate CN=db\\u202E\\u2028\\u009B31m (serial",
                   .chain = CHAIN(server));
}

/* RFC 5280, 4.1.2.6: the names may stand in subjectAltName alone. */
CASE("an empty subject")
{
    struct pki_certificate *server =
        pki_issue(&(struct pki_spec){.issuer = world.root, .dns = PKI_LIST("a.test")});
    EXPECT_ACCEPTED(.chain = CHAIN(server), .host = "a.test");
    EXPECT_FAILS(HOST, "a.test", .chain = CHAIN(server), .host = "b.test");
    EXPECT_FAILS(EXPIRED, "server certificate (no name) (serial", .chain = CHAIN(server),
                 .at = (time_t)1 << 33);
}

SUITE("form", world_set_up, NULL)
