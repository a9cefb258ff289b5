/*
 * test_tds_trust.c - what is trusted does not depend on the database: the same certificates, files
 * and settings lead to the same result with SQL Server (over FreeTDS) and with PostgreSQL, in the
 * same words.
 */
#include <stdio.h>
#include <string.h>

#include "odbcssl.h"
#include "support/suite.h"
#include "system/tds_fixture.h"
#include "support/tools.h"

#define TEXT_SIZE 4096

static struct tds_fixture fixture;
static struct odbc_session session;
static struct odbc_session postgres_session;
static bool has_postgres;
static char pin[80]; /* of server.pem */

/* ----- settings ----- */

/* "@" stands for the fixture's folder, "$" for the pin of server.pem. */
static const char *expand(const char *settings)
{
    const char *folder = fixture_path(&fixture.base, "");
    return fixture_expand(fixture_expand(settings, "@", folder), "$", pin);
}

static bool connect_tds(const char *settings)
{
    return tds_fixture_connect(&fixture, &session, "%s", expand(settings));
}

static bool connect_postgres(const char *settings)
{
    postgres_session = (struct odbc_session){0};
    return odbc_connect(&postgres_session, "%s",
                        fixture_source(&fixture.base, ODBC_POSTGRESQL, expand(settings)));
}

/* ----- one result for both ----- */

struct row {
    const char *settings;
    int native;       /* of the first record; 0: none */
    const char *text; /* part of it */
    enum odbcssl_state state;
    unsigned status; /* SQL_SSL_VERIFY_STATUS of a connection */
};

static const char *first_record(const struct odbc_session *from)
{
    static char records[2][ODBC_DIAGNOSTICS_SIZE];
    static unsigned next;
    char *record = records[next++ % 2];
    snprintf(record, sizeof records[0], "%s", from->diagnostics);
    record[strcspn(record, "\n")] = '\0';
    char *now = strstr(record, "; it is now");
    if (now != NULL)
        *now = '\0';
    return record;
}

/* What TDS 7 has no TLS 1.3 for, PostgreSQL gets neither: the records compare. */
static void compare_with_postgres(const struct row *row, bool is_connected)
{
    char settings[TEXT_SIZE];
    snprintf(settings, sizeof settings, "SslMaxProtocol=TLSv1.2;%s", row->settings);
    CHECK_NUMBER(connect_postgres(settings), is_connected);
    CHECK_TEXT(first_record(&postgres_session), first_record(&session));
    if (is_connected) {
        CHECK_NUMBER(odbc_info_number(&postgres_session, SQL_SSL_STATE), row->state);
        CHECK_NUMBER(odbc_info_number(&postgres_session, SQL_SSL_VERIFY_STATUS), row->status);
    }
    odbc_close(&postgres_session);
}

static void check_row(const struct row *row)
{
    bool is_wanted = row->native == 0 || row->native >= ODBCSSL_WARNING_FALLBACK;
    bool is_connected = connect_tds(row->settings);
    odbc_note(&session, "%s", row->settings);
    CHECK_NUMBER(is_connected, is_wanted);
    CHECK_NUMBER(session.native, row->native);
    CHECK_CONTAINS(session.diagnostics, row->text);
    if (has_postgres)
        compare_with_postgres(row, is_connected);
    if (is_connected) {
        CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_STATE), row->state);
        CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_VERIFY_STATUS), row->status);
    }
    odbc_close(&session);
    /* No password without trust. */
    CHECK_NUMBER(tds_peer_count(tds_peer_wait_end(fixture.peer), " login "), is_connected);
}

static void check_rows(const char *certificate, const struct row *rows, size_t count)
{
    CHECK_FATAL(tds_fixture_start(&fixture, certificate, "required", NULL));
    if (has_postgres)
        CHECK_FATAL(fixture_start(&fixture.base, certificate, NULL, false));
    for (size_t i = 0; i < count; i++)
        check_row(&rows[i]);
}

#define ROWS(rows) rows, sizeof rows / sizeof rows[0]
#define FULL "SslMode=verify-full;"
#define CA "SslMode=verify-ca;"
#define ROOT "SslRootCert=@root.pem;"
#define QUIET "SslExpiryWarningDays=0;"
#define NAMED ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED
#define CHAIN ODBCSSL_STATE_CHAIN_VERIFIED
#define ENCRYPTED ODBCSSL_STATE_ENCRYPTED

CASE("a good certificate")
{
    static const struct row rows[] = {
        {FULL ROOT, 0, "", NAMED, 0},
        {CA ROOT, 0, "", CHAIN, 0},
        {FULL ROOT "SslServerName=db.example.com", 0, "", NAMED, 0},
        {FULL ROOT "SslServerName=db2.example.com", ODBCSSL_ERROR_HOST, "db2.example.com", 0, 0},
        {FULL "SslRootCert=@other.pem", ODBCSSL_ERROR_ISSUER_UNKNOWN, "other.pem", 0, 0},
        {CA "SslRootCert=@other.pem", ODBCSSL_ERROR_ISSUER_UNKNOWN, "other.pem", 0, 0},
        {"SslMode=require;SslRootCert=@other.pem", ODBCSSL_ERROR_ISSUER_UNKNOWN, "other.pem", 0, 0},
        {"SslMode=prefer;SslRootCert=@other.pem", ODBCSSL_WARNING_VERIFICATION, "other.pem",
         ENCRYPTED, ODBCSSL_VERIFY_UNTRUSTED},
        {FULL "SslRootCert=@missing.pem", ODBCSSL_ERROR_FILE_UNREADABLE, "missing.pem", 0, 0},
        {FULL "SslRootCert=@server.key", ODBCSSL_ERROR_FILE_MALFORMED, "server.key", 0, 0},
    };
    check_rows("server", ROWS(rows));
}

CASE("pins")
{
    static const struct row rows[] = {
        {"SslMode=require;SslPin=$", 0, "", ENCRYPTED, 0},
        {"SslMode=prefer;SslPin=$", 0, "", ENCRYPTED, 0},
        {FULL ROOT "SslPin=$", 0, "", NAMED, 0},
        {"SslMode=require;SslPin=sha256:"
         "0000000000000000000000000000000000000000000000000000000000000000",
         ODBCSSL_ERROR_PIN, "SslPin", 0, 0},
        {"SslMode=prefer;SslPin=sha256:"
         "0000000000000000000000000000000000000000000000000000000000000000",
         ODBCSSL_ERROR_PIN, "SslPin", 0, 0},
    };
    check_rows("server", ROWS(rows));
}

CASE("revocation lists")
{
    static const struct row rows[] = {
        {FULL ROOT QUIET "SslCrl=@crl.pem", 0, "", NAMED, 0},
        {FULL ROOT QUIET "SslCrl=@crl-revoked.pem", 0, "", NAMED, 0},
        {FULL ROOT "SslCrl=@crl-root.pem", ODBCSSL_ERROR_NO_CRL, "Intermediate CA", 0, 0},
        {FULL ROOT "SslCrl=@crl-expired.pem", ODBCSSL_ERROR_CRL_EXPIRED, "crl-expired.pem", 0, 0},
        {FULL ROOT "SslCrl=@crl-forged.pem", ODBCSSL_ERROR_CRL_BAD_SIGNATURE, "crl-forged.pem", 0,
         0},
        {FULL ROOT "SslCrl=@root.pem", ODBCSSL_ERROR_CRL_UNREADABLE, "root.pem", 0, 0},
        {FULL ROOT "SslCrl=@missing.pem", ODBCSSL_ERROR_FILE_UNREADABLE, "missing.pem", 0, 0},
        {FULL ROOT QUIET "SslCrl=@crl-leaf.pem;SslCrlCheck=leaf", 0, "", NAMED, 0},
        {"SslMode=prefer;" ROOT "SslCrl=@crl-root.pem", ODBCSSL_WARNING_VERIFICATION,
         "Intermediate CA", ENCRYPTED, ODBCSSL_VERIFY_NO_CRL},
    };
    check_rows("server", ROWS(rows));
}

CASE("a revoked certificate")
{
    static const struct row rows[] = {
        {FULL ROOT "SslCrl=@crl-revoked.pem", ODBCSSL_ERROR_REVOKED, "crl-revoked.pem", 0, 0},
        {CA ROOT "SslCrl=@crl-revoked.pem", ODBCSSL_ERROR_REVOKED, "0A:3F", 0, 0},
        {"SslMode=require;" ROOT "SslCrl=@crl-revoked.pem", ODBCSSL_ERROR_REVOKED, "0A:3F", 0, 0},
        {"SslMode=prefer;" ROOT "SslCrl=@crl-revoked.pem", ODBCSSL_WARNING_VERIFICATION, "0A:3F",
         ENCRYPTED, ODBCSSL_VERIFY_REVOKED},
        {FULL ROOT QUIET "SslCrl=@crl.pem", 0, "", NAMED, 0},
        {FULL ROOT, 0, "", NAMED, 0},
    };
    check_rows("revoked", ROWS(rows));
}

CASE("certificates of others")
{
    static const struct row stranger[] = {
        {FULL ROOT, ODBCSSL_ERROR_ISSUER_UNKNOWN, "root.pem", 0, 0},
        {FULL "SslRootCert=@other.pem", 0, "", NAMED, 0},
    };
    static const struct row misnamed[] = {
        {FULL ROOT, ODBCSSL_ERROR_HOST, "elsewhere.example.com", 0, 0},
        {CA ROOT, 0, "", CHAIN, 0},
        {FULL ROOT "SslServerName=elsewhere.example.com", 0, "", NAMED, 0},
    };
    static const struct row selfmade[] = {
        {FULL ROOT, ODBCSSL_ERROR_SELF_SIGNED, "root.pem", 0, 0},
        {"SslMode=require", ODBCSSL_WARNING_UNVERIFIED, "was not verified", ENCRYPTED, 0},
    };
    check_rows("stranger", ROWS(stranger));
    check_rows("misnamed", ROWS(misnamed));
    check_rows("selfmade", ROWS(selfmade));
}

CASE("dates")
{
    static const struct row expired[] = {
        {FULL ROOT, ODBCSSL_ERROR_EXPIRED, "db4", 0, 0},
        {"SslMode=require;" ROOT, ODBCSSL_ERROR_EXPIRED, "db4", 0, 0},
        {"SslMode=prefer;" ROOT, ODBCSSL_WARNING_VERIFICATION, "db4", ENCRYPTED,
         ODBCSSL_VERIFY_EXPIRED},
    };
    static const struct row early[] = {{FULL ROOT, ODBCSSL_ERROR_NOT_YET_VALID, "db5", 0, 0}};
    static const struct row ending[] = {
        {FULL ROOT, ODBCSSL_WARNING_PEER_EXPIRY, "SslExpiryWarningDays=30", NAMED, 0},
        {FULL ROOT "SslExpiryWarningDays=0", 0, "", NAMED, 0},
    };
    check_rows("expired", ROWS(expired));
    check_rows("early", ROWS(early));
    check_rows("ending", ROWS(ending));
}

/* ----- client certificates ----- */

#define CLIENT "SslCert=@client.pem;SslKey=@client.key"

static void check_mutual(const char *encryption, const char *more)
{
    static const struct row rows[] = {
        {FULL ROOT CLIENT, 0, "", NAMED, 0},
        {FULL ROOT "SslCert=@client.pem;SslKey=@client.p8;SslPassword=Secret-1", 0, "", NAMED, 0},
        {FULL ROOT "SslCert=@client.pem;SslKey=@client.p8;SslPassword=no",
         ODBCSSL_ERROR_KEY_PASSWORD, "client.p8", 0, 0},
        {FULL ROOT "SslCert=@client.pem", ODBCSSL_ERROR_KEY_MISSING, "SslKey", 0, 0},
        {FULL ROOT "SslCert=@client.pem;SslKey=@server.key", ODBCSSL_ERROR_KEY_MISMATCH,
         "server.key", 0, 0},
        {FULL ROOT, ODBCSSL_ERROR_CLIENT_CERTIFICATE_REJECTED, "SslCert", 0, 0},
        {FULL ROOT "SslCert=@foreign.pem;SslKey=@foreign.key",
         ODBCSSL_ERROR_CLIENT_CERTIFICATE_REJECTED, "foreign.pem (connection string) was sent", 0,
         0},
    };
    CHECK_FATAL(tds_fixture_start_mutual(&fixture, "server", encryption));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char settings[TEXT_SIZE];
        snprintf(settings, sizeof settings, "%s%s", more, rows[i].settings);
        bool is_connected = connect_tds(settings);
        odbc_note(&session, "%s", settings);
        CHECK_NUMBER(is_connected, rows[i].native == 0);
        CHECK_NUMBER(session.native, rows[i].native);
        CHECK_CONTAINS(session.diagnostics, rows[i].text);
        if (is_connected)
            CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_CLIENT_CERT_SENT), 1);
        odbc_close(&session);
        const char *log = tds_peer_wait_end(fixture.peer);
        CHECK_NUMBER(tds_peer_count(log, " login "), is_connected);
        CHECK_NUMBER(tds_peer_count(log, "client=/CN=demo\n"), is_connected);
    }
}

CASE("client certificates")
{
    check_mutual("required", "");
    check_mutual("strict", "SslNegotiation=direct;");
}

/* ----- formats of SslRootCert ----- */

static bool make_stores(void)
{
    return tools_run(
        fixture.base.folder,
        "openssl crl2pkcs7 -nocrl -certfile other.pem -certfile root.pem -out chain.p7b && "
        "openssl crl2pkcs7 -nocrl -certfile root.pem -outform DER -out chain-der.p7b && "
        "cat other.pem root.pem >bundle.pem && "
        "for name in root other; do keytool -importcert -noprompt -storetype JKS -alias $name "
        "-file $name.pem -keystore store.jks -storepass apsaradb; done && "
        "keytool -importcert -noprompt -storetype PKCS12 -alias root -file root.pem "
        "-keystore store.p12 -storepass Secret-1");
}

CASE("formats of SslRootCert")
{
    static const struct row rows[] = {
        {FULL "SslRootCert=@bundle.pem", 0, "", NAMED, 0},
        {FULL "SslRootCert=@chain.p7b", 0, "", NAMED, 0},
        {FULL "SslRootCert=@chain-der.p7b", 0, "", NAMED, 0},
        {FULL "SslRootCert=@store.jks", 0, "", NAMED, 0},
        {FULL "SslRootCert=@store.jks;SslPassword=apsaradb", 0, "", NAMED, 0},
        {FULL "SslRootCert=@store.jks;SslPassword=no", ODBCSSL_ERROR_STORE_PASSWORD, "store.jks", 0,
         0},
        {FULL "SslRootCert=@store.p12;SslPassword=Secret-1", 0, "", NAMED, 0},
        {FULL "SslRootCert=@store.p12;SslPassword=no", ODBCSSL_ERROR_STORE_PASSWORD, "store.p12", 0,
         0},
    };
    if (!tools_have("openssl") || !tools_have("keytool"))
        return;
    CHECK_FATAL(make_stores());
    check_rows("server", ROWS(rows));
}

/* ----- the program ----- */

/* A server's certificate and key in files of the name. */
static bool write_server(const char *name, const struct pki_spec *spec)
{
    return fixture_issue(&fixture.base, name, spec,
                         spec->issuer == fixture.base.intermediate ? spec->issuer : NULL);
}

static bool write_servers(void)
{
    const struct pki_certificate *issuer = fixture.base.intermediate;
    const char *const *names = PKI_LIST("localhost");
    return write_server("misnamed", &(struct pki_spec){.common_name = "localhost",
                                                       .issuer = issuer,
                                                       .dns = PKI_LIST("elsewhere.example.com")}) &&
           write_server("selfmade", &(struct pki_spec){.common_name = "db6", .dns = names}) &&
           write_server("expired", &(struct pki_spec){.common_name = "db4",
                                                      .issuer = issuer,
                                                      .dns = names,
                                                      .not_before = {.days = -10},
                                                      .not_after = {.days = -2}}) &&
           write_server("early", &(struct pki_spec){.common_name = "db5",
                                                    .issuer = issuer,
                                                    .dns = names,
                                                    .not_before = {.days = 2}}) &&
           write_server("ending", &(struct pki_spec){.common_name = "db7",
                                                     .issuer = issuer,
                                                     .dns = names,
                                                     .not_after = {.days = 5}}) &&
           write_server("foreign",
                        &(struct pki_spec){.common_name = "demo", .issuer = fixture.base.other});
}

static bool write_crls(void)
{
    const struct pki_crl_spec root = {.issuer = fixture.base.root};
    const struct pki_crl_spec leaf = {.issuer = fixture.base.intermediate};
    const struct pki_crl_spec expired = {.issuer = fixture.base.intermediate,
                                         .this_update = {.days = -10},
                                         .next_update = {.days = -2}};
    const struct pki_crl_spec forged = {.issuer = fixture.base.intermediate,
                                        .signer = fixture.base.other};
    return fixture_write_crl(&fixture.base, "crl-root.pem", &root, NULL) &&
           fixture_write_crl(&fixture.base, "crl-leaf.pem", &leaf, NULL) &&
           fixture_write_crl(&fixture.base, "crl-expired.pem", &root, &expired) &&
           fixture_write_crl(&fixture.base, "crl-forged.pem", &root, &forged);
}

static bool make_pin(void)
{
    unsigned char digest[32];
    size_t size = sizeof digest;
    if (gnutls_x509_crt_get_fingerprint(fixture.base.server->crt, GNUTLS_DIG_SHA256, digest,
                                        &size) != 0)
        return false;
    int used = snprintf(pin, sizeof pin, "sha256:");
    for (size_t i = 0; i < size; i++)
        used += snprintf(pin + used, sizeof pin - (size_t)used, "%02x", digest[i]);
    return true;
}

static int set_up(void)
{
    if (tds_fixture_set_up(&fixture, NULL, NULL) != 0 || !write_servers() || !write_crls() ||
        !make_pin() ||
        !pki_write_key_pkcs8(fixture_path(&fixture.base, "client.p8"), fixture.base.client,
                             "Secret-1"))
        return -1;
    has_postgres = postgres_is_installed();
    return 0;
}

SUITE("TDS trust", set_up, tds_fixture_tear_down)
