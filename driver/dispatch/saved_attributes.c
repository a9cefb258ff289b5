/*
 * saved_attributes.c - connection attributes before the connection: kept, and set again on the real
 * driver.
 *
 * The order is that of the calls. (The driver manager calls in the reverse of the application's
 * order for attributes that it does not know; a real driver sees the same as without odbcssl.)
 */
#include "dispatch/handles.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* No object lies on the first page of memory: such a value is a number, whatever length says. */
#define FIRST_ADDRESS 4096u

/* SQL_LEN_BINARY_ATTR(n): ODBC reference, SQLSetConnectAttr. */
static bool is_binary(SQLINTEGER length)
{
    return length <= SQL_LEN_BINARY_ATTR_OFFSET;
}

static bool is_standard_string(SQLINTEGER attribute)
{
    return attribute == SQL_ATTR_CURRENT_CATALOG || attribute == SQL_ATTR_TRACEFILE ||
           attribute == SQL_ATTR_TRANSLATE_LIB;
}

/* All other attributes of ODBC itself are numbers or addresses that the application keeps; the
 * driver manager gives some of them a length of 4. Those of drivers begin at 1000 or above. */
static bool is_standard(SQLINTEGER attribute)
{
    return (attribute >= 0 && attribute < 1000) || attribute == SQL_ATTR_AUTO_IPD ||
           attribute == SQL_ATTR_METADATA_ID ||
           (attribute >= SQL_ATTR_ENLIST_IN_DTC && attribute <= SQL_ATTR_CONNECTION_DEAD);
}

bool attribute_is_number(SQLINTEGER attribute)
{
    return is_standard(attribute) && !is_standard_string(attribute);
}

bool attribute_is_string(SQLINTEGER attribute, const void *value, SQLINTEGER length)
{
    if ((uintptr_t)value < FIRST_ADDRESS)
        return false;
    if (is_standard_string(attribute))
        return length == SQL_NTS || length > 0;
    if (is_standard(attribute))
        return false;
    return length == SQL_NTS || length > 0 || is_binary(length);
}

static size_t string_size(const void *value, SQLINTEGER length, enum flavour flavour)
{
    if (length > 0)
        return (size_t)length;
    if (is_binary(length))
        return (size_t)(SQL_LEN_BINARY_ATTR_OFFSET - length);
    return flavour == FLAVOUR_WIDE ? text_utf16_length(value) * sizeof(SQLWCHAR) : strlen(value);
}

bool connection_save_attribute(struct connection *connection, enum flavour flavour,
                               SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER length)
{
    struct saved_attribute *saved = calloc(1, sizeof *saved);
    if (saved == NULL)
        return false;
    *saved = (struct saved_attribute){attribute, value, length, flavour, false, NULL};
    saved->is_string = attribute_is_string(attribute, value, length);
    if (saved->is_string) {
        /* With a terminator that fits either flavour: a length may come without one. */
        size_t size = string_size(value, length, flavour);
        saved->value = calloc(1, size + sizeof(SQLWCHAR));
        if (saved->value == NULL) {
            free(saved);
            return false;
        }
        memcpy(saved->value, value, size);
    }
    struct saved_attribute **end = &connection->saved_attributes;
    while (*end != NULL)
        end = &(*end)->next;
    *end = saved;
    return true;
}

SQLULEN connection_saved_number(const struct connection *connection, SQLINTEGER attribute)
{
    SQLULEN number = 0;
    const struct saved_attribute *saved = connection->saved_attributes;
    for (; saved != NULL; saved = saved->next)
        if (saved->attribute == attribute && !saved->is_string)
            number = (SQLULEN)saved->value;
    return number;
}

bool connection_has_saved_text(const struct connection *connection, SQLINTEGER attribute)
{
    bool has_text = false;
    const struct saved_attribute *saved = connection->saved_attributes;
    for (; saved != NULL; saved = saved->next)
        if (saved->attribute == attribute)
            has_text =
                saved->is_string && string_size(saved->value, saved->length, saved->flavour) > 0;
    return has_text;
}

/* A text for a real driver that has only the other flavour's function. */
static void replay_converted(const struct driver_functions *functions, SQLHDBC real,
                             const struct saved_attribute *saved)
{
    bool is_wide = saved->flavour == FLAVOUR_WIDE;
    void *text = is_wide ? (void *)text_to_utf8(saved->value, text_utf16_length(saved->value), NULL)
                         : (void *)text_to_utf16(saved->value, strlen(saved->value), NULL);
    if (text != NULL)
        CALL_FLAVOUR(functions, OTHER_FLAVOUR(saved->flavour), SQLSetConnectAttr,
                     (real, saved->attribute, text, SQL_NTS));
    free(text);
}

void attributes_replay(const struct connection *connection)
{
    const struct driver_functions *functions = &connection->driver->functions;
    SQLHDBC real = connection->handle.real;
    const struct saved_attribute *saved = connection->saved_attributes;
    for (; saved != NULL; saved = saved->next) {
        enum flavour flavour = EITHER_FLAVOUR(functions, saved->flavour, SQLSetConnectAttr);
        if (!HAS_FLAVOUR(functions, flavour, SQLSetConnectAttr))
            return;
        if (flavour != saved->flavour && saved->is_string && !is_binary(saved->length))
            replay_converted(functions, real, saved);
        else
            CALL_FLAVOUR(functions, flavour, SQLSetConnectAttr,
                         (real, saved->attribute, saved->value, saved->length));
    }
}
