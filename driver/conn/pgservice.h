/*
 * pgservice.h - the service of libpq that PGSERVICE names (libpq documentation, "The Connection
 * Service File"). libpq obeys all of it but what it says of TLS, for which libpq is given none.
 */
#ifndef CONN_PGSERVICE_H
#define CONN_PGSERVICE_H

#include <stdbool.h>

#include "base/error.h"
#include "config/settings.h"

/* Refuses a setting of TLS that nobody but the service says, or that the environment says
 * otherwise. SSLmode is none: psqlodbc tells libpq one in any case. */
bool pgservice_check(const struct settings *settings, struct error *error);

#endif
