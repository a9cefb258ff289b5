/*
 * tds_prelogin.h - the options of a TDS PRELOGIN message (MS-TDS 2.2.6.5), read, and changed where
 * they stand.
 */
#ifndef PROTO_TDS_PRELOGIN_H
#define PROTO_TDS_PRELOGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

enum tds_option_token {
    TDS_OPTION_VERSION = 0,
    TDS_OPTION_ENCRYPTION = 1,
    TDS_OPTION_INSTANCE = 2,
    TDS_OPTION_THREAD = 3,
    TDS_OPTION_MARS = 4,
    TDS_OPTION_END = 0xFF
};

enum tds_encryption {
    TDS_ENCRYPTION_OFF = 0, /* only the login is encrypted */
    TDS_ENCRYPTION_ON = 1,
    TDS_ENCRYPTION_NOT_SUPPORTED = 2,
    TDS_ENCRYPTION_REQUIRED = 3
};

#define TDS_PRELOGIN_OPTION_LIMIT 16

struct tds_option {
    uint8_t token;
    uint16_t length;
    const unsigned char *data; /* in the message that was read */
};

struct tds_prelogin {
    struct tds_option options[TDS_PRELOGIN_OPTION_LIMIT];
    size_t count;
    uint8_t encryption;
    size_t encryption_at; /* where it stands in the payload; it belongs to no other option */
    bool has_mars;
};

/* Reads a message's payload, which must outlive prelogin. sender ("the server") is for the error.
 * false with error set: it is malformed, or says nothing of encryption. */
bool tds_prelogin_read(const void *payload, size_t length, const char *sender,
                       struct tds_prelogin *prelogin, struct error *error);

/* Appends a payload that was read, with a MARS option that says no behind the others. */
void tds_prelogin_add_mars(const struct tds_prelogin *prelogin, const struct buffer *payload,
                           struct buffer *out);

/* Appends the message of a side that has no TLS and no MARS: the reply for a driver that is about
 * to be refused, and what a driver that leaves TLS to us begins with. */
void tds_prelogin_append_plain(struct buffer *payload);

/* "1 (on)"; returns out. */
#define TDS_ENCRYPTION_TEXT_SIZE 32
const char *tds_encryption_text(uint8_t encryption, char *out);

#endif
