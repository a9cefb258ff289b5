/*
 * array.h - arrays that grow by one item, and keep no capacity: they are full at each power of two.
 */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stddef.h>
#include <stdlib.h>

/* Room for one more behind count items, as the new address of items, which may be NULL when there
 * are none. NULL: out of memory, and items stays as it is. */
static inline void *array_grow(void *items, size_t count, size_t item_size)
{
    if ((count & (count - 1)) != 0)
        return items;
    return reallocarray(items, count > 0 ? 2 * count : 1, item_size);
}

#endif
