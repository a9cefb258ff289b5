/*
 * origin.c - whether this process holds the other end of an accepted connection. TCP does not say,
 * so the process's own descriptors are searched: those nearby first, all of them only where the
 * kernel does not say that another user has it.
 */
#include "relay/origin.h"

#include <dirent.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define NEARBY 32        /* the driver's descriptor is most likely this close to ours */
#define SCAN_LIMIT 65536 /* without /proc */

/* The two ends of one TCP connection: what is local here is remote there. */
struct connection_ends {
    struct sockaddr_in local;
    struct sockaddr_in remote;
};

/* get: getsockname or getpeername. IPv4, also when the real driver uses an IPv6 socket for it
 * (::ffff:127.0.0.1). */
static bool get_name(int descriptor, int (*get)(int, struct sockaddr *, socklen_t *),
                     struct sockaddr_in *out)
{
    struct sockaddr_in6 name = {0};
    socklen_t length = sizeof name;
    if (get(descriptor, (struct sockaddr *)&name, &length) != 0)
        return false;
    if (name.sin6_family == AF_INET) {
        memcpy(out, &name, sizeof *out);
        return true;
    }
    out->sin_port = name.sin6_port;
    memcpy(&out->sin_addr, &name.sin6_addr.s6_addr[12], sizeof out->sin_addr);
    return name.sin6_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&name.sin6_addr);
}

static bool is_equal(const struct sockaddr_in *a, const struct sockaddr_in *b)
{
    return a->sin_port == b->sin_port && a->sin_addr.s_addr == b->sin_addr.s_addr;
}

/* The local name differs for all but the right one, so that is mostly the only question. */
static bool is_other_end(int descriptor, const struct connection_ends *ours)
{
    struct sockaddr_in name = {0};
    return get_name(descriptor, getsockname, &name) && is_equal(&name, &ours->remote) &&
           get_name(descriptor, getpeername, &name) && is_equal(&name, &ours->local);
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
            is_found = is_other_end((int)strtol(entry->d_name, NULL, 10), ours);
    closedir(folder);
    return is_found;
}

/* sock_diag(7): the socket with exactly these ends. */
struct diag_request {
    struct nlmsghdr header;
    struct inet_diag_req_v2 request;
};

struct diag_answer {
    struct nlmsghdr header;
    struct inet_diag_msg message;
    char attributes[1024];
};

/* false only when the kernel says that another user has the other end. */
static bool may_be_ours(const struct connection_ends *ours)
{
    struct diag_request request = {
        .header = {.nlmsg_len = sizeof request,
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = NLM_F_REQUEST},
        .request = {.sdiag_family = AF_INET,
                    .sdiag_protocol = IPPROTO_TCP,
                    .idiag_states = ~0u,
                    .id = {.idiag_sport = ours->remote.sin_port,
                           .idiag_dport = ours->local.sin_port,
                           .idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}}};
    request.request.id.idiag_src[0] = ours->remote.sin_addr.s_addr;
    request.request.id.idiag_dst[0] = ours->local.sin_addr.s_addr;
    struct diag_answer answer = {0};
    int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
    bool is_answered = netlink >= 0 && send(netlink, &request, sizeof request, 0) >= 0 &&
                       recv(netlink, &answer, sizeof answer, 0) >=
                           (ssize_t)(sizeof answer.header + sizeof answer.message) &&
                       answer.header.nlmsg_type == SOCK_DIAG_BY_FAMILY;
    if (netlink >= 0)
        close(netlink);
    return !is_answered || answer.message.idiag_uid == geteuid();
}

bool origin_is_own_tcp(int descriptor)
{
    struct connection_ends ours = {0};
    return get_name(descriptor, getsockname, &ours.local) &&
           get_name(descriptor, getpeername, &ours.remote) &&
           (scan_range(descriptor - NEARBY, descriptor + NEARBY, &ours) ||
            (may_be_ours(&ours) && scan_all(&ours)));
}

bool origin_is_own_unix(int descriptor)
{
    struct ucred peer;
    socklen_t length = sizeof peer;
    return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
           peer.pid == getpid();
}
