/*
 * fault_peer.h - stands between odbcssl and a real server as a bad network does, or a hostile one:
 * passes bytes on, and at one place of one connection does something else.
 */
#ifndef TESTS_FAULT_PEER_H
#define TESTS_FAULT_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum peer_action {
    PEER_NOTHING,
    PEER_RESET,      /* both sides are reset */
    PEER_END,        /* both sides end */
    PEER_HALF_CLOSE, /* this direction ends, the other goes on */
    PEER_DELAY,      /* this direction waits for amount milliseconds */
    PEER_SPLIT,      /* the next amount bytes go one by one */
    PEER_CORRUPT,    /* a bit of the next byte is turned */
    PEER_OVERWRITE,  /* the next amount bytes become others */
    PEER_INSERT,     /* amount bytes come before */
    PEER_DROP,       /* the next amount bytes never come */
    PEER_STALL,      /* both directions stop, until the visitor leaves or PEER_PATIENCE is over */
    PEER_REFUSE,     /* the connection is refused: nothing listens */
    PEER_ACTIONS
};

#define PEER_PATIENCE 6000      /* milliseconds; then a stalled connection is reset */
#define PEER_QUERY_PATIENCE 300 /* the same once the visitor is connected */

enum peer_direction { PEER_FROM_CLIENT, PEER_FROM_SERVER };

/* A place is a byte of a message: of the negotiation before TLS, or of a TLS record. */
struct peer_fault {
    enum peer_action action;
    unsigned connection; /* 0: the first one, which logs in; the others cancel */
    enum peer_direction direction;
    unsigned message;
    unsigned offset; /* in the message; 0: before it; behind its end: before the next */
    unsigned amount;
    uint64_t random;
};

struct peer_findings {
    bool was_hit;
    bool has_stalled_out; /* the visitor did not leave a stalled connection by itself */
    bool saw_plaintext;   /* the client sent what it must not send in plaintext */
    unsigned char answer; /* the first byte that the client got on its first connection; 0: none */
    unsigned connections;
    unsigned messages[2]; /* of the first connection */
};

struct fault_peer;

/* What the messages before TLS are. */
enum peer_protocol {
    PEER_POSTGRESQL, /* a request of 8 bytes, and its answer of one */
    PEER_MYSQL,      /* a packet of each side */
    PEER_TDS         /* packets, in which the handshake's records are, too */
};

/* secret: what may never be seen on the wire. NULL on failure. */
struct fault_peer *fault_peer_start(uint16_t server_port, enum peer_protocol protocol,
                                    const struct peer_fault *fault, const char *secret);
uint16_t fault_peer_port(const struct fault_peer *peer);

/* From now on a stalled connection is reset soon. */
void fault_peer_connected(struct fault_peer *peer);

/* Ends all connections, and clears. */
void fault_peer_stop(struct fault_peer **peer, struct peer_findings *findings_out);

#endif
