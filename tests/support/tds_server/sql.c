/* sql.c - reads a batch into its statements, straight from the text. */
#include "support/tds_server/sql.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "support/tds_server/server.h"

struct parser {
    const char *next;
    const struct sql_context *context;
    struct sql_error *error;
    bool is_failed;
};

struct value value_make(enum value_kind kind, const char *text, size_t length)
{
    return (struct value){kind, strndup(text, length), length};
}

void value_free(struct value *value)
{
    free(value->text);
    *value = (struct value){0};
}

static bool is_name(char character)
{
    return isalnum((unsigned char)character) || (unsigned char)character >= 0x80 ||
           (character != '\0' && strchr("_@$#", character) != NULL);
}

static size_t skip_space(struct parser *parser)
{
    size_t length = 0;
    while (isspace((unsigned char)*parser->next))
        parser->next++;
    while (is_name(parser->next[length]))
        length++;
    return length;
}

/* The first error stays; it names the word or character that comes next. */
static void fail(struct parser *parser, unsigned number, const char *what)
{
    size_t length = skip_space(parser);
    if (parser->is_failed)
        return;
    parser->is_failed = true;
    parser->error->number = number;
    snprintf(parser->error->text, sizeof parser->error->text, "%s '%.*s'.", what,
             (int)(length > 0 ? length : *parser->next != '\0'), parser->next);
}

static void fail_syntax(struct parser *parser)
{
    fail(parser, 102, "Incorrect syntax near");
}

static bool is_word(struct parser *parser, const char *word)
{
    size_t length = skip_space(parser);
    return length == strlen(word) && strncasecmp(parser->next, word, length) == 0;
}

static bool take_word(struct parser *parser, const char *word)
{
    bool is_taken = is_word(parser, word);
    parser->next += is_taken ? strlen(word) : 0;
    return is_taken;
}

static bool take_symbol(struct parser *parser, char symbol)
{
    skip_space(parser);
    bool is_taken = *parser->next == symbol;
    parser->next += is_taken;
    return is_taken;
}

static void expect_symbol(struct parser *parser, char symbol)
{
    if (!take_symbol(parser, symbol))
        fail_syntax(parser);
}

/* Up to the closing quote, which stands for itself when it comes twice. */
static struct value take_quoted(struct parser *parser, enum value_kind kind, char quote)
{
    struct value value = value_make(kind, parser->next, strlen(parser->next));
    value.length = 0;
    for (const char *next = parser->next; *next != '\0'; next++) {
        if (*next == quote && *++next != quote) {
            parser->next = next;
            value.text[value.length] = '\0';
            return value;
        }
        value.text[value.length++] = *next;
    }
    fail(parser, 105, "Unclosed quotation mark before");
    return value;
}

/* A name as it is or in quotes, or a text. */
static void take_name(struct parser *parser, char *name)
{
    struct value value = {0};
    size_t length = skip_space(parser);
    if (take_symbol(parser, '[')) {
        value = take_quoted(parser, VALUE_TEXT, ']');
    } else if (*parser->next == '"' || *parser->next == '\'') {
        parser->next++;
        value = take_quoted(parser, VALUE_TEXT, parser->next[-1]);
    } else if (length > 0) {
        value = value_make(VALUE_TEXT, parser->next, length);
        parser->next += length;
    } else {
        fail_syntax(parser);
    }
    snprintf(name, SQL_NAME_SIZE, "%s", value.text != NULL ? value.text : "");
    value_free(&value);
}

/* An int, a numeric with a point or too large for an int, or a float with an exponent. */
static struct value take_number(struct parser *parser)
{
    const char *begin = parser->next;
    parser->next += strspn(parser->next, "-");
    parser->next += strspn(parser->next, "0123456789.");
    if (*parser->next == 'e' || *parser->next == 'E') {
        parser->next++;
        parser->next += strspn(parser->next, "-+");
        parser->next += strspn(parser->next, "0123456789");
    }
    struct value value = value_make(VALUE_INTEGER, begin, (size_t)(parser->next - begin));
    if (strpbrk(value.text, "eE") != NULL)
        value.kind = VALUE_FLOAT;
    else if (strchr(value.text, '.') != NULL || strtoll(value.text, NULL, 10) > INT32_MAX)
        value.kind = VALUE_NUMERIC;
    return value;
}

static struct value take_parameter(struct parser *parser)
{
    const struct sql_context *context = parser->context;
    for (size_t i = 0; i < context->parameter_count; i++) {
        const struct value *value = &context->parameters[i].value;
        if (take_word(parser, context->parameters[i].name))
            return value->kind == VALUE_NULL ? (struct value){0}
                                             : value_make(value->kind, value->text, value->length);
    }
    fail(parser, 137, "Must declare the scalar variable");
    return (struct value){0};
}

static struct value take_value(struct parser *parser);

static const struct type_name {
    const char *name;
    enum value_kind kind;
} type_names[] = {
    {"int", VALUE_INTEGER},
    {"float", VALUE_FLOAT},
    {"varchar", VALUE_TEXT},
    {"nvarchar", VALUE_WIDE},
};

/* The length in the type's name is read over. */
static struct value take_cast(struct parser *parser)
{
    size_t i = 0;
    char *end = NULL;
    expect_symbol(parser, '(');
    struct value value = take_value(parser);
    if (!take_word(parser, "as"))
        fail_syntax(parser);
    while (i < sizeof type_names / sizeof *type_names && !take_word(parser, type_names[i].name))
        i++;
    if (i == sizeof type_names / sizeof *type_names) {
        fail(parser, 243, "There is no type");
        return value;
    }
    bool is_text = type_names[i].kind == VALUE_TEXT || type_names[i].kind == VALUE_WIDE;
    if (!is_text && value.text != NULL && (strtod(value.text, &end), *end != '\0'))
        fail(parser, 245, "Conversion failed before");
    if (value.kind != VALUE_NULL)
        value.kind = type_names[i].kind;
    if (take_symbol(parser, '('))
        parser->next += strcspn(parser->next, ")") + (strchr(parser->next, ')') != NULL);
    expect_symbol(parser, ')');
    return value;
}

static struct value take_replicate(struct parser *parser)
{
    expect_symbol(parser, '(');
    struct value value = take_value(parser);
    expect_symbol(parser, ',');
    skip_space(parser);
    size_t count = strtoul(parser->next, (char **)&parser->next, 10);
    expect_symbol(parser, ')');
    if (value.text == NULL || count > 100000000)
        fail_syntax(parser);
    if (parser->is_failed)
        return value;
    char *text = malloc(value.length * count + 1);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * value.length, value.text, value.length);
    text[value.length * count] = '\0';
    free(value.text);
    return (struct value){value.kind, text, value.length * count};
}

static struct value take_value(struct parser *parser)
{
    char number[16];
    skip_space(parser);
    if (isdigit((unsigned char)*parser->next) || *parser->next == '-')
        return take_number(parser);
    if (take_symbol(parser, '\''))
        return take_quoted(parser, VALUE_TEXT, '\'');
    if (strncasecmp(parser->next, "N'", 2) == 0) {
        parser->next += 2;
        return take_quoted(parser, VALUE_WIDE, '\'');
    }
    if (take_word(parser, "null"))
        return (struct value){0};
    if (take_word(parser, "n"))
        return (struct value){.kind = VALUE_ROW};
    if (take_word(parser, "cast"))
        return take_cast(parser);
    if (take_word(parser, "replicate"))
        return take_replicate(parser);
    if (take_word(parser, "@@VERSION"))
        return value_make(VALUE_WIDE, SERVER_VERSION_TEXT, strlen(SERVER_VERSION_TEXT));
    if (take_word(parser, "@@TRANCOUNT")) {
        snprintf(number, sizeof number, "%u", parser->context->transaction_count);
        return value_make(VALUE_INTEGER, number, strlen(number));
    }
    if (take_word(parser, "db_name")) {
        expect_symbol(parser, '(');
        expect_symbol(parser, ')');
        return value_make(VALUE_WIDE, parser->context->database, strlen(parser->context->database));
    }
    if (*parser->next == '@')
        return take_parameter(parser);
    if (is_name(*parser->next))
        fail(parser, 207, "Invalid column name");
    fail_syntax(parser);
    return (struct value){0};
}

static const char *const statement_words[] = {
    [STATEMENT_SELECT] = "select", [STATEMENT_SET] = "set",           [STATEMENT_USE] = "use",
    [STATEMENT_WAIT] = "waitfor",  [STATEMENT_PRINT] = "print",       [STATEMENT_BEGIN] = "begin",
    [STATEMENT_COMMIT] = "commit", [STATEMENT_ROLLBACK] = "rollback",
};

#define STATEMENT_COUNT (sizeof statement_words / sizeof *statement_words)

static bool begins_statement(struct parser *parser)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        if (is_word(parser, statement_words[i]))
            return true;
    return is_word(parser, "if");
}

static void read_alias(struct parser *parser, char *name)
{
    bool is_named = take_word(parser, "as");
    skip_space(parser);
    bool is_name_next = is_name(*parser->next) || *parser->next == '[' || *parser->next == '"';
    name[0] = '\0';
    if (is_named || (is_name_next && !begins_statement(parser) && !is_word(parser, "from") &&
                     !is_word(parser, "union")))
        take_name(parser, name);
}

static void read_columns(struct parser *parser, struct statement *statement)
{
    size_t columns = 0;
    char name[SQL_NAME_SIZE];
    do {
        bool is_first = statement->rows == 0;
        if (columns == (is_first ? SQL_COLUMN_LIMIT : statement->columns)) {
            fail_syntax(parser);
            return;
        }
        size_t at = statement->rows * statement->columns + columns;
        statement->values = realloc(statement->values, (at + 1) * sizeof *statement->values);
        statement->values[at] = take_value(parser);
        read_alias(parser, is_first ? statement->names[columns] : name);
        columns++;
    } while (!parser->is_failed && take_symbol(parser, ','));
    if (statement->rows++ == 0)
        statement->columns = columns;
    else if (columns != statement->columns)
        fail_syntax(parser);
}

static void read_select(struct parser *parser, struct statement *statement)
{
    do {
        read_columns(parser, statement);
        if (!parser->is_failed && take_word(parser, "from")) {
            if (!take_word(parser, "numbers"))
                fail(parser, 208, "Invalid object name");
            expect_symbol(parser, '(');
            statement->generated = (uint32_t)strtoul(parser->next, (char **)&parser->next, 10);
            expect_symbol(parser, ')');
        }
    } while (!parser->is_failed && take_word(parser, "union") && take_word(parser, "all") &&
             take_word(parser, "select"));
}

static void read_statement(struct parser *parser, struct statement *statement)
{
    size_t kind = 0;
    if (take_word(parser, "if")) {
        if (!take_word(parser, "@@TRANCOUNT"))
            fail_syntax(parser);
        expect_symbol(parser, '>');
        statement->minimum_transactions = (int)strtol(parser->next, (char **)&parser->next, 10);
    }
    while (kind < STATEMENT_COUNT && !take_word(parser, statement_words[kind]))
        kind++;
    statement->kind = (enum statement_kind)kind;
    switch (statement->kind) {
    case STATEMENT_SELECT:
        read_select(parser, statement);
        break;
    case STATEMENT_WAIT:
        if (!take_word(parser, "delay"))
            fail_syntax(parser);
        take_name(parser, statement->text);
        break;
    case STATEMENT_USE:
    case STATEMENT_PRINT:
        take_name(parser, statement->text);
        break;
    case STATEMENT_SET:
        /* It has options of all kinds: they end where the next statement begins. */
        for (size_t length;
             !begins_statement(parser) && *parser->next != '\0' && *parser->next != ';';
             parser->next += length > 0 ? length : 1)
            length = skip_space(parser);
        break;
    case STATEMENT_BEGIN:
    case STATEMENT_COMMIT:
    case STATEMENT_ROLLBACK:
        if (!take_word(parser, "tran") && !take_word(parser, "transaction"))
            take_word(parser, "work");
        break;
    default:
        fail_syntax(parser);
    }
}

struct statement *sql_parse(const char *text, const struct sql_context *context,
                            struct sql_error *error)
{
    struct parser parser = {.next = text, .context = context, .error = error};
    struct statement *first = NULL, **end = &first;
    do {
        struct statement *statement = calloc(1, sizeof *statement);
        statement->kind = STATEMENT_SET;
        statement->generated = 1;
        statement->minimum_transactions = -1;
        *end = statement;
        end = &statement->next;
        while (take_symbol(&parser, ';'))
            continue;
        if (*parser.next != '\0')
            read_statement(&parser, statement);
        while (take_symbol(&parser, ';'))
            continue;
    } while (!parser.is_failed && *parser.next != '\0');
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
        for (size_t i = 0; i < statements->rows * statements->columns; i++)
            value_free(&statements->values[i]);
        free(statements->values);
        free(statements);
        statements = next;
    }
}
