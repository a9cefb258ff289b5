/*
 * driver.h - a real driver: its library, loaded once per process and never unloaded, and the
 * address of each function of functions.def in it.
 */
#ifndef DISPATCH_DRIVER_H
#define DISPATCH_DRIVER_H

#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>
#include <stdbool.h>

#include "base/error.h"

/* Which entry points are meant: SQLxxx with SQLCHAR or SQLxxxW with SQLWCHAR. */
enum flavour { FLAVOUR_ANSI, FLAVOUR_WIDE };

/* Pointers by the names of functions.def, NULL where the real driver has no such function:
 * functions.h */
struct driver_functions;

struct driver {
    char *path; /* as loaded; absolute */
    const struct driver_functions *functions;
    bool is_unicode; /* it exports SQLDriverConnectW */
};

/* Loads, or finds what is loaded already. NULL with ODBCSSL_ERROR_DRIVER_LOAD, path and the
 * loader's reason; also when the library is odbcssl itself, or has no functions to connect with.
 * Thread-safe. */
const struct driver *driver_load(const char *path, struct error *error);

/* Whether an application that connects with this flavour can use the real driver: a driver manager
 * does not mix the two on one connection. false: error says which of libodbcssl.so and
 * libodbcssla.so fits. */
bool driver_check_connect(const struct driver *driver, enum flavour flavour, struct error *error);

#endif
