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
        handle_new(HANDLE_ENVIRONMENT, sizeof(struct environment), SQL_NULL_HANDLE, NULL);
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
        handle_new(HANDLE_CONNECTION, sizeof(struct connection), SQL_NULL_HANDLE, NULL);
    struct connection *connection = (struct connection *)handle;
    if (connection == NULL)
        return NULL;
    handle->connection = connection;
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
        child_free(connection->statements);
    while (connection->descriptors != NULL)
        child_free(connection->descriptors);
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

struct handle *child_new(struct connection *connection, enum handle_kind kind, SQLHANDLE real)
{
    bool is_statement = kind == HANDLE_STATEMENT;
    struct handle **list = is_statement ? &connection->statements : &connection->descriptors;
    struct handle *child =
        handle_new(kind, is_statement ? sizeof(struct statement) : sizeof(struct descriptor), real,
                   connection);
    if (child == NULL)
        return NULL;
    pthread_mutex_lock(&connection->lock);
    child->next = *list;
    child->at = list;
    if (child->next != NULL)
        child->next->at = &child->next;
    *list = child;
    pthread_mutex_unlock(&connection->lock);
    handle_restore(child);
    return child;
}

void child_free(struct handle *child)
{
    handle_retire(child);
    pthread_mutex_lock(&child->connection->lock);
    *child->at = child->next;
    if (child->next != NULL)
        child->next->at = child->at;
    pthread_mutex_unlock(&child->connection->lock);
    struct statement *statement =
        child->kind == HANDLE_STATEMENT ? (struct statement *)child : NULL;
    for (unsigned i = 0; statement != NULL && i < IMPLICIT_DESCRIPTORS; i++)
        if (statement->implicit[i] != NULL)
            handle_free(&statement->implicit[i]->handle);
    handle_free(child);
}

static bool is_live(struct handle *handle)
{
    struct handle *pinned = handle_pin(handle, handle->kind);
    if (pinned != NULL)
        handle_unpin(pinned);
    return pinned != NULL;
}

/* Not one that another thread is freeing: the real driver may have given its memory to a new
 * descriptor already. */
static struct descriptor *find_explicit(struct connection *connection, SQLHDESC real)
{
    pthread_mutex_lock(&connection->lock);
    struct handle *found = connection->descriptors;
    while (found != NULL && (found->real != real || !is_live(found)))
        found = found->next;
    pthread_mutex_unlock(&connection->lock);
    return (struct descriptor *)found;
}

struct descriptor *statement_wrap_descriptor(struct statement *statement, unsigned index,
                                             SQLHDESC real)
{
    struct connection *connection = statement->handle.connection;
    struct descriptor *explicit_one = find_explicit(connection, real);
    if (explicit_one != NULL)
        return explicit_one;
    struct descriptor **place = &statement->implicit[index];
    if (*place != NULL) {
        (*place)->handle.real = real; /* the driver manager keeps the wrapper: it stays the same */
        return *place;
    }
    struct handle *handle =
        handle_new(HANDLE_DESCRIPTOR, sizeof(struct descriptor), real, connection);
    *place = (struct descriptor *)handle;
    if (handle != NULL) {
        (*place)->is_implicit = true;
        handle_restore(handle);
    }
    return *place;
}
