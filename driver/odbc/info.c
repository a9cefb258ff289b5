/*
 * info.c - SQLGetInfo: our info types from the report, the server's name as the application knows
 * it, everything else from the real driver.
 */
#include <string.h>

#include "base/scratch.h"
#include "base/text.h"
#include "conn/conn.h"
#include "odbc/call.h"
#include "odbc/strings.h"

/* Size and length are bytes in both flavours. */
static SQLRETURN give_text(struct handle *handle, enum flavour flavour, const char *text,
                           const struct answer *answer)
{
    if (answer->size < 0 && answer->value != NULL)
        return call_fail_state(handle, "HY090", "the size of a buffer is negative");
    return strings_answer(flavour, text, 1, answer) ? SQL_SUCCESS
                                                    : call_warn_truncated(handle, "the value");
}

/* The type decides between UTF-16 and UTF-8, not the entry point: the driver manager does not
 * convert types that it does not know, and brings ANSI calls to a Unicode driver's SQLGetInfoW. */
static SQLRETURN give_report_item(const struct call *call, const struct report_item *item,
                                  bool is_utf8, const struct answer *answer)
{
    char scratch[REPORT_SCRATCH_SIZE];
    struct tls_report *report = scratch_new(sizeof *report);
    SQLRETURN outcome;
    if (report == NULL)
        return call_fail_memory(call->handle);
    conn_report(call->connection, report);
    if (item->kind == REPORT_TEXT) {
        outcome = give_text(call->handle, is_utf8 ? FLAVOUR_ANSI : FLAVOUR_WIDE,
                            report_text(report, item, scratch), answer);
    } else {
        SQLUINTEGER number = (SQLUINTEGER)report_number(report, item);
        outcome = strings_answer_bytes(&number, sizeof number, answer);
    }
    scratch_free(report, sizeof *report);
    return outcome;
}

/* The driver manager answers these itself; without one they are our handles, never the real
 * driver's. A statement's and a descriptor's come in the buffer, and are ours already. */
static SQLRETURN give_handle(const struct call *call, SQLUSMALLINT type,
                             const struct answer *answer)
{
    SQLHANDLE handle = call->handle;
    if (type == SQL_DRIVER_HENV)
        handle = call->connection->environment;
    else if (type != SQL_DRIVER_HDBC && answer->value != NULL)
        memcpy(&handle, answer->value, sizeof handle);
    return strings_answer_bytes(&handle, sizeof handle, answer);
}

SQLRETURN shared_SQLGetInfo(enum flavour flavour, SQLHDBC handle, SQLUSMALLINT type,
                            SQLPOINTER value, SQLSMALLINT size, SQLSMALLINT *length)
{
    struct call call;
    bool is_utf8 = false;
    const struct answer answer = {value, size, length};
    if (!call_begin(&call, HANDLE_CONNECTION, handle))
        return call.outcome;
    const struct report_item *item = report_find(type, &is_utf8);
    if (item != NULL)
        return give_report_item(&call, item, is_utf8, &answer);
    const char *server_name = type == SQL_SERVER_NAME ? conn_server_name(call.connection) : NULL;
    if (server_name != NULL)
        return give_text(call.handle, flavour, server_name, &answer);
    if (type == SQL_DRIVER_HDBC || type == SQL_DRIVER_HENV || type == SQL_DRIVER_HSTMT ||
        type == SQL_DRIVER_HDESC)
        return give_handle(&call, type, &answer);
    return CALL_TEXT(&call, flavour, SQLGetInfo, (call.real, type, value, size, length));
}
