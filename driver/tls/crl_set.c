#include <stdlib.h>
#include <string.h>

#include "tls/crl_parts.h"

#define PEM_BEGIN "-----BEGIN X509 CRL-----"
#define PEM_END "-----END X509 CRL-----"
#define PEM_BEGIN_CERTIFICATE "-----BEGIN CERTIFICATE-----"

static bool set_append(struct crl_set *set, struct crl *crl, struct error *error)
{
    struct crl **items = realloc(set->items, (set->count + 1) * sizeof(struct crl *));
    if (items == NULL) {
        crl_free(&crl);
        error_set_memory(error);
        return false;
    }
    set->items = items;
    set->items[set->count++] = crl;
    return true;
}

static bool add_der(struct crl_set *set, unsigned char *bytes, size_t size, const char *name,
                    struct error *error)
{
    struct crl *crl = crl_read_der(bytes, size, name, error);
    return crl != NULL && set_append(set, crl, error);
}

static int base64_value(unsigned char character)
{
    if (character >= 'A' && character <= 'Z')
        return character - 'A';
    if (character >= 'a' && character <= 'z')
        return character - 'a' + 26;
    if (character >= '0' && character <= '9')
        return character - '0' + 52;
    if (character == '+')
        return 62;
    return character == '/' ? 63 : -1;
}

static bool is_space(unsigned char character)
{
    return character == '\n' || character == '\r' || character == ' ' || character == '\t';
}

/* Decodes base64 with white space in it; out has room for 3 bytes per 4 characters. GnuTLS's
 * decoder would hold a large CRL three times over. */
static bool decode_base64(const unsigned char *text, size_t length, unsigned char *out,
                          size_t *size_out)
{
    uint32_t bits = 0;
    unsigned characters = 0, padding = 0;
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        if (is_space(text[i]))
            continue;
        int value = base64_value(text[i]);
        padding += text[i] == '=';
        if ((value < 0 && text[i] != '=') || (value >= 0 && padding > 0) || padding > 2)
            return false;
        bits = bits << 6 | (value < 0 ? 0 : (uint32_t)value);
        if (++characters % 4 != 0)
            continue;
        out[used++] = (unsigned char)(bits >> 16);
        out[used++] = (unsigned char)(bits >> 8);
        out[used++] = (unsigned char)bits;
    }
    if (characters % 4 != 0 || used < padding)
        return false;
    *size_out = used - padding;
    return true;
}

static bool add_pem_body(struct crl_set *set, const unsigned char *body, size_t length,
                         const char *name, struct error *error)
{
    unsigned char *der = malloc(length / 4 * 3 + 3);
    size_t size = 0;
    if (der == NULL) {
        error_set_memory(error);
        return false;
    }
    if (!decode_base64(body, length, der, &size)) {
        free(der);
        error_set(error, ODBCSSL_ERROR_CRL_UNREADABLE,
                  "%s: the CRL cannot be read: its PEM block is not base64", name);
        return false;
    }
    return add_der(set, der, size, name, error);
}

static const unsigned char *find(const unsigned char *bytes, size_t size, const char *text)
{
    return memmem(bytes, size, text, strlen(text));
}

static bool read_pem(struct crl_set *set, const unsigned char *bytes, size_t size, const char *name,
                     struct error *error)
{
    const unsigned char *limit = bytes + size;
    const unsigned char *block = bytes;
    while ((block = find(block, (size_t)(limit - block), PEM_BEGIN)) != NULL) {
        const unsigned char *body = block + strlen(PEM_BEGIN);
        const unsigned char *end = find(body, (size_t)(limit - body), PEM_END);
        if (end == NULL) {
            error_set(error, ODBCSSL_ERROR_CRL_UNREADABLE,
                      "%s: the CRL cannot be read: \"" PEM_END "\" is missing", name);
            return false;
        }
        if (!add_pem_body(set, body, (size_t)(end - body), name, error))
            return false;
        block = end;
    }
    return true;
}

static bool read_whole_der(struct crl_set *set, const unsigned char *bytes, size_t size,
                           const char *name, struct error *error)
{
    unsigned char *copy = malloc(size);
    if (copy == NULL) {
        error_set_memory(error);
        return false;
    }
    memcpy(copy, bytes, size);
    return add_der(set, copy, size, name, error);
}

bool crl_set_read(struct crl_set *set, const unsigned char *bytes, size_t size, const char *name,
                  struct error *error)
{
    size_t count = set->count;
    if (size > 0 && bytes[0] == DER_TAG_SEQUENCE)
        return read_whole_der(set, bytes, size, name, error);
    if (size > 0 && !read_pem(set, bytes, size, name, error))
        return false;
    if (set->count > count)
        return true;
    bool has_certificate = size > 0 && find(bytes, size, PEM_BEGIN_CERTIFICATE) != NULL;
    error_set(error, ODBCSSL_ERROR_CRL_UNREADABLE, "%s: there is no CRL in it%s", name,
              has_certificate ? ", only certificates" : " (PEM \"X509 CRL\" or DER is wanted)");
    return false;
}

void crl_set_free(struct crl_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        crl_free(&set->items[i]);
    free(set->items);
    *set = (struct crl_set){0};
}
