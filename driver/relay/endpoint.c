#include "relay/endpoint.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fork.h"

#define BACKLOG 16
#define ADDRESS_TRIES 8  /* with the wanted port */
#define NEARBY 32        /* the driver's descriptor is most likely this close to ours */
#define SCAN_LIMIT 65536 /* without /proc */

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

static int listen_on(in_addr_t address, uint16_t port, struct relay_endpoint *where)
{
    struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = address};
    socklen_t length = sizeof name;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0)
        return -1;
    if (bind(listener, (struct sockaddr *)&name, sizeof name) == 0 &&
        listen(listener, BACKLOG) == 0 &&
        getsockname(listener, (struct sockaddr *)&name, &length) == 0) {
        where->port = ntohs(name.sin_port);
        inet_ntop(AF_INET, &name.sin_addr, where->address, sizeof where->address);
        return listener;
    }
    int reason = errno;
    close(listener);
    errno = reason;
    return -1;
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
    snprintf(endpoint->directory, sizeof endpoint->directory, "%s/odbcssl-XXXXXX", parent);
    if (mkdtemp(endpoint->directory) != NULL) /* mode 0700 */
        return true;
    error_set_system(error, ODBCSSL_ERROR_SYSTEM, errno,
                     "no private directory for the local endpoint can be made in %s", parent);
    endpoint->directory[0] = '\0';
    return false;
}

static void remove_files(struct endpoint *endpoint)
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
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener >= 0 && bind(listener, (struct sockaddr *)&name, sizeof name) == 0 &&
        listen(listener, BACKLOG) == 0) {
        snprintf(endpoint->where.path, sizeof endpoint->where.path, "%s", name.sun_path);
        endpoint->where.port = port;
        return listener;
    }
    error_set_system(error, ODBCSSL_ERROR_SYSTEM, errno,
                     "the local endpoint %s for the real driver cannot be opened", name.sun_path);
    if (listener >= 0) {
        close(listener);
        unlink(name.sun_path);
    }
    remove_files(endpoint);
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
        remove_files(endpoint);
}

/* The two ends of one TCP connection: what is local here is remote there. */
struct connection_ends {
    struct sockaddr_in local;
    struct sockaddr_in remote;
};

/* IPv4, also when the real driver uses an IPv6 socket for it (::ffff:127.0.0.1). */
static bool take_ipv4(const struct sockaddr_storage *name, struct sockaddr_in *out)
{
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)name;
    if (name->ss_family == AF_INET) {
        memcpy(out, name, sizeof *out);
        return true;
    }
    if (name->ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
        return false;
    out->sin_port = six->sin6_port;
    memcpy(&out->sin_addr, &six->sin6_addr.s6_addr[12], sizeof out->sin_addr);
    return true;
}

static bool get_ends(int descriptor, struct connection_ends *ends)
{
    struct sockaddr_storage name = {0};
    socklen_t length = sizeof name;
    if (getsockname(descriptor, (struct sockaddr *)&name, &length) != 0 ||
        !take_ipv4(&name, &ends->local))
        return false;
    length = sizeof name;
    return getpeername(descriptor, (struct sockaddr *)&name, &length) == 0 &&
           take_ipv4(&name, &ends->remote);
}

static bool is_equal(const struct sockaddr_in *a, const struct sockaddr_in *b)
{
    return a->sin_port == b->sin_port && a->sin_addr.s_addr == b->sin_addr.s_addr;
}

static bool is_other_end(int descriptor, const struct connection_ends *ours)
{
    struct connection_ends ends;
    return get_ends(descriptor, &ends) && is_equal(&ends.local, &ours->remote) &&
           is_equal(&ends.remote, &ours->local);
}

static bool scan_range(int from, int to, const struct connection_ends *ours)
{
    for (int i = from < 0 ? 0 : from; i < to; i++)
        if (is_other_end(i, ours))
            return true;
    return false;
}

static bool scan_all(const struct connection_ends *ours)
{
    struct rlimit limit;
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL) {
        bool is_limited = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < SCAN_LIMIT;
        return scan_range(0, is_limited ? (int)limit.rlim_cur : SCAN_LIMIT, ours);
    }
    bool is_found = false;
    const struct dirent *entry;
    while (!is_found && (entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.')
            is_found = is_other_end(atoi(entry->d_name), ours);
    closedir(folder);
    return is_found;
}

/* Whether this process has the socket at the other end. The kernel tells no process of a TCP
 * socket, but all of our own descriptors can be asked. A connection that its owner has closed
 * before we look is nobody's, and refused: a real driver waits for an answer, also when it cancels.
 */
static bool is_own_tcp(int descriptor)
{
    struct connection_ends ours;
    return get_ends(descriptor, &ours) &&
           (scan_range(descriptor - NEARBY, descriptor + NEARBY, &ours) || scan_all(&ours));
}

static bool is_own_unix(int descriptor)
{
    struct ucred peer;
    socklen_t length = sizeof peer;
    return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
           peer.pid == getpid();
}

static bool is_own(const struct endpoint *endpoint, int descriptor)
{
    return endpoint->where.kind == ENDPOINT_UNIX ? is_own_unix(descriptor) : is_own_tcp(descriptor);
}

enum endpoint_outcome endpoint_accept(const struct endpoint *endpoint, struct log *log,
                                      int *descriptor_out, struct error *error)
{
    int on = 1;
    int descriptor = accept4(endpoint->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor < 0) {
        if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
            return ENDPOINT_NOTHING;
        error_set_system(error, ODBCSSL_ERROR_SYSTEM, errno,
                         "the real driver's connection cannot be accepted");
        return ENDPOINT_FAILED;
    }
    if (!is_own(endpoint, descriptor)) {
        log_write(log, "a connection of another process to the local endpoint was refused");
        close(descriptor);
        return ENDPOINT_NOTHING;
    }
    if (endpoint->where.kind == ENDPOINT_LOOPBACK)
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    *descriptor_out = descriptor;
    return ENDPOINT_ACCEPTED;
}
