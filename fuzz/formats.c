/*
 * Every reader of certificate, key and store files. The password and, for JKS, the digest are made
 * to fit, so that what lies behind them is reached.
 */
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/target.h"
#include "tls/parsed_file.h"

#define DIGEST_SIZE 20

/* The passwords of the corpus; keytool wants six characters. */
#define PASSWORD "x"
#define JKS_PASSWORD "xxxxxx"

static bool is_jks(const uint8_t *bytes, size_t size)
{
    return size >= DIGEST_SIZE + 4 && memcmp(bytes, "\xfe\xed\xfe\xed", 4) == 0;
}

static void sign_jks(uint8_t *bytes, size_t size)
{
    static const char password_and_salt[] = "\0x\0x\0x\0x\0x\0xMighty Aphrodite";
    gnutls_hash_hd_t hash;
    if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA1) != 0)
        return;
    gnutls_hash(hash, password_and_salt, sizeof password_and_salt - 1);
    gnutls_hash(hash, bytes, size - DIGEST_SIZE);
    gnutls_hash_deinit(hash, bytes + size - DIGEST_SIZE);
}

FUZZ_TARGET_DER(formats, bytes, size)
{
    uint8_t *copy = fuzz_copy(bytes, size);
    if (is_jks(copy, size))
        sign_jks(copy, size);
    struct parsed_source source = {.bytes = copy,
                                   .size = size,
                                   .name = "fuzz",
                                   .password = is_jks(copy, size) ? JKS_PASSWORD : PASSWORD};
    for (int i = 0; i < 2; i++) {
        struct parsed_file file = {0};
        struct error error = {0};
        source.wanted = i == 0 ? PARSED_WANTED_ANYTHING : PARSED_WANTED_IDENTITY;
        bool is_read = parsed_file_read(&source, &file, &error);
        fuzz_require(is_read != error_is_set(&error));
        parsed_file_free(&file);
    }
    free(copy);
}
