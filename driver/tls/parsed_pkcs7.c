/*
 * parsed_pkcs7.c - .p7b files, for parsed_file.c. GnuTLS's reader searches its list from the start
 * for each certificate, which takes minutes for a large one.
 */
#include "tls/der.h"
#include "tls/parsed_parts.h"

/* 1.2.840.113549.1.7.2, signed data */
#define OID_SIGNED_DATA "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"

/* ContentInfo { OID, [0] SignedData { version, digests, content, ... (RFC 5652, 3 and 5.1) */
bool parsed_pkcs7_read(const struct parsing *parsing, const unsigned char *bytes, size_t size)
{
    struct cursor cursor = cursor_over(bytes, size);
    struct der info = {0}, oid = {0}, wrapper = {0}, data = {0}, part, certificate;
    bool is_read = ber_expect(&cursor, DER_TAG_SEQUENCE, &info);
    struct cursor inside = der_inside(&info);
    is_read = is_read && ber_expect(&inside, DER_TAG_OID, &oid) &&
              ber_expect(&inside, DER_TAG_CONTEXT_CONSTRUCTED(0), &wrapper);
    struct cursor wrapped = der_inside(&wrapper);
    is_read = is_read && ber_expect(&wrapped, DER_TAG_SEQUENCE, &data);
    struct cursor fields = der_inside(&data);
    is_read = is_read && DER_IS_OID(&oid, OID_SIGNED_DATA) &&
              ber_expect(&fields, DER_TAG_INTEGER, &part) &&
              ber_expect(&fields, DER_TAG_SET, &part) &&
              ber_expect(&fields, DER_TAG_SEQUENCE, &part);
    if (!is_read)
        return parsed_damaged(parsing, "PKCS#7 file", "it is no list of certificates");
    parsed_saw(parsing, PARSED_PKCS7);
    while (ber_next(&fields, &part)) {
        struct cursor list = der_inside(&part);
        while (part.tag == DER_TAG_CONTEXT_CONSTRUCTED(0) && ber_next(&list, &certificate))
            /* What is no SEQUENCE is an attribute certificate. */
            if (certificate.tag == DER_TAG_SEQUENCE &&
                !parsed_add_certificate(parsing, certificate.whole, certificate.whole_size))
                return false;
        if (list.is_short)
            return parsed_damaged(parsing, "PKCS#7 file", "its list is cut short");
        if (part.tag == DER_TAG_CONTEXT_CONSTRUCTED(1) && part.size > 0)
            parsed_saw(parsing, PARSED_CRL);
    }
    return !fields.is_short || parsed_damaged(parsing, "PKCS#7 file", "it is cut short");
}
