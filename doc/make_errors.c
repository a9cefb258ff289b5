/*
 * make_errors.c - writes errors.md, every native error code with its cause and its cure, from the
 * rows that the driver (errors.def, warnings.def) and `odbcssl check` (advice.def) are made of.
 *
 *   make-errors >errors.md
 */
#include <stdio.h>
#include <stdlib.h>

#include "command/advice.h"
#include "odbcssl.h"

static const struct code_row {
    int code;
    const char *name;
    const char *sqlstate;
    const char *meaning;
} rows[] = {
#define ERROR(name, sqlstate, meaning)                                                             \
    {ODBCSSL_ERROR_##name, "ODBCSSL_ERROR_" #name, sqlstate, meaning},
#include "base/errors.def"
#define WARNING(name, sqlstate, meaning)                                                           \
    {ODBCSSL_WARNING_##name, "ODBCSSL_WARNING_" #name, sqlstate, meaning},
#include "base/warnings.def"
};

static const struct {
    int hundred;
    const char *title;
} chapters[] = {
    {1, "Settings and files"},
    {2, "The real driver, and the process"},
    {3, "The network"},
    {4, "Switching to TLS, and the handshake"},
    {5, "The server's certificate, and revocation"},
    {6, "The client's certificate and key"},
    {9, "Warnings: the connection is open (SQL_SUCCESS_WITH_INFO)"},
};

static const char introduction[] =
    "# Error codes: cause and cure\n"
    "\n"
    "<!-- Written by doc/make-errors from the program's own tables; a test compares the two. -->\n"
    "\n"
    "A diagnostic record of odbcssl begins with `[odbcssl]` and has one of these native error "
    "codes\n"
    "(`isql` does not print them; `odbcssl check NAME` does, and says what to do). The record "
    "itself\n"
    "names the file, keyword or certificate that is meant. The names are those of `odbcssl.h`.\n";

int main(void)
{
    fputs(introduction, stdout);
    for (size_t i = 0; i < sizeof chapters / sizeof chapters[0]; i++) {
        printf("\n## %s\n\n| code | SQLSTATE | cause | cure |\n|---|---|---|---|\n",
               chapters[i].title);
        for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
            const struct code_row *row = &rows[k];
            if (row->code / 100 == chapters[i].hundred)
                printf("| %d<br>`%s` | %s | %s | %s |\n", row->code, row->name, row->sqlstate,
                       row->meaning, advice_find((enum odbcssl_error)row->code));
        }
    }
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
