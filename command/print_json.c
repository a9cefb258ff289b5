/* print_json.c - the findings of a check as the items of a JSON object, when it is over. */
#include "base/clock.h"
#include "command/print.h"

static void write_settings(const struct findings *findings, struct json *json)
{
    json_open(json, "settings", '[');
    for (size_t i = 0; i < findings->setting_count; i++) {
        json_open(json, NULL, '{');
        json_text(json, "keyword", findings->settings[i].keyword);
        json_text(json, "value", findings->settings[i].value);
        json_text(json, "source", findings->settings[i].source);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void write_section(const struct findings *findings, enum fact_section section,
                          struct json *json)
{
    json_open(json, fact_sections[section].word, '[');
    for (size_t i = 0; i < findings->fact_count; i++) {
        const struct fact *fact = &findings->facts[i];
        if (fact->section != section)
            continue;
        json_open(json, NULL, '{');
        json_text(json, "name", fact->name);
        json_text(json, "result", fact_results[fact->result].word);
        json_text(json, "text", fact->text);
        if (fact->advice != NULL)
            json_text(json, "advice", fact->advice);
        if (fact->milliseconds >= 0)
            json_number(json, "milliseconds", fact->milliseconds);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void write_spans(const struct findings *findings, struct json *json)
{
    char text[CLOCK_TEXT_SIZE];
    json_open(json, "validity", '[');
    for (size_t i = 0; i < findings->span_count; i++) {
        const struct finding_span *span = &findings->spans[i];
        json_open(json, NULL, '{');
        json_text(json, "kind", span_names[span->kind]);
        json_text(json, "name", span->name);
        json_text(json, "from", clock_format(span->from, text));
        json_text(json, "until", span->until != 0 ? clock_format(span->until, text) : NULL);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void write_report(const struct tls_report *report, struct json *json)
{
    char scratch[REPORT_SCRATCH_SIZE];
    json_open(json, "report", '{');
    for (size_t i = 0; i < report_item_count; i++) {
        const struct report_item *item = &report_items[i];
        if (!report_applies(report, item))
            continue;
        if (item->kind == REPORT_TEXT)
            json_text(json, item->name, report_text(report, item, scratch));
        else
            json_number(json, item->name, report_number(report, item));
    }
    json_close(json, '}');
}

static void write_verdict(const struct findings *findings, struct json *json)
{
    bool is_accepted = findings->verdict != FACT_FAIL;
    size_t first = 0;
    const struct fact *advised = is_accepted ? NULL : findings_next_advised(findings, &first);
    json_text(json, "verdict", fact_results[findings->verdict].word);
    json_boolean(json, "accepted", is_accepted);
    json_text(json, "state", is_accepted ? findings->state : NULL);
    json_number(json, "error", findings->error);
    json_text(json, "sqlstate", findings->sqlstate);
    json_text(json, "reason", is_accepted ? NULL : findings->reason);
    json_text(json, "advice", advised != NULL ? advised->advice : NULL);
}

void print_json(const struct findings *findings, struct json *json)
{
    json_text(json, "name", findings->name);
    json_text(json, "address", findings->server);
    write_settings(findings, json);
    for (int section = 0; section < SECTION_COUNT; section++)
        write_section(findings, (enum fact_section)section, json);
    if (findings->path.count > 0)
        chain_print_json(&findings->path, json);
    write_spans(findings, json);
    if (findings->report != NULL)
        write_report(findings->report, json);
    write_verdict(findings, json);
}
