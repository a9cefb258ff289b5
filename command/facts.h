/*
 * facts.h - what a command found out, one fact per line, for people or as JSON.
 */
#ifndef COMMAND_FACTS_H
#define COMMAND_FACTS_H

#include "command/json.h"

enum fact_result {
    FACT_OK,
    FACT_FAIL,
    FACT_WARNING, /* it would be a failure if SslMode asked for it, or will be one soon */
    FACT_SKIPPED  /* not tried, and why */
};

/* Names a group of facts: "Files", and "files" in JSON. */
void facts_begin(struct json *json, const char *title, const char *name);
void facts_end(struct json *json);

/* json NULL: for people. */
void facts_add(struct json *json, enum fact_result result, const char *name, const char *format,
               ...) __attribute__((format(printf, 4, 5)));

#endif
