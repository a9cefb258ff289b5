/*
 * print_html.c - findings as one self-contained page. What comes from certificates, files and
 * servers is hostile until it went through put(): nothing of it becomes a tag, an attribute or a
 * text that runs in the other direction. The page has no script, and asks for nothing.
 */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "command/page_style.h"
#include "command/print.h"
#include "config.h"

/* ---- text ---- */

/* Controls that turn the direction of text around, or hide in it. */
static bool is_invisible(uint32_t code)
{
    return (code >= 0x200b && code <= 0x200f) || (code >= 0x202a && code <= 0x202e) ||
           (code >= 0x2060 && code <= 0x206f) || code == 0xfeff;
}

static void put_text(FILE *out, const char *text)
{
    const unsigned char *next = (const unsigned char *)text;
    for (size_t size, left = strlen(text); left > 0; next += size, left -= size) {
        uint32_t code;
        size = text_utf8_decode(next, left, &code);
        if (code == '&' || code == '<' || code == '>' || code == '"' || code == '\'')
            fprintf(out, "&#%u;", (unsigned)code);
        else if (code < 0x20 || code == 0x7f || code == 0xfffd || is_invisible(code))
            fputs("\xef\xbf\xbd", out);
        else
            fwrite(next, 1, size, out);
    }
}

/* What the format says is ours and put as it is, what stands in place of its %s, which is all it
 * may have, is not. */
__attribute__((format(printf, 2, 3))) static void put(FILE *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    for (const char *hole; (hole = strstr(format, "%s")) != NULL; format = hole + 2) {
        fwrite(format, 1, (size_t)(hole - format), out);
        put_text(out, va_arg(arguments, const char *));
    }
    va_end(arguments);
    fputs(format, out);
}

static void put_mark(FILE *out, enum fact_result result)
{
    put(out, "<span class=\"mark %s\">%s</span>", fact_results[result].word,
        fact_results[result].title);
}

/* "2027-03-01 - 92 days left" */
static const char *describe_end(time_t until, time_t now, char *out, size_t size)
{
    char date[CLOCK_TEXT_SIZE];
    int days = (int)clock_days_until(until, now);
    if (until == 0)
        snprintf(out, size, "without end");
    else if (days < 0)
        snprintf(out, size, "ended %s, %d %s ago", clock_format_date(until, date), -days,
                 days == -1 ? "day" : "days");
    else
        snprintf(out, size, "until %s, %d %s left", clock_format_date(until, date), days,
                 days == 1 ? "day" : "days");
    return out;
}

/* ---- what comes first ---- */

static void put_head(FILE *out, const struct findings *findings)
{
    put(out,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" "
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<title>%s - %s - odbcssl check</title>\n<style>\n",
        fact_results[findings->verdict].title,
        findings->name != NULL ? findings->name : "connection string");
    fprintf(out, "%s</style></head>\n<body><main>\n", page_style);
}

static void put_verdict(FILE *out, const struct findings *findings)
{
    static const struct {
        const char *seal;
        const char *title;
    } verdicts[] = {
        [FACT_OK] = {"&#10003;", "A connection is verified"},
        [FACT_WARNING] = {"!", "A connection would be made, with reservations"},
        [FACT_FAIL] = {"&#10005;", "A connection would fail"},
    };
    char time_text[CLOCK_TEXT_SIZE];
    bool is_failed = findings->verdict == FACT_FAIL;
    fprintf(out,
            "<header class=\"verdict %s\"><div class=\"seal\" aria-hidden=\"true\">%s</div><div>",
            fact_results[findings->verdict].word, verdicts[findings->verdict].seal);
    put(out, "<p class=\"name\">%s</p><h1>%s</h1><p class=\"reason\">%s</p><p class=\"about\">",
        findings->name != NULL ? findings->name : "Connection string",
        is_failed && findings->sqlstate == NULL ? "The data source does not use odbcssl"
                                                : verdicts[findings->verdict].title,
        is_failed ? findings->reason : findings->state);
    if (findings->server != NULL)
        put(out, "<span>%s</span>", findings->server);
    if (is_failed && findings->sqlstate != NULL)
        fprintf(out, "<span>SQLSTATE %s, native error %d</span>", findings->sqlstate,
                findings->error);
    fprintf(out, "<span>%s</span><span>odbcssl %s</span></p></div></header>\n",
            clock_format(findings->at, time_text), PACKAGE_VERSION);
}

static void put_advice(FILE *out, const struct findings *findings)
{
    bool has_title = false;
    const struct fact *fact;
    for (size_t next = 0; (fact = findings_next_advised(findings, &next)) != NULL;
         has_title = true) {
        if (!has_title)
            put(out, "<section><h2>What to do</h2><ol class=\"advice\">\n");
        put(out, "<li class=\"%s\">", fact_results[fact->result].word);
        put_mark(out, fact->result);
        put(out, "<div><p class=\"todo\">%s</p><span class=\"what\">%s</span>", fact->advice,
            fact->name);
        if (fact->advice != fact->text)
            put(out, "<p class=\"why\">%s</p>", fact->text);
        put(out, "</div></li>\n");
    }
    if (has_title)
        put(out, "</ol></section>\n");
}

/* ---- the chain ---- */

static void put_certificate(FILE *out, const struct findings *findings, size_t i)
{
    const struct chain_certificate *item = &findings->path.items[i];
    bool is_current = item->not_before <= findings->at && findings->at <= item->not_after;
    char end[100], from[CLOCK_TEXT_SIZE];
    put(out,
        "<li class=\"%s%s\"><span class=\"role\">%s</span><p class=\"subject\">%s</p>"
        "<p class=\"end\">from %s %s</p><dl>",
        i == 0 ? "leaf" : "", is_current ? "" : " ended",
        item->is_anchor ? "Trust anchor"
        : i > 0         ? "CA certificate"
                        : "Server",
        item->subject, clock_format_date(item->not_before, from),
        describe_end(item->not_after, findings->at, end, sizeof end));
    const struct {
        const char *term, *text;
    } details[] = {{"Names", item->names},
                   {"Issuer", item->issuer},
                   {"Serial", item->serial},
                   {"Key", item->key},
                   {"SHA-256", item->fingerprint}};
    for (size_t k = 0; k < sizeof details / sizeof details[0]; k++)
        if (details[k].text[0] != '\0')
            put(out, "<dt>%s</dt><dd>%s</dd>", details[k].term, details[k].text);
    put(out, "</dl></li>\n");
}

static void put_chain(FILE *out, const struct findings *findings)
{
    const struct chain *path = &findings->path;
    if (path->count == 0)
        return;
    put(out, "<section><h2>Certificates</h2><ol class=\"chain\">\n");
    if (!path->items[path->count - 1].is_anchor)
        put(out, "<li class=\"missing\"><p>No trust anchor leads to these certificates. They are "
                 "shown as the server sent them.</p></li>\n");
    for (size_t i = path->count; i-- > 0;)
        put_certificate(out, findings, i);
    put(out, "</ol></section>\n");
}

/* ---- the time line ---- */

/* Where today stands, in percent of the width: what is past matters less. */
#define TODAY 26.0

/* The largest distance from today that fits, in days. */
#define REACH (30 * 365.0)

#define DAY (24 * 60 * 60)

/* Stretched around today, so that a list of a week is seen beside an authority of twenty years. */
static double place(time_t time, time_t now)
{
    double days = difftime(time, now) / DAY;
    double position = asinh(days / 5) / asinh(REACH / 5);
    position = TODAY + position * (position < 0 ? TODAY : 100 - TODAY);
    return position < 0 ? 0 : position > 100 ? 100 : position;
}

static void put_scale(FILE *out, const struct findings *findings)
{
    static const struct {
        int days;
        const char *text;
    } ticks[] = {
        {-365, "1 year ago"}, {0, "today"},    {7, "1 week"},        {30, "1 month"},
        {90, "3 months"},     {365, "1 year"}, {3 * 365, "3 years"}, {3650, "10 years"},
    };
    fputs("<div class=\"row scale\" aria-hidden=\"true\"><span></span><div class=\"bars\">", out);
    for (size_t i = 0; i < sizeof ticks / sizeof ticks[0]; i++)
        fprintf(out, "<i class=\"%s\" style=\"left:%.2f%%\"><b>%s</b></i>",
                ticks[i].days == 0 ? "today" : "tick",
                place(findings->at + (time_t)ticks[i].days * DAY, findings->at), ticks[i].text);
    fputs("</div></div>\n", out);
}

/* As a connection warns: a list that is renewed every week is not late because its week is short.
 */
static const char *span_state(const struct finding_span *span, time_t now)
{
    double left = difftime(span->until, now);
    bool is_short = span->kind != SPAN_CRL || left < difftime(span->until, span->from) / 5;
    if (span->from > now || (span->until != 0 && left < 0))
        return "fail";
    return span->until != 0 && left < 30.0 * DAY && is_short ? "warning" : "ok";
}

static void put_span(FILE *out, const struct findings *findings, const struct finding_span *span)
{
    char end[100];
    time_t now = findings->at;
    double from = place(span->from, now);
    double until = span->until != 0 ? place(span->until, now) : 100;
    const char *state = span_state(span, now);
    put(out, "<div class=\"row\"><span class=\"label\"><b>%s</b><span>%s</span></span>",
        span_names[span->kind], span->name);
    fprintf(out, "<div class=\"bars\"><i class=\"today\" style=\"left:%.2f%%\"></i>", TODAY);
    fprintf(out, "<i class=\"bar %s%s\" style=\"left:%.2f%%;width:%.2f%%\"></i>", state,
            span->until == 0 ? " endless" : "", from, until - from < 0.6 ? 0.6 : until - from);
    fprintf(out, "<em class=\"%s\">%s</em></div></div>\n", state,
            describe_end(span->until, now, end, sizeof end));
}

/* The server's certificates come first, from the leaf up; then the lists, then our own. */
static void put_time_line(FILE *out, const struct findings *findings)
{
    if (findings->span_count == 0)
        return;
    fputs("<section><h2>Valid until</h2><div class=\"timeline\">\n", out);
    put_scale(out, findings);
    for (int kind = SPAN_SERVER; kind <= SPAN_CLIENT; kind++)
        for (size_t i = 0; i < findings->span_count; i++)
            if ((int)findings->spans[i].kind == kind)
                put_span(out, findings, &findings->spans[i]);
    fputs("</div><p class=\"note\">The scale is stretched around today.</p></section>\n", out);
}

/* ---- everything else ---- */

static void put_facts(FILE *out, const struct findings *findings, enum fact_section section)
{
    bool has_title = false;
    for (size_t i = 0; i < findings->fact_count; i++) {
        const struct fact *fact = &findings->facts[i];
        if (fact->section != section)
            continue;
        if (!has_title)
            put(out, "<section><h2>%s</h2><table class=\"facts\">\n", fact_sections[section].title);
        has_title = true;
        put(out, "<tr><td>");
        put_mark(out, fact->result);
        put(out, "</td><th>%s</th><td>%s</td>", fact->name, fact->text);
        if (fact->milliseconds >= 0)
            fprintf(out, "<td class=\"time\">%" PRId64 " ms</td></tr>\n", fact->milliseconds);
        else
            put(out, "<td></td></tr>\n");
    }
    if (has_title)
        put(out, "</table></section>\n");
}

static void put_settings(FILE *out, const struct findings *findings)
{
    bool has_unset = false;
    if (findings->setting_count == 0)
        return;
    put(out, "<section><h2>Settings</h2><table class=\"settings\"><thead><tr><th>Keyword</th>"
             "<th>Value</th><th>Comes from</th></tr></thead>\n");
    for (size_t i = 0; i < findings->setting_count; i++) {
        const struct finding_setting *setting = &findings->settings[i];
        has_unset = has_unset || setting->value == NULL;
        if (setting->value != NULL)
            put(out, "<tr class=\"%s\"><td>%s</td><td class=\"value\">%s</td><td>%s</td></tr>\n",
                strcmp(setting->source, "default") == 0 ? "default" : "", setting->keyword,
                setting->value, setting->source);
    }
    put(out, "</table>\n");
    if (has_unset)
        put(out, "<p class=\"note\">Not set:");
    for (size_t i = 0; i < findings->setting_count; i++)
        if (findings->settings[i].value == NULL)
            put(out, " %s", findings->settings[i].keyword);
    put(out, has_unset ? "</p></section>\n" : "</section>\n");
}

void print_html(const struct findings *findings, FILE *out)
{
    put_head(out, findings);
    put_verdict(out, findings);
    put_advice(out, findings);
    put_chain(out, findings);
    put_time_line(out, findings);
    for (int section = SECTION_COUNT; section-- > 0;)
        put_facts(out, findings, (enum fact_section)section);
    put_settings(out, findings);
    fputs("</main></body></html>\n", out);
}
