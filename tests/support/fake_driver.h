/*
 * fake_driver.h - a real driver for tests: it needs no server, notes what it is called with, and
 * can be told to misbehave as real ones do.
 *
 * Statements: "fail" returns SQL_ERROR with two records, "warn" SQL_SUCCESS_WITH_INFO with one,
 * "notice" the same with SQLSTATE 00000, "lose" SQL_ERROR with 08S01, "empty" SQL_SUCCESS with a
 * record 00000 all the same, as MariaDB's, "block" waits for SQLCancel, everything else succeeds.
 *
 *      fake.so       A and wide functions, no SQLBulkOperations, though SQLGetFunctions claims it
 *      fakea.so      only A functions
 *      fakew.so      no A function that has a wide one, and no SQLSetScrollOptions
 */
#ifndef TESTS_FAKE_DRIVER_H
#define TESTS_FAKE_DRIVER_H

#include <stdatomic.h>

#define FAKE_TEXT_SIZE 65536

struct fake_control {
    /* for the test to set */
    atomic_int refuses_odbc_380;
    atomic_int refuses_connecting;
    const char *refusal; /* its text, of any character set; NULL: "fake: no such user" */
    atomic_int refuses_freeing_statements;
    atomic_int refuses_cancelling;
    atomic_int refuses_attribute_replay;
    atomic_int disconnects_with_info;
    void (*after_freeing_descriptor)(void); /* before SQLFreeHandle returns */
    atomic_int is_dead; /* answer for SQL_ATTR_CONNECTION_DEAD; -1: unknown attribute */

    /* for the test to look at */
    atomic_int blocked;             /* statements that wait for SQLCancel */
    atomic_int cancelled;           /* calls of SQLCancel */
    atomic_int asked;               /* calls of SQLGetDiagRec */
    atomic_int handles;             /* alive */
    atomic_int connections;         /* open */
    char calls[FAKE_TEXT_SIZE];     /* "SQLSetConnectAttr 103=5\n..." */
    char statement[FAKE_TEXT_SIZE]; /* the last one prepared or executed; wide ones as ASCII */
    char connection_string[4096];
};

typedef struct fake_control *fake_control_function(void); /* the library's fake_control */

/* The path of "fake.so" and the like where it was built; static. */
const char *fake_path(const char *name);

/* Loads it and returns its control, fresh: nothing seen, well behaved. Aborts when it is not
 * there. */
struct fake_control *fake_open(const char *name);

#endif
