/* advice.c - from the code of an error to what a person can do about it: the rows of advice.def. */
#include "command/advice.h"

#include <stddef.h>

/* One text for every row of errors.def and warnings.def: one missing or too many does not compile.
 */
#define ADVICE(name, text) static const char advice_##name[] = text;
#define WARNING_ADVICE(name, text) static const char warning_advice_##name[] = text;
#include "command/advice.def"

static const struct {
    enum odbcssl_error code;
    const char *text;
} rows[] = {
#define ERROR(name, sqlstate, meaning) {ODBCSSL_ERROR_##name, advice_##name},
#include "base/errors.def"
#define WARNING(name, sqlstate, meaning) {ODBCSSL_WARNING_##name, warning_advice_##name},
#include "base/warnings.def"
};

const char *advice_find(enum odbcssl_error code)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].code == code)
            return rows[i].text;
    return "See odbcssl(7).";
}
