/*
 * main.c - interface-log FILE postgresql|mariadb|tds 2|3|380 [CONNECTION STRING]: calls every
 * function of the driver of data source "data", and writes down what comes back.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "system/interface/log.h"

static const struct dialect *const dialects[] = {&dialect_postgresql, &dialect_mariadb,
                                                 &dialect_tds};

static const struct dialect *find_dialect(const char *name)
{
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
        if (strcmp(dialects[i]->name, name) == 0)
            return dialects[i];
    return NULL;
}

int main(int argc, char **argv)
{
    struct run run = {.dialect = argc >= 4 ? find_dialect(argv[2]) : NULL,
                      .version = argc >= 4 ? atoi(argv[3]) : 0,
                      .more = argc >= 5 ? argv[4] : ""};
    if (run.dialect == NULL || !log_open(argv[1])) {
        fprintf(stderr, "interface-log FILE postgresql|mariadb|tds 2|3|380 [CONNECTION STRING]\n");
        return 2;
    }
    setlocale(LC_ALL, "C.UTF-8");
    interface_refused(&run);
    interface_connect(&run);
    if (run.statement == SQL_NULL_HSTMT)
        return log_close() ? 1 : 2;
    interface_info(&run);
    interface_functions(&run);
    interface_attributes(&run);
    interface_catalog(&run);
    interface_columns(&run);
    interface_values(&run);
    interface_parameters(&run);
    interface_cursors(&run);
    interface_descriptors(&run);
    interface_statements(&run);
    interface_transactions(&run);
    interface_cancel(&run);
    interface_disconnect(&run);
    return log_close() ? 0 : 2;
}
