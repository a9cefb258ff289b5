/*
 * pqopt.h - psqlodbc's keyword pqopt: a libpq connection string (libpq documentation,
 * "Keyword/Value Connection Strings") that is handed to libpq as it is.
 */
#ifndef CONN_PQOPT_H
#define CONN_PQOPT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "config/connstr.h"

/* All options in their order, whatever they mean. text may be NULL. false with error set: it is
 * malformed, or a URI; options is then empty. */
bool pqopt_read(const char *text, struct connstr *options, struct error *error);

/*
 * Reads text (may be NULL). Refuses options that would lead libpq past the relay, or that it could
 * not fulfil behind one. *hostaddr_out: the value of hostaddr, NULL when there is none; *rest_out:
 * the other options, quoted anew, "" when there are none. Both are malloc'ed. false with error set.
 */
bool pqopt_inspect(const char *text, char **hostaddr_out, char **rest_out, struct error *error);

/* Appends an option, quoted. false: out of memory. */
bool pqopt_append(struct buffer *out, const char *name, const char *value);

#endif
