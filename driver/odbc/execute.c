/*
 * execute.c - SQLPrepare, SQLExecDirect: the statements of status_query.h become a SELECT of
 * literals, every other one goes to the real driver as it is.
 */
#include <stdlib.h>
#include <string.h>

#include "base/scratch.h"
#include "base/text.h"
#include "conn/conn.h"
#include "odbc/call.h"
#include "odbc/status_query.h"
#include "odbc/strings.h"

/* Longer texts are not the call, and are not even looked at. */
#define CALL_LENGTH_LIMIT 128

/* A character that is not ASCII becomes '?', which occurs in no text that is looked for. */
static void narrow(const SQLWCHAR *wide, size_t count, char *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = wide[i] < 0x80 ? (char)wide[i] : '?';
}

static enum status_statement parse(enum flavour flavour, const void *text, SQLINTEGER length)
{
    char narrowed[CALL_LENGTH_LIMIT];
    if (text == NULL || (length < 0 && length != SQL_NTS))
        return STATUS_STATEMENT_OTHER;
    size_t count = length != SQL_NTS ? (size_t)length : 0;
    while (length == SQL_NTS && count <= CALL_LENGTH_LIMIT &&
           (flavour == FLAVOUR_WIDE ? ((const SQLWCHAR *)text)[count] != 0
                                    : ((const char *)text)[count] != '\0'))
        count++;
    if (count > CALL_LENGTH_LIMIT)
        return STATUS_STATEMENT_OTHER;
    if (flavour == FLAVOUR_WIDE)
        narrow(text, count, narrowed);
    return status_parse(flavour == FLAVOUR_WIDE ? narrowed : text, count);
}

static enum status_dialect ask_dialect(const struct call *call)
{
    SQLWCHAR wide[64] = {0};
    char name[64] = "";
    SQLHDBC real = call->connection->handle.real;
    if (call->functions->SQLGetInfo != NULL) {
        CALL_REAL(call, call->functions->SQLGetInfo(real, SQL_DBMS_NAME, name, sizeof name, NULL));
    } else if (call->functions->SQLGetInfoW != NULL) {
        CALL_REAL(call, call->functions->SQLGetInfoW(real, SQL_DBMS_NAME, wide, sizeof wide, NULL));
        narrow(wide, sizeof name, name);
    }
    name[sizeof name - 1] = '\0';
    return status_dialect_of(name);
}

/* The SELECT in the flavour; the caller frees it. NULL: out of memory. */
static void *build_status(const struct call *call, enum flavour flavour,
                          enum status_statement statement)
{
    struct tls_report *report = scratch_new(sizeof *report);
    char *select = NULL;
    if (report != NULL) {
        conn_report(call->connection, report);
        select = status_build_select(report, statement, ask_dialect(call));
    }
    scratch_free(report, sizeof *report);
    if (select == NULL || flavour == FLAVOUR_ANSI)
        return select;
    uint16_t *wide = text_to_utf16(select, strlen(select), NULL);
    free(select);
    return wide;
}

static SQLRETURN run(enum flavour flavour, SQLHSTMT handle, void *text, SQLINTEGER length,
                     bool is_executed)
{
    struct call call;
    void *replacement = NULL;
    if (!call_begin(&call, HANDLE_STATEMENT, handle))
        return call.outcome;
    enum status_statement statement = parse(flavour, text, length);
    if (statement != STATUS_STATEMENT_OTHER) {
        replacement = build_status(&call, flavour, statement);
        if (replacement == NULL)
            return call_fail_memory(call.handle);
        text = replacement;
        length = SQL_NTS;
    }
    SQLRETURN outcome = is_executed
                            ? CALL_TEXT(&call, flavour, SQLExecDirect, (call.real, text, length))
                            : CALL_TEXT(&call, flavour, SQLPrepare, (call.real, text, length));
    free(replacement);
    return outcome;
}

SQLRETURN shared_SQLPrepare(enum flavour flavour, SQLHSTMT handle, void *text, SQLINTEGER length)
{
    return run(flavour, handle, text, length, false);
}

SQLRETURN shared_SQLExecDirect(enum flavour flavour, SQLHSTMT handle, void *text, SQLINTEGER length)
{
    return run(flavour, handle, text, length, true);
}
