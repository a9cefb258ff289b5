/*
 * record.c - the state behind record.h: which session holds the main place, and what it has to
 * tell. Threads of sessions write, threads of the application wait and read.
 */
#include "session/record_internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/sparse.h"

struct session_record {
    atomic_uint references;
    struct session_options options;
    int64_t opened;                        /* clock_monotonic() */
    pthread_mutex_t mutex;                 /* of all that follows */
    const struct credentials *credentials; /* of the newest login; NULL: the options' */
    const struct session *main;
    bool is_alive;      /* the main session is logged in and has not ended */
    bool has_logged_in; /* some main session has */
    enum session_outcome outcome;
    struct error error; /* with outcome */
    struct error end;   /* why the main session ended, unless the real driver ended it */
    const char *doing;  /* static; NULL or empty: the real driver knows more */
    char server_name[DIAL_DESCRIPTION_SIZE];
    int64_t deadline;       /* of the main session */
    struct sparse report;   /* struct tls_report: of the newest handshake, until that logs in */
    struct sparse carried;  /* the same of the newest login */
    struct sparse warnings; /* struct error_list */
    size_t address;         /* index of the server's address that the main session uses */
};

struct session_record *session_record_open(const struct session_options *options)
{
    struct session_record *record = calloc(1, sizeof *record);
    if (record == NULL || pthread_mutex_init(&record->mutex, NULL) != 0) {
        free(record);
        return NULL;
    }
    record->options = *options;
    record->opened = clock_monotonic();
    record->address = RECORD_NO_ADDRESS;
    atomic_init(&record->references, 1);
    if (options->hold != NULL)
        options->hold(options->owner);
    return record;
}

struct session_record *session_record_hold(struct session_record *record)
{
    atomic_fetch_add(&record->references, 1);
    return record;
}

void session_record_release(struct session_record **record_address)
{
    struct session_record *record = *record_address;
    *record_address = NULL;
    if (record == NULL || atomic_fetch_sub(&record->references, 1) != 1)
        return;
    const struct session_options options = record->options;
    pthread_mutex_destroy(&record->mutex);
    sparse_free(&record->report);
    sparse_free(&record->carried);
    sparse_free(&record->warnings);
    credentials_release(&record->credentials);
    free(record);
    if (options.release != NULL)
        options.release(options.owner);
}

const struct session_options *session_record_options(const struct session_record *record)
{
    return &record->options;
}

const char *session_timeout_text(const struct session_options *options, char *out, size_t size)
{
    const char *source = options->timeout_source;
    snprintf(out, size, "%u seconds (%s)", options->timeout,
             source != NULL ? source : "SslTimeout, else the login time-out");
    return out;
}

/* --- what sessions write --- */

void record_claim(struct session_record *record, const struct session *session)
{
    pthread_mutex_lock(&record->mutex);
    if (record->main == NULL)
        record->main = session;
    pthread_mutex_unlock(&record->mutex);
}

bool record_is_main(struct session_record *record, const struct session *session)
{
    pthread_mutex_lock(&record->mutex);
    bool is_ours = record->main == session;
    pthread_mutex_unlock(&record->mutex);
    return is_ours;
}

void session_record_vacate(struct session_record *record, const struct session *session)
{
    pthread_mutex_lock(&record->mutex);
    if (record->main == session) {
        record->main = NULL;
        record->is_alive = false;
    }
    pthread_mutex_unlock(&record->mutex);
}

void record_set_doing(struct session_record *record, const struct session *session,
                      const char *doing, const char *server_name, int64_t deadline)
{
    pthread_mutex_lock(&record->mutex);
    if (record->main == session) {
        record->doing = doing;
        record->deadline = deadline;
        snprintf(record->server_name, sizeof record->server_name, "%s", server_name);
    }
    pthread_mutex_unlock(&record->mutex);
}

void record_set_address(struct session_record *record, const struct session *session,
                        size_t address)
{
    pthread_mutex_lock(&record->mutex);
    if (record->main == session)
        record->address = address;
    pthread_mutex_unlock(&record->mutex);
}

size_t record_get_address(struct session_record *record)
{
    pthread_mutex_lock(&record->mutex);
    size_t address = record->address;
    pthread_mutex_unlock(&record->mutex);
    return address;
}

/* The first login follows at once upon loading, except where SQLBrowseConnect asks the user
 * between. */
bool record_has_fresh_credentials(struct session_record *record)
{
    int64_t limit = (int64_t)record->options.timeout * 1000;
    pthread_mutex_lock(&record->mutex);
    bool is_fresh = !record->has_logged_in && clock_monotonic() - record->opened < limit;
    pthread_mutex_unlock(&record->mutex);
    return is_fresh;
}

const struct credentials *record_hold_credentials(struct session_record *record)
{
    pthread_mutex_lock(&record->mutex);
    const struct credentials *credentials = credentials_hold(record->credentials);
    pthread_mutex_unlock(&record->mutex);
    return credentials;
}

void record_keep_credentials(struct session_record *record, const struct credentials *credentials)
{
    const struct credentials *kept = credentials_hold(credentials);
    pthread_mutex_lock(&record->mutex);
    const struct credentials *former = record->credentials;
    record->credentials = kept;
    pthread_mutex_unlock(&record->mutex);
    credentials_release(&former);
}

bool record_set_report(struct session_record *record, const struct session *session,
                       const struct tls_report *report, const struct error_list *warnings)
{
    bool is_kept = true;
    pthread_mutex_lock(&record->mutex);
    if (record->main == session)
        is_kept = sparse_keep(&record->report, report, sizeof *report) &&
                  sparse_keep(&record->warnings, warnings, sizeof *warnings);
    pthread_mutex_unlock(&record->mutex);
    return is_kept;
}

/* A real driver that tries again after a failure fails for the same reason or for a consequence of
 * it: the first one is told. */
void record_set_outcome(struct session_record *record, const struct session *session,
                        enum session_outcome outcome, const struct error *error)
{
    pthread_mutex_lock(&record->mutex);
    bool is_repeated = outcome == SESSION_LOST && record->outcome == SESSION_LOST;
    if (record->main == session && !is_repeated) {
        record->outcome = outcome;
        error_clear(&record->error);
        error_copy(&record->error, error);
        /* Of a login in an open connection's place nobody but the application's next call can tell.
         * A rejected one is told by the real driver, in the server's words. */
        if (record->has_logged_in && outcome != SESSION_REJECTED) {
            error_clear(&record->end);
            error_copy(&record->end, error);
        }
    }
    pthread_mutex_unlock(&record->mutex);
}

void session_record_fail(struct session_record *record, const struct error *error)
{
    record_set_outcome(record, NULL, SESSION_LOST, error);
}

void record_set_logged_in(struct session_record *record, const struct session *session)
{
    pthread_mutex_lock(&record->mutex);
    if (record->main == session) {
        record->outcome = SESSION_CARRIED;
        error_clear(&record->error);
        error_clear(&record->end);
        record->is_alive = true;
        record->has_logged_in = true;
        sparse_free(&record->carried);
        record->carried = record->report;
        record->report = (struct sparse){0};
    }
    pthread_mutex_unlock(&record->mutex);
}

void record_set_ended(struct session_record *record, const struct session *session,
                      const struct error *error)
{
    pthread_mutex_lock(&record->mutex);
    if (record->main == session && record->is_alive) {
        record->is_alive = false;
        if (error != NULL)
            error_copy(&record->end, error);
    }
    pthread_mutex_unlock(&record->mutex);
}

/* --- what other threads read --- */

/* libpq counts whole seconds: its time-out may end almost one too early. */
#define EARLY_MILLISECONDS 1000

/* The real driver gave up by itself: for the login time-out, which runs beside our own clock and is
 * to be told in the same words, or for a reason that it tells. */
static void explain_waiting(const struct session_record *record, struct error *error)
{
    char limit[SESSION_TIMEOUT_TEXT_SIZE];
    if (record->doing == NULL || record->doing[0] == '\0')
        return;
    if (clock_monotonic() + EARLY_MILLISECONDS >= record->deadline)
        error_set(error, ODBCSSL_ERROR_TIMEOUT, "%s: the time-out of %s ran out while %s",
                  record->server_name, session_timeout_text(&record->options, limit, sizeof limit),
                  record->doing);
    else
        error_set(error, ODBCSSL_ERROR_CONNECT, "%s: the real driver gave up while %s",
                  record->server_name, record->doing);
}

enum session_outcome session_record_outcome(struct session_record *record,
                                            struct tls_report *report_out,
                                            struct error_list *warnings_out,
                                            struct error *error_out)
{
    pthread_mutex_lock(&record->mutex);
    enum session_outcome outcome = record->outcome;
    if (report_out != NULL)
        sparse_restore(record->has_logged_in ? &record->carried : &record->report, report_out,
                       sizeof *report_out);
    if (warnings_out != NULL)
        sparse_restore(&record->warnings, warnings_out, sizeof *warnings_out);
    if (outcome == SESSION_WAITING)
        explain_waiting(record, error_out);
    else
        error_copy(error_out, &record->error);
    pthread_mutex_unlock(&record->mutex);
    return outcome;
}

bool session_record_is_alive(struct session_record *record, struct error *error_out)
{
    pthread_mutex_lock(&record->mutex);
    bool is_alive = record->is_alive;
    if (!is_alive)
        error_copy(error_out, &record->end);
    pthread_mutex_unlock(&record->mutex);
    return is_alive;
}
