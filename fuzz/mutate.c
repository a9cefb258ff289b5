/*
 * mutate.c - changes to DER that stay well-formed: an element is changed, taken away, doubled or
 * replaced by another one, and the lengths around it follow. Otherwise a change deep inside of a
 * store or a certificate is refused at its outermost length.
 */
#include "fuzz/mutate.h"

#include <stdlib.h>
#include <string.h>

#include "support/der.h"
#include "tls/der.h"

#define DEPTH_LIMIT 24
#define PREFIX_SIZE 2 /* of targets whose input is a length, so many bytes, and more */

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t limit);

enum change { CHANGE_CONTENT, CHANGE_REMOVE, CHANGE_DOUBLE, CHANGE_REPLACE, CHANGE_COUNT };

/* Elements from the outermost to the one that is to be changed. */
struct path {
    struct der elements[DEPTH_LIMIT];
    size_t depth;
};

/* What is inside; of strings of bytes too, as they may hold DER. */
static struct cursor content_of(const struct der *element)
{
    bool is_bits = element->tag == DER_TAG_BIT_STRING && element->size > 0;
    return cursor_over(element->content + is_bits, element->size - is_bits);
}

/* One of the elements that follow each other there; false: there is none, or what is there is none.
 */
static bool choose(struct cursor all, struct der *chosen_out)
{
    struct der element;
    int seen = 0;
    while (der_next(&all, &element))
        if (rand() % ++seen == 0)
            *chosen_out = element;
    return seen > 0 && all.left == 0 && !all.is_short;
}

static bool find_path(const uint8_t *bytes, size_t size, struct path *path)
{
    struct cursor all = cursor_over(bytes, size);
    path->depth = 0;
    if (!der_next(&all, &path->elements[path->depth++]))
        return false;
    while (path->depth < DEPTH_LIMIT && rand() % 6 != 0 &&
           choose(content_of(&path->elements[path->depth - 1]), &path->elements[path->depth]))
        path->depth++;
    return true;
}

static void put_content(struct buffer *out, const struct der *element)
{
    size_t limit = element->size + 32;
    unsigned char *content = malloc(limit);
    if (content == NULL)
        return;
    memcpy(content, element->content, element->size);
    der_put(out, element->tag, content, LLVMFuzzerMutate(content, element->size, limit));
    free(content);
}

static void put_changed(struct buffer *out, const struct path *path, const struct path *other)
{
    const struct der *element = &path->elements[path->depth - 1];
    const struct der *instead = &other->elements[other->depth - 1];
    switch ((enum change)(rand() % CHANGE_COUNT)) {
    case CHANGE_CONTENT:
        put_content(out, element);
        break;
    case CHANGE_DOUBLE:
        buffer_append(out, element->whole, element->whole_size);
        buffer_append(out, element->whole, element->whole_size);
        break;
    case CHANGE_REPLACE:
        buffer_append(out, instead->whole, instead->whole_size);
        break;
    default:
        break;
    }
}

/* The outermost element with the changed one in it. */
static void rebuild(struct buffer *out, const struct path *path, const struct path *other)
{
    put_changed(out, path, other);
    for (size_t i = path->depth - 1; i-- > 0;) {
        const struct der *around = &path->elements[i], *inside = &path->elements[i + 1];
        const unsigned char *behind = inside->whole + inside->whole_size;
        struct buffer content = {0}, whole = {0};
        buffer_append(&content, around->content, (size_t)(inside->whole - around->content));
        buffer_append(&content, buffer_content(out), buffer_length(out));
        buffer_append(&content, behind, (size_t)(around->content + around->size - behind));
        der_wrap(&whole, around->tag, &content);
        buffer_free(out);
        *out = whole;
    }
}

size_t mutate_der(uint8_t *bytes, size_t size, size_t limit, unsigned seed)
{
    struct path path, other;
    struct buffer out = {0};
    srand(seed);
    bool has_prefix =
        size > PREFIX_SIZE && (size_t)(bytes[0] << 8 | bytes[1]) <= size - PREFIX_SIZE;
    size_t start = has_prefix ? PREFIX_SIZE : 0, changed = 0;
    if (find_path(bytes + start, size - start, &path) &&
        find_path(bytes + start, size - start, &other)) {
        rebuild(&out, &path, &other);
        const unsigned char *behind = path.elements[0].whole + path.elements[0].whole_size;
        buffer_append(&out, behind, (size_t)(bytes + size - behind));
        changed = buffer_length(&out);
    }
    if (changed == 0 || changed + start > limit) {
        buffer_free(&out);
        return 0;
    }
    size_t first = changed - (size - start - path.elements[0].whole_size);
    memcpy(bytes + start, buffer_content(&out), changed);
    if (has_prefix) {
        bytes[0] = (uint8_t)(first >> 8);
        bytes[1] = (uint8_t)first;
    }
    buffer_free(&out);
    return changed + start;
}
