/*
 * tds_packet.h - packets and messages of TDS (MS-TDS 2.2.3): a message is one or more packets of
 * the same type, the last of them marked.
 *
 *      type u8 | status u8 | length u16 big-endian, header included | SPID u16 | id u8 | window u8
 */
#ifndef PROTO_TDS_PACKET_H
#define PROTO_TDS_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

#define TDS_HEADER_SIZE 8
#define TDS_PACKET_SIZE 4096 /* until the login settled another */
#define TDS_STATUS_LAST 0x01

enum tds_packet_type {
    TDS_PACKET_OLD_LOGIN = 0x02, /* TDS 4.2 and 5.0 */
    TDS_PACKET_REPLY = 0x04,
    TDS_PACKET_ATTENTION = 0x06,
    TDS_PACKET_LOGIN7 = 0x10,
    TDS_PACKET_PRELOGIN = 0x12,
    TDS_PACKET_TLS = 0x16, /* not TDS: a TLS handshake record, as TDS 8.0 begins */
    TDS_PACKET_SMP = 0x53  /* not TDS: a frame of MARS (MC-SMP 2.2.1) */
};

enum tds_outcome {
    TDS_PARTIAL,    /* more bytes are needed */
    TDS_WHOLE,      /* a whole packet, or a whole message */
    TDS_BAD_LENGTH, /* a packet that claims to be shorter than its header */
    TDS_BAD_TYPE,   /* a message of packets of different types */
    TDS_TOO_LONG,   /* a message above the limit */
    TDS_NO_MEMORY
};

struct tds_packet {
    uint8_t type;
    uint8_t status;
    size_t length; /* of all */
    const unsigned char *payload;
    size_t payload_length;
};

/* TDS_PARTIAL, TDS_WHOLE or TDS_BAD_LENGTH. */
enum tds_outcome tds_packet_read(const void *bytes, size_t size, struct tds_packet *packet_out);

/* A message that is being put together. All zeroes: none yet. */
struct tds_message {
    struct buffer packets; /* as they came */
    struct buffer payload; /* without their headers */
    uint8_t type;
};

/* Moves the message's packets from input; TDS_WHOLE when the last one was among them. */
enum tds_outcome tds_message_collect(struct tds_message *message, struct buffer *input,
                                     size_t limit);
/* Changes one byte of the payload, in its packet too. */
void tds_message_set_byte(struct tds_message *message, size_t at, uint8_t byte);

/* The next message may come. */
void tds_message_clear(struct tds_message *message);

/* Appends payload to wire as one message of packets of TDS_PACKET_SIZE. false: out of memory, here
 * or when payload was filled. */
bool tds_message_write(struct buffer *wire, uint8_t type, const struct buffer *payload);

/* The length of the TDS packet or SMP frame that begins at bytes; 0: too few bytes to know.
 * SIZE_MAX: it is neither. */
size_t tds_frame_length(const unsigned char *bytes, size_t size);

#endif
