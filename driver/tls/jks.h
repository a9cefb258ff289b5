/*
 * jks.h - Java key stores of type JKS: trusted certificates, and keys under Sun's key protector.
 */
#ifndef TLS_JKS_H
#define TLS_JKS_H

#include "tls/store.h"

/* Checks the store's digest before anything else. Private keys come out decrypted (PKCS#8). */
bool jks_read(const struct store *store, struct material *material, struct error *error);

#endif
