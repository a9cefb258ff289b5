/* der.c - writes DER, from the inside to the outside. */
#include "support/der.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_header(struct buffer *out, unsigned tag, size_t size)
{
    buffer_append_byte(out, (unsigned char)tag);
    if (size < 0x80) {
        buffer_append_byte(out, (unsigned char)size);
        return;
    }
    unsigned octets = 1;
    while (octets < sizeof size && size >> (8 * octets) != 0)
        octets++;
    buffer_append_byte(out, (unsigned char)(0x80 | octets));
    while (octets-- > 0)
        buffer_append_byte(out, (unsigned char)(size >> (8 * octets)));
}

void der_put(struct buffer *out, unsigned tag, const void *content, size_t size)
{
    put_header(out, tag, size);
    buffer_append(out, content, size);
}

void der_put_text(struct buffer *out, unsigned tag, const char *text)
{
    der_put(out, tag, text, strlen(text));
}

void der_put_number(struct buffer *out, unsigned long long value)
{
    unsigned char bytes[9];
    size_t used = 0;
    do {
        bytes[sizeof bytes - ++used] = (unsigned char)value;
        value >>= 8;
    } while (value != 0);
    if (bytes[sizeof bytes - used] & 0x80)
        bytes[sizeof bytes - ++used] = 0;
    der_put(out, DER_INTEGER, bytes + sizeof bytes - used, used);
}

static void put_base128(struct buffer *out, unsigned long value)
{
    unsigned shift = 0;
    while (value >> shift > 0x7f)
        shift += 7;
    for (; shift > 0; shift -= 7)
        buffer_append_byte(out, (unsigned char)(0x80 | (value >> shift & 0x7f)));
    buffer_append_byte(out, (unsigned char)(value & 0x7f));
}

void der_put_oid(struct buffer *out, const char *dotted)
{
    struct buffer content = {0};
    char *rest = NULL;
    unsigned long first = strtoul(dotted, &rest, 10);
    unsigned long second = *rest == '.' ? strtoul(rest + 1, &rest, 10) : 0;
    put_base128(&content, first * 40 + second);
    while (*rest == '.')
        put_base128(&content, strtoul(rest + 1, &rest, 10));
    der_wrap(out, DER_OID, &content);
}

void der_put_generalized_time(struct buffer *out, time_t time)
{
    struct tm parts;
    char text[32];
    gmtime_r(&time, &parts);
    strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &parts);
    der_put_text(out, DER_GENERALIZED_TIME, text);
}

void der_put_time(struct buffer *out, time_t time)
{
    struct tm parts;
    char text[32];
    gmtime_r(&time, &parts);
    if (parts.tm_year >= 150) {
        der_put_generalized_time(out, time);
        return;
    }
    strftime(text, sizeof text, "%y%m%d%H%M%SZ", &parts);
    der_put_text(out, DER_UTC_TIME, text);
}

void der_wrap(struct buffer *out, unsigned tag, struct buffer *content)
{
    der_put(out, tag, buffer_content(content), buffer_length(content));
    buffer_free(content);
}

void der_put_extension(struct buffer *out, const char *oid, bool is_critical, const void *value,
                       size_t size)
{
    struct buffer extension = {0};
    der_put_oid(&extension, oid);
    if (is_critical)
        der_put(&extension, DER_BOOLEAN, "\xff", 1);
    der_put(&extension, DER_OCTET_STRING, value, size);
    der_wrap(out, DER_SEQUENCE, &extension);
}

size_t der_parse_hex(const char *hex, unsigned char *out, size_t out_size)
{
    size_t used = 0;
    for (const char *at = hex; at[0] != '\0' && at[1] != '\0' && used < out_size;) {
        unsigned byte;
        if (*at == ':') {
            at++;
            continue;
        }
        if (sscanf(at, "%2x", &byte) != 1)
            break;
        out[used++] = (unsigned char)byte;
        at += 2;
    }
    return used;
}
