/*
 * tds_token.h - the token stream of a server's answer to a login (MS-TDS 2.2.7), as far as a relay
 * has to know it, and the one it answers itself.
 */
#ifndef PROTO_TDS_TOKEN_H
#define PROTO_TDS_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

#define TDS_HOST_SIZE 256

/* What the server's answer to a login said so far, in one message or several. */
struct tds_login_reply {
    uint32_t version; /* what the driver's LOGIN7 asked for; LOGINACK overrides it */
    bool is_accepted; /* LOGINACK */
    bool is_over;     /* the last DONE said that nothing more comes */
    bool has_error;
    bool is_routed;
    uint16_t routing_port;
    char routing_host[TDS_HOST_SIZE]; /* printable */
};

/* Whether a DONE token has an eight-byte row count: TDS 7.2 and later, and 8.0. */
bool tds_version_is_long(uint32_t version);

/* Reads one more message, whole, and adds to reply. false with error: the stream is malformed. */
bool tds_login_reply_read(const void *payload, size_t length, struct tds_login_reply *reply,
                          struct error *error);

/* Appends ERROR and DONE; text is ASCII. is_long: see tds_version_is_long. */
void tds_token_append_error(struct buffer *payload, const char *text, bool is_long);

#endif
