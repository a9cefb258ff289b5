/* peer.c - the listening socket and the threads of a server that a test writes. */
#include "support/peer.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTION_LIMIT 512
#define TIMEOUT_SECONDS 60

struct connection {
    struct peer *peer;
    pthread_t thread;
    int descriptor; /* -1: closed; under the peer's mutex */
};

struct peer {
    void (*serve)(int descriptor, void *context);
    void *context;
    int listener;
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t mutex;
    struct connection connections[CONNECTION_LIMIT];
    size_t count; /* by the accepting thread, then by peer_stop when that has ended */
};

static void *serve_one(void *argument)
{
    struct connection *connection = argument;
    struct peer *peer = connection->peer;
    peer->serve(connection->descriptor, peer->context);
    pthread_mutex_lock(&peer->mutex);
    close(connection->descriptor);
    connection->descriptor = -1;
    pthread_mutex_unlock(&peer->mutex);
    return NULL;
}

static void *accept_all(void *argument)
{
    struct peer *peer = argument;
    struct timeval limit = {TIMEOUT_SECONDS, 0};
    int descriptor;
    while (peer->count < CONNECTION_LIMIT &&
           (descriptor = accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        struct connection *connection = &peer->connections[peer->count];
        *connection = (struct connection){.peer = peer, .descriptor = descriptor};
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        if (pthread_create(&connection->thread, NULL, serve_one, connection) != 0)
            break;
        peer->count++;
    }
    return NULL;
}

static bool listen_on_loopback(struct peer *peer)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof name;
    peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(peer->listener, (struct sockaddr *)&name, sizeof name) != 0 ||
        listen(peer->listener, 64) != 0 ||
        getsockname(peer->listener, (struct sockaddr *)&name, &length) != 0)
        return false;
    peer->port = ntohs(name.sin_port);
    return true;
}

struct peer *peer_start(void (*serve)(int descriptor, void *context), void *context)
{
    struct peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL)
        return NULL;
    peer->serve = serve;
    peer->context = context;
    pthread_mutex_init(&peer->mutex, NULL);
    if (listen_on_loopback(peer) && pthread_create(&peer->thread, NULL, accept_all, peer) == 0)
        return peer;
    close(peer->listener);
    free(peer);
    return NULL;
}

uint16_t peer_port(const struct peer *peer)
{
    return peer->port;
}

void peer_stop(struct peer **peer_address)
{
    struct peer *peer = *peer_address;
    if (peer == NULL)
        return;
    shutdown(peer->listener, SHUT_RDWR);
    pthread_join(peer->thread, NULL);
    pthread_mutex_lock(&peer->mutex);
    for (size_t i = 0; i < peer->count; i++)
        if (peer->connections[i].descriptor >= 0)
            shutdown(peer->connections[i].descriptor, SHUT_RDWR);
    pthread_mutex_unlock(&peer->mutex);
    for (size_t i = 0; i < peer->count; i++)
        pthread_join(peer->connections[i].thread, NULL);
    close(peer->listener);
    pthread_mutex_destroy(&peer->mutex);
    free(peer);
    *peer_address = NULL;
}

bool peer_receive(int descriptor, void *out, size_t size)
{
    char *next = out;
    while (size > 0) {
        ssize_t got = recv(descriptor, next, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        next += got;
        size -= (size_t)got;
    }
    return true;
}

bool peer_send(int descriptor, const void *bytes, size_t size)
{
    return send(descriptor, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
}

size_t peer_drain(int descriptor)
{
    char bytes[4096];
    size_t total = 0;
    ssize_t got;
    while ((got = recv(descriptor, bytes, sizeof bytes, 0)) > 0)
        total += (size_t)got;
    return total;
}
