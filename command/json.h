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

/* The outermost object. */
void json_begin(struct json *json);
void json_end(struct json *json);

void json_open_object(struct json *json, const char *name);
void json_close_object(struct json *json);
void json_open_list(struct json *json, const char *name);
void json_close_list(struct json *json);

/* value NULL: null. Bytes that are not UTF-8 become U+FFFD. */
void json_text(struct json *json, const char *name, const char *value);
void json_number(struct json *json, const char *name, int64_t value);
void json_boolean(struct json *json, const char *name, bool value);

#endif
