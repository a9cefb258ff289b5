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

/* Decrypts the password, which the caller wipes, from the contents of both files. Returns NULL, or
 * what is wrong with them; static; the password is then empty. */
const char *gaussdb_key_decode(const unsigned char *cipher, size_t cipher_size,
                               const unsigned char *rand, size_t rand_size,
                               char password_out[GAUSSDB_KEY_PASSWORD_SIZE]);

/* Which password file counts for a certificate file: USER.key.cipher in its folder if there is one,
 * else client.key.cipher, else NULL. The caller frees. user may be NULL. false: out of memory. */
bool gaussdb_key_find(const char *certificate_path, const char *user, char **path_out);

/* Reads the files that gaussdb_key_find names: cipher_path and its .rand, and decrypts the
 * password, which the caller wipes. certificate: the option whose file lies beside them, for
 * errors. false with error set, and the password is empty. */
bool gaussdb_key_read(const char *cipher_path, const struct option *certificate,
                      const struct file_access *access,
                      char password_out[GAUSSDB_KEY_PASSWORD_SIZE], struct error *error);

#endif
