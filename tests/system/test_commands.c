/*
 * test_commands.c - `odbcssl check` against real servers, none of which sees a login, and `odbcssl
 * install` and `uninstall` on an odbcinst.ini of the test's own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "odbcssl.h"
#include "support/command.h"
#include "support/mariadb_server.h"
#include "support/odbc.h"
#include "support/private_server.h"
#include "support/suite.h"
#include "support/tds_peer.h"
#include "system/fixture.h"

static struct fixture fixture;

/* ---- PostgreSQL ---- */

#define HBA "host all all 127.0.0.1/32 scram-sha-256\nhost all all ::1/128 scram-sha-256"

static const char *const logging[] = {"log_connections=on", "log_min_messages=debug1", NULL};

static bool start_postgres(const char *name, bool has_client_ca)
{
    char pem[64], key[64];
    snprintf(pem, sizeof pem, "%s.pem", name != NULL ? name : "");
    snprintf(key, sizeof key, "%s.key", name != NULL ? name : "");
    return fixture_start_with(
        &fixture,
        &(struct postgres_options){.certificate = name != NULL ? fixture_path(&fixture, pem) : NULL,
                                   .key = name != NULL ? fixture_path(&fixture, key) : NULL,
                                   .ca = has_client_ca ? fixture_path(&fixture, "root.pem") : NULL,
                                   .hba = HBA,
                                   .settings = logging});
}

static const char *verified(const char *more)
{
    return suite_text("SslMode=verify-full;SslRootCert=%s;%s", fixture_path(&fixture, "root.pem"),
                      more);
}

static const char *with_crl(const char *name)
{
    return verified(suite_text("SslCrl=%s;", fixture_path(&fixture, name)));
}

/* The server's log since its first start; postgres_query comes in by a Unix socket ([local]). */
static const char *read_postgres_log(void)
{
    static char log[1024 * 1024];
    char folder[1024] = "";
    CHECK(postgres_query(fixture.postgres, "show data_directory", folder, sizeof folder));
    folder[strcspn(folder, "\n")] = '\0';
    suite_read(suite_text("%s/../log", folder), log, sizeof log);
    return log;
}

/* Connections came over TCP, and none of them said who it was. */
static void check_no_login(void)
{
    const char *log = read_postgres_log();
    CHECK_CONTAINS(log, "connection received: host=127.0.0.1");
    CHECK(strstr(log, "method=scram-sha-256") == NULL);
    CHECK(strstr(log, "pg_hba.conf") == NULL);
    CHECK(strstr(log, "password authentication failed") == NULL);
    CHECK(strstr(log, "user=" POSTGRES_USER " database=postgres SSL enabled") == NULL);
}

CASE("check: a good server")
{
    CHECK_FATAL(start_postgres("server", false));
    CHECK_NUMBER(
        COMMAND_RUN("check", "-k", fixture_source(&fixture, ODBC_POSTGRESQL, with_crl("crl.pem"))),
        0);
    CHECK_CONTAINS(command_output, "SslMode                  verify-full");
    CHECK_CONTAINS(command_output, "connection string");
    command_check_fact("OK", "real driver", "psqlodbcw.so (Unicode)");
    command_check_fact("OK", "transport",
                       strcmp(odbc_transport(), "relay") == 0 ? "relay (SslTransport=relay)"
                                                              : "interposed libpq.so.5");
    command_check_fact("OK", "SslRootCert", "mode 0644");
    command_check_fact("OK", "SslRootCert", "CN=Root CA until ");
    command_check_fact("OK", "SslCrl", "crl.pem");
    command_check_fact("OK", "CRL", "0 entries");
    command_check_fact("OK", "address", "localhost (");
    command_check_fact("OK", "TCP", "127.0.0.1");
    command_check_fact("OK", "switch to TLS", "postgresql");
    command_check_fact("OK", "handshake", "TLSv1.3, TLS_AES_256_GCM_SHA384");
    CHECK_CONTAINS(command_output, "  CN=Root CA (serial ");
    CHECK_CONTAINS(command_output, "[trust anchor]\n     `- CN=Intermediate CA");
    CHECK_CONTAINS(command_output, "\n        `- CN=db1 (serial 01:01");
    command_check_fact("OK", "chain", "root.pem");
    command_check_fact("OK", "revocation", "no certificate is revoked");
    command_check_fact("OK", "name", "the certificate is for localhost: DNS:localhost, ");
    CHECK_CONTAINS(command_output,
                   "OK    a connection would be: encrypted, certificate chain and host name");
    command_check_absent("FAIL");
    command_check_absent(POSTGRES_PASSWORD);
    check_no_login();
}

static const struct refusal {
    const char *server;
    const char *more; /* file of SslCrl, or settings when it has a '=' */
    const char *fact;
    const char *text;
    enum odbcssl_error code;
    const char *advice;
} refusals[] = {
    {"revoked", "crl-revoked.pem", "revocation", "was revoked on", ODBCSSL_ERROR_REVOKED,
     "Do not connect"},
    {"expired", "crl.pem", "chain", "expired on", ODBCSSL_ERROR_EXPIRED, "renewed"},
    {"server", "SslServerName=db.example.net;", "name", "not for host \"db.example.net\"",
     ODBCSSL_ERROR_HOST, "SslServerName"},
    {"stranger", "crl.pem", "chain", "CN=Other CA", ODBCSSL_ERROR_ISSUER_UNKNOWN, "SslRootCert"},
    {"server", "SslPin=sha256:0000000000000000000000000000000000000000000000000000000000000000;",
     "pin", "fits no pin", ODBCSSL_ERROR_PIN, "fingerprint"},
};

/* The fact of the check that failed, the handshake that it stopped, the verdict and the advice. */
CASE("check: servers that are refused")
{
    const char *verdict;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *row = &refusals[i];
        CHECK_FATAL(start_postgres(row->server, false));
        const char *settings =
            strchr(row->more, '=') != NULL ? verified(row->more) : with_crl(row->more);
        printf("# %s\n", row->text);
        CHECK_NUMBER(
            COMMAND_RUN("check", "-k", fixture_source(&fixture, ODBC_POSTGRESQL, settings)), 1);
        command_check_fact("FAIL", row->fact, row->text);
        command_check_fact("FAIL", "handshake", "see Verification");
        verdict = suite_text("Verdict\n  FAIL  (%d)", row->code);
        CHECK_CONTAINS(command_output, verdict);
        CHECK_CONTAINS(strstr(command_output, "Verdict"), row->advice);
        check_no_login();
    }
}

/* What verify-full would say is told; the mode decides whether it counts. */
CASE("check: modes that do not verify")
{
    const char *settings;
    CHECK_FATAL(start_postgres("server", false));
    settings = suite_text("SslRootCert=%s;SslMode=prefer;SslServerName=db9",
                          fixture_path(&fixture, "other.pem"));
    CHECK_NUMBER(COMMAND_RUN("check", "-k", fixture_source(&fixture, ODBC_POSTGRESQL, settings)),
                 0);
    command_check_fact("WARN", "chain", "not enforced by SslMode=prefer");
    command_check_fact("WARN", "name", "db9");
    command_check_fact("OK", "handshake", "TLSv1.3");
    CHECK_CONTAINS(command_output, "a connection would be: encrypted, server not verified");
    CHECK_NUMBER(
        COMMAND_RUN("check", "-k", fixture_source(&fixture, ODBC_POSTGRESQL, "SslMode=disable")),
        0);
    command_check_fact("OK", "handshake", "TLSv1.3");
    CHECK_CONTAINS(command_output, "WARN  a connection would be: plaintext by choice");
    check_no_login();
}

CASE("check: a server without TLS")
{
    CHECK_FATAL(start_postgres(NULL, false));
    CHECK_NUMBER(
        COMMAND_RUN("check", "-k", fixture_source(&fixture, ODBC_POSTGRESQL, "SslMode=require")),
        1);
    command_check_fact("OK", "TCP", "localhost");
    command_check_fact("FAIL", "switch to TLS", "the server has no TLS");
    command_check_fact("SKIP", "handshake", "not tried");
    CHECK_CONTAINS(command_output, "FAIL  (401)");
    CHECK_CONTAINS(command_output, "ssl = on");
    CHECK_NUMBER(
        COMMAND_RUN("check", "-k", fixture_source(&fixture, ODBC_POSTGRESQL, "SslMode=prefer")), 0);
    command_check_fact("WARN", "switch to TLS", "the server has no TLS");
    CHECK_CONTAINS(command_output, "plaintext, because the server has or wants no TLS");
    check_no_login();
}

CASE("check: no server")
{
    const char *text;
    unsigned port = private_server_free_port();
    text = suite_text("DRIVER={%s};Servername=127.0.0.1;Port=%u;SslMode=require", ODBC_POSTGRESQL,
                      port);
    CHECK_NUMBER(COMMAND_RUN("check", "-k", text), 1);
    command_check_fact("OK", "address", "127.0.0.1");
    command_check_fact("FAIL", "TCP", "Connection refused");
    command_check_fact("SKIP", "switch to TLS", "not tried");
    CHECK_CONTAINS(command_output, "FAIL  (302)");
    CHECK_CONTAINS(command_output, "firewall");
    text =
        suite_text("DRIVER={%s};Servername=no-such-host.invalid;SslMode=require", ODBC_POSTGRESQL);
    CHECK_NUMBER(COMMAND_RUN("check", "-k", text), 1);
    command_check_fact("FAIL", "address", "no-such-host.invalid cannot be resolved");
    CHECK_CONTAINS(command_output, "FAIL  (301)");
}

CASE("check: wrong use")
{
    CHECK_NUMBER(COMMAND_RUN("check", "-k", "DRIVER={" ODBC_POSTGRESQL "};SslModus=require"), 1);
    CHECK_CONTAINS(command_output, "FAIL  (101)");
    CHECK_CONTAINS(command_output, "SslModus");
    CHECK_NUMBER(COMMAND_RUN("check", "nowhere"), 1);
    CHECK_CONTAINS(command_output, "nowhere");
    CHECK_NUMBER(COMMAND_RUN("check"), 2);
    CHECK_NUMBER(COMMAND_RUN("check", "a", "b"), 2);
    CHECK_NUMBER(COMMAND_RUN("check", "a", "-k", "b=c"), 2);
    CHECK_NUMBER(COMMAND_RUN("check", "a", "--colour"), 2);
    CHECK_CONTAINS(command_output, "odbcssl check DSN");
}

/* ---- files ---- */

CASE("check: client certificates")
{
    const char *settings;
    CHECK_FATAL(start_postgres("server", true));
    settings = suite_text("SslCert=%s;SslKey=%s;", fixture_path(&fixture, "client.pem"),
                          fixture_path(&fixture, "client.key"));
    CHECK_NUMBER(
        COMMAND_RUN("check", "-k", fixture_source(&fixture, ODBC_POSTGRESQL, verified(settings))),
        0);
    command_check_fact("OK", "SslCert", "CN=" POSTGRES_USER " (serial ");
    command_check_fact("OK", "SslCert", "days left");
    command_check_fact("OK", "SslKey", "mode 0600");
    command_check_fact("OK", "client certificate", "shown");
    CHECK_NUMBER(
        COMMAND_RUN("check", "-k", fixture_source(&fixture, ODBC_POSTGRESQL, verified(""))), 0);
    command_check_fact("SKIP", "client certificate", "SslCert is not set");
    settings = suite_text("SslCert=%s;SslKey=%s;", fixture_path(&fixture, "alien.pem"),
                          fixture_path(&fixture, "alien.key"));
    CHECK_NUMBER(
        COMMAND_RUN("check", "-k", fixture_source(&fixture, ODBC_POSTGRESQL, verified(settings))),
        1);
    command_check_fact("FAIL", "handshake", "client certificate");
    CHECK_CONTAINS(command_output, "FAIL  (415)");
    check_no_login();
}

/* Every file gets its own verdict, and no secret is shown. */
CASE("check: files that cannot be used")
{
    const char *settings;
    char key[1024];
    snprintf(key, sizeof key, "%s", fixture_path(&fixture, "client.key"));
    settings =
        suite_text("SslCert=%s;SslKey=%s;SslCrl=%s;SslPassword=topsecret;",
                   fixture_path(&fixture, "client.pem"), key, fixture_path(&fixture, "none.pem"));
    CHECK(chmod(key, 0644) == 0);
    CHECK_NUMBER(
        COMMAND_RUN("check", "-k", fixture_source(&fixture, ODBC_POSTGRESQL, verified(settings))),
        1);
    command_check_fact("OK", "SslRootCert", "root.pem");
    command_check_fact("FAIL", "SslCrl", "none.pem");
    command_check_fact("FAIL", "SslCert", "chmod 600");
    command_check_fact("SKIP", "SslKey", "mode 0644");
    CHECK_CONTAINS(command_output, "SslPassword              (set)");
    command_check_fact("SKIP", "handshake", "files");
    command_check_absent("topsecret");
    CHECK(chmod(key, 0600) == 0);
    CHECK_NUMBER(
        COMMAND_RUN("check", "-k",
                    fixture_source(&fixture, ODBC_POSTGRESQL,
                                   "SslMode=require;SslCert=pkcs11:token=none?pin-value=4711")),
        1);
    CHECK_CONTAINS(command_output, "pkcs11:token=none?pin-value=***");
    command_check_absent("4711");
    CHECK_NUMBER(
        COMMAND_RUN("check", "-k",
                    fixture_source(&fixture, ODBC_POSTGRESQL,
                                   "SslMode=require;SslKey=pkcs11:token=none?pin-value=4711")),
        1);
    command_check_absent("4711");
}

CASE("check: where settings come from")
{
    const char *text;
    CHECK_NUMBER(COMMAND_RUN("check", "good"), 1);
    text = suite_text("%-24s %-40s %s", "SslRootCert", fixture_path(&fixture, "root.pem"),
                      "odbc.ini [good]");
    CHECK_CONTAINS(command_output, text);
    CHECK_CONTAINS(command_output,
                   "SslNegotiation           starttls                                 default");
}

/* PostgreSQL reads what was written. */
CASE("check: JSON")
{
    static char sql[sizeof command_output + 2048];
    char found[1024];
    CHECK_FATAL(start_postgres("revoked", false));
    CHECK_NUMBER(
        COMMAND_RUN("check", "--json", "-k",
                    fixture_source(&fixture, ODBC_POSTGRESQL, with_crl("crl-revoked.pem"))),
        1);
    snprintf(sql, sizeof sql,
             "select j->>'accepted', j->>'error', j->>'sqlstate', j->'path'->0->>'subject', "
             "j->'path'->2->>'is_trust_anchor', j->'verification'->1->>'result', "
             "j->'settings'->0->>'keyword', j->'report'->>'SQL_SSL_VERIFY_STATUS', "
             "j->'server'->0->>'name', j->'files'->0->>'result' from (select $json$%s$json$::json "
             "as j) as s",
             command_output);
    CHECK(postgres_query(fixture.postgres, sql, found, sizeof found));
    CHECK_CONTAINS(found, "false|506|08001|CN=db2|true|fail|TargetDriver|32|address|ok");
}

/* ---- the other databases ---- */

/* NULL: the case is skipped. */
static struct tds_peer *start_tds(const char *name, const char *encryption,
                                  const char *const *arguments)
{
    if (!tds_peer_is_available()) {
        suite_skip("tds-server needs libssl-dev to be built, or there is no libtdsodbc.so");
        return NULL;
    }
    struct tds_peer *peer = tds_peer_start(&(struct tds_peer_options){
        .certificate = fixture_path(&fixture, suite_text("%s.pem", name)),
        .key = fixture_path(&fixture, suite_text("%s.key", name)),
        .encryption = encryption,
        .arguments = arguments});
    CHECK_FATAL(peer != NULL);
    return peer;
}

static const char *tds_string(const struct tds_peer *peer, const char *more)
{
    return suite_text("DRIVER={%s};Server=localhost;Port=%u;%s", ODBC_FREETDS, tds_peer_port(peer),
                      more);
}

CASE("check: SQL Server")
{
    static const char login[] = "UID=" TDS_PEER_USER ";PWD=" TDS_PEER_PASSWORD;
    struct tds_peer *peer = start_tds("revoked", "required", NULL);
    if (peer == NULL)
        return;
    const char *text = tds_string(peer, suite_text("%s;%s", login, with_crl("crl.pem")));
    CHECK_NUMBER(COMMAND_RUN("check", "-k", text), 0);
    command_check_fact("OK", "switch to TLS", "tds");
    command_check_fact("OK", "handshake", "TLSv1.2");
    command_check_fact("OK", "name", "localhost");
    text = tds_string(peer, suite_text("%s;%s", login, with_crl("crl-revoked.pem")));
    CHECK_NUMBER(COMMAND_RUN("check", "-k", text), 1);
    command_check_fact("FAIL", "revocation", "was revoked on");
    const char *log = tds_peer_wait_end(peer);
    CHECK_NUMBER(tds_peer_count(log, " connect\n"), 2);
    CHECK_NUMBER(tds_peer_count(log, " login "), 0);
    CHECK_NUMBER(tds_peer_count(log, "violation"), 0);
    tds_peer_stop(&peer);
}

/* As SslMode=allow connects: what the server prefers, and no more than it. */
CASE("check: SQL Server, in mode allow")
{
    static const struct {
        const char *encryption, *mark, *text, *verdict;
    } rows[] = {
        {"off", "WARN", "for the login only (907)",
         "WARN  a connection would be: only the login was encrypted"},
        {"required", "OK", "tds", "WARN  a connection would be: encrypted"},
        {"unsupported", "WARN", "the server has no TLS", "WARN  a connection would be: plaintext"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tds_peer *peer = start_tds("server", rows[i].encryption, NULL);
        if (peer == NULL)
            return;
        CHECK_NUMBER(COMMAND_RUN("check", "-k", tds_string(peer, "SslMode=allow")), 0);
        command_check_fact(rows[i].mark, "switch to TLS", rows[i].text);
        CHECK_CONTAINS(command_output, rows[i].verdict);
        CHECK_CONTAINS(tds_peer_wait_end(peer), " prelogin encryption=0 ");
        tds_peer_stop(&peer);
    }
}

/* A server of TDS 7 takes the first TLS record for a packet of which the rest is to come. */
CASE("check: SQL Server without TDS 8.0")
{
    static const char *const silent[] = {"--misbehave", "silent-start", NULL};
    static const char settings[] = "SslMode=require;SslNegotiation=direct;SslTimeout=1";
    struct tds_peer *peer = start_tds("server", "off", silent);
    if (peer == NULL)
        return;
    CHECK_NUMBER(COMMAND_RUN("check", "-k", tds_string(peer, settings)), 1);
    command_check_fact("FAIL", "handshake",
                       "the server may have no TDS 8.0: set SslNegotiation=starttls");
    tds_peer_stop(&peer);
}

static const char *mariadb_string(const struct mariadb_server *server, const char *more)
{
    return suite_text("DRIVER={%s};Server=127.0.0.1;Port=%u;UID=root;PWD=x;%s", ODBC_MARIADB,
                      mariadb_port(server), more);
}

CASE("check: MariaDB")
{
    static const char *const arguments[] = {"--general-log=1", "--log-output=TABLE", NULL};
    char found[256] = "";
    if (!mariadb_is_installed()) {
        suite_skip("MariaDB is not installed");
        return;
    }
    struct mariadb_server *server =
        mariadb_start(&(struct mariadb_options){.certificate = fixture_path(&fixture, "server.pem"),
                                                .key = fixture_path(&fixture, "server.key"),
                                                .arguments = arguments});
    CHECK_FATAL(server != NULL);
    CHECK_NUMBER(COMMAND_RUN("check", "-k", mariadb_string(server, verified(""))), 0);
    command_check_fact("OK", "switch to TLS", "mysql");
    command_check_fact("OK", "handshake", "TLSv1.3");
    command_check_fact("OK", "name", "127.0.0.1");
    CHECK_NUMBER(COMMAND_RUN("check", "-k", mariadb_string(server, verified("SslServerName=db9"))),
                 1);
    command_check_fact("FAIL", "name", "db9");
    CHECK(mariadb_query(server,
                        "select count(*) from mysql.general_log where command_type = 'Connect' and "
                        "(argument like '%127.0.0.1%' or argument like 'Access denied%')",
                        found, sizeof found));
    CHECK_TEXT(found, "0\n");
    mariadb_stop(&server);
}

/* ---- install ---- */

static const char *read_drivers(void)
{
    static char text[65536];
    suite_read(fixture_path(&fixture, "odbcinst.ini"), text, sizeof text);
    return text;
}

CASE("install: writes a section")
{
    const char *library, *text;
    const char *folder = fixture_path(&fixture, "lib");
    CHECK_FATAL(command_make_library_folder(folder));
    library = suite_text("--library-dir=%s", folder);
    CHECK_NUMBER(COMMAND_RUN("install", "--target", "psqlodbcw", library, "--default",
                             "SslMode=verify-full", "--default", "SslPassword=topsecret"),
                 0);
    CHECK_CONTAINS(command_output, "odbcinst.ini:\n[psqlodbcw over TLS]\n");
    CHECK_CONTAINS(command_output, "TargetDriver = psqlodbcw\n");
    CHECK_CONTAINS(command_output, "SslMode      = verify-full\n");
    command_check_absent("topsecret");
    text = suite_text("[psqlodbcw over TLS]\nDriver=%s/libodbcssl.so\n", folder);
    CHECK_CONTAINS(read_drivers(), text);
    /* Again, for a driver without Unicode functions, over a section of ours. */
    CHECK_NUMBER(
        COMMAND_RUN("install", "--target=psqlodbca.so", "--name=psqlodbcw over TLS", library), 0);
    CHECK_CONTAINS(command_output, "libodbcssla.so");
    /* And it works. */
    CHECK_NUMBER(COMMAND_RUN("check", "installed"), 1);
    CHECK_CONTAINS(command_output, "odbcinst.ini [psqlodbcw over TLS]");
    command_check_fact("OK", "real driver", "psqlodbca.so (ANSI)");
}

/* What the section would hold is checked, not the new keywords alone. */
CASE("install: refuses what contradicts the section")
{
    const char *library = suite_text("--library-dir=%s", fixture_path(&fixture, "lib"));
    CHECK_FATAL(command_make_library_folder(fixture_path(&fixture, "lib")));
    CHECK_NUMBER(COMMAND_RUN("install", "--target", "psqlodbcw", "--name", "whole", library,
                             "--default", "SslRootCert=/a.pem"),
                 0);
    char *before = strdup(read_drivers());
    CHECK_NUMBER(COMMAND_RUN("install", "--target", "psqlodbcw", "--name", "whole", library,
                             "--default", "Encrypt=no"),
                 1);
    CHECK_CONTAINS(command_output, "contradicts");
    CHECK_CONTAINS(command_output, "odbcinst.ini [whole]");
    CHECK_TEXT(read_drivers(), before);
    free(before);
    /* What is empty there says nothing. */
    FILE *file = fopen(fixture_path(&fixture, "odbcinst.ini"), "a");
    CHECK_FATAL(file != NULL && fputs("SslTimeout =\n", file) >= 0 && fclose(file) == 0);
    CHECK_NUMBER(COMMAND_RUN("install", "--target", "psqlodbcw", "--name", "whole", library), 0);
    /* A keyword that is there already gets its new value. */
    CHECK_NUMBER(COMMAND_RUN("install", "--target", "psqlodbcw", "--name", "whole", library,
                             "--default", "SslMode=disable", "--default", "Encrypt=no"),
                 0);
    CHECK_NUMBER(COMMAND_RUN("uninstall", "--name", "whole"), 0);
}

/* As drivers' sections of other distributions have it. */
CASE("install: a section with Driver64, which counts before Driver")
{
    const char *folder = fixture_path(&fixture, "lib");
    const char *library = suite_text("--library-dir=%s", folder);
    CHECK_FATAL(command_make_library_folder(folder));
    FILE *file = fopen(fixture_path(&fixture, "odbcinst.ini"), "a");
    CHECK_FATAL(file != NULL &&
                fprintf(file, "[wide]\nDriver64=/old/libodbcssla.so\nSetup64=/old/x.so\n"
                              "TargetDriver=libtdsodbc.so\n") > 0 &&
                fclose(file) == 0);
    CHECK_NUMBER(COMMAND_RUN("install", "--target", "libtdsodbc.so", "--name", "wide", library), 0);
    CHECK_CONTAINS(command_output, suite_text("Driver64     = %s/libodbcssl.so\n", folder));
    CHECK_CONTAINS(read_drivers(), suite_text("[wide]\nDriver64=%s/libodbcssl.so\n"
                                              "Setup64=%s/libodbcsslS.so\n",
                                              folder, folder));
    CHECK_NUMBER(COMMAND_RUN("uninstall", "--name", "wide"), 0);
}

CASE("install: refuses")
{
    const char *library;
    const char *folder = fixture_path(&fixture, "lib");
    CHECK_FATAL(command_make_library_folder(folder));
    library = suite_text("--library-dir=%s", folder);
    char *before = strdup(read_drivers());
    CHECK_NUMBER(COMMAND_RUN("install", "--target", "psqlodbcw.so", "--name", "psqlodbcw", library),
                 1);
    CHECK_CONTAINS(command_output,
                   "[psqlodbcw] of odbcinst.ini is another driver's (Driver=psqlodbcw.so)");
    CHECK_NUMBER(COMMAND_RUN("install", "--target", "psqlodbcw", "--name", "ODBC", library), 1);
    CHECK_CONTAINS(command_output, "one of the driver manager's own sections");
    CHECK_NUMBER(COMMAND_RUN("install", "--target", "nonsense", library), 1);
    CHECK_CONTAINS(command_output, "nonsense");
    CHECK_NUMBER(
        COMMAND_RUN("install", "--target", "psqlodbcw", library, "--default", "SslMode=yes"), 1);
    CHECK_CONTAINS(command_output, "SslMode=yes");
    CHECK_NUMBER(COMMAND_RUN("install", "--target", "psqlodbcw", library, "--default", "Port=5432"),
                 1);
    CHECK_CONTAINS(command_output, "no keyword of odbcssl");
    CHECK_NUMBER(COMMAND_RUN("install", "--target", "psqlodbcw", library, "--default", "SslMode"),
                 2);
    CHECK_NUMBER(COMMAND_RUN("install", "--target", "psqlodbcw", "--library-dir=/nowhere"), 1);
    CHECK_CONTAINS(command_output, "/nowhere/libodbcssl.so is not there");
    CHECK_NUMBER(COMMAND_RUN("install"), 2);
    CHECK_NUMBER(COMMAND_RUN("uninstall", "--name", "psqlodbcw"), 1);
    CHECK_NUMBER(COMMAND_RUN("uninstall", "--name", "nonsense"), 1);
    CHECK_CONTAINS(command_output, "no section [nonsense]");
    CHECK_NUMBER(COMMAND_RUN("uninstall"), 2);
    CHECK_TEXT(read_drivers(), before);
    free(before);
}

CASE("uninstall: removes the section")
{
    CHECK_NUMBER(COMMAND_RUN("uninstall", "--name", "psqlodbcw over TLS"), 0);
    CHECK_CONTAINS(command_output, "removed [psqlodbcw over TLS]");
    CHECK_CONTAINS(command_output, "the data source installed still uses it");
    CHECK(strstr(read_drivers(), "over TLS") == NULL);
    CHECK_CONTAINS(read_drivers(), "[" ODBC_POSTGRESQL "]");
    CHECK_NUMBER(COMMAND_RUN("uninstall", "--name", "psqlodbcw over TLS"), 1);
}

static bool write_more_certificates(void)
{
    static const char *const dns[] = {"localhost", NULL};
    struct pki_certificate *expired = pki_issue(&(struct pki_spec){.common_name = "db9",
                                                                   .issuer = fixture.intermediate,
                                                                   .dns = dns,
                                                                   .not_before = {0, -9},
                                                                   .not_after = {0, -2}});
    struct pki_certificate *alien =
        pki_issue(&(struct pki_spec){.common_name = POSTGRES_USER, .issuer = fixture.other});
    return expired != NULL && alien != NULL &&
           pki_write_pem(fixture_path(&fixture, "expired.pem"), expired, fixture.intermediate,
                         NULL) &&
           pki_write_key_pem(fixture_path(&fixture, "expired.key"), expired) &&
           pki_write_pem(fixture_path(&fixture, "alien.pem"), alien, NULL) &&
           pki_write_key_pem(fixture_path(&fixture, "alien.key"), alien);
}

static const char data_sources[] = "[good]\nDriver=" ODBC_POSTGRESQL "\n"
                                   "Servername=127.0.0.1\nPort=1\nSslMode=verify-full\n"
                                   "SslRootCert=@FOLDER@/root.pem\n"
                                   "[installed]\nDriver=psqlodbcw over TLS\n"
                                   "Servername=127.0.0.1\nPort=1\n";

static int set_up(void)
{
    return fixture_open(&fixture, NULL, data_sources) == 0 && write_more_certificates() ? 0 : -1;
}

SUITE("commands", set_up, fixture_tear_down)
