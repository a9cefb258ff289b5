/*
 * value.h - a value of a request or a result: its TYPE_INFO (MS-TDS 2.2.5.6) as it stands on the
 * wire, and its bytes. Nothing is converted: what came as a parameter goes back as it came.
 */
#ifndef TDS_SERVER_VALUE_H
#define TDS_SERVER_VALUE_H

#include "base/buffer.h"

#define TYPE_INTEGER 0x26
#define TYPE_NUMERIC 0x6C
#define TYPE_FLOAT 0x6D
#define TYPE_VARCHAR 0xA7
#define TYPE_NVARCHAR 0xE7

struct value {
    unsigned char type[12]; /* TYPE_INFO */
    size_t type_size;
    bool is_null;
    bool is_row_number; /* n of numbers(): its bytes are the row's number */
    struct buffer bytes;
};

/* A parameter's type and value; false: malformed, or a type that is not supported. */
bool value_read(struct cursor *cursor, struct value *value);

/* The text is UTF-8; bits are the value as it is, scale counts for a numeric. */
void value_set_text(struct value *value, uint8_t type, const char *text, size_t length);
void value_set_number(struct value *value, uint8_t type, uint8_t scale, uint64_t bits);
void value_set_null(struct value *value);

/* The same bytes under the type of a text. */
void value_make_text(struct value *value, uint8_t type);

/* Into a result; size: of the column's largest value, row: the row's number. */
struct connection;
void value_send_type(struct connection *connection, const struct value *value, size_t size);
void value_send(struct connection *connection, const struct value *value, size_t size,
                uint32_t row);

/* New UTF-8, "" for what is no text. */
char *value_text(const struct value *value);

#endif
