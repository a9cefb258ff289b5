/* findings.c - fills in findings.h's value; with is_shown each fact is printed as it comes. */
#include "command/findings.h"

#include <stdarg.h>

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

static void add_fact(struct findings *findings, enum fact_result result, const char *name,
                     const char *advice, char *text)
{
    int64_t taken = findings->started != 0 ? clock_monotonic() - findings->started : -1;
    bool is_advised = result >= FACT_WARNING && (advice == NULL || advice[0] != '\0');
    findings->started = 0;
    progress_stop(&findings->progress);
    findings->facts = memory_grow(findings->facts, findings->fact_count, sizeof *findings->facts);
    struct fact *fact = &findings->facts[findings->fact_count++];
    *fact = (struct fact){.section = findings->section,
                          .result = result,
                          .name = memory_copy(name),
                          .text = text,
                          .advice = !is_advised      ? NULL
                                    : advice != NULL ? advice
                                                     : text,
                          .milliseconds = taken};
    if (findings->is_shown)
        print_fact(findings, fact);
}

void findings_add(struct findings *findings, enum fact_result result, const char *name,
                  const char *advice, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_fact(findings, result, name, advice, memory_format_arguments(format, arguments));
    va_end(arguments);
}

static void blame(struct findings *findings, enum odbcssl_error code, const char *sqlstate,
                  const char *reason)
{
    if (findings->reason != NULL)
        return;
    findings->error = code;
    findings->sqlstate = sqlstate;
    findings->reason = reason;
}

void findings_blame(struct findings *findings, const struct error *error)
{
    blame(findings, error->code, error_sqlstate(error->code), memory_copy(error->text));
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
    va_list arguments;
    va_start(arguments, format);
    char *text = memory_format_arguments(format, arguments);
    va_end(arguments);
    blame(findings, ODBCSSL_ERROR_NONE, sqlstate, text);
    add_fact(findings, FACT_FAIL, name, advice, text);
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
    findings->state = state;
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

const struct fact *findings_next_advised(const struct findings *findings, size_t *next)
{
    const size_t count = findings->fact_count;
    while (count > 0 && *next < 2 * count) {
        enum fact_result wanted = *next < count ? FACT_FAIL : FACT_WARNING;
        const struct fact *fact = &findings->facts[(*next)++ % count];
        if (fact->result == wanted && fact->advice != NULL)
            return fact;
    }
    return NULL;
}
