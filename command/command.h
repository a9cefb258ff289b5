/*
 * command.h - the subcommands of `odbcssl`. Each is one file; main.c has a table of them.
 */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

/* Exit statuses. */
enum command_status {
    COMMAND_GOOD = 0,
    COMMAND_FAILED = 1,   /* refused or failed, and the reason printed */
    COMMAND_WRONG_USE = 2 /* main prints how to use it */
};

/* argv[0] is the subcommand's name. */
int command_check(int argc, char **argv);
int command_install(int argc, char **argv);
int command_uninstall(int argc, char **argv);
int command_status(int argc, char **argv);
int command_verify(int argc, char **argv);

#endif
