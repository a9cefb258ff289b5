/*
 * asn1.h - reading BER and DER elements (X.690), bounds-checked, in place. Indefinite lengths and
 * octet strings in pieces are understood, since some programs write key stores with them.
 */
#ifndef TLS_ASN1_H
#define TLS_ASN1_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* Identifier octets. */
enum asn1_tag {
    ASN1_INTEGER = 0x02,
    ASN1_BIT_STRING = 0x03,
    ASN1_OCTET_STRING = 0x04,
    ASN1_NULL = 0x05,
    ASN1_OID = 0x06,
    ASN1_UTC_TIME = 0x17,
    ASN1_GENERALIZED_TIME = 0x18,
    ASN1_SEQUENCE = 0x30,
    ASN1_SET = 0x31,
    ASN1_CONTEXT_0 = 0xa0,
    ASN1_CONTEXT_1 = 0xa1,
    ASN1_CONTEXT_0_PRIMITIVE = 0x80
};

#define ASN1_CONSTRUCTED 0x20

struct asn1 {
    unsigned tag;
    const unsigned char *content;
    size_t size;
    const unsigned char *whole; /* identifier, length and content */
    size_t whole_size;
};

/* Passes the next element. false at the end, and with cursor->is_short set when what follows is no
 * element. */
bool asn1_next(struct cursor *cursor, struct asn1 *element_out);

/* The same; another tag is no element. */
bool asn1_expect(struct cursor *cursor, unsigned tag, struct asn1 *element_out);

struct cursor asn1_inside(const struct asn1 *element);

/* oid: content octets. */
bool asn1_is_oid(const struct asn1 *element, const unsigned char *oid, size_t oid_size);

/* An INTEGER that is not negative and fits. */
bool asn1_number(const struct asn1 *element, unsigned long maximum, unsigned long *number_out);

/* "1.2.840.113549.1.5.13" into out, for errors; returns out. */
const char *asn1_format_oid(const struct asn1 *element, char *out, size_t out_size);

/* Appends the content of an octet string (tag OCTET STRING or [0]), also of one in pieces. */
bool asn1_append_octets(const struct asn1 *element, struct buffer *out);

#endif
