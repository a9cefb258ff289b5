/*
 * files.c - files of others, found by a variable of the environment: the targets freetds_conf
 * (FreeTDS's servers), odbc_lines (odbc.ini as the command reads it for its advice), pgpass
 * (libpq's passwords: one stands in it, escaped or not) and pgservice (libpq's services: what one
 * says of TLS stands in it).
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "command/odbc_section.h"
#include "conn/freetds_conf.h"
#include "conn/pgpass.h"
#include "conn/pgservice.h"
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

FUZZ_TARGET(pgpass, bytes, size)
{
    static const struct pgpass_query query = {"db", 5432, "sales", "an:n", NULL};
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

FUZZ_TARGET(pgservice, bytes, size)
{
    char path[FUZZ_PATH_SIZE];
    static struct settings settings = {.tls.mode = ODBCSSL_MODE_VERIFY_FULL};
    struct error error = {0};
    int file = fuzz_open_file(bytes, size, path);
    setenv("PGSERVICEFILE", path, 1);
    setenv("PGSERVICE", "db", 1);
    setenv("PGSYSCONFDIR", "/dev/null", 1);
    bool is_good = pgservice_check(&settings, &error);
    fuzz_require(is_good != error_is_set(&error));
    fuzz_require(is_good || memmem(bytes, size, "[db]", 4) != NULL);
    unsetenv("PGSYSCONFDIR");
    unsetenv("PGSERVICE");
    unsetenv("PGSERVICEFILE");
    close(file);
}
