/*
 * live_handles.h - making and ending handles, for the functions of handles.h that make a kind; and
 * the one lock of the live handles and of all diagnostic records.
 */
#ifndef DISPATCH_LIVE_HANDLES_H
#define DISPATCH_LIVE_HANDLES_H

#include "dispatch/handles.h"

/* A zeroed handle of size bytes, not yet among the live ones: handle_restore puts it there, when it
 * is whole. (A late SQLCancel may come with the address of a handle that was freed, and now is this
 * one's.) NULL: out of memory. */
struct handle *handle_new(enum handle_kind kind, size_t size, SQLHANDLE real,
                          struct connection *connection);

/* Also of one that was retired before. */
void handle_free(struct handle *handle);

/* Held for a few instructions, never while anything else is called. */
void handles_lock(void);
void handles_unlock(void);

#endif
