/*
 * material.h - what was found in a file: certificates and private keys, as bytes.
 */
#ifndef TLS_MATERIAL_H
#define TLS_MATERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tls/content.h"

/* More in one file, or larger ones, are refused. */
#define MATERIAL_CERTIFICATE_LIMIT 65536
#define MATERIAL_CERTIFICATE_SIZE_LIMIT ((size_t)1024 * 1024)
#define MATERIAL_KEY_LIMIT 64
#define MATERIAL_KEY_SIZE_LIMIT ((size_t)256 * 1024)

struct material_certificate {
    unsigned char *bytes; /* DER */
    size_t size;
};

struct material_key {
    unsigned char *bytes; /* NUL-terminated behind size */
    size_t size;
    bool is_pem; /* otherwise DER: PKCS#8, PKCS#1 or SEC 1 */
    bool is_encrypted;
};

/* All zeroes is empty. */
struct material {
    struct material_certificate *certificates;
    size_t certificate_count;
    size_t certificate_capacity;
    struct material_key *keys;
    size_t key_count;
    size_t key_capacity;
    uint64_t seen; /* bits 1 << enum content_kind: everything that stood in the file */
};

/* Copy the bytes. false with error set: out of memory, or beyond a limit. name: the file. */
bool material_add_certificate(struct material *material, const unsigned char *bytes, size_t size,
                              const char *name, struct error *error);
bool material_add_key(struct material *material, const struct material_key *key, const char *name,
                      struct error *error);

void material_saw(struct material *material, enum content_kind kind);

/* "a private key and a certificate revocation list (CRL)"; returns out. */
const char *material_describe(const struct material *material, char *out, size_t out_size);

/* Wipes the keys and frees everything. */
void material_free(struct material *material);

#endif
