/*
 * handles.h - the handles that the driver manager holds: each wraps the real driver's handle of the
 * same kind, adds its own diagnostic records, and leads to its connection.
 *
 *      environment 1--n connection 1--n statement 1--4 implicit descriptor
 *           |               |
 *           n               n explicit descriptor
 *      real environment (one per real driver)
 */
#ifndef DISPATCH_HANDLES_H
#define DISPATCH_HANDLES_H

#include <pthread.h>
#include <sql.h>
#include <sqlext.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "dispatch/driver.h"

/* Diagnostic records of a handle that are ours; the real driver's follow them. */
#define DIAGNOSTICS_LIMIT 32
/* The driver manager cuts a message at 512 bytes, and puts "[unixODBC]" before it. */
#define DIAGNOSTIC_TEXT_SIZE 490

struct diagnostic {
    char sqlstate[6];
    SQLINTEGER native;
    char message[DIAGNOSTIC_TEXT_SIZE]; /* UTF-8, begins with "[odbcssl] " */
};

struct diagnostics {
    size_t count;
    struct diagnostic *items; /* allocated on first use: most handles never have any */
};

/* Adds an error; a long text becomes several records, cut between words. */
void diagnostics_add(struct diagnostics *diagnostics, const struct error *error);
void diagnostics_add_list(struct diagnostics *diagnostics, const struct error_list *list);
void diagnostics_clear(struct diagnostics *diagnostics);

enum handle_kind {
    HANDLE_ENVIRONMENT = SQL_HANDLE_ENV,
    HANDLE_CONNECTION = SQL_HANDLE_DBC,
    HANDLE_STATEMENT = SQL_HANDLE_STMT,
    HANDLE_DESCRIPTOR = SQL_HANDLE_DESC
};

/* Stands first in every handle. */
struct handle {
    unsigned magic; /* tells our handles from garbage and from handles that were freed */
    enum handle_kind kind;
    SQLHANDLE real; /* NULL as long as the real driver has none */
    struct diagnostics diagnostics;
};

/* A real environment: one per environment and real driver, made at the first connect. */
struct real_environment {
    const struct driver *driver;
    SQLHENV real;
    struct real_environment *next;
};

struct environment {
    struct handle handle; /* real is NULL: see real_environments */
    pthread_mutex_t lock; /* guards real_environments */
    SQLINTEGER odbc_version;
    struct real_environment *real_environments;
};

/* An attribute set before the real driver was known, in the order of setting, to be replayed. */
struct saved_attribute {
    SQLINTEGER attribute;
    SQLPOINTER value;  /* a copy, when it is a string */
    SQLINTEGER length; /* as given */
    enum flavour flavour;
    bool is_string;
    struct saved_attribute *next;
};

struct link; /* conn/: the relay, settings and report of an open connection */

struct connection {
    struct handle handle; /* real: the real driver's connection once connecting began */
    struct environment *environment;
    const struct driver *driver; /* NULL before connecting */
    enum flavour flavour;        /* the one it was connected with */
    bool is_connected;
    struct saved_attribute *saved_attributes;
    struct link *link;    /* NULL when not connected */
    pthread_mutex_t lock; /* guards the lists below; never held while the real driver is called */
    struct statement *statements;
    struct descriptor *descriptors; /* explicit ones */
};

/* What an implicit descriptor is to its statement: SQL_ATTR_APP_ROW_DESC + n. */
#define IMPLICIT_DESCRIPTORS 4

struct descriptor {
    struct handle handle;
    struct connection *connection;
    bool is_implicit;
    struct descriptor *next;
};

struct statement {
    struct handle handle;
    struct connection *connection;
    struct descriptor *implicit[IMPLICIT_DESCRIPTORS]; /* made when first asked for */
    struct statement *next;
};

/* The real environment for a driver, made with the environment's ODBC version when there is none
 * yet: FreeTDS refuses 3.80, then 3 is set. NULL with error set (the real driver's own words in
 * it). */
struct real_environment *environment_real(struct environment *environment,
                                          const struct driver *driver, struct error *error);

/* A new real connection handle with the saved attributes replayed on it in the order in which they
 * were set. NULL with error set. */
SQLHDBC connection_new_real(struct connection *connection, const struct driver *driver,
                            struct error *error);
void connection_free_real(struct connection *connection);

/* Reads the real driver's records of a handle into diagnostics as they are (state, native code,
 * text): for when the real handle is about to be freed. */
void diagnostics_take_real(struct diagnostics *diagnostics, const struct driver *driver,
                           enum flavour flavour, enum handle_kind kind, SQLHANDLE real);

#endif
