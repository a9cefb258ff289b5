/*
 * endpoint.c - the listener that the real driver connects to: a random address of 127/8, or a Unix
 * socket in a private directory.
 */
#include "relay/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fork.h"
#include "base/limits.h"
#include "relay/leftovers.h"
#include "relay/origin.h"

/* Strangers must not keep the real driver out. */
#define BACKLOG SOMAXCONN
#define ADDRESS_TRIES 8 /* with the wanted port */

/* 127.x.y.z, never one that others would guess or use: 127.0.*.* and 127.*.*.0 and 255 are left
 * out. */
static in_addr_t random_address(void)
{
    uint8_t bytes[3] = {81, 3, 7};
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return htonl(INADDR_LOOPBACK);
    return htonl(127u << 24 | (1u + bytes[0] % 254u) << 16 | (uint32_t)bytes[1] << 8 |
                 (1u + bytes[2] % 254u));
}

/* -1 with errno set. */
static int open_listener(const void *name, socklen_t length)
{
    const struct sockaddr *address = name;
    int listener = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0 || (bind(listener, address, length) == 0 && listen(listener, BACKLOG) == 0))
        return listener;
    int reason = errno;
    close(listener);
    errno = reason;
    return -1;
}

static int listen_on(in_addr_t address, uint16_t port, struct relay_endpoint *where)
{
    struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = address};
    socklen_t length = sizeof name;
    int listener = open_listener(&name, sizeof name);
    if (listener >= 0 && getsockname(listener, (struct sockaddr *)&name, &length) == 0) {
        where->port = ntohs(name.sin_port);
        inet_ntop(AF_INET, &name.sin_addr, where->address, sizeof where->address);
    }
    return listener;
}

/* The wanted port on some address, else any port on some address, else any port on 127.0.0.1
 * (systems that do not route all of 127/8 to themselves). */
static int listen_loopback(uint16_t wanted_port, struct relay_endpoint *where, struct error *error)
{
    int listener = -1;
    for (int i = 0; wanted_port != 0 && listener < 0 && i < ADDRESS_TRIES; i++) {
        listener = listen_on(random_address(), wanted_port, where);
        if (listener < 0 && errno != EADDRINUSE)
            break;
    }
    if (listener < 0)
        listener = listen_on(random_address(), 0, where);
    if (listener < 0)
        listener = listen_on(htonl(INADDR_LOOPBACK), 0, where);
    if (listener < 0)
        error_set_system(error, ODBCSSL_ERROR_SYSTEM, errno,
                         "the local endpoint for the real driver cannot be opened");
    return listener;
}

static bool make_directory(struct endpoint *endpoint, struct error *error)
{
    const char *parent = secure_getenv("TMPDIR");
    /* Room for the socket's name behind it. */
    if (parent == NULL || parent[0] != '/' || strlen(parent) > sizeof endpoint->directory - 48)
        parent = "/tmp";
    leftovers_remove(parent);
    snprintf(endpoint->directory, sizeof endpoint->directory, "%s/" LEFTOVERS_PREFIX "%ld-XXXXXX",
             parent, (long)getpid());
    if (mkdtemp(endpoint->directory) != NULL) /* mode 0700 */
        return true;
    error_set_system(error, ODBCSSL_ERROR_SYSTEM, errno,
                     "no private directory for the local endpoint can be made in %s", parent);
    endpoint->directory[0] = '\0';
    return false;
}

void endpoint_remove_files(struct endpoint *endpoint)
{
    if (endpoint->directory[0] == '\0')
        return;
    if (endpoint->where.path[0] != '\0')
        unlink(endpoint->where.path);
    rmdir(endpoint->directory);
    endpoint->directory[0] = '\0';
}

/* The name is the one that libpq looks for in a directory; other drivers take any. */
static int listen_unix(struct endpoint *endpoint, uint16_t port, struct error *error)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (!make_directory(endpoint, error))
        return -1;
    if ((size_t)snprintf(name.sun_path, sizeof name.sun_path, "%s/.s.PGSQL.%u", endpoint->directory,
                         port) >= sizeof name.sun_path)
        name.sun_path[sizeof name.sun_path - 1] = '\0';
    int listener = open_listener(&name, sizeof name);
    if (listener >= 0) {
        snprintf(endpoint->where.path, sizeof endpoint->where.path, "%s", name.sun_path);
        endpoint->where.port = port;
        return listener;
    }
    error_set_system(error, ODBCSSL_ERROR_SYSTEM, errno,
                     "the local endpoint %s for the real driver cannot be opened", name.sun_path);
    unlink(name.sun_path);
    endpoint_remove_files(endpoint);
    return -1;
}

bool endpoint_open(enum endpoint_kind kind, uint16_t wanted_port, struct endpoint *endpoint,
                   struct error *error)
{
    *endpoint = (struct endpoint){.listener = -1, .generation = fork_generation()};
    endpoint->where.kind = kind;
    if (kind == ENDPOINT_UNIX)
        endpoint->listener = listen_unix(endpoint, wanted_port, error);
    else
        endpoint->listener = listen_loopback(wanted_port, &endpoint->where, error);
    return endpoint->listener >= 0;
}

void endpoint_close(struct endpoint *endpoint)
{
    int listener = endpoint->listener;
    endpoint->listener = -1;
    if (listener >= 0)
        close(listener);
    if (!fork_is_inherited(endpoint->generation))
        endpoint_remove_files(endpoint);
}

enum endpoint_outcome endpoint_accept(const struct endpoint *endpoint, struct log *log,
                                      int *descriptor_out, struct error *error)
{
    int on = 1;
    int descriptor = accept4(endpoint->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor < 0) {
        if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
            return ENDPOINT_NOTHING;
        limits_set_descriptors(error, ODBCSSL_ERROR_SYSTEM, errno, 2,
                               "the real driver's connection cannot be accepted");
        return ENDPOINT_FAILED;
    }
    bool is_loopback = endpoint->where.kind == ENDPOINT_LOOPBACK;
    if (!(is_loopback ? origin_is_own_tcp(descriptor) : origin_is_own_unix(descriptor))) {
        log_write(log, "a connection of another process to the local endpoint was refused");
        close(descriptor);
        return ENDPOINT_STRANGER;
    }
    if (is_loopback)
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    *descriptor_out = descriptor;
    return ENDPOINT_ACCEPTED;
}
