/*
 * sql.c - SQL batches and transaction manager requests: reads statement after statement of the SQL
 * that the clients of the tests send, and no more, and answers each at once.
 *
 *      batch     = { statement [ ";" ] }
 *      statement = select | SET ... | USE name | WAITFOR DELAY name | PRINT name | COMMIT
 *      select    = SELECT column { "," column } [ FROM numbers(number) ] { UNION ALL select }
 *      column    = value [ AS name ]
 *      value     = number | text | NULL | n | @parameter | @@VERSION | @@TRANCOUNT | db_name()
 *                | CAST(value AS [n]varchar) | replicate(text, number)
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "support/tds_server/connection.h"

#define COLUMN_LIMIT 64
#define REPLICATE_LIMIT 100000000

#define ENVIRONMENT_DATABASE 1
#define ENVIRONMENT_BEGIN 8
#define ENVIRONMENT_COMMIT 9
#define ENVIRONMENT_ROLLBACK 10

#define TRANSACTION_BEGIN 5
#define TRANSACTION_COMMIT 7
#define TRANSACTION_ROLLBACK 8
#define TRANSACTION_BEGIN_AGAIN 0x01

struct parser {
    struct connection *connection;
    const char *next;
    const struct parameter *parameters; /* NULL: none is known, and each counts as NULL */
    size_t parameter_count;
    bool is_failed; /* the ERROR token is in the reply */
    bool has_rows;  /* the last statement was a SELECT */
    uint64_t rows;
};

/* ----- words ----- */

static bool is_name(char character)
{
    return isalnum((unsigned char)character) || (unsigned char)character >= 0x80 ||
           (character != '\0' && strchr("_@$#", character) != NULL);
}

/* The length of the word that comes next. */
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
    if (!parser->is_failed)
        token_error(parser->connection, number, 15, "%s '%.*s'.", what,
                    (int)(length > 0 ? length : *parser->next != '\0'), parser->next);
    parser->is_failed = true;
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

static void expect(struct parser *parser, bool is_taken)
{
    if (!is_taken)
        fail_syntax(parser);
}

static unsigned long take_count(struct parser *parser)
{
    expect(parser, take_symbol(parser, '('));
    unsigned long count = strtoul(parser->next, (char **)&parser->next, 10);
    expect(parser, take_symbol(parser, ')'));
    return count;
}

/* New text, up to the closing quote, which stands for itself when it comes twice. */
static char *take_quoted(struct parser *parser, char quote)
{
    char *text = strdup(parser->next), *end = text;
    for (const char *next = parser->next; *next != '\0'; next++) {
        if (*next == quote && *++next != quote) {
            parser->next = next;
            *end = '\0';
            return text;
        }
        *end++ = *next;
    }
    fail(parser, 105, "Unclosed quotation mark before");
    return text;
}

/* A name as it is or in brackets, or a text. */
static void take_name(struct parser *parser, char *name)
{
    size_t length = skip_space(parser);
    bool has_brackets = take_symbol(parser, '[');
    if (has_brackets || take_symbol(parser, '\'')) {
        char *text = take_quoted(parser, has_brackets ? ']' : '\'');
        snprintf(name, NAME_SIZE, "%s", text);
        free(text);
    } else {
        expect(parser, length > 0);
        snprintf(name, NAME_SIZE, "%.*s", (int)length, parser->next);
        parser->next += length;
    }
}

/* ----- values ----- */

/* An int, a numeric with a point or too large for an int, or a float with an exponent. */
static void take_number(struct parser *parser, struct value *value)
{
    char *end;
    double real = strtod(parser->next, &end);
    int digits = (int)(end - parser->next);
    const char *point = memchr(parser->next, '.', (size_t)digits);
    long long whole = strtoll(parser->next, NULL, 10);
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    if (memchr(parser->next, 'e', (size_t)digits) != NULL) {
        value_set_number(value, TYPE_FLOAT, 0, bits);
    } else if (point != NULL || llabs(whole) > INT32_MAX) {
        int scale = point != NULL ? (int)(end - point) - 1 : 0;
        for (int i = 0; i < scale; i++)
            whole = whole * 10 + (*parser->next == '-' ? '0' - point[i + 1] : point[i + 1] - '0');
        value_set_number(value, TYPE_NUMERIC, (uint8_t)scale, (uint64_t)whole);
    } else {
        value_set_number(value, TYPE_INTEGER, 0, (uint64_t)whole);
    }
    parser->next = end;
}

static void take_text(struct parser *parser, uint8_t type, struct value *value)
{
    char *text = take_quoted(parser, '\'');
    value_set_text(value, type, text, strlen(text));
    free(text);
}

static void take_parameter(struct parser *parser, struct value *value)
{
    value_set_null(value);
    for (size_t i = 0; i < parser->parameter_count; i++) {
        const struct value *given = &parser->parameters[i].value;
        if (!take_word(parser, parser->parameters[i].name))
            continue;
        *value = *given;
        value->bytes = (struct buffer){0};
        if (buffer_length(&given->bytes) > 0)
            buffer_append(&value->bytes, buffer_content(&given->bytes),
                          buffer_length(&given->bytes));
        return;
    }
    if (parser->parameters == NULL)
        parser->next += skip_space(parser);
    else
        fail(parser, 137, "Must declare the scalar variable");
}

static void take_value(struct parser *parser, struct value *value);

/* Of a parameter that is no text the bytes become one: it is not told how they read. */
static void take_cast(struct parser *parser, struct value *value)
{
    expect(parser, take_symbol(parser, '('));
    take_value(parser, value);
    expect(parser, take_word(parser, "as"));
    uint8_t type = take_word(parser, "nvarchar") ? TYPE_NVARCHAR : TYPE_VARCHAR;
    if (type == TYPE_VARCHAR && !take_word(parser, "varchar"))
        fail(parser, 243, "There is no type");
    if (value->type[0] != TYPE_VARCHAR && value->type[0] != TYPE_NVARCHAR)
        value_make_text(value, type);
    if (take_symbol(parser, '('))
        parser->next += strcspn(parser->next, ")") + (strchr(parser->next, ')') != NULL);
    expect(parser, take_symbol(parser, ')'));
}

static void take_replicate(struct parser *parser, struct value *value)
{
    struct value one = {0};
    expect(parser, take_symbol(parser, '('));
    take_value(parser, &one);
    expect(parser, take_symbol(parser, ','));
    skip_space(parser);
    unsigned long count = strtoul(parser->next, (char **)&parser->next, 10);
    expect(parser, take_symbol(parser, ')') && count <= REPLICATE_LIMIT);
    *value = one;
    value->bytes = (struct buffer){0};
    for (unsigned long i = 0; !parser->is_failed && i < count; i++)
        buffer_append(&value->bytes, buffer_content(&one.bytes), buffer_length(&one.bytes));
    buffer_free(&one.bytes);
}

static void take_value(struct parser *parser, struct value *value)
{
    const struct connection *connection = parser->connection;
    size_t length = skip_space(parser);
    value_set_null(value);
    if (isdigit((unsigned char)*parser->next) || *parser->next == '-') {
        take_number(parser, value);
    } else if (take_symbol(parser, '\'')) {
        take_text(parser, TYPE_VARCHAR, value);
    } else if (strncasecmp(parser->next, "N'", 2) == 0) {
        parser->next += 2;
        take_text(parser, TYPE_NVARCHAR, value);
    } else if (take_word(parser, "n")) {
        value->is_row_number = true;
    } else if (take_word(parser, "cast")) {
        take_cast(parser, value);
    } else if (take_word(parser, "replicate")) {
        take_replicate(parser, value);
    } else if (take_word(parser, "@@VERSION")) {
        value_set_text(value, TYPE_NVARCHAR, SERVER_VERSION_TEXT, strlen(SERVER_VERSION_TEXT));
    } else if (take_word(parser, "@@TRANCOUNT")) {
        value_set_number(value, TYPE_INTEGER, 0, connection->transaction_count);
    } else if (take_word(parser, "db_name")) {
        take_count(parser);
        value_set_text(value, TYPE_NVARCHAR, connection->database, strlen(connection->database));
    } else if (*parser->next == '@') {
        take_parameter(parser, value);
    } else if (!take_word(parser, "null")) {
        fail(parser, length > 0 ? 207 : 102,
             length > 0 ? "Invalid column name" : "Incorrect syntax near");
    }
}

/* ----- SELECT ----- */

struct result {
    size_t columns;
    size_t count; /* of values */
    unsigned long generated;
    char names[COLUMN_LIMIT][NAME_SIZE];
    size_t sizes[COLUMN_LIMIT]; /* of the largest value */
    struct value *values;       /* row by row */
};

/* The first row has the columns' names and types. */
static void read_row(struct parser *parser, struct result *result)
{
    char name[NAME_SIZE] = "";
    bool is_first = result->count == 0;
    size_t column = 0;
    do {
        result->values = realloc(result->values, (result->count + 1) * sizeof *result->values);
        struct value *value = &result->values[result->count++];
        take_value(parser, value);
        if (column == (is_first ? COLUMN_LIMIT : result->columns)) {
            fail_syntax(parser);
            return;
        }
        if (take_word(parser, "as"))
            take_name(parser, is_first ? result->names[column] : name);
        if (value->type[0] != result->values[column].type[0])
            fail(parser, 245, "Two types in a column before");
        size_t size = buffer_length(&value->bytes);
        result->sizes[column] = size > result->sizes[column] ? size : result->sizes[column];
        column++;
    } while (!parser->is_failed && take_symbol(parser, ','));
    expect(parser, is_first || column == result->columns);
    result->columns = column;
}

static void send_metadata(struct connection *connection, const struct result *result)
{
    struct buffer *reply = &connection->reply;
    buffer_append_byte(reply, 0x81);
    buffer_append_u16le(reply, (uint16_t)result->columns);
    for (size_t i = 0; i < result->columns; i++) {
        buffer_append_u16le(reply, 0); /* user type, 32 bits from TDS 7.2 on */
        if (connection->is_long)
            buffer_append_u16le(reply, 0);
        buffer_append_u16le(reply, 0x0001);
        value_send_type(connection, &result->values[i], result->sizes[i]);
        append_short_text(reply, result->names[i]);
    }
}

static void send_rows(struct parser *parser, const struct result *result)
{
    struct connection *connection = parser->connection;
    for (uint32_t row = 1;
         row <= result->generated && (row % 32 != 0 || !reply_is_stopped(connection)); row++) {
        for (size_t i = 0; i < result->count; i++) {
            size_t column = i % result->columns;
            if (column == 0)
                buffer_append_byte(&connection->reply, 0xD1);
            value_send(connection, &result->values[i], result->sizes[column], row);
            if (column + 1 < result->columns)
                continue;
            reply_flush(connection, false);
            parser->rows++;
        }
    }
}

static void run_select(struct parser *parser)
{
    struct result *result = calloc(1, sizeof *result);
    result->generated = 1;
    parser->has_rows = true;
    do {
        read_row(parser, result);
        if (!parser->is_failed && take_word(parser, "from")) {
            if (!take_word(parser, "numbers"))
                fail(parser, 208, "Invalid object name");
            result->generated = take_count(parser);
        }
    } while (!parser->is_failed && take_word(parser, "union") && take_word(parser, "all") &&
             take_word(parser, "select"));
    if (!parser->is_failed)
        send_metadata(parser->connection, result);
    if (!parser->is_failed && parser->parameters != NULL)
        send_rows(parser, result);
    for (size_t i = 0; i < result->count; i++)
        buffer_free(&result->values[i].bytes);
    free(result->values);
    free(result);
}

/* ----- transactions ----- */

static void tell_transaction(struct connection *connection, uint8_t type)
{
    const uint64_t *transaction = &connection->transaction;
    size_t size = sizeof *transaction;
    if (connection->is_long && type == ENVIRONMENT_BEGIN)
        token_environment_bytes(connection, type, transaction, size, NULL, 0);
    else if (connection->is_long)
        token_environment_bytes(connection, type, NULL, 0, transaction, size);
}

static void begin_transaction(struct connection *connection)
{
    if (connection->transaction_count++ > 0)
        return;
    connection->transaction++;
    tell_transaction(connection, ENVIRONMENT_BEGIN);
}

static bool end_transaction(struct connection *connection, bool is_commit)
{
    if (connection->transaction_count == 0) {
        token_error(connection, is_commit ? 3902 : 3903, 16,
                    "The %s TRANSACTION request has no corresponding BEGIN TRANSACTION.",
                    is_commit ? "COMMIT" : "ROLLBACK");
        return false;
    }
    connection->transaction_count = is_commit ? connection->transaction_count - 1 : 0;
    if (connection->transaction_count == 0)
        tell_transaction(connection, is_commit ? ENVIRONMENT_COMMIT : ENVIRONMENT_ROLLBACK);
    return true;
}

/* Commit and rollback may begin the next transaction at once. */
void transaction_serve(struct connection *connection, const struct packet *message)
{
    struct cursor cursor = connection_skip_headers(connection, message);
    if (cursor.is_short)
        return;
    unsigned type = cursor_u16le(&cursor);
    bool is_begin = type == TRANSACTION_BEGIN, is_good = true;
    log_event("transaction type=%u", type);
    if (type == TRANSACTION_COMMIT || type == TRANSACTION_ROLLBACK) {
        is_good = end_transaction(connection, type == TRANSACTION_COMMIT);
        cursor_bytes(&cursor, cursor_u8(&cursor));
        is_begin = is_good && (cursor_u8(&cursor) & TRANSACTION_BEGIN_AGAIN) != 0;
    }
    if (is_begin)
        begin_transaction(connection);
    token_done(connection, DONE, is_good ? DONE_FINAL : DONE_ERROR, 0);
}

/* ----- other statements ----- */

static void run_commit(struct parser *parser)
{
    parser->is_failed = !end_transaction(parser->connection, true);
}

static void run_use(struct parser *parser)
{
    struct connection *connection = parser->connection;
    char name[NAME_SIZE];
    take_name(parser, name);
    token_environment(connection, ENVIRONMENT_DATABASE, name, connection->database);
    snprintf(connection->database, sizeof connection->database, "%s", name);
    token_info(connection, 5701, "Changed database context to '%s'.", name);
}

static void run_print(struct parser *parser)
{
    char text[NAME_SIZE];
    take_name(parser, text);
    token_info(parser->connection, 0, "%s", text);
}

static void run_waitfor(struct parser *parser)
{
    struct connection *connection = parser->connection;
    unsigned hours = 0, minutes = 0, seconds = 0;
    char delay[NAME_SIZE];
    expect(parser, take_word(parser, "delay"));
    take_name(parser, delay);
    sscanf(delay, "%2u:%2u:%2u", &hours, &minutes, &seconds);
    int milliseconds = (int)((hours * 60 + minutes) * 60 + seconds) * 1000;
    log_event("waitfor milliseconds=%d", milliseconds);
    reply_send_now(connection);
    enum wire_event event = wire_wait_attention(&connection->wire, milliseconds);
    connection->is_cancelled = event == WIRE_ATTENTION;
    connection->is_ended = event == WIRE_ENDED;
}

static void run_set(struct parser *parser);

static const struct {
    const char *word;
    void (*run)(struct parser *parser);
} statements[] = {
    {"select", run_select}, {"set", run_set},         {"use", run_use},
    {"print", run_print},   {"waitfor", run_waitfor}, {"commit", run_commit},
};

#define STATEMENT_COUNT (sizeof statements / sizeof *statements)

static size_t find_statement(struct parser *parser)
{
    size_t i = 0;
    while (i < STATEMENT_COUNT && !is_word(parser, statements[i].word))
        i++;
    return i;
}

/* It has options of all kinds: they end where the next statement begins. */
static void run_set(struct parser *parser)
{
    for (size_t length;
         find_statement(parser) == STATEMENT_COUNT && *parser->next != '\0' && *parser->next != ';';
         parser->next += length > 0 ? length : 1)
        length = skip_space(parser);
}

static void run_batch(struct parser *parser, enum done_type type)
{
    struct connection *connection = parser->connection;
    do {
        size_t i = find_statement(parser);
        parser->has_rows = false;
        parser->rows = 0;
        if (i < STATEMENT_COUNT && take_word(parser, statements[i].word))
            statements[i].run(parser);
        else
            expect(parser, *parser->next == '\0');
        if (reply_is_stopped(connection))
            return;
        while (take_symbol(parser, ';'))
            continue;
        unsigned status = parser->has_rows ? DONE_COUNT : DONE_FINAL;
        bool is_more = !parser->is_failed && *parser->next != '\0';
        if (parser->is_failed)
            status = DONE_ERROR;
        if (is_more || type == DONE_IN_PROCEDURE)
            status |= DONE_MORE;
        token_done(connection, type, status, parser->rows);
    } while (!parser->is_failed && *parser->next != '\0');
}

void sql_run(struct connection *connection, const char *text, const struct parameter *parameters,
             size_t count, enum done_type type)
{
    static const struct parameter none;
    struct parser parser = {.connection = connection,
                            .next = text,
                            .parameters = parameters != NULL ? parameters : &none,
                            .parameter_count = count};
    run_batch(&parser, type);
}

void sql_describe(struct connection *connection, const char *text)
{
    struct parser parser = {.connection = connection, .next = text};
    run_batch(&parser, DONE_IN_PROCEDURE);
}

void batch_serve(struct connection *connection, const struct packet *message)
{
    struct cursor cursor = connection_skip_headers(connection, message);
    if (cursor.is_short)
        return;
    char *text = text_from_message(cursor.next, cursor.left / 2);
    log_event("batch encrypted=%s session=%u text=%.200s",
              connection->wire.ssl != NULL ? "yes" : "no", message->session, text);
    sql_run(connection, text, NULL, 0, DONE);
    free(text);
}
