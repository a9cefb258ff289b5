/*
 * crl_set.c - from the bytes of a file to its CRLs, for credentials_load.c. A large one is kept in
 * the bytes that were read, not copied as the content of other files is (parsed_file.c).
 */
#include <stdlib.h>
#include <string.h>

#include "tls/crl_parts.h"
#include "tls/pem.h"

#define LABEL_CRL "X509 CRL"
#define LABEL_CERTIFICATE "CERTIFICATE"

static bool add_der(struct crl_set *set, unsigned char *bytes, size_t size, const char *name,
                    struct error *error)
{
    struct crl *crl = crl_read_der(bytes, size, name, error);
    if (crl == NULL)
        return false;
    struct crl **items = realloc(set->items, (set->count + 1) * sizeof(struct crl *));
    if (items == NULL) {
        crl_free(&crl);
        return error_set_memory(error);
    }
    set->items = items;
    set->items[set->count++] = crl;
    return true;
}

static bool has_label(const struct pem_block *block, const char *label)
{
    return block->label_size == strlen(label) &&
           memcmp(block->label, label, block->label_size) == 0;
}

static bool read_pem(struct crl_set *set, const unsigned char *bytes, size_t size, const char *name,
                     struct error *error)
{
    struct pem_reader reader = pem_over(bytes, size);
    struct pem_block block;
    size_t count = set->count;
    bool has_certificate = false;
    enum pem_outcome outcome;
    while ((outcome = pem_next(&reader, &block)) == PEM_BLOCK) {
        has_certificate |= has_label(&block, LABEL_CERTIFICATE);
        if (!has_label(&block, LABEL_CRL))
            continue;
        size_t der_size = 0;
        unsigned char *der = pem_decode(block.body, block.body_size, &der_size);
        if (der == NULL)
            return error_set(error, ODBCSSL_ERROR_CRL_UNREADABLE,
                             "%s: the CRL cannot be read: its PEM block of line %zu is not base64",
                             name, block.line);
        if (!add_der(set, der, der_size, name, error))
            return false;
    }
    if (outcome == PEM_UNTERMINATED)
        return error_set(error, ODBCSSL_ERROR_CRL_UNREADABLE,
                         "%s: the CRL cannot be read: the PEM block of line %zu has no end", name,
                         block.line);
    return set->count > count ||
           error_set(error, ODBCSSL_ERROR_CRL_UNREADABLE, "%s: there is no CRL in it%s", name,
                     has_certificate ? ", only certificates"
                                     : " (PEM \"" LABEL_CRL "\" or DER is wanted)");
}

bool crl_set_read(struct crl_set *set, unsigned char **bytes, size_t size, const char *name,
                  struct error *error)
{
    /* Text may begin with that tag as well, a '0'; no CRL is so small that its length has one byte.
     */
    if (size < 2 || (*bytes)[0] != DER_TAG_SEQUENCE || (*bytes)[1] < 0x80)
        return read_pem(set, *bytes, size, name, error);
    unsigned char *taken = *bytes;
    *bytes = NULL;
    return add_der(set, taken, size, name, error);
}

void crl_set_free(struct crl_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        crl_free(&set->items[i]);
    free(set->items);
    *set = (struct crl_set){0};
}
