/*
 * tds_state.h - what the parts of the TDS protocol share: tds.c, tds_switch.c and tds_login.c.
 */
#ifndef PROTO_TDS_STATE_H
#define PROTO_TDS_STATE_H

#include "proto/proto.h"
#include "proto/tds_packet.h"
#include "proto/tds_token.h"

enum tds_stage {
    TDS_STAGE_PRELOGIN,
    TDS_STAGE_REPLY,
    TDS_STAGE_HANDSHAKE,
    TDS_STAGE_LOGIN,
    TDS_STAGE_LOGIN_REPLY,
    TDS_STAGE_OPEN,
    TDS_STAGE_FAILED
};

struct tds {
    enum tds_stage stage;
    struct tds_message message; /* being read: PRELOGIN, its reply, or a login reply */
    struct buffer reply;        /* PRELOGIN's reply as the driver is to get it */
    bool has_mars;              /* the driver's PRELOGIN has a MARS option */
    bool is_prelogin_read;
    bool is_reply_given; /* the driver has a PRELOGIN reply */
    bool is_error_sent;
    struct tds_login_reply login;
    size_t record_left; /* of a packet too large for one record */
};

/* For an outcome of reading packets that is not whole: PROTO_CONTINUE where more bytes will do,
 * else PROTO_REFUSE. sender: "the server". */
enum proto_verdict tds_judge_outcome(struct proto_session *session, enum tds_outcome outcome,
                                     const char *sender);

/* The switch: input is not empty. */
enum proto_verdict tds_switch_read_driver(struct proto_session *session, struct buffer *input);
enum proto_verdict tds_switch_read_server(struct proto_session *session, struct buffer *input);

/* Hands the driver the PRELOGIN reply that was held back. */
enum proto_verdict tds_switch_give_reply(struct proto_session *session);

/* The login: input is not empty. */
enum proto_verdict tds_login_read_driver(struct proto_session *session, struct buffer *input);
enum proto_verdict tds_login_read_server(struct proto_session *session, struct buffer *input);

#endif
