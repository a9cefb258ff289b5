/*
 * command.h - the subcommands of `odbcssl`: one file each, and a row in commands.def.
 */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include "base/error.h"

/* What a subcommand ends with: one of these, or with `check --all` an enum monitoring_status. */
enum command_status {
    COMMAND_GOOD = 0,
    COMMAND_FAILED = 1,    /* refused or failed, and the reason printed */
    COMMAND_WRONG_USE = -1 /* main prints how to use it, and exits with 2 */
};

/* As Nagios and those after it take exit statuses. */
enum monitoring_status {
    MONITORING_OK = 0,
    MONITORING_WARNING = 1,
    MONITORING_CRITICAL = 2,
    MONITORING_UNKNOWN = 3
};

/* Ends a subcommand with an error: prints it, and what to do about it, on standard error. Always
 * COMMAND_FAILED. */
int fail(const struct error *error);

/* argv[0] is "odbcssl SUBCOMMAND". */
#define COMMAND(name, usage) int command_##name(int argc, char **argv);
#include "command/commands.def"

#endif
