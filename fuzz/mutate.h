/* mutate.h - changes to DER that stay well-formed. */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* Changes the element that the input begins with, behind its length in two bytes if it has one.
 * Returns the new size; 0: it begins with none, or is too large. */
size_t mutate_der(uint8_t *bytes, size_t size, size_t limit, unsigned seed);

#endif
