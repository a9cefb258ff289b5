/*
 * der.c - the walk over ASN.1, below everything that reads certificates, CRLs and key files: every
 * length is checked against what is left before it is used.
 */
#include "tls/der.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Deeper nesting of indefinite lengths is refused. */
#define DEPTH_LIMIT 16

enum encoding { ENCODING_DER, ENCODING_BER };

static bool read_length(struct cursor *cursor, enum encoding encoding, size_t *length_out,
                        bool *is_indefinite_out)
{
    unsigned first = cursor_u8(cursor), octets = first & 0x7f;
    size_t length = first;
    *is_indefinite_out = first == 0x80;
    if (first > 0x80) {
        length = 0;
        if (octets > sizeof length)
            return false;
        for (unsigned i = 0; i < octets; i++)
            length = length << 8 | cursor_u8(cursor);
        if (encoding == ENCODING_DER && (length < 0x80 || length >> (8 * (octets - 1)) == 0))
            return false;
    }
    *length_out = length;
    return !cursor->is_short && (encoding == ENCODING_BER || !*is_indefinite_out);
}

static bool fail(struct cursor *cursor)
{
    cursor->is_short = true;
    cursor->left = 0;
    return false;
}

/* Passes one element, whatever it is; its content is without an end marker. */
static bool pass_element(struct cursor *cursor, enum encoding encoding, unsigned depth,
                         struct der *element_out)
{
    struct der element = {.whole = cursor->next}, inner;
    bool is_indefinite = false;
    element.tag = cursor_u8(cursor);
    if (cursor->is_short || (element.tag & 0x1f) == 0x1f ||
        !read_length(cursor, encoding, &element.size, &is_indefinite))
        return fail(cursor);
    element.content = cursor->next;
    if (!is_indefinite) {
        if (element.size > 0 && cursor_bytes(cursor, element.size) == NULL)
            return fail(cursor);
    } else {
        if (depth == 0 || (element.tag & DER_CONSTRUCTED) == 0)
            return fail(cursor);
        while (cursor->left < 2 || cursor->next[0] != 0 || cursor->next[1] != 0)
            if (!pass_element(cursor, encoding, depth - 1, &inner))
                return false;
        element.size = (size_t)(cursor->next - element.content);
        cursor_bytes(cursor, 2);
    }
    element.whole_size = (size_t)(cursor->next - element.whole);
    *element_out = element;
    return true;
}

bool der_next(struct cursor *cursor, struct der *element_out)
{
    return !cursor->is_short && cursor->left > 0 &&
           pass_element(cursor, ENCODING_DER, 0, element_out);
}

bool ber_next(struct cursor *cursor, struct der *element_out)
{
    *element_out = (struct der){0};
    return !cursor->is_short && cursor->left > 0 &&
           pass_element(cursor, ENCODING_BER, DEPTH_LIMIT, element_out);
}

bool ber_expect(struct cursor *cursor, unsigned tag, struct der *element_out)
{
    return ber_next(cursor, element_out) && (element_out->tag == tag || fail(cursor));
}

bool der_expect(struct cursor *cursor, unsigned tag, struct der *element_out)
{
    return (der_next(cursor, element_out) && element_out->tag == tag) || fail(cursor);
}

bool der_optional(struct cursor *cursor, unsigned tag, struct der *element_out)
{
    if (cursor->is_short || cursor->left == 0 || cursor->next[0] != tag)
        return false;
    return der_next(cursor, element_out);
}

bool der_is_at_end(const struct cursor *cursor)
{
    return !cursor->is_short && cursor->left == 0;
}

bool der_is_padding(const struct cursor *rest)
{
    for (size_t i = 0; i < rest->left; i++)
        if (rest->next[i] != '\0' && !text_is_blank((char)rest->next[i]))
            return false;
    return !rest->is_short;
}

const char *der_describe_rest(const struct cursor *rest, const unsigned char *from, char *out)
{
    struct cursor again = *rest;
    struct der element;
    snprintf(out, DER_REST_TEXT_SIZE,
             "%zu bytes stand behind its end, from byte %zu on, and are %s", rest->left,
             (size_t)(rest->next - from),
             ber_expect(&again, DER_TAG_SEQUENCE, &element) ? "more DER" : "no DER");
    return out;
}

struct cursor der_inside(const struct der *element)
{
    return cursor_over(element->content, element->size);
}

static bool read_digits(const unsigned char **next, unsigned count, int *value_out)
{
    int value = 0;
    for (unsigned i = 0; i < count; i++, (*next)++) {
        if (**next < '0' || **next > '9')
            return false;
        value = value * 10 + (**next - '0');
    }
    *value_out = value;
    return true;
}

bool der_read_time(const struct der *element, time_t *time_out)
{
    bool is_utc = element->tag == DER_TAG_UTC_TIME;
    size_t wanted = is_utc ? sizeof "YYMMDDHHMMSSZ" - 1 : sizeof "YYYYMMDDHHMMSSZ" - 1;
    if (!is_utc && element->tag != DER_TAG_GENERALIZED_TIME)
        return false;
    if (element->size != wanted || element->content[wanted - 1] != 'Z')
        return false;
    const unsigned char *next = element->content;
    struct tm parts = {0};
    int year = 0;
    if (!read_digits(&next, is_utc ? 2 : 4, &year) || !read_digits(&next, 2, &parts.tm_mon) ||
        !read_digits(&next, 2, &parts.tm_mday) || !read_digits(&next, 2, &parts.tm_hour) ||
        !read_digits(&next, 2, &parts.tm_min) || !read_digits(&next, 2, &parts.tm_sec))
        return false;
    /* RFC 5280, 4.1.2.5.1: two digits stand for 1950 to 2049. */
    if (is_utc)
        year += year >= 50 ? 1900 : 2000;
    parts.tm_year = year - 1900;
    parts.tm_mon -= 1;
    const struct tm written = parts;
    *time_out = timegm(&parts); /* which makes 3 March of 31 February */
    return parts.tm_mon == written.tm_mon && parts.tm_mday == written.tm_mday &&
           parts.tm_hour == written.tm_hour && parts.tm_min == written.tm_min &&
           parts.tm_sec == written.tm_sec;
}

bool der_read_number(const struct der *element, unsigned *number_out)
{
    if (element->tag != DER_TAG_INTEGER && element->tag != DER_TAG_ENUMERATED)
        return false;
    if (element->size == 0 || element->size > 4 || element->content[0] >= 0x80)
        return false;
    unsigned value = 0;
    for (size_t i = 0; i < element->size; i++)
        value = value << 8 | element->content[i];
    *number_out = value;
    return true;
}

bool der_is_oid(const struct der *element, const void *content, size_t size)
{
    return element->tag == DER_TAG_OID && element->size == size &&
           memcmp(element->content, content, size) == 0;
}

/* X.690, 8.19: base 128, the first two arcs in one; size is at least that of the shortest answers.
 */
const char *der_format_oid(const struct der *oid, char *out, size_t size)
{
    size_t used = 0;
    uint64_t arc = 0;
    bool is_first = true, is_complete = false;
    for (size_t i = 0; i < oid->size; i++) {
        if (arc >> 56 != 0)
            break;
        arc = arc << 7 | (oid->content[i] & 0x7f);
        is_complete = (oid->content[i] & 0x80) == 0;
        if (!is_complete)
            continue;
        uint64_t top = arc < 40 ? 0 : arc < 80 ? 1 : 2;
        int length = is_first ? snprintf(out + used, size - used, "%" PRIu64 ".%" PRIu64, top,
                                         arc - top * 40)
                              : snprintf(out + used, size - used, ".%" PRIu64, arc);
        if (length < 0 || (size_t)length >= size - used) {
            snprintf(out + size - sizeof "...", sizeof "...", "...");
            return out;
        }
        used += (size_t)length;
        is_first = false;
        arc = 0;
    }
    if (!is_complete || arc != 0)
        snprintf(out, size, "(malformed OID)");
    return out;
}

bool der_equal(const struct der *a, const struct der *b)
{
    return a->whole_size == b->whole_size && memcmp(a->whole, b->whole, a->whole_size) == 0;
}

bool der_next_extension(struct cursor *cursor, struct der_extension *extension_out)
{
    struct der sequence, critical;
    *extension_out = (struct der_extension){0};
    if (cursor->is_short || cursor->left == 0 || !der_expect(cursor, DER_TAG_SEQUENCE, &sequence))
        return false;
    struct cursor inside = der_inside(&sequence);
    bool is_good = der_expect(&inside, DER_TAG_OID, &extension_out->oid);
    if (is_good && der_optional(&inside, DER_TAG_BOOLEAN, &critical)) {
        is_good = critical.size == 1;
        extension_out->is_critical = is_good && critical.content[0] != 0;
    }
    is_good = is_good && der_expect(&inside, DER_TAG_OCTET_STRING, &extension_out->value) &&
              der_is_at_end(&inside);
    if (!is_good)
        cursor->is_short = true;
    return is_good;
}
