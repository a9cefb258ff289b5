/*
 * gaussdb_key.h - GaussDB's key password files: client.key.cipher and client.key.rand, which hold
 * the password of client.key (openGauss: cipher.cpp, fe-secure.cpp).
 */
#ifndef TLS_GAUSSDB_KEY_H
#define TLS_GAUSSDB_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/options.h"
#include "tls/watch.h"

/* One AES block, and a terminator. */
#define GAUSSDB_KEY_PASSWORD_SIZE 17

enum gaussdb_key_outcome {
    GAUSSDB_KEY_DONE,
    GAUSSDB_KEY_CIPHER_SIZE, /* not 56 bytes */
    GAUSSDB_KEY_RAND_SIZE,   /* not 24 bytes */
    GAUSSDB_KEY_CIPHER_CRC,
    GAUSSDB_KEY_RAND_CRC,
    GAUSSDB_KEY_CONTENT, /* what comes out is no password: the two files do not belong together */
    GAUSSDB_KEY_CRYPTO   /* GnuTLS refuses */
};

/* Decrypts the password, which the caller wipes. */
enum gaussdb_key_outcome gaussdb_key_decode(const unsigned char *cipher, size_t cipher_size,
                                            const unsigned char *rand, size_t rand_size,
                                            char password_out[GAUSSDB_KEY_PASSWORD_SIZE]);

/* Which password file counts for a certificate file: USER.key.cipher in its folder if there is one,
 * else client.key.cipher, else NULL. The caller frees. user may be NULL. */
char *gaussdb_key_find(const char *certificate_path, const char *user);

/* Reads the files that gaussdb_key_find names: cipher_path and its .rand. certificate: the option
 * whose file lies beside them, for errors. */
bool gaussdb_key_read(const char *cipher_path, const struct option *certificate,
                      enum file_permissions permissions, struct watch *watch,
                      char password_out[GAUSSDB_KEY_PASSWORD_SIZE], struct error *error);

#endif
