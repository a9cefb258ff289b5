/* pki.c - issues certificates and CRLs, good and bad ones, with GnuTLS. */
#include "support/pki.h"

#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/der.h"

#define DAY 86400

static bool is_good(int outcome, const char *what)
{
    if (outcome >= 0)
        return true;
    fprintf(stderr, "pki: %s: %s\n", what, gnutls_strerror(outcome));
    return false;
}

static time_t resolve_time(const struct pki_time *wanted, int default_days)
{
    if (wanted->absolute != 0)
        return wanted->absolute;
    return time(NULL) + (time_t)DAY * (wanted->days != 0 ? wanted->days : default_days);
}

gnutls_x509_privkey_t pki_generate_key(enum pki_key kind, unsigned rsa_bits)
{
    static const gnutls_pk_algorithm_t algorithms[] = {
        [PKI_KEY_ECDSA] = GNUTLS_PK_ECDSA,     [PKI_KEY_RSA] = GNUTLS_PK_RSA,
        [PKI_KEY_RSA_PSS] = GNUTLS_PK_RSA_PSS, [PKI_KEY_ED25519] = GNUTLS_PK_EDDSA_ED25519,
        [PKI_KEY_P224] = GNUTLS_PK_ECDSA,      [PKI_KEY_DSA] = GNUTLS_PK_DSA,
    };
    unsigned bits = rsa_bits != 0 ? rsa_bits : 2048;
    if (kind == PKI_KEY_ECDSA)
        bits = GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1);
    if (kind == PKI_KEY_P224)
        bits = GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP224R1);
    gnutls_x509_privkey_t key = NULL;
    if (!is_good(gnutls_x509_privkey_init(&key), "key"))
        return NULL;
    if (!is_good(gnutls_x509_privkey_generate(key, algorithms[kind], bits, 0), "generate key")) {
        gnutls_x509_privkey_deinit(key);
        return NULL;
    }
    return key;
}

static bool take_key(const struct pki_spec *spec, gnutls_x509_privkey_t *key_out)
{
    if (spec->key_of == NULL) {
        *key_out = pki_generate_key(spec->key, spec->rsa_bits);
        return *key_out != NULL;
    }
    return is_good(gnutls_x509_privkey_init(key_out), "key") &&
           is_good(gnutls_x509_privkey_cpy(*key_out, spec->key_of->key), "copy key");
}

/* RFC 4055, 1.2: an RSA key whose SubjectPublicKeyInfo allows one hash and long salts alone. */
static bool limit_key(gnutls_x509_privkey_t key, const struct pki_spec *spec)
{
    gnutls_x509_spki_t parameters = NULL;
    if (spec->limit_hash == 0)
        return true;
    if (!is_good(gnutls_x509_spki_init(&parameters), "key"))
        return false;
    gnutls_x509_spki_set_rsa_pss_params(parameters, spec->limit_hash, spec->limit_salt);
    bool is_limited = is_good(gnutls_x509_privkey_set_spki(key, parameters, 0), "limit key");
    gnutls_x509_spki_deinit(parameters);
    return is_limited;
}

static bool set_subject(gnutls_x509_crt_t crt, const struct pki_spec *spec)
{
    const char *rest = NULL;
    if (spec->dn != NULL)
        return is_good(gnutls_x509_crt_set_dn(crt, spec->dn, &rest), "subject");
    if (spec->common_name == NULL)
        return true;
    return is_good(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0,
                                                 spec->common_name,
                                                 (unsigned)strlen(spec->common_name)),
                   "subject");
}

static bool set_serial(gnutls_x509_crt_t crt, const struct pki_spec *spec)
{
    unsigned char serial[64];
    size_t size = 16;
    if (spec->serial != NULL)
        size = der_parse_hex(spec->serial, serial, sizeof serial);
    else if (!is_good(gnutls_rnd(GNUTLS_RND_NONCE, serial, size), "serial"))
        return false;
    if (spec->serial == NULL)
        serial[0] = (unsigned char)((serial[0] & 0x3f) | 0x40);
    return is_good(gnutls_x509_crt_set_serial(crt, serial, size), "serial");
}

static bool add_name(gnutls_x509_crt_t crt, gnutls_x509_subject_alt_name_t type, const void *name,
                     size_t size)
{
    return is_good(
        gnutls_x509_crt_set_subject_alt_name(crt, type, name, (unsigned)size, GNUTLS_FSAN_APPEND),
        "alternative name");
}

static bool add_names(gnutls_x509_crt_t crt, gnutls_x509_subject_alt_name_t type,
                      const char *const *names)
{
    bool is_added = true;
    for (; is_added && names != NULL && *names != NULL; names++)
        is_added = add_name(crt, type, *names, strlen(*names));
    return is_added;
}

static bool add_addresses(gnutls_x509_crt_t crt, const char *const *addresses)
{
    bool is_added = true;
    for (; is_added && addresses != NULL && *addresses != NULL; addresses++) {
        unsigned char bytes[16];
        bool is_v6 = strchr(*addresses, ':') != NULL;
        is_added = inet_pton(is_v6 ? AF_INET6 : AF_INET, *addresses, bytes) == 1 &&
                   add_name(crt, GNUTLS_SAN_IPADDRESS, bytes, is_v6 ? 16 : 4);
    }
    return is_added;
}

/* GnuTLS cuts a name at NUL: so the extension is made by hand. */
static bool add_raw_names(gnutls_x509_crt_t crt, const struct pki_spec *spec)
{
    struct buffer names = {0}, value = {0};
    for (const char *const *name = spec->dns; name != NULL && *name != NULL; name++)
        der_put_text(&names, DER_CONTEXT + 2, *name);
    der_put(&names, DER_CONTEXT + 2, spec->raw_dns, spec->raw_dns_size);
    der_wrap(&value, DER_SEQUENCE, &names);
    int outcome = gnutls_x509_crt_set_extension_by_oid(crt, "2.5.29.17", buffer_content(&value),
                                                       buffer_length(&value), 0);
    buffer_free(&value);
    return is_good(outcome, "alternative names");
}

static bool add_all_names(gnutls_x509_crt_t crt, const struct pki_spec *spec)
{
    if (spec->raw_dns != NULL)
        return add_raw_names(crt, spec);
    return add_names(crt, GNUTLS_SAN_DNSNAME, spec->dns) && add_addresses(crt, spec->ip) &&
           add_names(crt, GNUTLS_SAN_URI, spec->uri) &&
           add_names(crt, GNUTLS_SAN_RFC822NAME, spec->email);
}

static bool set_usage(gnutls_x509_crt_t crt, const struct pki_spec *spec)
{
    unsigned usage = spec->key_usage;
    if (usage == 0)
        usage = spec->is_ca ? GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN
                            : GNUTLS_KEY_DIGITAL_SIGNATURE;
    if (spec->key == PKI_KEY_RSA && !spec->is_ca && spec->key_usage == 0)
        usage |= GNUTLS_KEY_KEY_ENCIPHERMENT;
    if (!spec->omit_key_usage && !is_good(gnutls_x509_crt_set_key_usage(crt, usage), "usage"))
        return false;
    for (const char *const *oid = spec->purposes; oid != NULL && *oid != NULL; oid++)
        if (!is_good(gnutls_x509_crt_set_key_purpose_oid(crt, *oid, 0), "purpose"))
            return false;
    if (spec->omit_basic_constraints)
        return true;
    int length = spec->has_path_length ? spec->path_length : -1;
    return is_good(gnutls_x509_crt_set_basic_constraints(crt, spec->is_ca, length), "constraints");
}

static bool set_name_constraints(gnutls_x509_crt_t crt, const struct pki_spec *spec)
{
    if (spec->permitted_dns == NULL && spec->excluded_dns == NULL)
        return true;
    gnutls_x509_name_constraints_t constraints;
    if (!is_good(gnutls_x509_name_constraints_init(&constraints), "name constraints"))
        return false;
    bool is_set = true;
    for (const char *const *name = spec->permitted_dns; name != NULL && *name != NULL; name++) {
        gnutls_datum_t datum = {(unsigned char *)*name, (unsigned)strlen(*name)};
        is_set &= gnutls_x509_name_constraints_add_permitted(constraints, GNUTLS_SAN_DNSNAME,
                                                             &datum) == 0;
    }
    for (const char *const *name = spec->excluded_dns; name != NULL && *name != NULL; name++) {
        gnutls_datum_t datum = {(unsigned char *)*name, (unsigned)strlen(*name)};
        is_set &=
            gnutls_x509_name_constraints_add_excluded(constraints, GNUTLS_SAN_DNSNAME, &datum) == 0;
    }
    is_set &= gnutls_x509_crt_set_name_constraints(crt, constraints, 1) == 0;
    gnutls_x509_name_constraints_deinit(constraints);
    return is_set;
}

static bool set_extensions(gnutls_x509_crt_t crt, const struct pki_extension *extension)
{
    for (; extension != NULL && extension->oid != NULL; extension++)
        if (!is_good(gnutls_x509_crt_set_extension_by_oid(crt, extension->oid, extension->value,
                                                          extension->size, extension->is_critical),
                     "extension"))
            return false;
    return true;
}

static bool set_key_identifiers(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer)
{
    unsigned char identifier[64];
    size_t size = sizeof identifier;
    if (!is_good(gnutls_x509_crt_get_key_id(crt, 0, identifier, &size), "key id") ||
        !is_good(gnutls_x509_crt_set_subject_key_id(crt, identifier, size), "key id"))
        return false;
    if (issuer == crt)
        return true;
    size = sizeof identifier;
    return is_good(gnutls_x509_crt_get_key_id(issuer, 0, identifier, &size), "key id") &&
           is_good(gnutls_x509_crt_set_authority_key_id(crt, identifier, size), "key id");
}

static bool fill_in(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer, const struct pki_spec *spec)
{
    return set_subject(crt, spec) && set_serial(crt, spec) && add_all_names(crt, spec) &&
           set_usage(crt, spec) && set_name_constraints(crt, spec) &&
           set_extensions(crt, spec->extensions) &&
           is_good(gnutls_x509_crt_set_activation_time(crt, resolve_time(&spec->not_before, -1)),
                   "not before") &&
           is_good(gnutls_x509_crt_set_expiration_time(crt, resolve_time(&spec->not_after, 365)),
                   "not after") &&
           (spec->omit_key_identifiers || set_key_identifiers(crt, issuer));
}

static bool sign_pss(gnutls_x509_crt_t crt, const struct pki_certificate *issuer, unsigned salt)
{
    gnutls_privkey_t key = NULL;
    gnutls_x509_spki_t parameters = NULL;
    if (!is_good(gnutls_privkey_init(&key), "key") ||
        !is_good(gnutls_x509_spki_init(&parameters), "key"))
        return false;
    gnutls_x509_spki_set_rsa_pss_params(parameters, GNUTLS_DIG_SHA256, salt);
    bool is_signed =
        is_good(gnutls_privkey_import_x509(key, issuer->key, GNUTLS_PRIVKEY_IMPORT_COPY), "key") &&
        is_good(gnutls_privkey_set_spki(key, parameters, 0), "RSA-PSS") &&
        is_good(gnutls_x509_crt_privkey_sign(crt, issuer->crt, key, GNUTLS_DIG_SHA256,
                                             GNUTLS_PRIVKEY_SIGN_FLAG_RSA_PSS),
                "sign certificate");
    gnutls_x509_spki_deinit(parameters);
    gnutls_privkey_deinit(key);
    return is_signed;
}

static bool sign(const struct pki_certificate *certificate, const struct pki_certificate *issuer,
                 const struct pki_spec *spec)
{
    gnutls_digest_algorithm_t hash = spec->hash != 0 ? spec->hash : GNUTLS_DIG_SHA256;
    if (gnutls_x509_privkey_get_pk_algorithm(issuer->key) == GNUTLS_PK_EDDSA_ED25519)
        hash = GNUTLS_DIG_SHA512;
    if (spec->pss_salt > 0)
        return sign_pss(certificate->crt, issuer, spec->pss_salt);
    return is_good(gnutls_x509_crt_sign2(certificate->crt, issuer->crt, issuer->key, hash, 0),
                   "sign certificate");
}

/* What was signed is read back, so that GnuTLS holds the DER and not its parts. What it will not
 * read, since it was to be malformed, is held as bytes. */
static bool read_back(struct pki_certificate *certificate)
{
    gnutls_datum_t der = {0};
    gnutls_x509_crt_t crt = NULL;
    if (!is_good(gnutls_x509_crt_export2(certificate->crt, GNUTLS_X509_FMT_DER, &der), "export") ||
        !is_good(gnutls_x509_crt_init(&crt), "init"))
        return false;
    if (gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER) < 0) {
        gnutls_x509_crt_deinit(crt);
        certificate->edited = der;
        return true;
    }
    gnutls_free(der.data);
    gnutls_x509_crt_deinit(certificate->crt);
    certificate->crt = crt;
    return true;
}

static struct pki_certificate *last;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct pki_certificate *pki_issue(const struct pki_spec *spec)
{
    struct pki_certificate *certificate = calloc(1, sizeof *certificate);
    if (certificate == NULL)
        return NULL;
    const struct pki_certificate *issuer = spec->issuer != NULL ? spec->issuer : certificate;
    bool is_made = is_good(gnutls_x509_crt_init(&certificate->crt), "certificate") &&
                   take_key(spec, &certificate->key) && limit_key(certificate->key, spec) &&
                   is_good(gnutls_x509_crt_set_version(certificate->crt, 3), "version") &&
                   is_good(gnutls_x509_crt_set_key(certificate->crt, certificate->key), "key") &&
                   fill_in(certificate->crt, issuer->crt, spec) &&
                   sign(certificate, issuer, spec) && read_back(certificate);
    pthread_mutex_lock(&lock);
    certificate->former = last;
    last = certificate;
    pthread_mutex_unlock(&lock);
    if (!is_made)
        pki_free(&certificate);
    return certificate;
}

void pki_free(struct pki_certificate **certificate)
{
    struct pki_certificate **place = &last;
    if (*certificate == NULL)
        return;
    pthread_mutex_lock(&lock);
    while (*place != *certificate)
        place = &(*place)->former;
    *place = (*certificate)->former;
    pthread_mutex_unlock(&lock);
    if ((*certificate)->crt != NULL)
        gnutls_x509_crt_deinit((*certificate)->crt);
    if ((*certificate)->key != NULL)
        gnutls_x509_privkey_deinit((*certificate)->key);
    gnutls_free((*certificate)->edited.data);
    free(*certificate);
    *certificate = NULL;
}

gnutls_datum_t pki_der(const struct pki_certificate *certificate)
{
    gnutls_datum_t der = {0};
    if (certificate->edited.data == NULL) {
        is_good(gnutls_x509_crt_export2(certificate->crt, GNUTLS_X509_FMT_DER, &der), "export");
        return der;
    }
    der.data = gnutls_malloc(certificate->edited.size);
    if (der.data != NULL)
        der.size = certificate->edited.size;
    if (der.data != NULL)
        memcpy(der.data, certificate->edited.data, der.size);
    return der;
}

/* The bytes of a DER element whose length is written in 1 to 3 octets. */
static size_t element_size(const unsigned char *element)
{
    if (element[1] < 0x80)
        return 2u + element[1];
    return element[1] == 0x81 ? 3u + element[2] : 4u + (element[2] << 8 | element[3]);
}

static size_t header_size(const unsigned char *element)
{
    return element[1] < 0x80 ? 2u : element[1] - 0x80u + 2u;
}

bool pki_set_bytes(struct pki_certificate *certificate, const struct buffer *der)
{
    gnutls_free(certificate->edited.data);
    certificate->edited = (gnutls_datum_t){.data = gnutls_malloc(buffer_length(der))};
    if (certificate->edited.data == NULL)
        return false;
    certificate->edited.size = (unsigned)buffer_length(der);
    memcpy(certificate->edited.data, buffer_content(der), buffer_length(der));
    return true;
}

bool pki_replace(struct pki_certificate *certificate, const struct pki_certificate *issuer,
                 const void *find, size_t find_size, const void *put, size_t put_size)
{
    gnutls_datum_t der = pki_der(certificate);
    struct buffer content = {0}, tbs = {0}, out = {0};
    const unsigned char *signed_part = der.data + header_size(der.data);
    const unsigned char *start = signed_part + header_size(signed_part);
    const unsigned char *end = signed_part + element_size(signed_part);
    const unsigned char *place = memmem(start, (size_t)(end - start), find, find_size);
    bool is_replaced = place != NULL;
    if (is_replaced) {
        buffer_append(&content, start, (size_t)(place - start));
        buffer_append(&content, put, put_size);
        buffer_append(&content, place + find_size, (size_t)(end - place) - find_size);
        der_wrap(&tbs, DER_SEQUENCE, &content);
        is_replaced =
            pki_sign_crl(&tbs, issuer, GNUTLS_DIG_SHA256, &out) && pki_set_bytes(certificate, &out);
    }
    gnutls_free(der.data);
    buffer_free(&out);
    buffer_free(&tbs);
    return is_replaced;
}

bool pki_edit(struct pki_certificate *certificate, const struct pki_certificate *issuer,
              const void *find, const void *put, size_t size)
{
    return pki_replace(certificate, issuer, find, size, put, size);
}

/* CRLs */

static gnutls_sign_algorithm_t signature_of(const struct pki_certificate *signer,
                                            gnutls_digest_algorithm_t hash)
{
    int algorithm = gnutls_x509_privkey_get_pk_algorithm(signer->key);
    if (algorithm == GNUTLS_PK_EDDSA_ED25519)
        return GNUTLS_SIGN_EDDSA_ED25519;
    return gnutls_pk_to_sign(algorithm, hash != 0 ? hash : GNUTLS_DIG_SHA256);
}

bool pki_put_algorithm(const struct pki_certificate *signer, gnutls_digest_algorithm_t hash,
                       struct buffer *out)
{
    const char *oid = gnutls_sign_get_oid(signature_of(signer, hash));
    if (oid == NULL)
        return false;
    struct buffer content = {0};
    der_put_oid(&content, oid);
    if (gnutls_x509_privkey_get_pk_algorithm(signer->key) == GNUTLS_PK_RSA)
        der_put(&content, DER_NULL, "", 0);
    der_wrap(out, DER_SEQUENCE, &content);
    return true;
}

static bool sign_bytes(const struct buffer *tbs, const struct pki_certificate *signer,
                       gnutls_digest_algorithm_t hash, gnutls_datum_t *signature_out)
{
    gnutls_privkey_t key;
    gnutls_datum_t data = {buffer_content(tbs), (unsigned)buffer_length(tbs)};
    if (!is_good(gnutls_privkey_init(&key), "key"))
        return false;
    bool is_signed =
        is_good(gnutls_privkey_import_x509(key, signer->key, GNUTLS_PRIVKEY_IMPORT_COPY), "key") &&
        is_good(gnutls_privkey_sign_data2(key, signature_of(signer, hash), 0, &data, signature_out),
                "sign CRL");
    gnutls_privkey_deinit(key);
    return is_signed;
}

bool pki_sign_crl(const struct buffer *tbs, const struct pki_certificate *signer,
                  gnutls_digest_algorithm_t hash, struct buffer *out)
{
    gnutls_datum_t signature = {0};
    if (!sign_bytes(tbs, signer, hash, &signature))
        return false;
    struct buffer list = {0}, bits = {0};
    buffer_append(&list, buffer_content(tbs), buffer_length(tbs));
    pki_put_algorithm(signer, hash, &list);
    buffer_append_byte(&bits, 0);
    buffer_append(&bits, signature.data, signature.size);
    gnutls_free(signature.data);
    der_wrap(&list, DER_BIT_STRING, &bits);
    der_wrap(out, DER_SEQUENCE, &list);
    return true;
}

static void put_extensions(struct buffer *out, const struct pki_extension *extension)
{
    for (; extension != NULL && extension->oid != NULL; extension++)
        der_put_extension(out, extension->oid, extension->is_critical, extension->value,
                          extension->size);
}

static void put_revoked(struct buffer *out, const struct pki_revoked *revoked, bool is_v1)
{
    struct buffer entry = {0}, extensions = {0};
    unsigned char serial[64];
    size_t size = sizeof serial;
    if (revoked->certificate != NULL)
        gnutls_x509_crt_get_serial(revoked->certificate->crt, serial, &size);
    else
        size = der_parse_hex(revoked->serial, serial, sizeof serial);
    der_put(&entry, DER_INTEGER, serial, size);
    der_put_time(&entry, resolve_time(&revoked->date, -1));
    if (revoked->reason != 0) {
        unsigned char reason[3] = {DER_ENUMERATED, 1, (unsigned char)revoked->reason};
        der_put_extension(&extensions, "2.5.29.21", false, reason, sizeof reason);
    }
    put_extensions(&extensions, revoked->extensions);
    if (!is_v1 && buffer_length(&extensions) > 0)
        der_wrap(&entry, DER_SEQUENCE, &extensions);
    buffer_free(&extensions);
    der_wrap(out, DER_SEQUENCE, &entry);
}

static void put_crl_extensions(struct buffer *out, const struct pki_crl_spec *spec)
{
    struct buffer extensions = {0}, sequence = {0}, number = {0};
    if (spec->number != 0) {
        der_put_number(&number, spec->number);
        der_put_extension(&extensions, "2.5.29.20", false, buffer_content(&number),
                          buffer_length(&number));
        buffer_free(&number);
    }
    put_extensions(&extensions, spec->extensions);
    if (buffer_length(&extensions) == 0)
        return;
    der_wrap(&sequence, DER_SEQUENCE, &extensions);
    der_wrap(out, DER_CONTEXT_CONSTRUCTED, &sequence);
}

static void put_update(struct buffer *out, const struct pki_crl_spec *spec, time_t time)
{
    if (spec->is_generalized_time)
        der_put_generalized_time(out, time);
    else
        der_put_time(out, time);
}

static bool put_issuer(struct buffer *out, const struct pki_certificate *issuer)
{
    gnutls_datum_t name = {0};
    if (!is_good(gnutls_x509_crt_get_raw_dn(issuer->crt, &name), "issuer"))
        return false;
    bool is_put = buffer_append(out, name.data, name.size);
    gnutls_free(name.data);
    return is_put;
}

bool pki_crl(const struct pki_crl_spec *spec, struct buffer *out)
{
    const struct pki_certificate *signer = spec->signer != NULL ? spec->signer : spec->issuer;
    struct buffer content = {0}, revoked = {0}, tbs = {0};
    if (!spec->is_v1)
        der_put_number(&content, 1);
    if (!pki_put_algorithm(signer, spec->hash, &content) || !put_issuer(&content, spec->issuer)) {
        buffer_free(&content);
        return false;
    }
    put_update(&content, spec, resolve_time(&spec->this_update, -1));
    if (!spec->omit_next_update)
        put_update(&content, spec, resolve_time(&spec->next_update, 30));
    for (size_t i = 0; i < spec->revoked_count; i++)
        put_revoked(&revoked, &spec->revoked[i], spec->is_v1);
    if (spec->revoked_count > 0)
        der_wrap(&content, DER_SEQUENCE, &revoked);
    if (!spec->is_v1)
        put_crl_extensions(&content, spec);
    der_wrap(&tbs, DER_SEQUENCE, &content);
    bool is_signed = pki_sign_crl(&tbs, signer, spec->hash, out);
    buffer_free(&tbs);
    return is_signed;
}
