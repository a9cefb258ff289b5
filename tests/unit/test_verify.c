/* The verifier: trust, dates and host names; the rest stands in the other files of this program. */
#include <stdio.h>
#include <string.h>

#include "support/der.h"
#include "unit/verify_world.h"

#define UNTRUSTED ODBCSSL_VERIFY_UNTRUSTED

/* Trust and paths */

CASE("accepts a good chain and gives its path")
{
    static const char *const wanted[] = {"CN=db1", "CN=Middle", "CN=Root"};
    struct trust *trust = trust_of(CHAIN(world.root));
    gnutls_datum_t chain[] = {pki_der(world.server), pki_der(world.middle)};
    const struct verify_request request = {.chain = chain,
                                           .chain_count = 2,
                                           .trust = trust,
                                           .host = "db1.example.com",
                                           .at = time(NULL)};
    struct verify_result result;
    char name[100];
    CHECK(verify_chain(&request, &result));
    CHECK_NUMBER(result.status, 0);
    CHECK_NUMBER(result.outcome, VERIFY_OUTCOME_COUNT);
    CHECK_NUMBER(result.crl_status, ODBCSSL_CRL_NOT_CHECKED);
    CHECK_NUMBER(result.path_count, 3);
    for (size_t i = 0; i < 3 && i < result.path_count; i++)
        CHECK_TEXT(certificate_format_dn(&result.path[i].subject, name, sizeof name), wanted[i]);
    verify_result_free(&result);
    CHECK_NUMBER(result.path_count, 0);
    gnutls_free(chain[0].data);
    gnutls_free(chain[1].data);
    trust_free(&trust);
}

CASE("finds the path in any order, among extra certificates")
{
    struct pki_certificate *other = pki_issue(&(struct pki_spec){.common_name = "Other"});
    EXPECT_ACCEPTED(.chain = CHAIN(world.server, other, world.root, other, world.middle));
    EXPECT_ACCEPTED(.chain = CHAIN(world.server, world.middle, world.middle, world.root));
}

CASE("says which intermediate is missing and where it was looked for")
{
    EXPECT_REFUSED(UNTRUSTED, ODBCSSL_ERROR_ISSUER_UNKNOWN,
                   "server certificate CN=db1 (serial 0A:3F) was issued by CN=Middle, which is "
                   "neither among the 1 trust anchor(s) of root.crt nor among the 1 "
                   "certificate(s) that the server sent",
                   .chain = CHAIN(world.server));
}

CASE("refuses a chain to another root")
{
    struct pki_certificate *stranger =
        pki_issue(&(struct pki_spec){.common_name = "Stranger", .is_ca = true});
    EXPECT_REFUSED(UNTRUSTED, ODBCSSL_ERROR_ISSUER_UNKNOWN, "ends in the self-signed",
                   .chain = CHAIN(world.server, world.middle, world.root), .anchor = stranger);
    EXPECT_REFUSED(UNTRUSTED, ODBCSSL_ERROR_ISSUER_UNKNOWN, "ends in the self-signed",
                   .chain = CHAIN(world.server, world.middle, world.root, world.root),
                   .anchor = stranger);
}

CASE("refuses a self-signed certificate unless it is the anchor")
{
    struct pki_certificate *own =
        pki_issue(&(struct pki_spec){.common_name = "own", .dns = PKI_LIST("own.test")});
    EXPECT_REFUSED(UNTRUSTED, ODBCSSL_ERROR_SELF_SIGNED, "is self-signed, and is not itself among",
                   .chain = CHAIN(own));
    EXPECT_REFUSED(UNTRUSTED, ODBCSSL_ERROR_SELF_SIGNED, "is self-signed, and is not itself among",
                   .chain = CHAIN(own, own));
    EXPECT_ACCEPTED(.chain = CHAIN(own), .anchor = own, .host = "own.test");
}

/* A CA of the same name whose key is another: what an attacker would make. */
CASE("refuses a CA that only has the right name")
{
    struct pki_certificate *fake =
        pki_issue(&(struct pki_spec){.common_name = "Root", .is_ca = true});
    struct pki_certificate *forged = pki_issue(
        &(struct pki_spec){.common_name = "db1", .issuer = fake, .dns = PKI_LIST("db1.test")});
    EXPECT_REFUSED(UNTRUSTED, ODBCSSL_ERROR_ISSUER_UNKNOWN, "but with another key",
                   .chain = CHAIN(forged));
}

CASE("names the certificate whose signature is wrong")
{
    gnutls_datum_t der = pki_der(world.server), middle = pki_der(world.middle);
    struct trust *trust = trust_of(CHAIN(world.root));
    unsigned char *name = memmem(der.data, der.size, "db1.example", 11);
    CHECK_FATAL(name != NULL);
    name[2] = '2';
    gnutls_datum_t chain[] = {der, middle};
    const struct verify_request request = {
        .chain = chain, .chain_count = 2, .trust = trust, .at = time(NULL)};
    struct verify_result result;
    CHECK(!verify_chain(&request, &result));
    CHECK_NUMBER(verify_error(&result)->code, ODBCSSL_ERROR_CERTIFICATE_SIGNATURE);
    CHECK_CONTAINS(verify_error(&result)->text,
                   "the signature (ECDSA-SHA256) of server certificate CN=db1");
    CHECK_CONTAINS(verify_error(&result)->text, "CA certificate CN=Middle");
    verify_result_free(&result);
    gnutls_free(der.data);
    gnutls_free(middle.data);
    trust_free(&trust);
}

/* The intermediate as it was before it was renewed. */
static struct pki_certificate *issue_expired(void)
{
    return pki_issue(&(struct pki_spec){.common_name = "Middle",
                                        .is_ca = true,
                                        .issuer = world.root,
                                        .key_of = world.middle,
                                        .not_before.days = -20,
                                        .not_after.days = -10});
}

/* Two intermediates of one name and key: the good one has to be found, wherever it stands. */
CASE("takes the valid one of two intermediates with one name")
{
    struct pki_certificate *old = issue_expired();
    EXPECT_ACCEPTED(.chain = CHAIN(world.server, old, world.middle));
    EXPECT_ACCEPTED(.chain = CHAIN(world.server, world.middle, old));
    EXPECT_FAILS(EXPIRED, "CA certificate CN=Middle", .chain = CHAIN(world.server, old));
}

/* No path is good: the one that came furthest is told. */
CASE("tells the failure of the path that came furthest")
{
    struct pki_certificate *old = issue_expired();
    EXPECT_FAILS(HOST, NULL, .chain = CHAIN(world.server, old, world.middle), .host = "db2");
    EXPECT_FAILS(HOST, NULL, .chain = CHAIN(world.server, world.middle, old), .host = "db2");
}

/* Certificates that could be put together in 30! ways end quickly, and in a refusal. */
CASE("ends quickly on certificates with very many paths")
{
    struct pki_certificate *twins[31];
    const struct pki_certificate *chain[33] = {NULL};
    struct pki_certificate *nobody =
        pki_issue(&(struct pki_spec){.common_name = "Twin", .is_ca = true});
    for (size_t i = 0; i < 31; i++)
        twins[i] = pki_issue(&(struct pki_spec){
            .common_name = "Twin", .is_ca = true, .issuer = nobody, .key_of = nobody});
    chain[0] = pki_issue(&(struct pki_spec){.common_name = "db", .issuer = nobody});
    for (size_t i = 0; i < 31; i++)
        chain[i + 1] = twins[i];
    EXPECT_REFUSED(UNTRUSTED, ODBCSSL_ERROR_UNTRUSTED, "is a loop", .chain = chain);
}

CASE("refuses chains that are too long")
{
    struct pki_certificate *line[VERIFY_CHAIN_LIMIT + 1];
    const struct pki_certificate *chain[VERIFY_CHAIN_LIMIT + 2] = {NULL};
    const struct pki_certificate *issuer = world.root;
    for (size_t i = 0; i <= VERIFY_CHAIN_LIMIT; i++) {
        const char *name = suite_text("CA %zu", i);
        line[i] = pki_issue(&(struct pki_spec){
            .common_name = name, .is_ca = true, .issuer = issuer, .key_of = world.middle});
        issuer = line[i];
    }
    for (size_t i = 0; i <= VERIFY_CHAIN_LIMIT; i++)
        chain[i] = line[VERIFY_CHAIN_LIMIT - i];
    EXPECT_REFUSED(ODBCSSL_VERIFY_OTHER, ODBCSSL_ERROR_VERIFY_OTHER,
                   "the server sent 65 certificates; 64 are read at the most", .chain = chain);
}

CASE("refuses no certificate, and garbage")
{
    struct trust *trust = trust_of(CHAIN(world.root));
    gnutls_datum_t garbage = {(unsigned char *)"garbage", 7};
    struct verify_request request = {.trust = trust, .at = time(NULL)};
    struct verify_result result;
    CHECK(!verify_chain(&request, &result));
    CHECK_CONTAINS(verify_error(&result)->text, "sent no certificate");
    verify_result_free(&result);
    request.chain = &garbage;
    request.chain_count = 1;
    CHECK(!verify_chain(&request, &result));
    CHECK_CONTAINS(verify_error(&result)->text,
                   "certificate 1 of the 1 that the server sent cannot be read");
    CHECK_NUMBER(result.status, ODBCSSL_VERIFY_OTHER);
    verify_result_free(&result);
    trust_free(&trust);
}

/* Without trust the chain is not checked, but a pin is. */
CASE("checks the pin also without trust")
{
    EXPECT_ACCEPTED(.chain = CHAIN(world.server), .without_trust = true);
    EXPECT_FAILS(PIN, "fits no pin", .chain = CHAIN(world.server), .without_trust = true,
                 .pin = "sha256:"
                        "0000000000000000000000000000000000000000000000000000000000000000");
}

SUITE("trust", world_set_up, NULL)

/* Dates */

CASE("refuses a chain before and after its time")
{
    time_t now = time(NULL);
    EXPECT_FAILS(EXPIRED, NULL, .chain = CHAIN(world.server, world.middle),
                 .at = now + 400 * 86400L);
    EXPECT_FAILS(NOT_YET_VALID, "is valid only from", .chain = CHAIN(world.server, world.middle),
                 .at = now - 3 * 86400L);
}

CASE("names the dates, to the second")
{
    struct pki_certificate *old = pki_issue(&(struct pki_spec){.common_name = "old",
                                                               .serial = "0A3F",
                                                               .issuer = world.root,
                                                               .not_before.absolute = 1000000000,
                                                               .not_after.absolute = 1100000000});
    struct pki_certificate *root = pki_issue(&(struct pki_spec){.common_name = "Root",
                                                                .is_ca = true,
                                                                .key_of = world.root,
                                                                .not_before.absolute = 900000000});
    /* The last second counts as valid (RFC 5280, 4.1.2.5). */
    EXPECT_ACCEPTED(.chain = CHAIN(old), .anchor = root, .at = 1100000000);
    EXPECT_FAILS(EXPIRED,
                 "server certificate CN=old (serial 0A:3F) expired on 2004-11-09T11:33:20Z; it "
                 "is now 2004-11-09T11:33:21Z",
                 .chain = CHAIN(old), .anchor = root, .at = 1100000001);
    EXPECT_ACCEPTED(.chain = CHAIN(old), .anchor = root, .at = 1000000000);
    EXPECT_FAILS(NOT_YET_VALID, NULL, .chain = CHAIN(old), .anchor = root, .at = 999999999);
}

CASE("refuses an expired trust anchor")
{
    struct pki_certificate *root =
        pki_issue(&(struct pki_spec){.common_name = "Gone", .is_ca = true, .not_after.days = 10});
    struct pki_certificate *server =
        pki_issue(&(struct pki_spec){.common_name = "db", .issuer = root});
    EXPECT_FAILS(EXPIRED, "CA certificate CN=Gone", .chain = CHAIN(server), .anchor = root,
                 .at = time(NULL) + 20 * 86400L);
}

/* Several failed checks: every bit, and the most telling text. */
CASE("sets a bit for each failed check")
{
    struct pki_certificate *bad = pki_issue(&(struct pki_spec){
        .common_name = "bad",
        .issuer = world.root,
        .not_before.days = -10,
        .not_after.days = -5,
        .purposes = PKI_LIST(GNUTLS_KP_CODE_SIGNING),
    });
    EXPECT_REFUSED(ODBCSSL_VERIFY_EXPIRED | ODBCSSL_VERIFY_PURPOSE | ODBCSSL_VERIFY_HOST,
                   ODBCSSL_ERROR_EXPIRED, "expired on", .chain = CHAIN(bad), .host = "db1");
}

SUITE("dates", world_set_up, NULL)

/* Host names */

static struct pki_certificate *named(const char *common_name, const char *const *dns,
                                     const char *const *ip)
{
    return pki_issue(
        &(struct pki_spec){.common_name = common_name, .issuer = world.root, .dns = dns, .ip = ip});
}

static void check_host(const struct pki_certificate *server, const char *host, bool is_good,
                       unsigned line)
{
    struct scene scene = {.chain = CHAIN(server), .host = host};
    scene_expect(&scene, is_good ? 0 : ODBCSSL_VERIFY_HOST,
                 is_good ? ODBCSSL_ERROR_NONE : ODBCSSL_ERROR_HOST, is_good ? NULL : host, __FILE__,
                 line);
}
#define HOST_MATCHES(server, host) check_host(server, host, true, __LINE__)
#define HOST_DIFFERS(server, host) check_host(server, host, false, __LINE__)

CASE("matches names and one-label wildcards")
{
    struct pki_certificate *server =
        named("cn.example.com", PKI_LIST("db1.example.com", "*.pool.example.com"), NULL);
    HOST_MATCHES(server, "db1.example.com");
    HOST_MATCHES(server, "DB1.Example.COM");
    HOST_DIFFERS(server, "db2.example.com");
    HOST_DIFFERS(server, "example.com");
    HOST_DIFFERS(server, "cn.example.com");
    HOST_MATCHES(server, "a.pool.example.com");
    HOST_DIFFERS(server, "a.b.pool.example.com");
    HOST_DIFFERS(server, "pool.example.com");
    HOST_DIFFERS(server, "127.0.0.1");
    EXPECT_FAILS(HOST,
                 "is not for host \"db2\": its names are DNS:db1.example.com, "
                 "DNS:*.pool.example.com",
                 .chain = CHAIN(server), .host = "db2");
}

CASE("refuses wildcards for whole domains and inside labels")
{
    struct pki_certificate *server = named("x", PKI_LIST("*", "*.com", "a*.b*.test"), NULL);
    HOST_DIFFERS(server, "db1");
    HOST_DIFFERS(server, "example.com");
    HOST_DIFFERS(server, "ax.bx.test");
    /* A dot at the end begins no label. */
    server = named("x", PKI_LIST("*.com.", "*.net..", "*..org", "*.example.com."), NULL);
    HOST_DIFFERS(server, "example.com.");
    HOST_DIFFERS(server, "example.net..");
    HOST_DIFFERS(server, "example..org");
    HOST_MATCHES(server, "db1.example.com.");
}

CASE("uses the common name only without alternative names")
{
    struct pki_certificate *server = named("db1.example.com", NULL, NULL);
    HOST_MATCHES(server, "db1.example.com");
    HOST_DIFFERS(server, "db2.example.com");
    server = named("db1.example.com", PKI_LIST("other.example.com"), NULL);
    EXPECT_FAILS(HOST, "the common name counts only where", .chain = CHAIN(server),
                 .host = "db1.example.com");
}

CASE("does not use the common name beside an empty subjectAltName")
{
    static const struct pki_extension extensions[] = {{"2.5.29.17", false, "\x30\x00", 2}, {0}};
    struct pki_certificate *server = pki_issue(&(struct pki_spec){
        .common_name = "db1.example.com", .issuer = world.root, .extensions = extensions});
    EXPECT_ACCEPTED(.chain = CHAIN(server));
    EXPECT_FAILS(HOST, "it has no alternative names; the common name does not count beside",
                 .chain = CHAIN(server), .host = "db1.example.com");
    HOST_DIFFERS(server, "db2.example.com");
}

CASE("matches addresses only with addresses")
{
    struct pki_certificate *server = named("x", NULL, PKI_LIST("192.0.2.7", "2001:db8::7"));
    HOST_MATCHES(server, "192.0.2.7");
    HOST_MATCHES(server, "2001:db8::7");
    HOST_MATCHES(server, "2001:0db8:0:0:0:0:0:7");
    HOST_DIFFERS(server, "192.0.2.8");
    HOST_DIFFERS(server, "2001:db8::8");
    server = named("192.0.2.7", NULL, NULL);
    EXPECT_FAILS(HOST,
                 "the common name is that address, but an address has to stand among the "
                 "alternative names",
                 .chain = CHAIN(server), .host = "192.0.2.7");
    server = named("x", PKI_LIST("192.0.2.7"), NULL);
    EXPECT_FAILS(HOST,
                 "its names are DNS:192.0.2.7; it holds that address as a DNS name, but an address "
                 "has to stand among the alternative names as an IP address",
                 .chain = CHAIN(server), .host = "192.0.2.7");
}

CASE("refuses names with NUL")
{
    static const char name[] = "db1.example.com\0.attacker.test";
    struct pki_certificate *server = pki_issue(&(struct pki_spec){.common_name = "x",
                                                                  .issuer = world.root,
                                                                  .dns = PKI_LIST("a.test"),
                                                                  .raw_dns = name,
                                                                  .raw_dns_size = sizeof name - 1});
    EXPECT_REFUSED(ODBCSSL_VERIFY_OTHER | ODBCSSL_VERIFY_HOST, ODBCSSL_ERROR_VERIFY_OTHER, "NUL",
                   .chain = CHAIN(server), .host = "db1.example.com");
    EXPECT_REFUSED(ODBCSSL_VERIFY_OTHER, ODBCSSL_ERROR_VERIFY_OTHER, "NUL", .chain = CHAIN(server),
                   .host = "a.test");
    EXPECT_REFUSED(ODBCSSL_VERIFY_OTHER, ODBCSSL_ERROR_VERIFY_OTHER, "NUL", .chain = CHAIN(server));
}

/* Thousands of names cost time at every comparison: refused before any. */
CASE("refuses thousands of names")
{
    static char texts[1001][16];
    static const char *names[1002];
    for (size_t i = 0; i < 1001; i++) {
        snprintf(texts[i], sizeof texts[i], "h%zu.test", i);
        names[i] = texts[i];
    }
    struct buffer all = {0}, value = {0};
    for (size_t i = 0; i < 1001; i++)
        der_put_text(&all, DER_CONTEXT + 2, names[i]);
    der_wrap(&value, DER_SEQUENCE, &all);
    const struct pki_extension extensions[] = {
        {"2.5.29.17", false, buffer_content(&value), buffer_length(&value)}, {0}};
    struct pki_certificate *server = pki_issue(
        &(struct pki_spec){.common_name = "x", .issuer = world.root, .extensions = extensions});
    EXPECT_REFUSED(ODBCSSL_VERIFY_OTHER, ODBCSSL_ERROR_VERIFY_OTHER, "more than 1000",
                   .chain = CHAIN(server), .host = "h1.test");
    buffer_free(&value);
}

SUITE("host", world_set_up, NULL)

/* The last suite: each row of the outcomes' table was a test's verdict. */
static bool runs_all;

CASE("each is the verdict of a test")
{
    if (!runs_all) {
        suite_skip("only some of the tests run");
        return;
    }
    /* OTHER is for memory that is out. */
    for (size_t i = 0; i < VERIFY_OUTCOME_OTHER; i++)
        CHECK_NUMBER(scene_seen[i] ? i : VERIFY_OUTCOME_COUNT, i);
}

SUITE("outcomes", NULL, NULL)

int main(int argc, char **argv)
{
    runs_all = argc == 1;
    return suite_main(argc, argv);
}
