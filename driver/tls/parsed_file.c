/*
 * parsed_file.c - takes one file apart for trust.c, client_identity.c and the command: text into
 * its PEM blocks, and bytes by what they are. What is found is copied, so that the file's bytes can
 * be wiped at once.
 */
#include "tls/parsed_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "tls/der.h"
#include "tls/parsed_parts.h"
#include "tls/pem.h"

const char *const parsed_default_passwords[] = {"changeit", "apsaradb", NULL};

/* ---- what was found ---- */

/* Appends a copy of the bytes to an array. false with error set: out of memory. */
static bool add_copy(struct parsed_item **items, size_t *count, const unsigned char *bytes,
                     size_t size, enum parsed_key_form form, struct error *error)
{
    unsigned char *copy = malloc(size + 1);
    struct parsed_item *grown = copy != NULL ? array_grow(*items, *count, sizeof *grown) : NULL;
    if (grown == NULL) {
        free(copy);
        return error_set_memory(error);
    }
    if (size > 0)
        memcpy(copy, bytes, size);
    copy[size] = '\0';
    *items = grown;
    struct parsed_item *item = &grown[(*count)++];
    item->bytes = copy;
    item->size = size;
    item->form = form;
    return true;
}

bool parsed_file_add_certificate(struct parsed_file *file, const unsigned char *bytes, size_t size,
                                 const char *name, struct error *error)
{
    if (file->certificate_count == PARSED_CERTIFICATE_LIMIT)
        return error_set(error, ODBCSSL_ERROR_FILE_MALFORMED,
                         "%s: the file holds more than the %d certificates that are read", name,
                         PARSED_CERTIFICATE_LIMIT);
    if (size > PARSED_CERTIFICATE_SIZE_LIMIT)
        return error_set(error, ODBCSSL_ERROR_FILE_MALFORMED,
                         "%s: certificate %zu has %zu bytes, more than the %zu KiB that are read",
                         name, file->certificate_count + 1, size,
                         PARSED_CERTIFICATE_SIZE_LIMIT >> 10);
    file->seen |= UINT64_C(1) << PARSED_CERTIFICATE;
    return add_copy(&file->certificates, &file->certificate_count, bytes, size, PARSED_KEY_PLAIN,
                    error);
}

bool parsed_add_certificate(const struct parsing *parsing, const unsigned char *bytes, size_t size)
{
    return parsed_file_add_certificate(parsing->file, bytes, size, parsing->source->name,
                                       parsing->error);
}

bool parsed_add_key(const struct parsing *parsing, const unsigned char *bytes, size_t size,
                    enum parsed_key_form form)
{
    struct parsed_file *file = parsing->file;
    parsed_saw(parsing, form == PARSED_KEY_PLAIN ? PARSED_PRIVATE_KEY : PARSED_ENCRYPTED_KEY);
    if (!parsed_wants_keys(parsing))
        return true;
    if (file->key_count == PARSED_KEY_LIMIT)
        return parsed_refuse(parsing, ODBCSSL_ERROR_FILE_MALFORMED,
                             "the file holds more than the %d private keys that are read",
                             PARSED_KEY_LIMIT);
    if (size > PARSED_KEY_SIZE_LIMIT)
        return parsed_refuse(parsing, ODBCSSL_ERROR_FILE_MALFORMED,
                             "private key %zu has %zu bytes, more than the %zu KiB that are read",
                             file->key_count + 1, size, PARSED_KEY_SIZE_LIMIT >> 10);
    return add_copy(&file->keys, &file->key_count, bytes, size, form, parsing->error);
}

void parsed_saw(const struct parsing *parsing, enum parsed_kind kind)
{
    parsing->file->seen |= UINT64_C(1) << kind;
}

bool parsed_wants_keys(const struct parsing *parsing)
{
    return parsing->source->wanted >= PARSED_WANTED_IDENTITY;
}

bool parsed_file_has(const struct parsed_file *file, enum parsed_kind kind)
{
    return (file->seen >> kind & 1) != 0;
}

bool parsed_file_has_keys(const struct parsed_file *file)
{
    return parsed_file_has(file, PARSED_PRIVATE_KEY) || parsed_file_has(file, PARSED_ENCRYPTED_KEY);
}

void parsed_file_free(struct parsed_file *file)
{
    for (size_t i = 0; i < file->certificate_count; i++)
        free(file->certificates[i].bytes);
    for (size_t i = 0; i < file->key_count; i++) {
        text_wipe(file->keys[i].bytes, file->keys[i].size);
        free(file->keys[i].bytes);
    }
    free(file->certificates);
    free(file->keys);
    *file = (struct parsed_file){0};
}

/* ---- refusals ---- */

bool parsed_refuse(const struct parsing *parsing, enum odbcssl_error code, const char *format, ...)
{
    char text[ERROR_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return error_set(parsing->error, code, "%s: %s", parsing->source->name, text);
}

bool parsed_damaged(const struct parsing *parsing, const char *what, const char *why)
{
    return parsed_refuse(parsing, ODBCSSL_ERROR_FILE_MALFORMED, "the %s is damaged: %s", what, why);
}

static bool damaged_block(const struct parsing *parsing, const struct pem_block *block,
                          const char *what)
{
    char label[80];
    return parsed_refuse(
        parsing, ODBCSSL_ERROR_FILE_MALFORMED, "the block '%s' that begins in line %zu %s",
        error_printable(block->label, block->label_size, label, sizeof label), block->line, what);
}

/* What stands behind something in DER may count as well, and is not passed over in silence. false:
 * it is not that. */
static bool refuse_rest(const struct parsing *parsing)
{
    const unsigned char *bytes = parsing->source->bytes;
    struct cursor cursor = cursor_over(bytes, parsing->source->size);
    struct der element;
    char rest[DER_REST_TEXT_SIZE];
    if (!ber_expect(&cursor, DER_TAG_SEQUENCE, &element) || der_is_padding(&cursor))
        return false;
    enum parsed_kind kind = parsed_kind_of(element.whole, element.whole_size);
    if (kind == PARSED_BINARY)
        return false;
    parsed_refuse(parsing, ODBCSSL_ERROR_FILE_MALFORMED,
                  "the file holds %s, and %s; a file in DER holds one thing, one in PEM several",
                  parsed_kind_name(kind), der_describe_rest(&cursor, bytes, rest));
    return true;
}

/* Nothing of what is wanted is in the file. */
static bool refuse(const struct parsing *parsing)
{
    char found[512] = "nothing that is known here";
    uint64_t seen = parsing->file->seen;
    const char *advice = parsed_kind_advice(seen);
    size_t used = 0;
    if (parsed_file_has(parsing->file, PARSED_BINARY) && refuse_rest(parsing))
        return false;
    /* "a private key and a certificate revocation list (CRL)" */
    for (unsigned kind = 0; kind < PARSED_KIND_COUNT && used < sizeof found; kind++) {
        if ((seen >> kind & 1) == 0)
            continue;
        const char *separator = used == 0 ? "" : seen >> kind == 1 ? " and " : ", ";
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%s", separator,
                                 parsed_kind_name((enum parsed_kind)kind));
    }
    return parsed_refuse(parsing, ODBCSSL_ERROR_FILE_MALFORMED,
                         "the file holds %s; what is wanted here is %s%s%s", found,
                         parsing->source->wanted == PARSED_WANTED_KEY
                             ? "a private key (PEM, DER, PKCS#12 or JKS)"
                             : "certificates (PEM, DER, PKCS#7, PKCS#12 or JKS)",
                         advice != NULL ? "; " : "", advice != NULL ? advice : "");
}

/* ---- content ---- */

/* Bytes of a known kind, as far as they are of use. What follows an ASN.1 element in the file, such
 * as a line end, is left out. */
static bool read_binary(const struct parsing *parsing, enum parsed_kind kind,
                        const unsigned char *bytes, size_t size)
{
    struct cursor cursor = cursor_over(bytes, size);
    struct der element;
    bool is_element = ber_expect(&cursor, DER_TAG_SEQUENCE, &element);
    switch (kind) {
    case PARSED_CERTIFICATE:
        return is_element && parsed_add_certificate(parsing, element.whole, element.whole_size);
    case PARSED_PRIVATE_KEY:
        return is_element &&
               parsed_add_key(parsing, element.whole, element.whole_size, PARSED_KEY_PLAIN);
    case PARSED_ENCRYPTED_KEY:
        return is_element &&
               parsed_add_key(parsing, element.whole, element.whole_size, PARSED_KEY_ENCRYPTED);
    case PARSED_PKCS7:
        return parsed_pkcs7_read(parsing, bytes, size);
    case PARSED_PKCS12:
        return is_element && parsed_pkcs12_read(parsing, element.whole, element.whole_size);
    case PARSED_JKS:
        return parsed_jks_read(parsing, bytes, size);
    default:
        parsed_saw(parsing, kind);
        return true;
    }
}

static bool read_encrypted_pem(const struct parsing *parsing, const struct pem_block *block)
{
    struct buffer text = {.is_secret = true};
    bool is_good = pem_rewrite(block, &text)
                       ? parsed_add_key(parsing, buffer_content(&text), buffer_length(&text),
                                        PARSED_KEY_ENCRYPTED_PEM)
                       : error_set_memory(parsing->error);
    buffer_free(&text);
    return is_good;
}

/* Labels lie: Java and Windows put PKCS#7 under CERTIFICATE. So the bytes decide again, but for
 * keys, which GnuTLS judges. */
static bool read_encoded(const struct parsing *parsing, const struct pem_block *block,
                         enum parsed_kind labelled)
{
    size_t size = 0;
    unsigned char *bytes = pem_decode(block->body, block->body_size, &size);
    if (bytes == NULL)
        return damaged_block(parsing, block, "is not base64");
    enum parsed_kind kind = parsed_kind_of(bytes, size);
    bool is_read;
    if (labelled == PARSED_PRIVATE_KEY || labelled == PARSED_ENCRYPTED_KEY)
        is_read = parsed_add_key(parsing, bytes, size,
                                 labelled == PARSED_PRIVATE_KEY ? PARSED_KEY_PLAIN
                                                                : PARSED_KEY_ENCRYPTED);
    else if (kind == labelled || (labelled == PARSED_CERTIFICATE && kind == PARSED_PKCS7))
        is_read = read_binary(parsing, kind, bytes, size);
    else
        is_read = damaged_block(parsing, block, "does not hold what its label says");
    text_wipe(bytes, size);
    free(bytes);
    return is_read;
}

static bool read_block(const struct parsing *parsing, const struct pem_block *block)
{
    enum parsed_kind kind = parsed_kind_of_label(block->label, block->label_size);
    switch (kind) {
    case PARSED_PRIVATE_KEY:
    case PARSED_ENCRYPTED_KEY:
        return pem_is_encrypted(block) ? read_encrypted_pem(parsing, block)
                                       : read_encoded(parsing, block, kind);
    case PARSED_CERTIFICATE:
    case PARSED_PKCS7:
    case PARSED_PKCS12:
        return read_encoded(parsing, block, kind);
    case PARSED_TRUSTED_CERTIFICATE:
        /* It may say what the certificate must not be trusted for, which nobody here would obey. */
        return parsed_refuse(parsing, ODBCSSL_ERROR_FILE_MALFORMED,
                             "line %zu begins %s, which is not supported; %s", block->line,
                             parsed_kind_name(kind), parsed_kind_advice(UINT64_C(1) << kind));
    default:
        parsed_saw(parsing, kind);
        return true;
    }
}

static bool read_pem(const struct parsing *parsing)
{
    struct pem_reader reader = pem_over(parsing->source->bytes, parsing->source->size);
    struct pem_block block;
    enum pem_outcome outcome;
    while ((outcome = pem_next(&reader, &block)) == PEM_BLOCK)
        if (!read_block(parsing, &block))
            return false;
    return outcome == PEM_END ||
           damaged_block(parsing, &block, "is cut short: its END line is missing");
}

/* Text without PEM blocks may be base64 and nothing else, as Windows writes .p7b and .cer. */
static bool read_text(const struct parsing *parsing)
{
    size_t size = 0;
    unsigned char *bytes =
        pem_decode((const char *)parsing->source->bytes, parsing->source->size, &size);
    enum parsed_kind kind = bytes != NULL ? parsed_kind_of(bytes, size) : PARSED_TEXT;
    bool is_useful = kind == PARSED_CERTIFICATE || kind == PARSED_PKCS7;
    bool is_read = read_binary(parsing, is_useful ? kind : PARSED_TEXT, bytes, size);
    text_wipe(bytes, size);
    free(bytes);
    return is_read;
}

bool parsed_file_read(const struct parsed_source *source, struct parsed_file *file,
                      struct error *error)
{
    const struct parsing parsing = {source, file, error};
    const struct parsed_file before = *file; /* with what other files held */
    enum parsed_kind kind = parsed_kind_of(source->bytes, source->size);
    file->seen = 0;
    bool is_read = kind == PARSED_PEM    ? read_pem(&parsing)
                   : kind == PARSED_TEXT ? read_text(&parsing)
                                         : read_binary(&parsing, kind, source->bytes, source->size);
    bool has_wanted =
        source->wanted == PARSED_WANTED_ANYTHING ||
        (source->wanted == PARSED_WANTED_KEY ? file->key_count > before.key_count
                                             : file->certificate_count > before.certificate_count);
    is_read = is_read && (has_wanted || refuse(&parsing));
    file->seen |= before.seen;
    return is_read;
}

bool parsed_file_load(const struct option *option, enum parsed_wanted wanted,
                      const struct file_access *access, struct parsed_file *file,
                      struct error *error)
{
    struct file_content content;
    char name[OPTION_TEXT_SIZE];
    if (!watch_read(access, option, false, &content, error))
        return false;
    const struct parsed_source source = {.bytes = content.bytes,
                                         .size = content.size,
                                         .name = option_describe(option, name, sizeof name),
                                         .password = access->password,
                                         .wanted = wanted};
    bool is_read = parsed_file_read(&source, file, error);
    /* Only now it is known whether there are keys in it, as there had better be. */
    if (is_read && wanted >= PARSED_WANTED_CHAIN && parsed_file_has_keys(file))
        is_read = file_permissions_check(option, &content.status, true, access->permissions, error);
    file_content_free(&content);
    return is_read;
}
