/*
 * parsed_jks.c - Java's own key stores, which no library here reads, for parsed_file.c.
 *
 * All integers big-endian: magic, version, number of entries; each entry: tag, alias, time,
 * content; at the end a SHA-1 over password, "Mighty Aphrodite" and everything before.
 */
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"
#include "tls/der.h"
#include "tls/parsed_parts.h"

#define MAGIC 0xfeedfeedu
#define TAG_KEY 1
#define TAG_CERTIFICATE 2
#define ENTRY_LIMIT 65536
#define CHAIN_LIMIT 64
#define PASSWORD_LIMIT 1024
#define SHA1_SIZE 20
#define SALT "Mighty Aphrodite"

/* 1.3.6.1.4.1.42.2.17.1.1, Sun's key protector */
#define OID_PROTECTOR "\x2b\x06\x01\x04\x01\x2a\x02\x11\x01\x01"

struct reader {
    const struct parsing *parsing;
    struct cursor cursor;
    uint32_t version;
    const char *password; /* the one that fits */
};

static bool damaged(const struct reader *reader, const char *why)
{
    return parsed_damaged(reader->parsing, "Java key store", why);
}

/* SHA-1 over the password as UTF-16BE, a text and bytes. What it cannot do is no wrong password:
 * false with the reader's error set. */
static bool hash_with_password(const struct reader *reader, const char *password, const char *text,
                               const unsigned char *bytes, size_t size, unsigned char *digest)
{
    gnutls_hash_hd_t hash;
    size_t units = 0;
    uint16_t *wide = text_to_utf16(password, strlen(password), &units);
    bool is_good = wide != NULL && gnutls_hash_init(&hash, GNUTLS_DIG_SHA1) == 0;
    if (is_good) {
        for (size_t i = 0; i < units; i++) {
            const unsigned char pair[2] = {(unsigned char)(wide[i] >> 8), (unsigned char)wide[i]};
            gnutls_hash(hash, pair, sizeof pair);
        }
        is_good = gnutls_hash(hash, text, strlen(text)) == 0 && gnutls_hash(hash, bytes, size) == 0;
        gnutls_hash_deinit(hash, digest);
    }
    if (wide == NULL)
        error_set_memory(reader->parsing->error);
    else if (!is_good)
        parsed_refuse(reader->parsing, ODBCSSL_ERROR_FILE_MALFORMED,
                      "GnuTLS refuses to compute the SHA-1 that a Java key store is protected by");
    text_wipe(wide, wide != NULL ? 2 * units : 0);
    free(wide);
    return is_good;
}

static bool digest_fits(const struct reader *reader, const unsigned char *bytes, size_t size,
                        const char *password)
{
    unsigned char digest[SHA1_SIZE];
    return hash_with_password(reader, password, SALT, bytes, size - SHA1_SIZE, digest) &&
           memcmp(digest, bytes + size - SHA1_SIZE, SHA1_SIZE) == 0;
}

/* The digest covers the password too, so a wrong password looks like an altered file. */
static bool check_digest(struct reader *reader, const unsigned char *bytes, size_t size)
{
    const char *given = reader->parsing->source->password;
    reader->password = given;
    if (given != NULL && strlen(given) > PASSWORD_LIMIT)
        return parsed_refuse(reader->parsing, ODBCSSL_ERROR_STORE_PASSWORD,
                             "SslPassword has %zu bytes, more than the %d that the password "
                             "of a Java key store can have here",
                             strlen(given), PASSWORD_LIMIT);
    if (given != NULL && digest_fits(reader, bytes, size, given))
        return true;
    const char *const *usual = parsed_default_passwords;
    while (*usual != NULL && !digest_fits(reader, bytes, size, *usual))
        usual++;
    if (error_is_set(reader->parsing->error))
        return false;
    if (given == NULL) {
        reader->password = *usual;
        return *usual != NULL ||
               parsed_refuse(
                   reader->parsing, ODBCSSL_ERROR_STORE_PASSWORD,
                   "SslPassword is not set, and none of the usual passwords of a Java "
                   "key store (changeit, apsaradb) fits its digest: set SslPassword to its "
                   "password; if it is one of these, the file was altered");
    }
    if (*usual != NULL)
        return parsed_refuse(reader->parsing, ODBCSSL_ERROR_STORE_PASSWORD,
                             "SslPassword is not the password of this Java key store; the file is "
                             "intact and has the usual password '%s'",
                             *usual);
    return parsed_refuse(reader->parsing, ODBCSSL_ERROR_STORE_ALTERED,
                         "the digest of the Java key store does not fit: SslPassword is not its "
                         "password, or the file was altered");
}

/* A certificate: its type (from version 2 on), length, DER. */
static bool read_certificate(struct reader *reader)
{
    if (reader->version >= 2) {
        size_t type_size = cursor_u16(&reader->cursor);
        const unsigned char *type = cursor_bytes(&reader->cursor, type_size);
        if (type == NULL)
            return damaged(reader, "an entry is cut short");
        if (type_size != 5 || memcmp(type, "X.509", 5) != 0)
            return damaged(reader, "a certificate is not of type X.509");
    }
    size_t size = cursor_u32(&reader->cursor);
    const unsigned char *der = cursor_bytes(&reader->cursor, size);
    if (der == NULL)
        return damaged(reader, "a certificate is longer than the file");
    return parsed_add_certificate(reader->parsing, der, size);
}

/* EncryptedPrivateKeyInfo { { OID, NULL }, OCTET STRING } */
static bool split_protected(const unsigned char *bytes, size_t size, struct der *protected_out)
{
    struct cursor cursor = cursor_over(bytes, size);
    struct der whole, algorithm, oid;
    if (!ber_expect(&cursor, DER_TAG_SEQUENCE, &whole))
        return false;
    struct cursor inside = der_inside(&whole);
    if (!ber_expect(&inside, DER_TAG_SEQUENCE, &algorithm) ||
        !ber_expect(&inside, DER_TAG_OCTET_STRING, protected_out))
        return false;
    struct cursor identifier = der_inside(&algorithm);
    return ber_expect(&identifier, DER_TAG_OID, &oid) && DER_IS_OID(&oid, OID_PROTECTOR) &&
           protected_out->size > 2 * SHA1_SIZE;
}

/*
 * Sun's protector: salt, key XOR stream, check. The stream's blocks are SHA-1(password, block
 * before), starting from the salt; the check is SHA-1(password, key).
 */
static bool unprotect(const struct reader *reader, const struct der *protected,
                      unsigned char *plain)
{
    size_t size = protected->size - 2 * SHA1_SIZE;
    unsigned char block[SHA1_SIZE], check[SHA1_SIZE];
    memcpy(block, protected->content, SHA1_SIZE);
    for (size_t at = 0; at < size; at++) {
        if (at % SHA1_SIZE == 0 &&
            !hash_with_password(reader, reader->password, "", block, SHA1_SIZE, block))
            return false;
        plain[at] = protected->content[SHA1_SIZE + at] ^ block[at % SHA1_SIZE];
    }
    text_wipe(block, sizeof block);
    return hash_with_password(reader, reader->password, "", plain, size, check) &&
           memcmp(check, protected->content + SHA1_SIZE + size, SHA1_SIZE) == 0;
}

static bool add_key(const struct reader *reader, const struct der *protected)
{
    const struct parsing *parsing = reader->parsing;
    size_t size = protected->size - 2 * SHA1_SIZE;
    unsigned char *plain = malloc(size);
    bool is_good = false;
    if (plain == NULL)
        error_set_memory(parsing->error);
    else if (!unprotect(reader, protected, plain))
        parsed_refuse(parsing, ODBCSSL_ERROR_KEY_PASSWORD,
                      "a private key in the Java key store has another password than the store "
                      "itself; give both the same with keytool -keypasswd");
    else
        is_good = parsed_add_key(parsing, plain, size, PARSED_KEY_PLAIN);
    text_wipe(plain, size);
    free(plain);
    return is_good;
}

static bool read_key(struct reader *reader)
{
    size_t size = cursor_u32(&reader->cursor);
    const unsigned char *bytes = cursor_bytes(&reader->cursor, size);
    if (bytes == NULL)
        return damaged(reader, "a private key is longer than the file");
    if (size > PARSED_KEY_SIZE_LIMIT)
        return damaged(reader, "a private key is larger than 256 KiB");
    struct der protected;
    if (!split_protected(bytes, size, &protected))
        return damaged(reader, "a private key is not protected in the usual way");
    uint32_t count = cursor_u32(&reader->cursor);
    if (count > CHAIN_LIMIT)
        return damaged(reader, "a private key has more than 64 certificates");
    for (uint32_t i = 0; i < count; i++)
        if (!read_certificate(reader))
            return false;
    parsed_saw(reader->parsing, PARSED_ENCRYPTED_KEY);
    return !parsed_wants_keys(reader->parsing) || add_key(reader, &protected);
}

static bool read_entry(struct reader *reader)
{
    uint32_t tag = cursor_u32(&reader->cursor);
    size_t alias_size = cursor_u16(&reader->cursor);
    cursor_bytes(&reader->cursor, alias_size);
    cursor_u64(&reader->cursor);
    if (reader->cursor.is_short)
        return damaged(reader, "an entry is cut short");
    if (tag == TAG_CERTIFICATE)
        return read_certificate(reader);
    if (tag == TAG_KEY)
        return read_key(reader);
    return damaged(reader, "an entry is neither a certificate nor a private key");
}

bool parsed_jks_read(const struct parsing *parsing, const unsigned char *bytes, size_t size)
{
    struct reader reader = {.parsing = parsing};
    parsed_saw(parsing, PARSED_JKS);
    if (size < 12 + SHA1_SIZE)
        return damaged(&reader, "it is cut short");
    reader.cursor = cursor_over(bytes, size - SHA1_SIZE);
    uint32_t magic = cursor_u32(&reader.cursor);
    reader.version = cursor_u32(&reader.cursor);
    uint32_t count = cursor_u32(&reader.cursor);
    if (magic != MAGIC || reader.version < 1 || reader.version > 2)
        return damaged(&reader, "its version is not 1 or 2");
    if (!check_digest(&reader, bytes, size))
        return false;
    if (count > ENTRY_LIMIT)
        return damaged(&reader, "it has more than 65536 entries");
    for (uint32_t i = 0; i < count; i++)
        if (!read_entry(&reader))
            return false;
    if (reader.cursor.left > 0)
        return damaged(&reader, "bytes follow its last entry");
    return true;
}
