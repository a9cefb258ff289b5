/*
 * trust.c - loads anchors from files, folders or the system for credentials_load.c and the command,
 * and keeps them sorted for the search of issuers in verify_path.c: a system has some hundred, and
 * each handshake asks.
 */
#include "tls/trust.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "tls/distrusted.h"
#include "tls/folder.h"
#include "tls/name.h"
#include "tls/parsed_file.h"
#include "tls/token.h"

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
    const struct file_access *access;
    struct parsed_file file;       /* all that were read */
    struct parsed_file distrusted; /* by the system */
    struct buffer distrusted_numbers;
    struct error *error;
};

static bool read_folder(struct loading *loading)
{
    const struct option *option = loading->root_cert;
    size_t before = loading->file.certificate_count;
    struct folder folder;
    char name[OPTION_TEXT_SIZE];
    if (!folder_list(option, loading->access->watch, &folder, loading->error))
        return false;
    bool is_good = true;
    for (size_t i = 0; is_good && i < folder.count; i++) {
        const struct option file = option_of_file(option, folder.files[i].path);
        is_good = parsed_file_load(&file, PARSED_WANTED_ANYTHING, loading->access, &loading->file,
                                   loading->error);
    }
    if (is_good && loading->file.certificate_count == before)
        is_good = error_set(loading->error, ODBCSSL_ERROR_FILE_MALFORMED,
                            "%s: none of the %zu files in the folder holds a certificate",
                            option_describe(option, name, sizeof name), folder.count);
    folder_free(&folder);
    return is_good;
}

/* GnuTLS knows where a system keeps its anchors. */
static bool add_system_anchors(struct loading *loading)
{
    gnutls_x509_trust_list_t list = NULL;
    gnutls_x509_trust_list_iter_t iterator = NULL;
    gnutls_x509_crt_t anchor;
    bool is_good = true;
    if (gnutls_x509_trust_list_init(&list, 0) < 0)
        return false;
    if (gnutls_x509_trust_list_add_system_trust(list, 0, 0) > 0)
        while (is_good && gnutls_x509_trust_list_iter_get_ca(list, &iterator, &anchor) == 0) {
            is_good = token_add_certificate(anchor, &loading->file, loading->error);
            gnutls_x509_crt_deinit(anchor);
        }
    gnutls_x509_trust_list_iter_deinit(iterator);
    gnutls_x509_trust_list_deinit(list, 1);
    return is_good;
}

static bool read_system(struct loading *loading)
{
    size_t before = loading->file.certificate_count;
    char name[OPTION_TEXT_SIZE];
    for (size_t i = 0; i < sizeof system_files / sizeof system_files[0]; i++)
        if (!watch_add_path(loading->access->watch, system_files[i], loading->error))
            return false;
    if (!add_system_anchors(loading) ||
        !distrusted_read(loading->root_cert, &loading->distrusted, &loading->distrusted_numbers,
                         loading->error))
        return error_set_memory(loading->error); /* unless there is another reason */
    return loading->file.certificate_count > before ||
           error_set(loading->error, ODBCSSL_ERROR_TRUST_MISSING,
                     "%s: the system has no trust anchors (on Debian they are in the package "
                     "ca-certificates); set SslRootCert to the file of the certificate authority",
                     option_describe(loading->root_cert, name, sizeof name));
}

/* The list */

static int compare(const void *left, const void *right)
{
    const struct certificate *a = left, *b = right;
    if (a->subject_hash != b->subject_hash)
        return a->subject_hash < b->subject_hash ? -1 : 1;
    if (a->size != b->size)
        return a->size < b->size ? -1 : 1;
    return memcmp(a->bytes, b->bytes, a->size);
}

/* Takes the certificates over from file, without doubles. name: for errors. */
static bool take_certificates(struct trust_certificates *to, struct parsed_file *file,
                              const char *name, struct error *error)
{
    size_t count = file->certificate_count;
    to->items = calloc(count + 1, sizeof *to->items);
    if (to->items == NULL)
        return error_set_memory(error);
    for (; to->count < count; to->count++) {
        struct parsed_item *from = &file->certificates[to->count];
        const char *fault = certificate_read(from->bytes, from->size, &to->items[to->count]);
        if (fault != NULL)
            return error_set(error, ODBCSSL_ERROR_FILE_MALFORMED,
                             "%s: a certificate of %zu bytes in it cannot be understood: %s", name,
                             from->size, fault);
        from->bytes = NULL;
    }
    qsort(to->items, count, sizeof *to->items, compare);
    to->count = 0;
    for (size_t i = 0; i < count; i++)
        if (to->count > 0 && certificate_is_same(&to->items[to->count - 1], &to->items[i]))
            free((void *)to->items[i].bytes);
        else
            to->items[to->count++] = to->items[i];
    return true;
}

static void free_certificates(struct trust_certificates *certificates)
{
    for (size_t i = 0; i < certificates->count; i++)
        free((void *)certificates->items[i].bytes);
    free(certificates->items);
}

/* Index of the first one with this hash, or of where it would stand. */
static size_t find_first(const struct trust_certificates *certificates, uint64_t hash)
{
    size_t low = 0, high = certificates->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (certificates->items[middle].subject_hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct certificate *trust_find_issuer(const struct trust_certificates *certificates,
                                            const struct certificate *certificate,
                                            const struct certificate *previous)
{
    const struct certificate *items = certificates->items;
    uint64_t hash = certificate->issuer_hash;
    size_t i = previous != NULL ? (size_t)(previous - items) + 1 : find_first(certificates, hash);
    for (; i < certificates->count && items[i].subject_hash == hash; i++)
        if (certificate_is_issued_by(certificate, &items[i]))
            return &items[i];
    return NULL;
}

bool trust_has(const struct trust_certificates *certificates, const struct certificate *certificate)
{
    const struct certificate *items = certificates->items;
    uint64_t hash = certificate->subject_hash;
    for (size_t i = find_first(certificates, hash);
         i < certificates->count && items[i].subject_hash == hash; i++)
        if (certificate_is_same(&items[i], certificate))
            return true;
    return false;
}

bool trust_distrusts(const struct trust *trust, const struct certificate *certificate)
{
    const struct trust_certificates *distrusted = &trust->distrusted;
    const struct certificate *items = distrusted->items;
    uint64_t hash = certificate->subject_hash;
    struct cursor numbers = cursor_over(buffer_content(&trust->distrusted_numbers),
                                        buffer_length(&trust->distrusted_numbers));
    struct der issuer, serial;
    for (size_t i = find_first(distrusted, hash);
         i < distrusted->count && items[i].subject_hash == hash; i++)
        if (der_equal(&items[i].signature.signed_bytes, &certificate->signature.signed_bytes))
            return true;
    while (der_next(&numbers, &issuer) && der_next(&numbers, &serial))
        if (der_equal(&serial, &certificate->serial) &&
            name_is_equal(&issuer, &certificate->issuer))
            return true;
    return false;
}

struct trust *trust_load(const struct option *root_certs, size_t count,
                         const struct file_access *access, struct error *error)
{
    struct loading loading = {.access = access, .error = error};
    struct trust *trust = calloc(1, sizeof *trust);
    struct buffer names = {0};
    struct stat status;
    char name[OPTION_TEXT_SIZE];
    bool is_good = true;
    if (trust == NULL) {
        error_set_memory(error);
        return NULL;
    }
    for (size_t i = 0; is_good && i < count; i++) {
        loading.root_cert = &root_certs[i];
        buffer_append_text(&names, i > 0 ? ", " : "");
        buffer_append_text(&names, option_describe(&root_certs[i], name, sizeof name));
        const char *path = root_certs[i].value;
        if (text_equal_nocase(path, "system"))
            is_good = read_system(&loading);
        else if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
            is_good = read_folder(&loading);
        else
            is_good = parsed_file_load(&root_certs[i], PARSED_WANTED_ANCHORS, access, &loading.file,
                                       error);
    }
    if (is_good) {
        trust->name = buffer_move_text(&names);
        is_good = (trust->name != NULL || error_set_memory(error)) &&
                  take_certificates(&trust->anchors, &loading.file, trust->name, error) &&
                  take_certificates(&trust->distrusted, &loading.distrusted, "system", error);
        trust->distrusted_numbers = loading.distrusted_numbers;
        loading.distrusted_numbers = (struct buffer){0};
    }
    if (!is_good)
        trust_free(&trust);
    buffer_free(&names);
    parsed_file_free(&loading.file);
    parsed_file_free(&loading.distrusted);
    buffer_free(&loading.distrusted_numbers);
    return trust;
}

void trust_free(struct trust **trust)
{
    struct trust *old = *trust;
    *trust = NULL;
    if (old == NULL)
        return;
    free_certificates(&old->anchors);
    free_certificates(&old->distrusted);
    buffer_free(&old->distrusted_numbers);
    free(old->name);
    free(old);
}
