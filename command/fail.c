/* fail.c - how every command ends with an error: the reason, and what to do about it. */
#include "command/fail.h"

#include <stdio.h>

#include "command/advice.h"
#include "command/command.h"

int fail(const struct error *error)
{
    fprintf(stderr, "odbcssl: %s\n", error->text);
    /* What is wrong with a keyword or an option, its own words say best. */
    if (error->code != ODBCSSL_ERROR_KEYWORD_VALUE && error->code != ODBCSSL_ERROR_KEYWORD_CONFLICT)
        fprintf(stderr, "%s\n", advice_find(error->code));
    return COMMAND_FAILED;
}
