/*
 * The verifier: what a hostile chain makes it do is bounded. Nothing is timed: the work is counted,
 * by the verification itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/der.h"
#include "tls/verify_parts.h"
#include "unit/verify_world.h"

#define PATH_LIMIT 8

/* A server's certificate says nothing of CAs, and its keyUsage is another one. */
#define NO_CA (ODBCSSL_VERIFY_CONSTRAINT | ODBCSSL_VERIFY_PURPOSE)

/* All checks of the path that the first certificates are, the server's first and an anchor last;
 * the others came with them. */
static void check_path(const struct pki_certificate *const *path, size_t count,
                       const struct crl_set *crls, struct verification *verification)
{
    static struct certificate certificates[PATH_LIMIT];
    gnutls_datum_t ders[PATH_LIMIT];
    struct trust *trust = trust_of(CHAIN(world.root));
    const struct verify_request request = {.trust = trust, .crls = crls, .at = time(NULL)};
    struct verify_attempt *attempt = &verification->current;
    *verification = (struct verification){.request = &request, .chain = certificates};
    for (size_t i = 0; path[i] != NULL; i++) {
        ders[i] = pki_der(path[i]);
        CHECK_FATAL(certificate_read(ders[i].data, ders[i].size, &certificates[i]) == NULL);
        attempt->path[i] = &certificates[i];
        verification->chain_count++;
    }
    attempt->path_count = count;
    verify_start_attempt(attempt);
    verify_check_path(verification, true);
    for (size_t i = 0; i < verification->chain_count; i++)
        gnutls_free(ders[i].data);
    trust_free(&trust);
}

/* A certificate with nameConstraints that exclude the same host count times. */
static struct pki_certificate *issue_bound(const struct pki_certificate *issuer, unsigned count,
                                           bool is_ca)
{
    struct buffer list = {0}, value = {0};
    for (unsigned i = 0; i < count; i++) {
        struct buffer subtree = {0};
        der_put_text(&subtree, DER_CONTEXT + 2, "a.test");
        der_wrap(&list, DER_SEQUENCE, &subtree);
    }
    der_put(&value, DER_CONTEXT_CONSTRUCTED + 1, buffer_content(&list), buffer_length(&list));
    buffer_clear(&list);
    der_wrap(&list, DER_SEQUENCE, &value);
    const struct pki_extension extensions[] = {
        {"2.5.29.30", true, buffer_content(&list), buffer_length(&list)}, {0}};
    struct pki_certificate *bound = pki_issue(&(struct pki_spec){
        .common_name = "Bound", .is_ca = is_ca, .issuer = issuer, .extensions = extensions});
    CHECK_FATAL(bound != NULL);
    buffer_free(&list);
    return bound;
}

/* A certificate with as many names. */
static struct pki_certificate *issue_many(const char *name, const struct pki_certificate *issuer,
                                          unsigned key_usage, unsigned count)
{
    struct buffer list = {0}, value = {0};
    for (unsigned i = 0; i < count; i++)
        der_put_text(&list, DER_CONTEXT + 2, "b.test");
    der_wrap(&value, DER_SEQUENCE, &list);
    const struct pki_extension extensions[] = {
        {"2.5.29.17", false, buffer_content(&value), buffer_length(&value)}, {0}};
    struct pki_certificate *certificate = pki_issue(&(struct pki_spec){
        .common_name = name, .issuer = issuer, .key_usage = key_usage, .extensions = extensions});
    CHECK_FATAL(certificate != NULL);
    buffer_free(&value);
    return certificate;
}

CASE("compares no name behind the limit")
{
    static struct verification verification;
    struct pki_certificate *bound = issue_bound(world.root, 1000, true);
    check_path(CHAIN(issue_many("db", bound, 0, 1000), bound, world.root), 3, NULL, &verification);
    CHECK_NUMBER(verify_worst(verification.current.parts)->outcome, VERIFY_OUTCOME_LIMIT);
    CHECK_CONTAINS(verify_worst(verification.current.parts)->error.text,
                   "more than 250000 comparisons");
    CHECK_NUMBER(verification.comparison_count, VERIFY_COMPARISON_LIMIT);
}

CASE("compares no names below what is no CA")
{
    static struct verification verification;
    struct pki_certificate *bound = issue_bound(world.root, 1000, false);
    check_path(CHAIN(issue_many("db", bound, 0, 1000), bound, world.root), 3, NULL, &verification);
    CHECK_NUMBER(verify_worst(verification.current.parts)->outcome, VERIFY_OUTCOME_NOT_AUTHORITY);
    CHECK_NUMBER(verification.comparison_count, 0);
}

/* Two certificates for each of 8 CAs, one below the other, which makes 256 paths up to issuer; then
 * the lowest once more. name: of all of them; NULL: each has its own. */
static void put_mesh(const struct pki_certificate *issuer, const char *name,
                     const struct pki_certificate **chain)
{
    for (int level = 0; level < 8; level++) {
        struct pki_spec spec = {.common_name = name != NULL ? name : suite_text("Level %d", level),
                                .is_ca = true,
                                .issuer = issuer};
        struct pki_certificate *first = pki_issue(&spec);
        spec.key_of = first;
        *chain++ = first;
        *chain++ = pki_issue(&spec);
        issuer = first;
    }
    *chain = issuer;
}

/* Whoever has the key of a server's certificate can issue below it. */
CASE("tries one path below what is no CA")
{
    struct pki_certificate *leaf =
        pki_issue(&(struct pki_spec){.common_name = "evil", .issuer = world.root});
    const struct pki_certificate *chain[20] = {NULL};
    put_mesh(leaf, NULL, chain + 1);
    chain[0] = pki_issue(&(struct pki_spec){.common_name = "db", .issuer = chain[17]});
    chain[17] = leaf;
    EXPECT_REFUSED(NO_CA, ODBCSSL_ERROR_CONSTRAINT, "CN=evil (serial ", .chain = chain);
    /* Beside a good path it is none. */
    struct pki_certificate *good = pki_issue(&(struct pki_spec){
        .common_name = "Level 7", .is_ca = true, .issuer = world.root, .key_of = chain[15]});
    chain[18] = good;
    EXPECT_ACCEPTED(.chain = chain);
    /* A CA's. */
    chain[18] = NULL;
    chain[17] = pki_issue(&(struct pki_spec){
        .common_name = "evil", .is_ca = true, .issuer = world.root, .key_of = leaf});
    EXPECT_ACCEPTED(.chain = chain);
}

/* Each server of a fleet made a CA for itself, under one name. The one that counts is the longest,
 * and so the last of the anchors. */
CASE("finds a CA among hundreds of its name by its key identifier")
{
    enum { FLEET = VERIFY_SIGNATURE_LIMIT + 50 };
    static const struct pki_certificate *anchors[FLEET + 1];
    struct pki_spec spec = {.common_name = "Fleet CA", .is_ca = true};
    for (size_t i = 0; i + 1 < FLEET; i++)
        CHECK_FATAL((anchors[i] = pki_issue(&spec)) != NULL);
    spec.dns = PKI_LIST("a.name.that.makes.it.longer.example.com");
    anchors[FLEET - 1] = pki_issue(&spec);
    struct pki_certificate *server =
        pki_issue(&(struct pki_spec){.common_name = "db", .issuer = anchors[FLEET - 1]});
    struct crl_set set = {0};
    set_add(&set, &(struct pki_crl_spec){.issuer = anchors[FLEET - 1]});
    EXPECT_ACCEPTED(.chain = CHAIN(server), .anchors = anchors);
    EXPECT_ACCEPTED(.chain = CHAIN(server), .anchors = anchors, .crls = &set);
    crl_set_free(&set);
    /* One of the fleet whose CA is missing. */
    anchors[FLEET - 1] = NULL;
    EXPECT_REFUSED(ODBCSSL_VERIFY_UNTRUSTED, ODBCSSL_ERROR_ISSUER_UNKNOWN,
                   "of which a certificate is known, but with another key", .chain = CHAIN(server),
                   .anchors = anchors);
}

/* Each kind of certificate that may not issue, between the server and the anchor. */
CASE("tells why a certificate may not issue")
{
    static const struct {
        struct pki_spec spec;
        uint32_t status;
        enum odbcssl_error code;
        const char *part;
    } rows[] = {
        {{.common_name = "I"}, NO_CA, ODBCSSL_ERROR_CONSTRAINT, "do not say that it is a CA's"},
        {{.common_name = "I", .is_ca = true, .key_usage = GNUTLS_KEY_CRL_SIGN},
         FAILS(PURPOSE),
         "has no keyCertSign"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pki_spec spec = rows[i].spec;
        spec.issuer = world.root;
        struct pki_certificate *middle = pki_issue(&spec);
        struct pki_certificate *server =
            pki_issue(&(struct pki_spec){.common_name = "db", .issuer = middle});
        struct scene scene = {.chain = CHAIN(server, middle)};
        scene_expect(&scene, rows[i].status, rows[i].code, rows[i].part, __FILE__,
                     (unsigned)(1000 + i));
    }
}

/* The attributes of a relative name are each compared with each. */
CASE("counts a long name as several")
{
    static struct verification verification;
    struct buffer set = {0}, names = {0}, list = {0}, value = {0};
    for (int i = 0; i < 16; i++) {
        struct buffer attribute = {0};
        der_put_oid(&attribute, "2.5.4.3");
        der_put_text(&attribute, DER_UTF8_STRING, suite_text("%0100d", i));
        der_wrap(&set, DER_SEQUENCE, &attribute);
    }
    der_wrap(&names, DER_SET, &set);
    der_wrap(&list, DER_SEQUENCE, &names);
    der_wrap(&names, DER_CONTEXT_CONSTRUCTED + 4, &list);
    der_wrap(&value, DER_SEQUENCE, &names);
    const struct pki_extension extensions[] = {
        {"2.5.29.17", false, buffer_content(&value), buffer_length(&value)}, {0}};
    struct buffer subtree = {0}, excluded = {0};
    buffer_append(&subtree, buffer_content(&value), buffer_length(&value));
    der_wrap(&excluded, DER_CONTEXT_CONSTRUCTED + 1, &subtree);
    der_wrap(&subtree, DER_SEQUENCE, &excluded);
    const struct pki_extension bounds[] = {
        {"2.5.29.30", true, buffer_content(&subtree), buffer_length(&subtree)}, {0}};
    struct pki_certificate *bound = pki_issue(&(struct pki_spec){
        .common_name = "Bound", .is_ca = true, .issuer = world.root, .extensions = bounds});
    struct pki_certificate *server = pki_issue(
        &(struct pki_spec){.common_name = "db", .issuer = bound, .extensions = extensions});
    check_path(CHAIN(server, bound, world.root), 3, NULL, &verification);
    CHECK_NUMBER(verify_worst(verification.current.parts)->outcome, VERIFY_OUTCOME_NAME_CONSTRAINT);
    CHECK(verification.comparison_count > 16 * 16);
    buffer_free(&value);
    buffer_free(&subtree);
}

/* Certificates that may have signed a CRL are checked as well; their names count in one sum. */
CASE("compares the names of signers of CRLs within the same limit")
{
    static struct verification verification;
    struct pki_certificate *bound = issue_bound(world.root, 1000, true);
    struct pki_certificate *other =
        pki_issue(&(struct pki_spec){.common_name = "Bound", .is_ca = true});
    struct pki_certificate *server =
        pki_issue(&(struct pki_spec){.common_name = "db", .issuer = bound});
    struct pki_certificate *signer = issue_many("Bound", bound, GNUTLS_KEY_CRL_SIGN, 1000);
    struct crl_set set = {0};
    set_add(&set, &(struct pki_crl_spec){.issuer = world.root});
    set_add(&set, &(struct pki_crl_spec){.issuer = other});
    check_path(CHAIN(server, bound, world.root, signer, signer), 3, &set, &verification);
    CHECK_NUMBER(verify_worst(verification.current.parts)->outcome,
                 VERIFY_OUTCOME_CRL_BAD_SIGNATURE);
    CHECK_NUMBER(verification.comparison_count, VERIFY_COMPARISON_LIMIT);
    crl_set_free(&set);
}

static unsigned taken; /* how often GnuTLS took memory */
static gnutls_alloc_function take;

static void *count_and_take(size_t size)
{
    taken++;
    return take(size);
}

static unsigned count_taken(const struct scene *scene, enum verify_outcome outcome)
{
    taken = 0;
    take = gnutls_malloc;
    gnutls_malloc = count_and_take;
    struct verify_result result = scene_verify(scene);
    gnutls_malloc = take;
    CHECK_NUMBER(result.outcome, outcome);
    verify_result_free(&result);
    return taken;
}

/* A CA that should not be one can multiply the paths: the server's names are the same on each. */
CASE("compares and shows the server's names once for all paths")
{
    struct buffer list = {0}, value = {0};
    const struct pki_certificate *chain[20] = {NULL};
    const struct scene scene = {.chain = chain, .host = "db.example.com"};
    for (unsigned i = 0; i < 900; i++) {
        struct buffer attribute = {0}, names = {0};
        der_put_oid(&attribute, "2.5.4.3");
        der_put_text(&attribute, DER_UTF8_STRING, "a");
        der_wrap(&names, DER_SEQUENCE, &attribute);
        der_wrap(&attribute, DER_SET, &names);
        der_wrap(&names, DER_SEQUENCE, &attribute);
        der_wrap(&list, DER_CONTEXT_CONSTRUCTED + 4, &names);
    }
    der_wrap(&value, DER_SEQUENCE, &list);
    const struct pki_extension extensions[] = {
        {"2.5.29.17", false, buffer_content(&value), buffer_length(&value)}, {0}};
    put_mesh(world.middle, NULL, chain + 1);
    chain[0] = pki_issue(&(struct pki_spec){.common_name = "db",
                                            .issuer = chain[17],
                                            .extensions = extensions,
                                            .not_after.days = -1,
                                            .not_before.days = -2});
    chain[17] = world.middle;
    unsigned of_many = count_taken(&scene, VERIFY_OUTCOME_LIMIT);
    const struct pki_certificate *one[11] = {chain[0]};
    for (int i = 0; i < 9; i++)
        one[i + 1] = chain[1 + 2 * i];
    unsigned of_one = count_taken(&(struct scene){.chain = one, .host = "db.example.com"},
                                  VERIFY_OUTCOME_EXPIRED);
    CHECK(of_many < 20 * of_one);
    buffer_free(&value);
}

/* A certificate with this number of policies, behind those that nobody else has, and the demand
 * that one is left. */
static struct pki_certificate *issue_policies(const char *name, bool is_ca,
                                              const struct pki_certificate *issuer, unsigned count,
                                              unsigned foreign)
{
    struct buffer list = {0}, value = {0};
    for (unsigned i = 0; i < foreign + count; i++) {
        struct buffer policy = {0};
        der_put_oid(&policy, i < foreign ? suite_text("1.3.6.1.4.1.99999.1.%u", i)
                                         : suite_text("1.3.6.1.4.1.99999.2.%u", i - foreign));
        der_wrap(&list, DER_SEQUENCE, &policy);
    }
    der_wrap(&value, DER_SEQUENCE, &list);
    static const unsigned char demand[] = {DER_SEQUENCE, 3, 0x80, 1, 0};
    const struct pki_extension extensions[] = {
        {"2.5.29.32", false, buffer_content(&value), buffer_length(&value)},
        {"2.5.29.36", true, demand, sizeof demand},
        {0}};
    struct pki_certificate *certificate = pki_issue(&(struct pki_spec){
        .common_name = name, .is_ca = is_ca, .issuer = issuer, .extensions = extensions});
    CHECK_FATAL(certificate != NULL);
    buffer_free(&value);
    return certificate;
}

CASE("tells when there are too many policies to compare")
{
    struct pki_certificate *upper = issue_policies("Upper", true, world.root, 256, 0);
    struct pki_certificate *lower = issue_policies("Lower", true, upper, 256, 1000);
    struct pki_certificate *server = issue_policies("db", false, lower, 256, 0);
    EXPECT_ACCEPTED(.chain = CHAIN(server, lower, upper));
    lower = issue_policies("Lower", true, upper, 256, 8000);
    server = issue_policies("db", false, lower, 256, 0);
    EXPECT_REFUSED(ODBCSSL_VERIFY_OTHER, ODBCSSL_ERROR_VERIFY_OTHER,
                   "are too many: more than 2000000 comparisons",
                   .chain = CHAIN(server, lower, upper));
}

CASE("refuses names of many kilobytes")
{
    struct buffer name = {0};
    for (int i = 0; i < 400; i++) {
        struct buffer attribute = {0}, set = {0};
        der_put_oid(&attribute, "2.5.4.3");
        der_put_text(&attribute, DER_UTF8_STRING, "x");
        der_wrap(&set, DER_SEQUENCE, &attribute);
        der_wrap(&name, DER_SET, &set);
    }
    struct pki_certificate *server =
        pki_issue(&(struct pki_spec){.common_name = "db", .issuer = world.root});
    struct certificate read;
    gnutls_datum_t der = pki_der(server);
    CHECK_FATAL(certificate_read(der.data, der.size, &read) == NULL);
    struct buffer subject = {0};
    der_wrap(&subject, DER_SEQUENCE, &name);
    CHECK_FATAL(pki_replace(server, world.root, read.subject.whole, read.subject.whole_size,
                            buffer_content(&subject), buffer_length(&subject)));
    EXPECT_REFUSED(ODBCSSL_VERIFY_OTHER, ODBCSSL_ERROR_VERIFY_OTHER,
                   "is malformed: its subject is longer than 4096 bytes", .chain = CHAIN(server));
    EXPECT_REFUSED(ODBCSSL_VERIFY_OTHER, ODBCSSL_ERROR_VERIFY_OTHER,
                   suite_text("server certificate (a name of %zu bytes)", buffer_length(&subject)),
                   .chain = CHAIN(server));
    gnutls_free(der.data);
    buffer_free(&subject);
}

/* CRLs of issuer that list as many serials, 20 bytes each; they have no name that a file would. */
static void add_large(struct crl_set *set, const struct pki_certificate *issuer, unsigned count)
{
    struct pki_revoked *revoked = calloc(count, sizeof *revoked);
    CHECK_FATAL(revoked != NULL);
    for (unsigned i = 0; i < count; i++)
        revoked[i] = (struct pki_revoked){.serial = "0102"};
    set_add(set,
            &(struct pki_crl_spec){.issuer = issuer, .revoked = revoked, .revoked_count = count});
    free(revoked);
}

/* A CA in the wrong hands certifies keys under the root's name, one below the other; each may have
 * signed the root's CRL. */
static void put_line(const struct pki_certificate *evil, int count,
                     const struct pki_certificate **chain)
{
    const struct pki_certificate *issuer = evil;
    for (int i = 0; i < count; i++)
        issuer = chain[count - i] =
            pki_issue(&(struct pki_spec){.common_name = "Root", .is_ca = true, .issuer = issuer});
    chain[0] = pki_issue(&(struct pki_spec){.common_name = "db", .issuer = issuer});
    chain[count + 1] = evil;
}

CASE("hashes CRLs only so often for one chain")
{
    const struct pki_certificate *few[8] = {NULL}, *many[30] = {NULL};
    struct crl_set set = {0};
    struct pki_certificate *other =
        pki_issue(&(struct pki_spec){.common_name = "Root", .is_ca = true});
    add_large(&set, other, 60000);
    add_large(&set, other, 60000);
    set_add(&set, &(struct pki_crl_spec){.issuer = world.middle});
    put_line(world.middle, 5, few);
    put_line(world.middle, 26, many);
    EXPECT_FAILS(CRL_BAD_SIGNATURE, NULL, .chain = few, .crls = &set);
    size_t size = set.items[0]->size;
    size_t limit = ((size_t)32 << 20) + CRL_VERDICT_COUNT * (2 * size + set.items[2]->size);
    EXPECT_REFUSED(ODBCSSL_VERIFY_OTHER, ODBCSSL_ERROR_VERIFY_OTHER,
                   "asks too much of SslCrl=test.crl: after ", .chain = many, .crls = &set);
    struct verify_result result = scene_verify(&(struct scene){.chain = many, .crls = &set});
    const char *found = strstr(verify_error(&result)->text, "signatures over ");
    CHECK_FATAL(found != NULL);
    size_t hashed = strtoul(found + strlen("signatures over "), NULL, 10);
    CHECK(hashed <= limit && hashed + size > limit - 1000);
    CHECK_NUMBER(result.crl_status, ODBCSSL_CRL_NOT_GOOD);
    verify_result_free(&result);
    crl_set_free(&set);
}

/* As many paths as are tried, but not as many keys: each answer is remembered, also when more keys
 * were asked for than are kept with the CRL, and the good one was the last. */
CASE("hashes a CRL once for each key")
{
    const struct pki_certificate *chain[22] = {NULL};
    struct crl_set set = {0};
    add_large(&set, world.root, 60000);
    set_add(&set, &(struct pki_crl_spec){.issuer = world.middle});
    put_mesh(world.middle, "Root", chain + 1);
    chain[0] = pki_issue(&(struct pki_spec){.common_name = "db", .issuer = chain[17]});
    chain[17] = world.middle;
    EXPECT_ACCEPTED(.chain = chain, .crls = &set);
    EXPECT_REFUSED(ODBCSSL_VERIFY_OTHER | ODBCSSL_VERIFY_HOST, ODBCSSL_ERROR_VERIFY_OTHER,
                   "256 paths to a trust anchor", .chain = chain, .crls = &set, .host = "other");
    crl_set_free(&set);
}

SUITE("limits", world_set_up, NULL)
