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

/* Where one record goes; size and length in characters. */
struct record_buffer {
    void *sqlstate;
    SQLINTEGER *native;
    void *message;
    SQLSMALLINT size;
    SQLSMALLINT *length;
};

/* Where one field goes; size and length in bytes. */
struct field_buffer {
    SQLPOINTER value;
    SQLSMALLINT size;
    SQLSMALLINT *length;
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
    struct connection *connection = call_connection_of(ours);
    if (connection != NULL && ours->real != SQL_NULL_HANDLE && !call_is_forked(connection))
        source->driver = connection->driver;
    return true;
}

static bool has_real_records(const struct source *source)
{
    return source->driver != NULL && source->handle->order != RECORDS_OURS;
}

static SQLRETURN give_text(enum flavour flavour, const char *text, void *out, SQLSMALLINT size,
                           size_t unit, SQLSMALLINT *length_out)
{
    size_t length;
    size_t bytes = size > 0 ? (size_t)size * unit : 0;
    enum strings_outcome outcome = strings_give(flavour, text, out, bytes, &length);
    if (outcome == STRINGS_NO_MEMORY)
        return SQL_ERROR;
    if (length_out != NULL)
        *length_out = (SQLSMALLINT)(length / unit);
    return outcome == STRINGS_CUT ? SQL_SUCCESS_WITH_INFO : SQL_SUCCESS;
}

static SQLRETURN give_record(enum flavour flavour, const struct diagnostic *record,
                             const struct record_buffer *buffer)
{
    size_t length, unit = strings_unit(flavour);
    if (buffer->sqlstate != NULL)
        strings_give(flavour, record->sqlstate, buffer->sqlstate, sizeof record->sqlstate * unit,
                     &length);
    if (buffer->native != NULL)
        *buffer->native = record->native;
    return give_text(flavour, record->message, buffer->message, buffer->size, unit, buffer->length);
}

static SQLRETURN get_real_record(const struct source *source, SQLSMALLINT number,
                                 const struct record_buffer *buffer)
{
    struct diagnostic record;
    const struct driver_functions *functions = source->driver->functions;
    SQLSMALLINT kind = (SQLSMALLINT)source->handle->kind;
    SQLHANDLE real = source->handle->real;
    if (source->flavour == FLAVOUR_WIDE && functions->SQLGetDiagRecW != NULL)
        return functions->SQLGetDiagRecW(kind, real, number, buffer->sqlstate, buffer->native,
                                         buffer->message, buffer->size, buffer->length);
    if (source->flavour == FLAVOUR_ANSI && functions->SQLGetDiagRec != NULL)
        return functions->SQLGetDiagRec(kind, real, number, buffer->sqlstate, buffer->native,
                                        buffer->message, buffer->size, buffer->length);
    /* The driver manager reads with the wide functions whenever we have them, whatever the real
     * driver has. */
    if (!real_diagnostic(source->driver, source->handle->kind, real, number, &record))
        return SQL_NO_DATA;
    return give_record(source->flavour, &record, buffer);
}

/* Counted, since not every driver knows the header field. */
static SQLSMALLINT count_real_records(const struct source *source)
{
    struct diagnostic record;
    SQLSMALLINT count = 0;
    if (!has_real_records(source))
        return 0;
    while (count < SHRT_MAX && real_diagnostic(source->driver, source->handle->kind,
                                               source->handle->real, count + 1, &record))
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

static SQLRETURN get_record(enum flavour flavour, SQLSMALLINT handle_type, SQLHANDLE handle,
                            SQLSMALLINT number, const struct record_buffer *buffer)
{
    struct source source;
    struct diagnostic record;
    SQLSMALLINT real;
    if (!open_source(&source, flavour, handle_type, handle))
        return SQL_INVALID_HANDLE;
    if (number < 1 || buffer->size < 0)
        return SQL_ERROR;
    if (get_own_record(&source, number, &record, &real))
        return give_record(flavour, &record, buffer);
    return has_real_records(&source) ? get_real_record(&source, real, buffer) : SQL_NO_DATA;
}

ENTRY
SQLGetDiagRec(SQLSMALLINT handle_type, SQLHANDLE handle, SQLSMALLINT number, SQLCHAR *sqlstate,
              SQLINTEGER *native, SQLCHAR *message, SQLSMALLINT size, SQLSMALLINT *length)
{
    struct record_buffer buffer = {sqlstate, native, message, size, length};
    return get_record(FLAVOUR_ANSI, handle_type, handle, number, &buffer);
}

ENTRY
SQLGetDiagRecW(SQLSMALLINT handle_type, SQLHANDLE handle, SQLSMALLINT number, SQLWCHAR *sqlstate,
               SQLINTEGER *native, SQLWCHAR *message, SQLSMALLINT size, SQLSMALLINT *length)
{
    struct record_buffer buffer = {sqlstate, native, message, size, length};
    return get_record(FLAVOUR_WIDE, handle_type, handle, number, &buffer);
}

static SQLRETURN give_integer(const struct field_buffer *buffer, SQLINTEGER number)
{
    if (buffer->value != NULL)
        *(SQLINTEGER *)buffer->value = number;
    if (buffer->length != NULL)
        *buffer->length = sizeof number;
    return SQL_SUCCESS;
}

static SQLRETURN give_wide_integer(const struct field_buffer *buffer, SQLLEN number)
{
    if (buffer->value != NULL)
        *(SQLLEN *)buffer->value = number;
    if (buffer->length != NULL)
        *buffer->length = sizeof number;
    return SQL_SUCCESS;
}

/* Size and length are in bytes in both flavours. */
static SQLRETURN give_field_text(enum flavour flavour, const char *text,
                                 const struct field_buffer *buffer)
{
    return give_text(flavour, text, buffer->value, buffer->size, 1, buffer->length);
}

/* SQL_DIAG_SERVER_NAME is what SQL_DATA_SOURCE_NAME is; real drivers are not told the data source.
 */
static const char *data_source_of(const struct source *source)
{
    const struct connection *connection = call_connection_of(source->handle);
    const char *name = connection != NULL ? conn_data_source(connection) : NULL;
    return name != NULL ? name : "";
}

/* Fields of a record that we hold: ODBC reference, SQLGetDiagField. */
static SQLRETURN get_record_field(const struct source *source, const struct diagnostic *record,
                                  SQLSMALLINT field, const struct field_buffer *buffer)
{
    switch (field) {
    case SQL_DIAG_SQLSTATE:
        return give_field_text(source->flavour, record->sqlstate, buffer);
    case SQL_DIAG_NATIVE:
        return give_integer(buffer, record->native);
    case SQL_DIAG_MESSAGE_TEXT:
        return give_field_text(source->flavour, record->message, buffer);
    case SQL_DIAG_CLASS_ORIGIN:
    case SQL_DIAG_SUBCLASS_ORIGIN:
        return give_field_text(source->flavour,
                               strncmp(record->sqlstate, "IM", 2) == 0 ? "ODBC 3.0" : "ISO 9075",
                               buffer);
    case SQL_DIAG_CONNECTION_NAME:
        return give_field_text(source->flavour, "", buffer);
    case SQL_DIAG_SERVER_NAME:
        return give_field_text(source->flavour, data_source_of(source), buffer);
    case SQL_DIAG_ROW_NUMBER:
        return give_wide_integer(buffer, SQL_NO_ROW_NUMBER);
    case SQL_DIAG_COLUMN_NUMBER:
        return give_integer(buffer, SQL_NO_COLUMN_NUMBER);
    default:
        return SQL_ERROR;
    }
}

/* Some have no other name than the data source's, which they were not told. */
static bool is_server_unnamed(const struct source *source, SQLSMALLINT number)
{
    const struct driver_functions *functions = source->driver->functions;
    SQLSMALLINT kind = (SQLSMALLINT)source->handle->kind, length = -1;
    SQLWCHAR text[64];
    SQLHANDLE real = source->handle->real;
    if (functions->SQLGetDiagFieldW != NULL)
        return SQL_SUCCEEDED(functions->SQLGetDiagFieldW(kind, real, number, SQL_DIAG_SERVER_NAME,
                                                         text, sizeof text, &length)) &&
               length == 0;
    return functions->SQLGetDiagField != NULL &&
           SQL_SUCCEEDED(functions->SQLGetDiagField(kind, real, number, SQL_DIAG_SERVER_NAME, text,
                                                    sizeof text, &length)) &&
           length == 0;
}

/* What SQL_DIAG_SERVER_NAME of a real driver's record would be without us; NULL: what it says. */
static const char *find_server_name(const struct source *source, SQLSMALLINT number)
{
    const struct connection *connection = call_connection_of(source->handle);
    return connection->is_connected ? conn_record_server(connection, source->handle->kind,
                                                         is_server_unnamed(source, number))
                                    : NULL;
}

static SQLRETURN get_real_field(const struct source *source, SQLSMALLINT number, SQLSMALLINT field,
                                const struct field_buffer *buffer)
{
    const char *text;
    if (field == SQL_DIAG_SERVER_NAME && number > 0 &&
        (text = find_server_name(source, number)) != NULL)
        return give_field_text(source->flavour, text, buffer);
    const struct driver_functions *functions = source->driver->functions;
    SQLSMALLINT kind = (SQLSMALLINT)source->handle->kind;
    SQLHANDLE real = source->handle->real;
    if (source->flavour == FLAVOUR_WIDE && functions->SQLGetDiagFieldW != NULL)
        return functions->SQLGetDiagFieldW(kind, real, number, field, buffer->value, buffer->size,
                                           buffer->length);
    if (source->flavour == FLAVOUR_ANSI && functions->SQLGetDiagField != NULL)
        return functions->SQLGetDiagField(kind, real, number, field, buffer->value, buffer->size,
                                          buffer->length);
    struct diagnostic record;
    if (number < 1 || !real_diagnostic(source->driver, source->handle->kind, real, number, &record))
        return SQL_ERROR;
    return get_record_field(source, &record, field, buffer);
}

/* What the call returned, when it is our records that tell: SQLSTATE class 01 is a warning. */
static SQLRETURN outcome_of(const struct source *source)
{
    struct diagnostic record;
    for (size_t i = 0; diagnostics_get(&source->handle->diagnostics, i, &record); i++)
        if (strncmp(record.sqlstate, "01", 2) != 0)
            return SQL_ERROR;
    return SQL_SUCCESS_WITH_INFO;
}

static SQLRETURN get_header_field(const struct source *source, SQLSMALLINT field,
                                  const struct field_buffer *buffer)
{
    if (field == SQL_DIAG_NUMBER)
        return give_integer(buffer, source->ours + count_real_records(source));
    if (field == SQL_DIAG_RETURNCODE && source->ours > 0) {
        if (buffer->value != NULL)
            *(SQLRETURN *)buffer->value = outcome_of(source);
        return SQL_SUCCESS;
    }
    return source->driver != NULL ? get_real_field(source, 0, field, buffer) : SQL_ERROR;
}

static SQLRETURN get_field(enum flavour flavour, SQLSMALLINT handle_type, SQLHANDLE handle,
                           SQLSMALLINT number, SQLSMALLINT field, const struct field_buffer *buffer)
{
    struct source source;
    struct diagnostic record;
    SQLSMALLINT real;
    if (!open_source(&source, flavour, handle_type, handle))
        return SQL_INVALID_HANDLE;
    if (number < 0)
        return SQL_ERROR;
    if (number == 0)
        return get_header_field(&source, field, buffer);
    if (get_own_record(&source, number, &record, &real))
        return get_record_field(&source, &record, field, buffer);
    return has_real_records(&source) ? get_real_field(&source, real, field, buffer) : SQL_NO_DATA;
}

ENTRY
SQLGetDiagField(SQLSMALLINT handle_type, SQLHANDLE handle, SQLSMALLINT number, SQLSMALLINT field,
                SQLPOINTER value, SQLSMALLINT size, SQLSMALLINT *length)
{
    struct field_buffer buffer = {value, size, length};
    return get_field(FLAVOUR_ANSI, handle_type, handle, number, field, &buffer);
}

ENTRY
SQLGetDiagFieldW(SQLSMALLINT handle_type, SQLHANDLE handle, SQLSMALLINT number, SQLSMALLINT field,
                 SQLPOINTER value, SQLSMALLINT size, SQLSMALLINT *length)
{
    struct field_buffer buffer = {value, size, length};
    return get_field(FLAVOUR_WIDE, handle_type, handle, number, field, &buffer);
}
