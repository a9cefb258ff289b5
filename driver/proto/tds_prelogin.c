/* tds_prelogin.c - reads and writes PRELOGIN for tds_switch.c. */
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
    for (;;) {
        uint8_t token = cursor_u8(&table);
        if (table.is_short)
            return false;
        if (token == TDS_OPTION_END)
            return true;
        /* An option that comes twice would mean one thing here and another to the peer. */
        if (prelogin->count == TDS_PRELOGIN_OPTION_LIMIT || prelogin_has(prelogin, token) ||
            !read_entry(&table, payload, length, token, &prelogin->options[prelogin->count++]))
            return false;
    }
}

/* Whether every option's data stand behind the table, and ENCRYPTION's are its own: so that it can
 * be changed without anything else. */
static bool is_apart(const struct tds_prelogin *prelogin, const unsigned char *payload)
{
    const unsigned char *data = payload + prelogin->count * ENTRY_SIZE + 1;
    const unsigned char *encryption = payload + prelogin->encryption_at;
    for (size_t i = 0; i < prelogin->count; i++) {
        const struct tds_option *option = &prelogin->options[i];
        if (option->length > 0 &&
            (option->data < data ||
             (option->token != TDS_OPTION_ENCRYPTION && encryption >= data &&
              option->data <= encryption && option->data + option->length > encryption)))
            return false;
    }
    return true;
}

bool tds_prelogin_read(const void *payload, size_t length, const char *sender,
                       struct tds_prelogin *prelogin, struct error *error)
{
    *prelogin = (struct tds_prelogin){0};
    bool is_well_formed = read_table(payload, length, prelogin);
    for (size_t i = 0; is_well_formed && i < prelogin->count; i++) {
        const struct tds_option *option = &prelogin->options[i];
        if (option->token == TDS_OPTION_ENCRYPTION && option->length == 1) {
            prelogin->encryption = option->data[0];
            prelogin->encryption_at = (size_t)(option->data - (const unsigned char *)payload);
        }
    }
    if (!is_well_formed || !is_apart(prelogin, payload))
        return error_set(error, ODBCSSL_ERROR_PROTOCOL,
                         "%s sent a malformed TDS PRELOGIN message of %zu bytes", sender, length);
    prelogin->has_mars = prelogin_has(prelogin, TDS_OPTION_MARS);
    if (prelogin->encryption_at == 0)
        error_set(error, ODBCSSL_ERROR_PROTOCOL,
                  "%s sent a TDS PRELOGIN message without a valid ENCRYPTION option", sender);
    return prelogin->encryption_at != 0;
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

bool tds_prelogin_add_mars(const struct tds_prelogin *prelogin, const void *payload, size_t length,
                           struct buffer *out)
{
    const unsigned char *bytes = payload;
    size_t table_size = prelogin->count * ENTRY_SIZE;
    bool is_written = true;
    for (size_t i = 0; i < prelogin->count && is_written; i++) {
        const struct tds_option *option = &prelogin->options[i];
        size_t offset = (size_t)(option->data - bytes) + ENTRY_SIZE;
        is_written = buffer_append_byte(out, option->token) &&
                     buffer_append_u16(out, (uint16_t)offset) &&
                     buffer_append_u16(out, option->length);
    }
    return is_written && buffer_append_byte(out, TDS_OPTION_MARS) &&
           buffer_append_u16(out, (uint16_t)(length + ENTRY_SIZE)) && buffer_append_u16(out, 1) &&
           buffer_append(out, bytes + table_size, length - table_size) &&
           buffer_append_byte(out, 0);
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
