/*
 * chain.h - a path of certificates, drawn as a tree or written as JSON.
 */
#ifndef COMMAND_CHAIN_H
#define COMMAND_CHAIN_H

#include <stddef.h>

#include "tls/trust.h"
#include "command/json.h"

/* The server's certificate first. */
struct chain {
    const struct certificate *certificates;
    size_t count;
    const struct trust *trust; /* says which is a trust anchor; NULL: none is */
};

/* The last one first, each certificate under its issuer; indent: blanks before each line. */
void chain_print(const struct chain *chain, int indent);
void chain_print_json(const struct chain *chain, struct json *json);

#endif
