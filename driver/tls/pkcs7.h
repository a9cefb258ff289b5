/*
 * pkcs7.h - certificates that travel in PKCS#7 (.p7b) files: signed data without a signature.
 */
#ifndef TLS_PKCS7_H
#define TLS_PKCS7_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "tls/material.h"

/* Reads BER or DER, in the order of the file. name: the file, for errors. */
bool pkcs7_read(const unsigned char *bytes, size_t size, const char *name,
                struct material *material, struct error *error);

#endif
