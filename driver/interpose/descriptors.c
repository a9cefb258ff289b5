#include "interpose/descriptors.h"

#include <stdlib.h>

#include "base/fork.h"

/* In waiting the connection's serial stands before the count. */
#define WAITING_COUNT 0xFFFFu
#define WAITING_SERIAL 0x10000u

struct descriptors_page *_Atomic descriptors_pages[DESCRIPTORS_PAGES];
static atomic_uint pages_used; /* none lies behind these */

/* A thread that left a call by a jump out of a signal handler still holds the lock: it is to be
 * told so, not to wait for itself. */
static bool make_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attributes;
    if (pthread_mutexattr_init(&attributes) != 0)
        return false;
    bool is_made = pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK) == 0 &&
                   pthread_mutex_init(lock, &attributes) == 0;
    pthread_mutexattr_destroy(&attributes);
    return is_made;
}

static struct descriptors_page *find_page(unsigned number)
{
    struct descriptors_page *_Atomic *place = &descriptors_pages[number / DESCRIPTORS_PAGE];
    struct descriptors_page *page = atomic_load(place), *other = NULL;
    if (page != NULL)
        return page;
    unsigned used = atomic_load(&pages_used), wanted = number / DESCRIPTORS_PAGE + 1;
    while (used < wanted && !atomic_compare_exchange_weak(&pages_used, &used, wanted))
        ;
    page = calloc(1, sizeof *page);
    if (page == NULL || atomic_compare_exchange_strong(place, &other, page))
        return page;
    free(page);
    return other;
}

struct descriptor *descriptor_prepare(int number)
{
    if (number < 0 || (unsigned)number >= DESCRIPTORS_PAGE * DESCRIPTORS_PAGES)
        return NULL;
    struct descriptors_page *page = find_page((unsigned)number);
    struct descriptor *descriptor =
        page != NULL ? &page->items[(unsigned)number % DESCRIPTORS_PAGE] : NULL;
    unsigned generation = fork_generation();
    if (descriptor == NULL)
        return NULL;
    if (descriptor->generation != generation && !make_lock(&descriptor->lock))
        return NULL;
    pthread_mutex_lock(&descriptor->lock);
    descriptor->number = number;
    descriptor->generation = generation;
    descriptor->session = NULL;
    descriptor->wants = (struct session_wants){0};
    descriptor->has_server = false;
    descriptor->is_blocking = true;
    descriptor->is_read_shut = descriptor->is_write_shut = descriptor->is_deaf = false;
    descriptor->receive_timeout = descriptor->send_timeout = 0;
    unsigned waiting = atomic_load(&descriptor->waiting);
    atomic_store(&descriptor->waiting, (waiting & ~WAITING_COUNT) + WAITING_SERIAL);
    pthread_mutex_unlock(&descriptor->lock);
    return descriptor;
}

unsigned descriptor_begin_wait(struct descriptor *descriptor)
{
    return atomic_fetch_add(&descriptor->waiting, 1) & ~WAITING_COUNT;
}

unsigned descriptor_serial(const struct descriptor *descriptor)
{
    return atomic_load(&descriptor->waiting) & ~WAITING_COUNT;
}

void descriptor_end_wait(struct descriptor *descriptor, unsigned serial)
{
    unsigned waiting = atomic_load(&descriptor->waiting);
    while ((waiting & ~WAITING_COUNT) == serial && (waiting & WAITING_COUNT) > 0 &&
           !atomic_compare_exchange_weak(&descriptor->waiting, &waiting, waiting - 1))
        ;
}

bool descriptor_is_awaited(const struct descriptor *descriptor)
{
    return (atomic_load(&descriptor->waiting) & WAITING_COUNT) != 0;
}

void descriptor_publish(struct descriptor *descriptor)
{
    atomic_store(&descriptor->is_ours, true);
}

void descriptor_withdraw(struct descriptor *descriptor)
{
    atomic_store_explicit(&descriptor->is_ours, false, memory_order_release);
}

bool descriptor_is_inherited(const struct descriptor *descriptor)
{
    return fork_is_inherited(descriptor->generation);
}

void descriptors_visit(const struct interposition *interposition,
                       void (*visit)(struct descriptor *descriptor))
{
    unsigned count = atomic_load(&pages_used);
    for (unsigned i = 0; i < count; i++) {
        struct descriptors_page *page = atomic_load(&descriptors_pages[i]);
        for (unsigned k = 0; page != NULL && k < DESCRIPTORS_PAGE; k++) {
            struct descriptor *descriptor = &page->items[k];
            if (atomic_load(&descriptor->is_ours) &&
                (interposition == NULL || atomic_load(&descriptor->interposition) == interposition))
                visit(descriptor);
        }
    }
}
