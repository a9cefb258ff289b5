/*
 * nearest.h - what a person may have meant who wrote a name that is not there.
 */
#ifndef COMMAND_NEAREST_H
#define COMMAND_NEAREST_H

#include <stdbool.h>

#include "config/ini.h"

/* "did you mean sales or sale?", else "there are sales, stock and 3 more", else "there are none":
 * of the data sources or drivers, and of these only those wanted, unless is_wanted is NULL. */
const char *nearest_describe(const char *name, enum ini_file file,
                             bool (*is_wanted)(const char *name));

#endif
