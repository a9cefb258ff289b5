/*
 * certificate.c - the certificate reader, and the rules for names, policies and the rest over what
 * it read, as if all signatures were right: a hostile CA can sign anything. Input: certificates in
 * DER, each behind its length in two bytes, the server's first.
 */
#include <stdlib.h>

#include "base/buffer.h"
#include "fuzz/rules.h"
#include "fuzz/target.h"

#define CERTIFICATE_LIMIT 6

static size_t split(const uint8_t *bytes, size_t size, struct certificate *certificates,
                    unsigned char **copies)
{
    struct cursor cursor = cursor_over(bytes, size);
    size_t count = 0;
    while (count < CERTIFICATE_LIMIT && cursor.left > 0 && !cursor.is_short) {
        size_t length = cursor_u16(&cursor);
        length = length < cursor.left ? length : cursor.left;
        const unsigned char *der = cursor_bytes(&cursor, length);
        if (der == NULL)
            break;
        copies[count] = fuzz_copy(der, length);
        if (certificate_read(copies[count], length, &certificates[count]) == NULL)
            count++;
        else
            free(copies[count]);
    }
    return count;
}

FUZZ_TARGET_DER(certificate, bytes, size)
{
    static struct certificate certificates[CERTIFICATE_LIMIT];
    unsigned char *copies[CERTIFICATE_LIMIT];
    size_t count = split(bytes, size, certificates, copies);
    fuzz_check_rules(certificates, count);
    for (size_t i = 0; i < count; i++)
        free(copies[i]);
}
