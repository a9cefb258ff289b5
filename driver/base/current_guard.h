/*
 * current_guard.h - whose ODBC call the calling thread is in. While a real driver runs, its network
 * library may reach its connection's server and nothing else (interpose/); outside, whatever it
 * does is somebody else's.
 */
#ifndef BASE_CURRENT_GUARD_H
#define BASE_CURRENT_GUARD_H

struct guard; /* interpose/: where the real driver of a connection may connect to */

/* The calling thread's place for it: NULL outside an ODBC call, and in one of a connection that has
 * none. Who sets it puts back what was there before. */
struct guard **guard_place(void);

/* Around one call: sets it, and returns what guard_leave is to put back. */
struct guard *guard_enter(struct guard *guard);
void guard_leave(struct guard *outer);

#endif
