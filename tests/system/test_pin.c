/*
 * Pins: what the server's certificate has to be, whoever issued it, in every mode that speaks TLS.
 */
#include <ctype.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "system/trust.h"

#define PLAINTEXT_HBA "\nhost all all 127.0.0.1/32 scram-sha-256"
#define DIGEST_SIZE 32

/* Of the server's certificate and of its key. */
static char hex[2 * DIGEST_SIZE + 1], colons[3 * DIGEST_SIZE + 1], base64[64];
static char other[] = "0000000000000000000000000000000000000000000000000000000000000000";

static bool compute_pins(void)
{
    unsigned char digest[DIGEST_SIZE];
    size_t size = sizeof digest;
    gnutls_datum_t key = {digest, sizeof digest}, text = {0};
    gnutls_x509_crt_t certificate = trust_fixture.server->crt;
    if (gnutls_x509_crt_get_fingerprint(certificate, GNUTLS_DIG_SHA256, digest, &size) != 0)
        return false;
    text_hex(digest, size, 0, hex, sizeof hex);
    text_hex(digest, size, ':', colons, sizeof colons);
    size = sizeof digest;
    if (gnutls_x509_crt_get_key_id(certificate, GNUTLS_KEYID_USE_SHA256, digest, &size) != 0 ||
        gnutls_base64_encode2(&key, &text) != 0)
        return false;
    snprintf(base64, sizeof base64, "%.*s", (int)text.size, (const char *)text.data);
    gnutls_free(text.data);
    return true;
}

/* Without trust anchors: the pin alone says who it is. */
static void check_pinned(const char *mode, const char *pin)
{
    printf("# %s: %s\n", mode, pin);
    trust_connect("SslMode=%s;SslPin={%s}", mode, pin);
    CHECK_CONNECTED(ODBCSSL_STATE_ENCRYPTED);
    CHECK_STATUS(0);
    CHECK_NUMBER(trust_result, SQL_SUCCESS);
}

static void check_form(const char *format, const char *pin)
{
    check_pinned("require", suite_text(format, pin));
}

CASE("forms")
{
    check_form("sha256:%s", hex);
    check_form("SHA256:%s", hex);
    check_form("sha256:%s", colons);
    check_form("sha256:%s", base64);
    for (char *next = colons; *next != '\0'; next++)
        *next = (char)tolower((unsigned char)*next);
    check_form("sha256:%s", colons);
    check_pinned("require", suite_text("sha256:%s, sha256:%s", other, base64));
    check_pinned("require", suite_text("sha256:%s,sha256:%s", hex, other));
}

static const char *const modes[] = {"allow", "prefer", "require"};

CASE("modes")
{
    const char *pin = suite_text("sha256:%s", hex);
    for (size_t i = 0; i < 3; i++)
        check_pinned(modes[i], pin);
    trust_connect("SslMode=verify-full;SslRootCert=%s;SslPin=%s", trust_path("root.pem"), pin);
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    trust_connect("SslMode=verify-ca;SslRootCert=%s;SslPin=%s", trust_path("root.pem"), pin);
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_VERIFIED);
    /* It adds to the chain, it does not stand in for it. */
    trust_connect("SslMode=verify-full;SslRootCert=%s;SslPin=%s", trust_path("other.pem"), pin);
    CHECK_REFUSED(ODBCSSL_ERROR_ISSUER_UNKNOWN, trust_path("other.pem"));
}

static void check_wrong(const char *mode, const char *trust)
{
    trust_connect("SslMode=%s;%sSslPin=sha256:%s", mode, trust, other);
    CHECK_REFUSED(ODBCSSL_ERROR_PIN, "CN=db1 (serial 01:01)", "fits no pin of SslPin", hex, base64);
}

/* The server takes plaintext as well: a wrong pin is no reason to go there. */
CASE("wrong")
{
    const char *trust = suite_text("SslRootCert=%s;", trust_path("root.pem"));
    for (size_t i = 0; i < 3; i++) {
        check_wrong(modes[i], "");
        check_wrong(modes[i], trust);
    }
    check_wrong("verify-ca", trust);
    check_wrong("verify-full", trust);
    CHECK_FATAL(fixture_start(&trust_fixture, "server", FIXTURE_HBA PLAINTEXT_HBA, false));
    check_wrong("prefer", "");
    check_wrong("prefer", trust);
    CHECK_FATAL(fixture_start(&trust_fixture, "server", FIXTURE_HBA, false));
}

/* Copies the word that begins with sha256: and ends before " (what)". */
static void find_pin(const char *what, char *out, size_t out_size)
{
    const char *end = strstr(trust_session.diagnostics, what), *begin = end;
    while (begin != NULL && begin > trust_session.diagnostics && begin[-1] != ' ')
        begin--;
    snprintf(out, out_size, "%.*s", begin != NULL ? (int)(end - begin) : 0,
             begin != NULL ? begin : "");
}

/* Who finds the server's pins in a refusal, or its digest in the report, can put them into
 * SslPin. */
CASE("as shown by a refusal")
{
    char certificate[256], key[256];
    trust_connect("SslMode=require;SslPin=sha256:%s", other);
    find_pin(" (certificate)", certificate, sizeof certificate);
    find_pin(" (public key)", key, sizeof key);
    check_pinned("require", certificate);
    const char *reported =
        suite_text("sha256:%.200s", odbc_info_text(&trust_session, SQL_SSL_PEER_FINGERPRINT));
    check_pinned("require", key);
    check_pinned("require", reported);
}

/* The key of another certificate, and the CA's own: not this server's. */
CASE("another certificate's")
{
    unsigned char digest[DIGEST_SIZE];
    char pin[2 * DIGEST_SIZE + 1];
    size_t size = sizeof digest;
    CHECK_FATAL(gnutls_x509_crt_get_fingerprint(trust_fixture.intermediate->crt, GNUTLS_DIG_SHA256,
                                                digest, &size) == 0);
    text_hex(digest, size, 0, pin, sizeof pin);
    trust_connect("SslMode=require;SslPin=sha256:%s", pin);
    CHECK_REFUSED(ODBCSSL_ERROR_PIN, "CN=db1", hex);
}

/* Told before anything is connected to, in every mode. */
CASE("malformed")
{
    static const char *const values[] = {
        "sha256:",      "sha256:abcdef", "md5:abcdef", "5C7AAAAE",   "sha256:zz",
        "sha256//AAAA", "sha256:%s,bad", "sha256:%s,", ",sha256:%s", "sha256:%s0"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        const char *place = strstr(values[i], "%s");
        int length = place != NULL ? (int)(place - values[i]) : (int)strlen(values[i]);
        const char *value = suite_text("%.*s%s%s", length, values[i], place != NULL ? hex : "",
                                       place != NULL ? place + 2 : "");
        trust_connect("SslMode=%s;SslPin={%s}", i % 2 == 0 ? "require" : "prefer", value);
        CHECK_REFUSED(ODBCSSL_ERROR_KEYWORD_VALUE, "SslPin=", value, "(connection string)",
                      "hexadecimal");
    }
    trust_connect("SslMode=disable;SslPin=sha256:abc");
    CHECK_REFUSED(ODBCSSL_ERROR_KEYWORD_VALUE, "SslPin=sha256:abc (connection string)");
}

static int set_up(void)
{
    return trust_open(NULL, NULL) == 0 &&
                   fixture_start(&trust_fixture, "server", FIXTURE_HBA, false) && compute_pins()
               ? 0
               : -1;
}

SUITE("pin", set_up, trust_close)
