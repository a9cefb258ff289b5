/*
 * buffer.h - bytes: a growable buffer that is filled at the end and taken from the front, and a
 * bounds-checked cursor over bytes that somebody else owns.
 *
 *      storage
 *      +-----------+----------------------+-------------+
 *      |  taken    |  content             |  room       |
 *      +-----------+----------------------+-------------+
 *                  ^ start                ^ end          ^ capacity
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
    unsigned char *storage;
    size_t start;
    size_t end;
    size_t capacity;
    bool is_failed; /* memory was out once: nothing is added any more, as something is missing */
    bool is_secret; /* no storage is given back before it is wiped */
};

/* An empty buffer is all zeroes: struct buffer buffer = {0}. */
void buffer_free(struct buffer *buffer);

static inline size_t buffer_length(const struct buffer *buffer)
{
    return buffer->end - buffer->start;
}

static inline unsigned char *buffer_content(const struct buffer *buffer)
{
    return buffer->storage != NULL ? buffer->storage + buffer->start : NULL;
}

/* Gives an empty buffer's storage back if it is a large one. A few such (128 KiB) are kept as spare
 * ones for all buffers of the process, so that taking one again costs nothing. */
void buffer_shrink(struct buffer *buffer);

/* Makes room for at least size bytes behind the content and returns its address, NULL when memory
 * is out; so it stays until buffer_free. What is then written there becomes content by
 * buffer_added. */
unsigned char *buffer_reserve(struct buffer *buffer, size_t size);
void buffer_added(struct buffer *buffer, size_t size);

/* false: out of memory, now or before; the content is as it was, and is_failed says so from then
 * on. Who appends several things need look at the last answer only, or at is_failed. */
bool buffer_append(struct buffer *buffer, const void *bytes, size_t size);
bool buffer_append_byte(struct buffer *buffer, unsigned char byte);
bool buffer_append_text(struct buffer *buffer, const char *text); /* without its NUL */
bool buffer_append_u16(struct buffer *buffer, uint16_t value);    /* big-endian */
bool buffer_append_u32(struct buffer *buffer, uint32_t value);    /* big-endian */
bool buffer_append_u16le(struct buffer *buffer, uint16_t value);
bool buffer_append_u32le(struct buffer *buffer, uint32_t value);

/* Appends the first size bytes of from, at most its content, to to, and takes them from there.
 * Where memory is out they are gone, and to is failed. */
void buffer_move(struct buffer *from, size_t size, struct buffer *to);

/* The content as a text that the caller frees, where nothing was taken from the front; the buffer
 * is then empty. NULL: out of memory, now or before. */
char *buffer_move_text(struct buffer *buffer);

/* Takes size bytes (at most the content) from the front. */
void buffer_take(struct buffer *buffer, size_t size);
void buffer_clear(struct buffer *buffer);

/* Reading: once a read runs past the end, is_short is set, every further read yields 0 or NULL, and
 * nothing is ever read beyond the end. Check is_short once after reading. */
struct cursor {
    const unsigned char *next;
    size_t left;
    bool is_short;
};

struct cursor cursor_over(const void *bytes, size_t size);
uint8_t cursor_u8(struct cursor *cursor);
uint16_t cursor_u16(struct cursor *cursor); /* big-endian */
uint32_t cursor_u32(struct cursor *cursor);
uint64_t cursor_u64(struct cursor *cursor);
uint16_t cursor_u16le(struct cursor *cursor);
uint32_t cursor_u24le(struct cursor *cursor);
uint32_t cursor_u32le(struct cursor *cursor);

/* The address of the next size bytes, which are then passed; NULL when there are fewer. */
const unsigned char *cursor_bytes(struct cursor *cursor, size_t size);

/* A NUL-terminated string; NULL when no NUL follows. Its length, without the NUL, in *length_out.
 */
const char *cursor_string(struct cursor *cursor, size_t *length_out);

#endif
