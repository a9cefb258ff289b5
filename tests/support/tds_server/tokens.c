/* tokens.c - the tokens of a reply (MS-TDS 2.2.7), as they are appended to it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "support/tds_server/connection.h"

#define SERVER_NAME "TDSTEST"
#define TEXT_SIZE 2048

static size_t append_units(struct buffer *buffer, const char *text)
{
    size_t length = 0;
    uint16_t *units = text_to_utf16(text, strlen(text), &length);
    for (size_t i = 0; i < length; i++)
        buffer_append_u16le(buffer, units[i]);
    free(units);
    return length;
}

void append_short_text(struct buffer *buffer, const char *text)
{
    size_t at = buffer_length(buffer);
    buffer_append_byte(buffer, 0);
    size_t length = append_units(buffer, text);
    buffer_content(buffer)[at] = (unsigned char)length;
}

void append_long_text(struct buffer *buffer, const char *text)
{
    size_t at = buffer_length(buffer);
    buffer_append_u16le(buffer, 0);
    size_t length = append_units(buffer, text);
    buffer_content(buffer)[at] = (unsigned char)length;
    buffer_content(buffer)[at + 1] = (unsigned char)(length >> 8);
}

size_t token_begin(struct connection *connection, uint8_t type)
{
    buffer_append_byte(&connection->reply, type);
    buffer_append_u16le(&connection->reply, 0);
    return buffer_length(&connection->reply);
}

void token_end(struct connection *connection, size_t begin)
{
    size_t length = buffer_length(&connection->reply) - begin;
    unsigned char *bytes = buffer_content(&connection->reply) + begin - 2;
    bytes[0] = (unsigned char)length;
    bytes[1] = (unsigned char)(length >> 8);
}

void token_message(struct connection *connection, enum message_type type, uint32_t number,
                   uint8_t severity, const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t begin = token_begin(connection, type);
    buffer_append_u32le(&connection->reply, number);
    buffer_append_byte(&connection->reply, 1);
    buffer_append_byte(&connection->reply, severity);
    append_long_text(&connection->reply, text);
    append_short_text(&connection->reply, SERVER_NAME);
    append_short_text(&connection->reply, "");
    if (connection->is_long)
        buffer_append_u32le(&connection->reply, 1);
    else
        buffer_append_u16le(&connection->reply, 1);
    token_end(connection, begin);
    if (type == MESSAGE_ERROR)
        log_event("error number=%u text=%s", number, text);
}

void token_environment(struct connection *connection, uint8_t type, const char *new_text,
                       const char *old_text)
{
    size_t begin = token_begin(connection, 0xE3);
    buffer_append_byte(&connection->reply, type);
    append_short_text(&connection->reply, new_text);
    append_short_text(&connection->reply, old_text);
    token_end(connection, begin);
}

void token_environment_bytes(struct connection *connection, uint8_t type, const void *new_bytes,
                             size_t new_size, const void *old_bytes, size_t old_size)
{
    size_t begin = token_begin(connection, 0xE3);
    buffer_append_byte(&connection->reply, type);
    buffer_append_byte(&connection->reply, (unsigned char)new_size);
    buffer_append(&connection->reply, new_bytes, new_size);
    buffer_append_byte(&connection->reply, (unsigned char)old_size);
    buffer_append(&connection->reply, old_bytes, old_size);
    token_end(connection, begin);
}

void token_done(struct connection *connection, enum done_type type, unsigned status, uint64_t rows)
{
    buffer_append_byte(&connection->reply, (unsigned char)type);
    buffer_append_u16le(&connection->reply, (uint16_t)status);
    buffer_append_u16le(&connection->reply, status & DONE_COUNT ? 0xC1 : 0);
    buffer_append_u32le(&connection->reply, (uint32_t)rows);
    if (connection->is_long)
        buffer_append_u32le(&connection->reply, (uint32_t)(rows >> 32));
}

void token_return_status(struct connection *connection, uint32_t status)
{
    buffer_append_byte(&connection->reply, 0x79);
    buffer_append_u32le(&connection->reply, status);
}

/* An output parameter of type int. */
void token_return_number(struct connection *connection, uint16_t ordinal, const char *name,
                         uint32_t number)
{
    struct buffer *reply = &connection->reply;
    buffer_append_byte(reply, 0xAC);
    if (connection->is_long)
        buffer_append_u16le(reply, ordinal);
    else
        buffer_append_u16le(reply, 13);
    append_short_text(reply, name);
    buffer_append_byte(reply, 1);
    if (connection->is_long)
        buffer_append_u32le(reply, 0);
    else
        buffer_append_u16le(reply, 0);
    buffer_append_u16le(reply, 0);
    buffer_append_byte(reply, 0x26);
    buffer_append_byte(reply, 4);
    buffer_append_byte(reply, 4);
    buffer_append_u32le(reply, number);
}

char *text_from_message(const unsigned char *bytes, size_t units)
{
    uint16_t *text = calloc(units + 1, sizeof *text);
    for (size_t i = 0; text != NULL && i < units; i++)
        text[i] = (uint16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8);
    char *out = text != NULL ? text_to_utf8(text, units, NULL) : NULL;
    free(text);
    return out;
}
