/*
 * der.h - writes DER for tests: what libraries refuse to write (extensions of CRLs and of their
 * entries, broken values) is put together here by hand.
 */
#ifndef TESTS_DER_H
#define TESTS_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/buffer.h"

enum {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0a,
    DER_UTF8_STRING = 0x0c,
    DER_PRINTABLE_STRING = 0x13,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_CONTEXT = 0x80,            /* primitive [n]: DER_CONTEXT + n */
    DER_CONTEXT_CONSTRUCTED = 0xa0 /* constructed [n] */
};

/* Each appends one complete element. */
void der_put(struct buffer *out, unsigned tag, const void *content, size_t size);
void der_put_text(struct buffer *out, unsigned tag, const char *text);
void der_put_number(struct buffer *out, unsigned long long value);
void der_put_oid(struct buffer *out, const char *dotted);
/* UTCTime until 2049, GeneralizedTime from 2050 (RFC 5280, 5.1.2.4). */
void der_put_time(struct buffer *out, time_t time);
void der_put_generalized_time(struct buffer *out, time_t time);
/* Appends content as one element and frees content. */
void der_wrap(struct buffer *out, unsigned tag, struct buffer *content);
/* Extension ::= SEQUENCE { OID, critical, OCTET STRING } */
void der_put_extension(struct buffer *out, const char *oid, bool is_critical, const void *value,
                       size_t size);

/* Hexadecimal digits, with or without ':' between them, as bytes; returns how many. */
size_t der_parse_hex(const char *hex, unsigned char *out, size_t out_size);

#endif
