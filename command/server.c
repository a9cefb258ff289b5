/*
 * server.c - HOST[:PORT] of the command line, with an IPv6 address in brackets or without a port.
 */
#include "command/server.h"

#include <string.h>

#include "base/text.h"
#include "command/memory.h"

bool server_split(const char *server, char **host_out, uint16_t *port_out, struct error *error)
{
    bool is_bracketed = server[0] == '[';
    const char *start = is_bracketed ? server + 1 : server;
    size_t length = strcspn(start, is_bracketed ? "]" : ":");
    const char *rest = start + length;
    unsigned long port = 0;
    if (!is_bracketed && rest[0] == ':' && strchr(rest + 1, ':') != NULL) {
        length = strlen(start);
        rest = start + length;
    }
    bool is_closed = !is_bracketed || *rest++ == ']';
    bool is_port =
        is_closed &&
        (*rest == '\0' || (*rest == ':' && text_parse_number(rest + 1, 65535, &port) && port != 0));
    if (length == 0 || !is_port)
        return error_set(
            error, ODBCSSL_ERROR_KEYWORD_VALUE,
            "\"%s\" is no server: a host is wanted, and behind it a port from 1 to 65535, as "
            "in db.example.com:5432",
            server);
    *host_out = memory_format("%.*s", (int)length, start);
    *port_out = (uint16_t)port;
    return true;
}
