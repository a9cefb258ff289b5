/*
 * fault_library.c - the preloaded part of fault_library.h: whose call it is, what is to happen to
 * it, and what odbcssl has allocated. The functions themselves are in fault_calls.c.
 */
#include "faults/fault_library_internal.h"

#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SHORT_CALLS 50
#define FRAMES 64

/* --- whose call it is --- */

struct range {
    uintptr_t start, end;
    char name[32];
};

static struct range ours[2], helpers[8];
static size_t our_count, helper_count;

static const struct range *find_range(const struct range *ranges, size_t count, const void *caller)
{
    for (size_t i = 0; i < count; i++)
        if ((uintptr_t)caller >= ranges[i].start && (uintptr_t)caller < ranges[i].end)
            return &ranges[i];
    return NULL;
}

static void add_range(struct range *ranges, size_t limit, size_t *count,
                      const struct dl_phdr_info *info, const char *name)
{
    struct range range = {.start = info->dlpi_addr, .end = info->dlpi_addr};
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t end = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
        if (info->dlpi_phdr[i].p_type == PT_LOAD && end > range.end)
            range.end = end;
    }
    snprintf(range.name, sizeof range.name, "%s", name);
    if (*count < limit)
        ranges[(*count)++] = range;
}

static int look_at_object(struct dl_phdr_info *info, size_t size, void *context)
{
    static const char *const helping[] = {"libgnutls.", "libnettle.", "libhogweed.", "libtasn1."};
    const char *name = strrchr(info->dlpi_name, '/');
    (void)size;
    (void)context;
    name = name != NULL ? name + 1 : info->dlpi_name;
    if (strcmp(name, "libodbcssl.so") == 0 || strcmp(name, "libodbcssla.so") == 0)
        add_range(ours, 2, &our_count, info, name);
    for (size_t i = 0; i < sizeof helping / sizeof helping[0]; i++)
        if (strncmp(name, helping[i], strlen(helping[i])) == 0)
            add_range(helpers, 8, &helper_count, info, name);
    return 0;
}

/* From where odbcssl has called the library that this thread is in now. */
static const void *find_asker(void)
{
    void *callers[FRAMES];
    int found = backtrace(callers, FRAMES);
    for (int i = 0; i < found; i++)
        if (find_range(ours, our_count, callers[i]) != NULL)
            return callers[i];
    return NULL;
}

/* The first backtrace() allocates. */
static bool find(void)
{
    find_asker();
    our_count = helper_count = 0;
    dl_iterate_phdr(look_at_object, NULL);
    return our_count > 0;
}

/* --- the plan --- */

static struct fault_plan plan;
static atomic_bool is_armed;
static atomic_uint counts[FAULT_CALLS], hits;
static const void *first_hit;       /* who called */
static _Atomic(const void *) asker; /* of the helper whose call was struck last */

static void arm(const struct fault_plan *wanted)
{
    for (size_t i = 0; i < FAULT_CALLS; i++)
        atomic_store(&counts[i], 0);
    atomic_store(&hits, 0);
    plan = *wanted;
    atomic_store(&is_armed, true);
}

static unsigned disarm(void)
{
    atomic_store(&is_armed, false);
    return atomic_load(&hits);
}

static unsigned count(enum fault_call call)
{
    return atomic_load(&counts[call]);
}

enum fault_manner judge(enum fault_call call, const void *caller)
{
    if (!atomic_load_explicit(&is_armed, memory_order_acquire))
        return FAULT_NONE;
    if (find_range(ours, our_count, caller) == NULL) {
        if (call != FAULT_ALLOCATION || find_range(helpers, helper_count, caller) == NULL)
            return FAULT_NONE;
        call = FAULT_HELPER;
    }
    unsigned number = atomic_fetch_add(&counts[call], 1) + 1;
    unsigned last = plan.manner == FAULT_FAIL_ON ? ~0u
                    : plan.manner == FAULT_SHORT ? plan.nth + SHORT_CALLS
                                                 : plan.nth;
    if (call != plan.call || number < plan.nth || number > last || plan.manner == FAULT_NONE)
        return FAULT_NONE;
    if (atomic_fetch_add(&hits, 1) == 0)
        first_hit = caller;
    if (call == FAULT_HELPER) {
        sigset_t crashes;
        sigemptyset(&crashes);
        sigaddset(&crashes, SIGSEGV); /* which the relay's threads block */
        pthread_sigmask(SIG_UNBLOCK, &crashes, NULL);
        atomic_store(&asker, find_asker());
    }
    return plan.manner;
}

static bool is_helpers_own(void)
{
    const void *asked = atomic_load(&asker);
    return asked != NULL && find_asker() == asked;
}

bool fails(enum fault_call call, const void *caller, int reason)
{
    switch (judge(call, caller)) {
    case FAULT_NONE:
    case FAULT_SHORT:
        return false;
    case FAULT_INTERRUPT:
        errno = EINTR;
        return true;
    case FAULT_AGAIN:
        errno = EAGAIN;
        return true;
    case FAULT_FAIL:
    case FAULT_FAIL_ON:
        break;
    }
    errno = reason;
    return true;
}

/* --- what lives: a table with linear probing --- */

#define PLACES 65536

struct living {
    void *memory;
    const void *caller;
    unsigned long number;
    size_t size;
};

static struct living table[PLACES];
static size_t used;
static unsigned long next_number = 1;
static atomic_flag table_lock = ATOMIC_FLAG_INIT;

static void lock_table(void)
{
    while (atomic_flag_test_and_set_explicit(&table_lock, memory_order_acquire))
        ;
}

static void unlock_table(void)
{
    atomic_flag_clear_explicit(&table_lock, memory_order_release);
}

static size_t place_of(const void *memory)
{
    return (size_t)(((uintptr_t)memory >> 4) * 0x9E3779B97F4A7C15u >> 48) % PLACES;
}

void *note(void *memory, size_t size, const void *caller)
{
    if (memory == NULL || our_count == 0 ||
        (find_range(ours, our_count, caller) == NULL &&
         find_range(helpers, helper_count, caller) == NULL))
        return memory;
    lock_table();
    if (used < PLACES - 1) {
        size_t place = place_of(memory);
        while (table[place].memory != NULL)
            place = (place + 1) % PLACES;
        table[place] = (struct living){memory, caller, next_number++, size};
        used++;
    }
    unlock_table();
    return memory;
}

/* Those behind it that would no longer be found move up. */
void forget(const void *memory)
{
    if (memory == NULL || used == 0)
        return;
    lock_table();
    size_t place = place_of(memory);
    while (table[place].memory != NULL && table[place].memory != memory)
        place = (place + 1) % PLACES;
    if (table[place].memory != NULL) {
        used--;
        for (size_t next = (place + 1) % PLACES; table[next].memory != NULL;
             next = (next + 1) % PLACES) {
            size_t home = place_of(table[next].memory);
            if ((next - home) % PLACES >= (next - place) % PLACES) {
                table[place] = table[next];
                place = next;
            }
        }
        table[place].memory = NULL;
    }
    unlock_table();
}

static void tell_place(const void *caller, char *out, size_t size)
{
    const struct range *range = find_range(ours, our_count, caller);
    if (range == NULL)
        range = find_range(helpers, helper_count, caller);
    snprintf(out, size, "%s+0x%lx", range != NULL ? range->name : "?",
             range != NULL ? (unsigned long)((uintptr_t)caller - range->start) : 0);
}

static void place(char *out, size_t size)
{
    tell_place(first_hit, out, size);
}

static unsigned long mark(void)
{
    return next_number;
}

static unsigned living(unsigned long since, void (*tell)(const char *place, size_t size))
{
    unsigned found = 0;
    for (size_t i = 0; i < PLACES; i++) {
        char text[128];
        const struct living *item = &table[i];
        if (item->memory == NULL || item->number < since)
            continue;
        found++;
        tell_place(item->caller, text, sizeof text);
        if (tell != NULL)
            tell(text, item->size);
    }
    return found;
}

/* --- what is freed --- */

static char secrets[2][200]; /* as UTF-8 and as UTF-16 */
static size_t secret_lengths[2];
static atomic_uint spills;
static const void *first_spill;

static void guard(const char *secret)
{
    size_t length = strlen(secret);
    memcpy(secrets[0], secret, length);
    for (size_t i = 0; i < length; i++)
        secrets[1][2 * i] = secret[i];
    secret_lengths[1] = 2 * length;
    secret_lengths[0] = length;
}

void cover_remains(void *memory, size_t from, const void *caller)
{
    if (memory == NULL || find_range(ours, our_count, caller) == NULL)
        return;
    size_t size = malloc_usable_size(memory);
    if (from < size)
        memset((char *)memory + from, 0xA5, size - from);
}

void look_for_secrets(const void *memory, const void *caller)
{
    if (memory == NULL || secret_lengths[0] == 0 || find_range(ours, our_count, caller) == NULL)
        return;
    for (size_t i = 0; i < 2; i++)
        if (memmem(memory, malloc_usable_size((void *)memory), secrets[i], secret_lengths[i]) !=
                NULL &&
            atomic_fetch_add(&spills, 1) == 0)
            first_spill = caller;
}

static unsigned spilled(char *place, size_t size)
{
    tell_place(first_spill, place, size);
    return atomic_load(&spills);
}

static bool is_full(void)
{
    return used >= PLACES - 1;
}

/* What fault_begin.c finds. */
__attribute__((visibility("default")))
const struct fault_interface fault_library_interface = {.find = find,
                                                        .arm = arm,
                                                        .disarm = disarm,
                                                        .count = count,
                                                        .place = place,
                                                        .mark = mark,
                                                        .living = living,
                                                        .is_full = is_full,
                                                        .guard = guard,
                                                        .spilled = spilled,
                                                        .is_helpers_own = is_helpers_own};
