/*
 * session.c - the engine of a session: what both sides say, how they end, and the time, in any
 * order and in any pieces.
 *
 * The first byte chooses protocol, plan and goal. Then acts: a byte whose low 4 bits are the act
 * and whose high 4 bits are how much; bytes of a side follow their act.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fuzz/target.h"
#include "session/session.h"

enum act {
    ACT_DRIVER_BYTES,
    ACT_DRIVER_SOCKET, /* the same, as a relay gives them */
    ACT_DRIVER_END,
    ACT_DRIVER_GONE,
    ACT_READ,
    ACT_PEEK,
    ACT_DRIVER_TAKES,
    ACT_SERVER_BYTES,
    ACT_SERVER_END,
    ACT_SERVER_RESET,
    ACT_SERVER_TAKES,
    ACT_UNWRITABLE,
    ACT_TIME,
    ACT_TURN,
    ACT_STOP,
    ACT_REFUSE
};

/* A server can be met with encryption that is not verified, and without files. */
static struct session_record *open_record(uint8_t choice)
{
    static const struct proto *const protos[] = {&proto_postgres, &proto_tds, &proto_mysql,
                                                 &proto_direct};
    static const struct tls_options tls = {
        .mode = ODBCSSL_MODE_REQUIRE, .send_sni = true, .minimum_version = TLS_VERSION_1_2};
    static const struct dial_target target = {.host = (char *)"db", .port = 5432, .count = 1};
    static const struct credentials *credentials;
    struct error error = {0};
    if (credentials == NULL)
        credentials = credentials_get(&tls, NULL, &error);
    fuzz_require(credentials != NULL);
    struct session_options options = {
        .proto = protos[choice & 3],
        .plan = (enum proto_plan)((choice >> 2) % 3),
        .goal = (choice & 0x40) != 0 ? SESSION_GOAL_TLS : SESSION_GOAL_LOGIN,
        .is_login_only_allowed = (choice & 0x80) != 0,
        .tls = &tls,
        .credentials = credentials,
        .target = &target,
        .timeout = 20,
    };
    return session_record_open(&options);
}

/* As one who has a socket. */
static void put_bytes(struct session *session, bool is_server, const unsigned char *bytes,
                      size_t size)
{
    size_t room_size;
    unsigned char *room = is_server ? session_server_room(session, &room_size)
                                    : session_driver_room(session, &room_size);
    if (room == NULL || bytes == NULL)
        return;
    size = size < room_size ? size : room_size;
    memcpy(room, bytes, size);
    if (is_server)
        session_server_received(session, size);
    else
        session_driver_received(session, size);
}

/* Bytes of the driver may wait for the server, or for the driver, but never without a bound. */
static void check(struct session *session, struct session_wants wants)
{
    size_t to_driver, to_server;
    session_driver_bytes(session, &to_driver);
    session_server_bytes(session, &to_server);
    fuzz_require(to_driver <= 512 * 1024 && to_server <= 512 * 1024);
    fuzz_require(wants.is_over == (session_phase(session) == SESSION_OVER));
    fuzz_require(session_phase(session) != SESSION_FINISHING ||
                 session_down(session) == SESSION_STREAM_ENDED ||
                 session_down(session) == SESSION_STREAM_BROKEN);
}

static void act(struct session *session, enum act what, size_t amount, struct cursor *cursor,
                int64_t *now)
{
    unsigned char bytes[512];
    size_t size = amount * amount * 2; /* up to 450 */
    size_t there;
    struct error error = {0};
    const unsigned char *input = NULL;
    if (what == ACT_DRIVER_BYTES || what == ACT_DRIVER_SOCKET || what == ACT_SERVER_BYTES) {
        size = size < cursor->left ? size : cursor->left;
        input = cursor_bytes(cursor, size);
    }
    switch (what) {
    case ACT_DRIVER_BYTES:
        fuzz_require(session_write(session, input, size) <= size);
        break;
    case ACT_DRIVER_SOCKET:
        put_bytes(session, false, input, size);
        break;
    case ACT_DRIVER_END:
        session_driver_ended(session);
        break;
    case ACT_DRIVER_GONE:
        session_driver_gone(session);
        break;
    case ACT_READ:
    case ACT_PEEK:
        fuzz_require(session_read(session, bytes, size, what == ACT_PEEK) <= size);
        break;
    case ACT_DRIVER_TAKES:
        session_driver_bytes(session, &there);
        session_driver_sent(session, there < size ? there : size);
        break;
    case ACT_SERVER_BYTES:
        put_bytes(session, true, input, size);
        break;
    case ACT_SERVER_END:
        session_server_ended(session, 0);
        break;
    case ACT_SERVER_RESET:
        session_server_ended(session, ECONNRESET);
        break;
    case ACT_SERVER_TAKES:
        session_server_bytes(session, &there);
        session_server_sent(session, there < size ? there : size);
        break;
    case ACT_UNWRITABLE:
        session_server_unwritable(session, EPIPE);
        break;
    case ACT_TIME:
        *now += (int64_t)amount * 500;
        break;
    case ACT_TURN:
        session_turned(session);
        break;
    case ACT_STOP:
        session_stop(session);
        break;
    case ACT_REFUSE:
        error_set(&error, ODBCSSL_ERROR_CONNECT, "refused");
        session_refuse(session, &error);
        break;
    }
}

FUZZ_TARGET(session, bytes, size)
{
    struct cursor cursor = cursor_over(bytes, size);
    struct error error = {0};
    int64_t now = 1000000;
    struct session_record *record = open_record(cursor_u8(&cursor));
    struct session *session = record != NULL ? session_open(record, now, &error) : NULL;
    fuzz_require(session != NULL);
    session_start(session, 0);
    while (cursor.left > 0) {
        uint8_t head = cursor_u8(&cursor);
        act(session, (enum act)(head & 15), (size_t)(head >> 4), &cursor, &now);
        check(session, session_step(session, now));
    }
    /* However it stands: a driver that goes, and time that passes, end it. */
    session_driver_gone(session);
    fuzz_require(session_step(session, now + 60000).is_over);
    session_free(&session);
    session_record_release(&record);
}
