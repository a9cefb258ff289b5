/*
 * connect.c - SQLConnect, SQLDriverConnect, SQLBrowseConnect, SQLDisconnect: from the application's
 * arguments to a list of settings for conn/, and back to a connection string.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conn/conn.h"
#include "odbc/call.h"
#include "odbc/strings.h"

/* Where the connection string for the application goes; lengths in characters. */
struct output {
    void *text;
    SQLSMALLINT size;
    SQLSMALLINT *length;
};

static const char negative_length[] = "the length of a string is negative";

static struct connection *begin_connect(SQLHDBC handle, SQLRETURN *outcome_out)
{
    struct handle *ours = handle_check(handle, HANDLE_CONNECTION);
    *outcome_out = SQL_INVALID_HANDLE;
    if (ours == NULL)
        return NULL;
    handle_clear_records(ours);
    struct connection *connection = (struct connection *)ours;
    if (!connection->is_connected)
        return connection;
    *outcome_out = call_fail_state(ours, "08002", "the connection is open already");
    return NULL;
}

static SQLRETURN give_output(struct connection *connection, enum flavour flavour, const char *text,
                             const struct output *output, SQLRETURN outcome)
{
    size_t length, unit = strings_unit(flavour);
    size_t size = output->size > 0 ? (size_t)output->size * unit : 0;
    switch (strings_give(flavour, text, output->text, size, &length)) {
    case STRINGS_COPIED:
        break;
    case STRINGS_CUT: {
        struct error error = {0};
        error_set(&error, ODBCSSL_WARNING_TRUNCATED,
                  "the connection string was cut to the size of the buffer");
        diagnostics_add(&connection->handle.diagnostics, &error);
        outcome = outcome == SQL_SUCCESS ? SQL_SUCCESS_WITH_INFO : outcome;
        break;
    }
    case STRINGS_NO_MEMORY:
        return outcome; /* the connection is open: an error would be wrong */
    }
    if (output->length != NULL)
        *output->length = (SQLSMALLINT)(length / unit);
    return outcome;
}

/* The driver manager's own message, which it would add if it could ask the real driver. To records
 * that SQLConnect brings it adds its name itself. */
static SQLRETURN warn_of_version(struct connection *connection, const char *manager,
                                 SQLRETURN outcome)
{
    struct diagnostic record = {.sqlstate = "01000"};
    if (!SQL_SUCCEEDED(outcome) || !connection_has_lower_version(connection))
        return outcome;
    snprintf(record.message, sizeof record.message,
             "%s[Driver Manager]Driver does not support the requested version", manager);
    diagnostics_add_record(&connection->handle.diagnostics, &record);
    return SQL_SUCCESS_WITH_INFO;
}

static SQLRETURN connect_request(struct connection *connection,
                                 const struct connect_request *request, const struct output *output)
{
    struct connect_result result = {0};
    connection->flavour = request->flavour;
    SQLRETURN outcome = conn_connect(connection, request, &result);
    connection->is_connected = SQL_SUCCEEDED(outcome);
    if (result.out_string != NULL && (SQL_SUCCEEDED(outcome) || outcome == SQL_NEED_DATA))
        outcome = give_output(connection, request->flavour, result.out_string, output, outcome);
    text_free_secret(result.out_string);
    return outcome;
}

/* Takes the connection string out of the arguments and connects. */
static SQLRETURN connect_with(struct connection *connection, const struct connect_request *request,
                              const void *in, SQLSMALLINT in_length, const struct output *output)
{
    size_t length;
    if (in_length < 0 && in_length != SQL_NTS)
        return call_fail_state(&connection->handle, "HY090", negative_length);
    if (output->size < 0)
        return call_fail_state(&connection->handle, "HY090", "the size of a buffer is negative");
    char *text = strings_take(request->flavour, in, in_length, &length);
    if (text == NULL)
        return call_fail_memory(&connection->handle);
    struct connstr settings;
    struct error error = {0};
    bool is_parsed = connstr_parse(text, length, &settings, &error);
    text_free_secret(text);
    if (!is_parsed) {
        diagnostics_add(&connection->handle.diagnostics, &error);
        return SQL_ERROR;
    }
    struct connect_request complete = *request;
    complete.settings = &settings;
    SQLRETURN outcome = connect_request(connection, &complete, output);
    connstr_free(&settings);
    return warn_of_version(connection, "[unixODBC]", outcome);
}

/* Without a window nobody can be prompted: the real driver is to say what it misses instead. */
static SQLRETURN driver_connect(SQLHDBC handle, enum flavour flavour, SQLHWND window,
                                SQLUSMALLINT completion, const void *in, SQLSMALLINT in_length,
                                const struct output *output)
{
    SQLRETURN outcome;
    struct connection *connection = begin_connect(handle, &outcome);
    if (connection == NULL)
        return outcome;
    struct connect_request request = {
        .function = CONNECT_DRIVER_CONNECT,
        .flavour = flavour,
        .window = window,
        .completion = window != NULL ? completion : SQL_DRIVER_NOPROMPT,
    };
    return connect_with(connection, &request, in, in_length, output);
}

ENTRY
SQLDriverConnect(SQLHDBC handle, SQLHWND window, SQLCHAR *in, SQLSMALLINT in_length, SQLCHAR *out,
                 SQLSMALLINT out_size, SQLSMALLINT *out_length, SQLUSMALLINT completion)
{
    struct output output = {out, out_size, out_length};
    return driver_connect(handle, FLAVOUR_ANSI, window, completion, in, in_length, &output);
}

ENTRY
SQLDriverConnectW(SQLHDBC handle, SQLHWND window, SQLWCHAR *in, SQLSMALLINT in_length,
                  SQLWCHAR *out, SQLSMALLINT out_size, SQLSMALLINT *out_length,
                  SQLUSMALLINT completion)
{
    struct output output = {out, out_size, out_length};
    return driver_connect(handle, FLAVOUR_WIDE, window, completion, in, in_length, &output);
}

static SQLRETURN browse_connect(SQLHDBC handle, enum flavour flavour, const void *in,
                                SQLSMALLINT in_length, const struct output *output)
{
    SQLRETURN outcome;
    struct connection *connection = begin_connect(handle, &outcome);
    if (connection == NULL)
        return outcome;
    struct connect_request request = {
        .function = CONNECT_BROWSE_CONNECT,
        .flavour = flavour,
        .completion = SQL_DRIVER_NOPROMPT,
    };
    return connect_with(connection, &request, in, in_length, output);
}

ENTRY
SQLBrowseConnect(SQLHDBC handle, SQLCHAR *in, SQLSMALLINT in_length, SQLCHAR *out,
                 SQLSMALLINT out_size, SQLSMALLINT *out_length)
{
    struct output output = {out, out_size, out_length};
    return browse_connect(handle, FLAVOUR_ANSI, in, in_length, &output);
}

ENTRY
SQLBrowseConnectW(SQLHDBC handle, SQLWCHAR *in, SQLSMALLINT in_length, SQLWCHAR *out,
                  SQLSMALLINT out_size, SQLSMALLINT *out_length)
{
    struct output output = {out, out_size, out_length};
    return browse_connect(handle, FLAVOUR_WIDE, in, in_length, &output);
}

/* The arguments of SQLConnect in their order. */
#define CONNECT_ARGUMENTS 3

struct connect_argument {
    const char *keyword;
    const void *text;
    SQLSMALLINT length;
};

/* An empty user or password does not override the DSN's. false: out of memory. */
static bool take_arguments(enum flavour flavour, const struct connect_argument *arguments,
                           struct connstr *settings)
{
    bool is_good = true;
    for (size_t i = 0; i < CONNECT_ARGUMENTS && is_good; i++) {
        size_t length;
        char *value = strings_take(flavour, arguments[i].text, arguments[i].length, &length);
        is_good = value != NULL &&
                  (*value == '\0' ||
                   connstr_append_pair(settings, arguments[i].keyword, value, CONNSTR_ARGUMENT));
        text_free_secret(value);
    }
    return is_good;
}

/* SQLConnect has no place for a server's address: it becomes SQLDriverConnect with a DSN. */
static SQLRETURN plain_connect(SQLHDBC handle, enum flavour flavour,
                               const struct connect_argument *arguments)
{
    SQLRETURN outcome;
    struct connstr settings = {0};
    const struct output output = {0};
    struct connection *connection = begin_connect(handle, &outcome);
    if (connection == NULL)
        return outcome;
    for (size_t i = 0; i < CONNECT_ARGUMENTS; i++)
        if (arguments[i].length < 0 && arguments[i].length != SQL_NTS)
            return call_fail_state(&connection->handle, "HY090", negative_length);
    if (take_arguments(flavour, arguments, &settings)) {
        struct connect_request request = {
            .function = CONNECT_DRIVER_CONNECT,
            .flavour = flavour,
            .settings = &settings,
            .completion = SQL_DRIVER_NOPROMPT,
        };
        outcome = connect_request(connection, &request, &output);
        outcome = warn_of_version(connection, "", outcome);
    } else {
        outcome = call_fail_memory(&connection->handle);
    }
    connstr_free(&settings);
    return outcome;
}

ENTRY
SQLConnect(SQLHDBC handle, SQLCHAR *dsn, SQLSMALLINT dsn_length, SQLCHAR *user,
           SQLSMALLINT user_length, SQLCHAR *password, SQLSMALLINT password_length)
{
    const struct connect_argument arguments[] = {
        {"DSN", dsn, dsn_length}, {"UID", user, user_length}, {"PWD", password, password_length}};
    return plain_connect(handle, FLAVOUR_ANSI, arguments);
}

ENTRY
SQLConnectW(SQLHDBC handle, SQLWCHAR *dsn, SQLSMALLINT dsn_length, SQLWCHAR *user,
            SQLSMALLINT user_length, SQLWCHAR *password, SQLSMALLINT password_length)
{
    const struct connect_argument arguments[] = {
        {"DSN", dsn, dsn_length}, {"UID", user, user_length}, {"PWD", password, password_length}};
    return plain_connect(handle, FLAVOUR_WIDE, arguments);
}

/* The driver manager leaves open statements and explicit descriptors to the driver. No SQLCancel
 * may be under way, or begin, while the real driver frees its statements. */
ENTRY
SQLDisconnect(SQLHDBC handle)
{
    struct handle *ours = handle_check(handle, HANDLE_CONNECTION);
    if (ours == NULL)
        return SQL_INVALID_HANDLE;
    struct connection *connection = (struct connection *)ours;
    handle_clear_records(ours);
    if (!connection->is_connected && connection->link == NULL)
        return call_fail_state(ours, "08003", "the connection is not open");
    connection_retire_statements(connection);
    /* A forked child gives up its copy of the connection, and disturbs the parent's with nothing.
     */
    SQLRETURN outcome = SQL_SUCCESS;
    if (call_is_forked(connection))
        conn_abandon(connection);
    else
        outcome = conn_disconnect(connection);
    if (!SQL_SUCCEEDED(outcome)) {
        handle_take_outcome(ours, outcome);
        connection_restore_statements(connection);
        return outcome;
    }
    /* What the real driver said about it, before its handle goes. */
    if (outcome == SQL_SUCCESS_WITH_INFO && connection->handle.real != SQL_NULL_HANDLE)
        diagnostics_take_real(&connection->handle.diagnostics, connection->driver,
                              connection->flavour, HANDLE_CONNECTION, connection->handle.real);
    connection_free_children(connection);
    connection_free_real(connection);
    connection->is_connected = false;
    return outcome;
}
