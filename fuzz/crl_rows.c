/*
 * crl_rows.c - a CRL of any rows and any scope, whose lengths are right: what is listed is found,
 * and what is not is not, however a serial is written.
 *
 * Input: whether it is v2, a serial to look for, the value of issuingDistributionPoint
 * (fuzz_put_der), then rows: the size of the serial, the serial, what extension the row has, and
 * for some its value.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/target.h"
#include "support/der.h"
#include "support/pki.h"
#include "tls/crl.h"

#define ROW_LIMIT 64
#define SERIAL_LIMIT 24

enum row_extension { ROW_PLAIN, ROW_REASON, ROW_ISSUER, ROW_UNKNOWN, ROW_DATE, ROW_KINDS };

struct row {
    unsigned char serial[SERIAL_LIMIT];
    size_t size;
    enum row_extension extension;
    unsigned char reason;
};

struct list {
    bool is_v2;
    struct row wanted;
    struct buffer scope;
    struct row rows[ROW_LIMIT];
    size_t count;
};

static void read_serial(struct cursor *cursor, struct row *row)
{
    row->size = 1 + cursor_u8(cursor) % SERIAL_LIMIT;
    row->size = row->size < cursor->left ? row->size : cursor->left;
    if (row->size > 0)
        memcpy(row->serial, cursor_bytes(cursor, row->size), row->size);
}

static void read_input(struct cursor *cursor, struct list *list)
{
    uint8_t choice = cursor_u8(cursor);
    list->is_v2 = (choice & 1) != 0;
    read_serial(cursor, &list->wanted);
    if ((choice & 2) != 0)
        fuzz_put_der(cursor, &list->scope);
    while (cursor->left > 0 && list->count < ROW_LIMIT) {
        struct row *row = &list->rows[list->count];
        read_serial(cursor, row);
        row->extension = list->is_v2 ? cursor_u8(cursor) % ROW_KINDS : ROW_PLAIN;
        row->reason = row->extension == ROW_REASON ? cursor_u8(cursor) : 0;
        list->count += row->size > 0;
    }
}

static void put_row(struct buffer *out, const struct row *row)
{
    static const struct {
        const char *oid;
        bool is_critical;
    } kinds[ROW_KINDS] = {[ROW_REASON] = {"2.5.29.21", false},
                          [ROW_ISSUER] = {"2.5.29.29", true},
                          [ROW_UNKNOWN] = {"1.2.3", true},
                          [ROW_DATE] = {"2.5.29.24", true}};
    struct buffer fields = {0}, extensions = {0};
    const unsigned char reason[] = {DER_ENUMERATED, 1, row->reason};
    der_put(&fields, DER_INTEGER, row->serial, row->size);
    der_put_time(&fields, 1700000000);
    if (row->extension != ROW_PLAIN) {
        der_put_extension(&extensions, kinds[row->extension].oid, kinds[row->extension].is_critical,
                          reason, sizeof reason);
        der_wrap(&fields, DER_SEQUENCE, &extensions);
    }
    der_wrap(out, DER_SEQUENCE, &fields);
}

static void put_list(struct buffer *out, struct list *list)
{
    struct buffer tbs = {0}, rows = {0}, extension = {0}, extensions = {0};
    if (list->is_v2)
        der_put_number(&tbs, 1);
    fuzz_put_algorithm(&tbs);
    der_put(&tbs, DER_SEQUENCE, NULL, 0);
    der_put_time(&tbs, 1700000000);
    for (size_t i = 0; i < list->count; i++)
        put_row(&rows, &list->rows[i]);
    der_wrap(&tbs, DER_SEQUENCE, &rows);
    if (list->is_v2 && buffer_length(&list->scope) > 0) {
        der_put_extension(&extension, "2.5.29.28", true, buffer_content(&list->scope),
                          buffer_length(&list->scope));
        der_wrap(&extensions, DER_SEQUENCE, &extension);
        der_wrap(&tbs, DER_CONTEXT_CONSTRUCTED, &extensions);
    }
    fuzz_put_signed(out, &tbs);
}

/* By value, as two's complement of one size. */
static bool is_same_serial(const struct row *a, const struct row *b)
{
    unsigned char wide[2][SERIAL_LIMIT];
    const struct row *rows[] = {a, b};
    for (size_t i = 0; i < 2; i++) {
        memset(wide[i], rows[i]->serial[0] >= 0x80 ? 0xff : 0, SERIAL_LIMIT);
        memcpy(wide[i] + SERIAL_LIMIT - rows[i]->size, rows[i]->serial, rows[i]->size);
    }
    return memcmp(wide[0], wide[1], SERIAL_LIMIT) == 0;
}

static enum crl_reason reason_of(const struct row *row)
{
    bool is_known = row->extension == ROW_REASON && row->reason <= 10 && row->reason != 7;
    return is_known ? (enum crl_reason)row->reason : CRL_REASON_UNSPECIFIED;
}

/* The first of several rows counts. */
static void look_for(const struct crl *crl, const struct list *list, const struct row *wanted)
{
    struct crl_entry entry = {0};
    size_t i = 0;
    while (i < list->count && !is_same_serial(&list->rows[i], wanted))
        i++;
    const struct der serial = {.content = wanted->serial, .size = wanted->size};
    fuzz_require(crl_find(crl, &serial, &entry) == (i < list->count));
    if (i < list->count)
        fuzz_require(entry.reason == reason_of(&list->rows[i]) && entry.revoked_at == 1700000000);
}

static void ask(const struct crl *crl, const struct list *list)
{
    static const struct certificate nobody;
    bool is_indirect = false, is_unknown = false;
    fuzz_require(crl->index.count == list->count);
    for (size_t i = 0; i < list->count; i++) {
        look_for(crl, list, &list->rows[i]);
        is_indirect = is_indirect || list->rows[i].extension == ROW_ISSUER;
        is_unknown = is_unknown || list->rows[i].extension == ROW_UNKNOWN;
    }
    if (list->wanted.size > 0)
        look_for(crl, list, &list->wanted);
    fuzz_require((!is_indirect || crl->is_indirect) &&
                 (!is_unknown || crl->unknown_extension.whole != NULL));
    crl_scope_gap(crl, &nobody);
    fuzz_require(crl_is_same_scope(crl, crl));
}

FUZZ_TARGET(crl_rows, bytes, size)
{
    static struct list list;
    struct cursor cursor = cursor_over(bytes, size);
    struct buffer out = {0};
    struct error error = {0};
    list = (struct list){0};
    read_input(&cursor, &list);
    put_list(&out, &list);
    unsigned char *der = fuzz_copy(buffer_content(&out), buffer_length(&out));
    struct crl *crl = crl_read_der(der, buffer_length(&out), "fuzz", &error);
    fuzz_require((crl != NULL) != error_is_set(&error));
    fuzz_require(crl != NULL || buffer_length(&list.scope) > 0);
    if (crl != NULL)
        ask(crl, &list);
    crl_free(&crl);
    buffer_free(&out);
    buffer_free(&list.scope);
}
