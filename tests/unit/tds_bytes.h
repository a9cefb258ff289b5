/*
 * tds_bytes.h - TDS messages for tests, and a session of the TDS protocol that is fed with them.
 */
#ifndef TESTS_TDS_BYTES_H
#define TESTS_TDS_BYTES_H

#include "unit/conversation.h"

/* Bytes of an array, with their size. */
#define BYTES(...)                                                                                 \
    (const unsigned char[]){__VA_ARGS__}, sizeof((const unsigned char[]){__VA_ARGS__})

/* FreeTDS 1.3.17's PRELOGIN of TDS 7.2 and later, as captured. */
#define FREETDS_PRELOGIN_SIZE 58
#define FREETDS_ENCRYPTION_AT 40
extern const unsigned char freetds_prelogin[FREETDS_PRELOGIN_SIZE];

/* Its PRELOGIN of TDS 7.1 has no MARS option. */
#define FREETDS_71_PRELOGIN_SIZE 52
extern const unsigned char freetds_71_prelogin[FREETDS_71_PRELOGIN_SIZE];

/* A server's reply with and without MARS, ENCRYPTION 0. */
#define SERVER_REPLY_SIZE 43
#define SERVER_REPLY_ENCRYPTION_AT 40
extern const unsigned char server_reply[SERVER_REPLY_SIZE];
#define SERVER_REPLY_PLAIN_SIZE 37
#define SERVER_REPLY_PLAIN_ENCRYPTION_AT 35
extern const unsigned char server_reply_without_mars[SERVER_REPLY_PLAIN_SIZE];

/* Appends a packet. */
void add_packet(struct buffer *wire, uint8_t type, uint8_t status, const void *payload,
                size_t size);

/* The conversation of a case: opened, which closes that of the case before; the last is closed at
 * the end of a suite. */
extern struct conversation sides;
void sides_open(enum proto_plan plan);
int sides_close(void);

/* Takes sides, opened for TLS, to where the driver is about to log in; checks that it got there. */
void sides_reach_login(void);

/* The same, and sends a LOGIN7 packet of the given TDS version. */
void sides_send_login(uint32_t version);

#define CHECK_BYTES(buffer, bytes, size)                                                           \
    do {                                                                                           \
        CHECK_NUMBER(buffer_length(buffer), size);                                                 \
        CHECK(buffer_length(buffer) == (size) &&                                                   \
              ((size) == 0 || memcmp(buffer_content(buffer), bytes, size) == 0));                  \
    } while (0)

#endif
