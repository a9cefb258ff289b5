/*
 * session.h - one session between the real driver and the server: the database's protocol, TLS,
 * verification, ends. An engine without descriptors and without a clock: bytes of both sides and
 * the time go in, bytes for both sides and what it waits for come out. The relay's thread, the
 * interposed calls, the probe of `odbcssl check` and the tests drive this one.
 *
 *   real driver ==> from_driver ==> protocol, or record cut ==> plain | TLS ==> network
 *   real driver <== to_driver   <== protocol, or opaque     <== plain | TLS <== network
 *
 * The order of calls: session_open; the caller dials (network_connect) and says session_start or
 * session_refuse; then bytes, ends and session_step until it is over. One thread at a time.
 */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "session/record.h"
#include "tls/session.h"

struct session;

/* How far the login is; drawn in session.c. */
enum session_phase {
    SESSION_DIALLING,     /* the server is not connected yet */
    SESSION_SWITCHING,    /* the protocol's words before TLS */
    SESSION_HANDSHAKE,    /* the real driver waits */
    SESSION_LOGIN,        /* messages are read; it is the server's turn */
    SESSION_LOGIN_DRIVER, /* the server waits for the real driver's credentials: its own words count
                             if it gives up */
    SESSION_LOGIN_REFUSED, /* the server's refusal is passed on; the end that follows is expected */
    SESSION_CARRYING,      /* logged in */
    SESSION_CHECKED,   /* SESSION_GOAL_TLS is reached; what the server still says goes nowhere */
    SESSION_FINISHING, /* the server's side is over: what is left goes to the real driver, then its
                          end, and all that it sends goes nowhere */
    SESSION_OVER
};

/* One direction: up to the server, down to the real driver. */
enum session_stream {
    SESSION_STREAM_OPEN,
    SESSION_STREAM_ENDING, /* no more comes in; what came is still to go out */
    SESSION_STREAM_ENDED,  /* and its end is to be shown */
    SESSION_STREAM_BROKEN  /* it may not be taken for a whole one: a reset is to be shown */
};

/* Holds the record, and takes its main place if it is free. The time-out of the login runs from
 * now (clock_monotonic()). NULL with error set: out of memory. */
struct session *session_open(struct session_record *record, int64_t now, struct error *error);

/* Frees; nothing is sent. Also in a forked child. Accepts NULL and clears. */
void session_free(struct session **session);

/* The server is connected: the protocol begins, or TLS does. address: index in the target. */
void session_start(struct session *session, size_t address);

/* The session fails for a reason of the caller's: the real driver is told in the database's
 * protocol, then its end. */
void session_refuse(struct session *session, const struct error *error);

/* --- the real driver's side --- */

/* Takes at most what there is room for and returns how much; 0: none now. Once the login is over it
 * encrypts straight from bytes. In phases that take no more bytes all are taken, and go nowhere. */
size_t session_write(struct session *session, const void *bytes, size_t size);

/* Gives at most size bytes and returns how many; 0: none now, or session_down says what. Decrypts
 * straight into out when nothing is queued. is_peek: they stay. */
size_t session_read(struct session *session, void *out, size_t size, bool is_peek);

/* After session_step: whether session_read has bytes, or an end to show. And how many bytes are
 * queued, at least (FIONREAD). */
bool session_is_readable(const struct session *session);
size_t session_queued(const struct session *session);

/* What a read without bytes means: OPEN or ENDING: wait; ENDED: a clean end; BROKEN: reset. */
enum session_stream session_down(const struct session *session);

/* It sends no more: a half-close. */
void session_driver_ended(struct session *session);

/* It has closed, or was lost: what it sent is still sent as far as the network takes it. */
void session_driver_gone(struct session *session);

/* For a caller with a socket in place of a buffer: where to receive to, and all bytes that wait. */
unsigned char *session_driver_room(struct session *session, size_t *size_out);
void session_driver_received(struct session *session, size_t size);
const unsigned char *session_driver_bytes(struct session *session, size_t *size_out);
void session_driver_sent(struct session *session, size_t size);

/* --- the server's side: the caller owns the socket, network.h serves it --- */

/* Where to receive up to *size_out (128 KiB) bytes; NULL: no room now, or nothing can come any
 * more. */
unsigned char *session_server_room(struct session *session, size_t *size_out);
void session_server_received(struct session *session, size_t size);

/* reason: errno, 0: the server closed the connection. */
void session_server_ended(struct session *session, int reason);

const unsigned char *session_server_bytes(struct session *session, size_t *size_out);
void session_server_sent(struct session *session, size_t size);

/* A send failed for good. What the server said before is to be received first. */
void session_server_unwritable(struct session *session, int reason);

/* All is sent, and it was the last: shutdown(SHUT_WR) is due; and it was done. */
bool session_wants_shutdown(struct session *session);
void session_server_shut(struct session *session);

/* --- going on --- */

struct session_wants {
    bool driver_read;  /* session_write would take bytes, or an end */
    bool driver_write; /* bytes wait for the real driver */
    bool server_read;
    bool server_write;
    bool server_shutdown; /* as session_wants_shutdown */
    int64_t deadline;     /* step again then (clock_monotonic()); 0: none */
    bool is_over;         /* close both sides */
};

/* Goes as far as the bytes allow, without waiting, and says what it waits for. */
struct session_wants session_step(struct session *session, int64_t now);

/* To be called after each wait that said a descriptor is ready (not after time-outs and signals),
 * once what is ready was received or sent and session_step was called. A long run of such turns
 * without any progress is a fault of ours: it is logged with every state and ends the session. */
void session_turned(struct session *session);

/* The session's thread is to stop, or the process ends: nothing more of the real driver is taken;
 * a session that was logged in ends cleanly (close_notify). The caller flushes and frees. */
void session_stop(struct session *session);

/* --- questions --- */

enum session_phase session_phase(const struct session *session);
bool session_is_main(const struct session *session); /* it holds the record's main place */

#endif
