/* pki_trust.c - trust anchors of certificates in memory; odbcssl itself reads them from files. */
#include <stdlib.h>
#include <string.h>

#include "support/pki.h"
#include "tls/trust.h"

static int compare_hashes(const void *left, const void *right)
{
    const struct certificate *a = left, *b = right;
    return a->subject_hash < b->subject_hash ? -1 : a->subject_hash > b->subject_hash;
}

struct trust *pki_trust(const gnutls_datum_t *ders, size_t count, const char *name)
{
    struct trust *trust = calloc(1, sizeof *trust);
    trust->name = strdup(name);
    trust->anchors.items = calloc(count + 1, sizeof *trust->anchors.items);
    for (size_t i = 0; trust != NULL && i < count; i++) {
        unsigned char *copy = malloc(ders[i].size);
        memcpy(copy, ders[i].data, ders[i].size);
        if (certificate_read(copy, ders[i].size, &trust->anchors.items[i]) == NULL) {
            trust->anchors.count++;
            continue;
        }
        free(copy);
        trust_free(&trust);
    }
    if (trust != NULL)
        qsort(trust->anchors.items, count, sizeof *trust->anchors.items, compare_hashes);
    return trust;
}
