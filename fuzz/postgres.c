/*
 * postgres.c - what driver and server may say to the PostgreSQL state machine, in any order and in
 * any pieces.
 *
 * The first byte is the plan. Then pieces: a byte whose highest bit says who speaks (set: the
 * server) and whose other bits are the length, and so many bytes.
 */
#include <stdlib.h>

#include "fuzz/target.h"
#include "proto/proto.h"

#define SSL_REQUEST_SIZE 8

struct talk {
    struct proto_session session;
    struct buffer driver, server;
    bool is_tls_up;
};

/* Nothing of the real driver may be meant for the server before TLS is up. */
static void check(const struct talk *talk, enum proto_verdict verdict)
{
    const struct proto_session *session = &talk->session;
    bool is_waiting = session->plan == PROTO_PLAN_TLS && !talk->is_tls_up;
    if (is_waiting && (buffer_length(&session->to_server) > SSL_REQUEST_SIZE ||
                       session->is_driver_opaque || verdict == PROTO_LOGGED_IN))
        abort();
    if (verdict == PROTO_START_TLS && buffer_length(&talk->server) > 0)
        abort();
    if (verdict == PROTO_REFUSE && !error_is_set(&session->error))
        abort();
}

/* false: the session is over. */
static bool obey(struct talk *talk, enum proto_verdict verdict)
{
    check(talk, verdict);
    if (verdict == PROTO_START_TLS) {
        talk->is_tls_up = true;
        verdict = talk->session.proto->tls_started(&talk->session);
    }
    return verdict == PROTO_CONTINUE || verdict == PROTO_LOGGED_IN;
}

static bool say(struct talk *talk, bool is_server, const unsigned char *bytes, size_t size)
{
    struct proto_session *session = &talk->session;
    struct buffer *input = is_server ? &talk->server : &talk->driver;
    if (is_server ? session->is_server_opaque : session->is_driver_opaque)
        return true;
    buffer_append(input, bytes, size);
    return obey(talk, is_server ? session->proto->from_server(session, input)
                                : session->proto->from_driver(session, input));
}

static void talk_it_through(struct talk *talk, struct cursor *cursor)
{
    bool is_going = obey(talk, talk->session.proto->start(&talk->session));
    while (is_going && cursor->left > 0) {
        uint8_t head = cursor_u8(cursor);
        size_t size = head & 0x7f;
        if (size > cursor->left)
            size = cursor->left;
        is_going = say(talk, (head & 0x80) != 0, cursor_bytes(cursor, size), size);
    }
    talk->session.proto->fail(&talk->session, "no");
}

FUZZ_TARGET(postgres, bytes, size)
{
    static const enum proto_plan plans[] = {PROTO_PLAN_PLAINTEXT, PROTO_PLAN_TLS,
                                            PROTO_PLAN_DIRECT};
    struct cursor cursor = cursor_over(bytes, size);
    struct talk talk = {0};
    enum proto_plan plan = plans[cursor_u8(&cursor) % 3];
    if (proto_session_open(&talk.session, &proto_postgres, plan))
        talk_it_through(&talk, &cursor);
    proto_session_close(&talk.session);
    buffer_free(&talk.driver);
    buffer_free(&talk.server);
}
