/* LOGIN7 and its answer (MS-TDS 2.2.6.4). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "support/tds_server/connection.h"

#define PACKET_SIZE_MINIMUM 512
#define PACKET_SIZE_MAXIMUM 32767
#define PACKET_SIZE_ENCRYPTED 16383
#define PACKET_SIZE_ENCRYPTED_MARS 16368

#define ENVIRONMENT_DATABASE 1
#define ENVIRONMENT_LANGUAGE 2
#define ENVIRONMENT_PACKET_SIZE 4
#define ENVIRONMENT_COLLATION 7
#define ENVIRONMENT_ROUTING 20

#define OPTION3_EXTENSION 0x10

/* Where the offsets and lengths stand. */
enum field {
    FIELD_HOST = 36,
    FIELD_USER = 40,
    FIELD_PASSWORD = 44,
    FIELD_APPLICATION = 48,
    FIELD_SERVER = 52,
    FIELD_DATABASE = 68,
    FIELD_LIMIT = 94
};

struct login {
    uint32_t version;
    uint32_t packet_size;
    bool has_extension;
    char host[NAME_SIZE];
    char user[NAME_SIZE];
    char password[NAME_SIZE];
    char application[NAME_SIZE];
    char server[NAME_SIZE];
    char database[NAME_SIZE];
};

/* Each byte had its halves exchanged and was then combined with 0xA5. */
static void reveal_password(unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = bytes[i] ^ 0xA5;
        bytes[i] = (unsigned char)(byte << 4 | byte >> 4);
    }
}

static bool read_field(const struct buffer *payload, enum field field, char *out)
{
    struct cursor cursor = cursor_over(buffer_content(payload), buffer_length(payload));
    struct cursor data = cursor;
    cursor_bytes(&cursor, field);
    size_t offset = cursor_u16le(&cursor);
    size_t units = cursor_u16le(&cursor);
    cursor_bytes(&data, offset);
    const unsigned char *bytes = cursor_bytes(&data, 2 * units);
    if (cursor.is_short || bytes == NULL || units >= NAME_SIZE / 2)
        return false;
    unsigned char copy[NAME_SIZE];
    memcpy(copy, bytes, 2 * units);
    if (field == FIELD_PASSWORD)
        reveal_password(copy, 2 * units);
    char *text = text_from_message(copy, units);
    snprintf(out, NAME_SIZE, "%s", text != NULL ? text : "");
    free(text);
    return true;
}

static bool parse_login(const struct buffer *payload, struct login *login)
{
    struct cursor cursor = cursor_over(buffer_content(payload), buffer_length(payload));
    uint32_t length = cursor_u32le(&cursor);
    login->version = cursor_u32le(&cursor);
    login->packet_size = cursor_u32le(&cursor);
    cursor_bytes(&cursor, 12 + 3);
    login->has_extension = (cursor_u8(&cursor) & OPTION3_EXTENSION) != 0;
    return !cursor.is_short && length == buffer_length(payload) &&
           read_field(payload, FIELD_HOST, login->host) &&
           read_field(payload, FIELD_USER, login->user) &&
           read_field(payload, FIELD_PASSWORD, login->password) &&
           read_field(payload, FIELD_APPLICATION, login->application) &&
           read_field(payload, FIELD_SERVER, login->server) &&
           read_field(payload, FIELD_DATABASE, login->database);
}

static void append_login_ack(struct connection *connection)
{
    struct buffer *reply = &connection->reply;
    struct buffer token = {0};
    buffer_append_byte(&token, 1);
    buffer_append_u32(&token, connection->version);
    append_short_text(&token, "Microsoft SQL Server");
    buffer_append(&token, "\x0f\x00\x07\xd0", 4);
    buffer_append_byte(reply, 0xAD);
    buffer_append_u16le(reply, (uint16_t)buffer_length(&token));
    buffer_append(reply, buffer_content(&token), buffer_length(&token));
    buffer_free(&token);
}

static void append_routing(struct connection *connection)
{
    const struct server_options *options = connection->options;
    struct buffer *reply = &connection->reply;
    struct buffer token = {0};
    buffer_append_byte(&token, ENVIRONMENT_ROUTING);
    buffer_append_u16le(&token, (uint16_t)(5 + 2 * strlen(options->route_host)));
    buffer_append_byte(&token, 0);
    buffer_append_u16le(&token, options->route_port);
    append_long_text(&token, options->route_host);
    buffer_append_u16le(&token, 0);
    buffer_append_byte(reply, 0xE3);
    buffer_append_u16le(reply, (uint16_t)buffer_length(&token));
    buffer_append(reply, buffer_content(&token), buffer_length(&token));
    buffer_free(&token);
    log_event("routed host=%s port=%u", options->route_host, options->route_port);
}

static size_t settle_packet_size(const struct connection *connection, uint32_t wanted)
{
    size_t maximum = PACKET_SIZE_MAXIMUM;
    if (connection->wire.ssl != NULL)
        maximum = connection->is_mars_wanted ? PACKET_SIZE_ENCRYPTED_MARS : PACKET_SIZE_ENCRYPTED;
    if (wanted == 0)
        return FIRST_PACKET_SIZE;
    if (wanted < PACKET_SIZE_MINIMUM)
        return PACKET_SIZE_MINIMUM;
    return wanted < maximum ? wanted : maximum;
}

static void accept_login(struct connection *connection, const struct login *login)
{
    static const unsigned char collation[5] = {0x09, 0x04, 0xD0, 0x00, 0x34};
    char size[16];
    size_t packet_size = settle_packet_size(connection, login->packet_size);
    snprintf(size, sizeof size, "%zu", packet_size);
    snprintf(connection->database, sizeof connection->database, "%s",
             login->database[0] != '\0' ? login->database : "master");
    token_environment(connection, ENVIRONMENT_DATABASE, connection->database, "master");
    token_info(connection, 5701, "Changed database context to '%s'.", connection->database);
    token_environment_bytes(connection, ENVIRONMENT_COLLATION, collation, sizeof collation, NULL,
                            0);
    token_environment(connection, ENVIRONMENT_LANGUAGE, "us_english", "");
    token_info(connection, 5703, "Changed language setting to us_english.");
    append_login_ack(connection);
    token_environment(connection, ENVIRONMENT_PACKET_SIZE, size, "4096");
    if (connection->options->route_host != NULL)
        append_routing(connection);
    if (login->has_extension)
        buffer_append(&connection->reply, "\xAE\xFF", 2);
    token_done(connection, DONE, DONE_FINAL, 0);
    reply_flush(connection, true);
    connection->wire.packet_size = packet_size;
    connection->wire.has_smp = connection->is_mars_wanted;
}

static bool is_database(const char *name)
{
    static const char *const names[] = {"", "master", "model", "msdb", "tempdb", "test"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (text_equal_nocase(name, names[i]))
            return true;
    return false;
}

static bool check_login(struct connection *connection, const struct login *login)
{
    bool is_known = text_equal_nocase(login->user, SERVER_USER) &&
                    strcmp(login->password, SERVER_PASSWORD) == 0;
    if (is_known && is_database(login->database))
        return true;
    if (is_known)
        token_error(connection, 4060, 11,
                    "Cannot open database \"%s\" requested by the login. The login failed.",
                    login->database);
    token_error(connection, 18456, 14, "Login failed for user '%s'.", login->user);
    token_done(connection, DONE, DONE_ERROR, 0);
    reply_flush(connection, true);
    return false;
}

bool login_serve(struct connection *connection, struct packet *message)
{
    struct login login = {0};
    bool is_encrypted = connection->wire.ssl != NULL || connection->is_login_only;
    if (!parse_login(&message->payload, &login)) {
        log_event("violation malformed LOGIN7 of %zu bytes", buffer_length(&message->payload));
        return false;
    }
    log_event("login user=%s database=%s tds=0x%08x packet-size=%u encrypted=%s whole=%s "
              "application=%s server=%s password=%s",
              login.user, login.database, login.version, login.packet_size,
              is_encrypted ? "yes" : "no", connection->wire.ssl != NULL ? "yes" : "no",
              login.application, login.server,
              strcmp(login.password, SERVER_PASSWORD) == 0 ? "right" : "wrong");
    connection->version = login.version;
    connection->is_long = login.version >> 24 >= 0x72 || login.version >> 24 == 0x08;
    snprintf(connection->user, sizeof connection->user, "%s", login.user);
    if (connection->options->misbehaviour == MISBEHAVE_GARBAGE_LOGIN) {
        buffer_append(&connection->reply, "\xAD\xFF\xFFgarbage", 10);
        reply_flush(connection, true);
        return false;
    }
    if (!check_login(connection, &login))
        return false;
    accept_login(connection, &login);
    return true;
}
