/*
 * output.h - the connection string that an application gets back: as the real driver would give it,
 * with the server's address in place of the relay's, and odbcssl's keywords in place of its TLS
 * ones.
 */
#ifndef CONN_OUTPUT_H
#define CONN_OUTPUT_H

#include "conn/link.h"

/* given: what the application gave. real_text: what the real driver gave for its own; may be NULL.
 * Passwords that the application gave stand in it, PWD as ODBC has it, and SslPassword; no other
 * secret does. is_wide: for a wide function. Free with text_free_secret; NULL: out of memory. */
char *output_string(const struct link *link, const struct connstr *given, const char *real_text,
                    bool is_wide);

#endif
