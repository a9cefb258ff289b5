/*
 * pem.c - finds PEM blocks in text for parsed_file.c and crl_set.c, each byte looked at once, since
 * files of CRLs are large; GnuTLS decodes the base64.
 */
#include "tls/pem.h"

#include <gnutls/gnutls.h>
#include <limits.h>
#include <string.h>

#include "base/text.h"

static const char begin_mark[] = "-----BEGIN ";
static const char end_mark[] = "-----END ";
static const char dashes[] = "-----";

#define BEGIN_SIZE (sizeof begin_mark - 1)
#define END_SIZE (sizeof end_mark - 1)
#define DASHES_SIZE (sizeof dashes - 1)
#define LABEL_LIMIT 64

static const char *find(const char *from, const char *end, const char *what, size_t size)
{
    return from < end ? memmem(from, (size_t)(end - from), what, size) : NULL;
}

struct pem_reader pem_over(const unsigned char *bytes, size_t size)
{
    return (struct pem_reader){(const char *)bytes, (const char *)bytes + size, 1};
}

static void advance(struct pem_reader *reader, const char *to)
{
    for (const char *at = reader->next; at < to; at++)
        reader->line += *at == '\n';
    reader->next = to;
}

/* Headers have colons, which base64 has not, and end with an empty line. */
static void split_headers(struct pem_block *block)
{
    if (memchr(block->body, ':', block->body_size) == NULL)
        return;
    const char *end = block->body + block->body_size;
    const char *at = block->body;
    while (at < end && text_is_blank(*at))
        at++;
    block->headers = at;
    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        const char *line = ++at;
        while (line < end && *line != '\n' && text_is_blank(*line))
            line++;
        if (line < end && *line == '\n') {
            block->headers_size = (size_t)(at - block->headers);
            block->body = line;
            block->body_size = (size_t)(end - line);
            return;
        }
    }
    block->headers = NULL;
}

enum pem_outcome pem_next(struct pem_reader *reader, struct pem_block *block)
{
    const char *label_end = NULL;
    *block = (struct pem_block){0};
    const char *begin = find(reader->next, reader->end, begin_mark, BEGIN_SIZE);
    if (begin == NULL)
        return PEM_END;
    advance(reader, begin);
    block->line = reader->line;
    block->label = begin + BEGIN_SIZE;
    /* The label goes up to its five dashes, on the same line. */
    size_t left = (size_t)(reader->end - block->label);
    label_end = find(block->label, block->label + (left < LABEL_LIMIT ? left : LABEL_LIMIT), dashes,
                     DASHES_SIZE);
    if (label_end == NULL || memchr(block->label, '\n', (size_t)(label_end - block->label)) != NULL)
        return PEM_UNTERMINATED;
    block->label_size = (size_t)(label_end - block->label);
    block->body = label_end + DASHES_SIZE;
    /* Nothing in a block has five dashes: so each byte is looked at once, whatever the text. */
    const char *body_end = find(block->body, reader->end, dashes, DASHES_SIZE);
    size_t needed = END_SIZE + block->label_size + DASHES_SIZE;
    if (body_end == NULL || (size_t)(reader->end - body_end) < needed ||
        memcmp(body_end, end_mark, END_SIZE) != 0 ||
        memcmp(body_end + END_SIZE, block->label, block->label_size) != 0 ||
        memcmp(body_end + END_SIZE + block->label_size, dashes, DASHES_SIZE) != 0)
        return PEM_UNTERMINATED;
    block->body_size = (size_t)(body_end - block->body);
    split_headers(block);
    advance(reader, body_end + needed);
    return PEM_BLOCK;
}

unsigned char *pem_decode(const char *body, size_t body_size, size_t *size_out)
{
    const gnutls_datum_t text = {(unsigned char *)body, (unsigned)body_size};
    gnutls_datum_t bytes = {0};
    *size_out = 0;
    if (body_size > UINT_MAX || gnutls_base64_decode2(&text, &bytes) != 0 || bytes.size == 0) {
        gnutls_free(bytes.data);
        return NULL;
    }
    *size_out = bytes.size;
    return bytes.data;
}

bool pem_is_encrypted(const struct pem_block *block)
{
    return block->headers != NULL &&
           memmem(block->headers, block->headers_size, "ENCRYPTED", 9) != NULL;
}

static void append_lines(const char *text, size_t size, struct buffer *out)
{
    const char *end = text + size;
    while (text < end) {
        const char *line_end = memchr(text, '\n', (size_t)(end - text));
        const char *next = line_end != NULL ? line_end + 1 : end;
        const char *last = next;
        while (text < last && text_is_blank(*text))
            text++;
        while (last > text && text_is_blank(last[-1]))
            last--;
        if (last > text) {
            buffer_append(out, text, (size_t)(last - text));
            buffer_append(out, "\n", 1);
        }
        text = next;
    }
}

static void append_mark(const char *mark, const struct pem_block *block, struct buffer *out)
{
    buffer_append(out, mark, strlen(mark));
    buffer_append(out, block->label, block->label_size);
    buffer_append(out, "-----\n", DASHES_SIZE + 1);
}

bool pem_rewrite(const struct pem_block *block, struct buffer *out)
{
    append_mark(begin_mark, block, out);
    append_lines(block->headers, block->headers_size, out);
    buffer_append(out, "\n", 1);
    append_lines(block->body, block->body_size, out);
    append_mark(end_mark, block, out);
    return !out->is_failed;
}
