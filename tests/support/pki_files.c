/* pki_files.c - writes certificates, keys and CRLs into files. */
#include "support/pki.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

bool pki_write_file(const char *path, const void *bytes, size_t size, unsigned mode)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        perror(path);
        return false;
    }
    const char *next = bytes;
    size_t left = size;
    ssize_t written = 0;
    while (left > 0 && (written = write(descriptor, next, left)) > 0) {
        next += written;
        left -= (size_t)written;
    }
    bool is_written = left == 0 && fchmod(descriptor, mode) == 0;
    close(descriptor);
    return is_written;
}

static bool append_certificate(struct buffer *out, const struct pki_certificate *certificate)
{
    gnutls_datum_t pem = {0};
    if (gnutls_x509_crt_export2(certificate->crt, GNUTLS_X509_FMT_PEM, &pem) < 0)
        return false;
    bool is_added = buffer_append(out, pem.data, pem.size);
    gnutls_free(pem.data);
    return is_added;
}

bool pki_write_pem(const char *path, ...)
{
    struct buffer content = {0};
    const struct pki_certificate *certificate;
    bool is_good = true;
    va_list arguments;
    va_start(arguments, path);
    while (is_good && (certificate = va_arg(arguments, const struct pki_certificate *)) != NULL)
        is_good = append_certificate(&content, certificate);
    va_end(arguments);
    is_good =
        is_good && pki_write_file(path, buffer_content(&content), buffer_length(&content), 0644);
    buffer_free(&content);
    return is_good;
}

bool pki_write_der(const char *path, const struct pki_certificate *certificate)
{
    gnutls_datum_t der = pki_der(certificate);
    bool is_written = der.data != NULL && pki_write_file(path, der.data, der.size, 0644);
    gnutls_free(der.data);
    return is_written;
}

static bool write_key(const char *path, const struct pki_certificate *certificate,
                      gnutls_x509_crt_fmt_t format)
{
    gnutls_datum_t key = {0};
    if (gnutls_x509_privkey_export2(certificate->key, format, &key) < 0)
        return false;
    bool is_written = pki_write_file(path, key.data, key.size, 0600);
    gnutls_free(key.data);
    return is_written;
}

bool pki_write_key_pem(const char *path, const struct pki_certificate *certificate)
{
    return write_key(path, certificate, GNUTLS_X509_FMT_PEM);
}

bool pki_write_key_der(const char *path, const struct pki_certificate *certificate)
{
    return write_key(path, certificate, GNUTLS_X509_FMT_DER);
}

bool pki_write_key_pkcs8(const char *path, const struct pki_certificate *certificate,
                         const char *password)
{
    gnutls_datum_t key = {0};
    unsigned flags = password != NULL ? GNUTLS_PKCS_PBES2_AES_256 : GNUTLS_PKCS_PLAIN;
    if (gnutls_x509_privkey_export2_pkcs8(certificate->key, GNUTLS_X509_FMT_PEM, password, flags,
                                          &key) < 0)
        return false;
    bool is_written = pki_write_file(path, key.data, key.size, 0600);
    gnutls_free(key.data);
    return is_written;
}

bool pki_write_crl_der(const char *path, const struct buffer *crl)
{
    return pki_write_file(path, buffer_content(crl), buffer_length(crl), 0644);
}

bool pki_write_crl_pem(const char *path, const struct buffer *crl)
{
    gnutls_datum_t der = {buffer_content(crl), (unsigned)buffer_length(crl)}, pem = {0};
    if (gnutls_pem_base64_encode2("X509 CRL", &der, &pem) < 0)
        return false;
    bool is_written = pki_write_file(path, pem.data, pem.size, 0644);
    gnutls_free(pem.data);
    return is_written;
}

char *pki_temp_dir(void)
{
    const char *base = getenv("TMPDIR");
    char *name = pki_path(base != NULL && *base != '\0' ? base : "/tmp", "odbcssl-test-XXXXXX");
    if (name != NULL && mkdtemp(name) == NULL) {
        perror(name);
        free(name);
        return NULL;
    }
    return name;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

void pki_temp_dir_remove(char **directory)
{
    if (*directory == NULL)
        return;
    nftw(*directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(*directory);
    *directory = NULL;
}

char *pki_path(const char *directory, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}
