/*
 * lock.h - the one lock of the live handles and of all diagnostic records: held for a few
 * instructions, never while anything else is called.
 */
#ifndef DISPATCH_LOCK_H
#define DISPATCH_LOCK_H

void handles_lock(void);
void handles_unlock(void);

#endif
