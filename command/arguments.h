/*
 * arguments.h - reads a command's arguments: --name VALUE, --name=VALUE, -n VALUE, and what is no
 * option. (getopt.h cannot stand beside base/options.h: both have a struct option.)
 */
#ifndef COMMAND_ARGUMENTS_H
#define COMMAND_ARGUMENTS_H

#include <stdbool.h>

struct argument_row {
    const char *name; /* "--root-cert" or "-k"; NULL ends a table */
    bool has_value;
    int code; /* above ARGUMENT_WRONG */
};

enum { ARGUMENT_END, ARGUMENT_OPERAND, ARGUMENT_WRONG };

struct arguments {
    const struct argument_row *rows;
    char **next; /* NULL ends them */
};

/* argv[0] is passed over. */
struct arguments arguments_over(char **argv, const struct argument_row *rows);

/* The code of the next argument, and its value, or the operand. ARGUMENT_WRONG was complained
 * about. */
int arguments_next(struct arguments *arguments, char **value_out);

#endif
