/* {call odbcssl_status}: the report as a SELECT. */
#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/text.h"
#include "odbc/status_query.h"
#include "support/odbc_fixture.h"
#include "support/suite.h"

CASE("the call in all its spellings, and nothing else")
{
    static const char *const calls[] = {
        "{call odbcssl_status}",        "call odbcssl_status",
        " { CALL\todbcssl_Status } ",   "{call odbcssl_status()};",
        "call odbcssl_status ( ) ; \n", "{ call odbcssl_status };",
        "select * from odbcssl_status", " SELECT*FROM\tOdbcssl_Status ;",
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
        "select name from odbcssl_status",
        "select * from odbcssl_status where name = 'x'",
        "select * fromodbcssl_status",
        "select * from odbcssl_status_more",
    };
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (status_parse(calls[i], strlen(calls[i])) != STATUS_STATEMENT_REPORT)
            CHECK_TEXT("not a call", calls[i]);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (status_parse(others[i], strlen(others[i])) != STATUS_STATEMENT_OTHER)
            CHECK_TEXT("a call", others[i]);
    CHECK_NUMBER(status_parse("Select * From odbcssl_certificate;", 34),
                 STATUS_STATEMENT_CERTIFICATE);
}

static void check_built(const struct tls_report *report, enum status_statement kind,
                        const char *server, const char *part)
{
    char *select = status_build_select(report, kind, status_dialect_of(server));
    CHECK_CONTAINS(select, part);
    free(select);
}

CASE("literals that no name can end, for each kind of server")
{
    struct tls_report report = {.version = TLS_VERSION_1_3};
    strcpy(report.peer_subject, "CN=O'Brien\\");
    strcpy(report.peer_certificate, "-----\nabc\x01\n");
    check_built(&report, STATUS_STATEMENT_REPORT, "PostgreSQL",
                "SELECT CAST(E'SQL_SSL_SUMMARY' AS varchar(32)) AS name, CAST(E'");
    check_built(&report, STATUS_STATEMENT_REPORT, "PostgreSQL",
                " UNION ALL SELECT CAST(E'SQL_SSL_PEER_SUBJECT' AS varchar(32)), "
                "CAST(E'CN=O''Brien\\\\' AS varchar(");
    check_built(&report, STATUS_STATEMENT_REPORT, "MariaDB", "'CN=O''Brien\\\\' UNION");
    check_built(&report, STATUS_STATEMENT_REPORT, "Microsoft SQL Server",
                "CAST(N'CN=O''Brien\\' AS nvarchar(");
    check_built(&report, STATUS_STATEMENT_CERTIFICATE, "PostgreSQL",
                "SELECT E'-----\nabc?\n' AS certificate");
}

/* Nothing is told of what is not there, and the certificate only when it is asked for. */
CASE("items that do not apply are left out")
{
    struct tls_report report = {0};
    char *select = status_build_select(&report, STATUS_STATEMENT_REPORT, STATUS_DIALECT_OTHER);
    CHECK_CONTAINS(select, "SELECT 'SQL_SSL_SUMMARY' AS name, 'plaintext");
    CHECK_CONTAINS(select, " UNION ALL SELECT 'SQL_SSL_STATE', 'plaintext by choice'");
    static const char *const absent[] = {"SUBJECT", "CIPHER",      "DAYS_LEFT", "VERIFY",
                                         "RESUMED", "CERTIFICATE", "ALPN",      "PROTOCOL"};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        if (strstr(select, absent[i]) != NULL)
            CHECK_TEXT(select, absent[i]);
    free(select);
    report.has_client_certificate = true;
    report.client_days_left = 7;
    check_built(&report, STATUS_STATEMENT_REPORT, "", "'SQL_SSL_CLIENT_CERT_DAYS_LEFT', '7'");
}

/* Drivers cut values of long types: a long one is told in several rows, between characters. */
CASE("a long value goes on in further rows")
{
    struct tls_report report = {.version = TLS_VERSION_1_3};
    char first[600] = "'";
    for (size_t i = 0; i < 300; i++)
        strcat(report.peer_alt_names, "\xC3\xBC");
    for (size_t i = 0; i < 254; i++)
        strcat(first, "\xC3\xBC");
    strcat(first, "' UNION");
    check_built(&report, STATUS_STATEMENT_REPORT, "", first + 0);
    check_built(&report, STATUS_STATEMENT_REPORT, "PostgreSQL", " AS varchar(254)) UNION");
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
    CHECK_CONTAINS(fake->statement,
                   "SELECT CAST(E'SQL_SSL_SUMMARY' AS varchar(32)) AS name, CAST(E'TLSv1.3 ");
    CHECK_CONTAINS(fake->statement, "CN=O''Brien\\\\, back\\\\\\\\slash");
}

CASE("is replaced in all four functions")
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

SUITE("odbcssl_status", NULL, NULL)
