/*
 * test_session_bounds.c - what the engine never does, whatever a protocol tells it: each protocol
 * here is broken in one way, as a server could make a real one, and the session ends.
 */
#include <string.h>

#include "engine_rig.h"
#include "session/session_internal.h"
#include "support/suite.h"
#include "unit/mysql_packets.h"

#define LONG_SIZE ((size_t)70000) /* more than any message of a login may have */

static char long_bytes[LONG_SIZE];

/* --- what broken protocols do --- */

static enum proto_verdict start_opaque(struct proto_session *session)
{
    session->is_driver_opaque = session->is_server_opaque = true;
    return PROTO_CONTINUE;
}

static enum proto_verdict wait_for_more(struct proto_session *session, struct buffer *input)
{
    (void)session;
    (void)input;
    return PROTO_CONTINUE;
}

/* And leaves the bytes that it came with. */
static enum proto_verdict start_tls(struct proto_session *session, struct buffer *input)
{
    (void)session;
    (void)input;
    return PROTO_START_TLS;
}

static enum proto_verdict start_tls_again(struct proto_session *session, struct buffer *input)
{
    (void)session;
    buffer_clear(input);
    return PROTO_START_TLS;
}

static enum proto_verdict end_tls(struct proto_session *session, struct buffer *input)
{
    (void)session;
    buffer_clear(input);
    return PROTO_END_TLS;
}

/* Behind a part of a packet that only TLS was to carry. */
static enum proto_verdict end_tls_early(struct proto_session *session, struct buffer *input)
{
    buffer_clear(input);
    buffer_append(&session->to_server, "pass", 4);
    return PROTO_END_TLS;
}

static enum proto_verdict refuse_without_words(struct proto_session *session, struct buffer *input)
{
    (void)session;
    (void)input;
    return PROTO_REFUSE;
}

static size_t never_whole(struct proto_session *session, const unsigned char *bytes, size_t size)
{
    (void)session;
    (void)bytes;
    (void)size;
    return 0;
}

static size_t too_long_for_a_record(struct proto_session *session, const unsigned char *bytes,
                                    size_t size)
{
    (void)session;
    (void)bytes;
    (void)size;
    return 16385;
}

/* --- and what comes of it --- */

static const struct row {
    const char *name;
    struct proto proto;
    enum proto_plan plan;
    size_t server, driver; /* so many bytes come of them */
    enum odbcssl_error code;
    const char *part;
} rows[] = {
    {"the driver's bytes before TLS",
     {.start = start_opaque},
     PROTO_PLAN_TLS,
     0,
     5,
     ODBCSSL_ERROR_PLAINTEXT_LOGIN,
     "would have gone to the server unencrypted; they were not sent"},
    {"bytes of the server that were to be TLS",
     {.start = proto_start_silent, .from_driver = wait_for_more, .from_server = start_tls},
     PROTO_PLAN_TLS,
     5,
     5,
     ODBCSSL_ERROR_EARLY_PLAINTEXT,
     "5 unencrypted bytes of db1.example.com came where TLS should have begun"},
    {"TLS in a session that was to have none",
     {.start = proto_start_silent, .from_driver = wait_for_more, .from_server = start_tls_again},
     PROTO_PLAN_PLAINTEXT,
     5,
     5,
     ODBCSSL_ERROR_PROTOCOL,
     "TLS was to begin out of turn"},
    {"TLS within TLS",
     {.start = proto_start_silent, .from_driver = wait_for_more, .from_server = start_tls_again},
     PROTO_PLAN_DIRECT,
     5,
     5,
     ODBCSSL_ERROR_PROTOCOL,
     "TLS was to begin out of turn"},
    {"the end of a TLS session that was to stay",
     {.start = proto_start_silent, .from_driver = wait_for_more, .from_server = end_tls},
     PROTO_PLAN_DIRECT,
     5,
     5,
     ODBCSSL_ERROR_SERVER_WITHOUT_TLS,
     "encrypts only the login, which this SslMode does not allow"},
    {"the end of TLS in the middle of the login",
     {.start = proto_start_silent,
      .from_driver = wait_for_more,
      .from_server = end_tls_early,
      .record_length = never_whole},
     PROTO_PLAN_DIRECT,
     5,
     5,
     ODBCSSL_ERROR_PLAINTEXT_LOGIN,
     "a part of the login would have gone to the server unencrypted; it was not sent"},
    {"a server that is none of this kind",
     {.name = "mysql",
      .start = proto_start_silent,
      .from_driver = wait_for_more,
      .from_server = refuse_without_words},
     PROTO_PLAN_DIRECT,
     5,
     5,
     ODBCSSL_ERROR_PROTOCOL,
     "db1.example.com (192.0.2.7, port 5432) does not speak mysql"},
    {"a message of the server without end",
     {.start = proto_start_silent, .from_driver = wait_for_more, .from_server = wait_for_more},
     PROTO_PLAN_DIRECT,
     LONG_SIZE,
     0,
     ODBCSSL_ERROR_PROTOCOL,
     "sent a message of more than 65536 bytes during the login"},
    {"a message of the driver without end",
     {.start = proto_start_silent, .from_driver = wait_for_more, .from_server = wait_for_more},
     PROTO_PLAN_DIRECT,
     0,
     LONG_SIZE,
     ODBCSSL_ERROR_PROTOCOL,
     "the real driver sent a packet of more than 65536 bytes"},
    {"a packet of the driver without end",
     {.start = start_opaque, .record_length = never_whole},
     PROTO_PLAN_DIRECT,
     0,
     LONG_SIZE,
     ODBCSSL_ERROR_PROTOCOL,
     "the real driver sent a packet of more than 65536 bytes"},
    {"a packet of the driver that no record holds",
     {.start = start_opaque, .record_length = too_long_for_a_record},
     PROTO_PLAN_DIRECT,
     0,
     5,
     ODBCSSL_ERROR_PROTOCOL,
     "a packet of 16385 bytes, and one TLS record holds 16384: set a smaller packet size"},
};

static void open_row(struct engine_rig *rig, const struct proto *proto)
{
    rig->options.proto = proto;
    rig->is_silent = true;
    engine_open(rig);
    engine_run(rig);
    rig->stage = ENGINE_SERVER_READY;
}

static void check_row(const struct row *row)
{
    struct engine_rig rig = engine_make(row->plan);
    size_t left = 0;
    open_row(&rig, &row->proto);
    /* Nothing leaves the wire, so that all of it is seen below. */
    rig.is_deaf = true;
    if (row->plan != PROTO_PLAN_DIRECT)
        buffer_append(&rig.to_client, long_bytes, row->server);
    for (size_t sent = 0; row->plan == PROTO_PLAN_DIRECT && sent < row->server; sent += 10000)
        engine_server_send(&rig, long_bytes,
                           row->server - sent < 10000 ? row->server - sent : 10000);
    engine_write(&rig, long_bytes, row->driver);
    engine_run(&rig);
    CHECK_NUMBER(engine_outcome(&rig), SESSION_LOST);
    CHECK_NUMBER(rig.error.code, row->code);
    CHECK_CONTAINS(rig.error.text, row->part);
    session_server_bytes(rig.session, &left);
    /* In TLS its alert is all. */
    CHECK(row->plan == PROTO_PLAN_DIRECT ? left < 64 : left == 0);
    CHECK(session_down(rig.session) == SESSION_STREAM_ENDED);
    session_driver_ended(rig.session);
    rig.is_deaf = false;
    engine_run(&rig);
    CHECK_NUMBER(buffer_length(&rig.received), 0);
    engine_close(&rig);
}

CASE("a protocol that errs cannot make the session err")
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        printf("# %s\n", rows[i].name);
        check_row(&rows[i]);
    }
}

/* --- a packet that the login's end cuts in two --- */

/* Packets of a length byte and as many bytes. */
static size_t packet_length(struct proto_session *session, const unsigned char *bytes, size_t size)
{
    (void)session;
    return size > 0 && bytes[0] + (size_t)1 <= size ? bytes[0] + (size_t)1 : 0;
}

static enum proto_verdict pass_and_open(struct proto_session *session, struct buffer *input)
{
    buffer_move(input, buffer_length(input), &session->to_server);
    return start_opaque(session);
}

CASE("a packet that begins in the login and ends behind it is one record")
{
    static const struct proto proto = {.start = proto_start_silent,
                                       .from_driver = pass_and_open,
                                       .from_server = wait_for_more,
                                       .record_length = packet_length};
    struct engine_rig rig = engine_make(PROTO_PLAN_DIRECT);
    open_row(&rig, &proto);
    CHECK(engine_write(&rig, "\5ab", 3));
    engine_run(&rig);
    CHECK_NUMBER(rig.records, 0);
    CHECK(engine_write(&rig, "cde\1f", 5));
    engine_run(&rig);
    CHECK_NUMBER(rig.records, 2);
    CHECK_NUMBER(rig.record_sizes[0], 6);
    CHECK_NUMBER(rig.record_sizes[1], 2);
    CHECK_NUMBER(buffer_length(&rig.received), 8);
    CHECK(memcmp(buffer_content(&rig.received), "\5abcde\1f", 8) == 0);
    engine_close(&rig);
}

/* --- more than the network takes, within the login --- */

static enum proto_verdict pass(struct proto_session *session, struct buffer *input)
{
    buffer_move(input, buffer_length(input), &session->to_server);
    return PROTO_CONTINUE;
}

/* The session is over when all is sent, with close_notify as the last. */
static void check_blocked(bool is_ended)
{
    static const struct proto proto = {
        .start = proto_start_silent, .from_driver = pass, .from_server = wait_for_more};
    struct engine_rig rig = engine_make(PROTO_PLAN_DIRECT);
    size_t written = 0;
    unsigned char byte;
    open_row(&rig, &proto);
    rig.is_deaf = true;
    for (int i = 0; i < 3; i++) {
        written += session_write(rig.session, long_bytes, 60000);
        session_step(rig.session, rig.now);
    }
    CHECK_NUMBER(written, 180000);
    if (is_ended)
        session_driver_ended(rig.session);
    CHECK(!session_step(rig.session, rig.now).is_over);
    rig.is_deaf = false;
    engine_run(&rig);
    CHECK_NUMBER(buffer_length(&rig.received), written);
    CHECK(session_step(rig.session, rig.now).is_over == is_ended);
    CHECK((gnutls_record_recv(rig.server.session, &byte, 1) == 0) == is_ended);
    engine_close(&rig);
}

CASE("what the network had no room for in the login is sent when it has")
{
    check_blocked(false);
    check_blocked(true);
}

SUITE("bounds", engine_files_make, engine_files_remove)

/* --- the end in the middle of a result, with MySQL --- */

/* The greeting; the request for TLS, the response as the driver and as the server sees it; OK. */
enum { GREETS, ASKS, ANSWERS, GETS, ACCEPTS, WORDS };

static const struct piece words[WORDS] = {PACKET(0, GREETING_TLS), PACKET(1, FIXED_TLS),
                                          PACKET(1, FIXED NATIVE), PACKET(2, FIXED_TLS NATIVE),
                                          PACKET(3, OK)};

/* Two columns, and a part of what the first one is called. */
static const unsigned char half_result[] = "\x01\0\0\x01\x02\x30\0\0\x02\x03"
                                           "def\x04shop";

static struct engine_bytes bytes_of(const struct buffer *buffer)
{
    return (struct engine_bytes){buffer_content(buffer), buffer_length(buffer)};
}

static void check_end_in_result(bool is_clean)
{
    struct engine_rig rig = engine_make(PROTO_PLAN_TLS);
    struct buffer said[WORDS] = {{0}};
    struct error error = {0};
    unsigned char got[256];
    for (int i = 0; i < WORDS; i++)
        conversation_append(&said[i], &words[i]);
    rig.options.proto = &proto_mysql;
    rig.words = (struct engine_words){.request = bytes_of(&said[ASKS]),
                                      .consent = {(const unsigned char *)"", 0},
                                      .startup = bytes_of(&said[GETS]),
                                      .welcome = bytes_of(&said[ACCEPTS])};
    engine_open(&rig);
    buffer_append(&rig.to_client, buffer_content(&said[GREETS]), buffer_length(&said[GREETS]));
    CHECK(engine_read(&rig, got, buffer_length(&said[GREETS])) == buffer_length(&said[GREETS]));
    CHECK(engine_write(&rig, buffer_content(&said[ANSWERS]), buffer_length(&said[ANSWERS])));
    CHECK(engine_read(&rig, got, buffer_length(&said[ACCEPTS])) == buffer_length(&said[ACCEPTS]));
    CHECK_NUMBER(engine_outcome(&rig), SESSION_CARRIED);
    rig.is_silent = true;
    CHECK(engine_write(&rig, "\x09\0\0\0\x03SELECT 1", 13));
    engine_run(&rig);
    engine_server_send(&rig, half_result, sizeof half_result - 1);
    if (is_clean)
        gnutls_bye(rig.server.session, GNUTLS_SHUT_WR);
    engine_run(&rig);
    session_server_ended(rig.session, 0);
    /* All that came, nothing behind it, and then an end that the driver takes for what it is. */
    CHECK_NUMBER(engine_read(&rig, got, sizeof got), sizeof half_result - 1);
    CHECK(memcmp(got, half_result, sizeof half_result - 1) == 0);
    CHECK_NUMBER(session_read(rig.session, got, sizeof got, false), 0);
    CHECK_NUMBER(session_down(rig.session),
                 is_clean ? SESSION_STREAM_ENDED : SESSION_STREAM_BROKEN);
    CHECK(!session_record_is_alive(rig.record, &error));
    CHECK_NUMBER(error.code, is_clean ? ODBCSSL_ERROR_LINK_LOST : ODBCSSL_ERROR_TRUNCATED);
    CHECK_CONTAINS(error.text, is_clean ? "closed the connection" : "without a TLS close_notify");
    engine_close(&rig);
    for (int i = 0; i < WORDS; i++)
        buffer_free(&said[i]);
}

CASE("a MySQL server ends in the middle of a result")
{
    check_end_in_result(true);
    check_end_in_result(false);
}

/* --- the longest response --- */

/* What the protocol takes, the session has room for. */
static void check_response(size_t size, bool is_taken)
{
    static const char start[] = FIXED NATIVE;
    struct engine_rig rig = engine_make(PROTO_PLAN_TLS);
    struct buffer said[WORDS] = {{0}}, response = {0};
    unsigned char got[256];
    for (int i = 0; i < WORDS; i++)
        conversation_append(&said[i], &words[i]);
    mysql_append_header(&response, size - MYSQL_HEADER_SIZE, 1);
    buffer_append(&response, start, sizeof start - 1);
    buffer_append(&response, long_bytes, size - buffer_length(&response));
    rig.options.proto = &proto_mysql;
    rig.words = (struct engine_words){.request = bytes_of(&said[ASKS]),
                                      .consent = {(const unsigned char *)"", 0},
                                      .startup = {(const unsigned char *)"", 0},
                                      .welcome = bytes_of(&said[ACCEPTS])};
    rig.is_silent = true;
    engine_open(&rig);
    buffer_append(&rig.to_client, buffer_content(&said[GREETS]), buffer_length(&said[GREETS]));
    CHECK(engine_read(&rig, got, buffer_length(&said[GREETS])) == buffer_length(&said[GREETS]));
    CHECK(engine_write(&rig, buffer_content(&response), size));
    engine_run(&rig);
    CHECK_NUMBER(engine_outcome(&rig), is_taken ? SESSION_CARRIED : SESSION_LOST);
    CHECK_NUMBER(buffer_length(&rig.received), is_taken ? size : 0);
    if (!is_taken)
        CHECK_CONTAINS(rig.error.text,
                       "packet 1 of 65532 bytes at the most, but packet 1 of 65533");
    engine_close(&rig);
    buffer_free(&response);
    for (int i = 0; i < WORDS; i++)
        buffer_free(&said[i]);
}

CASE("the longest response of a MySQL driver")
{
    check_response(SESSION_DRIVER_AHEAD, true);
    check_response(SESSION_DRIVER_AHEAD + 1, false);
}

SUITE("ends in a result", engine_files_make, engine_files_remove)
