/*
 * sql.h - the SQL that the server understands: what the clients of the tests send, and no more.
 *
 *      batch     = { statement [ ";" ] }
 *      statement = select | SET ... | USE name | WAITFOR DELAY text | PRINT text | transaction
 *                | IF @@TRANCOUNT > number statement
 *      select    = SELECT column { "," column } [ FROM numbers(number) ] { UNION ALL select }
 *      column    = value [ [ AS ] name ]
 *      value     = number | text | NULL | n | @parameter | @@VERSION | @@TRANCOUNT | db_name()
 *                | CAST(value AS type) | replicate(value, number)
 */
#ifndef TDS_SERVER_SQL_H
#define TDS_SERVER_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SQL_COLUMN_LIMIT 64
#define SQL_NAME_SIZE 132
#define SQL_ERROR_SIZE 400

enum value_kind {
    VALUE_NULL,
    VALUE_TEXT, /* varchar */
    VALUE_WIDE, /* nvarchar */
    VALUE_INTEGER,
    VALUE_NUMERIC,
    VALUE_FLOAT,
    VALUE_ROW /* n of numbers(): the row's number */
};

struct value {
    enum value_kind kind;
    char *text; /* UTF-8; numbers in decimal, as C reads them */
    size_t length;
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
    size_t rows;
    char names[SQL_COLUMN_LIMIT][SQL_NAME_SIZE];
    struct value *values;     /* row by row */
    uint32_t generated;       /* how often the rows come, for numbers() */
    char text[SQL_NAME_SIZE]; /* USE, PRINT, WAITFOR */
    int minimum_transactions; /* IF @@TRANCOUNT > minimum; -1: always */
    struct statement *next;
};

struct parameter {
    char name[SQL_NAME_SIZE]; /* with @ */
    struct value value;
};

/* What functions and variables answer. */
struct sql_context {
    unsigned transaction_count;
    const char *database;
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

struct value value_make(enum value_kind kind, const char *text, size_t length);
void value_free(struct value *value);

#endif
