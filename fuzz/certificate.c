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

FUZZ_TARGET_DER(certificate, bytes, size)
{
    static struct certificate certificates[CERTIFICATE_LIMIT];
    unsigned char *copies[CERTIFICATE_LIMIT];
    struct cursor cursor = cursor_over(bytes, size);
    size_t count = 0, length;
    while (count < CERTIFICATE_LIMIT &&
           (copies[count] = fuzz_next_piece(&cursor, &length)) != NULL) {
        if (certificate_read(copies[count], length, &certificates[count]) == NULL)
            count++;
        else
            free(copies[count]);
    }
    fuzz_check_rules(certificates, count);
    for (size_t i = 0; i < count; i++)
        free(copies[i]);
}
