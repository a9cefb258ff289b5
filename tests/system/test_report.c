/*
 * What a program, a person with isql and the command `odbcssl status` are told of the TLS session:
 * compared with the certificate as it was made, and with what the server says of the same session.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "base/text.h"
#include "config.h"
#include "odbcssl.h"
#include "support/odbc.h"
#include "support/suite.h"
#include "system/fixture.h"

#define TEXT_SIZE 16384

/* Two, three and four bytes in UTF-8; the last is a surrogate pair in UTF-16. */
#define SUBJECT "CN=db\xC3\xA4 \xE2\x82\xAC,O=\xF0\x9D\x94\x98nit"

static struct fixture fixture;
static struct pki_certificate *server;

/* ---- what is expected ---- */

struct expectation {
    unsigned type; /* of numbers, and the UTF-16 type of texts */
    long number, or_number;
    const char *text; /* NULL: a number */
    bool is_part;     /* text is a part of the value */
};

static char peer_certificate[TEXT_SIZE], peer_fingerprint[128], peer_from[32], peer_until[32],
    library[64], protocol[64], cipher[128];
static long cipher_bits;

/* The order is that of odbcssl.h. A day may begin while the test runs. */
static const struct expectation expectations[] = {
    {SQL_SSL_STATE, ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED, -1, NULL, false},
    {SQL_SSL_MODE, ODBCSSL_MODE_VERIFY_FULL, -1, NULL, false},
    {SQL_SSL_PROTOCOL_VERSION, 0x0304, -1, NULL, false},
    {SQL_SSL_VERIFY_STATUS, 0, -1, NULL, false},
    {SQL_SSL_CRL_STATUS, ODBCSSL_CRL_GOOD, -1, NULL, false},
    {SQL_SSL_PEER_DAYS_LEFT, 99, 100, NULL, false},
    {SQL_SSL_CRL_DAYS_LEFT, 29, 30, NULL, false},
    {SQL_SSL_CLIENT_CERT_SENT, 1, -1, NULL, false},
    {SQL_SSL_RESUMED, 0, -1, NULL, false},
    {SQL_SSL_CLIENT_CERT_DAYS_LEFT, 364, 365, NULL, false},
    {SQL_SSL_PROTOCOL_W, 0, 0, protocol, false},
    {SQL_SSL_CIPHER_W, 0, 0, cipher, false},
    {SQL_SSL_GROUP_W, 0, 0, "25", true}, /* X25519 or SECP256R1 */
    {SQL_SSL_PEER_SUBJECT_W, 0, 0, SUBJECT, false},
    {SQL_SSL_PEER_ISSUER_W, 0, 0, "CN=Intermediate CA", false},
    {SQL_SSL_PEER_SERIAL_W, 0, 0, "04:D2", false},
    {SQL_SSL_PEER_NOT_BEFORE_W, 0, 0, peer_from, false},
    {SQL_SSL_PEER_NOT_AFTER_W, 0, 0, peer_until, false},
    {SQL_SSL_PEER_FINGERPRINT_W, 0, 0, peer_fingerprint, false},
    {SQL_SSL_PEER_ALT_NAMES_W, 0, 0, "DNS:localhost, IP:127.0.0.1", false},
    {SQL_SSL_PEER_CERTIFICATE_W, 0, 0, peer_certificate, false},
    {SQL_SSL_ALPN_W, 0, 0, "", false},
    {SQL_SSL_LIBRARY_W, 0, 0, library, false},
    {SQL_SSL_VERSION_W, 0, 0, PACKAGE_VERSION, false},
    {SQL_SSL_SUMMARY_W, 0, 0, "certificate chain and host name verified, not revoked", true},
};

/* And the two that depend on the connection: cipher bits and transport. */
#define EXPECTATION_COUNT (sizeof expectations / sizeof expectations[0])

static void write_time(time_t when, char *out)
{
    struct tm parts;
    gmtime_r(&when, &parts);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

static void learn_certificate(void)
{
    unsigned char digest[32];
    size_t size = sizeof digest;
    gnutls_datum_t pem = {0};
    gnutls_x509_crt_get_fingerprint(server->crt, GNUTLS_DIG_SHA256, digest, &size);
    for (size_t i = 0; i < size; i++)
        sprintf(peer_fingerprint + 2 * i, "%02X", digest[i]);
    gnutls_x509_crt_export2(server->crt, GNUTLS_X509_FMT_PEM, &pem);
    snprintf(peer_certificate, sizeof peer_certificate, "%s", (const char *)pem.data);
    gnutls_free(pem.data);
    write_time(gnutls_x509_crt_get_activation_time(server->crt), peer_from);
    write_time(gnutls_x509_crt_get_expiration_time(server->crt), peer_until);
    snprintf(library, sizeof library, "GnuTLS %s", gnutls_check_version(NULL));
}

/* The server's own words for this session. */
static void learn_session(struct odbc_session *session)
{
    CHECK(odbc_query(session, "select version from pg_stat_ssl where pid = pg_backend_pid()"));
    snprintf(protocol, sizeof protocol, "%.60s", session->value);
    CHECK(odbc_query(session, "select cipher from pg_stat_ssl where pid = pg_backend_pid()"));
    snprintf(cipher, sizeof cipher, "%.120s", session->value);
    CHECK(odbc_query(session, "select bits from pg_stat_ssl where pid = pg_backend_pid()"));
    cipher_bits = atol(session->value);
    CHECK(odbc_query(session, "select client_dn from pg_stat_ssl where pid = pg_backend_pid()"));
    CHECK_TEXT(session->value, "/CN=" POSTGRES_USER);
}

/* ---- one item through both functions ---- */

typedef SQLRETURN get_info_function(SQLHDBC, SQLUSMALLINT, SQLPOINTER, SQLSMALLINT, SQLSMALLINT *);

static get_info_function *const functions[] = {SQLGetInfo, SQLGetInfoW};

static void check_text(const struct expectation *wanted, const char *found)
{
    if (wanted->is_part)
        CHECK_CONTAINS(found, wanted->text);
    else
        CHECK_TEXT(found, wanted->text);
}

static void check_utf8(SQLHDBC connection, get_info_function *get, const struct expectation *wanted)
{
    static char value[TEXT_SIZE];
    SQLSMALLINT length = -1, full = -1;
    SQLUSMALLINT type = (SQLUSMALLINT)(wanted->type + 0x80);
    memset(value, '#', sizeof value);
    CHECK_NUMBER(get(connection, type, value, sizeof value, &length), SQL_SUCCESS);
    check_text(wanted, value);
    CHECK_NUMBER(length, strlen(value));
    CHECK_NUMBER(get(connection, type, NULL, 0, &full), SQL_SUCCESS);
    CHECK_NUMBER(full, length);
    CHECK_NUMBER(get(connection, type, value, sizeof value, NULL), SQL_SUCCESS);
    CHECK_NUMBER(get(connection, type, value, (SQLSMALLINT)(length + 1), &full), SQL_SUCCESS);
}

static void check_utf16(SQLHDBC connection, get_info_function *get,
                        const struct expectation *wanted)
{
    static SQLWCHAR value[TEXT_SIZE];
    SQLSMALLINT length = -1, full = -1;
    SQLUSMALLINT type = (SQLUSMALLINT)wanted->type;
    memset(value, '#', sizeof value);
    CHECK_NUMBER(get(connection, type, value, sizeof value / 2, &length), SQL_SUCCESS);
    char *narrow = text_to_utf8(value, text_utf16_length(value), NULL);
    check_text(wanted, narrow);
    free(narrow);
    CHECK_NUMBER(length, 2 * text_utf16_length(value));
    CHECK_NUMBER(get(connection, type, NULL, 0, &full), SQL_SUCCESS);
    CHECK_NUMBER(full, length);
    CHECK_NUMBER(get(connection, type, value, (SQLSMALLINT)(length + 2), &full), SQL_SUCCESS);
}

static void check_number(SQLHDBC connection, get_info_function *get,
                         const struct expectation *wanted)
{
    SQLINTEGER value[2] = {-7, -7};
    SQLSMALLINT length = -1;
    CHECK_NUMBER(get(connection, (SQLUSMALLINT)wanted->type, value, 0, &length), SQL_SUCCESS);
    if (value[0] != wanted->or_number)
        CHECK_NUMBER(value[0], wanted->number);
    CHECK_NUMBER(value[1], -7);
    CHECK_NUMBER(length, 4);
    CHECK_NUMBER(get(connection, (SQLUSMALLINT)wanted->type, NULL, 0, &length), SQL_SUCCESS);
}

static const char *const drivers[] = {"wide", "ansi"}; /* DSNs */

static bool connect_app(struct odbc_session *session, size_t driver, bool is_wide)
{
    return is_wide ? odbc_connect_wide(session, "DSN=%s", drivers[driver])
                   : odbc_connect(session, "DSN=%s", drivers[driver]);
}

/* Both libraries, both kinds of application, both functions: the same values. */
CASE("every item, from both libraries, to ANSI and wide applications")
{
    for (int i = 0; i < 8; i++) {
        struct odbc_session session = {0};
        get_info_function *get = functions[i / 4];
        CHECK_FATAL(connect_app(&session, (size_t)i % 2, i / 2 % 2 == 1));
        CHECK_TEXT(session.diagnostics, "");
        learn_session(&session);
        const struct expectation bits = {SQL_SSL_CIPHER_BITS, cipher_bits, -1, NULL, false};
        check_number(session.connection, get, &bits);
        /* The first of our libraries leads libpq's calls to itself, and so the second one
         * cannot. */
        bool is_relayed = i % 2 == 1 || strcmp(odbc_transport(), "relay") == 0;
        const struct expectation transport = {
            SQL_SSL_TRANSPORT, is_relayed ? ODBCSSL_TRANSPORT_RELAY : ODBCSSL_TRANSPORT_INTERPOSED,
            -1, NULL, false};
        check_number(session.connection, get, &transport);
        for (size_t k = 0; k < EXPECTATION_COUNT; k++) {
            if (expectations[k].text == NULL) {
                check_number(session.connection, get, &expectations[k]);
                continue;
            }
            check_utf8(session.connection, get, &expectations[k]);
            check_utf16(session.connection, get, &expectations[k]);
        }
        odbc_close(&session);
    }
}

/* ---- buffers that are too small ---- */

static void check_cut(SQLHDBC connection, get_info_function *get, bool is_wide, SQLSMALLINT size,
                      const char *wanted)
{
    unsigned char value[64];
    SQLWCHAR wide[32] = {0};
    SQLCHAR state[6] = "", text[256] = "";
    SQLSMALLINT length = 0;
    char *narrow = NULL;
    memset(value, 0x55, sizeof value);
    CHECK_NUMBER(get(connection, is_wide ? SQL_SSL_PEER_SUBJECT_W : SQL_SSL_PEER_SUBJECT_A, value,
                     size, &length),
                 SQL_SUCCESS_WITH_INFO);
    CHECK_NUMBER(SQLGetDiagRec(SQL_HANDLE_DBC, connection, 1, state, NULL, text, sizeof text, NULL),
                 SQL_SUCCESS);
    CHECK_TEXT((char *)state, "01004");
    CHECK_NUMBER(length, is_wide ? 2 * 16 : strlen(SUBJECT));
    for (size_t i = (size_t)size; i < sizeof value; i++)
        CHECK_NUMBER(value[i], 0x55); /* nothing behind the buffer was touched */
    if (is_wide && wanted != NULL) {
        memcpy(wide, value, (size_t)size);
        narrow = text_to_utf8(wide, text_utf16_length(wide), NULL);
    }
    if (wanted != NULL)
        CHECK_TEXT(is_wide ? narrow : (char *)value, wanted);
    free(narrow);
}

CASE("buffers that are too small")
{
    struct odbc_session session = {0};
    for (int i = 0; i < 4; i++) {
        get_info_function *get = functions[i % 2];
        CHECK_FATAL(connect_app(&session, (size_t)i / 2, false));
        check_cut(session.connection, get, false, 4, "CN=");
        check_cut(session.connection, get, false, 7, "CN=db"); /* never half of a character */
        check_cut(session.connection, get, false, 8, "CN=db\xC3\xA4");
        check_cut(session.connection, get, false, 1, "");
        check_cut(session.connection, get, true, 8, "CN=");
        check_cut(session.connection, get, true, 9, "CN=");
        check_cut(session.connection, get, true, 2, "");
        check_cut(session.connection, get, true, 1, NULL);
        check_cut(session.connection, get, true, 26,
                  "CN=db\xC3\xA4 \xE2\x82\xAC,O="); /* nor of a surrogate pair */
        odbc_close(&session);
    }
}

/* ---- {call odbcssl_status} ---- */

/* Every row is what SQLGetInfo tells, in words. */
static void check_rows(struct odbc_session *session, SQLRETURN result)
{
    unsigned rows = 0, texts = 0;
    CHECK_NUMBER(result, SQL_SUCCESS);
    while (SQLFetch(session->statement) == SQL_SUCCESS) {
        char name[128] = "", value[TEXT_SIZE] = "";
        SQLLEN length = 0;
        SQLGetData(session->statement, 1, SQL_C_CHAR, name, sizeof name, &length);
        SQLGetData(session->statement, 2, SQL_C_CHAR, value, sizeof value, &length);
        rows++;
        if (strcmp(name, "SQL_SSL_STATE") == 0)
            CHECK_TEXT(value, "encrypted, certificate chain and host name verified");
        if (strcmp(name, "SQL_SSL_PEER_ALT_NAMES") == 0)
            CHECK_TEXT(value, "DNS:localhost, IP:127.0.0.1");
        CHECK(strcmp(name, "SQL_SSL_PEER_CERTIFICATE") != 0);
        if (rows == 1)
            CHECK_TEXT(name, "SQL_SSL_SUMMARY");
        if (strcmp(name, "SQL_SSL_PEER_FINGERPRINT") == 0)
            CHECK_TEXT(value, peer_fingerprint);
        if (strcmp(name, "SQL_SSL_CLIENT_CERT_SENT") == 0)
            CHECK_TEXT(value, "yes");
        texts += strncmp(name, "SQL_SSL_", 8) == 0;
    }
    CHECK_NUMBER(rows, EXPECTATION_COUNT); /* no ALPN, and no certificate */
    CHECK_NUMBER(texts, rows);
}

CASE("{call odbcssl_status}")
{
    for (size_t i = 0; i < 4; i++) {
        struct odbc_session session = {0};
        SQLSMALLINT columns = 0;
        CHECK_FATAL(connect_app(&session, i % 2, i / 2 == 1));
        check_rows(&session,
                   SQLExecDirect(session.statement, (SQLCHAR *)"{call odbcssl_status}", SQL_NTS));
        SQLFreeStmt(session.statement, SQL_CLOSE);
        CHECK_NUMBER(SQLPrepare(session.statement, (SQLCHAR *)"{ CALL ODBCSSL_STATUS() }", SQL_NTS),
                     SQL_SUCCESS);
        CHECK_NUMBER(SQLNumResultCols(session.statement, &columns), SQL_SUCCESS);
        CHECK_NUMBER(columns, 2);
        for (int k = 0; k < 2; k++) {
            check_rows(&session, SQLExecute(session.statement));
            SQLFreeStmt(session.statement, SQL_CLOSE);
        }
        odbc_close(&session);
    }
}

/* Programs cut or refuse values of long types: every column is a short varchar. */
CASE("the report as a table of short columns")
{
    struct odbc_session session = {0};
    SQLSMALLINT type, digits, nullable;
    SQLULEN size = 0;
    CHECK_FATAL(connect_app(&session, 0, false));
    CHECK_NUMBER(
        SQLExecDirect(session.statement, (SQLCHAR *)"select * from odbcssl_status", SQL_NTS),
        SQL_SUCCESS);
    for (SQLUSMALLINT column = 1; column <= 2; column++) {
        SQLDescribeCol(session.statement, column, NULL, 0, NULL, &type, &size, &digits, &nullable);
        CHECK(type == SQL_VARCHAR || type == SQL_WVARCHAR);
        CHECK(size >= 32 && size < 255);
    }
    SQLFreeStmt(session.statement, SQL_CLOSE);
    CHECK(odbc_query(&session, "SELECT * FROM odbcssl_certificate;"));
    CHECK_TEXT(session.value, peer_certificate);
    odbc_close(&session);
}

/* ---- commands ---- */

/* Runs a shell command; its exit status. out: standard output and error. */
static int run(char *out, const char *command)
{
    FILE *pipe = popen(command, "r");
    size_t size = pipe != NULL ? fread(out, 1, TEXT_SIZE - 1, pipe) : 0;
    out[size] = '\0';
    int status = pipe != NULL ? pclose(pipe) : -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool has_command(const char *name)
{
    char command[128], out[TEXT_SIZE];
    snprintf(command, sizeof command, "command -v %s 2>&1", name);
    return run(out, command) == 0;
}

CASE("isql and iusql")
{
    /* iusql shows no rows of psqlodbca, with odbcssl or without. */
    static const char *const runs[][2] = {{"isql", "wide"}, {"iusql", "wide"}, {"isql", "ansi"}};
    char out[TEXT_SIZE];
    if (FIXTURE_IS_SANITIZED) {
        suite_skip("isql cannot load a driver that is built with a sanitizer");
        return;
    }
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        if (!has_command(runs[i][0])) {
            suite_skip("isql is not installed");
            return;
        }
        CHECK_NUMBER(run(out, suite_text("echo '{call odbcssl_status}' | %s -b -d'|' %s 2>&1",
                                         runs[i][0], runs[i][1])),
                     0);
        CHECK_CONTAINS(out, "SQL_SSL_STATE|encrypted, certificate chain and host name verified\n");
        CHECK_CONTAINS(out, peer_fingerprint);
    }
}

/* A small reader of JSON, for machines without another: one object of texts and numbers. */
static bool is_json(const char *text)
{
    bool is_in_text = false;
    int depth = 0, members = 0;
    for (; *text != '\0'; text++) {
        if (is_in_text && *text == '\\')
            text++;
        else if (*text == '"')
            is_in_text = !is_in_text;
        else if (is_in_text && (unsigned char)*text < 0x20)
            return false;
        else if (!is_in_text && (*text == '{' || *text == '}'))
            depth += *text == '{' ? 1 : -1;
        else if (!is_in_text && *text == ':')
            members++;
        else if (!is_in_text && !isspace((unsigned char)*text) && !isdigit((unsigned char)*text) &&
                 *text != ',' && *text != '-')
            return false;
    }
    return depth == 0 && !is_in_text && members == (int)EXPECTATION_COUNT + 2;
}

static const char *tool(const char *arguments)
{
    return suite_text("%s %s 2>&1", suite_built("command/odbcssl"), arguments);
}

CASE("odbcssl status")
{
    char out[TEXT_SIZE];
    CHECK_NUMBER(run(out, tool("status wide")), 0);
    CHECK_CONTAINS(out, "SQL_SSL_STATE");
    CHECK_CONTAINS(out, "encrypted, certificate chain and host name verified");
    CHECK_CONTAINS(out, SUBJECT);
    const char *arguments =
        suite_text("status -k 'DRIVER={%s};Servername=localhost;Port=%u;Database=postgres;"
                   "SslMode=verify-full;SslRootCert=%s' -u %s -p %s",
                   ODBC_POSTGRESQL, fixture_port(&fixture), fixture_path(&fixture, "root.pem"),
                   POSTGRES_USER, POSTGRES_PASSWORD);
    CHECK_NUMBER(run(out, tool(arguments)), 0);
    CHECK_CONTAINS(out, "encrypted, certificate chain and host name verified");
    CHECK_NUMBER(run(out, tool("status nosuch")), 1);
    CHECK_CONTAINS(out, "IM002");
    CHECK_NUMBER(run(out, tool("status")), 2);
}

CASE("odbcssl status --json")
{
    static const char check[] =
        " | python3 -c 'import json,sys; d=json.load(sys.stdin); print(len(d), "
        "d[\"SQL_SSL_STATE\"], d[\"SQL_SSL_PEER_SUBJECT\"])'";
    char out[TEXT_SIZE];
    CHECK_NUMBER(run(out, tool("status --json ansi")), 0);
    CHECK(is_json(out));
    CHECK_CONTAINS(out, "\"SQL_SSL_STATE\"");
    /* Of another driver's connection there is no report, nor the beginning of one. */
    const char *bare = suite_text("status --json -k 'DRIVER={%s};Servername=localhost;Port=%u;"
                                  "Database=postgres;SSLmode=require' -u %s -p %s",
                                  ODBC_NATIVE_POSTGRESQL, fixture_port(&fixture), POSTGRES_USER,
                                  POSTGRES_PASSWORD);
    CHECK_NUMBER(run(out, tool(bare)), 1);
    CHECK_CONTAINS(out, "is it odbcssl?");
    CHECK(strchr(out, '{') == NULL);
    if (!has_command("python3"))
        return;
    const char *command =
        suite_text("export PYTHONIOENCODING=utf-8; %s%s", tool("status wide --json"), check);
    const char *wanted = suite_text("%zu 5 %s\n", EXPECTATION_COUNT + 2, SUBJECT);
    CHECK_NUMBER(run(out, command), 0);
    CHECK_TEXT(out, wanted);
}

/* ---- set-up ---- */

static bool make_server(void)
{
    server = pki_issue(&(struct pki_spec){.dn = SUBJECT,
                                          .issuer = fixture.intermediate,
                                          .dns = PKI_LIST("localhost"),
                                          .ip = PKI_LIST("127.0.0.1"),
                                          .serial = "04D2",
                                          .not_after = {.days = 100}});
    return server != NULL &&
           pki_write_pem(fixture_path(&fixture, "own.pem"), server, fixture.intermediate, NULL) &&
           pki_write_key_pem(fixture_path(&fixture, "own.key"), server);
}

static bool write_sources(void)
{
    static char text[8192];
    int used = 0;
    for (size_t i = 0; i < 2; i++)
        used += snprintf(
            text + used, sizeof text - (size_t)used,
            "[%s]\nDriver=%s\nServername=localhost\nPort=%u\nDatabase=postgres\nUsername=%s\n"
            "Password=%s\nSslMode=verify-full\nSslRootCert=%s\nSslCrl=%s\nSslCert=%s\nSslKey=%"
            "s\nSslExpiryWarningDays=7\n",
            drivers[i], i == 0 ? ODBC_POSTGRESQL : ODBC_POSTGRESQL_ANSI, fixture_port(&fixture),
            POSTGRES_USER, POSTGRES_PASSWORD, fixture_path(&fixture, "root.pem"),
            fixture_path(&fixture, "crl.pem"), fixture_path(&fixture, "client.pem"),
            fixture_path(&fixture, "client.key"));
    return odbc_configure(fixture.folder, NULL, text);
}

static int set_up(void)
{
    if (fixture_open(&fixture, NULL, NULL) != 0 || !make_server() ||
        !fixture_start(&fixture, "own", FIXTURE_HBA, true) || !write_sources())
        return -1;
    learn_certificate();
    return 0;
}

static int tear_down(void)
{
    fixture_close(&fixture);
    return 0;
}

SUITE("report", set_up, tear_down)
