/*
 * mysql_scenarios.c - tables of MySQL logins: what goes in, and what has to come of it.
 */
#include "unit/mysql_scenarios.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define LIST(...)                                                                                  \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define NOTHING LIST({0})
#define GREETED LIST(PACKET(0, GREETING_TLS))
#define GREETED_PLAIN LIST(PACKET(0, GREETING_PLAIN))
#define GREETED_MYSQL LIST(PACKET(0, GREETING_MYSQL))
#define ASKED LIST(PACKET(1, FIXED_TLS), PACKET(2, FIXED_TLS NATIVE))
#define TO_LOGIN SERVER(0, GREETING_TLS), DRIVER(1, FIXED NATIVE)
#define TO_TLS TO_LOGIN, TLS_UP
/* Name, plan, steps, verdict, what went to the driver and to the server; the error where there is
 * one. */
#define PASS(name_, plan_, steps_, verdict_, driver, server)                                       \
    {                                                                                              \
        .name = name_, .plan = PROTO_PLAN_##plan_, .steps = steps_, .verdict = PROTO_##verdict_,   \
        .to_driver = driver, .to_server = server                                                   \
    }
#define FAIL(name_, plan_, steps_, verdict_, driver, server, code, part)                           \
    {                                                                                              \
        .name = name_, .plan = PROTO_PLAN_##plan_, .steps = steps_, .verdict = PROTO_##verdict_,   \
        .to_driver = driver, .to_server = server, .error = ODBCSSL_ERROR_##code,                   \
        .error_part = part                                                                         \
    }
/* What went to the driver depends on the cuts. */
#define EARLY(name_, plan_, steps_, verdict_, code, part)                                          \
    {                                                                                              \
        .name = name_, .plan = PROTO_PLAN_##plan_, .steps = steps_, .verdict = PROTO_##verdict_,   \
        .error = ODBCSSL_ERROR_##code, .error_part = part, .are_outputs_open = true                \
    }

/* OK with a text and a state of the session: schema, that it changed, a kind that nobody knows, and
 * variables. */
#define OK_STATE(size, state) "\0\0\0\x02\x40\0\0\x02hi" size state
#define STATE                                                                                      \
    "\x01\x05\x04shop"                                                                             \
    "\x02\x01"                                                                                     \
    "1"                                                                                            \
    "\x09\x03"                                                                                     \
    "abc"                                                                                          \
    "\0\x0e\x0a"                                                                                   \
    "autocommit\x02ON"
#define OK_QUIET OK_STATE("\x2f", STATE "\0\x0e\x0credirect_url\0")
#define OK_REDIRECT OK_STATE("\x48", STATE "\0\x27\x0credirect_url\x19mysql://u:secret@db2:3306")
#define TRACKED SERVER(0, GREETING_TLS), DRIVER(1, FIXED_TRACK NATIVE)
#define TRACKED_ASKED LIST(PACKET(1, FIXED_TRACK_TLS), PACKET(2, FIXED_TRACK_TLS NATIVE))

static const struct scenario logins_rows[] = {
    PASS("a variable redirect_url that is empty", TLS, LIST(TRACKED, TLS_UP, SERVER(3, OK_QUIET)),
         LOGGED_IN, LIST(PACKET(0, GREETING_PLAIN), PACKET(2, OK_QUIET)), TRACKED_ASKED),
    PASS("an OK without a state of the session", TLS,
         LIST(TRACKED, TLS_UP, SERVER(3, "\0\0\0\x02\x40\0\0")), LOGGED_IN,
         LIST(PACKET(0, GREETING_PLAIN), PACKET(2, "\0\0\0\x02\x40\0\0")), TRACKED_ASKED),
    PASS("an OK with a text alone, and a number of eight bytes", TLS,
         LIST(TRACKED, TLS_UP, SERVER(3, "\0\0\xfe\1\2\3\4\5\6\7\x08\x02\x40\0\0\x02hi")),
         LOGGED_IN,
         LIST(PACKET(0, GREETING_PLAIN), PACKET(2, "\0\0\xfe\1\2\3\4\5\6\7\x08\x02\x40\0\0\x02hi")),
         TRACKED_ASKED),
    PASS("a driver that does not read the state of the session", TLS,
         LIST(TO_TLS, SERVER(3, OK_REDIRECT)), LOGGED_IN,
         LIST(PACKET(0, GREETING_PLAIN), PACKET(2, OK_REDIRECT)), ASKED),
    PASS("login through TLS: the response waits, later packets are renumbered", TLS,
         LIST(TO_TLS, SERVER(3, OK)), LOGGED_IN, LIST(PACKET(0, GREETING_PLAIN), PACKET(2, OK)),
         ASKED),
    PASS("another plugin is asked for, with an empty answer", TLS,
         LIST(TO_TLS, SERVER(3, SWITCH("client_ed25519")), DRIVER(3, ""), SERVER(5, OK)), LOGGED_IN,
         LIST(PACKET(0, GREETING_PLAIN), PACKET(2, SWITCH("client_ed25519")), PACKET(4, OK)),
         LIST(PACKET(1, FIXED_TLS), PACKET(2, FIXED_TLS NATIVE), PACKET(4, ""))),
    PASS(
        "authentication data may hold what looks like OK or ERR; a dialog's 0x02 and 0x04 are data",
        TLS,
        LIST(TO_TLS, SERVER(3, "\x01\0\xff\xfe"), DRIVER(3, "\0x"), SERVER(5, "\x02Password: "),
             DRIVER(5, "\xffsecret"), SERVER(7, OK)),
        LOGGED_IN,
        LIST(PACKET(0, GREETING_PLAIN), PACKET(2, "\x01\0\xff\xfe"), PACKET(4, "\x02Password: "),
             PACKET(6, OK)),
        LIST(PACKET(1, FIXED_TLS), PACKET(2, FIXED_TLS NATIVE), PACKET(4, "\0x"),
             PACKET(6, "\xffsecret"))),
    PASS("caching_sha2: the password travels in TLS only, and may", TLS,
         LIST(SERVER(0, GREETING_MYSQL), DRIVER(1, FIXED CACHING), TLS_UP, SERVER(3, "\x01\x04"),
              DRIVER(3, "geheim\0"), SERVER(5, OK)),
         LOGGED_IN, LIST(PACKET(0, GREETING_MYSQL_PLAIN), PACKET(2, "\x01\x04"), PACKET(4, OK)),
         LIST(PACKET(1, FIXED_TLS), PACKET(2, FIXED_TLS CACHING), PACKET(4, "geheim\0"))),
    PASS("two packets of the server in a row, and commands after OK as they are", TLS,
         LIST(SERVER(0, GREETING_TLS), DRIVER(1, FIXED CACHING), TLS_UP, SERVER(3, "\x01\x03"),
              SERVER(4, OK), DRIVER(0, "\x03select 1"), SERVER(1, "\x01")),
         LOGGED_IN,
         LIST(PACKET(0, GREETING_PLAIN), PACKET(2, "\x01\x03"), PACKET(3, OK), PACKET(1, "\x01")),
         LIST(PACKET(1, FIXED_TLS), PACKET(2, FIXED_TLS CACHING), PACKET(0, "\x03select 1"))),
    PASS("a failed login reaches the driver, and is no reason for anything else", TLS,
         LIST(TO_TLS, SERVER(3, ERR_DENIED)), START_TLS,
         LIST(PACKET(0, GREETING_PLAIN), PACKET(2, ERR_DENIED)), ASKED),
    PASS("plaintext: nothing is changed", PLAINTEXT,
         LIST(TO_LOGIN, SERVER(2, SWITCH("client_ed25519")), DRIVER(3, "signature"), SERVER(4, OK)),
         LOGGED_IN,
         LIST(PACKET(0, GREETING_TLS), PACKET(2, SWITCH("client_ed25519")), PACKET(4, OK)),
         LIST(PACKET(1, FIXED NATIVE), PACKET(3, "signature"))),
    PASS("plaintext: a failed login (also REQUIRE SSL) does not lead to another attempt", PLAINTEXT,
         LIST(TO_LOGIN, SERVER(2, ERR_DENIED)), CONTINUE,
         LIST(PACKET(0, GREETING_TLS), PACKET(2, ERR_DENIED)), LIST(PACKET(1, FIXED NATIVE))),
    PASS("plaintext: after the password was judged, no ERR is a reason to go on", PLAINTEXT,
         LIST(TO_LOGIN, SERVER(2, SWITCH("client_ed25519")), DRIVER(3, "signature"),
              SERVER(4, ERR_TRANSPORT)),
         CONTINUE,
         LIST(PACKET(0, GREETING_TLS), PACKET(2, SWITCH("client_ed25519")),
              PACKET(4, ERR_TRANSPORT)),
         LIST(PACKET(1, FIXED NATIVE), PACKET(3, "signature"))),
    PASS("direct: TLS is up already, nothing is changed", DIRECT,
         LIST(TLS_UP, TO_LOGIN, SERVER(2, SWITCH("mysql_clear_password")), DRIVER(3, "geheim\0"),
              SERVER(4, OK)),
         LOGGED_IN,
         LIST(PACKET(0, GREETING_TLS), PACKET(2, SWITCH("mysql_clear_password")), PACKET(4, OK)),
         LIST(PACKET(1, FIXED NATIVE), PACKET(3, "geheim\0"))),
};

static const struct scenario refusals_rows[] = {
    FAIL("a server without TLS", TLS, LIST(SERVER(0, GREETING_PLAIN)), NO_TLS, NOTHING, NOTHING,
         SERVER_WITHOUT_TLS, "(version 10.11.19-MariaDB)"),
    FAIL("ERR in place of the greeting is passed on, and its text is made harmless", TLS,
         LIST(SERVER(1, ERR_MANY)), REJECTED, LIST(PACKET(1, ERR_MANY)), NOTHING, CONNECT,
         "1040 Too many\\u000A connections"),
    FAIL("plaintext: ERR in place of the greeting", PLAINTEXT, LIST(SERVER(0, ERR_MANY)), REJECTED,
         LIST(PACKET(0, ERR_MANY)), NOTHING, CONNECT, "1040"),
    FAIL("plaintext: the server wants TLS", PLAINTEXT, LIST(TO_LOGIN, SERVER(2, ERR_TRANSPORT)),
         NEEDS_TLS, GREETED, LIST(PACKET(1, FIXED NATIVE)), SERVER_REQUIRES_TLS,
         "3159 Connections using insecure transport"),
    FAIL("plaintext: the server wants TLS before it greets", PLAINTEXT,
         LIST(SERVER(0, ERR_TRANSPORT)), NEEDS_TLS, NOTHING, NOTHING, SERVER_REQUIRES_TLS,
         "3159 Connections using insecure transport"),
    PASS("TLS: ERR 3159 is the driver's to tell", TLS, LIST(TO_TLS, SERVER(3, ERR_TRANSPORT)),
         START_TLS, LIST(PACKET(0, GREETING_PLAIN), PACKET(2, ERR_TRANSPORT)), ASKED),
    EARLY("bytes behind the greeting", TLS,
          LIST(SERVER(0, GREETING_TLS), SERVER(2, OK), DRIVER(1, FIXED NATIVE)), REFUSE,
          EARLY_PLAINTEXT, "unencrypted"),
    EARLY("one byte behind the greeting", TLS, LIST(SERVER(0, GREETING_TLS), SERVER_RAW("\x16")),
          REFUSE, EARLY_PLAINTEXT, "unencrypted"),
    FAIL("bytes while the handshake is to begin", TLS, LIST(TO_LOGIN, SERVER(2, OK)), REFUSE,
         GREETED_PLAIN, LIST(PACKET(1, FIXED_TLS)), EARLY_PLAINTEXT, "unencrypted"),
    FAIL("plaintext: the server goes on unasked", PLAINTEXT,
         LIST(SERVER(0, GREETING_TLS), SERVER(2, OK), DRIVER(1, FIXED NATIVE)), REFUSE, GREETED,
         NOTHING, PROTOCOL, "went on"),
    FAIL("the driver asks for TLS of its own", TLS,
         LIST(SERVER(0, GREETING_TLS), DRIVER(1, FIXED_TLS)), REFUSE, GREETED_PLAIN, NOTHING,
         PROTOCOL, "TLS of its own"),
    FAIL("plaintext: the driver asks for TLS of its own", PLAINTEXT,
         LIST(SERVER(0, GREETING_TLS), DRIVER(1, FIXED_TLS)), REFUSE, GREETED, NOTHING, PROTOCOL,
         "FORCETLS"),
    FAIL("direct: the driver asks for TLS of its own", DIRECT,
         LIST(SERVER(0, GREETING_TLS), DRIVER(1, FIXED_TLS NATIVE)), REFUSE, GREETED, NOTHING,
         PROTOCOL, "TLS of its own"),
    FAIL("a response of MySQL 4.0", TLS,
         LIST(SERVER(0, GREETING_TLS), DRIVER(1, "\x85\xa0\0\0\x01"
                                                 "anna\0"
                                                 "password\0"
                                                 "database\0 long")),
         REFUSE, GREETED_PLAIN, NOTHING, PROTOCOL, "MySQL 4.0"),
    FAIL("an SSLRequest of MySQL 4.0", TLS,
         LIST(SERVER(0, GREETING_TLS), DRIVER(1, "\x85\xa8\0\0\x01")), REFUSE, GREETED_PLAIN,
         NOTHING, PROTOCOL, "MySQL 4.0"),
    FAIL("a response that is cut short", TLS,
         LIST(SERVER(0, GREETING_TLS), DRIVER(1, "\x85\xa2\x3a\0\0\0\0\x40")), REFUSE,
         GREETED_PLAIN, NOTHING, PROTOCOL, "malformed"),
    FAIL("an empty response", PLAINTEXT, LIST(SERVER(0, GREETING_TLS), DRIVER(1, "")), REFUSE,
         GREETED, NOTHING, PROTOCOL, "malformed"),
    FAIL("plaintext: a response whose proof runs past its end", PLAINTEXT,
         LIST(SERVER(0, GREETING_TLS), DRIVER(1, FIXED "anna\0"
                                                       "\xfd\xff\xff\xff")),
         REFUSE, GREETED, NOTHING, PROTOCOL, "malformed"),
    FAIL("a response that is too long", TLS,
         LIST(SERVER(0, GREETING_TLS), DRIVER_RAW("\xff\xff\xff\x01")), REFUSE, GREETED_PLAIN,
         NOTHING, PROTOCOL, "no answer"),
    FAIL("a response with a wrong number", TLS,
         LIST(SERVER(0, GREETING_TLS), DRIVER(0, FIXED NATIVE)), REFUSE, GREETED_PLAIN, NOTHING,
         PROTOCOL, "no answer"),
    FAIL("a driver of another protocol speaks first", TLS,
         LIST(DRIVER_RAW("\0\0\0\x08\x04\xd2\x16\x2f")), REFUSE, NOTHING, NOTHING, PROTOCOL,
         "does not use the MySQL protocol"),
    FAIL("a server of another protocol", TLS, LIST(SERVER_RAW("SSH-2.0-OpenSSH_9.2p1\r\n")), REFUSE,
         NOTHING, NOTHING, PROTOCOL, "it began with \"SSH-"),
    FAIL("a greeting of another version", TLS,
         LIST(SERVER(0, "\x09"
                        "3.20\0\x01\0\0\0"
                        "ABCDEFGH\0")),
         REFUSE, NOTHING, NOTHING, PROTOCOL, "it began with \"\\x13"),
    FAIL("a greeting that is not the first packet", TLS, LIST(SERVER(1, GREETING_TLS)), REFUSE,
         NOTHING, NOTHING, PROTOCOL, "not a MySQL or MariaDB server: it began with"),
    FAIL("an empty greeting", TLS, LIST(SERVER(0, "")), REFUSE, NOTHING, NOTHING, PROTOCOL,
         "it began with \"\\x00"),
    FAIL("a greeting with no end to its version", PLAINTEXT,
         LIST(SERVER(0, "\x0a"
                        "10.11")),
         REFUSE, NOTHING, NOTHING, PROTOCOL, "greeting is malformed"),
    FAIL("a greeting before 4.1 has no TLS", TLS,
         LIST(SERVER(0, "\x0a"
                        "3.23.58\0\x01\0\0\0"
                        "ABCDEFGH\0"
                        "\x2c\0")),
         NO_TLS, NOTHING, NOTHING, SERVER_WITHOUT_TLS, "(version 3.23.58)"),
    FAIL("the server sends the driver elsewhere, and a password in that is not told", TLS,
         LIST(TRACKED, TLS_UP, SERVER(3, OK_REDIRECT)), REFUSE, GREETED_PLAIN, TRACKED_ASKED,
         ROUTING, "on to db2:3306 (its variable redirect_url), past odbcssl"),
    FAIL("the same without TLS", PLAINTEXT, LIST(TRACKED, SERVER(2, OK_REDIRECT)), REFUSE, GREETED,
         LIST(PACKET(1, FIXED_TRACK NATIVE)), ROUTING, "on to db2:3306"),
    FAIL("a state of the session that is cut short", TLS,
         LIST(TRACKED, TLS_UP, SERVER(3, OK_STATE("\x49", STATE))), REFUSE, GREETED_PLAIN,
         TRACKED_ASKED, PROTOCOL, "session state is malformed"),
    FAIL("an entry that is cut short", TLS,
         LIST(TRACKED, TLS_UP, SERVER(3, OK_STATE("\x04", "\x01\x05\x04s"))), REFUSE, GREETED_PLAIN,
         TRACKED_ASKED, PROTOCOL, "session state is malformed"),
    FAIL("a variable without a value", TLS,
         LIST(TRACKED, TLS_UP, SERVER(3, OK_STATE("\x0f", "\0\x0d\x0credirect_url"))), REFUSE,
         GREETED_PLAIN, TRACKED_ASKED, PROTOCOL, "session state is malformed"),
    FAIL("a malformed ERR", TLS, LIST(TO_TLS, SERVER(3, "\xff\x15")), REFUSE, GREETED_PLAIN, ASKED,
         PROTOCOL, "malformed ERR"),
};

#define HUNDRED DIGEST20 DIGEST20 DIGEST20 DIGEST20 DIGEST20
#define RSA                                                                                        \
    "\x81"                                                                                         \
    "0123456\0"                                                                                    \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"                             \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
/* One that ends with its only NUL, as a password in clear text does. */
#define RSA_WITH_END "\x81\x1f" HUNDRED "abcdefghijklmnopqrstuvwxy\0"
#define PLAIN_START(greeting, response) SERVER(0, greeting), DRIVER(1, FIXED response)
#define PLAIN_REFUSAL(name, response, server2, driver3)                                            \
    FAIL(name, PLAINTEXT,                                                                          \
         LIST(PLAIN_START(GREETING_MYSQL, response), SERVER(2, server2), DRIVER(3, driver3)),      \
         REFUSE, LIST(PACKET(0, GREETING_MYSQL), PACKET(2, server2)),                              \
         LIST(PACKET(1, FIXED response)), PLAINTEXT_LOGIN, "clear text")
#define PLAIN_PASS(name, response, server2, driver3)                                               \
    PASS(name, PLAINTEXT,                                                                          \
         LIST(PLAIN_START(GREETING_MYSQL, response), SERVER(2, server2), DRIVER(3, driver3)),      \
         CONTINUE, LIST(PACKET(0, GREETING_MYSQL), PACKET(2, server2)),                            \
         LIST(PACKET(1, FIXED response), PACKET(3, driver3)))

static const struct scenario passwords_rows[] = {
    PLAIN_REFUSAL("caching_sha2 in full: the password of a driver that trusts its Unix socket",
                  CACHING, "\x01\x04", "geheim\0"),
    PLAIN_REFUSAL("the server leaves out the marker of more data", CACHING, "\x04", "geheim\0"),
    PLAIN_REFUSAL("the same, and a password as long as a digest", CACHING, "\x04",
                  "geheim geheim geheim geheim geh\0"),
    PLAIN_REFUSAL("a password without its end", CACHING, "\x01\x04", "geheim"),
    PLAIN_REFUSAL("a password as long as an RSA block", CACHING, "\x01\x04", HUNDRED HUNDRED "\0"),
    PLAIN_REFUSAL("the same with a tabulator, and the end of a line", CACHING, "\x01\x04",
                  HUNDRED "\t" HUNDRED "\r\n\0"),
    PLAIN_REFUSAL("caching_sha2 in full after a switch", NATIVE, SWITCH("caching_sha2_password"),
                  "geheim\0"),
    PLAIN_REFUSAL("sha256_password after a switch", NATIVE, SWITCH("sha256_password"), "geheim\0"),
    PLAIN_REFUSAL("a password of one character", NATIVE, SWITCH("sha256_password"), "g\0"),
    PLAIN_PASS("caching_sha2: the driver asks for the server's key", CACHING, "\x01\x04", "\x02"),
    PLAIN_PASS("caching_sha2: encrypted with a key that the driver has", CACHING, "\x01\x04", RSA),
    PLAIN_PASS("caching_sha2: encrypted, with a NUL as its last byte", CACHING, "\x01\x04",
               RSA_WITH_END),
    PLAIN_PASS("sha256_password: encrypted, with a NUL as its last byte", NATIVE,
               SWITCH("sha256_password"), RSA_WITH_END),
    PLAIN_REFUSAL("a password as long as the shortest RSA block, in UTF-8", CACHING, "\x01\x04",
                  "\xc3\xa4 " HUNDRED "abcdefghijklmnopqrstuvwx\0"),
    PLAIN_PASS("caching_sha2 after a switch: a digest", NATIVE, SWITCH("caching_sha2_password"),
               DIGEST32),
    PLAIN_PASS("no password", NATIVE, SWITCH("caching_sha2_password"), "\0"),
    PLAIN_PASS("sha256_password: the driver asks for the server's key", NATIVE,
               SWITCH("sha256_password"), "\x01"),
    PLAIN_PASS("ed25519", NATIVE, SWITCH("client_ed25519"), "geheim\0"),
    PLAIN_PASS("a dialog asks on any connection", NATIVE, SWITCH("dialog"), "geheim\0"),
    PLAIN_PASS("0x02 is data to a driver without factors", NATIVE, "\x02mysql_clear_password\0",
               "x"),
    FAIL("in full, and a switch away before the answer", PLAINTEXT,
         LIST(PLAIN_START(GREETING_MYSQL, NATIVE), SERVER(2, SWITCH("caching_sha2_password")),
              DRIVER(3, DIGEST32), SERVER(4, "\x01\x04"),
              SERVER(5, SWITCH("mysql_native_password")), DRIVER(5, "geheim\0")),
         REFUSE,
         LIST(PACKET(0, GREETING_MYSQL), PACKET(2, SWITCH("caching_sha2_password")),
              PACKET(4, "\x01\x04")),
         LIST(PACKET(1, FIXED NATIVE), PACKET(3, DIGEST32)), PLAINTEXT_LOGIN,
         "went on to another method before the real driver could answer its request for "
         "caching_sha2_password"),
    FAIL("a switch, in full, and a switch away, all before the answer", PLAINTEXT,
         LIST(PLAIN_START(GREETING_MYSQL, NATIVE), SERVER(2, SWITCH("caching_sha2_password")),
              SERVER(4, "\x01\x04"), SERVER(6, SWITCH("mysql_native_password")),
              DRIVER(3, DIGEST32), DRIVER(5, "geheim\0")),
         REFUSE,
         LIST(PACKET(0, GREETING_MYSQL), PACKET(2, SWITCH("caching_sha2_password")),
              PACKET(4, "\x01\x04")),
         LIST(PACKET(1, FIXED NATIVE)), PLAINTEXT_LOGIN, "went on to another method"),
    FAIL("two switches before the answer", PLAINTEXT,
         LIST(PLAIN_START(GREETING_MYSQL, NATIVE), SERVER(2, SWITCH("client_ed25519")),
              SERVER(3, SWITCH("mysql_native_password")), DRIVER(3, "signature")),
         REFUSE, LIST(PACKET(0, GREETING_MYSQL), PACKET(2, SWITCH("client_ed25519"))),
         LIST(PACKET(1, FIXED NATIVE)), PLAINTEXT_LOGIN,
         "its request for another method of authentication"),
    FAIL("in full, and another factor before the answer", PLAINTEXT,
         LIST(SERVER(0, GREETING_MYSQL), DRIVER(1, FIXED_FACTORS CACHING), SERVER(2, "\x01\x04"),
              SERVER(3, "\x02mysql_native_password\0"), DRIVER(3, "geheim\0")),
         REFUSE, LIST(PACKET(0, GREETING_MYSQL), PACKET(2, "\x01\x04")),
         LIST(PACKET(1, FIXED_FACTORS CACHING)), PLAINTEXT_LOGIN, "went on to another method"),
    FAIL("in full, and OK before the answer", PLAINTEXT,
         LIST(PLAIN_START(GREETING_MYSQL, CACHING), SERVER(2, "\x01\x04"), SERVER(3, OK),
              DRIVER(3, "geheim\0")),
         REFUSE, LIST(PACKET(0, GREETING_MYSQL), PACKET(2, "\x01\x04")),
         LIST(PACKET(1, FIXED CACHING)), PLAINTEXT_LOGIN, "went on to the end of the login before"),
    FAIL("sha256_password, and OK before the answer", PLAINTEXT,
         LIST(PLAIN_START(GREETING_MYSQL, NATIVE), SERVER(2, SWITCH("sha256_password")),
              SERVER(3, OK), DRIVER(3, "geheim\0")),
         REFUSE, LIST(PACKET(0, GREETING_MYSQL), PACKET(2, SWITCH("sha256_password"))),
         LIST(PACKET(1, FIXED NATIVE)), PLAINTEXT_LOGIN, "its request for sha256_password"),
    PASS("in full, and ERR before the answer: it stays here", PLAINTEXT,
         LIST(PLAIN_START(GREETING_MYSQL, CACHING), SERVER(2, "\x01\x04"), SERVER(3, ERR_DENIED),
              DRIVER(3, "geheim\0")),
         CONTINUE, LIST(PACKET(0, GREETING_MYSQL), PACKET(2, "\x01\x04"), PACKET(3, ERR_DENIED)),
         LIST(PACKET(1, FIXED CACHING))),
    PASS("a method that failed, and then another one", PLAINTEXT,
         LIST(PLAIN_START(GREETING_MYSQL, NATIVE), SERVER(2, SWITCH("caching_sha2_password")),
              DRIVER(3, DIGEST32), SERVER(4, SWITCH("client_ed25519")), DRIVER(5, "signature"),
              SERVER(6, OK)),
         LOGGED_IN,
         LIST(PACKET(0, GREETING_MYSQL), PACKET(2, SWITCH("caching_sha2_password")),
              PACKET(4, SWITCH("client_ed25519")), PACKET(6, OK)),
         LIST(PACKET(1, FIXED NATIVE), PACKET(3, DIGEST32), PACKET(5, "signature"))),
    FAIL("mysql_clear_password in the response", PLAINTEXT,
         LIST(PLAIN_START(GREETING_MYSQL, LOGIN("mysql_clear_password", "\x07geheim\0"))), REFUSE,
         GREETED_MYSQL, NOTHING, PLAINTEXT_LOGIN, "mysql_clear_password"),
    FAIL("the same with a length of three bytes", PLAINTEXT,
         LIST(PLAIN_START(GREETING_MYSQL, LOGIN("mysql_clear_password", "\xfc\x07\0geheim\0"))),
         REFUSE, GREETED_MYSQL, NOTHING, PLAINTEXT_LOGIN, "mysql_clear_password"),
    FAIL("a proof whose length fits no packet", PLAINTEXT,
         LIST(PLAIN_START(GREETING_MYSQL, LOGIN("mysql_native_password", "\xfe" DIGEST20))), REFUSE,
         GREETED_MYSQL, NOTHING, PROTOCOL, "answer to the greeting is malformed"),
    FAIL("sha256_password in the response", PLAINTEXT,
         LIST(PLAIN_START(GREETING_MYSQL, LOGIN("sha256_password", "\x07geheim\0"))), REFUSE,
         GREETED_MYSQL, NOTHING, PLAINTEXT_LOGIN, "sha256_password"),
    FAIL("mysql_clear_password after a switch: the driver is not even asked", PLAINTEXT,
         LIST(PLAIN_START(GREETING_MYSQL, NATIVE), SERVER(2, SWITCH("MySQL_Clear_Password"))),
         REFUSE, GREETED_MYSQL, LIST(PACKET(1, FIXED NATIVE)), PLAINTEXT_LOGIN,
         "mysql_clear_password"),
    FAIL("mysql_clear_password as another factor", PLAINTEXT,
         LIST(SERVER(0, GREETING_MYSQL), DRIVER(1, FIXED_FACTORS NATIVE),
              SERVER(2, "\x02mysql_clear_password\0")),
         REFUSE, GREETED_MYSQL, LIST(PACKET(1, FIXED_FACTORS NATIVE)), PLAINTEXT_LOGIN,
         "mysql_clear_password"),
    FAIL("a switch without an end to its name", PLAINTEXT,
         LIST(PLAIN_START(GREETING_MYSQL, NATIVE), SERVER(2, "\xfe"
                                                             "mysql_clear_password")),
         REFUSE, GREETED_MYSQL, LIST(PACKET(1, FIXED NATIVE)), PROTOCOL, "AuthSwitchRequest"),
};

const struct scenario_table mysql_logins = {logins_rows, COUNT(logins_rows)};
const struct scenario_table mysql_refusals = {refusals_rows, COUNT(refusals_rows)};
const struct scenario_table mysql_passwords = {passwords_rows, COUNT(passwords_rows)};
