/* main.c - `odbcssl`: chooses the subcommand, and says how one is used. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "command/advice.h"
#include "command/command.h"

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *usage;
} commands[] = {
#define COMMAND(name, usage) {#name, command_##name, usage},
#include "command/commands.def"
};

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

int fail(const struct error *error)
{
    fprintf(stderr, "odbcssl: %s\n", error->text);
    /* What is wrong with a keyword or an option, its own words say best. */
    if (error->code != ODBCSSL_ERROR_KEYWORD_VALUE && error->code != ODBCSSL_ERROR_KEYWORD_CONFLICT)
        fprintf(stderr, "%s\n", advice_find(error->code));
    return COMMAND_FAILED;
}

static void print_usage(FILE *out, const struct command *command)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (command == NULL || command == &commands[i])
            fprintf(out, "%s\n", commands[i].usage);
    fprintf(out, "Exit status: 0 good, 1 refused or failed, 2 wrong use. See odbcssl(1).\n");
}

/* What was printed is what was asked for: on a full disk it is not there. */
static int end(int status)
{
    if (!ferror(stdout) && fflush(stdout) == 0)
        return status;
    fprintf(stderr, "odbcssl: not all of the output could be written\n");
    return status != COMMAND_GOOD ? status : COMMAND_FAILED;
}

static bool is_help(const char *text)
{
    return strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0;
}

static int run(const struct command *command, int argc, char **argv)
{
    char name[32];
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (is_help(argv[i])) {
            print_usage(stdout, command);
            return end(COMMAND_GOOD);
        }
    snprintf(name, sizeof name, "odbcssl %s", command->name);
    argv[0] = name;
    int status = command->run(argc, argv);
    if (status == COMMAND_WRONG_USE)
        print_usage(stderr, command);
    return end(status == COMMAND_WRONG_USE ? 2 : status);
}

int main(int argc, char **argv)
{
    signal(SIGXFSZ, SIG_IGN); /* what cannot be written is told, and not left as a half */
    for (size_t i = 0; argc > 1 && i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, argv[1]) == 0)
            return run(&commands[i], argc - 1, argv + 1);
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("odbcssl %s\n", PACKAGE_VERSION);
        return end(COMMAND_GOOD);
    }
    bool is_asked = argc > 1 && is_help(argv[1]);
    if (argc > 1 && !is_asked)
        fprintf(stderr, "odbcssl: there is no command \"%s\"\n", argv[1]);
    print_usage(is_asked ? stdout : stderr, NULL);
    return end(is_asked ? COMMAND_GOOD : 2);
}
