/*
 * json.h - writes JSON to standard output as it comes. A writer starts all zeroes. name is NULL for
 * items of a list.
 */
#ifndef COMMAND_JSON_H
#define COMMAND_JSON_H

#include <stdbool.h>
#include <stdint.h>

#define JSON_DEPTH_LIMIT 16

struct json {
    unsigned depth;
    bool has_item[JSON_DEPTH_LIMIT]; /* of the object or list at that depth */
};

/* An object ('{' and '}') or a list ('[' and ']'); a line ends behind the outermost one. */
void json_open(struct json *json, const char *name, char bracket);
void json_close(struct json *json, char bracket);

/* value NULL: null. Bytes that are not UTF-8 become U+FFFD. */
void json_text(struct json *json, const char *name, const char *value);
void json_number(struct json *json, const char *name, int64_t value);
void json_boolean(struct json *json, const char *name, bool value);

#endif
