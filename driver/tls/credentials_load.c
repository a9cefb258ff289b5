/*
 * credentials_load.c - reads the files of one set of credentials and puts them together, on the
 * first connection that wants the set: credentials.c keeps it then. Whatever somebody named has to
 * be readable and whole; a part that is left out would be a check that is left out.
 */
#include "tls/credentials_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "tls/folder.h"
#include "tls/token.h"

struct loading {
    const struct tls_options *options;
    const char *user;
    const struct file_access *access;
    struct credentials *credentials;
};

/* A file that is used because it lies where libpq looks for it, not because somebody named it. */
static bool is_default(const struct option *option)
{
    return option->source != NULL && text_has_prefix_nocase(option->source, "default");
}

static bool add_trust(const struct loading *loading, struct error *error)
{
    const struct tls_options *options = loading->options;
    const struct option system = {
        .value = (char *)"system", .keyword = "SslRootCert", .source = (char *)"default"};
    const struct option *root_cert =
        options->root_cert.value != NULL ? &options->root_cert : &system;
    struct error first = {0};
    if (root_cert == &system && options->mode != ODBCSSL_MODE_VERIFY_CA &&
        options->mode != ODBCSSL_MODE_VERIFY_FULL)
        return true;
    struct trust *trust = trust_load(root_cert, 1, loading->access, &first);
    bool is_password =
        first.code == ODBCSSL_ERROR_STORE_PASSWORD || first.code == ODBCSSL_ERROR_STORE_ALTERED;
    /* There is one SslPassword: with a client certificate it may be meant for that one's key. */
    if (trust == NULL && is_password && options->cert.value != NULL) {
        struct file_access usual = *loading->access;
        usual.password = NULL;
        trust = trust_load(root_cert, 1, &usual, NULL);
    }
    if (trust == NULL)
        error_copy(error, &first);
    loading->credentials->trust = trust;
    return trust != NULL;
}

static bool read_crl_file(const struct loading *loading, const struct option *file,
                          struct error *error)
{
    struct file_content content;
    char name[OPTION_TEXT_SIZE];
    if (!watch_read(loading->access, file, false, &content, error))
        return false;
    bool is_read = crl_set_read(&loading->credentials->crls, &content.bytes, content.size,
                                option_describe(file, name, sizeof name), error);
    file_content_free(&content);
    return is_read;
}

/* A broken file in the folder may be the one that revokes: so it refuses, as do other files. */
static bool read_crl_folder(const struct loading *loading, struct error *error)
{
    const struct option *option = &loading->options->crl_dir;
    struct folder folder;
    char name[OPTION_TEXT_SIZE];
    if (!folder_list(option, loading->access->watch, &folder, error))
        return false;
    bool is_read = folder.count > 0 || error_set(error, ODBCSSL_ERROR_CRL_UNREADABLE,
                                                 "%s: there is no file in the folder",
                                                 option_describe(option, name, sizeof name));
    for (size_t i = 0; is_read && i < folder.count; i++) {
        const struct option file = option_of_file(option, folder.files[i].path);
        is_read = read_crl_file(loading, &file, error);
    }
    folder_free(&folder);
    return is_read;
}

static bool add_crls(const struct loading *loading, struct error *error)
{
    const struct option *file = &loading->options->crl, *folder = &loading->options->crl_dir;
    const struct option *first = file->value != NULL ? file : folder;
    struct credentials *credentials = loading->credentials;
    char name[OPTION_TEXT_SIZE], folder_name[OPTION_TEXT_SIZE];
    struct stat status;
    if (first->value == NULL)
        return true;
    option_describe(first, name, sizeof name);
    /* Without trust anchors no CRL can be checked, and one that somebody named is not ignored. */
    if (credentials->trust == NULL)
        return is_default(first) ||
               error_set(error, ODBCSSL_ERROR_TRUST_MISSING,
                         "%s: revocation cannot be checked without trust anchors: set SslRootCert",
                         name);
    credentials->has_crls = true;
    bool has_both = file->value != NULL && folder->value != NULL;
    if (asprintf(&credentials->crl_name, "%s%s%s", name, has_both ? " and " : "",
                 has_both ? option_describe(folder, folder_name, sizeof folder_name) : "") < 0) {
        credentials->crl_name = NULL;
        return error_set_memory(error);
    }
    if (file->value != NULL && stat(file->value, &status) == 0 && S_ISDIR(status.st_mode))
        return error_set(error, ODBCSSL_ERROR_FILE_UNREADABLE,
                         "%s: is a folder; SslCrlDir takes a folder of CRLs", name);
    return (file->value == NULL || read_crl_file(loading, file, error)) &&
           (folder->value == NULL || read_crl_folder(loading, error));
}

static bool add_identity(const struct loading *loading, struct error *error)
{
    const struct tls_options *options = loading->options;
    struct credentials *credentials = loading->credentials;
    char name[OPTION_TEXT_SIZE];
    if (options->cert.value != NULL) {
        credentials->has_identity = client_identity_load(
            options, loading->user, loading->access->watch, &credentials->identity, error);
        return credentials->has_identity;
    }
    return options->key.value == NULL || is_default(&options->key) ||
           error_set(error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
                     "%s: there is a private key without its certificate: set SslCert",
                     token_describe(&options->key, name, sizeof name));
}

static bool refuse_key(const struct client_identity *identity, int outcome, struct error *error)
{
    if (outcome == GNUTLS_E_MEMORY_ERROR)
        return error_set_memory(error);
    if (outcome == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
        return error_set(error, ODBCSSL_ERROR_KEY_MISMATCH,
                         "%s: the private key does not sign for the client certificate %s: it is "
                         "another one's, or for RSA-PSS where the certificate says RSA",
                         identity->name, identity->subject);
    return error_set(error, identity->is_on_token ? ODBCSSL_ERROR_TOKEN : ODBCSSL_ERROR_KEY_TYPE,
                     "%s: GnuTLS refuses the private key of %s: %s", identity->name,
                     identity->subject, gnutls_strerror(outcome));
}

static bool refuse_certificate(const struct client_identity *identity,
                               const struct certificate *certificate, int outcome,
                               struct error *error)
{
    char subject[CERTIFICATE_TEXT_SIZE];
    if (outcome == GNUTLS_E_MEMORY_ERROR)
        return error_set_memory(error);
    return error_set(error, ODBCSSL_ERROR_FILE_MALFORMED,
                     "%s: GnuTLS cannot show the certificate %s: %s; when it is only an issuer, "
                     "and the server has it, take it out of the file",
                     identity->name,
                     certificate_format_dn(&certificate->subject, subject, sizeof subject),
                     gnutls_strerror(outcome));
}

/* list has room for the chain. From success on, the GnuTLS object owns what it holds, and the key;
 * see credentials_unload. */
static bool show_chain(gnutls_certificate_credentials_t gnutls,
                       const struct client_identity *identity, gnutls_pcert_st *list,
                       struct error *error)
{
    bool is_good = true;
    size_t count = 0;
    for (; is_good && count < identity->chain_count; count += is_good) {
        const struct certificate *certificate = &identity->chain[count];
        const gnutls_datum_t der = {(unsigned char *)certificate->bytes,
                                    (unsigned)certificate->size};
        int outcome = gnutls_pcert_import_x509_raw(&list[count], &der, GNUTLS_X509_FMT_DER, 0);
        is_good = outcome >= 0 || refuse_certificate(identity, certificate, outcome, error);
    }
    if (is_good) {
        int outcome = gnutls_certificate_set_key(gnutls, NULL, 0, list, (int)count, identity->key);
        is_good = outcome >= 0 || refuse_key(identity, outcome, error);
    }
    for (size_t i = 0; !is_good && i < count; i++)
        gnutls_pcert_deinit(&list[i]);
    return is_good;
}

static bool show_identity(struct credentials *credentials, struct error *error)
{
    const struct client_identity *identity = &credentials->identity;
    gnutls_certificate_credentials_t gnutls;
    if (gnutls_certificate_allocate_credentials(&gnutls) != 0)
        return error_set_memory(error);
    gnutls_pcert_st *list = calloc(identity->chain_count + 1, sizeof *list);
    bool is_good = list != NULL
                       ? !credentials->has_identity || show_chain(gnutls, identity, list, error)
                       : error_set_memory(error);
    free(list);
    if (is_good)
        credentials->gnutls = gnutls;
    else
        gnutls_certificate_free_credentials(gnutls);
    return is_good;
}

bool credentials_load(const struct tls_options *options, const char *user, struct watch *watch,
                      struct credentials *credentials, struct error errors[CREDENTIALS_PART_COUNT])
{
    const struct file_access access = {options->password.value, options->file_permissions, watch};
    const struct loading loading = {options, user, &access, credentials};
    struct error *identity_error = &errors[CREDENTIALS_IDENTITY];
    *credentials = (struct credentials){0};
    bool is_loaded = add_trust(&loading, &errors[CREDENTIALS_TRUST]) &&
                     add_crls(&loading, &errors[CREDENTIALS_CRLS]);
    is_loaded = add_identity(&loading, identity_error) &&
                show_identity(credentials, identity_error) && is_loaded;
    if (!is_loaded)
        credentials_unload(credentials);
    return is_loaded;
}

void credentials_unload(struct credentials *credentials)
{
    if (credentials->gnutls != NULL) {
        gnutls_certificate_free_credentials(credentials->gnutls);
        credentials->identity.key = NULL;
    }
    client_identity_free(&credentials->identity);
    crl_set_free(&credentials->crls);
    trust_free(&credentials->trust);
    free(credentials->crl_name);
    *credentials = (struct credentials){0};
}
