/*
 * trust.h - for the tests of trust, certificates and keys: connecting to the fixture's server, and
 * what a refusal, a warning or a connection has to look like.
 */
#ifndef TESTS_TRUST_H
#define TESTS_TRUST_H

#include <stdbool.h>

#include "odbcssl.h"
#include "support/odbc.h"
#include "support/suite.h"
#include "support/tools.h"
#include "system/fixture.h"

/* The program's folder and server, the connection that was made last, and how its making went. */
extern struct fixture trust_fixture;
extern struct odbc_session trust_session;
extern SQLRETURN trust_result;

/* "folder/name", as fixture_path. */
const char *trust_path(const char *name);

/* Sets up the fixture; what is no system test's business is taken out of the environment. */
int trust_open(const char *odbcinst_extra, const char *odbc_extra);
int trust_close(void);

/* Closes the last connection and makes a new one to localhost and the fixture's server; format adds
 * keywords, which win over those that every connection has. */
bool trust_connect(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same through a DSN, which has to name neither server nor user. */
bool trust_connect_dsn(const char *dsn, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The last connection was refused by odbcssl with this code, its SQLSTATE, and a first record with
 * all the parts in it. */
#define CHECK_REFUSED(code, ...)                                                                   \
    trust_check_refused(code, ((const char *const[]){__VA_ARGS__, NULL}), __FILE__, __LINE__)
void trust_check_refused(enum odbcssl_error code, const char *const *parts, const char *file,
                         unsigned line);

/* It stands, and one of its warnings has this code and all the parts. */
#define CHECK_WARNED(code, ...)                                                                    \
    trust_check_warned(code, ((const char *const[]){__VA_ARGS__, NULL}), __FILE__, __LINE__)
void trust_check_warned(enum odbcssl_error code, const char *const *parts, const char *file,
                        unsigned line);
bool trust_has_warning(enum odbcssl_error code);

/* It stands in this state; for encrypted ones the server is asked as well. Unverified connections
 * have a warning, verified ones have none but of certificates that end. */
#define CHECK_CONNECTED(state) trust_check_connected(state, __FILE__, __LINE__)
void trust_check_connected(enum odbcssl_state state, const char *file, unsigned line);

/* It stands, and SQL_SSL_VERIFY_STATUS has these bits. */
#define CHECK_STATUS(bits) trust_check_status(bits, __FILE__, __LINE__)
void trust_check_status(unsigned bits, const char *file, unsigned line);

/* The subject of the client certificate that the server saw ("" for none). */
#define CHECK_CLIENT(dn) trust_check_client(dn, __FILE__, __LINE__)
void trust_check_client(const char *dn, const char *file, unsigned line);

/* Runs a command of the shell's (printf) in the folder; true: exit status 0. */
#define trust_run(...) tools_run(trust_fixture.folder, __VA_ARGS__)

#endif
