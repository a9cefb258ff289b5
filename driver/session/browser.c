/*
 * browser.c - asks SQL Server Browser, after dialling has found the server's addresses and before
 * it connects to one: each in turn, and again where a datagram was lost.
 */
#include "session/browser.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/clock.h"
#include "proto/tds_browser.h"

/* Datagrams get lost: FreeTDS, too, asks again after a second, and gives up after this many. */
#define ATTEMPTS 16
#define ATTEMPT_MILLISECONDS 1000

static void set_port(struct dial_address *address, uint16_t port)
{
    if (address->address.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&address->address)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)&address->address)->sin_port = htons(port);
}

/* An attempt takes its time whatever signals come. */
static bool await_reply(int descriptor, int64_t deadline)
{
    struct pollfd waiting = {.fd = descriptor, .events = POLLIN};
    int64_t end = clock_monotonic() + ATTEMPT_MILLISECONDS;
    int ready;
    do {
        ready = poll(&waiting, 1, clock_left(end < deadline ? end : deadline));
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
}

static bool ask_address(const struct dial_address *address, const struct buffer *request,
                        const char *instance, int64_t deadline, uint16_t *port_out,
                        struct error *error)
{
    struct dial_address browser = *address;
    unsigned char *reply = malloc(TDS_BROWSER_REPLY_SIZE);
    int descriptor =
        socket(address->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ssize_t got = 0; /* -1: nobody listens there */
    set_port(&browser, TDS_BROWSER_PORT);
    /* A connected socket takes datagrams of that address only. */
    if (descriptor < 0 || reply == NULL ||
        connect(descriptor, (struct sockaddr *)&browser.address, browser.length) != 0)
        got = -1;
    for (int i = 0; i < ATTEMPTS && got == 0 && clock_left(deadline) > 0; i++) {
        if (send(descriptor, buffer_content(request), buffer_length(request), MSG_NOSIGNAL) < 0)
            got = -1;
        else if (await_reply(descriptor, deadline))
            got = recv(descriptor, reply, TDS_BROWSER_REPLY_SIZE, 0);
    }
    bool is_found =
        got > 0 && tds_browser_read_reply(reply, (size_t)got, instance, port_out, error);
    if (descriptor >= 0)
        close(descriptor);
    free(reply);
    return is_found;
}

bool browser_find_port(struct dial_target *target, const char *instance, unsigned timeout,
                       struct error *error)
{
    struct buffer request = {0};
    uint16_t port = 0;
    int64_t deadline = clock_monotonic() + (int64_t)timeout * 1000;
    bool is_found = false;
    struct error reason = {0}; /* of one address; another may know the instance */
    if (tds_browser_write_request(instance, &request, &reason))
        for (size_t i = 0; i < target->count && !is_found; i++)
            is_found =
                ask_address(&target->addresses[i], &request, instance, deadline, &port, &reason);
    buffer_free(&request);
    if (!is_found) {
        error_copy(error, &reason);
        return error_set(
            error, ODBCSSL_ERROR_CONNECT,
            "the port of SQL Server instance %s on %s cannot be found: SQL Server Browser "
            "(UDP port %d) gave no answer. Set Port, or Server=%s,PORT",
            instance, target->host, TDS_BROWSER_PORT, target->host);
    }
    target->port = port;
    for (size_t i = 0; i < target->count; i++)
        set_port(&target->addresses[i], port);
    return true;
}
