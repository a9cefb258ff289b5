/*
 * pem.h - PEM blocks in text (RFC 7468, and RFC 1421's headers of encrypted keys), with any text
 * before, between and behind them.
 */
#ifndef TLS_PEM_H
#define TLS_PEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

struct pem_block {
    const char *label; /* "RSA PRIVATE KEY"; not NUL-terminated */
    size_t label_size;
    const char *headers; /* "Proc-Type: 4,ENCRYPTED ..." up to the empty line; NULL: none */
    size_t headers_size;
    const char *body; /* base64 with white space */
    size_t body_size;
    size_t line; /* of BEGIN, counted from 1 */
};

enum pem_outcome { PEM_BLOCK, PEM_END, PEM_UNTERMINATED };

struct pem_reader {
    const char *next;
    const char *end;
    size_t line;
};

/* bytes have to outlive the reader and its blocks, which point into them. */
struct pem_reader pem_over(const unsigned char *bytes, size_t size);

/* The next block. PEM_UNTERMINATED: the block has no END line of its label; block holds its label.
 */
enum pem_outcome pem_next(struct pem_reader *reader, struct pem_block *block);

/* The bytes of base64 with white space anywhere, as new memory that the caller wipes and frees;
 * NULL: it is none, or empty. */
unsigned char *pem_decode(const char *body, size_t body_size, size_t *size_out);

/* Whether the headers say that the key is encrypted. */
bool pem_is_encrypted(const struct pem_block *block);

/* Appends a block with headers again, one item per line and without white space around lines. out
 * had better be secret. false: out of memory. */
bool pem_rewrite(const struct pem_block *block, struct buffer *out);

#endif
