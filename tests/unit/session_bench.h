/*
 * session_bench.h - a TLS session of ours and a GnuTLS server in the same process, over memory, for
 * the tests of the session.
 */
#ifndef TESTS_SESSION_BENCH_H
#define TESTS_SESSION_BENCH_H

#include "support/pki.h"
#include "support/suite.h"
#include "support/tls_server.h"
#include "tls/session.h"

#define BENCH_HOST "db1.example.com"

/* Certificates and their files. */
struct bench_pki {
    struct pki_certificate *ca;
    struct pki_certificate *leaf; /* of ca, for BENCH_HOST; an RSA key */
    char *ca_file;
    char *other_file; /* another CA */
    char *client_file;
    char *client_key_file;
};

extern struct bench_pki bench_pki;

/* The last session. Options, peer and server_options are to be changed before bench_run. */
struct bench {
    struct tls_options options;
    struct tls_peer peer;
    struct tls_server_options server_options;
    const struct credentials *credentials; /* NULL: those of the options */
    struct tls_session *client;
    struct tls_server server;
    int server_result;
    gnutls_alert_description_t alert; /* 0: what GnuTLS finds fitting */
    struct error error;
    struct tls_report report;
    struct error_list warnings;
};

extern struct bench bench;

/* For SUITE. */
int bench_set_up(void);
int bench_tear_down(void);

struct option bench_option(const char *keyword, const char *value);

/* A new client, which ends the one before. root_cert: a file, or NULL. */
void bench_begin(enum odbcssl_mode mode, const char *root_cert);

/* The client alone; false: bench.error says why there is none. */
bool bench_open(void);

/* With the server: both ends as far as they get, and the report. */
enum tls_progress bench_connect(void);
/* bench_open and bench_connect. */
enum tls_progress bench_run(void);

/* What the client reads, which is not looked at. */
enum tls_progress bench_read(void);

/* Runs, and fails with this error. */
void bench_check_failure(enum odbcssl_error code, const char *part);
/* The name that the server was asked for. */
void bench_check_name(const char *wanted);
bool bench_has_warning(enum odbcssl_error code);

#endif
