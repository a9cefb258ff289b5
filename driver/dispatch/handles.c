/*
 * handles.c - makes, links and frees the wrappers that stand between the driver manager's handles
 * and the real driver's.
 */
#include "dispatch/handles.h"

#include <stdlib.h>

#include "base/fork.h"
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
            real->driver->functions.SQLFreeHandle(SQL_HANDLE_ENV, real->real);
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

void connection_free(struct connection *connection)
{
    connection_free_children(connection);
    connection_free_real(connection);
    while (connection->saved_attributes != NULL) {
        struct saved_attribute *saved = connection->saved_attributes;
        connection->saved_attributes = saved->next;
        if (saved->is_string)
            free(saved->value);
        free(saved);
    }
    pthread_mutex_destroy(&connection->lock);
    handle_free(&connection->handle);
}

void connection_free_children(struct connection *connection)
{
    while (connection->statements != NULL)
        statement_free((struct statement *)connection->statements);
    while (connection->descriptors != NULL)
        descriptor_free((struct descriptor *)connection->descriptors);
}

void connection_retire_statements(struct connection *connection)
{
    for (struct handle *statement = connection->statements; statement != NULL;
         statement = statement->next)
        handle_retire(statement);
}

void connection_restore_statements(struct connection *connection)
{
    for (struct handle *statement = connection->statements; statement != NULL;
         statement = statement->next)
        handle_restore(statement);
}

static void add_child(struct connection *connection, struct handle **list, struct handle *child)
{
    pthread_mutex_lock(&connection->lock);
    child->next = *list;
    child->at = list;
    if (child->next != NULL)
        child->next->at = &child->next;
    *list = child;
    pthread_mutex_unlock(&connection->lock);
    handle_restore(child);
}

static void remove_child(struct connection *connection, struct handle *child)
{
    handle_retire(child);
    pthread_mutex_lock(&connection->lock);
    *child->at = child->next;
    if (child->next != NULL)
        child->next->at = child->at;
    pthread_mutex_unlock(&connection->lock);
}

struct statement *statement_new(struct connection *connection, SQLHSTMT real)
{
    struct handle *handle = handle_new(HANDLE_STATEMENT, sizeof(struct statement), real);
    struct statement *statement = (struct statement *)handle;
    if (statement == NULL)
        return NULL;
    statement->connection = connection;
    add_child(connection, &connection->statements, handle);
    return statement;
}

void statement_free(struct statement *statement)
{
    remove_child(statement->connection, &statement->handle);
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
    if (descriptor != NULL)
        add_child(connection, &connection->descriptors, &descriptor->handle);
    return descriptor;
}

void descriptor_free(struct descriptor *descriptor)
{
    remove_child(descriptor->connection, &descriptor->handle);
    handle_free(&descriptor->handle);
}

static struct descriptor *find_explicit(struct connection *connection, SQLHDESC real)
{
    pthread_mutex_lock(&connection->lock);
    struct handle *found = connection->descriptors;
    while (found != NULL && found->real != real)
        found = found->next;
    pthread_mutex_unlock(&connection->lock);
    return (struct descriptor *)found;
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
