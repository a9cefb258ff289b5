/* test_mysql.c - the switch to TLS of MySQL is found, and nothing before it is lost or believed. */
#include <string.h>

#include "support/suite.h"
#include "unit/mysql_scenarios.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

CASE("logins, cut everywhere")
{
    bench_run_scenarios(mysql_logins.rows, mysql_logins.count);
}

CASE("refusals, cut everywhere")
{
    bench_run_scenarios(mysql_refusals.rows, mysql_refusals.count);
}

CASE("no password in clear text without TLS")
{
    bench_run_scenarios(mysql_passwords.rows, mysql_passwords.count);
}

/* ----- what a table cannot say ----- */

/* The greeting and what an attacker put behind it come in one piece, or cut anywhere. */
CASE("bytes behind the greeting in one piece with it")
{
    static const struct packet greeting = PACKET(0, GREETING_TLS);
    static const struct packet injected = PACKET(0, "\x03"
                                                    "drop table t");
    struct buffer bytes = {0};
    bench_append_packet(&bytes, &greeting);
    bench_append_packet(&bytes, &injected);
    for (long cut = -1; cut < (long)buffer_length(&bytes); cut++) {
        struct bench bench;
        bench_open(&bench, PROTO_PLAN_TLS);
        bench_feed_cut(&bench, true, &bytes, cut);
        CHECK_NUMBER(bench.talk.verdict, PROTO_REFUSE);
        CHECK_NUMBER(bench.talk.session.error.code, ODBCSSL_ERROR_EARLY_PLAINTEXT);
        CHECK_NUMBER(buffer_length(&bench.talk.session.to_server), 0);
        bench_close(&bench);
    }
    buffer_free(&bytes);
}

static const struct step to_login[] = {SERVER(0, GREETING_TLS), DRIVER(1, FIXED NATIVE), TLS_UP};

static void bench_open_in_login(struct bench *bench)
{
    bench_open(bench, PROTO_PLAN_TLS);
    for (size_t i = 0; i < COUNT(to_login); i++)
        bench_run_step(bench, &to_login[i], 0);
    buffer_clear(&bench->talk.session.to_driver);
    buffer_clear(&bench->talk.session.to_server);
}

/* Feeds a packet of the greatest length and one that ends it, whose bytes look like OK or ERR. */
static void check_long_message(bool is_server, uint8_t sequence, unsigned char filler)
{
    struct bench bench;
    bench_open_in_login(&bench);
    struct buffer *output =
        is_server ? &bench.talk.session.to_driver : &bench.talk.session.to_server;
    int shift = is_server ? -1 : 1;
    static unsigned char chunk[65537];
    memset(chunk, filler, sizeof chunk);

    struct buffer header = {0};
    CHECK_FATAL(mysql_append_header(&header, MYSQL_PAYLOAD_MAXIMUM, sequence));
    bench_feed_cut(&bench, is_server, &header, 0);
    bench_feed(&bench, is_server, is_server ? "\x01" : "x", 1);
    for (size_t left = MYSQL_PAYLOAD_MAXIMUM - 1; left > 0;) {
        size_t part = left < sizeof chunk ? left : sizeof chunk;
        bench_feed(&bench, is_server, chunk, part);
        left -= part;
    }
    CHECK_NUMBER(buffer_length(output), MYSQL_HEADER_SIZE + MYSQL_PAYLOAD_MAXIMUM);
    CHECK_NUMBER(buffer_content(output)[3], sequence + shift);
    buffer_clear(output);

    const struct packet rest = {(uint8_t)(sequence + 1), (const char *)chunk, 3};
    buffer_clear(&header);
    bench_append_packet(&header, &rest);
    bench_feed_cut(&bench, is_server, &header, -1);
    CHECK_NUMBER(buffer_length(output), MYSQL_HEADER_SIZE + 3);
    CHECK_NUMBER(buffer_content(output)[3], sequence + 1 + shift);
    CHECK(!bench.talk.session.is_server_opaque);
    buffer_free(&header);
    bench_close(&bench);
}

CASE("messages of several packets")
{
    check_long_message(true, 3, MYSQL_MARKER_OK);
    check_long_message(true, 3, MYSQL_MARKER_ERROR);
    check_long_message(false, 3, MYSQL_MARKER_ERROR);
}

/* A dialog of more questions than a sequence number can count. */
CASE("sequence numbers wrap")
{
    struct bench bench;
    bench_open_in_login(&bench);
    for (unsigned sequence = 3; sequence < 600; sequence += 2) {
        const struct step question = SERVER((uint8_t)sequence, "\x02?");
        const struct step answer = DRIVER((uint8_t)sequence, "!");
        bench_run_step(&bench, &question, 0);
        CHECK_NUMBER(buffer_content(&bench.talk.session.to_driver)[3], (uint8_t)(sequence - 1));
        bench_run_step(&bench, &answer, 0);
        CHECK_NUMBER(buffer_content(&bench.talk.session.to_server)[3], (uint8_t)(sequence + 1));
        buffer_clear(&bench.talk.session.to_driver);
        buffer_clear(&bench.talk.session.to_server);
    }
    bench_close(&bench);
}

#define FAIL_TEXT "no way"
#define FAIL_EARLY "\xff\x13\x04" FAIL_TEXT
#define FAIL_LATE "\xff\x13\x04#08S01" FAIL_TEXT

/* What a driver is told when the relay gives up after a number of steps. */
static const struct {
    const char *name;
    struct step steps[6];
    struct packet told[2];
} failures[] = {
    {"before the greeting", {{0}}, {PACKET(0, FAIL_EARLY)}},
    {"the server has no TLS", {SERVER(0, GREETING_PLAIN)}, {PACKET(0, FAIL_EARLY)}},
    {"after the greeting", {SERVER(0, GREETING_TLS)}, {PACKET(2, FAIL_LATE)}},
    {"the handshake failed",
     {SERVER(0, GREETING_TLS), DRIVER(1, FIXED NATIVE)},
     {PACKET(2, FAIL_LATE)}},
    {"the driver wants TLS",
     {SERVER(0, GREETING_TLS), DRIVER(1, FIXED_TLS)},
     {PACKET(2, FAIL_LATE)}},
    {"the link broke in the login",
     {SERVER(0, GREETING_TLS), DRIVER(1, FIXED NATIVE), TLS_UP, SERVER(3, "\x02?"), DRIVER(3, "!")},
     {PACKET(4, FAIL_LATE)}},
    {"the server has refused it already", {SERVER(0, ERR_MANY)}, {{0}}},
    {"in the middle of a packet",
     {SERVER(0, GREETING_TLS), DRIVER(1, FIXED NATIVE), TLS_UP, SERVER_RAW("\xff\xff\xff\x03\x01")},
     {PACKET(2, FAIL_LATE)}},
    {"after the login",
     {SERVER(0, GREETING_TLS), DRIVER(1, FIXED NATIVE), TLS_UP, SERVER(3, OK)},
     {{0}}},
};

CASE("a driver is told that the session failed")
{
    for (size_t i = 0; i < COUNT(failures); i++) {
        struct bench bench;
        bench_open(&bench, PROTO_PLAN_TLS);
        for (size_t k = 0; k < COUNT(failures[i].steps); k++)
            bench_run_step(&bench, &failures[i].steps[k], 0);
        buffer_clear(&bench.talk.session.to_driver);
        proto_mysql.fail(&bench.talk.session, FAIL_TEXT);
        proto_mysql.fail(&bench.talk.session, FAIL_TEXT);
        const struct scenario scenario = {.name = failures[i].name};
        bench_check_output(&scenario, 0, "to the driver", &bench.talk.session.to_driver,
                           failures[i].told);
        bench_close(&bench);
    }
}

/* An ERR that came in the middle of a packet would be read as the packet's end. */
CASE("but not within a packet")
{
    struct bench bench;
    bench_open_in_login(&bench);
    static unsigned char chunk[5000];
    const struct step header = SERVER_RAW("\xff\xff\x01\x03\x01");
    bench_run_step(&bench, &header, 0);
    bench_feed(&bench, true, chunk, sizeof chunk);
    size_t passed = buffer_length(&bench.talk.session.to_driver);
    CHECK(passed > 0);
    proto_mysql.fail(&bench.talk.session, FAIL_TEXT);
    CHECK_NUMBER(buffer_length(&bench.talk.session.to_driver), passed);
    bench_close(&bench);
}

/* After a refusal nothing goes on, whatever comes. */
CASE("a refusal is final")
{
    static const struct step more[] = {SERVER(0, GREETING_TLS), DRIVER(1, FIXED NATIVE)};
    struct bench bench;
    bench_open(&bench, PROTO_PLAN_TLS);
    const struct step greeting = SERVER(0, GREETING_PLAIN);
    bench_run_step(&bench, &greeting, 0);
    CHECK_NUMBER(bench.talk.verdict, PROTO_NO_TLS);
    for (size_t i = 0; i < COUNT(more); i++) {
        bench.talk.verdict = PROTO_CONTINUE;
        bench_run_step(&bench, &more[i], 0);
        CHECK_NUMBER(bench.talk.verdict, PROTO_REFUSE);
    }
    CHECK_NUMBER(bench.talk.session.error.code, ODBCSSL_ERROR_SERVER_WITHOUT_TLS);
    CHECK_NUMBER(buffer_length(&bench.talk.session.to_driver), 0);
    CHECK_NUMBER(buffer_length(&bench.talk.session.to_server), 0);
    bench_close(&bench);
}

/* The challenge is in the greeting and the proof in the answer: no fallback from then on. */
CASE("credentials are noted")
{
    static const enum proto_plan plans[] = {PROTO_PLAN_PLAINTEXT, PROTO_PLAN_TLS,
                                            PROTO_PLAN_DIRECT};
    for (size_t i = 0; i < COUNT(plans); i++) {
        struct bench bench;
        bench_open(&bench, plans[i]);
        bench_run_step(&bench, &to_login[0], 0);
        CHECK(!bench.talk.session.is_credentials_asked);
        bench_run_step(&bench, &to_login[1], 0);
        CHECK(bench.talk.session.is_credentials_asked);
        CHECK_NUMBER(bench.talk.session.kind, PROTO_SESSION_MAIN);
        bench_close(&bench);
    }
}

/* Longer than what is looked at before a packet is passed on: not known, so not passed. */
CASE("nor a long one")
{
    static const struct step steps[] = {SERVER(0, GREETING_MYSQL), DRIVER(1, FIXED CACHING),
                                        SERVER(2, "\x01\x04")};
    static char password[5000];
    memset(password, 'x', sizeof password - 1);
    const struct step answer = {STEP_DRIVER, {3, password, sizeof password}};
    struct bench bench;
    bench_open(&bench, PROTO_PLAN_PLAINTEXT);
    for (size_t i = 0; i < COUNT(steps); i++)
        bench_run_step(&bench, &steps[i], 0);
    buffer_clear(&bench.talk.session.to_server);
    bench_run_step(&bench, &answer, 0);
    CHECK_NUMBER(bench.talk.verdict, PROTO_REFUSE);
    CHECK_NUMBER(bench.talk.session.error.code, ODBCSSL_ERROR_PLAINTEXT_LOGIN);
    CHECK_NUMBER(buffer_length(&bench.talk.session.to_server), 0);
    bench_close(&bench);
}

/* The server's end that follows is then expected, and its words stand. */
CASE("a refused login is noted")
{
    static const struct step refusal = SERVER(3, ERR_DENIED);
    struct bench bench;
    bench_open_in_login(&bench);
    CHECK(!bench.talk.session.is_login_refused);
    bench_run_step(&bench, &refusal, 0);
    CHECK(bench.talk.session.is_login_refused);
    CHECK(!error_is_set(&bench.talk.session.error));
    bench_close(&bench);
}

SUITE("mysql", NULL, NULL)
