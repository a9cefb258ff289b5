/*
 * command.h - the subcommands of `odbcssl`. Each is one file; main.c has a table of them.
 */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

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

/* argv[0] is "odbcssl SUBCOMMAND". */
int command_adopt(int argc, char **argv);
int command_check(int argc, char **argv);
int command_dsn(int argc, char **argv);
int command_fetch(int argc, char **argv);
int command_install(int argc, char **argv);
int command_list(int argc, char **argv);
int command_status(int argc, char **argv);
int command_uninstall(int argc, char **argv);
int command_verify(int argc, char **argv);

#endif
