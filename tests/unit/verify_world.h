/*
 * verify_world.h - a small PKI for the tests of the verifier: a root, an intermediate and a server,
 * made once, and short ways to verify and to make CRLs.
 */
#ifndef TESTS_VERIFY_WORLD_H
#define TESTS_VERIFY_WORLD_H

#include "support/pki.h"
#include "support/suite.h"
#include "tls/verify.h"

struct world {
    struct pki_certificate *root;
    struct pki_certificate *middle; /* issued by root */
    struct pki_certificate *server; /* db1.example.com, issued by middle */
};

extern struct world world;

/* For SUITE. */
int world_set_up(void);

/* What one verification is made of; the rest is default: now, the world's root as trust. */
struct scene {
    const struct pki_certificate *const *chain;   /* ended by NULL */
    const struct pki_certificate *anchor;         /* NULL: the root */
    const struct pki_certificate *const *anchors; /* instead: several, ended by NULL */
    const struct crl_set *crls;
    enum crl_check crl_check;
    const char *host;
    const char *pin;
    time_t at;
    bool allow_weak;
    bool without_trust;
};

#define CHAIN(...) ((const struct pki_certificate *const[]){__VA_ARGS__, NULL})

/* Free the result with verify_result_free. */
struct verify_result scene_verify(const struct scene *scene);

/* What the verifications so far ended in: every outcome has to be met by a test. */
extern bool scene_seen[VERIFY_OUTCOME_COUNT + 1];

/* Verifies and checks the verdict: status bits, error code and a part of the text (NULL: none). */
void scene_expect(const struct scene *scene, uint32_t status, enum odbcssl_error code,
                  const char *part, const char *file, unsigned line);
#define EXPECT_ACCEPTED(...)                                                                       \
    scene_expect(&(struct scene){__VA_ARGS__}, 0, ODBCSSL_ERROR_NONE, NULL, __FILE__, __LINE__)
/* A status bit and an error of one name. */
#define FAILS(name) ODBCSSL_VERIFY_##name, ODBCSSL_ERROR_##name
#define EXPECT_FAILS(name, part, ...)                                                              \
    scene_expect(&(struct scene){__VA_ARGS__}, FAILS(name), part, __FILE__, __LINE__)
#define EXPECT_REFUSED(status, code, part, ...)                                                    \
    scene_expect(&(struct scene){__VA_ARGS__}, status, code, part, __FILE__, __LINE__)

/* These anchors, ended by NULL, under the name "root.crt". */
struct trust *trust_of(const struct pki_certificate *const *anchors);

/* A CRL in a set; the name in errors is "test.crl". */
void set_add(struct crl_set *set, const struct pki_crl_spec *spec);

#endif
