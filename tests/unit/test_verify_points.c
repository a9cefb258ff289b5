/* The verifier: CRLs for one distribution point of several (RFC 5280, 6.3.3 (b)(2)). */
#include "support/der.h"
#include "unit/verify_world.h"

/* [0] { [0] { general name } }, as it stands in a DistributionPoint and in
 * issuingDistributionPoint; the name is used up, as of all these. */
static struct buffer make_point(struct buffer *name)
{
    struct buffer full = {0}, point = {0};
    der_wrap(&full, DER_CONTEXT_CONSTRUCTED, name);
    der_wrap(&point, DER_CONTEXT_CONSTRUCTED, &full);
    return point;
}

static struct buffer make_uri_point(const char *uri)
{
    struct buffer name = {0};
    der_put_text(&name, DER_CONTEXT + 6, uri);
    return make_point(&name);
}

/* Of a server's certificate whose CRL is at that point. */
static struct pki_certificate *issue_with_point(struct buffer point)
{
    struct buffer points = {0}, value = {0};
    der_wrap(&points, DER_SEQUENCE, &point);
    der_wrap(&value, DER_SEQUENCE, &points);
    const struct pki_extension extensions[] = {
        {"2.5.29.31", false, buffer_content(&value), buffer_length(&value)}, {0}};
    struct pki_certificate *server = pki_issue(
        &(struct pki_spec){.common_name = "db", .issuer = world.root, .extensions = extensions});
    buffer_free(&value);
    return server;
}

/* Such a CRL, for what is at that point alone. */
static void add_part(struct crl_set *set, struct buffer point, struct pki_crl_spec spec)
{
    struct buffer value = {0};
    der_wrap(&value, DER_SEQUENCE, &point);
    const struct pki_extension extensions[] = {
        {"2.5.29.28", true, buffer_content(&value), buffer_length(&value)}, {0}};
    spec.issuer = world.root;
    spec.extensions = extensions;
    set_add(set, &spec);
    buffer_free(&value);
}

static void add_crl_of_point(struct crl_set *set, struct buffer point)
{
    add_part(set, point, (struct pki_crl_spec){0});
}

CASE("matches distribution points")
{
    struct crl_set set = {0};
    struct pki_certificate *server = issue_with_point(make_uri_point("http://crl.test/1"));
    add_crl_of_point(&set, make_uri_point("http://crl.test/2"));
    EXPECT_FAILS(CRL_SCOPE, "a distribution point that the certificate does not name",
                 .chain = CHAIN(server), .crls = &set);
    add_crl_of_point(&set, make_uri_point("http://crl.test/1"));
    EXPECT_ACCEPTED(.chain = CHAIN(server), .crls = &set);
    crl_set_free(&set);
}

/* [0] { [0] { [4] name } }: the CA's own name as distribution point. */
static struct buffer make_issuer_point(const struct pki_certificate *issuer)
{
    struct buffer name = {0}, general = {0};
    gnutls_datum_t dn = {0};
    CHECK_FATAL(gnutls_x509_crt_get_raw_dn(issuer->crt, &dn) >= 0);
    CHECK_FATAL(buffer_append(&name, dn.data, dn.size));
    gnutls_free(dn.data);
    der_wrap(&general, DER_CONTEXT_CONSTRUCTED + 4, &name);
    return make_point(&general);
}

CASE("does not take the CA's own name for another distribution point")
{
    struct crl_set set = {0};
    struct pki_certificate *elsewhere = issue_with_point(make_uri_point("http://crl.test/1"));
    struct pki_certificate *nowhere =
        pki_issue(&(struct pki_spec){.common_name = "db", .issuer = world.root});
    add_crl_of_point(&set, make_issuer_point(world.root));
    EXPECT_FAILS(CRL_SCOPE, "a distribution point that the certificate does not name",
                 .chain = CHAIN(elsewhere), .crls = &set);
    EXPECT_ACCEPTED(.chain = CHAIN(nowhere), .crls = &set);
    crl_set_free(&set);
}

/* [0] { [0] { [4] Name } } of one common name. */
static struct buffer make_directory_point(unsigned tag, const char *text)
{
    struct buffer pair = {0}, attribute = {0}, set = {0}, name = {0}, general = {0};
    der_put_oid(&pair, "2.5.4.3");
    der_put_text(&pair, tag, text);
    der_wrap(&attribute, DER_SEQUENCE, &pair);
    der_wrap(&set, DER_SET, &attribute);
    der_wrap(&name, DER_SEQUENCE, &set);
    der_wrap(&general, DER_CONTEXT_CONSTRUCTED + 4, &name);
    return make_point(&general);
}

CASE("matches distribution points in other letters")
{
    struct crl_set set = {0};
    struct pki_certificate *server =
        issue_with_point(make_directory_point(DER_UTF8_STRING, "List 1"));
    add_crl_of_point(&set, make_directory_point(DER_PRINTABLE_STRING, "LIST  1"));
    EXPECT_ACCEPTED(.chain = CHAIN(server), .crls = &set);
    crl_set_free(&set);
}

/* So many names, of which only the last is the same in both. */
static struct buffer make_names(const char *kind, unsigned count)
{
    struct buffer names = {0};
    for (unsigned i = 1; i < count; i++)
        der_put_text(&names, DER_CONTEXT + 6, suite_text("http://crl.test/%s/%u", kind, i));
    der_put_text(&names, DER_CONTEXT + 6, "http://crl.test/last");
    return names;
}

/* What is not found with bearable work does not cover the certificate. */
CASE("compares 10000 names of distribution points, and no more")
{
    for (unsigned count = 100; count <= 101; count++) {
        struct crl_set set = {0};
        struct buffer of_server = make_names("a", count), of_crl = make_names("b", count);
        struct pki_certificate *server = issue_with_point(make_point(&of_server));
        add_crl_of_point(&set, make_point(&of_crl));
        if (count == 100)
            EXPECT_ACCEPTED(.chain = CHAIN(server), .crls = &set);
        else
            EXPECT_FAILS(CRL_SCOPE, "a distribution point that the certificate does not name",
                         .chain = CHAIN(server), .crls = &set);
        crl_set_free(&set);
    }
}

/* How many signatures of the set's CRLs were checked. */
static size_t count_checked(const struct crl_set *set)
{
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++)
        count += set->items[i]->verdict_count;
    return count;
}

/* Some CAs cut their CRL into thousands. */
CASE("checks the signature of no part that is for others")
{
    struct crl_set set = {0};
    struct pki_certificate *server = issue_with_point(make_uri_point("http://crl.test/3"));
    for (int i = 0; i < 3; i++)
        add_crl_of_point(&set, make_uri_point(suite_text("http://crl.test/%d", i)));
    EXPECT_FAILS(CRL_SCOPE, "a distribution point that the certificate does not name",
                 .chain = CHAIN(server), .crls = &set);
    CHECK_NUMBER(count_checked(&set), 1);
    add_crl_of_point(&set, make_uri_point("http://crl.test/3"));
    EXPECT_ACCEPTED(.chain = CHAIN(server), .crls = &set);
    CHECK_NUMBER(count_checked(&set), 2);
    CHECK_NUMBER(set.items[3]->verdict_count, 1);
    crl_set_free(&set);
}

CASE("a part for others revokes what it lists, and tells of itself when no other is better")
{
    struct crl_set set = {0};
    struct pki_certificate *server = issue_with_point(make_uri_point("http://crl.test/1"));
    const struct pki_revoked listed[] = {{.certificate = server}};
    const struct pki_crl_spec forged = {.signer = world.middle};
    add_part(&set, make_uri_point("http://crl.test/2"), forged);
    EXPECT_FAILS(CRL_BAD_SIGNATURE, "was not signed with its issuer's key", .chain = CHAIN(server),
                 .crls = &set);
    add_crl_of_point(&set, make_uri_point("http://crl.test/3"));
    EXPECT_FAILS(CRL_SCOPE, "a distribution point that the certificate does not name",
                 .chain = CHAIN(server), .crls = &set);
    add_crl_of_point(&set, make_uri_point("http://crl.test/1"));
    EXPECT_ACCEPTED(.chain = CHAIN(server), .crls = &set);
    add_part(&set, make_uri_point("http://crl.test/4"),
             (struct pki_crl_spec){.revoked = listed, .revoked_count = 1});
    EXPECT_FAILS(REVOKED, "a partial CRL: it is for a distribution point", .chain = CHAIN(server),
                 .crls = &set);
    crl_set_free(&set);
}

SUITE("distribution points", world_set_up, NULL)
