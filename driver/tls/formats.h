/*
 * formats.h - certificates and private keys out of a file in any format people are given: PEM, DER,
 * PKCS#7, PKCS#12, JKS. The format is recognised by the content.
 */
#ifndef TLS_FORMATS_H
#define TLS_FORMATS_H

#include <stdbool.h>

#include "base/error.h"
#include "tls/material.h"
#include "tls/store.h"

enum formats_wanted {
    FORMATS_WANTED_CERTIFICATES,
    FORMATS_WANTED_KEY,
    FORMATS_WANTED_ANYTHING /* a file in a folder: nothing in it is no error, damage is one */
};

/* Adds what the file holds to material. false with error set when it holds nothing that is wanted,
 * saying what it holds instead, or when it is damaged; material may then hold a part. */
bool formats_read(const struct store *file, enum formats_wanted wanted, struct material *material,
                  struct error *error);

#endif
