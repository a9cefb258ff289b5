/* print_text.c - the findings of a check as lines on a terminal, while they come. */
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
        printf("%s\n", fact_sections[fact->section].title);
    findings->has_heading[fact->section] = true;
    printf("  %-5s %-18s %s", fact_results[fact->result].title, fact->name, fact->text);
    if (fact->milliseconds >= 0)
        printf(" [%" PRId64 " ms]", fact->milliseconds);
    printf("\n");
    fflush(stdout); /* whoever reads along sees how far it came */
}

void print_verdict(const struct findings *findings)
{
    printf("Verdict\n  %-5s ", fact_results[findings->verdict].title);
    if (findings->verdict != FACT_FAIL)
        printf("a connection would be: %s\n", findings->state);
    else if (findings->error != ODBCSSL_ERROR_NONE)
        printf("(%d) %s\n", findings->error, findings->reason);
    else if (findings->sqlstate != NULL)
        printf("(%s) %s\n", findings->sqlstate, findings->reason);
    else
        printf("%s\n", findings->reason);
    bool has_title = false;
    const struct fact *fact;
    for (size_t next = 0; (fact = findings_next_advised(findings, &next)) != NULL; has_title = true)
        printf("%s  %-5s %-18s %s\n", has_title ? "" : "What to do\n",
               fact_results[fact->result].title, fact->name, fact->advice);
}
