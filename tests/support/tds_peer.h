/*
 * tds_peer.h - a private tds-server (tests/support/tds_server) on 127.0.0.1 for one test program,
 * and what it says of its connections.
 *
 * Its user is "sa" with the password "Passw0rd!", its databases are master and test.
 */
#ifndef TESTS_TDS_PEER_H
#define TESTS_TDS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TDS_PEER_USER "sa"
#define TDS_PEER_PASSWORD "Passw0rd!"

struct tds_peer_options {
    const char *certificate; /* PEM files */
    const char *key;
    const char *client_ca;        /* a client certificate of it is required; may be NULL */
    const char *encryption;       /* off, on, required, unsupported, strict; NULL: off */
    const char *const *arguments; /* more of its options, ended by NULL; may be NULL */
};

struct tds_peer;

/* It was built, and the real driver is there. */
bool tds_peer_is_available(void);

/* Returns when it listens; NULL with the reason as a comment of TAP. It dies with the thread
 * that started it. */
struct tds_peer *tds_peer_start(const struct tds_peer_options *options);

/* Kills the server and its connections, and keeps its log. */
void tds_peer_kill(struct tds_peer *peer);

/* Kills the server and removes its log. Accepts NULL and clears. */
void tds_peer_stop(struct tds_peer **peer);

uint16_t tds_peer_port(const struct tds_peer *peer);

/* Its log since the start or tds_peer_forget: one line per event. Valid until the next call. */
const char *tds_peer_log(struct tds_peer *peer);
void tds_peer_forget(struct tds_peer *peer);

/* The log once it has the text, or as it is after some seconds without it. */
const char *tds_peer_wait(struct tds_peer *peer, const char *text);

/* The log once each of its connections has ended. */
const char *tds_peer_wait_end(struct tds_peer *peer);

/* How often the text stands in the log. */
unsigned tds_peer_count(const char *log, const char *text);

#endif
