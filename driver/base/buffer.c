/*
 * buffer.c - growable buffers and cursors, through which every byte of both sides goes. A session
 * moves megabytes through a few large pieces of storage, so those are kept for the next buffer: a
 * fresh one of the kernel would be faulted in page by page.
 */
#include "base/buffer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h> /* nothing without the sanitizer */
#else
#define ASAN_POISON_MEMORY_REGION(start, size) ((void)(start), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(start, size) ((void)(start), (void)(size))
#endif

#define FIRST_CAPACITY 256

/* Storage beyond LARGEST_SMALL has this size at least, and is kept for the next buffer. */
#define LARGEST_SMALL ((size_t)32 * 1024)
#define SPARE_CAPACITY ((size_t)128 * 1024)
#define SPARE_COUNT 8

static _Atomic(unsigned char *) spares[SPARE_COUNT];

static unsigned char *new_storage(size_t capacity)
{
    unsigned char *storage = NULL;
    for (size_t i = 0; i < SPARE_COUNT && storage == NULL && capacity == SPARE_CAPACITY; i++)
        if (atomic_load_explicit(&spares[i], memory_order_relaxed) != NULL)
            storage = atomic_exchange(&spares[i], NULL);
    return storage != NULL ? storage : malloc(capacity);
}

/* Bytes that can be added without moving or growing. */
static size_t room_of(const struct buffer *buffer)
{
    return buffer->capacity - buffer->end;
}

/* The address sanitizer is to tell who reads behind the content, not only who leaves the storage.
 */
static void fence(const struct buffer *buffer)
{
    if (buffer->storage != NULL)
        ASAN_POISON_MEMORY_REGION(buffer->storage + buffer->end, room_of(buffer));
}

static void unfence(const struct buffer *buffer)
{
    if (buffer->storage != NULL)
        ASAN_UNPOISON_MEMORY_REGION(buffer->storage, buffer->capacity);
}

static void free_storage(const struct buffer *buffer)
{
    unsigned char *storage = buffer->storage;
    unfence(buffer);
    if (buffer->is_secret && storage != NULL)
        explicit_bzero(storage, buffer->capacity);
    for (size_t i = 0; i < SPARE_COUNT && storage != NULL && buffer->capacity == SPARE_CAPACITY;
         i++)
        if (atomic_load_explicit(&spares[i], memory_order_relaxed) == NULL)
            storage = atomic_exchange(&spares[i], storage);
    free(storage);
}

void buffer_free(struct buffer *buffer)
{
    free_storage(buffer);
    *buffer = (struct buffer){0};
}

void buffer_shrink(struct buffer *buffer)
{
    if (buffer->capacity <= LARGEST_SMALL || buffer_length(buffer) > 0)
        return;
    free_storage(buffer);
    *buffer = (struct buffer){.is_failed = buffer->is_failed, .is_secret = buffer->is_secret};
}

unsigned char *buffer_reserve(struct buffer *buffer, size_t size)
{
    if (buffer->is_failed)
        return NULL;
    unfence(buffer);
    if (buffer->storage != NULL && size <= room_of(buffer))
        return buffer->storage + buffer->end;
    size_t length = buffer_length(buffer);
    if (buffer->storage != NULL && buffer->start > 0 && size <= buffer->capacity - length) {
        memmove(buffer->storage, buffer_content(buffer), length);
        buffer->start = 0;
        buffer->end = length;
        return buffer->storage + buffer->end;
    }
    size_t capacity = buffer->capacity == 0 ? FIRST_CAPACITY : buffer->capacity;
    while (capacity < length + size && capacity <= SIZE_MAX / 4)
        capacity *= 2;
    if (capacity > LARGEST_SMALL && capacity < SPARE_CAPACITY)
        capacity = SPARE_CAPACITY;
    unsigned char *storage =
        size <= SIZE_MAX / 4 && capacity >= length + size ? new_storage(capacity) : NULL;
    if (storage == NULL) {
        buffer->is_failed = true;
        return NULL;
    }
    if (length > 0)
        memcpy(storage, buffer_content(buffer), length);
    free_storage(buffer);
    *buffer = (struct buffer){
        .storage = storage, .end = length, .capacity = capacity, .is_secret = buffer->is_secret};
    return storage + length;
}

void buffer_added(struct buffer *buffer, size_t size)
{
    buffer->end += size;
    fence(buffer);
}

bool buffer_append(struct buffer *buffer, const void *bytes, size_t size)
{
    if (size == 0)
        return !buffer->is_failed;
    unsigned char *room = buffer_reserve(buffer, size);
    if (room == NULL)
        return false;
    memcpy(room, bytes, size);
    buffer_added(buffer, size);
    return true;
}

bool buffer_append_byte(struct buffer *buffer, unsigned char byte)
{
    return buffer_append(buffer, &byte, 1);
}

bool buffer_append_text(struct buffer *buffer, const char *text)
{
    return buffer_append(buffer, text, strlen(text));
}

bool buffer_append_u16(struct buffer *buffer, uint16_t value)
{
    unsigned char bytes[2] = {(unsigned char)(value >> 8), (unsigned char)value};
    return buffer_append(buffer, bytes, sizeof bytes);
}

bool buffer_append_u32(struct buffer *buffer, uint32_t value)
{
    unsigned char bytes[4] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
                              (unsigned char)(value >> 8), (unsigned char)value};
    return buffer_append(buffer, bytes, sizeof bytes);
}

bool buffer_append_u16le(struct buffer *buffer, uint16_t value)
{
    unsigned char bytes[2] = {(unsigned char)value, (unsigned char)(value >> 8)};
    return buffer_append(buffer, bytes, sizeof bytes);
}

bool buffer_append_u32le(struct buffer *buffer, uint32_t value)
{
    unsigned char bytes[4] = {(unsigned char)value, (unsigned char)(value >> 8),
                              (unsigned char)(value >> 16), (unsigned char)(value >> 24)};
    return buffer_append(buffer, bytes, sizeof bytes);
}

void buffer_move(struct buffer *from, size_t size, struct buffer *to)
{
    size_t length = buffer_length(from);
    size = size < length ? size : length;
    buffer_append(to, buffer_content(from), size);
    buffer_take(from, size);
}

char *buffer_move_text(struct buffer *buffer)
{
    char *text = buffer_append_byte(buffer, '\0') ? (char *)buffer->storage : NULL;
    if (text == NULL)
        buffer_free(buffer);
    unfence(buffer);
    *buffer = (struct buffer){.is_secret = buffer->is_secret};
    return text;
}

void buffer_take(struct buffer *buffer, size_t size)
{
    buffer->start += size < buffer_length(buffer) ? size : buffer_length(buffer);
    if (buffer->start == buffer->end)
        buffer_clear(buffer);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->start = 0;
    buffer->end = 0;
    fence(buffer);
}

struct cursor cursor_over(const void *bytes, size_t size)
{
    return (struct cursor){bytes, size, false};
}

const unsigned char *cursor_bytes(struct cursor *cursor, size_t size)
{
    if (cursor->is_short || size > cursor->left) {
        cursor->is_short = true;
        return NULL;
    }
    const unsigned char *bytes = cursor->next;
    cursor->next += size;
    cursor->left -= size;
    return bytes;
}

static uint64_t read_big_endian(struct cursor *cursor, size_t size)
{
    const unsigned char *bytes = cursor_bytes(cursor, size);
    uint64_t value = 0;
    for (size_t i = 0; bytes != NULL && i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

static uint32_t read_little_endian(struct cursor *cursor, size_t size)
{
    const unsigned char *bytes = cursor_bytes(cursor, size);
    uint32_t value = 0;
    for (size_t i = size; bytes != NULL && i > 0; i--)
        value = value << 8 | bytes[i - 1];
    return value;
}

uint8_t cursor_u8(struct cursor *cursor)
{
    return (uint8_t)read_big_endian(cursor, 1);
}

uint16_t cursor_u16(struct cursor *cursor)
{
    return (uint16_t)read_big_endian(cursor, 2);
}

uint32_t cursor_u32(struct cursor *cursor)
{
    return (uint32_t)read_big_endian(cursor, 4);
}

uint64_t cursor_u64(struct cursor *cursor)
{
    return read_big_endian(cursor, 8);
}

uint16_t cursor_u16le(struct cursor *cursor)
{
    return (uint16_t)read_little_endian(cursor, 2);
}

uint32_t cursor_u24le(struct cursor *cursor)
{
    return read_little_endian(cursor, 3);
}

uint32_t cursor_u32le(struct cursor *cursor)
{
    return read_little_endian(cursor, 4);
}

const char *cursor_string(struct cursor *cursor, size_t *length_out)
{
    const unsigned char *end =
        cursor->is_short || cursor->left == 0 ? NULL : memchr(cursor->next, 0, cursor->left);
    if (end == NULL) {
        cursor->is_short = true;
        return NULL;
    }
    size_t length = (size_t)(end - cursor->next);
    if (length_out != NULL)
        *length_out = length;
    return (const char *)cursor_bytes(cursor, length + 1);
}
