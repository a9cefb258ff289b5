/*
 * odbc_change.h - changes a section of odbc.ini or odbcinst.ini: begin, set keywords, put, end. The
 * file stays as it is until all has been set and there is room for it; libodbcinst by itself
 * empties the file before it writes, writes keyword by keyword, and does not say when there was no
 * room, so that a data source could be left with less security than was asked for.
 */
#ifndef SETUP_ODBC_CHANGE_H
#define SETUP_ODBC_CHANGE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/error.h"
#include "config/connstr.h"
#include "setup/odbc_files.h"

struct odbc_change {
    enum odbc_file kind;
    const char *section; /* the caller's, for as long as the change lasts */
    char path[ODBC_FILE_PATH_SIZE];
    int file;   /* locked against other changes */
    int edited; /* a copy of it in memory, which libodbcinst writes */
    char edited_path[40];
    struct stat former;
    sigset_t signals_before;
};

/* All that return a bool: false with error set, and the file is as it was. */

/* The file comes into being. odbc_change_end follows in any case. */
bool odbc_change_begin(enum odbc_file kind, const char *section, struct odbc_change *change,
                       struct error *error);

/* value NULL takes the keyword away, keyword NULL the section. */
bool odbc_change_set(const struct odbc_change *change, const char *keyword, const char *value,
                     struct error *error);

/* Takes away all keywords that the section had before the change; it keeps its place. */
bool odbc_change_clear(const struct odbc_change *change, struct error *error);

/* Copies the former file to FILE.TIME.bak, as libodbcinst does not keep comments; path_out is empty
 * when there was nothing to keep. */
#define ODBC_BACKUP_PATH_SIZE (ODBC_FILE_PATH_SIZE + 64)
bool odbc_change_back_up(const struct odbc_change *change, char *path_out, size_t size,
                         struct error *error);

bool odbc_change_put(const struct odbc_change *change, struct error *error);

void odbc_change_end(struct odbc_change *change);

#endif
