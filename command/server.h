/*
 * server.h - a server as people write it on a command line.
 */
#ifndef COMMAND_SERVER_H
#define COMMAND_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* "db", "db:5432", "[::1]:5432"; an IPv6 address without brackets has no port. The caller frees the
 * host; *port_out is 0 when none is said. */
bool server_split(const char *server, char **host_out, uint16_t *port_out, struct error *error);

#endif
