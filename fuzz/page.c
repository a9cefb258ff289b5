/*
 * page.c - what the check says, as a page and as JSON, with every text in it hostile: no text ends
 * where it stands, so tags, quotes and brackets are as many as with harmless texts.
 */
#include <stdlib.h>
#include <string.h>

#include "command/print.h"
#include "fuzz/target.h"

#define TEXT_LIMIT 100 /* a longer text meets no other rule, and twenty of them take long */

static char *print(char *text, bool is_page)
{
    struct finding_setting setting = {text, text, text};
    struct fact fact = {.result = FACT_FAIL, .name = text, .text = text, .advice = text};
    struct chain_certificate certificate = {text, text, text, text, text, text, 1, 2, true};
    struct finding_span span = {.name = text, .from = 1, .until = 2};
    struct findings findings = {.name = text,
                                .server = text,
                                .settings = &setting,
                                .setting_count = 1,
                                .facts = &fact,
                                .fact_count = 1,
                                .path = {&certificate, 1},
                                .spans = &span,
                                .span_count = 1,
                                .verdict = FACT_FAIL,
                                .reason = text,
                                .error = ODBCSSL_ERROR_CONNECT,
                                .sqlstate = "08001",
                                .state = text};
    struct json json = {0};
    char *printed = NULL;
    size_t size = 0;
    FILE *output = stdout;
    FILE *page = open_memstream(&printed, &size);
    fuzz_require(page != NULL);
    if (is_page) {
        print_html(&findings, page);
    } else {
        stdout = page;
        json_open(&json, NULL, '{');
        print_json(&findings, &json);
        json_close(&json, '}');
        stdout = output;
    }
    fclose(page);
    return printed;
}

/* Marks of the language; of JSON outside strings, and the ends of strings. */
static size_t count_marks(const char *printed, bool is_page)
{
    size_t count = 0;
    bool is_quoted = false;
    for (; *printed != '\0'; printed++) {
        fuzz_require(is_page || !is_quoted || (unsigned char)*printed >= 0x20);
        if (!is_page && is_quoted && *printed == '\\' && *++printed != '\0')
            continue;
        if (!is_page && *printed == '"')
            is_quoted = !is_quoted;
        count += strchr(is_page ? "<>\"'" : "\"", *printed) != NULL;
        count += !is_page && !is_quoted && strchr("{}[]:,", *printed) != NULL;
    }
    return count;
}

static size_t count_printed(char *text, bool is_page)
{
    char *printed = print(text, is_page);
    size_t count = count_marks(printed, is_page);
    free(printed);
    return count;
}

FUZZ_TARGET(page, bytes, size)
{
    static char harmless[] = "x";
    static size_t marks[2];
    char *text = fuzz_text(bytes, size < TEXT_LIMIT ? size : TEXT_LIMIT);
    for (int is_page = 0; is_page < 2 && *text != '\0'; is_page++) {
        if (marks[is_page] == 0)
            marks[is_page] = count_printed(harmless, is_page);
        fuzz_require(count_printed(text, is_page) == marks[is_page]);
    }
    free(text);
}
