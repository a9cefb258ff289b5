/*
 * der.h - reads ASN.1 element by element through a bounds-checked cursor, in place, in two ways.
 * Strict, for what is signed: definite lengths in their shortest form (X.690, 10.1). As BER, for
 * files that some programs write: also indefinite and long lengths. Tags have one byte. Anything
 * else is "no element".
 */
#ifndef TLS_DER_H
#define TLS_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/buffer.h"

enum {
    DER_TAG_BOOLEAN = 0x01,
    DER_TAG_INTEGER = 0x02,
    DER_TAG_BIT_STRING = 0x03,
    DER_TAG_OCTET_STRING = 0x04,
    DER_TAG_NULL = 0x05,
    DER_TAG_OID = 0x06,
    DER_TAG_ENUMERATED = 0x0a,
    DER_TAG_UTF8_STRING = 0x0c,
    DER_TAG_NUMERIC_STRING = 0x12,
    DER_TAG_PRINTABLE_STRING = 0x13,
    DER_TAG_TELETEX_STRING = 0x14,
    DER_TAG_IA5_STRING = 0x16,
    DER_TAG_UTC_TIME = 0x17,
    DER_TAG_GENERALIZED_TIME = 0x18,
    DER_TAG_VISIBLE_STRING = 0x1a,
    DER_TAG_UNIVERSAL_STRING = 0x1c,
    DER_TAG_BMP_STRING = 0x1e,
    DER_TAG_SEQUENCE = 0x30,
    DER_TAG_SET = 0x31
};

#define DER_CONSTRUCTED 0x20

/* [n] of a context: primitive (implicit over a primitive type) and constructed. */
#define DER_TAG_CONTEXT(n) (0x80u + (n))
#define DER_TAG_CONTEXT_CONSTRUCTED(n) (0xa0u + (n))

/* One element; its bytes belong to whoever owns the cursor's. */
struct der {
    unsigned tag;
    const unsigned char *whole; /* with tag and length */
    size_t whole_size;
    const unsigned char *content;
    size_t size;
};

/* Takes the next element. false at the end, or when no well-formed element follows; the cursor is
 * then short in the latter case. */
bool der_next(struct cursor *cursor, struct der *element_out);

/* Takes the next element, which must have this tag; the cursor is short otherwise. */
bool der_expect(struct cursor *cursor, unsigned tag, struct der *element_out);

/* The same for BER; *element_out is all zeroes at the end. */
bool ber_next(struct cursor *cursor, struct der *element_out);
bool ber_expect(struct cursor *cursor, unsigned tag, struct der *element_out);

/* Takes the next element only when it has this tag. */
bool der_optional(struct cursor *cursor, unsigned tag, struct der *element_out);

/* Whether everything was read, without fault. */
bool der_is_at_end(const struct cursor *cursor);

/* Whether nothing is left but line ends, blanks and zero bytes, which editors and transfers put
 * behind a file. */
bool der_is_padding(const struct cursor *rest);

/* "12 bytes stand behind its end, from byte 371 on, and are more DER": not which, as they may be a
 * key's. from: where the file begins; returns out. */
#define DER_REST_TEXT_SIZE 120
const char *der_describe_rest(const struct cursor *rest, const unsigned char *from, char *out);

struct cursor der_inside(const struct der *element);

/* UTCTime and GeneralizedTime in the form of RFC 5280, 4.1.2.5: seconds, Z, no fraction. */
bool der_read_time(const struct der *element, time_t *time_out);

/* An INTEGER or ENUMERATED from 0 to 2^31 - 1. */
bool der_read_number(const struct der *element, unsigned *number_out);

/* Compares with the content of an OBJECT IDENTIFIER. */
bool der_is_oid(const struct der *element, const void *content, size_t size);
#define DER_IS_OID(element, literal) der_is_oid(element, literal, sizeof(literal) - 1)

/* "1.2.840.113549.1.1.11", cut to size with "..." at the end; "(malformed OID)"; returns out. */
#define DER_OID_TEXT_SIZE 128
const char *der_format_oid(const struct der *oid, char *out, size_t size);

/* Tag, length and content are the same bytes. */
bool der_equal(const struct der *a, const struct der *b);

/* Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue OCTET STRING } */
struct der_extension {
    struct der oid;
    bool is_critical;
    struct der value; /* the OCTET STRING: its content is the extension's DER */
};
bool der_next_extension(struct cursor *cursor, struct der_extension *extension_out);

#endif
