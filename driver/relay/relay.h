/*
 * relay.h - carries one connection's bytes between the real driver and the server.
 *
 *      real driver --plain--> local endpoint --> relay thread --TLS--> server
 *
 * "Driver side" is the plain, local one, "server side" the network. A relay serves one main session
 * at a time and, beside it, short sessions that cancel a query.
 */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "base/report.h"
#include "proto/proto.h"
#include "session/dial.h"
#include "tls/credentials.h"

enum endpoint_kind {
    ENDPOINT_LOOPBACK, /* a random address of 127/8 */
    ENDPOINT_UNIX      /* a socket in a private directory (mode 0700) */
};

struct relay_endpoint {
    enum endpoint_kind kind;
    char address[16]; /* "127.81.3.7" */
    uint16_t port;
    char path[108]; /* of the Unix socket */
};

/* All pointers must outlive the relay. */
struct relay_options {
    const struct proto *proto;
    enum proto_plan plan;
    bool is_login_only_allowed;
    const struct tls_options *tls;
    const struct credentials *credentials; /* may be NULL with PROTO_PLAN_PLAINTEXT */
    const struct dial_target *target;
    enum endpoint_kind endpoint;
    uint16_t
        wanted_port;  /* of a loopback endpoint: the server's, so that .pgpass fits; else another */
    unsigned timeout; /* seconds for connecting, handshake and login of a session */
    struct log *log;
};

/* How an attempt ended, for the plan's next step. */
enum relay_outcome {
    RELAY_WAITING,   /* no session of the real driver came, or it did not get as far as a verdict */
    RELAY_CARRIED,   /* a main session logged in through this relay */
    RELAY_NO_TLS,    /* the server has no TLS */
    RELAY_NEEDS_TLS, /* plaintext attempt: the server wants TLS */
    RELAY_REJECTED,  /* the server refused the startup before it asked for credentials */
    RELAY_FAILED     /* error says why */
};

struct relay;

/* Opens the endpoint and starts the thread. NULL with error set on failure. */
struct relay *relay_open(const struct relay_options *options, struct error *error);

/* Stops and joins the thread, closes everything, within a short deadline. In a forked child it only
 * closes the child's descriptors. Accepts NULL and clears. */
void relay_close(struct relay **relay);

void relay_get_endpoint(const struct relay *relay, struct relay_endpoint *endpoint_out);

/* A snapshot; thread-safe, no I/O. error_out, report_out and warnings_out may be NULL. With
 * RELAY_WAITING the error says what the relay was doing ("... gave up while waiting for the TLS
 * handshake"), so that a time-out of the real driver can be explained. */
enum relay_outcome relay_get_outcome(struct relay *relay, struct tls_report *report_out,
                                     struct error_list *warnings_out, struct error *error_out);

/* false when the main session has ended or this is a forked child: error_out (may be NULL) says
 * why, unless the real driver ended it itself. No I/O. */
bool relay_is_alive(struct relay *relay, struct error *error_out);

/* Which main session is carried now, counted from 1; 0: none. */
unsigned relay_session_number(struct relay *relay);

#endif
