/*
 * private_odbc.h - an ODBC configuration of the test's own, in a temporary directory. The driver
 * manager freezes the place at its first use, so it is made before anything else, once per process.
 */
#ifndef TESTS_PRIVATE_ODBC_H
#define TESTS_PRIVATE_ODBC_H

#include <stdbool.h>

/* Makes the directory and points ODBCSYSINI and ODBCINI at it. */
bool private_odbc_make(void);

/* Adds text to one of the two files; format as in printf. */
bool private_odbc_add_drivers(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool private_odbc_add_sources(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Removes files and directory. */
void private_odbc_remove(void);

#endif
