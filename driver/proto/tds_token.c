/*
 * tds_token.c - reads the token stream behind LOGIN7 for tds_login.c: lengths differ by token and
 * by version, and what is not known ends the login.
 */
#include "proto/tds_token.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum token {
    TOKEN_ERROR = 0xAA,
    TOKEN_LOGINACK = 0xAD,
    TOKEN_FEATURE_ACK = 0xAE,
    TOKEN_ENVIRONMENT = 0xE3,
    TOKEN_SESSION_STATE = 0xE4,
    TOKEN_FEDERATION = 0xEE,
    TOKEN_DONE = 0xFD,
    TOKEN_DONE_PROCEDURE = 0xFE,
    TOKEN_DONE_IN_PROCEDURE = 0xFF
};

enum environment { ENVIRONMENT_ROUTING = 20, ENVIRONMENT_ENHANCED_ROUTING = 21 };

#define DONE_MORE 0x0001
#define DONE_ERROR 0x0002
#define FEATURE_END 0xFF
#define TEXT_LIMIT 1000
#define REFUSAL_NUMBER 50000 /* the first of those that are free for applications */
#define REFUSAL_CLASS 16

struct stream {
    struct cursor cursor;
    struct tds_login_reply *reply;
};

bool tds_version_is_long(uint32_t version)
{
    return version >> 24 >= 0x72 || version >> 24 == 0x08;
}

/* MS-TDS 2.2.7.9: type u8, length u16, protocol u8, port u16, host as a counted UTF-16 string. */
static void read_routing(struct stream *stream, struct cursor token)
{
    struct tds_login_reply *reply = stream->reply;
    reply->is_routed = true;
    cursor_bytes(&token, 4);
    reply->routing_port = cursor_u16le(&token);
    size_t length = cursor_u16le(&token);
    const unsigned char *name = cursor_bytes(&token, 2 * length);
    uint16_t units[TDS_HOST_SIZE];
    if (length > TDS_HOST_SIZE)
        length = TDS_HOST_SIZE;
    for (size_t i = 0; name != NULL && i < length; i++)
        units[i] = (uint16_t)(name[2 * i] | name[2 * i + 1] << 8);
    char *text = name != NULL ? text_to_utf8(units, length, NULL) : NULL;
    error_printable(text != NULL ? text : "?", text != NULL ? strlen(text) : 1, reply->routing_host,
                    sizeof reply->routing_host);
    free(text);
}

/* A token of which only the length of its length differs. */
static void read_sized(struct stream *stream, uint8_t type, size_t length)
{
    const unsigned char *bytes = cursor_bytes(&stream->cursor, length);
    if (bytes == NULL)
        return;
    struct cursor token = cursor_over(bytes, length);
    if (type == TOKEN_LOGINACK) {
        /* ProtocolVersion u32, not in network order as LOGIN7 has it, but reversed: interface u8
         * first. */
        cursor_u8(&token);
        uint32_t version = cursor_u32(&token);
        if (!token.is_short)
            stream->reply->version = version;
        stream->reply->is_accepted = true;
    } else if (type == TOKEN_ENVIRONMENT && length > 0 &&
               (*bytes == ENVIRONMENT_ROUTING || *bytes == ENVIRONMENT_ENHANCED_ROUTING))
        read_routing(stream, token);
    else if (type == TOKEN_ERROR)
        stream->reply->has_error = true;
}

/* MS-TDS 2.2.4.2: two bits of a token's type say how it is measured. false: it cannot be skipped.
 */
static bool read_by_class(struct stream *stream, uint8_t type)
{
    switch (type & 0x30) {
    case 0x10:
        return true;
    case 0x20:
        read_sized(stream, type, cursor_u16le(&stream->cursor));
        return true;
    case 0x30:
        cursor_bytes(&stream->cursor, (size_t)1 << (type >> 2 & 3));
        return true;
    default:
        return false;
    }
}

/* Status u16, command u16, and how many rows: a number whose size depends on the version. */
static unsigned read_done(struct stream *stream)
{
    unsigned status = cursor_u16le(&stream->cursor);
    cursor_bytes(&stream->cursor, tds_version_is_long(stream->reply->version) ? 10 : 6);
    return status;
}

static bool read_token(struct stream *stream)
{
    uint8_t type = cursor_u8(&stream->cursor);
    switch (type) {
    case TOKEN_SESSION_STATE:
    case TOKEN_FEDERATION:
        cursor_bytes(&stream->cursor, cursor_u32le(&stream->cursor));
        return true;
    case TOKEN_FEATURE_ACK:
        while (cursor_u8(&stream->cursor) != FEATURE_END && !stream->cursor.is_short)
            cursor_bytes(&stream->cursor, cursor_u32le(&stream->cursor));
        return true;
    case TOKEN_DONE:
        stream->reply->is_over = (read_done(stream) & DONE_MORE) == 0;
        return true;
    case TOKEN_DONE_PROCEDURE:
    case TOKEN_DONE_IN_PROCEDURE:
        read_done(stream);
        return true;
    default:
        return read_by_class(stream, type);
    }
}

bool tds_login_reply_read(const void *payload, size_t length, struct tds_login_reply *reply,
                          struct error *error)
{
    struct stream stream = {cursor_over(payload, length), reply};
    bool is_known = true;
    while (is_known && !stream.cursor.is_short && stream.cursor.left > 0)
        is_known = read_token(&stream);
    if (is_known && !stream.cursor.is_short)
        return true;
    return error_set(error, ODBCSSL_ERROR_PROTOCOL,
                     "the server's answer to the login is not a valid TDS token stream");
}

static void append_utf16(struct buffer *payload, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        buffer_append_u16le(payload, (unsigned char)text[i]);
}

void tds_token_append_error(struct buffer *payload, const char *text, bool is_long)
{
    static const char server[] = "odbcssl";
    static const unsigned char zeroes[8] = {0};
    size_t characters = strnlen(text, TEXT_LIMIT);
    size_t server_characters = sizeof server - 1;
    size_t line_size = is_long ? 4 : 2;
    size_t length = 4 + 1 + 1 + 2 + 2 * characters + 1 + 2 * server_characters + 1 + line_size;
    buffer_append_byte(payload, TOKEN_ERROR);
    buffer_append_u16le(payload, (uint16_t)length);
    buffer_append_u32le(payload, REFUSAL_NUMBER);
    buffer_append_byte(payload, 1); /* state */
    buffer_append_byte(payload, REFUSAL_CLASS);
    buffer_append_u16le(payload, (uint16_t)characters);
    append_utf16(payload, text, characters);
    buffer_append_byte(payload, (unsigned char)server_characters);
    append_utf16(payload, server, server_characters);
    buffer_append_byte(payload, 0); /* no procedure */
    buffer_append(payload, zeroes, line_size);
    buffer_append_byte(payload, TOKEN_DONE);
    buffer_append_u16le(payload, DONE_ERROR);
    buffer_append_u16le(payload, 0);
    buffer_append(payload, zeroes, is_long ? 8 : 4); /* rows */
}
