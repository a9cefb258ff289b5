/* main.c - `odbcssl`: chooses the subcommand. */
#include <stdbool.h>
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
     "odbcssl check DSN | -k CONNECTION-STRING [--json] [--html FILE]\n"
     "odbcssl check --all [--json]\n"
     "    Does all that connecting does but for the login, and tells each step: the data source, "
     "its\n"
     "    settings and where they come from, files, addresses, TCP, TLS, the server's "
     "certificates,\n"
     "    the verdict, and what to do. --html writes the same as a page. --all: one line for each "
     "data\n"
     "    source that uses odbcssl, exit status as for monitoring (0 good, 1 warning, 2 critical,\n"
     "    3 unknown)."},
    {"status", command_status,
     "odbcssl status DSN | -k CONNECTION-STRING [-u USER] [-p PASSWORD] [--json]\n"
     "    Connects through the driver manager and prints what SQLGetInfo reports. The password "
     "may\n"
     "    also stand in the environment variable ODBCSSL_PASSWORD, else a terminal is asked."},
    {"list", command_list,
     "odbcssl list [--json]\n"
     "    The data sources that use odbcssl: name, server, mode, real driver, file."},
    {"dsn", command_dsn,
     "odbcssl dsn NAME --target DRIVER --server HOST[:PORT] [--database D] [--user U]\n"
     "            [--root-cert FILE] [--crl FILE] [--cert FILE --key FILE] [--bundle DIR]\n"
     "            [--set KEY=VALUE ...] [--system] [--library-dir DIR]\n"
     "    Writes a data source that verifies its server, and the driver's section if none fits; "
     "then\n"
     "    checks it. --bundle takes the folder that GaussDB(DWS) or ApsaraDB hand out as it is.\n"
     "    --system: for all users, in place of this one."},
    {"adopt", command_adopt,
     "odbcssl adopt DSN [--write] [--library-dir DIR]\n"
     "    Shows the odbcssl form of a data source of psqlodbc, FreeTDS or MariaDB, keyword by "
     "keyword;\n"
     "    --write changes it."},
    {"fetch", command_fetch,
     "odbcssl fetch HOST[:PORT] --protocol postgresql|tds|mysql|none [--out FILE]\n"
     "    The certificates that a server sends. This is no trust before it is compared."},
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
     "    path of a library, with SslMode=verify-full unless told otherwise. Default name:\n"
     "    \"DRIVER over TLS\"."},
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

static bool is_help(const char *text)
{
    return strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (is_help(argv[i]))
            return true;
    return false;
}

static int run(const struct command *command, int argc, char **argv)
{
    char name[32];
    if (asks_for_help(argc, argv)) {
        print_usage(stdout, command);
        return COMMAND_GOOD;
    }
    snprintf(name, sizeof name, "odbcssl %s", command->name);
    argv[0] = name;
    int status = command->run(argc, argv);
    if (status == COMMAND_WRONG_USE)
        print_usage(stderr, command);
    return status == COMMAND_WRONG_USE ? 2 : status;
}

int main(int argc, char **argv)
{
    const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;
    if (command != NULL)
        return run(command, argc - 1, argv + 1);
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("odbcssl %s\n", PACKAGE_VERSION);
        return COMMAND_GOOD;
    }
    bool is_asked = argc > 1 && is_help(argv[1]);
    if (argc > 1 && !is_asked)
        fprintf(stderr, "odbcssl: there is no command \"%s\"\n", argv[1]);
    print_usage(is_asked ? stdout : stderr, NULL);
    return is_asked ? COMMAND_GOOD : 2;
}
