/*
 * chains.h - random chains and two judges of them: the verifier, and OpenSSL, which shares no code
 * with it.
 *
 *      chains_make.c   a world from a seed: certificates, anchors, what the server sends, CRLs
 *      chains_der.c    their DER, signed with a few keys that are made once
 *      chains_judge.c  OpenSSL's verdict on every path of a world
 *      chains_differences.c  where the two differ, and why we are right
 *      test_chains.c   compares
 */
#ifndef TESTS_CHAINS_H
#define TESTS_CHAINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/buffer.h"

/* Random numbers. */
struct chains_random {
    uint64_t state;
};

#define CHAINS_KEY_COUNT 12
#define CHAINS_CERTIFICATE_LIMIT 14
#define CHAINS_CRL_LIMIT 80
#define CHAINS_LISTED_LIMIT 8
#define CHAINS_SUBTREE_LIMIT 3
#define CHAINS_NAME_LIMIT 6 /* two are kept free for an amendment */
#define CHAINS_NONE (-1)
#define CHAINS_ISSUER_POINT (-2)

/* Key usage as in the first octet of the BIT STRING. */
enum {
    CHAINS_DIGITAL_SIGNATURE = 0x80,
    CHAINS_NON_REPUDIATION = 0x40,
    CHAINS_KEY_ENCIPHERMENT = 0x20,
    CHAINS_KEY_CERT_SIGN = 0x04,
    CHAINS_CRL_SIGN = 0x02
};
enum { CHAINS_SERVER = 1, CHAINS_CLIENT = 2, CHAINS_ANY = 4 };
enum { CHAINS_POLICY = 1, CHAINS_OTHER_POLICY = 2, CHAINS_ANY_POLICY = 4 };
enum chains_basic { CHAINS_BASIC_ABSENT, CHAINS_BASIC_NOT_CA, CHAINS_BASIC_CA };
enum chains_key_id { CHAINS_KEY_ID_ABSENT, CHAINS_KEY_ID_RIGHT, CHAINS_KEY_ID_WRONG };
enum chains_kind {
    CHAINS_KIND_EMAIL = 1,
    CHAINS_KIND_DNS = 2,
    CHAINS_KIND_DIRECTORY = 4,
    CHAINS_KIND_URI = 6,
    CHAINS_KIND_IP = 7
};

/* Of a name: text, for a directory the number of the name; of a subtree the same, an address with
 * its mask. */
struct chains_general_name {
    enum chains_kind kind;
    const char *text;
    int name;
};

struct chains_certificate {
    int subject, issuer;           /* numbers of names, chains_put_name */
    int subject_form, issuer_form; /* how the name is written */
    int key, signer;               /* numbers of keys */
    bool is_forged;                /* the signature is spoilt */
    unsigned serial;
    int from, until; /* days from now */
    enum chains_basic basic;
    int path_length; /* or CHAINS_NONE */
    int key_usage;   /* or CHAINS_NONE */
    unsigned purposes;
    enum chains_key_id own_key_id, issuer_key_id;
    struct chains_general_name permitted[CHAINS_SUBTREE_LIMIT], excluded[CHAINS_SUBTREE_LIMIT];
    size_t permitted_count, excluded_count;
    struct chains_general_name names[CHAINS_NAME_LIMIT];
    size_t name_count;
    unsigned policies;                              /* CHAINS_POLICY ...; 0: no extension */
    bool has_mapping;                               /* the first policy is the subject's second */
    int explicit_policy, no_mapping, no_any_policy; /* skipped certificates, or CHAINS_NONE */
    bool has_unknown_critical;
    int point; /* number of a distribution point, CHAINS_NONE, or CHAINS_ISSUER_POINT */
    struct buffer der;
};

enum chains_scope {
    CHAINS_SCOPE_ALL,
    CHAINS_SCOPE_USERS,
    CHAINS_SCOPE_CAS,
    CHAINS_SCOPE_POINT,        /* point */
    CHAINS_SCOPE_ISSUER_POINT, /* the CA's own name as point */
    CHAINS_SCOPE_REASONS
};

struct chains_crl {
    int issuer, issuer_form, signer;
    bool is_forged;
    bool has_key_id; /* authorityKeyIdentifier, of signer */
    int from, until; /* days from now */
    struct {
        unsigned serial;
        int reason;
    } listed[CHAINS_LISTED_LIMIT];
    size_t listed_count;
    enum chains_scope scope;
    int point;
    bool has_unknown_critical;
    struct buffer der;
};

/* Certificate 0 is the server's. sent[0] is it as well. */
struct chains_world {
    struct chains_certificate certificates[CHAINS_CERTIFICATE_LIMIT];
    size_t count;
    int sent[CHAINS_CERTIFICATE_LIMIT];
    size_t sent_count;
    bool is_anchor[CHAINS_CERTIFICATE_LIMIT];
    struct chains_crl crls[CHAINS_CRL_LIMIT];
    size_t crl_count;
    bool has_crls; /* revocation is checked */
    bool is_leaf_only;
    const char *host; /* NULL: not checked */
    time_t at;
};

/* Makes the keys. false: OpenSSL fails. */
bool chains_make_keys(void);
void chains_free_keys(void);

/* A world from a seed: the same for the same seed. Free it with chains_free. */
void chains_make(struct chains_world *world, uint64_t seed);
void chains_free(struct chains_world *world);

/* Writes the DER of everything. */
void chains_encode(struct chains_world *world);
void chains_put_name(struct buffer *out, int name, int form);

/* The world in words, as TAP comments. */
void chains_print(const struct chains_world *world);

/* What OpenSSL says. It goes only one way through a world, so it is asked about every path there
 * is: from the server's certificate by issuers' names to an anchor. */
struct chains_verdict {
    bool is_accepted;       /* at least one path is good, also to those above its anchor */
    bool is_accepted_plain; /* by one call of X509_verify_cert with everything */
    unsigned path_count;
    char paths[1000]; /* "0 3 1: certificate revoked; ": what was said of each */
};
void chains_judge(const struct chains_world *world, struct chains_verdict *verdict_out);

/* The judges differ, and we accept or not: whether a class of differences in chains_differences.c
 * says why we are right. It is counted. */
bool chains_explain(const struct chains_world *world, bool is_accepted);
/* The classes with their reasons and counts, as TAP comments. */
void chains_print_differences(void);

#endif
