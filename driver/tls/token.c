/*
 * token.c - certificates and keys on PKCS#11 tokens, for client_identity.c: p11-kit finds the token
 * and GnuTLS speaks to it; here PINs are answered and failures explained.
 */
#include "tls/token.h"

#include <gnutls/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"

/* A PIN in the URI itself (RFC 7512, 2.4). */
static const char pin_attribute[] = "pin-value=";

bool token_is_uri(const char *value)
{
    return value != NULL && text_has_prefix_nocase(value, "pkcs11:");
}

/* Every one that stands there: which of them counts is p11-kit's to say. */
char *token_hide_pin(const char *value)
{
    struct buffer shown = {0};
    const char *at;
    bool is_uri = token_is_uri(value);
    while (is_uri && (at = strcasestr(value, pin_attribute)) != NULL) {
        at += sizeof pin_attribute - 1;
        buffer_append(&shown, value, (size_t)(at - value));
        buffer_append_text(&shown, "***");
        value = at + strcspn(at, "&;");
    }
    buffer_append_text(&shown, value);
    return buffer_move_text(&shown);
}

const char *token_describe(const struct option *option, char *out, size_t out_size)
{
    struct option hidden = *option;
    hidden.value = option->value != NULL ? token_hide_pin(option->value) : NULL;
    option_describe(&hidden, out, out_size);
    free(hidden.value);
    return out;
}

/* Called by GnuTLS. A PIN that was refused is not tried again, nor one when only one try is left:
 * programs that reconnect would lock the token. */
static int answer(void *userdata, int attempt, const char *url, const char *label, unsigned flags,
                  char *out, size_t out_size)
{
    const char *pin = userdata;
    (void)attempt;
    (void)url;
    (void)label;
    if (pin == NULL || strlen(pin) >= out_size ||
        (flags & (GNUTLS_PIN_WRONG | GNUTLS_PIN_FINAL_TRY)) != 0)
        return GNUTLS_E_PKCS11_PIN_ERROR;
    memcpy(out, pin, strlen(pin) + 1);
    return 0;
}

static bool fail(const struct option *option, const char *pin, const char *what, int outcome,
                 struct error *error)
{
    char name[OPTION_TEXT_SIZE];
    token_describe(option, name, sizeof name);
    switch (outcome) {
    case GNUTLS_E_MEMORY_ERROR:
        return error_set_memory(error);
    case GNUTLS_E_PKCS11_PIN_LOCKED:
        return error_set(error, ODBCSSL_ERROR_TOKEN, "%s: the token's PIN is locked", name);
    case GNUTLS_E_PKCS11_PIN_ERROR:
    case GNUTLS_E_PKCS11_PIN_EXPIRED:
    case GNUTLS_E_PKCS11_USER_ERROR:
        return error_set(error, ODBCSSL_ERROR_KEY_PASSWORD, "%s: %s", name,
                         strcasestr(option->value, pin_attribute) != NULL
                             ? "the token refused the PIN in the URI (pin-value)"
                         : pin == NULL
                             ? "the token wants a PIN: set SslPassword to it"
                             : "the token refused the PIN in SslPassword, or has only one try "
                               "left, which is not taken lest the token be locked");
    case GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE:
        return error_set(error, ODBCSSL_ERROR_TOKEN,
                         "%s: no token that p11-kit knows holds %s of this name (p11tool "
                         "--list-tokens shows the tokens)",
                         name, what);
    default:
        return error_set(error, ODBCSSL_ERROR_TOKEN, "%s: %s cannot be used: %s", name, what,
                         gnutls_strerror(outcome));
    }
}

bool token_add_certificate(gnutls_x509_crt_t certificate, struct parsed_file *file,
                           struct error *error)
{
    gnutls_datum_t der = {0};
    int outcome = gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_DER, &der);
    if (outcome < 0)
        return error_set(error, ODBCSSL_ERROR_FILE_MALFORMED, "a certificate cannot be encoded: %s",
                         gnutls_strerror(outcome));
    bool is_good = parsed_file_add_certificate(file, der.data, der.size, "GnuTLS", error);
    gnutls_free(der.data);
    return is_good;
}

bool token_load_chain(const struct option *option, char *pin, struct parsed_file *file,
                      struct error *error)
{
    gnutls_x509_crt_t *chain = NULL;
    unsigned count = 0;
    int outcome = gnutls_x509_crt_list_import_url(&chain, &count, option->value, answer, pin, 0);
    if (outcome >= 0 && count == 0)
        outcome = GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
    bool is_good = outcome >= 0 || fail(option, pin, "a certificate", outcome, error);
    for (unsigned i = 0; i < count; i++) {
        is_good = is_good && token_add_certificate(chain[i], file, error);
        gnutls_x509_crt_deinit(chain[i]);
    }
    gnutls_free(chain);
    return is_good;
}

bool token_load_key(const struct option *option, char *pin, gnutls_privkey_t *key_out,
                    struct error *error)
{
    static const char type[] = "type=cert";
    const char *at = strstr(option->value, type);
    char *uri = NULL;
    /* The URI of the key that belongs to a certificate: the same but for the type. */
    if (at == NULL)
        uri = strdup(option->value);
    else if (asprintf(&uri, "%.*stype=private%s", (int)(at - option->value), option->value,
                      at + sizeof type - 1) < 0)
        uri = NULL;
    int outcome = uri != NULL ? gnutls_privkey_init(key_out) : GNUTLS_E_MEMORY_ERROR;
    if (outcome == 0) {
        gnutls_privkey_set_pin_function(*key_out, answer, pin);
        outcome = gnutls_privkey_import_url(*key_out, uri, 0);
        if (outcome != 0)
            gnutls_privkey_deinit(*key_out);
    }
    text_free_secret(uri);
    if (outcome == 0)
        return true;
    *key_out = NULL;
    return fail(option, pin, "a private key", outcome, error);
}
