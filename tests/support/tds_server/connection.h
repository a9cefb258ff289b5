/*
 * connection.h - one client's connection: what the handlers of its messages share.
 */
#ifndef TDS_SERVER_CONNECTION_H
#define TDS_SERVER_CONNECTION_H

#include "support/tds_server/value.h"
#include "support/tds_server/wire.h"

#define NAME_SIZE 260

enum done_status {
    DONE_FINAL = 0x00,
    DONE_MORE = 0x01,
    DONE_ERROR = 0x02,
    DONE_COUNT = 0x10,
    DONE_ATTENTION = 0x20
};

enum done_type { DONE = 0xFD, DONE_PROCEDURE = 0xFE, DONE_IN_PROCEDURE = 0xFF };

struct connection {
    const struct server_options *options;
    SSL_CTX *context;
    struct wire wire;
    struct buffer reply; /* payload of the reply that is not sent yet */
    uint32_t version;    /* TDS version, as LOGIN7 has it */
    bool is_long;        /* 7.2 or later */
    bool is_mars_wanted;
    bool is_login_only;
    bool is_cancelled; /* an attention came while the request ran */
    bool is_ended;     /* nobody reads the rest */
    char database[NAME_SIZE];
    uint64_t transaction;
    unsigned transaction_count;
};

/* prelogin.c: false: the connection ends. */
bool prelogin_serve(struct connection *connection, struct packet *message);

/* login.c */
bool login_serve(struct connection *connection, struct packet *message);

struct parameter {
    char name[NAME_SIZE]; /* with @ */
    struct value value;
    char *text; /* the value, "" when it is no text */
};

/* sql.c */
void batch_serve(struct connection *connection, const struct packet *message);
void transaction_serve(struct connection *connection, const struct packet *message);

/* Runs the statements of the text, each ended by a token of the type; the last says MORE in a
 * procedure. */
void sql_run(struct connection *connection, const char *text, const struct parameter *parameters,
             size_t count, enum done_type type);

/* The columns of what is prepared, before its parameters are known. */
void sql_describe(struct connection *connection, const char *text);

/* rpc.c */
void rpc_serve(struct connection *connection, const struct packet *message);

/* connection.c: the message behind ALL_HEADERS; is_short: malformed, and the connection has ended.
 */
struct cursor connection_skip_headers(struct connection *connection, const struct packet *message);

/* Sends what fills packets; is_last: all, and ends the message. */
void reply_flush(struct connection *connection, bool is_last);

/* Sends all that there is, and the message goes on. */
void reply_send_now(struct connection *connection);

/* Whether the request should stop; looks for an attention. */
bool reply_is_stopped(struct connection *connection);

/* tokens.c: appended to the reply. Texts are UTF-8. */

void append_short_text(struct buffer *buffer, const char *text); /* with a u8 count */
void append_long_text(struct buffer *buffer, const char *text);  /* with a u16 count */
enum message_type { MESSAGE_ERROR = 0xAA, MESSAGE_INFO = 0xAB };
void token_message(struct connection *connection, enum message_type type, uint32_t number,
                   uint8_t severity, const char *format, ...) __attribute__((format(printf, 5, 6)));
#define token_error(connection, number, ...)                                                       \
    token_message(connection, MESSAGE_ERROR, number, __VA_ARGS__)
#define token_info(connection, number, ...)                                                        \
    token_message(connection, MESSAGE_INFO, number, 0, __VA_ARGS__)

/* A token with a length: what is appended between the two is in it. */
size_t token_begin(struct connection *connection, uint8_t type);
void token_end(struct connection *connection, size_t begin);
void token_environment(struct connection *connection, uint8_t type, const char *new_text,
                       const char *old_text);
void token_environment_bytes(struct connection *connection, uint8_t type, const void *new_bytes,
                             size_t new_size, const void *old_bytes, size_t old_size);
void token_done(struct connection *connection, enum done_type type, unsigned status, uint64_t rows);
void token_return_status(struct connection *connection, uint32_t status);
void token_return_number(struct connection *connection, uint16_t ordinal, const char *name,
                         uint32_t number);

/* UTF-16LE of the message to new UTF-8. */
char *text_from_message(const unsigned char *bytes, size_t units);

#endif
