#include "tls/private_key.h"

#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tls/pem.h"

/* What GnuTLS decrypts of the ciphers in DEK-Info. */
static const char *const pem_ciphers[] = {"DES-EDE3-CBC", "AES-128-CBC", "AES-192-CBC",
                                          "AES-256-CBC", "DES-CBC"};

static bool refuse_encryption(const char *name, const char *what, struct error *error)
{
    error_set(error, ODBCSSL_ERROR_KEY_TYPE,
              "%s: the private key is encrypted in a way that is not supported (%s); encrypt it "
              "again with: openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out NEW",
              name, what);
    return false;
}

static bool check_pem_cipher(const struct pem_block *block, const char *name, struct error *error)
{
    char cipher[80];
    pem_is_encrypted(block, cipher, sizeof cipher);
    for (size_t i = 0; i < sizeof pem_ciphers / sizeof pem_ciphers[0]; i++)
        if (strcmp(cipher, pem_ciphers[i]) == 0)
            return true;
    char printable[80];
    return refuse_encryption(
        name, error_printable(cipher, strlen(cipher), printable, sizeof printable), error);
}

static bool check_pkcs8_scheme(const struct material_key *key, const char *name,
                               struct error *error)
{
    const gnutls_datum_t data = {key->bytes, (unsigned)key->size};
    unsigned schema = 0, cipher = 0, salt_size = 0, iterations = 0;
    char *oid = NULL;
    char what[128] = "unknown scheme";
    int outcome = gnutls_pkcs8_info(&data, key->is_pem ? GNUTLS_X509_FMT_PEM : GNUTLS_X509_FMT_DER,
                                    &schema, &cipher, NULL, &salt_size, &iterations, &oid);
    if (oid != NULL)
        error_printable(oid, strlen(oid), what, sizeof what);
    gnutls_free(oid);
    if (outcome == GNUTLS_E_MEMORY_ERROR) {
        error_set_memory(error);
        return false;
    }
    return outcome == 0 || refuse_encryption(name, what, error);
}

/* A key that cannot be decrypted with any password is told from a wrong password. */
static bool check_encryption(const struct material_key *key, const char *name, struct error *error)
{
    struct pem_block block;
    if (!key->is_pem)
        return check_pkcs8_scheme(key, name, error);
    struct pem_reader reader = pem_over(key->bytes, key->size);
    if (pem_next(&reader, &block) == PEM_BLOCK && block.headers != NULL)
        return check_pem_cipher(&block, name, error);
    return check_pkcs8_scheme(key, name, error);
}

static void explain(const struct material_key *key, const struct private_key_password *password,
                    const char *name, int outcome, struct error *error)
{
    if (outcome == GNUTLS_E_MEMORY_ERROR)
        error_set_memory(error);
    else if (key->is_encrypted)
        error_set(error, ODBCSSL_ERROR_KEY_PASSWORD,
                  "%s: the password of the private key is wrong; it comes from %s", name,
                  password->source);
    else
        error_set(error, ODBCSSL_ERROR_FILE_MALFORMED,
                  "%s: the private key in it cannot be understood: %s", name,
                  gnutls_strerror(outcome));
}

bool private_key_import(const struct material_key *key, const struct private_key_password *password,
                        const char *name, gnutls_privkey_t *key_out, struct error *error)
{
    const gnutls_datum_t data = {key->bytes, (unsigned)key->size};
    *key_out = NULL;
    if (key->is_encrypted && !check_encryption(key, name, error))
        return false;
    if (key->is_encrypted && password->text == NULL) {
        error_set(error, ODBCSSL_ERROR_KEY_PASSWORD,
                  "%s: the private key is encrypted, and no password is known: set SslPassword, or "
                  "put GaussDB's client.key.cipher and client.key.rand beside the certificate",
                  name);
        return false;
    }
    int outcome = gnutls_privkey_init(key_out);
    if (outcome == 0)
        outcome = gnutls_privkey_import_x509_raw(
            *key_out, &data, key->is_pem ? GNUTLS_X509_FMT_PEM : GNUTLS_X509_FMT_DER,
            key->is_encrypted ? password->text : NULL, 0);
    if (outcome == 0)
        return true;
    gnutls_privkey_deinit(*key_out);
    *key_out = NULL;
    explain(key, password, name, outcome, error);
    return false;
}
