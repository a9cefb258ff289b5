/*
 * status.h - the statement {call odbcssl_status}: the report for those who have only SQL.
 */
#ifndef ODBC_STATUS_H
#define ODBC_STATUS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/report.h"

/* How a server reads a literal. */
enum status_dialect {
    STATUS_DIALECT_OTHER,      /* 'a\\b': right where '\' escapes, and harmless where it does not */
    STATUS_DIALECT_POSTGRESQL, /* E'a\\b': whatever standard_conforming_strings is */
    STATUS_DIALECT_SQL_SERVER  /* N'a\b': '\' stands for itself, N for Unicode */
};

/* Whether the text is the call, in any of its spellings. */
bool status_is_call(const char *text, size_t length);

/* The dialect for what the server calls itself (SQL_DBMS_NAME). */
enum status_dialect status_dialect_of(const char *dbms_name);

/* A SELECT of literals with columns name and value, one row per report item in the order of
 * info.def. The caller frees it. NULL: out of memory. */
char *status_build_select(const struct tls_report *report, enum status_dialect dialect);

#endif
