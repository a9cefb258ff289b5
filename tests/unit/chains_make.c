/*
 * chains_make.c - a random world: a chain that would be good, CAs beside it, and then what may be
 * wrong with any of them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "unit/chains.h"

#define FIRST_SERVER_NAME 10
#define DEEPEST 4
#define COUNT_OF(list) (sizeof(list) / sizeof(list)[0])

/* splitmix64 */
static uint64_t next_random(struct chains_random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static unsigned below(struct chains_random *random, unsigned limit)
{
    return (unsigned)(next_random(random) % limit);
}

static bool chance(struct chains_random *random, unsigned percent)
{
    return below(random, 100) < percent;
}

struct making {
    struct chains_world *world;
    struct chains_random random;
    int depth;   /* intermediates of the straight chain; the root is entity 0 */
    int key[10]; /* of each authority's name */
    unsigned next_serial;
};

/* ---- certificates ---- */

/* Adds a certificate that is as it should be; returns its number, CHAINS_NONE when there is no
 * room. */
static int add(struct making *making, int subject, int issuer, int key, int signer)
{
    struct chains_world *world = making->world;
    bool is_server = subject >= FIRST_SERVER_NAME;
    if (world->count == CHAINS_CERTIFICATE_LIMIT)
        return CHAINS_NONE;
    world->certificates[world->count] = (struct chains_certificate){
        .subject = subject,
        .issuer = issuer,
        .key = key,
        .signer = signer,
        .serial = making->next_serial++,
        .from = -30,
        .until = 300,
        .basic = is_server ? CHAINS_BASIC_ABSENT : CHAINS_BASIC_CA,
        .path_length = CHAINS_NONE,
        .key_usage = is_server ? CHAINS_DIGITAL_SIGNATURE : CHAINS_KEY_CERT_SIGN | CHAINS_CRL_SIGN,
        .purposes = is_server ? CHAINS_SERVER : 0,
        .own_key_id = CHAINS_KEY_ID_RIGHT,
        .issuer_key_id = CHAINS_KEY_ID_RIGHT,
        .explicit_policy = CHAINS_NONE,
        .no_mapping = CHAINS_NONE,
        .no_any_policy = CHAINS_NONE,
        .point = CHAINS_NONE,
    };
    return (int)world->count++;
}

static struct chains_general_name random_name(struct chains_random *random)
{
    static const struct chains_general_name names[] = {
        {CHAINS_KIND_DNS, "db1.example.com", 0},
        {CHAINS_KIND_DNS, "db1.example.com", 0},
        {CHAINS_KIND_DNS, "*.example.com", 0},
        {CHAINS_KIND_DNS, "example.com", 0},
        {CHAINS_KIND_DNS, "www.other.test", 0},
        {CHAINS_KIND_DNS, "a.b.EXAMPLE.com", 0},
        {CHAINS_KIND_IP, "0a010203", 0},
        {CHAINS_KIND_IP, "c0a80109", 0},
        {CHAINS_KIND_IP, "20010db8000000000000000000000001", 0},
        {CHAINS_KIND_EMAIL, "admin@example.com", 0},
        {CHAINS_KIND_EMAIL, "x@sub.example.com", 0},
        {CHAINS_KIND_URI, "https://db1.example.com/x", 0},
        {CHAINS_KIND_URI, "postgres://www.other.test:5432/", 0},
        {CHAINS_KIND_DIRECTORY, NULL, 10},
        {CHAINS_KIND_DIRECTORY, NULL, 11},
    };
    return names[below(random, COUNT_OF(names))];
}

static struct chains_general_name random_subtree(struct chains_random *random)
{
    static const struct chains_general_name subtrees[] = {
        {CHAINS_KIND_DNS, "example.com", 0},
        {CHAINS_KIND_DNS, "example.com", 0},
        {CHAINS_KIND_DNS, "db1.example.com", 0},
        {CHAINS_KIND_DNS, "b.example.com", 0},
        {CHAINS_KIND_DNS, "other.test", 0},
        {CHAINS_KIND_DNS, "", 0},
        {CHAINS_KIND_IP, "0a000000ff000000", 0},
        {CHAINS_KIND_IP, "c0a80100ffffff00", 0},
        {CHAINS_KIND_IP, "20010db8000000000000000000000000ffffffff000000000000000000000000", 0},
        {CHAINS_KIND_EMAIL, "example.com", 0},
        {CHAINS_KIND_EMAIL, ".example.com", 0},
        {CHAINS_KIND_EMAIL, "admin@example.com", 0},
        {CHAINS_KIND_URI, ".example.com", 0},
        {CHAINS_KIND_URI, "www.other.test", 0},
        {CHAINS_KIND_DIRECTORY, NULL, 2},
        {CHAINS_KIND_DIRECTORY, NULL, 3},
    };
    return subtrees[below(random, COUNT_OF(subtrees))];
}

static void add_server(struct making *making)
{
    struct chains_random *random = &making->random;
    int name = FIRST_SERVER_NAME + (int)below(random, 6);
    add(making, name, making->depth, CHAINS_KEY_COUNT - 1 - (int)below(random, 2),
        making->key[making->depth]);
    struct chains_certificate *server = &making->world->certificates[0];
    if (chance(random, 90))
        server->names[server->name_count++] =
            (struct chains_general_name){CHAINS_KIND_DNS, "db1.example.com", 0};
    while (server->name_count < CHAINS_NAME_LIMIT - 2 && chance(random, 35))
        server->names[server->name_count++] = random_name(random);
}

/* 0 is the server, then the intermediates downwards from the lowest, the root last. */
static void add_chain(struct making *making)
{
    making->depth = (int)below(&making->random, DEEPEST + 1);
    for (int i = 0; i < 10; i++)
        making->key[i] = i;
    add_server(making);
    for (int i = making->depth; i >= 0; i--)
        add(making, i, i > 0 ? i - 1 : 0, making->key[i], making->key[i > 0 ? i - 1 : 0]);
}

static void copy_kind(struct chains_certificate *to, const struct chains_certificate *from)
{
    to->path_length = from->path_length;
    to->purposes = from->purposes;
}

static void permit(struct chains_certificate *certificate, struct chains_general_name subtree)
{
    if (certificate->permitted_count < CHAINS_SUBTREE_LIMIT)
        certificate->permitted[certificate->permitted_count++] = subtree;
}

/* One more certificate of an authority: cross-signed, with a new key, renewed or self-issued. */
static void add_beside(struct making *making)
{
    struct chains_world *world = making->world;
    struct chains_random *random = &making->random;
    int which = 1 + (int)below(random, (unsigned)making->depth + 1);
    const struct chains_certificate of = world->certificates[which];
    int other_name = 8, other_key = 8, new_key = 9, added = CHAINS_NONE;
    switch (below(random, 5)) {
    case 0: /* cross-signed by another root, which may come as well */
        added = add(making, of.subject, other_name, of.key, other_key);
        if (chance(random, 80))
            add(making, other_name, other_name, other_key, other_key);
        break;
    case 1: /* the same name with a new key, from the same issuer */
        added = add(making, of.subject, of.issuer, new_key,
                    of.issuer == of.subject ? new_key : of.signer);
        break;
    case 2: /* the same again with other dates */
        added = add(making, of.subject, of.issuer, of.key, of.signer);
        break;
    case 3: /* the new key signed with the old one, and what it issued signed with the new */
        added = add(making, of.subject, of.subject, new_key, of.key);
        if (chance(random, 80))
            world->certificates[which - 1].signer = new_key;
        if (chance(random, 20)) /* itself it need not lie in there */
            permit(&world->certificates[which],
                   (struct chains_general_name){CHAINS_KIND_DIRECTORY, NULL,
                                                world->certificates[0].subject});
        break;
    default: /* a loop: the authority certified by the one below it */
        added = add(making, of.subject, world->certificates[which - 1].subject % 10, of.key,
                    world->certificates[which - 1].key);
        break;
    }
    if (added != CHAINS_NONE)
        copy_kind(&world->certificates[added], &of);
}

/* ---- what is wrong ---- */

static void spoil_issuer(struct making *making, struct chains_certificate *certificate)
{
    struct chains_random *random = &making->random;
    static const int usages[] = {CHAINS_NONE, CHAINS_KEY_CERT_SIGN, CHAINS_CRL_SIGN,
                                 CHAINS_DIGITAL_SIGNATURE | CHAINS_KEY_CERT_SIGN};
    switch (below(random, 4)) {
    case 0:
        certificate->basic = (enum chains_basic)below(random, 3);
        break;
    case 1:
        certificate->key_usage = usages[below(random, COUNT_OF(usages))];
        break;
    default:
        certificate->path_length = (int)below(random, 4);
        break;
    }
}

static void spoil_server(struct making *making, struct chains_certificate *certificate)
{
    struct chains_random *random = &making->random;
    static const int usages[] = {CHAINS_NONE, CHAINS_NON_REPUDIATION, CHAINS_KEY_CERT_SIGN,
                                 CHAINS_KEY_ENCIPHERMENT};
    if (chance(random, 40))
        certificate->key_usage = usages[below(random, COUNT_OF(usages))];
    else if (chance(random, 50))
        certificate->basic = (enum chains_basic)below(random, 3);
    else
        certificate->name_count = certificate->name_count > 0 && chance(random, 50);
}

static void constrain(struct making *making, struct chains_certificate *certificate)
{
    struct chains_random *random = &making->random;
    struct chains_general_name subtree = random_subtree(random);
    bool is_permitted = chance(random, 60);
    if (is_permitted)
        permit(certificate, subtree);
    else if (certificate->excluded_count < CHAINS_SUBTREE_LIMIT)
        certificate->excluded[certificate->excluded_count++] = subtree;
}

/* Each authority allows just as many below it as there are. */
static void tighten(struct making *making)
{
    for (int i = 1; i <= making->depth + 1; i++)
        making->world->certificates[i].path_length = i - 1;
}

static void add_policies(struct making *making)
{
    struct chains_world *world = making->world;
    struct chains_random *random = &making->random;
    for (size_t i = 0; i < world->count; i++) {
        struct chains_certificate *certificate = &world->certificates[i];
        static const unsigned policies[] = {1, 1, 1, 3, 3, 2, 4, 5, 7, 0};
        certificate->policies = policies[below(random, COUNT_OF(policies))];
        if (i == 0)
            continue;
        certificate->has_mapping = chance(random, 15);
        if (chance(random, 25))
            certificate->explicit_policy = (int)below(random, 3);
        if (chance(random, 10))
            certificate->no_mapping = (int)below(random, 2);
        if (chance(random, 15))
            certificate->no_any_policy = (int)below(random, 2);
    }
}

static void spoil_dates(struct making *making, struct chains_certificate *certificate)
{
    if (chance(&making->random, 60))
        certificate->until = -2;
    else
        certificate->from = 2;
}

static void spoil(struct making *making)
{
    struct chains_random *random = &making->random;
    struct chains_world *world = making->world;
    unsigned which = below(random, (unsigned)world->count);
    struct chains_certificate *certificate = &world->certificates[which];
    switch (below(random, 12)) {
    case 0:
        spoil_dates(making, certificate);
        break;
    case 1:
        certificate->purposes = below(random, 8);
        break;
    case 2:
        certificate->own_key_id = (enum chains_key_id)below(random, 3);
        break;
    case 3:
        certificate->issuer_key_id = (enum chains_key_id)below(random, 3);
        break;
    case 4:
        certificate->is_forged = chance(random, 50);
        if (!certificate->is_forged)
            certificate->signer = (int)below(random, CHAINS_KEY_COUNT);
        break;
    case 5:
        certificate->has_unknown_critical = chance(random, 50);
        certificate->issuer_form = (int)below(random, 3);
        break;
    case 6:
    case 7:
        if (which == 0)
            spoil_server(making, certificate);
        else
            spoil_issuer(making, certificate);
        break;
    case 8:
        certificate->subject_form = (int)below(random, 3);
        break;
    default:
        constrain(making, &world->certificates[which == 0 ? world->count - 1 : which]);
        break;
    }
}

/* ---- what is sent and trusted ---- */

static void send_chain(struct making *making)
{
    struct chains_world *world = making->world;
    struct chains_random *random = &making->random;
    for (size_t i = 0; i < world->count; i++) {
        bool is_root = world->certificates[i].subject == world->certificates[i].issuer;
        if (i == 0 || chance(random, is_root ? 40 : 97))
            world->sent[world->sent_count++] = (int)i;
    }
    for (size_t i = 1; world->sent_count > 2 && chance(random, 60) && i < 8; i++) {
        size_t a = 1 + below(random, (unsigned)world->sent_count - 1);
        size_t b = 1 + below(random, (unsigned)world->sent_count - 1);
        int kept = world->sent[a];
        world->sent[a] = world->sent[b];
        world->sent[b] = kept;
    }
}

static void choose_anchors(struct making *making)
{
    struct chains_world *world = making->world;
    struct chains_random *random = &making->random;
    for (size_t i = 0; i < world->count; i++) {
        bool is_root = world->certificates[i].subject == world->certificates[i].issuer;
        world->is_anchor[i] = chance(random, i == 0 ? 4 : is_root ? 92 : 8);
    }
}

/* ---- CRLs ---- */

static void spoil_crl(struct making *making, struct chains_crl *crl)
{
    struct chains_random *random = &making->random;
    switch (below(random, 9)) {
    case 0:
        crl->from = -40;
        crl->until = -5;
        break;
    case 1:
        crl->from = 3;
        break;
    case 2:
        crl->is_forged = true;
        break;
    case 3:
        crl->signer = (int)below(random, CHAINS_KEY_COUNT);
        break;
    case 4:
        crl->has_unknown_critical = chance(random, 50);
        crl->issuer_form = (int)below(random, 3);
        break;
    default:
        crl->scope = (enum chains_scope)below(random, 6);
        crl->point = (int)below(random, 2);
        break;
    }
}

static void list_somebody(struct making *making, struct chains_crl *crl)
{
    static const int reasons[] = {0, 1, 4, 6, 6};
    struct chains_world *world = making->world;
    struct chains_random *random = &making->random;
    crl->listed[crl->listed_count].serial =
        world->certificates[below(random, (unsigned)world->count)].serial;
    crl->listed[crl->listed_count++].reason = reasons[below(random, COUNT_OF(reasons))];
}

static void add_crl(struct making *making, int issuer, int key)
{
    struct chains_world *world = making->world;
    struct chains_random *random = &making->random;
    struct chains_crl *crl = &world->crls[world->crl_count++];
    *crl = (struct chains_crl){.issuer = issuer,
                               .signer = key,
                               .has_key_id = chance(random, 80),
                               .from = -1 - (int)below(random, 5),
                               .until = 9,
                               .point = CHAINS_NONE};
    while (crl->listed_count < 3 && chance(random, 10))
        list_somebody(making, crl);
    if (chance(random, 6))
        spoil_crl(making, crl);
}

static void add_crls(struct making *making)
{
    struct chains_world *world = making->world;
    struct chains_random *random = &making->random;
    world->has_crls = chance(random, 50);
    world->is_leaf_only = chance(random, 20);
    if (!world->has_crls)
        return;
    for (size_t i = 0; i < world->count; i++) {
        if (chance(random, 15))
            world->certificates[i].point = (int)below(random, 2);
        const struct chains_certificate *certificate = &world->certificates[i];
        if (certificate->subject >= FIRST_SERVER_NAME || chance(random, 2))
            continue;
        add_crl(making, certificate->subject, certificate->key);
        if (chance(random, 15))
            add_crl(making, certificate->subject, certificate->key);
    }
}

static const char *choose_host(struct chains_random *random)
{
    static const char *const hosts[] = {NULL,
                                        NULL,
                                        NULL,
                                        NULL,
                                        "db1.example.com",
                                        "db1.example.com",
                                        "db1.example.com",
                                        "db1.example.com",
                                        "DB1.example.com",
                                        "x.example.com",
                                        "x.y.example.com",
                                        "www.other.test",
                                        "10.1.2.3",
                                        "2001:db8::1"};
    return hosts[below(random, COUNT_OF(hosts))];
}

void chains_make(struct chains_world *world, uint64_t seed)
{
    *world = (struct chains_world){.at = 1790000000}; /* any time does: it is an argument */
    struct making making = {.world = world, .random = {seed}, .next_serial = 1000};
    struct chains_random *random = &making.random;
    add_chain(&making);
    if (chance(random, 15))
        tighten(&making);
    while (chance(random, 35))
        add_beside(&making);
    if (chance(random, 65))
        for (unsigned i = 1 + below(random, 3); i > 0; i--)
            spoil(&making);
    if (chance(random, 25))
        add_policies(&making);
    send_chain(&making);
    choose_anchors(&making);
    add_crls(&making);
    world->host = choose_host(random);
    chains_encode(world);
}

/* ---- in words ---- */

static void print_names(const char *label, const struct chains_general_name *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (names[i].kind == CHAINS_KIND_DIRECTORY)
            printf(" %s=dir:%d", label, names[i].name);
        else
            printf(" %s=%d:%s", label, names[i].kind, names[i].text);
}

static void print_certificate(const struct chains_certificate *certificate)
{
    static const char *const basics[] = {"", " not-a-CA", " CA"};
    static const char *const key_ids[] = {"none", "right", "wrong"};
    printf("subject %d/%d issuer %d/%d key %d signer %d%s serial %X days %d..%d%s", //
           certificate->subject, certificate->subject_form, certificate->issuer,
           certificate->issuer_form, certificate->key, certificate->signer,
           certificate->is_forged ? " FORGED" : "", certificate->serial, certificate->from,
           certificate->until, basics[certificate->basic]);
    if (certificate->path_length != CHAINS_NONE)
        printf(" pathlen %d", certificate->path_length);
    printf(" usage %x purposes %x ids %s/%s", (unsigned)certificate->key_usage & 0xfff,
           certificate->purposes, key_ids[certificate->own_key_id],
           key_ids[certificate->issuer_key_id]);
    print_names("permitted", certificate->permitted, certificate->permitted_count);
    print_names("excluded", certificate->excluded, certificate->excluded_count);
    print_names("name", certificate->names, certificate->name_count);
    if (certificate->policies != 0 || certificate->explicit_policy != CHAINS_NONE)
        printf(" policies %x%s explicit %d no-mapping %d no-any %d", certificate->policies,
               certificate->has_mapping ? " mapped" : "", certificate->explicit_policy,
               certificate->no_mapping, certificate->no_any_policy);
    if (certificate->point != CHAINS_NONE)
        printf(" point %d", certificate->point);
    printf("%s\n", certificate->has_unknown_critical ? " unknown-critical" : "");
}

void chains_print(const struct chains_world *world)
{
    for (size_t i = 0; i < world->count; i++) {
        printf("#   %zu%s: ", i, world->is_anchor[i] ? " ANCHOR" : "");
        print_certificate(&world->certificates[i]);
    }
    printf("#   sent:");
    for (size_t i = 0; i < world->sent_count; i++)
        printf(" %d", world->sent[i]);
    printf("; host %s; CRLs %s\n", world->host != NULL ? world->host : "-",
           !world->has_crls      ? "off"
           : world->is_leaf_only ? "leaf"
                                 : "chain");
    for (size_t i = 0; i < world->crl_count; i++) {
        const struct chains_crl *crl = &world->crls[i];
        printf("#   CRL of %d/%d signer %d%s%s days %d..%d scope %d point %d%s", crl->issuer,
               crl->issuer_form, crl->signer, crl->has_key_id ? "" : " without-id",
               crl->is_forged ? " FORGED" : "", crl->from, crl->until, (int)crl->scope, crl->point,
               crl->has_unknown_critical ? " unknown-critical" : "");
        for (size_t k = 0; k < crl->listed_count; k++)
            printf(" lists %X for %d", crl->listed[k].serial, crl->listed[k].reason);
        printf("\n");
    }
}
