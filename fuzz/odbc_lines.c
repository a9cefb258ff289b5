/* odbc_lines.c - odbc.ini as the command reads it for its advice. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/odbc_files.h"
#include "fuzz/target.h"

static void look(const struct odbc_line *line, void *context)
{
    (void)context;
    fuzz_require(strchr(line->keyword, '=') == NULL && line->number > 0 && line->value != NULL);
    odbc_is_secret(line->keyword);
}

FUZZ_TARGET(odbc_lines, bytes, size)
{
    char path[FUZZ_PATH_SIZE];
    enum odbc_file source;
    int file = fuzz_open_file(bytes, size, path);
    setenv("ODBCINI", path, 1);
    size_t count = odbc_file_visit(ODBC_USER_SOURCES, "db", look, NULL);
    fuzz_require(count == 0 || (odbc_file_of_source("db", &source) && source == ODBC_USER_SOURCES));
    odbc_file_visit(ODBC_USER_SOURCES, "", look, NULL); /* what stands before any section */
    unsetenv("ODBCINI");
    close(file);
}
