/*
 * print_html.c - findings as one self-contained page. What comes from certificates, files and
 * servers is hostile until it went through put(): nothing of it becomes a tag, an attribute or a
 * text that runs in the other direction. The page has no script, and asks for nothing.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "command/memory.h"
#include "command/page_style.h"
#include "command/print.h"
#include "config.h"

/* ---- text ---- */

/* Controls that turn the direction of text around, or hide in it: U+200B to U+200F, U+202A to
 * U+202E, U+2060 to U+206F, U+FEFF. */
static bool is_invisible(const unsigned char *character, size_t size)
{
    if (size != 3)
        return false;
    unsigned code =
        (character[0] & 0x0fu) << 12 | (character[1] & 0x3fu) << 6 | (character[2] & 0x3fu);
    return (code >= 0x200b && code <= 0x200f) || (code >= 0x202a && code <= 0x202e) ||
           (code >= 0x2060 && code <= 0x206f) || code == 0xfeff;
}

static void put_character(FILE *out, const unsigned char *character, size_t size)
{
    if (*character == '&' || *character == '<' || *character == '>' || *character == '"' ||
        *character == '\'')
        fprintf(out, "&#%u;", *character);
    else if (*character < 0x20 || *character == 0x7f || is_invisible(character, size))
        fputs("\xef\xbf\xbd", out);
    else
        fwrite(character, 1, size, out);
}

static void put(FILE *out, const char *text)
{
    const unsigned char *next = (const unsigned char *)text;
    size_t left = strlen(text);
    while (left > 0) {
        size_t size = text_utf8_character(next, left);
        if (size == 0)
            fputs("\xef\xbf\xbd", out);
        else
            put_character(out, next, size);
        next += size != 0 ? size : 1;
        left -= size != 0 ? size : 1;
    }
}

/* <tag class="name">text</tag>; attributes are ours. */
static void put_in(FILE *out, const char *tag, const char *class, const char *text)
{
    fprintf(out, "<%s class=\"%s\">", tag, class);
    put(out, text);
    fprintf(out, "</%s>", tag);
}

static void put_mark(FILE *out, enum fact_result result)
{
    fprintf(out, "<span class=\"mark %s\">%s</span>", fact_results[result].word,
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
    const char *name = findings->name != NULL ? findings->name : "connection string";
    fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" "
          "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
          out);
    fprintf(out, "%s - ", fact_results[findings->verdict].title);
    put(out, name);
    fprintf(out, " - odbcssl check</title>\n<style>\n%s</style></head>\n<body><main>\n",
            page_style);
}

static void put_verdict(FILE *out, const struct findings *findings)
{
    static const char *const titles[] = {
        [FACT_OK] = "A connection is verified",
        [FACT_WARNING] = "A connection would be made, with reservations",
        [FACT_FAIL] = "A connection would fail",
    };
    char time_text[CLOCK_TEXT_SIZE];
    bool is_failed = findings->verdict == FACT_FAIL;
    bool is_bypassed = is_failed && findings->sqlstate[0] == '\0';
    fprintf(out,
            "<header class=\"verdict %s\"><div class=\"seal\" aria-hidden=\"true\">%s</div><div>",
            fact_results[findings->verdict].word,
            is_failed                           ? "&#10005;"
            : findings->verdict == FACT_WARNING ? "!"
                                                : "&#10003;");
    put_in(out, "p", "name", findings->name != NULL ? findings->name : "Connection string");
    put_in(out, "h1", "",
           is_bypassed ? "The data source does not use odbcssl" : titles[findings->verdict]);
    put_in(out, "p", "reason", is_failed ? findings->error.text : findings->state);
    fputs("<p class=\"about\">", out);
    if (findings->server != NULL)
        put_in(out, "span", "", findings->server);
    if (is_failed && findings->sqlstate[0] != '\0') {
        char *code =
            memory_format("SQLSTATE %s, native error %d", findings->sqlstate, findings->error.code);
        put_in(out, "span", "", code);
        free(code);
    }
    fprintf(out, "<span>%s</span><span>odbcssl %s</span></p></div></header>\n",
            clock_format(findings->at, time_text), PACKAGE_VERSION);
}

static void put_advice(FILE *out, const struct findings *findings)
{
    bool has_title = false;
    const struct fact *fact;
    for (size_t next = 0; (fact = print_next_advised(findings, &next)) != NULL; has_title = true) {
        const char *advice = print_advice_of(fact);
        if (!has_title)
            fputs("<section><h2>What to do</h2><ol class=\"advice\">\n", out);
        fprintf(out, "<li class=\"%s\">", fact_results[fact->result].word);
        put_mark(out, fact->result);
        fputs("<div>", out);
        put_in(out, "p", "todo", advice);
        put_in(out, "span", "what", fact->name);
        if (advice != fact->text)
            put_in(out, "p", "why", fact->text);
        fputs("</div></li>\n", out);
    }
    if (has_title)
        fputs("</ol></section>\n", out);
}

/* ---- the chain ---- */

static void put_term(FILE *out, const char *term, const char *text)
{
    if (text[0] == '\0')
        return;
    fprintf(out, "<dt>%s</dt><dd>", term);
    put(out, text);
    fputs("</dd>", out);
}

static void put_certificate(FILE *out, const struct findings *findings, size_t i)
{
    const struct chain_certificate *item = &findings->path.items[i];
    const char *role = item->is_anchor ? "Trust anchor" : i > 0 ? "CA certificate" : "Server";
    bool is_current = item->not_before <= findings->at && findings->at <= item->not_after;
    char end[100], from[CLOCK_TEXT_SIZE];
    fprintf(out, "<li class=\"%s%s\"><span class=\"role\">%s</span>", i == 0 ? "leaf" : "",
            is_current ? "" : " ended", role);
    put_in(out, "p", "subject", item->subject);
    fprintf(out, "<p class=\"end\">from %s %s</p><dl>", clock_format_date(item->not_before, from),
            describe_end(item->not_after, findings->at, end, sizeof end));
    put_term(out, "Names", item->names);
    put_term(out, "Issuer", item->issuer);
    put_term(out, "Serial", item->serial);
    put_term(out, "Key", item->key);
    put_term(out, "SHA-256", item->fingerprint);
    fputs("</dl></li>\n", out);
}

static void put_chain(FILE *out, const struct findings *findings)
{
    const struct chain *path = &findings->path;
    if (path->count == 0)
        return;
    fputs("<section><h2>Certificates</h2><ol class=\"chain\">\n", out);
    if (!path->items[path->count - 1].is_anchor)
        fputs(
            "<li class=\"missing\"><p>No trust anchor leads to these certificates. They are shown "
            "as the server sent them.</p></li>\n",
            out);
    for (size_t i = path->count; i-- > 0;)
        put_certificate(out, findings, i);
    fputs("</ol></section>\n", out);
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
    fputs("<div class=\"row\"><span class=\"label\">", out);
    put_in(out, "b", "", span_names[span->kind]);
    put_in(out, "span", "", span->name);
    fprintf(out, "</span><div class=\"bars\"><i class=\"today\" style=\"left:%.2f%%\"></i>", TODAY);
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
            fprintf(out, "<section><h2>%s</h2><table class=\"facts\">\n",
                    fact_sections[section].title);
        has_title = true;
        fputs("<tr><td>", out);
        put_mark(out, fact->result);
        fputs("</td>", out);
        put_in(out, "th", "", fact->name);
        put_in(out, "td", "", fact->text);
        if (fact->milliseconds >= 0)
            fprintf(out, "<td class=\"time\">%" PRId64 " ms</td></tr>\n", fact->milliseconds);
        else
            fputs("<td></td></tr>\n", out);
    }
    if (has_title)
        fputs("</table></section>\n", out);
}

static void put_settings(FILE *out, const struct findings *findings)
{
    bool has_unset = false;
    if (findings->setting_count == 0)
        return;
    fputs("<section><h2>Settings</h2><table class=\"settings\"><thead><tr><th>Keyword</th>"
          "<th>Value</th><th>Comes from</th></tr></thead>\n",
          out);
    for (size_t i = 0; i < findings->setting_count; i++) {
        const struct finding_setting *setting = &findings->settings[i];
        has_unset = has_unset || setting->value == NULL;
        if (setting->value == NULL)
            continue;
        fprintf(out, "<tr class=\"%s\">", strcmp(setting->source, "default") == 0 ? "default" : "");
        put_in(out, "td", "", setting->keyword);
        put_in(out, "td", "value", setting->value);
        put_in(out, "td", "", setting->source);
        fputs("</tr>\n", out);
    }
    fputs("</table>\n", out);
    if (has_unset)
        fputs("<p class=\"note\">Not set:", out);
    for (size_t i = 0; i < findings->setting_count; i++)
        if (findings->settings[i].value == NULL)
            fprintf(out, " %s", findings->settings[i].keyword);
    fputs(has_unset ? "</p></section>\n" : "</section>\n", out);
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
