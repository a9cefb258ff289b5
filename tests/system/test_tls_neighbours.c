/*
 * test_tls_neighbours.c - an application with TLS of its own: with GnuTLS, which odbcssl uses as
 * well and which has settings for a whole process, and with OpenSSL, which psqlodbc brings along.
 * Both connect to the same server as odbcssl, before, while and after it does.
 */
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "odbcssl.h"
#include "support/odbc.h"
#include "support/suite.h"
#include "support/tools.h"
#include "system/guest.h"

#define OWN_PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM"
#define ODBCSSL_SETTINGS "SslMinProtocol=TLSv1.3;SslPriority=NORMAL:-CIPHER-ALL:+AES-256-GCM"

static struct fixture fixture;

/* A connection to the server that has agreed to TLS; -1 on failure. */
static int connect_for_tls(void)
{
    static const unsigned char request[] = {0, 0, 0, 8, 4, 210, 22, 47}; /* SSLRequest */
    char answer = 0;
    int number = tools_connect(fixture_port(&fixture));
    if (number >= 0 && send(number, request, sizeof request, MSG_NOSIGNAL) == sizeof request &&
        recv(number, &answer, 1, 0) == 1 && answer == 'S')
        return number;
    close(number);
    return -1;
}

/* ---- GnuTLS ---- */

struct own_session {
    int number;
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
};

static bool own_open(struct own_session *own, const char *priority)
{
    own->number = connect_for_tls();
    bool is_good =
        gnutls_init(&own->session, GNUTLS_CLIENT) == 0 &&
        gnutls_certificate_allocate_credentials(&own->credentials) == 0 &&
        gnutls_credentials_set(own->session, GNUTLS_CRD_CERTIFICATE, own->credentials) == 0 &&
        (priority != NULL ? gnutls_priority_set_direct(own->session, priority, NULL)
                          : gnutls_set_default_priority(own->session)) == 0;
    gnutls_transport_set_int(own->session, own->number);
    return is_good && own->number >= 0 && gnutls_handshake(own->session) == 0;
}

/* The server answers nonsense with an error: 'E'. */
static bool own_works(struct own_session *own)
{
    static const unsigned char nonsense[] = {0, 0, 0, 9, 0, 9, 0, 0, 0};
    char answer = 0;
    return gnutls_record_send(own->session, nonsense, sizeof nonsense) == sizeof nonsense &&
           gnutls_record_recv(own->session, &answer, 1) == 1 && answer == 'E';
}

static void own_close(struct own_session *own)
{
    gnutls_deinit(own->session);
    gnutls_certificate_free_credentials(own->credentials);
    close(own->number);
}

static unsigned log_calls, audit_calls;

static void on_log(int level, const char *text)
{
    (void)level;
    (void)text;
    log_calls++;
}

static void on_audit(gnutls_session_t session, const char *text)
{
    (void)session;
    (void)text;
    audit_calls++;
}

static void check_own(struct own_session *own)
{
    CHECK_NUMBER(gnutls_protocol_get_version(own->session), GNUTLS_TLS1_2);
    CHECK_NUMBER(gnutls_cipher_get(own->session), GNUTLS_CIPHER_AES_128_GCM);
    audit_calls = 0;
    gnutls_dh_set_prime_bits(own->session, 512); /* so low that GnuTLS says so */
    CHECK_NUMBER(audit_calls, 1);
}

/* What a session gets that asks for nothing. */
static void read_default(char *out, size_t size)
{
    struct own_session own = {0};
    CHECK(own_open(&own, NULL));
    const char *description = gnutls_session_get_desc(own.session);
    snprintf(out, size, "%s", description != NULL ? description : "");
    gnutls_free((void *)description);
    own_close(&own);
}

static void check_odbc(struct odbc_session *session)
{
    CHECK(guest_works(session));
    CHECK_NUMBER(odbc_info_number(session, SQL_SSL_PROTOCOL_VERSION), 0x0304);
    CHECK_TEXT(odbc_info_text(session, SQL_SSL_CIPHER_A), "TLS_AES_256_GCM_SHA384");
}

CASE("GnuTLS with a priority, a log and an audit function of its own")
{
    struct own_session before = {0}, meanwhile = {0}, after = {0};
    struct odbc_session session = {0};
    char former[256], latter[256];
    void *(*const allocate)(size_t) = gnutls_malloc;
    gnutls_global_set_log_function(on_log);
    gnutls_global_set_log_level(9);
    gnutls_global_set_audit_log_function(on_audit);
    read_default(former, sizeof former);
    CHECK_FATAL(own_open(&before, OWN_PRIORITY));
    CHECK_FATAL(guest_connect(&session, ODBCSSL_SETTINGS));
    check_odbc(&session);
    CHECK_FATAL(own_open(&meanwhile, OWN_PRIORITY));
    check_own(&meanwhile);
    check_odbc(&session);
    odbc_close(&session);
    check_own(&before);
    CHECK(own_works(&before));
    CHECK(own_works(&meanwhile));
    log_calls = 0;
    CHECK(own_open(&after, OWN_PRIORITY));
    CHECK(log_calls > 0);
    check_own(&after);
    read_default(latter, sizeof latter);
    CHECK_TEXT(latter, former);
    CHECK(gnutls_malloc == allocate);
    own_close(&before);
    own_close(&meanwhile);
    own_close(&after);
    gnutls_global_set_log_level(0);
}

/* Programs begin and end GnuTLS as its manual once wanted it; some only end it. */
CASE("GnuTLS that the application begins and ends")
{
    struct odbc_session session = {0};
    struct own_session own = {0};
    CHECK_NUMBER(gnutls_global_init(), 0);
    CHECK_FATAL(guest_connect(&session, ""));
    gnutls_global_deinit();
    CHECK(guest_works(&session));
    odbc_close(&session);
    CHECK(guest_connect(&session, "SslCrl=/nonexistent") == false);
    CHECK(guest_connect(&session, ""));
    CHECK(own_open(&own, OWN_PRIORITY));
    CHECK(own_works(&own));
    own_close(&own);
    odbc_close(&session);
}

/* In a process of its own. */
static int end_too_early(void)
{
    static struct odbc_session session;
    if (!guest_connect(&session, ""))
        return 1;
    gnutls_global_deinit();
    if (!guest_works(&session))
        return 2;
    odbc_close(&session);
    if (!guest_connect(&session, ""))
        return 3;
    return 0; /* with an open connection */
}

CASE("GnuTLS that the application ends too early")
{
    char *const arguments[] = {(char *)"/proc/self/exe", (char *)"--end-too-early", NULL};
    char out[1024];
    CHECK_NUMBER(tools_spawn(arguments, out, sizeof out), 0);
    CHECK_TEXT(out, "");
}

/* ---- OpenSSL, of the library that libpq uses as well ---- */

static struct {
    const void *(*method)(void);
    void *(*new_context)(const void *method);
    void (*free_context)(void *context);
    void *(*new_session)(void *context);
    void (*free_session)(void *session);
    int (*set_number)(void *session, int number);
    int (*connect)(void *session);
    int (*write)(void *session, const void *bytes, int size);
    int (*read)(void *session, void *bytes, int size);
    void (*new_error)(void);
    void (*set_error)(int library, int reason, const char *format, ...);
    unsigned long (*get_error)(void);
} ssl;

static bool load_openssl(void)
{
    static const struct tools_function rows[] = {{"TLS_client_method", &ssl.method},
                                                 {"SSL_CTX_new", &ssl.new_context},
                                                 {"SSL_CTX_free", &ssl.free_context},
                                                 {"SSL_new", &ssl.new_session},
                                                 {"SSL_free", &ssl.free_session},
                                                 {"SSL_set_fd", &ssl.set_number},
                                                 {"SSL_connect", &ssl.connect},
                                                 {"SSL_write", &ssl.write},
                                                 {"SSL_read", &ssl.read},
                                                 {"ERR_new", &ssl.new_error},
                                                 {"ERR_set_error", &ssl.set_error},
                                                 {"ERR_get_error", &ssl.get_error},
                                                 {NULL, NULL}};
    return tools_load("libssl.so.3", rows);
}

static void *open_openssl(void *context, int *number_out)
{
    void *session = ssl.new_session(context);
    *number_out = connect_for_tls();
    CHECK(*number_out >= 0 && ssl.set_number(session, *number_out) == 1);
    CHECK_NUMBER(ssl.connect(session), 1);
    return session;
}

static void end_openssl(void *session, int number)
{
    static const unsigned char nonsense[] = {0, 0, 0, 9, 0, 9, 0, 0, 0};
    char answer = 0;
    CHECK_NUMBER(ssl.write(session, nonsense, sizeof nonsense), (int)sizeof nonsense);
    CHECK(ssl.read(session, &answer, 1) == 1 && answer == 'E');
    ssl.free_session(session);
    close(number);
}

/* Its queue of errors is the thread's, and what the application left there is still there. (libpq
 * empties it for SCRAM, so this user has no password.) */
CASE("OpenSSL with errors of its own")
{
    enum { LIBRARY = 128, REASON = 77 }; /* ERR_LIB_USER, and a reason of the application's */
    struct odbc_session session = {0};
    int numbers[2];
    if (!load_openssl()) {
        suite_skip("no libssl.so.3");
        return;
    }
    void *context = ssl.new_context(ssl.method());
    void *before = open_openssl(context, &numbers[0]);
    while (ssl.get_error() != 0)
        ;
    ssl.new_error();
    ssl.set_error(LIBRARY, REASON, NULL);
    ssl.set_error(LIBRARY, REASON, NULL);
    CHECK(!guest_connect(&session, "SslServerName=other.example.com"));
    CHECK_FATAL(guest_connect(&session, "UID=trusted"));
    unsigned long error = ssl.get_error();
    CHECK_NUMBER(error >> 23 & 0xFF, LIBRARY);
    CHECK_NUMBER(error & 0x7FFFFF, REASON);
    CHECK_NUMBER(ssl.get_error(), 0);
    void *meanwhile = open_openssl(context, &numbers[1]);
    CHECK(guest_works(&session));
    odbc_close(&session);
    end_openssl(before, numbers[0]);
    end_openssl(meanwhile, numbers[1]);
    ssl.free_context(context);
}

/* ---- set-up ---- */

static int set_up(void)
{
    if (fixture_open(&fixture, NULL, NULL) != 0)
        return -1;
    const struct postgres_options options = {
        .certificate = fixture_path(&fixture, "server.pem"),
        .key = fixture_path(&fixture, "server.key"),
        .hba = "hostssl all trusted 127.0.0.1/32 trust\n" FIXTURE_HBA,
        .sql = "create role trusted login"};
    return fixture_start_with(&fixture, &options) && guest_publish(&fixture) ? 0 : -1;
}

SUITE("tls-neighbours", set_up, fixture_tear_down)

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--end-too-early") == 0)
        return end_too_early();
    return suite_main(argc, argv);
}
