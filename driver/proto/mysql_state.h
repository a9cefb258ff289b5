/*
 * mysql_state.h - what a MySQL session knows, for the files mysql*.c only.
 */
#ifndef PROTO_MYSQL_STATE_H
#define PROTO_MYSQL_STATE_H

#include "proto/mysql_packet.h"
#include "proto/mysql_password.h"
#include "proto/proto.h"

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

#endif
