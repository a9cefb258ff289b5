/*
 * chain.h - a path of certificates as people read it, drawn as a tree or written as JSON.
 */
#ifndef COMMAND_CHAIN_H
#define COMMAND_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "command/json.h"
#include "tls/trust.h"

struct chain_certificate {
    char *subject;
    char *issuer;
    char *serial;
    char *names;       /* "DNS:a, IP:b" */
    char *fingerprint; /* SHA-256, "0A:3F..." */
    char *key;         /* "RSA, 2048 bits" */
    time_t not_before;
    time_t not_after;
    bool is_anchor;
};

/* The server's certificate first. All zeroes is empty. */
struct chain {
    struct chain_certificate *items;
    size_t count;
};

/* trust says whether the last one is a trust anchor; NULL: it is none. */
struct chain chain_read(const struct certificate *certificates, size_t count,
                        const struct trust *trust);

/* Of certificates as a server sent them, up to the first that cannot be read; none is an anchor. */
struct chain chain_read_sent(const gnutls_datum_t *ders, size_t count);

/* The last one first, each certificate under its issuer; indent: blanks before each line. */
void chain_print(const struct chain *chain, int indent);
void chain_print_json(const struct chain *chain, struct json *json);

#endif
