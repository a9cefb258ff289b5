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

FUZZ_TARGET(gaussdb_key, bytes, size)
{
    if (size == 0)
        return;
    size_t rest = size - 1;
    size_t cipher_size = bytes[0] < rest ? bytes[0] : rest;
    uint8_t *cipher = fuzz_copy(bytes + 1, cipher_size);
    uint8_t *rand = fuzz_copy(bytes + 1 + cipher_size, rest - cipher_size);
    put_checksum(cipher, cipher_size);
    put_checksum(rand, rest - cipher_size);
    char password[GAUSSDB_KEY_PASSWORD_SIZE];
    const char *fault = gaussdb_key_decode(cipher, cipher_size, rand, rest - cipher_size, password);
    /* A password is a terminated text, and there is none without success. */
    size_t length = strnlen(password, sizeof password);
    fuzz_require((fault == NULL) == (length > 0) && length < sizeof password);
    free(cipher);
    free(rand);
}
