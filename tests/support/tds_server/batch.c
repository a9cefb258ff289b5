/* SQL batches and transaction manager requests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "support/tds_server/connection.h"

#define ENVIRONMENT_DATABASE 1
#define ENVIRONMENT_BEGIN 8
#define ENVIRONMENT_COMMIT 9
#define ENVIRONMENT_ROLLBACK 10

#define TRANSACTION_BEGIN 5
#define TRANSACTION_COMMIT 7
#define TRANSACTION_ROLLBACK 8
#define TRANSACTION_SAVE 9
#define TRANSACTION_BEGIN_AGAIN 0x01

static void tell_transaction(struct connection *connection, uint8_t type)
{
    unsigned char descriptor[8];
    memcpy(descriptor, &connection->transaction, sizeof descriptor);
    if (!connection->is_long)
        return;
    if (type == ENVIRONMENT_BEGIN)
        token_environment_bytes(connection, type, descriptor, sizeof descriptor, NULL, 0);
    else
        token_environment_bytes(connection, type, NULL, 0, descriptor, sizeof descriptor);
}

static bool begin_transaction(struct connection *connection)
{
    if (connection->transaction_count++ == 0) {
        connection->transaction++;
        tell_transaction(connection, ENVIRONMENT_BEGIN);
    }
    return true;
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

static void wait_delay(struct connection *connection, const char *delay)
{
    unsigned hours = 0, minutes = 0, seconds = 0;
    sscanf(delay, "%2u:%2u:%2u", &hours, &minutes, &seconds);
    int64_t milliseconds = ((hours * 60 + minutes) * 60 + seconds) * 1000LL;
    int64_t deadline = clock_monotonic() + milliseconds;
    log_event("waitfor milliseconds=%lld", (long long)milliseconds);
    reply_send_now(connection);
    for (;;) {
        int64_t left = deadline - clock_monotonic();
        if (left <= 0)
            return;
        enum wire_event event = wire_wait_attention(&connection->wire, (int)left);
        connection->is_cancelled = event == WIRE_ATTENTION;
        connection->is_ended = event == WIRE_ENDED;
        if (event != WIRE_NOTHING)
            return;
    }
}

static void use_database(struct connection *connection, const char *name)
{
    token_environment(connection, ENVIRONMENT_DATABASE, name, connection->database);
    snprintf(connection->database, sizeof connection->database, "%s", name);
    token_info(connection, 5701, "Changed database context to '%s'.", name);
}

/* false: it failed, with an ERROR token. */
static bool run_statement(struct connection *connection, struct statement *statement,
                          uint64_t *rows)
{
    if ((int)connection->transaction_count <= statement->minimum_transactions)
        return true;
    switch (statement->kind) {
    case STATEMENT_SELECT:
        return rows_send(connection, statement, true, rows);
    case STATEMENT_USE:
        use_database(connection, statement->text);
        return true;
    case STATEMENT_WAIT:
        wait_delay(connection, statement->text);
        return true;
    case STATEMENT_PRINT:
        token_info(connection, 0, "%s", statement->text);
        return true;
    case STATEMENT_BEGIN:
        return begin_transaction(connection);
    case STATEMENT_COMMIT:
    case STATEMENT_ROLLBACK:
        return end_transaction(connection, statement->kind == STATEMENT_COMMIT);
    case STATEMENT_SET:
        return true;
    }
    return true;
}

static bool run_statements(struct connection *connection, struct statement *statements,
                           enum done_type type)
{
    bool is_good = true;
    for (struct statement *statement = statements; statement != NULL && is_good;
         statement = statement->next) {
        uint64_t rows = 0;
        is_good = run_statement(connection, statement, &rows);
        if (reply_is_stopped(connection))
            return is_good;
        unsigned status = statement->kind == STATEMENT_SELECT ? DONE_COUNT : 0;
        if (!is_good)
            status = DONE_ERROR;
        if ((is_good && statement->next != NULL) || type == DONE_IN_PROCEDURE)
            status |= DONE_MORE;
        token_done(connection, type, status, rows);
    }
    return is_good;
}

bool batch_run(struct connection *connection, const char *text, const struct parameter *parameters,
               size_t count, enum done_type type)
{
    const struct sql_context context = {.transaction_count = connection->transaction_count,
                                        .database = connection->database,
                                        .parameters = parameters,
                                        .parameter_count = count};
    struct sql_error error = {0};
    struct statement *statements = sql_parse(text, &context, &error);
    if (statements == NULL) {
        token_error(connection, error.number, 15, "%s", error.text);
        token_done(connection, type, DONE_ERROR | (type == DONE_IN_PROCEDURE ? DONE_MORE : 0), 0);
        return false;
    }
    bool is_good = run_statements(connection, statements, type);
    sql_free(statements);
    return is_good;
}

void batch_serve(struct connection *connection, const struct packet *message)
{
    struct cursor cursor = connection_skip_headers(connection, message);
    if (cursor.is_short)
        return;
    char *text = text_from_message(cursor.next, cursor.left / 2);
    log_event("batch encrypted=%s session=%u text=%.200s",
              connection->wire.ssl != NULL ? "yes" : "no", message->session, text);
    batch_run(connection, text, NULL, 0, DONE);
    free(text);
}

/* Commit and rollback may begin the next transaction at once. */
static bool run_transaction_request(struct connection *connection, unsigned type,
                                    struct cursor *cursor)
{
    if (type == TRANSACTION_BEGIN)
        return begin_transaction(connection);
    if (type == TRANSACTION_SAVE)
        return true;
    if (type != TRANSACTION_COMMIT && type != TRANSACTION_ROLLBACK) {
        token_error(connection, 3933, 16, "Transaction request %u is not supported.", type);
        return false;
    }
    if (!end_transaction(connection, type == TRANSACTION_COMMIT))
        return false;
    cursor_bytes(cursor, cursor_u8(cursor));
    if (cursor_u8(cursor) & TRANSACTION_BEGIN_AGAIN)
        return begin_transaction(connection);
    return true;
}

void transaction_serve(struct connection *connection, const struct packet *message)
{
    struct cursor cursor = connection_skip_headers(connection, message);
    if (cursor.is_short)
        return;
    unsigned type = cursor_u16le(&cursor);
    log_event("transaction type=%u", type);
    bool is_good = run_transaction_request(connection, type, &cursor);
    token_done(connection, DONE, is_good ? DONE_FINAL : DONE_ERROR, 0);
}
