/* {call odbcssl_status}: the report as a SELECT. */
#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/text.h"
#include "odbc/status.h"
#include "support/odbc_fixture.h"
#include "support/suite.h"

static void test_status_spellings(void)
{
    static const char *const calls[] = {
        "{call odbcssl_status}",    "call odbcssl_status",          " { CALL\todbcssl_Status } ",
        "{call odbcssl_status()};", "call odbcssl_status ( ) ; \n", "{ call odbcssl_status };",
    };
    static const char *const others[] = {
        "",
        "call",
        "callodbcssl_status",
        "{call odbcssl_status",
        "call odbcssl_status}",
        "call odbcssl_status(1)",
        "call odbcssl_status_more",
        "select 'call odbcssl_status'",
        "call odbcssl_status; drop table t",
        "call odbcssl_statu",
    };
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (!status_is_call(calls[i], strlen(calls[i])))
            CHECK_TEXT("not a call", calls[i]);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (status_is_call(others[i], strlen(others[i])))
            CHECK_TEXT("a call", others[i]);
}

static void test_status_dialects(void)
{
    struct tls_report report = {0};
    strcpy(report.peer_subject, "CN=O'Brien\\");
    strcpy(report.peer_certificate, "-----\nabc\x01\n");
    char *select = status_build_select(&report, status_dialect_of("PostgreSQL"));
    CHECK_CONTAINS(select, "SELECT E'SQL_SSL_STATE' AS name, E'plaintext by choice' AS value");
    CHECK_CONTAINS(select, " UNION ALL SELECT E'SQL_SSL_PEER_SUBJECT', E'CN=O''Brien\\\\' UNION");
    CHECK_CONTAINS(select, "E'-----\nabc?\n'");
    CHECK(strstr(select, "SQL_SSL_CLIENT_CERT_DAYS_LEFT") == NULL);
    free(select);
    report.has_client_certificate = true;
    report.client_days_left = 7;
    select = status_build_select(&report, status_dialect_of("PostgreSQL"));
    CHECK_CONTAINS(select, "E'SQL_SSL_CLIENT_CERT_DAYS_LEFT', E'7'");
    free(select);
    select = status_build_select(&report, status_dialect_of("MariaDB"));
    CHECK_CONTAINS(select, "'CN=O''Brien\\\\' UNION");
    free(select);
    select = status_build_select(&report, status_dialect_of("Microsoft SQL Server"));
    CHECK_CONTAINS(select, "N'CN=O''Brien\\' UNION");
    free(select);
}

static void check_select(const char *call, bool is_wide, bool is_prepared)
{
    fake->statement[0] = '\0';
    uint16_t *wide = text_to_utf16(call, strlen(call), NULL);
    SQLRETURN outcome = is_wide
                            ? (is_prepared ? SQLPrepareW(statement, wide, SQL_NTS)
                                           : SQLExecDirectW(statement, wide, SQL_NTS))
                            : (is_prepared ? SQLPrepare(statement, (SQLCHAR *)call, SQL_NTS)
                                           : SQLExecDirect(statement, (SQLCHAR *)call, SQL_NTS));
    free(wide);
    CHECK_NUMBER(outcome, SQL_SUCCESS);
    CHECK_CONTAINS(fake->statement, "SELECT E'SQL_SSL_STATE' AS name, E'encrypted, ");
    CHECK_CONTAINS(fake->statement, "CN=O''Brien\\\\, back\\\\\\\\slash");
    for (size_t i = 0; i < report_item_count; i++)
        if (report_items[i].type != SQL_SSL_CLIENT_CERT_DAYS_LEFT)
            CHECK_CONTAINS(fake->statement, report_items[i].name);
}

static void test_status_statement(void)
{
    open_statement("fake.so");
    check_select("{call odbcssl_status}", false, false);
    check_select("{call odbcssl_status}", false, true);
    check_select("call odbcssl_status;", true, false);
    check_select("{ CALL odbcssl_status() }", true, true);
    CHECK_NUMBER(SQLExecDirect(statement, (SQLCHAR *)"call odbcssl_status tail", 19), SQL_SUCCESS);
    CHECK_CONTAINS(fake->statement, "SQL_SSL_SUMMARY");
    CHECK_NUMBER(SQLExecDirect(statement, (SQLCHAR *)"select 1 ", 8), SQL_SUCCESS);
    CHECK_TEXT(fake->statement, "select 1");
    close_handles();
}

static const struct suite_case status_cases[] = {
    {"the call in all its spellings, and nothing else", test_status_spellings},
    {"literals that no name can end, for each kind of server", test_status_dialects},
    {"is replaced in all four functions", test_status_statement},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    const struct suite suites[] = {
        {"odbcssl_status", status_cases, NULL, NULL},
        {0},
    };
    return suite_main(argc, argv, suites);
}
