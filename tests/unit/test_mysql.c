/* test_mysql.c - the switch to TLS of MySQL is found, and nothing before it is lost or believed. */
#include <string.h>

#include "support/suite.h"
#include "unit/conversation_memory.h"
#include "unit/mysql_scenarios.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void run_scenarios(struct scenario_table table)
{
    for (size_t i = 0; i < table.count; i++)
        for (long cut = -1; cut < scenario_longest(&table.rows[i]); cut++) {
            struct conversation talk;
            conversation_play(&talk, &proto_mysql, &table.rows[i], cut);
            if (table.rows[i].plan == PROTO_PLAN_TLS && talk.sent_before_tls != 0)
                CHECK_NUMBER(talk.sent_before_tls, MYSQL_HEADER_SIZE + MYSQL_SSL_REQUEST_SIZE);
            conversation_close(&talk);
        }
}

CASE("logins, cut everywhere")
{
    run_scenarios(mysql_logins);
}

CASE("refusals, cut everywhere")
{
    run_scenarios(mysql_refusals);
}

CASE("no password in clear text without TLS")
{
    run_scenarios(mysql_passwords);
}

CASE("memory runs out")
{
    const struct scenario_table tables[] = {mysql_logins, mysql_refusals, mysql_passwords};
    for (size_t i = 0; i < COUNT(tables); i++)
        for (size_t row = 0; row < tables[i].count; row++)
            conversation_starve(&proto_mysql, &tables[i].rows[row]);
}

/* ----- what a table cannot say ----- */

/* The greeting and what an attacker put behind it come in one piece, or cut anywhere. */
CASE("bytes behind the greeting in one piece with it")
{
    static const struct piece greeting = PACKET(0, GREETING_TLS);
    static const struct piece injected = PACKET(0, "\x03"
                                                   "drop table t");
    struct buffer bytes = {0};
    conversation_append(&bytes, &greeting);
    conversation_append(&bytes, &injected);
    for (long cut = -1; cut < (long)buffer_length(&bytes); cut++) {
        struct conversation talk;
        conversation_open(&talk, &proto_mysql, PROTO_PLAN_TLS);
        conversation_say_cut(&talk, true, &bytes, cut);
        CHECK_NUMBER(talk.verdict, PROTO_REFUSE);
        CHECK_NUMBER(talk.session.error.code, ODBCSSL_ERROR_EARLY_PLAINTEXT);
        CHECK_NUMBER(buffer_length(&talk.session.to_server), 0);
        conversation_close(&talk);
    }
    buffer_free(&bytes);
}

static const struct step to_login[] = {SERVER(0, GREETING_TLS), DRIVER(1, FIXED NATIVE), TLS_UP};

static void open_in_login(struct conversation *talk)
{
    conversation_open(talk, &proto_mysql, PROTO_PLAN_TLS);
    for (size_t i = 0; i < COUNT(to_login); i++)
        conversation_step(talk, &to_login[i], 0);
    buffer_clear(&talk->session.to_driver);
    buffer_clear(&talk->session.to_server);
}

/* Feeds a packet of the greatest length and one that ends it, whose bytes look like OK or ERR. */
static void check_long_message(bool is_server, uint8_t sequence, unsigned char filler)
{
    struct conversation talk;
    open_in_login(&talk);
    struct buffer *output = is_server ? &talk.session.to_driver : &talk.session.to_server;
    int shift = is_server ? -1 : 1;
    static unsigned char chunk[65537];
    memset(chunk, filler, sizeof chunk);

    struct buffer header = {0};
    CHECK_FATAL(mysql_append_header(&header, MYSQL_PAYLOAD_MAXIMUM, sequence));
    conversation_say_cut(&talk, is_server, &header, 0);
    conversation_say(&talk, is_server, is_server ? "\x01" : "x", 1);
    for (size_t left = MYSQL_PAYLOAD_MAXIMUM - 1; left > 0;) {
        size_t part = left < sizeof chunk ? left : sizeof chunk;
        conversation_say(&talk, is_server, chunk, part);
        left -= part;
    }
    CHECK_NUMBER(buffer_length(output), MYSQL_HEADER_SIZE + MYSQL_PAYLOAD_MAXIMUM);
    CHECK_NUMBER(buffer_content(output)[3], sequence + shift);
    buffer_clear(output);

    const struct piece rest = {sequence + 1, (const char *)chunk, 3};
    buffer_clear(&header);
    conversation_append(&header, &rest);
    conversation_say_cut(&talk, is_server, &header, -1);
    CHECK_NUMBER(buffer_length(output), MYSQL_HEADER_SIZE + 3);
    CHECK_NUMBER(buffer_content(output)[3], sequence + 1 + shift);
    CHECK(!talk.session.is_server_opaque);
    buffer_free(&header);
    conversation_close(&talk);
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
    struct conversation talk;
    open_in_login(&talk);
    for (unsigned sequence = 3; sequence < 600; sequence += 2) {
        const struct step question = SERVER((uint8_t)sequence, "\x02?");
        const struct step answer = DRIVER((uint8_t)sequence, "!");
        conversation_step(&talk, &question, 0);
        CHECK_NUMBER(buffer_content(&talk.session.to_driver)[3], (uint8_t)(sequence - 1));
        conversation_step(&talk, &answer, 0);
        CHECK_NUMBER(buffer_content(&talk.session.to_server)[3], (uint8_t)(sequence + 1));
        buffer_clear(&talk.session.to_driver);
        buffer_clear(&talk.session.to_server);
    }
    conversation_close(&talk);
}

#define FAIL_TEXT "no way"
#define FAIL_EARLY "\xff\x13\x04" FAIL_TEXT
#define FAIL_LATE "\xff\x13\x04#08S01" FAIL_TEXT

/* What a driver is told when the relay gives up after a number of steps. */
static const struct {
    const char *name;
    struct step steps[6];
    struct piece told[2];
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
        struct conversation talk;
        conversation_open(&talk, &proto_mysql, PROTO_PLAN_TLS);
        for (size_t k = 0; k < COUNT(failures[i].steps); k++)
            conversation_step(&talk, &failures[i].steps[k], 0);
        buffer_clear(&talk.session.to_driver);
        proto_mysql.fail(&talk.session, FAIL_TEXT);
        proto_mysql.fail(&talk.session, FAIL_TEXT);
        conversation_check_output(failures[i].name, 0, "driver", &talk.session.to_driver,
                                  failures[i].told);
        conversation_close(&talk);
    }
}

/* An ERR that came in the middle of a packet would be read as the packet's end. */
CASE("but not within a packet")
{
    struct conversation talk;
    open_in_login(&talk);
    static unsigned char chunk[5000];
    const struct step header = SERVER_RAW("\xff\xff\x01\x03\x01");
    conversation_step(&talk, &header, 0);
    conversation_say(&talk, true, chunk, sizeof chunk);
    size_t passed = buffer_length(&talk.session.to_driver);
    CHECK(passed > 0);
    proto_mysql.fail(&talk.session, FAIL_TEXT);
    CHECK_NUMBER(buffer_length(&talk.session.to_driver), passed);
    conversation_close(&talk);
}

/* After a refusal nothing goes on, whatever comes. */
CASE("a refusal is final")
{
    static const struct step more[] = {SERVER(0, GREETING_TLS), DRIVER(1, FIXED NATIVE)};
    struct conversation talk;
    conversation_open(&talk, &proto_mysql, PROTO_PLAN_TLS);
    const struct step greeting = SERVER(0, GREETING_PLAIN);
    conversation_step(&talk, &greeting, 0);
    CHECK_NUMBER(talk.verdict, PROTO_NO_TLS);
    for (size_t i = 0; i < COUNT(more); i++) {
        talk.verdict = PROTO_CONTINUE;
        conversation_step(&talk, &more[i], 0);
        CHECK_NUMBER(talk.verdict, PROTO_REFUSE);
    }
    CHECK_NUMBER(talk.session.error.code, ODBCSSL_ERROR_SERVER_WITHOUT_TLS);
    CHECK_NUMBER(buffer_length(&talk.session.to_driver), 0);
    CHECK_NUMBER(buffer_length(&talk.session.to_server), 0);
    conversation_close(&talk);
}

/* The challenge is in the greeting and the proof in the answer: no fallback from then on. */
CASE("credentials are noted")
{
    static const enum proto_plan plans[] = {PROTO_PLAN_PLAINTEXT, PROTO_PLAN_TLS,
                                            PROTO_PLAN_DIRECT};
    for (size_t i = 0; i < COUNT(plans); i++) {
        struct conversation talk;
        conversation_open(&talk, &proto_mysql, plans[i]);
        conversation_step(&talk, &to_login[0], 0);
        CHECK(!talk.session.is_credentials_asked);
        conversation_step(&talk, &to_login[1], 0);
        CHECK(talk.session.is_credentials_asked);
        CHECK_NUMBER(talk.session.kind, PROTO_SESSION_MAIN);
        conversation_close(&talk);
    }
}

/* Longer than what is looked at before a packet is passed on: not known, so not passed. */
CASE("nor a long one")
{
    static const struct step steps[] = {SERVER(0, GREETING_MYSQL), DRIVER(1, FIXED CACHING),
                                        SERVER(2, "\x01\x04")};
    static char password[5000];
    memset(password, 'x', sizeof password - 1);
    const struct step answer = {SPEAKER_DRIVER, {3, password, sizeof password}};
    struct conversation talk;
    conversation_open(&talk, &proto_mysql, PROTO_PLAN_PLAINTEXT);
    for (size_t i = 0; i < COUNT(steps); i++)
        conversation_step(&talk, &steps[i], 0);
    buffer_clear(&talk.session.to_server);
    conversation_step(&talk, &answer, 0);
    CHECK_NUMBER(talk.verdict, PROTO_REFUSE);
    CHECK_NUMBER(talk.session.error.code, ODBCSSL_ERROR_PLAINTEXT_LOGIN);
    CHECK_NUMBER(buffer_length(&talk.session.to_server), 0);
    conversation_close(&talk);
}

/* A long state of the session is awaited, and read to its end. */
CASE("a redirection behind many variables")
{
    static const struct step steps[] = {SERVER(0, GREETING_TLS), DRIVER(1, FIXED_TRACK NATIVE),
                                        TLS_UP};
    static const char redirect[] = "\0\x11\x0credirect_url\x03"
                                   "db2";
    static char state[5000 + sizeof redirect - 1] = "\x09\xfc\x84\x13"; /* 4996 bytes of a kind */
    struct buffer ok = {0};
    memcpy(state + 5000, redirect, sizeof redirect - 1);
    buffer_append(&ok, "\0\0\0\x02\x40\0\0\0\xfc", 9);
    buffer_append_u16le(&ok, sizeof state);
    buffer_append(&ok, state, sizeof state);
    const struct step answer = {SPEAKER_SERVER,
                                {3, (const char *)buffer_content(&ok), buffer_length(&ok)}};
    struct conversation talk;
    conversation_open(&talk, &proto_mysql, PROTO_PLAN_TLS);
    for (size_t i = 0; i < COUNT(steps); i++)
        conversation_step(&talk, &steps[i], 0);
    conversation_step(&talk, &answer, -1);
    CHECK_NUMBER(talk.verdict, PROTO_REFUSE);
    CHECK_NUMBER(talk.session.error.code, ODBCSSL_ERROR_ROUTING);
    conversation_close(&talk);
    buffer_free(&ok);
}

/* The server's end that follows is then expected, and its words stand. */
CASE("a refused login is noted")
{
    static const struct step refusal = SERVER(3, ERR_DENIED);
    struct conversation talk;
    open_in_login(&talk);
    CHECK(!talk.session.is_login_refused);
    conversation_step(&talk, &refusal, 0);
    CHECK(talk.session.is_login_refused);
    CHECK(!error_is_set(&talk.session.error));
    conversation_close(&talk);
}

SUITE("mysql", NULL, NULL)
