/* browser.c - SQL Server Browser (MC-SQLR): the port of a named instance. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "support/tds_server/server.h"

#define REQUEST_INSTANCE 0x04
#define REPLY 0x05

int browser_open(uint16_t port, uint16_t *port_out)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(descriptor, (struct sockaddr *)&address, &length) != 0)
        return -1;
    *port_out = ntohs(address.sin_port);
    return descriptor;
}

void browser_serve(int descriptor, const char *instance, uint16_t tcp_port)
{
    char request[64], reply[512];
    struct sockaddr_in peer;
    for (;;) {
        socklen_t peer_length = sizeof peer;
        ssize_t size = recvfrom(descriptor, request, sizeof request - 1, 0,
                                (struct sockaddr *)&peer, &peer_length);
        if (size < 0)
            return;
        request[size] = '\0';
        if (size < 2 || request[0] != REQUEST_INSTANCE || !text_equal_nocase(request + 1, instance))
            continue;
        int length = snprintf(reply + 3, sizeof reply - 3,
                              "ServerName;TDSTEST;InstanceName;%s;IsClustered;No;Version;"
                              "15.0.2000.5;tcp;%u;;",
                              instance, tcp_port);
        reply[0] = REPLY;
        reply[1] = (char)(length & 0xFF);
        reply[2] = (char)(length >> 8);
        log_event("browser instance=%s", instance);
        sendto(descriptor, reply, (size_t)length + 3, 0, (struct sockaddr *)&peer, peer_length);
    }
}
