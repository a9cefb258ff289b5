/*
 * test_chains.c - the verifier against OpenSSL over thousands of random chains.
 *
 * Each case is made from its own seed, so that one that is told can be run alone:
 *      ODBCSSL_TEST_CHAINS_SEED   the first seed
 *      ODBCSSL_TEST_CHAINS_COUNT  how many cases
 * Where the two judges differ chains_differences.c must say why we are right; anything else fails.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/pki.h"
#include "support/suite.h"
#include "tls/verify.h"
#include "unit/chains.h"

#define DEFAULT_SEED 1
#define DEFAULT_COUNT 2500

/* ---- ours ---- */

static void read_crls(const struct chains_world *world, struct crl_set *set)
{
    for (size_t i = 0; i < world->crl_count; i++) {
        struct error error = {0};
        size_t size = buffer_length(&world->crls[i].der);
        unsigned char *copy = malloc(size);
        CHECK_FATAL(copy != NULL);
        memcpy(copy, buffer_content(&world->crls[i].der), size);
        CHECK_FATAL(crl_set_read(set, &copy, size, suite_text("CRL %zu", i), &error));
    }
}

static gnutls_datum_t der_of(const struct chains_world *world, size_t i)
{
    const struct buffer *der = &world->certificates[i].der;
    return (gnutls_datum_t){(unsigned char *)buffer_content(der), (unsigned)buffer_length(der)};
}

static void judge_by_us(const struct chains_world *world, struct verify_result *result)
{
    gnutls_datum_t sent[CHAINS_CERTIFICATE_LIMIT], anchors[CHAINS_CERTIFICATE_LIMIT];
    size_t anchor_count = 0;
    struct crl_set crls = {0};
    for (size_t i = 0; i < world->count; i++)
        if (world->is_anchor[i])
            anchors[anchor_count++] = der_of(world, i);
    for (size_t i = 0; i < world->sent_count; i++)
        sent[i] = der_of(world, (size_t)world->sent[i]);
    struct trust *trust = pki_trust(anchors, anchor_count, "anchors");
    CHECK_FATAL(trust != NULL);
    read_crls(world, &crls);
    const struct verify_request request = {.chain = sent,
                                           .chain_count = world->sent_count,
                                           .trust = trust,
                                           .crls = world->has_crls ? &crls : NULL,
                                           .crl_check = world->is_leaf_only ? CRL_CHECK_LEAF
                                                                            : CRL_CHECK_CHAIN,
                                           .crl_name = "crls",
                                           .host = world->host,
                                           .at = world->at};
    verify_chain(&request, result);
    trust_free(&trust);
    crl_set_free(&crls);
}

/* ---- comparing ---- */

static void tell(const struct chains_world *world, const struct verify_result *ours,
                 const struct chains_verdict *theirs, uint64_t seed)
{
    printf("# seed %llu: we %s%s; OpenSSL %s:%s in one call it %s\n", (unsigned long long)seed,
           ours->status == 0 ? "accept" : "refuse: ", verify_error(ours)->text,
           theirs->is_accepted ? "accepts" : "refuses", theirs->paths,
           theirs->is_accepted_plain ? "accepts" : "refuses");
    chains_print(world);
}

static uint64_t setting(const char *name, uint64_t fallback)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 0) : fallback;
}

struct totals {
    unsigned accepted, refused, plain, wrong;
};

static void run_case(uint64_t seed, struct totals *totals)
{
    static struct chains_world world;
    struct verify_result ours;
    struct chains_verdict theirs;
    chains_make(&world, seed);
    judge_by_us(&world, &ours);
    chains_judge(&world, &theirs);
    bool is_accepted = ours.status == 0;
    totals->accepted += is_accepted;
    totals->refused += !is_accepted;
    totals->plain += theirs.is_accepted != theirs.is_accepted_plain;
    if (is_accepted != theirs.is_accepted && !chains_explain(&world, is_accepted)) {
        totals->wrong++;
        if (totals->wrong <= 1000)
            tell(&world, &ours, &theirs, seed);
    }
    verify_result_free(&ours);
    chains_free(&world);
}

/* A CA changed its key; the new certificate is an anchor, the old one came with the chain, and its
 * key alone signed a CRL for what lies below both: found by way of an anchor that was not sent. */
CASE("finds the key of a CRL above an anchor that was not sent")
{
    struct totals totals = {0};
    run_case(3005208, &totals);
    CHECK_NUMBER(totals.accepted, 1);
    CHECK_NUMBER(totals.wrong, 0);
}

/* A CA inhibits anyPolicy, and another one below it states that alone and maps a policy. */
CASE("maps no policy where anyPolicy is inhibited")
{
    struct totals totals = {0};
    run_case(7009385, &totals);
    run_case(7015691, &totals);
    CHECK_NUMBER(totals.refused, 2);
    CHECK_NUMBER(totals.wrong, 0);
}

/* A CA that is revoked for the time being signs a newer CRL that does not list it. */
CASE("lets no CA lift its own hold")
{
    struct totals totals = {0};
    run_case(9008625, &totals);
    CHECK_NUMBER(totals.refused, 1);
    CHECK_NUMBER(totals.wrong, 0);
}

CASE("agrees with OpenSSL, or says why not")
{
    uint64_t seed = setting("ODBCSSL_TEST_CHAINS_SEED", DEFAULT_SEED);
    uint64_t count = setting("ODBCSSL_TEST_CHAINS_COUNT", DEFAULT_COUNT);
    struct totals totals = {0};
    printf("# ODBCSSL_TEST_CHAINS_SEED=%llu ODBCSSL_TEST_CHAINS_COUNT=%llu\n",
           (unsigned long long)seed, (unsigned long long)count);
    for (uint64_t i = 0; i < count; i++)
        run_case(seed + i, &totals);
    printf("# accepted %u, refused %u; OpenSSL in one call says otherwise than path by path: %u\n",
           totals.accepted, totals.refused, totals.plain);
    chains_print_differences();
    CHECK_NUMBER(totals.wrong, 0);
}

static int set_up(void)
{
    return chains_make_keys() ? 0 : -1;
}

static int tear_down(void)
{
    chains_free_keys();
    return 0;
}

SUITE("chains", set_up, tear_down)
