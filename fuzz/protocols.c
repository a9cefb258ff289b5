/*
 * protocols.c - what driver and server may say to the state machines of the databases, in any order
 * and in any pieces: the targets mysql, postgres and tds.
 *
 * The first byte chooses the plan and, for TDS, what is done. Then pieces: a byte whose highest bit
 * says who speaks (set: the server) and whose other bits are the length, and so many bytes.
 */
#include <stdlib.h>

#include "fuzz/target.h"
#include "proto/mysql_packet.h"
#include "proto/proto.h"
#include "proto/tds_browser.h"

#define CHOOSE_LOGIN_ONLY 0x04
#define CHOOSE_BROWSER 0x08
#define CHOOSE_HANDSHAKE 0x10
#define CHOOSE_FAILURE 0x20

#define RECORD_LIMIT 16384

struct talk {
    struct proto_session session;
    struct buffer inputs[2]; /* the driver's, the server's */
    size_t request;          /* the size of what asks for TLS; 0: see check */
    bool is_tls_up;
};

/* What must hold after every call, whatever came. */
static void check(const struct talk *talk, enum proto_verdict verdict)
{
    const struct proto_session *session = &talk->session;
    size_t sent = buffer_length(&session->to_server);
    fuzz_require(!proto_is_final(verdict) || error_is_set(&session->error));
    fuzz_require(verdict != PROTO_NEEDS_TLS || session->plan == PROTO_PLAN_PLAINTEXT);
    fuzz_require(verdict != PROTO_NO_TLS || session->plan == PROTO_PLAN_TLS);
    fuzz_require(verdict != PROTO_END_TLS || session->is_login_only_allowed);
    /* PostgreSQL may trust a driver. */
    fuzz_require(verdict != PROTO_LOGGED_IN || session->is_credentials_asked ||
                 session->proto == &proto_postgres);
    if (verdict == PROTO_START_TLS) {
        fuzz_require(session->plan == PROTO_PLAN_TLS || session->is_login_only_allowed);
        fuzz_require(buffer_length(&talk->inputs[true]) == 0);
    }
    /* Nothing of the real driver may be meant for the server before TLS is up: of TDS, nothing but
     * PRELOGIN in any plan. */
    if (session->plan == PROTO_PLAN_TLS && !talk->is_tls_up) {
        fuzz_require(!session->is_driver_opaque && verdict != PROTO_LOGGED_IN);
        fuzz_require(sent == 0 || sent == talk->request || talk->request == 0);
        fuzz_require(sent == 0 || verdict == PROTO_START_TLS || session->proto != &proto_mysql);
    }
    if (session->proto == &proto_tds && sent > 0 && !session->is_credentials_asked)
        fuzz_require(*buffer_content(&session->to_server) == 0x12);
}

/* false: the session is over. */
static bool obey(struct talk *talk, enum proto_verdict verdict)
{
    struct proto_session *session = &talk->session;
    check(talk, verdict);
    if (verdict != PROTO_START_TLS)
        return !proto_is_final(verdict);
    bool is_held = session->proto == &proto_mysql; /* the driver's answer */
    fuzz_require(session->proto != &proto_tds || buffer_length(&session->to_driver) == 0);
    buffer_clear(&session->to_server);
    talk->is_tls_up = true;
    fuzz_require(session->proto->tls_started(session) == PROTO_CONTINUE);
    fuzz_require(!is_held || buffer_length(&session->to_server) >= talk->request);
    return true;
}

/* Opaque bytes, cut into records as a session does it. */
static void cut_records(struct proto_session *session, struct buffer *bytes)
{
    size_t length;
    while (buffer_length(bytes) > 0 &&
           (length = session->proto->record_length(session, buffer_content(bytes),
                                                   buffer_length(bytes))) > 0) {
        fuzz_require(length <= RECORD_LIMIT && length <= buffer_length(bytes));
        buffer_take(bytes, length);
    }
}

static bool say(struct talk *talk, bool is_server, const unsigned char *bytes, size_t size)
{
    struct proto_session *session = &talk->session;
    struct buffer *input = &talk->inputs[is_server];
    bool is_going = true;
    fuzz_require(size == 0 || buffer_append(input, bytes, size));
    if (!(is_server ? session->is_server_opaque : session->is_driver_opaque))
        is_going = obey(talk, is_server ? session->proto->from_server(session, input)
                                        : session->proto->from_driver(session, input));
    if (!is_server && session->is_driver_opaque && session->proto->record_length != NULL)
        cut_records(session, input);
    return is_going;
}

static void talk_it_through(struct talk *talk, struct cursor *cursor)
{
    bool is_going = obey(talk, talk->session.proto->start(&talk->session));
    while (is_going && cursor->left > 0) {
        uint8_t head = cursor_u8(cursor);
        size_t size = head & 0x7f;
        size = size < cursor->left ? size : cursor->left;
        is_going = say(talk, (head & 0x80) != 0, cursor_bytes(cursor, size), size);
    }
}

static void begin(struct talk *talk, const struct proto *proto, unsigned plan, size_t request)
{
    *talk = (struct talk){.request = request};
    fuzz_require(proto_session_open(&talk->session, proto, (enum proto_plan)(plan % 3)));
    talk->session.server_name = "db.example.com";
}

static void end(struct talk *talk, bool is_failing)
{
    if (is_failing)
        talk->session.proto->fail(&talk->session, "over");
    proto_session_close(&talk->session);
    buffer_free(&talk->inputs[0]);
    buffer_free(&talk->inputs[1]);
}

FUZZ_TARGET(mysql, bytes, size)
{
    struct cursor cursor = cursor_over(bytes, size);
    struct talk talk;
    begin(&talk, &proto_mysql, cursor_u8(&cursor), MYSQL_HEADER_SIZE + MYSQL_SSL_REQUEST_SIZE);
    talk_it_through(&talk, &cursor);
    end(&talk, true);
}

FUZZ_TARGET(postgres, bytes, size)
{
    struct cursor cursor = cursor_over(bytes, size);
    struct talk talk;
    begin(&talk, &proto_postgres, cursor_u8(&cursor), 8);
    talk_it_through(&talk, &cursor);
    end(&talk, true);
}

static void try_browser(struct cursor *cursor)
{
    struct error error = {0};
    uint16_t port = 0;
    bool is_read = tds_browser_read_reply(cursor->next, cursor->left, "SALES", &port, &error);
    fuzz_require(is_read != error_is_set(&error) && (!is_read || port != 0));
}

static void try_handshake(struct proto_session *session, struct cursor *cursor)
{
    struct buffer wire = {0}, tls = {0};
    size_t size = cursor->left;
    if (size > 0 && buffer_append(&wire, cursor_bytes(cursor, size), size) &&
        proto_tds.unwrap(session, &wire, &tls)) {
        size_t unwrapped = buffer_length(&tls);
        buffer_clear(&wire);
        if (unwrapped > 0) {
            fuzz_require(proto_tds.wrap(session, &tls, &wire) && buffer_length(&wire) > unwrapped);
            fuzz_require(proto_tds.unwrap(session, &wire, &tls) &&
                         buffer_length(&tls) == unwrapped);
        }
    }
    buffer_free(&wire);
    buffer_free(&tls);
}

FUZZ_TARGET(tds, bytes, size)
{
    struct cursor cursor = cursor_over(bytes, size);
    struct talk talk;
    uint8_t choice = cursor_u8(&cursor);
    if (cursor.is_short)
        return;
    if (choice & CHOOSE_BROWSER) {
        try_browser(&cursor);
        return;
    }
    begin(&talk, &proto_tds, choice & 3, 0);
    talk.session.is_login_only_allowed =
        (choice & CHOOSE_LOGIN_ONLY) != 0 && talk.session.plan == PROTO_PLAN_PLAINTEXT;
    if (choice & CHOOSE_HANDSHAKE)
        try_handshake(&talk.session, &cursor);
    else
        talk_it_through(&talk, &cursor);
    end(&talk, (choice & CHOOSE_FAILURE) != 0);
}
