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

void error_set(struct error *error, enum odbcssl_error code, const char *format, ...)
{
    if (error == NULL || error_is_set(error))
        return;
    va_list arguments;
    va_start(arguments, format);
    error_format(error, code, format, arguments);
    va_end(arguments);
}

void error_set_system(struct error *error, enum odbcssl_error code, int system_error,
                      const char *format, ...)
{
    if (error == NULL || error_is_set(error))
        return;
    va_list arguments;
    va_start(arguments, format);
    error_format(error, code, format, arguments);
    va_end(arguments);

    char reason[128];
    const char *words = strerror_r(system_error, reason, sizeof reason);
    size_t used = strlen(error->text);
    snprintf(error->text + used, sizeof error->text - used, ": %s", words);
}

void error_copy(struct error *to, const struct error *from)
{
    if (to == NULL || error_is_set(to) || !error_is_set(from))
        return;
    *to = *from;
}

void error_set_memory(struct error *error)
{
    error_set(error, ODBCSSL_ERROR_MEMORY, "out of memory");
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
#undef ERROR
#undef WARNING
    }
    return "HY000";
}

const char *error_meaning(enum odbcssl_error code)
{
    switch (code) {
    case ODBCSSL_ERROR_NONE:
        return "no error";
#define ERROR(name, sqlstate, meaning)                                                             \
    case ODBCSSL_ERROR_##name:                                                                     \
        return meaning;
#define WARNING(name, sqlstate, meaning)                                                           \
    case ODBCSSL_WARNING_##name:                                                                   \
        return meaning;
#include "base/errors.def"
#include "base/warnings.def"
#undef ERROR
#undef WARNING
    }
    return "unknown error";
}

const char *error_printable(const void *text, size_t length, char *out, size_t out_size)
{
    const unsigned char *bytes = text;
    size_t read = 0, written = 0;
    while (read < length && out_size > 0) {
        size_t character = text_utf8_character(bytes + read, length - read);
        bool is_control = bytes[read] < 0x20 || bytes[read] == 0x7f;
        size_t wanted = character == 0 || is_control ? 1 : character;
        if (written + wanted >= out_size)
            break;
        if (character == 0 || is_control)
            out[written] = '?';
        else
            memcpy(out + written, bytes + read, character);
        written += wanted;
        read += wanted;
    }
    if (out_size > 0)
        out[written] = '\0';
    return out;
}
