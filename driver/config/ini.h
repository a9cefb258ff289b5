/*
 * ini.h - odbc.ini and odbcinst.ini through libodbcinst, which knows where they are, and which of
 * the user's and the system's counts.
 *
 * libodbcinst answers from a cache for up to 20 seconds, so a change may take effect that much
 * later.
 */
#ifndef CONFIG_INI_H
#define CONFIG_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "config/connstr.h"

enum ini_file { INI_DATA_SOURCES, INI_DRIVERS };

/* Lines of 1000 characters and more are cut by libodbcinst without a word. Keyword, '=' and blanks
 * need room as well, so a longer value is taken for cut. */
#define INI_VALUE_LIMIT 900

/* "odbc.ini", "odbcinst.ini" */
const char *ini_file_name(enum ini_file file);

/* Where libodbcinst looks for the system's file, whether it is there or not; returns out. */
#define INI_PATH_SIZE 1400
const char *ini_system_path(enum ini_file file, char *out, size_t size);

/* All keywords of a section; none when there is no such section. Section names are
 * case-insensitive. false: out of memory, the file cannot be read, the section is larger than can
 * be read, or has a keyword of ours twice; pairs is then empty. */
bool ini_read_section(enum ini_file file, const char *section, struct connstr *pairs,
                      struct error *error);

/* The same to find a section and to show it, and not to connect with: of a keyword that is there
 * twice the first counts. false: there is none, or it cannot be read. */
bool ini_look_at_section(enum ini_file file, const char *section, struct connstr *pairs);

/* One value; *value_out is NULL when it is not there. The caller frees it. false: out of memory. */
bool ini_read_value(enum ini_file file, const char *section, const char *keyword, char **value_out,
                    struct error *error);

/* Whether every keyword and value can stand on a line of such a file: no control characters, no
 * blanks at the ends of a password or a name, not longer than is read back, and a keyword that is
 * no section, comment or pair. false with error set. */
bool ini_check_lines(const struct connstr *pairs, struct error *error);

/* The names of all sections as keywords of pairs, with empty values. false as above. */
bool ini_list_sections(enum ini_file file, struct connstr *pairs, struct error *error);

#endif
