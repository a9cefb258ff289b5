/*
 * writing.h - checked keywords on their way into odbc.ini and odbcinst.ini.
 */
#ifndef SETUP_WRITING_H
#define SETUP_WRITING_H

#include <odbcinst.h>
#include <stdbool.h>

#include "base/error.h"
#include "config/connstr.h"

/* What the entry points export; everything else is hidden. */
#define SETUP_EXPORT __attribute__((visibility("default")))

/* Tells the installer why a request failed (SQLInstallerError). Always false. */
BOOL writing_refuse(DWORD installer_error, const char *text);

/* Checks what file [section] would hold with these pairs: lines, names, values, contradictions. A
 * pair with an empty value takes the keyword away. */
bool writing_check(const struct connstr *present, const struct connstr *pairs, const char *source,
                   struct error *error);

/* Writes the pairs that are not in skipped (ended by NULL); an empty value removes the keyword.
 * false when libodbcinst could not; it has then said why. */
bool writing_write(const char *file, const char *section, const struct connstr *pairs,
                   const char *const *skipped);

#endif
