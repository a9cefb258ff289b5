/* Descriptors: every field of the implicit ones, explicit ones, copying. */
#include <stdint.h>
#include <stdio.h>

#include "system/interface/log.h"

#define VALUE_SIZE 128

/* Fields of a descriptor's header, of any record, and of records that the driver filled in: some
 * real drivers do not survive being asked for one where it does not belong. */
static const SQLSMALLINT header_fields[] = {SQL_DESC_ALLOC_TYPE, SQL_DESC_ARRAY_SIZE,
                                            SQL_DESC_BIND_TYPE, SQL_DESC_COUNT};
static const SQLSMALLINT any_fields[] = {SQL_DESC_CONCISE_TYPE,
                                         SQL_DESC_DATETIME_INTERVAL_CODE,
                                         SQL_DESC_DATETIME_INTERVAL_PRECISION,
                                         SQL_DESC_LENGTH,
                                         SQL_DESC_NUM_PREC_RADIX,
                                         SQL_DESC_OCTET_LENGTH,
                                         SQL_DESC_PRECISION,
                                         SQL_DESC_SCALE,
                                         SQL_DESC_TYPE};
static const SQLSMALLINT filled_fields[] = {SQL_DESC_AUTO_UNIQUE_VALUE,
                                            SQL_DESC_BASE_COLUMN_NAME,
                                            SQL_DESC_BASE_TABLE_NAME,
                                            SQL_DESC_CASE_SENSITIVE,
                                            SQL_DESC_CATALOG_NAME,
                                            SQL_DESC_DISPLAY_SIZE,
                                            SQL_DESC_FIXED_PREC_SCALE,
                                            SQL_DESC_LABEL,
                                            SQL_DESC_LITERAL_PREFIX,
                                            SQL_DESC_LITERAL_SUFFIX,
                                            SQL_DESC_LOCAL_TYPE_NAME,
                                            SQL_DESC_NAME,
                                            SQL_DESC_NULLABLE,
                                            SQL_DESC_SCHEMA_NAME,
                                            SQL_DESC_SEARCHABLE,
                                            SQL_DESC_TABLE_NAME,
                                            SQL_DESC_TYPE_NAME,
                                            SQL_DESC_UNNAMED,
                                            SQL_DESC_UNSIGNED,
                                            SQL_DESC_UPDATABLE,
                                            1900};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void read_field(SQLHDESC descriptor, const char *name, SQLSMALLINT record, SQLSMALLINT field)
{
    unsigned char value[VALUE_SIZE];
    SQLINTEGER length = -7;
    char what[96];
    log_fill(value, sizeof value);
    SQLRETURN outcome = SQLGetDescField(descriptor, record, field, value, sizeof value, &length);
    snprintf(what, sizeof what, "%s SQLGetDescField(%d, %d)", name, record, field);
    log_call(SQL_HANDLE_DESC, descriptor, outcome, "%s", what);
    log_text("%s length %d", what, (int)length);
    log_bytes(what, value, sizeof value);
}

static void read_record(SQLHDESC descriptor, const char *name, SQLSMALLINT record, bool is_filled)
{
    SQLTCHAR text[VALUE_SIZE] = {0};
    SQLSMALLINT length = -7, type = -7, subtype = -7, precision = -7, scale = -7, nullable = -7;
    SQLLEN octets = -7;
    for (size_t i = 0; i < COUNT(any_fields); i++)
        read_field(descriptor, name, record, any_fields[i]);
    for (size_t i = 0; is_filled && i < COUNT(filled_fields); i++)
        read_field(descriptor, name, record, filled_fields[i]);
    SQLRETURN outcome = SQLGetDescRec(descriptor, record, text, VALUE_SIZE, &length, &type,
                                      &subtype, &octets, &precision, &scale, &nullable);
    log_call(SQL_HANDLE_DESC, descriptor, outcome, "%s SQLGetDescRec(%d)", name, record);
    if (SQL_SUCCEEDED(outcome))
        log_text("%s: %d %d %d %ld %d %d %d", name, length, type, subtype, (long)octets, precision,
                 scale, nullable);
}

static void read_all(SQLHDESC descriptor, const char *name, bool is_filled)
{
    SQLINTEGER count = 0; /* psqlodbc writes four bytes */
    for (size_t i = 0; i < COUNT(header_fields); i++)
        read_field(descriptor, name, 0, header_fields[i]);
    SQLGetDescField(descriptor, 0, SQL_DESC_COUNT, &count, SQL_IS_INTEGER, NULL);
    for (SQLSMALLINT record = 1; record <= (SQLSMALLINT)count; record++)
        read_record(descriptor, name, record, is_filled);
}

static void set_fields(SQLHDESC descriptor, const char *name)
{
    static const struct {
        SQLSMALLINT field;
        intptr_t number;
    } settings[] = {{SQL_DESC_COUNT, 2},      {SQL_DESC_TYPE, SQL_NUMERIC},
                    {SQL_DESC_PRECISION, 9},  {SQL_DESC_SCALE, 2},
                    {SQL_DESC_ARRAY_SIZE, 3}, {SQL_DESC_LENGTH, 11},
                    {SQL_DESC_NULLABLE, 1},   {1900, 1},
                    {SQL_DESC_COUNT, 0},      {SQL_DESC_ARRAY_SIZE, 1},
                    {SQL_DESC_ALLOC_TYPE, 1}};
    static SQLINTEGER target;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        SQLRETURN outcome = SQLSetDescField(descriptor, 1, settings[i].field,
                                            (SQLPOINTER)settings[i].number, SQL_IS_INTEGER);
        log_call(SQL_HANDLE_DESC, descriptor, outcome, "%s SQLSetDescField(%d)", name,
                 settings[i].field);
    }
    SQLRETURN outcome = SQLSetDescRec(descriptor, 1, SQL_INTEGER, 0, 4, 10, 0, &target, NULL, NULL);
    log_call(SQL_HANDLE_DESC, descriptor, outcome, "%s SQLSetDescRec", name);
}

static void use_explicit(struct run *run)
{
    SQLHDESC descriptor = SQL_NULL_HDESC, ard = SQL_NULL_HDESC, now = SQL_NULL_HDESC;
    SQLHSTMT statement = run->statement;
    LOG_CONNECTION(run->connection, SQLAllocHandle(SQL_HANDLE_DESC, run->connection, &descriptor));
    read_all(descriptor, "explicit", false);
    SQLGetStmtAttr(statement, SQL_ATTR_APP_ROW_DESC, &ard, 0, NULL);
    set_fields(ard, "application row");
    log_call(SQL_HANDLE_DESC, descriptor, SQLCopyDesc(ard, descriptor), "SQLCopyDesc");
    read_all(descriptor, "copied", false);
    LOG_STATEMENT(statement, SQLSetStmtAttr(statement, SQL_ATTR_APP_ROW_DESC, descriptor, 0));
    SQLGetStmtAttr(statement, SQL_ATTR_APP_ROW_DESC, &now, 0, NULL);
    log_text("the explicit one is %s", now == descriptor ? "used" : "not used");
    LOG_STATEMENT(statement, SQLSetStmtAttr(statement, SQL_ATTR_IMP_ROW_DESC, descriptor, 0));
    if (interface_execute(run, run->dialect->selects[0]))
        interface_dump(run, 2);
    log_call(SQL_HANDLE_DESC, ard, SQLFreeHandle(SQL_HANDLE_DESC, ard), "SQLFreeHandle(implicit)");
    LOG_CONNECTION(run->connection, SQLFreeHandle(SQL_HANDLE_DESC, descriptor));
    SQLGetStmtAttr(statement, SQL_ATTR_APP_ROW_DESC, &now, 0, NULL);
    log_text("the implicit one is %s", now == ard ? "used again" : "not used");
}

void interface_descriptors(struct run *run)
{
    static const char *const names[] = {"application row", "application parameter",
                                        "implementation row", "implementation parameter"};
    SQLINTEGER number = 0;
    SQLLEN length = 0;
    log_part("descriptors");
    SQLBindCol(run->statement, 1, SQL_C_SLONG, &number, 0, &length);
    SQLBindParameter(run->statement, 1, SQL_PARAM_INPUT, SQL_C_SLONG, SQL_INTEGER, 10, 0, &number,
                     0, &length);
    for (int round = 0; round < 2; round++) {
        for (SQLINTEGER i = 0; i < 4; i++) {
            SQLHDESC descriptor = SQL_NULL_HDESC;
            SQLGetStmtAttr(run->statement, SQL_ATTR_APP_ROW_DESC + i, &descriptor, 0, NULL);
            read_all(descriptor, names[i], i == SQL_ATTR_IMP_ROW_DESC - SQL_ATTR_APP_ROW_DESC);
        }
        interface_execute(run, run->dialect->selects[0]);
    }
    interface_renew(run);
    use_explicit(run);
    interface_renew(run);
}
