/*
 * chain.c - the verifier over a chain from a hostile server. Input: certificates in DER, each
 * behind its length in two bytes; the last one is the trust anchor, so that the rules run over
 * complete paths.
 */
#include <stdlib.h>

#include "base/buffer.h"
#include "fuzz/target.h"
#include "support/pki.h"
#include "tls/verify.h"

#define CERTIFICATE_LIMIT 8

static void verify(const gnutls_datum_t *chain, size_t count, const struct trust *trust)
{
    struct verify_request request = {.chain = chain,
                                     .chain_count = count,
                                     .trust = trust,
                                     .host = "db1.example.com",
                                     .at = 1800000000};
    struct verify_result result;
    bool is_accepted = verify_chain(&request, &result);
    /* Either it was accepted, or there is a reason. */
    fuzz_require(is_accepted != error_is_set(verify_error(&result)));
    verify_result_free(&result);
}

FUZZ_TARGET_DER(chain, bytes, size)
{
    gnutls_datum_t certificates[CERTIFICATE_LIMIT];
    struct cursor cursor = cursor_over(bytes, size);
    size_t count = 0, length;
    unsigned char *der;
    while (count < CERTIFICATE_LIMIT && (der = fuzz_next_piece(&cursor, &length)) != NULL)
        certificates[count++] = (gnutls_datum_t){der, (unsigned)length};
    if (count == 0)
        return;
    struct trust *trust = pki_trust(&certificates[count - 1], 1, "fuzz");
    if (trust == NULL)
        trust = pki_trust(NULL, 0, "fuzz");
    verify(certificates, count > 1 ? count - 1 : 1, trust);
    trust_free(&trust);
    for (size_t i = 0; i < count; i++)
        free(certificates[i].data);
}
