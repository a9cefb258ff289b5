/* stub_conn.c - connects the real driver and makes up the report. */
#include "support/stub_conn.h"

#include <odbcinst.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fork.h"
#include "base/text.h"
#include "conn/conn.h"

#define VALUE_SIZE 1024

struct link {
    unsigned generation;
    struct tls_report report;
    char server_name[VALUE_SIZE];
    char data_source[VALUE_SIZE];
};

/* Good enough for the tests' strings: keyword=value or keyword={value}, no '}' inside. */
static bool find_value(const char *text, const char *keyword, char *out)
{
    size_t length = strlen(keyword);
    for (const char *at = text; at != NULL && *at != '\0'; at = strchr(at, ';')) {
        at += *at == ';';
        if (!text_has_prefix_nocase(at, keyword) || at[length] != '=')
            continue;
        at += length + 1;
        size_t size = *at == '{' ? strcspn(++at, "}") : strcspn(at, ";");
        snprintf(out, VALUE_SIZE, "%.*s", (int)size, at);
        return true;
    }
    out[0] = '\0';
    return false;
}

static void get_setting(const char *text, const char *keyword, char *out)
{
    char dsn[VALUE_SIZE];
    if (!find_value(text, keyword, out) && find_value(text, "DSN", dsn))
        SQLGetPrivateProfileString(dsn, keyword, "", out, VALUE_SIZE, "odbc.ini");
}

static SQLRETURN call_real(const struct connection *connection,
                           const struct connect_request *request, const char *text)
{
    const struct driver_functions *functions = &connection->driver->functions;
    SQLHDBC real = connection->handle.real;
    if (request->flavour == FLAVOUR_ANSI)
        return functions->SQLDriverConnect(real, request->window, (SQLCHAR *)text, SQL_NTS, NULL, 0,
                                           NULL, request->completion);
    uint16_t *wide = text_to_utf16(text, strlen(text), NULL);
    SQLRETURN outcome = functions->SQLDriverConnectW(real, request->window, wide, SQL_NTS, NULL, 0,
                                                     NULL, request->completion);
    free(wide);
    return outcome;
}

static void open_link(struct connection *connection, const char *text)
{
    struct link *link = calloc(1, sizeof *link);
    link->generation = fork_generation();
    get_setting(text, "ServerName", link->server_name);
    find_value(text, "DSN", link->data_source);
    link->report.state = ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED;
    link->report.mode = ODBCSSL_MODE_VERIFY_FULL;
    link->report.version = TLS_VERSION_1_3;
    link->report.peer_days_left = -3;
    strcpy(link->report.protocol, "TLSv1.3");
    strcpy(link->report.peer_subject, STUB_PEER_SUBJECT);
    connection->link = link;
}

static SQLRETURN fail(struct connection *connection, const struct error *error)
{
    diagnostics_add(&connection->handle.diagnostics, error);
    if (connection->handle.real != SQL_NULL_HANDLE)
        diagnostics_take_real(&connection->handle.diagnostics, connection->driver,
                              HANDLE_CONNECTION, connection->handle.real, connection->flavour);
    connection_free_real(connection);
    return SQL_ERROR;
}

static SQLRETURN connect_text(struct connection *connection, const struct connect_request *request,
                              const char *text, char **text_out)
{
    struct error error = {0};
    char target[VALUE_SIZE], warn[VALUE_SIZE];
    get_setting(text, "Target", target);
    const struct driver *driver = driver_load(target, &error);
    if (driver == NULL || connection_new_real(connection, driver, &error) == SQL_NULL_HDBC)
        return fail(connection, &error);
    SQLRETURN outcome = call_real(connection, request, text);
    handle_take_outcome(&connection->handle, outcome);
    if (!SQL_SUCCEEDED(outcome)) {
        error_set(&error, ODBCSSL_ERROR_CONNECT, "stub: the real driver did not connect");
        return fail(connection, &error);
    }
    open_link(connection, text);
    *text_out = malloc(strlen(text) + 8);
    sprintf(*text_out, "%s;Out=1", text);
    get_setting(text, "Warn", warn);
    if (warn[0] == '\0')
        return outcome;
    error_set(&error, ODBCSSL_WARNING_UNVERIFIED, "stub: a warning");
    diagnostics_add(&connection->handle.diagnostics, &error);
    return SQL_SUCCESS_WITH_INFO;
}

SQLRETURN
conn_connect(struct connection *connection, const struct connect_request *request, char **text_out)
{
    char *text = connstr_format(request->settings);
    *text_out = NULL;
    SQLRETURN outcome = connect_text(connection, request, text, text_out);
    free(text);
    return outcome;
}

SQLRETURN
conn_disconnect(struct connection *connection)
{
    SQLRETURN outcome = connection->driver->functions.SQLDisconnect(connection->handle.real);
    if (SQL_SUCCEEDED(outcome))
        conn_abandon(connection);
    return outcome;
}

void conn_abandon(struct connection *connection)
{
    free(connection->link);
    connection->link = NULL;
}

void conn_report(const struct connection *connection, struct tls_report *report_out)
{
    *report_out = connection->link->report;
}

const char *conn_server_name(const struct connection *connection)
{
    return connection->link->server_name[0] != '\0' ? connection->link->server_name : NULL;
}

const char *conn_data_source(const struct connection *connection)
{
    return connection->link != NULL ? connection->link->data_source : NULL;
}

const char *conn_record_server(const struct connection *connection, enum handle_kind kind,
                               bool is_unnamed)
{
    (void)kind;
    return is_unnamed ? conn_data_source(connection) : NULL;
}

bool conn_is_broken(const struct connection *connection, struct error *error_out)
{
    if (connection->link == NULL || getenv(STUB_CONN_BROKEN) == NULL)
        return false;
    error_set(error_out, ODBCSSL_ERROR_LINK_LOST, "stub: the link broke");
    return true;
}

bool conn_is_forked(const struct connection *connection, struct error *error_out)
{
    if (connection->link == NULL || !fork_is_inherited(connection->link->generation))
        return false;
    error_set(error_out, ODBCSSL_ERROR_FORKED, "stub: the parent's connection");
    return true;
}
