#include <string.h>

#include "proto/tds_prelogin.h"
#include "proto/tds_token.h"
#include "support/suite.h"
#include "unit/tds_bytes.h"

#define TDS_71 0x71000001u
#define TDS_74 0x74000004u

/* Tokens. LOGINACK: interface, version, name of 2 characters, build. */
#define LOGINACK(version) 0xAD, 14, 0, 1, version, 0, 0, 4, 2, 'M', 0, 'S', 0, 15, 0, 7, 0xd0
#define DONE_LONG 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
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
static enum proto_verdict send_reply(struct sides *sides, const unsigned char *payload, size_t size,
                                     size_t part, size_t cut, struct buffer *wire)
{
    size_t sent = 0;
    do {
        size_t length = size - sent < part ? size - sent : part;
        add_packet(wire, 0x04, sent + length == size, payload + sent, length);
        sent += length;
    } while (sent < size);
    if (cut > buffer_length(wire))
        cut = buffer_length(wire);
    return sides_from_server(sides, buffer_content(wire), buffer_length(wire), cut);
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
     ODBCSSL_ERROR_ROUTING, "?b, port 1"},
    {"a token cut short", TDS_74, BYTES(LOGINACK(0x74), 0xE3, 40, 0, 20), PROTO_REFUSE,
     ODBCSSL_ERROR_PROTOCOL, "token stream"},
    {"DONE cut short", TDS_74, BYTES(LOGINACK(0x74), DONE_SHORT), PROTO_REFUSE,
     ODBCSSL_ERROR_PROTOCOL, "token stream"},
    {"an unknown token of no known length", TDS_74, BYTES(LOGINACK(0x74), 0x88, 1, 2), PROTO_REFUSE,
     ODBCSSL_ERROR_PROTOCOL, "token stream"},
    {"features without end", TDS_74, BYTES(0xAE, 4, 0xff, 0xff, 0xff, 0xff, 1), PROTO_REFUSE,
     ODBCSSL_ERROR_PROTOCOL, "token stream"},
};

static void check_outcome(const struct reply_row *row, struct sides *sides,
                          const struct buffer *wire)
{
    bool is_through = row->verdict != PROTO_REFUSE;
    CHECK_NUMBER(sides->session.error.code, row->code);
    CHECK_CONTAINS(sides->session.error.text, row->text);
    CHECK_NUMBER(sides->session.is_driver_opaque, row->verdict == PROTO_LOGGED_IN);
    CHECK_NUMBER(sides->session.is_server_opaque, row->verdict == PROTO_LOGGED_IN);
    CHECK(sides->session.is_credentials_asked);
    CHECK_BYTES(&sides->session.to_driver, buffer_content(wire),
                is_through ? buffer_length(wire) : 0);
}

static void try_reply(const struct reply_row *row, size_t part, size_t cut)
{
    struct sides sides;
    struct buffer wire = {0};
    sides_open(&sides, PROTO_PLAN_TLS);
    sides_send_login(&sides, row->version);
    enum proto_verdict verdict = send_reply(&sides, row->payload, row->size, part, cut, &wire);
    CHECK_NUMBER(verdict, row->verdict);
    if (verdict != row->verdict)
        CHECK_TEXT(sides.session.error.text, row->what);
    check_outcome(row, &sides, &wire);
    buffer_free(&wire);
    sides_close(&sides);
}

static void test_replies(void)
{
    static const size_t parts[] = {1, 7, 4088};
    for (size_t i = 0; i < sizeof reply_rows / sizeof *reply_rows; i++)
        for (size_t part = 0; part < sizeof parts / sizeof *parts; part++)
            for (size_t cut = 0; cut < reply_rows[i].size + 16; cut++)
                try_reply(&reply_rows[i], parts[part], cut);
}

static void test_every_plan_refuses_routing(void)
{
    static const unsigned char routing[] = {LOGINACK(0x74), ROUTING, DONE_LONG};
    static const enum proto_plan plans[] = {PROTO_PLAN_PLAINTEXT, PROTO_PLAN_DIRECT};
    for (size_t i = 0; i < 2; i++) {
        struct sides sides;
        struct buffer wire = {0};
        sides_open(&sides, plans[i]);
        sides_send_login(&sides, TDS_74);
        CHECK_NUMBER(send_reply(&sides, routing, sizeof routing, 4088, 0, &wire), PROTO_REFUSE);
        CHECK_NUMBER(sides.session.error.code, ODBCSSL_ERROR_ROUTING);
        CHECK_NUMBER(buffer_length(&sides.session.to_driver), 0);
        buffer_free(&wire);
        sides_close(&sides);
    }
}

static void test_several_rounds(void)
{
    static const unsigned char challenge[] = {SSPI};
    static const unsigned char accepted[] = {LOGINACK(0x74), DONE_LONG};
    struct sides sides;
    struct buffer wire = {0}, answer = {0};
    sides_open(&sides, PROTO_PLAN_TLS);
    sides_send_login(&sides, TDS_74);
    CHECK_NUMBER(send_reply(&sides, challenge, sizeof challenge, 2, 3, &wire), PROTO_CONTINUE);
    add_packet(&answer, 0x11, 1, "token", 5);
    CHECK_NUMBER(sides_from_driver(&sides, buffer_content(&answer), buffer_length(&answer), 9),
                 PROTO_CONTINUE);
    CHECK_BYTES(&sides.session.to_server, buffer_content(&answer), buffer_length(&answer));
    buffer_clear(&wire);
    CHECK_NUMBER(send_reply(&sides, accepted, sizeof accepted, 2, 3, &wire), PROTO_LOGGED_IN);
    buffer_free(&wire);
    buffer_free(&answer);
    sides_close(&sides);
}

static void test_long_login(void)
{
    struct sides sides;
    struct buffer login = {0};
    char text[600] = {0};
    sides_open(&sides, PROTO_PLAN_TLS);
    sides_reach_login(&sides);
    add_packet(&login, 0x10, 0, text, sizeof text);
    add_packet(&login, 0x10, 1, text, 100);
    for (size_t given = 0; given < buffer_length(&login); given++)
        CHECK_NUMBER(sides_from_driver(&sides, buffer_content(&login) + given, 1, 1),
                     PROTO_CONTINUE);
    CHECK_BYTES(&sides.session.to_server, buffer_content(&login), buffer_length(&login));
    buffer_free(&login);
    sides_close(&sides);
}

/* A whole LOGIN7 with this many bytes behind its fixed part, in one packet; name: offset and length
 * that it says of the server's name. */
static size_t make_login7(unsigned char *packet, size_t data_size, unsigned name)
{
    size_t length = 8 + 94 + data_size;
    memset(packet, 0x55, length);
    memcpy(packet, (unsigned char[]){0x10, 1, (unsigned char)(length >> 8), (unsigned char)length},
           4);
    memcpy(packet + 8,
           (unsigned char[]){(unsigned char)(length - 8), (unsigned char)((length - 8) >> 8), 0, 0,
                             4, 0, 0, 0x74},
           8);
    memcpy(packet + 60, (unsigned char[]){(unsigned char)name, (unsigned char)(name >> 8), 9, 0},
           4);
    return length;
}

/* The server is named as the user named it, not by the relay's address. */
static void test_server_is_named(void)
{
    struct sides sides;
    unsigned char login[200];
    size_t length = make_login7(login, 30, 94);
    sides_open(&sides, PROTO_PLAN_TLS);
    sides.session.server_name = "db.\xC3\xA4";
    sides_reach_login(&sides);
    CHECK_NUMBER(sides_from_driver(&sides, login, length, 7), PROTO_CONTINUE);
    CHECK_NUMBER(buffer_length(&sides.session.to_server), length + 8);
    const unsigned char *sent = buffer_content(&sides.session.to_server);
    CHECK_NUMBER(sent[2] << 8 | sent[3], length + 8);
    CHECK_NUMBER(sent[8] | sent[9] << 8, length);
    CHECK_NUMBER(sent[60] | sent[61] << 8, length - 8);
    CHECK_NUMBER(sent[62] | sent[63] << 8, 4);
    CHECK(memcmp(sent + length, "d\0b\0.\0\xE4\0", 8) == 0);
    CHECK(memcmp(sent + 64, login + 64, length - 64) == 0);
    sides_close(&sides);
}

/* What is no whole LOGIN7, or has no room for the name, goes as it is. */
static void test_server_is_not_named(void)
{
    static unsigned char login[4096];
    static const struct {
        size_t data_size;
        unsigned char status, login_length; /* what byte 8 is changed by */
        const char *name;
    } rows[] = {
        {30, 0, 0, "db"},
        {30, 1, 1, "db"},
        {4096 - 102 - 3, 1, 0, "db"},
        {30, 1, 0, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sides sides;
        size_t length = make_login7(login, rows[i].data_size, 94);
        login[1] = rows[i].status;
        login[8] = (unsigned char)(login[8] + rows[i].login_length);
        sides_open(&sides, PROTO_PLAN_TLS);
        sides.session.server_name = rows[i].name;
        sides_reach_login(&sides);
        CHECK_NUMBER(sides_from_driver(&sides, login, length, 0), PROTO_CONTINUE);
        CHECK_BYTES(&sides.session.to_server, login, length);
        sides_close(&sides);
    }
}

/* After PRELOGIN only LOGIN7 may come, and then no second PRELOGIN or login of another kind. */
static void test_no_login(void)
{
    static const unsigned char types[] = {0x01, 0x02, 0x12, 0x16, 0x53};
    for (size_t i = 0; i < sizeof types; i++) {
        struct sides sides;
        sides_open(&sides, PROTO_PLAN_TLS);
        sides_reach_login(&sides);
        CHECK_NUMBER(sides_from_driver(&sides, &types[i], 1, 1), PROTO_REFUSE);
        CHECK_NUMBER(sides.session.error.code, ODBCSSL_ERROR_PROTOCOL);
        CHECK_NUMBER(buffer_length(&sides.session.to_server), 0);
        sides_close(&sides);
        if (types[i] == 0x01)
            continue;
        sides_open(&sides, PROTO_PLAN_TLS);
        sides_send_login(&sides, TDS_74);
        CHECK_NUMBER(sides_from_driver(&sides, &types[i], 1, 1), PROTO_REFUSE);
        sides_close(&sides);
    }
}

static void test_driver_waits_for_tls(void)
{
    struct sides sides;
    static const unsigned char login[] = {0x10, 1, 0, 9, 0, 0, 0, 0, 1};
    unsigned char reply[SERVER_REPLY_SIZE];
    memcpy(reply, server_reply, sizeof reply);
    reply[SERVER_REPLY_ENCRYPTION_AT] = 1;
    sides_open(&sides, PROTO_PLAN_TLS);
    sides_from_driver(&sides, freetds_prelogin, sizeof freetds_prelogin, 0);
    buffer_clear(&sides.session.to_server);
    CHECK_NUMBER(sides_from_driver(&sides, login, sizeof login, 0), PROTO_CONTINUE);
    CHECK_NUMBER(buffer_length(&sides.session.to_server), 0);
    CHECK_NUMBER(sides_from_server(&sides, reply, sizeof reply, 0), PROTO_START_TLS);
    CHECK_NUMBER(proto_tds.from_driver(&sides.session, &sides.driver), PROTO_CONTINUE);
    CHECK_NUMBER(buffer_length(&sides.session.to_server), 0);
    CHECK_NUMBER(buffer_length(&sides.driver), sizeof login);
    CHECK_NUMBER(proto_tds.tls_started(&sides.session), PROTO_CONTINUE);
    CHECK_NUMBER(proto_tds.from_driver(&sides.session, &sides.driver), PROTO_CONTINUE);
    CHECK_BYTES(&sides.session.to_server, login, sizeof login);
    sides_close(&sides);
}

static void test_server_before_login(void)
{
    static const unsigned char accepted[] = {LOGINACK(0x74), DONE_LONG};
    struct sides sides;
    struct buffer wire = {0};
    sides_open(&sides, PROTO_PLAN_TLS);
    sides_reach_login(&sides);
    CHECK_NUMBER(send_reply(&sides, accepted, sizeof accepted, 99, 0, &wire), PROTO_REFUSE);
    CHECK_NUMBER(sides.session.error.code, ODBCSSL_ERROR_PROTOCOL);
    CHECK(!sides.session.is_server_opaque);
    buffer_free(&wire);
    sides_close(&sides);
}

static void test_endless_login_reply(void)
{
    struct sides sides;
    unsigned char packet[4096] = {0x04, 0, 0x10, 0};
    enum proto_verdict verdict = PROTO_CONTINUE;
    sides_open(&sides, PROTO_PLAN_TLS);
    sides_send_login(&sides, TDS_74);
    for (int i = 0; i < 1000 && verdict == PROTO_CONTINUE; i++)
        verdict = sides_from_server(&sides, packet, sizeof packet, sizeof packet);
    CHECK_NUMBER(verdict, PROTO_REFUSE);
    CHECK_CONTAINS(sides.session.error.text, "too long");
    sides_close(&sides);
}

/* What follows the login reply is left for the relay to copy. */
static void test_bytes_after_login(void)
{
    static const unsigned char accepted[] = {LOGINACK(0x74), DONE_LONG};
    struct sides sides;
    struct buffer wire = {0};
    sides_open(&sides, PROTO_PLAN_TLS);
    sides_send_login(&sides, TDS_74);
    add_packet(&wire, 0x04, 1, accepted, sizeof accepted);
    buffer_append(&wire, "\x53\x01", 2);
    CHECK_NUMBER(sides_from_server(&sides, buffer_content(&wire), buffer_length(&wire), 4),
                 PROTO_LOGGED_IN);
    CHECK_BYTES(&sides.server, "\x53\x01", 2);
    CHECK_NUMBER(buffer_length(&sides.session.to_driver), buffer_length(&wire) - 2);
    buffer_free(&wire);
    sides_close(&sides);
}

static void test_login_only(void)
{
    static const unsigned char accepted[] = {LOGINACK(0x74), DONE_LONG};
    static const unsigned char routed[] = {LOGINACK(0x74), ROUTING, DONE_LONG};
    struct sides sides;
    struct buffer wire = {0};
    for (int is_routed = 0; is_routed < 2; is_routed++) {
        sides_open(&sides, PROTO_PLAN_PLAINTEXT);
        sides.session.is_login_only_allowed = true;
        sides_send_login(&sides, TDS_74);
        buffer_clear(&wire);
        if (is_routed)
            CHECK_NUMBER(send_reply(&sides, routed, sizeof routed, 99, 9, &wire), PROTO_REFUSE);
        else
            CHECK_NUMBER(send_reply(&sides, accepted, sizeof accepted, 99, 9, &wire),
                         PROTO_LOGGED_IN);
        sides_close(&sides);
    }
    buffer_free(&wire);
}

/* Its tail would travel in plaintext while the report says that the login was encrypted. */
static void test_login_only_long(void)
{
    static const unsigned char login[] = {0x10, 0, 0, 9, 0, 0, 0, 0, 1};
    struct sides sides;
    sides_open(&sides, PROTO_PLAN_PLAINTEXT);
    sides.session.is_login_only_allowed = true;
    sides_reach_login(&sides);
    CHECK_NUMBER(sides_from_driver(&sides, login, sizeof login, 4), PROTO_REFUSE);
    CHECK_NUMBER(sides.session.error.code, ODBCSSL_ERROR_PLAINTEXT_LOGIN);
    CHECK_NUMBER(buffer_length(&sides.session.to_server), 0);
    CHECK(!sides.session.is_credentials_asked);
    sides_close(&sides);
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
static void test_failure(void)
{
    struct sides sides;
    struct tds_prelogin prelogin;
    struct tds_login_reply reply;
    static const bool is_prelogin_sent[] = {false, true};
    for (size_t i = 0; i < 2; i++) {
        sides_open(&sides, PROTO_PLAN_TLS);
        if (is_prelogin_sent[i])
            sides_from_driver(&sides, freetds_prelogin, sizeof freetds_prelogin, 0);
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
        CHECK(tds_login_reply_read(bytes + first + 8, size - first - 8, TDS_74, &reply, NULL));
        CHECK(reply.has_error && !reply.is_accepted && !reply.is_routed);
        CHECK(has_utf16(&sides.session.to_driver, "no trust"));
        proto_tds.fail(&sides.session, "again");
        CHECK_NUMBER(buffer_length(&sides.session.to_driver), size);
        sides_close(&sides);
    }
}

static void test_failure_during_login(void)
{
    static const uint32_t versions[] = {TDS_71, TDS_74};
    struct tds_login_reply reply;
    for (size_t i = 0; i < 2; i++) {
        struct sides sides;
        sides_open(&sides, PROTO_PLAN_TLS);
        sides_send_login(&sides, versions[i]);
        proto_tds.fail(&sides.session, "link lost");
        CHECK(tds_login_reply_read(buffer_content(&sides.session.to_driver) + 8,
                                   buffer_length(&sides.session.to_driver) - 8, versions[i], &reply,
                                   NULL));
        CHECK(reply.has_error);
        sides_close(&sides);
    }
}

static void test_failure_after_login(void)
{
    static const unsigned char accepted[] = {LOGINACK(0x74), DONE_LONG};
    struct sides sides;
    struct buffer wire = {0};
    sides_open(&sides, PROTO_PLAN_TLS);
    sides_send_login(&sides, TDS_74);
    send_reply(&sides, accepted, sizeof accepted, 99, 9, &wire);
    proto_tds.fail(&sides.session, "link lost");
    CHECK_NUMBER(buffer_length(&sides.session.to_driver), buffer_length(&wire));
    buffer_free(&wire);
    sides_close(&sides);
}

const struct suite_case tds_login_cases[] = {
    {"every answer to a login, in packets of every size, however cut", test_replies},
    {"routing is refused under every plan", test_every_plan_refuses_routing},
    {"a login of several rounds", test_several_rounds},
    {"a login of several packets", test_long_login},
    {"a login names the server as the user does", test_server_is_named},
    {"a login that cannot name the server goes as it is", test_server_is_not_named},
    {"anything but a login is refused", test_no_login},
    {"a login that comes before TLS waits for it", test_driver_waits_for_tls},
    {"a server that answers before the login is refused", test_server_before_login},
    {"a login reply without end is refused", test_endless_login_reply},
    {"what follows the login reply is left", test_bytes_after_login},
    {"TLS ends behind the login packet when only that is encrypted", test_login_only},
    {"a login longer than what is encrypted of it is refused", test_login_only_long},
    {"a failure gives the driver a PRELOGIN reply and an error", test_failure},
    {"a failure during the login", test_failure_during_login},
    {"a failure after the login adds nothing to the stream", test_failure_after_login},
    {NULL, NULL},
};
