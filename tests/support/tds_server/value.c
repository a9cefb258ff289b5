/*
 * value.c - values: read from a remote procedure call, made of a literal, and sent in a result
 * (MS-TDS 2.2.5.4 to 2.2.5.6, 2.2.7.4, 2.2.7.17).
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "support/tds_server/connection.h"

#define TEXT_LIMIT 8000
#define MAXIMUM 0xFFFF /* of a size: the value comes in chunks; of a length: NULL */
#define CHUNK_SIZE 32768
#define NUMERIC_SIZE 9
#define NUMERIC_PRECISION 18

enum layout {
    LAYOUT_SHORT, /* u8 length; 0: NULL */
    LAYOUT_TEXT,  /* u16 size in TYPE_INFO; u16 length, or chunks */
    LAYOUT_LONG   /* u32 length; goes back as another type */
};

static const struct type_row {
    uint8_t type;
    uint8_t info_size; /* of TYPE_INFO behind the type */
    enum layout layout;
    uint8_t answer; /* the type of a long one when it goes back */
} type_rows[] = {
    {TYPE_INTEGER, 1, LAYOUT_SHORT, 0},
    {TYPE_FLOAT, 1, LAYOUT_SHORT, 0},
    {TYPE_NUMERIC, 3, LAYOUT_SHORT, 0},
    {0x6A, 3, LAYOUT_SHORT, 0}, /* decimal */
    {0x68, 1, LAYOUT_SHORT, 0}, /* bit */
    {0x6F, 1, LAYOUT_SHORT, 0}, /* datetime */
    {0x28, 0, LAYOUT_SHORT, 0}, /* date */
    {0x29, 1, LAYOUT_SHORT, 0}, /* time */
    {0x2A, 1, LAYOUT_SHORT, 0}, /* datetime2 */
    {TYPE_VARCHAR, 7, LAYOUT_TEXT, 0},
    {TYPE_NVARCHAR, 7, LAYOUT_TEXT, 0},
    {0xAF, 7, LAYOUT_TEXT, 0}, /* char */
    {0xEF, 7, LAYOUT_TEXT, 0}, /* nchar */
    {0xA5, 2, LAYOUT_TEXT, 0}, /* varbinary */
    {0xAD, 2, LAYOUT_TEXT, 0}, /* binary */
    {0x23, 9, LAYOUT_LONG, TYPE_VARCHAR},
    {0x63, 9, LAYOUT_LONG, TYPE_NVARCHAR},
};

static const struct type_row *find_type(uint8_t type)
{
    for (size_t i = 0; i < sizeof type_rows / sizeof *type_rows; i++)
        if (type_rows[i].type == type)
            return &type_rows[i];
    return NULL;
}

static bool is_text(const struct value *value)
{
    return find_type(value->type[0])->layout == LAYOUT_TEXT;
}

static void read_bytes(struct cursor *cursor, size_t length, size_t null, struct value *value)
{
    value->is_null = length == null;
    const unsigned char *bytes = value->is_null ? NULL : cursor_bytes(cursor, length);
    if (bytes != NULL && length > 0)
        buffer_append(&value->bytes, bytes, length);
}

/* u64 length, or all ones for NULL; then chunks with a u32 length each, up to an empty one. */
static void read_chunks(struct cursor *cursor, struct value *value)
{
    uint32_t low = cursor_u32le(cursor), high = cursor_u32le(cursor), size;
    value->is_null = low == UINT32_MAX && high == UINT32_MAX;
    while (!value->is_null && (size = cursor_u32le(cursor)) > 0)
        read_bytes(cursor, size, 0, value);
}

bool value_read(struct cursor *cursor, struct value *value)
{
    uint8_t type = cursor_u8(cursor);
    const struct type_row *row = find_type(type);
    *value = (struct value){.type = {type}};
    const unsigned char *info = row != NULL ? cursor_bytes(cursor, row->info_size) : NULL;
    if (info == NULL) {
        log_event("violation parameter type=0x%02x is not supported", type);
        return false;
    }
    memcpy(value->type + 1, info, row->info_size);
    value->type_size = 1 + (size_t)row->info_size;
    if (row->layout == LAYOUT_SHORT)
        read_bytes(cursor, cursor_u8(cursor), 0, value);
    else if (row->layout == LAYOUT_LONG)
        read_bytes(cursor, cursor_u32le(cursor), UINT32_MAX, value);
    else if ((info[0] | info[1] << 8) == MAXIMUM)
        read_chunks(cursor, value);
    else
        read_bytes(cursor, cursor_u16le(cursor), MAXIMUM, value);
    if (row->layout == LAYOUT_LONG)
        value_make_text(value, row->answer);
    return !cursor->is_short;
}

void value_make_text(struct value *value, uint8_t type)
{
    static const unsigned char collation[5] = {0x09, 0x04, 0xD0, 0x00, 0x34};
    value->type[0] = type;
    memcpy(value->type + 3, collation, sizeof collation);
    value->type_size = 8;
}

/* In UTF-16, or in the code page of the collation, as far as that is Latin-1. */
void value_set_text(struct value *value, uint8_t type, const char *text, size_t length)
{
    uint16_t *units = text_to_utf16(text, length, &length);
    *value = (struct value){0};
    value_make_text(value, type);
    for (size_t i = 0; i < length; i++) {
        if (type == TYPE_NVARCHAR)
            buffer_append_u16le(&value->bytes, units[i]);
        else
            buffer_append_byte(&value->bytes, units[i] < 0x100 ? (unsigned char)units[i] : '?');
    }
    free(units);
}

/* A numeric has its sign in front. */
void value_set_number(struct value *value, uint8_t type, uint8_t scale, uint64_t bits)
{
    unsigned char size = type == TYPE_INTEGER ? 4 : 8;
    bool is_numeric = type == TYPE_NUMERIC;
    bool is_negative = is_numeric && (int64_t)bits < 0;
    *value = (struct value){.type = {type, size}, .type_size = 2};
    if (is_numeric) {
        const unsigned char info[] = {type, NUMERIC_SIZE, NUMERIC_PRECISION, scale};
        memcpy(value->type, info, value->type_size = sizeof info);
        buffer_append_byte(&value->bytes, !is_negative);
    }
    bits = is_negative ? 0 - bits : bits;
    for (unsigned i = 0; i < size; i++)
        buffer_append_byte(&value->bytes, (unsigned char)(bits >> 8 * i));
}

void value_set_null(struct value *value)
{
    *value = (struct value){.type = {TYPE_INTEGER, 4}, .type_size = 2, .is_null = true};
}

static bool is_chunked(const struct connection *connection, size_t size)
{
    return size > TEXT_LIMIT && connection->is_long;
}

void value_send_type(struct connection *connection, const struct value *value, size_t size)
{
    struct buffer *reply = &connection->reply;
    size_t at = buffer_length(reply);
    buffer_append(reply, value->type, value->type_size);
    if (!is_text(value))
        return;
    if (size > TEXT_LIMIT)
        size = connection->is_long ? MAXIMUM : TEXT_LIMIT;
    size = size > 0 ? size : 2;
    buffer_content(reply)[at + 1] = (unsigned char)size;
    buffer_content(reply)[at + 2] = (unsigned char)(size >> 8);
}

static void send_chunks(struct connection *connection, const struct value *value)
{
    struct buffer *reply = &connection->reply;
    size_t length = buffer_length(&value->bytes);
    if (value->is_null) {
        buffer_append(reply, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8);
        return;
    }
    buffer_append_u32le(reply, (uint32_t)length);
    buffer_append_u32le(reply, 0);
    for (size_t at = 0; at < length; at += CHUNK_SIZE) {
        size_t size = length - at < CHUNK_SIZE ? length - at : CHUNK_SIZE;
        buffer_append_u32le(reply, (uint32_t)size);
        buffer_append(reply, buffer_content(&value->bytes) + at, size);
        reply_flush(connection, false);
    }
    buffer_append_u32le(reply, 0);
}

void value_send(struct connection *connection, const struct value *value, size_t size, uint32_t row)
{
    struct buffer *reply = &connection->reply;
    size_t length = buffer_length(&value->bytes);
    if (value->is_row_number) {
        buffer_append_byte(reply, 4);
        buffer_append_u32le(reply, row);
        return;
    }
    if (is_text(value) && is_chunked(connection, size)) {
        send_chunks(connection, value);
        return;
    }
    length = length < TEXT_LIMIT ? length : TEXT_LIMIT;
    if (is_text(value))
        buffer_append_u16le(reply, value->is_null ? MAXIMUM : (uint16_t)length);
    else
        buffer_append_byte(reply, (unsigned char)length);
    if (length > 0)
        buffer_append(reply, buffer_content(&value->bytes), length);
}

char *value_text(const struct value *value)
{
    const unsigned char *bytes = buffer_content(&value->bytes);
    size_t length = bytes != NULL && is_text(value) ? buffer_length(&value->bytes) : 0;
    if (length > 0 && value->type[0] == TYPE_NVARCHAR)
        return text_from_message(bytes, length / 2);
    return strndup(length > 0 ? (const char *)bytes : "", length);
}
