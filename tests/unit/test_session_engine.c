/*
 * test_session_engine.c - the engine of a session, without sockets and without threads.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine_rig.h"
#include "session/network.h"
#include "session/session_internal.h"
#include "support/suite.h"

/* --- bytes --- */

static void fill(unsigned char *bytes, size_t size)
{
    uint32_t seed = 1;
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1103515245u + 12345u;
        bytes[i] = (unsigned char)(seed >> 16);
    }
}

/* What the driver writes comes back unchanged, whatever pieces the network makes of it: one byte at
 * a time cuts every message and every record at every place. */
static void check_echo(enum proto_plan plan, size_t piece, size_t size)
{
    struct engine_rig rig = engine_make(plan);
    unsigned char *sent = malloc(size), *got = calloc(1, size);
    CHECK_FATAL(sent != NULL && got != NULL);
    fill(sent, size);
    rig.piece = piece;
    engine_open(&rig);
    CHECK(engine_login(&rig));
    CHECK(session_phase(rig.session) == SESSION_CARRYING);
    CHECK(engine_write(&rig, sent, size));
    CHECK_NUMBER(engine_read(&rig, got, size), size);
    CHECK(memcmp(sent, got, size) == 0);
    CHECK_NUMBER(engine_outcome(&rig), SESSION_CARRIED);
    CHECK(session_record_is_alive(rig.record, NULL));
    engine_close(&rig);
    free(sent);
    free(got);
}

CASE("bytes come through, cut anywhere")
{
    const size_t pieces[] = {1, 2, 3, 7, 1000, 16384, SIZE_MAX};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        check_echo(PROTO_PLAN_TLS, pieces[i], pieces[i] < 100 ? 5000 : 1000000);
        check_echo(PROTO_PLAN_DIRECT, pieces[i], pieces[i] < 100 ? 5000 : 1000000);
        check_echo(PROTO_PLAN_PLAINTEXT, pieces[i], pieces[i] < 100 ? 5000 : 1000000);
    }
}

/* A driver that reads 8 bytes, then the rest; that looks before it takes; that asks for too
 * much. */
CASE("reading in parts, and looking first")
{
    struct engine_rig rig = engine_make(PROTO_PLAN_TLS);
    unsigned char sent[40000], got[sizeof sent + 1], peeked[20000];
    fill(sent, sizeof sent);
    engine_open(&rig);
    CHECK(engine_login(&rig));
    CHECK(!session_is_readable(rig.session));
    engine_server_send(&rig, sent, 16000);
    engine_server_send(&rig, sent + 16000, 16000);
    engine_server_send(&rig, sent + 32000, 8000);
    engine_run(&rig);
    CHECK(session_is_readable(rig.session));
    CHECK_NUMBER(session_read(rig.session, peeked, 20000, true), 20000);
    CHECK(memcmp(peeked, sent, 20000) == 0);
    CHECK_NUMBER(session_read(rig.session, got, 8, false), 8);
    CHECK_NUMBER(session_read(rig.session, got + 8, 5, false), 5);
    CHECK_NUMBER(session_read(rig.session, peeked, 1, true), 1);
    CHECK(peeked[0] == sent[13]);
    CHECK_NUMBER(session_read(rig.session, got + 13, sizeof got - 13, false), sizeof sent - 13);
    CHECK(memcmp(got, sent, sizeof sent) == 0);
    CHECK_NUMBER(session_read(rig.session, got, sizeof got, false), 0);
    CHECK(session_down(rig.session) == SESSION_STREAM_OPEN);
    engine_close(&rig);
}

/* What is TLS's own business is nothing to read, and is answered. */
CASE("a new key is nothing to read")
{
    struct engine_rig rig = engine_make(PROTO_PLAN_TLS);
    unsigned char got[4];
    engine_open(&rig);
    CHECK(engine_login(&rig));
    CHECK_NUMBER(gnutls_session_key_update(rig.server.session, GNUTLS_KU_PEER), 0);
    engine_run(&rig);
    CHECK(!session_is_readable(rig.session));
    CHECK(engine_write(&rig, "ping", 4));
    CHECK_NUMBER(engine_read(&rig, got, 4), 4);
    CHECK(memcmp(got, "ping", 4) == 0);
    engine_close(&rig);
}

/* --- one packet, one record --- */

/* Packets of a length byte and as many bytes; nothing is read of the login. */
static size_t packet_length(struct proto_session *session, const unsigned char *bytes, size_t size)
{
    (void)session;
    return size > 0 && bytes[0] + (size_t)1 <= size ? bytes[0] + (size_t)1 : 0;
}

CASE("one packet makes one record, in whatever pieces it comes")
{
    static const unsigned char packets[] = "\3abc\5defgh\0\1i\4jklm";
    static const size_t sizes[] = {4, 6, 1, 2, 5};
    for (size_t piece = 1; piece < sizeof packets; piece++) {
        struct proto proto = proto_direct;
        struct engine_rig rig = engine_make(PROTO_PLAN_DIRECT);
        proto.record_length = packet_length;
        rig.options.proto = &proto;
        rig.is_silent = true;
        engine_open(&rig);
        engine_run(&rig);
        rig.stage = ENGINE_SERVER_READY;
        for (size_t at = 0; at < sizeof packets - 1; at += piece) {
            size_t left = sizeof packets - 1 - at;
            CHECK(engine_write(&rig, packets + at, left < piece ? left : piece));
            engine_run(&rig);
        }
        CHECK_NUMBER(rig.records, 5);
        for (size_t i = 0; i < 5; i++)
            CHECK_NUMBER(rig.record_sizes[i], sizes[i]);
        CHECK(memcmp(buffer_content(&rig.received), packets, sizeof packets - 1) == 0);
        engine_close(&rig);
    }
}

/* --- bounds --- */

/* A server that does not read makes the driver wait, and what it gave is not lost. */
CASE("a server that does not read makes the driver wait")
{
    enum { SIZE = 10 * 1024 * 1024 };
    struct engine_rig rig = engine_make(PROTO_PLAN_TLS);
    unsigned char *sent = malloc(SIZE);
    CHECK_FATAL(sent != NULL);
    fill(sent, SIZE);
    engine_open(&rig);
    CHECK(engine_login(&rig));
    rig.is_silent = rig.is_deaf = true;
    size_t total = 0, taken;
    while ((taken = session_write(rig.session, sent + total, SIZE - total)) > 0) {
        total += taken;
        session_step(rig.session, rig.now);
    }
    CHECK(total >= 64 * 1024 && total <= 512 * 1024);
    struct session_wants wants = session_step(rig.session, rig.now);
    CHECK(!wants.driver_read && wants.server_write);
    rig.is_deaf = false;
    CHECK(engine_write(&rig, sent + total, SIZE - total));
    engine_run(&rig);
    CHECK_NUMBER(buffer_length(&rig.received), SIZE);
    CHECK(memcmp(buffer_content(&rig.received), sent, SIZE) == 0);
    engine_close(&rig);
    free(sent);
}

/* A driver that does not read makes the server wait. */
CASE("a driver that does not read makes the server wait")
{
    struct engine_rig rig = engine_make(PROTO_PLAN_TLS);
    unsigned char part[16384];
    size_t size, total = 0;
    fill(part, sizeof part);
    engine_open(&rig);
    CHECK(engine_login(&rig));
    for (int i = 0; i < 640; i++)
        engine_server_send(&rig, part, sizeof part);
    engine_run(&rig);
    session_driver_bytes(rig.session, &size);
    engine_run(&rig);
    CHECK(!session_step(rig.session, rig.now).server_read);
    CHECK(buffer_length(&rig.to_client) > (size_t)10000000 - 1000000);
    while (session_driver_bytes(rig.session, &size) != NULL && size > 0) {
        session_driver_sent(rig.session, size);
        total += size;
        engine_run(&rig);
    }
    CHECK_NUMBER(total, 640 * sizeof part);
    engine_close(&rig);
}

/* What an idle session holds after it has moved much, GnuTLS's part included. */
CASE("an idle session holds little memory")
{
    enum { SIZE = 4 * 1024 * 1024 };
    struct engine_rig warm = engine_make(PROTO_PLAN_TLS), rig = engine_make(PROTO_PLAN_TLS);
    unsigned char *sent = malloc(SIZE);
    CHECK_FATAL(sent != NULL);
    fill(sent, SIZE);
    engine_open(&warm);
    CHECK(engine_login(&warm));
    engine_open(&rig);
    CHECK(engine_login(&rig));
    size_t before = mallinfo2().uordblks;
    session_free(&rig.session);
    CHECK(before - mallinfo2().uordblks < 60 * 1024);
    CHECK(engine_write(&warm, sent, SIZE) && engine_read(&warm, sent, SIZE) == SIZE);
    const struct buffer *buffers[] = {&warm.session->from_driver,
                                      &warm.session->to_driver,
                                      &warm.session->from_server,
                                      &warm.session->to_server,
                                      &warm.session->wire_in,
                                      &warm.session->wire_out,
                                      tls_session_input(warm.session->tls),
                                      tls_session_output(warm.session->tls)};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
        CHECK(buffers[i]->capacity <= 32 * 1024);
    engine_close(&warm);
    engine_close(&rig);
    free(sent);
}

/* --- ends --- */

/* Reads until there is nothing more; how the stream ended. */
static enum session_stream read_to_end(struct engine_rig *rig, struct buffer *got)
{
    unsigned char bytes[1000];
    size_t size;
    do {
        engine_run(rig);
        size = session_read(rig->session, bytes, sizeof bytes, false);
        buffer_append(got, bytes, size);
    } while (size > 0);
    return session_down(rig->session);
}

enum way { WAY_CLOSE_NOTIFY, WAY_ALERT, WAY_TCP_END, WAY_RESET, WAY_GARBAGE, WAY_UNWRITABLE };

static void end_server(struct engine_rig *rig, enum way way)
{
    switch (way) {
    case WAY_CLOSE_NOTIFY:
        gnutls_bye(rig->server.session, GNUTLS_SHUT_WR);
        break;
    case WAY_ALERT:
        gnutls_alert_send(rig->server.session, GNUTLS_AL_FATAL, GNUTLS_A_INTERNAL_ERROR);
        break;
    case WAY_TCP_END:
        engine_run(rig);
        session_server_ended(rig->session, 0);
        break;
    case WAY_RESET:
        engine_run(rig);
        session_server_ended(rig->session, ECONNRESET);
        break;
    case WAY_GARBAGE:
        buffer_append(&rig->to_client, "not a record at all", 19);
        break;
    case WAY_UNWRITABLE:
        CHECK(engine_write(rig, "more", 4));
        engine_run(rig);
        session_server_unwritable(rig->session, EHOSTUNREACH);
        break;
    }
}

static const struct {
    enum way way;
    enum session_stream down;
    enum odbcssl_error code;
    const char *part;
} end_rows[] = {
    {WAY_CLOSE_NOTIFY, SESSION_STREAM_ENDED, ODBCSSL_ERROR_LINK_LOST, "closed the connection"},
    {WAY_ALERT, SESSION_STREAM_BROKEN, ODBCSSL_ERROR_LINK_LOST, "alert \"Internal error\" (80)"},
    {WAY_TCP_END, SESSION_STREAM_BROKEN, ODBCSSL_ERROR_TRUNCATED, "without a TLS close_notify"},
    {WAY_RESET, SESSION_STREAM_BROKEN, ODBCSSL_ERROR_LINK_LOST, "reset"},
    {WAY_GARBAGE, SESSION_STREAM_BROKEN, ODBCSSL_ERROR_LINK_LOST,
     "db1.example.com broke: An unexpected TLS packet"},
    {WAY_UNWRITABLE, SESSION_STREAM_BROKEN, ODBCSSL_ERROR_LINK_LOST, "No route to host"},
};

/* All that came before the end is read first, and only a vouched-for end looks like one. */
CASE("the server's words before its end, and then the end as it was")
{
    for (size_t i = 0; i < sizeof end_rows / sizeof end_rows[0]; i++) {
        struct engine_rig rig = engine_make(PROTO_PLAN_TLS);
        struct buffer got = {0};
        struct error error = {0};
        engine_open(&rig);
        CHECK(engine_login(&rig));
        rig.is_silent = true;
        engine_server_send(&rig, "the last words", 14);
        end_server(&rig, end_rows[i].way);
        CHECK_NUMBER(read_to_end(&rig, &got), end_rows[i].down);
        CHECK_NUMBER(buffer_length(&got), 14);
        CHECK(!session_record_is_alive(rig.record, &error));
        CHECK_NUMBER(error.code, end_rows[i].code);
        CHECK_CONTAINS(error.text, end_rows[i].part);
        session_driver_ended(rig.session);
        CHECK(session_step(rig.session, rig.now).is_over);
        buffer_free(&got);
        engine_close(&rig);
    }
}

/* A server that no longer listens, and neither speaks nor goes: the send that fails for good ends
 * the session, after the words that came before. */
CASE("a send that fails for good")
{
    struct engine_rig rig = engine_make(PROTO_PLAN_PLAINTEXT);
    struct error error = {0};
    size_t left = 1;
    int ends[2];
    char words[100];
    CHECK_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    engine_open(&rig);
    CHECK(engine_login(&rig));
    CHECK(write(ends[1], "the last words", 14) == 14);
    shutdown(ends[1], SHUT_RD);
    CHECK_NUMBER(session_write(rig.session, "query", 5), 5);
    network_flush(rig.session, ends[0]);
    session_write(rig.session, "more", 4);
    session_step(rig.session, rig.now);
    session_server_bytes(rig.session, &left);
    CHECK_NUMBER(left, 0); /* a stream with a hole never goes on */
    CHECK_NUMBER(session_read(rig.session, words, sizeof words, false), 14);
    CHECK_NUMBER(session_read(rig.session, words, sizeof words, false), 0);
    CHECK_NUMBER(session_down(rig.session), SESSION_STREAM_BROKEN);
    CHECK(!session_record_is_alive(rig.record, &error));
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_LINK_LOST);
    CHECK_CONTAINS(error.text, "Broken pipe");
    close(ends[0]);
    close(ends[1]);
    engine_close(&rig);
}

/* The driver half-closes with much under way: the server gets all of it, then a clean end. */
CASE("a half-close")
{
    struct engine_rig rig = engine_make(PROTO_PLAN_TLS);
    unsigned char sent[100000];
    fill(sent, sizeof sent);
    engine_open(&rig);
    CHECK(engine_login(&rig));
    rig.is_silent = rig.is_deaf = true;
    CHECK_NUMBER(session_write(rig.session, sent, sizeof sent), sizeof sent);
    session_driver_ended(rig.session);
    CHECK(!session_step(rig.session, rig.now).server_shutdown);
    rig.is_deaf = false;
    engine_run(&rig);
    CHECK_NUMBER(buffer_length(&rig.received), sizeof sent);
    CHECK(session_step(rig.session, rig.now).server_shutdown);
    session_server_shut(rig.session);
    CHECK(!session_step(rig.session, rig.now).server_shutdown);
    unsigned char byte;
    CHECK_NUMBER(gnutls_record_recv(rig.server.session, &byte, 1), 0); /* close_notify */
    engine_server_send(&rig, "answer", 6);
    char answer[6];
    CHECK_NUMBER(engine_read(&rig, answer, 6), 6);
    CHECK(session_down(rig.session) == SESSION_STREAM_OPEN);
    CHECK(!session_step(rig.session, rig.now).is_over);
    engine_close(&rig);
}

/* A driver that goes leaves nothing that waits. */
CASE("a driver that is gone")
{
    struct engine_rig rig = engine_make(PROTO_PLAN_TLS);
    engine_open(&rig);
    CHECK(engine_login(&rig));
    CHECK(engine_write(&rig, "last", 4));
    session_driver_gone(rig.session);
    CHECK(session_step(rig.session, rig.now).is_over);
    engine_run(&rig);
    CHECK_NUMBER(buffer_length(&rig.received), 4);
    CHECK(!session_record_is_alive(rig.record, &rig.error));
    CHECK(!error_is_set(&rig.error));
    engine_close(&rig);
}

/* --- hostile orders --- */

enum act {
    ACT_END,
    ACT_START_AGAIN,
    ACT_SERVER_BYTES,
    ACT_SERVER_END,
    ACT_SERVER_RESET,
    ACT_DRIVER_BYTES,
    ACT_DRIVER_END,
    ACT_DRIVER_GONE,
    ACT_TURN,
    ACT_READ,
    ACT_STOP,
    ACT_COUNT
};

static void do_act(struct engine_rig *rig, enum act act)
{
    static const unsigned char junk[] = "SSN\x16\x03\x03 E\0\0\0\x09junk R\0\0\0\x08\0\0\0\0";
    unsigned char bytes[100];
    switch (act) {
    case ACT_START_AGAIN:
        session_start(rig->session, 0);
        break;
    case ACT_SERVER_BYTES:
        buffer_append(&rig->to_client, junk, sizeof junk);
        break;
    case ACT_SERVER_END:
        session_server_ended(rig->session, 0);
        break;
    case ACT_SERVER_RESET:
        session_server_unwritable(rig->session, EPIPE);
        break;
    case ACT_DRIVER_BYTES:
        session_write(rig->session, engine_startup, engine_startup_size);
        break;
    case ACT_DRIVER_END:
        session_driver_ended(rig->session);
        break;
    case ACT_DRIVER_GONE:
        session_driver_gone(rig->session);
        break;
    case ACT_READ:
        session_read(rig->session, bytes, sizeof bytes, false);
        break;
    case ACT_STOP:
        session_stop(rig->session);
        break;
    case ACT_TURN:
    case ACT_END:
    case ACT_COUNT:
        engine_turn(rig);
        break;
    }
}

/* Whatever comes in whatever order: each run ends, the server never gets a byte of the driver
 * before TLS, and nothing is over without a reason. */
CASE("any order of bytes and ends")
{
    uint32_t seed = 42;
    for (int i = 0; i < 3000; i++) {
        struct engine_rig rig = engine_make(i % 2 == 0 ? PROTO_PLAN_TLS : PROTO_PLAN_DIRECT);
        engine_open(&rig);
        for (int j = 0; j < 12; j++) {
            seed = seed * 1103515245u + 12345u;
            do_act(&rig, (enum act)((seed >> 16) % ACT_COUNT));
            engine_turn(&rig);
            if (rig.stage == ENGINE_SERVER_START)
                CHECK(buffer_length(&rig.from_client) <= 8);
        }
        session_driver_gone(rig.session);
        rig.now += 30000;
        CHECK(session_step(rig.session, rig.now).is_over);
        engine_close(&rig);
    }
}

/* --- what ends a session that does not go on --- */

static const struct {
    const char *part;
    int turns; /* of 200 bytes each way */
} time_rows[] = {
    {"waiting for the switch to TLS", 0},
    {"waiting for the TLS handshake", 2},
    {"waiting for the login", 100},
};

CASE("time runs out in every phase")
{
    for (size_t i = 0; i < sizeof time_rows / sizeof time_rows[0]; i++) {
        struct engine_rig rig = engine_make(PROTO_PLAN_TLS);
        unsigned char bytes[200];
        rig.piece = 200;
        rig.options.timeout_source = "SslTimeout (odbc.ini [w])";
        engine_open(&rig);
        for (int j = 0; j < time_rows[i].turns; j++)
            engine_turn(&rig);
        struct session_wants wants = session_step(rig.session, rig.now);
        CHECK_NUMBER(wants.deadline, rig.now + 20000);
        session_step(rig.session, rig.now + 19999);
        CHECK_NUMBER(engine_outcome(&rig), SESSION_WAITING);
        session_step(rig.session, rig.now + 20000);
        CHECK_NUMBER(engine_outcome(&rig), SESSION_LOST);
        CHECK_NUMBER(rig.error.code, ODBCSSL_ERROR_TIMEOUT);
        CHECK_CONTAINS(rig.error.text, "20 seconds (SslTimeout (odbc.ini [w]))");
        CHECK_CONTAINS(rig.error.text, time_rows[i].part);
        /* The real driver is told in its own protocol. */
        CHECK(session_read(rig.session, bytes, sizeof bytes, false) > 0);
        CHECK(bytes[0] == 'E');
        CHECK(session_down(rig.session) == SESSION_STREAM_ENDED);
        engine_close(&rig);
    }
}

/* Whose words are missing: the driver's once it is asked, and not any more when it has answered and
 * the server has begun to say something to that. */
CASE("time runs out behind a request for the password")
{
    static const unsigned char asked[] = "R\0\0\0\x08\0\0\0\x03", given[] = "p\0\0\0\x05";
    for (int is_given = 0; is_given < 2; is_given++) {
        struct engine_rig rig = engine_make(PROTO_PLAN_TLS);
        unsigned char bytes[sizeof asked];
        rig.words.welcome = (struct engine_bytes){asked, sizeof asked - 1};
        rig.is_silent = true;
        engine_open(&rig);
        CHECK(engine_write(&rig, engine_startup, engine_startup_size));
        CHECK_NUMBER(engine_read(&rig, bytes, sizeof bytes), sizeof asked - 1);
        if (is_given) {
            CHECK(engine_write(&rig, given, sizeof given));
            engine_run(&rig);
            engine_server_send(&rig, engine_welcome, 5);
            engine_run(&rig);
        }
        session_step(rig.session, rig.now + 20000);
        CHECK_NUMBER(engine_outcome(&rig), SESSION_LOST);
        CHECK_CONTAINS(rig.error.text, is_given ? "waiting for the login"
                                                : "waiting for the real driver's credentials");
        engine_close(&rig);
    }
}

/* A caller that is woken again and again with nothing done: a fault of ours, which ends. */
CASE("turns without progress end")
{
    struct engine_rig rig = engine_make(PROTO_PLAN_TLS);
    struct error error = {0};
    engine_open(&rig);
    CHECK(engine_login(&rig));
    for (int i = 0; i < 999; i++) {
        session_turned(rig.session);
        session_step(rig.session, rig.now);
    }
    CHECK(session_record_is_alive(rig.record, NULL));
    CHECK(engine_write(&rig, "progress", 8));
    engine_run(&rig);
    for (int i = 0; i < 2000; i++) {
        session_step(rig.session, rig.now);
        session_turned(rig.session);
    }
    CHECK(!session_record_is_alive(rig.record, &error));
    CHECK_CONTAINS(error.text, "makes no progress");
    CHECK_CONTAINS(error.text, "carrying, TLS, up open, down open, driver there");
    CHECK(session_step(rig.session, rig.now).is_over);
    engine_close(&rig);
}

/* Memory that was out once ends the session: a stream with a hole must not go on. */
CASE("out of memory ends the session")
{
    struct engine_rig rig = engine_make(PROTO_PLAN_TLS);
    struct error error = {0};
    engine_open(&rig);
    CHECK(engine_login(&rig));
    CHECK(buffer_reserve(&rig.session->to_server, SIZE_MAX / 2) == NULL);
    CHECK(!buffer_append(&rig.session->to_server, "x", 1));
    session_step(rig.session, rig.now);
    CHECK(session_down(rig.session) == SESSION_STREAM_BROKEN);
    CHECK(!session_record_is_alive(rig.record, &error));
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_MEMORY);
    engine_close(&rig);
}

/* --- several sessions, one record --- */

CASE("one session has the main place")
{
    static const unsigned char cancel[] = "\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\7\0\0\0\x09";
    struct engine_rig rig = engine_make(PROTO_PLAN_PLAINTEXT);
    engine_open(&rig);
    CHECK(session_is_main(rig.session));
    CHECK(engine_login(&rig));
    struct session *second = session_open(rig.record, rig.now, NULL);
    CHECK_FATAL(second != NULL);
    CHECK(!session_is_main(second));
    session_start(second, 0);
    session_write(second, cancel, sizeof cancel - 1);
    session_step(second, rig.now);
    session_server_ended(second, 0);
    session_step(second, rig.now);
    CHECK(session_down(second) == SESSION_STREAM_ENDED);
    CHECK_NUMBER(engine_outcome(&rig), SESSION_CARRIED);
    CHECK(session_record_is_alive(rig.record, NULL));
    session_free(&second);
    /* A holder whose driver has gone makes room, though it does not know yet. */
    session_record_vacate(rig.record, rig.session);
    second = session_open(rig.record, rig.now, NULL);
    CHECK(session_is_main(second) && !session_is_main(rig.session));
    session_free(&second);
    CHECK(!session_record_is_alive(rig.record, NULL));
    engine_close(&rig);
}

static int owners;

static void hold(void *owner)
{
    owners += *(int *)owner;
}

static void release(void *owner)
{
    owners -= *(int *)owner;
}

/* What sessions use lives as long as the last of them, whoever else has let go. */
CASE("what sessions use lives as long as they")
{
    struct engine_rig rig = engine_make(PROTO_PLAN_TLS);
    int one = 1;
    rig.options.owner = &one;
    rig.options.hold = hold;
    rig.options.release = release;
    engine_open(&rig);
    CHECK_NUMBER(owners, 1);
    session_record_release(&rig.record);
    CHECK_NUMBER(owners, 1);
    session_free(&rig.session);
    CHECK_NUMBER(owners, 0);
    engine_close(&rig);
}

SUITE("engine", engine_files_make, engine_files_remove)
