/*
 * One-way and mutual authentication, and where the settings for them come from. Who the client is
 * is the server's own word (pg_stat_ssl.client_dn).
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "system/trust.h"

#define PASSWORD_LINE FIXTURE_HBA
#define CERTIFICATE_LINE "hostssl all all 127.0.0.1/32 cert"
#define PLAINTEXT_LINE "\nhost all all 127.0.0.1/32 scram-sha-256"

/* Every place a setting can come from, the highest first. */
enum place { PLACE_STRING, PLACE_ODBC, PLACE_ODBCINST, PLACE_ENVIRONMENT, PLACE_HOME, PLACE_COUNT };

static const char *const place_names[] = {"string", "odbc", "odbcinst", "environment", "home"};

#define CERTIFICATES(place) "SslCert=@FOLDER@/" place ".pem\nSslKey=@FOLDER@/" place ".key\n"
#define TRUST(place) "SslRootCert=@FOLDER@/" place "-root.pem\nSslMode=verify-ca\n"
#define CRL(place)                                                                                 \
    "SslRootCert=@FOLDER@/root.pem\nSslCrl=@FOLDER@/" place "-crl.pem\nSslMode=verify-ca\n"

#define DRIVER(name, settings)                                                                     \
    "[" name                                                                                       \
    "]\nDriver=@BUILD@/driver/odbc/.libs/libodbcssl.so\nTargetDriver=psqlodbcw.so\n" settings
#define DSN(name, driver, settings) "[" name "]\nDriver=" driver "\n" settings

/* DSNs "KIND-none", "KIND-odbc", "KIND-odbcinst" and "KIND-both" have settings in those files. */
#define DSNS(kind, driver, settings)                                                               \
    DSN(kind "-none", ODBC_POSTGRESQL, "")                                                         \
    DSN(kind "-odbc", ODBC_POSTGRESQL, settings)                                                   \
    DSN(kind "-odbcinst", driver, "")                                                              \
    DSN(kind "-both", driver, settings)

static const char drivers[] = DRIVER("Certificates", CERTIFICATES("odbcinst"))
    DRIVER("Trust", TRUST("odbcinst")) DRIVER("Crl", CRL("odbcinst"))
        DRIVER("Mode", "SslMode=verify-full\nSslRootCert=@FOLDER@/root.pem\n");

static const char data_sources[] =
    DSNS("certificates", "Certificates", CERTIFICATES("odbc")) DSNS("trust", "Trust", TRUST("odbc"))
        DSNS("crl", "Crl", CRL("odbc")) DSNS("mode", "Mode", "SslMode=allow\n");

/* ---- setting a place ---- */

static const char *folder_file(const char *place, const char *ending)
{
    return trust_path(suite_text("%s%s", place, ending));
}

static void choose_dsn(const char *kind, bool has_odbc, bool has_odbcinst, char *out, size_t size)
{
    const char *files = has_odbc && has_odbcinst ? "both"
                        : has_odbc               ? "odbc"
                        : has_odbcinst           ? "odbcinst"
                                                 : "none";
    snprintf(out, size, "%s-%s", kind, files);
}

static void clear_environment(void)
{
    unsetenv("PGSSLMODE");
    unsetenv("PGSSLCERT");
    unsetenv("PGSSLKEY");
    unsetenv("PGSSLROOTCERT");
    unsetenv("PGSSLCRL");
}

static void clear_home(void)
{
    static const char *const files[] = {".postgresql/postgresql.crt", ".postgresql/postgresql.key",
                                        ".postgresql/root.crt", ".postgresql/root.crl"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        remove(trust_path(files[i]));
}

/* Puts a file of the folder where libpq looks for it. */
static void put_home(const char *file, const char *name)
{
    mkdir(trust_path(".postgresql"), 0700);
    CHECK_FATAL(trust_run("cp -p %s %s", file, suite_text(".postgresql/%s", name)));
}

/* ---- precedence ---- */

struct subject {
    const char *kind; /* of the DSNs */
    void (*connect)(const char *dsn, const bool *has);
    void (*check)(enum place place);
};

static void connect_certificates(const char *dsn, const bool *has)
{
    const char *text = has[PLACE_STRING]
                           ? suite_text("SslCert=%s;SslKey=%s;", folder_file("string", ".pem"),
                                        folder_file("string", ".key"))
                           : "";
    if (has[PLACE_ENVIRONMENT]) {
        setenv("PGSSLCERT", folder_file("environment", ".pem"), 1);
        setenv("PGSSLKEY", folder_file("environment", ".key"), 1);
    }
    if (has[PLACE_HOME]) {
        put_home("home.pem", "postgresql.crt");
        put_home("home.key", "postgresql.key");
    }
    trust_connect_dsn(dsn, "SslMode=verify-full;SslRootCert=%s;%s", trust_path("root.pem"), text);
}

static void check_certificates(enum place place)
{
    const char *subject = suite_text("/CN=%s", place_names[place]);
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_CLIENT(subject);
}

/* No place's file makes the server trusted: the refusal names the one that counted. */
static void connect_trust(const char *dsn, const bool *has)
{
    const char *text =
        has[PLACE_STRING] ? suite_text("SslRootCert=%s;", folder_file("string", "-root.pem")) : "";
    if (has[PLACE_ENVIRONMENT])
        setenv("PGSSLROOTCERT", folder_file("environment", "-root.pem"), 1);
    if (has[PLACE_HOME])
        put_home("home-root.pem", "root.crt");
    trust_connect_dsn(dsn, "SslMode=verify-ca;%s", text);
}

static void check_trust(enum place place)
{
    CHECK_REFUSED(ODBCSSL_ERROR_ISSUER_UNKNOWN, "CN=Intermediate CA",
                  place == PLACE_HOME ? trust_path(".postgresql/root.crt")
                                      : folder_file(place_names[place], "-root.pem"));
}

static void connect_crl(const char *dsn, const bool *has)
{
    const char *text =
        has[PLACE_STRING] ? suite_text("SslCrl=%s;", folder_file("string", "-crl.pem")) : "";
    if (has[PLACE_ENVIRONMENT])
        setenv("PGSSLCRL", folder_file("environment", "-crl.pem"), 1);
    if (has[PLACE_HOME])
        put_home("home-crl.pem", "root.crl");
    trust_connect_dsn(dsn, "SslMode=verify-ca;SslRootCert=%s;%s", trust_path("root.pem"), text);
}

static const char *place_text(enum place place)
{
    static const char *const texts[] = {"(connection string)", "(odbc.ini [crl-",
                                        "(odbcinst.ini [Crl])", "(environment PGSSLCRL)",
                                        "(default file)"};
    return texts[place];
}

static void check_crl(enum place place)
{
    CHECK_REFUSED(ODBCSSL_ERROR_REVOKED, "CN=db1", "according to SslCrl=",
                  place == PLACE_HOME ? trust_path(".postgresql/root.crl")
                                      : folder_file(place_names[place], "-crl.pem"),
                  place_text(place));
}

static void connect_mode(const char *dsn, const bool *has)
{
    if (has[PLACE_ENVIRONMENT])
        setenv("PGSSLMODE", "verify-ca", 1);
    /* Not by keyword, which would be a reason for another default. */
    setenv("PGSSLROOTCERT", trust_path("root.pem"), 1);
    trust_connect_dsn(dsn, "%s", has[PLACE_STRING] ? "SslMode=require;" : "");
}

/* The last one is the default: there is no file for it. */
static void check_mode(enum place place)
{
    static const enum odbcssl_mode modes[] = {ODBCSSL_MODE_REQUIRE, ODBCSSL_MODE_ALLOW,
                                              ODBCSSL_MODE_VERIFY_FULL, ODBCSSL_MODE_VERIFY_CA,
                                              ODBCSSL_MODE_PREFER};
    CHECK(trust_session.statement != NULL);
    CHECK_NUMBER(odbc_info_number(&trust_session, SQL_SSL_MODE), modes[place]);
}

static void check_places(const struct subject *subject, const bool *has)
{
    char dsn[64];
    int highest = 0;
    while (highest < PLACE_HOME && !has[highest])
        highest++;
    clear_environment();
    clear_home();
    choose_dsn(subject->kind, has[PLACE_ODBC], has[PLACE_ODBCINST], dsn, sizeof dsn);
    subject->connect(dsn, has);
    subject->check((enum place)highest);
    clear_environment();
    clear_home();
}

/* Each place alone, and each over each that is below it. */
static void check_precedence(const struct subject *subject)
{
    CHECK_FATAL(fixture_start(&trust_fixture, "server", PASSWORD_LINE PLAINTEXT_LINE, true));
    for (int high = 0; high < PLACE_COUNT; high++) {
        for (int low = high; low < PLACE_COUNT; low++) {
            bool has[PLACE_COUNT] = {false};
            has[high] = true;
            has[low] = true;
            printf("# %s: %s over %s\n", subject->kind, place_names[high], place_names[low]);
            check_places(subject, has);
        }
    }
}

CASE("certificate and key: each place over each below it")
{
    check_precedence(&(struct subject){"certificates", connect_certificates, check_certificates});
}

CASE("root certificate: each place over each below it")
{
    check_precedence(&(struct subject){"trust", connect_trust, check_trust});
}

CASE("CRL: each place over each below it")
{
    check_precedence(&(struct subject){"crl", connect_crl, check_crl});
}

CASE("mode: each place over each below it")
{
    check_precedence(&(struct subject){"mode", connect_mode, check_mode});
}

/* ---- one-way and mutual ---- */

CASE("one-way")
{
    CHECK_FATAL(fixture_start(&trust_fixture, "server", PASSWORD_LINE, false));
    trust_connect("SslMode=verify-full;SslRootCert=%s", trust_path("root.pem"));
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_CLIENT("");
    CHECK_STATUS(0);
    CHECK_NUMBER(trust_result, SQL_SUCCESS);
    setenv("PGSSLMODE", "verify-full", 1);
    setenv("PGSSLROOTCERT", trust_path("root.pem"), 1);
    trust_connect("Timeout=10");
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    clear_environment();
    put_home("root.pem", "root.crt");
    trust_connect("SslMode=verify-full");
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    /* As in libpq, a root certificate makes require verify. */
    put_home("other.pem", "root.crt");
    trust_connect("SslMode=require");
    CHECK_REFUSED(ODBCSSL_ERROR_ISSUER_UNKNOWN, ".postgresql/root.crt");
    clear_home();
}

/* A certificate that the server did not ask for is not shown. */
CASE("a certificate nobody asked for")
{
    CHECK_FATAL(fixture_start(&trust_fixture, "server", PASSWORD_LINE, false));
    trust_connect("SslMode=verify-full;SslRootCert=%s;SslCert=%s;SslKey=%s", trust_path("root.pem"),
                  trust_path("client.pem"), trust_path("client.key"));
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_CLIENT("");
}

static const char *const versions[] = {"TLSv1.2", "TLSv1.3"};

/* The certificate is the login: no password counts. */
CASE("mutual, TLS 1.2 and 1.3")
{
    CHECK_FATAL(fixture_start(&trust_fixture, "server", CERTIFICATE_LINE, true));
    for (size_t i = 0; i < 2; i++) {
        trust_connect("PWD=wrong;SslMode=verify-full;SslMaxProtocol=%s;SslRootCert=%s;SslCert=%s;"
                      "SslKey=%s",
                      versions[i], trust_path("root.pem"), trust_path("client.pem"),
                      trust_path("client.key"));
        CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
        CHECK_CLIENT("/CN=" POSTGRES_USER);
        CHECK_TEXT(odbc_info_text(&trust_session, SQL_SSL_PROTOCOL), versions[i]);
    }
    put_home("client.pem", "postgresql.crt");
    put_home("client.key", "postgresql.key");
    put_home("root.pem", "root.crt");
    put_home("crl.pem", "root.crl");
    trust_connect("SslMode=verify-full");
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_CLIENT("/CN=" POSTGRES_USER);
    CHECK_NUMBER(odbc_info_number(&trust_session, SQL_SSL_CRL_STATUS), ODBCSSL_CRL_GOOD);
    clear_home();
}

/* Issued by an intermediate CA that the server does not know and that lies beside the
 * certificate. */
CASE("mutual, with an intermediate certificate")
{
    CHECK_FATAL(fixture_start(&trust_fixture, "server", CERTIFICATE_LINE, true));
    trust_connect("SslMode=verify-full;SslRootCert=%s;SslCert=%s;SslKey=%s", trust_path("root.pem"),
                  trust_path("below.pem"), trust_path("below.key"));
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_CLIENT("/CN=" POSTGRES_USER);
}

/* ---- a server that wants a certificate ---- */

/* The server takes the handshake and then refuses the login; that it does so for want of a
 * certificate is said by the server alone, in its own language. */
CASE("a certificate is required and none is set")
{
    CHECK_FATAL(fixture_start(&trust_fixture, "server", CERTIFICATE_LINE, true));
    for (size_t i = 0; i < 2; i++) {
        trust_connect("SslMode=verify-full;SslMaxProtocol=%s;SslRootCert=%s", versions[i],
                      trust_path("root.pem"));
        CHECK_REFUSED(ODBCSSL_ERROR_CLIENT_CERTIFICATE_REJECTED,
                      "connection requires a valid client certificate", "SslCert is not set");
    }
}

/* That the server asked for a certificate and then refused is no reason to go on in plaintext. */
CASE("a certificate is required and none is set: no fallback")
{
    CHECK_FATAL(fixture_start(&trust_fixture, "server", CERTIFICATE_LINE PLAINTEXT_LINE, true));
    for (size_t i = 0; i < 2; i++) {
        trust_connect("SslMode=prefer;SslMaxProtocol=%s", versions[i]);
        CHECK_REFUSED(ODBCSSL_ERROR_CLIENT_CERTIFICATE_REJECTED, "SslCert is not set");
    }
    trust_connect("SslMode=prefer;SslCert=%s;SslKey=%s", trust_path("string.pem"),
                  trust_path("string.key"));
    CHECK(trust_session.statement == NULL);
    CHECK_CONTAINS(trust_session.diagnostics, "certificate authentication failed");
}

/* A server that merely would like a certificate. */
CASE("a certificate is wanted and none is set")
{
    CHECK_FATAL(fixture_start(&trust_fixture, "server", PASSWORD_LINE, true));
    trust_connect("SslMode=verify-full;SslRootCert=%s", trust_path("root.pem"));
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_CLIENT("");
}

static void check_stranger(const char *mode, const char *version)
{
    trust_connect("SslMode=%s;SslMaxProtocol=%s;SslRootCert=%s;SslCert=%s;SslKey=%s", mode, version,
                  trust_path("root.pem"), trust_path("stranger-client.pem"),
                  trust_path("stranger-client.key"));
    CHECK_REFUSED(ODBCSSL_ERROR_CLIENT_CERTIFICATE_REJECTED, "localhost", "CA is unknown",
                  "client certificate CN=" POSTGRES_USER " (serial ",
                  "SslCert=", trust_path("stranger-client.pem"), "was sent");
}

/* The server would take the connection without TLS: a certificate that it refuses is no reason to
 * go there. */
CASE("the client certificate is not trusted")
{
    CHECK_FATAL(fixture_start(&trust_fixture, "server", CERTIFICATE_LINE PLAINTEXT_LINE, true));
    for (size_t i = 0; i < 2; i++) {
        check_stranger("verify-full", versions[i]);
        check_stranger("prefer", versions[i]);
    }
}

/* The certificate's name is not the user's: the server's own words say so. */
CASE("the client certificate is another user's")
{
    CHECK_FATAL(fixture_start(&trust_fixture, "server", CERTIFICATE_LINE, true));
    trust_connect("SslMode=verify-full;SslRootCert=%s;SslCert=%s;SslKey=%s", trust_path("root.pem"),
                  trust_path("string.pem"), trust_path("string.key"));
    CHECK(trust_session.statement == NULL);
    CHECK_CONTAINS(trust_session.diagnostics, "certificate authentication failed");
}

/* ---- files ---- */

static bool write_client(const char *name, const char *common_name,
                         const struct pki_certificate *issuer, const struct pki_certificate *shown)
{
    const struct pki_spec spec = {.common_name = common_name, .issuer = issuer};
    return fixture_issue(&trust_fixture, name, &spec, shown);
}

static bool write_place(const char *place)
{
    const struct pki_revoked listed = {.certificate = trust_fixture.server};
    const struct pki_crl_spec of_root = {.issuer = trust_fixture.root};
    const struct pki_crl_spec of_intermediate = {
        .issuer = trust_fixture.intermediate, .revoked = &listed, .revoked_count = 1};
    return write_client(place, place, trust_fixture.root, NULL) &&
           pki_write_pem(trust_path(suite_text("%s-root.pem", place)), trust_fixture.other, NULL) &&
           fixture_write_crl(&trust_fixture, suite_text("%s-crl.pem", place), &of_root,
                             &of_intermediate);
}

static int set_up(void)
{
    if (trust_open(drivers, data_sources) != 0)
        return -1;
    for (int place = 0; place < PLACE_COUNT; place++)
        if (!write_place(place_names[place]))
            return -1;
    return write_client("below", POSTGRES_USER, trust_fixture.intermediate,
                        trust_fixture.intermediate) &&
                   write_client("stranger-client", POSTGRES_USER, trust_fixture.other, NULL)
               ? 0
               : -1;
}

SUITE("mutual", set_up, trust_close)
