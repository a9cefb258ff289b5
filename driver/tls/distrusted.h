/*
 * distrusted.h - what the system's trust policy (p11-kit) distrusts, for trust.c.
 */
#ifndef TLS_DISTRUSTED_H
#define TLS_DISTRUSTED_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/options.h"
#include "tls/parsed_file.h"

/* Adds all certificates; of those that the policy knows no more of, issuer (Name) and serial number
 * (INTEGER), one behind the other, to numbers. option: for errors. A system without a policy
 * distrusts nothing; one whose policy cannot be read may: false with error set. */
bool distrusted_read(const struct option *option, struct parsed_file *certificates,
                     struct buffer *numbers, struct error *error);

#endif
