/* test_conn_report.c - the report of an open connection whose real driver logs in again. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "conn/conn.h"
#include "conn/link.h"
#include "session/record_internal.h"
#include "support/suite.h"

#define LOGINS 2000

static const struct session_options options;
static const struct session *const session = (const void *)&options;
static struct link link_of_test;
static const struct connection connection = {.link = &link_of_test};
static atomic_bool is_over;

static void open_record(void)
{
    struct session_record *record = session_record_open(&options);
    CHECK_FATAL(record != NULL);
    record_claim(record, session);
    link_of_test = (struct link){.state = ODBCSSL_STATE_PLAINTEXT};
    link_of_test.transport.kind = ODBCSSL_TRANSPORT_RELAY;
    link_of_test.transport.record = record;
}

/* A handshake with a server of whose certificate every name is full of this letter. */
static bool shake_hands(char letter)
{
    static const struct error_list warnings;
    struct tls_report report = {.state = ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED,
                                .version = TLS_VERSION_1_3};
    memset(report.peer_subject, letter, sizeof report.peer_subject - 1);
    memset(report.peer_alt_names, letter, sizeof report.peer_alt_names - 1);
    return record_set_report(link_of_test.transport.record, session, &report, &warnings);
}

static bool log_in(char letter)
{
    bool is_kept = shake_hands(letter);
    record_set_logged_in(link_of_test.transport.record, session);
    return is_kept;
}

static bool is_full_of(const char *text, size_t size, char letter)
{
    for (size_t i = 0; i < size - 1; i++)
        if (text[i] != letter)
            return false;
    return text[size - 1] == '\0';
}

static bool is_whole(const struct tls_report *report)
{
    char letter = report->peer_subject[0];
    return report->state == ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED &&
           (letter == 'a' || letter == 'b') &&
           is_full_of(report->peer_subject, sizeof report->peer_subject, letter) &&
           is_full_of(report->peer_alt_names, sizeof report->peer_alt_names, letter);
}

/* NULL: every report that this thread saw was one session's. */
static void *keep_asking(void *unused)
{
    struct tls_report *report = malloc(sizeof *report);
    bool is_good = report != NULL;
    while (is_good && !atomic_load(&is_over)) {
        conn_report(&connection, report);
        is_good = is_whole(report);
    }
    free(report);
    return is_good ? unused : (void *)"not whole";
}

CASE("threads that ask while the real driver logs in again see one session's report")
{
    pthread_t threads[2];
    void *fault;
    open_record();
    CHECK(log_in('a'));
    atomic_store(&is_over, false);
    for (int i = 0; i < 2; i++)
        CHECK_FATAL(pthread_create(&threads[i], NULL, keep_asking, NULL) == 0);
    for (int i = 0; i < LOGINS; i++)
        CHECK(log_in(i % 2 == 0 ? 'b' : 'a'));
    atomic_store(&is_over, true);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], &fault);
        CHECK(fault == NULL);
    }
    session_record_release(&link_of_test.transport.record);
}

/* Such a session carries nothing: what its server showed is no answer of the connection. */
CASE("a login that is refused in an open connection's place leaves the report")
{
    struct tls_report report;
    open_record();
    CHECK(log_in('a'));
    CHECK(shake_hands('b'));
    conn_report(&connection, &report);
    CHECK(report.peer_subject[0] == 'a' && is_whole(&report));
    CHECK(log_in('b'));
    conn_report(&connection, &report);
    CHECK(report.peer_subject[0] == 'b' && is_whole(&report));
    session_record_release(&link_of_test.transport.record);
}

SUITE("report", NULL, NULL)
