/*
 * scratch.c - pages of the kernel, mapped and unmapped.
 */
#include "base/scratch.h"

#include <sys/mman.h>

void *scratch_new(size_t size)
{
    void *scratch = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return scratch != MAP_FAILED ? scratch : NULL;
}

void scratch_free(void *scratch, size_t size)
{
    if (scratch != NULL)
        munmap(scratch, size);
}
