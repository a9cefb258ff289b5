/*
 * limits.h - messages for what the system does not give any more: how many descriptors or threads a
 * process may have, how many it has, and how many are wanted.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include <stdbool.h>

#include "base/error.h"

/* Sets error to "what: ..." for system_error. Of EMFILE and ENFILE it says which limit was met, and
 * that wanted descriptors are needed; of EAGAIN of pthread_create the same for threads. Other
 * errors have the system's message. */
void limits_set_descriptors(struct error *error, enum odbcssl_error code, int system_error,
                            unsigned wanted, const char *what);
void limits_set_threads(struct error *error, enum odbcssl_error code, int system_error,
                        unsigned wanted, const char *what);

#endif
