#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/tds_server/sql.h"

struct value value_copy(const struct value *value)
{
    struct value copy = *value;
    if (value->text != NULL) {
        copy.text = malloc(value->length + 1);
        memcpy(copy.text, value->text, value->length + 1);
    }
    return copy;
}

void value_free(struct value *value)
{
    free(value->text);
    *value = (struct value){0};
}

const char *value_number_text(const struct value *value, char *out)
{
    if (value->kind == VALUE_FLOAT) {
        snprintf(out, VALUE_NUMBER_SIZE, "%.17g", value->real);
        return out;
    }
    long long scale = 1;
    for (uint8_t i = 0; i < value->scale; i++)
        scale *= 10;
    long long magnitude = value->integer < 0 ? -value->integer : value->integer;
    if (value->scale == 0)
        snprintf(out, VALUE_NUMBER_SIZE, "%lld", (long long)value->integer);
    else
        snprintf(out, VALUE_NUMBER_SIZE, "%s%lld.%0*lld", value->integer < 0 ? "-" : "",
                 magnitude / scale, value->scale, magnitude % scale);
    return out;
}

static bool convert_text(struct value *value, enum value_kind kind)
{
    char *end;
    errno = 0;
    long long integer = strtoll(value->text, &end, 10);
    bool is_integer = errno == 0 && *end == '\0' && end != value->text;
    double real = strtod(value->text, &end);
    bool is_real = *end == '\0' && end != value->text;
    if (kind == VALUE_INTEGER ? !is_integer : !is_real)
        return false;
    value_free(value);
    *value = (struct value){.kind = kind, .integer = integer, .real = real};
    return true;
}

static bool convert_number(struct value *value, enum value_kind kind)
{
    char text[VALUE_NUMBER_SIZE];
    value_number_text(value, text);
    if (kind == VALUE_TEXT || kind == VALUE_WIDE) {
        *value = (struct value){.kind = kind, .text = strdup(text), .length = strlen(text)};
        return true;
    }
    double real = strtod(text, NULL);
    *value = (struct value){.kind = kind, .integer = (int64_t)real, .real = real};
    return true;
}

bool value_convert(struct value *value, enum value_kind kind)
{
    bool is_text = value->kind == VALUE_TEXT || value->kind == VALUE_WIDE;
    if (value->kind == VALUE_NULL || value->kind == VALUE_ROW || value->kind == kind)
        return true;
    if (is_text && (kind == VALUE_TEXT || kind == VALUE_WIDE)) {
        value->kind = kind;
        return true;
    }
    if (value->kind == VALUE_INTEGER && kind == VALUE_NUMERIC) {
        value->kind = kind;
        return true;
    }
    return is_text ? convert_text(value, kind) : convert_number(value, kind);
}
