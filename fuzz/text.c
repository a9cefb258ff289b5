/* text.c - UTF-8 and UTF-16: what comes out is valid, and comes back as it was. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fuzz/target.h"

static void check_wide(const uint16_t *units, size_t count)
{
    uint16_t part[8];
    size_t length = 0, again_count = 0;
    char *text = text_to_utf8(units, count, &length);
    for (size_t i = 0; i < length;) {
        size_t character = text_utf8_character((unsigned char *)text + i, length - i);
        fuzz_require(character != 0);
        i += character;
    }
    uint16_t *again = text_to_utf16(text, length, &again_count);
    fuzz_require(again_count == count);
    const size_t room = sizeof part / sizeof part[0];
    fuzz_require(text_convert_utf16(text, length, part, room) == count);
    fuzz_require(text_utf16_length(part) < room);
    fuzz_require(memcmp(part, again, text_utf16_length(part) * sizeof *part) == 0);
    free(text);
    free(again);
}

FUZZ_TARGET(text, bytes, size)
{
    char part[8];
    size_t count = 0, wide_count = size / 2;
    char *text = fuzz_text(bytes, size);
    uint16_t *units = text_to_utf16(text, size, &count);
    fuzz_require(units != NULL && count <= size);
    check_wide(units, count);
    free(units);
    units = malloc(size + 1);
    memcpy(units, text, 2 * wide_count);
    check_wide(units, wide_count);
    free(units);
    text_copy_utf8(text, part, sizeof part);
    fuzz_require(strlen(part) < sizeof part && strncmp(text, part, strlen(part)) == 0);
    text_trim_partial(text);
    free(text);
}
