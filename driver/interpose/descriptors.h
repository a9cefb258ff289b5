/*
 * descriptors.h - which of the process's descriptors are sessions of ours. Every call of an
 * interposed library asks, for every descriptor; so the answer is two reads of memory, without a
 * lock.
 */
#ifndef INTERPOSE_DESCRIPTORS_H
#define INTERPOSE_DESCRIPTORS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "session/session.h"

struct interposition;

/* One per number, made when the number first becomes ours, and kept: who looks one up may find that
 * it is nobody's any more, but never memory that was freed. */
struct descriptor {
    atomic_bool is_ours;
    atomic_uint waiting; /* see descriptor_begin_wait */
    int number;
    unsigned generation;                         /* base/fork.h: the process that connected it */
    struct interposition *_Atomic interposition; /* where it was connected */
    pthread_mutex_t lock;                        /* guards what follows; never held while waiting */

    struct session *session; /* NULL: taken away by interposition_close; calls fail */
    struct session_wants wants;
    bool has_server; /* the number is the server's socket; else dialling failed */
    bool is_blocking;
    bool is_read_shut, is_write_shut;  /* by shutdown */
    bool is_deaf;                      /* the true socket as well: the end that it shows is ours */
    int receive_timeout, send_timeout; /* SO_RCVTIMEO, SO_SNDTIMEO: milliseconds, 0: none */
};

#define DESCRIPTORS_PAGE 64
#define DESCRIPTORS_PAGES                                                                          \
    16384 /* numbers up to a million, which is more than any system allows                         \
           */

struct descriptors_page {
    struct descriptor items[DESCRIPTORS_PAGE];
};

extern struct descriptors_page *_Atomic descriptors_pages[DESCRIPTORS_PAGES];

/* NULL: not ours. Also what a forked child inherited is ours: descriptor_is_inherited. */
static inline struct descriptor *descriptor_find(int number)
{
    unsigned index = (unsigned)number;
    if (index >= DESCRIPTORS_PAGE * DESCRIPTORS_PAGES)
        return NULL;
    struct descriptors_page *page =
        atomic_load_explicit(&descriptors_pages[index / DESCRIPTORS_PAGE], memory_order_acquire);
    if (page == NULL)
        return NULL;
    struct descriptor *descriptor = &page->items[index % DESCRIPTORS_PAGE];
    return atomic_load_explicit(&descriptor->is_ours, memory_order_acquire) ? descriptor : NULL;
}

/* The place of a number that is not ours, cleared but for number, generation and lock. It is found
 * once descriptor_publish is called. NULL: out of memory, or too high a number. */
struct descriptor *descriptor_prepare(int number);
void descriptor_publish(struct descriptor *descriptor);

/* It is found no more. */
void descriptor_withdraw(struct descriptor *descriptor);

/* Counts a thread that waits for it: what comes is the thread's to take. Returns the connection's
 * serial, for its end: the number may be another connection's by then. A thread that leaves its
 * wait by a jump stays counted until there is one. */
unsigned descriptor_begin_wait(struct descriptor *descriptor);
unsigned descriptor_serial(const struct descriptor *descriptor);
void descriptor_end_wait(struct descriptor *descriptor, unsigned serial);
bool descriptor_is_awaited(const struct descriptor *descriptor);

/* It belongs to the parent process: nothing of it may be touched, and its lock may be anybody's. */
bool descriptor_is_inherited(const struct descriptor *descriptor);

/* Every one that is ours, and was connected there; NULL: anywhere. */
void descriptors_visit(const struct interposition *interposition,
                       void (*visit)(struct descriptor *descriptor));

#endif
