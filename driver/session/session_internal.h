/*
 * session_internal.h - what the files of the engine share. Not for other parts.
 *
 * session.c has the states and the step, flow.c moves bytes and ends, verdict.c acts on what the
 * protocol and the handshake decided, side.c is the server's side with and without TLS, and ports.c
 * is where callers put bytes in and take them out.
 */
#ifndef SESSION_SESSION_INTERNAL_H
#define SESSION_SESSION_INTERNAL_H

#include "base/buffer.h"
#include "session/record_internal.h"
#include "session/session.h"
#include "session/side.h"

/* Bytes that wait for the real driver, or for the network, before the other side has to wait. */
#define SESSION_OUT_LIMIT ((size_t)128 * 1024)
#define SESSION_DRIVER_AHEAD ((size_t)64 * 1024)

/* Received at once: several TLS records, where GnuTLS alone would receive each in two calls. */
#define SESSION_SERVER_AHEAD ((size_t)128 * 1024)

/* What the real driver has said of itself; its stream up may have been ended by us before. */
enum session_driver { SESSION_DRIVER_OPEN, SESSION_DRIVER_ENDED, SESSION_DRIVER_GONE };

/* How the server's stream ended: an errno, or one of these. */
enum session_end { SESSION_END_TCP = 0, SESSION_END_CLOSE_NOTIFY = -1 };

struct session {
    struct session_record *record;
    const struct session_options *options; /* the record's */
    char server_name[DIAL_DESCRIPTION_SIZE];
    size_t address;      /* index in the target */
    int64_t deadline;    /* of the login; 0: none any more */
    unsigned generation; /* of the process */

    enum session_phase phase;
    enum session_stream up;
    enum session_stream down;
    enum session_driver driver;
    int end;      /* enum session_end or errno, with down from ENDING on */
    bool is_shut; /* the network was told of up's end */

    struct proto_session proto;
    const struct side *side;
    bool has_begun_tls;
    const struct credentials *credentials; /* this session's own; NULL: the options' */
    struct tls_session *tls;

    /* Plaintext. from_driver and from_server hold what the protocol has not understood yet, and
     * to_server a record that is not whole. */
    struct buffer from_driver, to_driver, from_server, to_server;

    /* The network's bytes, where they do not go straight into and out of the TLS session. */
    struct buffer wire_in, wire_out;

    uint64_t progress;           /* counts all that happens */
    uint64_t progress_before;    /* the last turn */
    uint64_t stepped;            /* progress + 1 after the last step; 0: none yet */
    struct session_wants wanted; /* of the last step */
    unsigned idle_turns;
};

/* Not yet refused, lost or over. */
static inline bool session_is_active(const struct session *session)
{
    return session->phase < SESSION_FINISHING;
}

/* The server is connected, and not refused, lost or over. */
static inline bool session_is_running(const struct session *session)
{
    return session->phase > SESSION_DIALLING && session->phase < SESSION_FINISHING;
}

void session_enter(struct session *session, enum session_phase phase);

/* "waiting for the login": behind "while" in errors. */
const char *session_doing(const struct session *session);

/* Appends all of from to to, and empties it. What fails for want of memory is seen by the step. */
void session_move(struct session *session, struct buffer *from, struct buffer *to);

/* Up ends: close_notify, then what is still unsent, then the end of the TCP stream. */
void session_end_up(struct session *session);

/* --- flow.c --- */

/* The server's bytes go to the real driver unseen; this decrypts them into to_driver until that has
 * limit bytes. */
bool flow_is_opaque_down(const struct session *session);
void flow_take_opaque(struct session *session, size_t limit);

/* As far as the bytes and the room behind them allow. */
void flow_from_server(struct session *session);
void flow_from_driver(struct session *session);

/* An end is passed on when all that came before it is. */
void flow_server_end(struct session *session);
void flow_driver_end(struct session *session);

bool flow_may_take_from_driver(struct session *session);
bool flow_has_room_for_server(struct session *session);

/* --- verdict.c --- */

/* Acts on what a function of the protocol returned, and queues what it left for both sides. */
void verdict_obey(struct session *session, enum proto_verdict verdict);

/* Sends on what the protocol left for the server, as far as there is room. false: the session has
 * failed. */
bool verdict_queue_for_server(struct session *session);

/* Goes on with the handshake. */
void verdict_handshake(struct session *session);

#endif
