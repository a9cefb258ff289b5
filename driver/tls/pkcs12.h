/*
 * pkcs12.h - PKCS#12 stores (.p12, .pfx; Java's default since version 9), RFC 7292. GnuTLS's reader
 * passes at most 32 certificates of a list, without saying so; this one passes them all.
 */
#ifndef TLS_PKCS12_H
#define TLS_PKCS12_H

#include "tls/store.h"

/* Checks the store's MAC, where it has one, before anything else. Private keys come out decrypted.
 */
bool pkcs12_read(const struct store *store, struct material *material, struct error *error);

#endif
