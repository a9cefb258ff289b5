/* freetds_conf.c - FreeTDS's file with servers. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conn/freetds_conf.h"
#include "fuzz/target.h"

FUZZ_TARGET(freetds_conf, bytes, size)
{
    char path[FUZZ_PATH_SIZE];
    struct freetds_entry entry;
    struct error error = {0};
    int file = fuzz_open_file(bytes, size, path);
    setenv("FREETDSCONF", path, 1);
    bool is_found = freetds_conf_read("db", &entry, &error);
    fuzz_require(is_found != error_is_set(&error));
    for (size_t i = 0; i < entry.settings.count; i++)
        for (const char *next = entry.settings.pairs[i].keyword; *next != '\0'; next++)
            fuzz_require(!isupper((unsigned char)*next) && (next[0] != ' ' || next[1] != ' '));
    freetds_entry_free(&entry);
    unsetenv("FREETDSCONF");
    close(file);
}
