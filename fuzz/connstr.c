/* connstr.c - connection strings: what is accepted has to be written and read back the same. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/connstr.h"
#include "fuzz/target.h"

static void compare(const struct connstr *a, const struct connstr *b)
{
    fuzz_require(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        fuzz_require(strcmp(a->pairs[i].keyword, b->pairs[i].keyword) == 0);
        fuzz_require(strcmp(a->pairs[i].value, b->pairs[i].value) == 0);
    }
}

static void check_set(struct connstr *list)
{
    char *keyword = strdup(list->pairs[list->count - 1].keyword);
    fuzz_require(keyword != NULL && connstr_set(list, keyword, "};{"));
    fuzz_require(strcmp(connstr_find(list, keyword)->value, "};{") == 0);
    connstr_remove(list, keyword);
    fuzz_require(connstr_find(list, keyword) == NULL);
    free(keyword);
}

FUZZ_TARGET(connstr, bytes, size)
{
    struct connstr list, again;
    struct error error = {0};
    char *input = fuzz_text(bytes, size);
    bool is_parsed = connstr_parse(input, size, &list, &error);
    free(input);
    if (!is_parsed) {
        fuzz_require(error_is_set(&error) && list.count == 0);
        return;
    }
    char *text = connstr_format(&list);
    fuzz_require(text != NULL && connstr_parse(text, strlen(text), &again, &error));
    compare(&list, &again);
    if (list.count > 0)
        check_set(&list);
    text_free_secret(text);
    connstr_free(&list);
    connstr_free(&again);
}
