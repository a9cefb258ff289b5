/* pgpass.c - libpq's password file: a password stands in it, escaped or not. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "conn/pgpass.h"
#include "fuzz/target.h"

FUZZ_TARGET(pgpass, bytes, size)
{
    static const struct pgpass_query query = {"db", 5432, "sales", "an:n"};
    char path[FUZZ_PATH_SIZE];
    int file = fuzz_open_file(bytes, size, path);
    setenv("PGPASSFILE", path, 1);
    char *password = pgpass_find(&query);
    fuzz_require(password == NULL || strlen(password) < size);
    for (const char *next = password; next != NULL && *next != '\0'; next++)
        fuzz_require(memchr(bytes, *next, size) != NULL && *next != '\n');
    text_free_secret(password);
    unsetenv("PGPASSFILE");
    close(file);
}
