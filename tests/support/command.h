/*
 * command.h - runs the command `odbcssl` of this build as a process of its own.
 */
#ifndef TESTS_COMMAND_H
#define TESTS_COMMAND_H

#include <stdbool.h>

/* What the last run wrote to its two outputs. */
extern char command_output[262144];

/* Its exit status, -1 when it had none. arguments are ended by NULL. */
int command_run(const char *const *arguments);

#define COMMAND_RUN(...) command_run((const char *const[]){__VA_ARGS__, NULL})

/* The same on a terminal of its own, with input typed into it. */
int command_run_on_terminal(const char *input, const char *const *arguments);

/* Checks that a fact of the output, "  OK    name   ...", has this text. */
void command_check_fact(const char *mark, const char *name, const char *text);

/* Checks that the output does not have the text. */
void command_check_absent(const char *text);

/* Makes a folder with odbcssl's libraries as they would be installed. */
bool command_make_library_folder(const char *folder);

#endif
