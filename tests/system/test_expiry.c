/*
 * The end of certificates and CRLs is seen coming: days left in the report, and a warning at
 * connecting, which does not get into the way.
 */
#include <string.h>
#include <time.h>

#include "system/trust.h"

#define DAY 86400

enum { SERVER_DAYS = 12, CLIENT_DAYS = 7, CRL_DAYS = 3 };

static time_t start;

/* In the middle of a day, so that the days left are the same while the test runs. */
static time_t in_days(int days)
{
    return start + (time_t)days * DAY + DAY / 2;
}

/* "2026-12-03" */
static const char *date_in(int days)
{
    static char texts[4][32];
    static unsigned next;
    char *text = texts[next++ % 4];
    time_t time = in_days(days);
    struct tm parts;
    strftime(text, sizeof texts[0], "%Y-%m-%d", gmtime_r(&time, &parts));
    return text;
}

/* days: value of SslExpiryWarningDays; NULL: not set. */
static void connect_with(const char *days)
{
    const char *text = days != NULL ? suite_text("SslExpiryWarningDays=%s;", days) : "";
    trust_connect("SslMode=verify-full;SslRootCert=%s;SslCert=%s;SslKey=%s;SslCrl=%s;%s",
                  trust_path("root.pem"), trust_path("soon-client.pem"),
                  trust_path("soon-client.key"), trust_path("soon.crl"), text);
}

static void check_warned(bool server, bool client, bool crl)
{
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_NUMBER(trust_result, server || client || crl ? SQL_SUCCESS_WITH_INFO : SQL_SUCCESS);
    CHECK_NUMBER(trust_has_warning(ODBCSSL_WARNING_PEER_EXPIRY), server);
    CHECK_NUMBER(trust_has_warning(ODBCSSL_WARNING_CLIENT_EXPIRY), client);
    CHECK_NUMBER(trust_has_warning(ODBCSSL_WARNING_CRL_EXPIRY), crl);
}

CASE("warnings")
{
    connect_with(NULL);
    check_warned(true, true, true);
    CHECK_WARNED(ODBCSSL_WARNING_PEER_EXPIRY, "server certificate CN=soon", date_in(SERVER_DAYS),
                 "in 12 days", "SslExpiryWarningDays=30");
    CHECK_WARNED(ODBCSSL_WARNING_CLIENT_EXPIRY, "client certificate CN=demo",
                 "SslCert=", trust_path("soon-client.pem"), date_in(CLIENT_DAYS), "in 7 days");
    CHECK_WARNED(ODBCSSL_WARNING_CRL_EXPIRY, "CRL", "SslCrl=", trust_path("soon.crl"),
                 date_in(CRL_DAYS), "in 3 days");
}

CASE("days left")
{
    connect_with("0");
    CHECK_NUMBER((int)odbc_info_number(&trust_session, SQL_SSL_PEER_DAYS_LEFT), SERVER_DAYS);
    CHECK_NUMBER((int)odbc_info_number(&trust_session, SQL_SSL_CLIENT_CERT_DAYS_LEFT), CLIENT_DAYS);
    CHECK_NUMBER((int)odbc_info_number(&trust_session, SQL_SSL_CRL_DAYS_LEFT), CRL_DAYS);
    CHECK_CONTAINS(odbc_info_text(&trust_session, SQL_SSL_PEER_NOT_AFTER), date_in(SERVER_DAYS));
}

CASE("how many days")
{
    connect_with("0");
    check_warned(false, false, false);
    connect_with("2");
    check_warned(false, false, false);
    connect_with("3");
    check_warned(false, false, true);
    connect_with("6");
    check_warned(false, false, true);
    connect_with("7");
    check_warned(false, true, true);
    connect_with("11");
    check_warned(false, true, true);
    connect_with("12");
    check_warned(true, true, true);
    connect_with("-1");
    CHECK_REFUSED(ODBCSSL_ERROR_KEYWORD_VALUE, "SslExpiryWarningDays=-1 (connection string)");
    connect_with("soon");
    CHECK_REFUSED(ODBCSSL_ERROR_KEYWORD_VALUE, "SslExpiryWarningDays=soon (connection string)");
}

/* A list that lives for a week ends within 30 days all its life: only its last fifth is told. */
CASE("a list that lives for a week")
{
    trust_connect("SslMode=verify-full;SslRootCert=%s;SslCrl=%s", trust_path("root.pem"),
                  trust_path("weekly.crl"));
    check_warned(true, false, false);
    CHECK_NUMBER((int)odbc_info_number(&trust_session, SQL_SSL_CRL_DAYS_LEFT), 5);
}

/* Where nothing is verified, the end is seen coming all the same. */
CASE("an unverified server")
{
    trust_connect("SslMode=require");
    CHECK_CONNECTED(ODBCSSL_STATE_ENCRYPTED);
    CHECK_WARNED(ODBCSSL_WARNING_PEER_EXPIRY, "CN=soon", "in 12 days");
    CHECK_WARNED(ODBCSSL_WARNING_UNVERIFIED, "localhost");
    CHECK_NUMBER((int)odbc_info_number(&trust_session, SQL_SSL_PEER_DAYS_LEFT), SERVER_DAYS);
}

/* ---- what has ended ---- */

static bool serve(const char *name, const struct pki_spec *spec)
{
    return fixture_issue(&trust_fixture, name, spec, NULL) &&
           fixture_start(&trust_fixture, name, FIXTURE_HBA, true);
}

static void check_date(enum odbcssl_error code, unsigned bit, const char *subject,
                       const char *words, const char *date)
{
    trust_connect("SslMode=verify-full;SslRootCert=%s", trust_path("root.pem"));
    CHECK_REFUSED(code, subject, words, date);
    trust_connect("SslMode=prefer;SslRootCert=%s", trust_path("root.pem"));
    CHECK_CONNECTED(ODBCSSL_STATE_ENCRYPTED);
    CHECK_STATUS(bit);
    CHECK_WARNED(ODBCSSL_WARNING_VERIFICATION, subject, words, date);
}

CASE("an expired server certificate")
{
    const struct pki_spec expired = {.common_name = "late",
                                     .issuer = trust_fixture.root,
                                     .dns = PKI_LIST("localhost"),
                                     .serial = "0BAD",
                                     .not_before = {.days = -90},
                                     .not_after = {.absolute = in_days(-5)}};
    CHECK_FATAL(serve("late", &expired));
    check_date(ODBCSSL_ERROR_EXPIRED, ODBCSSL_VERIFY_EXPIRED,
               "server certificate CN=late (serial 0B:AD)", "expired on ", date_in(-5));
    CHECK_NUMBER((int)odbc_info_number(&trust_session, SQL_SSL_PEER_DAYS_LEFT), -5);
    CHECK_WARNED(ODBCSSL_WARNING_PEER_EXPIRY, "CN=late", "ended on", date_in(-5));
}

CASE("a server certificate of the future")
{
    const struct pki_spec future = {.common_name = "early",
                                    .issuer = trust_fixture.root,
                                    .dns = PKI_LIST("localhost"),
                                    .serial = "0BAE",
                                    .not_before = {.absolute = in_days(4)}};
    CHECK_FATAL(serve("early", &future));
    check_date(ODBCSSL_ERROR_NOT_YET_VALID, ODBCSSL_VERIFY_NOT_YET_VALID,
               "server certificate CN=early (serial 0B:AE)", "is valid only from ", date_in(4));
}

static int set_up(void)
{
    start = time(NULL);
    if (trust_open(NULL, NULL) != 0)
        return -1;
    const struct pki_crl_spec crl = {.issuer = trust_fixture.root,
                                     .this_update.days = -30,
                                     .next_update = {.absolute = in_days(CRL_DAYS)}};
    const struct pki_crl_spec weekly = {.issuer = trust_fixture.root,
                                        .next_update = {.absolute = in_days(5)}};
    const struct pki_spec soon = {.common_name = "soon",
                                  .issuer = trust_fixture.root,
                                  .dns = PKI_LIST("localhost"),
                                  .not_after = {.absolute = in_days(SERVER_DAYS)}};
    const struct pki_spec client = {.common_name = POSTGRES_USER,
                                    .issuer = trust_fixture.root,
                                    .not_after = {.absolute = in_days(CLIENT_DAYS)}};
    return fixture_issue(&trust_fixture, "soon-client", &client, NULL) &&
                   fixture_write_crl(&trust_fixture, "soon.crl", &crl, NULL) &&
                   fixture_write_crl(&trust_fixture, "weekly.crl", &weekly, NULL) &&
                   serve("soon", &soon)
               ? 0
               : -1;
}

SUITE("expiry", set_up, trust_close)
