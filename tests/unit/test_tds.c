/* test_tds.c - PRELOGIN: what the driver and the server settle ends in TLS, or is refused. */
#include <string.h>

#include "proto/tds_prelogin.h"
#include "proto/tds_token.h"
#include "support/suite.h"
#include "unit/tds_bytes.h"

struct switch_row {
    enum proto_plan plan;
    bool is_login_only_allowed;
    uint8_t sent; /* what the server must see as ENCRYPTION */
    uint8_t answer;
    enum proto_verdict verdict;
    enum odbcssl_error code;
    const char *text;
};

static const struct switch_row switch_rows[] = {
    {PROTO_PLAN_TLS, false, 1, 0, PROTO_REFUSE, ODBCSSL_ERROR_SERVER_WITHOUT_TLS, "login only"},
    {PROTO_PLAN_TLS, false, 1, 1, PROTO_START_TLS, 0, ""},
    {PROTO_PLAN_TLS, false, 1, 2, PROTO_NO_TLS, ODBCSSL_ERROR_SERVER_WITHOUT_TLS, "not supported"},
    {PROTO_PLAN_TLS, false, 1, 3, PROTO_START_TLS, 0, ""},
    {PROTO_PLAN_TLS, false, 1, 4, PROTO_REFUSE, ODBCSSL_ERROR_PROTOCOL, "ENCRYPTION 4"},
    {PROTO_PLAN_TLS, false, 1, 0x81, PROTO_REFUSE, ODBCSSL_ERROR_PROTOCOL, "ENCRYPTION 129"},
    {PROTO_PLAN_PLAINTEXT, false, 2, 0, PROTO_REFUSE, ODBCSSL_ERROR_PROTOCOL, "ENCRYPTION 0"},
    {PROTO_PLAN_PLAINTEXT, false, 2, 1, PROTO_NEEDS_TLS, ODBCSSL_ERROR_SERVER_REQUIRES_TLS, "on"},
    {PROTO_PLAN_PLAINTEXT, false, 2, 2, PROTO_CONTINUE, 0, ""},
    {PROTO_PLAN_PLAINTEXT, false, 2, 3, PROTO_NEEDS_TLS, ODBCSSL_ERROR_SERVER_REQUIRES_TLS,
     "3 (required)"},
    {PROTO_PLAN_PLAINTEXT, true, 0, 0, PROTO_START_TLS, 0, ""},
    {PROTO_PLAN_PLAINTEXT, true, 0, 1, PROTO_START_TLS, 0, ""},
    {PROTO_PLAN_PLAINTEXT, true, 0, 2, PROTO_CONTINUE, 0, ""},
    {PROTO_PLAN_PLAINTEXT, true, 0, 3, PROTO_START_TLS, 0, ""},
    {PROTO_PLAN_DIRECT, false, 2, 0, PROTO_CONTINUE, 0, ""},
    {PROTO_PLAN_DIRECT, false, 2, 1, PROTO_CONTINUE, 0, ""},
    {PROTO_PLAN_DIRECT, false, 2, 2, PROTO_CONTINUE, 0, ""},
    {PROTO_PLAN_DIRECT, false, 2, 4, PROTO_CONTINUE, 0, ""},
};

/* What the driver must get in the end, when it gets the reply at all: ENCRYPTION 2, else
 * unchanged. */
static void check_reply_given(void)
{
    unsigned char wanted[SERVER_REPLY_SIZE];
    memcpy(wanted, server_reply, sizeof wanted);
    wanted[SERVER_REPLY_ENCRYPTION_AT] = 2;
    CHECK_BYTES(&sides.session.to_driver, wanted, sizeof wanted);
}

static void try_switch(const struct switch_row *row, uint8_t driver, size_t driver_cut,
                       size_t server_cut)
{
    unsigned char prelogin[FREETDS_PRELOGIN_SIZE], reply[SERVER_REPLY_SIZE];
    memcpy(prelogin, freetds_prelogin, sizeof prelogin);
    memcpy(reply, server_reply, sizeof reply);
    prelogin[FREETDS_ENCRYPTION_AT] = driver;
    reply[SERVER_REPLY_ENCRYPTION_AT] = row->answer;
    sides_open(row->plan);
    sides.session.is_login_only_allowed = row->is_login_only_allowed;
    CHECK_NUMBER(conversation_from_driver(&sides, prelogin, sizeof prelogin, driver_cut),
                 PROTO_CONTINUE);
    CHECK_NUMBER(sides.session.kind, PROTO_SESSION_MAIN);
    prelogin[FREETDS_ENCRYPTION_AT] = row->sent;
    CHECK_BYTES(&sides.session.to_server, prelogin, sizeof prelogin);
    CHECK_NUMBER(conversation_from_server(&sides, reply, sizeof reply, server_cut), row->verdict);
    CHECK_NUMBER(sides.session.error.code, row->code);
    CHECK_CONTAINS(sides.session.error.text, row->text);
    CHECK(!sides.session.is_credentials_asked);
    if (row->verdict != PROTO_CONTINUE)
        CHECK_NUMBER(buffer_length(&sides.session.to_driver), 0);
    if (row->verdict == PROTO_START_TLS)
        CHECK_NUMBER(proto_tds.tls_started(&sides.session), PROTO_CONTINUE);
    if (row->verdict == PROTO_CONTINUE || row->verdict == PROTO_START_TLS)
        check_reply_given();
}

CASE("every answer of a server, under every plan, however its bytes come")
{
    for (size_t i = 0; i < sizeof switch_rows / sizeof *switch_rows; i++) {
        for (size_t cut = 0; cut <= FREETDS_PRELOGIN_SIZE; cut++)
            try_switch(&switch_rows[i], 0, cut, SERVER_REPLY_SIZE);
        for (size_t cut = 0; cut <= SERVER_REPLY_SIZE; cut++)
            try_switch(&switch_rows[i], 2, FREETDS_PRELOGIN_SIZE, cut);
    }
}

CASE("a PRELOGIN in several packets")
{
    struct buffer wire = {0};
    sides_open(PROTO_PLAN_TLS);
    add_packet(&wire, 0x12, 0, freetds_prelogin + 8, 11);
    add_packet(&wire, 0x12, 0, NULL, 0);
    add_packet(&wire, 0x12, 1, freetds_prelogin + 19, FREETDS_PRELOGIN_SIZE - 19);
    CHECK_NUMBER(conversation_from_driver(&sides, buffer_content(&wire), buffer_length(&wire), 20),
                 PROTO_CONTINUE);
    unsigned char *encryption = buffer_content(&wire) + 2 * 8 + FREETDS_ENCRYPTION_AT;
    CHECK_NUMBER(*encryption, 0);
    *encryption = 1;
    CHECK_BYTES(&sides.session.to_server, buffer_content(&wire), buffer_length(&wire));
    buffer_free(&wire);
}

static const struct first_row {
    uint8_t byte;
    enum odbcssl_error code;
    const char *text;
} first_rows[] = {
    {0x02, ODBCSSL_ERROR_PLAINTEXT_LOGIN, "set TDS_Version=7.4"},
    {0x10, ODBCSSL_ERROR_PLAINTEXT_LOGIN, "set TDS_Version=7.4"},
    {0x16, ODBCSSL_ERROR_KEYWORD_CONFLICT, "set its Encryption=request"},
    {'G', ODBCSSL_ERROR_PROTOCOL, "type 0x47"},
    {0x53, ODBCSSL_ERROR_PROTOCOL, "type 0x53"},
};

CASE("a login without PRELOGIN is refused and never forwarded")
{
    static const enum proto_plan plans[] = {PROTO_PLAN_TLS, PROTO_PLAN_PLAINTEXT,
                                            PROTO_PLAN_DIRECT};
    for (size_t i = 0; i < sizeof first_rows / sizeof *first_rows; i++) {
        for (size_t plan = 0; plan < 3; plan++) {
            const unsigned char login[] = {first_rows[i].byte, 1, 0, 12, 0, 0, 0, 0, 1, 2, 3, 4};
            for (size_t size = 1; size <= sizeof login; size++) {
                sides_open(plans[plan]);
                CHECK_NUMBER(conversation_from_driver(&sides, login, size, size), PROTO_REFUSE);
                CHECK_NUMBER(sides.session.error.code, first_rows[i].code);
                CHECK_CONTAINS(sides.session.error.text, first_rows[i].text);
                CHECK_NUMBER(buffer_length(&sides.session.to_server), 0);
            }
        }
    }
}

CASE("a driver that wants TLS itself is told what to set")
{
    static const unsigned char values[] = {1, 3, 4, 0x80, 0x81, 0x83, 0xff};
    for (size_t i = 0; i < sizeof values; i++) {
        unsigned char prelogin[FREETDS_PRELOGIN_SIZE];
        memcpy(prelogin, freetds_prelogin, sizeof prelogin);
        prelogin[FREETDS_ENCRYPTION_AT] = values[i];
        sides_open(PROTO_PLAN_TLS);
        CHECK_NUMBER(conversation_from_driver(&sides, prelogin, sizeof prelogin, sizeof prelogin),
                     PROTO_REFUSE);
        CHECK_NUMBER(sides.session.error.code, ODBCSSL_ERROR_KEYWORD_CONFLICT);
        CHECK_CONTAINS(sides.session.error.text, "Encryption=request or off");
        CHECK_NUMBER(buffer_length(&sides.session.to_server), 0);
    }
}

static const struct malformed_row {
    const char *what;
    const unsigned char *payload;
    size_t size;
    const char *text;
} malformed_rows[] = {
    {"nothing", (const unsigned char *)"", 0, "empty"},
    {"no end of the table", BYTES(1, 0, 5, 0, 1), "malformed"},
    {"the end is in an option's place", BYTES(1, 0, 5), "malformed"},
    {"an offset past the end", BYTES(1, 0, 8, 0, 1, 0xff, 2), "malformed"},
    {"an offset past all", BYTES(1, 0xff, 0xff, 0, 1, 0xff, 2), "malformed"},
    {"a length past the end", BYTES(1, 0, 6, 0, 2, 0xff, 2), "malformed"},
    {"a length past all", BYTES(1, 0, 6, 0xff, 0xff, 0xff, 2), "malformed"},
    {"ENCRYPTION twice", BYTES(1, 0, 11, 0, 1, 1, 0, 12, 0, 1, 0xff, 2, 0), "malformed"},
    {"ENCRYPTION within another option", BYTES(0, 0, 11, 0, 2, 1, 0, 12, 0, 1, 0xff, 9, 0),
     "malformed"},
    {"options in the table", BYTES(0, 0, 0, 0, 11, 1, 0, 0, 0, 11, 0xff), "malformed"},
    {"no ENCRYPTION", BYTES(0, 0, 6, 0, 6, 0xff, 9, 0, 0, 0, 0, 0), "without a valid ENCRYPTION"},
    {"an empty ENCRYPTION", BYTES(1, 0, 6, 0, 0, 0xff), "without a valid ENCRYPTION"},
    {"a long ENCRYPTION", BYTES(1, 0, 6, 0, 2, 0xff, 0, 0), "without a valid ENCRYPTION"},
};

CASE("malformed PRELOGIN messages of both sides are refused")
{
    for (size_t i = 0; i < sizeof malformed_rows / sizeof *malformed_rows; i++) {
        const struct malformed_row *row = &malformed_rows[i];
        struct buffer driver = {0}, server = {0};
        add_packet(&driver, 0x12, 1, row->payload, row->size);
        add_packet(&server, 0x04, 1, row->payload, row->size);
        sides_open(PROTO_PLAN_TLS);
        CHECK_NUMBER(
            conversation_from_driver(&sides, buffer_content(&driver), buffer_length(&driver), 1),
            PROTO_REFUSE);
        CHECK_CONTAINS(sides.session.error.text, row->text);
        CHECK_CONTAINS(sides.session.error.text, "the real driver");
        CHECK_NUMBER(buffer_length(&sides.session.to_server), 0);
        sides_open(PROTO_PLAN_TLS);
        conversation_from_driver(&sides, freetds_prelogin, sizeof freetds_prelogin, 0);
        CHECK_NUMBER(
            conversation_from_server(&sides, buffer_content(&server), buffer_length(&server), 1),
            PROTO_REFUSE);
        CHECK_CONTAINS(sides.session.error.text, row->text);
        CHECK_CONTAINS(sides.session.error.text, "the server");
        CHECK_NUMBER(buffer_length(&sides.session.to_driver), 0);
        buffer_free(&driver);
        buffer_free(&server);
    }
}

static void try_server_bytes(const void *bytes, size_t size, enum odbcssl_error code,
                             const char *text)
{
    sides_open(PROTO_PLAN_TLS);
    conversation_from_driver(&sides, freetds_prelogin, sizeof freetds_prelogin, 0);
    CHECK_NUMBER(conversation_from_server(&sides, bytes, size, size), PROTO_REFUSE);
    CHECK_NUMBER(sides.session.error.code, code);
    CHECK_CONTAINS(sides.session.error.text, text);
    CHECK_NUMBER(buffer_length(&sides.session.to_driver), 0);
}

CASE("plaintext bytes behind the reply are refused")
{
    unsigned char bytes[SERVER_REPLY_SIZE + 1] = {0};
    memcpy(bytes, server_reply, SERVER_REPLY_SIZE);
    for (uint8_t answer = 1; answer <= 3; answer += 2) {
        bytes[SERVER_REPLY_ENCRYPTION_AT] = answer;
        try_server_bytes(bytes, sizeof bytes, ODBCSSL_ERROR_EARLY_PLAINTEXT, "1 unencrypted bytes");
    }
}

CASE("what is no PRELOGIN reply is refused")
{
    static const unsigned char wrong_type[] = {0x12, 1, 0, 8, 0, 0, 0, 0};
    static const unsigned char short_length[] = {0x04, 1, 0, 7, 0, 0, 0, 0};
    static const unsigned char mixed[] = {0x04, 0, 0, 8, 0, 0, 0, 0, 0x12, 1, 0, 8, 0, 0, 0, 0};
    try_server_bytes("HTTP/1.1", 8, ODBCSSL_ERROR_PROTOCOL, "\"HTTP/1.1\", as a web server does");
    try_server_bytes(wrong_type, sizeof wrong_type, ODBCSSL_ERROR_PROTOCOL, "\"\\x12\\x01");
    try_server_bytes(short_length, sizeof short_length, ODBCSSL_ERROR_PROTOCOL, "shorter");
    try_server_bytes(mixed, sizeof mixed, ODBCSSL_ERROR_PROTOCOL, "different types");
}

CASE("a reply without end is refused")
{
    unsigned char packet[4096] = {0x04, 0, 0x10, 0};
    enum proto_verdict verdict = PROTO_CONTINUE;
    sides_open(PROTO_PLAN_TLS);
    conversation_from_driver(&sides, freetds_prelogin, sizeof freetds_prelogin, 0);
    for (int i = 0; i < 100 && verdict == PROTO_CONTINUE; i++)
        verdict = conversation_from_server(&sides, packet, sizeof packet, sizeof packet);
    CHECK_NUMBER(verdict, PROTO_REFUSE);
    CHECK_CONTAINS(sides.session.error.text, "too long");
}

CASE("a server that speaks first is refused")
{
    sides_open(PROTO_PLAN_TLS);
    CHECK_NUMBER(conversation_from_server(&sides, server_reply, sizeof server_reply, 1),
                 PROTO_REFUSE);
    CHECK_NUMBER(sides.session.error.code, ODBCSSL_ERROR_PROTOCOL);
}

/* After a refusal nothing goes on, whatever comes. */
CASE("a refusal is final")
{
    sides_open(PROTO_PLAN_TLS);
    conversation_from_driver(&sides, freetds_prelogin, sizeof freetds_prelogin, 0);
    size_t sent = buffer_length(&sides.session.to_server);
    CHECK_NUMBER(conversation_from_server(&sides, "HTTP/1.1", 8, 0), PROTO_REFUSE);
    CHECK_NUMBER(conversation_from_driver(&sides, freetds_prelogin, sizeof freetds_prelogin, 0),
                 PROTO_REFUSE);
    CHECK_NUMBER(conversation_from_server(&sides, server_reply, sizeof server_reply, 0),
                 PROTO_REFUSE);
    CHECK_NUMBER(buffer_length(&sides.session.to_server), sent);
    CHECK_NUMBER(buffer_length(&sides.session.to_driver), 0);
    CHECK_CONTAINS(sides.session.error.text, "as a web server does");
}

/* FreeTDS goes on as TDS 7.1 when a server's reply has no MARS option; one of TDS 7.1 knows
 * none. */
CASE("the MARS option is added for drivers that asked")
{
    struct tds_prelogin prelogin;
    unsigned char reply[SERVER_REPLY_PLAIN_SIZE];
    memcpy(reply, server_reply_without_mars, sizeof reply);
    reply[SERVER_REPLY_PLAIN_ENCRYPTION_AT] = 2;
    for (int is_71 = 0; is_71 < 2; is_71++) {
        sides_open(PROTO_PLAN_PLAINTEXT);
        if (is_71)
            conversation_from_driver(&sides, freetds_71_prelogin, sizeof freetds_71_prelogin, 9);
        else
            conversation_from_driver(&sides, freetds_prelogin, sizeof freetds_prelogin, 9);
        CHECK_NUMBER(conversation_from_server(&sides, reply, sizeof reply, 9), PROTO_CONTINUE);
        CHECK(tds_prelogin_read(buffer_content(&sides.session.to_driver) + 8,
                                buffer_length(&sides.session.to_driver) - 8, "odbcssl", &prelogin,
                                NULL));
        CHECK_NUMBER(prelogin.encryption, 2);
        CHECK_NUMBER(prelogin.has_mars, !is_71);
        CHECK_NUMBER(prelogin.count, is_71 ? 4 : 5);
        for (size_t i = 0; i < 4; i++) {
            const unsigned char *entry = reply + 8 + 5 * i;
            CHECK_NUMBER(prelogin.options[i].token, entry[0]);
            CHECK_NUMBER(prelogin.options[i].length, entry[4]);
            CHECK(memcmp(prelogin.options[i].data, reply + 8 + entry[2], entry[4]) == 0);
        }
    }
}

CASE("a handshake flight is one message of full packets")
{
    struct buffer tls = {0}, wire = {0};
    unsigned char flight[10000];
    for (size_t i = 0; i < sizeof flight; i++)
        flight[i] = (unsigned char)(i * 7);
    sides_open(PROTO_PLAN_TLS);
    buffer_append(&tls, flight, sizeof flight);
    CHECK(proto_tds.wrap(&sides.session, &tls, &wire));
    CHECK_NUMBER(buffer_length(&tls), 0);
    CHECK_NUMBER(buffer_length(&wire), 10000 + 3 * 8);
    const unsigned char *bytes = buffer_content(&wire);
    CHECK(memcmp(bytes, "\x12\x00\x10\x00", 4) == 0);
    CHECK(memcmp(bytes + 4096, "\x12\x00\x10\x00", 4) == 0);
    CHECK(memcmp(bytes + 8192, "\x12\x01\x07\x28", 4) == 0);
    CHECK(proto_tds.unwrap(&sides.session, &wire, &tls));
    CHECK_BYTES(&tls, flight, sizeof flight);
    buffer_free(&tls);
    buffer_free(&wire);
}

CASE("handshake packets of both types, however cut")
{
    struct buffer tls = {0}, all = {0}, wire = {0};
    add_packet(&all, 0x12, 0, "\x16\x03\x03", 3);
    add_packet(&all, 0x12, 1, NULL, 0);
    add_packet(&all, 0x04, 0, "\x00\x01", 2);
    add_packet(&all, 0x12, 0x09, "\x02", 1);
    sides_open(PROTO_PLAN_TLS);
    for (size_t cut = 0; cut <= buffer_length(&all); cut++) {
        if (cut > 0)
            buffer_append(&wire, buffer_content(&all), cut);
        CHECK(proto_tds.unwrap(&sides.session, &wire, &tls));
        buffer_append(&wire, buffer_content(&all) + cut, buffer_length(&all) - cut);
        CHECK(proto_tds.unwrap(&sides.session, &wire, &tls));
        CHECK_BYTES(&tls, "\x16\x03\x03\x00\x01\x02", 6);
        CHECK_NUMBER(buffer_length(&wire), 0);
        buffer_clear(&tls);
    }
    buffer_append(&wire, "\x16\x03\x03", 3);
    CHECK(!proto_tds.unwrap(&sides.session, &wire, &tls));
    CHECK_CONTAINS(sides.session.error.text, "0x16");
    sides_open(PROTO_PLAN_TLS);
    buffer_clear(&wire);
    buffer_append(&wire, "\x12\x01\x00\x07", 4);
    buffer_append(&wire, "\0\0\0\0", 4);
    CHECK(!proto_tds.unwrap(&sides.session, &wire, &tls));
    CHECK_CONTAINS(sides.session.error.text, "shorter");
    buffer_free(&tls);
    buffer_free(&all);
    buffer_free(&wire);
}

static const struct record_row {
    const unsigned char *bytes;
    size_t header;
    size_t size;
    size_t wanted;
} record_rows[] = {
    {BYTES(0x01), 1, 0},
    {BYTES(0x01, 1, 0), 3, 0},
    {BYTES(0x01, 1, 0, 9), 8, 0},
    {BYTES(0x01, 1, 0, 9), 9, 9},
    {BYTES(0x01, 1, 0, 9), 100, 9},
    {BYTES(0x06, 1, 0, 8), 8, 8},
    {BYTES(0x01, 0, 0x40, 0), 16383, 0},
    {BYTES(0x01, 0, 0x40, 0), 16384, 16384},
    {BYTES(0x53, 8, 0, 0, 24, 0, 0), 7, 0},
    {BYTES(0x53, 8, 0, 0, 24, 0, 0, 0), 23, 0},
    {BYTES(0x53, 8, 0, 0, 24, 0, 0, 0), 30, 24},
    {BYTES(0x53, 1, 0, 0, 16, 0, 0, 0), 16, 16},
    /* Not TDS: passed on as it is, for the server to judge. */
    {BYTES(0x01, 1, 0, 7), 50, 50},
    {BYTES(0x53, 8, 0, 0, 15, 0, 0, 0), 50, 50},
};

CASE("one packet or SMP frame for each record")
{
    unsigned char bytes[20000];
    for (size_t i = 0; i < sizeof record_rows / sizeof *record_rows; i++) {
        sides_open(PROTO_PLAN_TLS);
        memset(bytes, 0, sizeof bytes);
        memcpy(bytes, record_rows[i].bytes, record_rows[i].header);
        for (int again = 0; again < 2; again++)
            CHECK_NUMBER(proto_tds.record_length(&sides.session, bytes, record_rows[i].size),
                         record_rows[i].wanted);
    }
}

/* A packet above 16384 bytes fits no record; what follows it is measured anew. */
CASE("a packet larger than a record")
{
    unsigned char bytes[40000] = {0x01, 0, 0x7f, 0xff};
    memcpy(bytes + 0x7fff, "\x01\x01\x00\x0a", 4);
    sides_open(PROTO_PLAN_TLS);
    CHECK_NUMBER(proto_tds.record_length(&sides.session, bytes, 16000), 0);
    CHECK_NUMBER(proto_tds.record_length(&sides.session, bytes, sizeof bytes), 16384);
    CHECK_NUMBER(proto_tds.record_length(&sides.session, bytes + 16384, 100), 0);
    CHECK_NUMBER(proto_tds.record_length(&sides.session, bytes + 16384, 23616), 16383);
    CHECK_NUMBER(proto_tds.record_length(&sides.session, bytes + 32767, 7233), 10);
}

CASE("TLS versions and ALPN")
{
    bool is_required = true;
    CHECK(proto_tds.alpn(PROTO_PLAN_TLS, &is_required) == NULL);
    CHECK_TEXT(proto_tds.alpn(PROTO_PLAN_DIRECT, &is_required), "tds/8.0");
    CHECK(!is_required);
    CHECK_NUMBER(proto_tds.maximum_version(PROTO_PLAN_TLS), TLS_VERSION_1_2);
    CHECK_NUMBER(proto_tds.maximum_version(PROTO_PLAN_PLAINTEXT), TLS_VERSION_1_2);
    CHECK_NUMBER(proto_tds.maximum_version(PROTO_PLAN_DIRECT), TLS_VERSION_NONE);
}

SUITE("switch", NULL, sides_close)
