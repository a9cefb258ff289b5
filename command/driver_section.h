/*
 * driver_section.h - odbcssl's sections of odbcinst.ini: found, checked and written.
 */
#ifndef COMMAND_DRIVER_SECTION_H
#define COMMAND_DRIVER_SECTION_H

#include <stdbool.h>

#include "base/error.h"
#include "config/connstr.h"
#include "config/settings.h"

struct driver_section {
    const char *target;      /* a section of odbcinst.ini, or a library's path */
    const char *name;        /* NULL: "TARGET over TLS" */
    const char *library_dir; /* where odbcssl's libraries are; NULL: where they were installed */
    struct connstr defaults; /* odbcssl's keywords for all its data sources; the caller's */
};

/* The path of the real driver's library. NULL with error set; of a driver that is not known it
 * lists those there are. */
const char *driver_section_find_target(const char *target, struct error *error);

/* The section that puts odbcssl over the target already; NULL: none. */
char *driver_section_find(const char *target);

/* The name of a new one. */
char *driver_section_name(const char *target);

/* Writes, after a copy of odbcinst.ini, and prints the section; without a mode of its own it gets
 * verify-full. *name_out: its name; it may be NULL. false with error set. */
bool driver_section_write(const struct driver_section *section, char **name_out,
                          struct error *error);

/* Whether the section may be written or removed: it is not there, which *is_there_out says, or
 * odbcssl's. false with error set. */
bool driver_section_check(const char *name, bool *is_there_out, struct error *error);

#endif
