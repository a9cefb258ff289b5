/*
 * The client's certificate and key in every form that people are given them, and what is said about
 * each that cannot be used. The server takes nobody without a certificate.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/gaussdb_files.h"
#include "system/trust.h"

#define HBA "hostssl all all 127.0.0.1/32 cert"
#define KEY_PASSWORD "Gauss@123"
#define PIN "648219"

/* ---- connecting ---- */

/* cert, key: files of the folder; key NULL: no SslKey. */
static bool connect_with(const char *cert, const char *key, const char *more)
{
    const char *key_text = key != NULL ? suite_text("SslKey=%s;", trust_path(key)) : "";
    return trust_connect("SslMode=verify-full;SslRootCert=%s;SslCert=%s;%s%s",
                         trust_path("root.pem"), trust_path(cert), key_text, more);
}

static void check_accepted(const char *cert, const char *key, const char *more)
{
    printf("# %s with %s\n", cert, key != NULL ? key : "its own key");
    connect_with(cert, key, more);
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_CLIENT("/CN=" POSTGRES_USER);
}

/* "SslKey=/folder/name (connection string)" */
static const char *named(const char *keyword, const char *name)
{
    return suite_text("%s=%s (connection string)", keyword, trust_path(name));
}

static void set_mode(const char *name, mode_t mode)
{
    CHECK_FATAL(chmod(trust_path(name), mode) == 0);
}

/* ---- permissions ---- */

static void check_mode(const char *keyword, const char *name, mode_t mode, const char *octal,
                       const char *more, const char *wanted)
{
    set_mode(name, mode);
    connect_with("client.pem", "client.key", more);
    CHECK_REFUSED(ODBCSSL_ERROR_FILE_PERMISSIONS, named(keyword, name), octal, wanted,
                  suite_text("Run: chmod 600 '%s'", trust_path(name)));
}

CASE("permissions of the key")
{
    check_mode("SslKey", "client.key", 0644, "mode 0644", "", "0600 or less, or 0640");
    check_mode("SslKey", "client.key", 0660, "mode 0660", "", "0600 or less, or 0640");
    set_mode("client.key", 0640);
    connect_with("client.pem", "client.key", "");
    if (geteuid() == 0) /* the owner is root then */
        CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    else
        CHECK_REFUSED(ODBCSSL_ERROR_FILE_PERMISSIONS, "mode 0640");
    set_mode("client.key", 0400);
    check_accepted("client.pem", "client.key", "");
    set_mode("client.key", 0600);
    check_accepted("client.pem", "client.key", "");
}

/* As GaussDB(DWS) asks: every file, also those that hold no secret. */
CASE("permissions of all files")
{
    static const char *const strict = "SslFilePermissions=strict;";
    const char *with_crl = suite_text("%sSslCrl=%s;", strict, trust_path("crl.pem"));
    set_mode("client.pem", 0600);
    check_mode("SslRootCert", "root.pem", 0644, "mode 0644", strict, "SslFilePermissions=strict");
    set_mode("root.pem", 0600);
    check_mode("SslCert", "client.pem", 0644, "mode 0644", strict, "SslFilePermissions=strict");
    set_mode("client.pem", 0600);
    check_mode("SslKey", "client.key", 0640, "mode 0640", strict, "SslFilePermissions=strict");
    set_mode("client.key", 0600);
    check_mode("SslCrl", "crl.pem", 0644, "mode 0644", with_crl, "SslFilePermissions=strict");
    set_mode("crl.pem", 0600);
    check_accepted("client.pem", "client.key", with_crl);
    set_mode("client.pem", 0644);
    set_mode("root.pem", 0644);
}

/* A key beside its certificate in one file makes the whole file secret. */
CASE("permissions of certificate and key in one file")
{
    CHECK_FATAL(trust_run("cat client.pem client.key > both.pem"));
    set_mode("both.pem", 0644);
    connect_with("both.pem", NULL, "");
    CHECK_REFUSED(ODBCSSL_ERROR_FILE_PERMISSIONS, named("SslCert", "both.pem"), "mode 0644");
    set_mode("both.pem", 0600);
    check_accepted("both.pem", NULL, "");
}

/* ---- encrypted keys ---- */

static bool openssl(const char *arguments, const char *in, const char *out)
{
    return trust_run("umask 077; openssl %s -passout pass:" KEY_PASSWORD " -in %s -out %s",
                     arguments, in, out);
}

static void check_encrypted(const char *cert, const char *key)
{
    check_accepted(cert, key, "SslPassword=" KEY_PASSWORD ";");
    check_accepted(cert, key, "SslKeyPWD={" KEY_PASSWORD "};");
    connect_with(cert, key, "SslPassword=wrong;");
    CHECK_REFUSED(ODBCSSL_ERROR_KEY_PASSWORD, named("SslKey", key), "password", "is wrong",
                  "SslPassword");
    CHECK(strstr(trust_session.diagnostics, "=wrong") == NULL);
    connect_with(cert, key, "");
    CHECK_REFUSED(ODBCSSL_ERROR_KEY_PASSWORD, named("SslKey", key), "is encrypted",
                  "set SslPassword");
}

CASE("encrypted PKCS#8")
{
    CHECK_FATAL(openssl("pkcs8 -topk8 -v2 aes-256-cbc", "client.key", "pkcs8.pem"));
    CHECK_FATAL(openssl("pkcs8 -topk8 -v2 aes-256-cbc -outform DER", "client.key", "pkcs8.der"));
    check_encrypted("client.pem", "pkcs8.pem");
    check_encrypted("client.pem", "pkcs8.der");
}

CASE("encrypted PKCS#1")
{
    CHECK_FATAL(openssl("rsa -aes256 -traditional", "rsa.key", "pkcs1.pem"));
    CHECK_FATAL(trust_run("grep -q 'BEGIN RSA PRIVATE KEY' pkcs1.pem"));
    check_encrypted("rsa.pem", "pkcs1.pem");
}

CASE("encrypted SEC1")
{
    CHECK_FATAL(openssl("ec -aes256", "client.key", "sec1.pem"));
    CHECK_FATAL(trust_run("grep -q 'BEGIN EC PRIVATE KEY' sec1.pem"));
    check_encrypted("client.pem", "sec1.pem");
}

/* ---- GaussDB's password files ---- */

static bool write_password_files(const char *folder, const char *prefix, const char *password)
{
    return gaussdb_write_password_files(trust_path(folder), prefix, password);
}

/* The bundle of the console: client.crt, client.key, client.key.cipher, client.key.rand. */
static bool write_bundle(const char *folder)
{
    char crt[64], key[64];
    snprintf(crt, sizeof crt, "%s/client.crt", folder);
    snprintf(key, sizeof key, "%s/client.key", folder);
    return mkdir(trust_path(folder), 0700) == 0 && trust_run("cp rsa.pem %s", crt) &&
           openssl("rsa -aes256 -traditional", "rsa.key", key);
}

CASE("GaussDB's password files")
{
    CHECK_FATAL(write_bundle("bundle"));
    connect_with("bundle/client.crt", "bundle/client.key", "");
    CHECK_REFUSED(ODBCSSL_ERROR_KEY_PASSWORD, named("SslKey", "bundle/client.key"),
                  "client.key.cipher");
    CHECK_FATAL(write_password_files("bundle", "client", KEY_PASSWORD));
    check_accepted("bundle/client.crt", "bundle/client.key", "");
    check_accepted("bundle/client.crt", "bundle/client.key", "SslFilePermissions=key;");
    /* SslPassword is the nearer word. */
    connect_with("bundle/client.crt", "bundle/client.key", "SslPassword=wrong;");
    CHECK_REFUSED(ODBCSSL_ERROR_KEY_PASSWORD, "SslPassword");
}

CASE("GaussDB's password files of a user")
{
    CHECK_FATAL(write_bundle("users"));
    CHECK_FATAL(write_password_files("users", "client", "Another@456"));
    connect_with("users/client.crt", "users/client.key", "");
    CHECK_REFUSED(ODBCSSL_ERROR_KEY_PASSWORD, named("SslKey", "users/client.key"), "is wrong",
                  trust_path("users/client.key.cipher"));
    CHECK_FATAL(write_password_files("users", POSTGRES_USER, KEY_PASSWORD));
    check_accepted("users/client.crt", "users/client.key", "");
}

CASE("GaussDB's password files, broken")
{
    unsigned char bytes[57];
    CHECK_FATAL(write_bundle("broken"));
    CHECK_FATAL(write_password_files("broken", "client", KEY_PASSWORD));
    set_mode("broken/client.key.cipher", 0644);
    connect_with("broken/client.crt", "broken/client.key", "");
    CHECK_REFUSED(ODBCSSL_ERROR_FILE_PERMISSIONS,
                  "the key's password file=", trust_path("broken/client.key.cipher"),
                  "beside SslCert", "0644");
    CHECK_FATAL(suite_read(trust_path("broken/client.key.cipher"), bytes, sizeof bytes) == 56);
    bytes[3] ^= 1;
    CHECK_FATAL(pki_write_file(trust_path("broken/client.key.cipher"), bytes, 56, 0600));
    set_mode("broken/client.key.cipher", 0600);
    connect_with("broken/client.crt", "broken/client.key", "");
    CHECK_REFUSED(ODBCSSL_ERROR_FILE_MALFORMED, trust_path("broken/client.key.cipher"));
    remove(trust_path("broken/client.key.rand"));
    connect_with("broken/client.crt", "broken/client.key", "");
    CHECK_REFUSED(ODBCSSL_ERROR_FILE_UNREADABLE,
                  "the key's password file=", trust_path("broken/client.key.rand"),
                  "beside SslCert", "No such file");
}

/* ---- PKCS#12 ---- */

CASE("PKCS#12")
{
    CHECK_FATAL(trust_run("umask 077; openssl pkcs12 -export -passout pass:" KEY_PASSWORD
                          " -in client.pem -inkey client.key -certfile root.pem -out client.p12"));
    check_accepted("client.p12", NULL, "SslPassword=" KEY_PASSWORD ";");
    connect_with("client.p12", NULL, "SslPassword=wrong;");
    CHECK_REFUSED(ODBCSSL_ERROR_STORE_PASSWORD, named("SslCert", "client.p12"), "password");
    connect_with("client.p12", NULL, "");
    CHECK_REFUSED(ODBCSSL_ERROR_STORE_PASSWORD, named("SslCert", "client.p12"), "SslPassword");
    set_mode("client.p12", 0644);
    connect_with("client.p12", NULL, "SslPassword=" KEY_PASSWORD ";");
    CHECK_REFUSED(ODBCSSL_ERROR_FILE_PERMISSIONS, named("SslCert", "client.p12"), "0644");
    set_mode("client.p12", 0600);
}

/* ---- tokens ---- */

static const char *softhsm;

static const char *find_softhsm(void)
{
    static const char *const paths[] = {"/usr/lib/softhsm/libsofthsm2.so",
                                        "/usr/lib64/pkcs11/libsofthsm2.so",
                                        "/usr/local/lib/softhsm/libsofthsm2.so"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (access(paths[i], R_OK) == 0 &&
            system("command -v softhsm2-util p11tool >/dev/null 2>&1") == 0)
            return paths[i];
    return NULL;
}

/* A token of the test's own: p11-kit reads the environment when it loads its modules. */
static bool make_token(void)
{
    softhsm = find_softhsm();
    if (softhsm == NULL)
        return true;
    const char *text = suite_text("directories.tokendir = %s\nobjectstore.backend = file\n"
                                  "log.level = ERROR\n",
                                  trust_path("tokens"));
    return mkdir(trust_path("tokens"), 0700) == 0 &&
           pki_write_file(trust_path("softhsm2.conf"), text, strlen(text), 0600) &&
           setenv("SOFTHSM2_CONF", trust_path("softhsm2.conf"), 1) == 0 &&
           trust_run("softhsm2-util --init-token --free --label odbcssl --pin " PIN
                     " --so-pin 12345678") &&
           trust_run("openssl pkcs8 -topk8 -nocrypt -in rsa.key -out plain.p8") &&
           trust_run("softhsm2-util --import plain.p8 --token odbcssl --label client --id A1 "
                     "--pin " PIN) &&
           trust_run("GNUTLS_PIN=" PIN " p11tool --provider '%s' --batch --login --write "
                     "--load-certificate rsa.pem --label client --id a1 --no-mark-private "
                     "'pkcs11:token=odbcssl'",
                     softhsm);
}

#define TOKEN_CERT "pkcs11:token=odbcssl;object=client;type=cert"
#define TOKEN_KEY "pkcs11:token=odbcssl;object=client;type=private"

static bool connect_token(const char *cert, const char *key, const char *more)
{
    const char *key_text = key != NULL ? suite_text("SslKey={%s};", key) : "";
    return trust_connect("SslMode=verify-full;SslRootCert=%s;SslCert={%s};%s%s",
                         trust_path("root.pem"), cert, key_text, more);
}

/* Before anything logged in: a token's login holds for the whole process. */
CASE("key on a token, refused")
{
    if (softhsm == NULL) {
        suite_skip("SoftHSM or p11tool is not installed");
        return;
    }
    connect_token(TOKEN_CERT, TOKEN_KEY, "");
    CHECK_REFUSED(ODBCSSL_ERROR_KEY_PASSWORD, "SslKey=" TOKEN_KEY, "wants a PIN",
                  "set SslPassword");
    connect_token(TOKEN_CERT, TOKEN_KEY, "SslPassword=999999;");
    CHECK_REFUSED(ODBCSSL_ERROR_KEY_PASSWORD, "SslKey=" TOKEN_KEY, "refused the PIN");
    CHECK(strstr(trust_session.diagnostics, "999999") == NULL);
    connect_token(TOKEN_CERT, TOKEN_KEY "?pin-value=999999", "");
    CHECK_REFUSED(ODBCSSL_ERROR_KEY_PASSWORD, "SslKey=" TOKEN_KEY, "pin-value=***",
                  "PIN in the URI");
    CHECK(strstr(trust_session.diagnostics, "999999") == NULL);
    connect_token("pkcs11:token=odbcssl;object=nobody;type=cert", TOKEN_KEY,
                  "SslPassword=" PIN ";");
    CHECK_REFUSED(ODBCSSL_ERROR_TOKEN, "SslCert=pkcs11:", "object=nobody", "a certificate");
    connect_token("pkcs11:token=elsewhere;object=client;type=cert", NULL, "SslPassword=" PIN ";");
    CHECK_REFUSED(ODBCSSL_ERROR_TOKEN, "token=elsewhere");
    /* A wrong PIN is tried once, so that the token is not locked by it. */
    connect_token(TOKEN_CERT, TOKEN_KEY, "SslPassword=" PIN ";");
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
}

CASE("key on a token")
{
    if (softhsm == NULL) {
        suite_skip("SoftHSM or p11tool is not installed");
        return;
    }
    connect_token(TOKEN_CERT, TOKEN_KEY, "SslPassword=" PIN ";");
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_CLIENT("/CN=" POSTGRES_USER);
    /* The key beside the certificate. */
    connect_token(TOKEN_CERT, NULL, "SslPassword=" PIN ";");
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_CLIENT("/CN=" POSTGRES_USER);
    /* The certificate in a file, the key on the token; TLS 1.2, which signs otherwise. */
    trust_connect("SslMode=verify-full;SslRootCert=%s;SslCert=%s;SslKey={" TOKEN_KEY
                  "};SslMaxProtocol=TLSv1.2;SslPassword=" PIN,
                  trust_path("root.pem"), trust_path("rsa.pem"));
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_CLIENT("/CN=" POSTGRES_USER);
    /* The PIN in the URI itself. */
    connect_token(TOKEN_CERT, TOKEN_KEY "?pin-value=" PIN, "");
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
}

/* ---- what does not fit ---- */

CASE("key of another certificate")
{
    connect_with("client.pem", "rsa.key", "");
    CHECK_REFUSED(ODBCSSL_ERROR_KEY_MISMATCH, named("SslKey", "rsa.key"), "CN=" POSTGRES_USER,
                  named("SslCert", "client.pem"));
}

CASE("client certificate out of date")
{
    connect_with("expired.pem", "expired.key", "");
    CHECK_REFUSED(ODBCSSL_ERROR_CLIENT_CERTIFICATE_EXPIRED, named("SslCert", "expired.pem"),
                  "CN=" POSTGRES_USER " (serial 0E:01)", "expired on 20", "now");
    connect_with("future.pem", "future.key", "");
    CHECK_REFUSED(ODBCSSL_ERROR_CLIENT_CERTIFICATE_NOT_YET_VALID, named("SslCert", "future.pem"),
                  "CN=" POSTGRES_USER " (serial 0F:01)", "not valid before 20", "now");
}

CASE("missing files")
{
    connect_with("client.pem", NULL, "");
    CHECK_REFUSED(ODBCSSL_ERROR_KEY_MISSING, named("SslCert", "client.pem"), "set SslKey");
    trust_connect("SslMode=verify-full;SslRootCert=%s;SslKey=%s", trust_path("root.pem"),
                  trust_path("client.key"));
    CHECK_REFUSED(ODBCSSL_ERROR_KEYWORD_CONFLICT, named("SslKey", "client.key"), "set SslCert");
    connect_with("nothing.pem", "client.key", "");
    CHECK_REFUSED(ODBCSSL_ERROR_FILE_UNREADABLE, named("SslCert", "nothing.pem"), "No such file");
    connect_with("client.pem", "nothing.key", "");
    CHECK_REFUSED(ODBCSSL_ERROR_FILE_UNREADABLE, named("SslKey", "nothing.key"), "No such file");
    trust_connect("SslMode=verify-full;SslRootCert=%s;SslCert=client.pem;SslKey=%s",
                  trust_path("root.pem"), trust_path("client.key"));
    CHECK_REFUSED(ODBCSSL_ERROR_PATH_RELATIVE, "SslCert=client.pem (connection string)");
}

CASE("malformed files")
{
    CHECK_FATAL(pki_write_file(trust_path("empty"), "", 0, 0600));
    CHECK_FATAL(pki_write_file(trust_path("garbage"), "not a key\n", 10, 0600));
    CHECK_FATAL(trust_run("head -c 150 client.key > cut.key; chmod 600 cut.key"));
    connect_with("client.pem", "empty", "");
    CHECK_REFUSED(ODBCSSL_ERROR_FILE_MALFORMED, named("SslKey", "empty"), "empty");
    connect_with("client.pem", "garbage", "");
    CHECK_REFUSED(ODBCSSL_ERROR_FILE_MALFORMED, named("SslKey", "garbage"), "private key");
    connect_with("client.pem", "cut.key", "");
    CHECK_REFUSED(ODBCSSL_ERROR_FILE_MALFORMED, named("SslKey", "cut.key"));
    set_mode("client.pem", 0600);
    connect_with("client.pem", "client.pem", "");
    CHECK_REFUSED(ODBCSSL_ERROR_FILE_MALFORMED, named("SslKey", "client.pem"), "a certificate");
    connect_with("client.key", "client.key", "");
    CHECK_REFUSED(ODBCSSL_ERROR_FILE_MALFORMED, named("SslCert", "client.key"), "a private key");
    connect_with("crl.pem", "client.key", "");
    CHECK_REFUSED(ODBCSSL_ERROR_FILE_MALFORMED, named("SslCert", "crl.pem"), "CRL");
    set_mode("client.pem", 0644);
}

/* A key that is repaired while the process runs is taken at the next connection. */
CASE("files repaired while the process runs")
{
    CHECK_FATAL(trust_run("cp client.pem new.pem; cp rsa.key new.key; chmod 600 new.key"));
    connect_with("new.pem", "new.key", "");
    CHECK_REFUSED(ODBCSSL_ERROR_KEY_MISMATCH, named("SslKey", "new.key"));
    CHECK_FATAL(trust_run("cp client.key new.key"));
    check_accepted("new.pem", "new.key", "");
    CHECK_FATAL(trust_run("cp rsa.pem new.pem"));
    connect_with("new.pem", "new.key", "");
    CHECK_REFUSED(ODBCSSL_ERROR_KEY_MISMATCH, named("SslKey", "new.key"));
}

/* ---- set-up ---- */

static int set_up(void)
{
    if (trust_open(NULL, NULL) != 0)
        return -1;
    const struct pki_spec rsa = {
        .common_name = POSTGRES_USER, .issuer = trust_fixture.root, .key = PKI_KEY_RSA};
    const struct pki_spec expired = {.common_name = POSTGRES_USER,
                                     .issuer = trust_fixture.root,
                                     .serial = "0E01",
                                     .not_before = {.days = -30},
                                     .not_after = {.days = -2}};
    const struct pki_spec future = {.common_name = POSTGRES_USER,
                                    .issuer = trust_fixture.root,
                                    .serial = "0F01",
                                    .not_before = {.days = 2}};
    return fixture_issue(&trust_fixture, "rsa", &rsa, NULL) &&
                   fixture_issue(&trust_fixture, "expired", &expired, NULL) &&
                   fixture_issue(&trust_fixture, "future", &future, NULL) && make_token() &&
                   fixture_start(&trust_fixture, "server", HBA, true)
               ? 0
               : -1;
}

SUITE("keys", set_up, trust_close)
