/* session_bench.c - our TLS session and a GnuTLS server, who pass each other bytes in memory. */
#include "unit/session_bench.h"

#include <stdio.h>

struct bench_pki bench_pki;
struct bench bench;

static char *folder;
static const struct pki_certificate *leaf_only[2];

int bench_set_up(void)
{
    struct bench_pki *pki = &bench_pki;
    pki->ca = pki_issue(&(struct pki_spec){.common_name = "CA", .is_ca = true});
    struct pki_certificate *other =
        pki_issue(&(struct pki_spec){.common_name = "Other CA", .is_ca = true});
    if (pki->ca == NULL || other == NULL)
        return -1;
    pki->leaf = pki_issue(&(struct pki_spec){.dn = "CN=db1,O=Example\\, Inc.",
                                             .issuer = pki->ca,
                                             .key = PKI_KEY_RSA,
                                             .serial = "0a3f",
                                             .dns = PKI_LIST(BENCH_HOST, "db2.example.com"),
                                             .ip = PKI_LIST("192.0.2.7"),
                                             .not_after = {.days = 20}});
    struct pki_certificate *client =
        pki_issue(&(struct pki_spec){.common_name = "client", .issuer = pki->ca});
    folder = pki_temp_dir();
    leaf_only[0] = pki->leaf;
    if (pki->leaf == NULL || client == NULL || folder == NULL)
        return -1;
    pki->ca_file = suite_text("%s/ca.pem", folder);
    pki->other_file = suite_text("%s/other.pem", folder);
    pki->client_file = suite_text("%s/client.pem", folder);
    pki->client_key_file = suite_text("%s/client.key", folder);
    return pki_write_pem(pki->ca_file, pki->ca, NULL) &&
                   pki_write_pem(pki->other_file, other, NULL) &&
                   pki_write_pem(pki->client_file, client, NULL) &&
                   pki_write_key_pem(pki->client_key_file, client)
               ? 0
               : -1;
}

static void end(void)
{
    tls_server_close(&bench.server);
    tls_session_free(&bench.client);
    credentials_release(&bench.credentials);
}

int bench_tear_down(void)
{
    end();
    pki_temp_dir_remove(&folder);
    return 0;
}

struct option bench_option(const char *keyword, const char *value)
{
    return (struct option){(char *)value, keyword, (char *)"test"};
}

void bench_begin(enum odbcssl_mode mode, const char *root_cert)
{
    end();
    bench = (struct bench){
        .options = {.mode = mode,
                    .root_cert = bench_option("SslRootCert", root_cert),
                    .send_sni = true,
                    .minimum_version = TLS_VERSION_1_2,
                    .expiry_warning_days = 30},
        .peer = {.host = BENCH_HOST},
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

bool bench_open(void)
{
    bench.credentials = credentials_get(&bench.options, NULL, &bench.error);
    bench.client = bench.credentials != NULL ? tls_session_open(bench.credentials, &bench.options,
                                                                &bench.peer, NULL, &bench.error)
                                             : NULL;
    return bench.client != NULL;
}

enum tls_progress bench_connect(void)
{
    CHECK_FATAL(tls_server_open(&bench.server, &bench.server_options,
                                tls_session_output(bench.client), tls_session_input(bench.client)));
    enum tls_progress progress = shake_hands();
    tls_session_report(bench.client, &bench.report, &bench.warnings);
    return progress;
}

enum tls_progress bench_run(void)
{
    return bench_open() ? bench_connect() : TLS_PROGRESS_FAILED;
}

enum tls_progress bench_read(void)
{
    char out[64];
    size_t got = 0;
    return tls_session_read(bench.client, out, sizeof out, &got, &bench.error);
}

void bench_check_failure(enum odbcssl_error code, const char *part)
{
    CHECK_NUMBER(bench_run(), TLS_PROGRESS_FAILED);
    CHECK_NUMBER(bench.error.code, code);
    CHECK_CONTAINS(bench.error.text, part);
}

void bench_check_name(const char *wanted)
{
    char name[64] = "";
    size_t length = sizeof name;
    unsigned type = 0;
    gnutls_server_name_get(bench.server.session, name, &length, &type, 0);
    CHECK_TEXT(name, wanted);
}

bool bench_has_warning(enum odbcssl_error code)
{
    for (size_t i = 0; i < bench.warnings.count; i++)
        if (bench.warnings.items[i].code == code)
            return true;
    return false;
}
