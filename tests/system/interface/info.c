/* SQLGetInfo and SQLGetFunctions: every number. */
#include <stdio.h>
#include <string.h>

#include "system/interface/log.h"

#define INFO_SIZE 512

/* Handles: the driver manager's answers. */
static bool is_address(SQLUSMALLINT type)
{
    return type == SQL_DRIVER_HDBC || type == SQL_DRIVER_HENV || type == SQL_DRIVER_HSTMT ||
           type == SQL_DRIVER_HLIB || type == SQL_DRIVER_HDESC;
}

static SQLSMALLINT ask(const struct run *run, SQLUSMALLINT type, SQLSMALLINT size)
{
    unsigned char value[INFO_SIZE];
    SQLSMALLINT length = -7;
    char what[64];
    log_fill(value, sizeof value);
    if (type == SQL_DRIVER_HSTMT)
        memcpy(value, &run->statement, sizeof run->statement);
    SQLRETURN outcome = SQLGetInfo(run->connection, type, value, size, &length);
    snprintf(what, sizeof what, "SQLGetInfo(%u, %d)", type, size);
    log_call(SQL_HANDLE_DBC, run->connection, outcome, "%s", what);
    log_text("%s length %d", what, length);
    if (!is_address(type))
        log_bytes(what, value, sizeof value);
    return SQL_SUCCEEDED(outcome) ? length : 0;
}

/* Only of a text: FreeTDS writes a number also to NULL. */
static void ask_length(const struct run *run, SQLUSMALLINT type)
{
    SQLSMALLINT length = -7;
    SQLRETURN outcome = SQLGetInfo(run->connection, type, NULL, 0, &length);
    log_text("SQLGetInfo(%u, NULL) -> %d, length %d", type, outcome, length);
}

void interface_info(const struct run *run)
{
    static const struct {
        SQLUSMALLINT first, last;
    } ranges[] = {{0, 2000}, {10000, 10030}, {20000, 20003}, {25000, 25004}, {30000, 30003}};
    log_part("info");
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        for (SQLUSMALLINT type = ranges[i].first; type <= ranges[i].last; type++) {
            if (type == SQL_DRIVER_HDESC)
                continue;
            SQLSMALLINT length = ask(run, type, INFO_SIZE);
            ask(run, type, 8);
            if (length > 0 && length != 2 && length != 4 && length != 8)
                ask_length(run, type);
        }
}

void interface_functions(const struct run *run)
{
    SQLUSMALLINT all[SQL_API_ODBC3_ALL_FUNCTIONS_SIZE] = {0}, old[100] = {0};
    log_part("functions");
    LOG_CONNECTION(run->connection,
                   SQLGetFunctions(run->connection, SQL_API_ODBC3_ALL_FUNCTIONS, all));
    log_bytes("SQL_API_ODBC3_ALL_FUNCTIONS", all, sizeof all);
    LOG_CONNECTION(run->connection, SQLGetFunctions(run->connection, SQL_API_ALL_FUNCTIONS, old));
    log_bytes("SQL_API_ALL_FUNCTIONS", old, sizeof old);
    for (SQLUSMALLINT function = 1; function < 2100; function++) {
        SQLUSMALLINT supported = 77;
        if (function == SQL_API_ODBC3_ALL_FUNCTIONS)
            continue;
        SQLRETURN outcome = SQLGetFunctions(run->connection, function, &supported);
        log_text("SQLGetFunctions(%u) -> %d %u", function, outcome, supported);
    }
}
