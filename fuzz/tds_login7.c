/*
 * tds_login7.c - the server's name in LOGIN7. The first byte chooses the new name, the rest is the
 * message without its packet's header.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fuzz/target.h"
#include "proto/tds_login7.h"

#define HEADER_SIZE 8
#define PACKET_LIMIT 4096
#define NAME_AT 52
#define NAME_UNITS 128

static size_t get_u16(const unsigned char *bytes, size_t at)
{
    return bytes[at] | (size_t)bytes[at + 1] << 8;
}

/* A name that can be written again as it was; "": it cannot, or there is none. */
static void read_name(const unsigned char *login, size_t size, char *out)
{
    size_t start = get_u16(login, NAME_AT), units = get_u16(login, NAME_AT + 2);
    size_t i = 0;
    *out = 0;
    if (units == 0 || units > NAME_UNITS || start + 2 * units > size)
        return;
    for (; i < units && login[start + 2 * i] > ' ' && login[start + 2 * i] < 0x7F &&
           login[start + 2 * i + 1] == 0;
         i++)
        out[i] = (char)login[start + 2 * i];
    out[i < units ? 0 : i] = 0;
}

/* The data of each field are what they were, wherever they stand now. */
static void check_fields(const struct buffer *before, const struct buffer *after)
{
    static const size_t fields[] = {36, 40, 44, 48, 60, 64, 68, 82};
    const unsigned char *from = buffer_content(before) + HEADER_SIZE;
    const unsigned char *to = buffer_content(after) + HEADER_SIZE;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        size_t size = 2 * get_u16(from, fields[i] + 2);
        if (size == 0)
            continue;
        size_t at = get_u16(to, fields[i]);
        fuzz_require(get_u16(to, fields[i] + 2) * 2 == size);
        fuzz_require(HEADER_SIZE + at + size <= buffer_length(after));
        fuzz_require(memcmp(from + get_u16(from, fields[i]), to + at, size) == 0);
    }
}

static void check_named(const struct buffer *before, const struct buffer *after, const char *name)
{
    const unsigned char *to = buffer_content(after);
    char found[NAME_UNITS + 1], old[NAME_UNITS + 1];
    struct buffer again = {0};
    size_t length = buffer_length(after);
    fuzz_require(length <= PACKET_LIMIT && (size_t)(to[2] << 8 | to[3]) == length);
    fuzz_require(get_u16(to, HEADER_SIZE) == length - HEADER_SIZE);
    read_name(to + HEADER_SIZE, length - HEADER_SIZE, found);
    fuzz_require(strcmp(found, name) == 0);
    check_fields(before, after);
    read_name(buffer_content(before) + HEADER_SIZE, buffer_length(before) - HEADER_SIZE, old);
    if (*old != 0 && buffer_length(before) <= PACKET_LIMIT) {
        fuzz_require(tds_login7_append(to, length, old, &again));
        fuzz_require(buffer_length(&again) == buffer_length(before));
        fuzz_require(
            memcmp(buffer_content(&again), buffer_content(before), buffer_length(before)) == 0);
    }
    buffer_free(&again);
}

FUZZ_TARGET(tds_login7, bytes, size)
{
    static const char *const names[] = {"db.example.com", "x",
                                        "a-name-that-is-longer-than-most-others.example.com"};
    struct buffer before = {0}, after = {0};
    if (size < 2 || size > 0xFFFF - HEADER_SIZE)
        return;
    const char *name = names[bytes[0] % (sizeof names / sizeof names[0])];
    size_t length = size - 1 + HEADER_SIZE;
    const unsigned char header[HEADER_SIZE] = {0x10, 1, (unsigned char)(length >> 8),
                                               (unsigned char)length};
    fuzz_require(buffer_append(&before, header, sizeof header) &&
                 buffer_append(&before, bytes + 1, size - 1));
    if (tds_login7_append(buffer_content(&before), length, name, &after)) {
        bool is_named = buffer_length(&after) != length ||
                        memcmp(buffer_content(&after), buffer_content(&before), length) != 0;
        if (is_named)
            check_named(&before, &after, name);
    }
    buffer_free(&before);
    buffer_free(&after);
}
