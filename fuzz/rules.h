/* rules.h - shows certificates, and checks them as a path with the server's first, as if all
 * signatures were right. */
#ifndef FUZZ_RULES_H
#define FUZZ_RULES_H

#include "tls/certificate.h"

void fuzz_check_rules(struct certificate *certificates, size_t count);

#endif
