/* mysql_packet.c - single packets of the connection phase, read and written for mysql*.c. */
#include "proto/mysql_packet.h"

#define SQLSTATE_SIZE 5

bool mysql_peek_header(const struct buffer *input, struct mysql_header *header_out)
{
    if (buffer_length(input) < MYSQL_HEADER_SIZE)
        return false;
    struct cursor cursor = cursor_over(buffer_content(input), MYSQL_HEADER_SIZE);
    header_out->length = cursor_u24le(&cursor);
    header_out->sequence = cursor_u8(&cursor);
    return true;
}

bool mysql_append_header(struct buffer *output, size_t length, uint8_t sequence)
{
    return buffer_append_u32le(output, (uint32_t)length | (uint32_t)sequence << 24);
}

bool mysql_read_error(const void *payload, size_t size, struct mysql_error_packet *error_out)
{
    struct cursor cursor = cursor_over(payload, size);
    cursor_u8(&cursor);
    error_out->number = cursor_u16le(&cursor);
    if (cursor.left > SQLSTATE_SIZE && *cursor.next == '#')
        cursor_bytes(&cursor, 1 + SQLSTATE_SIZE);
    error_out->text = (const char *)cursor.next;
    error_out->text_length = cursor.left;
    return !cursor.is_short;
}

size_t mysql_read_length(struct cursor *cursor)
{
    uint8_t first = cursor_u8(cursor);
    if (first < 0xFB)
        return first;
    if (first == 0xFC)
        return cursor_u16le(cursor);
    if (first == 0xFD)
        return cursor_u24le(cursor);
    cursor->is_short = true;
    return 0;
}
