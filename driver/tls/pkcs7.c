#include "tls/pkcs7.h"

#include "tls/asn1.h"

static bool malformed(const char *name, struct error *error)
{
    error_set(error, ODBCSSL_ERROR_FILE_MALFORMED, "%s: the PKCS#7 file is damaged", name);
    return false;
}

/* ContentInfo { OID, [0] SignedData { version, digests, content, ... (RFC 5652, 3 and 5.1) */
static bool enter_signed_data(const unsigned char *bytes, size_t size, struct cursor *rest_out)
{
    struct cursor cursor = cursor_over(bytes, size);
    struct asn1 info, oid, wrapper, data, skipped;
    if (!asn1_expect(&cursor, ASN1_SEQUENCE, &info))
        return false;
    struct cursor inside = asn1_inside(&info);
    if (!asn1_expect(&inside, ASN1_OID, &oid) || !asn1_expect(&inside, ASN1_CONTEXT_0, &wrapper))
        return false;
    struct cursor wrapped = asn1_inside(&wrapper);
    if (!asn1_expect(&wrapped, ASN1_SEQUENCE, &data))
        return false;
    *rest_out = asn1_inside(&data);
    return asn1_expect(rest_out, ASN1_INTEGER, &skipped) &&
           asn1_expect(rest_out, ASN1_SET, &skipped) &&
           asn1_expect(rest_out, ASN1_SEQUENCE, &skipped);
}

static bool add_certificates(const struct asn1 *list, const char *name, struct material *material,
                             struct error *error)
{
    struct cursor inside = asn1_inside(list);
    struct asn1 certificate;
    while (asn1_next(&inside, &certificate)) {
        if (certificate.tag != ASN1_SEQUENCE)
            material_saw(material, CONTENT_ATTRIBUTE_CERTIFICATE);
        else if (!material_add_certificate(material, certificate.whole, certificate.whole_size,
                                           name, error))
            return false;
    }
    return !inside.is_short || malformed(name, error);
}

bool pkcs7_read(const unsigned char *bytes, size_t size, const char *name,
                struct material *material, struct error *error)
{
    struct cursor rest;
    struct asn1 part;
    if (!enter_signed_data(bytes, size, &rest))
        return malformed(name, error);
    material_saw(material, CONTENT_PKCS7);
    while (asn1_next(&rest, &part)) {
        if (part.tag == ASN1_CONTEXT_0 && !add_certificates(&part, name, material, error))
            return false;
        if (part.tag == ASN1_CONTEXT_1 && part.size > 0)
            material_saw(material, CONTENT_CRL);
    }
    return !rest.is_short || malformed(name, error);
}
