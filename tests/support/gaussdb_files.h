/*
 * gaussdb_files.h - the files that hold the password of GaussDB(DWS)'s client.key.
 */
#ifndef TESTS_GAUSSDB_FILES_H
#define TESTS_GAUSSDB_FILES_H

#include <stdbool.h>

/* folder/PREFIX.key.cipher and folder/PREFIX.key.rand, mode 0600; PBKDF2 and AES are the openssl
 * command's. password: at most 15 characters. */
bool gaussdb_write_password_files(const char *folder, const char *prefix, const char *password);

#endif
