/*
 * proto.h - how a database switches to TLS and logs in, as a state machine without I/O: bytes of
 * the driver side and of the server side go in, bytes for both sides and a verdict come out.
 *
 * session/ opens one per session of the real driver and calls start, then from_driver and
 * from_server whenever bytes came, until each direction is opaque: from then on it copies. When the
 * verdict is PROTO_START_TLS it sends what is in to_server in plaintext, makes the
 * handshake, and calls tls_started; no byte of the real driver goes to the server between.
 */
#ifndef PROTO_PROTO_H
#define PROTO_PROTO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/options.h"

/* One attempt to connect: how the session is to travel. */
enum proto_plan {
    PROTO_PLAN_PLAINTEXT, /* as SslMode disable, and the first attempt of allow */
    PROTO_PLAN_TLS,       /* switch to TLS in the database's own way */
    PROTO_PLAN_DIRECT     /* TLS is already up when start is called */
};

enum proto_verdict {
    PROTO_CONTINUE,  /* go on */
    PROTO_START_TLS, /* the server agreed: handshake now */
    PROTO_LOGGED_IN, /* the server accepted the login, and its answer to it is over; go on */
    PROTO_NO_TLS,    /* the server said that it has no TLS; error says how */
    PROTO_NEEDS_TLS, /* plaintext plan: the server said that it wants TLS */
    PROTO_REJECTED,  /* the server refused the startup before it asked for credentials; pass on what
                        is in to_driver, then close */
    PROTO_END_TLS, /* only the login was to be encrypted: what is in to_server is the last that goes
                      through TLS, without close_notify; plaintext from there, both ways */
    PROTO_REFUSE   /* an attack, or not this protocol: error is set, close both sides */
};

/* Kind of session, known once the real driver's first message was read. */
enum proto_session_kind { PROTO_SESSION_UNKNOWN, PROTO_SESSION_MAIN, PROTO_SESSION_CANCEL };

/* What became of the client certificate in the handshake. */
enum proto_certificate {
    PROTO_CERTIFICATE_NOT_ASKED,
    PROTO_CERTIFICATE_NOT_SHOWN, /* asked for, and there was none to show */
    PROTO_CERTIFICATE_SHOWN
};

/* What of the session travels in TLS, once the protocol has settled it with the server. */
enum proto_coverage {
    PROTO_COVERAGE_OPEN, /* not settled yet */
    PROTO_COVERAGE_NOTHING,
    PROTO_COVERAGE_LOGIN, /* the login alone: PROTO_END_TLS comes behind it */
    PROTO_COVERAGE_ALL
};

struct proto_session {
    const struct proto *proto;
    enum proto_plan plan;
    const char
        *server_name; /* as the user wrote it; NULL: unknown. The session's, set after opening */
    bool is_login_only_allowed; /* TDS, mode allow: encryption of the login alone will do */
    enum proto_session_kind kind;
    enum proto_coverage coverage;
    bool is_driver_opaque;     /* bytes of the driver go to the server unseen */
    bool is_server_opaque;     /* bytes of the server go to the driver unseen */
    bool is_credentials_asked; /* the server asked for, or was sent, a password: no fallback after
                                  it */
    bool is_login_refused;     /* the server's refusal of the login is passed on to the real driver,
                                  which reports it; the end of the stream that follows is expected */
    enum proto_certificate certificate; /* set before tls_started */
    struct buffer to_driver;
    struct buffer to_server;
    struct error
        error;   /* with PROTO_NO_TLS, NEEDS_TLS, REJECTED (what the server said) and REFUSE */
    void *state; /* the protocol's own; NULL: it has none */
};

/* One row per database. */
struct proto {
    const char *name; /* "postgresql": for errors and the trace */

    /* ALPN identifier and whether the server must choose it, by plan; NULL, or returns NULL: none.
     */
    const char *(*alpn)(enum proto_plan plan, bool *is_required_out);

    /* The highest TLS version that the plan can carry; NULL, or returns NONE: any. */
    enum tls_version (*maximum_version)(enum proto_plan plan);

    /* Of the session's state, which is all zeroes at first; 0: there is none. free_state frees what
     * it holds, not itself; NULL: nothing. */
    size_t state_size;
    void (*free_state)(void *state);

    /* The server is connected. */
    enum proto_verdict (*start)(struct proto_session *session);

    /* Takes whole messages from input and leaves partial ones. Called again when more has come.
     * After PROTO_START_TLS from_driver is not called until tls_started, and neither is for a
     * direction that is opaque. NULL: start leaves both so. */
    enum proto_verdict (*from_driver)(struct proto_session *session, struct buffer *input);
    enum proto_verdict (*from_server)(struct proto_session *session, struct buffer *input);

    /* The handshake that PROTO_START_TLS asked for is done and verified: what was held back may go
     * into to_server now. NULL: nothing ever is. */
    enum proto_verdict (*tls_started)(struct proto_session *session);

    /* Framing of handshake bytes (TDS packets of type 0x12); NULL: none, and none in the direct
     * plan. wrap frames all of tls, which is not empty, into wire; unwrap takes whole frames from
     * wire and appends their payload to tls, false with error. */
    bool (*wrap)(struct proto_session *session, struct buffer *tls, struct buffer *wire);
    bool (*unwrap)(struct proto_session *session, struct buffer *wire, struct buffer *tls);

    /* How many of the size plaintext bytes for the server belong into the next TLS record, 0: wait
     * for more. NULL: any cut will do. At most 16384. Holds for to_server as for opaque bytes; what
     * it returned is taken as sent. */
    size_t (*record_length)(struct proto_session *session, const unsigned char *bytes, size_t size);

    /* A message that makes the real driver give up at once, in to_driver; text is short ASCII.
     * NULL: there is none, and the end of the connection has to do. */
    void (*fail)(struct proto_session *session, const char *text);

    /* What it may mean that the server ends the connection at this point, or never answers, for the
     * error: "the server may have no ...: set ...". NULL, or returns NULL: nothing is known. */
    const char *(*explain_end)(const struct proto_session *session);

    /* Queries are cancelled by a session of their own: a second one beside the main one is there
     * for that, as long as it has not said what it is. */
    bool has_cancel;

    /* A plaintext attempt may end in TLS, for the login at least: is_login_only_allowed counts. */
    bool has_login_only;

    /* For a check that ends where TLS is up: appends what a real driver would say now, so that the
     * switch to TLS goes on. No user and no password is in it. NULL: the switch does not need the
     * real driver. false: out of memory. */
    bool (*stand_in)(struct proto_session *session, struct buffer *message);
};

/* Static; NULL for AUTO alone. */
const struct proto *proto_find(enum database_protocol protocol);

/* false: out of memory; there is nothing to close then. */
bool proto_session_open(struct proto_session *session, const struct proto *proto,
                        enum proto_plan plan);
void proto_session_close(struct proto_session *session);

/* For the rows: set the session's error and return the verdict; the second one, PROTO_REFUSE. */
enum proto_verdict proto_end(struct proto_session *session, enum proto_verdict verdict,
                             enum odbcssl_error code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
#define proto_refuse(session, ...) proto_end(session, PROTO_REFUSE, __VA_ARGS__)

/* For the rows, which append to the session's buffers without asking whether it worked: what start,
 * from_driver, from_server and tls_started return in the place of verdict. Where memory was out
 * while one was filled, PROTO_REFUSE with error set. */
enum proto_verdict proto_conclude(struct proto_session *session, enum proto_verdict verdict);

/* For the rows: nothing comes behind this verdict. */
bool proto_is_final(enum proto_verdict verdict);

/* For the rows, as start: nothing is said before the other side speaks. */
enum proto_verdict proto_start_silent(struct proto_session *session);

#define DATABASE(name, word, its_proto, its_profile, libraries) extern const struct proto its_proto;
#include "base/databases.def"
extern const struct proto proto_direct;

#endif
