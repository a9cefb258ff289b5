/*
 * log.h - for a program that calls every ODBC function and writes down what comes back, so that two
 * drivers can be compared line by line.
 *
 * Every line says which call it belongs to. After each call all records with all fields are
 * written, also after SQL_SUCCESS. What differs from run to run (addresses of handles) is masked.
 * Built twice: with UNICODE the wide functions are called, without it the ANSI ones.
 */
#ifndef INTERFACE_LOG_H
#define INTERFACE_LOG_H

#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>
#include <stdbool.h>
#include <stddef.h>

/* What is the database's own in the calls; NULL where it has no such thing. */
struct dialect {
    const char *name;
    const char *login;             /* in the connection string; "": the data source has it */
    const char *const *columns;    /* of table things, which has rows 1 to 3; ended by NULL */
    const char *const *selects;    /* of literals; ended by NULL */
    const char *const *mistakes;   /* statements that fail, or bring warnings; ended by NULL */
    const char *const *parameters; /* statements with one '?' that bring it back; ended by NULL */
    const char *several_results;
    const char *many_rows; /* of at least 20 rows, ordered; column 1 is a number */
    const char *slow;
    const char *procedure_call;
    bool survives_bookmarks;
    bool checks_columns;    /* the real driver survives a column that is not there */
    SQLSMALLINT fatal_type; /* a C type of parameters that the real driver does not survive */
};

struct run {
    const struct dialect *dialect;
    const char *more;   /* connection string behind "DSN=data;" */
    SQLINTEGER version; /* SQL_OV_ODBC... */
    SQLHENV environment;
    SQLHDBC connection;
    SQLHSTMT statement;
};

/* false: the file cannot be written. */
bool log_open(const char *path);
bool log_close(void);

/* Begins a part; its name stands in front of each line. */
void log_part(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One line of text. */
void log_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A call with its outcome and its records; returns the outcome. */
SQLRETURN log_call(SQLSMALLINT kind, SQLHANDLE handle, SQLRETURN outcome, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
#define LOG_STATEMENT(handle, call) log_call(SQL_HANDLE_STMT, handle, call, "%s", #call)
#define LOG_CONNECTION(handle, call) log_call(SQL_HANDLE_DBC, handle, call, "%s", #call)

/* ASCII as it is, everything else as \\uXXXX; in one of several static buffers. */
const char *log_printable(const SQLTCHAR *text, size_t limit);

/* Buffers that show what was written: filled before, printed up to the last byte that changed. */
void log_fill(void *buffer, size_t size);
void log_bytes(const char *what, const void *buffer, size_t size);

/* A literal, or a text made at run time (one of several static buffers), for the functions. */
#ifdef UNICODE
#define TEXT_OF(literal) ((SQLTCHAR *)u##literal)
#else
#define TEXT_OF(literal) ((SQLTCHAR *)literal)
#endif
SQLTCHAR *log_take(const char *text);

/* The parts. Each leaves the statement closed, unbound and without attributes of its own. */
void interface_connect(struct run *run); /* opens environment, connection and statement */
void interface_refused(const struct run *run);
void interface_info(const struct run *run);
void interface_functions(const struct run *run);
void interface_attributes(struct run *run);
void interface_catalog(struct run *run);
void interface_columns(struct run *run);
void interface_values(struct run *run);
void interface_parameters(struct run *run);
void interface_cursors(struct run *run);
void interface_descriptors(struct run *run);
void interface_statements(struct run *run);
void interface_transactions(struct run *run);
void interface_cancel(struct run *run);
void interface_disconnect(struct run *run);

/* SQLExecDirect; false: it failed, or brought no columns. */
bool interface_execute(struct run *run, const char *sql);

/* Writes down the columns' descriptions and up to limit rows, and closes the cursor. */
void interface_dump(struct run *run, int limit);

/* A fresh statement in place of the old one. */
void interface_renew(struct run *run);

extern const struct dialect dialect_postgresql;
extern const struct dialect dialect_mariadb;
extern const struct dialect dialect_tds;

#endif
