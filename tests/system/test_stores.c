/*
 * Trust anchors in every form that certificate authorities and consoles hand them out: what the
 * file holds decides, not its name. Each form is tried with the right authority, which connects,
 * and with another one, which is refused: so the file was really read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system/trust.h"

#define SYSTEM_FILE "/etc/ssl/certs/ca-certificates.crt"

static bool has_keytool;

static bool connect_with(const char *store, const char *more)
{
    return trust_connect("SslMode=verify-full;SslRootCert=%s;%s", trust_path(store), more);
}

static void check_trusted(const char *store, const char *more)
{
    printf("# %s\n", store);
    connect_with(store, more);
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_STATUS(0);
}

/* "SslRootCert=/folder/name (connection string)" */
static const char *named(const char *name)
{
    return suite_text("SslRootCert=%s (connection string)", trust_path(name));
}

static void check_untrusted(const char *store, const char *more)
{
    connect_with(store, more);
    CHECK_REFUSED(ODBCSSL_ERROR_ISSUER_UNKNOWN, "CN=Intermediate CA", "issued by CN=Root CA",
                  named(store));
}

static void check_refused(const char *store, const char *more, enum odbcssl_error code,
                          const char *part)
{
    connect_with(store, more);
    CHECK_REFUSED(code, named(store), part);
}

/* Flips a bit in the middle of a file, into another one. */
static bool alter(const char *from, const char *to)
{
    static unsigned char bytes[65536];
    size_t size = suite_read(trust_path(from), bytes, sizeof bytes);
    bytes[size / 2] ^= 1;
    return size > 0 && pki_write_file(trust_path(to), bytes, size, 0644);
}

/* ---- plain files ---- */

CASE("PEM")
{
    CHECK_FATAL(
        trust_run("{ echo 'Our authorities, fetched today'; cat other.pem; echo '# and ours:'; "
                  "cat root.pem; } > bundle.pem"));
    CHECK_FATAL(trust_run("sed 's/$/\\r/' root.pem > windows.crt"));
    CHECK_FATAL(trust_run("{ printf '\\357\\273\\277'; cat root.pem; } > mark.crt"));
    check_trusted("root.pem", "");
    check_trusted("bundle.pem", "");
    check_trusted("windows.crt", "");
    check_trusted("mark.crt", "");
    check_untrusted("other.pem", "");
}

CASE("DER")
{
    CHECK_FATAL(pki_write_der(trust_path("root.cer"), trust_fixture.root));
    CHECK_FATAL(pki_write_der(trust_path("other.cer"), trust_fixture.other));
    check_trusted("root.cer", "");
    check_untrusted("other.cer", "");
}

/* The intermediate authority alone, and the server's certificate itself, are trust enough. */
CASE("anchors below the root")
{
    CHECK_FATAL(pki_write_pem(trust_path("intermediate.pem"), trust_fixture.intermediate, NULL));
    CHECK_FATAL(pki_write_pem(trust_path("leaf.pem"), trust_fixture.server, NULL));
    check_trusted("intermediate.pem", "");
    check_trusted("leaf.pem", "");
}

CASE("malformed files")
{
    CHECK_FATAL(pki_write_file(trust_path("empty.pem"), "", 0, 0644));
    CHECK_FATAL(pki_write_file(trust_path("text.pem"), "no certificate\n", 15, 0644));
    CHECK_FATAL(alter("root.pem", "altered.pem"));
    CHECK_FATAL(trust_run("head -c 300 root.pem > cut.pem"));
    CHECK_FATAL(trust_run("head -c 200 root.cer > cut.cer"));
    CHECK_FATAL(trust_run("echo '<html>Log in first</html>' > login.pem"));
    CHECK_FATAL(trust_run("openssl x509 -trustout -in root.pem -out trusted.pem"));
    check_refused("trusted.pem", "", ODBCSSL_ERROR_FILE_MALFORMED, "openssl x509 -in");
    check_refused("empty.pem", "", ODBCSSL_ERROR_FILE_MALFORMED, "empty");
    check_refused("text.pem", "", ODBCSSL_ERROR_FILE_MALFORMED, "certificates");
    check_refused("cut.pem", "", ODBCSSL_ERROR_FILE_MALFORMED, "cut short");
    check_refused("cut.cer", "", ODBCSSL_ERROR_FILE_MALFORMED, "");
    check_refused("login.pem", "", ODBCSSL_ERROR_FILE_MALFORMED, "HTML");
    check_refused("server.key", "", ODBCSSL_ERROR_FILE_MALFORMED, "a private key");
    check_refused("crl.pem", "", ODBCSSL_ERROR_FILE_MALFORMED, "CRL");
    check_refused("nothing.pem", "", ODBCSSL_ERROR_FILE_UNREADABLE, "No such file");
    /* One bit of a certificate: it is no certificate any more, or not the one that signed. */
    connect_with("altered.pem", "");
    CHECK(trust_session.statement == NULL);
    CHECK_CONTAINS(trust_session.diagnostics, named("altered.pem"));
    trust_connect("SslMode=verify-full;SslRootCert=root.pem");
    CHECK_REFUSED(ODBCSSL_ERROR_PATH_RELATIVE, "SslRootCert=root.pem (connection string)");
}

/* ---- PKCS#7 ---- */

static bool make_p7b(const char *from, const char *to, const char *form)
{
    return trust_run("openssl crl2pkcs7 -nocrl -certfile %s -outform %s -out %s", from, form, to);
}

CASE("PKCS#7")
{
    CHECK_FATAL(make_p7b("root.pem", "pem.p7b", "PEM"));
    CHECK_FATAL(make_p7b("root.pem", "der.p7b", "DER"));
    CHECK_FATAL(make_p7b("other.pem", "other.p7b", "PEM"));
    check_trusted("pem.p7b", "");
    check_trusted("der.p7b", "");
    check_untrusted("other.p7b", "");
    /* Labels that other programs write, and base64 alone as Windows shows it. */
    CHECK_FATAL(trust_run("sed 's/PKCS7/CMS/' pem.p7b > cms.p7b"));
    CHECK_FATAL(trust_run("sed 's/PKCS7/CERTIFICATE/' pem.p7b > mislabelled.p7b"));
    check_trusted("cms.p7b", "");
    check_trusted("mislabelled.p7b", "");
    CHECK_FATAL(trust_run("head -c 200 der.p7b > cut.p7b"));
    check_refused("cut.p7b", "", ODBCSSL_ERROR_FILE_MALFORMED, "");
}

/* ---- PKCS#12 ---- */

static bool make_p12(const char *from, const char *to, const char *password)
{
    return trust_run("openssl pkcs12 -export -nokeys -in %s -passout pass:%s -out %s; chmod "
                     "644 %s",
                     from, password, to, to);
}

CASE("PKCS#12")
{
    CHECK_FATAL(make_p12("root.pem", "changeit.p12", "changeit"));
    CHECK_FATAL(make_p12("root.pem", "own.p12", "our-own"));
    CHECK_FATAL(make_p12("root.pem", "none.p12", ""));
    CHECK_FATAL(make_p12("other.pem", "other.p12", "changeit"));
    CHECK_FATAL(alter("own.p12", "altered.p12"));
    check_trusted("changeit.p12", "");
    check_trusted("none.p12", "");
    check_trusted("own.p12", "SslPassword=our-own;");
    check_untrusted("other.p12", "");
    check_refused("own.p12", "", ODBCSSL_ERROR_STORE_PASSWORD, "set SslPassword");
    check_refused("own.p12", "SslPassword=wrong;", ODBCSSL_ERROR_STORE_PASSWORD, "SslPassword");
    connect_with("altered.p12", "SslPassword=our-own;");
    CHECK(trust_session.statement == NULL);
    CHECK_CONTAINS(trust_session.diagnostics, named("altered.p12"));
}

/* ---- Java's stores ---- */

static bool make_jks(const char *from, const char *to, const char *password, const char *type)
{
    return trust_run("keytool -importcert -noprompt -alias anchor -file %s -keystore %s "
                     "-storetype %s -storepass %s",
                     from, to, type, password);
}

CASE("JKS")
{
    if (!has_keytool) {
        suite_skip("keytool is not installed");
        return;
    }
    CHECK_FATAL(make_jks("root.pem", "changeit.jks", "changeit", "JKS"));
    CHECK_FATAL(make_jks("root.pem", "apsaradb.jks", "apsaradb", "JKS"));
    CHECK_FATAL(make_jks("root.pem", "own.jks", "our-own", "JKS"));
    CHECK_FATAL(make_jks("other.pem", "other.jks", "apsaradb", "JKS"));
    CHECK_FATAL(alter("apsaradb.jks", "altered.jks"));
    check_trusted("changeit.jks", "");
    check_trusted("apsaradb.jks", "");
    check_trusted("own.jks", "SslPassword=our-own;");
    check_untrusted("other.jks", "");
    check_refused("own.jks", "SslPassword=wrong;", ODBCSSL_ERROR_STORE_ALTERED, "SslPassword");
    check_refused("altered.jks", "SslPassword=apsaradb;", ODBCSSL_ERROR_STORE_ALTERED, "altered");
    check_refused("altered.jks", "", ODBCSSL_ERROR_STORE_PASSWORD, "the file was altered");
    check_refused("own.jks", "", ODBCSSL_ERROR_STORE_PASSWORD, "set SslPassword");
}

/* keytool makes PKCS#12 by default, whatever the file is called. */
CASE("a .jks that is PKCS#12")
{
    if (!has_keytool) {
        suite_skip("keytool is not installed");
        return;
    }
    CHECK_FATAL(make_jks("root.pem", "modern.jks", "our-own", "PKCS12"));
    check_trusted("modern.jks", "SslPassword=our-own;");
    check_refused("modern.jks", "SslPassword=wrong;", ODBCSSL_ERROR_STORE_PASSWORD, "PKCS#12");
}

/* There is one SslPassword, and here it is the client key's. */
CASE("a store's password beside a key's")
{
    CHECK_FATAL(make_p12("root.pem", "beside.p12", "changeit"));
    CHECK_FATAL(pki_write_key_pkcs8(trust_path("encrypted.key"), trust_fixture.client, "key-word"));
    const char *more = suite_text("SslCert=%s;SslKey=%s;SslPassword=key-word;",
                                  trust_path("client.pem"), trust_path("encrypted.key"));
    check_trusted("beside.p12", more);
}

/* ---- folders ---- */

CASE("folder")
{
    CHECK_FATAL(mkdir(trust_path("anchors"), 0755) == 0);
    check_refused("anchors", "", ODBCSSL_ERROR_FILE_MALFORMED, "none of the 0 files");
    CHECK_FATAL(trust_run("echo 'Ask Ann' > anchors/README"));
    check_refused("anchors", "", ODBCSSL_ERROR_FILE_MALFORMED, "none of the 1 files");
    CHECK_FATAL(trust_run("cp other.pem anchors/a.pem"));
    check_untrusted("anchors", "");
    /* What is put there while the process runs counts at the next connection. */
    CHECK_FATAL(trust_run("cp root.cer anchors/b.cer"));
    check_trusted("anchors", "");
    remove(trust_path("anchors/b.cer"));
    check_untrusted("anchors", "");
}

/* A renewed file is taken without a new start, and a broken one refuses, it does not leave the old
 * trust in force. */
CASE("files replaced while the process runs")
{
    CHECK_FATAL(trust_run("cp root.pem current.pem"));
    check_trusted("current.pem", "");
    CHECK_FATAL(trust_run("cp other.pem current.pem"));
    check_untrusted("current.pem", "");
    CHECK_FATAL(trust_run("echo broken > current.pem"));
    check_refused("current.pem", "", ODBCSSL_ERROR_FILE_MALFORMED, "certificates");
    remove(trust_path("current.pem"));
    check_refused("current.pem", "", ODBCSSL_ERROR_FILE_UNREADABLE, "No such file");
    CHECK_FATAL(trust_run("cp root.pem current.pem"));
    check_trusted("current.pem", "");
}

/* ---- the system's ---- */

static void check_system(const char *keywords, const char *trust)
{
    trust_connect("%s", keywords);
    CHECK_REFUSED(ODBCSSL_ERROR_ISSUER_UNKNOWN, "issued by CN=Root CA", trust);
}

CASE("system")
{
    if (access(SYSTEM_FILE, R_OK) != 0) {
        suite_skip("the system has no " SYSTEM_FILE);
        return;
    }
    /* OpenSSL's variable does not add to it. */
    setenv("SSL_CERT_FILE", trust_path("root.pem"), 1);
    check_system("SslMode=verify-full;SslRootCert=system",
                 "SslRootCert=system (connection string)");
    check_system("SslMode=verify-ca;SslRootCert=SYSTEM", "SslRootCert=system (connection string)");
    /* Then the default mode is verify-full. */
    check_system("SslRootCert=system", "SslRootCert=system (connection string)");
    check_system("SslMode=verify-full", "SslRootCert=system (default)");
    check_system("SslMode=verify-ca", "SslRootCert=system (default)");
    unsetenv("SSL_CERT_FILE");
}

static int set_up(void)
{
    if (trust_open(NULL, NULL) != 0)
        return -1;
    has_keytool = system("command -v keytool >/dev/null 2>&1") == 0;
    return pki_write_der(trust_path("root.cer"), trust_fixture.root) &&
                   fixture_start(&trust_fixture, "server", FIXTURE_HBA, true)
               ? 0
               : -1;
}

SUITE("stores", set_up, trust_close)
