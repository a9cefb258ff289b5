/* connstr.c - connection strings: what is accepted has to be written and read back the same. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/connstr.h"
#include "fuzz/target.h"

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void compare(const struct connstr *a, const struct connstr *b)
{
    require(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        require(strcmp(a->pairs[i].keyword, b->pairs[i].keyword) == 0);
        require(strcmp(a->pairs[i].value, b->pairs[i].value) == 0);
    }
}

static void check_set(struct connstr *list)
{
    char *keyword = strdup(list->pairs[list->count - 1].keyword);
    require(keyword != NULL && connstr_set(list, keyword, "};{"));
    require(strcmp(connstr_find(list, keyword)->value, "};{") == 0);
    connstr_remove(list, keyword);
    require(connstr_find(list, keyword) == NULL);
    free(keyword);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct connstr list, again;
    struct error error = {0};
    if (!connstr_parse((const char *)bytes, size, &list, &error)) {
        require(error_is_set(&error) && list.count == 0);
        return 0;
    }
    char *text = connstr_format(&list);
    require(text != NULL && connstr_parse(text, strlen(text), &again, &error));
    compare(&list, &again);
    if (list.count > 0)
        check_set(&list);
    text_free_secret(text);
    connstr_free(&list);
    connstr_free(&again);
    return 0;
}
