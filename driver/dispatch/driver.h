/*
 * driver.h - a real driver: its library, loaded once per process and never unloaded, and the
 * functions of functions.def in it: one pointer each, and a table of their names, numbers and
 * places.
 */
#ifndef DISPATCH_DRIVER_H
#define DISPATCH_DRIVER_H

#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Which entry points are meant: SQLxxx with SQLCHAR or SQLxxxW with SQLWCHAR. */
enum flavour { FLAVOUR_ANSI, FLAVOUR_WIDE };

/* NULL where the real driver has no such function. Wide functions stand behind the others. */
struct driver_functions {
#define TEXT SQLCHAR
#define OWN(name, number, parameters) SQLRETURN(SQL_API *name) parameters;
#define OWN_TEXT(name, number, parameters, arguments) SQLRETURN(SQL_API *name) parameters;
#include "dispatch/functions.def"

#define TEXT SQLWCHAR
#define OWN(name, number, parameters)
#define OWN_TEXT(name, number, parameters, arguments) SQLRETURN(SQL_API *name##W) parameters;
#include "dispatch/functions.def"
};

/* For a function with two entry points: whether the real driver has the one of the flavour, and its
 * call, in which texts are void pointers. */
#define HAS_FLAVOUR(functions, flavour, name)                                                      \
    ((flavour) == FLAVOUR_WIDE ? (functions)->name##W != NULL : (functions)->name != NULL)
#define CALL_FLAVOUR(functions, flavour, name, arguments)                                          \
    ((flavour) == FLAVOUR_WIDE ? (functions)->name##W arguments : (functions)->name arguments)

/* The flavour to call when either is as good, as for numbers: the real driver may lack one. */
#define OTHER_FLAVOUR(flavour) ((flavour) == FLAVOUR_WIDE ? FLAVOUR_ANSI : FLAVOUR_WIDE)
#define EITHER_FLAVOUR(functions, flavour, name)                                                   \
    (HAS_FLAVOUR(functions, flavour, name) ||                                                      \
             !HAS_FLAVOUR(functions, OTHER_FLAVOUR(flavour), name)                                 \
         ? (flavour)                                                                               \
         : OTHER_FLAVOUR(flavour))

struct function_row {
    const char *name;
    SQLUSMALLINT number; /* SQL_API_... */
    size_t offset; /* of its pointer in struct driver_functions */
};

/* A function with two entry points has two rows with the same number. */
extern const struct function_row function_rows[];
extern const size_t function_row_count;

/* Whether the real driver has the function of a row. */
bool function_exists(const struct driver_functions *functions, const struct function_row *row);

struct driver {
    char *path; /* as loaded; absolute */
    struct driver_functions functions;
    bool is_unicode; /* it exports SQLDriverConnectW */
    struct driver *next;
};

/* Loads, or finds what is loaded already. NULL with ODBCSSL_ERROR_DRIVER_LOAD, path and the
 * loader's reason; also when the library is odbcssl itself, or has no functions to connect with.
 * Thread-safe. */
const struct driver *driver_load(const char *path, struct error *error);

#endif
