/*
 * state.h - what a relay's threads write down about the main session, and other threads read. Every
 * function locks; none does I/O.
 *
 * Several sessions can run at a time; one of them holds the main place, and only its words count. A
 * session is known here by its address.
 */
#ifndef RELAY_STATE_H
#define RELAY_STATE_H

#include <pthread.h>

#include "relay/relay.h"

#define STATE_DOING_SIZE 512

struct relay_state {
    pthread_mutex_t mutex;
    const void *main; /* NULL: the place is free */
    int main_driver;  /* its real driver's descriptor */
    bool is_alive;    /* the main session is logged in and has not ended */
    unsigned logins;
    enum relay_outcome outcome;
    struct error error;           /* with outcome */
    struct error end;             /* why the main session ended, unless the real driver ended it */
    char doing[STATE_DOING_SIZE]; /* "... the real driver gave up while waiting for ..."; empty: it
                                     knows more, as when it did not come at all */
    struct tls_report report;
    struct error_list warnings;
    bool has_address;
    size_t address; /* index of the server's address that the main session uses */
};

bool state_init(struct relay_state *state);
void state_destroy(struct relay_state *state);

/* Takes the main place if it is free, or if its holder's real driver has hung up. true: session has
 * it. */
bool state_claim(struct relay_state *state, const void *session, int driver);

/* Must come before the driver's descriptor is closed. */
void state_release(struct relay_state *state, const void *session);

void state_set_doing(struct relay_state *state, const void *session, const char *doing);
void state_set_address(struct relay_state *state, const void *session, size_t address);
void state_set_report(struct relay_state *state, const void *session,
                      const struct tls_report *report, const struct error_list *warnings);
void state_set_outcome(struct relay_state *state, const void *session, enum relay_outcome outcome,
                       const struct error *error);
void state_set_logged_in(struct relay_state *state, const void *session);

/* error: NULL or not set: the real driver ended it. */
void state_set_ended(struct relay_state *state, const void *session, const struct error *error);

/* false: no main session has connected yet. */
bool state_get_address(struct relay_state *state, size_t *address_out);

#endif
