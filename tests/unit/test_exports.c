/* Each driver exports the functions of functions.def that are its own, and nothing else. */
#include <stdio.h>
#include <string.h>

#include "dispatch/driver.h"
#include "support/suite.h"

static const struct function_row *find_row(const char *name)
{
    for (size_t i = 0; i < function_row_count; i++)
        if (strcmp(function_rows[i].name, name) == 0)
            return &function_rows[i];
    return NULL;
}

static bool is_wide(const struct function_row *row)
{
    return row->name[strlen(row->name) - 1] == 'W';
}

/* Checks each exported name, and returns how many there are. */
static size_t check_names(FILE *names, bool has_wide)
{
    char line[512], name[256];
    size_t count = 0;
    while (fgets(line, sizeof line, names) != NULL) {
        if (sscanf(line, "%*s %*s %255s", name) != 1)
            continue;
        name[strcspn(name, "@")] = '\0';
        const struct function_row *row = find_row(name);
        if (row == NULL || (is_wide(row) && !has_wide))
            suite_check_text(name, "no other export", __FILE__, __LINE__);
        count++;
    }
    return count;
}

static size_t count_rows(bool has_wide)
{
    size_t count = 0;
    for (size_t i = 0; i < function_row_count; i++)
        count += has_wide || !is_wide(&function_rows[i]);
    return count;
}

static void check_exports(const char *library, bool has_wide)
{
    FILE *names = popen(
        suite_text("nm -D --defined-only '%s/%s'", suite_built("driver/odbc/.libs"), library), "r");
    CHECK_FATAL(names != NULL);
    CHECK_NUMBER(check_names(names, has_wide), count_rows(has_wide));
    CHECK_NUMBER(pclose(names), 0);
}

CASE("libodbcssl.so exports the ANSI and wide functions of the table only")
{
    check_exports("libodbcssl.so", true);
}

CASE("libodbcssla.so exports the ANSI functions of the table only")
{
    check_exports("libodbcssla.so", false);
}

/* The list of the driver manager's calls in a driver, counted by hand. */
CASE("the table holds every function of the driver manager")
{
    CHECK_NUMBER(count_rows(false), 61);
    CHECK_NUMBER(count_rows(true), 61 + 31);
    CHECK(find_row("SQLError") == NULL);
}

SUITE("exports", NULL, NULL)
