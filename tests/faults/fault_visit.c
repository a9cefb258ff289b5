#include "faults/fault_visit.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "odbcssl.h"
#include "support/odbc.h"

#define ROWS 40
#define ROW_SIZE 700
#define SENT_SIZE 20000
#define CANCEL_PAUSE 20 /* milliseconds: it may come before its query does */

#define HIDDEN " as " VISIT_SECRET

void visit_find(struct visit_notes *notes, const char *format, ...)
{
    va_list arguments;
    size_t used = strlen(notes->finding);
    if (used + 500 > sizeof notes->finding)
        return;
    va_start(arguments, format);
    vsnprintf(notes->finding + used, sizeof notes->finding - used - 2, format, arguments);
    va_end(arguments);
    strcat(notes->finding, "\n");
}

/* One clear error: records with a state and words, of ours one at most. */
static void check_error(const struct visit *visit, struct visit_notes *notes,
                        const struct odbc_session *session)
{
    const char *text = session->diagnostics, *first = strstr(text, "[odbcssl]");
    notes->errors++;
    if (notes->error[0] == '\0')
        snprintf(notes->error, sizeof notes->error, "%s: %.350s", notes->phase, text);
    if (visit->may_be_mute && text[0] == '\0')
        return;
    if (strlen(session->sqlstate) != 5 || strlen(text) < 20)
        visit_find(notes, "%s: no clear error: %d '%s'", notes->phase, session->result, text);
    if (first != NULL && strstr(first + 1, "[odbcssl]") != NULL)
        visit_find(notes, "%s: two errors: %s", notes->phase, text);
    if (visit->must_succeed && (visit->refusal == 0 || session->native != visit->refusal))
        visit_find(notes, "%s: it has to succeed: %s", notes->phase, text);
}

static void check_value(const struct visit *visit, struct visit_notes *notes,
                        struct odbc_session *session, const char *sql, const char *wanted)
{
    if (!odbc_query(session, sql))
        check_error(visit, notes, session);
    else if (strcmp(session->value, wanted) != 0)
        visit_find(notes, "%s: wrong data: '%.100s', wanted '%.100s'", notes->phase, session->value,
                   wanted);
}

static void ask(const struct visit *visit, struct visit_notes *notes, struct odbc_session *session)
{
    notes->phase = "query";
    check_value(visit, notes, session, "select 42" HIDDEN, "42");
}

static void fetch(const struct visit *visit, struct visit_notes *notes,
                  struct odbc_session *session)
{
    char wanted[ROW_SIZE + 1] = "", value[ROW_SIZE + 100] = "";
    SQLLEN length = 0;
    notes->phase = "result";
    SQLFreeStmt(session->statement, SQL_CLOSE);
    char sql[ROWS * 100];
    for (int i = 0, used = 0; i < ROWS; i++)
        used += snprintf(sql + used, sizeof sql - (size_t)used, "%sselect %s('%c', %d)" HIDDEN,
                         i > 0 ? " union all " : "", visit->words->repeat, 'A' + i % 26, ROW_SIZE);
    session->result = SQLExecDirect(session->statement, (SQLCHAR *)sql, SQL_NTS);
    int row = 0;
    while (SQL_SUCCEEDED(session->result) &&
           SQL_SUCCEEDED(session->result = SQLFetch(session->statement))) {
        session->result =
            SQLGetData(session->statement, 1, SQL_C_CHAR, value, sizeof value, &length);
        memset(wanted, 'A' + row % 26, ROW_SIZE);
        if (SQL_SUCCEEDED(session->result) && strcmp(value, wanted) != 0)
            visit_find(notes, "wrong data in row %d: '%.60s'", row, value);
        row++;
    }
    if (session->result == SQL_NO_DATA && row != ROWS)
        visit_find(notes, "%d rows of %d, and no error", row, ROWS);
    if (session->result == SQL_NO_DATA)
        return;
    session->diagnostics[0] = session->sqlstate[0] = '\0';
    SQLCHAR state[6] = "", text[1024] = "";
    if (SQL_SUCCEEDED(SQLGetDiagRec(SQL_HANDLE_STMT, session->statement, 1, state, NULL, text,
                                    sizeof text, NULL))) {
        memcpy(session->sqlstate, state, sizeof state);
        snprintf(session->diagnostics, sizeof session->diagnostics, "%s %s", state, text);
    }
    check_error(visit, notes, session);
}

static void send_much(const struct visit *visit, struct visit_notes *notes,
                      struct odbc_session *session)
{
    char *sql = malloc(SENT_SIZE + 100), *wanted = malloc(SENT_SIZE + 1);
    notes->phase = "sending";
    for (size_t i = 0; i < SENT_SIZE; i++)
        wanted[i] = (char)('a' + i * 7 % 26);
    wanted[SENT_SIZE] = '\0';
    sprintf(sql, "select '%s'" HIDDEN, wanted);
    check_value(visit, notes, session, sql, wanted);
    free(sql);
    free(wanted);
}

struct canceller {
    SQLHSTMT statement;
    atomic_bool is_over;
};

/* Again and again, since the query may not have come to the server. */
static void *cancel_again(void *argument)
{
    struct canceller *canceller = argument;
    for (int i = 0; i < 20 && !atomic_load(&canceller->is_over); i++) {
        poll(NULL, 0, CANCEL_PAUSE);
        if (!atomic_load(&canceller->is_over))
            SQLCancel(canceller->statement);
    }
    return NULL;
}

static void cancel(const struct visit *visit, struct visit_notes *notes,
                   struct odbc_session *session)
{
    struct canceller canceller = {.statement = session->statement};
    pthread_t thread;
    notes->phase = "cancellation";
    if (pthread_create(&thread, NULL, cancel_again, &canceller) != 0)
        return;
    SQLFreeStmt(session->statement, SQL_CLOSE);
    bool is_done = odbc_query(session, visit->words->sleep);
    atomic_store(&canceller.is_over, true);
    pthread_join(thread, NULL);
    if (!is_done && strcmp(session->sqlstate, visit->words->cancelled) != 0 &&
        strcmp(session->sqlstate, visit->words->emptied) != 0)
        check_error(visit, notes, session);
}

static void check_state(const struct visit *visit, struct visit_notes *notes,
                        struct odbc_session *session)
{
    unsigned lowest = visit->wants_plaintext_allowed ? ODBCSSL_STATE_PLAINTEXT_FALLBACK
                                                     : ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED;
    notes->phase = "report";
    unsigned state = odbc_info_number(session, SQL_SSL_STATE);
    if (!SQL_SUCCEEDED(session->result))
        check_error(visit, notes, session);
    else if (state < lowest)
        visit_find(notes, "a downgrade: SQL_SSL_STATE is %u", state);
}

void visit_server(const struct visit *visit, struct visit_notes *notes)
{
    struct odbc_session *session = calloc(1, sizeof *session);
    notes->phase = "connecting";
    int64_t start = clock_monotonic();
    bool is_connected = odbc_connect(session, "%s", visit->connection_string);
    unsigned seconds = (unsigned)((clock_monotonic() - start) / 1000);
    if (seconds > notes->seconds)
        notes->seconds = seconds;
    if (is_connected && visit->connected != NULL)
        visit->connected(visit->context);
    if (is_connected && visit->refusal != 0)
        visit_find(notes, "connected, but error %d was deserved", visit->refusal);
    if (!is_connected) {
        check_error(visit, notes, session);
    } else {
        check_state(visit, notes, session);
        ask(visit, notes, session);
        if (!visit->is_brief) {
            fetch(visit, notes, session);
            send_much(visit, notes, session);
        }
        if (visit->cancels)
            cancel(visit, notes, session);
    }
    notes->phase = "disconnecting";
    odbc_close(session);
    free(session);
    notes->phase = "left";
}
