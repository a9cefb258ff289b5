#include "tls/formats.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tls/der.h"
#include "tls/content.h"
#include "tls/jks.h"
#include "tls/pem.h"
#include "tls/pkcs12.h"
#include "tls/pkcs7.h"

struct reading {
    const struct store *file;
    struct material *material;
    struct error *error;
};

/* What to do about content that is recognised and refused. */
static const struct {
    enum content_kind kind;
    const char *advice;
} advices[] = {
    {CONTENT_TRUSTED_CERTIFICATE, "convert it with: openssl x509 -in FILE -out NEW"},
    {CONTENT_JCEKS, "convert it with: keytool -importkeystore -deststoretype PKCS12"},
    {CONTENT_BKS, "convert it to PKCS#12 with keytool and Bouncy Castle's provider"},
    {CONTENT_OPENSSH_KEY, "convert a copy of it with: ssh-keygen -p -m PKCS8 -f COPY"},
    {CONTENT_PUTTY_KEY, "export it as PEM with puttygen"},
    {CONTENT_ZIP, "unpack it first"},
    {CONTENT_GZIP, "unpack it first"},
    {CONTENT_UTF16, "save it as UTF-8 or ASCII"},
    {CONTENT_HTML, "it is probably an error page of a download"},
};

static const char *find_advice(uint64_t seen)
{
    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++)
        if ((seen >> advices[i].kind & 1) != 0)
            return advices[i].advice;
    return NULL;
}

static bool read_der_certificate(const struct reading *reading, const unsigned char *bytes,
                                 size_t size)
{
    struct cursor cursor = cursor_over(bytes, size);
    struct der whole;
    if (!ber_expect(&cursor, DER_TAG_SEQUENCE, &whole))
        return false;
    return material_add_certificate(reading->material, whole.whole, whole.whole_size,
                                    reading->file->name, reading->error);
}

static bool add_key(const struct reading *reading, const unsigned char *bytes, size_t size,
                    bool is_pem, bool is_encrypted)
{
    const struct material_key key = {(unsigned char *)bytes, size, is_pem, is_encrypted};
    return material_add_key(reading->material, &key, reading->file->name, reading->error);
}

/* Without what may follow it in the file, such as a line end. */
static bool read_der_key(const struct reading *reading, const unsigned char *bytes, size_t size,
                         bool is_encrypted)
{
    struct cursor cursor = cursor_over(bytes, size);
    struct der whole;
    return ber_expect(&cursor, DER_TAG_SEQUENCE, &whole) &&
           add_key(reading, whole.whole, whole.whole_size, false, is_encrypted);
}

static bool read_store(const struct reading *reading, enum content_kind kind,
                       const unsigned char *bytes, size_t size)
{
    struct store store = *reading->file;
    store.bytes = bytes;
    store.size = size;
    material_saw(reading->material, kind);
    return kind == CONTENT_JKS ? jks_read(&store, reading->material, reading->error)
                               : pkcs12_read(&store, reading->material, reading->error);
}

/* Binary content of a known kind. What is of no use is only noted. */
static bool read_binary(const struct reading *reading, enum content_kind kind,
                        const unsigned char *bytes, size_t size)
{
    switch (kind) {
    case CONTENT_CERTIFICATE:
        return read_der_certificate(reading, bytes, size);
    case CONTENT_PKCS7:
        return pkcs7_read(bytes, size, reading->file->name, reading->material, reading->error);
    case CONTENT_PRIVATE_KEY:
    case CONTENT_ENCRYPTED_KEY:
        return read_der_key(reading, bytes, size, kind == CONTENT_ENCRYPTED_KEY);
    case CONTENT_PKCS12:
    case CONTENT_JKS:
        return read_store(reading, kind, bytes, size);
    default:
        material_saw(reading->material, kind);
        return true;
    }
}

static bool damaged_block(const struct reading *reading, const struct pem_block *block,
                          const char *what)
{
    char label[80];
    error_set(reading->error, ODBCSSL_ERROR_FILE_MALFORMED,
              "%s: the block '%s' that begins in line %zu %s", reading->file->name,
              error_printable(block->label, block->label_size, label, sizeof label), block->line,
              what);
    return false;
}

static bool read_pem_key(const struct reading *reading, const struct pem_block *block,
                         bool is_encrypted)
{
    struct buffer text = {0};
    bool is_good = pem_rewrite(block, &text);
    if (!is_good)
        error_set_memory(reading->error);
    is_good = is_good && add_key(reading, buffer_content(&text), buffer_length(&text), true,
                                 is_encrypted || pem_is_encrypted(block, NULL, 0));
    text_wipe(text.storage, text.storage != NULL ? text.capacity : 0);
    buffer_free(&text);
    return is_good;
}

/* Labels lie: Java and Windows put PKCS#7 under CERTIFICATE. So the bytes decide again. */
static bool read_pem_binary(const struct reading *reading, const struct pem_block *block,
                            enum content_kind labelled)
{
    size_t size = 0;
    unsigned char *bytes = pem_decode(block->body, block->body_size, &size);
    if (bytes == NULL)
        return damaged_block(reading, block, "is not base64");
    enum content_kind kind = content_recognise(bytes, size);
    bool is_expected = kind == labelled ||
                       (labelled == CONTENT_CERTIFICATE && kind == CONTENT_PKCS7) ||
                       (labelled == CONTENT_PKCS7 && kind == CONTENT_CMS_OTHER);
    bool is_read = is_expected ? read_binary(reading, kind, bytes, size)
                               : damaged_block(reading, block, "does not hold what its label says");
    text_wipe(bytes, size);
    free(bytes);
    return is_read;
}

static bool read_block(const struct reading *reading, const struct pem_block *block)
{
    enum content_kind kind = content_of_label(block->label, block->label_size);
    switch (kind) {
    case CONTENT_CERTIFICATE:
    case CONTENT_PKCS7:
    case CONTENT_PKCS12:
        return read_pem_binary(reading, block, kind);
    case CONTENT_PRIVATE_KEY:
    case CONTENT_ENCRYPTED_KEY:
        return read_pem_key(reading, block, kind == CONTENT_ENCRYPTED_KEY);
    case CONTENT_TRUSTED_CERTIFICATE:
        /* It may say what the certificate must not be trusted for, which nobody here would obey. */
        error_set(reading->error, ODBCSSL_ERROR_FILE_MALFORMED,
                  "%s: line %zu begins %s, which is not supported; %s", reading->file->name,
                  block->line, content_kind_name(kind), find_advice(UINT64_C(1) << kind));
        return false;
    default:
        material_saw(reading->material, kind);
        return true;
    }
}

static bool read_pem(const struct reading *reading)
{
    struct pem_reader reader = pem_over(reading->file->bytes, reading->file->size);
    struct pem_block block;
    for (;;) {
        switch (pem_next(&reader, &block)) {
        case PEM_END:
            return true;
        case PEM_UNTERMINATED:
            return damaged_block(reading, &block, "is cut short: its END line is missing");
        case PEM_BLOCK:
            break;
        }
        if (!read_block(reading, &block))
            return false;
    }
}

/* A file that is base64 and nothing else, as Windows writes .p7b and .cer. */
static bool read_bare_base64(const struct reading *reading)
{
    size_t size = 0;
    unsigned char *bytes =
        pem_decode((const char *)reading->file->bytes, reading->file->size, &size);
    enum content_kind kind = bytes != NULL ? content_recognise(bytes, size) : CONTENT_BINARY;
    bool is_useful = kind == CONTENT_CERTIFICATE || kind == CONTENT_PKCS7;
    bool is_read = true;
    if (is_useful)
        is_read = read_binary(reading, kind, bytes, size);
    else
        material_saw(reading->material, CONTENT_TEXT);
    text_wipe(bytes, bytes != NULL ? size : 0);
    free(bytes);
    return is_read;
}

static bool read_content(const struct reading *reading)
{
    enum content_kind kind = content_recognise(reading->file->bytes, reading->file->size);
    if (kind == CONTENT_PEM)
        return read_pem(reading);
    if (kind == CONTENT_TEXT)
        return read_bare_base64(reading);
    return read_binary(reading, kind, reading->file->bytes, reading->file->size);
}

static bool is_wanted_found(enum formats_wanted wanted, const struct material *material)
{
    switch (wanted) {
    case FORMATS_WANTED_CERTIFICATES:
        return material->certificate_count > 0;
    case FORMATS_WANTED_KEY:
        return material->key_count > 0;
    case FORMATS_WANTED_ANYTHING:
        return true;
    }
    return false;
}

static bool refuse(const struct reading *reading, enum formats_wanted wanted)
{
    char found[512];
    const char *advice = find_advice(reading->material->seen);
    error_set(reading->error, ODBCSSL_ERROR_FILE_MALFORMED,
              "%s: the file holds %s; what is wanted here is %s%s%s", reading->file->name,
              material_describe(reading->material, found, sizeof found),
              wanted == FORMATS_WANTED_KEY ? "a private key (PEM, DER, PKCS#12 or JKS)"
                                           : "certificates (PEM, DER, PKCS#7, PKCS#12 or JKS)",
              advice != NULL ? "; " : "", advice != NULL ? advice : "");
    return false;
}

bool formats_read(const struct store *file, enum formats_wanted wanted, struct material *material,
                  struct error *error)
{
    struct reading reading = {file, material, error};
    if (!read_content(&reading))
        return false;
    return is_wanted_found(wanted, material) || refuse(&reading, wanted);
}
