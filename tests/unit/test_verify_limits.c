/*
 * The verifier: what a hostile chain makes it do is bounded. Nothing is timed: the work is counted,
 * by the verification itself.
 */
#include <stdio.h>
#include <string.h>

#include "support/der.h"
#include "tls/verify_parts.h"
#include "unit/verify_world.h"

#define PATH_LIMIT 8

/* All checks of one path, the server first and an anchor last, as if its signatures were right. */
static void check_path(const struct pki_certificate *const *path, struct verification *verification)
{
    static struct certificate certificates[PATH_LIMIT];
    gnutls_datum_t ders[PATH_LIMIT];
    struct trust *trust = trust_of(CHAIN(world.root));
    const struct verify_request request = {.trust = trust, .at = time(NULL)};
    struct verify_attempt *attempt = &verification->current;
    *verification = (struct verification){.request = &request, .chain = certificates};
    for (size_t i = 0; path[i] != NULL; i++) {
        ders[i] = pki_der(path[i]);
        CHECK_FATAL(certificate_read(ders[i].data, ders[i].size, &certificates[i]) == NULL);
        attempt->path[attempt->path_count++] = &certificates[i];
    }
    verification->chain_count = attempt->path_count;
    verify_start_attempt(attempt);
    verify_check_path(verification, true);
    for (size_t i = 0; i < attempt->path_count; i++)
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

/* A server with as many names. */
static struct pki_certificate *issue_many(const struct pki_certificate *issuer, unsigned count)
{
    struct buffer list = {0}, value = {0};
    for (unsigned i = 0; i < count; i++)
        der_put_text(&list, DER_CONTEXT + 2, "b.test");
    der_wrap(&value, DER_SEQUENCE, &list);
    const struct pki_extension extensions[] = {
        {"2.5.29.17", false, buffer_content(&value), buffer_length(&value)}, {0}};
    struct pki_certificate *server = pki_issue(
        &(struct pki_spec){.common_name = "db", .issuer = issuer, .extensions = extensions});
    CHECK_FATAL(server != NULL);
    buffer_free(&value);
    return server;
}

CASE("compares no name behind the limit")
{
    static struct verification verification;
    struct pki_certificate *bound = issue_bound(world.root, 1000, true);
    check_path(CHAIN(issue_many(bound, 1000), bound, world.root), &verification);
    CHECK_NUMBER(verify_worst(verification.current.parts)->outcome, VERIFY_OUTCOME_LIMIT);
    CHECK_CONTAINS(verify_worst(verification.current.parts)->error.text,
                   "more than 250000 comparisons");
    CHECK_NUMBER(verification.comparison_count, VERIFY_COMPARISON_LIMIT);
}

CASE("compares no names below what is no CA")
{
    static struct verification verification;
    struct pki_certificate *bound = issue_bound(world.root, 1000, false);
    check_path(CHAIN(issue_many(bound, 1000), bound, world.root), &verification);
    CHECK_NUMBER(verify_worst(verification.current.parts)->outcome, VERIFY_OUTCOME_NOT_AUTHORITY);
    CHECK_NUMBER(verification.comparison_count, 0);
}

SUITE("limits", world_set_up, NULL)
