/*
 * odbc_section.h - a section of the driver manager's files as the command writes and prints it.
 */
#ifndef COMMAND_ODBC_SECTION_H
#define COMMAND_ODBC_SECTION_H

#include <stdbool.h>

#include "base/error.h"
#include "config/ini.h"
#include "setup/odbc_files.h"

/* The names of data sources or drivers, of all files, without the driver manager's own sections;
 * none when they cannot be read. Free with connstr_free. */
void odbc_section_list(enum ini_file file, struct connstr *names);

/* Changes a section, or writes a new one: these keywords get these values, and with is_whole it has
 * no others; settings NULL takes the section away. The former file is kept as FILE.TIME.bak, which
 * is printed. All of it is done, or nothing, and false returned with error set. */
bool odbc_section_change(enum odbc_file file, const char *section, const struct connstr *settings,
                         bool is_whole, struct error *error);

/* The section as it would stand in the file, secrets left out. */
void odbc_section_print(enum odbc_file file, const char *section, const struct connstr *pairs);

/* Whether the keyword's value is a secret: odbcssl's, or a real driver's password. */
bool odbc_is_secret(const char *keyword);

/* Also of a password of libpq's among other options. */
bool odbc_has_secret(const char *keyword, const char *value);

#endif
