/* Statements: mistakes and warnings, several results, names, cancelling. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "system/interface/log.h"

static void names(struct run *run)
{
    SQLTCHAR name[64] = {0};
    SQLSMALLINT length = -7;
    SQLHSTMT statement = run->statement;
    LOG_STATEMENT(statement, SQLGetCursorName(statement, name, 64, &length));
    LOG_STATEMENT(statement, SQLSetCursorName(statement, TEXT_OF("pointer"), SQL_NTS));
    LOG_STATEMENT(statement, SQLGetCursorName(statement, name, 64, &length));
    log_text("cursor name %s", log_printable(name, 64));
    LOG_STATEMENT(statement, SQLGetCursorName(statement, name, 4, &length));
    log_text("length %d", length);
    LOG_STATEMENT(statement, SQLSetCursorName(statement, TEXT_OF(""), SQL_NTS));
    LOG_STATEMENT(statement, SQLSetCursorName(statement, TEXT_OF("x"), -9));
}

static void native_sql(struct run *run)
{
    static const char *const texts[] = {"SELECT 1", "SELECT {fn UCASE('a')}", "{call add_one(1)}",
                                        "SELECT {d '2024-02-29'}", "SELECT {nonsense}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        SQLTCHAR out[256] = {0};
        SQLINTEGER length = -7;
        SQLRETURN outcome =
            SQLNativeSql(run->connection, log_take(texts[i]), SQL_NTS, out, 256, &length);
        log_call(SQL_HANDLE_DBC, run->connection, outcome, "SQLNativeSql(%s)", texts[i]);
        log_bytes("SQLNativeSql", out, (size_t)(length > 0 ? length : 0) * sizeof *out);
        outcome = SQLNativeSql(run->connection, log_take(texts[i]), SQL_NTS, out, 5, &length);
        log_call(SQL_HANDLE_DBC, run->connection, outcome, "SQLNativeSql cut, %d", (int)length);
    }
}

/* Functions where they do not belong. */
static void out_of_sequence(struct run *run)
{
    SQLHSTMT statement = run->statement;
    SQLPOINTER which;
    SQLSMALLINT columns;
    LOG_STATEMENT(statement, SQLFetch(statement));
    LOG_STATEMENT(statement, SQLExecute(statement));
    LOG_STATEMENT(statement, SQLCloseCursor(statement));
    LOG_STATEMENT(statement, SQLMoreResults(statement));
    LOG_STATEMENT(statement, SQLParamData(statement, &which));
    LOG_STATEMENT(statement, SQLNumResultCols(statement, &columns));
    LOG_STATEMENT(statement, SQLPrepare(statement, NULL, SQL_NTS));
    LOG_STATEMENT(statement, SQLExecDirect(statement, TEXT_OF(""), SQL_NTS));
    LOG_STATEMENT(statement, SQLExecDirect(statement, TEXT_OF("x"), -9));
    LOG_STATEMENT(statement, SQLFreeStmt(statement, 77));
    LOG_STATEMENT(statement, SQLSetPos(statement, 1, SQL_POSITION, SQL_LOCK_NO_CHANGE));
    LOG_STATEMENT(statement, SQLBulkOperations(statement, SQL_ADD));
    LOG_STATEMENT(statement, SQLCancel(statement));
}

static void several_results(struct run *run)
{
    bool is_there = interface_execute(run, run->dialect->several_results);
    for (int i = 0; i < 6; i++) {
        SQLSMALLINT columns = 0;
        SQLNumResultCols(run->statement, &columns);
        for (int row = 0; is_there && columns > 0 && row < 3; row++)
            LOG_STATEMENT(run->statement, SQLFetch(run->statement));
        if (!SQL_SUCCEEDED(LOG_STATEMENT(run->statement, SQLMoreResults(run->statement))))
            break;
    }
    interface_renew(run);
}

void interface_statements(struct run *run)
{
    log_part("statements");
    names(run);
    interface_renew(run);
    native_sql(run);
    out_of_sequence(run);
    interface_renew(run);
    several_results(run);
    for (size_t i = 0; run->dialect->mistakes[i] != NULL; i++) {
        if (interface_execute(run, run->dialect->mistakes[i]))
            interface_dump(run, 3);
        interface_renew(run);
    }
    if (run->dialect->procedure_call != NULL) {
        if (interface_execute(run, run->dialect->procedure_call))
            interface_dump(run, 3);
        interface_renew(run);
    }
}

struct slow_call {
    SQLHSTMT statement;
    const char *sql;
    atomic_bool is_over;
    SQLRETURN outcome;
};

static void *run_slowly(void *argument)
{
    struct slow_call *call = argument;
    call->outcome = SQLExecDirect(call->statement, log_take(call->sql), SQL_NTS);
    if (SQL_SUCCEEDED(call->outcome))
        call->outcome = SQLFetch(call->statement);
    atomic_store(&call->is_over, true);
    return NULL;
}

/* Cancels until it ends: nobody tells when the server has begun, and drivers do not survive a
 * storm. */
void interface_cancel(struct run *run)
{
    struct slow_call call = {.statement = run->statement, .sql = run->dialect->slow};
    pthread_t thread;
    log_part("cancel");
    if (call.sql == NULL || pthread_create(&thread, NULL, run_slowly, &call) != 0)
        return;
    while (!atomic_load(&call.is_over)) {
        SQLCancel(run->statement);
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    pthread_join(thread, NULL);
    log_text("%s -> %d", call.sql, call.outcome);
    interface_renew(run);
    interface_execute(run, run->dialect->selects[0]);
    interface_renew(run);
}
