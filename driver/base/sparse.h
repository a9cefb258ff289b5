/*
 * sparse.h - keeps a large value that is mostly zeroes in little memory: a report has 24 KB, of
 * which a few are used, and every open connection has one.
 */
#ifndef BASE_SPARSE_H
#define BASE_SPARSE_H

#include <stdbool.h>
#include <stddef.h>

struct sparse {
    unsigned char *runs; /* of bytes that are not zero, each behind its place and length */
    size_t size;
};

/* Keeps value in place of what was kept. false: out of memory, and nothing is kept. */
bool sparse_keep(struct sparse *sparse, const void *value, size_t size);

/* The value again; all zeroes when nothing is kept. size: as kept. */
void sparse_restore(const struct sparse *sparse, void *value_out, size_t size);

/* Nothing is kept any more. */
void sparse_free(struct sparse *sparse);

#endif
