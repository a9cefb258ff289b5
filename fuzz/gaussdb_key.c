/*
 * GaussDB's key password files: the first byte says how long the first file is, the rest is both.
 * The checksums are made to fit, so that what lies behind them is reached.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/target.h"
#include "tls/gaussdb_key.h"

static void put_checksum(uint8_t *bytes, size_t size)
{
    uint32_t crc = 0xffffffffu;
    if (size < 4)
        return;
    for (size_t i = 0; i < size - 4; i++) {
        uint32_t entry = (crc >> 24 ^ bytes[i]) & 0xff;
        for (int bit = 0; bit < 8; bit++)
            entry = entry >> 1 ^ (0xedb88320u & (0u - (entry & 1)));
        crc = entry ^ crc << 8;
    }
    crc = ~crc;
    for (size_t i = 0; i < 4; i++)
        bytes[size - 4 + i] = (uint8_t)(crc >> 8 * i);
}

static uint8_t *copy_of(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, bytes, size);
    put_checksum(copy, size);
    return copy;
}

FUZZ_TARGET(gaussdb_key, bytes, size)
{
    if (size == 0)
        return;
    size_t rest = size - 1;
    size_t cipher_size = bytes[0] < rest ? bytes[0] : rest;
    uint8_t *cipher = copy_of(bytes + 1, cipher_size);
    uint8_t *rand = copy_of(bytes + 1 + cipher_size, rest - cipher_size);
    char password[GAUSSDB_KEY_PASSWORD_SIZE];
    const char *fault = gaussdb_key_decode(cipher, cipher_size, rand, rest - cipher_size, password);
    /* A password is a terminated text, and there is none without success. */
    if ((fault == NULL) != (strnlen(password, sizeof password) > 0) ||
        memchr(password, '\0', sizeof password) == NULL)
        abort();
    free(cipher);
    free(rand);
}
