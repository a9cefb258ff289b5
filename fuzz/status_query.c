/*
 * status_query.c - statements that ask for the report, and the report made a statement: no text of
 * the server's certificate ends the literal that it stands in. Input: what to do, and the text.
 */
#include "odbc/status_query.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/target.h"

/* The statement without what stands in its literals, as a server of this dialect reads it. */
static char *bare(const char *text, enum status_dialect dialect, bool is_escaping)
{
    char *out = malloc(strlen(text) + 1), *next = out;
    bool is_quoted = false;
    fuzz_require(out != NULL);
    for (; *text != '\0'; text++) {
        if (!is_quoted || *text == '\'')
            *next++ = *text;
        if (is_quoted && is_escaping && *text == '\\' && text[1] != '\0')
            text++;
        else if (is_quoted && text[0] == '\'' && text[1] == '\'')
            next--, text++;
        else if (*text == '\'')
            is_quoted = !is_quoted;
    }
    *next = '\0';
    fuzz_require(!is_quoted && dialect <= STATUS_DIALECT_SQL_SERVER);
    return out;
}

static char *build(const char *text, enum status_statement statement, enum status_dialect dialect,
                   bool is_escaping)
{
    static struct tls_report report;
    report = (struct tls_report){.version = TLS_VERSION_1_3};
    snprintf(report.peer_subject, sizeof report.peer_subject, "%s", text);
    snprintf(report.peer_certificate, sizeof report.peer_certificate, "%s", text);
    char *select = status_build_select(&report, statement, dialect);
    fuzz_require(select != NULL);
    char *rest = bare(select, dialect, is_escaping);
    free(select);
    return rest;
}

/* MariaDB takes '\' for an escape or not, as its sql_mode says. */
static void try_build(const char *text, uint8_t choice)
{
    enum status_dialect dialect = choice % 3;
    enum status_statement statement =
        (choice & 4) != 0 ? STATUS_STATEMENT_REPORT : STATUS_STATEMENT_CERTIFICATE;
    for (int is_escaping = 0; is_escaping < 2; is_escaping++) {
        if (dialect != STATUS_DIALECT_OTHER &&
            is_escaping != (dialect == STATUS_DIALECT_POSTGRESQL))
            continue;
        char *hostile = build(text, statement, dialect, is_escaping);
        char *wanted = build("x", statement, dialect, is_escaping);
        if (statement == STATUS_STATEMENT_CERTIFICATE)
            fuzz_require(strcmp(hostile, wanted) == 0);
        free(hostile);
        free(wanted);
    }
}

FUZZ_TARGET(status_query, bytes, size)
{
    if (size == 0)
        return;
    char *text = fuzz_text(bytes + 1, size - 1);
    /* Nothing that begins otherwise is taken away from the real driver. */
    if (status_parse((const char *)bytes + 1, size - 1) != STATUS_STATEMENT_OTHER)
        fuzz_require(strcasestr(text, "odbcssl_") != NULL && strlen(text) == size - 1);
    status_dialect_of(text);
    try_build(text, bytes[0]);
    free(text);
}
