/*
 * sql.h - the SQL that the server understands: SELECT of literals, and what clients send around it.
 *
 *      batch      = { statement [ ";" ] }
 *      statement  = select | SET ... | USE name | WAITFOR DELAY text | PRINT value | transaction
 *                 | IF @@TRANCOUNT > number statement
 *      select     = SELECT column { "," column } [ FROM numbers(number) ] { UNION ALL select }
 *      column     = value { "+" value } [ [ AS ] name ]
 *      value      = number | text | NULL | @parameter | @@VERSION ... | n | CAST(value AS type)
 *                 | CONVERT(type, value) | replicate(text, number) | db_name() ... | ( value )
 */
#ifndef TDS_SERVER_SQL_H
#define TDS_SERVER_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SQL_COLUMN_LIMIT 64
#define SQL_NAME_SIZE 132
#define SQL_ERROR_SIZE 400

/* In the order of precedence of SQL Server's types: a column has the highest of its values. */
enum value_kind {
    VALUE_NULL,
    VALUE_TEXT,    /* varchar */
    VALUE_WIDE,    /* nvarchar */
    VALUE_INTEGER, /* int, bigint */
    VALUE_NUMERIC, /* magnitude and scale */
    VALUE_FLOAT,
    VALUE_ROW /* n of numbers(): the row's number */
};

struct value {
    enum value_kind kind;
    int64_t integer; /* also NUMERIC's digits */
    uint8_t scale;
    double real;
    char *text; /* UTF-8 */
    size_t length;
};

struct row {
    struct value values[SQL_COLUMN_LIMIT];
    struct row *next;
};

enum statement_kind {
    STATEMENT_SELECT,
    STATEMENT_SET,
    STATEMENT_USE,
    STATEMENT_WAIT,
    STATEMENT_PRINT,
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK
};

struct statement {
    enum statement_kind kind;
    size_t columns;
    char names[SQL_COLUMN_LIMIT][SQL_NAME_SIZE];
    struct row *rows;
    uint32_t generated;       /* rows of numbers(); 0: none */
    char text[SQL_NAME_SIZE]; /* USE, PRINT */
    unsigned milliseconds;    /* WAITFOR */
    int minimum_transactions; /* IF @@TRANCOUNT > minimum; -1: always */
    struct statement *next;
};

struct parameter {
    char name[SQL_NAME_SIZE]; /* with @ */
    struct value value;
};

/* What functions and variables answer. */
struct sql_context {
    unsigned spid;
    unsigned transaction_count;
    const char *database;
    const char *user;
    const struct parameter *parameters;
    size_t parameter_count;
};

struct sql_error {
    unsigned number;
    char text[SQL_ERROR_SIZE];
};

/* NULL with error: not understood. An empty batch is a SET statement. */
struct statement *sql_parse(const char *text, const struct sql_context *context,
                            struct sql_error *error);
void sql_free(struct statement *statements);

struct value value_copy(const struct value *value);
void value_free(struct value *value);

/* Converts to one of TEXT, WIDE, INTEGER, FLOAT; false: it cannot be. */
bool value_convert(struct value *value, enum value_kind kind);

/* Digits and point; returns out. */
#define VALUE_NUMBER_SIZE 320
const char *value_number_text(const struct value *value, char *out);

#endif
