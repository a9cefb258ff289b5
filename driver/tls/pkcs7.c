#include "tls/pkcs7.h"

#include "tls/der.h"

static bool malformed(const char *name, struct error *error)
{
    error_set(error, ODBCSSL_ERROR_FILE_MALFORMED, "%s: the PKCS#7 file is damaged", name);
    return false;
}

/* ContentInfo { OID, [0] SignedData { version, digests, content, ... (RFC 5652, 3 and 5.1) */
static bool enter_signed_data(const unsigned char *bytes, size_t size, struct cursor *rest_out)
{
    struct cursor cursor = cursor_over(bytes, size);
    struct der info, oid, wrapper, data, skipped;
    if (!ber_expect(&cursor, DER_TAG_SEQUENCE, &info))
        return false;
    struct cursor inside = der_inside(&info);
    if (!ber_expect(&inside, DER_TAG_OID, &oid) ||
        !ber_expect(&inside, DER_TAG_CONTEXT_CONSTRUCTED(0), &wrapper))
        return false;
    struct cursor wrapped = der_inside(&wrapper);
    if (!ber_expect(&wrapped, DER_TAG_SEQUENCE, &data))
        return false;
    *rest_out = der_inside(&data);
    return ber_expect(rest_out, DER_TAG_INTEGER, &skipped) &&
           ber_expect(rest_out, DER_TAG_SET, &skipped) &&
           ber_expect(rest_out, DER_TAG_SEQUENCE, &skipped);
}

static bool add_certificates(const struct der *list, const char *name, struct material *material,
                             struct error *error)
{
    struct cursor inside = der_inside(list);
    struct der certificate;
    while (ber_next(&inside, &certificate)) {
        if (certificate.tag != DER_TAG_SEQUENCE)
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
    struct der part;
    if (!enter_signed_data(bytes, size, &rest))
        return malformed(name, error);
    material_saw(material, CONTENT_PKCS7);
    while (ber_next(&rest, &part)) {
        if (part.tag == DER_TAG_CONTEXT_CONSTRUCTED(0) &&
            !add_certificates(&part, name, material, error))
            return false;
        if (part.tag == DER_TAG_CONTEXT_CONSTRUCTED(1) && part.size > 0)
            material_saw(material, CONTENT_CRL);
    }
    return !rest.is_short || malformed(name, error);
}
