/* odbc_lines.c - odbc.ini as the command reads it for its advice. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/odbc_files.h"
#include "fuzz/target.h"

FUZZ_TARGET(odbc_lines, bytes, size)
{
    char path[FUZZ_PATH_SIZE];
    struct odbc_lines lines;
    int file = fuzz_open_file(bytes, size, path);
    setenv("ODBCINI", path, 1);
    odbc_lines_read(ODBC_USER_SOURCES, &lines);
    for (size_t i = 0; i < lines.count; i++) {
        fuzz_require(odbc_lines_have(&lines, lines.items[i].section));
        fuzz_require(strchr(lines.items[i].keyword, '=') == NULL && lines.items[i].number > 0);
        odbc_is_secret(lines.items[i].keyword);
    }
    odbc_lines_free(&lines);
    unsetenv("ODBCINI");
    close(file);
}
