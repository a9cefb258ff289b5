/* test_conn_report.c - the report of an open connection, asked for by several threads. */
#include <stdlib.h>

#include "conn/conn.h"
#include "conn/link.h"
#include "session/record_internal.h"
#include "support/suite.h"

static const struct connection *asked_meanwhile; /* NULL: nobody asks */
static enum odbcssl_state seen_meanwhile;

enum session_outcome __real_session_record_outcome(struct session_record *record,
                                                   struct tls_report *report_out,
                                                   struct error_list *warnings_out,
                                                   struct error *error_out);
enum session_outcome __wrap_session_record_outcome(struct session_record *record,
                                                   struct tls_report *report_out,
                                                   struct error_list *warnings_out,
                                                   struct error *error_out);

/* Another thread asks just before the report is unpacked. */
enum session_outcome __wrap_session_record_outcome(struct session_record *record,
                                                   struct tls_report *report_out,
                                                   struct error_list *warnings_out,
                                                   struct error *error_out)
{
    const struct connection *connection = asked_meanwhile;
    asked_meanwhile = NULL;
    if (connection != NULL)
        seen_meanwhile = conn_report(connection)->state;
    return __real_session_record_outcome(record, report_out, warnings_out, error_out);
}

CASE("two threads that ask for the report at once see a whole one")
{
    const struct session_options options = {0};
    const struct session *session = (const void *)&options;
    const struct tls_report report = {.state = ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED,
                                      .version = TLS_VERSION_1_3};
    static const struct error_list warnings;
    static struct link link = {.state = ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED};
    struct connection connection = {.link = &link};
    struct session_record *record = session_record_open(&options);
    record_claim(record, session);
    CHECK(record_set_report(record, session, &report, &warnings));
    record_set_logged_in(record, session);
    link.transport.kind = ODBCSSL_TRANSPORT_RELAY;
    link.transport.record = record;
    link.session_number = session_record_number(record);
    asked_meanwhile = &connection;
    const struct tls_report *seen = conn_report(&connection);
    CHECK_FATAL(seen != NULL);
    CHECK_NUMBER(seen->state, ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_NUMBER(seen_meanwhile, ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    free(link.report);
    session_record_release(&record);
}

SUITE("report", NULL, NULL)
