/* The verifier: trust, dates and host names; the rest stands in the other files of this program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/der.h"
#include "unit/verify_world.h"

#define UNTRUSTED ODBCSSL_VERIFY_UNTRUSTED

/* Trust and paths */

static void test_good_chain(void)
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

static void test_any_order(void)
{
    struct pki_certificate *other = pki_issue(&(struct pki_spec){.common_name = "Other"});
    EXPECT_ACCEPTED(.chain = CHAIN(world.server, other, world.root, other, world.middle));
    EXPECT_ACCEPTED(.chain = CHAIN(world.server, world.middle, world.middle, world.root));
    pki_free(&other);
}

static void test_missing_intermediate(void)
{
    EXPECT_REFUSED(UNTRUSTED, ODBCSSL_ERROR_ISSUER_UNKNOWN,
                   "server certificate CN=db1 (serial 0A:3F) was issued by CN=Middle, which is "
                   "neither among the 1 trust anchor(s) of root.crt nor among the 1 "
                   "certificate(s) that the server sent",
                   .chain = CHAIN(world.server));
}

static void test_unknown_root(void)
{
    struct pki_certificate *stranger =
        pki_issue(&(struct pki_spec){.common_name = "Stranger", .is_ca = true});
    EXPECT_REFUSED(UNTRUSTED, ODBCSSL_ERROR_ISSUER_UNKNOWN, "ends in the self-signed",
                   .chain = CHAIN(world.server, world.middle, world.root), .anchor = stranger);
    pki_free(&stranger);
}

static void test_self_signed(void)
{
    struct pki_certificate *own =
        pki_issue(&(struct pki_spec){.common_name = "own", .dns = PKI_LIST("own.test")});
    EXPECT_REFUSED(UNTRUSTED, ODBCSSL_ERROR_SELF_SIGNED, "is self-signed, and is not itself among",
                   .chain = CHAIN(own));
    EXPECT_ACCEPTED(.chain = CHAIN(own), .anchor = own, .host = "own.test");
    pki_free(&own);
}

/* A CA of the same name whose key is another: what an attacker would make. */
static void test_forged_signature(void)
{
    struct pki_certificate *fake =
        pki_issue(&(struct pki_spec){.common_name = "Root", .is_ca = true});
    struct pki_certificate *forged = pki_issue(
        &(struct pki_spec){.common_name = "db1", .issuer = fake, .dns = PKI_LIST("db1.test")});
    EXPECT_REFUSED(UNTRUSTED, ODBCSSL_ERROR_ISSUER_UNKNOWN, "but with another key",
                   .chain = CHAIN(forged));
    pki_free(&forged);
    pki_free(&fake);
}

static void test_altered_certificate(void)
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

/* Two intermediates of one name and key: the good one has to be found, wherever it stands. */
static void test_cross_signed(void)
{
    struct pki_certificate *old = pki_issue(&(struct pki_spec){.common_name = "Middle",
                                                               .is_ca = true,
                                                               .issuer = world.root,
                                                               .key_of = world.middle,
                                                               .not_before.days = -20,
                                                               .not_after.days = -10});
    EXPECT_ACCEPTED(.chain = CHAIN(world.server, old, world.middle));
    EXPECT_ACCEPTED(.chain = CHAIN(world.server, world.middle, old));
    EXPECT_FAILS(EXPIRED, "CA certificate CN=Middle", .chain = CHAIN(world.server, old));
    pki_free(&old);
}

/* No path is good: the one that came furthest is told. */
static void test_best_failure(void)
{
    struct pki_certificate *old = pki_issue(&(struct pki_spec){.common_name = "Middle",
                                                               .is_ca = true,
                                                               .issuer = world.root,
                                                               .key_of = world.middle,
                                                               .not_before.days = -20,
                                                               .not_after.days = -10});
    EXPECT_FAILS(HOST, NULL, .chain = CHAIN(world.server, old, world.middle), .host = "db2");
    EXPECT_FAILS(HOST, NULL, .chain = CHAIN(world.server, world.middle, old), .host = "db2");
    pki_free(&old);
}

/* Certificates that could be put together in 30! ways end quickly, and in a refusal. */
static void test_many_paths(void)
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
    pki_free((struct pki_certificate **)&chain[0]);
    for (size_t i = 0; i < 31; i++)
        pki_free(&twins[i]);
    pki_free(&nobody);
}

static void test_long_chains(void)
{
    struct pki_certificate *line[VERIFY_CHAIN_LIMIT + 1];
    const struct pki_certificate *chain[VERIFY_CHAIN_LIMIT + 2] = {NULL};
    const struct pki_certificate *issuer = world.root;
    for (size_t i = 0; i <= VERIFY_CHAIN_LIMIT; i++) {
        char name[16];
        snprintf(name, sizeof name, "CA %zu", i);
        line[i] = pki_issue(&(struct pki_spec){
            .common_name = name, .is_ca = true, .issuer = issuer, .key_of = world.middle});
        issuer = line[i];
    }
    for (size_t i = 0; i <= VERIFY_CHAIN_LIMIT; i++)
        chain[i] = line[VERIFY_CHAIN_LIMIT - i];
    EXPECT_REFUSED(ODBCSSL_VERIFY_OTHER, ODBCSSL_ERROR_VERIFY_OTHER,
                   "the server sent 65 certificates; 64 are read at the most", .chain = chain);
    for (size_t i = 0; i <= VERIFY_CHAIN_LIMIT; i++)
        pki_free(&line[i]);
}

static void test_empty_and_garbage(void)
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
static void test_without_trust(void)
{
    EXPECT_ACCEPTED(.chain = CHAIN(world.server), .without_trust = true);
    EXPECT_FAILS(PIN, "fits no pin", .chain = CHAIN(world.server), .without_trust = true,
                 .pin = "sha256:"
                        "0000000000000000000000000000000000000000000000000000000000000000");
}

static const struct suite_case trust_cases[] = {
    {"accepts a good chain and gives its path", test_good_chain},
    {"finds the path in any order, among extra certificates", test_any_order},
    {"says which intermediate is missing and where it was looked for", test_missing_intermediate},
    {"refuses a chain to another root", test_unknown_root},
    {"refuses a self-signed certificate unless it is the anchor", test_self_signed},
    {"refuses a CA that only has the right name", test_forged_signature},
    {"names the certificate whose signature is wrong", test_altered_certificate},
    {"takes the valid one of two intermediates with one name", test_cross_signed},
    {"tells the failure of the path that came furthest", test_best_failure},
    {"ends quickly on certificates with very many paths", test_many_paths},
    {"refuses chains that are too long", test_long_chains},
    {"refuses no certificate, and garbage", test_empty_and_garbage},
    {"checks the pin also without trust", test_without_trust},
    {NULL, NULL},
};

/* Dates */

static void test_dates(void)
{
    time_t now = time(NULL);
    EXPECT_FAILS(EXPIRED, NULL, .chain = CHAIN(world.server, world.middle),
                 .at = now + 400 * 86400L);
    EXPECT_FAILS(NOT_YET_VALID, "is valid only from", .chain = CHAIN(world.server, world.middle),
                 .at = now - 3 * 86400L);
}

static void test_expired_text(void)
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
    pki_free(&old);
    pki_free(&root);
}

static void test_expired_anchor(void)
{
    struct pki_certificate *root =
        pki_issue(&(struct pki_spec){.common_name = "Gone", .is_ca = true, .not_after.days = 10});
    struct pki_certificate *server =
        pki_issue(&(struct pki_spec){.common_name = "db", .issuer = root});
    EXPECT_FAILS(EXPIRED, "CA certificate CN=Gone", .chain = CHAIN(server), .anchor = root,
                 .at = time(NULL) + 20 * 86400L);
    pki_free(&server);
    pki_free(&root);
}

/* Several failed checks: every bit, and the most telling text. */
static void test_several_failures(void)
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
    pki_free(&bad);
}

static const struct suite_case date_cases[] = {
    {"refuses a chain before and after its time", test_dates},
    {"names the dates, to the second", test_expired_text},
    {"refuses an expired trust anchor", test_expired_anchor},
    {"sets a bit for each failed check", test_several_failures},
    {NULL, NULL},
};

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

static void test_host_names(void)
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
    pki_free(&server);
}

static void test_wide_wildcards(void)
{
    struct pki_certificate *server = named("x", PKI_LIST("*", "*.com", "a*.b*.test"), NULL);
    HOST_DIFFERS(server, "db1");
    HOST_DIFFERS(server, "example.com");
    HOST_DIFFERS(server, "ax.bx.test");
    pki_free(&server);
}

static void test_common_name(void)
{
    struct pki_certificate *server = named("db1.example.com", NULL, NULL);
    HOST_MATCHES(server, "db1.example.com");
    HOST_DIFFERS(server, "db2.example.com");
    pki_free(&server);
    server = named("db1.example.com", PKI_LIST("other.example.com"), NULL);
    EXPECT_FAILS(HOST, "the common name counts only where", .chain = CHAIN(server),
                 .host = "db1.example.com");
    pki_free(&server);
}

static void test_addresses(void)
{
    struct pki_certificate *server = named("x", NULL, PKI_LIST("192.0.2.7", "2001:db8::7"));
    HOST_MATCHES(server, "192.0.2.7");
    HOST_MATCHES(server, "2001:db8::7");
    HOST_MATCHES(server, "2001:0db8:0:0:0:0:0:7");
    HOST_DIFFERS(server, "192.0.2.8");
    HOST_DIFFERS(server, "2001:db8::8");
    pki_free(&server);
    server = named("192.0.2.7", NULL, NULL);
    EXPECT_FAILS(HOST,
                 "the common name is that address, but an address has to stand among the "
                 "alternative names",
                 .chain = CHAIN(server), .host = "192.0.2.7");
    pki_free(&server);
    server = named("x", PKI_LIST("192.0.2.7"), NULL);
    HOST_DIFFERS(server, "192.0.2.7");
    pki_free(&server);
}

static void test_nul_in_name(void)
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
    pki_free(&server);
}

/* Thousands of names cost time at every comparison: refused before any. */
static void test_too_many_names(void)
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
    pki_free(&server);
    buffer_free(&value);
}

static const struct suite_case host_cases[] = {
    {"matches names and one-label wildcards", test_host_names},
    {"refuses wildcards for whole domains and inside labels", test_wide_wildcards},
    {"uses the common name only without alternative names", test_common_name},
    {"matches addresses only with addresses", test_addresses},
    {"refuses names with NUL", test_nul_in_name},
    {"refuses thousands of names", test_too_many_names},
    {NULL, NULL},
};

/* The last suite: each row of the outcomes' table was a test's verdict. */
static bool runs_all;

static void test_outcomes(void)
{
    if (!runs_all) {
        suite_skip("only some of the tests run");
        return;
    }
    /* OTHER is for memory that is out. */
    for (size_t i = 0; i < VERIFY_OUTCOME_OTHER; i++)
        CHECK_NUMBER(scene_seen[i] ? i : VERIFY_OUTCOME_COUNT, i);
}

static const struct suite_case outcome_cases[] = {
    {"each is the verdict of a test", test_outcomes},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    runs_all = argc == 1;
    const struct suite suites[] = {
        {"trust", trust_cases, world_set_up, world_tear_down},
        {"dates", date_cases, world_set_up, world_tear_down},
        {"host", host_cases, world_set_up, world_tear_down},
        {"paths", path_cases, world_set_up, world_tear_down},
        {"form", form_cases, world_set_up, world_tear_down},
        {"rules", rule_cases, world_set_up, world_tear_down},
        {"name constraints", constraint_cases, world_set_up, world_tear_down},
        {"algorithms", weak_cases, world_set_up, world_tear_down},
        {"pins", pin_cases, world_set_up, world_tear_down},
        {"revocation", revocation_cases, world_set_up, world_tear_down},
        {"anchors and revocation", anchor_cases, world_set_up, world_tear_down},
        {"outcomes", outcome_cases, NULL, NULL},
        {0},
    };
    return suite_main(argc, argv, suites);
}
