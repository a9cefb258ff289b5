/*
 * dial.h - finding and reaching the server.
 */
#ifndef SESSION_DIAL_H
#define SESSION_DIAL_H

#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"

#define DIAL_ADDRESS_LIMIT 16

struct dial_address {
    struct sockaddr_storage address;
    socklen_t length;
};

struct dial_target {
    char *host;      /* as the user wrote it */
    char *full_name; /* what DNS makes of a host without a dot, when that has one; else NULL */
    uint16_t port;
    struct dial_address addresses[DIAL_ADDRESS_LIMIT];
    size_t count;
};

/* Resolves host (name, IPv4, IPv6 with or without brackets, or an absolute path: the directory of a
 * Unix socket is refused with a text, as TLS never runs there). Blocks as getaddrinfo does. */
bool dial_resolve(const char *host, uint16_t port, struct dial_target *target, struct error *error);
void dial_target_free(struct dial_target *target);

/* "db1 (10.0.0.1, port 5432)"; returns out. */
#define DIAL_DESCRIPTION_SIZE 400
const char *dial_describe(const struct dial_target *target, size_t index, char *out, size_t size);

/* Something that ends a wait early. */
struct dial_wait {
    int64_t deadline;  /* clock_monotonic() */
    const char *limit; /* what it comes from: "20 seconds (SslTimeout, odbc.ini [w])" */
    int wake;          /* descriptor that becomes readable when the relay is to stop; or -1 */
    int driver; /* the real driver's descriptor: when it hangs up, waiting is useless; or -1 */
};

/* Connects to the first address that answers, TCP_NODELAY and SO_KEEPALIVE set, non-blocking,
 * close-on-exec. -1 with error naming every address and its reason. *used_out: its index. */
int dial_connect(const struct dial_target *target, const struct dial_wait *wait, size_t *used_out,
                 struct error *error);

#endif
