/*
 * client_identity.c - loads SslCert and SslKey for credentials_load.c, which hands them to GnuTLS:
 * files or a token, the key's password, the chain in its order. Certificates are taken apart once,
 * here.
 */
#include "tls/client_identity.h"

#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "tls/gaussdb_key.h"
#include "tls/private_key.h"
#include "tls/token.h"

/* More certificates beside a client's key are refused. */
#define CANDIDATE_LIMIT 1024

struct loading {
    const struct tls_options *options;
    const char *user;
    struct watch *watch;
    struct client_identity *identity;
    struct parsed_file file; /* of SslCert; certificates that move to the identity become NULL */
    struct certificate *candidates; /* its certificates, in its order */
    struct error *error;
};

static bool read_file(const struct loading *loading, const struct option *option,
                      enum parsed_wanted wanted, struct parsed_file *file)
{
    const struct parsed_origin origin = {.option = option,
                                         .password = loading->options->password.value,
                                         .permissions = loading->options->file_permissions,
                                         .watch = loading->watch};
    return parsed_file_load(&origin, wanted, file, loading->error);
}

static bool read_candidates(struct loading *loading)
{
    const struct parsed_file *file = &loading->file;
    char name[OPTION_TEXT_SIZE];
    token_describe(&loading->options->cert, name, sizeof name);
    if (file->certificate_count > CANDIDATE_LIMIT)
        return error_set(loading->error, ODBCSSL_ERROR_FILE_MALFORMED,
                         "%s: the file holds %zu certificates, more than the %d among which a "
                         "client certificate is looked for",
                         name, file->certificate_count, CANDIDATE_LIMIT);
    loading->candidates = calloc(file->certificate_count, sizeof *loading->candidates);
    if (loading->candidates == NULL)
        return error_set_memory(loading->error);
    for (size_t i = 0; i < file->certificate_count; i++) {
        const struct parsed_certificate *item = &file->certificates[i];
        const char *fault = certificate_read(item->bytes, item->size, &loading->candidates[i]);
        if (fault != NULL)
            return error_set(loading->error, ODBCSSL_ERROR_FILE_MALFORMED,
                             "%s: certificate %zu in the file cannot be understood: %s", name,
                             i + 1, fault);
    }
    return true;
}

static bool load_certificates(struct loading *loading)
{
    const struct option *cert = &loading->options->cert;
    enum parsed_wanted wanted =
        loading->options->key.value != NULL ? PARSED_WANTED_CHAIN : PARSED_WANTED_IDENTITY;
    bool is_loaded = token_is_uri(cert->value) ? token_load_chain(cert, loading->identity->pin,
                                                                  &loading->file, loading->error)
                                               : read_file(loading, cert, wanted, &loading->file);
    return is_loaded && read_candidates(loading);
}

/* Decrypts with SslPassword, or else with GaussDB's files beside the certificate. */
static bool import_key(struct loading *loading, const struct parsed_key *key, const char *name)
{
    const struct tls_options *options = loading->options;
    struct private_key_password password = {options->password.value, "SslPassword"};
    char decoded[GAUSSDB_KEY_PASSWORD_SIZE] = "";
    char *cipher_path = NULL;
    bool is_good = true;
    if (key->form != PARSED_KEY_PLAIN && password.text == NULL &&
        !token_is_uri(options->cert.value))
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

static bool import_only_key(struct loading *loading, const struct parsed_file *file,
                            const struct option *option)
{
    char name[OPTION_TEXT_SIZE];
    option_describe(option, name, sizeof name);
    if (file->key_count == 1)
        return import_key(loading, &file->keys[0], name);
    return error_set(loading->error, ODBCSSL_ERROR_FILE_MALFORMED,
                     "%s: the file holds %zu private keys, and it is not clear which one is meant: "
                     "keep one in it",
                     name, file->key_count);
}

static bool load_key(struct loading *loading)
{
    const struct tls_options *options = loading->options;
    const struct option *key = options->key.value != NULL ? &options->key : &options->cert;
    if (token_is_uri(key->value))
        return token_load_key(key, loading->identity->pin, &loading->identity->key, loading->error);
    if (key == &options->key) {
        struct parsed_file file = {0};
        bool is_loaded = read_file(loading, key, PARSED_WANTED_KEY, &file) &&
                         import_only_key(loading, &file, key);
        parsed_file_free(&file);
        return is_loaded;
    }
    if (loading->file.key_count > 0)
        return import_only_key(loading, &loading->file, key);
    char name[OPTION_TEXT_SIZE];
    return error_set(loading->error, ODBCSSL_ERROR_KEY_MISSING,
                     "%s: the file holds a certificate without its private key: set SslKey to the "
                     "file of the key",
                     option_describe(key, name, sizeof name));
}

/* What two public keys have in common when they are the same: the modulus of RSA, since PSS has
 * parameters that differ between key and certificate; else the identifier. false: it is not known.
 */
static bool key_identity(gnutls_pubkey_t key, unsigned char *digest)
{
    gnutls_datum_t modulus = {0}, exponent = {0};
    size_t size = CERTIFICATE_DIGEST_SIZE;
    if (gnutls_pubkey_export_rsa_raw2(key, &modulus, &exponent, 0) != 0)
        return gnutls_pubkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, digest, &size) == 0;
    bool is_known = gnutls_hash_fast(GNUTLS_DIG_SHA256, modulus.data, modulus.size, digest) == 0;
    gnutls_free(modulus.data);
    gnutls_free(exponent.data);
    return is_known;
}

/* false: the token keeps the public key to itself. */
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

static bool certificate_has_key(const struct certificate *certificate, const unsigned char *digest)
{
    unsigned char found[CERTIFICATE_DIGEST_SIZE];
    gnutls_pubkey_t key = signature_import_key(&certificate->public_key);
    bool is_same =
        key != NULL && key_identity(key, found) && memcmp(found, digest, sizeof found) == 0;
    gnutls_pubkey_deinit(key);
    return is_same;
}

/* "CN=alice (serial 0A:3F)"; returns out. */
static const char *describe_certificate(const struct certificate *certificate, char *out,
                                        size_t size)
{
    char subject[512], serial[200];
    snprintf(out, size, "%s (serial %s)",
             certificate_format_dn(&certificate->subject, subject, sizeof subject),
             certificate_format_serial(&certificate->serial, serial, sizeof serial));
    return out;
}

static bool report_mismatch(const struct loading *loading)
{
    const struct tls_options *options = loading->options;
    const struct option *key = options->key.value != NULL ? &options->key : &options->cert;
    char cert_name[OPTION_TEXT_SIZE], key_name[OPTION_TEXT_SIZE], certificate[OPTION_TEXT_SIZE];
    return error_set(loading->error, ODBCSSL_ERROR_KEY_MISMATCH,
                     "%s: the private key does not belong to the client certificate %s, nor to "
                     "another one of the %zu in %s",
                     token_describe(key, key_name, sizeof key_name),
                     describe_certificate(&loading->candidates[0], certificate, sizeof certificate),
                     loading->file.certificate_count,
                     token_describe(&options->cert, cert_name, sizeof cert_name));
}

/* The index of the certificate that the key belongs to; certificate_count: none. */
static size_t find_leaf(const struct loading *loading)
{
    unsigned char digest[CERTIFICATE_DIGEST_SIZE];
    size_t index = 0;
    /* Where that cannot be known, the handshake shows it. */
    if (!private_key_identity(loading->identity->key, digest))
        return 0;
    while (index < loading->file.certificate_count &&
           !certificate_has_key(&loading->candidates[index], digest))
        index++;
    return index;
}

/* The issuer of the chain's last certificate among what is left; certificate_count: none. */
static size_t find_issuer(const struct loading *loading)
{
    const struct client_identity *identity = loading->identity;
    const struct certificate *last = &identity->chain[identity->chain_count - 1];
    size_t count = loading->file.certificate_count, index = 0;
    if (certificate_is_self_issued(last))
        return count;
    while (index < count && (loading->file.certificates[index].bytes == NULL ||
                             !certificate_is_issued_by(last, &loading->candidates[index]) ||
                             certificate_has_other_key_id(last, &loading->candidates[index])))
        index++;
    return index;
}

/* The client's certificate first, then the issuers that lie beside it, whatever the file's order.
 */
static bool build_chain(struct loading *loading)
{
    struct client_identity *identity = loading->identity;
    size_t count = loading->file.certificate_count, next = find_leaf(loading);
    if (next == count)
        return report_mismatch(loading);
    identity->chain = calloc(count, sizeof *identity->chain);
    if (identity->chain == NULL)
        return error_set_memory(loading->error);
    for (; next < count; next = find_issuer(loading)) {
        identity->chain[identity->chain_count++] = loading->candidates[next];
        loading->file.certificates[next].bytes = NULL;
    }
    return true;
}

static bool describe_identity(struct loading *loading)
{
    struct client_identity *identity = loading->identity;
    char name[OPTION_TEXT_SIZE], subject[OPTION_TEXT_SIZE];
    identity->subject = strdup(describe_certificate(&identity->chain[0], subject, sizeof subject));
    identity->name = strdup(token_describe(&loading->options->cert, name, sizeof name));
    return (identity->subject != NULL && identity->name != NULL) ||
           error_set_memory(loading->error);
}

bool client_identity_load(const struct tls_options *options, const char *user, struct watch *watch,
                          struct client_identity *identity, struct error *error)
{
    struct loading loading = {
        .options = options, .user = user, .watch = watch, .identity = identity, .error = error};
    *identity = (struct client_identity){0};
    identity->is_on_token = token_is_uri(options->cert.value) || token_is_uri(options->key.value);
    if (identity->is_on_token && options->password.value != NULL) {
        identity->pin = strdup(options->password.value);
        if (identity->pin == NULL) {
            client_identity_free(identity);
            return error_set_memory(error);
        }
    }
    bool is_loaded = load_certificates(&loading) && load_key(&loading) && build_chain(&loading) &&
                     describe_identity(&loading);
    free(loading.candidates);
    parsed_file_free(&loading.file);
    if (!is_loaded)
        client_identity_free(identity);
    return is_loaded;
}

bool client_identity_check_dates(const struct client_identity *identity, time_t now,
                                 struct error *error)
{
    const struct certificate *own = &identity->chain[0];
    char limit[CLOCK_TEXT_SIZE], today[CLOCK_TEXT_SIZE];
    if (now > own->not_after)
        error_set(error, ODBCSSL_ERROR_CLIENT_CERTIFICATE_EXPIRED,
                  "%s: the client certificate %s expired on %s; it is %s now", identity->name,
                  identity->subject, clock_format(own->not_after, limit), clock_format(now, today));
    else if (now < own->not_before)
        error_set(error, ODBCSSL_ERROR_CLIENT_CERTIFICATE_NOT_YET_VALID,
                  "%s: the client certificate %s is not valid before %s; it is %s now",
                  identity->name, identity->subject, clock_format(own->not_before, limit),
                  clock_format(now, today));
    else
        return true;
    return false;
}

void client_identity_free(struct client_identity *identity)
{
    for (size_t i = 0; i < identity->chain_count; i++)
        free((void *)identity->chain[i].bytes);
    free(identity->chain);
    gnutls_privkey_deinit(identity->key);
    free(identity->subject);
    free(identity->name);
    text_free_secret(identity->pin);
    *identity = (struct client_identity){0};
}
