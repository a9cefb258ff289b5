#include "tls/pem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char begin_mark[] = "-----BEGIN ";
static const char end_mark[] = "-----END ";
static const char dashes[] = "-----";

#define BEGIN_SIZE (sizeof begin_mark - 1)
#define END_SIZE (sizeof end_mark - 1)
#define DASHES_SIZE (sizeof dashes - 1)
#define LABEL_LIMIT 64

static bool is_blank(char character)
{
    return character == ' ' || (character >= '\t' && character <= '\r');
}

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

/* The label up to its five dashes, on the same line. */
static bool read_label(const char *from, const char *end, const char **label_end)
{
    size_t limit = (size_t)(end - from) < LABEL_LIMIT ? (size_t)(end - from) : LABEL_LIMIT;
    *label_end = find(from, from + limit, dashes, DASHES_SIZE);
    return *label_end != NULL && memchr(from, '\n', (size_t)(*label_end - from)) == NULL;
}

/* Headers have colons, which base64 has not, and end with an empty line. */
static void split_headers(struct pem_block *block)
{
    if (memchr(block->body, ':', block->body_size) == NULL)
        return;
    const char *end = block->body + block->body_size;
    const char *at = block->body;
    while (at < end && is_blank(*at))
        at++;
    block->headers = at;
    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        const char *line = ++at;
        while (line < end && *line != '\n' && is_blank(*line))
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
    if (!read_label(block->label, reader->end, &label_end))
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

static int base64_value(char character)
{
    if (character >= 'A' && character <= 'Z')
        return character - 'A';
    if (character >= 'a' && character <= 'z')
        return character - 'a' + 26;
    if (character >= '0' && character <= '9')
        return character - '0' + 52;
    return character == '+' ? 62 : character == '/' ? 63 : -1;
}

/* RFC 4648, with white space anywhere; after '=' only '=' follows. */
unsigned char *pem_decode(const char *body, size_t body_size, size_t *size_out)
{
    unsigned char *out = malloc(body_size / 4 * 3 + 4);
    size_t size = 0, digits = 0, padding = 0;
    uint32_t bits = 0;
    bool is_good = out != NULL;
    for (size_t i = 0; is_good && i < body_size; i++) {
        int value = base64_value(body[i]);
        if (is_blank(body[i]))
            continue;
        if (body[i] == '=') {
            is_good = ++padding <= 2;
            continue;
        }
        is_good = value >= 0 && padding == 0;
        bits = bits << 6 | (uint32_t)(value & 63);
        if (++digits % 4 == 0) {
            out[size++] = (unsigned char)(bits >> 16);
            out[size++] = (unsigned char)(bits >> 8);
            out[size++] = (unsigned char)bits;
        }
    }
    size_t rest = digits % 4;
    is_good = is_good && digits > 0 && rest != 1 && (padding == 0 || padding + rest == 4);
    if (is_good && rest >= 2)
        out[size++] = (unsigned char)(bits >> (rest == 2 ? 4 : 10));
    if (is_good && rest == 3)
        out[size++] = (unsigned char)(bits >> 2);
    if (!is_good) {
        text_wipe(out, out != NULL ? size : 0);
        free(out);
        return NULL;
    }
    *size_out = size;
    return out;
}

bool pem_is_encrypted(const struct pem_block *block, char *cipher_out, size_t cipher_out_size)
{
    static const char encrypted[] = "ENCRYPTED";
    static const char info[] = "DEK-Info:";
    if (cipher_out != NULL && cipher_out_size > 0)
        cipher_out[0] = '\0';
    if (block->headers == NULL)
        return false;
    const char *end = block->headers + block->headers_size;
    const char *at = find(block->headers, end, info, sizeof info - 1);
    if (at != NULL && cipher_out != NULL) {
        at += sizeof info - 1;
        while (at < end && *at == ' ')
            at++;
        size_t size = 0;
        while (at + size < end && at[size] != ',' && !is_blank(at[size]))
            size++;
        snprintf(cipher_out, cipher_out_size, "%.*s", size < 64 ? (int)size : 64, at);
    }
    return find(block->headers, end, encrypted, sizeof encrypted - 1) != NULL;
}

static bool append_lines(const char *text, size_t size, struct buffer *out)
{
    const char *end = text + size;
    bool is_good = true;
    while (is_good && text < end) {
        const char *line_end = memchr(text, '\n', (size_t)(end - text));
        const char *next = line_end != NULL ? line_end + 1 : end;
        const char *last = next;
        while (text < last && is_blank(*text))
            text++;
        while (last > text && is_blank(last[-1]))
            last--;
        if (last > text)
            is_good =
                buffer_append(out, text, (size_t)(last - text)) && buffer_append(out, "\n", 1);
        text = next;
    }
    return is_good;
}

bool pem_rewrite(const struct pem_block *block, struct buffer *out)
{
    /* Room for all at once: growing would leave parts of a key behind. */
    size_t size = 2 * (block->label_size + END_SIZE + DASHES_SIZE + 8) + block->headers_size +
                  block->body_size;
    if (buffer_reserve(out, size) == NULL)
        return false;
    bool is_good = buffer_append(out, begin_mark, BEGIN_SIZE) &&
                   buffer_append(out, block->label, block->label_size) &&
                   buffer_append(out, "-----\n", 6);
    if (block->headers != NULL)
        is_good = is_good && append_lines(block->headers, block->headers_size, out) &&
                  buffer_append(out, "\n", 1);
    return is_good && append_lines(block->body, block->body_size, out) &&
           buffer_append(out, end_mark, END_SIZE) &&
           buffer_append(out, block->label, block->label_size) && buffer_append(out, "-----\n", 6);
}
