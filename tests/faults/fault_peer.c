#include "faults/fault_peer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/tools.h"

#define PAIRS 16
#define PIECE 16384
#define REQUEST_SIZE 8  /* SSLRequest */
#define RECORD_HEADER 5 /* of TLS: type, version, length */
#define RECORD_FIRST 20 /* type of a record: change_cipher_spec */
#define RECORD_LAST 23  /* application_data */
#define PACKET_HEADER 4 /* of MySQL: length in three bytes, number; of TDS: up to its length */

/* One direction of one connection. */
struct flow {
    int from, to;
    bool is_ended;
    unsigned message; /* that the next byte belongs to, or begins */
    unsigned offset;  /* of the next byte in it */
    unsigned size;    /* of the message; 0: not known yet */
    unsigned char header[RECORD_HEADER];
    int64_t held_until; /* 0: it flows */
    unsigned dropping, splitting, overwriting;
    unsigned char tail[64]; /* of what was sent: the secret may come in pieces */
    size_t tail_length;
};

struct pair {
    bool is_open;
    unsigned number;
    struct flow flows[2];
};

struct fault_peer {
    pthread_t thread;
    int listener, wake;
    uint16_t port, server_port;
    struct peer_fault fault;
    const char *secret;
    enum peer_protocol protocol;
    atomic_bool is_stopping, is_connected;
    bool is_done; /* the fault has happened */
    int64_t last; /* something came */
    struct pair pairs[PAIRS];
    struct peer_findings findings;
};

static void close_pair(struct pair *pair, bool is_reset)
{
    struct linger now = {1, 0};
    for (int i = 0; i < 2; i++) {
        if (is_reset)
            setsockopt(pair->flows[i].from, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        close(pair->flows[i].from);
    }
    *pair = (struct pair){0};
}

static void take_connection(struct fault_peer *peer)
{
    const int one = 1;
    int client = accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC);
    struct pair *pair = peer->pairs;
    while (pair < peer->pairs + PAIRS && pair->is_open)
        pair++;
    unsigned number = client >= 0 ? peer->findings.connections++ : 0;
    int server = client >= 0 && pair < peer->pairs + PAIRS ? tools_connect(peer->server_port) : -1;
    if (server < 0) {
        if (client >= 0)
            close(client);
        return;
    }
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    *pair = (struct pair){.is_open = true, .number = number};
    pair->flows[PEER_FROM_CLIENT] = (struct flow){.from = client, .to = server};
    pair->flows[PEER_FROM_SERVER] = (struct flow){.from = server, .to = client};
}

static bool send_all(int to, const unsigned char *bytes, size_t count)
{
    for (size_t sent = 0; sent < count;) {
        ssize_t now = send(to, bytes + sent, count - sent, MSG_NOSIGNAL);
        if (now <= 0)
            return false;
        sent += (size_t)now;
    }
    return true;
}

/* The client may send what asks for TLS, and then records; and in them nothing that can be read,
 * not in UTF-16 either. */
static void watch(struct fault_peer *peer, struct flow *flow, const unsigned char *bytes,
                  size_t count)
{
    size_t length = strlen(peer->secret);
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == '\0')
            continue;
        if (flow->tail_length == sizeof flow->tail)
            memmove(flow->tail, flow->tail + 1, --flow->tail_length);
        flow->tail[flow->tail_length++] = bytes[i];
        if (flow->tail_length >= length &&
            memcmp(flow->tail + flow->tail_length - length, peer->secret, length) == 0)
            peer->findings.saw_plaintext = true;
    }
}

/* How long the message is whose first bytes are in its flow's header; 0: that is not known yet. */
static unsigned message_size(const struct fault_peer *peer, const struct pair *pair,
                             const struct flow *flow)
{
    const unsigned char *header = flow->header;
    unsigned known = flow->offset + 1;
    if (peer->protocol == PEER_POSTGRESQL && flow->message == 0)
        return flow == &pair->flows[PEER_FROM_CLIENT] ? REQUEST_SIZE : 1;
    if (peer->protocol == PEER_MYSQL && flow->message == 0)
        return known < PACKET_HEADER ? 0 : PACKET_HEADER + header[0] + header[1] * 256u;
    if (peer->protocol == PEER_TDS && (header[0] < RECORD_FIRST || header[0] > RECORD_LAST))
        return known < PACKET_HEADER ? 0 : header[2] * 256u + header[3];
    return known < RECORD_HEADER ? 0 : RECORD_HEADER + header[3] * 256u + header[4];
}

/* Counts one byte of a direction: where do messages begin? */
static void count_byte(struct fault_peer *peer, const struct pair *pair, struct flow *flow,
                       unsigned char byte)
{
    if (flow->offset < sizeof flow->header)
        flow->header[flow->offset] = byte;
    if (flow->size == 0)
        flow->size = message_size(peer, pair, flow);
    if (++flow->offset != flow->size)
        return;
    flow->message++;
    flow->offset = flow->size = 0;
    if (pair->number == 0)
        peer->findings.messages[flow == &pair->flows[PEER_FROM_SERVER]]++;
}

static bool is_place(const struct fault_peer *peer, const struct pair *pair,
                     const struct flow *flow)
{
    const struct peer_fault *fault = &peer->fault;
    return !peer->is_done && fault->action != PEER_NOTHING && fault->action != PEER_REFUSE &&
           pair->number == fault->connection && flow == &pair->flows[fault->direction] &&
           (flow->message > fault->message ||
            (flow->message == fault->message && flow->offset >= fault->offset));
}

/* false: the pair is no more. */
static bool strike(struct fault_peer *peer, struct pair *pair, struct flow *flow)
{
    const struct peer_fault *fault = &peer->fault;
    unsigned char more[256];
    peer->is_done = peer->findings.was_hit = true;
    switch (fault->action) {
    case PEER_RESET:
    case PEER_END:
        close_pair(pair, fault->action == PEER_RESET);
        return false;
    case PEER_HALF_CLOSE:
        shutdown(flow->to, SHUT_WR);
        flow->dropping = ~0u;
        break;
    case PEER_DELAY:
        flow->held_until = clock_monotonic() + fault->amount;
        break;
    case PEER_STALL:
        pair->flows[0].held_until = pair->flows[1].held_until = INT64_MAX;
        break;
    case PEER_SPLIT:
        flow->splitting = fault->amount;
        break;
    case PEER_CORRUPT:
    case PEER_OVERWRITE:
        flow->overwriting = fault->action == PEER_CORRUPT ? 1 : fault->amount;
        break;
    case PEER_DROP:
        flow->dropping = fault->amount;
        break;
    case PEER_INSERT:
        for (size_t i = 0; i < sizeof more; i++)
            more[i] = (unsigned char)(fault->random >> i % 7 * 8);
        send_all(flow->to, more, fault->amount < sizeof more ? fault->amount : sizeof more);
        break;
    case PEER_NOTHING:
    case PEER_REFUSE:
    case PEER_ACTIONS:
        break;
    }
    return true;
}

static unsigned char overwrite(const struct fault_peer *peer, unsigned char byte)
{
    const struct peer_fault *fault = &peer->fault;
    return peer->fault.action == PEER_CORRUPT ? (unsigned char)(byte ^ 1 << fault->random % 8)
                                              : (unsigned char)(byte ^ (1 + fault->random % 255));
}

/* Waits as long as the flow is held. false: the pair is no more. */
static bool hold(struct fault_peer *peer, struct pair *pair, struct flow *flow)
{
    int64_t start = clock_monotonic();
    while (flow->held_until != 0 && !atomic_load(&peer->is_stopping)) {
        bool is_stalled = flow->held_until == INT64_MAX;
        int64_t patience = atomic_load(&peer->is_connected) ? PEER_QUERY_PATIENCE : PEER_PATIENCE;
        int64_t left = (is_stalled ? start + patience : flow->held_until) - clock_monotonic();
        struct pollfd client = {.fd = pair->flows[PEER_FROM_CLIENT].from, .events = POLLRDHUP};
        bool is_gone = poll(&client, 1, left > 20 ? 20 : left > 0 ? (int)left : 0) > 0;
        if (is_gone || (is_stalled && left <= 0)) {
            peer->findings.has_stalled_out |= !is_gone;
            close_pair(pair, !is_gone);
            return false;
        }
        if (left <= 0)
            flow->held_until = 0;
    }
    return true;
}

/* Sends what came, changed as it has to be; what is held stays in left. false: the pair is no more,
 * or a side of it is gone. */
static bool pass_on(struct fault_peer *peer, struct pair *pair, struct flow *flow,
                    unsigned char *bytes, size_t count)
{
    bool is_client = flow == &pair->flows[PEER_FROM_CLIENT];
    size_t kept = 0; /* of bytes, to be sent */
    if (is_client)
        watch(peer, flow, bytes, count);
    for (size_t i = 0; i < count; i++) {
        if (is_place(peer, pair, flow)) {
            if (!send_all(flow->to, bytes, kept) || !strike(peer, pair, flow))
                return false;
            kept = 0;
            if (!hold(peer, pair, flow))
                return false;
        }
        unsigned char byte = bytes[i];
        count_byte(peer, pair, flow, byte);
        if (flow->overwriting > 0) {
            flow->overwriting--;
            byte = overwrite(peer, byte);
        }
        if (flow->dropping > 0) {
            flow->dropping -= flow->dropping != ~0u;
            continue;
        }
        if (!is_client && pair->number == 0 && peer->findings.answer == 0)
            peer->findings.answer = byte;
        bytes[kept++] = byte;
        if (flow->splitting > 0) {
            flow->splitting--;
            if (!send_all(flow->to, bytes, kept))
                return false;
            kept = 0;
            sched_yield();
        }
    }
    return send_all(flow->to, bytes, kept);
}

static void serve(struct fault_peer *peer, struct pair *pair, struct flow *flow)
{
    unsigned char bytes[PIECE];
    ssize_t count = read(flow->from, bytes, sizeof bytes);
    if (count > 0) {
        if (!pass_on(peer, pair, flow, bytes, (size_t)count) && pair->is_open)
            close_pair(pair, false);
        return;
    }
    if (count < 0) {
        close_pair(pair, true);
        return;
    }
    flow->is_ended = true;
    shutdown(flow->to, SHUT_WR);
    if (pair->flows[0].is_ended && pair->flows[1].is_ended)
        close_pair(pair, false);
}

/* After a fault both sides may wait for each other. Without odbcssl they would do so for ever. */
static void reset_idle(struct fault_peer *peer)
{
    if (!peer->is_done || clock_monotonic() - peer->last < PEER_PATIENCE)
        return;
    for (size_t i = 0; i < PAIRS; i++)
        if (peer->pairs[i].is_open && peer->pairs[i].number == peer->fault.connection) {
            peer->findings.has_stalled_out = true;
            close_pair(&peer->pairs[i], true);
        }
}

static void *run(void *argument)
{
    struct fault_peer *peer = argument;
    struct pollfd polled[2 * PAIRS + 2];
    while (!atomic_load(&peer->is_stopping)) {
        polled[2 * PAIRS] = (struct pollfd){.fd = peer->listener, .events = POLLIN};
        polled[2 * PAIRS + 1] = (struct pollfd){.fd = peer->wake, .events = POLLIN};
        for (size_t i = 0; i < 2 * PAIRS; i++) {
            const struct flow *flow = &peer->pairs[i / 2].flows[i % 2];
            bool is_open = peer->pairs[i / 2].is_open && !flow->is_ended;
            polled[i] = (struct pollfd){.fd = is_open ? flow->from : -1, .events = POLLIN};
        }
        peer->last = clock_monotonic();
        while (poll(polled, 2 * PAIRS + 2, 100) == 0)
            reset_idle(peer);
        for (size_t i = 0; i < 2 * PAIRS; i++)
            if (polled[i].revents != 0 && peer->pairs[i / 2].is_open)
                serve(peer, &peer->pairs[i / 2], &peer->pairs[i / 2].flows[i % 2]);
        if (polled[2 * PAIRS].revents != 0)
            take_connection(peer);
        if (peer->fault.action == PEER_REFUSE && !peer->is_done && peer->listener >= 0 &&
            peer->findings.connections >= peer->fault.connection) {
            close(peer->listener);
            peer->listener = -1;
            peer->is_done = peer->findings.was_hit = true;
        }
    }
    for (size_t i = 0; i < PAIRS; i++)
        if (peer->pairs[i].is_open)
            close_pair(&peer->pairs[i], false);
    return NULL;
}

struct fault_peer *fault_peer_start(uint16_t server_port, enum peer_protocol protocol,
                                    const struct peer_fault *fault, const char *secret)
{
    struct fault_peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL)
        return NULL;
    peer->server_port = server_port;
    peer->fault = *fault;
    peer->secret = secret;
    peer->protocol = protocol;
    peer->wake = eventfd(0, EFD_CLOEXEC);
    peer->listener = tools_listen(&peer->port);
    if (fault->action == PEER_REFUSE && fault->connection == 0) {
        close(peer->listener);
        peer->listener = -1;
        peer->is_done = peer->findings.was_hit = true;
    }
    if (pthread_create(&peer->thread, NULL, run, peer) == 0)
        return peer;
    free(peer);
    return NULL;
}

uint16_t fault_peer_port(const struct fault_peer *peer)
{
    return peer->port;
}

void fault_peer_connected(struct fault_peer *peer)
{
    atomic_store(&peer->is_connected, true);
}

void fault_peer_stop(struct fault_peer **peer, struct peer_findings *findings_out)
{
    uint64_t one = 1;
    atomic_store(&(*peer)->is_stopping, true);
    ssize_t written = write((*peer)->wake, &one, sizeof one);
    (void)written;
    pthread_join((*peer)->thread, NULL);
    *findings_out = (*peer)->findings;
    if ((*peer)->listener >= 0)
        close((*peer)->listener);
    close((*peer)->wake);
    free(*peer);
    *peer = NULL;
}
