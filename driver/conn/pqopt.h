/*
 * pqopt.h - psqlodbc's keyword pqopt: a libpq connection string (libpq documentation,
 * "Keyword/Value Connection Strings") that is handed to libpq as it is.
 */
#ifndef CONN_PQOPT_H
#define CONN_PQOPT_H

#include <stdbool.h>

#include "base/error.h"

/*
 * Reads text (may be NULL). Refuses options that would lead libpq past the relay, or that it could
 * not fulfil behind one. *hostaddr_out: the value of hostaddr, NULL when there is none; *rest_out:
 * the other options, quoted anew, "" when there are none. Both are malloc'ed. false with error set.
 */
bool pqopt_inspect(const char *text, char **hostaddr_out, char **rest_out, struct error *error);

#endif
