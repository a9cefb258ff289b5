/*
 * saved_attributes.h - connection attributes that were set before the real driver was known.
 */
#ifndef DISPATCH_SAVED_ATTRIBUTES_H
#define DISPATCH_SAVED_ATTRIBUTES_H

#include "dispatch/handles.h"

/* Sets them on connection->handle.real. What the real driver answers does not count: the driver
 * manager, which does the same with its own list, does not look either. */
void attributes_replay(const struct connection *connection);

#endif
