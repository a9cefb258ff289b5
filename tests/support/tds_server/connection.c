/* connection.c - a connection from its first byte to its last. */
#include "support/tds_server/connection.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LONG_REPLY 1000

#define TLS_HANDSHAKE_RECORD 0x16
#define MESSAGE_LIMIT (64 * 1024 * 1024)
#define RESET_ENVIRONMENT 18

void reply_flush(struct connection *connection, bool is_last)
{
    struct wire *wire = &connection->wire;
    struct buffer *reply = &connection->reply;
    size_t limit = wire->packet_size - HEADER_SIZE;
    bool is_sent = true;
    while (is_sent && buffer_length(reply) > limit) {
        is_sent = wire_write_packet(wire, PACKET_REPLY, 0, buffer_content(reply), limit);
        buffer_take(reply, limit);
    }
    if (is_sent && is_last) {
        is_sent = wire_write_packet(wire, PACKET_REPLY, STATUS_LAST, buffer_content(reply),
                                    buffer_length(reply));
        buffer_clear(reply);
    }
    if (!is_sent) {
        buffer_clear(reply);
        connection->is_ended = true;
    }
}

void reply_send_now(struct connection *connection)
{
    reply_flush(connection, false);
    if (buffer_length(&connection->reply) > 0)
        wire_write_packet(&connection->wire, PACKET_REPLY, 0, buffer_content(&connection->reply),
                          buffer_length(&connection->reply));
    buffer_clear(&connection->reply);
}

bool reply_is_stopped(struct connection *connection)
{
    if (!connection->is_cancelled && !connection->is_ended) {
        enum wire_event event = wire_wait_attention(&connection->wire, 0);
        connection->is_cancelled = event == WIRE_ATTENTION;
        connection->is_ended = event == WIRE_ENDED;
    }
    return connection->is_cancelled || connection->is_ended;
}

/* A whole message. */
static bool read_message(struct connection *connection, struct packet *message)
{
    struct packet packet = {0};
    bool is_first = true;
    bool is_good;
    buffer_reserve(&message->payload, 1);
    buffer_clear(&message->payload);
    do {
        is_good = wire_read_packet(&connection->wire, &packet);
        if (!is_good)
            break;
        if (is_first) {
            message->type = packet.type;
            message->status = packet.status;
            message->session = packet.session;
        } else if (packet.type != message->type || packet.session != message->session) {
            log_event("violation a message of mixed packets");
            is_good = false;
        }
        is_first = false;
        if (buffer_length(&packet.payload) > 0)
            buffer_append(&message->payload, buffer_content(&packet.payload),
                          buffer_length(&packet.payload));
        is_good = is_good && buffer_length(&message->payload) < MESSAGE_LIMIT;
        /* Login-only encryption ends behind LOGIN7's first packet. */
        if (connection->is_login_only && connection->wire.ssl != NULL)
            wire_drop_tls(&connection->wire);
    } while (is_good && (packet.status & STATUS_LAST) == 0);
    message->status |= packet.status & STATUS_IGNORE;
    buffer_free(&packet.payload);
    return is_good;
}

struct cursor connection_skip_headers(struct connection *connection, const struct packet *message)
{
    struct cursor cursor =
        cursor_over(buffer_content(&message->payload), buffer_length(&message->payload));
    if (!connection->is_long)
        return cursor;
    uint32_t size = cursor_u32le(&cursor);
    if (size < 4 || cursor_bytes(&cursor, size - 4) == NULL) {
        cursor.is_short = true;
        connection->is_ended = true;
        log_event("violation malformed ALL_HEADERS");
    }
    return cursor;
}

static void answer_attention(struct connection *connection)
{
    log_event("attention session=%u", connection->wire.session);
    token_done(connection, DONE, DONE_ATTENTION, 0);
    reply_flush(connection, true);
}

/* Half an answer, and close_notify behind it or not. */
static void truncate_answer(struct connection *connection)
{
    struct wire *wire = &connection->wire;
    wire_write_packet(wire, PACKET_REPLY, 0, buffer_content(&connection->reply),
                      buffer_length(&connection->reply) / 2);
    wire->is_broken = connection->options->misbehaviour == MISBEHAVE_TRUNCATE;
    connection->is_ended = true;
}

/* What a driver asks of its own when it connects is answered in few bytes. */
static bool is_truncated(const struct connection *connection)
{
    enum misbehaviour misbehaviour = connection->options->misbehaviour;
    return misbehaviour == MISBEHAVE_TRUNCATE || (misbehaviour == MISBEHAVE_CLOSE_ANSWER &&
                                                  buffer_length(&connection->reply) > LONG_REPLY);
}

/* The answer to a request stops where the attention found it, and ends with its own message. */
static void finish_request(struct connection *connection)
{
    if (!connection->is_ended && is_truncated(connection))
        truncate_answer(connection);
    if (connection->is_ended)
        return;
    reply_flush(connection, true);
    if (connection->is_cancelled)
        answer_attention(connection);
}

static void serve_request(struct connection *connection, const struct packet *message)
{
    connection->wire.session = message->session;
    connection->wire.packet_id = 1;
    connection->is_cancelled = false;
    if (message->status & (STATUS_RESET | STATUS_RESET_KEEP))
        token_environment(connection, RESET_ENVIRONMENT, "", "");
    switch (message->type) {
    case PACKET_BATCH:
        batch_serve(connection, message);
        break;
    case PACKET_RPC:
        rpc_serve(connection, message);
        break;
    case PACKET_TRANSACTION:
        transaction_serve(connection, message);
        break;
    case PACKET_ATTENTION:
        answer_attention(connection);
        return;
    default:
        log_event("violation packet type=0x%02x", message->type);
        connection->is_ended = true;
        return;
    }
    finish_request(connection);
}

static void serve_requests(struct connection *connection)
{
    struct packet message = {0};
    while (!connection->is_ended && read_message(connection, &message)) {
        if (message.status & STATUS_IGNORE) {
            /* MS-TDS 2.2.1.7: a request that was given up while it was sent. */
            log_event("ignored message type=0x%02x", message.type);
            connection->wire.session = message.session;
            token_done(connection, DONE, DONE_ERROR, 0);
            reply_flush(connection, true);
            continue;
        }
        serve_request(connection, &message);
    }
    buffer_free(&message.payload);
}

/* Before SQL Server 2022 a TLS record was just a packet of an unknown type. */
static bool accept_first_byte(struct connection *connection)
{
    int first = wire_peek(&connection->wire);
    bool is_strict = connection->options->encryption == ENCRYPTION_MODE_STRICT;
    char byte;
    if (first == -1)
        return false;
    if (connection->options->misbehaviour == MISBEHAVE_SILENT_START) {
        while (wire_read_bytes(&connection->wire, &byte, 1))
            continue;
        return false;
    }
    if ((first == TLS_HANDSHAKE_RECORD) != is_strict) {
        log_event("violation first byte 0x%02x", (unsigned)first);
        return false;
    }
    return !is_strict || wire_start_tls(&connection->wire, connection->context, false);
}

static bool is_login_allowed(const struct connection *connection)
{
    return connection->wire.ssl != NULL || connection->is_login_only ||
           connection->options->encryption == ENCRYPTION_MODE_OFF ||
           connection->options->encryption == ENCRYPTION_MODE_UNSUPPORTED;
}

/* A client of TDS 7.0 logs in without PRELOGIN. */
static bool log_client_in(struct connection *connection, struct packet *message)
{
    if (!read_message(connection, message))
        return false;
    if (message->type == PACKET_PRELOGIN &&
        (!prelogin_serve(connection, message) || !read_message(connection, message)))
        return false;
    if (message->type != PACKET_LOGIN7 || !is_login_allowed(connection)) {
        log_event("violation no login: packet type=0x%02x encrypted=%s", message->type,
                  connection->wire.ssl != NULL ? "yes" : "no");
        return false;
    }
    return login_serve(connection, message);
}

void connection_serve(const struct server_options *options, SSL_CTX *context, int descriptor)
{
    struct connection connection = {.options = options, .context = context, .version = 0x74000004};
    struct packet message = {0};
    connection.is_long = true;
    buffer_reserve(&connection.reply, 1);
    wire_open(&connection.wire, descriptor, options->misbehaviour);
    connection.wire.spid = (uint16_t)(51 + getpid() % 1000);
    log_event("connect");
    if (accept_first_byte(&connection) && log_client_in(&connection, &message))
        serve_requests(&connection);
    log_event("end records=%lu packets=%lu", connection.wire.records, connection.wire.packets);
    wire_close(&connection.wire);
    buffer_free(&connection.reply);
    buffer_free(&message.payload);
}
