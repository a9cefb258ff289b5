/*
 * test_proto.c - the PostgreSQL state machine: tables of what both sides say, each tried whole,
 * byte by byte, and cut in two at every place, because a network cuts where it likes.
 */
#include <string.h>

#include "proto/proto.h"
#include "support/suite.h"
#include "unit/conversation_memory.h"

#define B(text)                                                                                    \
    {                                                                                              \
        PIECE_RAW, text, sizeof(text) - 1                                                          \
    }

#define SSL_REQUEST "\0\0\0\x08\x04\xd2\x16\x2f"
#define GSSENC_REQUEST "\0\0\0\x08\x04\xd2\x16\x30"
#define STARTUP "\0\0\0\x0e\0\3\0\0user\0\0"
#define GAUSS_STARTUP "\0\0\0\x0e\0\3\0\x33user\0\0"
#define CANCEL "\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\1\0\0\0\2"
#define LONG_CANCEL "\0\0\0\x14\x04\xd2\x16\x2e\0\0\0\1ABCDEFGH"
#define STOP "\0\0\0\x14\x04\xd2\x16\x31\0\0\0\1\0\0\0\2\0\0\0\3"
#define OK "R\0\0\0\x08\0\0\0\0"
#define MD5 "R\0\0\0\x0c\0\0\0\5salt"
#define SASL_BOTH "R\0\0\0\x2a\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"
#define SASL_PLAIN "R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0"
#define SASL_PLUS "R\0\0\0\x1c\0\0\0\x0aSCRAM-SHA-256-PLUS\0\0"
#define GAUSS_AUTH "R\0\0\0\x0c\0\0\0\x0a\0\0\0\2"
/* A body that holds the name, and is no list. */
#define NOT_A_LIST "R\0\0\0\x1c\0\0\0\x0aSCRAM-SHA-256-PLUS\0X"
/* A list of what are no names of mechanisms: lower case. */
#define NO_MECHANISMS "R\0\0\0\x17\0\0\0\x0ascram-sha-256\0\0"
#define FATAL_28000 "E\0\0\0\x1dSFATAL\0C28000\0Mno entry\0\0"
#define FATAL_57P03 "E\0\0\0\x1dSFATAL\0C57P03\0Mstarting\0\0"
#define FATAL_28P01 "E\0\0\0\x1dSFATAL\0C28P01\0Mpassword\0\0"
#define OLD_ERROR "Efork failed\n\0"
#define NOTICE "N\0\0\0\x0cSNOTICE\0"
#define VERSIONS "v\0\0\0\x0c\0\3\0\0\0\0\0\0"

#define SAYS_DRIVER(text)                                                                          \
    {                                                                                              \
        SPEAKER_DRIVER, B(text)                                                                    \
    }
#define SAYS_SERVER(text)                                                                          \
    {                                                                                              \
        SPEAKER_SERVER, B(text)                                                                    \
    }
#define UP                                                                                         \
    {                                                                                              \
        SPEAKER_TLS, B("")                                                                         \
    }
#define STEPS(...)                                                                                 \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define ERROR(code, part) .error = ODBCSSL_ERROR_##code, .error_part = part
#define NO_ERROR .error = ODBCSSL_ERROR_NONE
/* What went to the driver and to the server in the end comes before the error. */
#define ROW(name_, plan_, kind_, steps_, verdict_, driver, server, ...)                            \
    {                                                                                              \
        .name = name_, .plan = PROTO_PLAN_##plan_, .kind = PROTO_SESSION_##kind_, .steps = steps_, \
        .verdict = PROTO_##verdict_, .to_driver = {B(driver)}, .to_server = {B(server)},           \
        __VA_ARGS__                                                                                \
    }

static const struct scenario scenarios[] = {
    ROW("TLS is asked for at once, and the startup waits for it", TLS, MAIN,
        STEPS(SAYS_DRIVER(STARTUP), SAYS_SERVER("S")), START_TLS, "", SSL_REQUEST, NO_ERROR),
    ROW("the startup goes through TLS, and the login is seen", TLS, MAIN,
        STEPS(SAYS_DRIVER(STARTUP), SAYS_SERVER("S"), UP, SAYS_SERVER(OK)), LOGGED_IN, OK,
        SSL_REQUEST STARTUP, NO_ERROR, .is_opaque = true),
    ROW("a startup that comes after TLS is up", TLS, MAIN,
        STEPS(SAYS_SERVER("S"), UP, SAYS_DRIVER(GAUSS_STARTUP), SAYS_SERVER(OK)), LOGGED_IN, OK,
        SSL_REQUEST GAUSS_STARTUP, NO_ERROR, .is_opaque = true),
    ROW("the driver's wishes for encryption are answered with N", TLS, MAIN,
        STEPS(SAYS_DRIVER(GSSENC_REQUEST SSL_REQUEST), SAYS_DRIVER(STARTUP)), CONTINUE, "NN",
        SSL_REQUEST, NO_ERROR),
    ROW("bytes behind the consent to TLS are an attack", TLS, MAIN,
        STEPS(SAYS_DRIVER(STARTUP), SAYS_SERVER("S" OK)), REFUSE, "", SSL_REQUEST,
        ERROR(EARLY_PLAINTEXT, "9 unencrypted bytes"), .is_whole_only = true),
    ROW("bytes before the handshake that was agreed on are an attack", TLS, MAIN,
        STEPS(SAYS_DRIVER(STARTUP), SAYS_SERVER("S"), SAYS_SERVER(OK)), REFUSE, "", SSL_REQUEST,
        ERROR(PROTOCOL, "sent plaintext")),
    ROW("a server without TLS", TLS, UNKNOWN, STEPS(SAYS_SERVER("N")), NO_TLS, "", SSL_REQUEST,
        ERROR(SERVER_WITHOUT_TLS, "'N'")),
    ROW("an error instead of an answer is shown as unauthenticated", TLS, UNKNOWN,
        STEPS(SAYS_SERVER(FATAL_28000)), REFUSE, "", SSL_REQUEST,
        ERROR(PROTOCOL, "not authenticated: FATAL: no entry (SQLSTATE 28000)")),
    ROW("an error of version 2 instead of an answer", TLS, UNKNOWN, STEPS(SAYS_SERVER(OLD_ERROR)),
        REFUSE, "", SSL_REQUEST, ERROR(PROTOCOL, "not authenticated: fork failed")),
    ROW("a server that is not PostgreSQL", TLS, UNKNOWN, STEPS(SAYS_SERVER("H")), REFUSE, "",
        SSL_REQUEST,
        ERROR(PROTOCOL,
              "not a PostgreSQL server: it answered the request for TLS (SSLRequest) with "
              "\"H\"")),
    ROW("an SSH server, whose first letter is PostgreSQL's consent", TLS, UNKNOWN,
        STEPS(SAYS_SERVER("SSH-2.0-OpenSSH_9.2\r\n")), REFUSE, "", SSL_REQUEST,
        ERROR(PROTOCOL, "with \"SSH-2.0-OpenSSH_9.2\\r\\n\", as an SSH server does"),
        .is_whole_only = true),
    ROW("text behind the refusal of TLS", TLS, UNKNOWN, STEPS(SAYS_SERVER("NOTICE AUTH\r\n")),
        REFUSE, "", SSL_REQUEST, ERROR(PROTOCOL, "with \"NOTICE AUTH\\r\\n\""),
        .is_whole_only = true),
    ROW("an error of another kind of server", TLS, UNKNOWN, STEPS(SAYS_SERVER("ERROR\r\n")), REFUSE,
        "", SSL_REQUEST, ERROR(PROTOCOL, "with \"ERROR\\r")),
    ROW("the greeting of another database", TLS, UNKNOWN,
        STEPS(SAYS_SERVER("J\0\0\0\x0a"
                          "5.7.1\0")),
        REFUSE, "", SSL_REQUEST,
        ERROR(PROTOCOL,
              "with \"J\\x00\\x00\\x00\\n5.7.1\\x00\", as a MySQL or MariaDB server does"),
        .is_whole_only = true),
    ROW("a web server under a plaintext session", PLAINTEXT, MAIN,
        STEPS(SAYS_DRIVER(STARTUP), SAYS_SERVER("HTTP/1.1 400 Bad Request\r\n")), REFUSE, "",
        STARTUP,
        ERROR(PROTOCOL,
              "it answered the login with \"HTTP/1.1 400 Bad Request\\r\\n\", as a web server"),
        .is_whole_only = true),
    ROW("channel binding is taken out of the list", TLS, MAIN,
        STEPS(SAYS_DRIVER(STARTUP), SAYS_SERVER("S"), UP, SAYS_SERVER(SASL_BOTH)), START_TLS,
        SASL_PLAIN, SSL_REQUEST STARTUP, NO_ERROR, .is_credentials_asked = true),
    ROW("a server that takes nothing but channel binding", DIRECT, MAIN,
        STEPS(SAYS_DRIVER(STARTUP), SAYS_SERVER(SASL_PLUS)), REFUSE, "", STARTUP,
        ERROR(PROTOCOL, "SCRAM-SHA-256-PLUS"), .is_credentials_asked = true),
    ROW("a list in a plaintext session is not touched", PLAINTEXT, MAIN,
        STEPS(SAYS_DRIVER(STARTUP), SAYS_SERVER(SASL_BOTH)), CONTINUE, SASL_BOTH, STARTUP, NO_ERROR,
        .is_credentials_asked = true),
    ROW("openGauss's request with the code of SASL is not touched", DIRECT, MAIN,
        STEPS(SAYS_DRIVER(GAUSS_STARTUP), SAYS_SERVER(GAUSS_AUTH NOT_A_LIST)), CONTINUE,
        GAUSS_AUTH NOT_A_LIST, GAUSS_STARTUP, NO_ERROR, .is_credentials_asked = true),
    ROW("a list of what are no mechanisms is not touched", DIRECT, MAIN,
        STEPS(SAYS_DRIVER(STARTUP), SAYS_SERVER(NO_MECHANISMS)), CONTINUE, NO_MECHANISMS, STARTUP,
        NO_ERROR, .is_credentials_asked = true),
    ROW("a plaintext session asks for no TLS", PLAINTEXT, MAIN,
        STEPS(SAYS_DRIVER(STARTUP), SAYS_SERVER(VERSIONS NOTICE MD5 OK)), LOGGED_IN,
        VERSIONS NOTICE MD5 OK, STARTUP, NO_ERROR, .is_opaque = true, .is_credentials_asked = true),
    ROW("a plaintext startup that pg_hba.conf rejects", PLAINTEXT, MAIN,
        STEPS(SAYS_DRIVER(STARTUP), SAYS_SERVER(FATAL_28000)), REJECTED, FATAL_28000, STARTUP,
        ERROR(SERVER_REQUIRES_TLS, "refused the unencrypted connection: FATAL: no entry")),
    ROW("a server that is starting up is no reason for another plan", PLAINTEXT, MAIN,
        STEPS(SAYS_DRIVER(STARTUP), SAYS_SERVER(FATAL_57P03)), CONTINUE, FATAL_57P03, STARTUP,
        NO_ERROR, .is_opaque = true, .is_login_refused = true),
    ROW("a wrong password is no reason for another plan", PLAINTEXT, MAIN,
        STEPS(SAYS_DRIVER(STARTUP), SAYS_SERVER(MD5 FATAL_28P01)), CONTINUE, MD5 FATAL_28P01,
        STARTUP, NO_ERROR, .is_opaque = true, .is_credentials_asked = true,
        .is_login_refused = true),
    ROW("an error of version 2 reaches the driver", PLAINTEXT, MAIN,
        STEPS(SAYS_DRIVER(STARTUP), SAYS_SERVER(OLD_ERROR)), REJECTED, OLD_ERROR, STARTUP,
        ERROR(CONNECT, "fork failed")),
    ROW("a request to cancel travels in TLS", TLS, CANCEL,
        STEPS(SAYS_DRIVER(CANCEL), SAYS_SERVER("S"), UP), START_TLS, "", SSL_REQUEST CANCEL,
        NO_ERROR),
    ROW("a request to cancel with a long key", DIRECT, CANCEL, STEPS(SAYS_DRIVER(LONG_CANCEL)),
        CONTINUE, "", LONG_CANCEL, NO_ERROR),
    ROW("openGauss's request to stop", DIRECT, CANCEL, STEPS(SAYS_DRIVER(STOP)), CONTINUE, "", STOP,
        NO_ERROR),
    ROW("a driver that begins TLS of its own", TLS, UNKNOWN,
        STEPS(SAYS_DRIVER("\x16\x03\x01\x02\x00")), REFUSE, "", SSL_REQUEST,
        ERROR(PROTOCOL, "began TLS of its own")),
    ROW("a startup of more than 10,004 bytes", DIRECT, UNKNOWN, STEPS(SAYS_DRIVER("\0\0\x27\x15")),
        REFUSE, "", "", ERROR(PROTOCOL, "impossible length")),
    ROW("a startup of version 2", DIRECT, UNKNOWN, STEPS(SAYS_DRIVER("\0\0\0\x08\0\2\0\0")), REFUSE,
        "", "", ERROR(PROTOCOL, "unknown kind or version")),
    ROW("a server message of more than 30,000 bytes", DIRECT, MAIN,
        STEPS(SAYS_DRIVER(STARTUP), SAYS_SERVER("R\0\0\x75\x31")), REFUSE, "", STARTUP,
        ERROR(PROTOCOL, "impossible length")),
    ROW("rows before the login are refused", DIRECT, MAIN,
        STEPS(SAYS_DRIVER(STARTUP), SAYS_SERVER("D\0\0\0\x04")), REFUSE, "", STARTUP,
        ERROR(PROTOCOL, "answered the login with")),
    ROW("an authentication request without a code", DIRECT, MAIN,
        STEPS(SAYS_DRIVER(STARTUP), SAYS_SERVER("R\0\0\0\x06\0\0")), REFUSE, "", STARTUP,
        ERROR(PROTOCOL, "without a code")),
};

#define SCENARIO_COUNT (sizeof scenarios / sizeof scenarios[0])

static void run_scenario(const struct scenario *scenario, long cut)
{
    struct conversation run;
    const struct proto_session *session = &run.session;
    conversation_play(&run, &proto_postgres, scenario, cut);
    CHECK_NUMBER(session->kind, scenario->kind);
    CHECK_NUMBER(session->is_credentials_asked, scenario->is_credentials_asked);
    CHECK_NUMBER(session->is_login_refused, scenario->is_login_refused);
    bool is_opaque = session->is_driver_opaque && session->is_server_opaque;
    CHECK(is_opaque == scenario->is_opaque || run.verdict == PROTO_REJECTED);
    conversation_close(&run);
}

CASE("messages that come whole")
{
    for (size_t i = 0; i < SCENARIO_COUNT; i++)
        run_scenario(&scenarios[i], 0);
}

CASE("messages that come byte by byte")
{
    for (size_t i = 0; i < SCENARIO_COUNT; i++)
        if (!scenarios[i].is_whole_only)
            run_scenario(&scenarios[i], -1);
}

CASE("messages that are cut at every place")
{
    for (size_t i = 0; i < SCENARIO_COUNT; i++)
        for (long cut = 1; cut < scenario_longest(&scenarios[i]) && !scenarios[i].is_whole_only;
             cut++)
            run_scenario(&scenarios[i], cut);
}

CASE("memory runs out")
{
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++)
        conversation_starve(&proto_postgres, &scenarios[i]);
}

CASE("wishes for encryption are bounded")
{
    struct conversation run;
    conversation_open(&run, &proto_postgres, PROTO_PLAN_DIRECT);
    for (int i = 0; i < 9 && !conversation_is_over(&run); i++)
        conversation_feed(&run, false, SSL_REQUEST, 8);
    CHECK_NUMBER(run.verdict, PROTO_REFUSE);
    CHECK_CONTAINS(run.session.error.text, "again and again");
    conversation_close(&run);
}

/* PostgreSQL does not count the bytes that say how long it is. */
CASE("the longest startup")
{
    static unsigned char startup[10004] = "\0\0\x27\x14\0\3\0\0user";
    struct conversation run;
    memset(startup + 13, 'u', sizeof startup - 15);
    conversation_open(&run, &proto_postgres, PROTO_PLAN_DIRECT);
    conversation_feed(&run, false, startup, sizeof startup);
    CHECK_TEXT(run.session.error.text, "");
    CHECK_NUMBER(buffer_length(&run.session.to_server), sizeof startup);
    conversation_close(&run);
}

/* The rest of a read that went past the login is not lost: it stays for the copying. */
CASE("what follows the login stays for the copying")
{
    struct conversation run;
    conversation_open(&run, &proto_postgres, PROTO_PLAN_DIRECT);
    conversation_feed(&run, false, STARTUP "Q\0\0\0\4", sizeof(STARTUP) - 1 + 5);
    conversation_feed(&run, true, OK "S\0\0\0\4", sizeof(OK) - 1 + 5);
    CHECK_NUMBER(run.verdict, PROTO_LOGGED_IN);
    CHECK_NUMBER(buffer_length(&run.driver), 5);
    CHECK_NUMBER(buffer_length(&run.server), 5);
    conversation_close(&run);
}

CASE("the message that makes libpq give up")
{
    static const char wanted[] = "E\0\0\0\x21SFATAL\0VFATAL\0C08001\0Msorry\0\0";
    struct proto_session session;
    CHECK_FATAL(proto_session_open(&session, &proto_postgres, PROTO_PLAN_TLS));
    session.proto->fail(&session, "sorry");
    CHECK_NUMBER(buffer_length(&session.to_driver), sizeof wanted - 1);
    CHECK(memcmp(buffer_content(&session.to_driver), wanted, sizeof wanted - 1) == 0);
    proto_session_close(&session);
}

/* A server's text ends up in an error message: it must not be able to forge lines of it. */
CASE("a server's text cannot forge an error message")
{
    static const char message[] = "E\0\0\0\x1cSFATAL\0C28000\0Mx\ny\x1b[1m\xff\0";
    struct conversation run;
    conversation_open(&run, &proto_postgres, PROTO_PLAN_PLAINTEXT);
    conversation_from_server(&run, message, sizeof message - 1, sizeof message - 1);
    CHECK_TEXT(run.session.error.text, "the server refused the unencrypted connection: "
                                       "FATAL: x\\u000Ay\\u001B[1m\\xFF (SQLSTATE 28000)");
    conversation_close(&run);
}

CASE("ALPN is offered, and required with direct TLS")
{
    bool is_required = true;
    CHECK_TEXT(proto_postgres.alpn(PROTO_PLAN_TLS, &is_required), "postgresql");
    CHECK(!is_required);
    CHECK_TEXT(proto_postgres.alpn(PROTO_PLAN_DIRECT, &is_required), "postgresql");
    CHECK(is_required);
}

SUITE("postgres", NULL, NULL)

CASE("direct: opaque from the start, and never with a switch")
{
    struct proto_session session;
    CHECK_FATAL(proto_session_open(&session, &proto_direct, PROTO_PLAN_DIRECT));
    CHECK_NUMBER(session.proto->start(&session), PROTO_LOGGED_IN);
    CHECK(session.is_driver_opaque && session.is_server_opaque);
    proto_session_close(&session);
    CHECK_FATAL(proto_session_open(&session, &proto_direct, PROTO_PLAN_TLS));
    CHECK_NUMBER(session.proto->start(&session), PROTO_REFUSE);
    CHECK_CONTAINS(session.error.text, "SslNegotiation=direct");
    proto_session_close(&session);
}

/* What an end, or no answer, may mean before a byte of the server came. */
CASE("an end or silence at the start is explained")
{
    static const struct {
        const struct proto *proto;
        enum proto_plan plan;
        const char *text; /* NULL: nothing is known */
    } rows[] = {
        {&proto_postgres, PROTO_PLAN_TLS, "no PostgreSQL server"},
        {&proto_postgres, PROTO_PLAN_DIRECT, "before version 17"},
        {&proto_postgres, PROTO_PLAN_PLAINTEXT, NULL},
        {&proto_tds, PROTO_PLAN_DIRECT, "may have no TDS 8.0"},
        {&proto_tds, PROTO_PLAN_TLS, NULL}, /* it was not asked yet */
        {&proto_mysql, PROTO_PLAN_TLS, "of another kind"},
        {&proto_mysql, PROTO_PLAN_PLAINTEXT, "of another kind"},
        {&proto_mysql, PROTO_PLAN_DIRECT, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct proto_session session;
        CHECK_FATAL(proto_session_open(&session, rows[i].proto, rows[i].plan));
        CHECK_NUMBER(session.proto->start(&session), PROTO_CONTINUE);
        const char *text = session.proto->explain_end(&session);
        if (rows[i].text != NULL)
            CHECK_CONTAINS(text != NULL ? text : "", rows[i].text);
        else
            CHECK(text == NULL);
        proto_session_close(&session);
    }
}

CASE("every protocol is found")
{
    CHECK(proto_find(DATABASE_PROTOCOL_POSTGRESQL) == &proto_postgres);
    CHECK(proto_find(DATABASE_PROTOCOL_TDS) == &proto_tds);
    CHECK(proto_find(DATABASE_PROTOCOL_MYSQL) == &proto_mysql);
    CHECK(proto_find(DATABASE_PROTOCOL_NONE) == &proto_direct);
    CHECK(proto_find(DATABASE_PROTOCOL_AUTO) == NULL);
}

SUITE("proto", NULL, NULL)
