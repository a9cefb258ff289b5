/*
 * private_key.c - from the bytes of a private key and its password to GnuTLS's key, for
 * client_identity.c. GnuTLS says of a cipher that it does not know what it says of a wrong
 * password, so ciphers are looked at first.
 */
#include "tls/private_key.h"

#include <gnutls/x509.h>
#include <string.h>

/* What GnuTLS decrypts of the ciphers in DEK-Info. */
static const char *const pem_ciphers[] = {"DES-EDE3-CBC", "AES-128-CBC", "AES-192-CBC",
                                          "AES-256-CBC", "DES-CBC"};

static bool refuse_encryption(const char *name, const char *what, size_t size, struct error *error)
{
    char printable[128];
    return error_set(error, ODBCSSL_ERROR_KEY_TYPE,
                     "%s: the private key is encrypted in a way that is not supported (%s); "
                     "encrypt it again with: openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out NEW",
                     name, error_printable(what, size, printable, sizeof printable));
}

static bool check_pem_cipher(const struct parsed_key *key, const char *name, struct error *error)
{
    const char *cipher = strstr((const char *)key->bytes, "DEK-Info:");
    if (cipher == NULL)
        return refuse_encryption(name, "", 0, error);
    cipher += strlen("DEK-Info:");
    cipher += strspn(cipher, " ");
    size_t size = strcspn(cipher, ", \t\r\n");
    for (size_t i = 0; i < sizeof pem_ciphers / sizeof pem_ciphers[0]; i++)
        if (strlen(pem_ciphers[i]) == size && memcmp(pem_ciphers[i], cipher, size) == 0)
            return true;
    return refuse_encryption(name, cipher, size, error);
}

static bool check_pkcs8_scheme(const struct parsed_key *key, const char *name, struct error *error)
{
    const gnutls_datum_t data = {key->bytes, (unsigned)key->size};
    char *oid = NULL;
    int outcome = gnutls_pkcs8_info(&data, GNUTLS_X509_FMT_DER, NULL, NULL, NULL, NULL, NULL, &oid);
    const char *what = oid != NULL ? oid : "unknown scheme";
    if (outcome == GNUTLS_E_MEMORY_ERROR)
        error_set_memory(error);
    else if (outcome != 0)
        refuse_encryption(name, what, strlen(what), error);
    gnutls_free(oid);
    return outcome == 0;
}

bool private_key_import(const struct parsed_key *key, const struct private_key_password *password,
                        const char *name, gnutls_privkey_t *key_out, struct error *error)
{
    const gnutls_datum_t data = {key->bytes, (unsigned)key->size};
    bool is_pem = key->form == PARSED_KEY_ENCRYPTED_PEM;
    bool is_encrypted = key->form != PARSED_KEY_PLAIN;
    *key_out = NULL;
    if (is_encrypted &&
        !(is_pem ? check_pem_cipher(key, name, error) : check_pkcs8_scheme(key, name, error)))
        return false;
    if (is_encrypted && password->text == NULL)
        return error_set(error, ODBCSSL_ERROR_KEY_PASSWORD,
                         "%s: the private key is encrypted, and no password is known: set "
                         "SslPassword, or put GaussDB's client.key.cipher and client.key.rand "
                         "beside the certificate",
                         name);
    int outcome = gnutls_privkey_init(key_out);
    if (outcome == 0)
        outcome = gnutls_privkey_import_x509_raw(*key_out, &data,
                                                 is_pem ? GNUTLS_X509_FMT_PEM : GNUTLS_X509_FMT_DER,
                                                 is_encrypted ? password->text : NULL, 0);
    if (outcome == 0)
        return true;
    gnutls_privkey_deinit(*key_out);
    *key_out = NULL;
    if (outcome == GNUTLS_E_MEMORY_ERROR)
        return error_set_memory(error);
    if (is_encrypted)
        return error_set(error, ODBCSSL_ERROR_KEY_PASSWORD,
                         "%s: the password of the private key is wrong; it comes from %s", name,
                         password->source);
    return error_set(error, ODBCSSL_ERROR_FILE_MALFORMED,
                     "%s: the private key in it cannot be understood: %s", name,
                     gnutls_strerror(outcome));
}
