/* mutate.h - changes to DER that stay well-formed. */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* Changes an element in one of the input's pieces, which are DER or text with PEM blocks: each
 * behind its length in two bytes but the last, or the input is the only one. Returns the new size;
 * 0: the piece is neither, or would be too large. */
size_t mutate_der(uint8_t *bytes, size_t size, size_t limit, unsigned seed);

#endif
