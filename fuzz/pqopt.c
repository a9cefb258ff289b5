/* pqopt.c - libpq's connection strings: what is given on to libpq reads back as it was. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conn/pqopt.h"
#include "fuzz/target.h"

static void check_rest(const struct connstr *options, const char *hostaddr, const char *rest)
{
    struct connstr again;
    struct error error = {0};
    size_t next = 0;
    fuzz_require(pqopt_read(rest, &again, &error));
    for (size_t i = 0; i < options->count; i++) {
        const struct connstr_pair *pair = &options->pairs[i];
        if (strcmp(pair->keyword, "hostaddr") == 0)
            continue;
        fuzz_require(next < again.count && connstr_find(&again, pair->keyword) != NULL);
        fuzz_require(strcmp(pair->keyword, again.pairs[next].keyword) == 0);
        fuzz_require(strcmp(pair->value, again.pairs[next++].value) == 0);
    }
    fuzz_require(next == again.count && connstr_find(&again, "hostaddr") == NULL);
    fuzz_require((hostaddr != NULL) == (next < options->count));
    connstr_free(&again);
}

FUZZ_TARGET(pqopt, bytes, size)
{
    char *text = fuzz_text(bytes, size), *hostaddr = NULL, *rest = NULL;
    struct connstr options;
    struct error error = {0}, refusal = {0};
    bool is_read = pqopt_read(text, &options, &error);
    fuzz_require(is_read != error_is_set(&error) && (is_read || options.count == 0));
    bool is_accepted = pqopt_inspect(text, &hostaddr, &rest, &refusal);
    fuzz_require(is_accepted != error_is_set(&refusal) && (is_read || !is_accepted));
    if (is_accepted)
        check_rest(&options, hostaddr, rest);
    connstr_free(&options);
    free(hostaddr);
    free(rest);
    free(text);
}
