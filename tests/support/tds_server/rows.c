/* A result: COLMETADATA and ROW tokens (MS-TDS 2.2.7.4, 2.2.7.17). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "support/tds_server/connection.h"

#define TYPE_INTEGER 0x26
#define TYPE_NUMERIC 0x6C
#define TYPE_FLOAT 0x6D
#define TYPE_VARCHAR 0xA7
#define TYPE_NVARCHAR 0xE7

#define TEXT_LIMIT 8000
#define MAXIMUM 0xFFFF /* of a length: the value comes in chunks */
#define CHUNK_SIZE 32768
#define NUMERIC_PRECISION 18
#define NUMERIC_SIZE 9

struct column {
    enum value_kind kind;
    size_t size; /* of the largest value on the wire */
    uint8_t scale;
    bool is_chunked;
};

static size_t text_size(const struct value *value)
{
    size_t units = 0;
    if (value->text == NULL)
        return 0;
    free(text_to_utf16(value->text, value->length, &units));
    return value->kind == VALUE_WIDE ? 2 * units : units;
}

static void widen_column(struct column *column, const struct value *value)
{
    enum value_kind kind = value->kind == VALUE_ROW ? VALUE_INTEGER : value->kind;
    size_t size = text_size(value);
    if (kind > column->kind)
        column->kind = kind;
    if (kind == VALUE_INTEGER && (value->integer > INT32_MAX || value->integer < INT32_MIN))
        size = 8;
    if (size > column->size)
        column->size = size;
    if (value->scale > column->scale)
        column->scale = value->scale;
}

static struct column choose_column(const struct statement *statement, size_t index)
{
    struct column column = {.kind = VALUE_NULL};
    for (const struct row *row = statement->rows; row != NULL; row = row->next)
        widen_column(&column, &row->values[index]);
    if (column.kind == VALUE_NULL)
        column.kind = VALUE_INTEGER;
    if (column.kind == VALUE_INTEGER)
        column.size = column.size == 8 ? 8 : 4;
    if (column.kind == VALUE_WIDE && column.size % 2 != 0)
        column.size++;
    column.is_chunked = column.size > TEXT_LIMIT;
    return column;
}

static bool convert_rows(struct connection *connection, struct statement *statement, size_t index,
                         const struct column *column)
{
    for (struct row *row = statement->rows; row != NULL; row = row->next) {
        struct value *value = &row->values[index];
        if (!value_convert(value, column->kind)) {
            token_error(connection, 245, 16,
                        "Conversion failed when converting the varchar value '%.100s' to data type "
                        "int.",
                        value->text);
            return false;
        }
        while (value->kind == VALUE_NUMERIC && value->scale < column->scale) {
            value->integer *= 10;
            value->scale++;
        }
    }
    return true;
}

static void append_type(struct connection *connection, const struct column *column)
{
    static const unsigned char collation[5] = {0x09, 0x04, 0xD0, 0x00, 0x34};
    struct buffer *reply = &connection->reply;
    size_t size = column->size == 0 ? 2 : column->size;
    switch (column->kind) {
    case VALUE_FLOAT:
        buffer_append(reply, "\x6D\x08", 2);
        break;
    case VALUE_NUMERIC:
        buffer_append_byte(reply, TYPE_NUMERIC);
        buffer_append_byte(reply, NUMERIC_SIZE);
        buffer_append_byte(reply, NUMERIC_PRECISION);
        buffer_append_byte(reply, column->scale);
        break;
    case VALUE_TEXT:
    case VALUE_WIDE:
        if (size > TEXT_LIMIT)
            size = connection->is_long ? MAXIMUM : TEXT_LIMIT;
        buffer_append_byte(reply, column->kind == VALUE_TEXT ? TYPE_VARCHAR : TYPE_NVARCHAR);
        buffer_append_u16le(reply, (uint16_t)size);
        buffer_append(reply, collation, sizeof collation);
        break;
    default:
        buffer_append_byte(reply, TYPE_INTEGER);
        buffer_append_byte(reply, (unsigned char)column->size);
    }
}

static void append_metadata(struct connection *connection, const struct statement *statement,
                            const struct column *columns)
{
    struct buffer *reply = &connection->reply;
    buffer_append_byte(reply, 0x81);
    buffer_append_u16le(reply, (uint16_t)statement->columns);
    for (size_t i = 0; i < statement->columns; i++) {
        if (connection->is_long)
            buffer_append_u32le(reply, 0);
        else
            buffer_append_u16le(reply, 0);
        buffer_append_u16le(reply, 0x0001);
        append_type(connection, &columns[i]);
        append_short_text(reply, statement->names[i]);
    }
}

static void append_integer(struct buffer *reply, uint64_t number, size_t size)
{
    buffer_append_byte(reply, (unsigned char)size);
    for (size_t i = 0; i < size; i++)
        buffer_append_byte(reply, (unsigned char)(number >> 8 * i));
}

/* The value in UTF-16, or in the code page of the collation, as far as that is Latin-1. */
static void encode_text(const struct value *value, struct buffer *out)
{
    size_t length = 0;
    uint16_t *units = text_to_utf16(value->text, value->length, &length);
    for (size_t i = 0; i < length; i++) {
        if (value->kind == VALUE_WIDE)
            buffer_append_u16le(out, units[i]);
        else
            buffer_append_byte(out, units[i] < 0x100 ? (unsigned char)units[i] : '?');
    }
    free(units);
}

static void append_chunks(struct connection *connection, const struct buffer *text)
{
    struct buffer *reply = &connection->reply;
    size_t length = buffer_length(text);
    buffer_append_u32le(reply, (uint32_t)length);
    buffer_append_u32le(reply, 0);
    for (size_t at = 0; at < length; at += CHUNK_SIZE) {
        size_t size = length - at < CHUNK_SIZE ? length - at : CHUNK_SIZE;
        buffer_append_u32le(reply, (uint32_t)size);
        buffer_append(reply, buffer_content(text) + at, size);
        reply_flush(connection, false);
    }
    buffer_append_u32le(reply, 0);
}

static void append_text_value(struct connection *connection, const struct value *value,
                              const struct column *column)
{
    struct buffer text = {0};
    encode_text(value, &text);
    size_t length = buffer_length(&text);
    if (column->is_chunked && connection->is_long) {
        append_chunks(connection, &text);
    } else {
        length = length < TEXT_LIMIT ? length : TEXT_LIMIT;
        buffer_append_u16le(&connection->reply, (uint16_t)length);
        if (length > 0)
            buffer_append(&connection->reply, buffer_content(&text), length);
    }
    buffer_free(&text);
}

static void append_null(struct connection *connection, const struct column *column)
{
    static const unsigned char null[8] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    if (column->kind != VALUE_TEXT && column->kind != VALUE_WIDE)
        buffer_append_byte(&connection->reply, 0);
    else
        buffer_append(&connection->reply, null, column->is_chunked && connection->is_long ? 8 : 2);
}

static void append_value(struct connection *connection, const struct value *value,
                         const struct column *column, uint32_t row)
{
    struct buffer *reply = &connection->reply;
    uint64_t bits;
    switch (value->kind) {
    case VALUE_NULL:
        append_null(connection, column);
        break;
    case VALUE_ROW:
        append_integer(reply, row, column->size);
        break;
    case VALUE_INTEGER:
        append_integer(reply, (uint64_t)value->integer, column->size);
        break;
    case VALUE_NUMERIC:
        buffer_append_byte(reply, NUMERIC_SIZE);
        append_integer(reply, (uint64_t)llabs(value->integer), 8);
        /* The length that was just written is the sign's place. */
        buffer_content(reply)[buffer_length(reply) - 9] = value->integer >= 0;
        break;
    case VALUE_FLOAT:
        memcpy(&bits, &value->real, sizeof bits);
        append_integer(reply, bits, 8);
        break;
    case VALUE_TEXT:
    case VALUE_WIDE:
        append_text_value(connection, value, column);
        break;
    }
}

static void append_row(struct connection *connection, const struct statement *statement,
                       const struct row *row, const struct column *columns, uint32_t number)
{
    buffer_append_byte(&connection->reply, 0xD1);
    for (size_t i = 0; i < statement->columns; i++)
        append_value(connection, &row->values[i], &columns[i], number);
    reply_flush(connection, false);
}

bool rows_send(struct connection *connection, struct statement *statement, bool has_rows,
               uint64_t *count_out)
{
    struct column columns[SQL_COLUMN_LIMIT];
    uint32_t times = statement->generated > 0 ? statement->generated : 1;
    *count_out = 0;
    for (size_t i = 0; i < statement->columns; i++) {
        columns[i] = choose_column(statement, i);
        if (!convert_rows(connection, statement, i, &columns[i]))
            return false;
        /* What was converted to text has got a length now. */
        enum value_kind kind = columns[i].kind;
        columns[i] = choose_column(statement, i);
        columns[i].kind = kind;
    }
    append_metadata(connection, statement, columns);
    if (!has_rows)
        return true;
    for (uint32_t number = 1; number <= times && !reply_is_stopped(connection); number++) {
        for (const struct row *row = statement->rows; row != NULL; row = row->next) {
            append_row(connection, statement, row, columns, number);
            ++*count_out;
        }
    }
    return true;
}
