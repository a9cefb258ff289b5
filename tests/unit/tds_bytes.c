/* tds_bytes.c - packets of TDS, and both sides brought to the login. */
#include <string.h>

#include "support/suite.h"
#include "unit/tds_bytes.h"

/* Header; table: VERSION, ENCRYPTION, INSTOPT, THREADID, MARS; data. */
const unsigned char freetds_prelogin[FREETDS_PRELOGIN_SIZE] = {
    0x12, 0x01, 0x00, 0x3a, 0,    0,    0,   0,  0,    0x00, 0x1a, 0,   6,   1,   0x00,
    0x20, 0,    1,    2,    0x00, 0x21, 0,   12, 3,    0x00, 0x2d, 0,   4,   4,   0x00,
    0x31, 0,    1,    0xff, 9,    0,    0,   0,  0,    0,    0,    'M', 'S', 'S', 'Q',
    'L',  'S',  'e',  'r',  'v',  'e',  'r', 0,  0x39, 0x30, 0,    0,   0,
};

const unsigned char freetds_71_prelogin[FREETDS_71_PRELOGIN_SIZE] = {
    0x12, 0x01, 0x00, 0x34, 0,   0,   0,    0,    0,   0x00, 0x15, 0, 6,    1,    0x00, 0x1b, 0, 1,
    2,    0x00, 0x1c, 0,    12,  3,   0x00, 0x28, 0,   4,    0xff, 8, 0,    1,    0x55, 0,    0, 0,
    'M',  'S',  'S',  'Q',  'L', 'S', 'e',  'r',  'v', 'e',  'r',  0, 0x39, 0x30, 0,    0,
};

const unsigned char server_reply[SERVER_REPLY_SIZE] = {
    0x04, 0x01, 0x00, 0x2b, 0,    0,    1, 0,    0, 0x00, 0x1a, 0, 6, 1, 0x00,
    0x20, 0,    1,    2,    0x00, 0x21, 0, 1,    3, 0x00, 0x22, 0, 0, 4, 0x00,
    0x22, 0,    1,    0xff, 15,   0,    7, 0xd0, 0, 0,    0,    0, 1,
};

const unsigned char server_reply_without_mars[SERVER_REPLY_PLAIN_SIZE] = {
    0x04, 0x01, 0x00, 0x25, 0, 0,    1,    0, 0, 0x00, 0x15, 0, 6, 1,    0x00, 0x1b, 0, 1, 2,
    0x00, 0x1c, 0,    1,    3, 0x00, 0x1d, 0, 0, 0xff, 15,   0, 7, 0xd0, 0,    0,    0, 0,
};

void add_packet(struct buffer *wire, uint8_t type, uint8_t status, const void *payload, size_t size)
{
    buffer_append_byte(wire, type);
    buffer_append_byte(wire, status);
    buffer_append_u16(wire, (uint16_t)(size + 8));
    buffer_append_u32(wire, 0);
    if (size > 0)
        buffer_append(wire, payload, size);
}

struct conversation sides;

int sides_close(void)
{
    conversation_close(&sides);
    return 0;
}

void sides_open(enum proto_plan plan)
{
    sides_close();
    conversation_open(&sides, &proto_tds, plan);
}

void sides_reach_login(void)
{
    unsigned char reply[SERVER_REPLY_SIZE];
    bool is_direct = sides.session.plan == PROTO_PLAN_DIRECT;
    memcpy(reply, server_reply, sizeof reply);
    reply[SERVER_REPLY_ENCRYPTION_AT] = sides.session.plan == PROTO_PLAN_TLS ? 1 : 2;
    if (sides.session.is_login_only_allowed)
        reply[SERVER_REPLY_ENCRYPTION_AT] = 0;
    bool is_tls = !is_direct && reply[SERVER_REPLY_ENCRYPTION_AT] != 2;
    CHECK_NUMBER(conversation_from_driver(&sides, freetds_prelogin, sizeof freetds_prelogin, 3),
                 PROTO_CONTINUE);
    CHECK_NUMBER(conversation_from_server(&sides, reply, sizeof reply, 5),
                 is_tls ? PROTO_START_TLS : PROTO_CONTINUE);
    if (is_tls)
        CHECK_NUMBER(proto_tds.tls_started(&sides.session), PROTO_CONTINUE);
    CHECK_NUMBER(buffer_length(&sides.session.to_driver), SERVER_REPLY_SIZE);
    buffer_clear(&sides.session.to_driver);
    buffer_clear(&sides.session.to_server);
}

void sides_send_login(uint32_t version)
{
    struct buffer login = {0}, payload = {0};
    sides_reach_login();
    buffer_append_u32le(&payload, 8);
    buffer_append_u32le(&payload, version);
    add_packet(&login, 0x10, 1, buffer_content(&payload), buffer_length(&payload));
    CHECK_NUMBER(conversation_from_driver(&sides, buffer_content(&login), buffer_length(&login), 7),
                 sides.session.is_login_only_allowed ? PROTO_END_TLS : PROTO_CONTINUE);
    CHECK_BYTES(&sides.session.to_server, buffer_content(&login), buffer_length(&login));
    buffer_clear(&sides.session.to_server);
    buffer_free(&login);
    buffer_free(&payload);
}
