/*
 * dial.c - resolves the server's name and connects to one of its addresses, each of which gets a
 * fair part of the time. Waiting can be stopped by the relay or the real driver.
 */
#include "session/dial.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"

#define ADDRESS_TEXT_SIZE 80
#define LIST_SIZE 1024
#define LIMIT_SIZE 240

/* Only the first of a list has a name. */
static void take_addresses(const struct addrinfo *list, struct dial_target *target)
{
    if (list->ai_canonname != NULL && strchr(list->ai_canonname, '.') != NULL)
        target->full_name = strdup(list->ai_canonname);
    for (; list != NULL && target->count < DIAL_ADDRESS_LIMIT; list = list->ai_next) {
        struct dial_address *address = &target->addresses[target->count];
        if (list->ai_addrlen > sizeof address->address)
            continue;
        memcpy(&address->address, list->ai_addr, list->ai_addrlen);
        address->length = list->ai_addrlen;
        target->count++;
    }
}

bool dial_resolve(const char *host, uint16_t port, struct dial_target *target, struct error *error)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    char service[8];
    *target = (struct dial_target){.port = port};
    if (host == NULL || host[0] == '\0')
        return error_set(error, ODBCSSL_ERROR_SERVER_MISSING, "no server is named");
    if (host[0] == '/' || host[0] == '@')
        return error_set(
            error, ODBCSSL_ERROR_RESOLVE,
            "the server %s is a Unix socket, and databases speak no TLS there; name a host, or "
            "use the real driver without odbcssl",
            host);
    size_t length = strlen(host);
    bool is_bracketed = length > 2 && host[0] == '[' && host[length - 1] == ']';
    target->host = is_bracketed ? strndup(host + 1, length - 2) : strdup(host);
    if (target->host == NULL)
        return error_set_memory(error);
    snprintf(service, sizeof service, "%u", port);
    if (strchr(target->host, '.') == NULL)
        hints.ai_flags |= AI_CANONNAME;
    int result = getaddrinfo(target->host, service, &hints, &list);
    if (result == EAI_SYSTEM)
        error_set_system(error, ODBCSSL_ERROR_RESOLVE, errno, "%s cannot be resolved", host);
    else if (result != 0)
        error_set(error, ODBCSSL_ERROR_RESOLVE, "%s cannot be resolved: %s", host,
                  gai_strerror(result));
    else
        take_addresses(list, target);
    if (list != NULL)
        freeaddrinfo(list);
    if (target->count > 0)
        return true;
    error_set(error, ODBCSSL_ERROR_RESOLVE, "%s has no address", host);
    dial_target_free(target);
    return false;
}

void dial_target_free(struct dial_target *target)
{
    free(target->host);
    free(target->full_name);
    *target = (struct dial_target){0};
}

static const char *address_text(const struct dial_address *address, char *out, size_t size)
{
    char host[64], port[8];
    if (getnameinfo((const struct sockaddr *)&address->address, address->length, host, sizeof host,
                    port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        snprintf(out, size, "%s, port %s", host, port);
    else
        snprintf(out, size, "an unprintable address");
    return out;
}

const char *dial_describe(const struct dial_target *target, size_t index, char *out, size_t size)
{
    char address[ADDRESS_TEXT_SIZE] = "";
    if (index < target->count)
        address_text(&target->addresses[index], address, sizeof address);
    snprintf(out, size, "%s (%s)", target->host, address);
    return out;
}

/* Waits until the descriptor can be written to; error is set on time-out, stop or hang-up; doing:
 * "waiting for ..." */
static bool wait_for(int descriptor, const struct dial_wait *wait, const char *doing,
                     struct error *error)
{
    for (;;) {
        struct pollfd polled[] = {{.fd = descriptor, .events = POLLOUT},
                                  {.fd = wait->wake, .events = POLLIN},
                                  {.fd = wait->driver, .events = POLLRDHUP}};
        int count = poll(polled, 3, clock_left(wait->deadline));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            error_set_system(error, ODBCSSL_ERROR_SYSTEM, errno, "%s: poll failed", doing);
        else if (polled[1].revents != 0)
            error_set(error, ODBCSSL_ERROR_NOT_CONNECTED, "stopped while %s", doing);
        else if (polled[0].revents != 0)
            return true;
        else if (polled[2].revents != 0)
            error_set(error, ODBCSSL_ERROR_CONNECT, "the real driver gave up while %s", doing);
        else if (count == 0)
            error_set(error, ODBCSSL_ERROR_TIMEOUT, "the time-out of %s ran out while %s",
                      wait->limit, doing);
        else
            continue;
        return false;
    }
}

/* TCP to a free local port can meet itself: both ends get the same address. */
static bool is_connected_to_itself(int descriptor)
{
    struct sockaddr_storage local = {0}, remote = {0};
    socklen_t local_length = sizeof local, remote_length = sizeof remote;
    return getsockname(descriptor, (struct sockaddr *)&local, &local_length) == 0 &&
           getpeername(descriptor, (struct sockaddr *)&remote, &remote_length) == 0 &&
           local_length == remote_length && memcmp(&local, &remote, local_length) == 0;
}

static int finish_connect(int descriptor)
{
    int result = 0, on = 1;
    socklen_t length = sizeof result;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &result, &length) != 0)
        return errno;
    if (result == 0 && is_connected_to_itself(descriptor))
        return ECONNREFUSED;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    return result;
}

/* One address. -1 with its reason in error. */
static int connect_one(const struct dial_target *target, size_t index, const struct dial_wait *wait,
                       struct error *error)
{
    const struct dial_address *address = &target->addresses[index];
    char where[ADDRESS_TEXT_SIZE], doing[ADDRESS_TEXT_SIZE + 40];
    address_text(address, where, sizeof where);
    snprintf(doing, sizeof doing, "waiting for %s to answer", where);
    int descriptor =
        socket(address->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) {
        limits_set_descriptors(error, ODBCSSL_ERROR_CONNECT, errno, 1, where);
        return -1;
    }
    int result = 0;
    if (connect(descriptor, (const struct sockaddr *)&address->address, address->length) != 0)
        result = errno;
    if (result == EINPROGRESS || result == EINTR)
        result = wait_for(descriptor, wait, doing, error) ? 0 : ECANCELED;
    if (result == 0)
        result = finish_connect(descriptor);
    if (result == 0)
        return descriptor;
    error_set_system(error, ODBCSSL_ERROR_CONNECT, result, "%s", where);
    close(descriptor);
    return -1;
}

int dial_connect(const struct dial_target *target, const struct dial_wait *wait, size_t *used_out,
                 struct error *error)
{
    char reasons[LIST_SIZE] = "";
    size_t used = 0;
    enum odbcssl_error code = ODBCSSL_ERROR_TIMEOUT;
    for (size_t i = 0; i < target->count; i++) {
        /* Each address gets a fair part of the time that is left, so that a silent one does not use
         * up the time of those behind it. */
        struct dial_wait part = *wait;
        struct error reason = {0};
        char limit[LIMIT_SIZE];
        int64_t share = clock_left(wait->deadline) / (int)(target->count - i);
        part.deadline = clock_monotonic() + share;
        if (target->count > 1) {
            snprintf(limit, sizeof limit, "%d of the %s", (int)((share + 999) / 1000), wait->limit);
            part.limit = limit;
        }
        int descriptor = connect_one(target, i, &part, &reason);
        if (descriptor >= 0) {
            *used_out = i;
            return descriptor;
        }
        struct pollfd stops[] = {{.fd = wait->wake, .events = POLLIN},
                                 {.fd = wait->driver, .events = POLLRDHUP}};
        if (poll(stops, 2, 0) > 0) {
            error_copy(error, &reason);
            return -1;
        }
        if (reason.code != ODBCSSL_ERROR_TIMEOUT)
            code = ODBCSSL_ERROR_CONNECT;
        if (used < sizeof reasons)
            used += (size_t)snprintf(reasons + used, sizeof reasons - used, "%s%s",
                                     used > 0 ? "; " : "", reason.text);
    }
    error_set(error, code, "%s cannot be reached: %s", target->host, reasons);
    return -1;
}
