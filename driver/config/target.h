/*
 * target.h - from the names of odbcinst.ini to libraries, and back.
 */
#ifndef CONFIG_TARGET_H
#define CONFIG_TARGET_H

#include <stdbool.h>

#include "base/error.h"

/* The section of odbcinst.ini whose library is the one that driver names: a data source may name a
 * library instead of a section. *section_out is NULL when there is none; the caller frees it.
 * Several such sections are an error, for nothing says whose settings are meant. false with error
 * set. */
bool target_find_section(const char *driver, char **section_out, struct error *error);

/* The library of a section of odbcinst.ini, as written: Driver64 beats Driver, as in the driver
 * manager on 64-bit machines. *library_out is NULL when it has none; the caller frees it. */
bool target_read_library(const char *section, char **library_out, struct error *error);

/* Whether a section of odbcinst.ini has a library that is not odbcssl: it can be a TargetDriver. */
bool target_is_candidate(const char *section);

/* Whether the library is odbcssl itself. */
bool target_is_odbcssl(const char *path);

#endif
