/*
 * conversation.h - a protocol's state machine between a driver and a server, fed with what both say
 * in pieces, as the relay feeds it.
 */
#ifndef TESTS_CONVERSATION_H
#define TESTS_CONVERSATION_H

#include "base/buffer.h"
#include "proto/proto.h"

struct conversation {
    struct proto_session session;
    struct buffer driver; /* what came and was not taken */
    struct buffer server;
    enum proto_verdict verdict; /* the last one that is not PROTO_CONTINUE */
};

/* Opens and starts the session, which must go well. */
void conversation_open(struct conversation *conversation, const struct proto *proto,
                       enum proto_plan plan);
void conversation_close(struct conversation *conversation);

/* After such a verdict nothing is said. */
bool conversation_is_over(const struct conversation *conversation);

/* One piece: PROTO_CONTINUE, and passed on, where that side is opaque. */
enum proto_verdict conversation_feed(struct conversation *conversation, bool is_server,
                                     const void *bytes, size_t size);

/* The first piece is cut bytes long (0: all in one); is_every: so are the others. Ends when the
 * conversation is over. */
void conversation_feed_cut(struct conversation *conversation, bool is_server, const void *bytes,
                           size_t size, size_t cut, bool is_every);

/* Two pieces, the first of cut bytes, which may be none; the first verdict that is not
 * PROTO_CONTINUE. */
enum proto_verdict conversation_from_driver(struct conversation *conversation, const void *bytes,
                                            size_t size, size_t cut);
enum proto_verdict conversation_from_server(struct conversation *conversation, const void *bytes,
                                            size_t size, size_t cut);

#endif
