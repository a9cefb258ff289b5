/*
 * The result of every combination of server TLS on and off, TLS required by the server or not, and
 * SslMode, as GaussDB(DWS) documents it for its clients, and verify-full beside it. Whether a
 * connection is encrypted is the server's own word (pg_stat_ssl), beside our report.
 */
#include <stdio.h>
#include <string.h>

#include "odbcssl.h"
#include "support/odbc.h"
#include "support/suite.h"
#include "system/fixture.h"

static struct fixture fixture;

enum wanted {
    FAILS_SERVER_REQUIRES,
    FAILS_SERVER_HAS_NONE,
    PLAINTEXT,
    FALLBACK,
    ENCRYPTED,
    VERIFIED,
    NAMED
};

struct row {
    const char *mode;
    enum wanted required;     /* what it comes to when the server requires TLS ... */
    enum wanted not_required; /* ... and when it does not */
};

static const struct row server_with_tls[] = {
    {"disable", FAILS_SERVER_REQUIRES, PLAINTEXT},
    {"allow", ENCRYPTED, PLAINTEXT},
    {"prefer", ENCRYPTED, ENCRYPTED},
    {"require", ENCRYPTED, ENCRYPTED},
    {"verify-ca", VERIFIED, VERIFIED},
    {"verify-full", NAMED, NAMED},
};

/* "Required" counts only when the server has TLS. */
static const struct row server_without_tls[] = {
    {"disable", PLAINTEXT, PLAINTEXT},
    {"allow", PLAINTEXT, PLAINTEXT},
    {"prefer", FALLBACK, FALLBACK},
    {"require", FAILS_SERVER_HAS_NONE, FAILS_SERVER_HAS_NONE},
    {"verify-ca", FAILS_SERVER_HAS_NONE, FAILS_SERVER_HAS_NONE},
    {"verify-full", FAILS_SERVER_HAS_NONE, FAILS_SERVER_HAS_NONE},
};

static const enum odbcssl_state states[] = {
    [PLAINTEXT] = ODBCSSL_STATE_PLAINTEXT,           [FALLBACK] = ODBCSSL_STATE_PLAINTEXT_FALLBACK,
    [ENCRYPTED] = ODBCSSL_STATE_ENCRYPTED,           [VERIFIED] = ODBCSSL_STATE_CHAIN_VERIFIED,
    [NAMED] = ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED,
};

static void check_refused(const struct odbc_session *session, const char *mode,
                          enum odbcssl_error code, const char *part)
{
    CHECK_NUMBER(session->native, code);
    CHECK_TEXT(session->sqlstate, "08001");
    CHECK_CONTAINS(session->diagnostics, part);
    CHECK_CONTAINS(session->diagnostics, mode);
}

static void check_connected(struct odbc_session *session, enum wanted wanted)
{
    bool is_encrypted = wanted >= ENCRYPTED;
    if (wanted == FALLBACK) {
        CHECK_TEXT(session->sqlstate, "01000");
        CHECK_NUMBER(session->native, ODBCSSL_WARNING_FALLBACK);
    }
    CHECK(odbc_query(session, "select case when ssl then 'yes' else 'no' end from pg_stat_ssl "
                              "where pid = pg_backend_pid()"));
    CHECK_TEXT(session->value, is_encrypted ? "yes" : "no");
    CHECK_NUMBER(odbc_info_number(session, SQL_SSL_STATE), states[wanted]);
    CHECK_NUMBER(odbc_info_number(session, SQL_SSL_PROTOCOL_VERSION), is_encrypted ? 0x0304 : 0);
}

static void check_row(const char *mode, enum wanted wanted)
{
    static struct odbc_session session;
    memset(&session, 0, sizeof session);
    const char *trust = strncmp(mode, "verify", 6) == 0
                            ? suite_text("SslRootCert=%s;", fixture_path(&fixture, "root.pem"))
                            : "";
    bool is_connected = odbc_connect(
        &session,
        "DRIVER={%s};Servername=localhost;Port=%u;Database=postgres;UID=%s;PWD=%s;%sSslMode=%s",
        ODBC_POSTGRESQL, fixture_port(&fixture), POSTGRES_USER, POSTGRES_PASSWORD, trust, mode);
    printf("# sslmode %-12s -> %s\n", mode,
           is_connected ? session.result == SQL_SUCCESS ? "connected" : "connected, with a warning"
                        : "refused");
    CHECK_NUMBER(is_connected, wanted > FAILS_SERVER_HAS_NONE);
    if (wanted == FAILS_SERVER_REQUIRES)
        check_refused(&session, mode, ODBCSSL_ERROR_SERVER_REQUIRES_TLS,
                      "refused a connection without TLS");
    else if (wanted == FAILS_SERVER_HAS_NONE)
        check_refused(&session, mode, ODBCSSL_ERROR_SERVER_WITHOUT_TLS, "wants TLS");
    else if (is_connected)
        check_connected(&session, wanted);
    else
        CHECK_TEXT(session.diagnostics, "");
    odbc_close(&session);
}

#define HOSTSSL FIXTURE_HBA
#define HOST "host all all 127.0.0.1/32 scram-sha-256"

CASE("ssl on, required")
{
    CHECK_FATAL(fixture_start(&fixture, "server", HOSTSSL, false));
    for (size_t i = 0; i < 6; i++)
        check_row(server_with_tls[i].mode, server_with_tls[i].required);
}

CASE("ssl on, not required")
{
    CHECK_FATAL(fixture_start(&fixture, "server", HOST, false));
    for (size_t i = 0; i < 6; i++)
        check_row(server_with_tls[i].mode, server_with_tls[i].not_required);
}

/* With ssl off PostgreSQL passes over hostssl lines, so that there must be a host line as well. */
CASE("ssl off, required")
{
    CHECK_FATAL(fixture_start(&fixture, NULL, HOSTSSL "\n" HOST, false));
    for (size_t i = 0; i < 6; i++)
        check_row(server_without_tls[i].mode, server_without_tls[i].required);
}

CASE("ssl off, not required")
{
    CHECK_FATAL(fixture_start(&fixture, NULL, HOST, false));
    for (size_t i = 0; i < 6; i++)
        check_row(server_without_tls[i].mode, server_without_tls[i].not_required);
}

static int set_up(void)
{
    return fixture_open(&fixture, NULL, NULL);
}

SUITE("matrix", set_up, fixture_tear_down)
