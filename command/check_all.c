/* check_all.c - `odbcssl check --all`: a line for each data source that uses odbcssl. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "command/check.h"
#include "command/command.h"
#include "command/data_source.h"
#include "command/json.h"
#include "command/memory.h"
#include "command/odbc_files.h"
#include "command/progress.h"

/* Servers that are asked at a time: most of a check is waiting. */
#define THREAD_LIMIT 8

static const struct {
    enum span_kind kind;
    const char *title;
    const char *name; /* in JSON */
} columns[] = {
    {SPAN_SERVER, "SERVER", "server_certificate_days_left"},
    {SPAN_CRL, "CRL", "crl_days_left"},
    {SPAN_CLIENT, "CLIENT", "client_certificate_days_left"},
};

#define COLUMN_COUNT (sizeof columns / sizeof columns[0])

struct row {
    char *name;
    char *server;
    enum fact_result verdict;
    bool has_days[COLUMN_COUNT];
    int32_t days[COLUMN_COUNT];
    char *reason; /* NULL: all is well */
    char *advice;
};

struct rows {
    struct row *items;
    size_t count;
    size_t next; /* that no thread has taken yet */
    pthread_mutex_t lock;
};

static void find_rows(struct rows *rows)
{
    struct connstr names;
    odbc_list_sources(&names);
    for (size_t i = 0; i < names.count; i++) {
        struct data_source source = data_source_find(names.pairs[i].keyword);
        if (source.is_odbcssl) {
            rows->items = memory_grow(rows->items, rows->count, sizeof *rows->items);
            rows->items[rows->count++] = (struct row){.name = memory_copy(source.name)};
        }
        data_source_free(&source);
    }
    connstr_free(&names);
}

/* ---- checking ---- */

static void check_row(struct row *row)
{
    struct check check;
    struct connstr given = {0};
    memory_check(connstr_append(&given, "DSN", row->name));
    check_run(&check, &given, false);
    const struct findings *findings = &check.findings;
    const struct fact *worst = NULL; /* the first of that kind */
    for (size_t i = findings->fact_count; i-- > 0;)
        if (findings->facts[i].result == findings->verdict)
            worst = &findings->facts[i];
    row->verdict = findings->verdict;
    row->server = memory_copy(findings->server);
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        row->has_days[i] = findings_days_left(findings, columns[i].kind, &row->days[i]);
    if (row->verdict == FACT_FAIL)
        row->reason = memory_copy(findings->error.text);
    else if (row->verdict == FACT_WARNING && worst != NULL)
        row->reason = memory_format("%s: %s", worst->name, worst->text);
    if (row->verdict != FACT_OK && worst != NULL)
        row->advice = memory_copy(worst->advice);
    check_release(&check);
    connstr_free(&given);
}

static void *work(void *argument)
{
    struct rows *rows = argument;
    for (;;) {
        pthread_mutex_lock(&rows->lock);
        struct row *row = rows->next < rows->count ? &rows->items[rows->next++] : NULL;
        pthread_mutex_unlock(&rows->lock);
        if (row == NULL)
            return NULL;
        check_row(row);
    }
}

static void check_rows(struct rows *rows)
{
    pthread_t threads[THREAD_LIMIT];
    size_t count = 0;
    char *doing = memory_format("checking %zu data sources", rows->count);
    struct progress *progress = progress_start(doing);
    free(doing);
    while (count < THREAD_LIMIT && count + 1 < rows->count &&
           pthread_create(&threads[count], NULL, work, rows) == 0)
        count++;
    work(rows);
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    progress_stop(&progress);
}

/* ---- telling ---- */

static size_t count_verdict(const struct rows *rows, enum fact_result verdict)
{
    size_t count = 0;
    for (size_t i = 0; i < rows->count; i++)
        count += rows->items[i].verdict == verdict;
    return count;
}

static const char *const status_names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

/* Monitoring shows the first line. */
static void print_rows(const struct rows *rows, enum monitoring_status status)
{
    char days[16];
    if (rows->count == 0) {
        printf("%s: no data source of this user uses odbcssl\n", status_names[status]);
        return;
    }
    printf("%s: %zu data sources, %zu failed, %zu with warnings\n", status_names[status],
           rows->count, count_verdict(rows, FACT_FAIL), count_verdict(rows, FACT_WARNING));
    printf("%-20s %-36s %-7s", "DATA SOURCE", "ADDRESS", "VERDICT");
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        printf(" %7s", columns[i].title);
    printf("  DAYS LEFT; REASON\n");
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->items[i];
        printf("%-20s %-36s %-7s", row->name, row->server != NULL ? row->server : "-",
               fact_results[row->verdict].title);
        for (size_t k = 0; k < COLUMN_COUNT; k++) {
            snprintf(days, sizeof days, "%d", (int)row->days[k]);
            printf(" %7s", row->has_days[k] ? days : "-");
        }
        printf("%s%s\n", row->reason != NULL ? "  " : "", row->reason != NULL ? row->reason : "");
    }
}

static void write_rows(const struct rows *rows, enum monitoring_status status)
{
    struct json json = {0};
    json_open(&json, NULL, '{');
    json_text(&json, "status", status_names[status]);
    json_open(&json, "data_sources", '[');
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->items[i];
        json_open(&json, NULL, '{');
        json_text(&json, "name", row->name);
        json_text(&json, "address", row->server);
        json_text(&json, "verdict", fact_results[row->verdict].word);
        for (size_t k = 0; k < COLUMN_COUNT; k++)
            if (row->has_days[k])
                json_number(&json, columns[k].name, row->days[k]);
            else
                json_text(&json, columns[k].name, NULL);
        json_text(&json, "reason", row->reason);
        json_text(&json, "advice", row->advice);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_close(&json, '}');
}

int check_all(bool is_json)
{
    struct rows rows = {.lock = PTHREAD_MUTEX_INITIALIZER};
    find_rows(&rows);
    check_rows(&rows);
    enum monitoring_status status = rows.count == 0                          ? MONITORING_UNKNOWN
                                    : count_verdict(&rows, FACT_FAIL) > 0    ? MONITORING_CRITICAL
                                    : count_verdict(&rows, FACT_WARNING) > 0 ? MONITORING_WARNING
                                                                             : MONITORING_OK;
    if (is_json)
        write_rows(&rows, status);
    else
        print_rows(&rows, status);
    for (size_t i = 0; i < rows.count; i++) {
        free(rows.items[i].name);
        free(rows.items[i].server);
        free(rows.items[i].reason);
        free(rows.items[i].advice);
    }
    free(rows.items);
    return (int)status;
}
