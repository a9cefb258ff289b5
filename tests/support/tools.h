/*
 * tools.h - what tests do beside odbcssl: running openssl, certtool, keytool and the like in a
 * directory, calling libraries, connecting.
 */
#ifndef TESTS_TOOLS_H
#define TESTS_TOOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the shell finds the program; if not, the running test is marked as skipped. */
bool tools_have(const char *program);

/* Whether other programs can load the libraries of this build; if not, the running test is marked
 * as skipped: the address sanitizer has to be in the program. */
bool tools_can_load(void);

/* Runs a shell command in the directory; what it says is shown when its exit status is not 0, which
 * is false. */
bool tools_run(const char *directory, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Runs a program without a shell (the first argument is its path, the last NULL), which a signal
 * ends when it takes too long. out, unless it is NULL, gets all that it prints, up to size - 1
 * bytes. Its exit status; 1000 and the signal that ended it. */
int tools_spawn(char *const *arguments, char *out, size_t size);

/* What the command prints, up to size - 1 bytes. */
bool tools_output(const char *directory, char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Fills in functions of a library, loaded lazily, by a table that ends with NULL. */
struct tools_function {
    const char *name;
    void *place; /* of the pointer */
};
bool tools_load(const char *library, const struct tools_function *functions);

/* Sockets of 127.0.0.1: one that listens at a free port, which *port_out gets, and one that is
 * connected to a port. -1 on failure. */
int tools_listen(uint16_t *port_out);
int tools_connect(unsigned port);

/* The whole file; free it. */
unsigned char *tools_read(const char *directory, const char *name, size_t *size_out);

#endif
