/*
 * tds_browser.c - the question to SQL Server Browser and its answer, for session/browser.c, which
 * sends them.
 */
#include "proto/tds_browser.h"

#include <string.h>

#include "base/text.h"

#define REQUEST_INSTANCE 0x04
#define REPLY 0x05
#define INSTANCE_LIMIT 32 /* MC-SQLR 2.2.3, in bytes */
#define VALUE_SIZE 256

bool tds_browser_write_request(const char *instance, struct buffer *request, struct error *error)
{
    size_t length = strlen(instance);
    if (length == 0 || length > INSTANCE_LIMIT)
        return error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE,
                         "an instance name of SQL Server has 1 to %d characters, not %zu",
                         INSTANCE_LIMIT, length);
    return (buffer_append_byte(request, REQUEST_INSTANCE) &&
            buffer_append(request, instance, length + 1)) ||
           error_set_memory(error);
}

/* The next text before a semicolon, cut to size; false at the end. */
static bool read_field(struct cursor *cursor, char *out)
{
    size_t length = 0;
    while (cursor->left > 0) {
        char character = (char)cursor_u8(cursor);
        if (character == ';' || character == '\0') {
            out[length] = '\0';
            return true;
        }
        if (length < VALUE_SIZE - 1)
            out[length++] = character;
    }
    return false;
}

bool tds_browser_read_reply(const void *bytes, size_t size, const char *instance,
                            uint16_t *port_out, struct error *error)
{
    struct cursor cursor = cursor_over(bytes, size);
    uint8_t type = cursor_u8(&cursor);
    size_t length = cursor_u16le(&cursor);
    char name[VALUE_SIZE], value[VALUE_SIZE];
    bool is_wanted = false, is_found = false;
    if (cursor.is_short || type != REPLY || length > cursor.left)
        return error_set(error, ODBCSSL_ERROR_RESOLVE,
                         "SQL Server Browser's answer about instance %s is malformed", instance);
    cursor.left = length;
    /* Pairs of name and value; an empty name ends an instance's pairs. */
    while (read_field(&cursor, name)) {
        if (name[0] == '\0') {
            is_wanted = false;
            continue;
        }
        if (!read_field(&cursor, value))
            break;
        if (text_equal_nocase(name, "InstanceName"))
            is_wanted = text_equal_nocase(value, instance);
        is_found = is_found || is_wanted;
        if (is_wanted && text_equal_nocase(name, "tcp") && text_parse_port(value, port_out))
            return true;
    }
    return error_set(error, ODBCSSL_ERROR_RESOLVE,
                     is_found ? "SQL Server Browser says that instance %s does not listen on TCP"
                              : "SQL Server Browser does not know an instance %s",
                     instance);
}
