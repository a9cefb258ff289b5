/* print_text.c - findings as lines on a terminal. */
#include <inttypes.h>
#include <stdio.h>

#include "command/print.h"

void print_setting(struct findings *findings, const struct finding_setting *setting)
{
    if (findings->setting_count == 1)
        printf("Settings\n");
    if (setting->value != NULL)
        printf("  %-24s %-40s %s\n", setting->keyword, setting->value, setting->source);
}

void print_fact(struct findings *findings, const struct fact *fact)
{
    if (!findings->has_heading[fact->section])
        printf("%s\n", section_title(fact->section));
    findings->has_heading[fact->section] = true;
    printf("  %-5s %-18s %s", fact_mark(fact->result), fact->name, fact->text);
    if (fact->milliseconds >= 0)
        printf(" [%" PRId64 " ms]", fact->milliseconds);
    printf("\n");
    fflush(stdout); /* whoever reads along sees how far it came */
}

void print_path(const struct findings *findings)
{
    if (findings->path.count == 0)
        return;
    printf("Certificates\n");
    chain_print(&findings->path, 2);
}

const char *print_advice_of(const struct fact *fact)
{
    const char *advice = fact->advice != NULL ? fact->advice : fact->text;
    return fact->result >= FACT_WARNING && advice[0] != '\0' ? advice : NULL;
}

/* Failures first. */
static void print_advice(const struct findings *findings)
{
    bool has_title = false;
    for (int result = FACT_FAIL; result >= FACT_WARNING; result--)
        for (size_t i = 0; i < findings->fact_count; i++) {
            const struct fact *fact = &findings->facts[i];
            const char *advice = print_advice_of(fact);
            if ((int)fact->result != result || advice == NULL)
                continue;
            if (!has_title)
                printf("What to do\n");
            has_title = true;
            printf("  %-5s %-18s %s\n", fact_mark(fact->result), fact->name, advice);
        }
}

void print_verdict(const struct findings *findings)
{
    printf("Verdict\n  %-5s ", fact_mark(findings->verdict));
    if (findings->verdict != FACT_FAIL)
        printf("a connection would be: %s\n", findings->state);
    else if (findings->error.code != ODBCSSL_ERROR_NONE)
        printf("(%d) %s\n", findings->error.code, findings->error.text);
    else if (findings->sqlstate[0] != '\0')
        printf("(%s) %s\n", findings->sqlstate, findings->error.text);
    else
        printf("%s\n", findings->error.text);
    print_advice(findings);
}
