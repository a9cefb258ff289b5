#include "tls/keyfile.h"

#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "tls/formats.h"
#include "tls/gaussdb_key.h"
#include "tls/private_key.h"
#include "tls/token.h"

#define DESCRIPTION_SIZE 700
#define DIGEST_SIZE 32

/* More certificates beside a client's key are refused. */
#define CANDIDATE_LIMIT 1024

struct loading {
    const struct tls_options *options;
    const char *user;
    struct watch *watch;
    struct client_identity *identity;
    struct material material; /* of SslCert's file */
    /* All certificates of SslCert, in its order; those of the chain move to identity. */
    gnutls_x509_crt_t *candidates;
    size_t candidate_count;
    struct error *error;
};

static bool is_secret(const struct material *material)
{
    const uint64_t keys = UINT64_C(1) << CONTENT_PRIVATE_KEY | UINT64_C(1) << CONTENT_ENCRYPTED_KEY;
    return (material->seen & keys) != 0;
}

static bool read_file(const struct loading *loading, const struct option *option,
                      enum formats_wanted wanted, bool wants_keys, struct material *material)
{
    struct file_content content;
    char name[DESCRIPTION_SIZE];
    if (!file_read(option, &content, loading->error))
        return false;
    const struct store file = {.bytes = content.bytes,
                               .size = content.size,
                               .name = option_describe(option, name, sizeof name),
                               .password = loading->options->password.value,
                               .wants_keys = wants_keys};
    bool is_key_file = wanted == FORMATS_WANTED_KEY;
    enum file_permissions rule = loading->options->file_permissions;
    bool is_good = watch_add_content(loading->watch, option->value, &content, loading->error) &&
                   formats_read(&file, wanted, material, loading->error) &&
                   file_permissions_check(option->value, option, &content.status,
                                          is_key_file || is_secret(material), rule, loading->error);
    file_content_free(&content);
    return is_good;
}

static bool import_candidates(struct loading *loading)
{
    const struct material *material = &loading->material;
    char name[DESCRIPTION_SIZE];
    option_describe(&loading->options->cert, name, sizeof name);
    if (material->certificate_count > CANDIDATE_LIMIT) {
        error_set(loading->error, ODBCSSL_ERROR_FILE_MALFORMED,
                  "%s: the file holds %zu certificates, more than the %d among which a client "
                  "certificate is looked for",
                  name, material->certificate_count, CANDIDATE_LIMIT);
        return false;
    }
    loading->candidates = gnutls_calloc(material->certificate_count, sizeof *loading->candidates);
    if (loading->candidates == NULL) {
        error_set_memory(loading->error);
        return false;
    }
    for (size_t i = 0; i < material->certificate_count; i++) {
        const gnutls_datum_t der = {material->certificates[i].bytes,
                                    (unsigned)material->certificates[i].size};
        int outcome = gnutls_x509_crt_init(&loading->candidates[i]);
        if (outcome == 0) {
            loading->candidate_count++;
            outcome = gnutls_x509_crt_import(loading->candidates[i], &der, GNUTLS_X509_FMT_DER);
        }
        if (outcome != 0) {
            error_set(loading->error, ODBCSSL_ERROR_FILE_MALFORMED,
                      "%s: certificate %zu in the file cannot be understood: %s", name, i + 1,
                      gnutls_strerror(outcome));
            return false;
        }
    }
    return true;
}

static bool load_certificates(struct loading *loading)
{
    const struct option *cert = &loading->options->cert;
    bool has_key_option = loading->options->key.value != NULL;
    if (token_is_uri(cert->value)) {
        unsigned count = 0;
        bool is_loaded = token_load_chain(cert, loading->identity->pin, &loading->candidates,
                                          &count, loading->error);
        loading->candidate_count = count;
        return is_loaded;
    }
    return read_file(loading, cert, FORMATS_WANTED_CERTIFICATES, !has_key_option,
                     &loading->material) &&
           import_candidates(loading);
}

/* Decrypts with SslPassword, or else with GaussDB's files beside the certificate. */
static bool import_key(struct loading *loading, const struct material_key *key, const char *name)
{
    const struct tls_options *options = loading->options;
    struct private_key_password password = {options->password.value, "SslPassword"};
    char decoded[GAUSSDB_KEY_PASSWORD_SIZE] = "";
    char *cipher_path = NULL;
    bool is_good = true;
    if (key->is_encrypted && password.text == NULL && !token_is_uri(options->cert.value))
        cipher_path = gaussdb_key_find(options->cert.value, loading->user);
    if (cipher_path != NULL) {
        is_good = gaussdb_key_read(cipher_path, &options->cert, options->file_permissions,
                                   loading->watch, decoded, loading->error);
        password = (struct private_key_password){decoded, cipher_path};
    }
    is_good = is_good &&
              private_key_import(key, &password, name, &loading->identity->key, loading->error);
    text_wipe(decoded, sizeof decoded);
    free(cipher_path);
    return is_good;
}

static bool import_only_key(struct loading *loading, const struct material *material,
                            const struct option *option)
{
    char name[DESCRIPTION_SIZE];
    option_describe(option, name, sizeof name);
    if (material->key_count == 1)
        return import_key(loading, &material->keys[0], name);
    error_set(loading->error, ODBCSSL_ERROR_FILE_MALFORMED,
              "%s: the file holds %zu private keys, and it is not clear which one is meant: keep "
              "one in it",
              name, material->key_count);
    return false;
}

static bool load_key_file(struct loading *loading)
{
    struct material material = {0};
    const struct option *option = &loading->options->key;
    bool is_loaded = read_file(loading, option, FORMATS_WANTED_KEY, true, &material) &&
                     import_only_key(loading, &material, option);
    material_free(&material);
    return is_loaded;
}

static bool load_key(struct loading *loading)
{
    const struct tls_options *options = loading->options;
    const struct option *key = options->key.value != NULL ? &options->key : &options->cert;
    if (token_is_uri(key->value))
        return token_load_key(key, loading->identity->pin, &loading->identity->key, loading->error);
    if (options->key.value != NULL)
        return load_key_file(loading);
    if (loading->material.key_count > 0)
        return import_only_key(loading, &loading->material, &options->cert);
    char name[DESCRIPTION_SIZE];
    error_set(loading->error, ODBCSSL_ERROR_KEY_MISSING,
              "%s: the file holds a certificate without its private key: set SslKey to the file "
              "of the key",
              option_describe(&options->cert, name, sizeof name));
    return false;
}

/* What two public keys have in common when they are the same: the modulus of RSA, since PSS has
 * parameters that differ between key and certificate; else the identifier. */
static bool key_identity(gnutls_pubkey_t key, unsigned char *digest)
{
    gnutls_datum_t modulus = {0}, exponent = {0};
    size_t size = DIGEST_SIZE;
    if (gnutls_pubkey_export_rsa_raw2(key, &modulus, &exponent, 0) != 0)
        return gnutls_pubkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, digest, &size) == 0;
    bool is_known = gnutls_hash_fast(GNUTLS_DIG_SHA256, modulus.data, modulus.size, digest) == 0;
    gnutls_free(modulus.data);
    gnutls_free(exponent.data);
    return is_known;
}

/* false: the token does not tell. */
static bool private_key_identity(gnutls_privkey_t key, unsigned char *digest)
{
    gnutls_pubkey_t public_key;
    if (gnutls_pubkey_init(&public_key) != 0)
        return false;
    bool is_known = gnutls_pubkey_import_privkey(public_key, key, 0, 0) == 0 &&
                    key_identity(public_key, digest);
    gnutls_pubkey_deinit(public_key);
    return is_known;
}

static bool certificate_has_key(gnutls_x509_crt_t certificate, const unsigned char *digest)
{
    gnutls_pubkey_t public_key;
    unsigned char found[DIGEST_SIZE];
    if (gnutls_pubkey_init(&public_key) != 0)
        return false;
    bool is_same = gnutls_pubkey_import_x509(public_key, certificate, 0) == 0 &&
                   key_identity(public_key, found) && memcmp(found, digest, DIGEST_SIZE) == 0;
    gnutls_pubkey_deinit(public_key);
    return is_same;
}

/* "CN=alice (serial 0A:3F)" in new memory. */
static char *describe_certificate(gnutls_x509_crt_t certificate)
{
    gnutls_datum_t dn = {0};
    unsigned char serial[64];
    size_t serial_size = sizeof serial;
    char subject[512] = "", hex[3 * sizeof serial + 1] = "", *text = NULL;
    if (gnutls_x509_crt_get_dn3(certificate, &dn, 0) == 0)
        error_printable(dn.data, dn.size, subject, sizeof subject);
    gnutls_free(dn.data);
    if (gnutls_x509_crt_get_serial(certificate, serial, &serial_size) == 0)
        text_hex(serial, serial_size, ':', hex, sizeof hex);
    return asprintf(&text, "%s (serial %s)", subject, hex) < 0 ? NULL : text;
}

static bool report_mismatch(const struct loading *loading)
{
    const struct tls_options *options = loading->options;
    const struct option *key = options->key.value != NULL ? &options->key : &options->cert;
    char cert_name[DESCRIPTION_SIZE], key_name[DESCRIPTION_SIZE];
    char *certificate = describe_certificate(loading->candidates[0]);
    error_set(loading->error, ODBCSSL_ERROR_KEY_MISMATCH,
              "%s: the private key does not belong to the client certificate %s, nor to another "
              "one of the %zu in %s",
              token_describe(key, key_name, sizeof key_name),
              certificate != NULL ? certificate : "", loading->candidate_count,
              token_describe(&options->cert, cert_name, sizeof cert_name));
    free(certificate);
    return false;
}

static void move_to_chain(struct loading *loading, size_t index)
{
    struct client_identity *identity = loading->identity;
    identity->chain[identity->chain_count++] = loading->candidates[index];
    loading->candidates[index] = NULL;
}

/* The index of the certificate that the key belongs to; candidate_count: none. */
static size_t find_leaf(const struct loading *loading)
{
    unsigned char digest[DIGEST_SIZE];
    size_t index = 0;
    /* Where a token keeps the public key to itself, the handshake tells. */
    if (!private_key_identity(loading->identity->key, digest))
        return 0;
    while (index < loading->candidate_count &&
           !certificate_has_key(loading->candidates[index], digest))
        index++;
    return index;
}

/* The issuer of the chain's last certificate among what is left; candidate_count: none. */
static size_t find_issuer(const struct loading *loading)
{
    const struct client_identity *identity = loading->identity;
    gnutls_x509_crt_t last = identity->chain[identity->chain_count - 1];
    size_t index = 0;
    if (gnutls_x509_crt_check_issuer(last, last) != 0)
        return loading->candidate_count;
    while (index < loading->candidate_count &&
           (loading->candidates[index] == NULL ||
            gnutls_x509_crt_check_issuer(last, loading->candidates[index]) == 0))
        index++;
    return index;
}

/* The client's certificate first, then the issuers that lie beside it, whatever the file's order.
 */
static bool build_chain(struct loading *loading)
{
    struct client_identity *identity = loading->identity;
    identity->chain = calloc(loading->candidate_count, sizeof *identity->chain);
    if (identity->chain == NULL) {
        error_set_memory(loading->error);
        return false;
    }
    size_t next = find_leaf(loading);
    if (next == loading->candidate_count)
        return report_mismatch(loading);
    while (next < loading->candidate_count) {
        move_to_chain(loading, next);
        next = find_issuer(loading);
    }
    return true;
}

static bool describe_identity(struct loading *loading)
{
    struct client_identity *identity = loading->identity;
    char name[DESCRIPTION_SIZE];
    identity->not_before = gnutls_x509_crt_get_activation_time(identity->chain[0]);
    identity->not_after = gnutls_x509_crt_get_expiration_time(identity->chain[0]);
    identity->subject = describe_certificate(identity->chain[0]);
    identity->name = strdup(token_describe(&loading->options->cert, name, sizeof name));
    if (identity->subject != NULL && identity->name != NULL)
        return true;
    error_set_memory(loading->error);
    return false;
}

static bool prepare_pin(struct loading *loading)
{
    const struct tls_options *options = loading->options;
    if (!token_is_uri(options->cert.value) && !token_is_uri(options->key.value))
        return true;
    loading->identity->pin = token_pin_new(options->password.value);
    if (loading->identity->pin == NULL)
        error_set_memory(loading->error);
    return loading->identity->pin != NULL;
}

static void free_loading(struct loading *loading)
{
    for (size_t i = 0; i < loading->candidate_count; i++)
        gnutls_x509_crt_deinit(loading->candidates[i]);
    gnutls_free(loading->candidates);
    material_free(&loading->material);
}

bool client_identity_load_files(const struct tls_options *options, const char *user,
                                struct watch *watch, struct client_identity *identity,
                                struct error *error)
{
    struct loading loading = {
        .options = options, .user = user, .watch = watch, .identity = identity, .error = error};
    *identity = (struct client_identity){0};
    bool is_loaded = prepare_pin(&loading) && load_certificates(&loading) && load_key(&loading) &&
                     build_chain(&loading) && describe_identity(&loading);
    free_loading(&loading);
    if (!is_loaded)
        client_identity_free(identity);
    return is_loaded;
}

bool client_identity_check_dates(const struct client_identity *identity, time_t now,
                                 struct error *error)
{
    char limit[CLOCK_TEXT_SIZE], today[CLOCK_TEXT_SIZE];
    if (identity->not_after != (time_t)-1 && now > identity->not_after)
        error_set(error, ODBCSSL_ERROR_CLIENT_CERTIFICATE_EXPIRED,
                  "%s: the client certificate %s expired on %s; it is %s now", identity->name,
                  identity->subject, clock_format(identity->not_after, limit),
                  clock_format(now, today));
    else if (now < identity->not_before)
        error_set(error, ODBCSSL_ERROR_CLIENT_CERTIFICATE_NOT_YET_VALID,
                  "%s: the client certificate %s is not valid before %s; it is %s now",
                  identity->name, identity->subject, clock_format(identity->not_before, limit),
                  clock_format(now, today));
    else
        return true;
    return false;
}

bool client_identity_load(const struct tls_options *options, const char *user, time_t now,
                          struct client_identity *identity, struct error *error)
{
    if (!client_identity_load_files(options, user, NULL, identity, error))
        return false;
    if (client_identity_check_dates(identity, now, error))
        return true;
    client_identity_free(identity);
    return false;
}

void client_identity_free(struct client_identity *identity)
{
    for (size_t i = 0; i < identity->chain_count; i++)
        gnutls_x509_crt_deinit(identity->chain[i]);
    free(identity->chain);
    gnutls_privkey_deinit(identity->key);
    free(identity->subject);
    free(identity->name);
    token_pin_free(&identity->pin);
    *identity = (struct client_identity){0};
}
