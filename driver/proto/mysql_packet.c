/* mysql_packet.c - single packets of the connection phase, read and written for mysql*.c. */
#include "proto/mysql_packet.h"

#include <string.h>

#define SCRAMBLE_FIRST_PART 8
/* Of the response: capabilities, maximum packet, character set; then unused bytes. */
#define RESPONSE_FIXED_SIZE MYSQL_SSL_REQUEST_SIZE

#define SQLSTATE_SIZE 5
#define ERROR_SQLSTATE "#08S01"

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

bool mysql_read_greeting(const void *payload, size_t size, struct mysql_greeting *greeting_out)
{
    struct cursor cursor = cursor_over(payload, size);
    if (cursor_u8(&cursor) != MYSQL_PROTOCOL_VERSION)
        return false;
    greeting_out->version = cursor_string(&cursor, &greeting_out->version_length);
    cursor_u32le(&cursor); /* connection number */
    cursor_bytes(&cursor, SCRAMBLE_FIRST_PART + 1);
    size_t offset = size - cursor.left;
    greeting_out->capabilities = cursor_u16le(&cursor);
    if (cursor.is_short)
        return false;
    greeting_out->ssl_offset = offset + 1;
    greeting_out->ssl_bit = MYSQL_CLIENT_SSL >> 8;
    /* Servers before 4.1 end here. */
    if (cursor.left > 0) {
        cursor_u8(&cursor);    /* character set */
        cursor_u16le(&cursor); /* status */
        greeting_out->capabilities |= (uint32_t)cursor_u16le(&cursor) << 16;
    }
    return !cursor.is_short;
}

enum mysql_response_form mysql_read_response_form(const void *payload, size_t size,
                                                  uint32_t *capabilities_out)
{
    struct cursor cursor = cursor_over(payload, size);
    *capabilities_out = cursor_u16le(&cursor);
    if (cursor.is_short)
        return MYSQL_RESPONSE_MALFORMED;
    if (!(*capabilities_out & MYSQL_CLIENT_PROTOCOL_41))
        return MYSQL_RESPONSE_OLD;
    *capabilities_out |= (uint32_t)cursor_u16le(&cursor) << 16;
    return size < RESPONSE_FIXED_SIZE ? MYSQL_RESPONSE_MALFORMED : MYSQL_RESPONSE_41;
}

/* A length-encoded integer; the forms for more than 16 million bytes never fit a packet. */
static size_t read_encoded_length(struct cursor *cursor)
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

static void read_authentication(struct cursor *cursor, uint32_t capabilities,
                                struct mysql_response *response)
{
    if (capabilities & (MYSQL_CLIENT_PLUGIN_AUTH_LENENC | MYSQL_CLIENT_SECURE_CONNECTION)) {
        response->authentication_length = capabilities & MYSQL_CLIENT_PLUGIN_AUTH_LENENC
                                              ? read_encoded_length(cursor)
                                              : cursor_u8(cursor);
        response->authentication = cursor_bytes(cursor, response->authentication_length);
        return;
    }
    response->authentication =
        (const unsigned char *)cursor_string(cursor, &response->authentication_length);
}

bool mysql_read_response(const void *payload, size_t size, uint32_t server_capabilities,
                         struct mysql_response *response_out)
{
    struct cursor cursor = cursor_over(payload, size);
    *response_out = (struct mysql_response){.capabilities = cursor_u32le(&cursor)};
    uint32_t capabilities = response_out->capabilities & server_capabilities;
    cursor_bytes(&cursor, RESPONSE_FIXED_SIZE - sizeof capabilities);
    cursor_string(&cursor, NULL); /* user */
    read_authentication(&cursor, capabilities, response_out);
    if (capabilities & MYSQL_CLIENT_CONNECT_WITH_DB)
        cursor_string(&cursor, NULL);
    if (capabilities & MYSQL_CLIENT_PLUGIN_AUTH)
        response_out->plugin = cursor_string(&cursor, NULL);
    return !cursor.is_short;
}

bool mysql_append_empty_response(struct buffer *output)
{
    static const unsigned char rest[] = {
        45, /* utf8mb4_general_ci */
        0,  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* reserved */
        0, /* the user's name ends */
        0, /* so many bytes of a password's proof */
    };
    mysql_append_header(output, 8 + sizeof rest, 1);
    buffer_append_u32le(output, MYSQL_CLIENT_PROTOCOL_41 | MYSQL_CLIENT_SECURE_CONNECTION);
    buffer_append_u32le(output, MYSQL_PAYLOAD_MAXIMUM);
    return buffer_append(output, rest, sizeof rest);
}

void mysql_set_response_ssl(unsigned char *payload)
{
    payload[1] |= MYSQL_CLIENT_SSL >> 8;
}

const char *mysql_read_auth_switch(const void *payload, size_t size)
{
    struct cursor cursor = cursor_over(payload, size);
    cursor_u8(&cursor);
    if (cursor.left == 0)
        return cursor.is_short ? NULL : "mysql_old_password";
    return cursor_string(&cursor, NULL);
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

bool mysql_append_error(struct buffer *output, uint8_t sequence, bool is_greeting, const char *text)
{
    const char *state = is_greeting ? "" : ERROR_SQLSTATE;
    size_t length = 1 + sizeof(uint16_t) + strlen(state) + strlen(text);
    mysql_append_header(output, length, sequence);
    buffer_append_byte(output, MYSQL_MARKER_ERROR);
    buffer_append_u16le(output, MYSQL_ERROR_HANDSHAKE);
    buffer_append_text(output, state);
    return buffer_append_text(output, text);
}
