#include "tls/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "tls/folder.h"
#include "tls/formats.h"

#define DESCRIPTION_SIZE 700

/* Where systems keep their anchors; GnuTLS does not say which of them it was built with. */
static const char *const system_files[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
};

struct loading {
    const struct option *root_cert;
    const char *password;
    enum file_permissions permissions;
    struct watch *watch;
    struct material material; /* of all files */
    struct error *error;
};

static bool read_file(struct loading *loading, const char *path, enum formats_wanted wanted)
{
    struct file_content content;
    char name[DESCRIPTION_SIZE];
    struct option named = *loading->root_cert;
    named.value = (char *)path;
    if (!file_read_path(path, loading->root_cert, &content, loading->error))
        return false;
    const struct store store = {.bytes = content.bytes,
                                .size = content.size,
                                .name = option_describe(&named, name, sizeof name),
                                .password = loading->password};
    bool is_good = watch_add_content(loading->watch, path, &content, loading->error) &&
                   file_permissions_check(path, loading->root_cert, &content.status, false,
                                          loading->permissions, loading->error) &&
                   formats_read(&store, wanted, &loading->material, loading->error);
    file_content_free(&content);
    return is_good;
}

static bool read_folder(struct loading *loading)
{
    const char *path = loading->root_cert->value;
    size_t before = loading->material.certificate_count;
    struct folder folder;
    if (!watch_add_path(loading->watch, path, loading->error) ||
        !folder_list(path, loading->root_cert, &folder, loading->error))
        return false;
    bool is_good = true;
    for (size_t i = 0; is_good && i < folder.count; i++)
        is_good = read_file(loading, folder.paths[i], FORMATS_WANTED_ANYTHING);
    if (is_good && loading->material.certificate_count == before) {
        char name[DESCRIPTION_SIZE];
        error_set(loading->error, ODBCSSL_ERROR_FILE_MALFORMED,
                  "%s: none of the %zu files in the folder holds a certificate",
                  option_describe(loading->root_cert, name, sizeof name), folder.count);
        is_good = false;
    }
    folder_free(&folder);
    return is_good;
}

/* GnuTLS's own way, so that what the system distrusts stays distrusted. */
static bool add_system(struct trust *trust, struct loading *loading)
{
    for (size_t i = 0; i < sizeof system_files / sizeof system_files[0]; i++)
        if (!watch_add_path(loading->watch, system_files[i], loading->error))
            return false;
    if (gnutls_x509_trust_list_add_system_trust(trust->list, 0, 0) > 0)
        return true;
    char name[DESCRIPTION_SIZE];
    error_set(loading->error, ODBCSSL_ERROR_TRUST_MISSING,
              "%s: the system has no trust anchors (on Debian they are in the package "
              "ca-certificates); set SslRootCert to the file of the certificate authority",
              option_describe(loading->root_cert, name, sizeof name));
    return false;
}

static bool read_one(struct trust *trust, struct loading *loading)
{
    struct stat status;
    const char *path = loading->root_cert->value;
    if (text_equal_nocase(path, "system"))
        return add_system(trust, loading);
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return read_folder(loading);
    return read_file(loading, path, FORMATS_WANTED_CERTIFICATES);
}

static int compare_certificates(const void *left, const void *right)
{
    const struct material_certificate *a = left, *b = right;
    if (a->size != b->size)
        return a->size < b->size ? -1 : 1;
    return memcmp(a->bytes, b->bytes, a->size);
}

static void remove_doubles(struct material *material)
{
    struct material_certificate *list = material->certificates;
    size_t kept = 0;
    if (material->certificate_count == 0)
        return;
    qsort(list, material->certificate_count, sizeof *list, compare_certificates);
    for (size_t i = 1; i < material->certificate_count; i++) {
        if (compare_certificates(&list[kept], &list[i]) == 0)
            free(list[i].bytes);
        else
            list[++kept] = list[i];
    }
    material->certificate_count = kept + 1;
}

static gnutls_x509_crt_t import(const struct material_certificate *certificate, const char *name,
                                struct error *error)
{
    gnutls_x509_crt_t anchor = NULL;
    const gnutls_datum_t der = {certificate->bytes, (unsigned)certificate->size};
    int outcome = gnutls_x509_crt_init(&anchor);
    if (outcome == 0)
        outcome = gnutls_x509_crt_import(anchor, &der, GNUTLS_X509_FMT_DER);
    if (outcome == 0)
        return anchor;
    gnutls_x509_crt_deinit(anchor);
    if (outcome == GNUTLS_E_MEMORY_ERROR)
        error_set_memory(error);
    else
        error_set(error, ODBCSSL_ERROR_FILE_MALFORMED,
                  "%s: a certificate of %zu bytes in it cannot be understood: %s", name,
                  certificate->size, gnutls_strerror(outcome));
    return NULL;
}

static bool reserve_anchors(struct trust *trust, size_t more, struct error *error)
{
    gnutls_x509_crt_t *anchors =
        reallocarray(trust->anchors, trust->anchor_count + more, sizeof *anchors);
    if (anchors == NULL) {
        error_set_memory(error);
        return false;
    }
    trust->anchors = anchors;
    return true;
}

/* Imports the certificates of all files; they are not in the list yet. */
static bool import_material(struct trust *trust, struct material *material, struct error *error)
{
    remove_doubles(material);
    if (!reserve_anchors(trust, material->certificate_count + 1, error))
        return false;
    for (size_t i = 0; i < material->certificate_count; i++) {
        trust->anchors[i] = import(&material->certificates[i], trust->name, error);
        if (trust->anchors[i] == NULL)
            return false;
        trust->anchor_count++;
    }
    return true;
}

/* Copies of the system's anchors, behind those of the files. */
static bool copy_system_anchors(struct trust *trust, struct error *error)
{
    gnutls_x509_trust_list_iter_t iterator = NULL;
    gnutls_x509_crt_t anchor;
    bool is_good = true;
    while (is_good && gnutls_x509_trust_list_iter_get_ca(trust->list, &iterator, &anchor) == 0) {
        is_good = reserve_anchors(trust, 1, error);
        if (is_good)
            trust->anchors[trust->anchor_count++] = anchor;
        else
            gnutls_x509_crt_deinit(anchor);
    }
    gnutls_x509_trust_list_iter_deinit(iterator);
    return is_good;
}

/* From here on the list frees the files' anchors. */
static bool list_anchors(struct trust *trust, size_t count, struct error *error)
{
    int added = gnutls_x509_trust_list_add_cas(trust->list, trust->anchors, (unsigned)count, 0);
    trust->anchors_in_list = added > 0 ? (size_t)added : 0;
    if (trust->anchors_in_list == count)
        return true;
    error_set(error, ODBCSSL_ERROR_FILE_MALFORMED,
              "%s: GnuTLS takes only %zu of the %zu certificates", trust->name,
              trust->anchors_in_list, count);
    return false;
}

static bool fill_trust(struct trust *trust, struct loading *loading)
{
    if (!import_material(trust, &loading->material, loading->error))
        return false;
    size_t file_anchors = trust->anchor_count;
    return copy_system_anchors(trust, loading->error) &&
           list_anchors(trust, file_anchors, loading->error);
}

static char *join_names(const struct option *root_certs, size_t count)
{
    char *names = NULL;
    for (size_t i = 0; i < count; i++) {
        char *longer = NULL, name[DESCRIPTION_SIZE];
        if (asprintf(&longer, "%s%s%s", names != NULL ? names : "", names != NULL ? ", " : "",
                     option_describe(&root_certs[i], name, sizeof name)) < 0)
            longer = NULL;
        free(names);
        names = longer;
        if (names == NULL)
            break;
    }
    return names;
}

static struct trust *make_trust(const struct option *root_certs, size_t count, struct error *error)
{
    struct trust *trust = calloc(1, sizeof *trust);
    if (trust != NULL)
        trust->name = join_names(root_certs, count);
    if (trust == NULL || trust->name == NULL || gnutls_x509_trust_list_init(&trust->list, 0) != 0) {
        error_set_memory(error);
        trust_free(&trust);
    }
    return trust;
}

struct trust *trust_load_files(const struct option *root_certs, size_t count, const char *password,
                               enum file_permissions permissions, struct watch *watch,
                               struct error *error)
{
    struct loading loading = {
        .password = password, .permissions = permissions, .watch = watch, .error = error};
    struct trust *trust = make_trust(root_certs, count, error);
    bool is_good = trust != NULL;
    for (size_t i = 0; is_good && i < count; i++) {
        loading.root_cert = &root_certs[i];
        is_good = read_one(trust, &loading);
    }
    is_good = is_good && fill_trust(trust, &loading);
    material_free(&loading.material);
    if (!is_good)
        trust_free(&trust);
    return trust;
}

struct trust *trust_load(const struct option *root_cert, const char *password,
                         enum file_permissions permissions, struct error *error)
{
    return trust_load_files(root_cert, 1, password, permissions, NULL, error);
}

void trust_free(struct trust **trust)
{
    struct trust *old = *trust;
    *trust = NULL;
    if (old == NULL)
        return;
    gnutls_x509_trust_list_deinit(old->list, 1);
    for (size_t i = old->anchors_in_list; i < old->anchor_count; i++)
        gnutls_x509_crt_deinit(old->anchors[i]);
    free(old->anchors);
    free(old->name);
    free(old);
}
