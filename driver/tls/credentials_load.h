/*
 * credentials_load.h - loading one set of credentials from its files; the cache is credentials.c.
 */
#ifndef TLS_CREDENTIALS_LOAD_H
#define TLS_CREDENTIALS_LOAD_H

#include "tls/credentials.h"
#include "tls/watch.h"

/* false with an error for each part that failed; credentials is then all zeroes. watch gets every
 * file that was read. */
bool credentials_load(const struct tls_options *options, const char *user, struct watch *watch,
                      struct credentials *credentials, struct error errors[CREDENTIALS_PART_COUNT]);
void credentials_unload(struct credentials *credentials);

#endif
