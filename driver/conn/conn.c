/*
 * conn.c - placeholder: every connecting is refused until the relay is there.
 */
#include "conn/conn.h"

#include <stddef.h>

SQLRETURN
conn_connect(struct connection *connection, const struct connect_request *request,
             struct connect_result *result)
{
    struct error error = {0};
    (void)request;
    result->out_string = NULL;
    error_set(&error, ODBCSSL_ERROR_SYSTEM, "connecting is not implemented in this build");
    diagnostics_add(&connection->handle.diagnostics, &error);
    return SQL_ERROR;
}

SQLRETURN
conn_disconnect(struct connection *connection)
{
    (void)connection;
    return SQL_SUCCESS;
}

void
conn_abandon(struct connection *connection)
{
    (void)connection;
}

const struct tls_report *
conn_report(const struct connection *connection)
{
    static const struct tls_report none;
    (void)connection;
    return &none;
}

const char *
conn_server_name(const struct connection *connection)
{
    (void)connection;
    return NULL;
}

bool
conn_is_broken(const struct connection *connection, struct error *error_out)
{
    (void)connection;
    (void)error_out;
    return false;
}

bool
conn_is_forked(const struct connection *connection, struct error *error_out)
{
    (void)connection;
    (void)error_out;
    return false;
}
