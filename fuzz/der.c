/*
 * der.c - ASN.1 element by element, strictly and as BER, and what one element can be read as: a
 * time, a number, an OID, a text, a name.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "fuzz/target.h"
#include "tls/certificate.h"
#include "tls/name.h"

#define DEPTH_LIMIT 12

/* What X.690, 10.1, allows as the header of so many bytes. */
static size_t header_size(size_t size)
{
    size_t header = 2;
    for (size_t rest = size; size >= 0x80 && rest > 0; rest >>= 8)
        header++;
    return header;
}

static void check_place(const struct cursor *before, const struct cursor *after,
                        const struct der *element)
{
    fuzz_require(
        element->whole == before->next && element->whole + element->whole_size == after->next &&
        element->content >= element->whole + 2 && element->content + element->size <= after->next);
}

static void try_scalars(const struct der *element)
{
    char text[DER_OID_TEXT_SIZE], again[80];
    unsigned number = 0;
    time_t time;
    struct tm parts;
    der_format_oid(element, text, sizeof text);
    fuzz_require(memchr(text, 0, sizeof text) != NULL && *text != '\0');
    if (der_read_number(element, &number))
        fuzz_require(number <= 0x7fffffff);
    if (der_read_time(element, &time)) {
        fuzz_require(gmtime_r(&time, &parts) != NULL);
        int length =
            snprintf(again, sizeof again, "%04d%02d%02d%02d%02d%02dZ", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
        fuzz_require(length == 15);
        fuzz_require(memcmp(again + 15 - element->size, element->content, element->size) == 0);
    }
}

static void try_texts(const struct der *element)
{
    char text[64], name[300];
    size_t size = sizeof text;
    if (name_to_utf8(element, text, sizeof text, &size)) {
        fuzz_require(size < sizeof text && text[size] == '\0');
        for (size_t at = 0, step; at < size; at += step) {
            step = text_utf8_character((unsigned char *)text + at, size - at);
            fuzz_require(step > 0);
        }
    }
    certificate_format_name(element, name, sizeof name);
    fuzz_require(memchr(name, 0, sizeof name) != NULL);
    certificate_format_dn(element, name, sizeof name);
    for (const char *next = name; *next != '\0'; next++)
        fuzz_require((unsigned char)*next >= ' ');
}

/* Whatever two elements are as names, the answers agree with each other. */
static void try_names(const struct der *a, const struct der *b)
{
    struct name_walk walk = {.rdns = der_inside(a)};
    struct der type, value;
    bool is_equal = name_is_equal(a, b);
    fuzz_require(is_equal == name_is_equal(b, a));
    fuzz_require(!is_equal || name_hash(a) == name_hash(b));
    fuzz_require(!is_equal || name_is_within(a, b) != NAME_MATCH_NO);
    fuzz_require(a->size == 0 || name_is_equal(a, a));
    while (name_next_attribute(&walk, &type, &value))
        fuzz_require(type.tag == DER_TAG_OID);
}

/* What is DER is the same as BER. */
static void try_ber(struct cursor cursor, const struct der *element)
{
    struct cursor before = cursor;
    struct der again;
    bool is_read = ber_next(&cursor, &again);
    fuzz_require(is_read || element == NULL);
    if (is_read)
        check_place(&before, &cursor, &again);
    if (element != NULL)
        fuzz_require(again.tag == element->tag && again.content == element->content &&
                     again.size == element->size);
}

static void walk(struct cursor cursor, unsigned depth)
{
    struct der element, last = {0};
    struct der_extension extension;
    struct cursor extensions = cursor, before = cursor;
    while (der_next_extension(&extensions, &extension))
        fuzz_require(extension.oid.tag == DER_TAG_OID);
    while (der_next(&cursor, &element)) {
        check_place(&before, &cursor, &element);
        fuzz_require(element.whole_size == header_size(element.size) + element.size);
        try_scalars(&element);
        try_texts(&element);
        if (last.whole != NULL)
            try_names(&last, &element);
        try_ber(before, &element);
        if (depth > 0)
            walk(der_inside(&element), depth - 1);
        last = element;
        before = cursor;
    }
    fuzz_require(cursor.left == 0);
    try_ber(before, NULL);
}

FUZZ_TARGET_DER(der, bytes, size)
{
    walk(cursor_over(bytes, size), DEPTH_LIMIT);
}
