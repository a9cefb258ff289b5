/*
 * odbc_files.h - the driver manager's files as they lie on the disk: where they are, and what
 * stands in them line by line. What a setting is worth config/ini.h says; here is what a person
 * wrote.
 */
#ifndef SETUP_ODBC_FILES_H
#define SETUP_ODBC_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "config/ini.h"

enum odbc_file { ODBC_USER_SOURCES, ODBC_SYSTEM_SOURCES, ODBC_DRIVERS };

/* Where libodbcinst looks, whether it is there or not; returns out. */
#define ODBC_FILE_PATH_SIZE INI_PATH_SIZE
const char *odbc_file_path(enum odbc_file file, char *out, size_t size);

/* A line that has a keyword. */
struct odbc_line {
    const char *keyword;
    const char *value; /* blanks around it do not count, as in libodbcinst */
    unsigned number;
    mode_t mode; /* of the file */
};

/* Goes through the lines of a section, and returns how many there are: none when there is no such
 * file, or it cannot be read. visit may be NULL; what it is shown is gone afterwards. */
size_t odbc_file_visit(enum odbc_file file, const char *section,
                       void (*visit)(const struct odbc_line *line, void *context), void *context);

/* Whether libodbcinst reads a file that is there; false with error set: it has something, of which
 * nothing counts. */
bool odbc_file_check(enum odbc_file file, struct error *error);

/* Which of the user's and the system's file has the data source; the user's counts first. */
bool odbc_file_of_source(const char *source, enum odbc_file *file_out);

/* The driver manager's own; NULL is the last. */
extern const char *const odbc_reserved_sections[];

/* What odbc_is_name wants. */
#define ODBC_NAME_RULE                                                                             \
    "it is empty, too long, one of the driver manager's own sections, or has one of "              \
    "[]{}(),;?*=!@\\"

/* Whether a section may be called so. */
bool odbc_is_name(const char *name, size_t limit);

#endif
