/*
 * chains_differences.c - where OpenSSL decides otherwise, and why we are right: one row a class.
 *
 * A row does not excuse a case, it has to explain it: it changes the world so that both judges mean
 * the same by it, and OpenSSL then has to say about the changed world what we said about the first.
 */
#include <stdio.h>
#include <string.h>

#include "unit/chains.h"

struct difference {
    const char *class;
    enum { WE_ACCEPT, WE_REFUSE, EITHER } when; /* OpenSSL says the other */
    void (*amend)(struct chains_world *world);
    const char *reason;
    unsigned count;
};

static bool is_sent(const struct chains_world *world, int certificate)
{
    for (size_t i = 0; i < world->sent_count; i++)
        if (world->sent[i] == certificate)
            return true;
    return false;
}

/* ---- purposes and anchors ---- */

static void name_server_purpose(struct chains_world *world)
{
    for (size_t i = 0; i < world->count; i++)
        if ((world->certificates[i].purposes & CHAINS_ANY) != 0)
            world->certificates[i].purposes |= CHAINS_SERVER;
}

static void expand_wildcard(struct chains_world *world)
{
    struct chains_certificate *server = &world->certificates[0];
    for (size_t i = 0; i < server->name_count; i++) {
        if (server->names[i].kind != CHAINS_KIND_DNS ||
            strcmp(server->names[i].text, "*.example.com") != 0)
            continue;
        server->names[server->name_count++] =
            (struct chains_general_name){CHAINS_KIND_DNS, "b.example.com", 0};
        server->names[server->name_count++] =
            (struct chains_general_name){CHAINS_KIND_DNS, "db1.example.com", 0};
        return;
    }
}

/* ECDHE with such a key is digital signature alone. */
static void deny_encipherment(struct chains_world *world)
{
    struct chains_certificate *server = &world->certificates[0];
    if (server->key_usage != CHAINS_NONE && (server->key_usage & CHAINS_DIGITAL_SIGNATURE) == 0)
        server->key_usage = CHAINS_KEY_CERT_SIGN;
}

static void fit_key_ids(struct chains_world *world)
{
    for (size_t i = 0; i < world->count; i++)
        world->certificates[i].own_key_id = world->certificates[i].issuer_key_id =
            CHAINS_KEY_ID_RIGHT;
}

static void free_anchors_of_purposes(struct chains_world *world)
{
    for (size_t i = 1; i < world->count; i++)
        if (world->is_anchor[i])
            world->certificates[i].purposes = 0;
}

static void free_anchors_of_extensions(struct chains_world *world)
{
    for (size_t i = 1; i < world->count; i++)
        if (world->is_anchor[i])
            world->certificates[i].has_unknown_critical = false;
}

static void deny_authority(struct chains_world *world)
{
    for (size_t i = 1; i < world->count; i++)
        if (world->certificates[i].basic == CHAINS_BASIC_ABSENT)
            world->certificates[i].basic = CHAINS_BASIC_NOT_CA;
}

static bool has_issuer(const struct chains_world *world, size_t of)
{
    for (size_t i = 1; i < world->count; i++)
        if (i != of && world->certificates[i].subject == world->certificates[of].issuer)
            return true;
    return false;
}

static void lower_anchors(struct chains_world *world)
{
    for (size_t i = 0; i < world->count; i++) {
        const struct chains_certificate *certificate = &world->certificates[i];
        if (!world->is_anchor[i] || certificate->key == certificate->signer ||
            !has_issuer(world, i))
            continue;
        world->is_anchor[i] = false;
        if (!is_sent(world, (int)i) && world->sent_count < CHAINS_CERTIFICATE_LIMIT)
            world->sent[world->sent_count++] = (int)i;
    }
}

/* The certificates whose anyPolicy alone could be mapped, where somebody inhibits anyPolicy. */
static void unmap_any_policy(struct chains_world *world)
{
    bool is_inhibited = false;
    for (size_t i = 0; i < world->count; i++)
        is_inhibited |= world->certificates[i].no_any_policy != CHAINS_NONE;
    for (size_t i = 0; i < world->count && is_inhibited; i++)
        if ((world->certificates[i].policies & (CHAINS_POLICY | CHAINS_ANY_POLICY)) ==
            CHAINS_ANY_POLICY)
            world->certificates[i].has_mapping = false;
}

/* ---- CRLs ---- */

static void put_key_ids_into_crls(struct chains_world *world)
{
    for (size_t i = 0; i < world->crl_count; i++)
        world->crls[i].has_key_id = true;
}

/* Whether a CA's certificate with this key came with the chain or is an anchor. */
static bool is_key_known(const struct chains_world *world, int name, int key)
{
    for (size_t i = 1; i < world->count; i++)
        if (world->certificates[i].subject == name && world->certificates[i].key == key &&
            (is_sent(world, (int)i) || world->is_anchor[i]))
            return true;
    return false;
}

static void sign_with_every_key(struct chains_world *world)
{
    size_t count = world->crl_count;
    put_key_ids_into_crls(world);
    for (size_t i = 0; i < count; i++) {
        const struct chains_crl *crl = &world->crls[i];
        if (crl->is_forged || !is_key_known(world, crl->issuer, crl->signer))
            continue;
        for (size_t k = 1; k < world->count; k++) {
            struct chains_certificate *issuer = &world->certificates[k];
            if (issuer->subject != crl->issuer)
                continue;
            if (issuer->key_usage != CHAINS_NONE)
                issuer->key_usage |= CHAINS_CRL_SIGN;
            if (issuer->key == crl->signer || world->crl_count == CHAINS_CRL_LIMIT)
                continue;
            world->crls[world->crl_count] = *crl;
            world->crls[world->crl_count++].signer = issuer->key;
        }
    }
}

static void name_own_points(struct chains_world *world)
{
    for (size_t i = 0; i < world->count; i++)
        if (world->certificates[i].point == CHAINS_NONE)
            world->certificates[i].point = CHAINS_ISSUER_POINT;
}

static bool is_current(const struct chains_crl *crl)
{
    return crl->from <= 0 && crl->until >= 0 && !crl->is_forged && !crl->has_unknown_critical;
}

static bool is_listed(const struct chains_crl *crl, unsigned serial)
{
    for (size_t i = 0; i < crl->listed_count; i++)
        if (crl->listed[i].serial == serial)
            return true;
    return false;
}

/* Whether it would be the certificate's own word: it could lift its own hold. */
static bool is_signed_by_listed(const struct chains_world *world, const struct chains_crl *crl,
                                unsigned serial)
{
    for (size_t i = 0; i < world->count; i++)
        if (world->certificates[i].serial == serial && world->certificates[i].key == crl->signer)
            return true;
    return false;
}

static bool is_lifted(const struct chains_world *world, const struct chains_crl *crl, size_t row)
{
    for (size_t i = 0; i < world->crl_count && crl->listed[row].reason == 6; i++) {
        const struct chains_crl *newer = &world->crls[i];
        if (newer->issuer == crl->issuer && is_current(newer) && newer->from > crl->from &&
            newer->scope == crl->scope && newer->point == crl->point &&
            !is_listed(newer, crl->listed[row].serial) &&
            !is_signed_by_listed(world, newer, crl->listed[row].serial))
            return true;
    }
    return false;
}

/* What a current CRL of a CA lists stands in all of its CRLs. */
static void let_listed_be_revoked(struct chains_world *world)
{
    const struct chains_world before = *world;
    for (size_t i = 0; i < before.crl_count; i++) {
        const struct chains_crl *from = &before.crls[i];
        for (size_t row = 0; row < from->listed_count && is_current(from); row++)
            for (size_t k = 0; k < world->crl_count && !is_lifted(&before, from, row); k++) {
                struct chains_crl *to = &world->crls[k];
                if (to->issuer == from->issuer && to->listed_count < CHAINS_LISTED_LIMIT &&
                    !is_listed(to, from->listed[row].serial))
                    to->listed[to->listed_count++] = from->listed[row];
            }
    }
}

static struct difference differences[] = {
    {"key identifiers that miss or do not fit", WE_ACCEPT, fit_key_ids,
     "they help to find an issuer (RFC 5280, 4.2.1.1); its signature proves it", 0},
    {"server's key for encipherment only", WE_REFUSE, deny_encipherment,
     "an EC key makes signatures in TLS (RFC 8446, 4.4.2.2); OpenSSL takes any of three bits", 0},
    {"wildcard that reaches an excluded name", WE_REFUSE, expand_wildcard,
     "it stands for that host as well; OpenSSL compares the asterisk as a letter", 0},
    {"any purpose", WE_ACCEPT, name_server_purpose,
     "anyExtendedKeyUsage permits every purpose (RFC 5280, 4.2.1.12); OpenSSL wants serverAuth", 0},
    {"purpose of an anchor", WE_ACCEPT, free_anchors_of_purposes,
     "of an anchor only name and key count (RFC 5280, 6.1.1 (d)), and that it is a CA's", 0},
    {"critical extension of an anchor", WE_ACCEPT, free_anchors_of_extensions,
     "an anchor is no certificate of the path (RFC 5280, 6.1)", 0},
    {"no basicConstraints", WE_REFUSE, deny_authority,
     "only basicConstraints make a CA (RFC 5280, 6.1.4 (k)); OpenSSL takes keyUsage for it", 0},
    {"anchor with a trusted CA above it", WE_REFUSE, lower_anchors,
     "what a trusted CA says of an anchor that it issued counts; OpenSSL ends at the anchor", 0},
    {"mapping of an inhibited anyPolicy", WE_REFUSE, unmap_any_policy,
     "where it does not count there is nothing to map (RFC 5280, 6.1.4 (b)); OpenSSL takes the "
     "mapping for a statement",
     0},
    {"listed in another CRL than the newest complete one", WE_REFUSE, let_listed_be_revoked,
     "what the CA signed counts until the CRL ends; only a newer one of its scope lifts a hold", 0},
    {"another certificate of the CA is for CRLs", EITHER, sign_with_every_key,
     "any that leads to the same anchor may have signed them (RFC 5280, 6.3.3 (f)); OpenSSL tries "
     "one",
     0},
    {"CRL for the CA's own name", WE_ACCEPT, name_own_points,
     "it covers certificates without a distribution point (RFC 5280, 6.3.3, last paragraph)", 0},
};

#define DIFFERENCE_COUNT (sizeof differences / sizeof differences[0])

/* Asks OpenSSL about the world with the amendments from first to last. */
static bool is_settled_by(const struct chains_world *world, bool is_accepted, size_t first,
                          size_t last)
{
    static struct chains_world amended;
    struct chains_verdict verdict;
    amended = *world;
    for (size_t i = first; i <= last; i++)
        if (differences[i].when == EITHER || (differences[i].when == WE_ACCEPT) == is_accepted)
            differences[i].amend(&amended);
    for (size_t i = 0; i < amended.count; i++)
        amended.certificates[i].der = (struct buffer){0};
    for (size_t i = 0; i < amended.crl_count; i++)
        amended.crls[i].der = (struct buffer){0};
    chains_encode(&amended);
    chains_judge(&amended, &verdict);
    chains_free(&amended);
    return verdict.is_accepted == is_accepted;
}

bool chains_explain(const struct chains_world *world, bool is_accepted)
{
    for (size_t i = 0; i < DIFFERENCE_COUNT; i++) {
        if (!is_settled_by(world, is_accepted, i, i))
            continue;
        differences[i].count++;
        return true;
    }
    return is_settled_by(world, is_accepted, 0, DIFFERENCE_COUNT - 1); /* several at once */
}

void chains_print_differences(void)
{
    for (size_t i = 0; i < DIFFERENCE_COUNT; i++)
        printf("# %5u %s: %s\n", differences[i].count, differences[i].class, differences[i].reason);
}
