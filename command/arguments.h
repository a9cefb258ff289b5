/*
 * arguments.h - reads a subcommand's arguments with getopt_long(3): each row of a table says where
 * an option's value goes. (getopt.h stays inside arguments.c: base/options.h has a struct option as
 * well.)
 */
#ifndef COMMAND_ARGUMENTS_H
#define COMMAND_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/connstr.h"

/* Values of an option that may be given several times; the texts are argv's. */
struct argument_list {
    char **items;
    size_t count;
};

/* One of flag, text and list is set. */
struct argument {
    const char *name;  /* "root-cert"; NULL ends a table */
    char letter;       /* 'k'; 0: none */
    bool *flag;        /* set to true; the option takes no value */
    const char **text; /* the value; the last of several counts */
    struct argument_list *list;
};

/* argv[0] stands before complaints. operand_out gets the one argument that is no option, NULL when
 * there is none; where it is NULL no such argument is taken. false: complained about. */
bool arguments_read(int argc, char **argv, const struct argument *rows, const char **operand_out);

/* KEY=VALUE of each, in place; false: complained about, with the option's name. */
bool arguments_to_pairs(const struct argument_list *list, const char *option,
                        struct connstr *pairs);

/* The whole path of a file or folder; NULL with errno when nothing is there. Links in it stay
 * links: certificates are replaced by turning one. */
char *arguments_path(const char *given);

/* As one word of a shell's line, for what is said to be typed next. */
const char *arguments_quote(const char *word);

/* A server: "db", "db:5432", "[::1]:5432"; an IPv6 address without brackets has no port, and
 * *port_out is 0 when none is said. */
bool arguments_server(const char *server, char **host_out, uint16_t *port_out, struct error *error);

/* Which connection a command is asked about. */
struct source {
    const char *dsn;               /* of these two ... */
    const char *connection_string; /* ... exactly one */
    const char *user;              /* may be NULL */
    const char *password;          /* may be NULL */
};

/* Its settings as a list, which check reads and status hands to the driver manager; free with
 * connstr_free. false, and it was said why: the given string is malformed. */
bool arguments_source(const struct source *source, struct connstr *settings);

#endif
