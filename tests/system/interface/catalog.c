/* The catalog functions with their results, and the descriptions of columns. */
#include <stdio.h>
#include <string.h>

#include "system/interface/log.h"

#define ROW_LIMIT 400
#define VALUE_SIZE 512

static void describe(struct run *run, SQLUSMALLINT column)
{
    static const SQLUSMALLINT fields[] = {SQL_DESC_AUTO_UNIQUE_VALUE,
                                          SQL_DESC_BASE_COLUMN_NAME,
                                          SQL_DESC_BASE_TABLE_NAME,
                                          SQL_DESC_CASE_SENSITIVE,
                                          SQL_DESC_CATALOG_NAME,
                                          SQL_DESC_CONCISE_TYPE,
                                          SQL_DESC_COUNT,
                                          SQL_DESC_DISPLAY_SIZE,
                                          SQL_DESC_FIXED_PREC_SCALE,
                                          SQL_DESC_LABEL,
                                          SQL_DESC_LENGTH,
                                          SQL_DESC_LITERAL_PREFIX,
                                          SQL_DESC_LITERAL_SUFFIX,
                                          SQL_DESC_LOCAL_TYPE_NAME,
                                          SQL_DESC_NAME,
                                          SQL_DESC_NULLABLE,
                                          SQL_DESC_NUM_PREC_RADIX,
                                          SQL_DESC_OCTET_LENGTH,
                                          SQL_DESC_PRECISION,
                                          SQL_DESC_SCALE,
                                          SQL_DESC_SCHEMA_NAME,
                                          SQL_DESC_SEARCHABLE,
                                          SQL_DESC_TABLE_NAME,
                                          SQL_DESC_TYPE,
                                          SQL_DESC_TYPE_NAME,
                                          SQL_DESC_UNNAMED,
                                          SQL_DESC_UNSIGNED,
                                          SQL_DESC_UPDATABLE,
                                          SQL_COLUMN_LENGTH,
                                          SQL_COLUMN_PRECISION,
                                          SQL_COLUMN_SCALE,
                                          SQL_COLUMN_NAME,
                                          SQL_COLUMN_TYPE_NAME,
                                          1212,
                                          1900};
    SQLTCHAR name[VALUE_SIZE] = {0}, little[4] = {0};
    SQLSMALLINT length = -7, type = -7, digits = -7, nullable = -7;
    SQLULEN size = 7;
    SQLRETURN outcome = SQLDescribeCol(run->statement, column, name, VALUE_SIZE, &length, &type,
                                       &size, &digits, &nullable);
    log_call(SQL_HANDLE_STMT, run->statement, outcome, "SQLDescribeCol(%u)", column);
    log_text("SQLDescribeCol(%u): %d type %d size %lu digits %d nullable %d", column, length, type,
             (unsigned long)size, digits, nullable);
    log_bytes("SQLDescribeCol", name, (size_t)(length > 0 ? length : 0) * sizeof *name);
    outcome = SQLDescribeCol(run->statement, column, little, 4, &length, &type, NULL, NULL, NULL);
    log_call(SQL_HANDLE_STMT, run->statement, outcome, "SQLDescribeCol(%u), cut, %d", column,
             length);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        unsigned char text[VALUE_SIZE];
        SQLLEN number = -77;
        char what[64];
        length = -7;
        log_fill(text, sizeof text);
        outcome =
            SQLColAttribute(run->statement, column, fields[i], text, sizeof text, &length, &number);
        snprintf(what, sizeof what, "SQLColAttribute(%u, %u)", column, fields[i]);
        log_call(SQL_HANDLE_STMT, run->statement, outcome, "%s", what);
        log_text("%s: %d %ld", what, length, (long)number);
        log_bytes(what, text, sizeof text);
    }
}

static void dump_row(struct run *run, SQLSMALLINT columns, int row)
{
    for (SQLSMALLINT column = 1; column <= columns; column++) {
        unsigned char value[VALUE_SIZE];
        SQLLEN length = -7;
        char what[64];
        log_fill(value, sizeof value);
        SQLRETURN outcome = SQLGetData(run->statement, (SQLUSMALLINT)column, SQL_C_TCHAR, value,
                                       sizeof value, &length);
        snprintf(what, sizeof what, "row %d column %d", row, column);
        if (outcome != SQL_SUCCESS)
            log_call(SQL_HANDLE_STMT, run->statement, outcome, "SQLGetData %s", what);
        log_text("%s length %ld", what, (long)length);
        log_bytes(what, value, sizeof value);
    }
}

bool interface_execute(struct run *run, const char *sql)
{
    SQLSMALLINT columns = 0;
    SQLLEN rows = -7;
    SQLRETURN outcome = SQLExecDirect(run->statement, log_take(sql), SQL_NTS);
    log_call(SQL_HANDLE_STMT, run->statement, outcome, "SQLExecDirect(%.200s)", sql);
    LOG_STATEMENT(run->statement, SQLRowCount(run->statement, &rows));
    LOG_STATEMENT(run->statement, SQLNumResultCols(run->statement, &columns));
    log_text("%ld rows, %d columns", (long)rows, columns);
    return SQL_SUCCEEDED(outcome) && columns > 0;
}

void interface_dump(struct run *run, int limit)
{
    SQLSMALLINT columns = 0;
    SQLRETURN outcome = SQL_SUCCESS;
    SQLNumResultCols(run->statement, &columns);
    for (SQLUSMALLINT column = 0; column <= columns + 1; column++)
        describe(run, column);
    for (int row = 1; row <= limit; row++) {
        outcome = SQLFetch(run->statement);
        log_call(SQL_HANDLE_STMT, run->statement, outcome, "SQLFetch");
        if (!SQL_SUCCEEDED(outcome))
            break;
        dump_row(run, columns, row);
    }
    LOG_STATEMENT(run->statement, SQLCloseCursor(run->statement));
}

static void finish(struct run *run, SQLRETURN outcome, const char *what)
{
    log_call(SQL_HANDLE_STMT, run->statement, outcome, "%s", what);
    if (SQL_SUCCEEDED(outcome))
        interface_dump(run, ROW_LIMIT);
    interface_renew(run);
}

#define FINISH(call) finish(run, call, #call)

void interface_catalog(struct run *run)
{
    static const SQLSMALLINT types[] = {
        SQL_ALL_TYPES,      SQL_INTEGER, SQL_VARCHAR, SQL_WVARCHAR, SQL_TYPE_DATE,
        SQL_TYPE_TIMESTAMP, SQL_DATE,    SQL_BINARY,  SQL_GUID,     9999};
    SQLTCHAR *things = TEXT_OF("things"), *all = TEXT_OF("%"), *none = TEXT_OF("");
    SQLTCHAR *parts = TEXT_OF("parts");
    log_part("catalog");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        log_text("type %d", types[i]);
        FINISH(SQLGetTypeInfo(run->statement, types[i]));
    }
    FINISH(SQLTables(run->statement, NULL, 0, NULL, 0, things, SQL_NTS, NULL, 0));
    FINISH(
        SQLTables(run->statement, NULL, 0, NULL, 0, TEXT_OF("pa%"), 3, TEXT_OF("TABLE"), SQL_NTS));
    FINISH(SQLTables(run->statement, all, SQL_NTS, none, SQL_NTS, none, SQL_NTS, NULL, 0));
    FINISH(SQLTables(run->statement, none, SQL_NTS, all, SQL_NTS, none, SQL_NTS, NULL, 0));
    FINISH(SQLTables(run->statement, none, 0, none, 0, none, 0, all, SQL_NTS));
    FINISH(SQLTables(run->statement, NULL, 0, NULL, 0, things, -9, NULL, 0));
    FINISH(SQLColumns(run->statement, NULL, 0, NULL, 0, things, SQL_NTS, NULL, 0));
    FINISH(SQLColumns(run->statement, NULL, 0, NULL, 0, parts, SQL_NTS, TEXT_OF("na_e"), SQL_NTS));
    FINISH(SQLPrimaryKeys(run->statement, NULL, 0, NULL, 0, things, SQL_NTS));
    FINISH(SQLForeignKeys(run->statement, NULL, 0, NULL, 0, things, SQL_NTS, NULL, 0, NULL, 0, NULL,
                          0));
    FINISH(SQLForeignKeys(run->statement, NULL, 0, NULL, 0, NULL, 0, NULL, 0, NULL, 0, parts,
                          SQL_NTS));
    FINISH(SQLForeignKeys(run->statement, NULL, 0, NULL, 0, NULL, 0, NULL, 0, NULL, 0, NULL, 0));
    FINISH(
        SQLStatistics(run->statement, NULL, 0, NULL, 0, parts, SQL_NTS, SQL_INDEX_ALL, SQL_QUICK));
    FINISH(SQLSpecialColumns(run->statement, SQL_BEST_ROWID, NULL, 0, NULL, 0, things, SQL_NTS,
                             SQL_SCOPE_SESSION, SQL_NULLABLE));
    FINISH(SQLSpecialColumns(run->statement, SQL_ROWVER, NULL, 0, NULL, 0, things, SQL_NTS,
                             SQL_SCOPE_CURROW, SQL_NULLABLE));
    FINISH(SQLProcedures(run->statement, NULL, 0, NULL, 0, TEXT_OF("add_one"), SQL_NTS));
    FINISH(SQLProcedureColumns(run->statement, NULL, 0, NULL, 0, TEXT_OF("add_one"), SQL_NTS, NULL,
                               0));
    FINISH(SQLTablePrivileges(run->statement, NULL, 0, NULL, 0, things, SQL_NTS));
    FINISH(SQLColumnPrivileges(run->statement, NULL, 0, NULL, 0, parts, SQL_NTS, NULL, 0));
}

void interface_columns(struct run *run)
{
    log_part("columns");
    if (run->dialect->columns != NULL && interface_execute(run, "SELECT * FROM things ORDER BY id"))
        interface_dump(run, 10);
    for (size_t i = 0; run->dialect->selects[i] != NULL; i++)
        if (interface_execute(run, run->dialect->selects[i]))
            interface_dump(run, 10);
    interface_renew(run);
}
