/* login.c - LOGIN7, read as strictly as any server does it, and its answer (MS-TDS 2.2.6.4). */
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
#define SSPI_LONG 0xFFFF
#define FEATURE_END 0xFF

/* The offset table: one after the other, the fields' data in the order in which they stand here. */
#define CLIENT_ID_SIZE 6
#define FIELD_COUNT 12
enum field {
    FIELD_HOST,
    FIELD_USER,
    FIELD_PASSWORD,
    FIELD_APPLICATION,
    FIELD_SERVER,
    FIELD_EXTENSION,
    FIELD_LIBRARY,
    FIELD_LANGUAGE,
    FIELD_DATABASE,
    FIELD_SSPI,
    FIELD_FILE,
    FIELD_NEW_PASSWORD
};

struct login {
    uint32_t version;
    uint32_t packet_size;
    bool has_extension;
    char texts[FIELD_COUNT][NAME_SIZE];
};

/* Each byte had its halves exchanged and was then combined with 0xA5. */
static void reveal_password(unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = bytes[i] ^ 0xA5;
        bytes[i] = (unsigned char)(byte << 4 | byte >> 4);
    }
}

/* A server that takes its bytes as they come has to find each field where the one before it
 * ends. */
struct reading {
    struct cursor table;
    struct cursor data;
    size_t position;   /* of data */
    bool is_long;      /* the table of TDS 7.2 and later */
    uint32_t features; /* where they begin; 0: there are none */
    const char *violation;
};

static const unsigned char *take_data(struct reading *reading, size_t offset, size_t size,
                                      const char *violation)
{
    if (reading->violation == NULL && offset != reading->position)
        reading->violation = violation;
    const unsigned char *bytes = cursor_bytes(&reading->data, size);
    reading->position += size;
    if (reading->violation == NULL && bytes == NULL)
        reading->violation = "ends in the middle of a field";
    return reading->violation == NULL ? bytes : NULL;
}

static void read_text(enum field field, const unsigned char *bytes, size_t units, char *out)
{
    unsigned char copy[NAME_SIZE];
    if (bytes == NULL || units >= NAME_SIZE / 2)
        return;
    memcpy(copy, bytes, 2 * units);
    if (field == FIELD_PASSWORD)
        reveal_password(copy, 2 * units);
    char *text = text_from_message(copy, units);
    snprintf(out, NAME_SIZE, "%s", text != NULL ? text : "");
    free(text);
}

static void read_features(struct reading *reading)
{
    const char *misplaced = "has its features neither behind their offset nor at its end";
    size_t offset = reading->features;
    reading->features = 0;
    const unsigned char *feature;
    while ((feature = take_data(reading, offset, 1, misplaced)) != NULL &&
           *feature != FEATURE_END) {
        const unsigned char *size = take_data(reading, reading->position, 4, misplaced);
        if (size == NULL)
            return;
        struct cursor cursor = cursor_over(size, 4);
        take_data(reading, reading->position, cursor_u32le(&cursor), misplaced);
        offset = reading->position;
    }
}

static void read_field(struct reading *reading, enum field field, struct login *login)
{
    size_t offset = cursor_u16le(&reading->table);
    size_t length = cursor_u16le(&reading->table);
    bool is_extension = field == FIELD_EXTENSION && login->has_extension;
    if (field == FIELD_SSPI && length == SSPI_LONG && reading->is_long) {
        struct cursor rest = reading->table;
        cursor_bytes(&rest, 8);
        length = cursor_u32le(&rest);
    }
    /* Of a field without data some clients say that it stands at 0. */
    if (length == 0 && (offset == 0 || offset == reading->position))
        return;
    size_t unit = field == FIELD_SSPI || field == FIELD_EXTENSION ? 1 : 2;
    const unsigned char *bytes =
        take_data(reading, offset, unit * length, "does not keep the order of its offset table");
    if (unit == 2)
        read_text(field, bytes, length, login->texts[field]);
    if (is_extension && bytes != NULL && length >= 4) {
        struct cursor where = cursor_over(bytes, 4);
        reading->features = cursor_u32le(&where);
        if (reading->features == reading->position)
            read_features(reading);
    }
}

/* NULL: all is well; else what is not. */
static const char *parse_login(const struct buffer *payload, struct login *login)
{
    struct reading reading = {.table = cursor_over(buffer_content(payload), buffer_length(payload)),
                              .data = cursor_over(buffer_content(payload), buffer_length(payload))};
    uint32_t length = cursor_u32le(&reading.table);
    login->version = cursor_u32le(&reading.table);
    login->packet_size = cursor_u32le(&reading.table);
    cursor_bytes(&reading.table, 12 + 3);
    login->has_extension = (cursor_u8(&reading.table) & OPTION3_EXTENSION) != 0;
    cursor_bytes(&reading.table, 8);
    reading.is_long = login->version >> 24 >= 0x72 || login->version >> 24 == 0x08;
    /* tedious has the longer table with TDS 7.1, too. */
    struct cursor first = reading.table;
    reading.position = reading.is_long || cursor_u16le(&first) == 94 ? 94 : 86;
    cursor_bytes(&reading.data, reading.position);
    if (reading.data.is_short || length != buffer_length(payload))
        return "has another length than it says";
    for (int field = 0; field < FIELD_COUNT - !reading.is_long; field++) {
        read_field(&reading, (enum field)field, login);
        if (field == FIELD_DATABASE)
            cursor_bytes(&reading.table, CLIENT_ID_SIZE);
    }
    if (reading.features != 0)
        read_features(&reading);
    if (reading.violation == NULL && reading.position != length)
        return "has data that belong to no field";
    return reading.violation;
}

static void append_login_ack(struct connection *connection)
{
    struct buffer *reply = &connection->reply;
    size_t begin = token_begin(connection, 0xAD);
    buffer_append_byte(reply, 1);
    buffer_append_u32(reply, connection->version);
    append_short_text(reply, "Microsoft SQL Server");
    buffer_append(reply, "\x0f\x00\x07\xd0", 4);
    token_end(connection, begin);
}

static void append_routing(struct connection *connection)
{
    struct buffer *reply = &connection->reply;
    char host[NAME_SIZE];
    const char *colon = strrchr(connection->options->route, ':');
    uint16_t port = (uint16_t)atoi(colon + 1);
    snprintf(host, sizeof host, "%.*s", (int)(colon - connection->options->route),
             connection->options->route);
    size_t begin = token_begin(connection, 0xE3);
    buffer_append_byte(reply, ENVIRONMENT_ROUTING);
    buffer_append_u16le(reply, (uint16_t)(5 + 2 * strlen(host)));
    buffer_append_byte(reply, 0);
    buffer_append_u16le(reply, port);
    append_long_text(reply, host);
    buffer_append_u16le(reply, 0);
    token_end(connection, begin);
    log_event("routed host=%s port=%u", host, port);
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
             login->texts[FIELD_DATABASE][0] != '\0' ? login->texts[FIELD_DATABASE] : "master");
    token_environment(connection, ENVIRONMENT_DATABASE, connection->database, "master");
    token_info(connection, 5701, "Changed database context to '%s'.", connection->database);
    token_environment_bytes(connection, ENVIRONMENT_COLLATION, collation, sizeof collation, NULL,
                            0);
    token_environment(connection, ENVIRONMENT_LANGUAGE, "us_english", "");
    token_info(connection, 5703, "Changed language setting to us_english.");
    append_login_ack(connection);
    token_environment(connection, ENVIRONMENT_PACKET_SIZE, size, "4096");
    if (connection->options->misbehaviour == MISBEHAVE_LATE_ROUTE)
        reply_flush(connection, true);
    if (connection->options->route != NULL)
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

static bool is_right(const struct login *login)
{
    return strcmp(login->texts[FIELD_PASSWORD], SERVER_PASSWORD) == 0;
}

static bool check_login(struct connection *connection, const struct login *login)
{
    const char *user = login->texts[FIELD_USER], *database = login->texts[FIELD_DATABASE];
    bool is_known = text_equal_nocase(user, SERVER_USER) && is_right(login);
    if (is_known && is_database(database))
        return true;
    if (is_known)
        token_error(connection, 4060, 11,
                    "Cannot open database \"%s\" requested by the login. The login failed.",
                    database);
    token_error(connection, 18456, 14, "Login failed for user '%s'.", user);
    token_done(connection, DONE, DONE_ERROR, 0);
    reply_flush(connection, true);
    return false;
}

bool login_serve(struct connection *connection, struct packet *message)
{
    struct login login = {0};
    bool is_encrypted = connection->wire.ssl != NULL || connection->is_login_only;
    const char *violation = parse_login(&message->payload, &login);
    if (violation != NULL) {
        log_event("violation LOGIN7 of %zu bytes %s", buffer_length(&message->payload), violation);
        return false;
    }
    log_event("login user=%s database=%s tds=0x%08x packet-size=%u encrypted=%s whole=%s "
              "application=%s server=%s password=%s",
              login.texts[FIELD_USER], login.texts[FIELD_DATABASE], login.version,
              login.packet_size, is_encrypted ? "yes" : "no",
              connection->wire.ssl != NULL ? "yes" : "no", login.texts[FIELD_APPLICATION],
              login.texts[FIELD_SERVER], is_right(&login) ? "right" : "wrong");
    connection->version = login.version;
    connection->is_long = login.version >> 24 >= 0x72 || login.version >> 24 == 0x08;
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
