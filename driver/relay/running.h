/*
 * running.h - all relays of the process: they have to stop before the process's libraries are torn
 * down, since GnuTLS's destructor frees what running handshakes use.
 *
 * An atexit handler runs before every ELF destructor. After it no relay starts any more.
 */
#ifndef RELAY_RUNNING_H
#define RELAY_RUNNING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "relay/thread.h"

struct running_entry {
    void (*stop)(struct running_entry *entry);
    bool (*join)(struct running_entry *entry, int64_t deadline); /* false: it has not ended */
    void (*end)(struct running_entry *entry); /* of the process: what must not outlive it */
    struct running_entry *previous;
    struct running_entry *next;
    bool is_listed;
    bool is_joined;
};

/* Starts the thread and lists the entry, unless the process is ending. */
bool running_start(struct running_entry *entry, struct thread *thread, void (*run)(void *argument),
                   void *argument, struct error *error);

/* Stops and joins the thread, unless the end of the process did so already. false: it has not
 * ended, and its memory must stay. */
bool running_stop(struct running_entry *entry, int64_t deadline);

#endif
