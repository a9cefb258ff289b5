/*
 * formats_tools.h - running openssl, certtool, keytool and the like in a directory.
 */
#ifndef TESTS_FORMATS_TOOLS_H
#define TESTS_FORMATS_TOOLS_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the shell finds the program; if not, the running test is marked as skipped. */
bool tools_have(const char *program);

/* Whether other programs can load the libraries of this build; if not, the running test is marked
 * as skipped: the address sanitizer has to be in the program. */
bool tools_can_load(void);

/* Runs a shell command in the directory, silently. true: exit status 0. */
bool tools_run(const char *directory, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What the command prints, up to size - 1 bytes. */
bool tools_output(const char *directory, char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The whole file; free it. */
unsigned char *tools_read(const char *directory, const char *name, size_t *size_out);

#endif
