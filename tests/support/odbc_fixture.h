/*
 * odbc_fixture.h - the handles of a test that calls the entry points without a driver manager.
 */
#ifndef TESTS_ODBC_FIXTURE_H
#define TESTS_ODBC_FIXTURE_H

#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>

#include "support/fake_driver.h"

extern SQLHENV environment;
extern SQLHDBC connection;
extern SQLHSTMT statement;
extern struct fake_control *fake; /* of the real driver that the handles were opened for */

/* An environment and a connection handle, for a fresh fake real driver. */
void open_handles(const char *name);

/* The same, connected, with a statement. */
void open_statement(const char *name);

/* Disconnects and frees all of them. */
void close_handles(void);

/* Another connection handle of the environment. */
void make_connection(SQLHDBC *out);

/* Connects to a fake real driver; more: keywords of stub_conn.h. */
SQLRETURN connect_to(SQLHDBC to, const char *name, const char *more);
SQLRETURN connect_wide(SQLHDBC to, const char *name, const char *more);

/* Record number of a handle: "SQLSTATE native text", or "" when there is none; static. */
const char *record_of(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number);
const char *record_of_wide(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number);

#endif
