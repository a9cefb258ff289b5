/*
 * fail.h - ends a subcommand with an error and what to do about it.
 */
#ifndef COMMAND_FAIL_H
#define COMMAND_FAIL_H

#include "base/error.h"

/* Prints both on standard error; always COMMAND_FAILED. */
int fail(const struct error *error);

#endif
