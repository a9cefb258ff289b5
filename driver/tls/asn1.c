#include "tls/asn1.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Deeper nesting of indefinite lengths and of octet strings in pieces is refused. */
#define DEPTH_LIMIT 16

static bool fail(struct cursor *cursor)
{
    cursor->is_short = true;
    cursor->left = 0;
    return false;
}

/* The length octets; *is_indefinite_out: 0x80, the content ends with two zero octets. */
static bool read_length(struct cursor *cursor, size_t *length_out, bool *is_indefinite_out)
{
    unsigned first = cursor_u8(cursor);
    size_t length = first;
    *is_indefinite_out = first == 0x80;
    if (first > 0x80) {
        length = 0;
        if (first - 0x80 > sizeof length)
            return fail(cursor);
        for (unsigned i = first - 0x80; i > 0; i--)
            length = length << 8 | cursor_u8(cursor);
    }
    *length_out = length;
    return !cursor->is_short;
}

/* Passes one element, whatever it is; content_out gets its content without the end marker. */
static bool pass_element(struct cursor *cursor, unsigned depth, struct asn1 *element_out)
{
    struct asn1 element = {.whole = cursor->next};
    bool is_indefinite = false;
    element.tag = cursor_u8(cursor);
    /* Tag numbers above 30 do not occur in anything that is read here. */
    if (cursor->is_short || (element.tag & 0x1f) == 0x1f)
        return fail(cursor);
    if (!read_length(cursor, &element.size, &is_indefinite))
        return false;
    element.content = cursor->next;
    if (!is_indefinite) {
        if (cursor_bytes(cursor, element.size) == NULL && element.size > 0)
            return fail(cursor);
    } else {
        if (depth == 0 || (element.tag & ASN1_CONSTRUCTED) == 0)
            return fail(cursor);
        struct asn1 inner;
        while (cursor->left < 2 || cursor->next[0] != 0 || cursor->next[1] != 0)
            if (!pass_element(cursor, depth - 1, &inner))
                return false;
        element.size = (size_t)(cursor->next - element.content);
        cursor_bytes(cursor, 2);
    }
    element.whole_size = (size_t)(cursor->next - element.whole);
    *element_out = element;
    return true;
}

bool asn1_next(struct cursor *cursor, struct asn1 *element_out)
{
    *element_out = (struct asn1){0};
    if (cursor->left == 0)
        return false;
    return pass_element(cursor, DEPTH_LIMIT, element_out);
}

bool asn1_expect(struct cursor *cursor, unsigned tag, struct asn1 *element_out)
{
    return asn1_next(cursor, element_out) && (element_out->tag == tag || fail(cursor));
}

struct cursor asn1_inside(const struct asn1 *element)
{
    return cursor_over(element->content, element->size);
}

bool asn1_is_oid(const struct asn1 *element, const unsigned char *oid, size_t oid_size)
{
    return element->tag == ASN1_OID && element->size == oid_size &&
           memcmp(element->content, oid, oid_size) == 0;
}

bool asn1_number(const struct asn1 *element, unsigned long maximum, unsigned long *number_out)
{
    unsigned long number = 0;
    if (element->tag != ASN1_INTEGER || element->size == 0 || (element->content[0] & 0x80) != 0)
        return false;
    for (size_t i = 0; i < element->size; i++) {
        if (number > (maximum >> 8))
            return false;
        number = number << 8 | element->content[i];
    }
    *number_out = number;
    return number <= maximum;
}

const char *asn1_format_oid(const struct asn1 *element, char *out, size_t out_size)
{
    size_t used = 0;
    uint64_t arc = 0;
    snprintf(out, out_size, "?");
    for (size_t i = 0; element->tag == ASN1_OID && i < element->size && used < out_size; i++) {
        arc = arc << 7 | (element->content[i] & 0x7f);
        if ((element->content[i] & 0x80) != 0)
            continue;
        /* X.690, 8.19.4: the first two arcs share one number. */
        unsigned root = arc < 40 ? 0 : arc < 80 ? 1 : 2;
        if (used == 0)
            used = (size_t)snprintf(out, out_size, "%u.%llu", root,
                                    (unsigned long long)(arc - 40 * root));
        else
            used += (size_t)snprintf(out + used, out_size - used, ".%llu", (unsigned long long)arc);
        arc = 0;
    }
    return out;
}

static bool append_pieces(const struct asn1 *element, unsigned depth, struct buffer *out)
{
    if ((element->tag & ASN1_CONSTRUCTED) == 0)
        return buffer_append(out, element->content, element->size);
    struct cursor inside = asn1_inside(element);
    struct asn1 piece;
    while (asn1_next(&inside, &piece)) {
        if (depth == 0 || (piece.tag & ~(unsigned)ASN1_CONSTRUCTED) != ASN1_OCTET_STRING ||
            !append_pieces(&piece, depth - 1, out))
            return false;
    }
    return !inside.is_short;
}

bool asn1_append_octets(const struct asn1 *element, struct buffer *out)
{
    unsigned plain_tag = element->tag & ~(unsigned)ASN1_CONSTRUCTED;
    if (plain_tag != ASN1_OCTET_STRING && plain_tag != ASN1_CONTEXT_0_PRIMITIVE)
        return false;
    return append_pieces(element, DEPTH_LIMIT, out);
}
