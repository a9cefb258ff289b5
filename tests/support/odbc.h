/*
 * odbc.h - tests as an application: through the real driver manager, with a private configuration.
 */
#ifndef TESTS_ODBC_H
#define TESTS_ODBC_H

#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>
#include <stdbool.h>

/* Sections of the private odbcinst.ini: odbcssl over real drivers, and the real drivers
 * themselves. */
#define ODBC_POSTGRESQL "TLS PostgreSQL"           /* libodbcssl.so over psqlodbcw.so */
#define ODBC_POSTGRESQL_ANSI "TLS PostgreSQL ANSI" /* libodbcssla.so over psqlodbca.so */
#define ODBC_FREETDS "TLS FreeTDS"
#define ODBC_MARIADB "TLS MariaDB"
#define ODBC_NATIVE_POSTGRESQL "psqlodbcw"

/* Writes odbcinst.ini and odbc.ini (extra: more text for each, may be NULL) into the folder and
 * points the environment at them. Once per process, before its first ODBC call: the driver manager
 * never looks at the environment again. false on failure. */
bool odbc_configure(const char *folder, const char *odbcinst_extra, const char *odbc_extra);

/* The SslTransport that odbcssl's sections of odbcinst.ini get, from ODBCSSL_TEST_TRANSPORT: "auto"
 * when that is not set. */
const char *odbc_transport(void);

#define ODBC_DIAGNOSTICS_SIZE 16384

struct odbc_session {
    SQLHENV environment;
    SQLHDBC connection;
    SQLHSTMT statement;
    SQLRETURN result; /* of the last call */
    /* The records after the last call that did not return SQL_SUCCESS, one per line:
     * "08001 506 [odbcssl] server certificate ..." */
    char diagnostics[ODBC_DIAGNOSTICS_SIZE];
    char sqlstate[6]; /* of the first record */
    SQLINTEGER native;
    char value[65536]; /* of odbc_query */
    long rows;         /* that odbc_fetch_all had, also when it failed */
};

/* A connection handle, not connected: to set attributes on. */
bool odbc_open(struct odbc_session *session);

/* Connects with a connection string (printf). Opens the session when it is not open. */
bool odbc_connect(struct odbc_session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool odbc_connect_wide(struct odbc_session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Runs a statement; value holds the first column of the first row, "" when there is none. */
bool odbc_query(struct odbc_session *session, const char *sql);

/* Fetches the rest of the rows; returns their number, -1 on error. */
long odbc_fetch_all(struct odbc_session *session);

/* Report items. */
unsigned odbc_info_number(struct odbc_session *session, unsigned type);
const char *odbc_info_text(struct odbc_session *session, unsigned type); /* in value */

/* A TAP comment: what was tried (printf), and the records it led to. */
void odbc_note(const struct odbc_session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Frees everything, disconnecting first. */
void odbc_close(struct odbc_session *session);

#endif
