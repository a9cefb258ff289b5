/*
 * mysql.c - the MySQL state machine, fed by both sides.
 *
 * Input: one byte for the plan, then pieces: a byte whose lowest bit names the side and whose other
 * bits are the piece's length (127: all the rest), and the piece.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/target.h"
#include "proto/mysql_packet.h"
#include "proto/proto.h"

struct run {
    struct proto_session session;
    struct buffer from_driver;
    struct buffer from_server;
    bool is_switching; /* TLS was asked for and is not up yet */
    bool is_tls_up;
    bool is_over;
};

static bool is_final(enum proto_verdict verdict)
{
    switch (verdict) {
    case PROTO_CONTINUE:
    case PROTO_START_TLS:
    case PROTO_LOGGED_IN:
        return false;
    case PROTO_NO_TLS:
    case PROTO_NEEDS_TLS:
    case PROTO_REJECTED:
    case PROTO_END_TLS:
    case PROTO_REFUSE:
        break;
    }
    return true;
}

/* What must hold after every call, whatever came. */
static void check(const struct run *run, enum proto_verdict verdict)
{
    const struct proto_session *session = &run->session;
    size_t sent = buffer_length(&session->to_server);
    size_t request = MYSQL_HEADER_SIZE + MYSQL_SSL_REQUEST_SIZE;
    if (session->plan == PROTO_PLAN_TLS && !run->is_tls_up)
        fuzz_require(sent == 0 || (run->is_switching && sent == request));
    if (is_final(verdict))
        fuzz_require(error_is_set(&session->error));
    fuzz_require(session->plan == PROTO_PLAN_TLS || verdict != PROTO_START_TLS);
    fuzz_require(session->plan == PROTO_PLAN_PLAINTEXT || verdict != PROTO_NEEDS_TLS);
    fuzz_require(verdict != PROTO_LOGGED_IN || session->is_credentials_asked);
}

static void obey(struct run *run, enum proto_verdict verdict)
{
    run->is_switching = verdict == PROTO_START_TLS || run->is_switching;
    check(run, verdict);
    run->is_over = run->is_over || is_final(verdict);
    if (verdict != PROTO_START_TLS)
        return;
    buffer_clear(&run->session.to_server);
    run->is_tls_up = true;
    verdict = proto_mysql.tls_started(&run->session);
    fuzz_require(verdict == PROTO_CONTINUE);
    fuzz_require(buffer_length(&run->session.to_server) >=
                 MYSQL_HEADER_SIZE + MYSQL_SSL_REQUEST_SIZE);
}

static void feed(struct run *run, bool is_server, const uint8_t *bytes, size_t size)
{
    struct proto_session *session = &run->session;
    struct buffer *input = is_server ? &run->from_server : &run->from_driver;
    if (is_server ? session->is_server_opaque : session->is_driver_opaque)
        return;
    fuzz_require(buffer_append(input, bytes, size));
    obey(run, is_server ? proto_mysql.from_server(session, input)
                        : proto_mysql.from_driver(session, input));
}

static void end(struct run *run)
{
    proto_mysql.fail(&run->session, "over");
    proto_session_close(&run->session);
    buffer_free(&run->from_driver);
    buffer_free(&run->from_server);
}

FUZZ_TARGET(mysql, bytes, size)
{
    static const enum proto_plan plans[] = {PROTO_PLAN_PLAINTEXT, PROTO_PLAN_TLS,
                                            PROTO_PLAN_DIRECT};
    struct cursor cursor = cursor_over(bytes, size);
    struct run run = {0};
    fuzz_require(proto_session_open(&run.session, &proto_mysql, plans[cursor_u8(&cursor) % 3]));
    obey(&run, proto_mysql.start(&run.session));
    while (cursor.left > 0 && !run.is_over) {
        uint8_t piece = cursor_u8(&cursor);
        size_t length = piece >> 1;
        if (length == 127 || length > cursor.left)
            length = cursor.left;
        if (length > 0)
            feed(&run, piece & 1, cursor_bytes(&cursor, length), length);
    }
    end(&run);
}
