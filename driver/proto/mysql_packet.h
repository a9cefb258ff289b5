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
/* The response's fixed part, which alone is the SSLRequest: capabilities, maximum packet, character
 * set, and unused bytes. */
#define MYSQL_SSL_REQUEST_SIZE 32

#define MYSQL_CLIENT_CONNECT_WITH_DB 0x8u
#define MYSQL_CLIENT_PROTOCOL_41 0x200u
#define MYSQL_CLIENT_SSL 0x800u
#define MYSQL_CLIENT_SECURE_CONNECTION 0x8000u
#define MYSQL_CLIENT_PLUGIN_AUTH (1u << 19)
#define MYSQL_CLIENT_PLUGIN_AUTH_LENENC (1u << 21)
#define MYSQL_CLIENT_SESSION_TRACK (1u << 23)
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

/* A length-encoded integer; the forms for more than 16 million bytes, and for NULL, make the cursor
 * short: they never fit a packet. */
size_t mysql_read_length(struct cursor *cursor);

struct mysql_error_packet {
    uint16_t number;
    const char *text; /* not terminated, not sanitized */
    size_t text_length;
};

/* false: it is malformed. The text is inside the payload. */
bool mysql_read_error(const void *payload, size_t size, struct mysql_error_packet *error_out);

#endif
