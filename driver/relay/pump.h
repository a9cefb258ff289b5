/*
 * pump.h - carries one session from its first byte to its last.
 *
 *      real driver            pump                        server
 *      --------->  driver_in -> proto or opaque -> transport --------->
 *      <--------- driver_out <- proto or opaque <- server_in <---------
 *
 * Buffers are bounded: the side that cannot take more makes the other side wait. When a wait is
 * needed, it is one poll() on both sides and the relay's wake descriptor.
 */
#ifndef RELAY_PUMP_H
#define RELAY_PUMP_H

#include "relay/state.h"
#include "relay/transport.h"

enum pump_phase {
    PUMP_CARRYING, /* both sides are up */
    PUMP_DRAINING, /* the server side is over; what is left goes to the real driver, then its end */
    PUMP_RESETTING, /* the same, but the real driver must not take it for a clean end */
    PUMP_OVER
};

struct pump {
    const struct relay_options *options;
    struct relay_state *state;
    const void *session; /* as which it is known in state */
    struct transport server;
    const char *server_name; /* "db1 (10.0.0.1, port 5432)" */
    int driver;
    int wake;
    int listener; /* polled too; -1: not */
    bool
        is_listener_paused; /* on_listener sets it when it cannot accept; until something happens */
    void (*on_listener)(void *context);
    void *context;
    int64_t deadline; /* of the login; 0: none any more */

    enum pump_phase phase;
    struct proto_session proto;
    struct buffer driver_in;
    struct buffer driver_out;
    struct buffer server_in;
    bool has_driver_ended; /* it sends no more */
    bool is_driver_dead;   /* it takes no more */
    bool is_driver_shut;   /* it was told that no more comes */
    bool is_logged_in;
    bool is_driver_asked; /* the server waits for the real driver's credentials */
    const char *doing;    /* "waiting for the login": behind "while" in errors */
};

/* server.descriptor is connected and taken over; driver's stays the caller's to close. Runs until
 * both sides are done or the wake descriptor is readable. */
void pump_run(struct pump *pump);

/* Instead of pump_run when the server cannot be reached: tells the real driver, and waits for its
 * end. */
void pump_refuse(struct pump *pump, const struct error *error);

void pump_free(struct pump *pump);

#endif
