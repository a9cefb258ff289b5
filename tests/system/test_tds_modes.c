/*
 * test_tds_modes.c - every SslMode against every setting of SQL Server's encryption, and the TLS
 * versions of the two ways to TLS. What travelled how is the server's own word.
 */
#include <stdio.h>
#include <string.h>

#include "odbcssl.h"
#include "support/suite.h"
#include "system/tds_fixture.h"

static struct tds_fixture fixture;
static struct odbc_session session;

/* ----- modes ----- */

enum wanted {
    FAILS_SERVER_REQUIRES,
    FAILS_SERVER_HAS_NONE,
    FAILS_NOT_TDS_7, /* the server takes TDS 8.0 only */
    FAILS_NOT_TDS_8, /* the server takes no TDS 8.0 */
    PLAINTEXT,
    FALLBACK,
    LOGIN_ONLY,
    ENCRYPTED,
    VERIFIED,
    NAMED
};

/* How each is told, and what the server sees of it: NULL: it must not. */
static const struct outcome {
    enum odbcssl_state state;
    int native; /* of the first record; 0: none */
    const char *text;
    const char *login; /* of the server's log */
    const char *batch;
} outcomes[] = {
    [FAILS_SERVER_REQUIRES] = {0, ODBCSSL_ERROR_SERVER_REQUIRES_TLS, "forbids TLS", NULL, NULL},
    [FAILS_SERVER_HAS_NONE] = {0, ODBCSSL_ERROR_SERVER_WITHOUT_TLS,
                               "wants TLS, and the server localhost:", NULL, NULL},
    [FAILS_NOT_TDS_7] = {0, ODBCSSL_ERROR_CONNECT, "SslNegotiation=direct", NULL, NULL},
    [FAILS_NOT_TDS_8] = {0, ODBCSSL_ERROR_HANDSHAKE, "SslNegotiation=starttls", NULL, NULL},
    [PLAINTEXT] = {ODBCSSL_STATE_PLAINTEXT, 0, "", "encrypted=no whole=no", "encrypted=no"},
    [FALLBACK] = {ODBCSSL_STATE_PLAINTEXT_FALLBACK, ODBCSSL_WARNING_FALLBACK, "is not encrypted",
                  "encrypted=no whole=no", "encrypted=no"},
    [LOGIN_ONLY] = {ODBCSSL_STATE_LOGIN_ONLY, ODBCSSL_WARNING_LOGIN_ONLY, "encrypts only the login",
                    "encrypted=yes whole=no", "encrypted=no"},
    [ENCRYPTED] = {ODBCSSL_STATE_ENCRYPTED, ODBCSSL_WARNING_UNVERIFIED, "was not verified",
                   "encrypted=yes whole=yes", "encrypted=yes"},
    [VERIFIED] = {ODBCSSL_STATE_CHAIN_VERIFIED, 0, "", "encrypted=yes whole=yes", "encrypted=yes"},
    [NAMED] = {ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED, 0, "", "encrypted=yes whole=yes",
               "encrypted=yes"},
};

#define MODE_COUNT 6
static const char *const modes[MODE_COUNT] = {"disable", "allow",     "prefer",
                                              "require", "verify-ca", "verify-full"};

static void check_connected(const struct outcome *outcome)
{
    char text[64];
    CHECK(odbc_query(&session, "SELECT 'sentinel' AS a"));
    CHECK_TEXT(session.value, "sentinel");
    CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_STATE), outcome->state);
    odbc_close(&session);
    const char *log = tds_peer_wait_end(fixture.peer);
    CHECK_CONTAINS(log, outcome->login);
    snprintf(text, sizeof text, "batch %s session=0 text=SELECT 'sentinel'", outcome->batch);
    CHECK_CONTAINS(log, text);
    CHECK_CONTAINS(log, "password=right");
    CHECK_NUMBER(tds_peer_count(log, "violation"), 0);
    if (outcome->state >= ODBCSSL_STATE_ENCRYPTED)
        tds_fixture_check_records(&fixture);
}

/* The password stays here when the connection is refused. */
static void check_refused(const struct outcome *outcome, const char *mode)
{
    const char *text = suite_text("SslMode=%s (connection string)", mode);
    if (outcome->native == ODBCSSL_ERROR_SERVER_REQUIRES_TLS ||
        outcome->native == ODBCSSL_ERROR_SERVER_WITHOUT_TLS)
        CHECK_CONTAINS(session.diagnostics, text);
    odbc_close(&session);
    CHECK_NUMBER(tds_peer_count(tds_peer_wait_end(fixture.peer), " login "), 0);
}

static void check_mode(const char *mode, const char *more, enum wanted wanted)
{
    const struct outcome *outcome = &outcomes[wanted];
    bool is_verifying = strncmp(mode, "verify", 6) == 0;
    bool is_connected = tds_fixture_connect(
        &fixture, &session, "SslMode=%s;%s%s", mode, more,
        is_verifying ? tds_fixture_option(&fixture, "SslRootCert", "root.pem") : "");
    odbc_note(&session, "SslMode=%s %s", mode, more);
    CHECK_NUMBER(is_connected, wanted >= PLAINTEXT);
    CHECK_NUMBER(session.native, outcome->native);
    CHECK_CONTAINS(session.diagnostics, outcome->text);
    if (is_connected)
        check_connected(outcome);
    else
        check_refused(outcome, mode);
}

static void check_modes(const char *encryption, const enum wanted *wanted)
{
    CHECK_FATAL(tds_fixture_start(&fixture, "server", encryption, NULL));
    for (size_t i = 0; i < MODE_COUNT; i++)
        check_mode(modes[i], "", wanted[i]);
}

CASE("encryption off: every mode")
{
    check_modes("off",
                (enum wanted[]){PLAINTEXT, LOGIN_ONLY, ENCRYPTED, ENCRYPTED, VERIFIED, NAMED});
}

CASE("encryption required: every mode")
{
    static const enum wanted wanted[] = {
        FAILS_SERVER_REQUIRES, ENCRYPTED, ENCRYPTED, ENCRYPTED, VERIFIED, NAMED};
    check_modes("on", wanted);
    check_modes("required", wanted);
}

CASE("encryption unsupported: every mode")
{
    check_modes("unsupported",
                (enum wanted[]){PLAINTEXT, PLAINTEXT, FALLBACK, FAILS_SERVER_HAS_NONE,
                                FAILS_SERVER_HAS_NONE, FAILS_SERVER_HAS_NONE});
}

CASE("encryption strict: every mode of TDS 7")
{
    check_modes("strict", (enum wanted[]){FAILS_NOT_TDS_7, FAILS_NOT_TDS_7, FAILS_NOT_TDS_7,
                                          FAILS_NOT_TDS_7, FAILS_NOT_TDS_7, FAILS_NOT_TDS_7});
}

/* ----- TDS 8.0 ----- */

#define DIRECT "SslNegotiation=direct;"

static void check_direct(const char *mode, const char *more, enum wanted wanted)
{
    check_mode(mode, more, wanted);
    const char *log = tds_peer_log(fixture.peer);
    CHECK_CONTAINS(log, "tls version=TLSv1.3 ");
    CHECK_CONTAINS(log, " wrapped=no ");
    CHECK_CONTAINS(log, " alpn=tds/8.0 sni=localhost ");
}

CASE("TDS 8.0")
{
    CHECK_FATAL(tds_fixture_start(&fixture, "server", "strict", NULL));
    check_direct("require", DIRECT, ENCRYPTED);
    check_direct("verify-ca", DIRECT, VERIFIED);
    check_direct("verify-full", DIRECT, NAMED);
    check_direct("verify-full", "Encrypt=strict;", NAMED);
    CHECK(tds_fixture_connect(&fixture, &session, "Encrypt=strict;%s",
                              tds_fixture_option(&fixture, "SslRootCert", "root.pem")));
    CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_PROTOCOL_VERSION), 0x0304);
    CHECK_TEXT(odbc_info_text(&session, SQL_SSL_ALPN), "tds/8.0");
    CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_MODE), ODBCSSL_MODE_VERIFY_FULL);
    odbc_close(&session);
}

CASE("TDS 8.0 to a server without it")
{
    CHECK_FATAL(tds_fixture_start(&fixture, "server", "required", NULL));
    check_mode("require", DIRECT, FAILS_NOT_TDS_8);
    check_mode("verify-full", "Encrypt=strict;", FAILS_NOT_TDS_8);
}

/* ----- TLS versions ----- */

struct version {
    const char *server; /* its newest */
    const char *settings;
    unsigned wanted; /* 0: refused */
};

static void check_version(const struct version *version, const char *encryption)
{
    const char *const arguments[] = {"--max-tls", version->server, NULL};
    CHECK_FATAL(tds_fixture_start(&fixture, "server", encryption, arguments));
    bool is_connected =
        tds_fixture_connect(&fixture, &session, "SslMode=verify-full;%s%s", version->settings,
                            tds_fixture_option(&fixture, "SslRootCert", "root.pem"));
    odbc_note(&session, "TLS %s, %s", version->server, version->settings);
    CHECK_NUMBER(is_connected, version->wanted != 0);
    if (is_connected)
        CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_PROTOCOL_VERSION), version->wanted);
    if (is_connected && version->wanted < 0x0303)
        CHECK_NUMBER(session.native, ODBCSSL_WARNING_OLD_PROTOCOL);
    if (!is_connected) {
        CHECK_NUMBER(session.native, ODBCSSL_ERROR_TLS_VERSION);
        CHECK_CONTAINS(session.diagnostics, "SslMinProtocol");
    }
    odbc_close(&session);
    CHECK_NUMBER(tds_peer_count(tds_peer_wait_end(fixture.peer), " login "), version->wanted != 0);
}

/* SQL Server's handshake in PRELOGIN cannot carry TLS 1.3, whoever offers it. */
CASE("TLS versions of TDS 7")
{
    static const struct version versions[] = {
        {"1.3", "", 0x0303},
        {"1.2", "", 0x0303},
        {"1.1", "", 0},
        {"1.0", "", 0},
        {"1.1", "SslMinProtocol=TLSv1.1;", 0x0302},
        {"1.0", "SslMinProtocol=TLSv1.1;", 0},
        {"1.0", "SslMinProtocol=TLSv1;", 0x0301},
        {"1.2", "SslMinProtocol=TLSv1;", 0x0303},
    };
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++)
        check_version(&versions[i], "required");
}

CASE("TLS versions of TDS 8.0")
{
    static const struct version versions[] = {
        {"1.3", DIRECT, 0x0304},
        {"1.2", DIRECT, 0x0303},
        {"1.2", DIRECT "SslMinProtocol=TLSv1.3;", 0},
        {"1.3", DIRECT "SslMaxProtocol=TLSv1.2;", 0x0303},
    };
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++)
        check_version(&versions[i], "strict");
}

/* It would be an empty range. */
CASE("TLS 1.3 needs TDS 8.0")
{
    CHECK_FATAL(tds_fixture_start(&fixture, "server", "required", NULL));
    CHECK(!tds_fixture_connect(&fixture, &session, "SslMode=require;SslMinProtocol=TLSv1.3"));
    CHECK_NUMBER(session.native, ODBCSSL_ERROR_TLS_VERSION);
    CHECK_CONTAINS(session.diagnostics, "SslMinProtocol");
    CHECK_CONTAINS(session.diagnostics, "SslNegotiation=direct");
    odbc_close(&session);
}

static int set_up(void)
{
    return tds_fixture_set_up(&fixture, NULL, NULL);
}

SUITE("TDS modes", set_up, tds_fixture_tear_down)
