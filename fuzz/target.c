/* target.c - the list of targets, and what they share. */
#include "fuzz/target.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/der.h"
#include "tls/der.h"

#define DEPTH_LIMIT 12

static struct fuzz_target *targets;

void fuzz_add(struct fuzz_target *target)
{
    struct fuzz_target **place = &targets;
    while (*place != NULL && strcmp((*place)->name, target->name) < 0)
        place = &(*place)->next;
    target->next = *place;
    *place = target;
}

const struct fuzz_target *fuzz_targets(void)
{
    return targets;
}

const struct fuzz_target *fuzz_find_target(const char *name)
{
    const struct fuzz_target *target = targets;
    while (target != NULL && strcmp(target->name, name) != 0)
        target = target->next;
    return target;
}

void fuzz_require(bool condition)
{
    if (!condition)
        abort();
}

int fuzz_open_file(const uint8_t *bytes, size_t size, char *path_out)
{
    int descriptor = memfd_create("fuzz", MFD_CLOEXEC);
    fuzz_require(descriptor >= 0 && fchmod(descriptor, 0600) == 0);
    fuzz_require(write(descriptor, bytes, size) == (ssize_t)size);
    snprintf(path_out, FUZZ_PATH_SIZE, "/proc/self/fd/%d", descriptor);
    return descriptor;
}

char *fuzz_text(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + 1);
    fuzz_require(text != NULL);
    if (size > 0)
        memcpy(text, bytes, size);
    text[size] = '\0';
    return text;
}

unsigned char *fuzz_copy(const void *bytes, size_t size)
{
    unsigned char *copy = malloc(size);
    fuzz_require(copy != NULL || size == 0);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

unsigned char *fuzz_next_piece(struct cursor *cursor, size_t *size_out)
{
    size_t size = cursor_u16(cursor);
    *size_out = size < cursor->left ? size : cursor->left;
    return !cursor->is_short ? fuzz_copy(cursor_bytes(cursor, *size_out), *size_out) : NULL;
}

void fuzz_put_algorithm(struct buffer *out)
{
    struct buffer algorithm = {0};
    der_put_oid(&algorithm, "1.2.840.10045.4.3.2");
    der_wrap(out, DER_SEQUENCE, &algorithm);
}

void fuzz_put_signed(struct buffer *out, struct buffer *content)
{
    struct buffer whole = {0};
    der_wrap(&whole, DER_SEQUENCE, content);
    fuzz_put_algorithm(&whole);
    der_put(&whole, DER_BIT_STRING, "\0x", 2);
    der_wrap(out, DER_SEQUENCE, &whole);
}

static void put_element(struct cursor *cursor, struct buffer *out, unsigned depth)
{
    uint8_t tag = cursor_u8(cursor);
    if (depth > 0 && (tag & DER_CONSTRUCTED) != 0) {
        struct buffer content = {0};
        while (cursor->left > 0 && *cursor->next != 0)
            put_element(cursor, &content, depth - 1);
        cursor_u8(cursor);
        der_wrap(out, tag, &content);
        return;
    }
    size_t size = cursor_u8(cursor);
    size = size < cursor->left ? size : cursor->left;
    der_put(out, tag, size > 0 ? cursor_bytes(cursor, size) : NULL, size);
}

void fuzz_put_der(struct cursor *cursor, struct buffer *out)
{
    put_element(cursor, out, DEPTH_LIMIT);
}
