/*
 * identity.c - a client's certificate and key file with the password "x", as far as GnuTLS's own
 * readers. Input: the certificate file behind its length in two bytes, then the key file.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/buffer.h"
#include "fuzz/target.h"
#include "tls/client_identity.h"

FUZZ_TARGET_DER(identity, bytes, size)
{
    char certificate_path[FUZZ_PATH_SIZE], key_path[FUZZ_PATH_SIZE];
    struct cursor cursor = cursor_over(bytes, size);
    size_t length = cursor_u16(&cursor);
    if (cursor.is_short || length > cursor.left)
        return;
    const unsigned char *certificate = cursor_bytes(&cursor, length);
    int certificate_file = fuzz_open_file(certificate, length, certificate_path);
    int key_file = fuzz_open_file(certificate + length, cursor.left, key_path);
    const struct tls_options options = {.cert = {certificate_path, "SslCert", (char *)"fuzz"},
                                        .key = {key_path, "SslKey", (char *)"fuzz"},
                                        .password = {(char *)"x", "SslPassword", (char *)"fuzz"}};
    struct client_identity identity;
    struct error error = {0};
    bool is_loaded = client_identity_load(&options, NULL, NULL, &identity, &error);
    fuzz_require(is_loaded != error_is_set(&error));
    fuzz_require(!is_loaded ||
                 gnutls_privkey_get_pk_algorithm(identity.key, NULL) != (int)GNUTLS_PK_UNKNOWN);
    client_identity_free(&identity);
    close(certificate_file);
    close(key_file);
}
