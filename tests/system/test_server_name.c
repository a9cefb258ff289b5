/*
 * Whose certificate it is: the name that is wanted, the names that are there, and what is sent of
 * it in the handshake (SNI), which a server of the test's own observes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "support/hostile_server.h"
#include "system/trust.h"

/* ---- the fixture's server: DNS:localhost, DNS:db.example.com, IP:127.0.0.1 ---- */

static bool connect_with(const char *mode, const char *more)
{
    return trust_connect("%sSslMode=%s;SslRootCert=%s", more, mode, trust_path("root.pem"));
}

static void check_name(const char *more)
{
    printf("# %s\n", more);
    connect_with("verify-full", more);
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
}

static void check_wrong(const char *more, const char *wanted, const char *found)
{
    connect_with("verify-full", more);
    CHECK_REFUSED(ODBCSSL_ERROR_HOST, "server certificate CN=", wanted, found);
}

CASE("the right name")
{
    CHECK_FATAL(fixture_start(&trust_fixture, "server", FIXTURE_HBA, false));
    check_name("Servername=localhost;");
    check_name("Servername=LocalHost;");
    check_name("Servername=127.0.0.1;");
    check_name("SslServerName=db.example.com;");
    check_name("SslServerName=DB.EXAMPLE.COM;");
    check_name("SslServerName=db.example.com.;");
    check_name("HostNameInCertificate=db.example.com;");
    check_name("Servername=127.0.0.1;SslServerName=db.example.com;");
    check_name("SslServerName=127.0.0.1;");
}

#define NAMES "its names are DNS:localhost, DNS:db.example.com, IP:127.0.0.1"

CASE("the wrong name")
{
    CHECK_FATAL(fixture_start(&trust_fixture, "server", FIXTURE_HBA, false));
    check_wrong("SslServerName=wrong.example.com;", "not for host \"wrong.example.com\"", NAMES);
    check_wrong("HostNameInCertificate=wrong.example.com;", "not for host \"wrong.example.com\"",
                NAMES);
    check_wrong("SslServerName=example.com;", "not for host \"example.com\"", NAMES);
    check_wrong("SslServerName=b.example.com;", "not for host \"b.example.com\"", NAMES);
    check_wrong("SslServerName=db.example.com.evil.org;", "\"db.example.com.evil.org\"", NAMES);
    check_wrong("SslServerName=127.0.0.2;", "not for host \"127.0.0.2\"", NAMES);
    check_wrong("SslServerName=::1;", "not for host \"::1\"", NAMES);
    /* The common name does not count beside alternative names. */
    check_wrong("SslServerName=db1;", "not for host \"db1\"", "the common name counts only where");
    trust_connect("SslServerName=db.example.com;HostNameInCertificate=other.example.com;"
                  "SslMode=verify-full;SslRootCert=%s",
                  trust_path("root.pem"));
    CHECK_REFUSED(ODBCSSL_ERROR_KEYWORD_CONFLICT, "HostNameInCertificate=other.example.com",
                  "SslServerName=db.example.com");
}

/* Only verify-full looks at the name. */
CASE("the wrong name in modes that do not look")
{
    static const struct {
        const char *mode;
        enum odbcssl_state state;
    } rows[] = {{"verify-ca", ODBCSSL_STATE_CHAIN_VERIFIED},
                {"require", ODBCSSL_STATE_CHAIN_VERIFIED},
                {"prefer", ODBCSSL_STATE_CHAIN_VERIFIED},
                {"allow", ODBCSSL_STATE_CHAIN_VERIFIED}};
    CHECK_FATAL(fixture_start(&trust_fixture, "server", FIXTURE_HBA, false));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        connect_with(rows[i].mode, "SslServerName=wrong.example.com;");
        CHECK_CONNECTED(rows[i].state);
        CHECK_STATUS(0);
    }
}

/* ---- other certificates ---- */

static bool start_with(const struct pki_spec *spec)
{
    struct pki_spec named = *spec;
    named.issuer = trust_fixture.root;
    return fixture_issue(&trust_fixture, "own", &named, NULL) &&
           fixture_start(&trust_fixture, "own", FIXTURE_HBA, false);
}

CASE("an address that is not in the certificate")
{
    CHECK_FATAL(
        start_with(&(struct pki_spec){.common_name = "127.0.0.1", .dns = PKI_LIST("localhost")}));
    check_name("Servername=localhost;");
    check_wrong("Servername=127.0.0.1;", "not for host \"127.0.0.1\": its names are DNS:localhost",
                "an address has to stand among the alternative names as an IP address");
}

/* An address written as a DNS name is none. */
CASE("an address that is there as a DNS name")
{
    CHECK_FATAL(start_with(&(struct pki_spec){.common_name = "db2", .dns = PKI_LIST("127.0.0.1")}));
    check_wrong("Servername=127.0.0.1;", "not for host \"127.0.0.1\"", "DNS:127.0.0.1");
}

CASE("wildcards")
{
    CHECK_FATAL(start_with(&(struct pki_spec){
        .common_name = "db3", .dns = PKI_LIST("*.example.com", "x*.example.org", "*.com")}));
    check_name("SslServerName=a.example.com;");
    check_name("SslServerName=B.Example.com;");
    check_wrong("SslServerName=a.b.example.com;", "not for host \"a.b.example.com\"",
                "DNS:*.example.com");
    check_wrong("SslServerName=example.com;", "not for host \"example.com\"", "DNS:*.example.com");
    check_wrong("SslServerName=localhost;", "not for host \"localhost\"", "DNS:*.example.com");
    check_wrong("SslServerName=other.com;", "not for host \"other.com\"", "DNS:*.com");
}

CASE("the common name alone")
{
    CHECK_FATAL(start_with(&(struct pki_spec){.common_name = "localhost"}));
    check_name("Servername=localhost;");
    check_wrong("SslServerName=db.example.com;", "not for host \"db.example.com\"",
                "it has no alternative names");
}

CASE("a NUL in the name")
{
    static const char name[] = "localhost\0.evil.org";
    CHECK_FATAL(start_with(&(struct pki_spec){
        .common_name = "db4", .raw_dns = name, .raw_dns_size = sizeof name - 1}));
    connect_with("verify-full", "Servername=localhost;");
    CHECK_REFUSED(ODBCSSL_ERROR_VERIFY_OTHER, "server certificate CN=db4", "subjectAltName",
                  "NUL character");
}

CASE("no name of a host")
{
    CHECK_FATAL(
        start_with(&(struct pki_spec){.common_name = "db5", .email = PKI_LIST("root@localhost")}));
    check_wrong("Servername=localhost;", "not for host \"localhost\"", "");
}

/* ---- what the server saw ---- */

static void check_sni(struct hostile_server *server, const char *more, const char *wanted)
{
    trust_connect("%sPort=%u;SslMode=require", more, hostile_port(server));
    CHECK_TEXT(hostile_observe(server)->server_name, wanted);
}

CASE("the name that is sent")
{
    const struct pki_certificate *const chain[] = {trust_fixture.server, trust_fixture.intermediate,
                                                   NULL};
    struct hostile_server *server =
        hostile_start(&(struct hostile_options){.behaviour = HOSTILE_REFUSES, .chain = chain});
    CHECK_FATAL(server != NULL);
    check_sni(server, "", "localhost");
    check_sni(server, "SslSni=1;", "localhost");
    check_sni(server, "SslServerName=db.example.com;", "db.example.com");
    check_sni(server, "SslServerName=db.example.com.;", "db.example.com");
    check_sni(server, "HostNameInCertificate=db.example.com;", "db.example.com");
    check_sni(server, "SslSni=0;", "");
    check_sni(server, "SslSni=0;SslServerName=db.example.com;", "");
    check_sni(server, "Servername=127.0.0.1;", "");
    check_sni(server, "Servername=127.0.0.1;SslServerName=db.example.com;", "db.example.com");
    check_sni(server, "SslServerName=127.0.0.1;", "");
    setenv("PGSSLSNI", "0", 1);
    check_sni(server, "", "");
    check_sni(server, "SslSni=1;", "localhost");
    unsetenv("PGSSLSNI");
    CHECK_NUMBER(hostile_observe(server)->handshakes, 12);
    hostile_stop(&server);
    trust_connect("SslSni=maybe;SslMode=require");
    CHECK_REFUSED(ODBCSSL_ERROR_KEYWORD_VALUE, "SslSni=maybe (connection string)");
}

static int set_up(void)
{
    return trust_open(NULL, NULL);
}

SUITE("server name", set_up, trust_close)
