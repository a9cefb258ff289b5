/*
 * relay.h - carries one connection's bytes between the real driver and the server.
 *
 *      real driver --plain--> local endpoint --> session, on a thread of its own --TLS--> server
 *
 * "Driver side" is the plain, local one, "server side" the network. A relay has one thread that
 * accepts, and one for each session: the main one, and short ones beside it that cancel a query.
 */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/report.h"
#include "session/record.h"

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

struct relay_options {
    struct session_options session;
    enum endpoint_kind endpoint;
    uint16_t
        wanted_port; /* of a loopback endpoint: the server's, so that .pgpass fits; else another */
};

struct relay;

/* Opens the endpoint and starts accepting. NULL with error set on failure. */
struct relay *relay_open(const struct relay_options *options, struct error *error);

/* Stops and joins the threads, closes everything, within a short deadline. Threads that have not
 * ended by then go on, and free what is left when they end. In a forked child it only closes the
 * child's descriptors. Accepts NULL and clears. */
void relay_close(struct relay **relay);

/* Where the real driver is to connect. */
void relay_get_endpoint(const struct relay *relay, struct relay_endpoint *endpoint_out);

/* As the functions of the record (record.h); in a forked child they say so. A session whose real
 * driver has closed its end is not alive from that moment on, whether its thread knows it or not.
 */
enum session_outcome relay_get_outcome(struct relay *relay, struct tls_report *report_out,
                                       struct error_list *warnings_out, struct error *error_out);
bool relay_is_alive(struct relay *relay, struct error *error_out);
unsigned relay_session_number(struct relay *relay);

#endif
