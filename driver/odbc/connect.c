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

static const char negative_length[] = "the length of a string is negative";

static struct connection *begin_connect(SQLHDBC handle, SQLRETURN *outcome_out)
{
    struct connection *connection = (struct connection *)handle_begin(handle, HANDLE_CONNECTION);
    *outcome_out = SQL_INVALID_HANDLE;
    if (connection == NULL || !connection->is_connected)
        return connection;
    *outcome_out = call_fail_state(&connection->handle, "08002", "the connection is open already");
    return NULL;
}

/* manager: the driver manager's name in front of its own message, that the real driver has a lower
 * version than the application asked for: it would add it if it could ask the real driver. To
 * records that SQLConnect brings it adds its name itself. */
static SQLRETURN connect_request(struct connection *connection,
                                 const struct connect_request *request, const char *manager,
                                 const struct answer *output)
{
    struct diagnostic record = {.sqlstate = "01000"};
    char *text;
    connection->flavour = request->flavour;
    SQLRETURN outcome = conn_connect(connection, request, &text);
    connection->is_connected = SQL_SUCCEEDED(outcome);
    /* Without memory there is no text: the connection is open, so an error would be wrong. */
    if (text != NULL &&
        !strings_answer(request->flavour, text, strings_unit(request->flavour), output)) {
        call_warn_truncated(&connection->handle, "the connection string");
        outcome = outcome == SQL_SUCCESS ? SQL_SUCCESS_WITH_INFO : outcome;
    }
    text_free_secret(text);
    if (!SQL_SUCCEEDED(outcome) ||
        connection->real_version >= connection->environment->odbc_version)
        return outcome;
    snprintf(record.message, sizeof record.message,
             "%s[Driver Manager]Driver does not support the requested version", manager);
    diagnostics_add_record(&connection->handle.diagnostics, &record);
    return SQL_SUCCESS_WITH_INFO;
}

/* Takes the connection string out of the arguments and connects. */
static SQLRETURN connect_with(SQLHDBC handle, const struct connect_request *request, const void *in,
                              SQLSMALLINT in_length, const struct answer *output)
{
    SQLRETURN outcome;
    struct connection *connection = begin_connect(handle, &outcome);
    struct connstr settings;
    struct error error = {0};
    size_t length;
    if (connection == NULL)
        return outcome;
    if (in_length < 0 && in_length != SQL_NTS)
        return call_fail_state(&connection->handle, "HY090", negative_length);
    /* Without a buffer its size means nothing: some programs pass SQL_NTS. */
    if (output->size < 0 && output->value != NULL)
        return call_fail_state(&connection->handle, "HY090", "the size of a buffer is negative");
    char *text = strings_take(request->flavour, in, in_length, &length);
    if (text == NULL)
        return call_fail_memory(&connection->handle);
    bool is_parsed = connstr_parse(text, length, &settings, &error);
    text_free_secret(text);
    if (!is_parsed)
        return call_fail(&connection->handle, &error);
    struct connect_request whole = *request;
    whole.settings = &settings;
    outcome = connect_request(connection, &whole, "[unixODBC]", output);
    connstr_free(&settings);
    return outcome;
}

/* Without a window nobody can be prompted: the real driver is to say what it misses instead. */
SQLRETURN shared_SQLDriverConnect(enum flavour flavour, SQLHDBC handle, SQLHWND window, void *in,
                                  SQLSMALLINT in_length, void *out, SQLSMALLINT out_size,
                                  SQLSMALLINT *out_length, SQLUSMALLINT completion)
{
    const struct answer output = {out, out_size, out_length};
    const struct connect_request request = {
        .flavour = flavour,
        .window = window,
        .completion = window != NULL ? completion : SQL_DRIVER_NOPROMPT,
    };
    return connect_with(handle, &request, in, in_length, &output);
}

SQLRETURN shared_SQLBrowseConnect(enum flavour flavour, SQLHDBC handle, void *in,
                                  SQLSMALLINT in_length, void *out, SQLSMALLINT out_size,
                                  SQLSMALLINT *out_length)
{
    const struct answer output = {out, out_size, out_length};
    const struct connect_request request = {
        .is_browse = true,
        .flavour = flavour,
        .completion = SQL_DRIVER_NOPROMPT,
    };
    return connect_with(handle, &request, in, in_length, &output);
}

/* SQLConnect has no place for a server's address: it becomes SQLDriverConnect with a DSN. An empty
 * user or password does not override the DSN's. */
SQLRETURN shared_SQLConnect(enum flavour flavour, SQLHDBC handle, void *dsn, SQLSMALLINT dsn_length,
                            void *user, SQLSMALLINT user_length, void *password,
                            SQLSMALLINT password_length)
{
    const struct {
        const char *keyword;
        const void *text;
        SQLSMALLINT length;
    } arguments[] = {
        {"DSN", dsn, dsn_length}, {"UID", user, user_length}, {"PWD", password, password_length}};
    SQLRETURN outcome;
    struct connstr settings = {0};
    const struct answer no_output = {0};
    const struct connect_request request = {
        .flavour = flavour, .settings = &settings, .completion = SQL_DRIVER_NOPROMPT};
    struct connection *connection = begin_connect(handle, &outcome);
    if (connection == NULL)
        return outcome;
    for (size_t i = 0; i < 3; i++)
        if (arguments[i].length < 0 && arguments[i].length != SQL_NTS)
            return call_fail_state(&connection->handle, "HY090", negative_length);
    for (size_t i = 0; i < 3; i++) {
        size_t length;
        char *value = strings_take(flavour, arguments[i].text, arguments[i].length, &length);
        settings.is_failed = settings.is_failed || value == NULL;
        if (value != NULL && *value != '\0')
            connstr_append_pair(&settings, arguments[i].keyword, value, CONNSTR_ARGUMENT);
        text_free_secret(value);
    }
    outcome = settings.is_failed ? call_fail_memory(&connection->handle)
                                 : connect_request(connection, &request, "", &no_output);
    connstr_free(&settings);
    return outcome;
}

/* The driver manager leaves open statements and explicit descriptors to the driver. No SQLCancel
 * may be under way, or begin, while the real driver frees its statements. */
ENTRY SQLDisconnect(SQLHDBC handle)
{
    struct handle *ours = handle_begin(handle, HANDLE_CONNECTION);
    if (ours == NULL)
        return SQL_INVALID_HANDLE;
    struct connection *connection = ours->connection;
    if (!connection->is_connected && connection->link == NULL)
        return call_fail_state(ours, "08003", "the connection is not open");
    connection_retire_statements(connection);
    /* A forked child gives up its copy of the connection, and disturbs the parent's with nothing.
     */
    SQLRETURN outcome = SQL_SUCCESS;
    if (conn_is_forked(connection, NULL))
        conn_abandon(connection);
    else
        outcome = conn_disconnect(connection);
    if (!SQL_SUCCEEDED(outcome)) {
        handle_take_outcome(ours, outcome);
        connection_restore_statements(connection);
        return outcome;
    }
    /* What the real driver said about it, before its handle goes. Of an open connection the driver
     * manager reads it wide, whatever the application is. */
    if (outcome == SQL_SUCCESS_WITH_INFO && connection->handle.real != SQL_NULL_HANDLE)
        diagnostics_take_real(&connection->handle.diagnostics, connection->driver,
                              HANDLE_CONNECTION, connection->handle.real, FLAVOUR_WIDE);
    connection_free_children(connection);
    connection_free_real(connection);
    connection->is_connected = false;
    return outcome;
}
