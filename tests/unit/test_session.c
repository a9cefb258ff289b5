/*
 * test_session.c - the TLS session against a GnuTLS server in the same process, over memory.
 */
#include <string.h>

#include "support/der.h"
#include "unit/session_bench.h"

/* --- modes --- */

enum trust_kind { TRUST_NONE, TRUST_RIGHT, TRUST_WRONG };

static const struct mode_row {
    enum odbcssl_mode mode;
    enum trust_kind trust;
    const char *host;
    bool is_pin_wrong;
    enum odbcssl_error error; /* NONE: connected */
    enum odbcssl_state state;
    uint32_t status;
    enum odbcssl_error warning;
} mode_rows[] = {
    {ODBCSSL_MODE_VERIFY_FULL, TRUST_RIGHT, BENCH_HOST, false, 0,
     ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED, 0, 0},
    {ODBCSSL_MODE_VERIFY_FULL, TRUST_RIGHT, BENCH_HOST ".", false, 0,
     ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED, 0, 0},
    {ODBCSSL_MODE_VERIFY_FULL, TRUST_RIGHT, "192.0.2.7", false, 0,
     ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED, 0, 0},
    {ODBCSSL_MODE_VERIFY_FULL, TRUST_RIGHT, "db3.example.com", false, ODBCSSL_ERROR_HOST, 0,
     ODBCSSL_VERIFY_HOST, 0},
    {ODBCSSL_MODE_VERIFY_CA, TRUST_RIGHT, "db3.example.com", false, 0, ODBCSSL_STATE_CHAIN_VERIFIED,
     0, 0},
    {ODBCSSL_MODE_VERIFY_CA, TRUST_WRONG, BENCH_HOST, false, ODBCSSL_ERROR_ISSUER_UNKNOWN, 0,
     ODBCSSL_VERIFY_UNTRUSTED, 0},
    {ODBCSSL_MODE_REQUIRE, TRUST_WRONG, BENCH_HOST, false, ODBCSSL_ERROR_ISSUER_UNKNOWN, 0,
     ODBCSSL_VERIFY_UNTRUSTED, 0},
    {ODBCSSL_MODE_REQUIRE, TRUST_RIGHT, BENCH_HOST, false, 0, ODBCSSL_STATE_CHAIN_VERIFIED, 0, 0},
    {ODBCSSL_MODE_REQUIRE, TRUST_NONE, BENCH_HOST, false, 0, ODBCSSL_STATE_ENCRYPTED, 0,
     ODBCSSL_WARNING_UNVERIFIED},
    {ODBCSSL_MODE_PREFER, TRUST_WRONG, BENCH_HOST, false, 0, ODBCSSL_STATE_ENCRYPTED,
     ODBCSSL_VERIFY_UNTRUSTED, ODBCSSL_WARNING_VERIFICATION},
    {ODBCSSL_MODE_PREFER, TRUST_RIGHT, BENCH_HOST, false, 0, ODBCSSL_STATE_CHAIN_VERIFIED, 0, 0},
    {ODBCSSL_MODE_PREFER, TRUST_NONE, BENCH_HOST, true, ODBCSSL_ERROR_PIN, 0, ODBCSSL_VERIFY_PIN,
     0},
    {ODBCSSL_MODE_ALLOW, TRUST_WRONG, BENCH_HOST, true, ODBCSSL_ERROR_PIN, 0,
     ODBCSSL_VERIFY_PIN | ODBCSSL_VERIFY_UNTRUSTED, 0},
};

static void check_mode(const struct mode_row *row)
{
    static const char wrong_pin[] =
        "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    const char *const files[] = {NULL, bench_pki.ca_file, bench_pki.other_file};
    bench_begin(row->mode, files[row->trust]);
    bench.peer.host = row->host;
    bench.options.pin = bench_option("SslPin", row->is_pin_wrong ? wrong_pin : NULL);
    enum tls_progress progress = bench_run();
    CHECK_NUMBER(bench.error.code, row->error);
    CHECK_NUMBER(progress, row->error == 0 ? TLS_PROGRESS_DONE : TLS_PROGRESS_FAILED);
    CHECK_NUMBER(bench.report.state, row->state);
    CHECK_NUMBER(bench.report.verify_status, row->status);
    /* Nothing changes that any more. */
    CHECK_NUMBER(tls_session_handshake(bench.client, NULL), progress);
    CHECK_NUMBER(bench_read(), row->error == 0 ? TLS_PROGRESS_WANT_READ : TLS_PROGRESS_FAILED);
    CHECK(row->warning == 0 || bench_has_warning(row->warning));
    CHECK(row->warning == ODBCSSL_WARNING_UNVERIFIED ||
          !bench_has_warning(ODBCSSL_WARNING_UNVERIFIED));
    /* The server has to learn that it was refused. */
    CHECK(row->error == 0 || bench.server_result != GNUTLS_E_SUCCESS ||
          gnutls_record_recv(bench.server.session, &(char[8]){0}, 8) ==
              GNUTLS_E_FATAL_ALERT_RECEIVED);
}

CASE("each mode, trust and pin")
{
    for (size_t i = 0; i < sizeof mode_rows / sizeof mode_rows[0]; i++)
        check_mode(&mode_rows[i]);
}

/* Credentials without anchors, as of SslMode=require, do not verify anybody. */
CASE("a mode that verifies, without trust anchors")
{
    bench_begin(ODBCSSL_MODE_REQUIRE, NULL);
    CHECK_FATAL(bench_open());
    bench.options.mode = ODBCSSL_MODE_VERIFY_CA;
    CHECK_NUMBER(bench_connect(), TLS_PROGRESS_FAILED);
    CHECK_NUMBER(bench.error.code, ODBCSSL_ERROR_TRUST_MISSING);
    CHECK_CONTAINS(bench.error.text, "SslMode=verify-ca needs trust anchors (SslRootCert)");
    CHECK(bench.server_result != GNUTLS_E_SUCCESS);
}

CASE("SslServerName replaces the host")
{
    bench_begin(ODBCSSL_MODE_VERIFY_FULL, bench_pki.ca_file);
    bench.peer.host = "198.51.100.1";
    bench.options.server_name = bench_option("SslServerName", "db2.example.com");
    CHECK_NUMBER(bench_run(), TLS_PROGRESS_DONE);
    CHECK_NUMBER(bench.report.state, ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    bench_check_name("db2.example.com");
}

/* --- the report --- */

CASE("the report")
{
    bench_begin(ODBCSSL_MODE_VERIFY_FULL, bench_pki.ca_file);
    CHECK_NUMBER(bench_run(), TLS_PROGRESS_DONE);
    const struct tls_report *report = &bench.report;
    CHECK_TEXT(report->peer_subject, "CN=db1,O=Example\\, Inc.");
    CHECK_TEXT(report->peer_issuer, "CN=CA");
    CHECK_TEXT(report->peer_serial, "0A:3F");
    CHECK_TEXT(report->peer_alt_names, "DNS:" BENCH_HOST ", DNS:db2.example.com, IP:192.0.2.7");
    CHECK_NUMBER(strlen(report->peer_fingerprint), 64);
    CHECK_CONTAINS(report->peer_certificate, "-----BEGIN CERTIFICATE-----");
    CHECK_NUMBER(strlen(report->peer_not_after), 20);
    CHECK(report->peer_days_left == 19 || report->peer_days_left == 20);
    CHECK(!report->client_cert_sent && !report->resumed);
    CHECK(bench_has_warning(ODBCSSL_WARNING_PEER_EXPIRY));
    bench_begin(ODBCSSL_MODE_VERIFY_FULL, bench_pki.ca_file);
    bench.options.expiry_warning_days = 10;
    bench_run();
    CHECK_NUMBER(bench.warnings.count, 0);
}

/* --- client certificates --- */

/* With TLS 1.3 the client is done before the server judges, so the refusal comes with the first
 * read. */
static void check_client_certificate(const char *priority, gnutls_alert_description_t alert,
                                     bool is_set)
{
    bench_begin(ODBCSSL_MODE_VERIFY_FULL, bench_pki.ca_file);
    bench.server_options.priority = priority;
    bench.server_options.client_ca = bench_pki.ca;
    bench.alert = alert;
    bench.options.cert = bench_option("SslCert", is_set ? bench_pki.client_file : NULL);
    bench.options.key = bench_option("SslKey", is_set ? bench_pki.client_key_file : NULL);
    enum tls_progress progress = bench_run();
    if (progress == TLS_PROGRESS_DONE)
        progress = bench_read();
    CHECK_NUMBER(progress, is_set ? TLS_PROGRESS_WANT_READ : TLS_PROGRESS_FAILED);
    CHECK_NUMBER(bench.report.client_cert_sent, is_set);
    CHECK_NUMBER(bench.error.code, is_set ? 0 : ODBCSSL_ERROR_CLIENT_CERTIFICATE_REJECTED);
    CHECK_CONTAINS(bench.error.text, is_set ? "" : "SslCert is not set");
}

CASE("a client certificate, required and sent or not")
{
    check_client_certificate("NORMAL:-VERS-ALL:+VERS-TLS1.2", GNUTLS_A_HANDSHAKE_FAILURE, false);
    check_client_certificate("NORMAL:-VERS-ALL:+VERS-TLS1.3", GNUTLS_A_CERTIFICATE_REQUIRED, false);
    check_client_certificate("NORMAL:-VERS-ALL:+VERS-TLS1.2", 0, true);
    check_client_certificate("NORMAL:-VERS-ALL:+VERS-TLS1.3", 0, true);
}

/* The client's key is ECDSA's. */
CASE("a client certificate whose signatures the server does not accept")
{
    static const struct {
        const char *version, *part;
    } rows[] = {{"+VERS-TLS1.2", "cannot be shown to db1.example.com"},
                {"+VERS-TLS1.3", "was not sent"}};
    for (size_t i = 0; i < 2; i++) {
        bench_begin(ODBCSSL_MODE_VERIFY_FULL, bench_pki.ca_file);
        bench.server_options.priority =
            suite_text("NORMAL:-VERS-ALL:%s:-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA256", rows[i].version);
        bench.server_options.client_ca = bench_pki.ca;
        bench.alert = GNUTLS_A_CERTIFICATE_REQUIRED;
        bench.options.cert = bench_option("SslCert", bench_pki.client_file);
        bench.options.key = bench_option("SslKey", bench_pki.client_key_file);
        if (bench_run() == TLS_PROGRESS_DONE)
            bench_read();
        CHECK_NUMBER(bench.error.code, ODBCSSL_ERROR_CLIENT_CERTIFICATE_REJECTED);
        CHECK_CONTAINS(bench.error.text, rows[i].part);
        CHECK_CONTAINS(bench.error.text, bench_pki.client_file);
        CHECK_CONTAINS(bench.error.text, "the server accepts no signature that its key can make");
    }
}

/* A server that is not verified must not even learn who we are. */
CASE("an unverified server does not see the client certificate")
{
    bench_begin(ODBCSSL_MODE_VERIFY_FULL, bench_pki.other_file);
    bench.server_options.client_ca = bench_pki.ca;
    bench.options.cert = bench_option("SslCert", bench_pki.client_file);
    bench.options.key = bench_option("SslKey", bench_pki.client_key_file);
    unsigned count = 0;
    CHECK_NUMBER(bench_run(), TLS_PROGRESS_FAILED);
    CHECK(gnutls_certificate_get_peers(bench.server.session, &count) == NULL);
}

SUITE("verification", bench_set_up, bench_tear_down)

/* --- what the server sees --- */

static const struct {
    const char *host;
    bool send_sni;
    const char *seen;
} name_rows[] = {
    {BENCH_HOST, true, BENCH_HOST},
    {BENCH_HOST ".", true, BENCH_HOST},
    {BENCH_HOST, false, ""},
    {"192.0.2.7", true, ""},
    {"[2001:db8::1]", true, ""},
    {"2001:db8::1", true, ""},
    {"10.1", true, ""},
};

CASE("the name that is sent")
{
    for (size_t i = 0; i < sizeof name_rows / sizeof name_rows[0]; i++) {
        bench_begin(ODBCSSL_MODE_REQUIRE, NULL);
        bench.peer.host = name_rows[i].host;
        bench.options.send_sni = name_rows[i].send_sni;
        CHECK_NUMBER(bench_run(), TLS_PROGRESS_DONE);
        bench_check_name(name_rows[i].seen);
    }
}

/* "a.a.a", and so on. */
static const char *name_of(size_t length)
{
    char *name = suite_text("%0*d", (int)length, 0);
    for (size_t i = 0; i < length; i++)
        name[i] = i % 2 == 0 ? 'a' : '.';
    return name;
}

CASE("names that are empty or too long")
{
    static const char no_room[] = "1 to 255 can be used for TLS";
    bench_begin(ODBCSSL_MODE_REQUIRE, NULL);
    bench.peer.host = name_of(256);
    CHECK_NUMBER(bench_run(), TLS_PROGRESS_DONE); /* a final dot does not count */
    bench_begin(ODBCSSL_MODE_REQUIRE, NULL);
    bench.peer.host = name_of(257);
    bench_check_failure(ODBCSSL_ERROR_SERVER_MISSING,
                        "the server's name has 257 characters; 1 to 255 ");
    bench_begin(ODBCSSL_MODE_REQUIRE, NULL);
    bench.peer.host = "[]";
    bench_check_failure(ODBCSSL_ERROR_SERVER_MISSING, "the server's name has 0 characters");
    bench_begin(ODBCSSL_MODE_REQUIRE, NULL);
    bench.options.server_name = bench_option("SslServerName", name_of(257));
    bench_check_failure(ODBCSSL_ERROR_KEYWORD_VALUE, "SslServerName (test) has 257 characters; ");
    CHECK_CONTAINS(bench.error.text, no_room);
}

CASE("ALPN")
{
    static const struct {
        const char *offered, *server;
        bool is_required;
        enum odbcssl_error error;
        const char *chosen;
    } rows[] = {
        {"postgresql", "postgresql", true, 0, "postgresql"},
        {"postgresql", NULL, false, 0, ""},
        {"postgresql", NULL, true, ODBCSSL_ERROR_ALPN, ""},
        {NULL, "postgresql", false, 0, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bench_begin(ODBCSSL_MODE_REQUIRE, NULL);
        bench.peer.alpn = rows[i].offered;
        bench.peer.is_alpn_required = rows[i].is_required;
        bench.server_options.alpn = rows[i].server;
        bench_run();
        CHECK_NUMBER(bench.error.code, rows[i].error);
        CHECK_TEXT(bench.report.alpn, rows[i].chosen);
    }
}

/* --- versions and suites --- */

static const struct {
    enum tls_version version;
    const char *server;
    const char *name, *cipher;
    uint32_t bits;
    const char *group;
    bool is_old;
} version_rows[] = {
    {TLS_VERSION_1_3, "NORMAL:-VERS-ALL:+VERS-TLS1.3", "TLSv1.3", "TLS_AES_256_GCM_SHA384", 256,
     "SECP256R1", false},
    {TLS_VERSION_1_2, "NORMAL:-VERS-ALL:+VERS-TLS1.2", "TLSv1.2",
     "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", 256, "SECP256R1", false},
    {TLS_VERSION_1_1, "NORMAL:-VERS-ALL:+VERS-TLS1.1", "TLSv1.1",
     "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", 256, "SECP256R1", true},
    {TLS_VERSION_1_0, "NORMAL:-VERS-ALL:+VERS-TLS1.0:-KX-ALL:+RSA:-CIPHER-ALL:+AES-128-CBC",
     "TLSv1", "TLS_RSA_WITH_AES_128_CBC_SHA", 128, "", true},
};

CASE("each version from TLS 1.0 on")
{
    for (size_t i = 0; i < sizeof version_rows / sizeof version_rows[0]; i++) {
        bench_begin(ODBCSSL_MODE_VERIFY_FULL, bench_pki.ca_file);
        bench.options.minimum_version = TLS_VERSION_1_0;
        bench.server_options.priority = version_rows[i].server;
        CHECK_NUMBER(bench_run(), TLS_PROGRESS_DONE);
        CHECK_TEXT(bench.error.text, "");
        CHECK_NUMBER(bench.report.version, version_rows[i].version);
        CHECK_TEXT(bench.report.protocol, version_rows[i].name);
        CHECK_TEXT(bench.report.cipher, version_rows[i].cipher);
        CHECK_NUMBER(bench.report.cipher_bits, version_rows[i].bits);
        CHECK_TEXT(bench.report.group, version_rows[i].group);
        CHECK_NUMBER(bench_has_warning(ODBCSSL_WARNING_OLD_PROTOCOL), version_rows[i].is_old);
    }
}

static void check_version_refusal(enum tls_version minimum, enum tls_version maximum,
                                  enum tls_version carried, const char *server,
                                  const char *priority, const char *part)
{
    bench_begin(ODBCSSL_MODE_REQUIRE, NULL);
    bench.options.minimum_version = minimum;
    bench.options.maximum_version = maximum;
    bench.options.priority = bench_option("SslPriority", priority);
    bench.peer.maximum_version = carried;
    bench.server_options.priority = server;
    bench.alert = GNUTLS_A_PROTOCOL_VERSION; /* as OpenSSL's servers say it */
    bench_check_failure(ODBCSSL_ERROR_TLS_VERSION, part);
}

CASE("versions that do not fit")
{
    check_version_refusal(TLS_VERSION_1_2, 0, 0, "NORMAL:-VERS-ALL:+VERS-TLS1.1", NULL,
                          "TLSv1.2 to TLSv1.3");
    check_version_refusal(TLS_VERSION_1_2, TLS_VERSION_1_2, 0, "NORMAL:-VERS-ALL:+VERS-TLS1.3",
                          NULL, "only TLSv1.2");
    check_version_refusal(TLS_VERSION_1_3, 0, TLS_VERSION_1_2, NULL, NULL,
                          "this database's way to switch to TLS can carry");
    /* An expert's priority does not lower the minimum. */
    check_version_refusal(TLS_VERSION_1_2, 0, 0, "NORMAL:-VERS-ALL:+VERS-TLS1.0", "NORMAL",
                          "TLSv1.2 to TLSv1.3");
}

CASE("SslPriority")
{
    bench_begin(ODBCSSL_MODE_REQUIRE, NULL);
    bench.options.priority = bench_option("SslPriority", "NORMAL:-GROUP-ALL:+GROUP-X25519");
    CHECK_NUMBER(bench_run(), TLS_PROGRESS_DONE);
    CHECK_TEXT(bench.report.group, "X25519");
    bench_begin(ODBCSSL_MODE_REQUIRE, NULL);
    bench.options.priority = bench_option("SslPriority", "NORMAL:-FOO");
    bench_check_failure(ODBCSSL_ERROR_KEYWORD_VALUE, "wrong at '-FOO'");
    bench_begin(ODBCSSL_MODE_REQUIRE, NULL);
    bench.options.priority = bench_option("SslPriority", suite_text("NORMAL%0507d", 0));
    bench_check_failure(ODBCSSL_ERROR_KEYWORD_VALUE,
                        "SslPriority (test) has 513 characters; up to 512 can be used");
}

/* RFC 3526, group 14: a server of TLS 1.2 brings it when no group is offered to it. */
CASE("a Diffie-Hellman prime of the server's own")
{
    static const char hex[] =
        "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e"
        "3404ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff"
        "5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d3"
        "9a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08"
        "ca18217c32905e462e36ce3be39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf69558171839"
        "95497cea956ae515d2261898fa051015728e5a8aacaa68ffffffffffffffff";
    unsigned char bytes[256];
    const gnutls_datum_t prime = {bytes, (unsigned)der_parse_hex(hex, bytes, sizeof bytes)};
    bench_begin(ODBCSSL_MODE_REQUIRE, NULL);
    bench.options.priority = bench_option("SslPriority", "NORMAL:-GROUP-DH-ALL");
    bench.server_options.dh_prime = &prime;
    bench.server_options.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+DHE-RSA";
    CHECK_NUMBER(bench_run(), TLS_PROGRESS_DONE);
    CHECK_TEXT(bench.error.text, "");
    CHECK_TEXT(bench.report.group, "DH 2048 bits");
}

SUITE("negotiation", bench_set_up, bench_tear_down)

/* --- what the server's key may be used for --- */

static void check_key(const char *priority, struct pki_spec spec, enum odbcssl_error code,
                      const char *part, unsigned line)
{
    spec.common_name = "db7";
    spec.issuer = bench_pki.ca;
    spec.dns = PKI_LIST(BENCH_HOST);
    struct pki_certificate *server = pki_issue(&spec);
    const struct pki_certificate *chain[] = {server, NULL};
    bench_begin(ODBCSSL_MODE_VERIFY_FULL, bench_pki.ca_file);
    bench.server_options.chain = chain;
    bench.server_options.priority = priority;
    bench.server_options.ignores_key_usage = true;
    suite_check_number(bench_run(), code == 0 ? TLS_PROGRESS_DONE : TLS_PROGRESS_FAILED, __FILE__,
                       line);
    suite_check_number(bench.error.code, code, __FILE__, line);
    if (part != NULL)
        suite_check_contains(bench.error.text, part, __FILE__, line);
}

#define TLS12 "NORMAL:%COMPAT:-VERS-ALL:+VERS-TLS1.2"
#define TLS13 "NORMAL:%COMPAT:-VERS-ALL:+VERS-TLS1.3"

/* Each refusal names the certificate and the bit, whoever finds it. */
CASE("key usage, in the handshake")
{
    static const char no_signature[] = "keyUsage has no digitalSignature";
    const struct pki_spec decrypting = {.key = PKI_KEY_RSA,
                                        .key_usage = GNUTLS_KEY_KEY_ENCIPHERMENT};
    const struct pki_spec agreeing = {.key_usage = GNUTLS_KEY_KEY_AGREEMENT};
    check_key(TLS13, decrypting, ODBCSSL_ERROR_PURPOSE, no_signature, __LINE__);
    check_key(TLS13, decrypting, ODBCSSL_ERROR_PURPOSE, "server certificate CN=db7", __LINE__);
    check_key(TLS12 ":-KX-ALL:+ECDHE-RSA", decrypting, ODBCSSL_ERROR_PURPOSE, no_signature,
              __LINE__);
    check_key(TLS12 ":-KX-ALL:+RSA", decrypting, 0, NULL, __LINE__);
    check_key(TLS13, agreeing, ODBCSSL_ERROR_PURPOSE, no_signature, __LINE__);
    check_key(TLS12, agreeing, ODBCSSL_ERROR_PURPOSE, no_signature, __LINE__);
}

/* It is the client's own certificate that is found fault with, and not the server's. */
CASE("key usage of the client certificate")
{
    struct pki_certificate *client = pki_issue(&(struct pki_spec){
        .common_name = "reader", .issuer = bench_pki.ca, .key_usage = GNUTLS_KEY_KEY_AGREEMENT});
    char *file = suite_text("%s.reader", bench_pki.client_file);
    char *key_file = suite_text("%s.reader", bench_pki.client_key_file);
    CHECK_FATAL(pki_write_pem(file, client, NULL) && pki_write_key_pem(key_file, client));
    bench_begin(ODBCSSL_MODE_VERIFY_FULL, bench_pki.ca_file);
    bench.server_options.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
    bench.server_options.client_ca = bench_pki.ca;
    bench.options.cert = bench_option("SslCert", file);
    bench.options.key = bench_option("SslKey", key_file);
    bench_check_failure(ODBCSSL_ERROR_PURPOSE, "the client certificate CN=reader (serial");
    CHECK_CONTAINS(bench.error.text,
                   suite_text("of SslCert=%s (test) may not be used for this TLS1.2 handshake: its "
                              "keyUsage has no digitalSignature",
                              file));
}

/* The keys that `odbcssl verify` refuses do not get through a handshake either. */
CASE("kinds of keys, in the handshake")
{
    check_key(TLS12, (struct pki_spec){.key = PKI_KEY_P224}, ODBCSSL_ERROR_WEAK_ALGORITHM,
              "not taken from a TLS server: SECP224R1", __LINE__);
    check_key(TLS13, (struct pki_spec){.key = PKI_KEY_P224}, ODBCSSL_ERROR_ALERT, NULL, __LINE__);
    check_key(TLS12, (struct pki_spec){.key = PKI_KEY_DSA}, ODBCSSL_ERROR_ALERT, NULL, __LINE__);
    check_key(TLS13, (struct pki_spec){.key = PKI_KEY_DSA}, ODBCSSL_ERROR_ALERT, NULL, __LINE__);
    check_key(TLS12, (struct pki_spec){.key = PKI_KEY_ED25519}, 0, NULL, __LINE__);
    check_key(TLS13, (struct pki_spec){.key = PKI_KEY_RSA_PSS}, 0, NULL, __LINE__);
}

SUITE("keys", bench_set_up, bench_tear_down)
