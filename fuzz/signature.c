/*
 * signature.c - what a hostile server's keys and signatures make of the arithmetic: a signature is
 * checked by a key, and a key that GnuTLS may compute with encrypts what TLS 1.2 would have it.
 *
 * Input: a SubjectPublicKeyInfo, and something that is signed (signature_read), each behind its
 * length in two bytes.
 */
#include <stdlib.h>

#include "fuzz/target.h"
#include "tls/signature.h"

static void encrypt(const struct der *public_key)
{
    unsigned char secret[48] = {3, 3};
    const gnutls_datum_t plain = {secret, sizeof secret};
    gnutls_datum_t encrypted = {0};
    gnutls_pubkey_t key = NULL;
    if (signature_import_key(public_key, &key) >= 0 && signature_judge_key(key) == SIGNATURE_GOOD &&
        gnutls_pubkey_get_pk_algorithm(key, NULL) == GNUTLS_PK_RSA)
        gnutls_pubkey_encrypt_data(key, 0, &plain, &encrypted);
    gnutls_free(encrypted.data);
    gnutls_pubkey_deinit(key);
}

FUZZ_TARGET_DER(signature, bytes, size)
{
    struct cursor cursor = cursor_over(bytes, size);
    size_t key_size = 0, signed_size = 0;
    unsigned char *key_bytes = fuzz_next_piece(&cursor, &key_size);
    unsigned char *signed_bytes = fuzz_next_piece(&cursor, &signed_size);
    struct cursor key_cursor = cursor_over(key_bytes, key_size);
    struct cursor signed_cursor = cursor_over(signed_bytes, signed_size);
    struct der key, sequence;
    struct signature signature;
    if (der_next(&key_cursor, &key)) {
        encrypt(&key);
        if (der_next(&signed_cursor, &sequence) && signature_read(&sequence, &signature))
            fuzz_require(signature_check(&signature, &key) != SIGNATURE_UNCHECKED);
    }
    free(key_bytes);
    free(signed_bytes);
}
