/*
 * handles.h - the handles that the driver manager holds: each wraps the real driver's handle of the
 * same kind, adds its own diagnostic records, and leads to its connection.
 *
 *      environment 1--n connection 1--n statement 1--4 implicit descriptor
 *           |               |
 *           n               n explicit descriptor
 *      real environment (one per real driver)
 *
 * Locks: connection.lock, then the one lock of live_handles.c. None is
 * held while the real driver is called, but environment.lock during the making of a real
 * environment.
 */
#ifndef DISPATCH_HANDLES_H
#define DISPATCH_HANDLES_H

#include <pthread.h>
#include <sql.h>
#include <sqlext.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "dispatch/driver.h"

/* Diagnostic records of a handle that are ours. */
#define DIAGNOSTICS_LIMIT 32
/* The driver manager cuts a message at 512 bytes, and puts "[unixODBC]" before it. */
#define DIAGNOSTIC_TEXT_SIZE 490

struct diagnostic {
    char sqlstate[6];
    SQLINTEGER native;
    char message[DIAGNOSTIC_TEXT_SIZE]; /* ours: UTF-8, begins with "[odbcssl] " */
};

/* Read and written through the functions below only: SQLCancel runs beside other functions. */
struct diagnostics {
    atomic_size_t count;      /* so that clearing an empty list takes no lock */
    size_t capacity;          /* 0 with a count of 1: there was no memory, and the record says so */
    struct diagnostic *items; /* allocated on first use: most handles never have any */
};

/* Adds an error; a long text becomes several records, cut between words. */
void diagnostics_add(struct diagnostics *diagnostics, const struct error *error);
void diagnostics_add_list(struct diagnostics *diagnostics, const struct error_list *list);

/* A record as it is, without our prefix. */
void diagnostics_add_record(struct diagnostics *diagnostics, const struct diagnostic *record);

/* The same for a mistake in calling that has no code of its own, with its SQLSTATE. */
void diagnostics_add_state(struct diagnostics *diagnostics, const char *sqlstate, const char *text);

/* Forgets the records; their memory stays for the next ones. */
void diagnostics_clear(struct diagnostics *diagnostics);

/* How many there are, and a copy of the one with this index, from 0; false when there is none. */
size_t diagnostics_count(const struct diagnostics *diagnostics);
bool diagnostics_get(const struct diagnostics *diagnostics, size_t index, struct diagnostic *out);

/* Replaces hidden, a part of the relay's address, by shown in every record. */
void diagnostics_rewrite(struct diagnostics *diagnostics, const char *hidden, const char *shown);

/* Gives every record from index first on the error's SQLSTATE and native code: some applications
 * show the last one, and the driver manager sorts by SQLSTATE, the highest first. */
void diagnostics_relabel(struct diagnostics *diagnostics, size_t first, const struct error *error);

enum handle_kind {
    HANDLE_ENVIRONMENT = SQL_HANDLE_ENV,
    HANDLE_CONNECTION = SQL_HANDLE_DBC,
    HANDLE_STATEMENT = SQL_HANDLE_STMT,
    HANDLE_DESCRIPTOR = SQL_HANDLE_DESC
};

/* How the records of a handle's last call are told. What a real driver says of a call that it was
 * not asked for, or that it did with SQL_SUCCESS, is of a former call, or empty, as MariaDB's is.
 */
enum records_order { RECORDS_OURS, RECORDS_OURS_THEN_REAL, RECORDS_REAL_THEN_OURS };

/* Stands first in every handle. */
struct handle {
    unsigned magic; /* tells our handles from garbage and from handles that were freed */
    enum handle_kind kind;
    _Atomic enum records_order order; /* SQLCancel may come from another thread */
    SQLHANDLE real;                   /* NULL as long as the real driver has none */
    struct connection *connection;    /* that it is or belongs to; NULL of an environment */
    struct diagnostics diagnostics;
    unsigned pins;               /* live_handles.c: who uses it without owning it */
    struct handle *next_in_slot; /* live_handles.c */
    struct handle *next;         /* in its connection's list */
    struct handle **at;          /* what points here in that list */
};

/* A real environment: one per environment and real driver, made at the first connect. */
struct real_environment {
    const struct driver *driver;
    SQLHENV real;
    unsigned generation;     /* of the process that made it */
    SQLINTEGER odbc_version; /* that it says it has, which may be lower than the application's */
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

struct link;  /* conn/: the transport, settings and report of an open connection */
struct guard; /* base/current_guard.h */

struct connection {
    struct handle handle; /* real: the real driver's connection once connecting began */
    struct environment *environment;
    const struct driver *driver; /* NULL before connecting; set and cleared together with real */
    unsigned generation;         /* of the process that made real */
    SQLINTEGER real_version;     /* of ODBC, as the real environment says: FreeTDS refuses 3.80 */
    enum flavour flavour;        /* the one it was connected with; set before conn_connect */
    bool is_connected;           /* set after conn_connect */
    struct saved_attribute *saved_attributes;
    struct link *link;    /* NULL when not connected */
    struct guard *guard;  /* the link's; NULL: none */
    pthread_mutex_t lock; /* guards the lists below; never held while the real driver is called */
    struct handle *statements;
    struct handle *descriptors; /* explicit ones */
};

/* What an implicit descriptor is to its statement: SQL_ATTR_APP_ROW_DESC + n. */
#define IMPLICIT_DESCRIPTORS 4

struct descriptor {
    struct handle handle;
    bool is_implicit;
};

struct statement {
    struct handle handle;
    struct descriptor *implicit[IMPLICIT_DESCRIPTORS]; /* made when first asked for */
};

/* NULL: out of memory. They know nothing of real handles but the one they are given. A child is a
 * statement or an explicit descriptor. */
struct environment *environment_new(void);
struct connection *connection_new(struct environment *environment);
struct handle *child_new(struct connection *connection, enum handle_kind kind, SQLHANDLE real);

/* Free the wrappers. The real handle is the caller's, but for environment_free, which frees the
 * real environments. The implicit descriptors go with their statement, and with the connection
 * everything that is left of it. */
void environment_free(struct environment *environment);
void connection_free(struct connection *connection);
void child_free(struct handle *child);

/* Frees the wrappers of all statements and descriptors: the real driver frees its own at
 * disconnecting. */
void connection_free_children(struct connection *connection);

/* Keeps SQLCancel from the statements (handle_retire) while the connection is being closed, and
 * lets it back when that failed. */
void connection_retire_statements(struct connection *connection);
void connection_restore_statements(struct connection *connection);

/* Before a call: what was said of the former one is over. */
void handle_clear_records(struct handle *handle);

/* After a function of the real driver: whether it has records. */
void handle_take_outcome(struct handle *handle, SQLRETURN outcome);

/* Our handle of a kind, NULL when it is none: for handles that the caller owns. */
struct handle *handle_check(SQLHANDLE handle, enum handle_kind kind);

/* The same at the beginning of a call: what was said of the former one is over. */
struct handle *handle_begin(SQLHANDLE handle, enum handle_kind kind);

/* For handles that may be anybody's, or be freed meanwhile: looked up without touching them. The
 * handle stays until it is unpinned. NULL when it is not ours, or of another kind. */
struct handle *handle_pin(SQLHANDLE handle, enum handle_kind kind);
void handle_unpin(struct handle *handle);

/* Takes a handle out of the live ones and waits until nobody has it pinned: before the real handle
 * is freed. handle_restore puts one in: a new one, or one that the real driver would not free. */
void handle_retire(struct handle *handle);
void handle_restore(struct handle *handle);

/* The wrapper of the real descriptor that statement attribute SQL_ATTR_APP_ROW_DESC + index named:
 * an explicit one, or the statement's implicit one, which is made when it is new. NULL: out of
 * memory. */
struct descriptor *statement_wrap_descriptor(struct statement *statement, unsigned index,
                                             SQLHDESC real);

/* A new real connection handle with the saved attributes replayed on it in the order in which they
 * were set; connection->handle.real and connection->driver name it from then on. Its environment is
 * the one for this driver, made when there is none yet. NULL with error set (the real driver's own
 * message in it), also when the driver has no functions of connection->flavour to connect with. */
SQLHDBC connection_new_real(struct connection *connection, const struct driver *driver,
                            struct error *error);

/* Frees it, if there is one, and clears handle.real and driver. In a forked child it only forgets
 * it: freeing would talk to the parent's server. */
void connection_free_real(struct connection *connection);

/* Keeps an attribute for the replay, and a copy of what it points to. false: out of memory. */
bool connection_save_attribute(struct connection *connection, enum flavour flavour,
                               SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER length);

/* Sets the saved ones on handle.real. What the real driver answers does not count: the driver
 * manager, which does the same with its own list, does not look either. */
void attributes_replay(const struct connection *connection);

/* The last number saved for an attribute; 0 when it was not set. */
SQLULEN connection_saved_number(const struct connection *connection, SQLINTEGER attribute);

/* Whether a text is saved for an attribute, and is not empty. */
bool connection_has_saved_text(const struct connection *connection, SQLINTEGER attribute);

/* Whether an attribute's value, given with this length to SQLSetConnectAttr, is a text or bytes. */
bool attribute_is_string(SQLINTEGER attribute, const void *value, SQLINTEGER length);

/* Whether it is an attribute of ODBC itself that is no string. */
bool attribute_is_number(SQLINTEGER attribute);

/* Reads the real driver's record number (from 1), with the function of the wanted flavour if it has
 * that one: what the other would say may be another text, or none. */
bool real_diagnostic(const struct driver *driver, enum handle_kind kind, SQLHANDLE real,
                     SQLSMALLINT number, enum flavour wanted, struct diagnostic *out);

/* Reads the real driver's records of a handle into diagnostics as they are (state, native code,
 * text): for when the real handle is about to be freed. wanted: the flavour in which the driver
 * manager would read them. */
void diagnostics_take_real(struct diagnostics *diagnostics, const struct driver *driver,
                           enum handle_kind kind, SQLHANDLE real, enum flavour wanted);

#endif
