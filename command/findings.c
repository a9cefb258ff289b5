/* findings.c - fills in findings.h's value; with is_shown each fact is printed as it comes. */
#include "command/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "command/advice.h"
#include "command/memory.h"
#include "command/print.h"
#include "command/progress.h"

const struct fact_names fact_results[] = {
    [FACT_OK] = {"OK", "ok"},
    [FACT_SKIPPED] = {"SKIP", "skipped"},
    [FACT_WARNING] = {"WARN", "warning"},
    [FACT_FAIL] = {"FAIL", "fail"},
};

const struct fact_names fact_sections[SECTION_COUNT] = {
    [SECTION_SOURCE] = {"Data source", "data_source"},
    [SECTION_FILES] = {"Files", "files"},
    [SECTION_SERVER] = {"Server", "server"},
    [SECTION_VERIFICATION] = {"Verification", "verification"},
};

const char *const span_names[] = {
    [SPAN_SERVER] = "server certificate", [SPAN_AUTHORITY] = "CA certificate",
    [SPAN_ANCHOR] = "trust anchor",       [SPAN_CRL] = "CRL",
    [SPAN_CLIENT] = "client certificate",
};

void findings_begin(struct findings *findings, enum fact_section section)
{
    findings->section = section;
}

void findings_start_step(struct findings *findings, const char *doing)
{
    findings->started = clock_monotonic();
    if (findings->is_shown && findings->progress == NULL)
        findings->progress = progress_start(doing);
}

void findings_took(struct findings *findings, int64_t milliseconds)
{
    findings->started = clock_monotonic() - milliseconds;
}

void findings_add(struct findings *findings, enum fact_result result, const char *name,
                  const char *advice, const char *format, ...)
{
    char text[ERROR_TEXT_SIZE + 4096];
    int64_t taken = findings->started != 0 ? clock_monotonic() - findings->started : -1;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    findings->started = 0;
    progress_stop(&findings->progress);
    findings->facts = memory_grow(findings->facts, findings->fact_count, sizeof *findings->facts);
    struct fact *fact = &findings->facts[findings->fact_count++];
    *fact = (struct fact){.section = findings->section,
                          .result = result,
                          .name = memory_copy(name),
                          .text = memory_copy(text),
                          .advice = memory_copy(advice),
                          .milliseconds = taken};
    if (findings->is_shown)
        print_fact(findings, fact);
}

void findings_blame(struct findings *findings, const struct error *error)
{
    if (findings->error.text[0] != '\0')
        return;
    error_copy(&findings->error, error);
    snprintf(findings->sqlstate, sizeof findings->sqlstate, "%s", error_sqlstate(error->code));
}

void findings_add_error(struct findings *findings, bool is_needed, const char *name,
                        const struct error *error)
{
    if (is_needed)
        findings_blame(findings, error);
    findings_add(findings, is_needed ? FACT_FAIL : FACT_WARNING, name, advice_find(error->code),
                 "%s", error->text);
}

void findings_refuse(struct findings *findings, const char *sqlstate, const char *name,
                     const char *advice, const char *format, ...)
{
    char text[ERROR_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (findings->error.text[0] == '\0') {
        snprintf(findings->error.text, sizeof findings->error.text, "%s", text);
        snprintf(findings->sqlstate, sizeof findings->sqlstate, "%s", sqlstate);
    }
    findings_add(findings, FACT_FAIL, name, advice, "%s", text);
}

void findings_add_setting(struct findings *findings, const char *keyword, const char *value,
                          const char *source)
{
    findings->settings =
        memory_grow(findings->settings, findings->setting_count, sizeof *findings->settings);
    struct finding_setting *setting = &findings->settings[findings->setting_count++];
    *setting =
        (struct finding_setting){memory_copy(keyword), memory_copy(value), memory_copy(source)};
    if (findings->is_shown)
        print_setting(findings, setting);
}

void findings_add_span(struct findings *findings, enum span_kind kind, const char *name,
                       time_t from, time_t until)
{
    findings->spans = memory_grow(findings->spans, findings->span_count, sizeof *findings->spans);
    findings->spans[findings->span_count++] =
        (struct finding_span){kind, memory_copy(name), from, until};
}

void findings_judge(struct findings *findings, const char *state)
{
    progress_stop(&findings->progress);
    findings->verdict = FACT_OK;
    for (size_t i = 0; i < findings->fact_count; i++)
        if (findings->facts[i].result > findings->verdict)
            findings->verdict = findings->facts[i].result;
    if (findings->verdict == FACT_SKIPPED)
        findings->verdict = FACT_OK;
    free(findings->state);
    findings->state = memory_copy(state);
}

bool findings_days_left(const struct findings *findings, enum span_kind kind, int32_t *days_out)
{
    time_t first = 0;
    for (size_t i = 0; i < findings->span_count; i++) {
        const struct finding_span *span = &findings->spans[i];
        if (span->kind == kind && span->until != 0 && (first == 0 || span->until < first))
            first = span->until;
    }
    *days_out = first != 0 ? clock_days_until(first, findings->at) : 0;
    return first != 0;
}

void findings_free(struct findings *findings)
{
    progress_stop(&findings->progress);
    for (size_t i = 0; i < findings->setting_count; i++) {
        free(findings->settings[i].keyword);
        free(findings->settings[i].value);
        free(findings->settings[i].source);
    }
    for (size_t i = 0; i < findings->fact_count; i++) {
        free(findings->facts[i].name);
        free(findings->facts[i].text);
        free(findings->facts[i].advice);
    }
    for (size_t i = 0; i < findings->span_count; i++)
        free(findings->spans[i].name);
    free(findings->settings);
    free(findings->facts);
    free(findings->spans);
    chain_free(&findings->path);
    free(findings->report);
    free(findings->name);
    free(findings->server);
    free(findings->state);
    *findings = (struct findings){0};
}
