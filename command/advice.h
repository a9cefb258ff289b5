/*
 * advice.h - what to do about an error, for the person who administers the data source.
 */
#ifndef COMMAND_ADVICE_H
#define COMMAND_ADVICE_H

#include "odbcssl.h"

/* Never NULL; static. */
const char *advice_find(enum odbcssl_error code);

#endif
