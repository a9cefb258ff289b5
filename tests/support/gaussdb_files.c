/* gaussdb_files.c - makes the key password files of a GaussDB client. */
#include "support/gaussdb_files.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/pki.h"

static uint32_t gaussdb_crc(const unsigned char *bytes, size_t size)
{
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < size; i++) {
        uint32_t entry = ((crc >> 24) ^ bytes[i]) & 0xFF; /* of the reflected CRC-32's table */
        for (int bit = 0; bit < 8; bit++)
            entry = entry & 1 ? 0xEDB88320 ^ entry >> 1 : entry >> 1;
        crc = entry ^ crc << 8;
    }
    return crc ^ 0xFFFFFFFF;
}

/* With junk where gs_guc leaves junk, and the sum at the end. */
static bool write_with_sum(const char *path, unsigned char *bytes, size_t size)
{
    uint32_t crc = gaussdb_crc(bytes, size);
    memcpy(bytes + size, &crc, sizeof crc);
    return pki_write_file(path, bytes, size + sizeof crc, 0600);
}

static bool read_bytes(const char *path, unsigned char *out, size_t size)
{
    FILE *file = fopen(path, "re");
    bool is_read = file != NULL && fread(out, 1, size, file) == size;
    if (file != NULL)
        fclose(file);
    return is_read;
}

/* The block as AES-128-CBC has it, by openssl. */
static bool encrypt(const char *folder, unsigned char block[16])
{
    static const char salt[] = "101112131415161718191a1b1c1d1e1f";
    static const char vector[] = "202122232425262728292a2b2c2d2e2f";
    char plain[1024], encrypted[1024], command[4096];
    snprintf(plain, sizeof plain, "%s/block", folder);
    snprintf(encrypted, sizeof encrypted, "%s/block.enc", folder);
    snprintf(command, sizeof command,
             "openssl enc -aes-128-cbc -nopad -iv %s -K $(openssl kdf -keylen 16 -kdfopt "
             "digest:SHA256 -kdfopt hexpass:000102030405060708090a0b0c0d0e0f -kdfopt hexsalt:%s "
             "-kdfopt iter:10000 PBKDF2 | tr -d ':\\n') -in '%s' -out '%s'",
             vector, salt, plain, encrypted);
    bool is_done = pki_write_file(plain, block, 16, 0600) && system(command) == 0 &&
                   read_bytes(encrypted, block, 16);
    remove(plain);
    remove(encrypted);
    return is_done;
}

bool gaussdb_write_password_files(const char *folder, const char *prefix, const char *password)
{
    unsigned char rand[24], cipher[56] = {0}, block[16] = {0};
    char path[1024];
    size_t length = strlen(password);
    memset(rand, 0xAA, sizeof rand);
    memset(cipher, 0xBB, sizeof cipher);
    for (unsigned char i = 0; i < 16; i++) {
        rand[i] = i;
        cipher[17 + i] = (unsigned char)(0x10 + i);
        cipher[34 + i] = (unsigned char)(0x20 + i);
    }
    memcpy(block, password, length);
    block[length] = 0x80;
    if (!encrypt(folder, block))
        return false;
    memcpy(cipher, block, sizeof block);
    snprintf(path, sizeof path, "%s/%s.key.cipher", folder, prefix);
    if (!write_with_sum(path, cipher, 52))
        return false;
    snprintf(path, sizeof path, "%s/%s.key.rand", folder, prefix);
    return write_with_sum(path, rand, 20);
}
