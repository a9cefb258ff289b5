/* check_all.c - `odbcssl check --all`: a line for each data source that uses odbcssl. */
#include <pthread.h>
#include <stdio.h>

#include "base/text.h"
#include "command/check.h"
#include "command/command.h"
#include "command/data_source.h"
#include "command/json.h"
#include "command/memory.h"
#include "command/odbc_section.h"
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

struct rows {
    struct findings *items;
    size_t count;
    size_t next; /* that no thread has taken yet */
    pthread_mutex_t lock;
};

/* Of a row only the name, until it is checked. */
static void find_rows(struct rows *rows)
{
    struct connstr names;
    odbc_section_list(INI_DATA_SOURCES, &names);
    for (size_t i = 0; i < names.count; i++) {
        struct data_source source = data_source_find(names.pairs[i].keyword);
        if (source.is_odbcssl) {
            rows->items = memory_grow(rows->items, rows->count, sizeof *rows->items);
            rows->items[rows->count++].name = source.name;
        }
        data_source_free(&source);
    }
    connstr_free(&names);
}

/* ---- checking ---- */

static void check_row(struct findings *row)
{
    struct check check;
    struct connstr given = {0};
    memory_check(connstr_append(&given, "DSN", row->name));
    check_run(&check, &given, false);
    *row = check.findings;
    check_release(&check);
    connstr_free(&given);
}

static void *work(void *argument)
{
    struct rows *rows = argument;
    for (;;) {
        pthread_mutex_lock(&rows->lock);
        struct findings *row = rows->next < rows->count ? &rows->items[rows->next++] : NULL;
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
    struct progress *progress =
        progress_start(memory_format("checking %zu data sources", rows->count));
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

/* Why a verdict is not FACT_OK; NULL: it is. */
static const char *describe_reason(const struct findings *row)
{
    const struct fact *fact = row->facts;
    if (row->verdict != FACT_WARNING)
        return row->reason;
    while (fact->result != FACT_WARNING)
        fact++;
    return memory_format("%s: %s", fact->name, fact->text);
}

/* Monitoring shows the first line. */
static void print_rows(const struct rows *rows, enum monitoring_status status)
{
    if (rows->count == 0) {
        struct error reason = {0};
        bool is_read = odbc_file_check(ODBC_USER_SOURCES, &reason) &&
                       odbc_file_check(ODBC_SYSTEM_SOURCES, &reason);
        printf("%s: no data source of this user uses odbcssl%s%s\n", status_names[status],
               is_read ? "" : "; ", reason.text);
        return;
    }
    printf("%s: %zu data sources, %zu failed, %zu with warnings\n", status_names[status],
           rows->count, count_verdict(rows, FACT_FAIL), count_verdict(rows, FACT_WARNING));
    printf("%-20s %-36s %-7s", "DATA SOURCE", "ADDRESS", "VERDICT");
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        printf(" %7s", columns[i].title);
    printf("  DAYS LEFT; REASON\n");
    for (size_t i = 0; i < rows->count; i++) {
        const struct findings *row = &rows->items[i];
        const char *reason = describe_reason(row);
        int32_t days;
        printf("%-20s %-36s %-7s", row->name, row->server != NULL ? row->server : "-",
               fact_results[row->verdict].title);
        for (size_t k = 0; k < COLUMN_COUNT; k++)
            if (findings_days_left(row, columns[k].kind, &days))
                printf(" %7d", (int)days);
            else
                printf(" %7s", "-");
        printf("%s%s\n", reason != NULL ? "  " : "", reason != NULL ? reason : "");
    }
}

static void write_rows(const struct rows *rows, enum monitoring_status status)
{
    struct json json = {0};
    json_open(&json, NULL, '{');
    json_text(&json, "status", status_names[status]);
    json_open(&json, "data_sources", '[');
    for (size_t i = 0; i < rows->count; i++) {
        const struct findings *row = &rows->items[i];
        size_t first = 0;
        const struct fact *advised = findings_next_advised(row, &first);
        int32_t days;
        json_open(&json, NULL, '{');
        json_text(&json, "name", row->name);
        json_text(&json, "address", row->server);
        json_text(&json, "verdict", fact_results[row->verdict].word);
        for (size_t k = 0; k < COLUMN_COUNT; k++)
            if (findings_days_left(row, columns[k].kind, &days))
                json_number(&json, columns[k].name, days);
            else
                json_text(&json, columns[k].name, NULL);
        json_text(&json, "reason", describe_reason(row));
        json_text(&json, "advice", advised != NULL ? advised->advice : NULL);
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
    return (int)status;
}
