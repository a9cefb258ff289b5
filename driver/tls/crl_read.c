/*
 * crl_read.c - from the bytes of a CRL to struct crl: one walk over the DER, field by field, that
 * keeps where things stand and copies nothing. What it cannot read whole it refuses: a row that is
 * passed over may be the one that revokes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tls/crl_parts.h"
#include "tls/name.h"

#define OID_CRL_NUMBER "\x55\x1d\x14"
#define OID_REASON "\x55\x1d\x15"
#define OID_HOLD_INSTRUCTION "\x55\x1d\x17"
#define OID_INVALIDITY_DATE "\x55\x1d\x18"
#define OID_DELTA_INDICATOR "\x55\x1d\x1b"
#define OID_DISTRIBUTION_POINT "\x55\x1d\x1c"
#define OID_CERTIFICATE_ISSUER "\x55\x1d\x1d"
#define OID_ISSUER_ALT_NAME "\x55\x1d\x12"
#define OID_AUTHORITY_KEY "\x55\x1d\x23"

static const char *const reason_names[CRL_REASON_LAST + 1] = {
    "unspecified",   "keyCompromise",        "cACompromise",    "affiliationChanged",
    "superseded",    "cessationOfOperation", "certificateHold", NULL,
    "removeFromCRL", "privilegeWithdrawn",   "aACompromise"};

static void note_row_extension(struct crl_row *row, const struct der_extension *extension)
{
    struct cursor inside = der_inside(&extension->value);
    struct der code;
    unsigned number = 0;
    if (DER_IS_OID(&extension->oid, OID_REASON)) {
        /* Read leniently, as it only informs: an unknown one is "unspecified". */
        if (der_expect(&inside, DER_TAG_ENUMERATED, &code) && der_read_number(&code, &number) &&
            number <= CRL_REASON_LAST && reason_names[number] != NULL)
            row->entry.reason = (enum crl_reason)number;
    } else if (DER_IS_OID(&extension->oid, OID_CERTIFICATE_ISSUER)) {
        row->is_indirect = true;
    } else if (extension->is_critical && !DER_IS_OID(&extension->oid, OID_HOLD_INSTRUCTION) &&
               !DER_IS_OID(&extension->oid, OID_INVALIDITY_DATE)) {
        row->unknown_extension = extension->oid;
    }
}

bool crl_read_row(struct cursor *rows, bool is_v2, struct crl_row *row_out)
{
    struct der sequence, time, extensions;
    *row_out = (struct crl_row){0};
    if (!der_expect(rows, DER_TAG_SEQUENCE, &sequence))
        return false;
    struct cursor inside = der_inside(&sequence);
    if (!der_expect(&inside, DER_TAG_INTEGER, &row_out->serial) || row_out->serial.size == 0 ||
        !der_next(&inside, &time) ||
        (time.tag != DER_TAG_UTC_TIME && time.tag != DER_TAG_GENERALIZED_TIME))
        return false;
    /* Leniently, as it only informs: old rows have dates without seconds, or with fractions. */
    if (!der_read_time(&time, &row_out->entry.revoked_at))
        row_out->entry.revoked_at = 0;
    if (is_v2 && der_optional(&inside, DER_TAG_SEQUENCE, &extensions)) {
        struct cursor list = der_inside(&extensions);
        struct der_extension extension;
        while (der_next_extension(&list, &extension))
            note_row_extension(row_out, &extension);
        if (!der_is_at_end(&list))
            return false;
    }
    return der_is_at_end(&inside);
}

static const char *read_list_extensions(struct crl *crl, struct cursor *tbs)
{
    struct der explicit_tag, sequence;
    if (!crl->is_v2 || !der_optional(tbs, DER_TAG_CONTEXT_CONSTRUCTED(0), &explicit_tag))
        return NULL;
    struct cursor inside = der_inside(&explicit_tag);
    if (!der_expect(&inside, DER_TAG_SEQUENCE, &sequence) || !der_is_at_end(&inside))
        return "its extensions are malformed";
    struct cursor list = der_inside(&sequence);
    struct der_extension extension;
    while (der_next_extension(&list, &extension)) {
        if (DER_IS_OID(&extension.oid, OID_DISTRIBUTION_POINT)) {
            if (crl->scope.whole.whole != NULL)
                return "it has two issuingDistributionPoint extensions";
            if (!crl_scope_read(crl, &extension.value))
                return "its issuingDistributionPoint is malformed";
        } else if (DER_IS_OID(&extension.oid, OID_DELTA_INDICATOR)) {
            crl->is_delta = true;
        } else if (extension.is_critical && !DER_IS_OID(&extension.oid, OID_CRL_NUMBER) &&
                   !DER_IS_OID(&extension.oid, OID_AUTHORITY_KEY) &&
                   !DER_IS_OID(&extension.oid, OID_ISSUER_ALT_NAME)) {
            crl->unknown_extension = extension.oid;
            crl->unknown_serial = (struct der){0};
        }
    }
    return der_is_at_end(&list) ? NULL : "its extensions are malformed";
}

/* CertificateList, RFC 5280, 5.1. Returns what is wrong, also in rest, or NULL. Behind it a second
 * one would not count. */
static const char *read_list(struct crl *crl, char *rest)
{
    struct cursor all = cursor_over(crl->bytes, crl->size);
    struct der sequence, version, algorithm, time, rows;
    unsigned number = 0;
    if (crl->size > UINT32_MAX)
        return "it is too large";
    if (!der_expect(&all, DER_TAG_SEQUENCE, &sequence))
        return "it is not a DER sequence, or is cut short";
    if (!der_is_padding(&all))
        return der_describe_rest(&all, crl->bytes, rest);
    crl->size = sequence.whole_size;
    if (!signature_read(&sequence, &crl->signature))
        return "it has not the three parts of a CRL";
    if (crl->signature.bits.size < 2 || crl->signature.bits.content[0] != 0)
        return "its signature is not a whole number of bytes";
    struct cursor tbs = der_inside(&crl->signature.signed_bytes);
    crl->is_v2 = der_optional(&tbs, DER_TAG_INTEGER, &version);
    if (crl->is_v2 && (!der_read_number(&version, &number) || number != 1))
        return "its version is neither 1 nor 2";
    if (!der_expect(&tbs, DER_TAG_SEQUENCE, &algorithm) ||
        !der_equal(&algorithm, &crl->signature.algorithm))
        return "its two signature algorithms differ";
    if (!der_expect(&tbs, DER_TAG_SEQUENCE, &crl->issuer))
        return "its issuer is not a name";
    crl->issuer_hash = name_hash(&crl->issuer);
    if (!der_next(&tbs, &time) || !der_read_time(&time, &crl->this_update))
        return "its thisUpdate is not a date";
    bool has_next = der_optional(&tbs, DER_TAG_UTC_TIME, &time) ||
                    der_optional(&tbs, DER_TAG_GENERALIZED_TIME, &time);
    if (tbs.is_short || (has_next && !der_read_time(&time, &crl->next_update)))
        return "its nextUpdate is not a date";
    const char *fault = NULL;
    if (der_optional(&tbs, DER_TAG_SEQUENCE, &rows) && rows.size > 0)
        fault = crl_index_build(crl, &rows);
    if (fault == NULL)
        fault = read_list_extensions(crl, &tbs);
    if (fault == NULL && !der_is_at_end(&tbs))
        fault = "something stands where no field belongs";
    return fault;
}

struct crl *crl_read_der(unsigned char *bytes, size_t size, const char *name, struct error *error)
{
    struct crl *crl = calloc(1, sizeof *crl);
    if (crl == NULL) {
        free(bytes);
        error_set_memory(error);
        return NULL;
    }
    *crl = (struct crl){.bytes = bytes, .size = size, .name = strdup(name)};
    char rest[DER_REST_TEXT_SIZE];
    const char *fault = read_list(crl, rest);
    if (crl->name == NULL || fault == crl_out_of_memory)
        error_set_memory(error);
    else if (fault != NULL)
        error_set(error, ODBCSSL_ERROR_CRL_UNREADABLE, "%s: the CRL cannot be read: %s%s", name,
                  fault, fault == rest ? "; a file in DER holds one CRL, one in PEM several" : "");
    if (crl->name == NULL || fault != NULL)
        crl_free(&crl);
    return crl;
}

void crl_free(struct crl **crl)
{
    if (*crl == NULL)
        return;
    free((*crl)->index.slots);
    free((*crl)->bytes);
    free((*crl)->name);
    free(*crl);
    *crl = NULL;
}

const char *crl_describe_unknown(const struct crl *crl, char *out, size_t out_size)
{
    char oid[DER_OID_TEXT_SIZE], serial[3 * 60 + 1];
    der_format_oid(&crl->unknown_extension, oid, sizeof oid);
    if (crl->unknown_serial.whole == NULL)
        snprintf(out, out_size, "%s, an extension of the list", oid);
    else
        snprintf(out, out_size, "%s, an extension of the entry for serial %s", oid,
                 certificate_format_serial(&crl->unknown_serial, serial, sizeof serial));
    return out;
}

const char *crl_reason_name(enum crl_reason reason)
{
    return reason_names[reason];
}
