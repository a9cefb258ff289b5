#include "support/tds_server/sql.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "support/tds_server/server.h"
#include "support/tds_server/sql_token.h"

static struct value make_text(enum value_kind kind, const char *text)
{
    return (struct value){.kind = kind, .text = strdup(text), .length = strlen(text)};
}

static struct value make_integer(int64_t integer)
{
    return (struct value){.kind = VALUE_INTEGER, .integer = integer};
}

/* An int, a numeric with a point or too large for an int, or a float with an exponent. */
static struct value parse_number(struct parser *parser)
{
    struct value value = {.kind = VALUE_INTEGER};
    const char *point = strchr(parser->text, '.');
    if (strpbrk(parser->text, "eE") != NULL) {
        value.kind = VALUE_FLOAT;
        value.real = strtod(parser->text, NULL);
    } else {
        char digits[64];
        size_t length = 0;
        for (const char *next = parser->text; *next != '\0' && length < sizeof digits - 1; next++)
            if (*next != '.')
                digits[length++] = *next;
        digits[length] = '\0';
        errno = 0;
        value.integer = strtoll(digits, NULL, 10);
        value.scale = point != NULL ? (uint8_t)strlen(point + 1) : 0;
        if (errno != 0 || length > 18)
            parser_fail(parser, 1007, "The number '%.60s' is out of the range of this server.",
                        parser->text);
        if (point != NULL || value.integer > INT32_MAX)
            value.kind = VALUE_NUMERIC;
    }
    parser_advance(parser);
    return value;
}

static struct value parse_variable(struct parser *parser)
{
    const struct sql_context *context = parser->context;
    struct value value = {0};
    const char *name = parser->text;
    if (text_equal_nocase(name, "@@VERSION"))
        value = make_text(VALUE_WIDE, SERVER_VERSION_TEXT);
    else if (text_equal_nocase(name, "@@SPID"))
        value = make_integer(context->spid);
    else if (text_equal_nocase(name, "@@TRANCOUNT"))
        value = make_integer(context->transaction_count);
    else if (text_equal_nocase(name, "@@SERVERNAME"))
        value = make_text(VALUE_WIDE, "TDSTEST");
    else {
        size_t i = 0;
        while (i < context->parameter_count &&
               !text_equal_nocase(context->parameters[i].name, name))
            i++;
        if (i < context->parameter_count)
            value = value_copy(&context->parameters[i].value);
        else
            parser_fail(parser, 137, "Must declare the scalar variable \"%.100s\".", name);
    }
    parser_advance(parser);
    return value;
}

static struct value parse_expression(struct parser *parser);

static const struct type_name {
    const char *name;
    enum value_kind kind;
} type_names[] = {
    {"int", VALUE_INTEGER},  {"bigint", VALUE_INTEGER}, {"smallint", VALUE_INTEGER},
    {"float", VALUE_FLOAT},  {"real", VALUE_FLOAT},     {"varchar", VALUE_TEXT},
    {"char", VALUE_TEXT},    {"nvarchar", VALUE_WIDE},  {"nchar", VALUE_WIDE},
    {"sysname", VALUE_WIDE},
};

/* A type's name with its length or max, which are read over. */
static enum value_kind parse_type(struct parser *parser)
{
    enum value_kind kind = VALUE_NULL;
    for (size_t i = 0; i < sizeof type_names / sizeof *type_names; i++)
        if (parser_is_word(parser, type_names[i].name))
            kind = type_names[i].kind;
    if (kind == VALUE_NULL)
        parser_fail(parser, 243, "Type %.100s is not a defined system type.", parser->text);
    parser_advance(parser);
    if (parser_is_symbol(parser, '(')) {
        parser_advance(parser);
        parser_advance(parser);
        parser_expect_symbol(parser, ')');
    }
    return kind;
}

static void convert(struct parser *parser, struct value *value, enum value_kind kind)
{
    if (!parser->is_failed && !value_convert(value, kind))
        parser_fail(parser, 245, "Conversion failed when converting the varchar value '%.100s'.",
                    value->text);
}

static struct value parse_cast(struct parser *parser)
{
    parser_expect_symbol(parser, '(');
    struct value value = parse_expression(parser);
    parser_expect_word(parser, "as");
    convert(parser, &value, parse_type(parser));
    parser_expect_symbol(parser, ')');
    return value;
}

static struct value parse_convert(struct parser *parser)
{
    parser_expect_symbol(parser, '(');
    enum value_kind kind = parse_type(parser);
    parser_expect_symbol(parser, ',');
    struct value value = parse_expression(parser);
    convert(parser, &value, kind);
    parser_expect_symbol(parser, ')');
    return value;
}

static struct value parse_replicate(struct parser *parser)
{
    parser_expect_symbol(parser, '(');
    struct value value = parse_expression(parser);
    parser_expect_symbol(parser, ',');
    struct value count = parse_expression(parser);
    parser_expect_symbol(parser, ')');
    if (parser->is_failed || value.text == NULL || count.kind != VALUE_INTEGER ||
        count.integer < 0 || count.integer > 100000000) {
        parser_fail_syntax(parser);
        value_free(&count);
        return value;
    }
    size_t length = value.length * (size_t)count.integer;
    char *text = malloc(length + 1);
    for (int64_t i = 0; i < count.integer; i++)
        memcpy(text + (size_t)i * value.length, value.text, value.length);
    text[length] = '\0';
    free(value.text);
    value.text = text;
    value.length = length;
    return value;
}

static struct value parse_call(struct parser *parser, const char *answer)
{
    parser_expect_symbol(parser, '(');
    parser_expect_symbol(parser, ')');
    return make_text(VALUE_WIDE, answer);
}

static struct value parse_word(struct parser *parser)
{
    const struct sql_context *context = parser->context;
    if (parser_take_word(parser, "null"))
        return (struct value){.kind = VALUE_NULL};
    if (parser_take_word(parser, "n"))
        return (struct value){.kind = VALUE_ROW};
    if (parser_take_word(parser, "cast"))
        return parse_cast(parser);
    if (parser_take_word(parser, "convert"))
        return parse_convert(parser);
    if (parser_take_word(parser, "replicate"))
        return parse_replicate(parser);
    if (parser_take_word(parser, "db_name"))
        return parse_call(parser, context->database);
    if (parser_take_word(parser, "suser_sname") || parser_take_word(parser, "user_name"))
        return parse_call(parser, context->user);
    if (parser_take_word(parser, "system_user") || parser_take_word(parser, "current_user"))
        return make_text(VALUE_WIDE, context->user);
    parser_fail(parser, 207, "Invalid column name '%.100s'.", parser->text);
    return (struct value){0};
}

static struct value parse_value(struct parser *parser)
{
    struct value value = {0};
    if (parser->is_failed)
        return value;
    switch (parser->kind) {
    case TOKEN_NUMBER:
        return parse_number(parser);
    case TOKEN_VARIABLE:
        return parse_variable(parser);
    case TOKEN_WORD:
        return parse_word(parser);
    case TOKEN_TEXT:
    case TOKEN_WIDE:
        value = make_text(parser->kind == TOKEN_TEXT ? VALUE_TEXT : VALUE_WIDE, parser->text);
        parser_advance(parser);
        return value;
    default:
        break;
    }
    if (parser_is_symbol(parser, '(')) {
        parser_advance(parser);
        value = parse_expression(parser);
        parser_expect_symbol(parser, ')');
    } else if (parser_is_symbol(parser, '-')) {
        parser_advance(parser);
        value = parse_value(parser);
        value.integer = -value.integer;
        value.real = -value.real;
    } else {
        parser_fail_syntax(parser);
    }
    return value;
}

/* Sums of ints and of texts. */
static void add_value(struct parser *parser, struct value *sum, struct value *value)
{
    if (sum->kind == VALUE_INTEGER && value->kind == VALUE_INTEGER) {
        sum->integer += value->integer;
    } else if (sum->text != NULL && value->text != NULL) {
        sum->text = realloc(sum->text, sum->length + value->length + 1);
        memcpy(sum->text + sum->length, value->text, value->length + 1);
        sum->length += value->length;
        sum->kind = sum->kind > value->kind ? sum->kind : value->kind;
    } else {
        parser_fail(parser, 402, "The data types are incompatible in the %s operator.", "add");
    }
    value_free(value);
}

static struct value parse_expression(struct parser *parser)
{
    struct value sum = parse_value(parser);
    while (!parser->is_failed && parser_is_symbol(parser, '+')) {
        parser_advance(parser);
        struct value value = parse_value(parser);
        add_value(parser, &sum, &value);
    }
    return sum;
}

static const char *const reserved[] = {
    "select", "from",     "union", "set",   "use",   "waitfor", "print", "begin",
    "commit", "rollback", "if",    "order", "where", "exec",    "for",   "option",
};

static bool is_reserved(const struct parser *parser)
{
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (parser_is_word(parser, reserved[i]))
            return true;
    return false;
}

static void parse_alias(struct parser *parser, char *name)
{
    bool is_named = parser_take_word(parser, "as");
    bool is_name =
        parser->kind == TOKEN_WORD || parser->kind == TOKEN_QUOTED || parser->kind == TOKEN_TEXT;
    name[0] = '\0';
    if (!is_named && (!is_name || is_reserved(parser)))
        return;
    if (!is_name) {
        parser_fail_syntax(parser);
        return;
    }
    snprintf(name, SQL_NAME_SIZE, "%.*s", SQL_NAME_SIZE - 1, parser->text);
    parser_advance(parser);
}

static void parse_from(struct parser *parser, struct statement *statement)
{
    if (!parser_take_word(parser, "from"))
        return;
    if (!parser_is_word(parser, "numbers"))
        parser_fail(parser, 208, "Invalid object name '%.100s'.", parser->text);
    parser_advance(parser);
    parser_expect_symbol(parser, '(');
    statement->generated = (uint32_t)strtoul(parser->text, NULL, 10);
    parser_advance(parser);
    parser_expect_symbol(parser, ')');
}

static void parse_select(struct parser *parser, struct statement *statement)
{
    struct row **end = &statement->rows;
    do {
        char name[SQL_NAME_SIZE];
        size_t columns = 0;
        struct row *row = calloc(1, sizeof *row);
        *end = row;
        end = &row->next;
        do {
            if (parser_is_symbol(parser, ','))
                parser_advance(parser);
            if (columns == SQL_COLUMN_LIMIT) {
                parser_fail_syntax(parser);
                return;
            }
            row->values[columns] = parse_expression(parser);
            parse_alias(parser, row == statement->rows ? statement->names[columns] : name);
            columns++;
        } while (!parser->is_failed && parser_is_symbol(parser, ','));
        if (row == statement->rows)
            statement->columns = columns;
        else if (columns != statement->columns)
            parser_fail(parser, 205,
                        "All queries combined using a %s operator must have an equal number "
                        "of expressions in their target lists.",
                        "UNION");
        parse_from(parser, statement);
        if (!parser_take_word(parser, "union"))
            return;
        parser_expect_word(parser, "all");
        parser_expect_word(parser, "select");
    } while (!parser->is_failed);
}

/* SET has options of all kinds: they end where the next statement begins. */
static void skip_set(struct parser *parser)
{
    do
        parser_advance(parser);
    while (parser->kind != TOKEN_END && !parser_is_symbol(parser, ';') &&
           (!is_reserved(parser) || parser_is_word(parser, "for")));
}

static void parse_wait(struct parser *parser, struct statement *statement)
{
    unsigned hours, minutes, milliseconds = 0;
    double seconds;
    parser_expect_word(parser, "delay");
    if (sscanf(parser->text, "%2u:%2u:%lf", &hours, &minutes, &seconds) != 3)
        parser_fail_syntax(parser);
    else
        milliseconds = (hours * 3600 + minutes * 60) * 1000 + (unsigned)(seconds * 1000);
    statement->milliseconds = milliseconds;
    parser_advance(parser);
}

static void skip_transaction_word(struct parser *parser)
{
    if (!parser_take_word(parser, "tran") && !parser_take_word(parser, "transaction"))
        parser_take_word(parser, "work");
}

static void parse_text(struct parser *parser, struct statement *statement)
{
    snprintf(statement->text, sizeof statement->text, "%.*s", SQL_NAME_SIZE - 1, parser->text);
    parser_advance(parser);
}

static void parse_condition(struct parser *parser, struct statement *statement)
{
    if (!text_equal_nocase(parser->text, "@@TRANCOUNT"))
        parser_fail_syntax(parser);
    parser_advance(parser);
    parser_expect_symbol(parser, '>');
    statement->minimum_transactions = atoi(parser->text);
    parser_advance(parser);
}

static const struct {
    const char *word;
    enum statement_kind kind;
} statement_words[] = {
    {"select", STATEMENT_SELECT}, {"set", STATEMENT_SET},           {"use", STATEMENT_USE},
    {"waitfor", STATEMENT_WAIT},  {"print", STATEMENT_PRINT},       {"begin", STATEMENT_BEGIN},
    {"commit", STATEMENT_COMMIT}, {"rollback", STATEMENT_ROLLBACK},
};

static bool find_statement(const struct parser *parser, enum statement_kind *kind_out)
{
    for (size_t i = 0; i < sizeof statement_words / sizeof *statement_words; i++) {
        if (parser_is_word(parser, statement_words[i].word)) {
            *kind_out = statement_words[i].kind;
            return true;
        }
    }
    return false;
}

static void parse_statement(struct parser *parser, struct statement *statement)
{
    statement->minimum_transactions = -1;
    if (parser_take_word(parser, "if"))
        parse_condition(parser, statement);
    if (!find_statement(parser, &statement->kind)) {
        if (parser->kind == TOKEN_WORD && text_has_prefix_nocase(parser->text, "sp_"))
            parser_fail(parser, 2812, "Could not find stored procedure '%.100s'.", parser->text);
        parser_fail_syntax(parser);
        return;
    }
    if (statement->kind == STATEMENT_SET) {
        skip_set(parser);
        return;
    }
    parser_advance(parser);
    switch (statement->kind) {
    case STATEMENT_SELECT:
        parse_select(parser, statement);
        break;
    case STATEMENT_WAIT:
        parse_wait(parser, statement);
        break;
    case STATEMENT_USE:
    case STATEMENT_PRINT:
        parse_text(parser, statement);
        break;
    default:
        skip_transaction_word(parser);
        break;
    }
}

struct statement *sql_parse(const char *text, const struct sql_context *context,
                            struct sql_error *error)
{
    struct parser parser = {.next = text, .context = context, .error = error};
    struct statement *first = NULL, **end = &first;
    parser_advance(&parser);
    do {
        while (parser_is_symbol(&parser, ';'))
            parser_advance(&parser);
        struct statement *statement = calloc(1, sizeof *statement);
        statement->kind = STATEMENT_SET;
        statement->minimum_transactions = -1;
        *end = statement;
        end = &statement->next;
        if (parser.kind != TOKEN_END)
            parse_statement(&parser, statement);
        while (parser_is_symbol(&parser, ';'))
            parser_advance(&parser);
    } while (!parser.is_failed && parser.kind != TOKEN_END);
    free(parser.text);
    if (parser.is_failed) {
        sql_free(first);
        first = NULL;
    }
    return first;
}

void sql_free(struct statement *statements)
{
    while (statements != NULL) {
        struct statement *next = statements->next;
        while (statements->rows != NULL) {
            struct row *row = statements->rows;
            statements->rows = row->next;
            for (size_t i = 0; i < SQL_COLUMN_LIMIT; i++)
                value_free(&row->values[i]);
            free(row);
        }
        free(statements);
        statements = next;
    }
}
