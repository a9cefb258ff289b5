/* Values from the server in every C type, by SQLGetData whole and in pieces, and bound. */
#include <stdio.h>

#include "system/interface/log.h"

#define VALUE_SIZE 128
#define PIECE_LIMIT 12

static const SQLSMALLINT c_types[] = {
    SQL_C_CHAR,      SQL_C_WCHAR,
    SQL_C_BINARY,    SQL_C_BIT,
    SQL_C_STINYINT,  SQL_C_UTINYINT,
    SQL_C_SSHORT,    SQL_C_USHORT,
    SQL_C_SLONG,     SQL_C_ULONG,
    SQL_C_SBIGINT,   SQL_C_UBIGINT,
    SQL_C_FLOAT,     SQL_C_DOUBLE,
    SQL_C_NUMERIC,   SQL_C_TYPE_DATE,
    SQL_C_TYPE_TIME, SQL_C_TYPE_TIMESTAMP,
    SQL_C_DATE,      SQL_C_TIME,
    SQL_C_TIMESTAMP, SQL_C_GUID,
    SQL_C_DEFAULT,   SQL_C_INTERVAL_DAY,
    SQL_C_LONG,      999,
};

#define TYPE_COUNT (sizeof c_types / sizeof *c_types)

static void get(struct run *run, SQLUSMALLINT column, SQLSMALLINT type, SQLLEN size, int piece)
{
    unsigned char value[VALUE_SIZE];
    SQLLEN length = -7;
    char what[64];
    log_fill(value, sizeof value);
    SQLRETURN outcome = SQLGetData(run->statement, column, type, value, size, &length);
    snprintf(what, sizeof what, "SQLGetData(%u, %d, %d) %d", column, type, (int)size, piece);
    log_call(SQL_HANDLE_STMT, run->statement, outcome, "%s", what);
    log_text("%s length %ld", what, (long)length);
    log_bytes(what, value, sizeof value);
}

static void get_in_pieces(struct run *run, SQLSMALLINT type)
{
    for (int piece = 0; piece < PIECE_LIMIT; piece++)
        get(run, 1, type, 6, piece);
}

static void get_bound(struct run *run, SQLSMALLINT type)
{
    unsigned char value[VALUE_SIZE];
    SQLLEN length = -7;
    log_fill(value, sizeof value);
    SQLRETURN outcome = SQLBindCol(run->statement, 1, type, value, 12, &length);
    log_call(SQL_HANDLE_STMT, run->statement, outcome, "SQLBindCol(%d)", type);
    outcome = SQLFetch(run->statement);
    log_call(SQL_HANDLE_STMT, run->statement, outcome, "SQLFetch into %d", type);
    log_text("into %d length %ld", type, (long)length);
    log_bytes("bound", value, sizeof value);
    SQLFreeStmt(run->statement, SQL_UNBIND);
}

static void each_type(struct run *run, const char *sql)
{
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        if (!SQL_SUCCEEDED(SQLExecDirect(run->statement, log_take(sql), SQL_NTS)))
            return;
        SQLFetch(run->statement);
        get(run, 1, c_types[i], VALUE_SIZE, 0);
        get(run, 1, c_types[i], VALUE_SIZE, 1);
        SQLFreeStmt(run->statement, SQL_CLOSE);
        SQLExecDirect(run->statement, log_take(sql), SQL_NTS);
        get_bound(run, c_types[i]);
        SQLFreeStmt(run->statement, SQL_CLOSE);
    }
    SQLExecDirect(run->statement, log_take(sql), SQL_NTS);
    SQLFetch(run->statement);
    get_in_pieces(run, SQL_C_CHAR);
    SQLFreeStmt(run->statement, SQL_CLOSE);
    SQLExecDirect(run->statement, log_take(sql), SQL_NTS);
    SQLFetch(run->statement);
    get_in_pieces(run, SQL_C_WCHAR);
    get(run, 0, SQL_C_CHAR, VALUE_SIZE, 0);
    if (run->dialect->checks_columns)
        get(run, 9, SQL_C_CHAR, VALUE_SIZE, 0);
    interface_renew(run);
}

void interface_values(struct run *run)
{
    char sql[128];
    for (size_t i = 0; run->dialect->columns != NULL && run->dialect->columns[i] != NULL; i++) {
        log_part("value %s", run->dialect->columns[i]);
        snprintf(sql, sizeof sql, "SELECT %s FROM things WHERE id = 1", run->dialect->columns[i]);
        each_type(run, sql);
    }
    for (size_t i = 0; run->dialect->selects[i] != NULL; i++) {
        log_part("value %zu", i);
        each_type(run, run->dialect->selects[i]);
    }
}
