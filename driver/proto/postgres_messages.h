/*
 * postgres_messages.h - reading and writing single messages of the PostgreSQL protocol, version 3
 * (PostgreSQL documentation, "Frontend/Backend Protocol", "Message Formats"), and of openGauss.
 */
#ifndef PROTO_POSTGRES_MESSAGES_H
#define PROTO_POSTGRES_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* What stands where a StartupMessage has its version. */
#define POSTGRES_SSL_REQUEST 80877103u
#define POSTGRES_GSSENC_REQUEST 80877104u
#define POSTGRES_CANCEL_REQUEST 80877102u
#define POSTGRES_STOP_REQUEST 80877105u /* openGauss; the session's id and the query's */

#define POSTGRES_STARTUP_LIMIT 10000u /* pqcomm.h, MAX_STARTUP_PACKET_LENGTH */
#define POSTGRES_MESSAGE_LIMIT                                                                     \
    30000u /* fe-protocol3.c: of messages before the end of the login                              \
            */

enum postgres_size { POSTGRES_SHORT, POSTGRES_WHOLE, POSTGRES_INVALID };

/* The first messages of the driver: length and code. *length_out: of the message. */
enum postgres_size postgres_first_message(const struct buffer *input, size_t *length_out,
                                          uint32_t *code_out);

/* A message of the server: type byte, length. *length_out: of the whole message. An ErrorResponse
 * in the form of version 2 (a text with a NUL) is whole when the NUL has come. */
enum postgres_size postgres_server_message(const struct buffer *input, size_t *length_out);

/* What an ErrorResponse says, made printable: "FATAL: no pg_hba.conf entry ... (28000)". */
struct postgres_refusal {
    char sqlstate[6];
    char text[600];
};
void postgres_read_refusal(const unsigned char *message, size_t length,
                           struct postgres_refusal *refusal_out);

enum postgres_mechanisms {
    POSTGRES_MECHANISMS_NONE, /* not a well-formed SASL list: leave it alone */
    POSTGRES_MECHANISMS_KEPT, /* one, or several, are left */
    POSTGRES_MECHANISMS_EMPTY /* all need channel binding */
};

/* Appends an AuthenticationSASL message to out without the mechanisms that need channel binding. */
enum postgres_mechanisms postgres_filter_mechanisms(const unsigned char *message, size_t length,
                                                    struct buffer *out);

/* Appends an ErrorResponse: FATAL, SQLSTATE 08001. */
void postgres_write_failure(struct buffer *out, const char *text);

#endif
