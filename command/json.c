/* json.c - the last step of every --json: commas, quotes, and text that is not UTF-8. */
#include "command/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static void write_string(const char *text)
{
    const unsigned char *next = (const unsigned char *)text;
    size_t left = strlen(text);
    putchar('"');
    while (left > 0) {
        uint32_t code;
        size_t size = text_utf8_decode(next, left, &code);
        if (size == 1 && code == 0xfffd)
            fputs("\\ufffd", stdout);
        else if (*next == '"' || *next == '\\')
            printf("\\%c", *next);
        else if (*next < 0x20)
            printf("\\u%04x", *next);
        else
            fwrite(next, 1, size, stdout);
        next += size;
        left -= size;
    }
    putchar('"');
}

static void indent(const struct json *json)
{
    printf("\n%*s", (int)(2 * json->depth), "");
}

/* The comma, the line and the name that go before an item. */
static void start_item(struct json *json, const char *name)
{
    if (json->depth == 0)
        return;
    if (json->has_item[json->depth - 1])
        putchar(',');
    json->has_item[json->depth - 1] = true;
    indent(json);
    if (name == NULL)
        return;
    write_string(name);
    fputs(": ", stdout);
}

void json_open(struct json *json, const char *name, char bracket)
{
    start_item(json, name);
    putchar(bracket);
    if (json->depth < JSON_DEPTH_LIMIT)
        json->has_item[json->depth++] = false;
}

void json_close(struct json *json, char bracket)
{
    bool has_item = json->depth > 0 && json->has_item[--json->depth];
    if (has_item)
        indent(json);
    putchar(bracket);
    if (json->depth == 0)
        putchar('\n');
}

void json_text(struct json *json, const char *name, const char *value)
{
    start_item(json, name);
    if (value == NULL)
        fputs("null", stdout);
    else
        write_string(value);
}

void json_number(struct json *json, const char *name, int64_t value)
{
    start_item(json, name);
    printf("%" PRId64, value);
}

void json_boolean(struct json *json, const char *name, bool value)
{
    start_item(json, name);
    fputs(value ? "true" : "false", stdout);
}
