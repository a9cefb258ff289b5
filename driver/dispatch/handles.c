/*
 * handles.c - makes, links and frees the wrappers that stand between the driver manager's handles
 * and the real driver's.
 */
#include "dispatch/handles.h"

#include <stdlib.h>

#include "base/fork.h"
#include "dispatch/functions.h"
#include "dispatch/live_handles.h"

struct environment *environment_new(void)
{
    struct handle *handle =
        handle_new(HANDLE_ENVIRONMENT, sizeof(struct environment), SQL_NULL_HANDLE);
    struct environment *environment = (struct environment *)handle;
    if (environment == NULL)
        return NULL;
    pthread_mutex_init(&environment->lock, NULL);
    environment->odbc_version = SQL_OV_ODBC3;
    handle_restore(handle);
    return environment;
}

void environment_free(struct environment *environment)
{
    while (environment->real_environments != NULL) {
        struct real_environment *real = environment->real_environments;
        environment->real_environments = real->next;
        if (!fork_is_inherited(real->generation))
            real->driver->functions->SQLFreeHandle(SQL_HANDLE_ENV, real->real);
        free(real);
    }
    pthread_mutex_destroy(&environment->lock);
    handle_free(&environment->handle);
}

struct connection *connection_new(struct environment *environment)
{
    struct handle *handle =
        handle_new(HANDLE_CONNECTION, sizeof(struct connection), SQL_NULL_HANDLE);
    struct connection *connection = (struct connection *)handle;
    if (connection == NULL)
        return NULL;
    connection->environment = environment;
    pthread_mutex_init(&connection->lock, NULL);
    handle_restore(handle);
    return connection;
}

static void free_saved_attributes(struct connection *connection)
{
    while (connection->saved_attributes != NULL) {
        struct saved_attribute *saved = connection->saved_attributes;
        connection->saved_attributes = saved->next;
        if (saved->is_string)
            free(saved->value);
        free(saved);
    }
}

void connection_free(struct connection *connection)
{
    connection_free_children(connection);
    connection_free_real(connection);
    free_saved_attributes(connection);
    pthread_mutex_destroy(&connection->lock);
    handle_free(&connection->handle);
}

void connection_free_children(struct connection *connection)
{
    while (connection->statements != NULL)
        statement_free(connection->statements);
    while (connection->descriptors != NULL)
        descriptor_free(connection->descriptors);
}

void connection_retire_statements(struct connection *connection)
{
    struct statement *statement = connection->statements;
    for (; statement != NULL; statement = statement->next)
        handle_retire(&statement->handle);
}

void connection_restore_statements(struct connection *connection)
{
    struct statement *statement = connection->statements;
    for (; statement != NULL; statement = statement->next)
        handle_restore(&statement->handle);
}

struct statement *statement_new(struct connection *connection, SQLHSTMT real)
{
    struct handle *handle = handle_new(HANDLE_STATEMENT, sizeof(struct statement), real);
    struct statement *statement = (struct statement *)handle;
    if (statement == NULL)
        return NULL;
    statement->connection = connection;
    pthread_mutex_lock(&connection->lock);
    statement->next = connection->statements;
    statement->at = &connection->statements;
    if (statement->next != NULL)
        statement->next->at = &statement->next;
    connection->statements = statement;
    pthread_mutex_unlock(&connection->lock);
    handle_restore(handle);
    return statement;
}

void statement_free(struct statement *statement)
{
    handle_retire(&statement->handle);
    pthread_mutex_lock(&statement->connection->lock);
    *statement->at = statement->next;
    if (statement->next != NULL)
        statement->next->at = statement->at;
    pthread_mutex_unlock(&statement->connection->lock);
    for (unsigned i = 0; i < IMPLICIT_DESCRIPTORS; i++)
        if (statement->implicit[i] != NULL)
            handle_free(&statement->implicit[i]->handle);
    handle_free(&statement->handle);
}

static struct descriptor *new_descriptor(struct connection *connection, SQLHDESC real,
                                         bool is_implicit)
{
    struct handle *handle = handle_new(HANDLE_DESCRIPTOR, sizeof(struct descriptor), real);
    struct descriptor *descriptor = (struct descriptor *)handle;
    if (descriptor == NULL)
        return NULL;
    descriptor->connection = connection;
    descriptor->is_implicit = is_implicit;
    return descriptor;
}

struct descriptor *descriptor_new(struct connection *connection, SQLHDESC real)
{
    struct descriptor *descriptor = new_descriptor(connection, real, false);
    if (descriptor == NULL)
        return NULL;
    pthread_mutex_lock(&connection->lock);
    descriptor->next = connection->descriptors;
    descriptor->at = &connection->descriptors;
    if (descriptor->next != NULL)
        descriptor->next->at = &descriptor->next;
    connection->descriptors = descriptor;
    pthread_mutex_unlock(&connection->lock);
    handle_restore(&descriptor->handle);
    return descriptor;
}

void descriptor_free(struct descriptor *descriptor)
{
    handle_retire(&descriptor->handle);
    pthread_mutex_lock(&descriptor->connection->lock);
    *descriptor->at = descriptor->next;
    if (descriptor->next != NULL)
        descriptor->next->at = descriptor->at;
    pthread_mutex_unlock(&descriptor->connection->lock);
    handle_free(&descriptor->handle);
}

static struct descriptor *find_explicit(struct connection *connection, SQLHDESC real)
{
    pthread_mutex_lock(&connection->lock);
    struct descriptor *found = connection->descriptors;
    while (found != NULL && found->handle.real != real)
        found = found->next;
    pthread_mutex_unlock(&connection->lock);
    return found;
}

struct descriptor *statement_wrap_descriptor(struct statement *statement, unsigned index,
                                             SQLHDESC real)
{
    struct descriptor *explicit_one = find_explicit(statement->connection, real);
    if (explicit_one != NULL)
        return explicit_one;
    struct descriptor **place = &statement->implicit[index];
    if (*place != NULL) {
        (*place)->handle.real = real; /* the driver manager keeps the wrapper: it stays the same */
        return *place;
    }
    *place = new_descriptor(statement->connection, real, true);
    if (*place != NULL)
        handle_restore(&(*place)->handle);
    return *place;
}
