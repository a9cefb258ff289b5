/* sparse.c - what a session record keeps of its report: runs of bytes, without the zeroes between.
 */
#include "base/sparse.h"

#include <stdlib.h>
#include <string.h>

/* Zeroes between two runs that are not worth a run of their own. */
#define GAP 32

struct run {
    size_t place;
    size_t length;
};

/* The next run from place on; its length is 0 at the end. */
static struct run find_run(const unsigned char *bytes, size_t size, size_t place)
{
    while (place < size && bytes[place] == 0)
        place++;
    size_t end = place, zeroes = 0;
    for (size_t i = place; i < size && zeroes < GAP; i++) {
        zeroes = bytes[i] == 0 ? zeroes + 1 : 0;
        if (bytes[i] != 0)
            end = i + 1;
    }
    return (struct run){place, end - place};
}

bool sparse_keep(struct sparse *sparse, const void *value, size_t size)
{
    const unsigned char *bytes = value;
    size_t total = 0;
    struct run run;
    sparse_free(sparse);
    for (size_t at = 0; (run = find_run(bytes, size, at)).length > 0; at = run.place + run.length)
        total += sizeof run + run.length;
    if (total == 0)
        return true;
    sparse->runs = malloc(total);
    if (sparse->runs == NULL)
        return false;
    for (size_t at = 0; (run = find_run(bytes, size, at)).length > 0; at = run.place + run.length) {
        memcpy(sparse->runs + sparse->size, &run, sizeof run);
        memcpy(sparse->runs + sparse->size + sizeof run, bytes + run.place, run.length);
        sparse->size += sizeof run + run.length;
    }
    return true;
}

void sparse_restore(const struct sparse *sparse, void *value_out, size_t size)
{
    memset(value_out, 0, size);
    for (size_t at = 0; at < sparse->size;) {
        struct run run;
        memcpy(&run, sparse->runs + at, sizeof run);
        memcpy((unsigned char *)value_out + run.place, sparse->runs + at + sizeof run, run.length);
        at += sizeof run + run.length;
    }
}

void sparse_free(struct sparse *sparse)
{
    free(sparse->runs);
    *sparse = (struct sparse){0};
}
