/* smp.c - several sessions over one connection (MC-SMP): what MARS runs on. */
#include <string.h>

#include "support/tds_server/wire.h"

#define SMP_HEADER_SIZE 16
#define WINDOW 4

enum smp_flag { SMP_SYN = 1, SMP_ACK = 2, SMP_FIN = 4, SMP_DATA = 8 };

struct frame {
    uint8_t flags;
    uint16_t session;
    uint32_t number;
    uint32_t window;
    const unsigned char *data;
    size_t size;
};

static bool parse_frame(const struct buffer *unit, struct frame *frame)
{
    struct cursor cursor = cursor_over(buffer_content(unit), buffer_length(unit));
    uint8_t type = cursor_u8(&cursor);
    frame->flags = cursor_u8(&cursor);
    frame->session = cursor_u16le(&cursor);
    uint32_t length = cursor_u32le(&cursor);
    frame->number = cursor_u32le(&cursor);
    frame->window = cursor_u32le(&cursor);
    if (cursor.is_short || type != PACKET_SMP || length != buffer_length(unit) ||
        frame->session >= SMP_SESSION_LIMIT)
        return false;
    frame->data = cursor.next;
    frame->size = cursor.left;
    return true;
}

static bool write_frame(struct wire *wire, uint8_t flags, uint16_t number, const void *data,
                        size_t size)
{
    struct smp_session *session = &wire->sessions[number];
    struct buffer unit = {0};
    session->window = session->received + WINDOW;
    bool is_sent = buffer_append_byte(&unit, PACKET_SMP) && buffer_append_byte(&unit, flags) &&
                   buffer_append_u16le(&unit, number) &&
                   buffer_append_u32le(&unit, (uint32_t)(SMP_HEADER_SIZE + size)) &&
                   buffer_append_u32le(&unit, session->sent) &&
                   buffer_append_u32le(&unit, session->window) &&
                   (size == 0 || buffer_append(&unit, data, size)) &&
                   wire_write_unit(wire, buffer_content(&unit), buffer_length(&unit));
    buffer_free(&unit);
    return is_sent;
}

static bool take_data(struct wire *wire, const struct frame *frame)
{
    struct smp_session *session = &wire->sessions[frame->session];
    bool is_packet =
        frame->size >= 4 && (size_t)(frame->data[2] << 8 | frame->data[3]) == frame->size;
    if (!session->is_open || frame->number != session->received + 1 ||
        frame->number > session->window || !is_packet || frame->size > wire->packet_size) {
        log_event("violation smp data session=%u number=%u window=%u size=%zu", frame->session,
                  frame->number, session->window, frame->size);
        return false;
    }
    session->received = frame->number;
    wire->packets += wire->ssl != NULL;
    return buffer_append(&session->input, frame->data, frame->size);
}

static bool take_frame(struct wire *wire, const struct frame *frame)
{
    struct smp_session *session = &wire->sessions[frame->session];
    switch (frame->flags) {
    case SMP_SYN:
        session->is_open = true;
        session->received = 0;
        session->sent = 0;
        session->may_send = frame->window;
        session->window = WINDOW;
        log_event("smp-open session=%u", frame->session);
        return true;
    case SMP_ACK:
        session->may_send = frame->window;
        return true;
    case SMP_FIN:
        log_event("smp-close session=%u", frame->session);
        session->is_open = false;
        buffer_clear(&session->input);
        return write_frame(wire, SMP_FIN, frame->session, NULL, 0);
    case SMP_DATA:
        session->may_send = frame->window;
        return take_data(wire, frame);
    default:
        log_event("violation smp flags=0x%02x", frame->flags);
        return false;
    }
}

bool smp_read_frame(struct wire *wire)
{
    struct buffer unit = {0};
    struct frame frame;
    bool is_taken = wire_read_unit(wire, &unit);
    if (is_taken && !parse_frame(&unit, &frame)) {
        log_event("violation %zu bytes are not one SMP frame", buffer_length(&unit));
        is_taken = false;
    }
    is_taken = is_taken && take_frame(wire, &frame);
    wire->records -= is_taken && frame.flags != SMP_DATA && wire->ssl != NULL;
    buffer_free(&unit);
    return is_taken;
}

static int find_input(const struct wire *wire)
{
    for (int i = 0; i < SMP_SESSION_LIMIT; i++)
        if (buffer_length(&wire->sessions[i].input) > 0)
            return i;
    return -1;
}

bool smp_has_packet(const struct wire *wire)
{
    return find_input(wire) >= 0;
}

bool smp_read_packet(struct wire *wire, struct packet *packet)
{
    int number;
    while ((number = find_input(wire)) < 0)
        if (!smp_read_frame(wire))
            return false;
    struct buffer *input = &wire->sessions[number].input;
    const unsigned char *bytes = buffer_content(input);
    size_t size = (size_t)(bytes[2] << 8 | bytes[3]);
    bool is_packet = packet_parse(bytes, size, packet);
    packet->session = (uint16_t)number;
    buffer_take(input, size);
    struct smp_session *session = &wire->sessions[number];
    if (session->window < session->received + WINDOW / 2)
        return is_packet && write_frame(wire, SMP_ACK, (uint16_t)number, NULL, 0);
    return is_packet;
}

bool smp_write_packet(struct wire *wire, const void *bytes, size_t size)
{
    struct smp_session *session = &wire->sessions[wire->session];
    while (session->is_open && session->sent >= session->may_send)
        if (!smp_read_frame(wire))
            return false;
    if (!session->is_open)
        return true;
    session->sent++;
    return write_frame(wire, SMP_DATA, wire->session, bytes, size);
}
