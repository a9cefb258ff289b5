/*
 * leak_program.c - what `leak-check` runs under valgrind: a connection with everything
 * (verify-full, client certificate, CRL), a query, the report, a cancellation, and connections that
 * are refused before, during and after the handshake. Two connections first, at whose end the
 * driver manager closes the driver's library. Exits 0 when all of it went as it should.
 */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "odbcssl.h"
#include "support/odbc.h"
#include "system/fixture.h"

#define ROUNDS 2
#define WAIT_ROUNDS 1200

#define RELOADED "Reloaded"

static struct fixture fixture;
static const char *driver = ODBC_POSTGRESQL;
static int failures;

static void expect(bool is_good, const char *what, const struct odbc_session *session)
{
    if (is_good)
        return;
    failures++;
    fprintf(stderr, "leak_program: %s: %s\n", what, session != NULL ? session->diagnostics : "");
}

/* The first of two settings with one keyword counts. */
static bool connect_with(struct odbc_session *session, bool is_wide, const char *extra)
{
    char text[4096];
    snprintf(text, sizeof text,
             "%s;DRIVER={%s};Servername=localhost;Port=%u;Database=postgres;UID=%s;PWD=%s;"
             "SslMode=verify-full;SslRootCert=%s;SslCert=%s;SslKey=%s",
             extra, driver, fixture_port(&fixture), POSTGRES_USER, POSTGRES_PASSWORD,
             fixture_path(&fixture, "root.pem"), fixture_path(&fixture, "client.pem"),
             fixture_path(&fixture, "client.key"));
    return is_wide ? odbc_connect_wide(session, "%s", text) : odbc_connect(session, "%s", text);
}

static const char *with_crl(const char *name)
{
    static char text[1024];
    snprintf(text, sizeof text, "SslCrl=%s", fixture_path(&fixture, name));
    return text;
}

static void *sleep_in_query(void *argument)
{
    struct odbc_session *session = argument;
    expect(!odbc_query(session, "select pg_sleep(300)"), "the query was not cancelled", session);
    return NULL;
}

static void cancel(struct odbc_session *session)
{
    pthread_t thread;
    char answer[16] = "";
    if (pthread_create(&thread, NULL, sleep_in_query, session) != 0)
        return;
    for (int i = 0; i < WAIT_ROUNDS && strcmp(answer, "1") != 0; i++) {
        poll(NULL, 0, 50);
        postgres_query(fixture.postgres,
                       "select count(*) from pg_stat_activity where query like 'select pg_sleep%'",
                       answer, sizeof answer);
    }
    SQLCancel(session->statement);
    pthread_join(thread, NULL);
}

static void use(bool is_wide)
{
    struct odbc_session session = {0};
    expect(connect_with(&session, is_wide, with_crl("crl.pem")), "no connection", &session);
    expect(odbc_query(&session, "select n from generate_series(1, 1000) n"), "no query", &session);
    expect(odbc_fetch_all(&session) == 999, "rows are missing", &session);
    expect(odbc_info_number(&session, SQL_SSL_STATE) == ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED,
           "not verified", NULL);
    expect(strlen(odbc_info_text(&session, SQL_SSL_PEER_CERTIFICATE_A)) > 100, "no certificate",
           NULL);
    expect(odbc_query(&session, "{call odbcssl_status}"), "no report", &session);
    cancel(&session);
    expect(odbc_query(&session, "select 1"), "no query after the cancellation", &session);
    odbc_close(&session);
}

static void be_refused(const char *extra)
{
    struct odbc_session session = {0};
    expect(!connect_with(&session, false, extra), extra, NULL);
    odbc_close(&session);
}

int main(void)
{
    if (fixture_open(&fixture,
                     "[" RELOADED "]\nDriver=@BUILD@/driver/odbc/.libs/libodbcssl.so\n"
                     "TargetDriver=psqlodbcw.so\nDontDLClose=0\n",
                     NULL) != 0 ||
        !fixture_start(&fixture, "server", NULL, true))
        return 2;
    driver = RELOADED;
    use(false);
    use(true);
    driver = ODBC_POSTGRESQL;
    for (int i = 0; i < ROUNDS; i++) {
        use(i % 2 == 1);
        be_refused("SslCrl=/nonexistent");
        be_refused("SslMode=verify");
        be_refused("PWD=wrong;UID=nobody");
        be_refused("SslServerName=other.example.com");
        be_refused("pqopt={service=x}");
    }
    if (!fixture_start(&fixture, "revoked", NULL, true))
        return 2;
    be_refused(with_crl("crl-revoked.pem"));
    fixture_close(&fixture);
    return failures == 0 ? 0 : 1;
}
