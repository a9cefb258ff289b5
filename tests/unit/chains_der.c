/* chains_der.c - the DER of random certificates and CRLs, and the keys that sign them. */
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/der.h"
#include "unit/chains.h"

#define DAY 86400
#define KEY_ID_SIZE 20
#define ED25519_EVERY 3

static const char algorithm_ecdsa[] = "1.2.840.10045.4.3.2"; /* with SHA-256 */
static const char algorithm_ed25519[] = "1.3.101.112";

static EVP_PKEY *keys[CHAINS_KEY_COUNT];

static bool is_ed25519(int key)
{
    return key % ED25519_EVERY == ED25519_EVERY - 1;
}

bool chains_make_keys(void)
{
    for (int i = 0; i < CHAINS_KEY_COUNT; i++) {
        keys[i] = is_ed25519(i) ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") : EVP_EC_gen("P-256");
        if (keys[i] == NULL)
            return false;
    }
    return true;
}

void chains_free_keys(void)
{
    for (int i = 0; i < CHAINS_KEY_COUNT; i++)
        EVP_PKEY_free(keys[i]);
}

/* The signature as BIT STRING. */
static void put_signature(struct buffer *out, const struct buffer *tbs, int key, bool is_forged)
{
    unsigned char signature[160] = {0};
    size_t size = sizeof signature - 1;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL ||
        EVP_DigestSignInit(context, NULL, is_ed25519(key) ? NULL : EVP_sha256(), NULL, keys[key]) <=
            0 ||
        EVP_DigestSign(context, signature + 1, &size, buffer_content(tbs), buffer_length(tbs)) <= 0)
        abort();
    EVP_MD_CTX_free(context);
    if (is_forged)
        signature[size] ^= 1;
    der_put(out, DER_BIT_STRING, signature, size + 1);
}

static void put_algorithm(struct buffer *out, int key)
{
    struct buffer content = {0};
    der_put_oid(&content, is_ed25519(key) ? algorithm_ed25519 : algorithm_ecdsa);
    der_wrap(out, DER_SEQUENCE, &content);
}

/* Signs tbs, which is freed. */
static void sign(struct buffer *out, struct buffer *tbs, int key, bool is_forged)
{
    struct buffer content = {0};
    buffer_append(&content, buffer_content(tbs), buffer_length(tbs));
    put_algorithm(&content, key);
    put_signature(&content, tbs, key, is_forged);
    buffer_free(tbs);
    der_wrap(out, DER_SEQUENCE, &content);
}

static void put_public_key(struct buffer *out, int key)
{
    unsigned char *der = NULL;
    int size = i2d_PUBKEY(keys[key], &der);
    if (size <= 0)
        abort();
    buffer_append(out, der, (size_t)size);
    OPENSSL_free(der);
}

static void get_key_id(int key, enum chains_key_id kind, unsigned char *out)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    struct buffer der = {0};
    put_public_key(&der, key);
    SHA256(buffer_content(&der), buffer_length(&der), digest);
    buffer_free(&der);
    memcpy(out, digest, KEY_ID_SIZE);
    if (kind == CHAINS_KEY_ID_WRONG)
        out[0] ^= 0xff;
}

/* The words of a name: organization and common name. Authorities are 0 to 9. */
static void describe_name(int name, char *organization, char *common_name)
{
    static const char *const servers[] = {"db1.example.com", "Server One", "www.other.test"};
    sprintf(organization, "%s", name % 4 == 3 ? "Other Org" : "Test Org");
    if (name < 10)
        sprintf(common_name, "Authority %d", name);
    else
        sprintf(common_name, "%s", servers[name % 3]);
}

static void put_attribute(struct buffer *out, const char *oid, const char *text, unsigned tag)
{
    struct buffer pair = {0}, set = {0};
    der_put_oid(&pair, oid);
    der_put_text(&pair, tag, text);
    der_wrap(&set, DER_SEQUENCE, &pair);
    der_wrap(out, DER_SET, &set);
}

/* Form 1 has another string type, form 2 other letters and blanks: the same name (RFC 5280,
 * 7.1). */
void chains_put_name(struct buffer *out, int name, int form)
{
    char organization[40], common_name[40];
    struct buffer content = {0};
    unsigned tag = form == 1 ? DER_PRINTABLE_STRING : DER_UTF8_STRING;
    describe_name(name, organization, common_name);
    if (form == 2)
        sprintf(organization, "%s", name % 4 == 3 ? "  OTHER  org " : "TEST   Org");
    put_attribute(&content, "2.5.4.10", organization, tag);
    put_attribute(&content, "2.5.4.3", common_name, tag);
    der_wrap(out, DER_SEQUENCE, &content);
}

static void put_organization(struct buffer *out, int name)
{
    struct buffer content = {0};
    put_attribute(&content, "2.5.4.10", name % 4 == 3 ? "Other Org" : "Test Org", DER_UTF8_STRING);
    der_wrap(out, DER_SEQUENCE, &content);
}

static void put_address(struct buffer *out, const char *text)
{
    unsigned char bytes[32];
    size_t size = der_parse_hex(text, bytes, sizeof bytes);
    der_put(out, DER_CONTEXT + CHAINS_KIND_IP, bytes, size);
}

/* A GeneralName; of a subtree a directory is only the organization. */
static void put_general_name(struct buffer *out, const struct chains_general_name *name,
                             bool is_subtree)
{
    struct buffer directory = {0};
    switch (name->kind) {
    case CHAINS_KIND_IP:
        put_address(out, name->text);
        break;
    case CHAINS_KIND_DIRECTORY:
        if (is_subtree)
            put_organization(&directory, name->name);
        else
            chains_put_name(&directory, name->name, 0);
        der_wrap(out, DER_CONTEXT_CONSTRUCTED + CHAINS_KIND_DIRECTORY, &directory);
        break;
    case CHAINS_KIND_EMAIL:
    case CHAINS_KIND_DNS:
    case CHAINS_KIND_URI:
        der_put_text(out, DER_CONTEXT + (unsigned)name->kind, name->text);
        break;
    }
}

/* Appends an extension whose value is content, which is freed. */
static void put_extension(struct buffer *out, const char *oid, bool is_critical,
                          struct buffer *content)
{
    der_put_extension(out, oid, is_critical, buffer_content(content), buffer_length(content));
    buffer_free(content);
}

static void put_basic_constraints(struct buffer *out, const struct chains_certificate *certificate)
{
    struct buffer fields = {0}, value = {0};
    if (certificate->basic == CHAINS_BASIC_ABSENT)
        return;
    if (certificate->basic == CHAINS_BASIC_CA) {
        der_put(&fields, DER_BOOLEAN, "\xff", 1);
        if (certificate->path_length != CHAINS_NONE)
            der_put_number(&fields, (unsigned)certificate->path_length);
    }
    der_wrap(&value, DER_SEQUENCE, &fields);
    put_extension(out, "2.5.29.19", true, &value);
}

static void put_usage(struct buffer *out, const struct chains_certificate *certificate)
{
    static const struct {
        unsigned bit;
        const char *oid;
    } purposes[] = {{CHAINS_SERVER, "1.3.6.1.5.5.7.3.1"},
                    {CHAINS_CLIENT, "1.3.6.1.5.5.7.3.2"},
                    {CHAINS_ANY, "2.5.29.37.0"}};
    struct buffer value = {0}, list = {0};
    if (certificate->key_usage != CHAINS_NONE) {
        unsigned char bits[2] = {0, (unsigned char)certificate->key_usage};
        while (bits[0] < 7 && (bits[1] >> bits[0] & 1) == 0)
            bits[0]++;
        der_put(&value, DER_BIT_STRING, bits, 2);
        put_extension(out, "2.5.29.15", true, &value);
    }
    if (certificate->purposes == 0)
        return;
    for (size_t i = 0; i < 3; i++)
        if (certificate->purposes & purposes[i].bit)
            der_put_oid(&list, purposes[i].oid);
    der_wrap(&value, DER_SEQUENCE, &list);
    put_extension(out, "2.5.29.37", false, &value);
}

static void put_issuer_key_id(struct buffer *out, int key, enum chains_key_id kind)
{
    unsigned char id[KEY_ID_SIZE];
    struct buffer value = {0}, fields = {0};
    get_key_id(key, kind, id);
    der_put(&fields, DER_CONTEXT, id, sizeof id);
    der_wrap(&value, DER_SEQUENCE, &fields);
    put_extension(out, "2.5.29.35", false, &value);
}

static void put_key_ids(struct buffer *out, const struct chains_certificate *certificate)
{
    unsigned char id[KEY_ID_SIZE];
    struct buffer value = {0};
    if (certificate->own_key_id != CHAINS_KEY_ID_ABSENT) {
        get_key_id(certificate->key, certificate->own_key_id, id);
        der_put(&value, DER_OCTET_STRING, id, sizeof id);
        put_extension(out, "2.5.29.14", false, &value);
    }
    if (certificate->issuer_key_id != CHAINS_KEY_ID_ABSENT)
        put_issuer_key_id(out, certificate->signer, certificate->issuer_key_id);
}

static void put_subtrees(struct buffer *out, unsigned tag, const struct chains_general_name *list,
                         size_t count)
{
    struct buffer subtrees = {0};
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        struct buffer base = {0};
        put_general_name(&base, &list[i], true);
        der_wrap(&subtrees, DER_SEQUENCE, &base);
    }
    der_wrap(out, tag, &subtrees);
}

static void put_names(struct buffer *out, const struct chains_certificate *certificate)
{
    struct buffer list = {0}, value = {0}, subtrees = {0};
    for (size_t i = 0; i < certificate->name_count; i++)
        put_general_name(&list, &certificate->names[i], false);
    if (certificate->name_count > 0) {
        der_wrap(&value, DER_SEQUENCE, &list);
        put_extension(out, "2.5.29.17", false, &value);
    }
    if (certificate->permitted_count + certificate->excluded_count == 0)
        return;
    put_subtrees(&subtrees, DER_CONTEXT_CONSTRUCTED, certificate->permitted,
                 certificate->permitted_count);
    put_subtrees(&subtrees, DER_CONTEXT_CONSTRUCTED + 1, certificate->excluded,
                 certificate->excluded_count);
    der_wrap(&value, DER_SEQUENCE, &subtrees);
    put_extension(out, "2.5.29.30", true, &value);
}

/* DistributionPointName with a URI, or the name of an authority when point is below 0. */
static void put_point(struct buffer *out, int point, int name)
{
    struct buffer general = {0}, full = {0};
    char uri[40];
    sprintf(uri, "http://crl.test/%d", point);
    if (point < 0)
        put_general_name(&general, &(struct chains_general_name){CHAINS_KIND_DIRECTORY, NULL, name},
                         false);
    else
        der_put_text(&general, DER_CONTEXT + CHAINS_KIND_URI, uri);
    der_wrap(&full, DER_CONTEXT_CONSTRUCTED, &general);
    der_wrap(out, DER_CONTEXT_CONSTRUCTED, &full);
}

static const char *const policies[] = {"1.3.6.1.4.1.99999.3.1", "1.3.6.1.4.1.99999.3.2",
                                       "2.5.29.32.0"};

static void put_policies(struct buffer *out, const struct chains_certificate *certificate)
{
    struct buffer list = {0}, value = {0}, pair = {0};
    if (certificate->policies == 0)
        return;
    for (size_t i = 0; i < 3; i++)
        if ((certificate->policies >> i & 1) != 0) {
            struct buffer information = {0};
            der_put_oid(&information, policies[i]);
            der_wrap(&list, DER_SEQUENCE, &information);
        }
    der_wrap(&value, DER_SEQUENCE, &list);
    put_extension(out, "2.5.29.32", false, &value);
    if (!certificate->has_mapping)
        return;
    der_put_oid(&pair, policies[0]);
    der_put_oid(&pair, policies[1]);
    der_wrap(&list, DER_SEQUENCE, &pair);
    der_wrap(&value, DER_SEQUENCE, &list);
    put_extension(out, "2.5.29.33", true, &value);
}

static void put_policy_constraints(struct buffer *out, const struct chains_certificate *certificate)
{
    struct buffer fields = {0}, value = {0};
    unsigned char number = (unsigned char)certificate->explicit_policy;
    if (certificate->explicit_policy != CHAINS_NONE)
        der_put(&fields, DER_CONTEXT, &number, 1);
    number = (unsigned char)certificate->no_mapping;
    if (certificate->no_mapping != CHAINS_NONE)
        der_put(&fields, DER_CONTEXT + 1, &number, 1);
    if (buffer_length(&fields) > 0) {
        der_wrap(&value, DER_SEQUENCE, &fields);
        put_extension(out, "2.5.29.36", true, &value);
    }
    if (certificate->no_any_policy == CHAINS_NONE)
        return;
    der_put_number(&value, (unsigned)certificate->no_any_policy);
    put_extension(out, "2.5.29.54", true, &value);
}

static void put_extensions(struct buffer *out, const struct chains_certificate *certificate)
{
    struct buffer list = {0}, sequence = {0}, value = {0}, points = {0}, point = {0};
    put_basic_constraints(&list, certificate);
    put_usage(&list, certificate);
    put_key_ids(&list, certificate);
    put_names(&list, certificate);
    put_policies(&list, certificate);
    put_policy_constraints(&list, certificate);
    if (certificate->point != CHAINS_NONE) {
        put_point(&point, certificate->point, certificate->issuer);
        der_wrap(&points, DER_SEQUENCE, &point);
        der_wrap(&value, DER_SEQUENCE, &points);
        put_extension(&list, "2.5.29.31", false, &value);
    }
    if (certificate->has_unknown_critical)
        der_put_extension(&list, "1.3.6.1.4.1.99999.1", true, "\x05\x00", 2);
    if (buffer_length(&list) == 0)
        return;
    der_wrap(&sequence, DER_SEQUENCE, &list);
    der_wrap(out, DER_CONTEXT_CONSTRUCTED + 3, &sequence);
}

static void encode_certificate(struct chains_certificate *certificate, time_t now)
{
    struct buffer fields = {0}, version = {0}, validity = {0}, tbs = {0};
    der_put_number(&version, 2);
    der_wrap(&fields, DER_CONTEXT_CONSTRUCTED, &version);
    der_put_number(&fields, certificate->serial);
    put_algorithm(&fields, certificate->signer);
    chains_put_name(&fields, certificate->issuer, certificate->issuer_form);
    der_put_time(&validity, now + (time_t)certificate->from * DAY);
    der_put_time(&validity, now + (time_t)certificate->until * DAY);
    der_wrap(&fields, DER_SEQUENCE, &validity);
    chains_put_name(&fields, certificate->subject, certificate->subject_form);
    put_public_key(&fields, certificate->key);
    put_extensions(&fields, certificate);
    der_wrap(&tbs, DER_SEQUENCE, &fields);
    sign(&certificate->der, &tbs, certificate->signer, certificate->is_forged);
}

static void put_listed(struct buffer *out, const struct chains_crl *crl, time_t now)
{
    struct buffer rows = {0};
    for (size_t i = 0; i < crl->listed_count; i++) {
        struct buffer row = {0}, extensions = {0}, value = {0};
        unsigned char reason = (unsigned char)crl->listed[i].reason;
        der_put_number(&row, crl->listed[i].serial);
        der_put_time(&row, now - 3 * DAY);
        if (reason != 0) {
            der_put(&value, DER_ENUMERATED, &reason, 1);
            put_extension(&extensions, "2.5.29.21", false, &value);
            der_wrap(&row, DER_SEQUENCE, &extensions);
        }
        der_wrap(&rows, DER_SEQUENCE, &row);
    }
    if (crl->listed_count > 0)
        der_wrap(out, DER_SEQUENCE, &rows);
}

static void put_scope(struct buffer *out, const struct chains_crl *crl)
{
    struct buffer fields = {0}, value = {0};
    switch (crl->scope) {
    case CHAINS_SCOPE_ALL:
        return;
    case CHAINS_SCOPE_USERS:
        der_put(&fields, DER_CONTEXT + 1, "\xff", 1);
        break;
    case CHAINS_SCOPE_CAS:
        der_put(&fields, DER_CONTEXT + 2, "\xff", 1);
        break;
    case CHAINS_SCOPE_POINT:
        put_point(&fields, crl->point, 0);
        break;
    case CHAINS_SCOPE_ISSUER_POINT:
        put_point(&fields, CHAINS_NONE, crl->issuer);
        break;
    case CHAINS_SCOPE_REASONS:
        der_put(&fields, DER_CONTEXT + 3, "\x06\x40", 2);
        break;
    }
    der_wrap(&value, DER_SEQUENCE, &fields);
    put_extension(out, "2.5.29.28", true, &value);
}

static void encode_crl(struct chains_crl *crl, time_t now)
{
    struct buffer fields = {0}, list = {0}, sequence = {0}, tbs = {0};
    der_put_number(&fields, 1);
    put_algorithm(&fields, crl->signer);
    chains_put_name(&fields, crl->issuer, crl->issuer_form);
    der_put_time(&fields, now + (time_t)crl->from * DAY);
    der_put_time(&fields, now + (time_t)crl->until * DAY);
    put_listed(&fields, crl, now);
    put_scope(&list, crl);
    if (crl->has_key_id)
        put_issuer_key_id(&list, crl->signer, CHAINS_KEY_ID_RIGHT);
    if (crl->has_unknown_critical)
        der_put_extension(&list, "1.3.6.1.4.1.99999.2", true, "\x05\x00", 2);
    if (buffer_length(&list) > 0) {
        der_wrap(&sequence, DER_SEQUENCE, &list);
        der_wrap(&fields, DER_CONTEXT_CONSTRUCTED, &sequence);
    }
    der_wrap(&tbs, DER_SEQUENCE, &fields);
    sign(&crl->der, &tbs, crl->signer, crl->is_forged);
}

void chains_encode(struct chains_world *world)
{
    for (size_t i = 0; i < world->count; i++)
        encode_certificate(&world->certificates[i], world->at);
    for (size_t i = 0; i < world->crl_count; i++)
        encode_crl(&world->crls[i], world->at);
}

void chains_free(struct chains_world *world)
{
    for (size_t i = 0; i < world->count; i++)
        buffer_free(&world->certificates[i].der);
    for (size_t i = 0; i < world->crl_count; i++)
        buffer_free(&world->crls[i].der);
}
