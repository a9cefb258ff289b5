/*
 * tds_packet.c - reads packets, collects messages, and writes them, for the rest of tds*.c.
 */
#include "proto/tds_packet.h"

#define SMP_HEADER_SIZE 16

enum tds_outcome tds_packet_read(const void *bytes, size_t size, struct tds_packet *packet_out)
{
    struct cursor cursor = cursor_over(bytes, size);
    packet_out->type = cursor_u8(&cursor);
    packet_out->status = cursor_u8(&cursor);
    packet_out->length = cursor_u16(&cursor);
    if (cursor.is_short)
        return TDS_PARTIAL;
    if (packet_out->length < TDS_HEADER_SIZE)
        return TDS_BAD_LENGTH;
    cursor_bytes(&cursor, TDS_HEADER_SIZE - 4);
    packet_out->payload_length = packet_out->length - TDS_HEADER_SIZE;
    packet_out->payload = cursor_bytes(&cursor, packet_out->payload_length);
    return cursor.is_short ? TDS_PARTIAL : TDS_WHOLE;
}

enum tds_outcome tds_message_collect(struct tds_message *message, struct buffer *input,
                                     size_t limit)
{
    struct tds_packet packet;
    do {
        if (buffer_length(input) == 0)
            return TDS_PARTIAL;
        enum tds_outcome outcome =
            tds_packet_read(buffer_content(input), buffer_length(input), &packet);
        if (outcome != TDS_WHOLE)
            return outcome;
        if (buffer_length(&message->packets) == 0)
            message->type = packet.type;
        if (packet.type != message->type)
            return TDS_BAD_TYPE;
        if (buffer_length(&message->packets) + packet.length > limit)
            return TDS_TOO_LONG;
        buffer_append(&message->payload, packet.payload, packet.payload_length);
        buffer_move(input, packet.length, &message->packets);
        if (message->payload.is_failed || message->packets.is_failed)
            return TDS_NO_MEMORY;
    } while ((packet.status & TDS_STATUS_LAST) == 0);
    return TDS_WHOLE;
}

void tds_message_set_byte(struct tds_message *message, size_t at, uint8_t byte)
{
    unsigned char *bytes = buffer_content(&message->packets);
    size_t size = buffer_length(&message->packets);
    struct tds_packet packet;
    if (bytes == NULL) /* there is no message */
        return;
    buffer_content(&message->payload)[at] = byte;
    while (tds_packet_read(bytes, size, &packet) == TDS_WHOLE && packet.payload_length <= at) {
        at -= packet.payload_length;
        bytes += packet.length;
        size -= packet.length;
    }
    bytes[TDS_HEADER_SIZE + at] = byte;
}

void tds_message_clear(struct tds_message *message)
{
    buffer_clear(&message->packets);
    buffer_clear(&message->payload);
}

bool tds_message_write(struct buffer *wire, uint8_t type, const struct buffer *payload)
{
    struct cursor left = cursor_over(buffer_content(payload), buffer_length(payload));
    uint8_t id = 0;
    do {
        size_t part = left.left;
        if (part > TDS_PACKET_SIZE - TDS_HEADER_SIZE)
            part = TDS_PACKET_SIZE - TDS_HEADER_SIZE;
        buffer_append_byte(wire, type);
        buffer_append_byte(wire, part == left.left ? TDS_STATUS_LAST : 0);
        buffer_append_u16(wire, (uint16_t)(part + TDS_HEADER_SIZE));
        buffer_append_u16(wire, 0); /* SPID */
        buffer_append_byte(wire, id++);
        buffer_append_byte(wire, 0); /* window */
        buffer_append(wire, cursor_bytes(&left, part), part);
    } while (left.left > 0);
    return !wire->is_failed && !payload->is_failed;
}

size_t tds_frame_length(const unsigned char *bytes, size_t size)
{
    struct cursor cursor = cursor_over(bytes, size);
    uint8_t type = cursor_u8(&cursor);
    size_t header = TDS_HEADER_SIZE;
    size_t length;
    if (type == TDS_PACKET_SMP) {
        cursor_bytes(&cursor, 3);
        length = cursor_u32le(&cursor);
        header = SMP_HEADER_SIZE;
    } else {
        cursor_u8(&cursor);
        length = cursor_u16(&cursor);
    }
    if (cursor.is_short)
        return 0;
    return length < header ? SIZE_MAX : length;
}
