/* credentials_load.c - reads the files of one set of credentials and puts them together. */
#include "tls/credentials_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "tls/folder.h"
#include "tls/token.h"

static bool is_verifying(enum odbcssl_mode mode)
{
    return mode == ODBCSSL_MODE_VERIFY_CA || mode == ODBCSSL_MODE_VERIFY_FULL;
}

/* A file that is used because it lies where libpq looks for it, not because somebody named it. */
static bool is_default(const struct option *option)
{
    return option->source != NULL && text_has_prefix_nocase(option->source, "default");
}

static struct trust *load_trust(const struct tls_options *options, const struct option *root_cert,
                                struct watch *watch, struct error *error)
{
    struct error first = {0};
    struct trust *trust =
        trust_load(root_cert, 1, options->password.value, options->file_permissions, watch, &first);
    bool is_password =
        first.code == ODBCSSL_ERROR_STORE_PASSWORD || first.code == ODBCSSL_ERROR_STORE_ALTERED;
    /* There is one SslPassword: with a client certificate it may be meant for that one's key. */
    if (trust == NULL && is_password && options->cert.value != NULL)
        trust = trust_load(root_cert, 1, NULL, options->file_permissions, watch, NULL);
    if (trust == NULL)
        error_copy(error, &first);
    return trust;
}

static bool add_trust(const struct tls_options *options, struct watch *watch,
                      struct credentials *credentials, struct error *error)
{
    const struct option system = {
        .value = (char *)"system", .keyword = "SslRootCert", .source = (char *)"default"};
    const struct option *root_cert = options->root_cert.value != NULL ? &options->root_cert
                                     : is_verifying(options->mode)    ? &system
                                                                      : NULL;
    if (root_cert == NULL)
        return true;
    credentials->trust = load_trust(options, root_cert, watch, error);
    return credentials->trust != NULL;
}

static bool read_crl_file(const struct tls_options *options, const struct option *option,
                          const char *path, struct watch *watch, struct crl_set *crls,
                          struct error *error)
{
    struct file_content content;
    char name[OPTION_TEXT_SIZE];
    struct option named = *option;
    named.value = (char *)path;
    option_describe(&named, name, sizeof name);
    struct stat status;
    if (option == &options->crl && stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        error_set(error, ODBCSSL_ERROR_FILE_UNREADABLE,
                  "%s: is a folder; SslCrlDir takes a folder of CRLs", name);
        return false;
    }
    if (!watch_read(watch, path, option, false, options->file_permissions, &content, error))
        return false;
    bool is_read = crl_set_read(crls, &content.bytes, content.size, name, error);
    file_content_free(&content);
    return is_read;
}

/* A broken file in the folder may be the one that revokes: so it refuses, as do other files. */
static bool read_crl_folder(const struct tls_options *options, struct watch *watch,
                            struct crl_set *crls, struct error *error)
{
    const struct option *option = &options->crl_dir;
    struct folder folder;
    char name[OPTION_TEXT_SIZE];
    if (!watch_add_path(watch, option->value, error) ||
        !folder_list(option->value, option, &folder, error))
        return false;
    bool is_read = folder.count > 0;
    if (!is_read)
        error_set(error, ODBCSSL_ERROR_CRL_UNREADABLE, "%s: there is no file in the folder",
                  option_describe(option, name, sizeof name));
    for (size_t i = 0; is_read && i < folder.count; i++)
        is_read = read_crl_file(options, option, folder.paths[i], watch, crls, error);
    folder_free(&folder);
    return is_read;
}

static char *name_crls(const struct option *file, const struct option *folder)
{
    char file_name[OPTION_TEXT_SIZE] = "", folder_name[OPTION_TEXT_SIZE] = "", *name = NULL;
    if (file->value != NULL)
        option_describe(file, file_name, sizeof file_name);
    if (folder->value != NULL)
        option_describe(folder, folder_name, sizeof folder_name);
    bool has_both = file->value != NULL && folder->value != NULL;
    return asprintf(&name, "%s%s%s", file_name, has_both ? " and " : "", folder_name) < 0 ? NULL
                                                                                          : name;
}

/* Without trust anchors no CRL can be checked, and a CRL that somebody named is not to be ignored.
 */
static bool may_ignore_crls(const struct tls_options *options, struct error *error)
{
    const struct option *crl = options->crl.value != NULL ? &options->crl : &options->crl_dir;
    char name[OPTION_TEXT_SIZE];
    if (is_default(crl))
        return true;
    error_set(error, ODBCSSL_ERROR_TRUST_MISSING,
              "%s: revocation cannot be checked without trust anchors: set SslRootCert",
              option_describe(crl, name, sizeof name));
    return false;
}

static bool add_crls(const struct tls_options *options, struct watch *watch,
                     struct credentials *credentials, struct error *error)
{
    if (options->crl.value == NULL && options->crl_dir.value == NULL)
        return true;
    if (credentials->trust == NULL)
        return may_ignore_crls(options, error);
    credentials->has_crls = true;
    credentials->crl_name = name_crls(&options->crl, &options->crl_dir);
    if (credentials->crl_name == NULL) {
        error_set_memory(error);
        return false;
    }
    if (options->crl.value != NULL && !read_crl_file(options, &options->crl, options->crl.value,
                                                     watch, &credentials->crls, error))
        return false;
    return options->crl_dir.value == NULL ||
           read_crl_folder(options, watch, &credentials->crls, error);
}

static bool add_identity(const struct tls_options *options, const char *user, struct watch *watch,
                         struct credentials *credentials, struct error *error)
{
    char name[OPTION_TEXT_SIZE];
    if (options->cert.value != NULL) {
        credentials->has_identity =
            client_identity_load(options, user, watch, &credentials->identity, error);
        return credentials->has_identity;
    }
    if (options->key.value == NULL || is_default(&options->key))
        return true;
    error_set(error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
              "%s: there is a private key without its certificate: set SslCert",
              token_describe(&options->key, name, sizeof name));
    return false;
}

/* Fills list from the chain; returns how many are to be released. */
static size_t import_chain(const struct client_identity *identity, gnutls_pcert_st *list,
                           int *outcome)
{
    size_t count = 0;
    *outcome = 0;
    while (*outcome == 0 && count < identity->chain_count) {
        const struct certificate *certificate = &identity->chain[count];
        const gnutls_datum_t der = {(unsigned char *)certificate->bytes,
                                    (unsigned)certificate->size};
        *outcome = gnutls_pcert_import_x509_raw(&list[count], &der, GNUTLS_X509_FMT_DER, 0);
        count += *outcome == 0;
    }
    return count;
}

/* From success on, the GnuTLS object owns the key; see credentials_unload. */
static bool show_identity(struct credentials *credentials, struct error *error)
{
    const struct client_identity *identity = &credentials->identity;
    gnutls_pcert_st *list = calloc(identity->chain_count, sizeof *list);
    int outcome = GNUTLS_E_MEMORY_ERROR;
    size_t count = 0;
    if (list != NULL)
        count = import_chain(identity, list, &outcome);
    if (outcome == 0)
        outcome = gnutls_certificate_set_key(credentials->gnutls, NULL, 0, list, (int)count,
                                             identity->key);
    for (size_t i = 0; outcome < 0 && i < count; i++)
        gnutls_pcert_deinit(&list[i]);
    free(list);
    if (outcome >= 0)
        return true;
    if (outcome == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
        error_set(error, ODBCSSL_ERROR_KEY_MISMATCH,
                  "%s: the private key does not belong to the client certificate %s",
                  identity->name, identity->subject);
    else
        error_set(error, identity->pin != NULL ? ODBCSSL_ERROR_TOKEN : ODBCSSL_ERROR_KEY_TYPE,
                  "%s: GnuTLS refuses the private key of %s: %s", identity->name, identity->subject,
                  gnutls_strerror(outcome));
    return false;
}

static bool make_gnutls(struct credentials *credentials, struct error *error)
{
    if (gnutls_certificate_allocate_credentials(&credentials->gnutls) != 0) {
        error_set_memory(error);
        return false;
    }
    if (!credentials->has_identity || show_identity(credentials, error))
        return true;
    /* The key is still ours. */
    gnutls_certificate_free_credentials(credentials->gnutls);
    credentials->gnutls = NULL;
    return false;
}

bool credentials_load(const struct tls_options *options, const char *user, struct watch *watch,
                      struct credentials *credentials, struct error errors[CREDENTIALS_PART_COUNT])
{
    struct error *identity_error = &errors[CREDENTIALS_IDENTITY];
    *credentials = (struct credentials){0};
    bool is_trusting = add_trust(options, watch, credentials, &errors[CREDENTIALS_TRUST]);
    bool is_loaded =
        is_trusting && add_crls(options, watch, credentials, &errors[CREDENTIALS_CRLS]);
    is_loaded = add_identity(options, user, watch, credentials, identity_error) &&
                make_gnutls(credentials, identity_error) && is_loaded;
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
