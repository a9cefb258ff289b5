/*
 * mysql_state.h - what a MySQL session knows, for the files mysql*.c only.
 */
#ifndef PROTO_MYSQL_STATE_H
#define PROTO_MYSQL_STATE_H

#include "proto/mysql_packet.h"
#include "proto/proto.h"

/* Kinds of authentication plugins, by what they do on a connection that they take for secure. */
enum mysql_method {
    MYSQL_METHOD_OTHER,  /* the same as on any connection: a digest, a signature, a ticket, a dialog
                          */
    MYSQL_METHOD_CLEAR,  /* always the password */
    MYSQL_METHOD_SHA256, /* the password at once */
    MYSQL_METHOD_CACHING_SHA2,     /* a digest */
    MYSQL_METHOD_CACHING_SHA2_FULL /* the password, after the server did not know the digest */
};

enum mysql_phase {
    PHASE_GREETING,  /* the server is to speak */
    PHASE_RESPONSE,  /* the driver is to answer the greeting */
    PHASE_HANDSHAKE, /* TLS plan: the answer is held until TLS is up */
    PHASE_LOGIN,     /* packets go both ways until OK or ERR */
    PHASE_OPAQUE,
    PHASE_ENDED /* refused */
};

/* One direction of the login: packets are passed on as they come, of any length. */
struct mysql_passage {
    size_t left;       /* payload bytes of the begun packet that did not come yet */
    bool is_continued; /* the next packet goes on with the same message */
};

struct mysql_state {
    enum mysql_phase phase;
    struct mysql_passage from_driver;
    struct mysql_passage from_server;
    uint32_t server_capabilities;
    uint32_t driver_capabilities;
    uint8_t next_sequence;    /* of a packet to the driver, as it counts: for fail */
    bool has_server_replied;  /* to the driver's response */
    bool is_error_sent;       /* an ERR that ends the session is on its way to the driver */
    enum mysql_method method; /* plaintext plan: what the driver's next answer belongs to */
    bool is_answer_due;       /* plaintext plan: the driver was asked by it, and has not answered */
    struct buffer held;       /* the driver's response, whole; secret */
};

/* Each sets the session's error and returns PROTO_REFUSE. */
enum proto_verdict mysql_refuse_protocol(struct proto_session *session, const char *text);
enum proto_verdict mysql_refuse_password(struct proto_session *session);

/* Sets the session's error to what the server's ERR says, behind an introduction. */
void mysql_set_server_error(struct proto_session *session, enum odbcssl_error code,
                            const char *introduction, const struct mysql_error_packet *packet);

/* Plaintext plan, and the server refuses plaintext (see mysql.c): PROTO_NEEDS_TLS; else
 * PROTO_CONTINUE. */
enum proto_verdict mysql_judge_transport(struct proto_session *session,
                                         const struct mysql_error_packet *packet);

/* Greeting and response, until the response went to the server or is held for it. */
enum proto_verdict mysql_take_greeting(struct proto_session *session, struct buffer *input);
enum proto_verdict mysql_take_response(struct proto_session *session, struct buffer *input);
enum proto_verdict mysql_send_response(struct proto_session *session);
enum proto_verdict mysql_refuse_unasked(struct proto_session *session);

/* The rest of the login. */
enum proto_verdict mysql_pass_from_server(struct proto_session *session, struct buffer *input);
enum proto_verdict mysql_pass_from_driver(struct proto_session *session, struct buffer *input);

/* mysql_redirect.c: whether the OK of a login may say, and says, that the driver is to connect
 * elsewhere: refused. */
static inline bool mysql_has_session_state(const struct mysql_state *state)
{
    return state->server_capabilities & state->driver_capabilities & MYSQL_CLIENT_SESSION_TRACK;
}
enum proto_verdict mysql_judge_redirect(struct proto_session *session, const unsigned char *payload,
                                        size_t size);

/* mysql_password.c: which answers of the real driver hold its password in clear text. name may be
 * NULL. */
enum mysql_method mysql_method_find(const char *name);
const char *mysql_method_name(enum mysql_method method); /* NULL: another one */

/* The method after the server sent more authentication data. */
enum mysql_method mysql_method_after(enum mysql_method method, const unsigned char *payload,
                                     size_t size);

/* Whether an answer may hold the password. Strict: what is not known to hold none does. */
bool mysql_method_reveals(enum mysql_method method, const unsigned char *answer, size_t size);

#endif
