/*
 * wire.h - packets over a socket, in plaintext or TLS, and under SMP when MARS is on.
 *
 *      TLS handshake of TDS 7.x:  socket <- packets of type 0x12 <- TLS records
 *      afterwards, and TDS 8.0:   socket <- TLS records <- packets, one for each record
 */
#ifndef TDS_SERVER_WIRE_H
#define TDS_SERVER_WIRE_H

#include "support/tds_server/server.h"

enum packet_type {
    PACKET_BATCH = 0x01,
    PACKET_OLD_LOGIN = 0x02,
    PACKET_RPC = 0x03,
    PACKET_REPLY = 0x04,
    PACKET_ATTENTION = 0x06,
    PACKET_BULK = 0x07,
    PACKET_TRANSACTION = 0x0E,
    PACKET_LOGIN7 = 0x10,
    PACKET_SSPI = 0x11,
    PACKET_PRELOGIN = 0x12,
    PACKET_SMP = 0x53
};

#define STATUS_LAST 0x01
#define STATUS_IGNORE 0x02
#define STATUS_RESET 0x08
#define STATUS_RESET_KEEP 0x10

#define HEADER_SIZE 8
#define FIRST_PACKET_SIZE 4096
#define SMP_SESSION_LIMIT 64

struct packet {
    uint8_t type;
    uint8_t status;
    uint16_t session; /* SMP's; 0 without */
    struct buffer payload;
};

/* One session of SMP (MC-SMP 3.1.1). */
struct smp_session {
    bool is_open;
    uint32_t received;   /* number of the last DATA frame that came */
    uint32_t sent;       /* and of the last that went */
    uint32_t may_send;   /* the peer's window */
    uint32_t window;     /* the last window that was told to the peer */
    struct buffer input; /* packets that came and were not taken */
};

struct wire {
    int descriptor;
    SSL *ssl; /* NULL: plaintext */
    BIO *in;
    BIO *out;
    bool is_wrapped;      /* a handshake inside packets */
    bool is_strict;       /* TDS 8.0: its clients put several packets into a record */
    struct buffer record; /* TDS 8.0: packets that came and were not taken */
    enum misbehaviour misbehaviour;
    size_t packet_size;
    uint8_t packet_id;
    uint16_t spid;
    bool has_smp;
    uint16_t session; /* the SMP session that is served now */
    struct smp_session sessions[SMP_SESSION_LIMIT];
    unsigned long records;
    unsigned long packets; /* that came in records */
    bool is_broken;
};

void wire_open(struct wire *wire, int descriptor, enum misbehaviour misbehaviour);

/* Ends TLS cleanly and closes. */
void wire_close(struct wire *wire);

/* Handshake; is_wrapped: in packets of type 0x12. */
bool wire_start_tls(struct wire *wire, SSL_CTX *context, bool is_wrapped);

/* Login-only encryption: TLS is dropped without a word. */
void wire_drop_tls(struct wire *wire);

/* The next byte in plaintext, left where it is; -1: none. */
int wire_peek(struct wire *wire);

/* false: the connection ended or broke a rule. Of any SMP session. */
bool wire_read_packet(struct wire *wire, struct packet *packet);

enum wire_event { WIRE_NOTHING, WIRE_ATTENTION, WIRE_ENDED };

/* Looks for an attention of the session that is served, for at most milliseconds. */
enum wire_event wire_wait_attention(struct wire *wire, int milliseconds);

bool wire_write_packet(struct wire *wire, uint8_t type, uint8_t status, const void *payload,
                       size_t size);

/* What is written while is_held goes in one segment. */
void wire_hold(struct wire *wire, bool is_held);

/* Bytes as they are. */
bool wire_write_bytes(struct wire *wire, const void *bytes, size_t size);
bool wire_read_bytes(struct wire *wire, void *bytes, size_t size);

/* For smp.c: one record's bytes, or exactly one frame's in plaintext. */
bool wire_read_unit(struct wire *wire, struct buffer *unit);
bool wire_write_unit(struct wire *wire, const void *bytes, size_t size);

/* smp.c */
bool smp_read_packet(struct wire *wire, struct packet *packet);
bool smp_has_packet(const struct wire *wire);
bool smp_read_frame(struct wire *wire);
bool smp_write_packet(struct wire *wire, const void *bytes, size_t size);

/* Takes a whole packet apart; false: not one. */
bool packet_parse(const unsigned char *bytes, size_t size, struct packet *packet);

#endif
