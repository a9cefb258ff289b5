/*
 * relay_rig.h - one relay with everything it needs, and servers that misbehave behind TLS.
 */
#ifndef TESTS_RELAY_RIG_H
#define TESTS_RELAY_RIG_H

#include <pthread.h>

#include "relay/relay.h"
#include "support/peer.h"
#include "support/pki.h"
#include "support/postgres_client.h"

/* Certificates for all cases: a CA, a server "localhost", and a CA that nobody knows. */
struct rig_files {
    char *folder, *ca, *other_ca, *certificate, *key, *client, *client_key;
    struct pki_certificate *ca_certificate, *server_certificate;
};
extern struct rig_files rig_files;
int rig_files_make(void);
void rig_files_remove(void);

struct rig {
    struct tls_options tls;
    struct {
        struct session_options session;
        enum endpoint_kind endpoint;
    } options;
    struct dial_target target;
    const struct credentials *credentials;
    struct relay *relay;
    struct {
        char address[108]; /* or the path of a Unix socket */
        uint16_t port;
    } endpoint;
    struct peer *peer;             /* the server, when it is the rig's own */
    struct postgres_client client; /* closed with the rig */
    struct error error;
};

/* Values that a test may change before rig_open: verify-full with the right CA, 20 seconds. */
struct rig rig_make(uint16_t port, enum proto_plan plan, enum odbcssl_mode mode);

/* The same with TLS, before a server of its own. */
struct rig rig_before(void (*serve)(int descriptor, void *context), void *context);
void rig_set_trust(struct rig *rig, const char *path);
void rig_set_client(struct rig *rig);
bool rig_open(struct rig *rig);
void rig_close(struct rig *rig);

/* The real driver's side. */
bool rig_connect(const struct rig *rig, struct postgres_client *client);
bool rig_login(const struct rig *rig, struct postgres_client *client);

bool rig_is_alive(struct rig *rig); /* the main session; else rig->error says why not */

/* Waits until the relay has an outcome; returns it, with rig->error. */
enum session_outcome rig_outcome(struct rig *rig);

/* Waits until the main session is over; rig->error says why. */
void rig_wait_for_end(struct rig *rig);

/* --- a PostgreSQL server that follows a script --- */

enum actor_ending {
    ACTOR_CLOSES,    /* close_notify, then the end */
    ACTOR_TRUNCATES, /* the end without close_notify */
    ACTOR_RESETS,    /* a TCP reset */
    ACTOR_WAITS      /* for the other end's */
};

struct actor {
    enum actor_ending ending;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    unsigned handshakes;
    unsigned startups;   /* StartupMessages that came through TLS */
    unsigned cancels;    /* CancelRequests that came through TLS */
    unsigned plaintext;  /* bytes that came in plaintext behind the SSLRequest */
    unsigned clean_ends; /* close_notify of the relay */
};

/* A value: set the ending, then start a peer with actor_serve and its address. */
struct actor actor_make(enum actor_ending ending);
void actor_serve(int descriptor, void *context);

/* Waits until *counter, a member of the actor, is at least wanted. false: a minute passed. */
bool actor_wait(struct actor *actor, const unsigned *counter, unsigned wanted);

#endif
