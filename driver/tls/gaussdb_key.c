/*
 * gaussdb_key.c - finds, checks and decrypts GaussDB's key password files, for client_identity.c
 * when a key is encrypted and SslPassword is not set.
 */
#include "tls/gaussdb_key.h"

#include <gnutls/crypto.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/text.h"

/*
 * Both files are C structs as they lie in memory: arrays of 16 bytes and one that means nothing,
 * and at the end a CRC over everything before, in the order of the (little-endian) machine.
 *
 *      cipher: 16 ciphertext, 1 any, 16 salt, 1 any, 16 initialisation vector, 2 any, 4 CRC
 *      rand:   16 secret, 4 any, 4 CRC
 */
#define CIPHER_SIZE 56
#define RAND_SIZE 24
#define BLOCK_SIZE 16
#define CRC_SIZE 4
#define ITERATIONS 10000
#define SALT_AT 17
#define VECTOR_AT 34

/* PostgreSQL's CRC-32 before 9.5: a reflected table, yet shifted to the left. So it is no known
 * CRC. */
static uint32_t checksum(const unsigned char *bytes, size_t size)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < size; i++) {
        uint32_t entry = (crc >> 24 ^ bytes[i]) & 0xff;
        for (unsigned bit = 0; bit < 8; bit++)
            entry = (entry & 1) != 0 ? entry >> 1 ^ 0xedb88320u : entry >> 1;
        crc = entry ^ crc << 8;
    }
    return crc ^ 0xffffffffu;
}

static bool is_intact(const unsigned char *bytes, size_t size)
{
    struct cursor stored = cursor_over(bytes + size - CRC_SIZE, CRC_SIZE);
    return cursor_u32le(&stored) == checksum(bytes, size - CRC_SIZE);
}

static bool decrypt(const unsigned char *cipher, const unsigned char *rand, unsigned char *plain)
{
    unsigned char bytes[BLOCK_SIZE];
    const gnutls_datum_t secret = {(unsigned char *)rand, BLOCK_SIZE};
    const gnutls_datum_t salt = {(unsigned char *)cipher + SALT_AT, BLOCK_SIZE};
    const gnutls_datum_t key = {bytes, BLOCK_SIZE};
    const gnutls_datum_t vector = {(unsigned char *)cipher + VECTOR_AT, BLOCK_SIZE};
    gnutls_cipher_hd_t handle;
    bool is_good =
        gnutls_pbkdf2(GNUTLS_MAC_SHA256, &secret, &salt, ITERATIONS, bytes, sizeof bytes) == 0 &&
        gnutls_cipher_init(&handle, GNUTLS_CIPHER_AES_128_CBC, &key, &vector) == 0;
    text_wipe(bytes, sizeof bytes);
    if (!is_good)
        return false;
    is_good = gnutls_cipher_decrypt2(handle, cipher, BLOCK_SIZE, plain, BLOCK_SIZE) == 0;
    gnutls_cipher_deinit(handle);
    return is_good;
}

/* ISO/IEC 7816-4: 0x80 and zeroes. A block without it is a password of 16 characters, of which old
 * gs_guc stored only the first of two blocks. */
static size_t password_length(const unsigned char *plain)
{
    size_t length = BLOCK_SIZE;
    while (length > 0 && plain[length - 1] == 0)
        length--;
    if (length > 0 && plain[length - 1] == 0x80)
        return length - 1;
    return length == BLOCK_SIZE ? BLOCK_SIZE : 0;
}

const char *gaussdb_key_decode(const unsigned char *cipher, size_t cipher_size,
                               const unsigned char *rand, size_t rand_size,
                               char password_out[GAUSSDB_KEY_PASSWORD_SIZE])
{
    unsigned char plain[BLOCK_SIZE];
    memset(password_out, 0, GAUSSDB_KEY_PASSWORD_SIZE);
    if (cipher_size != CIPHER_SIZE)
        return "the .cipher file does not have the 56 bytes of a GaussDB key password file";
    if (rand_size != RAND_SIZE)
        return "the .rand file does not have the 24 bytes of a GaussDB key password file";
    if (!is_intact(cipher, CIPHER_SIZE))
        return "the checksum of the .cipher file is wrong: it is damaged";
    if (!is_intact(rand, RAND_SIZE))
        return "the checksum of the .rand file is wrong: it is damaged";
    if (!decrypt(cipher, rand, plain))
        return "GnuTLS refuses to decrypt them";
    size_t length = password_length(plain);
    bool is_printable = length > 0;
    for (size_t i = 0; i < length; i++)
        is_printable = is_printable && plain[i] >= 0x20 && plain[i] < 0x7f;
    if (is_printable)
        memcpy(password_out, plain, length);
    text_wipe(plain, sizeof plain);
    return is_printable ? NULL : "what they decrypt to is no password: they do not belong together";
}

/* NAME.key.cipher in the certificate's folder; NULL: there is none. false: out of memory. */
static bool find_named(const char *certificate_path, const char *name, char **path_out)
{
    const char *slash = strrchr(certificate_path, '/');
    int folder = slash != NULL ? (int)(slash - certificate_path) + 1 : 0;
    struct stat status;
    char *path = NULL;
    *path_out = NULL;
    if (asprintf(&path, "%.*s%s.key.cipher", folder, certificate_path, name) < 0)
        return false;
    if (lstat(path, &status) == 0)
        *path_out = path;
    else
        free(path);
    return true;
}

bool gaussdb_key_find(const char *certificate_path, const char *user, char **path_out)
{
    /* The user's name comes from a connection string and must not lead out of the folder. */
    bool is_name = user != NULL && user[0] != '\0' && strchr(user, '/') == NULL;
    if (is_name && (!find_named(certificate_path, user, path_out) || *path_out != NULL))
        return *path_out != NULL;
    return find_named(certificate_path, "client", path_out);
}

/* No keyword names these files: an error calls them what they are. */
static bool read_file(const char *path, const struct option *certificate,
                      const struct file_access *access, struct file_content *content,
                      struct error *error)
{
    char source[300];
    snprintf(source, sizeof source, "%s, beside %s", certificate->source, certificate->keyword);
    const struct option file = {
        .value = (char *)path, .keyword = "the key's password file", .source = source};
    return watch_read(access, &file, true, content, error);
}

bool gaussdb_key_read(const char *cipher_path, const struct option *certificate,
                      const struct file_access *access,
                      char password_out[GAUSSDB_KEY_PASSWORD_SIZE], struct error *error)
{
    struct file_content cipher = {0}, rand = {0};
    char *rand_path = NULL;
    size_t stem = strlen(cipher_path) - strlen(".cipher");
    memset(password_out, 0, GAUSSDB_KEY_PASSWORD_SIZE);
    if (asprintf(&rand_path, "%.*s.rand", (int)stem, cipher_path) < 0)
        return error_set_memory(error);
    bool is_good = read_file(cipher_path, certificate, access, &cipher, error) &&
                   read_file(rand_path, certificate, access, &rand, error);
    const char *fault = NULL;
    if (is_good)
        fault = gaussdb_key_decode(cipher.bytes, cipher.size, rand.bytes, rand.size, password_out);
    if (fault != NULL)
        is_good = error_set(error, ODBCSSL_ERROR_FILE_MALFORMED,
                            "the key password files %s and %s cannot be used: %s. Fetch them "
                            "again, or set SslPassword",
                            cipher_path, rand_path, fault);
    file_content_free(&cipher);
    file_content_free(&rand);
    free(rand_path);
    return is_good;
}
