/*
 * guard.h - nowhere else: where the real driver of one connection may connect to.
 *
 * An ODBC call puts its connection's guard into the thread's place (base/current_guard.h). While it is
 * there, the real driver's network libraries can connect to the address that odbcssl handed out,
 * and to no other: whatever leads them elsewhere (a setting, an environment variable, a service
 * file, a server that routes), not one byte goes there.
 */
#ifndef INTERPOSE_GUARD_H
#define INTERPOSE_GUARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/current_guard.h"

struct interposition;

#define GUARD_TEXT_SIZE 160

struct guard {
    struct sockaddr_storage address; /* the one that was handed out */
    struct interposition *interposition; /* that carries it; NULL: the relay listens there */
    atomic_int note;                     /* enum guard_note */
    char elsewhere[GUARD_TEXT_SIZE];     /* the first other address that was wanted */
};

enum guard_verdict {
    GUARD_PASS,  /* libc's function is called */
    GUARD_CARRY, /* by guard->interposition */
    GUARD_REFUSE /* EACCES; it is noted */
};

/* guard may be NULL: the thread is in no ODBC call. */
enum guard_verdict guard_judge(struct guard *guard, const struct sockaddr *address,
                               socklen_t length);

/* Before each attempt: hands out address. No other thread may use the guard meanwhile. */
void guard_set(struct guard *guard, const struct sockaddr *address, socklen_t length,
               struct interposition *interposition);

/* Where else the real driver wanted to go since guard_set: "10.0.0.5, port 5432"; NULL: nowhere. */
const char *guard_elsewhere(const struct guard *guard);

#endif
