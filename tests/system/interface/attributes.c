/* Attributes of environments, connections and statements: each is read, set, and read again. */
#include <stdint.h>
#include <stdio.h>

#include "system/interface/log.h"

#define VALUE_SIZE 256

struct range {
    SQLINTEGER first, last;
};

static const struct range environment_ranges[] = {{100, 130}, {200, 203}, {10001, 10002}};
static const struct range connection_ranges[] = {{0, 30},        {100, 130},    {1000, 1010},
                                                 {1204, 1212},   {1227, 1230},  {10000, 10020},
                                                 {30000, 30002}, {65536, 65545}};
static const struct range statement_ranges[] = {
    {-3, 40}, {1227, 1240}, {10000, 10020}, {30000, 30002}, {65536, 65545}};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool is_descriptor(SQLINTEGER attribute)
{
    return attribute >= SQL_ATTR_APP_ROW_DESC && attribute <= SQL_ATTR_IMP_PARAM_DESC;
}

/* Addresses that the driver would write to. */
static bool is_pointer(SQLINTEGER attribute)
{
    return is_descriptor(attribute) || attribute == SQL_ATTR_FETCH_BOOKMARK_PTR ||
           (attribute >= SQL_ATTR_PARAM_BIND_OFFSET_PTR &&
            attribute <= SQL_ATTR_PARAMS_PROCESSED_PTR && attribute != SQL_ATTR_PARAM_BIND_TYPE) ||
           attribute == SQL_ATTR_ROW_BIND_OFFSET_PTR || attribute == SQL_ATTR_ROW_OPERATION_PTR ||
           attribute == SQL_ATTR_ROW_STATUS_PTR || attribute == SQL_ATTR_ROWS_FETCHED_PTR;
}

static void read_environment(const struct run *run, SQLINTEGER attribute)
{
    unsigned char value[VALUE_SIZE];
    SQLINTEGER length = -7;
    log_fill(value, sizeof value);
    SQLRETURN outcome = SQLGetEnvAttr(run->environment, attribute, value, sizeof value, &length);
    log_call(SQL_HANDLE_ENV, run->environment, outcome, "SQLGetEnvAttr(%d)", (int)attribute);
    log_bytes("SQLGetEnvAttr", value, sizeof value);
}

static void read_connection(const struct run *run, SQLINTEGER attribute, SQLINTEGER size)
{
    unsigned char value[VALUE_SIZE];
    SQLINTEGER length = -7;
    char what[64];
    log_fill(value, sizeof value);
    SQLRETURN outcome = SQLGetConnectAttr(run->connection, attribute, value, size, &length);
    snprintf(what, sizeof what, "SQLGetConnectAttr(%d, %d)", (int)attribute, (int)size);
    log_call(SQL_HANDLE_DBC, run->connection, outcome, "%s", what);
    log_text("%s length %d", what, (int)length);
    log_bytes(what, value, sizeof value);
}

static void read_statement(const struct run *run, SQLINTEGER attribute)
{
    unsigned char value[VALUE_SIZE];
    SQLINTEGER length = -7;
    char what[64];
    log_fill(value, sizeof value);
    SQLRETURN outcome = SQLGetStmtAttr(run->statement, attribute, value, sizeof value, &length);
    snprintf(what, sizeof what, "SQLGetStmtAttr(%d)", (int)attribute);
    log_call(SQL_HANDLE_STMT, run->statement, outcome, "%s", what);
    log_text("%s length %d", what, (int)length);
    if (!is_descriptor(attribute))
        log_bytes(what, value, sizeof value);
}

static void set_connection(const struct run *run, SQLINTEGER attribute, intptr_t number)
{
    SQLRETURN outcome =
        SQLSetConnectAttr(run->connection, attribute, (SQLPOINTER)number, SQL_IS_UINTEGER);
    log_call(SQL_HANDLE_DBC, run->connection, outcome, "SQLSetConnectAttr(%d, %d)", (int)attribute,
             (int)number);
    read_connection(run, attribute, VALUE_SIZE);
}

static void set_statement(const struct run *run, SQLINTEGER attribute, intptr_t number)
{
    SQLRETURN outcome =
        SQLSetStmtAttr(run->statement, attribute, (SQLPOINTER)number, SQL_IS_UINTEGER);
    log_call(SQL_HANDLE_STMT, run->statement, outcome, "SQLSetStmtAttr(%d, %d)", (int)attribute,
             (int)number);
    read_statement(run, attribute);
}

static void try_statement(struct run *run, SQLINTEGER attribute)
{
    static const intptr_t numbers[] = {0, 1, 2, 3, 10, 100000};
    read_statement(run, attribute);
    for (size_t i = 0; i < COUNT(numbers); i++)
        if (!is_pointer(attribute) || numbers[i] == 0)
            set_statement(run, attribute, numbers[i]);
    interface_renew(run);
}

/* Those that can be set back to what they were. */
static const struct {
    SQLINTEGER attribute;
    intptr_t numbers[5];
} connection_settings[] = {
    {SQL_ATTR_ACCESS_MODE, {SQL_MODE_READ_ONLY, SQL_MODE_READ_WRITE, 9, 0, 0}},
    {SQL_ATTR_AUTOCOMMIT, {SQL_AUTOCOMMIT_OFF, 9, SQL_AUTOCOMMIT_ON, 1, 1}},
    {SQL_ATTR_LOGIN_TIMEOUT, {7, 0, 15, 0, 0}},
    {SQL_ATTR_CONNECTION_TIMEOUT, {7, 0, 0, 0, 0}},
    {SQL_ATTR_TXN_ISOLATION, {1, 4, 8, 99, 2}},
    {SQL_ATTR_PACKET_SIZE, {8192, 0, 4096, 4096, 4096}},
    {SQL_ATTR_QUIET_MODE, {0, 0, 0, 0, 0}},
    {SQL_ATTR_METADATA_ID, {1, 0, 0, 0, 0}},
    {SQL_ATTR_ASYNC_ENABLE, {1, 0, 0, 0, 0}},
    {SQL_ATTR_ANSI_APP, {0, 1, 0, 0, 0}},
    {SQL_ATTR_AUTO_IPD, {1, 0, 0, 0, 0}},
    {SQL_ATTR_TRANSLATE_OPTION, {1, 0, 0, 0, 0}},
    {SQL_ATTR_CONNECTION_DEAD, {1, 0, 0, 0, 0}},
    {SQL_ATTR_RESET_CONNECTION, {1, 0, 0, 0, 0}},
    {0x4001, {1, 2, 3, 4, 5}},
};

void interface_attributes(struct run *run)
{
    log_part("attributes");
    for (size_t i = 0; i < COUNT(environment_ranges); i++)
        for (SQLINTEGER a = environment_ranges[i].first; a <= environment_ranges[i].last; a++)
            read_environment(run, a);
    for (size_t i = 0; i < COUNT(connection_ranges); i++)
        for (SQLINTEGER a = connection_ranges[i].first; a <= connection_ranges[i].last; a++)
            read_connection(run, a, VALUE_SIZE);
    read_connection(run, SQL_ATTR_CURRENT_CATALOG, 6);
    for (size_t i = 0; i < COUNT(connection_settings); i++)
        for (size_t j = 0; j < COUNT(connection_settings[i].numbers); j++)
            set_connection(run, connection_settings[i].attribute,
                           connection_settings[i].numbers[j]);
    LOG_CONNECTION(run->connection, SQLSetConnectAttr(run->connection, SQL_ATTR_CURRENT_CATALOG,
                                                      TEXT_OF("nowhere"), SQL_NTS));
    read_connection(run, SQL_ATTR_CURRENT_CATALOG, VALUE_SIZE);
    for (size_t i = 0; i < COUNT(statement_ranges); i++)
        for (SQLINTEGER a = statement_ranges[i].first; a <= statement_ranges[i].last; a++)
            try_statement(run, a);
}
