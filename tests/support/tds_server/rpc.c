/* Remote procedure calls (MS-TDS 2.2.6.6): prepared statements,
 * and what drivers ask the catalog. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "support/tds_server/connection.h"

#define PARAMETER_LIMIT 128
#define BY_NUMBER 0xFFFF
#define SEPARATOR_71 0x80
#define SEPARATOR 0xFF

struct call {
    char name[NAME_SIZE];
    size_t count;
    struct parameter parameters[PARAMETER_LIMIT];
};

struct procedure {
    const char *name;
    uint16_t number; /* 0: called by name only */
    void (*serve)(struct connection *connection, struct call *call);
};

static const struct procedure *find_procedure(const char *name, uint16_t number);

static bool read_name(struct cursor *cursor, char *name)
{
    size_t length = cursor_u16le(cursor);
    if (length == BY_NUMBER) {
        uint16_t number = cursor_u16le(cursor);
        const struct procedure *procedure = find_procedure("", number);
        if (procedure != NULL)
            snprintf(name, NAME_SIZE, "%s", procedure->name);
        else
            snprintf(name, NAME_SIZE, "procedure %u", number);
        return !cursor->is_short;
    }
    const unsigned char *bytes = cursor_bytes(cursor, 2 * length);
    if (bytes == NULL || length >= NAME_SIZE)
        return false;
    char *text = text_from_message(bytes, length);
    const char *point = strrchr(text, '.'); /* database..name */
    snprintf(name, NAME_SIZE, "%s", point != NULL ? point + 1 : text);
    free(text);
    return true;
}

static bool read_parameter(struct cursor *cursor, struct parameter *parameter)
{
    size_t length = cursor_u8(cursor);
    const unsigned char *bytes = cursor_bytes(cursor, 2 * length);
    if (bytes == NULL)
        return false;
    char *name = text_from_message(bytes, length);
    snprintf(parameter->name, sizeof parameter->name, "%s", name);
    free(name);
    cursor_u8(cursor);
    return rpc_read_value(cursor, &parameter->value);
}

static void free_call(struct call *call)
{
    for (size_t i = 0; i < call->count; i++)
        value_free(&call->parameters[i].value);
    call->count = 0;
}

static bool read_call(struct cursor *cursor, struct call *call)
{
    bool is_good = read_name(cursor, call->name);
    cursor_u16le(cursor);
    call->count = 0;
    while (is_good && cursor->left > 0) {
        if (*cursor->next == SEPARATOR || *cursor->next == SEPARATOR_71) {
            cursor_u8(cursor);
            break;
        }
        is_good =
            call->count < PARAMETER_LIMIT && read_parameter(cursor, &call->parameters[call->count]);
        if (is_good)
            call->count++;
    }
    return is_good && !cursor->is_short;
}

static const char *text_parameter(const struct call *call, size_t index)
{
    if (index >= call->count || call->parameters[index].value.text == NULL)
        return "";
    return call->parameters[index].value.text;
}

/* Unnamed parameters have the names of the declaration, in its order: "@P1 int,
 * @P2 nvarchar(10)". */
static void name_parameters(struct parameter *parameters, size_t count, const char *declaration)
{
    for (size_t i = 0; i < count; i++) {
        declaration = declaration != NULL ? strchr(declaration, '@') : NULL;
        if (declaration == NULL)
            return;
        size_t length = strcspn(declaration, " \t\r\n");
        if (parameters[i].name[0] == '\0')
            snprintf(parameters[i].name, sizeof parameters[i].name, "%.*s", (int)length,
                     declaration);
        declaration += length;
    }
}

static void run_text(struct connection *connection, struct call *call, const char *text,
                     const char *declaration, size_t first)
{
    struct parameter *parameters = call->parameters + (first < call->count ? first : call->count);
    size_t count = first < call->count ? call->count - first : 0;
    name_parameters(parameters, count, declaration);
    batch_run(connection, text, parameters, count, DONE_IN_PROCEDURE);
}

/* The declaration and the text are kept as one string, a NUL between. */
static uint32_t keep_statement(struct connection *connection, const char *declaration,
                               const char *text)
{
    for (uint32_t i = 0; i < STATEMENT_LIMIT; i++) {
        if (connection->statements[i] != NULL)
            continue;
        size_t first = strlen(declaration) + 1;
        connection->statements[i] = malloc(first + strlen(text) + 1);
        memcpy(connection->statements[i], declaration, first);
        memcpy(connection->statements[i] + first, text, strlen(text) + 1);
        return i + 1;
    }
    return 0;
}

static char **find_statement(struct connection *connection, const struct call *call)
{
    long long handle = strtoll(text_parameter(call, 0), NULL, 10);
    if (handle >= 1 && handle <= STATEMENT_LIMIT && connection->statements[handle - 1] != NULL)
        return &connection->statements[handle - 1];
    token_error(connection, 8179, 16, "Could not find prepared statement with handle %lld.",
                handle);
    return NULL;
}

static void serve_executesql(struct connection *connection, struct call *call)
{
    run_text(connection, call, text_parameter(call, 0), text_parameter(call, 1), 2);
}

static void serve_prepexec(struct connection *connection, struct call *call)
{
    uint32_t handle = keep_statement(connection, text_parameter(call, 1), text_parameter(call, 2));
    run_text(connection, call, text_parameter(call, 2), text_parameter(call, 1), 3);
    token_return_number(connection, 0, call->count > 0 ? call->parameters[0].name : "", handle);
}

/* A prepared statement is described before its parameters are known: they count as NULL. */
static void serve_prepare(struct connection *connection, struct call *call)
{
    struct parameter parameters[PARAMETER_LIMIT] = {0};
    const char *declaration = text_parameter(call, 1);
    struct sql_context context = {.database = "", .parameters = parameters};
    struct sql_error error = {0};
    uint64_t count;
    for (const char *next = declaration; (next = strchr(next, '@')) != NULL; next++)
        context.parameter_count += context.parameter_count < PARAMETER_LIMIT;
    name_parameters(parameters, context.parameter_count, declaration);
    struct statement *statements = sql_parse(text_parameter(call, 2), &context, &error);
    if (statements == NULL) {
        token_error(connection, error.number, 15, "%s", error.text);
        token_error(connection, 8180, 16, "Statement(s) could not be prepared.");
    } else if (statements->kind == STATEMENT_SELECT) {
        rows_send(connection, statements, false, &count);
        token_done(connection, DONE_IN_PROCEDURE, DONE_MORE, 0);
    }
    uint32_t handle = 0;
    if (statements != NULL)
        handle = keep_statement(connection, declaration, text_parameter(call, 2));
    sql_free(statements);
    token_return_number(connection, 0, call->count > 0 ? call->parameters[0].name : "", handle);
}

static void serve_execute(struct connection *connection, struct call *call)
{
    char **statement = find_statement(connection, call);
    if (statement != NULL)
        run_text(connection, call, *statement + strlen(*statement) + 1, *statement, 1);
}

static void serve_unprepare(struct connection *connection, struct call *call)
{
    char **statement = find_statement(connection, call);
    if (statement != NULL) {
        free(*statement);
        *statement = NULL;
    }
}

static void serve_tables(struct connection *connection, struct call *call)
{
    (void)call;
    batch_run(connection,
              "SELECT N'master' AS TABLE_QUALIFIER, N'dbo' AS TABLE_OWNER, N'numbers' AS "
              "TABLE_NAME, 'TABLE' AS TABLE_TYPE, CAST(NULL AS varchar(254)) AS REMARKS",
              NULL, 0, DONE_IN_PROCEDURE);
}

static const struct procedure procedures[] = {
    {"sp_executesql", 10, serve_executesql}, {"sp_prepexec", 13, serve_prepexec},
    {"sp_prepare", 11, serve_prepare},       {"sp_execute", 12, serve_execute},
    {"sp_unprepare", 15, serve_unprepare},   {"sp_tables", 0, serve_tables},
};

static const struct procedure *find_procedure(const char *name, uint16_t number)
{
    for (size_t i = 0; i < sizeof procedures / sizeof *procedures; i++)
        if (text_equal_nocase(name, procedures[i].name) ||
            (number != 0 && number == procedures[i].number))
            return &procedures[i];
    return NULL;
}

static void serve_call(struct connection *connection, struct call *call, bool is_last)
{
    const struct procedure *procedure = find_procedure(call->name, 0);
    log_event(
        "rpc name=%s parameters=%zu encrypted=%s text=%.200s", call->name, call->count,
        connection->wire.ssl != NULL ? "yes" : "no",
        text_parameter(call, call->count > 2 && call->parameters[0].value.text == NULL ? 2 : 0));
    if (procedure == NULL) {
        token_error(connection, 2812, 16, "Could not find stored procedure '%s'.", call->name);
        token_done(connection, DONE, DONE_ERROR | (is_last ? 0 : DONE_MORE), 0);
        return;
    }
    procedure->serve(connection, call);
    if (connection->is_cancelled || connection->is_ended)
        return;
    token_return_status(connection, 0);
    token_done(connection, DONE_PROCEDURE, is_last ? DONE_FINAL : DONE_MORE, 0);
}

void rpc_serve(struct connection *connection, const struct packet *message)
{
    static struct call call;
    struct cursor cursor = connection_skip_headers(connection, message);
    bool is_good = !cursor.is_short;
    while (is_good && cursor.left > 0) {
        is_good = read_call(&cursor, &call);
        if (is_good)
            serve_call(connection, &call, cursor.left == 0);
        free_call(&call);
    }
    if (!is_good) {
        log_event("violation malformed RPC of %zu bytes", buffer_length(&message->payload));
        token_error(connection, 8009, 16,
                    "The incoming tabular data stream (TDS) remote procedure call (RPC) protocol "
                    "stream is incorrect.");
        token_done(connection, DONE, DONE_ERROR, 0);
    }
}

void rpc_forget(struct connection *connection)
{
    for (size_t i = 0; i < STATEMENT_LIMIT; i++) {
        free(connection->statements[i]);
        connection->statements[i] = NULL;
    }
}
