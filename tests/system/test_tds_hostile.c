/*
 * test_tds_hostile.c - servers that break the rules, and those that would lead FreeTDS elsewhere:
 * no password goes out, nothing is tried again in plaintext, and the error says what was wrong.
 */
#include <stdio.h>
#include <string.h>

#include "odbcssl.h"
#include "support/suite.h"
#include "system/tds_fixture.h"

static struct tds_fixture fixture;
static struct odbc_session session;

#define ROOT tds_fixture_option(&fixture, "SslRootCert", "root.pem")

static void start(const char *encryption, const char *misbehaviour)
{
    const char *const arguments[] = {"--misbehave", misbehaviour, NULL};
    CHECK_FATAL(tds_fixture_start(&fixture, "server", encryption, arguments));
}

/* ----- before the login ----- */

struct row {
    const char *misbehaviour;
    const char *mode;
    int native;
    const char *text;
};

/* The server saw one PRELOGIN, and nothing of the login, in no version of TDS. */
static void check_nothing_went_out(void)
{
    const char *log = tds_peer_wait_end(fixture.peer);
    CHECK_NUMBER(tds_peer_count(log, " connect\n"), 1);
    CHECK_NUMBER(tds_peer_count(log, " prelogin encryption="), 1);
    CHECK_NUMBER(tds_peer_count(log, " login "), 0);
    CHECK_NUMBER(tds_peer_count(log, "no login"), 0);
}

static void check_row(const struct row *row)
{
    start("required", row->misbehaviour);
    CHECK(!tds_fixture_connect(&fixture, &session, "SslMode=%s;%s", row->mode,
                               strcmp(row->mode, "disable") == 0 ? "" : ROOT));
    odbc_note(&session, "%s, SslMode=%s", row->misbehaviour, row->mode);
    CHECK_NUMBER(session.native, row->native);
    CHECK_CONTAINS(session.diagnostics, row->text);
    CHECK_CONTAINS(session.diagnostics, "[odbcssl]");
    odbc_close(&session);
    check_nothing_went_out();
}

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_row(&rows[i]);
}

CASE("plaintext behind the PRELOGIN reply")
{
    static const struct row rows[] = {
        {"early", "verify-full", ODBCSSL_ERROR_EARLY_PLAINTEXT, "unencrypted bytes"},
        {"early", "require", ODBCSSL_ERROR_EARLY_PLAINTEXT, "unencrypted bytes"},
        {"early", "prefer", ODBCSSL_ERROR_EARLY_PLAINTEXT, "unencrypted bytes"},
        {"early", "allow", ODBCSSL_ERROR_EARLY_PLAINTEXT, "unencrypted bytes"},
    };
    check_rows(rows, sizeof rows / sizeof rows[0]);
}

CASE("garbage for a PRELOGIN reply")
{
    static const struct row rows[] = {
        {"garbage", "verify-full", ODBCSSL_ERROR_PROTOCOL, "PRELOGIN"},
        {"garbage", "prefer", ODBCSSL_ERROR_PROTOCOL, "PRELOGIN"},
        {"garbage", "disable", ODBCSSL_ERROR_PROTOCOL, "PRELOGIN"},
    };
    check_rows(rows, sizeof rows / sizeof rows[0]);
}

/* FreeTDS alone would go on with TDS 5.0 now, with the password in the clear. */
CASE("the end in place of a PRELOGIN reply")
{
    static const struct row rows[] = {
        {"close", "verify-full", ODBCSSL_ERROR_CONNECT, "closed the connection"},
        {"close", "prefer", ODBCSSL_ERROR_CONNECT, "closed the connection"},
        {"close", "allow", ODBCSSL_ERROR_CONNECT, "closed the connection"},
        {"close", "disable", ODBCSSL_ERROR_CONNECT, "closed the connection"},
    };
    check_rows(rows, sizeof rows / sizeof rows[0]);
}

/* A server of TDS 7 takes the first TLS record for a packet of which the rest is to come. */
CASE("no answer to TLS from the first byte")
{
    start("off", "silent-start");
    CHECK(!tds_fixture_connect(&fixture, &session,
                               "SslMode=require;SslNegotiation=direct;SslTimeout=1"));
    odbc_note(&session, "SslNegotiation=direct, no answer");
    CHECK_NUMBER(session.native, ODBCSSL_ERROR_TIMEOUT);
    CHECK_CONTAINS(session.diagnostics,
                   "the server may have no TDS 8.0: set SslNegotiation=starttls");
    odbc_close(&session);
}

/* "Off" in answer to "on": the rest of the session would be plaintext. */
CASE("encryption of the login only")
{
    static const struct row rows[] = {
        {"login-only", "verify-full", ODBCSSL_ERROR_SERVER_WITHOUT_TLS, "the login only"},
        {"login-only", "require", ODBCSSL_ERROR_SERVER_WITHOUT_TLS, "the login only"},
        {"login-only", "prefer", ODBCSSL_ERROR_SERVER_WITHOUT_TLS, "the login only"},
    };
    check_rows(rows, sizeof rows / sizeof rows[0]);
    CHECK(tds_fixture_connect(&fixture, &session, "SslMode=allow"));
    CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_STATE), ODBCSSL_STATE_LOGIN_ONLY);
    odbc_close(&session);
    CHECK_CONTAINS(tds_peer_wait_end(fixture.peer), "encrypted=yes whole=no");
}

/* A pin or a trust anchor that does not fit ends allow's login-only encryption before the login. */
CASE("encryption of the login only, and a pin")
{
    start("off", "login-only");
    CHECK(!tds_fixture_connect(&fixture, &session,
                               "SslMode=allow;SslPin=sha256:"
                               "0000000000000000000000000000000000000000000000000000000000000000"));
    CHECK_NUMBER(session.native, ODBCSSL_ERROR_PIN);
    odbc_close(&session);
    check_nothing_went_out();
}

/* ----- behind the login ----- */

CASE("garbage for a login reply")
{
    start("required", "garbage-login");
    CHECK(!tds_fixture_connect(&fixture, &session, "SslMode=verify-full;%s", ROOT));
    CHECK_NUMBER(session.native, ODBCSSL_ERROR_PROTOCOL);
    CHECK_CONTAINS(session.diagnostics, "not a valid TDS token stream");
    odbc_close(&session);
    const char *log = tds_peer_wait_end(fixture.peer);
    CHECK_NUMBER(tds_peer_count(log, " login "), 1);
    CHECK_CONTAINS(log, "encrypted=yes whole=yes");
    CHECK_CONTAINS(log, " server=localhost "); /* not the relay's address */
}

/* The target sees no connection, encrypted or not. */
static void check_routing(const char *settings, const char *encryption, const char *misbehaviour)
{
    char route[32];
    const char *const arguments[] = {"--route", route, misbehaviour != NULL ? "--misbehave" : NULL,
                                     misbehaviour, NULL};
    const struct tds_peer_options options = {.certificate =
                                                 fixture_path(&fixture.base, "server.pem"),
                                             .key = fixture_path(&fixture.base, "server.key")};
    struct tds_peer *target = tds_peer_start(&options);
    CHECK_FATAL(target != NULL);
    snprintf(route, sizeof route, "localhost:%u", tds_peer_port(target));
    CHECK_FATAL(tds_fixture_start(&fixture, "server", encryption, arguments));
    CHECK(!tds_fixture_connect(&fixture, &session, "%s", settings));
    odbc_note(&session, "%s", settings);
    CHECK_NUMBER(session.native, ODBCSSL_ERROR_ROUTING);
    CHECK_CONTAINS(session.diagnostics, suite_text("localhost, port %u", tds_peer_port(target)));
    odbc_close(&session);
    CHECK_CONTAINS(tds_peer_wait_end(fixture.peer), "routed host=localhost");
    CHECK_TEXT(tds_peer_log(target), "");
    tds_peer_stop(&target);
}

static void check_routings(const char *misbehaviour)
{
    check_routing(suite_text("SslMode=verify-full;%s", ROOT), "required", misbehaviour);
    check_routing("SslMode=prefer", "off", misbehaviour);
    check_routing("SslMode=allow", "off", misbehaviour);
    check_routing("SslMode=disable", "off", misbehaviour);
}

CASE("routing")
{
    check_routings(NULL);
}

/* In the answer to the login, but not in the message that accepts it: FreeTDS reads on to DONE. */
CASE("routing behind the login's acceptance")
{
    check_routings("late-route");
}

/* ----- odd, and allowed ----- */

CASE("odd servers")
{
    static const char *const kinds[] = {"split-handshake", "reply-handshake", "no-mars"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        start("required", kinds[i]);
        CHECK(tds_fixture_connect(&fixture, &session, "SslMode=verify-full;%s", ROOT));
        CHECK(odbc_query(&session, "SELECT 'odd' AS a"));
        CHECK_TEXT(session.value, "odd");
        odbc_close(&session);
        tds_fixture_check_records(&fixture);
    }
}

static int set_up(void)
{
    return tds_fixture_set_up(&fixture, NULL, NULL);
}

SUITE("TDS hostile", set_up, tds_fixture_tear_down)
