/*
 * transport.h - the server side of one session: a socket, with or without TLS above it. The pump
 * knows neither sockets of the network nor TLS records; this is the one place where bytes for the
 * server are encrypted, or are not.
 *
 *      plaintext plan:  PLAIN, or as below where the login at least is to be encrypted
 *      TLS plans:       PLAIN -> HANDSHAKE -> TLS [-> LOGIN_DONE, when only the login is encrypted]
 */
#ifndef RELAY_TRANSPORT_H
#define RELAY_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "proto/proto.h"
#include "relay/relay.h"
#include "tls/session.h"

enum transport_stage { TRANSPORT_PLAIN, TRANSPORT_HANDSHAKE, TRANSPORT_TLS, TRANSPORT_LOGIN_DONE };

/* Received at once: several TLS records, where GnuTLS alone would receive each in two calls. */
#define TRANSPORT_READ_AHEAD ((size_t)128 * 1024)

struct transport {
    int descriptor; /* -1: not connected */
    enum transport_stage stage;
    struct proto_session *proto; /* plan, and framing of handshake bytes */
    struct tls_session *tls;
    struct buffer wire_in;  /* received, while it does not go straight into the TLS session */
    struct buffer wire_out; /* goes out before what the TLS session has to send */
    bool has_ended;         /* nothing more can be received */
    int end_reason;         /* errno, 0: the server closed the connection */
    bool is_closed;         /* the server's close_notify came */
    bool is_write_dead;     /* the network takes nothing more */
    bool is_ending;         /* the network is to be told of the end when all is sent */
    bool is_shut_down;      /* it was told */
};

void transport_free(struct transport *transport);

/* The handshake begins. unread: what was received and is not yet understood; it has to be empty, as
 * nothing that came before TLS may be taken for something that came within it. */
bool transport_start_tls(struct transport *transport, const struct relay_options *options,
                         const struct buffer *unread, struct error *error);

/* Goes as far as what was received allows. */
enum tls_progress transport_handshake(struct transport *transport, struct error *error);

/* What is to be sent stays encrypted, all that follows is plaintext: LOGIN_DONE. */
bool transport_end_tls(struct transport *transport, struct error *error);

/* Receives once. */
void transport_receive(struct transport *transport);
bool transport_has_room(struct transport *transport);

/* Moves received bytes into out, decrypted, until it has limit bytes. */
enum tls_progress transport_read(struct transport *transport, struct buffer *out, size_t limit,
                                 struct error *error);

/* Whether transport_read has something left to do. */
bool transport_is_pending(const struct transport *transport);

/*
 * Queues bytes of the real driver, encrypted unless the plan is plaintext. Takes them from bytes;
 * with a protocol that cares for record borders, an incomplete rest stays.
 */
bool transport_write(struct transport *transport, struct buffer *bytes, struct error *error);

/* Queues what the protocol itself says in plaintext before TLS. */
bool transport_write_negotiation(struct transport *transport, struct buffer *bytes,
                                 struct error *error);

/* Sends once as much as the network takes. */
void transport_flush(struct transport *transport);
size_t transport_unsent(const struct transport *transport);

/* "; the server may ...", as the protocol knows what an end or silence at this point may mean, or
 * nothing. Returns out. */
#define TRANSPORT_HINT_SIZE 200
const char *transport_explain(const struct transport *transport, char *out, size_t size);

/* Why the server's stream ended too early. server_name: "db1 (10.0.0.1, port 5432)"; doing:
 * "waiting for the login". */
void transport_describe_end(const struct transport *transport, const char *server_name,
                            const char *doing, struct error *error);

/* Queues close_notify unless the session has failed, sends what can be sent, and tells the network
 * of the end as soon as all is sent. */
void transport_end(struct transport *transport);

#endif
