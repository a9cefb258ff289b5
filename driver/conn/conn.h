/*
 * conn.h - one connection's life: settings, transport, real driver, report.
 */
#ifndef CONN_CONN_H
#define CONN_CONN_H

#include <stdbool.h>

#include "base/report.h"
#include "config/connstr.h"
#include "dispatch/handles.h"

struct connect_request {
    bool is_browse; /* SQLBrowseConnect is called, else SQLDriverConnect, also for SQLConnect */
    enum flavour flavour;
    const struct connstr *settings; /* the application's bytes (ANSI) or UTF-8 (wide) */
    SQLHWND window;
    SQLUSMALLINT completion;
};

/*
 * Connects. On failure the records of why stand in connection->handle.diagnostics (ours first, then
 * the real driver's) and nothing is left open: connection->handle.real is NULL.
 * SQL_SUCCESS_WITH_INFO with warnings. SQL_NEED_DATA only from SQLBrowseConnect, with the
 * transport kept for the next call. *text_out: for the application, encoded as settings; free with
 * text_free_secret; NULL: there is none, or memory is out.
 */
SQLRETURN conn_connect(struct connection *connection, const struct connect_request *request,
                       char **text_out);

/* Disconnects the real driver, ends the transport, frees the link. Also for a connection whose
 * connecting failed or was abandoned. Returns what the real driver's SQLDisconnect returned; when
 * that is an error, the connection stays as it was. Not in a forked child. */
SQLRETURN conn_disconnect(struct connection *connection);

/* When connection is freed without being disconnected. */
void conn_abandon(struct connection *connection);

/* The report of an open connection: a copy of the caller's own, as the real driver may log in again
 * on another thread. */
void conn_report(const struct connection *connection, struct tls_report *report_out);

/* What SQL_SERVER_NAME is to be; NULL: ask the real driver. */
const char *conn_server_name(const struct connection *connection);

/* What SQL_DATA_SOURCE_NAME is; NULL: the connection string names no data source. */
const char *conn_data_source(const struct connection *connection);

/* What SQL_DIAG_SERVER_NAME of a real driver's record is to be, where it would be wrong;
 * is_unnamed: the real driver has none. NULL: what the real driver says. */
const char *conn_record_server(const struct connection *connection, enum handle_kind kind,
                               bool is_unnamed);

/* Whether the link broke; error_out (may be NULL) says how. Never waits: for every return of
 * SQL_ERROR from the real driver, and for SQL_ATTR_CONNECTION_DEAD. Not in a forked child. */
bool conn_is_broken(const struct connection *connection, struct error *error_out);

/* true, with error (may be NULL), when the process forked after connecting: the real driver must
 * not be called, and of these functions only conn_abandon. */
bool conn_is_forked(const struct connection *connection, struct error *error_out);

#endif
