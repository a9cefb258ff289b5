#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mysql_packet.h"
#include "proto/mysql_password.h"
#include "proto/proto.h"
#include "support/suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ----- scenarios: packets go in at both sides, packets come out, and a verdict ----- */

enum step_kind { STEP_NONE, STEP_SERVER, STEP_DRIVER, STEP_SERVER_RAW, STEP_DRIVER_RAW, STEP_TLS };

/* A packet with its header left out, or (RAW) bytes as they are. */
struct packet {
    uint8_t sequence;
    const char *payload;
    size_t size;
};

struct step {
    enum step_kind kind;
    struct packet packet;
};

#define BYTES(text) text, sizeof(text) - 1
#define PACKET(sequence, text)                                                                     \
    {                                                                                              \
        sequence, BYTES(text)                                                                      \
    }
#define SERVER(sequence, text)                                                                     \
    {                                                                                              \
        STEP_SERVER, PACKET(sequence, text)                                                        \
    }
#define DRIVER(sequence, text)                                                                     \
    {                                                                                              \
        STEP_DRIVER, PACKET(sequence, text)                                                        \
    }
#define SERVER_RAW(text)                                                                           \
    {                                                                                              \
        STEP_SERVER_RAW, PACKET(0, text)                                                           \
    }
#define DRIVER_RAW(text)                                                                           \
    {                                                                                              \
        STEP_DRIVER_RAW, PACKET(0, text)                                                           \
    }
#define TLS_UP                                                                                     \
    {                                                                                              \
        STEP_TLS,                                                                                  \
        {                                                                                          \
            0, NULL, 0                                                                             \
        }                                                                                          \
    }

struct scenario {
    const char *name;
    enum proto_plan plan;
    struct step steps[10];
    enum proto_verdict verdict; /* the last one that is not PROTO_CONTINUE, if there is one */
    struct packet to_driver[6]; /* ended by payload NULL */
    struct packet to_server[6];
    enum odbcssl_error code;
    const char *error_part;
    bool are_outputs_open; /* what went out before the refusal depends on the cuts */
};

#define SCRAMBLE_END "IJKLMNOPQRST\0"
#define GREETING_START                                                                             \
    "\x0a"                                                                                         \
    "5.5.5-10.11.19-MariaDB\0"                                                                     \
    "\x07\0\0\0"                                                                                   \
    "ABCDEFGH\0"
/* The last four reserved bytes are MariaDB's extended capabilities. */
#define GREETING_END(plugin)                                                                       \
    "\x2d\x02\0"                                                                                   \
    "\xff\x81"                                                                                     \
    "\x15"                                                                                         \
    "\0\0\0\0\0\0\x1d\0\0\0" SCRAMBLE_END plugin "\0"
#define GREETING_TLS GREETING_START "\xfe\xff" GREETING_END("mysql_native_password")
#define GREETING_PLAIN GREETING_START "\xfe\xf7" GREETING_END("mysql_native_password")
#define GREETING_MYSQL                                                                             \
    "\x0a"                                                                                         \
    "8.4.5\0"                                                                                      \
    "\x07\0\0\0"                                                                                   \
    "ABCDEFGH\0"                                                                                   \
    "\xff\xff"                                                                                     \
    "\xff\x02\0"                                                                                   \
    "\xff\xdf"                                                                                     \
    "\x15"                                                                                         \
    "\0\0\0\0\0\0\0\0\0\0" SCRAMBLE_END "caching_sha2_password\0"

#define FIXED_REST                                                                                 \
    "\0\0\0\x40"                                                                                   \
    "\x2d"                                                                                         \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"                                                       \
    "\x1d\0\0\0"
#define FIXED "\x85\xa2\x3a\0" FIXED_REST
#define FIXED_TLS "\x85\xaa\x3a\0" FIXED_REST
#define FIXED_FACTORS "\x85\xa2\x3a\x10" FIXED_REST
#define DIGEST20 "01234567890123456789"
#define DIGEST32 "01234567890123456789012345678901"
#define LOGIN(plugin, proof)                                                                       \
    "anna\0" proof plugin "\0"                                                                     \
    "\x05\x01"                                                                                     \
    "k"                                                                                            \
    "\x02"                                                                                         \
    "vv"
#define NATIVE LOGIN("mysql_native_password", "\x14" DIGEST20)
#define CACHING LOGIN("caching_sha2_password", "\x20" DIGEST32)

#define OK "\0\0\0\x02\0\0\0"
#define ERR_DENIED "\xff\x15\x04#28000Access denied for user 'anna'"
#define ERR_TRANSPORT "\xff\x57\x0c#HY000Connections using insecure transport are prohibited"
#define ERR_MANY "\xff\x10\x04Too many\n connections"
#define SWITCH(plugin)                                                                             \
    "\xfe" plugin "\0"                                                                             \
    "abcdefghijklmnopqrst\0"

static const struct scenario logins[] = {
    {"login through TLS: the response waits, later packets are renumbered",
     PROTO_PLAN_TLS,
     {SERVER(0, GREETING_TLS), DRIVER(1, FIXED NATIVE), TLS_UP, SERVER(3, OK)},
     PROTO_LOGGED_IN,
     {PACKET(0, GREETING_PLAIN), PACKET(2, OK)},
     {PACKET(1, FIXED_TLS), PACKET(2, FIXED_TLS NATIVE)},
     ODBCSSL_ERROR_NONE,
     NULL,
     false},
    {"another plugin is asked for, with an empty answer",
     PROTO_PLAN_TLS,
     {SERVER(0, GREETING_TLS), DRIVER(1, FIXED NATIVE), TLS_UP, SERVER(3, SWITCH("client_ed25519")),
      DRIVER(3, ""), SERVER(5, OK)},
     PROTO_LOGGED_IN,
     {PACKET(0, GREETING_PLAIN), PACKET(2, SWITCH("client_ed25519")), PACKET(4, OK)},
     {PACKET(1, FIXED_TLS), PACKET(2, FIXED_TLS NATIVE), PACKET(4, "")},
     ODBCSSL_ERROR_NONE,
     NULL,
     false},
    {"authentication data may hold what looks like OK or ERR; a dialog's 0x02 and 0x04 are data",
     PROTO_PLAN_TLS,
     {SERVER(0, GREETING_TLS), DRIVER(1, FIXED NATIVE), TLS_UP, SERVER(3, "\x01\0\xff\xfe"),
      DRIVER(3, "\0x"), SERVER(5, "\x02Password: "), DRIVER(5, "\xffsecret"), SERVER(7, OK)},
     PROTO_LOGGED_IN,
     {PACKET(0, GREETING_PLAIN), PACKET(2, "\x01\0\xff\xfe"), PACKET(4, "\x02Password: "),
      PACKET(6, OK)},
     {PACKET(1, FIXED_TLS), PACKET(2, FIXED_TLS NATIVE), PACKET(4, "\0x"), PACKET(6, "\xffsecret")},
     ODBCSSL_ERROR_NONE,
     NULL,
     false},
    {"caching_sha2: the password travels in TLS only, and may",
     PROTO_PLAN_TLS,
     {SERVER(0, GREETING_MYSQL), DRIVER(1, FIXED CACHING), TLS_UP, SERVER(3, "\x01\x04"),
      DRIVER(3, "geheim\0"), SERVER(5, OK)},
     PROTO_LOGGED_IN,
     {PACKET(0, "\x0a"
                "8.4.5\0"
                "\x07\0\0\0"
                "ABCDEFGH\0"
                "\xff\xf7"
                "\xff\x02\0"
                "\xff\xdf"
                "\x15"
                "\0\0\0\0\0\0\0\0\0\0" SCRAMBLE_END "caching_sha2_password\0"),
      PACKET(2, "\x01\x04"), PACKET(4, OK)},
     {PACKET(1, FIXED_TLS), PACKET(2, FIXED_TLS CACHING), PACKET(4, "geheim\0")},
     ODBCSSL_ERROR_NONE,
     NULL,
     false},
    {"two packets of the server in a row, and commands after OK as they are",
     PROTO_PLAN_TLS,
     {SERVER(0, GREETING_TLS), DRIVER(1, FIXED CACHING), TLS_UP, SERVER(3, "\x01\x03"),
      SERVER(4, OK), DRIVER(0, "\x03select 1"), SERVER(1, "\x01")},
     PROTO_LOGGED_IN,
     {PACKET(0, GREETING_PLAIN), PACKET(2, "\x01\x03"), PACKET(3, OK), PACKET(1, "\x01")},
     {PACKET(1, FIXED_TLS), PACKET(2, FIXED_TLS CACHING), PACKET(0, "\x03select 1")},
     ODBCSSL_ERROR_NONE,
     NULL,
     false},
    {"a failed login reaches the driver, and is no reason for anything else",
     PROTO_PLAN_TLS,
     {SERVER(0, GREETING_TLS), DRIVER(1, FIXED NATIVE), TLS_UP, SERVER(3, ERR_DENIED)},
     PROTO_START_TLS,
     {PACKET(0, GREETING_PLAIN), PACKET(2, ERR_DENIED)},
     {PACKET(1, FIXED_TLS), PACKET(2, FIXED_TLS NATIVE)},
     ODBCSSL_ERROR_NONE,
     NULL,
     false},
    {"plaintext: nothing is changed",
     PROTO_PLAN_PLAINTEXT,
     {SERVER(0, GREETING_TLS), DRIVER(1, FIXED NATIVE), SERVER(2, SWITCH("client_ed25519")),
      DRIVER(3, "signature"), SERVER(4, OK)},
     PROTO_LOGGED_IN,
     {PACKET(0, GREETING_TLS), PACKET(2, SWITCH("client_ed25519")), PACKET(4, OK)},
     {PACKET(1, FIXED NATIVE), PACKET(3, "signature")},
     ODBCSSL_ERROR_NONE,
     NULL,
     false},
    {"plaintext: a failed login (also REQUIRE SSL) does not lead to another attempt",
     PROTO_PLAN_PLAINTEXT,
     {SERVER(0, GREETING_TLS), DRIVER(1, FIXED NATIVE), SERVER(2, ERR_DENIED)},
     PROTO_CONTINUE,
     {PACKET(0, GREETING_TLS), PACKET(2, ERR_DENIED)},
     {PACKET(1, FIXED NATIVE)},
     ODBCSSL_ERROR_NONE,
     NULL,
     false},
    {"plaintext: after the password was judged, no ERR is a reason to go on",
     PROTO_PLAN_PLAINTEXT,
     {SERVER(0, GREETING_TLS), DRIVER(1, FIXED NATIVE), SERVER(2, SWITCH("client_ed25519")),
      DRIVER(3, "signature"), SERVER(4, ERR_TRANSPORT)},
     PROTO_CONTINUE,
     {PACKET(0, GREETING_TLS), PACKET(2, SWITCH("client_ed25519")), PACKET(4, ERR_TRANSPORT)},
     {PACKET(1, FIXED NATIVE), PACKET(3, "signature")},
     ODBCSSL_ERROR_NONE,
     NULL,
     false},
    {"direct: TLS is up already, nothing is changed",
     PROTO_PLAN_DIRECT,
     {TLS_UP, SERVER(0, GREETING_TLS), DRIVER(1, FIXED NATIVE),
      SERVER(2, SWITCH("mysql_clear_password")), DRIVER(3, "geheim\0"), SERVER(4, OK)},
     PROTO_LOGGED_IN,
     {PACKET(0, GREETING_TLS), PACKET(2, SWITCH("mysql_clear_password")), PACKET(4, OK)},
     {PACKET(1, FIXED NATIVE), PACKET(3, "geheim\0")},
     ODBCSSL_ERROR_NONE,
     NULL,
     false},
};

static const struct scenario refusals[] = {
    {"a server without TLS",
     PROTO_PLAN_TLS,
     {SERVER(0, GREETING_PLAIN)},
     PROTO_NO_TLS,
     {{0}},
     {{0}},
     ODBCSSL_ERROR_SERVER_WITHOUT_TLS,
     "(version 10.11.19-MariaDB)",
     false},
    {"ERR in place of the greeting is passed on, and its text is made harmless",
     PROTO_PLAN_TLS,
     {SERVER(1, ERR_MANY)},
     PROTO_REJECTED,
     {PACKET(1, ERR_MANY)},
     {{0}},
     ODBCSSL_ERROR_CONNECT,
     "1040 Too many? connections",
     false},
    {"plaintext: ERR in place of the greeting",
     PROTO_PLAN_PLAINTEXT,
     {SERVER(0, ERR_MANY)},
     PROTO_REJECTED,
     {PACKET(0, ERR_MANY)},
     {{0}},
     ODBCSSL_ERROR_CONNECT,
     "1040",
     false},
    {"plaintext: the server wants TLS",
     PROTO_PLAN_PLAINTEXT,
     {SERVER(0, GREETING_TLS), DRIVER(1, FIXED NATIVE), SERVER(2, ERR_TRANSPORT)},
     PROTO_NEEDS_TLS,
     {PACKET(0, GREETING_TLS)},
     {PACKET(1, FIXED NATIVE)},
     ODBCSSL_ERROR_SERVER_REQUIRES_TLS,
     "3159 Connections using insecure transport",
     false},
    {"TLS: ERR 3159 is the driver's to tell",
     PROTO_PLAN_TLS,
     {SERVER(0, GREETING_TLS), DRIVER(1, FIXED NATIVE), TLS_UP, SERVER(3, ERR_TRANSPORT)},
     PROTO_START_TLS,
     {PACKET(0, GREETING_PLAIN), PACKET(2, ERR_TRANSPORT)},
     {PACKET(1, FIXED_TLS), PACKET(2, FIXED_TLS NATIVE)},
     ODBCSSL_ERROR_NONE,
     NULL,
     false},
    {"bytes behind the greeting",
     PROTO_PLAN_TLS,
     {SERVER(0, GREETING_TLS), SERVER(2, OK), DRIVER(1, FIXED NATIVE)},
     PROTO_REFUSE,
     {{0}},
     {{0}},
     ODBCSSL_ERROR_EARLY_PLAINTEXT,
     "unencrypted",
     true},
    {"one byte behind the greeting",
     PROTO_PLAN_TLS,
     {SERVER(0, GREETING_TLS), SERVER_RAW("\x16")},
     PROTO_REFUSE,
     {{0}},
     {{0}},
     ODBCSSL_ERROR_EARLY_PLAINTEXT,
     "unencrypted",
     true},
    {"bytes while the handshake is to begin",
     PROTO_PLAN_TLS,
     {SERVER(0, GREETING_TLS), DRIVER(1, FIXED NATIVE), SERVER(2, OK)},
     PROTO_REFUSE,
     {PACKET(0, GREETING_PLAIN)},
     {PACKET(1, FIXED_TLS)},
     ODBCSSL_ERROR_EARLY_PLAINTEXT,
     "unencrypted",
     false},
    {"plaintext: the server goes on unasked",
     PROTO_PLAN_PLAINTEXT,
     {SERVER(0, GREETING_TLS), SERVER(2, OK), DRIVER(1, FIXED NATIVE)},
     PROTO_REFUSE,
     {PACKET(0, GREETING_TLS)},
     {{0}},
     ODBCSSL_ERROR_PROTOCOL,
     "went on",
     false},
    {"the driver asks for TLS of its own",
     PROTO_PLAN_TLS,
     {SERVER(0, GREETING_TLS), DRIVER(1, FIXED_TLS)},
     PROTO_REFUSE,
     {PACKET(0, GREETING_PLAIN)},
     {{0}},
     ODBCSSL_ERROR_PROTOCOL,
     "TLS of its own",
     false},
    {"plaintext: the driver asks for TLS of its own",
     PROTO_PLAN_PLAINTEXT,
     {SERVER(0, GREETING_TLS), DRIVER(1, FIXED_TLS)},
     PROTO_REFUSE,
     {PACKET(0, GREETING_TLS)},
     {{0}},
     ODBCSSL_ERROR_PROTOCOL,
     "FORCETLS",
     false},
    {"direct: the driver asks for TLS of its own",
     PROTO_PLAN_DIRECT,
     {SERVER(0, GREETING_TLS), DRIVER(1, FIXED_TLS NATIVE)},
     PROTO_REFUSE,
     {PACKET(0, GREETING_TLS)},
     {{0}},
     ODBCSSL_ERROR_PROTOCOL,
     "TLS of its own",
     false},
    {"a response of MySQL 4.0",
     PROTO_PLAN_TLS,
     {SERVER(0, GREETING_TLS), DRIVER(1, "\x85\xa0\0\0\x01"
                                         "anna\0"
                                         "password\0"
                                         "database\0 long")},
     PROTO_REFUSE,
     {PACKET(0, GREETING_PLAIN)},
     {{0}},
     ODBCSSL_ERROR_PROTOCOL,
     "MySQL 4.0",
     false},
    {"an SSLRequest of MySQL 4.0",
     PROTO_PLAN_TLS,
     {SERVER(0, GREETING_TLS), DRIVER(1, "\x85\xa8\0\0\x01")},
     PROTO_REFUSE,
     {PACKET(0, GREETING_PLAIN)},
     {{0}},
     ODBCSSL_ERROR_PROTOCOL,
     "MySQL 4.0",
     false},
    {"a response that is cut short",
     PROTO_PLAN_TLS,
     {SERVER(0, GREETING_TLS), DRIVER(1, "\x85\xa2\x3a\0\0\0\0\x40")},
     PROTO_REFUSE,
     {PACKET(0, GREETING_PLAIN)},
     {{0}},
     ODBCSSL_ERROR_PROTOCOL,
     "malformed",
     false},
    {"an empty response",
     PROTO_PLAN_PLAINTEXT,
     {SERVER(0, GREETING_TLS), DRIVER(1, "")},
     PROTO_REFUSE,
     {PACKET(0, GREETING_TLS)},
     {{0}},
     ODBCSSL_ERROR_PROTOCOL,
     "malformed",
     false},
    {"plaintext: a response whose proof runs past its end",
     PROTO_PLAN_PLAINTEXT,
     {SERVER(0, GREETING_TLS), DRIVER(1, FIXED "anna\0"
                                               "\xfd\xff\xff\xff")},
     PROTO_REFUSE,
     {PACKET(0, GREETING_TLS)},
     {{0}},
     ODBCSSL_ERROR_PROTOCOL,
     "malformed",
     false},
    {"a response that is too long",
     PROTO_PLAN_TLS,
     {SERVER(0, GREETING_TLS), DRIVER_RAW("\xff\xff\xff\x01")},
     PROTO_REFUSE,
     {PACKET(0, GREETING_PLAIN)},
     {{0}},
     ODBCSSL_ERROR_PROTOCOL,
     "no answer",
     false},
    {"a response with a wrong number",
     PROTO_PLAN_TLS,
     {SERVER(0, GREETING_TLS), DRIVER(0, FIXED NATIVE)},
     PROTO_REFUSE,
     {PACKET(0, GREETING_PLAIN)},
     {{0}},
     ODBCSSL_ERROR_PROTOCOL,
     "no answer",
     false},
    {"a driver of another protocol speaks first",
     PROTO_PLAN_TLS,
     {DRIVER_RAW("\0\0\0\x08\x04\xd2\x16\x2f")},
     PROTO_REFUSE,
     {{0}},
     {{0}},
     ODBCSSL_ERROR_PROTOCOL,
     "does not use the MySQL protocol",
     false},
    {"a server of another protocol",
     PROTO_PLAN_TLS,
     {SERVER_RAW("SSH-2.0-OpenSSH_9.2p1\r\n")},
     PROTO_REFUSE,
     {{0}},
     {{0}},
     ODBCSSL_ERROR_PROTOCOL,
     "does not speak",
     false},
    {"a greeting of another version",
     PROTO_PLAN_TLS,
     {SERVER(0, "\x09"
                "3.20\0\x01\0\0\0"
                "ABCDEFGH\0")},
     PROTO_REFUSE,
     {{0}},
     {{0}},
     ODBCSSL_ERROR_PROTOCOL,
     "does not speak",
     false},
    {"an empty greeting",
     PROTO_PLAN_TLS,
     {SERVER(0, "")},
     PROTO_REFUSE,
     {{0}},
     {{0}},
     ODBCSSL_ERROR_PROTOCOL,
     "does not speak",
     false},
    {"a greeting with no end to its version",
     PROTO_PLAN_PLAINTEXT,
     {SERVER(0, "\x0a"
                "10.11")},
     PROTO_REFUSE,
     {{0}},
     {{0}},
     ODBCSSL_ERROR_PROTOCOL,
     "does not speak",
     false},
    {"a greeting before 4.1 has no TLS",
     PROTO_PLAN_TLS,
     {SERVER(0, "\x0a"
                "3.23.58\0\x01\0\0\0"
                "ABCDEFGH\0"
                "\x2c\0")},
     PROTO_NO_TLS,
     {{0}},
     {{0}},
     ODBCSSL_ERROR_SERVER_WITHOUT_TLS,
     "(version 3.23.58)",
     false},
    {"a malformed ERR",
     PROTO_PLAN_TLS,
     {SERVER(0, GREETING_TLS), DRIVER(1, FIXED NATIVE), TLS_UP, SERVER(3, "\xff\x15")},
     PROTO_REFUSE,
     {PACKET(0, GREETING_PLAIN)},
     {PACKET(1, FIXED_TLS), PACKET(2, FIXED_TLS NATIVE)},
     ODBCSSL_ERROR_PROTOCOL,
     "malformed ERR",
     false},
};

#define RSA                                                                                        \
    "\x81"                                                                                         \
    "0123456\0"                                                                                    \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"                             \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define PLAIN_START(greeting, response) SERVER(0, greeting), DRIVER(1, FIXED response)
#define PLAIN_REFUSAL(name, response, server2, driver3)                                            \
    {                                                                                              \
        name, PROTO_PLAN_PLAINTEXT,                                                                \
            {PLAIN_START(GREETING_MYSQL, response), SERVER(2, server2), DRIVER(3, driver3)},       \
            PROTO_REFUSE, {PACKET(0, GREETING_MYSQL), PACKET(2, server2)},                         \
            {PACKET(1, FIXED response)}, ODBCSSL_ERROR_PLAINTEXT_LOGIN, "clear text", false        \
    }
#define PLAIN_PASS(name, response, server2, driver3)                                               \
    {                                                                                              \
        name, PROTO_PLAN_PLAINTEXT,                                                                \
            {PLAIN_START(GREETING_MYSQL, response), SERVER(2, server2), DRIVER(3, driver3)},       \
            PROTO_CONTINUE, {PACKET(0, GREETING_MYSQL), PACKET(2, server2)},                       \
            {PACKET(1, FIXED response), PACKET(3, driver3)}, ODBCSSL_ERROR_NONE, NULL, false       \
    }

static const struct scenario passwords[] = {
    PLAIN_REFUSAL("caching_sha2 in full: the password of a driver that trusts its Unix socket",
                  CACHING, "\x01\x04", "geheim\0"),
    PLAIN_REFUSAL("the server leaves out the marker of more data", CACHING, "\x04", "geheim\0"),
    PLAIN_REFUSAL("caching_sha2 in full after a switch", NATIVE, SWITCH("caching_sha2_password"),
                  "geheim\0"),
    PLAIN_REFUSAL("sha256_password after a switch", NATIVE, SWITCH("sha256_password"), "geheim\0"),
    PLAIN_REFUSAL("a password of one character", NATIVE, SWITCH("sha256_password"), "g\0"),
    PLAIN_PASS("caching_sha2: the driver asks for the server's key", CACHING, "\x01\x04", "\x02"),
    PLAIN_PASS("caching_sha2: encrypted with a key that the driver has", CACHING, "\x01\x04", RSA),
    PLAIN_PASS("caching_sha2 after a switch: a digest", NATIVE, SWITCH("caching_sha2_password"),
               DIGEST32),
    PLAIN_PASS("no password", NATIVE, SWITCH("caching_sha2_password"), "\0"),
    PLAIN_PASS("sha256_password: the driver asks for the server's key", NATIVE,
               SWITCH("sha256_password"), "\x01"),
    PLAIN_PASS("ed25519", NATIVE, SWITCH("client_ed25519"), "geheim\0"),
    PLAIN_PASS("a dialog asks on any connection", NATIVE, SWITCH("dialog"), "geheim\0"),
    PLAIN_PASS("0x02 is data to a driver without factors", NATIVE, "\x02mysql_clear_password\0",
               "x"),
    {"mysql_clear_password in the response",
     PROTO_PLAN_PLAINTEXT,
     {PLAIN_START(GREETING_MYSQL, LOGIN("mysql_clear_password", "\x07geheim\0"))},
     PROTO_REFUSE,
     {PACKET(0, GREETING_MYSQL)},
     {{0}},
     ODBCSSL_ERROR_PLAINTEXT_LOGIN,
     "mysql_clear_password",
     false},
    {"sha256_password in the response",
     PROTO_PLAN_PLAINTEXT,
     {PLAIN_START(GREETING_MYSQL, LOGIN("sha256_password", "\x07geheim\0"))},
     PROTO_REFUSE,
     {PACKET(0, GREETING_MYSQL)},
     {{0}},
     ODBCSSL_ERROR_PLAINTEXT_LOGIN,
     "sha256_password",
     false},
    {"mysql_clear_password after a switch: the driver is not even asked",
     PROTO_PLAN_PLAINTEXT,
     {PLAIN_START(GREETING_MYSQL, NATIVE), SERVER(2, SWITCH("MySQL_Clear_Password"))},
     PROTO_REFUSE,
     {PACKET(0, GREETING_MYSQL)},
     {PACKET(1, FIXED NATIVE)},
     ODBCSSL_ERROR_PLAINTEXT_LOGIN,
     "mysql_clear_password",
     false},
    {"mysql_clear_password as another factor",
     PROTO_PLAN_PLAINTEXT,
     {SERVER(0, GREETING_MYSQL), DRIVER(1, FIXED_FACTORS NATIVE),
      SERVER(2, "\x02mysql_clear_password\0")},
     PROTO_REFUSE,
     {PACKET(0, GREETING_MYSQL)},
     {PACKET(1, FIXED_FACTORS NATIVE)},
     ODBCSSL_ERROR_PLAINTEXT_LOGIN,
     "mysql_clear_password",
     false},
    {"a switch without an end to its name",
     PROTO_PLAN_PLAINTEXT,
     {PLAIN_START(GREETING_MYSQL, NATIVE), SERVER(2, "\xfe"
                                                     "mysql_clear_password")},
     PROTO_REFUSE,
     {PACKET(0, GREETING_MYSQL)},
     {PACKET(1, FIXED NATIVE)},
     ODBCSSL_ERROR_PROTOCOL,
     "AuthSwitchRequest",
     false},
};

/* ----- running them, as the relay would ----- */

struct bench {
    struct proto_session session;
    struct buffer driver;
    struct buffer server;
    enum proto_verdict verdict;
    size_t sent_in_plaintext; /* bytes for the server before TLS was up */
    bool is_tls_up;
};

static void
bench_open(struct bench *bench, enum proto_plan plan)
{
    *bench = (struct bench){.session = {.proto = &proto_mysql, .plan = plan}};
    CHECK_FATAL(proto_mysql.open(&bench->session));
    CHECK_NUMBER(proto_mysql.start(&bench->session), PROTO_CONTINUE);
}

static void
bench_close(struct bench *bench)
{
    proto_mysql.close(&bench->session);
    buffer_free(&bench->session.to_driver);
    buffer_free(&bench->session.to_server);
    buffer_free(&bench->driver);
    buffer_free(&bench->server);
}

static void
copy_all(struct buffer *from, struct buffer *to)
{
    CHECK_FATAL(buffer_append(to, buffer_content(from), buffer_length(from)));
    buffer_clear(from);
}

static void
note_verdict(struct bench *bench, enum proto_verdict verdict)
{
    if (verdict != PROTO_CONTINUE)
        bench->verdict = verdict;
    if (!bench->is_tls_up)
        bench->sent_in_plaintext = buffer_length(&bench->session.to_server);
}

static bool
is_over(const struct bench *bench)
{
    return bench->verdict != PROTO_CONTINUE && bench->verdict != PROTO_START_TLS &&
           bench->verdict != PROTO_LOGGED_IN;
}

static void
bench_feed(struct bench *bench, bool is_server, const void *bytes, size_t size)
{
    struct proto_session *session = &bench->session;
    struct buffer *input = is_server ? &bench->server : &bench->driver;
    CHECK_FATAL(buffer_append(input, bytes, size));
    bool is_opaque = is_server ? session->is_server_opaque : session->is_driver_opaque;
    if (!is_opaque)
        note_verdict(bench, is_server ? proto_mysql.from_server(session, input)
                                      : proto_mysql.from_driver(session, input));
    if (is_server ? session->is_server_opaque : session->is_driver_opaque)
        copy_all(input, is_server ? &session->to_driver : &session->to_server);
}

static void
append_packet(struct buffer *buffer, const struct packet *packet)
{
    CHECK_FATAL(mysql_append_header(buffer, packet->size, packet->sequence));
    CHECK_FATAL(buffer_append(buffer, packet->payload, packet->size));
}

/* Feeds the bytes of a step in parts: 0 at once; 1.. in two, cut there; -1 byte by byte. */
static void
feed_cut(struct bench *bench, bool is_server, const struct buffer *bytes, long cut)
{
    size_t done = 0, size = buffer_length(bytes);
    while (done < size && !is_over(bench)) {
        size_t part = size - done;
        if (cut < 0)
            part = 1;
        else if (done == 0 && cut > 0 && (size_t)cut < size)
            part = (size_t)cut;
        bench_feed(bench, is_server, buffer_content(bytes) + done, part);
        done += part;
    }
}

static void
run_step(struct bench *bench, const struct step *step, long cut)
{
    struct buffer bytes = {0};
    switch (step->kind) {
    case STEP_NONE:
        break;
    case STEP_TLS:
        bench->is_tls_up = true;
        note_verdict(bench, proto_mysql.tls_started(&bench->session));
        break;
    case STEP_SERVER:
    case STEP_DRIVER:
        append_packet(&bytes, &step->packet);
        feed_cut(bench, step->kind == STEP_SERVER, &bytes, cut);
        break;
    case STEP_SERVER_RAW:
    case STEP_DRIVER_RAW:
        CHECK_FATAL(buffer_append(&bytes, step->packet.payload, step->packet.size));
        feed_cut(bench, step->kind == STEP_SERVER_RAW, &bytes, cut);
        break;
    }
    buffer_free(&bytes);
}

static void
describe(const char *name, long cut, const char *what, const struct buffer *bytes, char *out,
         size_t out_size)
{
    int used = snprintf(out, out_size, "%s, cut %ld, %s:", name, cut, what);
    for (size_t i = 0; i < buffer_length(bytes) && (size_t)used + 4 < out_size; i++)
        used += snprintf(out + used, out_size - (size_t)used, " %02x", buffer_content(bytes)[i]);
}

static void
check_output(const struct scenario *scenario, long cut, const char *what,
             const struct buffer *found, const struct packet *wanted)
{
    char found_text[2048], wanted_text[2048];
    struct buffer bytes = {0};
    for (; wanted->payload != NULL; wanted++)
        append_packet(&bytes, wanted);
    describe(scenario->name, cut, what, found, found_text, sizeof found_text);
    describe(scenario->name, cut, what, &bytes, wanted_text, sizeof wanted_text);
    CHECK_TEXT(found_text, wanted_text);
    buffer_free(&bytes);
}

static void
check_scenario(const struct bench *bench, const struct scenario *scenario, long cut)
{
    char found[256], wanted[256];
    const struct proto_session *session = &bench->session;
    snprintf(found, sizeof found, "%s, cut %ld: verdict %d, error %d", scenario->name, cut,
             bench->verdict, session->error.code);
    snprintf(wanted, sizeof wanted, "%s, cut %ld: verdict %d, error %d", scenario->name, cut,
             scenario->verdict, scenario->code);
    CHECK_TEXT(found, wanted);
    if (scenario->error_part != NULL)
        CHECK_CONTAINS(session->error.text, scenario->error_part);
    if (scenario->plan == PROTO_PLAN_TLS && bench->sent_in_plaintext != 0)
        CHECK_NUMBER(bench->sent_in_plaintext, MYSQL_HEADER_SIZE + MYSQL_SSL_REQUEST_SIZE);
    if (scenario->are_outputs_open) {
        CHECK_NUMBER(buffer_length(&session->to_server), 0);
        return;
    }
    check_output(scenario, cut, "to the driver", &session->to_driver, scenario->to_driver);
    check_output(scenario, cut, "to the server", &session->to_server, scenario->to_server);
}

static void
run_scenario(const struct scenario *scenario, long cut)
{
    struct bench bench;
    bench_open(&bench, scenario->plan);
    for (size_t i = 0; i < COUNT(scenario->steps) && !is_over(&bench); i++)
        run_step(&bench, &scenario->steps[i], cut);
    check_scenario(&bench, scenario, cut);
    bench_close(&bench);
}

static void
run_scenarios(const struct scenario *scenarios, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t longest = 0;
        for (size_t k = 0; k < COUNT(scenarios[i].steps); k++)
            if (scenarios[i].steps[k].packet.size > longest)
                longest = scenarios[i].steps[k].packet.size;
        for (long cut = -1; cut < (long)(longest + MYSQL_HEADER_SIZE); cut++)
            run_scenario(&scenarios[i], cut);
    }
}

static void
test_logins(void)
{
    run_scenarios(logins, COUNT(logins));
}

static void
test_refusals(void)
{
    run_scenarios(refusals, COUNT(refusals));
}

static void
test_passwords(void)
{
    run_scenarios(passwords, COUNT(passwords));
}

/* ----- what a table cannot say ----- */

/* The greeting and what an attacker put behind it come in one piece, or cut anywhere. */
static void
test_early_bytes_in_one_piece(void)
{
    static const struct packet greeting = PACKET(0, GREETING_TLS);
    static const struct packet injected = PACKET(0, "\x03"
                                                    "drop table t");
    struct buffer bytes = {0};
    append_packet(&bytes, &greeting);
    append_packet(&bytes, &injected);
    for (long cut = -1; cut < (long)buffer_length(&bytes); cut++) {
        struct bench bench;
        bench_open(&bench, PROTO_PLAN_TLS);
        feed_cut(&bench, true, &bytes, cut);
        CHECK_NUMBER(bench.verdict, PROTO_REFUSE);
        CHECK_NUMBER(bench.session.error.code, ODBCSSL_ERROR_EARLY_PLAINTEXT);
        CHECK_NUMBER(buffer_length(&bench.session.to_server), 0);
        bench_close(&bench);
    }
    buffer_free(&bytes);
}

static const struct step to_login[] = {SERVER(0, GREETING_TLS), DRIVER(1, FIXED NATIVE), TLS_UP};

static void
bench_open_in_login(struct bench *bench)
{
    bench_open(bench, PROTO_PLAN_TLS);
    for (size_t i = 0; i < COUNT(to_login); i++)
        run_step(bench, &to_login[i], 0);
    buffer_clear(&bench->session.to_driver);
    buffer_clear(&bench->session.to_server);
}

/* Feeds a packet of the greatest length and one that ends it, whose bytes look like OK or ERR. */
static void
check_long_message(bool is_server, uint8_t sequence, unsigned char filler)
{
    struct bench bench;
    bench_open_in_login(&bench);
    struct buffer *output = is_server ? &bench.session.to_driver : &bench.session.to_server;
    int shift = is_server ? -1 : 1;
    static unsigned char chunk[65537];
    memset(chunk, filler, sizeof chunk);

    struct buffer header = {0};
    CHECK_FATAL(mysql_append_header(&header, MYSQL_PAYLOAD_MAXIMUM, sequence));
    feed_cut(&bench, is_server, &header, 0);
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
    append_packet(&header, &rest);
    feed_cut(&bench, is_server, &header, -1);
    CHECK_NUMBER(buffer_length(output), MYSQL_HEADER_SIZE + 3);
    CHECK_NUMBER(buffer_content(output)[3], sequence + 1 + shift);
    CHECK(!bench.session.is_server_opaque);
    buffer_free(&header);
    bench_close(&bench);
}

static void
test_long_messages(void)
{
    check_long_message(true, 3, MYSQL_MARKER_OK);
    check_long_message(true, 3, MYSQL_MARKER_ERROR);
    check_long_message(false, 3, MYSQL_MARKER_ERROR);
}

/* A dialog of more questions than a sequence number can count. */
static void
test_sequence_wraps(void)
{
    struct bench bench;
    bench_open_in_login(&bench);
    for (unsigned sequence = 3; sequence < 600; sequence += 2) {
        const struct step question = SERVER((uint8_t)sequence, "\x02?");
        const struct step answer = DRIVER((uint8_t)sequence, "!");
        run_step(&bench, &question, 0);
        CHECK_NUMBER(buffer_content(&bench.session.to_driver)[3], (uint8_t)(sequence - 1));
        run_step(&bench, &answer, 0);
        CHECK_NUMBER(buffer_content(&bench.session.to_server)[3], (uint8_t)(sequence + 1));
        buffer_clear(&bench.session.to_driver);
        buffer_clear(&bench.session.to_server);
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

static void
test_driver_is_told(void)
{
    for (size_t i = 0; i < COUNT(failures); i++) {
        struct bench bench;
        bench_open(&bench, PROTO_PLAN_TLS);
        for (size_t k = 0; k < COUNT(failures[i].steps); k++)
            run_step(&bench, &failures[i].steps[k], 0);
        buffer_clear(&bench.session.to_driver);
        proto_mysql.fail(&bench.session, FAIL_TEXT);
        proto_mysql.fail(&bench.session, FAIL_TEXT);
        const struct scenario scenario = {.name = failures[i].name};
        check_output(&scenario, 0, "to the driver", &bench.session.to_driver, failures[i].told);
        bench_close(&bench);
    }
}

/* An ERR that came in the middle of a packet would be read as the packet's end. */
static void
test_driver_is_not_told_within_a_packet(void)
{
    struct bench bench;
    bench_open_in_login(&bench);
    static unsigned char chunk[5000];
    const struct step header = SERVER_RAW("\xff\xff\x01\x03\x01");
    run_step(&bench, &header, 0);
    bench_feed(&bench, true, chunk, sizeof chunk);
    size_t passed = buffer_length(&bench.session.to_driver);
    CHECK(passed > 0);
    proto_mysql.fail(&bench.session, FAIL_TEXT);
    CHECK_NUMBER(buffer_length(&bench.session.to_driver), passed);
    bench_close(&bench);
}

/* After a refusal nothing goes on, whatever comes. */
static void
test_refusal_is_final(void)
{
    static const struct step more[] = {SERVER(0, GREETING_TLS), DRIVER(1, FIXED NATIVE)};
    struct bench bench;
    bench_open(&bench, PROTO_PLAN_TLS);
    const struct step greeting = SERVER(0, GREETING_PLAIN);
    run_step(&bench, &greeting, 0);
    CHECK_NUMBER(bench.verdict, PROTO_NO_TLS);
    for (size_t i = 0; i < COUNT(more); i++) {
        bench.verdict = PROTO_CONTINUE;
        run_step(&bench, &more[i], 0);
        CHECK_NUMBER(bench.verdict, PROTO_REFUSE);
    }
    CHECK_NUMBER(bench.session.error.code, ODBCSSL_ERROR_SERVER_WITHOUT_TLS);
    CHECK_NUMBER(buffer_length(&bench.session.to_driver), 0);
    CHECK_NUMBER(buffer_length(&bench.session.to_server), 0);
    bench_close(&bench);
}

/* The challenge is in the greeting and the proof in the answer: no fallback from then on. */
static void
test_credentials_are_noted(void)
{
    static const enum proto_plan plans[] = {PROTO_PLAN_PLAINTEXT, PROTO_PLAN_TLS,
                                            PROTO_PLAN_DIRECT};
    for (size_t i = 0; i < COUNT(plans); i++) {
        struct bench bench;
        bench_open(&bench, plans[i]);
        run_step(&bench, &to_login[0], 0);
        CHECK(!bench.session.is_credentials_asked);
        run_step(&bench, &to_login[1], 0);
        CHECK(bench.session.is_credentials_asked);
        CHECK_NUMBER(bench.session.kind, PROTO_SESSION_MAIN);
        bench_close(&bench);
    }
}

static const struct suite_case cases[] = {
    {"logins, cut everywhere", test_logins},
    {"refusals, cut everywhere", test_refusals},
    {"no password in clear text without TLS", test_passwords},
    {"bytes behind the greeting in one piece with it", test_early_bytes_in_one_piece},
    {"messages of several packets", test_long_messages},
    {"sequence numbers wrap", test_sequence_wraps},
    {"a driver is told that the session failed", test_driver_is_told},
    {"but not within a packet", test_driver_is_not_told_within_a_packet},
    {"a refusal is final", test_refusal_is_final},
    {"credentials are noted", test_credentials_are_noted},
    {NULL, NULL},
};

int
main(int argc, char **argv)
{
    const struct suite suites[] = {{"mysql", cases, NULL, NULL}, {0}};
    return suite_main(argc, argv, suites);
}
