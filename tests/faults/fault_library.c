/*
 * fault_library.c - the preloaded part of fault_library.h: stands before the C library's functions.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "faults/fault_library.h"

#define REAL(name)                                                                                 \
    ({                                                                                             \
        static __typeof__(&name) real_function;                                                    \
        if (real_function == NULL)                                                                 \
            *(void **)&real_function = dlsym(RTLD_NEXT, #name);                                    \
        real_function;                                                                             \
    })

#define CALLER __builtin_return_address(0)
#define SHORT_CALLS 50

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void __libc_free(void *memory);

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

static bool find(void)
{
    our_count = helper_count = 0;
    dl_iterate_phdr(look_at_object, NULL);
    return our_count > 0;
}

/* --- the plan --- */

static struct fault_plan plan;
static atomic_bool is_armed;
static atomic_uint counts[FAULT_CALLS], hits;
static const void *first_hit; /* who called */

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

/* What is to happen to this call; FAULT_NONE: what libc does. */
static enum fault_manner judge(enum fault_call call, const void *caller)
{
    if (!atomic_load_explicit(&is_armed, memory_order_acquire) ||
        find_range(ours, our_count, caller) == NULL)
        return FAULT_NONE;
    unsigned number = atomic_fetch_add(&counts[call], 1) + 1;
    unsigned last = plan.manner == FAULT_FAIL_ON ? ~0u
                    : plan.manner == FAULT_SHORT ? plan.nth + SHORT_CALLS
                                                 : plan.nth;
    if (call != plan.call || number < plan.nth || number > last || plan.manner == FAULT_NONE)
        return FAULT_NONE;
    if (atomic_fetch_add(&hits, 1) == 0)
        first_hit = caller;
    return plan.manner;
}

static bool fails(enum fault_call call, const void *caller, int reason)
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

static void *note(void *memory, size_t size, const void *caller)
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
static void forget(const void *memory)
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

/* Memory that odbcssl gives back may be anybody's next. */
static void look_for_secrets(const void *memory, const void *caller)
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

/* The rest is what other libraries are to find. */
#pragma GCC visibility push(default)

const struct fault_interface fault_library_interface = {.find = find,
                                                        .arm = arm,
                                                        .disarm = disarm,
                                                        .count = count,
                                                        .place = place,
                                                        .mark = mark,
                                                        .living = living,
                                                        .is_full = is_full,
                                                        .guard = guard,
                                                        .spilled = spilled};

void *malloc(size_t size)
{
    return fails(FAULT_ALLOCATION, CALLER, ENOMEM) ? NULL : note(__libc_malloc(size), size, CALLER);
}

void *calloc(size_t items, size_t size)
{
    return fails(FAULT_ALLOCATION, CALLER, ENOMEM)
               ? NULL
               : note(__libc_calloc(items, size), items * size, CALLER);
}

static void *change_size(void *memory, size_t size, const void *caller)
{
    if (fails(FAULT_ALLOCATION, caller, ENOMEM))
        return NULL;
    look_for_secrets(memory, caller);
    forget(memory);
    void *changed = __libc_realloc(memory, size);
    if (changed == NULL && size > 0)
        note(memory, size, caller);
    return note(changed, size, caller);
}

void *realloc(void *memory, size_t size)
{
    return change_size(memory, size, CALLER);
}

void *reallocarray(void *memory, size_t items, size_t size)
{
    size_t whole;
    if (__builtin_mul_overflow(items, size, &whole)) {
        errno = ENOMEM;
        return NULL;
    }
    return change_size(memory, whole, CALLER);
}

void free(void *memory)
{
    look_for_secrets(memory, CALLER);
    forget(memory);
    __libc_free(memory);
}

static char *copy(const char *text, size_t length, const void *caller)
{
    char *out = fails(FAULT_ALLOCATION, caller, ENOMEM)
                    ? NULL
                    : note(__libc_malloc(length + 1), length + 1, caller);
    if (out != NULL) {
        memcpy(out, text, length);
        out[length] = '\0';
    }
    return out;
}

char *strdup(const char *text)
{
    return copy(text, strlen(text), CALLER);
}

char *strndup(const char *text, size_t limit)
{
    return copy(text, strnlen(text, limit), CALLER);
}

static int print(char **out, const char *format, va_list arguments, const void *caller)
{
    if (fails(FAULT_ALLOCATION, caller, ENOMEM))
        return -1;
    int length = vasprintf(out, format, arguments);
    if (length >= 0)
        note(*out, (size_t)length + 1, caller);
    return length;
}

int asprintf(char **out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = print(out, format, arguments, CALLER);
    va_end(arguments);
    return length;
}

int __asprintf_chk(char **out, int flag, const char *format, ...);
int __asprintf_chk(char **out, int flag, const char *format, ...)
{
    va_list arguments;
    (void)flag;
    va_start(arguments, format);
    int length = print(out, format, arguments, CALLER);
    va_end(arguments);
    return length;
}

int socket(int family, int type, int protocol)
{
    return fails(FAULT_SOCKET, CALLER, EMFILE) ? -1 : REAL(socket)(family, type, protocol);
}

int connect(int descriptor, const struct sockaddr *address, socklen_t length)
{
    return fails(FAULT_CONNECT, CALLER, ECONNREFUSED) ? -1
                                                      : REAL(connect)(descriptor, address, length);
}

int poll(struct pollfd *polled, nfds_t items, int milliseconds)
{
    return fails(FAULT_POLL, CALLER, ENOMEM) ? -1 : REAL(poll)(polled, items, milliseconds);
}

ssize_t send(int descriptor, const void *bytes, size_t size, int flags)
{
    enum fault_manner manner = judge(FAULT_SEND, CALLER);
    if (manner == FAULT_NONE || manner == FAULT_SHORT)
        return REAL(send)(descriptor, bytes, manner == FAULT_SHORT && size > 0 ? 1 : size, flags);
    errno = manner == FAULT_AGAIN ? EAGAIN : manner == FAULT_INTERRUPT ? EINTR : ECONNRESET;
    return -1;
}

ssize_t recv(int descriptor, void *bytes, size_t size, int flags)
{
    enum fault_manner manner = judge(FAULT_RECV, CALLER);
    if (manner == FAULT_NONE || manner == FAULT_SHORT)
        return REAL(recv)(descriptor, bytes, manner == FAULT_SHORT && size > 0 ? 1 : size, flags);
    errno = manner == FAULT_AGAIN ? EAGAIN : manner == FAULT_INTERRUPT ? EINTR : ECONNRESET;
    return -1;
}

int eventfd(unsigned initial, int flags)
{
    return fails(FAULT_EVENTFD, CALLER, EMFILE) ? -1 : REAL(eventfd)(initial, flags);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *argument)
{
    return fails(FAULT_THREAD, CALLER, EAGAIN)
               ? EAGAIN
               : REAL(pthread_create)(thread, attributes, run, argument);
}

int mprotect(void *memory, size_t size, int protection)
{
    return fails(FAULT_MPROTECT, CALLER, EACCES) ? -1 : REAL(mprotect)(memory, size, protection);
}

int dup3(int from, int to, int flags)
{
    return fails(FAULT_DUP3, CALLER, EMFILE) ? -1 : REAL(dup3)(from, to, flags);
}

int accept4(int listener, struct sockaddr *address, socklen_t *length, int flags)
{
    return fails(FAULT_ACCEPT, CALLER, EMFILE) ? -1
                                               : REAL(accept4)(listener, address, length, flags);
}

int bind(int descriptor, const struct sockaddr *address, socklen_t length)
{
    return fails(FAULT_LISTEN, CALLER, EADDRNOTAVAIL) ? -1
                                                      : REAL(bind)(descriptor, address, length);
}

int listen(int descriptor, int backlog)
{
    return fails(FAULT_LISTEN, CALLER, EADDRINUSE) ? -1 : REAL(listen)(descriptor, backlog);
}

int getsockname(int descriptor, struct sockaddr *address, socklen_t *length)
{
    return fails(FAULT_LISTEN, CALLER, ENOBUFS) ? -1
                                                : REAL(getsockname)(descriptor, address, length);
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return fails(FAULT_FILE, CALLER, EMFILE) ? -1 : REAL(open)(path, flags, mode);
}

FILE *fopen(const char *path, const char *way)
{
    return fails(FAULT_FILE, CALLER, EMFILE) ? NULL : REAL(fopen)(path, way);
}

FILE *fdopen(int descriptor, const char *way)
{
    return fails(FAULT_FILE, CALLER, ENOMEM) ? NULL : REAL(fdopen)(descriptor, way);
}

DIR *opendir(const char *path)
{
    return fails(FAULT_FILE, CALLER, EMFILE) ? NULL : REAL(opendir)(path);
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    return fails(FAULT_RESOLVE, CALLER, ENOMEM) ? EAI_MEMORY
                                                : REAL(getaddrinfo)(name, service, hints, found);
}

#pragma GCC visibility pop
