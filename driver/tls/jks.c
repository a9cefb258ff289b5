#include "tls/jks.h"

#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"
#include "tls/der.h"

/*
 * All integers big-endian: magic, version, number of entries; each entry: tag, alias, time,
 * content; at the end a SHA-1 over password, "Mighty Aphrodite" and everything before.
 */
#define JKS_MAGIC 0xfeedfeedu
#define JKS_TAG_KEY 1
#define JKS_TAG_CERTIFICATE 2
#define JKS_ENTRY_LIMIT 65536
#define JKS_CHAIN_LIMIT 64
#define SHA1_SIZE 20

/* 1.3.6.1.4.1.42.2.17.1.1, Sun's key protector */
static const unsigned char oid_protector[] = {0x2b, 0x06, 0x01, 0x04, 0x01,
                                              0x2a, 0x02, 0x11, 0x01, 0x01};

struct reader {
    const struct store *store;
    struct cursor cursor;
    uint32_t version;
    const char *password; /* the one that fits */
    struct material *material;
    struct error *error;
};

static bool malformed(const struct reader *reader, const char *what)
{
    error_set(reader->error, ODBCSSL_ERROR_FILE_MALFORMED, "%s: the Java key store is damaged: %s",
              reader->store->name, what);
    return false;
}

static bool hash_password(gnutls_hash_hd_t hash, const char *password)
{
    size_t units = 0;
    uint16_t *wide = text_to_utf16(password, strlen(password), &units);
    bool is_good = wide != NULL;
    for (size_t i = 0; is_good && i < units; i++) {
        unsigned char bytes[2] = {(unsigned char)(wide[i] >> 8), (unsigned char)wide[i]};
        is_good = gnutls_hash(hash, bytes, sizeof bytes) == 0;
    }
    text_wipe(wide, wide != NULL ? 2 * units : 0);
    free(wide);
    return is_good;
}

struct piece {
    const void *bytes;
    size_t size;
};

/* SHA-1 over the password as UTF-16BE and the pieces behind it. */
static bool hash_with_password(const char *password, const struct piece *pieces, size_t count,
                               unsigned char *digest)
{
    gnutls_hash_hd_t hash;
    if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA1) != 0)
        return false;
    bool is_good = hash_password(hash, password);
    for (size_t i = 0; i < count; i++)
        is_good = is_good && gnutls_hash(hash, pieces[i].bytes, pieces[i].size) == 0;
    gnutls_hash_deinit(hash, digest);
    return is_good;
}

static bool digest_fits(const struct store *store, const char *password)
{
    static const char salt[] = "Mighty Aphrodite";
    const struct piece pieces[] = {{salt, sizeof salt - 1},
                                   {store->bytes, store->size - SHA1_SIZE}};
    unsigned char digest[SHA1_SIZE];
    return hash_with_password(password, pieces, 2, digest) &&
           memcmp(digest, store->bytes + store->size - SHA1_SIZE, SHA1_SIZE) == 0;
}

static const char *fitting_default_password(const struct store *store)
{
    for (const char *const *password = store_default_passwords; *password != NULL; password++)
        if (digest_fits(store, *password))
            return *password;
    return NULL;
}

static bool check_digest(struct reader *reader)
{
    const struct store *store = reader->store;
    if (store->password != NULL && digest_fits(store, store->password)) {
        reader->password = store->password;
        return true;
    }
    const char *fitting = fitting_default_password(store);
    if (store->password == NULL && fitting != NULL) {
        reader->password = fitting;
        return true;
    }
    if (store->password != NULL && fitting != NULL)
        error_set(reader->error, ODBCSSL_ERROR_STORE_PASSWORD,
                  "%s: SslPassword is not the password of this Java key store; the file is intact "
                  "and has the usual password '%s'",
                  store->name, fitting);
    else if (store->password != NULL)
        error_set(reader->error, ODBCSSL_ERROR_STORE_ALTERED,
                  "%s: the digest of the Java key store does not fit: SslPassword is not its "
                  "password, or the file was altered",
                  store->name);
    else
        error_set(reader->error, ODBCSSL_ERROR_STORE_PASSWORD,
                  "%s: SslPassword is not set, and none of the usual passwords of a Java key store "
                  "(changeit, apsaradb) fits its digest: set SslPassword to its password; if it is "
                  "one of these, the file was altered",
                  store->name);
    return false;
}

/* A certificate: its type (from version 2 on), length, DER. */
static bool read_certificate(struct reader *reader)
{
    if (reader->version >= 2) {
        size_t type_size = cursor_u16(&reader->cursor);
        const unsigned char *type = cursor_bytes(&reader->cursor, type_size);
        if (type == NULL)
            return malformed(reader, "an entry is cut short");
        if (type_size != 5 || memcmp(type, "X.509", 5) != 0)
            return malformed(reader, "a certificate is not of type X.509");
    }
    size_t size = cursor_u32(&reader->cursor);
    const unsigned char *der = cursor_bytes(&reader->cursor, size);
    if (der == NULL)
        return malformed(reader, "a certificate is longer than the file");
    return material_add_certificate(reader->material, der, size, reader->store->name,
                                    reader->error);
}

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
    return ber_expect(&identifier, DER_TAG_OID, &oid) &&
           der_is_oid(&oid, oid_protector, sizeof oid_protector) &&
           protected_out->size > 2 * SHA1_SIZE;
}

/*
 * Sun's protector: salt, key XOR stream, check. The stream's blocks are SHA-1(password, block
 * before), starting from the salt; the check is SHA-1(password, key).
 */
static bool unprotect(const char *password, const struct der *protected, unsigned char *plain)
{
    size_t size = protected->size - 2 * SHA1_SIZE;
    unsigned char block[SHA1_SIZE];
    memcpy(block, protected->content, SHA1_SIZE);
    for (size_t at = 0; at < size; at++) {
        const struct piece previous = {block, SHA1_SIZE};
        if (at % SHA1_SIZE == 0 && !hash_with_password(password, &previous, 1, block))
            return false;
        plain[at] = protected->content[SHA1_SIZE + at] ^ block[at % SHA1_SIZE];
    }
    text_wipe(block, sizeof block);
    const struct piece key = {plain, size};
    unsigned char check[SHA1_SIZE];
    return hash_with_password(password, &key, 1, check) &&
           memcmp(check, protected->content + SHA1_SIZE + size, SHA1_SIZE) == 0;
}

static bool add_key(struct reader *reader, const struct der *protected)
{
    size_t size = protected->size - 2 * SHA1_SIZE;
    struct material_key key = {.bytes = malloc(size), .size = size};
    bool is_good = key.bytes != NULL;
    if (!is_good) {
        error_set_memory(reader->error);
    } else if (!unprotect(reader->password, protected, key.bytes)) {
        is_good = false;
        error_set(reader->error, ODBCSSL_ERROR_KEY_PASSWORD,
                  "%s: a private key in the Java key store has another password than the store "
                  "itself; give both the same with keytool -keypasswd",
                  reader->store->name);
    }
    is_good =
        is_good && material_add_key(reader->material, &key, reader->store->name, reader->error);
    text_wipe(key.bytes, key.bytes != NULL ? size : 0);
    free(key.bytes);
    return is_good;
}

static bool read_key(struct reader *reader)
{
    size_t size = cursor_u32(&reader->cursor);
    const unsigned char *bytes = cursor_bytes(&reader->cursor, size);
    if (bytes == NULL)
        return malformed(reader, "a private key is longer than the file");
    if (size > MATERIAL_KEY_SIZE_LIMIT)
        return malformed(reader, "a private key is too large");
    struct der protected;
    if (!split_protected(bytes, size, &protected))
        return malformed(reader, "a private key is not protected in the usual way");
    uint32_t count = cursor_u32(&reader->cursor);
    if (count > JKS_CHAIN_LIMIT)
        return malformed(reader, "a private key has too many certificates");
    for (uint32_t i = 0; i < count; i++)
        if (!read_certificate(reader))
            return false;
    material_saw(reader->material, CONTENT_ENCRYPTED_KEY);
    return !reader->store->wants_keys || add_key(reader, &protected);
}

static bool read_entry(struct reader *reader)
{
    uint32_t tag = cursor_u32(&reader->cursor);
    size_t alias_size = cursor_u16(&reader->cursor);
    cursor_bytes(&reader->cursor, alias_size);
    cursor_u64(&reader->cursor);
    if (reader->cursor.is_short)
        return malformed(reader, "an entry is cut short");
    if (tag == JKS_TAG_CERTIFICATE)
        return read_certificate(reader);
    if (tag == JKS_TAG_KEY)
        return read_key(reader);
    return malformed(reader, "an entry is neither a certificate nor a private key");
}

bool jks_read(const struct store *store, struct material *material, struct error *error)
{
    struct reader reader = {.store = store, .material = material, .error = error};
    if (store->size < 12 + SHA1_SIZE)
        return malformed(&reader, "it is cut short");
    if (store->password != NULL && strlen(store->password) > STORE_PASSWORD_LIMIT) {
        error_set(error, ODBCSSL_ERROR_STORE_PASSWORD, "%s: SslPassword is too long", store->name);
        return false;
    }
    reader.cursor = cursor_over(store->bytes, store->size - SHA1_SIZE);
    uint32_t magic = cursor_u32(&reader.cursor);
    reader.version = cursor_u32(&reader.cursor);
    uint32_t count = cursor_u32(&reader.cursor);
    if (magic != JKS_MAGIC || reader.version < 1 || reader.version > 2)
        return malformed(&reader, "its version is not 1 or 2");
    if (!check_digest(&reader))
        return false;
    if (count > JKS_ENTRY_LIMIT)
        return malformed(&reader, "it has too many entries");
    for (uint32_t i = 0; i < count; i++)
        if (!read_entry(&reader))
            return false;
    if (reader.cursor.left > 0)
        return malformed(&reader, "bytes follow its last entry");
    return true;
}
