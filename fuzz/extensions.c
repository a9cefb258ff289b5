/*
 * extensions.c - what stands in the extensions and names of a path of three certificates, all of
 * whose lengths are right, so that a change goes to what is meant and not to how it is wrapped.
 *
 * Input: pieces of two bytes, which certificate (and whether critical) and which extension, and the
 * value (fuzz_put_der).
 */
#include <stdlib.h>

#include "fuzz/target.h"
#include "support/der.h"
#include "support/pki.h"
#include "tls/certificate.h"

#define COUNT 3
#define CRITICAL 0x80
#define SUBJECT 16 /* in place of an extension: the value is the subject */

static const char *const oids[SUBJECT] = {
    "2.5.29.14",         "2.5.29.15",          "2.5.29.17", "2.5.29.18", "2.5.29.19", "2.5.29.30",
    "2.5.29.31",         "2.5.29.32",          "2.5.29.33", "2.5.29.35", "2.5.29.36", "2.5.29.37",
    "1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.1.11", "2.5.29.54", "1.2.3"};

struct parts {
    struct buffer subject[COUNT];
    struct buffer extensions[COUNT];
    struct buffer certificates[COUNT];
};

/* A SubjectPublicKeyInfo that is a key. */
static const struct der *get_key(void)
{
    static struct certificate certificate;
    static gnutls_datum_t der;
    if (der.data == NULL) {
        struct pki_certificate *made = pki_issue(&(struct pki_spec){.common_name = "x"});
        fuzz_require(made != NULL);
        der = pki_der(made);
        pki_free(&made);
        fuzz_require(certificate_read(der.data, der.size, &certificate) == NULL);
    }
    return &certificate.public_key;
}

static void read_pieces(struct cursor *cursor, struct parts *parts)
{
    while (cursor->left > 2) {
        uint8_t where = cursor_u8(cursor), what = cursor_u8(cursor) % (SUBJECT + 1);
        struct buffer value = {0};
        fuzz_put_der(cursor, &value);
        size_t i = (where & ~CRITICAL) % COUNT;
        if (what == SUBJECT && buffer_length(&parts->subject[i]) == 0)
            buffer_append(&parts->subject[i], buffer_content(&value), buffer_length(&value));
        else if (what != SUBJECT)
            der_put_extension(&parts->extensions[i], oids[what], (where & CRITICAL) != 0,
                              buffer_content(&value), buffer_length(&value));
        buffer_free(&value);
    }
}

static void put_name(struct buffer *out, const struct buffer *chosen)
{
    if (buffer_length(chosen) > 0)
        buffer_append(out, buffer_content(chosen), buffer_length(chosen));
    else
        der_put(out, DER_SEQUENCE, NULL, 0);
}

static void put_certificate(struct parts *parts, size_t i)
{
    struct buffer version = {0}, validity = {0}, list = {0}, tbs = {0};
    der_put_number(&version, 2);
    der_wrap(&tbs, DER_CONTEXT_CONSTRUCTED, &version);
    der_put_number(&tbs, i + 1);
    fuzz_put_algorithm(&tbs);
    put_name(&tbs, &parts->subject[i + 1 < COUNT ? i + 1 : i]);
    der_put_time(&validity, 1700000000);
    der_put_time(&validity, 1900000000);
    der_wrap(&tbs, DER_SEQUENCE, &validity);
    put_name(&tbs, &parts->subject[i]);
    buffer_append(&tbs, get_key()->whole, get_key()->whole_size);
    der_wrap(&list, DER_SEQUENCE, &parts->extensions[i]);
    der_wrap(&tbs, DER_CONTEXT_CONSTRUCTED + 3, &list);
    fuzz_put_signed(&parts->certificates[i], &tbs);
}

FUZZ_TARGET(extensions, bytes, size)
{
    static struct certificate certificates[COUNT];
    unsigned char *copies[COUNT];
    struct cursor cursor = cursor_over(bytes, size);
    struct parts parts = {0};
    size_t count = 0;
    read_pieces(&cursor, &parts);
    for (size_t i = 0; i < COUNT; i++) {
        put_certificate(&parts, i);
        size_t length = buffer_length(&parts.certificates[i]);
        copies[i] = fuzz_copy(buffer_content(&parts.certificates[i]), length);
        count += certificate_read(copies[i], length, &certificates[count]) == NULL;
    }
    fuzz_check_rules(certificates, count);
    for (size_t i = 0; i < COUNT; i++) {
        free(copies[i]);
        buffer_free(&parts.subject[i]);
        buffer_free(&parts.certificates[i]);
    }
}
