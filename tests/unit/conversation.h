/*
 * conversation.h - a protocol's state machine between a driver and a server, fed with what both say
 * in pieces, as the relay feeds it; and scripts of what they say, with what has to come of it.
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
    bool is_tls_up;
    size_t sent_before_tls; /* bytes for the server */
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

/* The same, and what follows a login goes on as it is, also when it came with its end. */
void conversation_say(struct conversation *conversation, bool is_server, const void *bytes,
                      size_t size);

/* Two pieces, the first of cut bytes, which may be none; the first verdict that is not
 * PROTO_CONTINUE. */
enum proto_verdict conversation_from_driver(struct conversation *conversation, const void *bytes,
                                            size_t size, size_t cut);
enum proto_verdict conversation_from_server(struct conversation *conversation, const void *bytes,
                                            size_t size, size_t cut);

/* Bytes as they are, or a packet of MySQL with its header left out. */
struct piece {
    int sequence; /* the packet's; -1: bytes as they are */
    const char *bytes;
    size_t size;
};

#define PIECE_RAW (-1)

enum speaker { SPEAKER_NOBODY, SPEAKER_SERVER, SPEAKER_DRIVER, SPEAKER_TLS /* it is up */ };

struct step {
    enum speaker speaker;
    struct piece piece;
};

#define SCENARIO_STEPS 10

struct scenario {
    const char *name;
    enum proto_plan plan;
    struct step steps[SCENARIO_STEPS];
    enum proto_verdict verdict; /* the last one that is not PROTO_CONTINUE, if there is one */
    struct piece to_driver[6];  /* ended by bytes NULL */
    struct piece to_server[6];
    enum odbcssl_error error;
    const char *error_part; /* may be NULL */
    bool are_outputs_open;  /* what went out before the refusal depends on the cuts */
    /* For the caller: */
    bool is_whole_only; /* it matters that the bytes come together */
    bool is_opaque;     /* both ways, at the end */
    bool is_credentials_asked;
    bool is_login_refused;
    enum proto_session_kind kind;
};

void conversation_append(struct buffer *buffer, const struct piece *piece);

/* cut: 0 at once; 1.. in two, cut there; -1 byte by byte. Ends when the conversation is over. */
void conversation_say_cut(struct conversation *conversation, bool is_server,
                          const struct buffer *bytes, long cut);
void conversation_step(struct conversation *conversation, const struct step *step, long cut);

void conversation_check_output(const char *name, long cut, const char *side,
                               const struct buffer *found, const struct piece *wanted);

/* Opens, says all steps and checks what came of it; the caller closes. */
void conversation_play(struct conversation *conversation, const struct proto *proto,
                       const struct scenario *scenario, long cut);

/* The length of the longest step, with the header that it gets. */
long scenario_longest(const struct scenario *scenario);

#endif
