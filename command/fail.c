/* fail.c - see fail.h. */
#include "command/fail.h"

#include <stdio.h>

#include "command/advice.h"
#include "command/command.h"

int fail(const struct error *error)
{
    fprintf(stderr, "odbcssl: %s\n%s\n", error->text, advice_find(error->code));
    return COMMAND_FAILED;
}
