/*
 * functions.c - the rows of functions.def as data, for loading (driver.c) and for SQLGetFunctions.
 */
#include "dispatch/functions.h"

#include <string.h>

const struct function_row function_rows[] = {
#define OWN(name, number, parameters)                                                              \
    {#name, number, false, offsetof(struct driver_functions, name)},
#define OWN_TEXT(name, number, parameters, arguments)                                              \
    {#name, number, false, offsetof(struct driver_functions, name)},
#include "dispatch/functions.def"

#define OWN(name, number, parameters)
#define OWN_TEXT(name, number, parameters, arguments)                                              \
    {#name "W", number, true, offsetof(struct driver_functions, name##W)},
#include "dispatch/functions.def"
};

const size_t function_row_count = sizeof function_rows / sizeof function_rows[0];

bool function_exists(const struct driver_functions *functions, const struct function_row *row)
{
    void *address;
    memcpy(&address, (const char *)functions + row->offset, sizeof address);
    return address != NULL;
}
