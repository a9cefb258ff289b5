/* The verifier: revocation, each outcome of a CRL. */
#include "support/der.h"
#include "unit/verify_world.h"

#define NOW_PLUS(days) (time(NULL) + (days)*86400L)

/* CRLs of the root and the intermediate: both empty, and current for 30 days. */
static struct crl_set good_crls(void)
{
    struct crl_set set = {0};
    set_add(&set, &(struct pki_crl_spec){.issuer = world.root});
    set_add(&set, &(struct pki_crl_spec){.issuer = world.middle});
    return set;
}

/* The root's good CRL, and the intermediate's as given. */
static void expect_crl(struct pki_crl_spec spec, uint32_t status, enum odbcssl_error code,
                       const char *part, unsigned line)
{
    struct crl_set set = {0};
    spec.issuer = spec.issuer != NULL ? spec.issuer : world.middle;
    set_add(&set, &(struct pki_crl_spec){.issuer = world.root});
    set_add(&set, &spec);
    struct scene scene = {.chain = CHAIN(world.server, world.middle), .crls = &set};
    scene_expect(&scene, status, code, part, __FILE__, line);
    struct verify_result result = scene_verify(&scene);
    suite_check_number(result.crl_status, status == 0 ? ODBCSSL_CRL_GOOD : ODBCSSL_CRL_NOT_GOOD,
                       __FILE__, line);
    verify_result_free(&result);
    crl_set_free(&set);
}

CASE("accepts what current CRLs of the whole chain do not list")
{
    struct crl_set set = good_crls();
    struct verify_result result =
        scene_verify(&(struct scene){.chain = CHAIN(world.server, world.middle), .crls = &set});
    CHECK_NUMBER(result.status, 0);
    CHECK_NUMBER(result.crl_status, ODBCSSL_CRL_GOOD);
    CHECK(result.crl_next_update > NOW_PLUS(29) && result.crl_next_update < NOW_PLUS(31));
    verify_result_free(&result);
    crl_set_free(&set);
}

CASE("tells which CRL ends first")
{
    struct crl_set set = {0};
    set_add(&set, &(struct pki_crl_spec){.issuer = world.root, .next_update.days = 5});
    set_add(&set, &(struct pki_crl_spec){.issuer = world.middle, .next_update.days = 9});
    struct verify_result result =
        scene_verify(&(struct scene){.chain = CHAIN(world.server, world.middle), .crls = &set});
    CHECK_NUMBER(result.status, 0);
    CHECK(result.crl_next_update > NOW_PLUS(4) && result.crl_next_update < NOW_PLUS(6));
    verify_result_free(&result);
    crl_set_free(&set);
}

CASE("refuses a revoked server with date, reason and file")
{
    /* 2026-03-01 */
    const struct pki_revoked revoked = {
        .certificate = world.server, .reason = 1, .date.absolute = 1772366400};
    expect_crl((struct pki_crl_spec){.revoked = &revoked, .revoked_count = 1}, FAILS(REVOKED),
               "server certificate CN=db1 (serial 0A:3F) was revoked on 2026-03-01 "
               "(keyCompromise) according to test.crl",
               __LINE__);
}

/* Revocation is graver than what else is wrong with the server's own certificate. */
CASE("tells of a revoked server whose keyUsage is wrong that it is revoked")
{
    struct pki_certificate *server = pki_issue(&(struct pki_spec){
        .common_name = "db", .issuer = world.root, .key_usage = GNUTLS_KEY_CRL_SIGN});
    const struct pki_revoked revoked = {.certificate = server};
    struct crl_set set = {0};
    set_add(&set,
            &(struct pki_crl_spec){.issuer = world.root, .revoked = &revoked, .revoked_count = 1});
    EXPECT_REFUSED(ODBCSSL_VERIFY_REVOKED | ODBCSSL_VERIFY_PURPOSE, ODBCSSL_ERROR_REVOKED,
                   "was revoked", .chain = CHAIN(server), .crls = &set);
    crl_set_free(&set);
}

/* One verification tells all: what is wrong in one part does not hide another one. */
CASE("each part has its own verdict")
{
    static const char pin[] =
        "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    const struct pki_revoked revoked = {.certificate = world.server};
    struct crl_set set = {0};
    set_add(&set, &(struct pki_crl_spec){.issuer = world.root});
    set_add(&set, &(struct pki_crl_spec){
                      .issuer = world.middle, .revoked = &revoked, .revoked_count = 1});
    struct verify_result result =
        scene_verify(&(struct scene){.chain = CHAIN(world.server, world.middle),
                                     .crls = &set,
                                     .host = "db2.example.com",
                                     .pin = pin});
    static const enum verify_outcome wanted[VERIFY_PART_COUNT] = {
        [VERIFY_PART_CHAIN] = VERIFY_OUTCOME_COUNT,
        [VERIFY_PART_REVOCATION] = VERIFY_OUTCOME_REVOKED,
        [VERIFY_PART_NAME] = VERIFY_OUTCOME_HOST,
        [VERIFY_PART_PIN] = VERIFY_OUTCOME_PIN};
    for (size_t i = 0; i < VERIFY_PART_COUNT; i++) {
        CHECK(result.parts[i].is_checked);
        CHECK_NUMBER(result.parts[i].outcome, wanted[i]);
        CHECK((wanted[i] == VERIFY_OUTCOME_COUNT) != error_is_set(&result.parts[i].error));
    }
    CHECK_NUMBER(result.status, ODBCSSL_VERIFY_REVOKED | ODBCSSL_VERIFY_HOST | ODBCSSL_VERIFY_PIN);
    CHECK_NUMBER(verify_error(&result)->code, ODBCSSL_ERROR_REVOKED);
    verify_result_free(&result);
    /* An unknown issuer: nothing is asked of CRLs, the name is compared all the same. */
    result = scene_verify(
        &(struct scene){.chain = CHAIN(world.server), .crls = &set, .host = "db2.example.com"});
    CHECK_NUMBER(result.parts[VERIFY_PART_CHAIN].outcome, VERIFY_OUTCOME_ISSUER_UNKNOWN);
    CHECK(!result.parts[VERIFY_PART_REVOCATION].is_checked);
    CHECK_NUMBER(result.parts[VERIFY_PART_NAME].outcome, VERIFY_OUTCOME_HOST);
    CHECK(!result.parts[VERIFY_PART_PIN].is_checked);
    verify_result_free(&result);
    /* What cannot be read has no part that is good. */
    const gnutls_datum_t rubbish = {(unsigned char *)"\x30\x01\x00", 3};
    const struct verify_request request = {
        .chain = &rubbish, .chain_count = 1, .host = "db1.example.com", .pin = pin};
    CHECK(!verify_chain(&request, &result));
    CHECK_NUMBER(result.parts[VERIFY_PART_CHAIN].outcome, VERIFY_OUTCOME_MALFORMED);
    CHECK(!result.parts[VERIFY_PART_NAME].is_checked && !result.parts[VERIFY_PART_PIN].is_checked);
    verify_result_free(&result);
    crl_set_free(&set);
}

CASE("refuses a revoked intermediate, unless only the leaf is checked")
{
    const struct pki_revoked revoked = {.certificate = world.middle};
    struct crl_set set = {0};
    set_add(&set,
            &(struct pki_crl_spec){.issuer = world.root, .revoked = &revoked, .revoked_count = 1});
    set_add(&set, &(struct pki_crl_spec){.issuer = world.middle});
    EXPECT_FAILS(REVOKED, "CA certificate CN=Middle", .chain = CHAIN(world.server, world.middle),
                 .crls = &set);
    EXPECT_ACCEPTED(.chain = CHAIN(world.server, world.middle), .crls = &set,
                    .crl_check = CRL_CHECK_LEAF);
    crl_set_free(&set);
}

/* A complete CRL lists what is revoked now: one good CRL that says so is enough. */
CASE("believes any good CRL of several that revokes")
{
    const struct pki_revoked revoked = {.certificate = world.server};
    const struct pki_crl_spec good = {.issuer = world.middle};
    const struct pki_crl_spec bad = {
        .issuer = world.middle, .revoked = &revoked, .revoked_count = 1};
    const struct pki_crl_spec stale = {
        .issuer = world.middle, .this_update.days = -9, .next_update.days = -2};
    struct crl_set set = {0};
    set_add(&set, &good);
    set_add(&set, &bad);
    EXPECT_FAILS(REVOKED, NULL, .chain = CHAIN(world.server, world.middle), .crls = &set,
                 .crl_check = CRL_CHECK_LEAF);
    crl_set_free(&set);
    set_add(&set, &stale);
    set_add(&set, &good);
    set_add(&set, &stale);
    EXPECT_ACCEPTED(.chain = CHAIN(world.server, world.middle), .crls = &set,
                    .crl_check = CRL_CHECK_LEAF);
    crl_set_free(&set);
}

CASE("refuses when a CRL is missing")
{
    struct crl_set set = {0};
    EXPECT_FAILS(NO_CRL,
                 "there is no CRL of CN=Middle, the issuer of server certificate CN=db1 (serial "
                 "0A:3F), in SslCrl=test.crl",
                 .chain = CHAIN(world.server, world.middle), .crls = &set);
    set_add(&set, &(struct pki_crl_spec){.issuer = world.middle});
    EXPECT_FAILS(NO_CRL, "the issuer of CA certificate CN=Middle",
                 .chain = CHAIN(world.server, world.middle), .crls = &set);
    EXPECT_ACCEPTED(.chain = CHAIN(world.server, world.middle), .crls = &set,
                    .crl_check = CRL_CHECK_LEAF);
    crl_set_free(&set);
}

CASE("refuses expired CRLs and those that do not say when they end")
{
    expect_crl((struct pki_crl_spec){.this_update.absolute = 1000000000,
                                     .next_update.absolute = 1100000000},
               FAILS(CRL_EXPIRED),
               "the CRL in test.crl, needed for server certificate CN=db1 (serial 0A:3F), expired "
               "on 2004-11-09T11:33:20Z",
               __LINE__);
    expect_crl((struct pki_crl_spec){.omit_next_update = true}, FAILS(CRL_EXPIRED), "nextUpdate",
               __LINE__);
}

/* The same CRL, asked later: the answer depends on the time, not on when it was read. */
CASE("asks for the time at every verification")
{
    struct crl_set set = good_crls();
    EXPECT_ACCEPTED(.chain = CHAIN(world.server, world.middle), .crls = &set, .at = NOW_PLUS(29));
    EXPECT_FAILS(CRL_EXPIRED, NULL, .chain = CHAIN(world.server, world.middle), .crls = &set,
                 .at = NOW_PLUS(31));
    crl_set_free(&set);
}

CASE("refuses CRLs of the future")
{
    expect_crl((struct pki_crl_spec){.this_update.days = 2, .next_update.days = 9},
               FAILS(CRL_NOT_YET_VALID), "is valid only from", __LINE__);
}

/* A CRL that only bears the issuer's name neither clears nor revokes. */
CASE("refuses forged CRLs, and does not believe them")
{
    const struct pki_revoked revoked = {.certificate = world.server};
    expect_crl((struct pki_crl_spec){.signer = world.server}, FAILS(CRL_BAD_SIGNATURE),
               "was not signed with its issuer's key", __LINE__);
    expect_crl((struct pki_crl_spec){.signer = world.root, .revoked = &revoked, .revoked_count = 1},
               FAILS(CRL_BAD_SIGNATURE), NULL, __LINE__);
}

CASE("refuses weakly signed CRLs")
{
    struct pki_certificate *issuer = pki_issue(&(struct pki_spec){
        .common_name = "R", .is_ca = true, .key = PKI_KEY_RSA, .issuer = world.root});
    struct pki_certificate *server =
        pki_issue(&(struct pki_spec){.common_name = "db", .issuer = issuer});
    struct crl_set set = {0};
    set_add(&set, &(struct pki_crl_spec){.issuer = issuer, .hash = GNUTLS_DIG_SHA1});
    EXPECT_FAILS(WEAK_ALGORITHM, "is signed with an algorithm that is too weak",
                 .chain = CHAIN(server, issuer), .crls = &set, .crl_check = CRL_CHECK_LEAF);
    EXPECT_ACCEPTED(.chain = CHAIN(server, issuer), .crls = &set, .crl_check = CRL_CHECK_LEAF,
                    .allow_weak = true);
    crl_set_free(&set);
}

CASE("refuses CRLs of a CA that may not sign any")
{
    struct pki_certificate *issuer =
        pki_issue(&(struct pki_spec){.common_name = "S",
                                     .is_ca = true,
                                     .issuer = world.root,
                                     .key_usage = GNUTLS_KEY_KEY_CERT_SIGN});
    struct pki_certificate *server =
        pki_issue(&(struct pki_spec){.common_name = "db", .issuer = issuer});
    struct crl_set set = {0};
    set_add(&set, &(struct pki_crl_spec){.issuer = issuer});
    EXPECT_FAILS(CRL_BAD_SIGNATURE, "cRLSign", .chain = CHAIN(server, issuer), .crls = &set,
                 .crl_check = CRL_CHECK_LEAF);
    crl_set_free(&set);
}

CASE("refuses critical extensions of CRLs and entries")
{
    const struct pki_extension unknown[] = {{"1.2.3.4", true, "\x05\x00", 2}, {0}};
    const struct pki_extension harmless[] = {{"1.2.3.4", false, "\x05\x00", 2}, {0}};
    const struct pki_revoked row = {.serial = "77", .extensions = unknown};
    expect_crl((struct pki_crl_spec){.extensions = unknown}, FAILS(CRL_CRITICAL_EXTENSION),
               "the CRL in test.crl, needed for server certificate CN=db1 (serial 0A:3F), has a "
               "critical extension that is not understood: 1.2.3.4, an extension of the list",
               __LINE__);
    expect_crl((struct pki_crl_spec){.revoked = &row, .revoked_count = 1},
               FAILS(CRL_CRITICAL_EXTENSION), "1.2.3.4, an extension of the entry for serial 77",
               __LINE__);
    expect_crl((struct pki_crl_spec){.extensions = harmless}, 0, ODBCSSL_ERROR_NONE, NULL,
               __LINE__);
}

/* A delta CRL may tell of a revocation that the complete one does not know yet. */
CASE("refuses delta CRLs that may know more")
{
    const struct pki_extension delta[] = {{"2.5.29.27", true, "\x02\x01\x01", 3}, {0}};
    const struct pki_crl_spec newer = {
        .issuer = world.middle, .extensions = delta, .this_update.days = -1};
    const struct pki_crl_spec older = {
        .issuer = world.middle, .extensions = delta, .this_update.days = -3};
    const struct pki_crl_spec complete = {.issuer = world.middle, .this_update.days = -2};
    expect_crl(newer, FAILS(CRL_DELTA), "is a delta CRL", __LINE__);
    struct crl_set set = {0};
    set_add(&set, &complete);
    set_add(&set, &older);
    EXPECT_ACCEPTED(.chain = CHAIN(world.server, world.middle), .crls = &set,
                    .crl_check = CRL_CHECK_LEAF);
    set_add(&set, &newer);
    EXPECT_FAILS(CRL_DELTA, "is a delta CRL", .chain = CHAIN(world.server, world.middle),
                 .crls = &set, .crl_check = CRL_CHECK_LEAF);
    crl_set_free(&set);
}

CASE("refuses indirect CRLs")
{
    const struct pki_extension whole[] = {{"2.5.29.28", true, "\x30\x03\x84\x01\xff", 5}, {0}};
    const struct pki_extension row_issuer[] = {{"2.5.29.29", true, "\x30\x00", 2}, {0}};
    const struct pki_revoked row = {.serial = "77", .extensions = row_issuer};
    expect_crl((struct pki_crl_spec){.extensions = whole}, FAILS(CRL_INDIRECT),
               "is an indirect CRL", __LINE__);
    expect_crl((struct pki_crl_spec){.revoked = &row, .revoked_count = 1}, FAILS(CRL_INDIRECT),
               "is an indirect CRL", __LINE__);
}

/* issuingDistributionPoint with one BOOLEAN set, or with onlySomeReasons. */
CASE("refuses CRLs for other certificates or some reasons")
{
    const struct pki_extension users[] = {{"2.5.29.28", true, "\x30\x03\x81\x01\xff", 5}, {0}};
    const struct pki_extension authorities[] = {{"2.5.29.28", true, "\x30\x03\x82\x01\xff", 5},
                                                {0}};
    const struct pki_extension attributes[] = {{"2.5.29.28", true, "\x30\x03\x85\x01\xff", 5}, {0}};
    const struct pki_extension reasons[] = {{"2.5.29.28", true, "\x30\x04\x83\x02\x06\x40", 6},
                                            {0}};
    expect_crl((struct pki_crl_spec){.extensions = users}, 0, ODBCSSL_ERROR_NONE, NULL, __LINE__);
    expect_crl((struct pki_crl_spec){.extensions = authorities}, FAILS(CRL_SCOPE),
               "does not cover server certificate CN=db1", __LINE__);
    expect_crl((struct pki_crl_spec){.extensions = attributes}, FAILS(CRL_SCOPE),
               "attribute certificates only", __LINE__);
    expect_crl((struct pki_crl_spec){.extensions = reasons}, FAILS(CRL_SCOPE),
               "only some of the reasons", __LINE__);
}

/* A hold ends with the next CRL that does not list it; any other reason is for good. */
CASE("lets a newer CRL of the same scope lift a hold, and nothing else")
{
    static const struct pki_extension users[] = {{"2.5.29.28", true, "\x30\x03\x81\x01\xff", 5},
                                                 {0}};
    const struct pki_revoked hold = {.certificate = world.server, .reason = 6};
    const struct pki_revoked lost = {.certificate = world.server, .reason = 1};
    struct pki_crl_spec older = {
        .issuer = world.middle, .revoked = &hold, .revoked_count = 1, .this_update.days = -5};
    struct pki_crl_spec newer = {.issuer = world.middle, .this_update.days = -2};
    const struct {
        const struct pki_revoked *in_older, *in_newer;
        const struct pki_extension *of_newer;
        bool is_accepted;
    } rows[] = {
        {&hold, NULL, NULL, true},   {&lost, NULL, NULL, false}, {&hold, &lost, NULL, false},
        {&hold, &hold, NULL, false}, {NULL, &hold, NULL, false}, {&hold, NULL, users, false},
    };
    for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        struct crl_set set = {0};
        bool is_older_first = i % 2 == 0;
        older.revoked = rows[i / 2].in_older;
        older.revoked_count = older.revoked != NULL;
        newer.revoked = rows[i / 2].in_newer;
        newer.revoked_count = newer.revoked != NULL;
        newer.extensions = rows[i / 2].of_newer;
        set_add(&set, is_older_first ? &older : &newer);
        set_add(&set, is_older_first ? &newer : &older);
        struct scene scene = {
            .chain = CHAIN(world.server, world.middle), .crls = &set, .crl_check = CRL_CHECK_LEAF};
        bool is_accepted = rows[i / 2].is_accepted;
        scene_expect(&scene, is_accepted ? 0 : ODBCSSL_VERIFY_REVOKED,
                     is_accepted ? ODBCSSL_ERROR_NONE : ODBCSSL_ERROR_REVOKED, NULL, __FILE__,
                     __LINE__ + 1000 * (unsigned)i);
        crl_set_free(&set);
    }
}

/* What a CA once signed is not forgotten because its CRL cannot clear anybody any more. */
CASE("refuses what is listed in CRLs that could not clear it")
{
    static const struct pki_extension reasons[] = {
        {"2.5.29.28", true, "\x30\x04\x83\x02\x06\x40", 6}, {0}};
    static const struct pki_extension delta[] = {{"2.5.29.27", true, "\x02\x01\x01", 3}, {0}};
    const struct pki_revoked lost = {.certificate = world.server, .reason = 1};
    const struct pki_revoked removed = {.certificate = world.server, .reason = 8};
    expect_crl((struct pki_crl_spec){.revoked = &lost,
                                     .revoked_count = 1,
                                     .this_update.absolute = 1000000000,
                                     .next_update.absolute = 1100000000},
               ODBCSSL_VERIFY_REVOKED | ODBCSSL_VERIFY_CRL_EXPIRED, ODBCSSL_ERROR_REVOKED,
               "(keyCompromise) according to test.crl, a CRL that expired on 2004-11-09T11:33:20Z, "
               "and no current one is there",
               __LINE__);
    expect_crl(
        (struct pki_crl_spec){.revoked = &lost, .revoked_count = 1, .omit_next_update = true},
        ODBCSSL_VERIFY_REVOKED | ODBCSSL_VERIFY_CRL_EXPIRED, ODBCSSL_ERROR_REVOKED,
        "(keyCompromise) according to test.crl, a CRL that does not say when its successor comes",
        __LINE__);
    expect_crl(
        (struct pki_crl_spec){
            .revoked = &lost, .revoked_count = 1, .this_update.days = 2, .next_update.days = 9},
        ODBCSSL_VERIFY_REVOKED | ODBCSSL_VERIFY_CRL_NOT_YET_VALID, ODBCSSL_ERROR_REVOKED,
        "a CRL that is valid only from", __LINE__);
    expect_crl((struct pki_crl_spec){.revoked = &lost, .revoked_count = 1, .extensions = reasons},
               ODBCSSL_VERIFY_REVOKED | ODBCSSL_VERIFY_CRL_SCOPE, ODBCSSL_ERROR_REVOKED,
               "a partial CRL: it tells only some of the reasons for revocation", __LINE__);
    expect_crl((struct pki_crl_spec){.revoked = &lost, .revoked_count = 1, .extensions = delta},
               ODBCSSL_VERIFY_REVOKED | ODBCSSL_VERIFY_CRL_DELTA, ODBCSSL_ERROR_REVOKED,
               "a delta CRL", __LINE__);
    expect_crl((struct pki_crl_spec){.revoked = &removed, .revoked_count = 1, .extensions = delta},
               FAILS(CRL_DELTA), NULL, __LINE__);
    struct crl_set set = {0};
    set_add(&set, &(struct pki_crl_spec){.issuer = world.middle});
    set_add(&set, &(struct pki_crl_spec){.issuer = world.middle,
                                         .revoked = &lost,
                                         .revoked_count = 1,
                                         .extensions = reasons});
    EXPECT_FAILS(REVOKED, "a partial CRL", .chain = CHAIN(world.server, world.middle), .crls = &set,
                 .crl_check = CRL_CHECK_LEAF);
    crl_set_free(&set);
}

/* A list for a day that was put out when a key was lost, beside the last regular one for a month.
 */
CASE("refuses what an expired CRL lists that is newer than the current one")
{
    const struct pki_revoked lost = {.certificate = world.server, .reason = 1};
    const struct pki_revoked held = {.certificate = world.server, .reason = 6};
    static const struct {
        int from, until; /* days, of the one that lists; the current one is 10 days old */
        bool is_refused;
    } rows[] = {{-3, -2, true}, {-20, -15, false}, {2, 9, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] * 2; i++) {
        struct crl_set set = {0};
        struct pki_crl_spec current = {.issuer = world.middle, .this_update.days = -10};
        struct pki_crl_spec older = {.issuer = world.middle,
                                     .revoked = &lost,
                                     .revoked_count = 1,
                                     .this_update.days = -30,
                                     .next_update.days = -25};
        struct pki_crl_spec listing = {.issuer = world.middle,
                                       .revoked = i % 2 == 0 ? &lost : &held,
                                       .revoked_count = 1,
                                       .this_update.days = rows[i / 2].from,
                                       .next_update.days = rows[i / 2].until};
        set_add(&set, &older);
        set_add(&set, i % 2 == 0 ? &current : &listing);
        set_add(&set, i % 2 == 0 ? &listing : &current);
        struct scene scene = {
            .chain = CHAIN(world.server, world.middle), .crls = &set, .crl_check = CRL_CHECK_LEAF};
        if (rows[i / 2].is_refused)
            scene_expect(&scene, FAILS(REVOKED), "and the current one is older", __FILE__,
                         (unsigned)(1000 + i));
        else
            scene_expect(&scene, 0, ODBCSSL_ERROR_NONE, NULL, __FILE__, (unsigned)(1000 + i));
        crl_set_free(&set);
    }
}

/* Lists that live for a week do not end all the time: only the last fifth of a period counts. */
CASE("tells which CRL is in the last fifth of its period")
{
    struct crl_set set = {0};
    set_add(&set, &(struct pki_crl_spec){
                      .issuer = world.root, .this_update.days = -1, .next_update.days = 6});
    set_add(&set, &(struct pki_crl_spec){
                      .issuer = world.middle, .this_update.days = -91, .next_update.days = 9});
    struct scene scene = {.chain = CHAIN(world.server, world.middle), .crls = &set};
    struct verify_result result = scene_verify(&scene);
    CHECK(result.crl_next_update > NOW_PLUS(5) && result.crl_next_update < NOW_PLUS(7));
    CHECK(result.crl_ending > NOW_PLUS(8) && result.crl_ending < NOW_PLUS(10));
    verify_result_free(&result);
    scene.at = NOW_PLUS(5);
    result = scene_verify(&scene);
    CHECK(result.crl_ending > NOW_PLUS(5) && result.crl_ending < NOW_PLUS(7));
    verify_result_free(&result);
    crl_set_free(&set);
}

/* The CA has a second certificate, for the key that signs its CRLs: it may come with the chain. */
CASE("accepts a separate key for CRLs only below the same anchor")
{
    struct pki_certificate *signer = pki_issue(&(struct pki_spec){
        .common_name = "Middle", .issuer = world.root, .key_usage = GNUTLS_KEY_CRL_SIGN});
    const struct pki_revoked revoked = {.certificate = signer};
    struct crl_set set = {0}, other = {0};
    set_add(&set, &(struct pki_crl_spec){.issuer = world.root});
    set_add(&set, &(struct pki_crl_spec){.issuer = world.middle, .signer = signer});
    EXPECT_ACCEPTED(.chain = CHAIN(world.server, world.middle, signer), .crls = &set);
    EXPECT_FAILS(CRL_BAD_SIGNATURE, NULL, .chain = CHAIN(world.server, world.middle), .crls = &set);
    set_add(&other,
            &(struct pki_crl_spec){.issuer = world.root, .revoked = &revoked, .revoked_count = 1});
    set_add(&other, &(struct pki_crl_spec){.issuer = world.middle, .signer = signer});
    EXPECT_FAILS(CRL_BAD_SIGNATURE, NULL, .chain = CHAIN(world.server, world.middle, signer),
                 .crls = &other);
    crl_set_free(&set);
    crl_set_free(&other);
}

/* A revoked CA certifies a key for its issuer's name, and clears itself with it. */
CASE("does not let a CA certify who clears it")
{
    struct pki_certificate *signer = pki_issue(&(struct pki_spec){
        .common_name = "Root", .issuer = world.middle, .key_usage = GNUTLS_KEY_CRL_SIGN});
    struct crl_set set = {0};
    set_add(&set, &(struct pki_crl_spec){.issuer = world.root, .signer = signer});
    set_add(&set, &(struct pki_crl_spec){.issuer = world.middle});
    EXPECT_FAILS(CRL_BAD_SIGNATURE, "needed for CA certificate CN=Middle",
                 .chain = CHAIN(world.server, world.middle, signer), .crls = &set);
    crl_set_free(&set);
}

/* A chain that is not trusted says so, whatever the CRLs are. */
CASE("does not check CRLs of an untrusted chain")
{
    struct crl_set set = good_crls();
    struct verify_result result =
        scene_verify(&(struct scene){.chain = CHAIN(world.server), .crls = &set});
    CHECK_NUMBER(result.status, ODBCSSL_VERIFY_UNTRUSTED);
    CHECK_NUMBER(result.crl_status, ODBCSSL_CRL_NOT_CHECKED);
    verify_result_free(&result);
    crl_set_free(&set);
}

static unsigned until_out; /* how often GnuTLS still gets memory */
static gnutls_alloc_function get_memory;

static void *get_some(size_t size)
{
    return until_out > 0 && until_out-- > 0 ? get_memory(size) : NULL;
}

/* Asks while there is memory for so many values of GnuTLS only. false: it had enough. */
static bool ask_without_memory(const struct crl *crl, unsigned enough)
{
    gnutls_datum_t der = pki_der(world.middle);
    struct certificate issuer;
    CHECK_FATAL(certificate_read(der.data, der.size, &issuer) == NULL);
    until_out = enough;
    get_memory = gnutls_malloc;
    gnutls_malloc = get_some;
    bool is_signed = crl_is_signed_by(crl, &issuer);
    gnutls_malloc = get_memory;
    gnutls_free(der.data);
    return !is_signed;
}

/* GnuTLS says of a good signature that it is wrong, when memory is out: it is asked again after a
 * refusal. */
CASE("believes a CRL again after memory was out")
{
    bool is_out = true;
    for (unsigned i = 0; is_out; i++) {
        struct crl_set set = good_crls();
        const struct scene scene = {.chain = CHAIN(world.server, world.middle), .crls = &set};
        is_out = ask_without_memory(set.items[1], i);
        for (int k = 0; k < 2; k++) {
            struct verify_result result = scene_verify(&scene);
            CHECK(result.status == 0 || k == 0);
            verify_result_free(&result);
        }
        crl_set_free(&set);
    }
}

SUITE("revocation", world_set_up, NULL)
