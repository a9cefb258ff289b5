/*
 * findings.h - what `odbcssl check` found out about one connection, as a plain value: the steps
 * fill it in, and it is shown as text while they run, as JSON, as a page, or as one line of many.
 */
#ifndef COMMAND_FINDINGS_H
#define COMMAND_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/error.h"
#include "base/report.h"
#include "command/chain.h"

struct progress;

enum fact_result {
    FACT_OK,
    FACT_SKIPPED, /* not tried, and why */
    FACT_WARNING, /* a failure if SslMode asked for it, or soon; or less than it should be */
    FACT_FAIL
};

enum fact_section { SECTION_SOURCE, SECTION_FILES, SECTION_SERVER, SECTION_VERIFICATION };
#define SECTION_COUNT 4

struct fact {
    enum fact_section section;
    enum fact_result result;
    char *name;
    char *text;
    const char *advice;   /* what to do about a failure or warning; NULL: nothing */
    int64_t milliseconds; /* that the step took; -1: it is no step that takes time */
};

/* A setting in force; value NULL: not set. */
struct finding_setting {
    char *keyword;
    char *value;
    char *source;
};

/* Something that is valid for a while. */
enum span_kind { SPAN_SERVER, SPAN_AUTHORITY, SPAN_ANCHOR, SPAN_CRL, SPAN_CLIENT };

struct finding_span {
    enum span_kind kind;
    char *name;
    time_t from;
    time_t until; /* 0: without end */
};

struct findings {
    char *name;   /* the data source; NULL: a connection string */
    char *server; /* "db.example.com, port 5432"; NULL: it did not come so far */
    struct finding_setting *settings;
    size_t setting_count;
    struct fact *facts;
    size_t fact_count;
    struct chain path; /* the server's; as the server sent it when none could be built */
    struct finding_span *spans;
    size_t span_count;
    struct tls_report *report; /* NULL: no server was seen */
    time_t at;

    /* The verdict. */
    enum fact_result verdict; /* OK, WARNING or FAIL */
    const char *reason;       /* the first one why a connection would fail; NULL: none */
    enum odbcssl_error error; /* of that; ODBCSSL_ERROR_NONE: it is the driver manager's */
    const char *sqlstate;     /* of that; NULL: a connection would come, past odbcssl */
    const char *state;        /* what a connection would be */

    /* While the steps run. */
    enum fact_section section; /* of the facts from here on */
    bool is_shown;             /* as text, at once */
    bool has_heading[SECTION_COUNT];
    int64_t started; /* the step's clock; 0: none runs */
    struct progress *progress;
};

/* A step begins that may take long: the next fact gets its time. doing: "connecting". */
void findings_start_step(struct findings *findings, const char *doing);

/* The next fact is about a step that took so long, of several that ran at once. */
void findings_took(struct findings *findings, int64_t milliseconds);

/* A fact, with what to do about it (NULL: the text says it; "": another fact does); format is a
 * printf's. Texts are copied, as in all functions here but for advice, sqlstate and state. */
void findings_add(struct findings *findings, enum fact_result result, const char *name,
                  const char *advice, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* A step that went well, or was not taken. */
#define findings_add_ok(findings, name, ...)                                                       \
    findings_add(findings, FACT_OK, name, NULL, __VA_ARGS__)
#define findings_add_skipped(findings, name, ...)                                                  \
    findings_add(findings, FACT_SKIPPED, name, NULL, __VA_ARGS__)

/* A fact with the error's text and the advice for it. is_needed: it is why a connection would fail,
 * and FACT_FAIL; else a connection in this mode would not come to it, and it is a FACT_WARNING. */
void findings_add_error(struct findings *findings, bool is_needed, const char *name,
                        const struct error *error);

/* Why a connection would fail, where other facts say it. The first one counts. */
void findings_blame(struct findings *findings, const struct error *error);

/* A connection would fail for a reason that is the driver manager's; sqlstate NULL: it would not
 * come to odbcssl. */
void findings_refuse(struct findings *findings, const char *sqlstate, const char *name,
                     const char *advice, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* A setting in force, value NULL: not set; and something that is valid until a time, 0: without
 * end. */
void findings_add_setting(struct findings *findings, const char *keyword, const char *value,
                          const char *source);
void findings_add_span(struct findings *findings, enum span_kind kind, const char *name,
                       time_t from, time_t until);

/* The verdict from what was found; state: what a connection would be. */
void findings_judge(struct findings *findings, const char *state);

/* Days until the first of a kind ends; false when there is none. */
bool findings_days_left(const struct findings *findings, enum span_kind kind, int32_t *days_out);

/* Goes through the facts that have advice, failures first, from *next = 0 on; NULL: there are no
 * more. */
const struct fact *findings_next_advised(const struct findings *findings, size_t *next);

/* By enum fact_result, enum fact_section and enum span_kind. */
struct fact_names {
    const char *title; /* for people: "FAIL", "Verification" */
    const char *word;  /* in JSON: "fail", "verification" */
};
extern const struct fact_names fact_results[], fact_sections[SECTION_COUNT];
extern const char *const span_names[];

#endif
