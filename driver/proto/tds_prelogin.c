#include "proto/tds_prelogin.h"

#include <stdio.h>

#define ENTRY_SIZE 5

static bool prelogin_has(const struct tds_prelogin *prelogin, uint8_t token)
{
    for (size_t i = 0; i < prelogin->count; i++)
        if (prelogin->options[i].token == token)
            return true;
    return false;
}

static bool read_entry(struct cursor *table, const unsigned char *payload, size_t length,
                       uint8_t token, struct tds_option *option)
{
    size_t offset = cursor_u16(table);
    option->token = token;
    option->length = cursor_u16(table);
    if (table->is_short || offset > length || option->length > length - offset)
        return false;
    option->data = payload + offset;
    return true;
}

static bool read_table(const void *payload, size_t length, struct tds_prelogin *prelogin)
{
    struct cursor table = cursor_over(payload, length);
    size_t left = length;
    for (;;) {
        uint8_t token = cursor_u8(&table);
        if (table.is_short)
            return false;
        if (token == TDS_OPTION_END)
            return true;
        /* An option that comes twice would mean one thing here and another to the peer. */
        if (prelogin->count == TDS_PRELOGIN_OPTION_LIMIT || prelogin_has(prelogin, token) ||
            !read_entry(&table, payload, length, token, &prelogin->options[prelogin->count]))
            return false;
        /* Options that overlap could not be written again. */
        struct tds_option *option = &prelogin->options[prelogin->count++];
        size_t used = ENTRY_SIZE + (size_t)option->length;
        if (used > left)
            return false;
        left -= used;
    }
}

bool tds_prelogin_read(const void *payload, size_t length, const char *sender,
                       struct tds_prelogin *prelogin, struct error *error)
{
    bool has_encryption = false;
    *prelogin = (struct tds_prelogin){0};
    if (!read_table(payload, length, prelogin)) {
        error_set(error, ODBCSSL_ERROR_PROTOCOL,
                  "%s sent a malformed TDS PRELOGIN message of %zu bytes", sender, length);
        return false;
    }
    for (size_t i = 0; i < prelogin->count; i++) {
        const struct tds_option *option = &prelogin->options[i];
        if (option->token == TDS_OPTION_ENCRYPTION && option->length == 1) {
            prelogin->encryption = option->data[0];
            has_encryption = true;
        }
    }
    prelogin->has_mars = prelogin_has(prelogin, TDS_OPTION_MARS);
    if (!has_encryption)
        error_set(error, ODBCSSL_ERROR_PROTOCOL,
                  "%s sent a TDS PRELOGIN message without a valid ENCRYPTION option", sender);
    return has_encryption;
}

static bool write_options(const struct tds_option *options, size_t count, struct buffer *payload)
{
    size_t offset = count * ENTRY_SIZE + 1;
    bool is_written = true;
    for (size_t i = 0; i < count; i++) {
        is_written = is_written && buffer_append_byte(payload, options[i].token) &&
                     buffer_append_u16(payload, (uint16_t)offset) &&
                     buffer_append_u16(payload, options[i].length);
        offset += options[i].length;
    }
    is_written = is_written && buffer_append_byte(payload, TDS_OPTION_END);
    for (size_t i = 0; i < count; i++)
        is_written = is_written && (options[i].length == 0 ||
                                    buffer_append(payload, options[i].data, options[i].length));
    return is_written;
}

bool tds_prelogin_write(const struct tds_prelogin *prelogin, struct buffer *payload)
{
    static const unsigned char no_mars = 0;
    struct tds_option options[TDS_PRELOGIN_OPTION_LIMIT + 1];
    size_t count = prelogin->count;
    for (size_t i = 0; i < count; i++) {
        options[i] = prelogin->options[i];
        if (options[i].token == TDS_OPTION_ENCRYPTION)
            options[i].data = &prelogin->encryption;
    }
    if (prelogin->has_mars && !prelogin_has(prelogin, TDS_OPTION_MARS))
        options[count++] = (struct tds_option){TDS_OPTION_MARS, 1, &no_mars};
    return write_options(options, count, payload);
}

bool tds_prelogin_write_plain(struct buffer *payload)
{
    static const unsigned char version[6] = {15, 0, 7, 208, 0, 0};
    static const unsigned char encryption = TDS_ENCRYPTION_NOT_SUPPORTED;
    static const unsigned char zero = 0;
    static const struct tds_option options[] = {
        {TDS_OPTION_VERSION, sizeof version, version},
        {TDS_OPTION_ENCRYPTION, 1, &encryption},
        {TDS_OPTION_INSTANCE, 1, &zero},
        {TDS_OPTION_THREAD, 0, &zero},
        {TDS_OPTION_MARS, 1, &zero},
    };
    return write_options(options, sizeof options / sizeof *options, payload);
}

const char *tds_encryption_text(uint8_t encryption, char *out)
{
    static const char *const names[] = {"off: only the login", "on", "not supported", "required"};
    if (encryption < sizeof names / sizeof *names)
        snprintf(out, TDS_ENCRYPTION_TEXT_SIZE, "%u (%s)", encryption, names[encryption]);
    else
        snprintf(out, TDS_ENCRYPTION_TEXT_SIZE, "%u", encryption);
    return out;
}
