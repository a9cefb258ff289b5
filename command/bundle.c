/*
 * bundle.c - GaussDB(DWS): cacert.pem, client.crt, client.key, client.key.cipher and
 * client.key.rand (which unlock the key); ApsaraDB RDS: one chain of CA certificates as .pem, .p7b
 * and .jks.
 */
#include "command/bundle.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "command/arguments.h"
#include "command/memory.h"
#include "tls/certificate.h"
#include "tls/crl.h"
#include "tls/parsed_file.h"

enum part_kind {
    PART_OTHER,
    PART_AUTHORITIES,  /* certificates, every one of a CA */
    PART_CERTIFICATE,  /* the first is not a CA's */
    PART_KEY,          /* a private key alone */
    PART_KEY_PASSWORD, /* GaussDB's, for the key beside it */
    PART_CRL
};

static const char *const kind_names[] = {
    [PART_OTHER] = "not used",
    [PART_AUTHORITIES] = "CA certificates",
    [PART_CERTIFICATE] = "certificate",
    [PART_KEY] = "private key",
    [PART_KEY_PASSWORD] = "password of the private key",
    [PART_CRL] = "certificate revocation lists",
};

/* A file of the folder. */
struct part {
    const char *name;
    const char *path;
    struct parsed_file file;
    enum part_kind kind;
    const char *text; /* what is in it: "CN=Example CA" */
    bool is_private;  /* and others may read it */
};

struct parts {
    struct part *items;
    size_t count;
};

/* ---- one file ---- */

/* CAs alone, or something of somebody's. */
static void take_certificates(struct part *part)
{
    const struct parsed_file *file = &part->file;
    char subject[CERTIFICATE_TEXT_SIZE] = "";
    part->kind = PART_AUTHORITIES;
    for (size_t i = 0; i < file->certificate_count; i++) {
        const struct parsed_item *item = &file->certificates[i];
        struct certificate certificate;
        if (certificate_read(item->bytes, item->size, &certificate) != NULL)
            continue;
        if (i == 0)
            certificate_format_dn(&certificate.subject, subject, sizeof subject);
        if (!certificate.is_authority)
            part->kind = PART_CERTIFICATE;
    }
    size_t more = file->certificate_count - 1;
    part->text = more > 0 ? memory_format("%s and %zu more", subject, more) : memory_copy(subject);
}

static void judge_part(struct part *part, mode_t mode)
{
    bool has_key = parsed_file_has_keys(&part->file);
    if (fnmatch("*.key.cipher", part->name, 0) == 0 || fnmatch("*.key.rand", part->name, 0) == 0)
        part->kind = PART_KEY_PASSWORD;
    else if (parsed_file_has(&part->file, PARSED_CRL))
        part->kind = PART_CRL;
    else if (part->file.certificate_count > 0)
        take_certificates(part);
    else if (has_key)
        part->kind = PART_KEY;
    part->is_private = (has_key || part->kind == PART_KEY_PASSWORD) && (mode & 077) != 0;
}

/* Damage of what looks like a certificate is an error; what is something else is not used. */
static bool read_part(const char *folder, const char *name, struct parts *parts,
                      struct error *error)
{
    char *path = memory_format("%s/%s", folder, name);
    const struct option option = {
        .value = path, .keyword = "--bundle", .source = (char *)"command line"};
    struct file_content content;
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode) || name[0] == '.')
        return true;
    if (!file_read(&option, &content, error))
        return false;
    parts->items = memory_grow(parts->items, parts->count, sizeof *parts->items);
    struct part *part = &parts->items[parts->count++];
    *part = (struct part){.name = memory_copy(name), .path = path};
    const struct parsed_source source = {
        .bytes = content.bytes, .size = content.size, .name = path};
    bool is_good = parsed_file_read(&source, &part->file, error);
    file_content_free(&content);
    if (is_good)
        judge_part(part, status.st_mode);
    return is_good;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct part *)a)->name, ((const struct part *)b)->name);
}

static bool read_parts(const char *folder, struct parts *parts, struct error *error)
{
    DIR *directory = opendir(folder);
    bool is_good = directory != NULL;
    if (!is_good)
        error_set_system(error, ODBCSSL_ERROR_FILE_UNREADABLE, errno,
                         "--bundle=%s: the folder cannot be read", folder);
    for (struct dirent *entry; is_good && (entry = readdir(directory)) != NULL;)
        is_good = read_part(folder, entry->d_name, parts, error);
    if (directory != NULL)
        closedir(directory);
    if (is_good && parts->count > 0)
        qsort(parts->items, parts->count, sizeof *parts->items, compare_names);
    return is_good;
}

/* ---- which is meant ---- */

static bool has_stem(const struct part *part, const char *stem)
{
    size_t length = strlen(stem);
    return strncmp(part->name, stem, length) == 0 &&
           (part->name[length] == '.' || part->name[length] == '\0');
}

/* One chain in three formats is one choice. Of several certificates or keys the client's counts:
 * GaussDB's own bundles hold the server's, too. */
static bool is_better(const struct part *part, const struct part *chosen)
{
    bool is_pem = fnmatch("*.pem", part->name, 0) == 0;
    if (part->kind == PART_AUTHORITIES)
        return is_pem && fnmatch("*.pem", chosen->name, 0) != 0;
    return has_stem(part, "client") && !has_stem(chosen, "client");
}

/* The same certificates, whatever their order and the format. */
static bool has_same_certificates(const struct parsed_file *a, const struct parsed_file *b)
{
    size_t found = 0;
    for (size_t i = 0; i < a->certificate_count; i++)
        for (size_t k = 0; k < b->certificate_count; k++)
            if (a->certificates[i].size == b->certificates[k].size &&
                memcmp(a->certificates[i].bytes, b->certificates[k].bytes,
                       a->certificates[i].size) == 0) {
                found++;
                break;
            }
    return found == a->certificate_count && found == b->certificate_count;
}

static bool is_as_good(const struct part *part, const struct part *chosen)
{
    bool has_certificates = part->kind == PART_AUTHORITIES || part->kind == PART_CERTIFICATE;
    if (has_certificates && has_same_certificates(&part->file, &chosen->file))
        return true;
    if (part->kind == PART_AUTHORITIES)
        return false;
    /* client.key beside client.key.pk8, which is the same in another format */
    return has_stem(part, "client") != has_stem(chosen, "client") ||
           strncmp(part->name, chosen->name, strlen(chosen->name)) == 0;
}

/* NULL when there is none, or with error set when there are several. */
static const char *choose(const struct parts *parts, enum part_kind kind, const char *option,
                          struct error *error)
{
    const struct part *chosen = NULL;
    for (size_t i = 0; i < parts->count; i++) {
        const struct part *part = &parts->items[i];
        if (part->kind != kind)
            continue;
        if (chosen != NULL && !is_as_good(part, chosen)) {
            error_set(error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
                      "--bundle: both %s and %s hold %s: say by %s which is meant", chosen->path,
                      part->path, kind_names[kind], option);
            return NULL;
        }
        if (chosen == NULL || is_better(part, chosen))
            chosen = part;
    }
    return chosen != NULL ? chosen->path : NULL;
}

static enum driver_family find_family(const struct parts *parts)
{
    enum driver_family family = DRIVER_FAMILY_UNKNOWN;
    for (size_t i = 0; i < parts->count; i++) {
        const struct part *part = &parts->items[i];
        if (part->kind == PART_KEY_PASSWORD)
            return DRIVER_FAMILY_POSTGRESQL;
        if (text_has_prefix_nocase(part->name, "ApsaraDB"))
            family = DRIVER_FAMILY_TDS;
    }
    return family;
}

static void print_parts(const char *folder, const struct parts *parts)
{
    bool has_private = false;
    printf("%s:\n", folder);
    for (size_t i = 0; i < parts->count; i++) {
        const struct part *part = &parts->items[i];
        printf("  %-28s %s%s%s\n", part->name, kind_names[part->kind],
               part->text != NULL ? ": " : "", part->text != NULL ? part->text : "");
        has_private = has_private || part->is_private;
    }
    if (!has_private)
        return;
    printf("Others may read the private files, which odbcssl refuses. Run:\n  chmod 600");
    for (size_t i = 0; i < parts->count; i++)
        if (parts->items[i].is_private)
            printf(" %s", arguments_quote(parts->items[i].path));
    printf("\n");
}

static bool choose_parts(const char *folder, const struct parts *parts, struct bundle *bundle,
                         struct error *error)
{
    bundle->family = find_family(parts);
    bundle->root_cert = choose(parts, PART_AUTHORITIES, "--root-cert", error);
    bundle->crl = choose(parts, PART_CRL, "--crl", error);
    bundle->cert = choose(parts, PART_CERTIFICATE, "--cert", error);
    bundle->key = choose(parts, PART_KEY, "--key", error);
    if (!error_is_set(error) && bundle->root_cert == NULL && bundle->cert == NULL)
        error_set(error, ODBCSSL_ERROR_FILE_MALFORMED,
                  "--bundle=%s: no file of the folder holds certificates; is the archive unpacked?",
                  folder);
    return !error_is_set(error);
}

bool bundle_read(const char *given, struct bundle *bundle, struct error *error)
{
    struct parts parts = {0};
    const char *folder = arguments_path(given);
    if (folder == NULL)
        return error_set_system(error, ODBCSSL_ERROR_FILE_UNREADABLE, errno, "--bundle=%s", given);
    bool is_good = read_parts(folder, &parts, error);
    if (is_good) {
        print_parts(folder, &parts);
        is_good = choose_parts(folder, &parts, bundle, error);
    }
    for (size_t i = 0; i < parts.count; i++)
        parsed_file_free(&parts.items[i].file);
    return is_good;
}
