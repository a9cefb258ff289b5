/*
 * tds_prelogin.c - reads and writes PRELOGIN for tds_switch.c: a table of options and their data
 * behind it (MS-TDS 2.2.6.5).
 */
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

static bool read_table(const void *payload, size_t length, struct tds_prelogin *prelogin)
{
    struct cursor table = cursor_over(payload, length);
    uint8_t token;
    while ((token = cursor_u8(&table)) != TDS_OPTION_END) {
        size_t offset = cursor_u16(&table), size = cursor_u16(&table);
        /* An option that comes twice would mean one thing here and another to the peer. */
        if (table.is_short || offset > length || size > length - offset ||
            prelogin->count == TDS_PRELOGIN_OPTION_LIMIT || prelogin_has(prelogin, token))
            return false;
        prelogin->options[prelogin->count++] =
            (struct tds_option){token, (uint16_t)size, (const unsigned char *)payload + offset};
    }
    return true;
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
    return prelogin->encryption_at != 0 ||
           error_set(error, ODBCSSL_ERROR_PROTOCOL,
                     "%s sent a TDS PRELOGIN message without a valid ENCRYPTION option", sender);
}

static void append_entry(struct buffer *out, uint8_t token, size_t offset, size_t length)
{
    buffer_append_byte(out, token);
    buffer_append_u16(out, (uint16_t)offset);
    buffer_append_u16(out, (uint16_t)length);
}

void tds_prelogin_add_mars(const struct tds_prelogin *prelogin, const struct buffer *payload,
                           struct buffer *out)
{
    const unsigned char *bytes = buffer_content(payload);
    size_t length = buffer_length(payload), table_size = prelogin->count * ENTRY_SIZE;
    for (size_t i = 0; i < prelogin->count; i++) {
        const struct tds_option *option = &prelogin->options[i];
        append_entry(out, option->token, (size_t)(option->data - bytes) + ENTRY_SIZE,
                     option->length);
    }
    append_entry(out, TDS_OPTION_MARS, length + ENTRY_SIZE, 1);
    buffer_append(out, bytes + table_size, length - table_size);
    buffer_append_byte(out, 0);
}

void tds_prelogin_append_plain(struct buffer *payload)
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
    const size_t count = sizeof options / sizeof *options;
    size_t offset = count * ENTRY_SIZE + 1;
    for (size_t i = 0; i < count; offset += options[i++].length)
        append_entry(payload, options[i].token, offset, options[i].length);
    buffer_append_byte(payload, TDS_OPTION_END);
    for (size_t i = 0; i < count; i++)
        buffer_append(payload, options[i].data, options[i].length);
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
