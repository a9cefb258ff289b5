/* Parameters: every C type into every column, arrays of them, data at execution. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "system/interface/log.h"

#define SLOT_SIZE 64

/* A value of each C type. */
static const SQL_DATE_STRUCT date_value = {2024, 2, 29};
static const SQL_TIME_STRUCT time_value = {12, 34, 56};
static const SQL_TIMESTAMP_STRUCT timestamp_value = {2024, 2, 29, 12, 34, 56, 789000000};
static const SQL_NUMERIC_STRUCT numeric_value = {12, 2, 1, {0x39, 0x30}};
static const SQLBIGINT big_value = 1234567890123;
static const SQLINTEGER long_value = 17;
static const SQLSMALLINT short_value = -3;
static const double double_value = 2.25;
static const float float_value = 1.5F;
static const unsigned char bit_value = 1;
static const SQLWCHAR wide_value[] = {'1', '2', 0};
static const SQLWCHAR wide_text[] = {'g', 'r', 0xFC, 'n', 0};

static const struct {
    SQLSMALLINT c_type, sql_type;
    SQLULEN size;
    SQLSMALLINT digits;
    const void *value;
    SQLLEN length;
} values[] = {
    {SQL_C_CHAR, SQL_VARCHAR, 30, 0, "12", SQL_NTS},
    {SQL_C_CHAR, SQL_LONGVARCHAR, 3000, 0, "a text", 6},
    {SQL_C_CHAR, SQL_TYPE_DATE, 10, 0, "2024-02-29", SQL_NTS},
    {SQL_C_CHAR, SQL_INTEGER, 10, 0, "nonsense", SQL_NTS},
    {SQL_C_CHAR, SQL_VARCHAR, 30, 0, NULL, SQL_NULL_DATA},
    {SQL_C_WCHAR, SQL_WVARCHAR, 30, 0, wide_value, SQL_NTS},
    {SQL_C_WCHAR, SQL_WVARCHAR, 30, 0, wide_text, SQL_NTS},
    {SQL_C_WCHAR, SQL_VARCHAR, 30, 0, wide_text, 4},
    {SQL_C_SLONG, SQL_INTEGER, 10, 0, &long_value, sizeof long_value},
    {SQL_C_SSHORT, SQL_SMALLINT, 5, 0, &short_value, sizeof short_value},
    {SQL_C_SBIGINT, SQL_BIGINT, 19, 0, &big_value, sizeof big_value},
    {SQL_C_FLOAT, SQL_REAL, 7, 0, &float_value, sizeof float_value},
    {SQL_C_DOUBLE, SQL_DOUBLE, 15, 0, &double_value, sizeof double_value},
    {SQL_C_NUMERIC, SQL_NUMERIC, 12, 2, &numeric_value, sizeof numeric_value},
    {SQL_C_TYPE_DATE, SQL_TYPE_DATE, 10, 0, &date_value, sizeof date_value},
    {SQL_C_TYPE_TIME, SQL_TYPE_TIME, 8, 0, &time_value, sizeof time_value},
    {SQL_C_TYPE_TIMESTAMP, SQL_TYPE_TIMESTAMP, 23, 3, &timestamp_value, sizeof timestamp_value},
    {SQL_C_BINARY, SQL_VARBINARY, 30, 0, "\x00\xFF\x10", 3},
    {SQL_C_BINARY, SQL_LONGVARBINARY, 3000, 0, "bytes", 5},
    {SQL_C_BIT, SQL_BIT, 1, 0, &bit_value, sizeof bit_value},
    {SQL_C_DEFAULT, SQL_INTEGER, 10, 0, &long_value, sizeof long_value},
    {998, SQL_INTEGER, 10, 0, &long_value, sizeof long_value},
};

#define VALUE_COUNT (sizeof values / sizeof *values)

static void describe(struct run *run, const char *sql)
{
    SQLSMALLINT count = -7, type = -7, digits = -7, nullable = -7;
    SQLULEN size = 7;
    log_call(SQL_HANDLE_STMT, run->statement, SQLPrepare(run->statement, log_take(sql), SQL_NTS),
             "SQLPrepare(%s)", sql);
    LOG_STATEMENT(run->statement, SQLNumParams(run->statement, &count));
    LOG_STATEMENT(run->statement,
                  SQLDescribeParam(run->statement, 1, &type, &size, &digits, &nullable));
    log_text("%d parameters; type %d size %lu digits %d nullable %d", count, type,
             (unsigned long)size, digits, nullable);
    LOG_STATEMENT(run->statement,
                  SQLDescribeParam(run->statement, 9, &type, &size, &digits, &nullable));
    LOG_STATEMENT(run->statement, SQLExecute(run->statement)); /* nothing is bound */
    SQLFreeStmt(run->statement, SQL_CLOSE);
}

static void bind(struct run *run, size_t i, SQLLEN *length)
{
    *length = values[i].length;
    SQLRETURN outcome =
        SQLBindParameter(run->statement, 1, SQL_PARAM_INPUT, values[i].c_type, values[i].sql_type,
                         values[i].size, values[i].digits, (SQLPOINTER)values[i].value, 0, length);
    log_call(SQL_HANDLE_STMT, run->statement, outcome, "SQLBindParameter(value %zu)", i);
}

static void into_column(struct run *run, const char *column)
{
    char insert[128], select[128];
    log_part("parameter %s", column);
    snprintf(insert, sizeof insert, "INSERT INTO sink (id, %s) VALUES (1, ?)", column);
    snprintf(select, sizeof select, "SELECT %s FROM sink", column);
    describe(run, insert);
    for (size_t i = 0; i < VALUE_COUNT; i++) {
        SQLLEN length;
        if (values[i].c_type == run->dialect->fatal_type)
            continue;
        interface_renew(run);
        bind(run, i, &length);
        log_call(SQL_HANDLE_STMT, run->statement,
                 SQLExecDirect(run->statement, log_take(insert), SQL_NTS), "%s, value %zu", insert,
                 i);
        interface_renew(run);
        if (interface_execute(run, select)) {
            unsigned char value[SLOT_SIZE];
            log_fill(value, sizeof value);
            SQLFetch(run->statement);
            SQLGetData(run->statement, 1, SQL_C_CHAR, value, sizeof value, &length);
            log_bytes(select, value, sizeof value);
        }
        SQLFreeStmt(run->statement, SQL_CLOSE);
        SQLExecDirect(run->statement, log_take("DELETE FROM sink"), SQL_NTS);
    }
    interface_renew(run);
}

static void through_select(struct run *run, const char *sql)
{
    describe(run, sql);
    for (size_t i = 0; i < VALUE_COUNT; i++) {
        SQLLEN length;
        if (values[i].c_type == run->dialect->fatal_type)
            continue;
        interface_renew(run);
        bind(run, i, &length);
        SQLRETURN outcome = SQLExecDirect(run->statement, log_take(sql), SQL_NTS);
        log_call(SQL_HANDLE_STMT, run->statement, outcome, "%s, value %zu", sql, i);
        if (SQL_SUCCEEDED(outcome))
            interface_dump(run, 2);
    }
    interface_renew(run);
}

#define ARRAY_SIZE 4

static void array(struct run *run, const char *sql)
{
    SQLINTEGER numbers[ARRAY_SIZE] = {1, 2, 2, 4};
    SQLLEN lengths[ARRAY_SIZE] = {0, 0, 0, SQL_NULL_DATA};
    SQLUSMALLINT status[ARRAY_SIZE] = {77, 77, 77, 77};
    SQLULEN processed = 77;
    SQLHSTMT statement = run->statement;
    LOG_STATEMENT(statement,
                  SQLSetStmtAttr(statement, SQL_ATTR_PARAMSET_SIZE, (SQLPOINTER)ARRAY_SIZE, 0));
    LOG_STATEMENT(statement, SQLSetStmtAttr(statement, SQL_ATTR_PARAM_STATUS_PTR, status, 0));
    LOG_STATEMENT(statement,
                  SQLSetStmtAttr(statement, SQL_ATTR_PARAMS_PROCESSED_PTR, &processed, 0));
    LOG_STATEMENT(statement, SQLBindParameter(statement, 1, SQL_PARAM_INPUT, SQL_C_SLONG,
                                              SQL_INTEGER, 10, 0, numbers, 0, lengths));
    LOG_STATEMENT(statement, SQLPrepare(statement, log_take(sql), SQL_NTS));
    LOG_STATEMENT(statement, SQLExecute(statement));
    log_text("%lu processed: %u %u %u %u", (unsigned long)processed, status[0], status[1],
             status[2], status[3]);
    for (int i = 0; i < ARRAY_SIZE; i++) {
        SQLLEN rows = -7;
        LOG_STATEMENT(statement, SQLRowCount(statement, &rows));
        log_text("%ld rows", (long)rows);
        if (LOG_STATEMENT(statement, SQLMoreResults(statement)) != SQL_SUCCESS)
            break;
    }
    interface_renew(run);
}

static void at_execution(struct run *run, const char *sql, SQLLEN length_or_marker)
{
    SQLLEN length = length_or_marker;
    SQLPOINTER which = NULL;
    SQLHSTMT statement = run->statement;
    LOG_STATEMENT(statement, SQLBindParameter(statement, 1, SQL_PARAM_INPUT, SQL_C_CHAR,
                                              SQL_VARCHAR, 30, 0, (SQLPOINTER)9, 0, &length));
    LOG_STATEMENT(statement, SQLPrepare(statement, log_take(sql), SQL_NTS));
    LOG_STATEMENT(statement, SQLExecute(statement));
    LOG_STATEMENT(statement, SQLPutData(statement, "too early", SQL_NTS));
    LOG_STATEMENT(statement, SQLParamData(statement, &which));
    log_text("parameter %d is wanted", (int)(intptr_t)which);
    LOG_STATEMENT(statement, SQLPutData(statement, "12", 2));
    LOG_STATEMENT(statement, SQLPutData(statement, "34", SQL_NTS));
    LOG_STATEMENT(statement, SQLFetch(statement)); /* out of sequence */
    SQLRETURN outcome = LOG_STATEMENT(statement, SQLParamData(statement, &which));
    SQLSMALLINT columns = 0;
    if (SQL_SUCCEEDED(outcome) && SQL_SUCCEEDED(SQLNumResultCols(statement, &columns)) &&
        columns > 0)
        interface_dump(run, 2);
    LOG_STATEMENT(statement, SQLExecute(statement));
    LOG_STATEMENT(statement, SQLCancel(statement)); /* while data is wanted */
    LOG_STATEMENT(statement, SQLParamData(statement, &which));
    interface_renew(run);
}

void interface_parameters(struct run *run)
{
    const struct dialect *dialect = run->dialect;
    for (size_t i = 0; dialect->columns != NULL && dialect->columns[i] != NULL; i++)
        into_column(run, dialect->columns[i]);
    for (size_t i = 0; dialect->parameters[i] != NULL; i++) {
        log_part("parameter %zu", i);
        through_select(run, dialect->parameters[i]);
        at_execution(run, dialect->parameters[i], SQL_DATA_AT_EXEC);
        at_execution(run, dialect->parameters[i], SQL_LEN_DATA_AT_EXEC(4));
    }
    if (dialect->columns == NULL)
        return;
    log_part("parameters");
    array(run, "INSERT INTO sink (id) VALUES (?)");
    array(run, "UPDATE sink SET id = id + ?");
    interface_execute(run, "SELECT id FROM sink ORDER BY id");
    interface_dump(run, 10);
    interface_execute(run, "DELETE FROM sink");
    at_execution(run, "INSERT INTO sink (id, c_varchar) VALUES (1, ?)", SQL_DATA_AT_EXEC);
    interface_execute(run, "SELECT c_varchar FROM sink");
    interface_dump(run, 10);
    interface_execute(run, "DELETE FROM sink");
}
