/*
 * rpc.c - remote procedure calls (MS-TDS 2.2.6.6): prepared statements, and the one question to the
 * catalog that has an answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "support/tds_server/connection.h"

#define PARAMETER_LIMIT 128
#define PREPARED_LIMIT 256
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

/* By handle - 1. A connection has a process of its own, and they go with it. */
static struct prepared {
    char *declaration;
    char *text;
} prepared[PREPARED_LIMIT];
static uint32_t prepared_count;

/* ----- reading ----- */

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
    if (!value_read(cursor, &parameter->value)) {
        buffer_free(&parameter->value.bytes);
        return false;
    }
    parameter->text = value_text(&parameter->value);
    return true;
}

static bool read_call(struct cursor *cursor, struct call *call)
{
    bool is_good = read_name(cursor, call->name);
    cursor_u16le(cursor);
    while (is_good && cursor->left > 0) {
        if (*cursor->next == SEPARATOR || *cursor->next == SEPARATOR_71) {
            cursor_u8(cursor);
            break;
        }
        is_good =
            call->count < PARAMETER_LIMIT && read_parameter(cursor, &call->parameters[call->count]);
        call->count += is_good;
    }
    return is_good && !cursor->is_short;
}

static void free_call(struct call *call)
{
    for (size_t i = 0; i < call->count; i++) {
        buffer_free(&call->parameters[i].value.bytes);
        free(call->parameters[i].text);
    }
    memset(call, 0, sizeof *call);
}

static const char *text_parameter(const struct call *call, size_t index)
{
    return index < call->count ? call->parameters[index].text : "";
}

/* ----- prepared statements ----- */

/* Runs the text with the parameters from the first on. Unnamed ones have the names of the
 * declaration, in its order: "@P1 int, @P2 nvarchar(10)". */
static void run_text(struct connection *connection, struct call *call, const char *text,
                     const char *declaration, size_t first)
{
    for (size_t i = first; i < call->count && (declaration = strchr(declaration, '@')) != NULL;
         i++) {
        int length = (int)strcspn(declaration, " \t\r\n");
        char *name = call->parameters[i].name;
        if (name[0] == '\0')
            snprintf(name, NAME_SIZE, "%.*s", length, declaration);
        declaration += length;
    }
    sql_run(connection, text, call->parameters + first,
            first < call->count ? call->count - first : 0, DONE_IN_PROCEDURE);
}

static void return_handle(struct connection *connection, const struct call *call)
{
    bool is_kept = prepared_count < PREPARED_LIMIT;
    if (is_kept)
        prepared[prepared_count++] =
            (struct prepared){strdup(text_parameter(call, 1)), strdup(text_parameter(call, 2))};
    token_return_number(connection, 0, call->parameters[0].name, is_kept ? prepared_count : 0);
}

static const struct prepared *find_prepared(struct connection *connection, const struct call *call)
{
    const struct buffer *bytes = &call->parameters[0].value.bytes;
    struct cursor cursor = cursor_over(buffer_content(bytes), buffer_length(bytes));
    uint32_t handle = cursor_u32le(&cursor);
    if (handle >= 1 && handle <= prepared_count)
        return &prepared[handle - 1];
    token_error(connection, 8179, 16, "Could not find prepared statement with handle %u.", handle);
    return NULL;
}

static void serve_executesql(struct connection *connection, struct call *call)
{
    run_text(connection, call, text_parameter(call, 0), text_parameter(call, 1), 2);
}

static void serve_prepexec(struct connection *connection, struct call *call)
{
    run_text(connection, call, text_parameter(call, 2), text_parameter(call, 1), 3);
    return_handle(connection, call);
}

static void serve_prepare(struct connection *connection, struct call *call)
{
    sql_describe(connection, text_parameter(call, 2));
    return_handle(connection, call);
}

static void serve_execute(struct connection *connection, struct call *call)
{
    const struct prepared *statement = find_prepared(connection, call);
    if (statement != NULL)
        run_text(connection, call, statement->text, statement->declaration, 1);
}

static void serve_unprepare(struct connection *connection, struct call *call)
{
    find_prepared(connection, call);
}

static void serve_tables(struct connection *connection, struct call *call)
{
    (void)call;
    sql_run(connection,
            "SELECT N'master' AS TABLE_QUALIFIER, N'dbo' AS TABLE_OWNER, N'numbers' AS TABLE_NAME, "
            "'TABLE' AS TABLE_TYPE, CAST(NULL AS varchar(254)) AS REMARKS",
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

/* ----- serving ----- */

static void serve_call(struct connection *connection, struct call *call, bool is_last)
{
    const struct procedure *procedure = find_procedure(call->name, 0);
    const char *text = text_parameter(call, 0);
    log_event("rpc name=%s parameters=%zu encrypted=%s text=%.200s", call->name, call->count,
              connection->wire.ssl != NULL ? "yes" : "no",
              *text != '\0' ? text : text_parameter(call, 2));
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
