/* wire_tap.c - passes bytes on between driver and server, and keeps them. */
#include "system/wire_tap.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/tools.h"

#define PAIR_LIMIT 64
#define TAKE_MILLISECONDS 20000
#define FIRST_BYTES 9 /* SSLRequest, and the type of a TLS record */

enum tap_order { TAP_GO_ON, TAP_RESET, TAP_END, TAP_STOP };

struct tap_pair {
    int client; /* -1: the place is free */
    int server;
    unsigned char first[FIRST_BYTES];
    size_t first_count;
};

struct wire_tap {
    pthread_t thread;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t obeyed;
    enum tap_order order;
    unsigned connections, encrypted, ended;
    struct buffer recorded;
    int listener, wake;
    uint16_t port, server_port;
    struct tap_pair pairs[PAIR_LIMIT];
};

static void close_pair(struct tap_pair *pair, bool is_reset)
{
    struct linger now = {1, 0};
    if (pair->client < 0)
        return;
    if (is_reset)
        setsockopt(pair->client, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(pair->client);
    close(pair->server);
    *pair = (struct tap_pair){.client = -1, .server = -1};
}

/* Its client has ended, or its server. */
static void end_pair(struct wire_tap *tap, struct tap_pair *pair)
{
    close_pair(pair, false);
    pthread_mutex_lock(&tap->mutex);
    tap->ended++;
    pthread_mutex_unlock(&tap->mutex);
}

static void take_connection(struct wire_tap *tap)
{
    int client = accept(tap->listener, NULL, NULL);
    struct tap_pair *pair = tap->pairs;
    while (pair < tap->pairs + PAIR_LIMIT && pair->client >= 0)
        pair++;
    int server =
        client >= 0 && pair < tap->pairs + PAIR_LIMIT ? tools_connect(tap->server_port) : -1;
    if (server < 0) {
        close(client);
        return;
    }
    *pair = (struct tap_pair){.client = client, .server = server};
    pthread_mutex_lock(&tap->mutex);
    tap->connections++;
    pthread_mutex_unlock(&tap->mutex);
}

/* An SSLRequest, and then a handshake record: nothing that the database could understand. */
static void watch(struct wire_tap *tap, struct tap_pair *pair, const unsigned char *bytes,
                  size_t count)
{
    static const unsigned char encrypted[FIRST_BYTES] = {0, 0, 0, 8, 4, 0xD2, 0x16, 0x2F, 0x16};
    if (pair->first_count == FIRST_BYTES)
        return;
    for (size_t i = 0; i < count && pair->first_count < FIRST_BYTES; i++)
        pair->first[pair->first_count++] = bytes[i];
    if (pair->first_count < FIRST_BYTES || memcmp(pair->first, encrypted, FIRST_BYTES) != 0)
        return;
    pthread_mutex_lock(&tap->mutex);
    tap->encrypted++;
    pthread_mutex_unlock(&tap->mutex);
}

/* false: that direction has ended. */
static bool pass_on(struct wire_tap *tap, struct tap_pair *pair, bool is_from_client)
{
    unsigned char bytes[65536];
    int from = is_from_client ? pair->client : pair->server;
    int to = is_from_client ? pair->server : pair->client;
    ssize_t count = read(from, bytes, sizeof bytes);
    if (count <= 0)
        return false;
    if (is_from_client) {
        watch(tap, pair, bytes, (size_t)count);
        pthread_mutex_lock(&tap->mutex);
        buffer_append(&tap->recorded, bytes, (size_t)count);
        pthread_mutex_unlock(&tap->mutex);
    }
    for (ssize_t sent = 0, now; sent < count; sent += now)
        if ((now = send(to, bytes + sent, (size_t)(count - sent), MSG_NOSIGNAL)) <= 0)
            return false;
    return true;
}

static enum tap_order take_order(struct wire_tap *tap)
{
    uint64_t count;
    ssize_t got = read(tap->wake, &count, sizeof count);
    (void)got;
    pthread_mutex_lock(&tap->mutex);
    enum tap_order order = tap->order;
    for (size_t i = 0; order != TAP_GO_ON && i < PAIR_LIMIT; i++)
        close_pair(&tap->pairs[i], order == TAP_RESET);
    tap->order = TAP_GO_ON;
    pthread_cond_signal(&tap->obeyed);
    pthread_mutex_unlock(&tap->mutex);
    return order;
}

static void *run(void *argument)
{
    struct wire_tap *tap = argument;
    struct pollfd polled[2 * PAIR_LIMIT + 2];
    for (;;) {
        polled[2 * PAIR_LIMIT] = (struct pollfd){.fd = tap->listener, .events = POLLIN};
        polled[2 * PAIR_LIMIT + 1] = (struct pollfd){.fd = tap->wake, .events = POLLIN};
        for (size_t i = 0; i < PAIR_LIMIT; i++) {
            polled[2 * i] = (struct pollfd){.fd = tap->pairs[i].client, .events = POLLIN};
            polled[2 * i + 1] = (struct pollfd){.fd = tap->pairs[i].server, .events = POLLIN};
        }
        poll(polled, 2 * PAIR_LIMIT + 2, -1);
        for (size_t i = 0; i < 2 * PAIR_LIMIT; i++)
            if (polled[i].revents != 0 && tap->pairs[i / 2].client >= 0 &&
                !pass_on(tap, &tap->pairs[i / 2], i % 2 == 0))
                end_pair(tap, &tap->pairs[i / 2]);
        if (polled[2 * PAIR_LIMIT].revents != 0)
            take_connection(tap);
        if (polled[2 * PAIR_LIMIT + 1].revents != 0 && take_order(tap) == TAP_STOP)
            return NULL;
    }
}

struct wire_tap *wire_tap_start(uint16_t server_port)
{
    struct wire_tap *tap = calloc(1, sizeof *tap);
    if (tap == NULL)
        return NULL;
    tap->server_port = server_port;
    tap->wake = eventfd(0, EFD_CLOEXEC);
    tap->listener = tools_listen(&tap->port);
    pthread_mutex_init(&tap->mutex, NULL);
    pthread_cond_init(&tap->obeyed, NULL);
    for (size_t i = 0; i < PAIR_LIMIT; i++)
        tap->pairs[i] = (struct tap_pair){.client = -1, .server = -1};
    if (tap->listener >= 0 && pthread_create(&tap->thread, NULL, run, tap) == 0)
        return tap;
    free(tap);
    return NULL;
}

/* Waits until it is obeyed. */
static void give_order(struct wire_tap *tap, enum tap_order order)
{
    uint64_t one = 1;
    pthread_mutex_lock(&tap->mutex);
    tap->order = order;
    ssize_t written = write(tap->wake, &one, sizeof one);
    (void)written;
    while (tap->order != TAP_GO_ON)
        pthread_cond_wait(&tap->obeyed, &tap->mutex);
    pthread_mutex_unlock(&tap->mutex);
}

void wire_tap_stop(struct wire_tap **tap)
{
    if (*tap == NULL)
        return;
    give_order(*tap, TAP_STOP);
    pthread_join((*tap)->thread, NULL);
    close((*tap)->listener);
    close((*tap)->wake);
    pthread_mutex_destroy(&(*tap)->mutex);
    pthread_cond_destroy(&(*tap)->obeyed);
    buffer_free(&(*tap)->recorded);
    free(*tap);
    *tap = NULL;
}

uint16_t wire_tap_port(const struct wire_tap *tap)
{
    return tap->port;
}

unsigned wire_tap_connections(struct wire_tap *tap)
{
    pthread_mutex_lock(&tap->mutex);
    unsigned connections = tap->connections;
    pthread_mutex_unlock(&tap->mutex);
    return connections;
}

unsigned wire_tap_encrypted(struct wire_tap *tap)
{
    pthread_mutex_lock(&tap->mutex);
    unsigned encrypted = tap->encrypted;
    pthread_mutex_unlock(&tap->mutex);
    return encrypted;
}

bool wire_tap_take(struct wire_tap *tap, struct buffer *bytes_out)
{
    int64_t deadline = clock_monotonic() + TAKE_MILLISECONDS;
    bool is_ended = false;
    while (!is_ended && clock_left(deadline) > 0) {
        pthread_mutex_lock(&tap->mutex);
        is_ended = tap->ended == tap->connections;
        if (is_ended) {
            buffer_free(bytes_out);
            *bytes_out = tap->recorded;
            tap->recorded = (struct buffer){0};
        }
        pthread_mutex_unlock(&tap->mutex);
        if (!is_ended)
            poll(NULL, 0, 2);
    }
    return is_ended;
}

void wire_tap_cut(struct wire_tap *tap, bool is_reset)
{
    give_order(tap, is_reset ? TAP_RESET : TAP_END);
}
