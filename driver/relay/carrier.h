/*
 * carrier.h - one connection of the real driver: its session, both sockets, and the thread that
 * drives them.
 *
 *      real driver's socket <--> session <--> server's socket        one poll() on both, and wake
 */
#ifndef RELAY_CARRIER_H
#define RELAY_CARRIER_H

#include <pthread.h>

#include "relay/thread.h"
#include "session/session.h"

struct carrier {
    struct thread thread;
    bool is_used; /* its thread is to be joined; by the accepting thread only */

    pthread_mutex_t mutex; /* of what follows, for other threads than its own */
    struct session *session;
    int driver;                    /* -1: closed */
    int server;                    /* -1: not connected, or closed */
    int wake;                      /* readable: the relay is to stop; not the carrier's to close */
    struct session_record *record; /* the relay's */
};

/* false: the system has no mutex for it; carrier_destroy may be called all the same. */
bool carrier_init(struct carrier *carrier);
void carrier_destroy(struct carrier *carrier);

/* Starts a session for a connection of the real driver, whose descriptor is taken over. false with
 * error: the real driver got the refusal, and everything is closed. */
bool carrier_start(struct carrier *carrier, struct session_record *record, int driver, int wake,
                   struct error *error);

/* The same without a thread, for a reason why there can be none: the real driver is refused at
 * once.
 */
void carrier_refuse(struct session_record *record, int driver, const struct error *error);

/* If its real driver has hung up, the next session may have the main place. */
void carrier_vacate(struct carrier *carrier, struct session_record *record);

/* In a forked child: closes the child's descriptors, which says nothing to their other ends. */
void carrier_close_forked(struct carrier *carrier);

#endif
