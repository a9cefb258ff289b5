/*
 * mysql_packet.h - the packets of the MySQL connection phase that a relay has to understand:
 * reading them out of hostile bytes, and writing the few that it sends itself.
 *
 * A packet is its payload's length (3 bytes, little-endian), a sequence number, and the payload.
 */
#ifndef PROTO_MYSQL_PACKET_H
#define PROTO_MYSQL_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

#define MYSQL_HEADER_SIZE 4
/* First byte of the greeting. */
#define MYSQL_PROTOCOL_VERSION 10
/* A payload of this length is continued in the next packet. */
#define MYSQL_PAYLOAD_MAXIMUM 0xFFFFFFu
/* The response's fixed part, which alone is the SSLRequest. */
#define MYSQL_SSL_REQUEST_SIZE 32

#define MYSQL_CLIENT_CONNECT_WITH_DB 0x8u
#define MYSQL_CLIENT_PROTOCOL_41 0x200u
#define MYSQL_CLIENT_SSL 0x800u
#define MYSQL_CLIENT_SECURE_CONNECTION 0x8000u
#define MYSQL_CLIENT_PLUGIN_AUTH (1u << 19)
#define MYSQL_CLIENT_PLUGIN_AUTH_LENENC (1u << 21)
#define MYSQL_CLIENT_MULTI_FACTOR (1u << 28)

/* First payload bytes of the server in the connection phase. */
enum mysql_marker {
    MYSQL_MARKER_OK = 0x00,
    MYSQL_MARKER_MORE_DATA = 0x01,
    MYSQL_MARKER_NEXT_FACTOR =
        0x02, /* only with CLIENT_MULTI_FACTOR; MariaDB's plugins use it freely */
    MYSQL_MARKER_AUTH_SWITCH = 0xFE,
    MYSQL_MARKER_ERROR = 0xFF
};

/* Server error numbers. */
#define MYSQL_ERROR_HANDSHAKE 1043
#define MYSQL_ERROR_SECURE_TRANSPORT_REQUIRED 3159

struct mysql_header {
    size_t length;
    uint8_t sequence;
};

/* false: fewer than MYSQL_HEADER_SIZE bytes. Takes nothing. */
bool mysql_peek_header(const struct buffer *input, struct mysql_header *header_out);
bool mysql_append_header(struct buffer *output, size_t length, uint8_t sequence);

struct mysql_greeting {
    const char *version; /* of the server; inside the payload, NUL-terminated */
    size_t version_length;
    uint32_t capabilities;
    size_t ssl_offset; /* of the byte that holds CLIENT_SSL, and its bit there */
    uint8_t ssl_bit;
};

/* false: not a greeting of protocol version 10. */
bool mysql_read_greeting(const void *payload, size_t size, struct mysql_greeting *greeting_out);

enum mysql_response_form {
    MYSQL_RESPONSE_41,
    MYSQL_RESPONSE_OLD, /* without CLIENT_PROTOCOL_41: another layout, of MySQL 4.0 */
    MYSQL_RESPONSE_MALFORMED
};

/* What the real driver answers to the greeting. */
struct mysql_response {
    uint32_t capabilities;
    const unsigned char *authentication;
    size_t authentication_length;
    const char *plugin; /* NULL: none is named, and the driver uses mysql_native_password */
};

/* Reads the capabilities, and from them alone which form it is. */
enum mysql_response_form mysql_read_response_form(const void *payload, size_t size,
                                                  uint32_t *capabilities_out);

/* Reads the rest of a response of form 41. server_capabilities: a part that the server did not
 * offer is not there. */
bool mysql_read_response(const void *payload, size_t size, uint32_t server_capabilities,
                         struct mysql_response *response_out);

/* A response without user and password, as one packet. false: out of memory. */
bool mysql_append_empty_response(struct buffer *output);

/* Sets CLIENT_SSL in a response or an SSLRequest. */
void mysql_set_response_ssl(unsigned char *payload);

/* The name of the authentication plugin that an AuthSwitchRequest or AuthNextFactor asks for; NULL
 * when it is malformed, "mysql_old_password" for the request of one byte. */
const char *mysql_read_auth_switch(const void *payload, size_t size);

struct mysql_error_packet {
    uint16_t number;
    const char *text; /* not terminated, not sanitized */
    size_t text_length;
};

/* false: it is malformed. The text is inside the payload. */
bool mysql_read_error(const void *payload, size_t size, struct mysql_error_packet *error_out);

/* An ERR packet. is_greeting: it comes instead of the greeting, and has no SQLSTATE then. */
bool mysql_append_error(struct buffer *output, uint8_t sequence, bool is_greeting,
                        const char *text);

#endif
