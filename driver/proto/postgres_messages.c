/* postgres_messages.c - single messages, read and written for postgres.c. */
#include "proto/postgres_messages.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

#define HEADER_SIZE 5         /* type and length */
#define AUTHENTICATION_SIZE 9 /* header and code of an authentication request */
#define MECHANISM_LIMIT 64    /* IANA names have 20 characters at most */

enum postgres_size postgres_first_message(const struct buffer *input, size_t *length_out,
                                          uint32_t *code_out)
{
    struct cursor cursor = cursor_over(buffer_content(input), buffer_length(input));
    *length_out = cursor_u32(&cursor);
    if (!cursor.is_short && (*length_out < 8 || *length_out > POSTGRES_STARTUP_LIMIT))
        return POSTGRES_INVALID;
    *code_out = cursor_u32(&cursor);
    return cursor.is_short || buffer_length(input) < *length_out ? POSTGRES_SHORT : POSTGRES_WHOLE;
}

/* Version 2 has no length: what stands there is text, so as a length it is far beyond the limit. */
static enum postgres_size old_error(const struct buffer *input, size_t *length_out)
{
    size_t length = buffer_length(input);
    const unsigned char *bytes = buffer_content(input);
    const unsigned char *end = memchr(bytes, 0, length);
    if (end == NULL)
        return length > POSTGRES_MESSAGE_LIMIT ? POSTGRES_INVALID : POSTGRES_SHORT;
    *length_out = (size_t)(end - bytes) + 1;
    return POSTGRES_WHOLE;
}

enum postgres_size postgres_server_message(const struct buffer *input, size_t *length_out)
{
    struct cursor cursor = cursor_over(buffer_content(input), buffer_length(input));
    uint8_t type = cursor_u8(&cursor);
    uint32_t length = cursor_u32(&cursor);
    if (cursor.is_short)
        return POSTGRES_SHORT;
    if (type == 'E' && length > POSTGRES_MESSAGE_LIMIT)
        return old_error(input, length_out);
    if (length < 4 || length > POSTGRES_MESSAGE_LIMIT)
        return POSTGRES_INVALID;
    *length_out = 1 + (size_t)length;
    return buffer_length(input) < *length_out ? POSTGRES_SHORT : POSTGRES_WHOLE;
}

static void read_fields(struct cursor *cursor, struct postgres_refusal *refusal)
{
    char severity[32] = "", message[480] = "";
    uint8_t field;
    while ((field = cursor_u8(cursor)) != 0) {
        size_t length = 0;
        const char *text = cursor_string(cursor, &length);
        if (text == NULL)
            break;
        if (field == 'S')
            error_printable(text, length, severity, sizeof severity);
        else if (field == 'M')
            error_printable(text, length, message, sizeof message);
        else if (field == 'C')
            error_printable(text, length, refusal->sqlstate, sizeof refusal->sqlstate);
    }
    snprintf(refusal->text, sizeof refusal->text, "%s: %s (SQLSTATE %s)", severity, message,
             refusal->sqlstate);
}

void postgres_read_refusal(const unsigned char *message, size_t length,
                           struct postgres_refusal *refusal_out)
{
    struct cursor cursor = cursor_over(message, length);
    *refusal_out = (struct postgres_refusal){0};
    cursor_u8(&cursor);
    uint32_t stated = cursor_u32(&cursor);
    if (!cursor.is_short && stated <= POSTGRES_MESSAGE_LIMIT) {
        read_fields(&cursor, refusal_out);
        return;
    }
    size_t text_length = length > 1 ? strnlen((const char *)message + 1, length - 1) : 0;
    while (text_length > 0 && message[text_length] == '\n')
        text_length--;
    error_printable(message + 1, text_length, refusal_out->text, sizeof refusal_out->text);
}

static bool needs_channel_binding(const char *name, size_t length)
{
    static const char suffix[] = "-PLUS"; /* RFC 5802, section 4 */
    size_t suffix_length = sizeof suffix - 1;
    return length > suffix_length && strcmp(name + length - suffix_length, suffix) == 0;
}

/* The names, each with its NUL, then one more NUL and nothing else. RFC 4422, section 3.1:
 * upper-case letters, digits, hyphens and underscores. */
static bool is_mechanism_list(struct cursor list)
{
    size_t length = 0, count = 0;
    const char *name;
    while ((name = cursor_string(&list, &length)) != NULL && length > 0) {
        if (length > MECHANISM_LIMIT ||
            strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != length)
            return false;
        count++;
    }
    return !list.is_short && list.left == 0 && count > 0;
}

enum postgres_mechanisms postgres_filter_mechanisms(const unsigned char *message, size_t length,
                                                    struct buffer *out)
{
    struct cursor list = cursor_over(message, length);
    if (cursor_bytes(&list, AUTHENTICATION_SIZE) == NULL || !is_mechanism_list(list))
        return POSTGRES_MECHANISMS_NONE;
    size_t kept = 0, name_length = 0;
    const char *name;
    struct cursor counting = list;
    while ((name = cursor_string(&counting, &name_length)) != NULL && name_length > 0)
        if (!needs_channel_binding(name, name_length))
            kept += name_length + 1;
    if (kept == 0)
        return POSTGRES_MECHANISMS_EMPTY;
    buffer_append_byte(out, 'R');
    buffer_append_u32(out, (uint32_t)(AUTHENTICATION_SIZE - 1 + kept + 1));
    buffer_append(out, message + HEADER_SIZE, AUTHENTICATION_SIZE - HEADER_SIZE);
    while ((name = cursor_string(&list, &name_length)) != NULL && name_length > 0)
        if (!needs_channel_binding(name, name_length))
            buffer_append(out, name, name_length + 1);
    buffer_append_byte(out, 0);
    return POSTGRES_MECHANISMS_KEPT;
}

void postgres_write_failure(struct buffer *out, const char *text)
{
    static const char fields[] = "SFATAL\0VFATAL\0C08001\0M"; /* its own NUL is not sent */
    size_t size = sizeof fields - 1 + strlen(text) + 2;
    buffer_append_byte(out, 'E');
    buffer_append_u32(out, (uint32_t)(4 + size));
    buffer_append(out, fields, sizeof fields - 1);
    buffer_append(out, text, strlen(text) + 1);
    buffer_append_byte(out, 0);
}
