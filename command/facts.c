#include "command/facts.h"

#include <stdarg.h>
#include <stdio.h>

/* Room for an error, and what is said beside it. */
#define TEXT_SIZE 4096

static const struct {
    const char *mark; /* for people */
    const char *word; /* in JSON */
} results[] = {
    [FACT_OK] = {"OK", "ok"},
    [FACT_FAIL] = {"FAIL", "fail"},
    [FACT_WARNING] = {"WARN", "warning"},
    [FACT_SKIPPED] = {"SKIP", "skipped"},
};

void facts_begin(struct json *json, const char *title, const char *name)
{
    if (json != NULL)
        json_open_list(json, name);
    else
        printf("%s\n", title);
}

void facts_end(struct json *json)
{
    if (json != NULL)
        json_close_list(json);
}

void facts_add(struct json *json, enum fact_result result, const char *name, const char *format,
               ...)
{
    char text[TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (json == NULL) {
        printf("  %-5s %-18s %s\n", results[result].mark, name, text);
        return;
    }
    json_open_object(json, NULL);
    json_text(json, "name", name);
    json_text(json, "result", results[result].word);
    json_text(json, "text", text);
    json_close_object(json);
}
