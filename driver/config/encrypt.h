/*
 * encrypt.h - Encrypt and TrustServerCertificate, as drivers for SQL Server know them, in terms of
 * SslMode and SslNegotiation.
 *
 *   Encrypt                 TrustServerCertificate   SslMode       SslNegotiation
 *   no, optional, false     any                      prefer
 *   yes, mandatory, true    no, or not set           verify-full
 *   yes, mandatory, true    yes                      require
 *   strict                  any                      verify-full   direct
 *   not set                 no                       verify-full
 *   not set                 yes                      require
 *
 * Encrypt=no is prefer rather than disable or allow, because SQL Server's drivers encrypt the login
 * even then: no password that they protect may travel in plaintext here. Without Encrypt they
 * encrypt since their version 18.
 */
#ifndef CONFIG_ENCRYPT_H
#define CONFIG_ENCRYPT_H

#include "config/places.h"

/* found: what was found of SslMode and SslNegotiation, by KEY_INDEX_..., which stays or is
 * replaced; origin: room for the keyword of what is replaced, "Encrypt=yes". false with error: a
 * value is not known, or contradicts SslMode or SslNegotiation in the same or a higher place. */
#define ENCRYPT_ORIGIN_SIZE 64
bool encrypt_apply(const struct places *places, struct found *found, char *origin,
                   struct error *error);

#endif
