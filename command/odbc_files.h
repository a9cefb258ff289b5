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

/* Which of the user's and the system's file has the data source; the user's counts first. */
bool odbc_file_of_source(const char *source, enum odbc_file *file_out);

/* The names of data sources or drivers, of all files, without the driver manager's own sections;
 * none when they cannot be read. Free with connstr_free. */
void odbc_list_sections(enum ini_file file, struct connstr *names);

/* Copies the file to FILE.TIME.bak with its owner and permissions, as libodbcinst does not keep
 * comments, and prints where. Nothing to do when there is no file. */
bool odbc_file_back_up(enum odbc_file file, struct error *error);

/* Writes through libodbcinst. value NULL takes the keyword away, keyword NULL the section. false
 * with error set, as of the next one and of odbc_file_back_up. */
bool odbc_file_write(enum odbc_file file, const char *section, const char *keyword,
                     const char *value, struct error *error);

/* A new section, or these keywords of a section that is there. */
bool odbc_file_write_section(enum odbc_file file, const char *section, const struct connstr *pairs,
                             struct error *error);

/* The section as it would stand in the file, secrets left out. */
void odbc_print_section(enum odbc_file file, const char *section, const struct connstr *pairs);

/* Whether the keyword's value is a secret: odbcssl's, or a real driver's password. */
bool odbc_is_secret(const char *keyword);

#endif
