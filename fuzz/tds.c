/*
 * tds.c - both sides of the TDS protocol, in any order and cut. The first byte chooses the plan;
 * then each piece has a byte of 0x80 for the server's side and its length, and that many bytes.
 */
#include <stdlib.h>

#include "fuzz/target.h"
#include "proto/proto.h"
#include "proto/tds_browser.h"

#define CHOOSE_PLAN 0x03
#define CHOOSE_LOGIN_ONLY 0x04
#define CHOOSE_BROWSER 0x08
#define CHOOSE_HANDSHAKE 0x10
#define CHOOSE_FAILURE 0x20
#define FROM_SERVER 0x80

static void try_browser(struct cursor *cursor)
{
    struct error error = {0};
    uint16_t port = 0;
    if (tds_browser_read_reply(cursor->next, cursor->left, "SALES", &port, &error))
        fuzz_require(port != 0 && !error_is_set(&error));
    else
        fuzz_require(error_is_set(&error));
}

static void try_handshake(struct proto_session *session, struct cursor *cursor)
{
    struct buffer wire = {0}, tls = {0};
    size_t size = cursor->left;
    if (size > 0 && buffer_append(&wire, cursor_bytes(cursor, size), size) &&
        proto_tds.unwrap(session, &wire, &tls)) {
        size_t unwrapped = buffer_length(&tls);
        buffer_clear(&wire);
        fuzz_require(proto_tds.wrap(session, &tls, &wire) && buffer_length(&wire) >= unwrapped);
        if (unwrapped > 0)
            fuzz_require(proto_tds.unwrap(session, &wire, &tls) &&
                         buffer_length(&tls) == unwrapped);
    }
    buffer_free(&wire);
    buffer_free(&tls);
}

/* What must hold after every step. */
static void check_session(struct proto_session *session, enum proto_verdict verdict)
{
    bool is_ended =
        verdict == PROTO_REFUSE || verdict == PROTO_NO_TLS || verdict == PROTO_NEEDS_TLS;
    fuzz_require(!is_ended || error_is_set(&session->error));
    fuzz_require(verdict != PROTO_LOGGED_IN || session->is_credentials_asked);
    fuzz_require(verdict != PROTO_END_TLS || session->is_login_only_allowed);
    fuzz_require(!(verdict == PROTO_NEEDS_TLS && session->plan != PROTO_PLAN_PLAINTEXT));
    fuzz_require(!(verdict == PROTO_NO_TLS && session->plan != PROTO_PLAN_TLS));
    if (buffer_length(&session->to_server) > 0 && !session->is_credentials_asked)
        fuzz_require(*buffer_content(&session->to_server) == 0x12);
}

/* Opaque bytes, cut into records as the relay does it. */
static void cut_records(struct proto_session *session, struct buffer *bytes)
{
    size_t length;
    while (buffer_length(bytes) > 0 &&
           (length = proto_tds.record_length(session, buffer_content(bytes),
                                             buffer_length(bytes))) > 0) {
        fuzz_require(length <= 16384 && length <= buffer_length(bytes));
        buffer_take(bytes, length);
    }
}

static bool step(struct proto_session *session, bool is_from_server, struct buffer *input)
{
    enum proto_verdict verdict = is_from_server ? proto_tds.from_server(session, input)
                                                : proto_tds.from_driver(session, input);
    check_session(session, verdict);
    if (verdict == PROTO_START_TLS) {
        fuzz_require(session->plan != PROTO_PLAN_DIRECT && buffer_length(&session->to_driver) == 0);
        verdict = proto_tds.tls_started(session);
    }
    if (session->is_driver_opaque && !is_from_server)
        cut_records(session, input);
    return verdict == PROTO_CONTINUE || verdict == PROTO_LOGGED_IN || verdict == PROTO_END_TLS;
}

static void try_session(struct proto_session *session, struct cursor *cursor)
{
    struct buffer inputs[2] = {{0}, {0}};
    bool is_going_on = true;
    while (is_going_on && cursor->left > 0) {
        uint8_t piece = cursor_u8(cursor);
        bool is_from_server = (piece & FROM_SERVER) != 0;
        size_t size = piece & ~FROM_SERVER & 0xFF;
        if (size > cursor->left)
            size = cursor->left;
        if (size > 0)
            buffer_append(&inputs[is_from_server], cursor_bytes(cursor, size), size);
        is_going_on = step(session, is_from_server, &inputs[is_from_server]);
    }
    buffer_free(&inputs[0]);
    buffer_free(&inputs[1]);
}

FUZZ_TARGET(tds, bytes, size)
{
    struct cursor cursor = cursor_over(bytes, size);
    struct proto_session session;
    uint8_t choice = cursor_u8(&cursor);
    if (cursor.is_short)
        return;
    if (choice & CHOOSE_BROWSER) {
        try_browser(&cursor);
        return;
    }
    fuzz_require(proto_session_open(&session, &proto_tds, (choice & CHOOSE_PLAN) % 3));
    session.server_name = "db.example.com";
    session.is_login_only_allowed =
        (choice & CHOOSE_LOGIN_ONLY) != 0 && session.plan == PROTO_PLAN_PLAINTEXT;
    if (choice & CHOOSE_HANDSHAKE)
        try_handshake(&session, &cursor);
    else
        try_session(&session, &cursor);
    if (choice & CHOOSE_FAILURE)
        proto_tds.fail(&session, "failed");
    proto_session_close(&session);
}
