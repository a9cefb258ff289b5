/* test_tds_login.c - TDS inside TLS: LOGIN7, its answer, routing and what is refused in them. */
#include <string.h>

#include "proto/tds_prelogin.h"
#include "proto/tds_token.h"
#include "support/suite.h"
#include "unit/conversation_memory.h"
#include "unit/tds_bytes.h"

#define TDS_71 0x71000001u
#define TDS_74 0x74000004u

/* Tokens. LOGINACK: interface, version, name of 2 characters, build. */
#define LOGINACK(version) 0xAD, 14, 0, 1, version, 0, 0, 4, 2, 'M', 0, 'S', 0, 15, 0, 7, 0xd0
#define DONE_LONG 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define DONE_MORE 0xFD, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define DONE_SHORT 0xFD, 0, 0, 0, 0, 0, 0, 0, 0
#define ENVIRONMENT_DATABASE 0xE3, 7, 0, 1, 1, 'm', 0, 1, 't', 0
#define INFO 0xAB, 12, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0
#define ERROR 0xAA, 12, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0
#define SSPI 0xED, 2, 0, 9, 9
#define FEATURES 0xAE, 4, 2, 0, 0, 0, 1, 1, 9, 0, 0, 0, 0, 0xFF
#define SESSION_STATE 0xE4, 3, 0, 0, 0, 1, 2, 3
#define RETURN_STATUS 0x79, 0, 0, 0, 0
#define ROUTING 0xE3, 16, 0, 20, 11, 0, 0, 0x99, 0x05, 3, 0, 'd', 0, 'b', 0, '2', 0, 0, 0

/* Sends the payload in packets of part bytes, cut in two at every byte boundary. */
static enum proto_verdict send_reply(const unsigned char *payload, size_t size, size_t part,
                                     size_t cut, struct buffer *wire)
{
    size_t sent = 0;
    do {
        size_t length = size - sent < part ? size - sent : part;
        add_packet(wire, 0x04, sent + length == size, payload + sent, length);
        sent += length;
    } while (sent < size);
    if (cut > buffer_length(wire))
        cut = buffer_length(wire);
    return conversation_from_server(&sides, buffer_content(wire), buffer_length(wire), cut);
}

static const struct reply_row {
    const char *what;
    uint32_t version;
    const unsigned char *payload;
    size_t size;
    enum proto_verdict verdict;
    enum odbcssl_error code;
    const char *text;
} reply_rows[] = {
    {"accepted", TDS_74,
     BYTES(ENVIRONMENT_DATABASE, INFO, LOGINACK(0x74), FEATURES, SESSION_STATE, DONE_LONG),
     PROTO_LOGGED_IN, 0, ""},
    {"accepted with 7.1", TDS_71, BYTES(LOGINACK(0x71), INFO, DONE_SHORT), PROTO_LOGGED_IN, 0, ""},
    {"accepted, the server is of 7.1", TDS_74, BYTES(LOGINACK(0x07), DONE_SHORT, RETURN_STATUS),
     PROTO_LOGGED_IN, 0, ""},
    {"accepted with 8.0", 0x08000000u, BYTES(LOGINACK(0x08), DONE_LONG, INFO), PROTO_LOGGED_IN, 0,
     ""},
    {"refused", TDS_74, BYTES(ERROR, DONE_LONG), PROTO_CONTINUE, 0, ""},
    {"goes on with SSPI", TDS_74, BYTES(SSPI), PROTO_CONTINUE, 0, ""},
    {"accepted, and more to come", TDS_74, BYTES(LOGINACK(0x74), DONE_MORE), PROTO_CONTINUE, 0, ""},
    {"accepted, and no end of it", TDS_74, BYTES(LOGINACK(0x74), INFO), PROTO_CONTINUE, 0, ""},
    {"an end, and nothing accepted", TDS_74, BYTES(INFO, DONE_LONG), PROTO_CONTINUE, 0, ""},
    {"nothing", TDS_74, (const unsigned char *)"", 0, PROTO_CONTINUE, 0, ""},
    {"routed", TDS_74, BYTES(LOGINACK(0x74), ROUTING, DONE_LONG), PROTO_REFUSE,
     ODBCSSL_ERROR_ROUTING, "db2, port 1433"},
    {"routed first", TDS_74, BYTES(ROUTING, LOGINACK(0x74), DONE_LONG), PROTO_REFUSE,
     ODBCSSL_ERROR_ROUTING, "db2"},
    {"routed without login", TDS_74, BYTES(ROUTING, DONE_LONG), PROTO_REFUSE, ODBCSSL_ERROR_ROUTING,
     "db2"},
    {"routed behind DONE", TDS_71, BYTES(LOGINACK(0x71), DONE_SHORT, ROUTING), PROTO_REFUSE,
     ODBCSSL_ERROR_ROUTING, "db2"},
    {"routed by the enhanced form", TDS_74,
     BYTES(0xE3, 16, 0, 21, 11, 0, 0, 0x99, 0x05, 3, 0, 'd', 0, 'b', 0, '2', 0, 0, 0), PROTO_REFUSE,
     ODBCSSL_ERROR_ROUTING, "db2"},
    {"routed, cut short", TDS_74, BYTES(0xE3, 4, 0, 20, 11, 0, 0), PROTO_REFUSE,
     ODBCSSL_ERROR_ROUTING, "?"},
    {"routed to control characters", TDS_74,
     BYTES(0xE3, 14, 0, 20, 9, 0, 0, 1, 0, 2, 0, 10, 0, 'b', 0, 0, 0), PROTO_REFUSE,
     ODBCSSL_ERROR_ROUTING, "\\u000Ab, port 1"},
    {"a token cut short", TDS_74, BYTES(LOGINACK(0x74), 0xE3, 40, 0, 20), PROTO_REFUSE,
     ODBCSSL_ERROR_PROTOCOL, "token stream"},
    {"DONE cut short", TDS_74, BYTES(LOGINACK(0x74), DONE_SHORT), PROTO_REFUSE,
     ODBCSSL_ERROR_PROTOCOL, "token stream"},
    {"an unknown token of no known length", TDS_74, BYTES(LOGINACK(0x74), 0x88, 1, 2), PROTO_REFUSE,
     ODBCSSL_ERROR_PROTOCOL, "token stream"},
    {"features without end", TDS_74, BYTES(0xAE, 4, 0xff, 0xff, 0xff, 0xff, 1), PROTO_REFUSE,
     ODBCSSL_ERROR_PROTOCOL, "token stream"},
};

static void check_outcome(const struct reply_row *row, const struct buffer *wire)
{
    bool is_through = row->verdict != PROTO_REFUSE;
    CHECK_NUMBER(sides.session.error.code, row->code);
    CHECK_CONTAINS(sides.session.error.text, row->text);
    CHECK_NUMBER(sides.session.is_driver_opaque, row->verdict == PROTO_LOGGED_IN);
    CHECK_NUMBER(sides.session.is_server_opaque, row->verdict == PROTO_LOGGED_IN);
    CHECK(sides.session.is_credentials_asked);
    CHECK_BYTES(&sides.session.to_driver, buffer_content(wire),
                is_through ? buffer_length(wire) : 0);
}

static void try_reply(const struct reply_row *row, size_t part, size_t cut)
{
    struct buffer wire = {0};
    sides_open(PROTO_PLAN_TLS);
    sides_send_login(row->version);
    enum proto_verdict verdict = send_reply(row->payload, row->size, part, cut, &wire);
    CHECK_NUMBER(verdict, row->verdict);
    if (verdict != row->verdict)
        CHECK_TEXT(sides.session.error.text, row->what);
    check_outcome(row, &wire);
    buffer_free(&wire);
}

CASE("every answer to a login, in packets of every size, however cut")
{
    static const size_t parts[] = {1, 7, 4088};
    for (size_t i = 0; i < sizeof reply_rows / sizeof *reply_rows; i++)
        for (size_t part = 0; part < sizeof parts / sizeof *parts; part++)
            for (size_t cut = 0; cut < reply_rows[i].size + 16; cut++)
                try_reply(&reply_rows[i], parts[part], cut);
}

CASE("routing is refused under every plan")
{
    static const unsigned char routing[] = {LOGINACK(0x74), ROUTING, DONE_LONG};
    static const enum proto_plan plans[] = {PROTO_PLAN_PLAINTEXT, PROTO_PLAN_DIRECT};
    for (size_t i = 0; i < 2; i++) {
        struct buffer wire = {0};
        sides_open(plans[i]);
        sides_send_login(TDS_74);
        CHECK_NUMBER(send_reply(routing, sizeof routing, 4088, 0, &wire), PROTO_REFUSE);
        CHECK_NUMBER(sides.session.error.code, ODBCSSL_ERROR_ROUTING);
        CHECK_NUMBER(buffer_length(&sides.session.to_driver), 0);
        buffer_free(&wire);
    }
}

CASE("a login of several rounds")
{
    static const unsigned char challenge[] = {SSPI};
    static const unsigned char accepted[] = {LOGINACK(0x74), DONE_LONG};
    struct buffer wire = {0}, answer = {0};
    sides_open(PROTO_PLAN_TLS);
    sides_send_login(TDS_74);
    CHECK_NUMBER(send_reply(challenge, sizeof challenge, 2, 3, &wire), PROTO_CONTINUE);
    add_packet(&answer, 0x11, 1, "token", 5);
    CHECK_NUMBER(
        conversation_from_driver(&sides, buffer_content(&answer), buffer_length(&answer), 9),
        PROTO_CONTINUE);
    CHECK_BYTES(&sides.session.to_server, buffer_content(&answer), buffer_length(&answer));
    buffer_clear(&wire);
    CHECK_NUMBER(send_reply(accepted, sizeof accepted, 2, 3, &wire), PROTO_LOGGED_IN);
    buffer_free(&wire);
    buffer_free(&answer);
}

/* FreeTDS reads on until DONE, whatever messages that comes in. */
static const struct messages_row {
    const unsigned char *first;
    size_t first_size;
    const unsigned char *second;
    size_t second_size;
    enum proto_verdict verdict;
    enum odbcssl_error code;
} messages_rows[] = {
    {BYTES(LOGINACK(0x74)), BYTES(ROUTING, DONE_LONG), PROTO_REFUSE, ODBCSSL_ERROR_ROUTING},
    {BYTES(LOGINACK(0x74), DONE_MORE), BYTES(ROUTING), PROTO_REFUSE, ODBCSSL_ERROR_ROUTING},
    {BYTES(INFO), BYTES(LOGINACK(0x74), DONE_LONG), PROTO_LOGGED_IN, 0},
    {BYTES(LOGINACK(0x74)), BYTES(INFO, DONE_LONG), PROTO_LOGGED_IN, 0},
    {BYTES(LOGINACK(0x74), DONE_MORE), BYTES(DONE_LONG), PROTO_LOGGED_IN, 0},
    {BYTES(LOGINACK(0x71)), BYTES(DONE_SHORT, INFO), PROTO_LOGGED_IN, 0},
    {BYTES(LOGINACK(0x74)), BYTES(0x81, 1, 0), PROTO_REFUSE, ODBCSSL_ERROR_PROTOCOL},
};

CASE("an answer of several messages is read to its end")
{
    for (size_t i = 0; i < sizeof messages_rows / sizeof messages_rows[0]; i++) {
        const struct messages_row *row = &messages_rows[i];
        struct buffer wire = {0};
        sides_open(PROTO_PLAN_TLS);
        sides_send_login(TDS_74);
        CHECK_NUMBER(send_reply(row->first, row->first_size, 9, 3, &wire), PROTO_CONTINUE);
        CHECK(!sides.session.is_server_opaque);
        CHECK_BYTES(&sides.session.to_driver, buffer_content(&wire), buffer_length(&wire));
        buffer_clear(&wire);
        CHECK_NUMBER(send_reply(row->second, row->second_size, 9, 3, &wire), row->verdict);
        CHECK_NUMBER(sides.session.error.code, row->code);
        CHECK_NUMBER(sides.session.is_server_opaque, row->verdict == PROTO_LOGGED_IN);
        buffer_free(&wire);
    }
}

CASE("a login of several packets")
{
    struct buffer login = {0};
    char text[600] = {0};
    sides_open(PROTO_PLAN_TLS);
    sides_reach_login();
    add_packet(&login, 0x10, 0, text, sizeof text);
    add_packet(&login, 0x10, 1, text, 100);
    for (size_t given = 0; given < buffer_length(&login); given++)
        CHECK_NUMBER(conversation_from_driver(&sides, buffer_content(&login) + given, 1, 1),
                     PROTO_CONTINUE);
    CHECK_BYTES(&sides.session.to_server, buffer_content(&login), buffer_length(&login));
    buffer_free(&login);
}

/* ----- the server's name ----- */

#define SHAPE_SHORT 0x01     /* TDS 7.1: the offset table ends before the new password's */
#define SHAPE_EXTENSION 0x02 /* with features at the end, found through one more offset */
#define SHAPE_SSPI 0x04      /* in place of user and password */
#define SHAPE_EMPTY 0x08     /* nothing stands before and behind the name */
#define SHAPE_LONG_SSPI 0x10 /* its length does not stand in the table */
#define SHAPE_INNER 0x20     /* the features stand behind their offset, not at the end */
#define SHAPE_LIMIT 0x40

static const unsigned char features[] = {1, 4, 0, 0, 0, 9, 8, 7, 6, 0xFF};

/* A field's offset and length at its place in the table; the data, as text or bytes, behind all. */
static void put_field(struct buffer *login, size_t at, const char *text, size_t unit)
{
    size_t offset = buffer_length(login) - 8, length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        buffer_append_byte(login, (unsigned char)text[i]);
        if (unit == 2)
            buffer_append_byte(login, 0);
    }
    const unsigned char entry[] = {(unsigned char)offset, (unsigned char)(offset >> 8),
                                   (unsigned char)length, (unsigned char)(length >> 8)};
    memcpy(buffer_content(login) + 8 + at, entry, sizeof entry);
}

/* Both lengths of the whole. */
static void finish_login7(struct buffer *login)
{
    size_t length = buffer_length(login);
    unsigned char *bytes = buffer_content(login);
    memcpy(bytes, (unsigned char[]){0x10, 1, (unsigned char)(length >> 8), (unsigned char)length},
           4);
    bytes[8] = (unsigned char)(length - 8);
    bytes[9] = (unsigned char)((length - 8) >> 8);
}

/* LOGIN7 as a real driver writes it that connects to the server itself. */
static void make_login7(struct buffer *wire, unsigned shape, const char *server)
{
    static const unsigned char zeroes[8 + 94];
    bool is_short = (shape & SHAPE_SHORT) != 0, has_extension = (shape & SHAPE_EXTENSION) != 0;
    bool is_empty = (shape & SHAPE_EMPTY) != 0;
    size_t extension = 0;
    buffer_clear(wire);
    buffer_append(wire, zeroes, is_short ? 8 + 86 : 8 + 94);
    put_field(wire, 36, is_empty ? "" : "desk", 2);
    put_field(wire, 40, shape & SHAPE_SSPI || is_empty ? "" : "sa", 2);
    put_field(wire, 44, shape & SHAPE_SSPI || is_empty ? "" : "secret", 2);
    put_field(wire, 48, "", 2);
    put_field(wire, 52, server, 2);
    if (has_extension && !is_short) {
        extension = buffer_length(wire);
        put_field(wire, 56, "....", 1);
        if (shape & SHAPE_INNER)
            buffer_append(wire, features, sizeof features);
    }
    put_field(wire, 60, is_empty ? "" : "ODBC", 2);
    put_field(wire, 64, "", 2);
    put_field(wire, 68, is_empty ? "" : "sales", 2);
    put_field(wire, 78, shape & SHAPE_SSPI ? "NTLM" : "", 1);
    put_field(wire, 82, "", 2);
    if (!is_short)
        put_field(wire, 86, "", 2);
    unsigned char *bytes = buffer_content(wire);
    memcpy(bytes + 12, is_short ? "\1\0\0\x71" : "\4\0\0\x74", 4);
    memcpy(bytes + 80, "\x12\x34\x56\x78\x9a\xbc", 6);
    if (shape & SHAPE_LONG_SSPI && shape & SHAPE_SSPI && !is_short) {
        memcpy(bytes + 88, "\xff\xff", 2);
        bytes[98] = 4;
    }
    if (extension != 0) {
        bytes[8 + 27] = 0x10;
        memset(bytes + extension, 0, 4);
        bytes[extension] =
            (unsigned char)(shape & SHAPE_INNER ? extension + 4 - 8 : buffer_length(wire) - 8);
        if (!(shape & SHAPE_INNER))
            buffer_append(wire, features, sizeof features);
    }
    finish_login7(wire);
}

static void check_sent(const struct buffer *login, const char *server, const struct buffer *wanted)
{
    sides_open(PROTO_PLAN_TLS);
    sides.session.server_name = server;
    sides_reach_login();
    CHECK_NUMBER(conversation_from_driver(&sides, buffer_content(login), buffer_length(login), 7),
                 PROTO_CONTINUE);
    CHECK_BYTES(&sides.session.to_server, buffer_content(wanted), buffer_length(wanted));
}

/* The server gets the very bytes that it would get of a driver that connects to it. */
CASE("a login is what the server gets of a driver that connects to it")
{
    static const char *const names[] = {"127.81.3.7", "db.example.com", "x", ""};
    struct buffer login = {0}, wanted = {0};
    for (unsigned shape = 0; shape < SHAPE_LIMIT; shape++)
        for (size_t from = 0; from < 4; from++)
            for (size_t to = 0; to < 4; to++) {
                make_login7(&login, shape, names[from]);
                make_login7(&wanted, shape, names[to]);
                check_sent(&login, names[to], &wanted);
            }
    buffer_free(&login);
    buffer_free(&wanted);
}

/* A driver need not keep the order of the table; nothing is put in order for it. */
CASE("a login out of the table's order keeps its order")
{
    static const char *const names[] = {"old", ""};
    struct buffer login = {0}, wanted = {0};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        make_login7(&login, SHAPE_EMPTY, names[i]);
        put_field(&login, 36, "desk", 2);
        finish_login7(&login);
        make_login7(&wanted, SHAPE_EMPTY, "renamed");
        put_field(&wanted, 36, "desk", 2);
        finish_login7(&wanted);
        check_sent(&login, "renamed", &wanted);
    }
    buffer_free(&login);
    buffer_free(&wanted);
}

/* A name beyond ASCII, in the units of UTF-16. */
CASE("a login names the server in UTF-16")
{
    struct buffer login = {0}, wanted = {0};
    make_login7(&login, 0, "old");
    make_login7(&wanted, 0, "db.a");
    unsigned char *name = memmem(buffer_content(&wanted), buffer_length(&wanted), "d\0b\0.\0a", 7);
    CHECK_FATAL(name != NULL);
    name[6] = 0xE4;
    check_sent(&login, "db.\xC3\xA4", &wanted);
    buffer_free(&login);
    buffer_free(&wanted);
}

/* What is no whole and well-formed LOGIN7, or has no room for the name, goes as it is. */
CASE("a login that cannot name the server goes as it is")
{
    static const struct {
        size_t at; /* from the packet's start: what is changed there */
        unsigned char to;
        unsigned shape;
    } rows[] = {
        {1, 0, 0},                             /* more packets follow */
        {8, 7, 0},                             /* another length */
        {60, 20, 0},                           /* the name within the table */
        {61, 0xFF, 0},                         /* and behind all */
        {62, 200, 0},                          /* a name that ends behind all */
        {62, 12, 0},                           /* and one that reaches into other data */
        {48, 120, 0},                          /* a user within the name */
        {79, 0xFF, 0},                         /* a database behind all */
        {99, 1, SHAPE_LONG_SSPI | SHAPE_SSPI}, /* a ticket longer than all */
    };
    struct buffer login = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        make_login7(&login, rows[i].shape, "127.81.3.7");
        buffer_content(&login)[rows[i].at] = rows[i].to;
        check_sent(&login, "db.example.com", &login);
    }
    make_login7(&login, 0, "127.81.3.7");
    check_sent(&login, NULL, &login);
    buffer_free(&login);
}

/* A name may fill the packet that was agreed on, and no more. */
CASE("a login has room for a name of 128 characters")
{
    char name[130];
    struct buffer login = {0}, wanted = {0};
    memset(name, 'n', sizeof name);
    name[129] = 0;
    make_login7(&login, 0, "old");
    check_sent(&login, name, &login); /* longer than any name may be */
    name[128] = 0;
    make_login7(&wanted, 0, name);
    check_sent(&login, name, &wanted);
    char file[1951]; /* all but some of the packet's 4096 bytes */
    memset(file, 'f', sizeof file - 1);
    file[sizeof file - 1] = 0;
    put_field(&login, 82, file, 2);
    finish_login7(&login);
    check_sent(&login, name, &login);
    buffer_free(&login);
    buffer_free(&wanted);
}

/* After PRELOGIN only LOGIN7 may come, and then no second PRELOGIN or login of another kind. */
CASE("anything but a login is refused")
{
    static const unsigned char types[] = {0x01, 0x02, 0x12, 0x16, 0x53};
    for (size_t i = 0; i < sizeof types; i++) {
        sides_open(PROTO_PLAN_TLS);
        sides_reach_login();
        CHECK_NUMBER(conversation_from_driver(&sides, &types[i], 1, 1), PROTO_REFUSE);
        CHECK_NUMBER(sides.session.error.code, ODBCSSL_ERROR_PROTOCOL);
        CHECK_NUMBER(buffer_length(&sides.session.to_server), 0);
        if (types[i] == 0x01)
            continue;
        sides_open(PROTO_PLAN_TLS);
        sides_send_login(TDS_74);
        CHECK_NUMBER(conversation_from_driver(&sides, &types[i], 1, 1), PROTO_REFUSE);
    }
}

CASE("a login that comes before TLS waits for it")
{
    static const unsigned char login[] = {0x10, 1, 0, 9, 0, 0, 0, 0, 1};
    unsigned char reply[SERVER_REPLY_SIZE];
    memcpy(reply, server_reply, sizeof reply);
    reply[SERVER_REPLY_ENCRYPTION_AT] = 1;
    sides_open(PROTO_PLAN_TLS);
    conversation_from_driver(&sides, freetds_prelogin, sizeof freetds_prelogin, 0);
    buffer_clear(&sides.session.to_server);
    CHECK_NUMBER(conversation_from_driver(&sides, login, sizeof login, 0), PROTO_CONTINUE);
    CHECK_NUMBER(buffer_length(&sides.session.to_server), 0);
    CHECK_NUMBER(conversation_from_server(&sides, reply, sizeof reply, 0), PROTO_START_TLS);
    CHECK_NUMBER(proto_tds.from_driver(&sides.session, &sides.driver), PROTO_CONTINUE);
    CHECK_NUMBER(buffer_length(&sides.session.to_server), 0);
    CHECK_NUMBER(buffer_length(&sides.driver), sizeof login);
    CHECK_NUMBER(proto_tds.tls_started(&sides.session), PROTO_CONTINUE);
    CHECK_NUMBER(proto_tds.from_driver(&sides.session, &sides.driver), PROTO_CONTINUE);
    CHECK_BYTES(&sides.session.to_server, login, sizeof login);
}

CASE("a server that answers before the login is refused")
{
    static const unsigned char accepted[] = {LOGINACK(0x74), DONE_LONG};
    struct buffer wire = {0};
    sides_open(PROTO_PLAN_TLS);
    sides_reach_login();
    CHECK_NUMBER(send_reply(accepted, sizeof accepted, 99, 0, &wire), PROTO_REFUSE);
    CHECK_NUMBER(sides.session.error.code, ODBCSSL_ERROR_PROTOCOL);
    CHECK(!sides.session.is_server_opaque);
    buffer_free(&wire);
}

CASE("a login reply without end is refused")
{
    unsigned char packet[4096] = {0x04, 0, 0x10, 0};
    enum proto_verdict verdict = PROTO_CONTINUE;
    sides_open(PROTO_PLAN_TLS);
    sides_send_login(TDS_74);
    for (int i = 0; i < 1000 && verdict == PROTO_CONTINUE; i++)
        verdict = conversation_from_server(&sides, packet, sizeof packet, sizeof packet);
    CHECK_NUMBER(verdict, PROTO_REFUSE);
    CHECK_CONTAINS(sides.session.error.text, "too long");
}

/* What follows the login reply is left for the relay to copy. */
CASE("what follows the login reply is left")
{
    static const unsigned char accepted[] = {LOGINACK(0x74), DONE_LONG};
    struct buffer wire = {0};
    sides_open(PROTO_PLAN_TLS);
    sides_send_login(TDS_74);
    add_packet(&wire, 0x04, 1, accepted, sizeof accepted);
    buffer_append(&wire, "\x53\x01", 2);
    CHECK_NUMBER(conversation_from_server(&sides, buffer_content(&wire), buffer_length(&wire), 4),
                 PROTO_LOGGED_IN);
    CHECK_BYTES(&sides.server, "\x53\x01", 2);
    CHECK_NUMBER(buffer_length(&sides.session.to_driver), buffer_length(&wire) - 2);
    buffer_free(&wire);
}

CASE("TLS ends behind the login packet when only that is encrypted")
{
    static const unsigned char accepted[] = {LOGINACK(0x74), DONE_LONG};
    static const unsigned char routed[] = {LOGINACK(0x74), ROUTING, DONE_LONG};
    struct buffer wire = {0};
    for (int is_routed = 0; is_routed < 2; is_routed++) {
        sides_open(PROTO_PLAN_PLAINTEXT);
        sides.session.is_login_only_allowed = true;
        sides_send_login(TDS_74);
        buffer_clear(&wire);
        if (is_routed)
            CHECK_NUMBER(send_reply(routed, sizeof routed, 99, 9, &wire), PROTO_REFUSE);
        else
            CHECK_NUMBER(send_reply(accepted, sizeof accepted, 99, 9, &wire), PROTO_LOGGED_IN);
    }
    buffer_free(&wire);
}

/* Its tail would travel in plaintext while the report says that the login was encrypted. */
CASE("a login longer than what is encrypted of it is refused")
{
    static const unsigned char login[] = {0x10, 0, 0, 9, 0, 0, 0, 0, 1};
    sides_open(PROTO_PLAN_PLAINTEXT);
    sides.session.is_login_only_allowed = true;
    sides_reach_login();
    CHECK_NUMBER(conversation_from_driver(&sides, login, sizeof login, 4), PROTO_REFUSE);
    CHECK_NUMBER(sides.session.error.code, ODBCSSL_ERROR_PLAINTEXT_LOGIN);
    CHECK_NUMBER(buffer_length(&sides.session.to_server), 0);
    CHECK(!sides.session.is_credentials_asked);
}

static bool has_utf16(const struct buffer *buffer, const char *text)
{
    unsigned char wanted[200];
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        wanted[2 * i] = (unsigned char)text[i];
        wanted[2 * i + 1] = 0;
    }
    return memmem(buffer_content(buffer), buffer_length(buffer), wanted, 2 * length) != NULL;
}

/* FreeTDS must find a valid PRELOGIN reply, or it tries TDS 5.0 in plaintext; then an error. */
CASE("a failure gives the driver a PRELOGIN reply and an error")
{
    struct tds_prelogin prelogin;
    static const bool is_prelogin_sent[] = {false, true};
    for (size_t i = 0; i < 2; i++) {
        sides_open(PROTO_PLAN_TLS);
        if (is_prelogin_sent[i])
            conversation_from_driver(&sides, freetds_prelogin, sizeof freetds_prelogin, 0);
        proto_tds.fail(&sides.session, "no trust");
        const unsigned char *bytes = buffer_content(&sides.session.to_driver);
        size_t size = buffer_length(&sides.session.to_driver);
        size_t first = (size_t)bytes[2] << 8 | bytes[3];
        CHECK_NUMBER(bytes[0], 0x04);
        CHECK_NUMBER(bytes[1], 1);
        CHECK_FATAL(first < size);
        CHECK(tds_prelogin_read(bytes + 8, first - 8, "odbcssl", &prelogin, NULL));
        CHECK_NUMBER(prelogin.encryption, 2);
        CHECK(prelogin.has_mars);
        CHECK_NUMBER(bytes[first], 0x04);
        struct tds_login_reply reply = {.version = TDS_74};
        CHECK(tds_login_reply_read(bytes + first + 8, size - first - 8, &reply, NULL));
        CHECK(reply.has_error && !reply.is_accepted && !reply.is_routed);
        CHECK(has_utf16(&sides.session.to_driver, "no trust"));
        proto_tds.fail(&sides.session, "again");
        CHECK_NUMBER(buffer_length(&sides.session.to_driver), size);
    }
}

CASE("a failure during the login")
{
    static const uint32_t versions[] = {TDS_71, TDS_74};
    for (size_t i = 0; i < 2; i++) {
        struct tds_login_reply reply = {.version = versions[i]};
        sides_open(PROTO_PLAN_TLS);
        sides_send_login(versions[i]);
        proto_tds.fail(&sides.session, "link lost");
        CHECK(tds_login_reply_read(buffer_content(&sides.session.to_driver) + 8,
                                   buffer_length(&sides.session.to_driver) - 8, &reply, NULL));
        CHECK(reply.has_error);
    }
}

CASE("a failure after the login adds nothing to the stream")
{
    static const unsigned char accepted[] = {LOGINACK(0x74), DONE_LONG};
    struct buffer wire = {0};
    sides_open(PROTO_PLAN_TLS);
    sides_send_login(TDS_74);
    send_reply(accepted, sizeof accepted, 99, 9, &wire);
    proto_tds.fail(&sides.session, "link lost");
    CHECK_NUMBER(buffer_length(&sides.session.to_driver), buffer_length(&wire));
    buffer_free(&wire);
}

CASE("memory runs out in a login")
{
    static const unsigned char accepted[] = {INFO, LOGINACK(0x74), DONE_LONG};
    unsigned char reply[SERVER_REPLY_SIZE];
    struct buffer login = {0}, answer = {0};
    memcpy(reply, server_reply, sizeof reply);
    reply[SERVER_REPLY_ENCRYPTION_AT] = 1;
    make_login7(&login, SHAPE_EXTENSION, "127.0.0.1");
    add_packet(&answer, 0x04, 1, accepted, sizeof accepted);
#define RAW(bytes, size)                                                                           \
    {                                                                                              \
        PIECE_RAW, (const char *)(bytes), size                                                     \
    }
    const struct scenario scenario = {
        .name = "TDS",
        .plan = PROTO_PLAN_TLS,
        .steps = {{SPEAKER_DRIVER, RAW(freetds_prelogin, sizeof freetds_prelogin)},
                  {SPEAKER_SERVER, RAW(reply, sizeof reply)},
                  {SPEAKER_TLS, RAW("", 0)},
                  {SPEAKER_DRIVER, RAW(buffer_content(&login), buffer_length(&login))},
                  {SPEAKER_SERVER, RAW(buffer_content(&answer), buffer_length(&answer))}},
        .verdict = PROTO_LOGGED_IN};
    conversation_starve(&proto_tds, &scenario);
    buffer_free(&login);
    buffer_free(&answer);
}

SUITE("login", NULL, sides_close)
