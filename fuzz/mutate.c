/*
 * mutate.c - changes to DER that stay well-formed: an element is changed, emptied, made a number at
 * which arithmetic ends, taken away, doubled or replaced by another one, and the lengths around it
 * follow; also in PEM. Otherwise a change deep inside of a store or a certificate is refused at its
 * outermost length.
 */
#include "fuzz/mutate.h"

#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "support/der.h"
#include "tls/der.h"
#include "tls/pem.h"

#define DEPTH_LIMIT 24
#define PREFIX_SIZE 2 /* of targets whose input is a length, so many bytes, and more */

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t limit);

enum change {
    CHANGE_CONTENT,
    CHANGE_EMPTY,
    CHANGE_NUMBER,
    CHANGE_REMOVE,
    CHANGE_DOUBLE,
    CHANGE_REPLACE,
    CHANGE_COUNT
};

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

/* Zero, one, and what is next to the largest of a byte. */
static void put_number(struct buffer *out, const struct der *element)
{
    static const unsigned char numbers[] = {0, 1, 2, 3, 0x7F, 0x80, 0xFF};
    der_put(out, element->tag, &numbers[(size_t)rand() % sizeof numbers], 1);
}

static void put_changed(struct buffer *out, const struct path *path, const struct path *other)
{
    const struct der *element = &path->elements[path->depth - 1];
    const struct der *instead = &other->elements[other->depth - 1];
    switch ((enum change)(rand() % CHANGE_COUNT)) {
    case CHANGE_CONTENT:
        put_content(out, element);
        break;
    case CHANGE_EMPTY:
        der_put(out, element->tag, NULL, 0);
        break;
    case CHANGE_NUMBER:
        put_number(out, element);
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

/* DER, and what lies behind it. false: it is none. */
static bool put_changed_der(struct buffer *out, const uint8_t *bytes, size_t size)
{
    struct path path, other;
    struct buffer changed = {0};
    if (!find_path(bytes, size, &path) || !find_path(bytes, size, &other))
        return false;
    rebuild(&changed, &path, &other);
    buffer_append(out, buffer_content(&changed), buffer_length(&changed));
    buffer_free(&changed);
    size_t first = path.elements[0].whole_size;
    buffer_append(out, bytes + first, size - first);
    return true;
}

/* A text, with the DER in one of its PEM blocks changed. false: there is none. */
static bool put_changed_pem(struct buffer *out, const uint8_t *bytes, size_t size)
{
    struct pem_reader reader = pem_over(bytes, size);
    struct pem_block block, chosen = {0};
    struct buffer changed = {0};
    gnutls_datum_t text = {0};
    size_t der_size = 0;
    int seen = 0;
    while (pem_next(&reader, &block) == PEM_BLOCK)
        if (rand() % ++seen == 0)
            chosen = block;
    unsigned char *der = seen > 0 ? pem_decode(chosen.body, chosen.body_size, &der_size) : NULL;
    bool is_changed = der != NULL && put_changed_der(&changed, der, der_size);
    if (is_changed) {
        const char *behind = chosen.body + chosen.body_size;
        const gnutls_datum_t raw = {buffer_content(&changed), (unsigned)buffer_length(&changed)};
        gnutls_base64_encode2(&raw, &text);
        buffer_append(out, bytes, (size_t)(chosen.body - (const char *)bytes));
        buffer_append(out, text.data, text.size);
        buffer_append_text(out, "\n");
        buffer_append(out, behind, (size_t)((const char *)bytes + size - behind));
        gnutls_free(text.data);
    }
    buffer_free(&changed);
    free(der);
    return is_changed;
}

static size_t change_piece(uint8_t *bytes, size_t size, size_t limit)
{
    size_t start = 0, end = size, changed = 0;
    if (size > PREFIX_SIZE && (size_t)(bytes[0] << 8 | bytes[1]) <= size - PREFIX_SIZE) {
        start = PREFIX_SIZE;
        end = start + (size_t)(bytes[0] << 8 | bytes[1]);
    }
    if (end < size && rand() % 2 == 0) {
        changed = change_piece(bytes + end, size - end, limit - end);
        return changed > 0 ? end + changed : 0;
    }
    struct buffer out = {0};
    /* "--" begins an element, too. */
    bool is_changed = put_changed_pem(&out, bytes + start, end - start) ||
                      put_changed_der(&out, bytes + start, end - start);
    size_t length = buffer_length(&out);
    buffer_append(&out, bytes + end, size - end);
    if (is_changed && buffer_length(&out) > 0 && start + buffer_length(&out) <= limit &&
        (start == 0 || length <= UINT16_MAX)) {
        memcpy(bytes + start, buffer_content(&out), buffer_length(&out));
        changed = start + buffer_length(&out);
    }
    if (changed > 0 && start > 0) {
        bytes[0] = (uint8_t)(length >> 8);
        bytes[1] = (uint8_t)length;
    }
    buffer_free(&out);
    return changed;
}

size_t mutate_der(uint8_t *bytes, size_t size, size_t limit, unsigned seed)
{
    srand(seed);
    return change_piece(bytes, size, limit);
}
