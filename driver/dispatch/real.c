/*
 * real.c - makes the real driver's environment and connection behind our handles when conn/
 * connects, and frees them.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/fork.h"
#include "dispatch/handles.h"

/* real: the environment whose records say why. */
static void set_real_error(struct error *error, const struct driver *driver, SQLHENV real,
                           const char *what)
{
    struct diagnostic record;
    if (real != SQL_NULL_HANDLE &&
        real_diagnostic(driver, HANDLE_ENVIRONMENT, real, 1, FLAVOUR_WIDE, &record))
        error_set(error, ODBCSSL_ERROR_DRIVER_LOAD, "the real driver %s %s: %s %s", driver->path,
                  what, record.sqlstate, record.message);
    else
        error_set(error, ODBCSSL_ERROR_DRIVER_LOAD, "the real driver %s %s, and gave no reason",
                  driver->path, what);
}

/* FreeTDS refuses 3.80; the application keeps the version it asked for. */
static bool set_version(const struct driver *driver, SQLHENV real, SQLINTEGER version)
{
    SQLPOINTER value = (SQLPOINTER)(intptr_t)version;
    if (SQL_SUCCEEDED(
            driver->functions.SQLSetEnvAttr(real, SQL_ATTR_ODBC_VERSION, value, SQL_IS_INTEGER)))
        return true;
    return version > (SQLINTEGER)SQL_OV_ODBC3 && set_version(driver, real, SQL_OV_ODBC3);
}

static SQLINTEGER ask_version(const struct driver *driver, SQLHENV real, SQLINTEGER fallback)
{
    SQLINTEGER version[2] = {0}; /* room for a driver that writes an SQLULEN */
    const struct driver_functions *functions = &driver->functions;
    if (functions->SQLGetEnvAttr == NULL ||
        !SQL_SUCCEEDED(
            functions->SQLGetEnvAttr(real, SQL_ATTR_ODBC_VERSION, version, SQL_IS_INTEGER, NULL)))
        return fallback;
    return version[0];
}

static struct real_environment *make_environment(const struct driver *driver, SQLINTEGER version,
                                                 struct error *error)
{
    const struct driver_functions *functions = &driver->functions;
    struct real_environment *environment = calloc(1, sizeof *environment);
    if (environment == NULL) {
        error_set_memory(error);
        return NULL;
    }
    environment->driver = driver;
    environment->generation = fork_generation();
    if (!SQL_SUCCEEDED(
            functions->SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &environment->real))) {
        set_real_error(error, driver, SQL_NULL_HANDLE, "made no environment handle");
    } else if (!set_version(driver, environment->real, version)) {
        set_real_error(error, driver, environment->real,
                       "refuses the ODBC version that the application uses");
        functions->SQLFreeHandle(SQL_HANDLE_ENV, environment->real);
    } else {
        environment->odbc_version = ask_version(driver, environment->real, version);
        return environment;
    }
    free(environment);
    return NULL;
}

static struct real_environment *find_environment(struct environment *environment,
                                                 const struct driver *driver, struct error *error)
{
    pthread_mutex_lock(&environment->lock);
    struct real_environment *found = environment->real_environments;
    while (found != NULL && found->driver != driver)
        found = found->next;
    if (found == NULL) {
        found = make_environment(driver, environment->odbc_version, error);
        if (found != NULL) {
            found->next = environment->real_environments;
            environment->real_environments = found;
        }
    }
    pthread_mutex_unlock(&environment->lock);
    return found;
}

/* A driver manager does not mix the two flavours on one connection. */
static bool check_flavour(const struct driver *driver, enum flavour flavour, struct error *error)
{
    if (flavour == FLAVOUR_WIDE && driver->functions.SQLDriverConnectW == NULL)
        return error_set(
            error, ODBCSSL_ERROR_DRIVER_FUNCTION,
            "the real driver %s has only ANSI functions, and the application connects with "
            "SQLDriverConnectW: use libodbcssla.so instead of libodbcssl.so for it "
            "(Driver= of odbcssl's section in odbcinst.ini)",
            driver->path);
    if (flavour == FLAVOUR_ANSI && driver->functions.SQLDriverConnect == NULL)
        return error_set(
            error, ODBCSSL_ERROR_DRIVER_FUNCTION,
            "the real driver %s has only Unicode functions: it takes libodbcssl.so instead of "
            "libodbcssla.so (Driver= of odbcssl's section in odbcinst.ini), and an "
            "application that connects with SQLDriverConnectW",
            driver->path);
    return true;
}

SQLHDBC connection_new_real(struct connection *connection, const struct driver *driver,
                            struct error *error)
{
    SQLHDBC real = SQL_NULL_HDBC;
    if (!check_flavour(driver, connection->flavour, error))
        return SQL_NULL_HDBC;
    struct real_environment *environment = find_environment(connection->environment, driver, error);
    if (environment == NULL)
        return SQL_NULL_HDBC;
    if (!SQL_SUCCEEDED(
            driver->functions.SQLAllocHandle(SQL_HANDLE_DBC, environment->real, &real))) {
        set_real_error(error, driver, environment->real, "made no connection handle");
        return SQL_NULL_HDBC;
    }
    connection->handle.real = real;
    connection->driver = driver;
    connection->generation = fork_generation();
    connection->real_version = environment->odbc_version;
    attributes_replay(connection);
    return real;
}

void connection_free_real(struct connection *connection)
{
    if (connection->handle.real != SQL_NULL_HANDLE && !fork_is_inherited(connection->generation))
        connection->driver->functions.SQLFreeHandle(SQL_HANDLE_DBC, connection->handle.real);
    connection->handle.real = SQL_NULL_HANDLE;
    connection->driver = NULL;
}
