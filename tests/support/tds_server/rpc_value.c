/* A parameter of a remote procedure call (MS-TDS 2.2.5.4, 2.2.5.5). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "support/tds_server/connection.h"

#define NULL_LENGTH 0xFFFF
#define MAXIMUM 0xFFFF
#define COLLATION_SIZE 5

enum layout {
    LAYOUT_NUMBER,  /* u8 size; u8 length, value */
    LAYOUT_NUMERIC, /* u8 size, precision, scale; u8 length, sign, magnitude */
    LAYOUT_WIDE,    /* u16 size, collation; u16 length or chunks */
    LAYOUT_NARROW,
    LAYOUT_BINARY, /* u16 size; u16 length or chunks */
    LAYOUT_FIXED,  /* value */
    LAYOUT_LONG    /* u32 size, collation; u32 length */
};

static const struct type_row {
    uint8_t type;
    enum layout layout;
    uint8_t size;
    bool is_float;
    bool is_wide;
} type_rows[] = {
    {0x26, LAYOUT_NUMBER, 0, false, false},  {0x68, LAYOUT_NUMBER, 0, false, false},
    {0x6D, LAYOUT_NUMBER, 0, true, false},   {0x6C, LAYOUT_NUMERIC, 0, false, false},
    {0x6A, LAYOUT_NUMERIC, 0, false, false}, {0xE7, LAYOUT_WIDE, 0, false, true},
    {0xEF, LAYOUT_WIDE, 0, false, true},     {0xA7, LAYOUT_NARROW, 0, false, false},
    {0xAF, LAYOUT_NARROW, 0, false, false},  {0xA5, LAYOUT_BINARY, 0, false, false},
    {0xAD, LAYOUT_BINARY, 0, false, false},  {0x30, LAYOUT_FIXED, 1, false, false},
    {0x32, LAYOUT_FIXED, 1, false, false},   {0x34, LAYOUT_FIXED, 2, false, false},
    {0x38, LAYOUT_FIXED, 4, false, false},   {0x7F, LAYOUT_FIXED, 8, false, false},
    {0x3E, LAYOUT_FIXED, 8, true, false},    {0x63, LAYOUT_LONG, 0, false, true},
    {0x23, LAYOUT_LONG, 0, false, false},
};

static void set_text(struct value *value, const unsigned char *bytes, size_t size, bool is_wide)
{
    uint16_t *units = calloc(size + 1, sizeof *units);
    for (size_t i = 0; !is_wide && i < size; i++)
        units[i] = bytes[i];
    value->kind = is_wide ? VALUE_WIDE : VALUE_TEXT;
    value->text = is_wide ? text_from_message(bytes, size / 2) : text_to_utf8(units, size, NULL);
    value->length = strlen(value->text);
    free(units);
}

static void read_number(struct cursor *cursor, size_t size, bool is_float, struct value *value)
{
    const unsigned char *bytes = cursor_bytes(cursor, size);
    uint64_t bits = 0;
    char text[64];
    float single;
    double real;
    if (bytes == NULL || size == 0 || size > 8)
        return;
    for (size_t i = size; i > 0; i--)
        bits = bits << 8 | bytes[i - 1];
    if (is_float) {
        memcpy(&single, bytes, sizeof single);
        memcpy(&real, &bits, sizeof real);
        snprintf(text, sizeof text, "%.17g", size == 4 ? (double)single : real);
    } else {
        unsigned shift = size == 1 ? 0 : 64 - 8 * (unsigned)size;
        snprintf(text, sizeof text, "%lld", (long long)((int64_t)(bits << shift) >> shift));
    }
    *value = value_make(is_float ? VALUE_FLOAT : VALUE_INTEGER, text, strlen(text));
}

static void read_numeric(struct cursor *cursor, struct value *value)
{
    cursor_bytes(cursor, 2);
    int scale = cursor_u8(cursor);
    size_t length = cursor_u8(cursor);
    if (length == 0)
        return;
    bool is_positive = cursor_u8(cursor) != 0;
    const unsigned char *bytes = cursor_bytes(cursor, length - 1);
    uint64_t magnitude = 0;
    char digits[64], text[72];
    for (size_t i = bytes != NULL ? length - 1 : 0; i > 0; i--)
        magnitude = magnitude << 8 | bytes[i - 1];
    scale = scale < 40 ? scale : 40;
    int count = snprintf(digits, sizeof digits, "%0*llu", scale + 1, (unsigned long long)magnitude);
    snprintf(text, sizeof text, "%s%.*s%s%s", is_positive ? "" : "-", count - scale, digits,
             scale > 0 ? "." : "", digits + count - scale);
    *value = value_make(VALUE_NUMERIC, text, strlen(text));
}

/* u64 length, or all ones for NULL; then chunks with a u32 length each, up to an empty one. */
static void read_chunks(struct cursor *cursor, bool is_wide, struct value *value)
{
    struct buffer text = {0};
    uint32_t low = cursor_u32le(cursor);
    uint32_t high = cursor_u32le(cursor);
    uint32_t size;
    if (low == UINT32_MAX && high == UINT32_MAX)
        return;
    buffer_reserve(&text, 1);
    while ((size = cursor_u32le(cursor)) > 0 && !cursor->is_short) {
        const unsigned char *bytes = cursor_bytes(cursor, size);
        if (bytes != NULL)
            buffer_append(&text, bytes, size);
    }
    set_text(value, buffer_content(&text), buffer_length(&text), is_wide);
    buffer_free(&text);
}

static void read_text(struct cursor *cursor, const struct type_row *row, struct value *value)
{
    size_t limit = cursor_u16le(cursor);
    if (row->layout != LAYOUT_BINARY)
        cursor_bytes(cursor, COLLATION_SIZE);
    if (limit == MAXIMUM) {
        read_chunks(cursor, row->is_wide, value);
        return;
    }
    size_t length = cursor_u16le(cursor);
    const unsigned char *bytes = length == NULL_LENGTH ? NULL : cursor_bytes(cursor, length);
    if (bytes != NULL)
        set_text(value, bytes, length, row->is_wide);
}

static void read_long(struct cursor *cursor, const struct type_row *row, struct value *value)
{
    cursor_u32le(cursor);
    cursor_bytes(cursor, COLLATION_SIZE);
    uint32_t length = cursor_u32le(cursor);
    const unsigned char *bytes = length == UINT32_MAX ? NULL : cursor_bytes(cursor, length);
    if (bytes != NULL)
        set_text(value, bytes, length, row->is_wide);
}

bool rpc_read_value(struct cursor *cursor, struct value *value)
{
    const struct type_row *row = NULL;
    uint8_t type = cursor_u8(cursor);
    *value = (struct value){.kind = VALUE_NULL};
    for (size_t i = 0; i < sizeof type_rows / sizeof *type_rows; i++)
        if (type_rows[i].type == type)
            row = &type_rows[i];
    if (row == NULL) {
        log_event("violation parameter type=0x%02x is not supported", type);
        return false;
    }
    switch (row->layout) {
    case LAYOUT_NUMBER:
        cursor_u8(cursor);
        read_number(cursor, cursor_u8(cursor), row->is_float, value);
        break;
    case LAYOUT_FIXED:
        read_number(cursor, row->size, row->is_float, value);
        break;
    case LAYOUT_NUMERIC:
        read_numeric(cursor, value);
        break;
    case LAYOUT_WIDE:
    case LAYOUT_NARROW:
    case LAYOUT_BINARY:
        read_text(cursor, row, value);
        break;
    case LAYOUT_LONG:
        read_long(cursor, row, value);
        break;
    }
    return !cursor->is_short;
}
