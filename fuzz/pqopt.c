/* pqopt.c - libpq's connection strings: what is given on to libpq reads back as it was. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conn/pqopt.h"
#include "fuzz/target.h"

static void check_again(const struct connstr *options)
{
    struct buffer written = {0};
    struct connstr again;
    struct error error = {0};
    for (size_t i = 0; i < options->count; i++)
        pqopt_append(&written, options->pairs[i].keyword, options->pairs[i].value);
    char *text = buffer_move_text(&written);
    fuzz_require(pqopt_read(text, &again, &error) && again.count == options->count);
    for (size_t i = 0; i < options->count; i++) {
        fuzz_require(strcmp(options->pairs[i].keyword, again.pairs[i].keyword) == 0);
        fuzz_require(strcmp(options->pairs[i].value, again.pairs[i].value) == 0);
    }
    connstr_free(&again);
    free(text);
}

FUZZ_TARGET(pqopt, bytes, size)
{
    char *text = fuzz_text(bytes, size);
    const char *hostaddr;
    struct connstr options;
    struct error error = {0}, refusal = {0};
    bool is_read = pqopt_read(text, &options, &error);
    fuzz_require(is_read != error_is_set(&error) && (is_read || options.count == 0));
    bool is_accepted = pqopt_check(&options, &hostaddr, &refusal);
    fuzz_require(is_accepted != error_is_set(&refusal));
    fuzz_require(hostaddr == NULL || connstr_has(&options, "hostaddr"));
    check_again(&options);
    connstr_free(&options);
    free(text);
}
