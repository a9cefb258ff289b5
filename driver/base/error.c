/*
 * error.c - the first cause of a failure, on its way up to a diagnostic record. Foreign text is
 * made printable here, as it could pretend to be something else.
 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static void error_format(struct error *error, enum odbcssl_error code, const char *format,
                         va_list arguments)
{
    int length = vsnprintf(error->text, sizeof error->text, format, arguments);
    error->code = code;
    if (length >= (int)sizeof error->text)
        text_trim_partial(error->text);
}

void error_set_arguments(struct error *error, enum odbcssl_error code, const char *format,
                         va_list arguments)
{
    if (error != NULL && !error_is_set(error))
        error_format(error, code, format, arguments);
}

void error_clear(struct error *error)
{
    if (error == NULL)
        return;
    error->code = ODBCSSL_ERROR_NONE;
    error->text[0] = '\0';
}

bool error_is_set(const struct error *error)
{
    return error != NULL && error->code != ODBCSSL_ERROR_NONE;
}

bool error_set(struct error *error, enum odbcssl_error code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    error_set_arguments(error, code, format, arguments);
    va_end(arguments);
    return false;
}

bool error_set_system(struct error *error, enum odbcssl_error code, int system_error,
                      const char *format, ...)
{
    if (error == NULL || error_is_set(error))
        return false;
    va_list arguments;
    va_start(arguments, format);
    error_format(error, code, format, arguments);
    va_end(arguments);

    char reason[128];
    const char *message = strerror_r(system_error, reason, sizeof reason);
    size_t used = strlen(error->text);
    snprintf(error->text + used, sizeof error->text - used, ": %s", message);
    return false;
}

void error_copy(struct error *to, const struct error *from)
{
    if (to == NULL || error_is_set(to) || !error_is_set(from))
        return;
    to->code = from->code;
    memcpy(to->text, from->text, strlen(from->text) + 1);
}

bool error_set_memory(struct error *error)
{
    return error_set(error, ODBCSSL_ERROR_MEMORY, "out of memory");
}

void error_list_add(struct error_list *list, enum odbcssl_error code, const char *format, ...)
{
    if (list == NULL || list->count == ERROR_LIST_SIZE)
        return;
    va_list arguments;
    va_start(arguments, format);
    error_format(&list->items[list->count++], code, format, arguments);
    va_end(arguments);
}

const char *error_sqlstate(enum odbcssl_error code)
{
    switch (code) {
    case ODBCSSL_ERROR_NONE:
        return "00000";
#define ERROR(name, sqlstate, meaning)                                                             \
    case ODBCSSL_ERROR_##name:                                                                     \
        return sqlstate;
#define WARNING(name, sqlstate, meaning)                                                           \
    case ODBCSSL_WARNING_##name:                                                                   \
        return sqlstate;
#include "base/errors.def"
#include "base/warnings.def"
    }
    return "HY000";
}

/* Code points that are not shown as they are; Unicode's general categories Cc, Cf, Zl and Zp, and
 * letters without a glyph. */
static const struct {
    uint32_t first;
    uint32_t last;
} hidden_ranges[] = {
    {0x00, 0x1f},       {0x7f, 0x9f},       {0xad, 0xad},     {0x34f, 0x34f},   {0x600, 0x605},
    {0x61c, 0x61c},     {0x6dd, 0x6dd},     {0x70f, 0x70f},   {0x8e2, 0x8e2},   {0x115f, 0x1160},
    {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
    {0x3164, 0x3164},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfffb},
    {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

static bool is_hidden(uint32_t code_point)
{
    for (size_t i = 0; i < sizeof hidden_ranges / sizeof hidden_ranges[0]; i++)
        if (code_point >= hidden_ranges[i].first && code_point <= hidden_ranges[i].last)
            return true;
    return false;
}

const char *error_printable(const void *text, size_t length, char *out, size_t out_size)
{
    const unsigned char *bytes = text;
    size_t read = 0, written = 0;
    while (read < length && out_size > 0) {
        char escaped[16];
        uint32_t code_point = 0;
        size_t taken = text_utf8_character(bytes + read, length - read);
        size_t wanted = taken;
        const void *shown = bytes + read;
        text_utf8_decode(bytes + read, length - read, &code_point);
        if (taken == 0 || is_hidden(code_point)) {
            wanted = (size_t)snprintf(escaped, sizeof escaped, taken == 0 ? "\\x%02X" : "\\u%04X",
                                      taken == 0 ? bytes[read] : (unsigned)code_point);
            shown = escaped;
        }
        if (written + wanted >= out_size)
            break;
        memcpy(out + written, shown, wanted);
        written += wanted;
        read += taken == 0 ? 1 : taken;
    }
    if (out_size > 0)
        out[written] = '\0';
    return out;
}
