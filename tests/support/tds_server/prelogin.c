/* prelogin.c - PRELOGIN and the TLS that it settles (MS-TDS 2.2.6.5, 3.3.5.2). */
#include <stdio.h>
#include <string.h>

#include "support/tds_server/connection.h"

enum { OPTION_VERSION, OPTION_ENCRYPTION, OPTION_INSTANCE, OPTION_THREAD, OPTION_MARS };

enum { ENCRYPT_OFF, ENCRYPT_ON, ENCRYPT_NOT_SUPPORTED, ENCRYPT_REQUIRED };

#define NONE (-1)
#define TERMINATE 0x100 /* the reply is sent, and the connection ends */

struct request {
    int encryption;
    int mars;
    uint8_t version[2];
    char instance[NAME_SIZE];
};

static void take_option(struct request *request, uint8_t token, struct cursor data)
{
    switch (token) {
    case OPTION_VERSION:
        request->version[0] = cursor_u8(&data);
        request->version[1] = cursor_u8(&data);
        break;
    case OPTION_ENCRYPTION:
        request->encryption = cursor_u8(&data);
        break;
    case OPTION_INSTANCE:
        snprintf(request->instance, sizeof request->instance, "%.*s", (int)data.left,
                 (const char *)data.next);
        break;
    case OPTION_MARS:
        request->mars = cursor_u8(&data);
        break;
    default:
        break;
    }
}

static bool parse_request(const struct buffer *payload, struct request *request)
{
    struct cursor table = cursor_over(buffer_content(payload), buffer_length(payload));
    uint8_t token;
    *request = (struct request){.encryption = NONE, .mars = NONE};
    while ((token = cursor_u8(&table)) != 0xFF) {
        struct cursor data = cursor_over(buffer_content(payload), buffer_length(payload));
        size_t offset = cursor_u16(&table);
        size_t length = cursor_u16(&table);
        cursor_bytes(&data, offset);
        if (table.is_short || data.is_short || length > data.left)
            return false;
        data.left = length;
        take_option(request, token, data);
    }
    return !table.is_short;
}

/* The table of MS-TDS 3.3.5.2: by the server's setting and what the client sent. */
static int choose_answer(const struct connection *connection, int asked)
{
    static const int answers[3][4] = {
        [ENCRYPTION_MODE_OFF] = {ENCRYPT_OFF, ENCRYPT_ON, ENCRYPT_NOT_SUPPORTED, ENCRYPT_ON},
        [ENCRYPTION_MODE_FORCED] = {ENCRYPT_REQUIRED, ENCRYPT_ON, ENCRYPT_REQUIRED, ENCRYPT_ON},
        [ENCRYPTION_MODE_UNSUPPORTED] = {ENCRYPT_NOT_SUPPORTED, ENCRYPT_NOT_SUPPORTED | TERMINATE,
                                         ENCRYPT_NOT_SUPPORTED, ENCRYPT_NOT_SUPPORTED | TERMINATE},
    };
    if (connection->options->misbehaviour == MISBEHAVE_LOGIN_ONLY)
        return ENCRYPT_OFF;
    if (connection->options->encryption == ENCRYPTION_MODE_STRICT)
        return ENCRYPT_NOT_SUPPORTED;
    if (asked == NONE)
        asked = ENCRYPT_NOT_SUPPORTED;
    return answers[connection->options->encryption][asked & 3];
}

static void append_option(struct buffer *table, struct buffer *data, uint8_t token, size_t base,
                          const void *bytes, size_t size)
{
    buffer_append_byte(table, token);
    buffer_append_u16(table, (uint16_t)(base + buffer_length(data)));
    buffer_append_u16(table, (uint16_t)size);
    if (size > 0)
        buffer_append(data, bytes, size);
}

static void send_answer(struct connection *connection, uint8_t encryption, bool has_mars,
                        uint8_t mars)
{
    static const unsigned char version[6] = {15, 0, 0x07, 0xD0, 0, 0};
    static const unsigned char zero = 0;
    struct buffer table = {0}, data = {0};
    size_t base = (has_mars ? 5 : 4) * 5 + 1;
    append_option(&table, &data, OPTION_VERSION, base, version, sizeof version);
    append_option(&table, &data, OPTION_ENCRYPTION, base, &encryption, 1);
    append_option(&table, &data, OPTION_INSTANCE, base, &zero, 1);
    append_option(&table, &data, OPTION_THREAD, base, NULL, 0);
    if (has_mars)
        append_option(&table, &data, OPTION_MARS, base, &mars, 1);
    buffer_append_byte(&table, 0xFF);
    buffer_append(&table, buffer_content(&data), buffer_length(&data));
    wire_write_packet(&connection->wire, PACKET_REPLY, STATUS_LAST, buffer_content(&table),
                      buffer_length(&table));
    buffer_free(&table);
    buffer_free(&data);
}

/* Hostile answers; true: that was all. */
static bool misbehave(struct connection *connection)
{
    struct wire *wire = &connection->wire;
    char byte;
    switch (connection->options->misbehaviour) {
    case MISBEHAVE_CLOSE:
        return true;
    case MISBEHAVE_SILENCE:
        while (wire_read_bytes(wire, &byte, 1))
            continue;
        return true;
    case MISBEHAVE_GARBAGE:
        wire_write_bytes(wire, "\x04\x01\x00\x10garbage garbage garbage", 27);
        return true;
    default:
        return false;
    }
}

/* The switch itself; asked and answer as in the table. */
static bool start_encryption(struct connection *connection, int asked, int answer)
{
    struct wire *wire = &connection->wire;
    if (connection->options->encryption == ENCRYPTION_MODE_STRICT)
        return true;
    if (answer == ENCRYPT_NOT_SUPPORTED)
        return true;
    /* FreeTDS makes TLS of an answer "required" even if it said that it cannot. */
    if (asked == ENCRYPT_NOT_SUPPORTED && wire_peek(wire) != PACKET_PRELOGIN) {
        log_event("violation plaintext where TLS is required");
        return false;
    }
    connection->is_login_only = answer == ENCRYPT_OFF;
    return wire_start_tls(wire, connection->context, true);
}

bool prelogin_serve(struct connection *connection, struct packet *message)
{
    struct request request;
    if (!parse_request(&message->payload, &request)) {
        log_event("violation malformed PRELOGIN");
        return false;
    }
    log_event("prelogin encryption=%d mars=%d version=%u.%u instance=%s", request.encryption,
              request.mars, request.version[0], request.version[1], request.instance);
    if (misbehave(connection))
        return false;
    int answer = choose_answer(connection, request.encryption);
    bool has_mars = request.mars != NONE && connection->options->misbehaviour != MISBEHAVE_NO_MARS;
    connection->is_mars_wanted = has_mars && request.mars == 1 && connection->options->has_mars;
    /* Before a client that gives up on it can look for it. */
    log_event("prelogin-reply encryption=%d mars=%d", answer & 0xFF, connection->is_mars_wanted);
    wire_hold(&connection->wire, true);
    send_answer(connection, (uint8_t)answer, has_mars, connection->is_mars_wanted);
    if (connection->options->misbehaviour == MISBEHAVE_EARLY)
        wire_write_bytes(&connection->wire, "\x12\x01\x00\x0e\0\0\0\0early!", 14);
    wire_hold(&connection->wire, false);
    return (answer & TERMINATE) == 0 && start_encryption(connection, request.encryption, answer);
}
