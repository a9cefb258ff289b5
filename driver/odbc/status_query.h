/*
 * status_query.h - the report for those who have only SQL: {call odbcssl_status}, select * from
 * odbcssl_status, select * from odbcssl_certificate.
 */
#ifndef ODBC_STATUS_QUERY_H
#define ODBC_STATUS_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/report.h"

/* How a server reads a literal. */
enum status_dialect {
    STATUS_DIALECT_OTHER,      /* 'a\\b': right where '\' escapes, and harmless where it does not */
    STATUS_DIALECT_POSTGRESQL, /* E'a\\b': whatever standard_conforming_strings is */
    STATUS_DIALECT_SQL_SERVER  /* N'a\b': '\' stands for itself, N for Unicode */
};

enum status_statement {
    STATUS_STATEMENT_OTHER, /* the real driver's */
    STATUS_STATEMENT_REPORT,
    STATUS_STATEMENT_CERTIFICATE
};

/* Which one the text is, in any of its spellings. */
enum status_statement status_parse(const char *text, size_t length);

/* The dialect for what the server calls itself (SQL_DBMS_NAME). */
enum status_dialect status_dialect_of(const char *dbms_name);

/* A SELECT of literals that the real server can run. REPORT: columns name and value, varchar as
 * wide as the longest value and never too wide for a driver's short types (a longer value goes on
 * in further rows), the summary first, then the items that apply in the order of info.def.
 * CERTIFICATE: one column certificate, in PEM. The caller frees it. NULL: out of memory. */
char *status_build_select(const struct tls_report *report, enum status_statement statement,
                          enum status_dialect dialect);

#endif
