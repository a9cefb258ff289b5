/*
 * crl_index.c - finds a serial among millions. A CRL is read once and asked at every handshake, and
 * the largest have millions of rows, in no order: so crl_read.c has the hashes of all serials
 * sorted, 8 bytes an entry. A hash is only where to look; the row itself decides.
 */
#include <stdlib.h>
#include <string.h>

#include "tls/crl_parts.h"

/* A sequence of a one-byte serial and a UTCTime. Rows whose date has another form may be smaller.
 */
#define ROW_SIZE_USUAL (2 + 3 + 15)

const char crl_out_of_memory[] = "out of memory";

/* Leading octets that add nothing are skipped, so that a serial matches however long it was
 * written. */
static struct der trim(const struct der *serial)
{
    struct der trimmed = *serial;
    const unsigned char *bytes = serial->content;
    while (trimmed.size > 1 &&
           ((bytes[0] == 0x00 && bytes[1] < 0x80) || (bytes[0] == 0xff && bytes[1] >= 0x80))) {
        trimmed.content = ++bytes;
        trimmed.size--;
    }
    return trimmed;
}

/* FNV-1a, 64 bits folded into 32. Equal hashes cost time only: the bytes decide. */
static uint32_t hash_serial(const struct der *serial)
{
    const struct der trimmed = trim(serial);
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < trimmed.size; i++)
        hash = (hash ^ trimmed.content[i]) * 0x100000001b3u;
    return (uint32_t)(hash >> 32 ^ hash);
}

/* One pass of a stable radix sort over one byte of the hash. */
static void sort_by_byte(const uint64_t *from, uint64_t *to, size_t count, unsigned shift)
{
    size_t places[257] = {0};
    for (size_t i = 0; i < count; i++)
        places[(from[i] >> shift & 0xff) + 1]++;
    for (unsigned i = 1; i < 257; i++)
        places[i] += places[i - 1];
    for (size_t i = 0; i < count; i++)
        to[places[from[i] >> shift & 0xff]++] = from[i];
}

static bool make_room(struct crl_index *index, size_t *room)
{
    uint64_t *slots = realloc(index->slots, 2 * *room * sizeof *slots);
    if (slots == NULL)
        return false;
    index->slots = slots;
    *room *= 2;
    return true;
}

/* room: slots that there are. Returns what is wrong, or NULL. */
static const char *read_rows(struct crl *crl, const struct der *rows, size_t room)
{
    struct cursor cursor = der_inside(rows);
    struct crl_index *index = &crl->index;
    struct crl_row row;
    while (cursor.left > 0) {
        size_t offset = (size_t)(cursor.next - crl->bytes);
        if (!crl_read_row(&cursor, crl->is_v2, &row))
            return "an entry is malformed";
        crl->is_indirect |= row.is_indirect;
        if (row.unknown_extension.whole != NULL && crl->unknown_extension.whole == NULL) {
            crl->unknown_extension = row.unknown_extension;
            crl->unknown_serial = row.serial;
        }
        if (index->count == room && !make_room(index, &room))
            return crl_out_of_memory;
        index->slots[index->count++] = (uint64_t)hash_serial(&row.serial) << 32 | offset;
    }
    return NULL;
}

const char *crl_index_build(struct crl *crl, const struct der *rows)
{
    /* Nearly always there are fewer rows; what is not used is given back untouched. */
    size_t room = rows->size / ROW_SIZE_USUAL + 1;
    crl->index.slots = malloc(room * sizeof *crl->index.slots);
    const char *fault = crl->index.slots != NULL ? read_rows(crl, rows, room) : crl_out_of_memory;
    if (fault != NULL)
        return fault;
    uint64_t *fitted = realloc(crl->index.slots, (crl->index.count + 1) * sizeof *fitted);
    if (fitted != NULL)
        crl->index.slots = fitted;
    /* Time is linear in the number of entries, whatever their serials are. */
    size_t count = crl->index.count;
    uint64_t *scratch = malloc((count + 1) * sizeof *scratch);
    if (scratch == NULL)
        return crl_out_of_memory;
    for (unsigned shift = 32; shift < 64; shift += 16) {
        sort_by_byte(crl->index.slots, scratch, count, shift);
        sort_by_byte(scratch, crl->index.slots, count, shift + 8);
    }
    free(scratch);
    return NULL;
}

/* The first slot whose hash is not below the wanted one. */
static size_t find_first(const struct crl_index *index, uint32_t hash)
{
    size_t low = 0, high = index->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (index->slots[middle] >> 32 < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool crl_find(const struct crl *crl, const struct der *serial, struct crl_entry *entry_out)
{
    const struct der wanted = trim(serial);
    uint32_t hash = hash_serial(serial);
    const struct crl_index *index = &crl->index;
    for (size_t i = find_first(index, hash); i < index->count && index->slots[i] >> 32 == hash;
         i++) {
        size_t offset = (uint32_t)index->slots[i];
        struct cursor cursor = cursor_over(crl->bytes + offset, crl->size - offset);
        struct crl_row row;
        if (!crl_read_row(&cursor, crl->is_v2, &row))
            continue;
        const struct der found = trim(&row.serial);
        if (found.size != wanted.size || memcmp(found.content, wanted.content, wanted.size) != 0)
            continue;
        if (entry_out != NULL)
            *entry_out = row.entry;
        return true;
    }
    return false;
}
