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

/* Refuses options that would lead libpq past the relay, or that it could not fulfil behind one:
 * false with error set. *hostaddr_out: the value of hostaddr, which is one of the list's; NULL when
 * there is none. */
bool pqopt_check(const struct connstr *options, const char **hostaddr_out, struct error *error);

/* Appends an option, quoted. false: out of memory. */
bool pqopt_append(struct buffer *out, const char *name, const char *value);

#endif
