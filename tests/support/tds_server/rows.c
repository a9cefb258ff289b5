/* A result: COLMETADATA and ROW tokens (MS-TDS 2.2.7.4, 2.2.7.17). */
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

static bool is_text(enum value_kind kind)
{
    return kind == VALUE_TEXT || kind == VALUE_WIDE;
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

/* The type of the first row that has a value; text is as long as the longest. */
static struct column choose_column(const struct statement *statement, size_t index)
{
    struct column column = {.kind = VALUE_NULL};
    size_t number_size = 4;
    for (size_t row = 0; row < statement->rows; row++) {
        const struct value *value = &statement->values[row * statement->columns + index];
        const char *point = value->kind == VALUE_NUMERIC ? strchr(value->text, '.') : NULL;
        struct buffer text = {0};
        if (column.kind == VALUE_NULL)
            column.kind = value->kind;
        if (point != NULL)
            column.scale = (uint8_t)strlen(point + 1);
        if (is_text(value->kind)) {
            encode_text(value, &text);
            column.size = buffer_length(&text) > column.size ? buffer_length(&text) : column.size;
            buffer_free(&text);
        }
        if (value->kind == VALUE_INTEGER && labs(strtol(value->text, NULL, 10)) > INT32_MAX)
            number_size = 8;
    }
    if (!is_text(column.kind))
        column.size = number_size;
    else if (column.size == 0)
        column.size = 2;
    column.is_chunked = column.size > TEXT_LIMIT;
    return column;
}

static void append_type(struct connection *connection, const struct column *column)
{
    static const unsigned char collation[5] = {0x09, 0x04, 0xD0, 0x00, 0x34};
    struct buffer *reply = &connection->reply;
    size_t size = column->size;
    if (size > TEXT_LIMIT)
        size = connection->is_long ? MAXIMUM : TEXT_LIMIT;
    switch (column->kind) {
    case VALUE_FLOAT:
        buffer_append_byte(reply, TYPE_FLOAT);
        buffer_append_byte(reply, 8);
        break;
    case VALUE_NUMERIC:
        buffer_append_byte(reply, TYPE_NUMERIC);
        buffer_append_byte(reply, NUMERIC_SIZE);
        buffer_append_byte(reply, NUMERIC_PRECISION);
        buffer_append_byte(reply, column->scale);
        break;
    case VALUE_TEXT:
    case VALUE_WIDE:
        buffer_append_byte(reply, column->kind == VALUE_TEXT ? TYPE_VARCHAR : TYPE_NVARCHAR);
        buffer_append_u16le(reply, (uint16_t)size);
        buffer_append(reply, collation, sizeof collation);
        break;
    default:
        buffer_append_byte(reply, TYPE_INTEGER);
        buffer_append_byte(reply, (unsigned char)size);
    }
}

static void append_metadata(struct connection *connection, const struct statement *statement,
                            const struct column *columns)
{
    struct buffer *reply = &connection->reply;
    buffer_append_byte(reply, 0x81);
    buffer_append_u16le(reply, (uint16_t)statement->columns);
    for (size_t i = 0; i < statement->columns; i++) {
        buffer_append_u16le(reply, 0); /* user type, 32 bits from TDS 7.2 on */
        if (connection->is_long)
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

static void append_numeric(struct buffer *reply, const char *text)
{
    bool is_negative = *text == '-';
    uint64_t magnitude = 0;
    for (; *text != '\0'; text++)
        if (*text >= '0' && *text <= '9')
            magnitude = magnitude * 10 + (uint64_t)(*text - '0');
    buffer_append_byte(reply, NUMERIC_SIZE);
    append_integer(reply, magnitude, 8);
    /* The length that was just written is the sign's place. */
    buffer_content(reply)[buffer_length(reply) - 9] = !is_negative;
}

static void append_text_value(struct connection *connection, const struct value *value,
                              const struct column *column)
{
    struct buffer text = {0};
    struct buffer *reply = &connection->reply;
    encode_text(value, &text);
    size_t length = buffer_length(&text);
    if (column->is_chunked && connection->is_long) {
        buffer_append_u32le(reply, (uint32_t)length);
        buffer_append_u32le(reply, 0);
        for (size_t at = 0; at < length; at += CHUNK_SIZE) {
            size_t size = length - at < CHUNK_SIZE ? length - at : CHUNK_SIZE;
            buffer_append_u32le(reply, (uint32_t)size);
            buffer_append(reply, buffer_content(&text) + at, size);
            reply_flush(connection, false);
        }
        buffer_append_u32le(reply, 0);
    } else {
        length = length < TEXT_LIMIT ? length : TEXT_LIMIT;
        buffer_append_u16le(reply, (uint16_t)length);
        if (length > 0)
            buffer_append(reply, buffer_content(&text), length);
    }
    buffer_free(&text);
}

static void append_null(struct connection *connection, const struct column *column)
{
    if (is_text(column->kind))
        buffer_append(&connection->reply, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
                      column->is_chunked && connection->is_long ? 8 : 2);
    else
        buffer_append_byte(&connection->reply, 0);
}

static void append_value(struct connection *connection, const struct value *value,
                         const struct column *column, uint32_t row)
{
    struct buffer *reply = &connection->reply;
    double real;
    uint64_t bits;
    switch (value->kind) {
    case VALUE_NULL:
        append_null(connection, column);
        break;
    case VALUE_ROW:
        append_integer(reply, row, column->size);
        break;
    case VALUE_INTEGER:
        append_integer(reply, (uint64_t)strtoll(value->text, NULL, 10), column->size);
        break;
    case VALUE_NUMERIC:
        append_numeric(reply, value->text);
        break;
    case VALUE_FLOAT:
        real = strtod(value->text, NULL);
        memcpy(&bits, &real, sizeof bits);
        append_integer(reply, bits, 8);
        break;
    case VALUE_TEXT:
    case VALUE_WIDE:
        append_text_value(connection, value, column);
        break;
    }
}

bool rows_send(struct connection *connection, const struct statement *statement, bool has_rows,
               uint64_t *count_out)
{
    struct column columns[SQL_COLUMN_LIMIT];
    size_t count = statement->rows * statement->columns;
    *count_out = 0;
    for (size_t i = 0; i < statement->columns; i++)
        columns[i] = choose_column(statement, i);
    for (size_t i = 0; i < count; i++) {
        enum value_kind kind = statement->values[i].kind;
        if (kind != VALUE_NULL && kind != columns[i % statement->columns].kind) {
            token_error(connection, 245, 16, "A column has values of two types.");
            return false;
        }
    }
    append_metadata(connection, statement, columns);
    for (uint32_t number = 1; has_rows && number <= statement->generated &&
                              (number % 32 != 0 || !reply_is_stopped(connection));
         number++) {
        for (size_t i = 0; i < count; i++) {
            size_t column = i % statement->columns;
            if (column == 0)
                buffer_append_byte(&connection->reply, 0xD1);
            append_value(connection, &statement->values[i], &columns[column], number);
            if (column + 1 == statement->columns) {
                reply_flush(connection, false);
                ++*count_out;
            }
        }
    }
    return true;
}
