/*
 * odbc_files.h - the driver manager's files as they lie on the disk: where they are, what stands in
 * them line by line, and changing them. What a setting is worth config/ini.h says; here is what a
 * person wrote.
 */
#ifndef COMMAND_ODBC_FILES_H
#define COMMAND_ODBC_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "config/ini.h"

enum odbc_file { ODBC_USER_SOURCES, ODBC_SYSTEM_SOURCES, ODBC_DRIVERS };

/* Where libodbcinst looks, whether it is there or not; returns out. */
#define ODBC_FILE_PATH_SIZE 1400
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

/* Why libodbcinst reads nothing of a file that has something; NULL: it reads it. */
const char *odbc_file_explain(enum odbc_file file);

/* Which of the user's and the system's file has the data source; the user's counts first. */
bool odbc_file_of_source(const char *source, enum odbc_file *file_out);

/* The names of data sources or drivers, of all files, without the driver manager's own sections;
 * none when they cannot be read. Free with connstr_free. */
void odbc_list_sections(enum ini_file file, struct connstr *names);

/* What odbc_is_name wants. */
#define ODBC_NAME_RULE                                                                             \
    "it is empty, too long, one of the driver manager's own sections, or has one of "              \
    "[]{}(),;?*=!@\\"

/* Whether a section may be called so. */
bool odbc_is_name(const char *name, size_t limit);

/* Changes a section, or writes a new one: these keywords get these values, and with is_whole it has
 * no others; settings NULL takes the section away. The former file is kept as FILE.TIME.bak, which
 * is printed, as libodbcinst does not keep comments. All of it is done, or nothing, and false
 * returned with error set. */
bool odbc_file_change(enum odbc_file file, const char *section, const struct connstr *settings,
                      bool is_whole, struct error *error);

/* The section as it would stand in the file, secrets left out. */
void odbc_print_section(enum odbc_file file, const char *section, const struct connstr *pairs);

/* Whether the keyword's value is a secret: odbcssl's, or a real driver's password. */
bool odbc_is_secret(const char *keyword);

/* Also of a password of libpq's among other options. */
bool odbc_has_secret(const char *keyword, const char *value);

#endif
