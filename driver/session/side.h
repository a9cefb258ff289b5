/*
 * side.h - the server's side of a session: the one place where bytes for the server are encrypted,
 * or are not. A table of functions for each way, swapped at the switch; nothing else asks.
 *
 *      plaintext plan:  plain                                 (or as below, login-only TLS)
 *      TLS plan:        plain -> [framed ->] TLS [-> plain again, when only the login is encrypted]
 *      direct plan:     TLS
 */
#ifndef SESSION_SIDE_H
#define SESSION_SIDE_H

#include "base/buffer.h"
#include "tls/session.h"

struct session;

struct side {
    const char *name;

    /* Where the network's bytes go to and come from. */
    struct buffer *(*input)(struct session *session);
    struct buffer *(*output)(struct session *session);

    /* Plaintext of the server into out; *got_out > 0 with DONE. */
    enum tls_progress (*read)(struct session *session, void *out, size_t size, size_t *got_out,
                              struct error *error);

    /* Plaintext for the server: one record, if there are such. */
    bool (*write)(struct session *session, const void *bytes, size_t size, struct error *error);

    /* Whether read has something left to do. */
    bool (*is_pending)(struct session *session);

    void (*close)(struct session *session);
};

extern const struct side side_plain;
extern const struct side side_framed; /* the handshake in packets of the protocol */
extern const struct side side_tls;
extern const struct side side_after_login;

/* The handshake begins. Nothing may be unread, as nothing that came before TLS may be taken for
 * something that came within it. */
bool side_start_tls(struct session *session, struct error *error);

/* Goes as far as what was received allows. */
enum tls_progress side_handshake(struct session *session, struct error *error);

/* What is to be sent stays encrypted, all that follows is plaintext. */
bool side_end_tls(struct session *session, struct error *error);

/* Takes whole records of bytes; returns how many bytes were taken. error is set on failure. */
size_t side_write_records(struct session *session, const unsigned char *bytes, size_t size,
                          struct error *error);

/* Reads up to size bytes into out, and tells of the end in the session. */
size_t side_read(struct session *session, void *out, size_t size, struct error *error);

size_t side_unsent(struct session *session);

/* What it may mean that the server ends or is silent now: "; the server may ...", or nothing;
 * returns out. */
#define SIDE_HINT_SIZE 200
const char *side_explain(const struct session *session, char *out, size_t size);

/* Why the server's stream ended too early. */
void side_describe_end(struct session *session, struct error *error);

#endif
