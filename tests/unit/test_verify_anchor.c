/* The verifier: what CRLs say of trust anchors, and of CAs above them. */
#include <string.h>

#include "unit/verify_world.h"

/* Nobody stands above an anchor who could revoke it: nothing is checked, nor said to be. */
CASE("says that nothing was checked for an anchor")
{
    struct crl_set set = {0};
    struct verify_result result = scene_verify(
        &(struct scene){.chain = CHAIN(world.server), .anchor = world.server, .crls = &set});
    CHECK_NUMBER(result.status, 0);
    CHECK_NUMBER(result.crl_status, ODBCSSL_CRL_NOT_CHECKED);
    verify_result_free(&result);
}

/* The shorter path ends at an anchor; the CA above it is trusted too, and has revoked it. */
CASE("refuses anchors that a trusted CA above them revoked")
{
    const struct pki_revoked middle = {.certificate = world.middle};
    const struct pki_revoked server = {.certificate = world.server};
    struct crl_set set = {0};
    set_add(&set, &(struct pki_crl_spec){.issuer = world.middle});
    set_add(&set,
            &(struct pki_crl_spec){.issuer = world.root, .revoked = &middle, .revoked_count = 1});
    EXPECT_FAILS(REVOKED, "CA certificate CN=Middle", .chain = CHAIN(world.server),
                 .anchors = CHAIN(world.middle, world.root), .crls = &set);
    EXPECT_FAILS(REVOKED, "CA certificate CN=Middle", .chain = CHAIN(world.server, world.middle),
                 .anchors = CHAIN(world.server, world.root), .crls = &set);
    EXPECT_ACCEPTED(.chain = CHAIN(world.server), .anchors = CHAIN(world.middle, world.root),
                    .crls = &set, .crl_check = CRL_CHECK_LEAF);
    EXPECT_ACCEPTED(.chain = CHAIN(world.server), .anchor = world.middle, .crls = &set);
    crl_set_free(&set);
    set_add(&set,
            &(struct pki_crl_spec){.issuer = world.middle, .revoked = &server, .revoked_count = 1});
    EXPECT_FAILS(REVOKED, "server certificate CN=db1", .chain = CHAIN(world.server),
                 .anchors = CHAIN(world.server, world.middle), .crls = &set,
                 .crl_check = CRL_CHECK_LEAF);
    EXPECT_FAILS(REVOKED, "server certificate CN=db1", .chain = CHAIN(world.server, world.middle),
                 .anchors = CHAIN(world.server, world.root), .crls = &set);
    crl_set_free(&set);
}

/* A server sends as many wrong signatures as are tried, so that none is left for the question
 * whether the CA above an anchor issued it. */
CASE("does not let a server use up the signatures that lead to a revoking CA")
{
    enum { SUBJECTS = 20, ISSUERS = 19 }; /* 380 pairs, 19 below the anchor, and the server */
    struct pki_certificate *junk[SUBJECTS + ISSUERS];
    struct pki_certificate *nobody =
        pki_issue(&(struct pki_spec){.common_name = "X", .is_ca = true});
    const struct pki_certificate *chain[SUBJECTS + ISSUERS + 2] = {world.server};
    const struct pki_revoked middle = {.certificate = world.middle};
    struct crl_set set = {0};
    for (size_t i = 0; i < SUBJECTS + ISSUERS; i++) {
        junk[i] = pki_issue(&(struct pki_spec){.common_name = i < SUBJECTS ? "Y" : "X",
                                               .is_ca = true,
                                               .issuer = i < SUBJECTS ? nobody : world.middle});
        chain[i + 1] = junk[i];
    }
    set_add(&set, &(struct pki_crl_spec){.issuer = world.middle});
    set_add(&set,
            &(struct pki_crl_spec){.issuer = world.root, .revoked = &middle, .revoked_count = 1});
    EXPECT_REFUSED(ODBCSSL_VERIFY_OTHER, ODBCSSL_ERROR_VERIFY_OTHER,
                   "can be put together in too many ways", .chain = chain,
                   .anchors = CHAIN(world.middle, world.root), .crls = &set);
    crl_set_free(&set);
}

/* A CA above the anchor was certified twice, and one of the two is revoked. */
CASE("finds one unrevoked way up from an anchor enough")
{
    struct pki_certificate *again = pki_issue(&(struct pki_spec){
        .common_name = "Middle", .is_ca = true, .issuer = world.root, .key_of = world.middle});
    const struct pki_revoked revoked[] = {{.certificate = world.middle}, {.certificate = again}};
    struct crl_set set = {0};
    set_add(&set, &(struct pki_crl_spec){.issuer = world.middle});
    set_add(&set,
            &(struct pki_crl_spec){.issuer = world.root, .revoked = revoked, .revoked_count = 1});
    EXPECT_ACCEPTED(.chain = CHAIN(world.server, world.middle, again),
                    .anchors = CHAIN(world.server, world.root), .crls = &set);
    set_add(&set,
            &(struct pki_crl_spec){.issuer = world.root, .revoked = revoked, .revoked_count = 2});
    EXPECT_FAILS(REVOKED, "CA certificate CN=Middle",
                 .chain = CHAIN(world.server, world.middle, again),
                 .anchors = CHAIN(world.server, world.root), .crls = &set);
    crl_set_free(&set);
}

/* The new key of a root is an anchor, and so is the old one, which still signs the CRLs. */
CASE("goes on above an anchor for the key that signed the CRL")
{
    struct pki_certificate *renewed =
        pki_issue(&(struct pki_spec){.common_name = "Root", .is_ca = true, .issuer = world.root});
    struct pki_certificate *server =
        pki_issue(&(struct pki_spec){.common_name = "db", .issuer = renewed});
    struct crl_set set = {0};
    set_add(&set, &(struct pki_crl_spec){.issuer = world.root});
    EXPECT_ACCEPTED(.chain = CHAIN(server), .anchors = CHAIN(renewed, world.root), .crls = &set);
    EXPECT_FAILS(CRL_BAD_SIGNATURE, NULL, .chain = CHAIN(server), .anchor = renewed, .crls = &set);
    crl_set_free(&set);
}

/* The CA above an anchor signs its CRLs with its old key, two steps up. The new certificate is good
 * for no longer path (its pathLen is 0, which is what is told in the end), so that the keys count
 * only for CRLs. */
CASE("takes a CRL of any key on the way up from an anchor")
{
    struct pki_certificate *renewed =
        pki_issue(&(struct pki_spec){.common_name = "Root", .is_ca = true, .issuer = world.root});
    struct pki_certificate *narrow = pki_issue(&(struct pki_spec){.common_name = "Root",
                                                                  .is_ca = true,
                                                                  .has_path_length = true,
                                                                  .key_of = renewed,
                                                                  .issuer = world.root});
    struct pki_certificate *middle =
        pki_issue(&(struct pki_spec){.common_name = "Middle", .is_ca = true, .issuer = renewed});
    struct pki_certificate *server =
        pki_issue(&(struct pki_spec){.common_name = "db", .issuer = middle});
    const struct pki_revoked revoked = {.certificate = middle};
    struct crl_set set = {0};
    set_add(&set, &(struct pki_crl_spec){.issuer = middle});
    set_add(&set, &(struct pki_crl_spec){.issuer = world.root});
    EXPECT_ACCEPTED(.chain = CHAIN(server), .anchors = CHAIN(middle, narrow, world.root),
                    .crls = &set);
    set_add(&set,
            &(struct pki_crl_spec){.issuer = world.root, .revoked = &revoked, .revoked_count = 1});
    EXPECT_REFUSED(ODBCSSL_VERIFY_CONSTRAINT | ODBCSSL_VERIFY_CRL_BAD_SIGNATURE,
                   ODBCSSL_ERROR_CONSTRAINT, "CN=Root", .chain = CHAIN(server),
                   .anchors = CHAIN(middle, narrow, world.root), .crls = &set);
    crl_set_free(&set);
}

/* Where the issuer of an anchor gave no CRL, nothing is asked; a CRL that it gave has to be
 * good. */
CASE("asks about an anchor only where its issuer gave a CRL")
{
    struct crl_set set = {0};
    set_add(&set, &(struct pki_crl_spec){.issuer = world.root});
    struct scene scene = {.chain = CHAIN(world.server),
                          .anchors = CHAIN(world.server, world.middle, world.root),
                          .crls = &set,
                          .crl_check = CRL_CHECK_LEAF};
    struct verify_result result = scene_verify(&scene);
    CHECK_NUMBER(result.status, 0);
    CHECK_NUMBER(result.crl_status, ODBCSSL_CRL_NOT_CHECKED);
    verify_result_free(&result);
    set_add(&set, &(struct pki_crl_spec){.issuer = world.middle});
    result = scene_verify(&scene);
    CHECK_NUMBER(result.status, 0);
    CHECK_NUMBER(result.crl_status, ODBCSSL_CRL_GOOD);
    verify_result_free(&result);
    crl_set_free(&set);
    set_add(&set, &(struct pki_crl_spec){
                      .issuer = world.middle, .this_update.days = -9, .next_update.days = -2});
    scene_expect(&scene, ODBCSSL_VERIFY_CRL_EXPIRED, ODBCSSL_ERROR_CRL_EXPIRED,
                 "server certificate CN=db1", __FILE__, __LINE__);
    crl_set_free(&set);
}

/* A root was renewed again and again with its key: the ways among these are nobody's chain, and
 * what is wrong is told. */
CASE("tells what is wrong below many certificates of one root")
{
    struct pki_certificate *roots[8] = {NULL};
    const struct pki_certificate *anchors[10] = {world.root};
    struct crl_set set = {0};
    for (size_t i = 0; i < 8; i++) {
        roots[i] = pki_issue(
            &(struct pki_spec){.common_name = "Root", .is_ca = true, .key_of = world.root});
        CHECK_FATAL(roots[i] != NULL);
        anchors[i + 1] = roots[i];
    }
    set_add(&set, &(struct pki_crl_spec){.issuer = world.root});
    set_add(&set, &(struct pki_crl_spec){.issuer = world.middle});
    EXPECT_FAILS(HOST, "db2.example.com", .chain = CHAIN(world.server, world.middle),
                 .anchors = anchors, .crls = &set, .host = "db2.example.com");
    EXPECT_ACCEPTED(.chain = CHAIN(world.server, world.middle), .anchors = anchors, .crls = &set,
                    .host = "db1.example.com");
    crl_set_free(&set);
}

/* CAs that certify each other in a row, all of them anchors. */
CASE("climbs from an anchor over 79 CAs, and no more")
{
    enum { LIMIT = 80 }; /* with the server, the certificates of a path but one */
    const struct pki_certificate *row[LIMIT + 2] = {NULL}, *anchors[LIMIT + 2] = {NULL};
    const struct pki_certificate *above =
        pki_issue(&(struct pki_spec){.common_name = "Beyond", .is_ca = true});
    for (size_t i = LIMIT + 1; i-- > 0; above = row[i])
        row[i] = pki_issue(&(struct pki_spec){
            .common_name = suite_text("CA %zu", i), .is_ca = true, .issuer = above});
    struct pki_certificate *server =
        pki_issue(&(struct pki_spec){.common_name = "db", .issuer = row[0]});
    struct crl_set set = {0};
    set_add(&set, &(struct pki_crl_spec){.issuer = row[0]});
    for (size_t count = LIMIT - 1; count <= LIMIT; count++) {
        memcpy(anchors, row, count * sizeof row[0]);
        if (count < LIMIT)
            EXPECT_ACCEPTED(.chain = CHAIN(server), .anchors = anchors, .crls = &set,
                            .crl_check = CRL_CHECK_LEAF);
        else
            EXPECT_REFUSED(ODBCSSL_VERIFY_OTHER, ODBCSSL_ERROR_VERIFY_OTHER,
                           "there are too many ways from a trust anchor to the CAs above it",
                           .chain = CHAIN(server), .anchors = anchors, .crls = &set,
                           .crl_check = CRL_CHECK_LEAF);
    }
    crl_set_free(&set);
}

SUITE("anchors and revocation", world_set_up, NULL)
