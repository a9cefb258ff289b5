/*
 * records.c - SQLGetDiagRec, SQLGetDiagField: our records and the real driver's, in their
 * order.
 *
 * The driver manager reads the same records more than once, so reading changes nothing, and the
 * real driver is asked for its records only.
 */
#include <limits.h>
#include <string.h>

#include "conn/conn.h"
#include "odbc/call.h"
#include "odbc/strings.h"

/* Whose records are read. */
struct source {
    struct handle *handle;
    const struct driver *driver; /* NULL: there are only ours */
    SQLSMALLINT ours;            /* how many */
    enum flavour flavour;
};

/* In a forked child the real driver is not called, not even for its records. */
static bool open_source(struct source *source, enum flavour flavour, SQLSMALLINT handle_type,
                        SQLHANDLE handle)
{
    struct handle *ours = handle_check(handle, (enum handle_kind)handle_type);
    if (ours == NULL)
        return false;
    *source = (struct source){.handle = ours, .flavour = flavour};
    source->ours = (SQLSMALLINT)diagnostics_count(&ours->diagnostics);
    struct connection *connection = ours->connection;
    if (connection != NULL && ours->real != SQL_NULL_HANDLE && !conn_is_forked(connection, NULL))
        source->driver = connection->driver;
    return true;
}

static bool has_real_records(const struct source *source)
{
    return source->driver != NULL && source->handle->order != RECORDS_OURS;
}

static SQLRETURN give_text(enum flavour flavour, const char *text, size_t unit,
                           const struct answer *answer)
{
    return strings_answer(flavour, text, unit, answer) ? SQL_SUCCESS : SQL_SUCCESS_WITH_INFO;
}

/* Counted, since not every driver knows the header field. */
static SQLSMALLINT count_real_records(const struct source *source)
{
    struct diagnostic record;
    SQLSMALLINT count = 0;
    if (!has_real_records(source))
        return 0;
    while (count < SHRT_MAX &&
           real_diagnostic(source->driver, source->handle->kind, source->handle->real, count + 1,
                           source->flavour, &record))
        count++;
    return count;
}

/* true: record number is one of ours; else it is the real driver's number *real_out. */
static bool get_own_record(const struct source *source, SQLSMALLINT number,
                           struct diagnostic *record_out, SQLSMALLINT *real_out)
{
    bool is_real_first = source->handle->order == RECORDS_REAL_THEN_OURS;
    SQLSMALLINT before = is_real_first ? count_real_records(source) : 0;
    *real_out = (SQLSMALLINT)(is_real_first ? number : number - source->ours);
    return number > before &&
           diagnostics_get(&source->handle->diagnostics, (size_t)(number - before) - 1, record_out);
}

/* The driver manager reads with the wide functions whenever we have them, whatever the real driver
 * has. Size and length are characters. */
SQLRETURN shared_SQLGetDiagRec(enum flavour flavour, SQLSMALLINT handle_type, SQLHANDLE handle,
                               SQLSMALLINT number, void *sqlstate, SQLINTEGER *native,
                               void *message, SQLSMALLINT size, SQLSMALLINT *length)
{
    const struct answer answer = {message, size, length};
    struct source source;
    struct diagnostic record;
    SQLSMALLINT real;
    size_t unit = strings_unit(flavour), sqlstate_length;
    if (!open_source(&source, flavour, handle_type, handle))
        return SQL_INVALID_HANDLE;
    if (number < 1 || size < 0)
        return SQL_ERROR;
    if (!get_own_record(&source, number, &record, &real)) {
        if (!has_real_records(&source))
            return SQL_NO_DATA;
        if (HAS_FLAVOUR(&source.driver->functions, flavour, SQLGetDiagRec))
            return CALL_FLAVOUR(
                &source.driver->functions, flavour, SQLGetDiagRec,
                (handle_type, source.handle->real, real, sqlstate, native, message, size, length));
        if (!real_diagnostic(source.driver, source.handle->kind, source.handle->real, real, flavour,
                             &record))
            return SQL_NO_DATA;
    }
    if (sqlstate != NULL)
        strings_give(flavour, record.sqlstate, sqlstate, sizeof record.sqlstate * unit,
                     &sqlstate_length);
    if (native != NULL)
        *native = record.native;
    return give_text(flavour, record.message, unit, &answer);
}

static SQLRETURN give_integer(const struct answer *answer, SQLINTEGER number)
{
    return strings_answer_bytes(&number, sizeof number, answer);
}

/* Fields of a record that we hold: ODBC reference, SQLGetDiagField. Size and length are bytes in
 * both flavours. */
static SQLRETURN get_record_field(const struct source *source, const struct diagnostic *record,
                                  SQLSMALLINT field, const struct answer *answer)
{
    const SQLLEN row = SQL_NO_ROW_NUMBER;
    const struct connection *connection = source->handle->connection;
    const char *text = "";
    switch (field) {
    case SQL_DIAG_NATIVE:
        return give_integer(answer, record->native);
    case SQL_DIAG_ROW_NUMBER:
        return strings_answer_bytes(&row, sizeof row, answer);
    case SQL_DIAG_COLUMN_NUMBER:
        return give_integer(answer, SQL_NO_COLUMN_NUMBER);
    case SQL_DIAG_SQLSTATE:
        text = record->sqlstate;
        break;
    case SQL_DIAG_MESSAGE_TEXT:
        text = record->message;
        break;
    case SQL_DIAG_CLASS_ORIGIN:
    case SQL_DIAG_SUBCLASS_ORIGIN:
        text = strncmp(record->sqlstate, "IM", 2) == 0 ? "ODBC 3.0" : "ISO 9075";
        break;
    case SQL_DIAG_CONNECTION_NAME:
        break;
    case SQL_DIAG_SERVER_NAME: /* SQL_DATA_SOURCE_NAME, which real drivers are not told */
        if (connection != NULL && conn_data_source(connection) != NULL)
            text = conn_data_source(connection);
        break;
    default:
        return SQL_ERROR;
    }
    return give_text(source->flavour, text, 1, answer);
}

/* Some have no other name than the data source's, which they were not told. */
static bool is_server_unnamed(const struct source *source, SQLSMALLINT number)
{
    const struct driver_functions *functions = &source->driver->functions;
    enum flavour flavour = EITHER_FLAVOUR(functions, FLAVOUR_WIDE, SQLGetDiagField);
    SQLSMALLINT length = -1;
    SQLWCHAR text[64];
    return HAS_FLAVOUR(functions, flavour, SQLGetDiagField) &&
           SQL_SUCCEEDED(
               CALL_FLAVOUR(functions, flavour, SQLGetDiagField,
                            ((SQLSMALLINT)source->handle->kind, source->handle->real, number,
                             SQL_DIAG_SERVER_NAME, text, sizeof text, &length))) &&
           length == 0;
}

static SQLRETURN get_real_field(const struct source *source, SQLSMALLINT number, SQLSMALLINT field,
                                const struct answer *answer)
{
    const struct driver_functions *functions = &source->driver->functions;
    struct handle *handle = source->handle;
    const struct connection *connection = handle->connection;
    struct diagnostic record;
    const char *text = NULL;
    if (field == SQL_DIAG_SERVER_NAME && number > 0 && connection->is_connected)
        text = conn_record_server(connection, handle->kind, is_server_unnamed(source, number));
    if (text != NULL)
        return give_text(source->flavour, text, 1, answer);
    if (HAS_FLAVOUR(functions, source->flavour, SQLGetDiagField))
        return CALL_FLAVOUR(functions, source->flavour, SQLGetDiagField,
                            ((SQLSMALLINT)handle->kind, handle->real, number, field, answer->value,
                             answer->size, answer->length));
    if (number < 1 || !real_diagnostic(source->driver, handle->kind, handle->real, number,
                                       source->flavour, &record))
        return SQL_ERROR;
    return get_record_field(source, &record, field, answer);
}

static SQLRETURN get_header_field(const struct source *source, SQLSMALLINT field,
                                  const struct answer *answer)
{
    if (field == SQL_DIAG_NUMBER)
        return give_integer(answer, source->ours + count_real_records(source));
    if (field == SQL_DIAG_RETURNCODE && source->ours > 0) {
        /* It is our records that tell: SQLSTATE class 01 is a warning. */
        struct diagnostic record;
        SQLRETURN outcome = SQL_SUCCESS_WITH_INFO;
        for (size_t i = 0; diagnostics_get(&source->handle->diagnostics, i, &record); i++)
            if (strncmp(record.sqlstate, "01", 2) != 0)
                outcome = SQL_ERROR;
        if (answer->value != NULL)
            *(SQLRETURN *)answer->value = outcome;
        return SQL_SUCCESS;
    }
    return source->driver != NULL ? get_real_field(source, 0, field, answer) : SQL_ERROR;
}

SQLRETURN shared_SQLGetDiagField(enum flavour flavour, SQLSMALLINT handle_type, SQLHANDLE handle,
                                 SQLSMALLINT number, SQLSMALLINT field, SQLPOINTER value,
                                 SQLSMALLINT size, SQLSMALLINT *length)
{
    const struct answer answer = {value, size, length};
    struct source source;
    struct diagnostic record;
    SQLSMALLINT real;
    if (!open_source(&source, flavour, handle_type, handle))
        return SQL_INVALID_HANDLE;
    if (number < 0)
        return SQL_ERROR;
    if (number == 0)
        return get_header_field(&source, field, &answer);
    if (get_own_record(&source, number, &record, &real))
        return get_record_field(&source, &record, field, &answer);
    return has_real_records(&source) ? get_real_field(&source, real, field, &answer) : SQL_NO_DATA;
}
