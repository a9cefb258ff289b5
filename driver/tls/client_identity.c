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
#include "tls/token.h"

/* More certificates beside a client's key are refused. */
#define CANDIDATE_LIMIT 1024

/* What GnuTLS decrypts of the ciphers in DEK-Info. */
static const char *const pem_ciphers[] = {"DES-EDE3-CBC", "AES-128-CBC", "AES-192-CBC",
                                          "AES-256-CBC", "DES-CBC"};

struct loading {
    const struct tls_options *options;
    const char *user;
    struct file_access access;
    struct client_identity *identity;
    struct parsed_file file; /* of SslCert; certificates that move to the identity become NULL */
    struct certificate *candidates; /* its certificates, in its order */
    struct error *error;
};

static bool load_certificates(struct loading *loading)
{
    const struct option *cert = &loading->options->cert;
    struct parsed_file *file = &loading->file;
    char name[OPTION_TEXT_SIZE];
    enum parsed_wanted wanted =
        loading->options->key.value != NULL ? PARSED_WANTED_CHAIN : PARSED_WANTED_IDENTITY;
    if (token_is_uri(cert->value)
            ? !token_load_chain(cert, loading->identity->pin, file, loading->error)
            : !parsed_file_load(cert, wanted, &loading->access, file, loading->error))
        return false;
    token_describe(cert, name, sizeof name);
    if (file->certificate_count > CANDIDATE_LIMIT)
        return error_set(loading->error, ODBCSSL_ERROR_FILE_MALFORMED,
                         "%s: the file holds %zu certificates, more than the %d among which a "
                         "client certificate is looked for",
                         name, file->certificate_count, CANDIDATE_LIMIT);
    loading->candidates = calloc(file->certificate_count + 1, sizeof *loading->candidates);
    if (loading->candidates == NULL)
        return error_set_memory(loading->error);
    for (size_t i = 0; i < file->certificate_count; i++) {
        const struct parsed_item *item = &file->certificates[i];
        const char *fault = certificate_read(item->bytes, item->size, &loading->candidates[i]);
        if (fault != NULL)
            return error_set(loading->error, ODBCSSL_ERROR_FILE_MALFORMED,
                             "%s: certificate %zu in the file cannot be understood: %s", name,
                             i + 1, fault);
    }
    return true;
}

/* GnuTLS says of a cipher that it does not know what it says of a wrong password, so ciphers are
 * looked at first. */
static bool refuse_encryption(const char *name, const char *what, size_t size, struct error *error)
{
    char printable[128];
    return error_set(error, ODBCSSL_ERROR_KEY_TYPE,
                     "%s: the private key is encrypted in a way that is not supported (%s); "
                     "encrypt it again with: openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out NEW",
                     name, error_printable(what, size, printable, sizeof printable));
}

static bool check_pem_cipher(const struct parsed_item *key, const char *name, struct error *error)
{
    static const char no_cipher[] = "it has no DEK-Info, which names the cipher";
    const char *cipher = strstr((const char *)key->bytes, "DEK-Info:");
    if (cipher == NULL)
        return refuse_encryption(name, no_cipher, strlen(no_cipher), error);
    cipher += strlen("DEK-Info:");
    cipher += strspn(cipher, " ");
    size_t size = strcspn(cipher, ", \t\r\n");
    for (size_t i = 0; i < sizeof pem_ciphers / sizeof pem_ciphers[0]; i++)
        if (strlen(pem_ciphers[i]) == size && memcmp(pem_ciphers[i], cipher, size) == 0)
            return true;
    return refuse_encryption(name, cipher, size, error);
}

static bool check_pkcs8_scheme(const struct parsed_item *key, const char *name, struct error *error)
{
    unsigned iterations;
    char *oid;
    int outcome = parsed_key_encryption(key->bytes, key->size, &iterations, &oid);
    const char *what = oid != NULL ? oid : "unknown scheme";
    if (outcome == GNUTLS_E_MEMORY_ERROR)
        error_set_memory(error);
    else if (outcome == GNUTLS_E_ASN1_DER_ERROR)
        error_set(error, ODBCSSL_ERROR_FILE_MALFORMED,
                  "%s: the private key in it does not say how it is encrypted", name);
    else if (outcome != 0)
        refuse_encryption(name, what, strlen(what), error);
    gnutls_free(oid);
    return outcome == 0 &&
           (iterations <= PARSED_ITERATION_LIMIT ||
            error_set(error, ODBCSSL_ERROR_FILE_MALFORMED,
                      "%s: the private key is encrypted with %u rounds of hashing the password, "
                      "more than the %d that are done here",
                      name, iterations, PARSED_ITERATION_LIMIT));
}

/* GnuTLS imports keys of any numbers, and some end the process when it signs with them: a modulus
 * of zero, an RSA key without a private exponent. How large it is, is up to its owner. */
static enum signature_verdict judge_private_key(gnutls_privkey_t key)
{
    gnutls_datum_t exponent = {0};
    gnutls_pubkey_t public_key = NULL;
    int algorithm = gnutls_privkey_get_pk_algorithm(key, NULL);
    enum signature_verdict verdict = SIGNATURE_UNCHECKED;
    if (gnutls_pubkey_init(&public_key) == 0 &&
        gnutls_pubkey_import_privkey(public_key, key, 0, 0) == 0)
        verdict = signature_judge_key(public_key);
    gnutls_pubkey_deinit(public_key);
    if (verdict == SIGNATURE_KEY_TOO_LARGE)
        verdict = SIGNATURE_GOOD;
    if (verdict != SIGNATURE_GOOD || (algorithm != GNUTLS_PK_RSA && algorithm != GNUTLS_PK_RSA_PSS))
        return verdict;
    if (gnutls_privkey_export_rsa_raw2(key, NULL, NULL, &exponent, NULL, NULL, NULL, NULL, NULL,
                                       GNUTLS_EXPORT_FLAG_NO_LZ) != 0)
        return SIGNATURE_UNCHECKED;
    bool is_usable = exponent.size > 1;
    gnutls_memset(exponent.data, 0, exponent.size);
    gnutls_free(exponent.data);
    return is_usable ? SIGNATURE_GOOD : SIGNATURE_KEY_UNSUPPORTED;
}

/* password_source: where it comes from, for errors: "SslPassword", "/d/client.key.cipher". */
static bool decrypt_key(struct loading *loading, const struct parsed_item *key, const char *name,
                        const char *password, const char *password_source)
{
    const gnutls_datum_t data = {key->bytes, (unsigned)key->size};
    gnutls_privkey_t *key_out = &loading->identity->key;
    struct error *error = loading->error;
    bool is_pem = key->form == PARSED_KEY_ENCRYPTED_PEM;
    bool is_encrypted = key->form != PARSED_KEY_PLAIN;
    if (is_encrypted &&
        !(is_pem ? check_pem_cipher(key, name, error) : check_pkcs8_scheme(key, name, error)))
        return false;
    if (is_encrypted && password == NULL)
        return error_set(error, ODBCSSL_ERROR_KEY_PASSWORD,
                         "%s: the private key is encrypted, and no password is known: set "
                         "SslPassword, or put GaussDB's client.key.cipher and client.key.rand "
                         "beside the certificate",
                         name);
    int outcome = gnutls_privkey_init(key_out);
    if (outcome == 0)
        outcome = gnutls_privkey_import_x509_raw(*key_out, &data,
                                                 is_pem ? GNUTLS_X509_FMT_PEM : GNUTLS_X509_FMT_DER,
                                                 is_encrypted ? password : NULL, 0);
    /* GnuTLS imports an empty sequence, as a key of no algorithm. */
    bool is_empty =
        outcome == 0 && gnutls_privkey_get_pk_algorithm(*key_out, NULL) == (int)GNUTLS_PK_UNKNOWN;
    if (is_empty)
        outcome = GNUTLS_E_UNKNOWN_PK_ALGORITHM;
    enum signature_verdict verdict =
        outcome == 0 ? judge_private_key(*key_out) : SIGNATURE_UNCHECKED;
    if (verdict == SIGNATURE_GOOD)
        return true;
    gnutls_privkey_deinit(*key_out);
    *key_out = NULL;
    if (outcome == GNUTLS_E_MEMORY_ERROR || (outcome == 0 && verdict == SIGNATURE_UNCHECKED))
        return error_set_memory(error);
    if (outcome == 0)
        return error_set(error, ODBCSSL_ERROR_FILE_MALFORMED,
                         "%s: the private key in it cannot be used: its numbers make no key", name);
    if (is_encrypted && !is_empty)
        return error_set(error, ODBCSSL_ERROR_KEY_PASSWORD,
                         "%s: the password of the private key is wrong; it comes from %s", name,
                         password_source);
    return error_set(error, ODBCSSL_ERROR_FILE_MALFORMED,
                     "%s: the private key in it cannot be understood: %s", name,
                     gnutls_strerror(outcome));
}

/* Decrypts with SslPassword, or else with GaussDB's files beside the certificate. */
static bool import_key(struct loading *loading, const struct parsed_file *file,
                       const struct option *option)
{
    const struct option *cert = &loading->options->cert;
    const char *password = loading->options->password.value;
    char name[OPTION_TEXT_SIZE], decoded[GAUSSDB_KEY_PASSWORD_SIZE] = "";
    char *cipher_path = NULL;
    bool is_good = true;
    option_describe(option, name, sizeof name);
    if (file->key_count != 1)
        return error_set(loading->error, ODBCSSL_ERROR_FILE_MALFORMED,
                         "%s: the file holds %zu private keys, and it is not clear which one is "
                         "meant: keep one in it",
                         name, file->key_count);
    if (file->keys[0].form != PARSED_KEY_PLAIN && password == NULL && !token_is_uri(cert->value))
        is_good = gaussdb_key_find(cert->value, loading->user, &cipher_path) ||
                  error_set_memory(loading->error);
    if (cipher_path != NULL)
        is_good = gaussdb_key_read(cipher_path, cert, &loading->access, decoded, loading->error);
    is_good = is_good &&
              decrypt_key(loading, &file->keys[0], name, cipher_path != NULL ? decoded : password,
                          cipher_path != NULL ? cipher_path : "SslPassword");
    text_wipe(decoded, sizeof decoded);
    free(cipher_path);
    return is_good;
}

static bool load_key(struct loading *loading)
{
    const struct tls_options *options = loading->options;
    const struct option *key = options->key.value != NULL ? &options->key : &options->cert;
    if (token_is_uri(key->value))
        return token_load_key(key, loading->identity->pin, &loading->identity->key, loading->error);
    if (key == &options->key) {
        struct parsed_file file = {0};
        bool is_loaded =
            parsed_file_load(key, PARSED_WANTED_KEY, &loading->access, &file, loading->error) &&
            import_key(loading, &file, key);
        parsed_file_free(&file);
        return is_loaded;
    }
    if (loading->file.key_count > 0)
        return import_key(loading, &loading->file, key);
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

static bool certificate_has_key(const struct certificate *certificate, const unsigned char *digest)
{
    unsigned char found[CERTIFICATE_DIGEST_SIZE];
    gnutls_pubkey_t key;
    bool is_same = signature_import_key(&certificate->public_key, &key) >= 0 &&
                   key_identity(key, found) && memcmp(found, digest, sizeof found) == 0;
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

/* The index of the certificate that the key belongs to; certificate_count: none. false with the
 * error set: the key cannot be compared. */
static bool find_leaf(const struct loading *loading, size_t *index_out)
{
    unsigned char digest[CERTIFICATE_DIGEST_SIZE];
    const gnutls_privkey_t private_key = loading->identity->key;
    gnutls_pubkey_t key = NULL;
    bool is_known = gnutls_pubkey_init(&key) == 0 &&
                    gnutls_pubkey_import_privkey(key, private_key, 0, 0) == 0 &&
                    key_identity(key, digest);
    gnutls_pubkey_deinit(key);
    *index_out = 0;
    /* Where the token keeps the public key to itself, the handshake shows it. */
    if (!is_known)
        return gnutls_privkey_get_type(private_key) == GNUTLS_PRIVKEY_PKCS11 ||
               error_set_memory(loading->error);
    while (*index_out < loading->file.certificate_count &&
           !certificate_has_key(&loading->candidates[*index_out], digest))
        ++*index_out;
    return true;
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
    size_t count = loading->file.certificate_count, next;
    if (!find_leaf(loading, &next))
        return false;
    if (next == count) {
        const struct option *cert = &loading->options->cert, *key = &loading->options->key;
        char cert_name[OPTION_TEXT_SIZE], key_name[OPTION_TEXT_SIZE], first[OPTION_TEXT_SIZE];
        return error_set(loading->error, ODBCSSL_ERROR_KEY_MISMATCH,
                         "%s: the private key does not belong to the client certificate %s, nor "
                         "to another one of the %zu in %s",
                         token_describe(key->value != NULL ? key : cert, key_name, sizeof key_name),
                         describe_certificate(&loading->candidates[0], first, sizeof first), count,
                         token_describe(cert, cert_name, sizeof cert_name));
    }
    identity->chain = calloc(count + 1, sizeof *identity->chain);
    if (identity->chain == NULL)
        return error_set_memory(loading->error);
    for (; next < count; next = find_issuer(loading)) {
        identity->chain[identity->chain_count++] = loading->candidates[next];
        loading->file.certificates[next].bytes = NULL;
    }
    return true;
}

bool client_identity_load(const struct tls_options *options, const char *user, struct watch *watch,
                          struct client_identity *identity, struct error *error)
{
    struct loading loading = {.options = options,
                              .user = user,
                              .access = {options->password.value, options->file_permissions, watch},
                              .identity = identity,
                              .error = error};
    char name[OPTION_TEXT_SIZE], subject[OPTION_TEXT_SIZE];
    *identity = (struct client_identity){0};
    identity->is_on_token = token_is_uri(options->cert.value) || token_is_uri(options->key.value);
    bool has_pin = identity->is_on_token && options->password.value != NULL;
    identity->pin = has_pin ? strdup(options->password.value) : NULL;
    identity->name = strdup(token_describe(&options->cert, name, sizeof name));
    bool is_loaded = ((identity->name != NULL && (!has_pin || identity->pin != NULL)) ||
                      error_set_memory(error)) &&
                     load_certificates(&loading) && load_key(&loading) && build_chain(&loading);
    if (is_loaded) {
        describe_certificate(&identity->chain[0], subject, sizeof subject);
        identity->subject = strdup(subject);
        is_loaded = identity->subject != NULL || error_set_memory(error);
    }
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
        return error_set(error, ODBCSSL_ERROR_CLIENT_CERTIFICATE_EXPIRED,
                         "%s: the client certificate %s expired on %s; it is %s now",
                         identity->name, identity->subject, clock_format(own->not_after, limit),
                         clock_format(now, today));
    return now >= own->not_before ||
           error_set(error, ODBCSSL_ERROR_CLIENT_CERTIFICATE_NOT_YET_VALID,
                     "%s: the client certificate %s is not valid before %s; it is %s now",
                     identity->name, identity->subject, clock_format(own->not_before, limit),
                     clock_format(now, today));
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
