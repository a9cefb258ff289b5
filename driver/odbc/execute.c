/*
 * execute.c - SQLPrepare, SQLExecDirect: the statements of status_query.h become a SELECT of
 * literals, every other one goes to the real driver as it is.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conn/conn.h"
#include "odbc/call.h"
#include "odbc/status_query.h"
#include "odbc/strings.h"

/* Longer texts are not the call, and are not even looked at. */
#define CALL_LENGTH_LIMIT 128

static size_t count_characters(enum flavour flavour, const void *text, SQLINTEGER length)
{
    size_t limit = length == SQL_NTS ? CALL_LENGTH_LIMIT + 1 : (size_t)length;
    size_t count = 0;
    if (length != SQL_NTS)
        return limit;
    if (flavour == FLAVOUR_ANSI)
        return strnlen(text, limit);
    while (count < limit && ((const SQLWCHAR *)text)[count] != 0)
        count++;
    return count;
}

/* Narrowed character by character: one that is not ASCII does not occur in the call. */
static enum status_statement parse(enum flavour flavour, const void *text, SQLINTEGER length)
{
    char narrow[CALL_LENGTH_LIMIT];
    if (text == NULL || (length < 0 && length != SQL_NTS))
        return STATUS_STATEMENT_OTHER;
    size_t count = count_characters(flavour, text, length);
    if (count > CALL_LENGTH_LIMIT)
        return STATUS_STATEMENT_OTHER;
    if (flavour == FLAVOUR_ANSI)
        return status_parse(text, count);
    const SQLWCHAR *wide = text;
    for (size_t i = 0; i < count; i++)
        narrow[i] = wide[i] < 0x80 ? (char)wide[i] : '?';
    return status_parse(narrow, count);
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
        for (size_t i = 0; i + 1 < sizeof name && wide[i] != 0; i++)
            name[i] = wide[i] < 0x80 ? (char)wide[i] : '?';
    }
    name[sizeof name - 1] = '\0';
    return status_dialect_of(name);
}

/* The SELECT in the flavour; the caller frees it. NULL: out of memory. */
static void *build_status(const struct call *call, enum flavour flavour,
                          enum status_statement statement)
{
    const struct tls_report *report = conn_report(call->connection);
    char *select =
        report != NULL ? status_build_select(report, statement, ask_dialect(call)) : NULL;
    if (select == NULL || flavour == FLAVOUR_ANSI)
        return select;
    uint16_t *wide = text_to_utf16(select, strlen(select), NULL);
    free(select);
    return wide;
}

/* The text that the real driver is to get: *replacement_out is to be freed after the call. */
static bool replace_text(const struct call *call, enum flavour flavour, void **text,
                         SQLINTEGER *length, void **replacement_out)
{
    enum status_statement statement = parse(flavour, *text, *length);
    *replacement_out = NULL;
    if (statement == STATUS_STATEMENT_OTHER)
        return true;
    *replacement_out = build_status(call, flavour, statement);
    *text = *replacement_out;
    *length = SQL_NTS;
    return *text != NULL;
}

#define RUN_AS(name, flavour, type)                                                                \
    ENTRY name(SQLHSTMT handle, type *text, SQLINTEGER length)                                     \
    {                                                                                              \
        struct call call;                                                                          \
        void *actual = text, *replacement;                                                         \
        if (!call_begin(&call, HANDLE_STATEMENT, handle))                                          \
            return call.outcome;                                                                   \
        if (call.functions->name == NULL)                                                          \
            return call_lacks_function(&call, #name);                                              \
        if (!replace_text(&call, flavour, &actual, &length, &replacement))                         \
            return call_fail_memory(call.handle);                                                  \
        SQLRETURN outcome = CALL_REAL(&call, call.functions->name(call.real, actual, length));     \
        free(replacement);                                                                         \
        return outcome;                                                                            \
    }

RUN_AS(SQLPrepare, FLAVOUR_ANSI, SQLCHAR)
RUN_AS(SQLPrepareW, FLAVOUR_WIDE, SQLWCHAR)
RUN_AS(SQLExecDirect, FLAVOUR_ANSI, SQLCHAR)
RUN_AS(SQLExecDirectW, FLAVOUR_WIDE, SQLWCHAR)
