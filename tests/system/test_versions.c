/*
 * Which TLS versions and cipher suites come about between what the server allows and what the
 * keywords say, what is said when nothing is left, and the aliases of other drivers' keywords.
 */
#include <stdio.h>
#include <stdlib.h>

#include "system/trust.h"

static bool start_with(const char *first, const char *second, const char *third)
{
    char pem[1024], key[1024];
    const char *const settings[] = {first, second, third, NULL};
    snprintf(pem, sizeof pem, "%s", trust_path("server.pem"));
    snprintf(key, sizeof key, "%s", trust_path("server.key"));
    return fixture_start_with(&trust_fixture, &(struct postgres_options){.certificate = pem,
                                                                         .key = key,
                                                                         .hba = FIXTURE_HBA,
                                                                         .settings = settings});
}

static bool connect_with(const char *more)
{
    return trust_connect("SslMode=verify-full;SslRootCert=%s;%s", trust_path("root.pem"), more);
}

/* What was negotiated, in our words and in the server's. */
static void check_version(const char *more, const char *version, unsigned number)
{
    printf("# %s\n", more);
    connect_with(more);
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    if (trust_session.statement == NULL)
        return;
    CHECK_TEXT(odbc_info_text(&trust_session, SQL_SSL_PROTOCOL), version);
    CHECK_NUMBER(odbc_info_number(&trust_session, SQL_SSL_PROTOCOL_VERSION), number);
    CHECK(
        odbc_query(&trust_session, "select version from pg_stat_ssl where pid = pg_backend_pid()"));
    CHECK_TEXT(trust_session.value, version);
}

static void check_mismatch(const char *more, const char *offered)
{
    connect_with(more);
    CHECK_REFUSED(ODBCSSL_ERROR_TLS_VERSION, "localhost", offered, "SslMinProtocol",
                  "SslMaxProtocol");
}

/* ---- versions ---- */

CASE("a server with every version")
{
    CHECK_FATAL(start_with(NULL, NULL, NULL));
    check_version("", "TLSv1.3", 0x0304);
    check_version("SslMaxProtocol=TLSv1.2;", "TLSv1.2", 0x0303);
    check_version("SslMaxProtocol=tlsv1.2;SslMinProtocol=tlsv1.2;", "TLSv1.2", 0x0303);
    check_version("SslMinProtocol=TLSv1.3;", "TLSv1.3", 0x0304);
    check_version("SslMinProtocol=TLSv1;", "TLSv1.3", 0x0304);
    setenv("PGSSLMAXPROTOCOLVERSION", "TLSv1.2", 1);
    check_version("", "TLSv1.2", 0x0303);
    unsetenv("PGSSLMAXPROTOCOLVERSION");
}

CASE("a server with TLS 1.2")
{
    CHECK_FATAL(start_with("ssl_max_protocol_version=TLSv1.2", NULL, NULL));
    check_version("", "TLSv1.2", 0x0303);
    check_mismatch("SslMinProtocol=TLSv1.3;", "only TLSv1.3");
}

CASE("a server with TLS 1.3")
{
    CHECK_FATAL(start_with("ssl_min_protocol_version=TLSv1.3", NULL, NULL));
    check_version("", "TLSv1.3", 0x0304);
    check_mismatch("SslMaxProtocol=TLSv1.2;", "only TLSv1.2");
    check_mismatch("SslMinProtocol=TLSv1;SslMaxProtocol=TLSv1.2;", "TLSv1 to TLSv1.2");
    /* prefer does not go on in plaintext for it. */
    trust_connect("SslMode=prefer;SslMaxProtocol=TLSv1.2");
    CHECK_REFUSED(ODBCSSL_ERROR_TLS_VERSION, "only TLSv1.2");
}

/* A server that is older than TLS 1.2 is refused, unless it is asked for; then it is warned of. */
CASE("a server with TLS 1.1")
{
    CHECK_FATAL(start_with("ssl_min_protocol_version=TLSv1", "ssl_max_protocol_version=TLSv1.1",
                           "ssl_ciphers=DEFAULT@SECLEVEL=0"));
    check_mismatch("", "TLSv1.2 to TLSv1.3");
    check_version("SslMinProtocol=TLSv1;", "TLSv1.1", 0x0302);
    CHECK_WARNED(ODBCSSL_WARNING_OLD_PROTOCOL, "localhost", "TLSv1.1");
}

CASE("values of the limits")
{
    CHECK_FATAL(start_with(NULL, NULL, NULL));
    connect_with("SslMinProtocol=TLSv1.3;SslMaxProtocol=TLSv1.2;");
    CHECK_REFUSED(ODBCSSL_ERROR_KEYWORD_CONFLICT, "SslMinProtocol=TLSv1.3 (connection string)",
                  "SslMaxProtocol=TLSv1.2 (connection string)");
    connect_with("SslMinProtocol=SSLv3;");
    CHECK_REFUSED(ODBCSSL_ERROR_KEYWORD_VALUE, "SslMinProtocol=SSLv3 (connection string)",
                  "TLSv1, TLSv1.1, TLSv1.2, TLSv1.3");
    connect_with("SslMaxProtocol=1.2;");
    CHECK_REFUSED(ODBCSSL_ERROR_KEYWORD_VALUE, "SslMaxProtocol=1.2 (connection string)");
    setenv("PGSSLMINPROTOCOLVERSION", "best", 1);
    connect_with("");
    CHECK_REFUSED(ODBCSSL_ERROR_KEYWORD_VALUE,
                  "SslMinProtocol=best (environment PGSSLMINPROTOCOLVERSION)");
    unsetenv("PGSSLMINPROTOCOLVERSION");
}

/* ---- the priority string ---- */

static void check_cipher(const char *more, const char *cipher)
{
    connect_with(more);
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    if (trust_session.statement != NULL)
        CHECK_TEXT(odbc_info_text(&trust_session, SQL_SSL_CIPHER), cipher);
}

CASE("priority string")
{
    CHECK_FATAL(start_with(NULL, NULL, NULL));
    check_cipher("SslPriority=NORMAL:-CIPHER-ALL:+CHACHA20-POLY1305;",
                 "TLS_CHACHA20_POLY1305_SHA256");
    check_cipher("SslPriority=NORMAL:-CIPHER-ALL:+AES-128-GCM;SslMaxProtocol=TLSv1.2;",
                 "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    check_version("SslPriority=NORMAL:-VERS-TLS1.3;", "TLSv1.2", 0x0303);
    /* The limits hold beside it. */
    check_version("SslPriority=NORMAL;SslMaxProtocol=TLSv1.2;", "TLSv1.2", 0x0303);
}

CASE("priority string, wrong")
{
    CHECK_FATAL(start_with(NULL, NULL, NULL));
    connect_with("SslPriority=NORMAL:+AES-512-XYZ;");
    CHECK_REFUSED(ODBCSSL_ERROR_KEYWORD_VALUE,
                  "SslPriority=NORMAL:+AES-512-XYZ (connection string)",
                  "not a GnuTLS priority string", "AES-512-XYZ");
    connect_with("SslPriority=HIGH:!aNULL;");
    CHECK_REFUSED(ODBCSSL_ERROR_KEYWORD_VALUE, "SslPriority=HIGH:!aNULL (connection string)");
    /* A suite that the server does not have: its refusal is told. */
    CHECK_FATAL(start_with("ssl_max_protocol_version=TLSv1.2",
                           "ssl_ciphers=ECDHE-ECDSA-AES256-SHA384", NULL));
    connect_with("SslPriority=NORMAL:-CIPHER-ALL:+AES-128-GCM;");
    CHECK_REFUSED(ODBCSSL_ERROR_ALERT, "localhost", "Handshake failed",
                  "SslPriority=NORMAL:-CIPHER-ALL:+AES-128-GCM (connection string)");
    /* Nothing is left of it within the limits. */
    connect_with("SslPriority=NORMAL:-VERS-ALL:+VERS-TLS1.1;");
    CHECK_REFUSED(ODBCSSL_ERROR_TLS_VERSION, "nothing is left", "TLSv1.2 to TLSv1.3",
                  "SslPriority=NORMAL:-VERS-ALL:+VERS-TLS1.1 (connection string)");
}

/* ---- aliases ---- */

static void check_mode(const char *keywords, enum odbcssl_mode mode)
{
    printf("# %s\n", keywords);
    trust_connect("%sSslRootCert=%s", keywords, trust_path("root.pem"));
    CHECK(trust_session.statement != NULL);
    CHECK_NUMBER(odbc_info_number(&trust_session, SQL_SSL_MODE), mode);
}

CASE("Encrypt and TrustServerCertificate")
{
    CHECK_FATAL(start_with(NULL, NULL, NULL));
    check_mode("Encrypt=yes;", ODBCSSL_MODE_VERIFY_FULL);
    check_mode("Encrypt=mandatory;", ODBCSSL_MODE_VERIFY_FULL);
    check_mode("Encrypt=no;", ODBCSSL_MODE_PREFER);
    check_mode("Encrypt=optional;", ODBCSSL_MODE_PREFER);
    check_mode("Encrypt=yes;TrustServerCertificate=yes;", ODBCSSL_MODE_REQUIRE);
    check_mode("Encrypt=yes;TrustServerCertificate=no;", ODBCSSL_MODE_VERIFY_FULL);
    check_mode("TrustServerCertificate=no;", ODBCSSL_MODE_VERIFY_FULL);
    check_mode("Encrypt=yes;SslMode=verify-full;", ODBCSSL_MODE_VERIFY_FULL);
    check_mode("SslMode=Verify_Full;", ODBCSSL_MODE_VERIFY_FULL);
    trust_connect("Encrypt=yes;SslMode=disable");
    CHECK_REFUSED(ODBCSSL_ERROR_KEYWORD_CONFLICT, "Encrypt=yes (connection string)",
                  "SslMode=disable (connection string)");
    trust_connect("Encrypt=perhaps");
    CHECK_REFUSED(ODBCSSL_ERROR_KEYWORD_VALUE, "Encrypt=perhaps (connection string)", "yes");
    trust_connect("Encrypt=strict;SslRootCert=%s", trust_path("root.pem"));
    /* TLS from the first byte, which PostgreSQL has from version 17 on. */
    if (trust_session.statement == NULL)
        CHECK_REFUSED(ODBCSSL_ERROR_HANDSHAKE, "localhost", "PostgreSQL before version 17",
                      "SslNegotiation=starttls");
    trust_connect("SslMode=enable");
    CHECK_REFUSED(ODBCSSL_ERROR_KEYWORD_VALUE, "SslMode=enable (connection string)", "verify-full");
}

CASE("other names of keywords")
{
    CHECK_FATAL(start_with(NULL, NULL, NULL));
    trust_connect("SslMode=verify-full;SSLCA=%s", trust_path("root.pem"));
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    trust_connect("SslMode=verify-full;SSLCA=%s", trust_path("other.pem"));
    CHECK_REFUSED(ODBCSSL_ERROR_ISSUER_UNKNOWN, trust_path("other.pem"),
                  "(connection string, as SSLCA)");
    trust_connect("SslMode=verify-full;SSLCA=%s;SslRootCert=%s", trust_path("other.pem"),
                  trust_path("root.pem"));
    CHECK_REFUSED(ODBCSSL_ERROR_KEYWORD_CONFLICT, "SSLCA=", "SslRootCert=", "contradicts");
    trust_connect("sslmode=verify-full;sslrootcert=%s", trust_path("root.pem"));
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    trust_connect("SslMode=verify-full;SslRootCertificate=%s", trust_path("root.pem"));
    CHECK_REFUSED(ODBCSSL_ERROR_KEYWORD_UNKNOWN, "SslRootCertificate", "SslRootCert");
}

static int set_up(void)
{
    return trust_open(NULL, NULL);
}

SUITE("versions", set_up, trust_close)
