/*
 * live_handles.c - which handles are ours and alive. SQLCancel may come from another thread after
 * its statement was freed, and SQLCopyDesc with the handle of another driver: neither may be
 * touched to find out.
 */
#include "dispatch/live_handles.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/fork.h"

#define HANDLE_MAGIC 0x0DBC551Du
#define SLOTS 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t unpinned = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct handle *slots[SLOTS];

/* A child has none of the threads that held a handle's lock, or a pin on it. */
static void renew_in_child(void)
{
    for (size_t i = 0; i < SLOTS; i++)
        for (struct handle *handle = slots[i]; handle != NULL; handle = handle->next_in_slot) {
            handle->pins = 0;
            if (handle->kind == HANDLE_ENVIRONMENT)
                pthread_mutex_init(&((struct environment *)handle)->lock, NULL);
            else if (handle->kind == HANDLE_CONNECTION)
                pthread_mutex_init(&((struct connection *)handle)->lock, NULL);
        }
    handles_unlock();
}

static void guard_fork(void)
{
    pthread_atfork(handles_lock, handles_unlock, renew_in_child);
}

void handles_lock(void)
{
    pthread_mutex_lock(&lock);
}

void handles_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

static struct handle **slot_of(const void *handle)
{
    uintptr_t address = (uintptr_t)handle;
    return &slots[(address >> 4 ^ address >> 16) % SLOTS];
}

struct handle *handle_new(enum handle_kind kind, size_t size, SQLHANDLE real,
                          struct connection *connection)
{
    pthread_once(&once, guard_fork);
    struct handle *handle = calloc(1, size);
    if (handle == NULL)
        return NULL;
    handle->magic = HANDLE_MAGIC;
    handle->kind = kind;
    handle->real = real;
    handle->connection = connection;
    return handle;
}

void handle_free(struct handle *handle)
{
    handle_retire(handle);
    handle->magic = 0;
    free(handle->diagnostics.items);
    free(handle);
}

void handle_clear_records(struct handle *handle)
{
    atomic_store_explicit(&handle->order, RECORDS_OURS, memory_order_relaxed);
    diagnostics_clear(&handle->diagnostics);
}

void handle_take_outcome(struct handle *handle, SQLRETURN outcome)
{
    enum records_order order = outcome == SQL_SUCCESS ? RECORDS_OURS : RECORDS_OURS_THEN_REAL;
    atomic_store_explicit(&handle->order, order, memory_order_relaxed);
}

struct handle *handle_check(SQLHANDLE handle, enum handle_kind kind)
{
    struct handle *ours = handle;
    return ours != NULL && ours->magic == HANDLE_MAGIC && ours->kind == kind ? ours : NULL;
}

struct handle *handle_begin(SQLHANDLE handle, enum handle_kind kind)
{
    struct handle *ours = handle_check(handle, kind);
    if (ours != NULL)
        handle_clear_records(ours);
    return ours;
}

struct handle *handle_pin(SQLHANDLE handle, enum handle_kind kind)
{
    handles_lock();
    struct handle *found = *slot_of(handle);
    while (found != NULL && found != handle)
        found = found->next_in_slot;
    if (found != NULL && found->kind != kind)
        found = NULL;
    if (found != NULL)
        found->pins++;
    handles_unlock();
    return found;
}

void handle_unpin(struct handle *handle)
{
    handles_lock();
    handle->pins--;
    pthread_cond_broadcast(&unpinned);
    handles_unlock();
}

void handle_retire(struct handle *handle)
{
    handles_lock();
    struct handle **at = slot_of(handle);
    while (*at != NULL && *at != handle)
        at = &(*at)->next_in_slot;
    if (*at != NULL)
        *at = handle->next_in_slot;
    while (handle->pins > 0)
        pthread_cond_wait(&unpinned, &lock);
    handles_unlock();
}

void handle_restore(struct handle *handle)
{
    handles_lock();
    struct handle **slot = slot_of(handle);
    handle->next_in_slot = *slot;
    *slot = handle;
    handles_unlock();
}
