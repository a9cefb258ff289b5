/*
 * test_session.c - the TLS session against a GnuTLS server in the same process, over memory.
 */
#include <stdio.h>
#include <string.h>

#include "support/pki.h"
#include "support/suite.h"
#include "support/tls_server.h"
#include "tls/session.h"

#define HOST "db1.example.com"

static char *folder, *ca_file, *other_file, *client_file, *client_key_file;
static struct pki_certificate *ca, *other_ca, *leaf, *client;
static const struct pki_certificate *leaf_only[2];

static int set_up(void)
{
    ca = pki_issue(&(struct pki_spec){.common_name = "CA", .is_ca = true});
    other_ca = pki_issue(&(struct pki_spec){.common_name = "Other CA", .is_ca = true});
    if (ca == NULL || other_ca == NULL)
        return -1;
    leaf = pki_issue(&(struct pki_spec){.dn = "CN=db1,O=Example\\, Inc.",
                                        .issuer = ca,
                                        .key = PKI_KEY_RSA,
                                        .serial = "0a3f",
                                        .dns = PKI_LIST(HOST, "db2.example.com"),
                                        .ip = PKI_LIST("192.0.2.7"),
                                        .not_after = {.days = 20}});
    client = pki_issue(&(struct pki_spec){.common_name = "client", .issuer = ca});
    folder = pki_temp_dir();
    leaf_only[0] = leaf;
    if (leaf == NULL || client == NULL || folder == NULL)
        return -1;
    ca_file = suite_text("%s/ca.pem", folder);
    other_file = suite_text("%s/other.pem", folder);
    client_file = suite_text("%s/client.pem", folder);
    client_key_file = suite_text("%s/client.key", folder);
    return pki_write_pem(ca_file, ca, NULL) && pki_write_pem(other_file, other_ca, NULL) &&
                   pki_write_pem(client_file, client, NULL) &&
                   pki_write_key_pem(client_key_file, client)
               ? 0
               : -1;
}

/* --- a client and a server --- */

static struct bench {
    struct tls_options options;
    struct tls_peer peer;
    struct tls_server_options server_options;
    const struct credentials *credentials;
    struct tls_session *client;
    struct tls_server server;
    int server_result;
    gnutls_alert_description_t alert; /* 0: what GnuTLS finds fitting */
    struct error error;
    struct tls_report report;
    struct error_list warnings;
} bench;

static struct option option(const char *keyword, const char *value)
{
    return (struct option){(char *)value, keyword, (char *)"test"};
}

static void end(void)
{
    tls_server_close(&bench.server);
    tls_session_free(&bench.client);
    credentials_release(&bench.credentials);
}

static int tear_down(void)
{
    end();
    pki_temp_dir_remove(&folder);
    return 0;
}

/* The next one ends the one before. */
static void begin(enum odbcssl_mode mode, const char *root_cert)
{
    end();
    bench = (struct bench){
        .options = {.mode = mode,
                    .root_cert = option("SslRootCert", root_cert),
                    .send_sni = true,
                    .minimum_version = TLS_VERSION_1_2,
                    .expiry_warning_days = 30},
        .peer = {.host = HOST},
        .server_options = {.chain = leaf_only},
    };
}

/* A server that fails says so. */
static void step_server(void)
{
    bench.server_result = gnutls_handshake(bench.server.session);
    bool has_failed = gnutls_error_is_fatal(bench.server_result) != 0;
    if (has_failed && bench.alert != 0)
        gnutls_alert_send(bench.server.session, GNUTLS_AL_FATAL, bench.alert);
    else if (has_failed)
        gnutls_alert_send_appropriate(bench.server.session, bench.server_result);
}

/* Both ends as far as they get. */
static enum tls_progress shake_hands(void)
{
    enum tls_progress progress = TLS_PROGRESS_WANT_READ;
    bench.server_result = GNUTLS_E_AGAIN;
    for (int i = 0; i < 20; i++) {
        if (progress == TLS_PROGRESS_WANT_READ)
            progress = tls_session_handshake(bench.client, &bench.error);
        if (bench.server_result == GNUTLS_E_AGAIN)
            step_server();
        if (progress == TLS_PROGRESS_DONE && bench.server_result == GNUTLS_E_SUCCESS)
            break;
    }
    return progress;
}

static bool open_client(void)
{
    bench.credentials = credentials_get(&bench.options, NULL, &bench.error);
    bench.client = bench.credentials != NULL ? tls_session_open(bench.credentials, &bench.options,
                                                                &bench.peer, NULL, &bench.error)
                                             : NULL;
    return bench.client != NULL;
}

static enum tls_progress run(void)
{
    if (!open_client())
        return TLS_PROGRESS_FAILED;
    CHECK_FATAL(tls_server_open(&bench.server, &bench.server_options,
                                tls_session_output(bench.client), tls_session_input(bench.client)));
    enum tls_progress progress = shake_hands();
    tls_session_report(bench.client, &bench.report, &bench.warnings);
    return progress;
}

/* What the client reads, which is not looked at. */
static enum tls_progress read_on(void)
{
    char out[64];
    size_t got = 0;
    return tls_session_read(bench.client, out, sizeof out, &got, &bench.error);
}

static void check_failure(enum odbcssl_error code, const char *part)
{
    CHECK_NUMBER(run(), TLS_PROGRESS_FAILED);
    CHECK_NUMBER(bench.error.code, code);
    CHECK_CONTAINS(bench.error.text, part);
}

static void check_name_seen(const char *wanted)
{
    char name[64] = "";
    size_t length = sizeof name;
    unsigned type = 0;
    gnutls_server_name_get(bench.server.session, name, &length, &type, 0);
    CHECK_TEXT(name, wanted);
}

static bool has_warning(enum odbcssl_error code)
{
    for (size_t i = 0; i < bench.warnings.count; i++)
        if (bench.warnings.items[i].code == code)
            return true;
    return false;
}

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
    {ODBCSSL_MODE_VERIFY_FULL, TRUST_RIGHT, HOST, false, 0, ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED,
     0, 0},
    {ODBCSSL_MODE_VERIFY_FULL, TRUST_RIGHT, HOST ".", false, 0,
     ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED, 0, 0},
    {ODBCSSL_MODE_VERIFY_FULL, TRUST_RIGHT, "192.0.2.7", false, 0,
     ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED, 0, 0},
    {ODBCSSL_MODE_VERIFY_FULL, TRUST_RIGHT, "db3.example.com", false, ODBCSSL_ERROR_HOST, 0,
     ODBCSSL_VERIFY_HOST, 0},
    {ODBCSSL_MODE_VERIFY_CA, TRUST_RIGHT, "db3.example.com", false, 0, ODBCSSL_STATE_CHAIN_VERIFIED,
     0, 0},
    {ODBCSSL_MODE_VERIFY_CA, TRUST_WRONG, HOST, false, ODBCSSL_ERROR_ISSUER_UNKNOWN, 0,
     ODBCSSL_VERIFY_UNTRUSTED, 0},
    {ODBCSSL_MODE_REQUIRE, TRUST_WRONG, HOST, false, ODBCSSL_ERROR_ISSUER_UNKNOWN, 0,
     ODBCSSL_VERIFY_UNTRUSTED, 0},
    {ODBCSSL_MODE_REQUIRE, TRUST_RIGHT, HOST, false, 0, ODBCSSL_STATE_CHAIN_VERIFIED, 0, 0},
    {ODBCSSL_MODE_REQUIRE, TRUST_NONE, HOST, false, 0, ODBCSSL_STATE_ENCRYPTED, 0,
     ODBCSSL_WARNING_UNVERIFIED},
    {ODBCSSL_MODE_PREFER, TRUST_WRONG, HOST, false, 0, ODBCSSL_STATE_ENCRYPTED,
     ODBCSSL_VERIFY_UNTRUSTED, ODBCSSL_WARNING_VERIFICATION},
    {ODBCSSL_MODE_PREFER, TRUST_RIGHT, HOST, false, 0, ODBCSSL_STATE_CHAIN_VERIFIED, 0, 0},
    {ODBCSSL_MODE_PREFER, TRUST_NONE, HOST, true, ODBCSSL_ERROR_PIN, 0, ODBCSSL_VERIFY_PIN, 0},
    {ODBCSSL_MODE_ALLOW, TRUST_WRONG, HOST, true, ODBCSSL_ERROR_PIN, 0,
     ODBCSSL_VERIFY_PIN | ODBCSSL_VERIFY_UNTRUSTED, 0},
};

static void check_mode(const struct mode_row *row)
{
    static const char wrong_pin[] =
        "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    const char *const files[] = {NULL, ca_file, other_file};
    begin(row->mode, files[row->trust]);
    bench.peer.host = row->host;
    bench.options.pin = option("SslPin", row->is_pin_wrong ? wrong_pin : NULL);
    enum tls_progress progress = run();
    CHECK_NUMBER(bench.error.code, row->error);
    CHECK_NUMBER(progress, row->error == 0 ? TLS_PROGRESS_DONE : TLS_PROGRESS_FAILED);
    CHECK_NUMBER(bench.report.state, row->state);
    CHECK_NUMBER(bench.report.verify_status, row->status);
    CHECK(row->warning == 0 || has_warning(row->warning));
    CHECK(row->warning == ODBCSSL_WARNING_UNVERIFIED || !has_warning(ODBCSSL_WARNING_UNVERIFIED));
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

CASE("SslServerName replaces the host")
{
    begin(ODBCSSL_MODE_VERIFY_FULL, ca_file);
    bench.peer.host = "198.51.100.1";
    bench.options.server_name = option("SslServerName", "db2.example.com");
    CHECK_NUMBER(run(), TLS_PROGRESS_DONE);
    CHECK_NUMBER(bench.report.state, ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    check_name_seen("db2.example.com");
}

/* --- the report --- */

CASE("the report")
{
    begin(ODBCSSL_MODE_VERIFY_FULL, ca_file);
    CHECK_NUMBER(run(), TLS_PROGRESS_DONE);
    const struct tls_report *report = &bench.report;
    CHECK_TEXT(report->peer_subject, "CN=db1,O=Example\\, Inc.");
    CHECK_TEXT(report->peer_issuer, "CN=CA");
    CHECK_TEXT(report->peer_serial, "0A:3F");
    CHECK_TEXT(report->peer_alt_names, "DNS:" HOST ", DNS:db2.example.com, IP:192.0.2.7");
    CHECK_NUMBER(strlen(report->peer_fingerprint), 64);
    CHECK_CONTAINS(report->peer_certificate, "-----BEGIN CERTIFICATE-----");
    CHECK_NUMBER(strlen(report->peer_not_after), 20);
    CHECK(report->peer_days_left == 19 || report->peer_days_left == 20);
    CHECK(!report->client_cert_sent && !report->resumed);
    CHECK(has_warning(ODBCSSL_WARNING_PEER_EXPIRY));
    begin(ODBCSSL_MODE_VERIFY_FULL, ca_file);
    bench.options.expiry_warning_days = 10;
    run();
    CHECK_NUMBER(bench.warnings.count, 0);
}

/* --- client certificates --- */

/* With TLS 1.3 the client is done before the server judges, so the refusal comes with the first
 * read. */
static void check_client_certificate(const char *priority, gnutls_alert_description_t alert,
                                     bool is_set)
{
    begin(ODBCSSL_MODE_VERIFY_FULL, ca_file);
    bench.server_options.priority = priority;
    bench.server_options.client_ca = ca;
    bench.alert = alert;
    bench.options.cert = option("SslCert", is_set ? client_file : NULL);
    bench.options.key = option("SslKey", is_set ? client_key_file : NULL);
    enum tls_progress progress = run();
    if (progress == TLS_PROGRESS_DONE)
        progress = read_on();
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

/* A server that is not verified must not even learn who we are. */
CASE("an unverified server does not see the client certificate")
{
    begin(ODBCSSL_MODE_VERIFY_FULL, other_file);
    bench.server_options.client_ca = ca;
    bench.options.cert = option("SslCert", client_file);
    bench.options.key = option("SslKey", client_key_file);
    unsigned count = 0;
    CHECK_NUMBER(run(), TLS_PROGRESS_FAILED);
    CHECK(gnutls_certificate_get_peers(bench.server.session, &count) == NULL);
}

SUITE("verification", set_up, tear_down)

/* --- what the server sees --- */

static const struct {
    const char *host;
    bool send_sni;
    const char *seen;
} name_rows[] = {
    {HOST, true, HOST},      {HOST ".", true, HOST},      {HOST, false, ""},
    {"192.0.2.7", true, ""}, {"[2001:db8::1]", true, ""}, {"2001:db8::1", true, ""},
    {"10.1", true, ""},
};

CASE("the name that is sent")
{
    for (size_t i = 0; i < sizeof name_rows / sizeof name_rows[0]; i++) {
        begin(ODBCSSL_MODE_REQUIRE, NULL);
        bench.peer.host = name_rows[i].host;
        bench.options.send_sni = name_rows[i].send_sni;
        CHECK_NUMBER(run(), TLS_PROGRESS_DONE);
        check_name_seen(name_rows[i].seen);
    }
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
        begin(ODBCSSL_MODE_REQUIRE, NULL);
        bench.peer.alpn = rows[i].offered;
        bench.peer.is_alpn_required = rows[i].is_required;
        bench.server_options.alpn = rows[i].server;
        run();
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
        begin(ODBCSSL_MODE_VERIFY_FULL, ca_file);
        bench.options.minimum_version = TLS_VERSION_1_0;
        bench.server_options.priority = version_rows[i].server;
        CHECK_NUMBER(run(), TLS_PROGRESS_DONE);
        CHECK_TEXT(bench.error.text, "");
        CHECK_NUMBER(bench.report.version, version_rows[i].version);
        CHECK_TEXT(bench.report.protocol, version_rows[i].name);
        CHECK_TEXT(bench.report.cipher, version_rows[i].cipher);
        CHECK_NUMBER(bench.report.cipher_bits, version_rows[i].bits);
        CHECK_TEXT(bench.report.group, version_rows[i].group);
        CHECK_NUMBER(has_warning(ODBCSSL_WARNING_OLD_PROTOCOL), version_rows[i].is_old);
    }
}

static void check_version_refusal(enum tls_version minimum, enum tls_version maximum,
                                  enum tls_version carried, const char *server,
                                  const char *priority, const char *part)
{
    begin(ODBCSSL_MODE_REQUIRE, NULL);
    bench.options.minimum_version = minimum;
    bench.options.maximum_version = maximum;
    bench.options.priority = option("SslPriority", priority);
    bench.peer.maximum_version = carried;
    bench.server_options.priority = server;
    bench.alert = GNUTLS_A_PROTOCOL_VERSION; /* as OpenSSL's servers say it */
    check_failure(ODBCSSL_ERROR_TLS_VERSION, part);
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
    begin(ODBCSSL_MODE_REQUIRE, NULL);
    bench.options.priority = option("SslPriority", "NORMAL:-GROUP-ALL:+GROUP-X25519");
    CHECK_NUMBER(run(), TLS_PROGRESS_DONE);
    CHECK_TEXT(bench.report.group, "X25519");
    begin(ODBCSSL_MODE_REQUIRE, NULL);
    bench.options.priority = option("SslPriority", "NORMAL:-FOO");
    check_failure(ODBCSSL_ERROR_KEYWORD_VALUE, "wrong at '-FOO'");
}

SUITE("negotiation", set_up, tear_down)

/* --- what the server's key may be used for --- */

static void check_key(const char *priority, struct pki_spec spec, enum odbcssl_error code,
                      const char *part, unsigned line)
{
    spec.common_name = "db7";
    spec.issuer = ca;
    spec.dns = PKI_LIST(HOST);
    struct pki_certificate *server = pki_issue(&spec);
    const struct pki_certificate *chain[] = {server, NULL};
    begin(ODBCSSL_MODE_VERIFY_FULL, ca_file);
    bench.server_options.chain = chain;
    bench.server_options.priority = priority;
    bench.server_options.ignores_key_usage = true;
    suite_check_number(run(), code == 0 ? TLS_PROGRESS_DONE : TLS_PROGRESS_FAILED, __FILE__, line);
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

SUITE("keys", set_up, tear_down)

/* --- hostile servers --- */

CASE("a chain of 65 certificates")
{
    const struct pki_certificate *chain[66] = {leaf};
    begin(ODBCSSL_MODE_REQUIRE, NULL);
    for (int i = 1; i < 65; i++)
        chain[i] = ca;
    bench.server_options.chain = chain;
    CHECK_NUMBER(run(), TLS_PROGRESS_FAILED);
    CHECK_CONTAINS(bench.error.text, "65 certificates");
}

/* A handshake message that says it is 10 MB long, in as many records as the client takes. */
CASE("a handshake message of 10 MB")
{
    static const unsigned char hello[] = {0x16, 3, 3, 0, 4, 11, 0xa0, 0, 0};
    begin(ODBCSSL_MODE_REQUIRE, NULL);
    unsigned char record[5 + 16384] = {0x16, 3, 3, 0x40, 0};
    bench.options.maximum_version = TLS_VERSION_1_2;
    bench.server_options.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
    CHECK_FATAL(open_client());
    tls_session_handshake(bench.client, &bench.error);
    buffer_append(tls_session_input(bench.client), hello, sizeof hello);
    enum tls_progress progress = TLS_PROGRESS_WANT_READ;
    int count = 0;
    while (progress == TLS_PROGRESS_WANT_READ && count++ < 640) {
        buffer_append(tls_session_input(bench.client), record, sizeof record);
        progress = tls_session_handshake(bench.client, &bench.error);
    }
    CHECK_NUMBER(progress, TLS_PROGRESS_FAILED);
    CHECK_CONTAINS(bench.error.text, "128 KiB");
    CHECK(count < 20);
}

CASE("a certificate of 200 kB")
{
    static char name[200000];
    memset(name, 'x', sizeof name);
    struct pki_extension extensions[] = {{"1.3.6.1.4.1.99999.1", false, name, sizeof name}, {0}};
    struct pki_certificate *large = pki_issue(
        &(struct pki_spec){.common_name = "large", .issuer = ca, .extensions = extensions});
    CHECK_FATAL(large != NULL);
    const struct pki_certificate *const chain[] = {large, NULL};
    begin(ODBCSSL_MODE_REQUIRE, NULL);
    bench.server_options.chain = chain;
    CHECK_NUMBER(run(), TLS_PROGRESS_FAILED);
    CHECK_CONTAINS(bench.error.text, "128 KiB");
}

CASE("an answer that is not TLS")
{
    static const char reply[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    begin(ODBCSSL_MODE_REQUIRE, NULL);
    CHECK_FATAL(open_client());
    tls_session_handshake(bench.client, &bench.error);
    buffer_append(tls_session_input(bench.client), reply, sizeof reply - 1);
    CHECK_NUMBER(tls_session_handshake(bench.client, &bench.error), TLS_PROGRESS_FAILED);
    CHECK_NUMBER(bench.error.code, ODBCSSL_ERROR_HANDSHAKE);
    CHECK_CONTAINS(bench.error.text, "not TLS");
}

CASE("a wish to renegotiate")
{
    begin(ODBCSSL_MODE_REQUIRE, NULL);
    bench.options.maximum_version = TLS_VERSION_1_2;
    CHECK_NUMBER(run(), TLS_PROGRESS_DONE);
    CHECK_NUMBER(gnutls_rehandshake(bench.server.session), GNUTLS_E_SUCCESS);
    CHECK_NUMBER(read_on(), TLS_PROGRESS_FAILED);
    CHECK_CONTAINS(bench.error.text, "renegotiation, which is refused");
}

CASE("an altered record")
{
    begin(ODBCSSL_MODE_REQUIRE, NULL);
    CHECK_NUMBER(run(), TLS_PROGRESS_DONE);
    buffer_clear(tls_session_input(bench.client));
    gnutls_record_send(bench.server.session, "hello", 5);
    struct buffer *input = tls_session_input(bench.client);
    buffer_content(input)[buffer_length(input) - 1] ^= 1;
    CHECK_NUMBER(read_on(), TLS_PROGRESS_FAILED);
    CHECK_NUMBER(bench.error.code, ODBCSSL_ERROR_LINK_LOST);
}

SUITE("hostile servers", set_up, tear_down)

/* --- data --- */

CASE("one record per write, a new key between")
{
    static char sent[TLS_RECORD_SIZE], received[TLS_RECORD_SIZE];
    begin(ODBCSSL_MODE_REQUIRE, NULL);
    size_t got = 0;
    memset(sent, 'a', sizeof sent);
    CHECK_NUMBER(run(), TLS_PROGRESS_DONE);
    CHECK_NUMBER(read_on(), TLS_PROGRESS_WANT_READ);
    /* One record: a header whose length is all that follows. */
    buffer_clear(tls_session_output(bench.client));
    CHECK_NUMBER(tls_session_write(bench.client, sent, sizeof sent, &bench.error),
                 TLS_PROGRESS_DONE);
    struct cursor cursor = cursor_over(buffer_content(tls_session_output(bench.client)),
                                       buffer_length(tls_session_output(bench.client)));
    cursor_bytes(&cursor, 3);
    size_t record = cursor_u16(&cursor);
    CHECK_NUMBER(record, cursor.left);
    CHECK_NUMBER(gnutls_record_recv(bench.server.session, received, sizeof received), sizeof sent);
    /* A new key on the way changes nothing. */
    CHECK_NUMBER(gnutls_session_key_update(bench.server.session, GNUTLS_KU_PEER), 0);
    CHECK_NUMBER(gnutls_record_send(bench.server.session, sent, 1000), 1000);
    CHECK(tls_session_is_pending(bench.client));
    CHECK_NUMBER(tls_session_read(bench.client, received, sizeof received, &got, &bench.error),
                 TLS_PROGRESS_DONE);
    CHECK_NUMBER(got, 1000);
    CHECK(!tls_session_is_pending(bench.client));
}

CASE("close_notify, both ways")
{
    begin(ODBCSSL_MODE_REQUIRE, NULL);
    CHECK_NUMBER(run(), TLS_PROGRESS_DONE);
    tls_session_close(bench.client);
    CHECK_NUMBER(gnutls_record_recv(bench.server.session, &(char){0}, 1), 0);
    gnutls_bye(bench.server.session, GNUTLS_SHUT_WR);
    CHECK_NUMBER(read_on(), TLS_PROGRESS_CLOSED);
}

SUITE("data", set_up, tear_down)
