/* main.c - `odbcssl`: chooses the subcommand. */
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "command/command.h"

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *usage;
};

static const struct command commands[] = {
    {"check", command_check,
     "odbcssl check DSN | -k CONNECTION-STRING [--json]\n"
     "    Does all that connecting does but for the login, and tells each step: settings and "
     "where\n"
     "    they come from, files, addresses, TCP, TLS, the server's certificates, the verdict, and\n"
     "    what to do about a failure."},
    {"status", command_status,
     "odbcssl status DSN | -k CONNECTION-STRING [-u USER] [-p PASSWORD] [--json]\n"
     "    Connects through the driver manager and prints what SQLGetInfo reports. The password "
     "may\n"
     "    also stand in the environment variable ODBCSSL_PASSWORD."},
    {"verify", command_verify,
     "odbcssl verify --root-cert FILE... [--crl FILE...] [--crl-check chain|leaf] --chain FILE...\n"
     "               [--host NAME] [--at TIME] [--allow-weak] [--json]\n"
     "    Would this chain be accepted? No connection is made. --chain: the server's certificate\n"
     "    first; TIME as in 2026-03-01T12:00:00Z, default now. --allow-weak admits SHA-1, "
     "RSA-1024\n"
     "    and the like, for old test suites."},
    {"install", command_install,
     "odbcssl install --target DRIVER [--name NAME] [--default KEY=VALUE ...] [--library-dir DIR]\n"
     "    Writes a driver to odbcinst.ini that puts TLS under DRIVER, a section of odbcinst.ini or "
     "the\n"
     "    path of a library. Default name: \"DRIVER over TLS\"."},
    {"uninstall", command_uninstall,
     "odbcssl uninstall --name NAME\n"
     "    Removes a driver of odbcssl from odbcinst.ini."},
};

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static void print_usage(FILE *out, const struct command *command)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (command == NULL || command == &commands[i])
            fprintf(out, "%s\n", commands[i].usage);
    fprintf(out, "Exit status: 0 good, 1 refused or failed, 2 wrong use. See odbcssl(1).\n");
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        print_usage(stdout, NULL);
        return COMMAND_GOOD;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("odbcssl %s\n", PACKAGE_VERSION);
        return COMMAND_GOOD;
    }
    const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;
    if (argc > 1 && command == NULL)
        fprintf(stderr, "odbcssl: there is no command \"%s\"\n", argv[1]);
    int status = command != NULL ? command->run(argc - 1, argv + 1) : COMMAND_WRONG_USE;
    if (status == COMMAND_WRONG_USE)
        print_usage(stderr, command);
    return status;
}
