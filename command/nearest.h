/*
 * nearest.h - what a person may have meant who wrote a name that is not there.
 */
#ifndef COMMAND_NEAREST_H
#define COMMAND_NEAREST_H

#include <stddef.h>

#include "config/connstr.h"

/* "did you mean sales or sale?", else "there are sales, stock and 3 more", else "there are none";
 * names are the keywords of the list. Returns out. */
#define NEAREST_SIZE 600
const char *nearest_describe(const char *name, const struct connstr *names, char *out, size_t size);

#endif
