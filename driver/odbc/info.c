/*
 * info.c - SQLGetInfo: our info types from the report, the server's name as the application knows
 * it, everything else from the real driver.
 */
#include <string.h>

#include "base/text.h"
#include "conn/conn.h"
#include "odbc/call.h"
#include "odbc/strings.h"

/* The application's buffer; size and length in bytes, as in both entry points of SQLGetInfo. */
struct info_buffer {
    SQLPOINTER value;
    SQLSMALLINT size;
    SQLSMALLINT *length;
};

static SQLRETURN give_text(struct handle *handle, enum flavour flavour, const char *text,
                           const struct info_buffer *buffer)
{
    size_t length;
    struct error error = {0};
    if (buffer->size < 0 && buffer->value != NULL)
        return call_fail_state(handle, "HY090", "the size of a buffer is negative");
    size_t size = buffer->size > 0 ? (size_t)buffer->size : 0;
    enum strings_outcome outcome = strings_give(flavour, text, buffer->value, size, &length);
    if (outcome == STRINGS_NO_MEMORY)
        return call_fail_memory(handle);
    if (buffer->length != NULL)
        *buffer->length = (SQLSMALLINT)length;
    if (outcome == STRINGS_COPIED)
        return SQL_SUCCESS;
    error_set(&error, ODBCSSL_WARNING_TRUNCATED, "the value was cut to the size of the buffer");
    diagnostics_add(&handle->diagnostics, &error);
    return SQL_SUCCESS_WITH_INFO;
}

static SQLRETURN give_bytes(const void *bytes, size_t size, const struct info_buffer *buffer)
{
    if (buffer->value != NULL)
        memcpy(buffer->value, bytes, size);
    if (buffer->length != NULL)
        *buffer->length = (SQLSMALLINT)size;
    return SQL_SUCCESS;
}

/* The type decides between UTF-16 and UTF-8, not the entry point: the driver manager does not
 * convert types that it does not know, and brings ANSI calls to a Unicode driver's SQLGetInfoW. */
static SQLRETURN give_report_item(const struct call *call, const struct report_item *item,
                                  bool is_utf8, const struct info_buffer *buffer)
{
    char scratch[REPORT_SCRATCH_SIZE];
    const struct tls_report *report = conn_report(call->connection);
    if (report == NULL)
        return call_fail_memory(call->handle);
    if (item->kind == REPORT_TEXT)
        return give_text(call->handle, is_utf8 ? FLAVOUR_ANSI : FLAVOUR_WIDE,
                         report_text(report, item, scratch), buffer);
    SQLUINTEGER number = (SQLUINTEGER)report_number(report, item);
    return give_bytes(&number, sizeof number, buffer);
}

/* The driver manager answers these itself; without one they are our handles, never the real
 * driver's. A statement's and a descriptor's come in the buffer, and are ours already. */
static SQLRETURN give_handle(const struct call *call, SQLUSMALLINT type,
                             const struct info_buffer *buffer)
{
    SQLHANDLE handle = call->handle;
    if (type == SQL_DRIVER_HENV)
        handle = call->connection->environment;
    else if (type != SQL_DRIVER_HDBC && buffer->value != NULL)
        memcpy(&handle, buffer->value, sizeof handle);
    return give_bytes(&handle, sizeof handle, buffer);
}

static SQLRETURN ask_real_driver(const struct call *call, enum flavour flavour, SQLUSMALLINT type,
                                 const struct info_buffer *buffer)
{
    if (flavour == FLAVOUR_WIDE && call->functions->SQLGetInfoW == NULL)
        return call_lacks_function(call, "SQLGetInfoW");
    if (flavour == FLAVOUR_ANSI && call->functions->SQLGetInfo == NULL)
        return call_lacks_function(call, "SQLGetInfo");
    if (flavour == FLAVOUR_WIDE)
        return CALL_REAL(call, call->functions->SQLGetInfoW(call->real, type, buffer->value,
                                                            buffer->size, buffer->length));
    return CALL_REAL(call, call->functions->SQLGetInfo(call->real, type, buffer->value,
                                                       buffer->size, buffer->length));
}

static SQLRETURN get_info(SQLHDBC handle, enum flavour flavour, SQLUSMALLINT type,
                          const struct info_buffer *buffer)
{
    struct call call;
    bool is_utf8 = false;
    if (!call_begin(&call, HANDLE_CONNECTION, handle))
        return call.outcome;
    const struct report_item *item = report_find(type, &is_utf8);
    if (item != NULL)
        return give_report_item(&call, item, is_utf8, buffer);
    const char *server_name = type == SQL_SERVER_NAME ? conn_server_name(call.connection) : NULL;
    if (server_name != NULL)
        return give_text(call.handle, flavour, server_name, buffer);
    if (type == SQL_DRIVER_HDBC || type == SQL_DRIVER_HENV || type == SQL_DRIVER_HSTMT ||
        type == SQL_DRIVER_HDESC)
        return give_handle(&call, type, buffer);
    return ask_real_driver(&call, flavour, type, buffer);
}

ENTRY
SQLGetInfo(SQLHDBC handle, SQLUSMALLINT type, SQLPOINTER value, SQLSMALLINT size,
           SQLSMALLINT *length)
{
    struct info_buffer buffer = {value, size, length};
    return get_info(handle, FLAVOUR_ANSI, type, &buffer);
}

ENTRY
SQLGetInfoW(SQLHDBC handle, SQLUSMALLINT type, SQLPOINTER value, SQLSMALLINT size,
            SQLSMALLINT *length)
{
    struct info_buffer buffer = {value, size, length};
    return get_info(handle, FLAVOUR_WIDE, type, &buffer);
}
