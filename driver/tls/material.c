#include "tls/material.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Room for one more element of an array; the caller counts. */
static bool grow(void **array, size_t count, size_t *capacity, size_t element_size)
{
    if (count < *capacity)
        return true;
    size_t wanted = *capacity == 0 ? 8 : *capacity * 2;
    void *grown = reallocarray(*array, wanted, element_size);
    if (grown == NULL)
        return false;
    *array = grown;
    *capacity = wanted;
    return true;
}

static unsigned char *copy_bytes(const unsigned char *bytes, size_t size)
{
    unsigned char *copy = malloc(size + 1);
    if (copy == NULL)
        return NULL;
    if (size > 0)
        memcpy(copy, bytes, size);
    copy[size] = '\0';
    return copy;
}

bool material_add_certificate(struct material *material, const unsigned char *bytes, size_t size,
                              const char *name, struct error *error)
{
    if (material->certificate_count == MATERIAL_CERTIFICATE_LIMIT) {
        error_set(error, ODBCSSL_ERROR_FILE_MALFORMED,
                  "%s: the file holds more than the %d certificates that are read", name,
                  MATERIAL_CERTIFICATE_LIMIT);
        return false;
    }
    if (size > MATERIAL_CERTIFICATE_SIZE_LIMIT) {
        error_set(error, ODBCSSL_ERROR_FILE_MALFORMED,
                  "%s: certificate %zu has %zu bytes, more than the %zu KiB that are read", name,
                  material->certificate_count + 1, size, MATERIAL_CERTIFICATE_SIZE_LIMIT >> 10);
        return false;
    }
    unsigned char *copy = copy_bytes(bytes, size);
    if (copy == NULL || !grow((void **)&material->certificates, material->certificate_count,
                              &material->certificate_capacity, sizeof *material->certificates)) {
        free(copy);
        error_set_memory(error);
        return false;
    }
    material->certificates[material->certificate_count++] =
        (struct material_certificate){copy, size};
    material_saw(material, CONTENT_CERTIFICATE);
    return true;
}

bool material_add_key(struct material *material, const struct material_key *key, const char *name,
                      struct error *error)
{
    if (material->key_count == MATERIAL_KEY_LIMIT || key->size > MATERIAL_KEY_SIZE_LIMIT) {
        error_set(error, ODBCSSL_ERROR_FILE_MALFORMED,
                  "%s: the file holds more than %d private keys, or one larger than %zu KiB", name,
                  MATERIAL_KEY_LIMIT, MATERIAL_KEY_SIZE_LIMIT >> 10);
        return false;
    }
    struct material_key copy = *key;
    copy.bytes = copy_bytes(key->bytes, key->size);
    if (copy.bytes == NULL || !grow((void **)&material->keys, material->key_count,
                                    &material->key_capacity, sizeof *material->keys)) {
        text_wipe(copy.bytes, copy.bytes != NULL ? copy.size : 0);
        free(copy.bytes);
        error_set_memory(error);
        return false;
    }
    material->keys[material->key_count++] = copy;
    material_saw(material, key->is_encrypted ? CONTENT_ENCRYPTED_KEY : CONTENT_PRIVATE_KEY);
    return true;
}

void material_saw(struct material *material, enum content_kind kind)
{
    material->seen |= UINT64_C(1) << kind;
}

const char *material_describe(const struct material *material, char *out, size_t out_size)
{
    size_t used = 0;
    snprintf(out, out_size, "nothing that is known here");
    for (unsigned kind = 0; kind < CONTENT_KIND_COUNT && used < out_size; kind++) {
        if ((material->seen >> kind & 1) == 0)
            continue;
        bool is_last = material->seen >> kind == 1;
        const char *separator = used == 0 ? "" : is_last ? " and " : ", ";
        used += (size_t)snprintf(out + used, out_size - used, "%s%s", separator,
                                 content_kind_name((enum content_kind)kind));
    }
    return out;
}

void material_free(struct material *material)
{
    for (size_t i = 0; i < material->certificate_count; i++)
        free(material->certificates[i].bytes);
    for (size_t i = 0; i < material->key_count; i++) {
        text_wipe(material->keys[i].bytes, material->keys[i].size);
        free(material->keys[i].bytes);
    }
    free(material->certificates);
    free(material->keys);
    *material = (struct material){0};
}
