/*
 * test_slots.c - which calls of which libraries are led elsewhere, and which are not.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "interpose/descriptors.h"
#include "interpose/guard.h"
#include "interpose/libraries.h"
#include "support/caller.h"
#include "support/fork_beside.h"
#include "support/suite.h"

/* --- what the slots are led to here --- */

static int received, written;

static ssize_t counting_recv(int number, void *bytes, size_t size, int flags)
{
    received++;
    return recv(number, bytes, size, flags);
}

static ssize_t counting_recv_chk(int number, void *bytes, size_t size, size_t room, int flags)
{
    (void)room;
    return counting_recv(number, bytes, size, flags);
}

static ssize_t counting_write(int number, const void *bytes, size_t size)
{
    written++;
    return write(number, bytes, size);
}

static ssize_t other_recv(int number, void *bytes, size_t size, int flags)
{
    return recv(number, bytes, size, flags);
}

static const struct slots_rule rules[] = {
    {"recv", (void *)counting_recv, NULL},
    {"__recv_chk", (void *)counting_recv_chk, NULL},
    {"write", (void *)counting_write, NULL},
    {"connect", (void *)connect, NULL},
    {"epoll_wait", NULL, "waits in a way that is not carried"},
    {NULL, NULL, NULL},
};

static const struct slots_rule other_rules[] = {{"recv", (void *)other_recv, NULL},
                                                {NULL, NULL, NULL}};

static const struct link_map *map_of(const struct caller *caller)
{
    Dl_info info;
    void *map = NULL;
    CHECK_FATAL(dladdr1(caller, &info, &map, RTLD_DL_LINKMAP) != 0);
    return map;
}

/* One byte from one end of a pair to the other. */
static void check_calls(const struct caller *caller, int wanted_received, int wanted_written)
{
    int pair[2];
    char byte = 0;
    CHECK_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    received = written = 0;
    CHECK_NUMBER(caller->write(pair[0], "x", 1), 1);
    CHECK_NUMBER(caller->recv(pair[1], &byte, 1, 0), 1);
    CHECK_NUMBER(byte, 'x');
    CHECK_NUMBER(received, wanted_received);
    CHECK_NUMBER(written, wanted_written);
    close(pair[0]);
    close(pair[1]);
}

/* "rw-p" of the mapping that an address lies in. */
static const char *protection_of(const void *address)
{
    static char protection[8];
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "re");
    CHECK_FATAL(maps != NULL);
    protection[0] = '\0';
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long start, end;
        char found[8];
        if (sscanf(line, "%lx-%lx %7s", &start, &end, found) == 3 && start <= (uintptr_t)address &&
            (uintptr_t)address < end)
            strcpy(protection, found);
    }
    fclose(maps);
    return protection;
}

static void check_library(const char *name, bool is_read_only)
{
    struct slots slots;
    struct error error = {0};
    const struct caller *caller = caller_load(name, RTLD_LAZY);
    CHECK_FATAL(caller != NULL);
    check_calls(caller, 0, 0);
    CHECK(slots_find(map_of(caller), rules, &slots, &error));
    CHECK(slots_has(&slots, "connect"));
    CHECK_NUMBER(slots.read_only != NULL && slots.read_only_size > 0, is_read_only);
    for (int i = 0; i < 2; i++) {
        CHECK(slots_set(&slots, 1, &error));
        check_calls(caller, 1, 1);
    }
    if (is_read_only)
        CHECK_TEXT(protection_of(slots.read_only), "r--p");
    CHECK_TEXT(error.text, "");
    slots_free(&slots);
}

CASE("leads lazily bound calls")
{
    struct slots slots;
    struct error error = {0};
    /* Never called before: its slots still hold the linker's stubs. */
    const struct caller *caller = caller_load("caller_lazy", RTLD_LAZY);
    CHECK_FATAL(caller != NULL);
    CHECK(slots_find(map_of(caller), rules, &slots, &error));
    CHECK(slots_set(&slots, 1, &error));
    check_calls(caller, 1, 1);
    check_calls(caller, 1, 1);
    slots_free(&slots);
}

CASE("leads calls that were bound at once, and leaves their slots read-only")
{
    check_library("caller_now", true);
}

CASE("leads calls through the table alone")
{
    check_library("caller_got", true);
}

CASE("leads fortified calls")
{
    check_library("caller_fortified", true);
}

/* --- set once, and what happens to slots afterwards --- */

static void **slot_of_recv(const struct caller *caller, struct slots *slots)
{
    struct error error = {0};
    static const struct slots_rule recv_only[] = {{"recv", (void *)counting_recv, NULL},
                                                  {NULL, NULL, NULL}};
    CHECK_FATAL(slots_find(map_of(caller), recv_only, slots, &error));
    CHECK_FATAL(slots_set(slots, 1, &error));
    return (void **)(void *)caller->receiver;
}

CASE("leads a variable that holds a function, and leaves one that holds another")
{
    struct slots slots;
    struct error error = {0};
    const struct caller *caller = caller_load("caller_now", RTLD_LAZY);
    CHECK_FATAL(caller != NULL);
    void **variable = slot_of_recv(caller, &slots);
    CHECK(*variable == (void *)counting_recv);
    /* Another function that the library has put there itself stays. */
    *variable = (void *)caller->recv;
    CHECK(slots_set(&slots, 1, &error));
    CHECK(*variable == (void *)caller->recv);
    /* And what was reset is set again. */
    *variable = (void *)recv;
    CHECK(slots_set(&slots, 1, &error));
    CHECK(*variable == (void *)counting_recv);
    slots_free(&slots);
}

/* As the library's own binding would, also where all is bound at once and then read-only. */
static void put(void **address, void *function)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    CHECK_FATAL(
        mprotect((void *)((uintptr_t)address & ~(page - 1)), page, PROT_READ | PROT_WRITE) == 0);
    *address = function;
}

CASE("sets a slot again that was reset")
{
    struct slots slots;
    struct error error = {0};
    const struct caller *caller = caller_load("caller_lazy", RTLD_LAZY);
    CHECK_FATAL(caller != NULL);
    CHECK_FATAL(slots_find(map_of(caller), rules, &slots, &error));
    CHECK(slots_set(&slots, 1, &error));
    check_calls(caller, 1, 1);
    for (size_t i = 0; i < slots.count; i++)
        if (strcmp(slots.items[i].rule->name, "recv") == 0)
            put(slots.items[i].address, (void *)recv);
    check_calls(caller, 0, 1);
    CHECK(slots_set(&slots, 1, &error));
    check_calls(caller, 1, 1);
    slots_free(&slots);
}

/* Functions of this program and libc's cannot be told apart where a sanitizer has its own. */
static bool skips_as_sanitized(void)
{
    Dl_info own, libc;
    if (dladdr((void *)counting_recv, &own) == 0 ||
        dladdr(dlsym(RTLD_DEFAULT, "recv"), &libc) == 0 || own.dli_fbase != libc.dli_fbase)
        return false;
    suite_skip("recv is this program's own, of its sanitizer");
    return true;
}

/* Somebody else's interposition would not be called any more. */
CASE("refuses a slot that leads to somebody else")
{
    struct slots slots, other;
    struct error error = {0};
    if (skips_as_sanitized())
        return;
    const struct caller *caller = caller_load("caller_got", RTLD_LAZY);
    CHECK_FATAL(caller != NULL);
    CHECK_FATAL(slots_find(map_of(caller), rules, &slots, &error));
    CHECK(slots_set(&slots, 1, &error));
    CHECK_FATAL(slots_find(map_of(caller), other_rules, &other, &error));
    CHECK(!slots_set(&other, 1, &error));
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_TRANSPORT);
    CHECK_CONTAINS(error.text, "recv of ");
    CHECK_CONTAINS(error.text, "caller_got.so has been led to ");
    check_calls(caller, 1, 1);
    slots_free(&other);
    slots_free(&slots);
}

/* Another copy of odbcssl in the process, with a lock of its own. */
static struct other_copy {
    bool is_due;
    struct slots slots;
    pthread_t thread;
    atomic_bool is_done;
    bool is_set;
    struct error error;
} other_copy;

static void *be_other_copy(void *argument)
{
    (void)argument;
    other_copy.is_set = slots_set(&other_copy.slots, 1, &other_copy.error);
    atomic_store(&other_copy.is_done, true);
    return NULL;
}

int __real_mprotect(void *address, size_t size, int protection);
int __wrap_mprotect(void *address, size_t size, int protection);

/* The other copy comes while the pages are writable, and gets the time to do all that it can. */
int __wrap_mprotect(void *address, size_t size, int protection)
{
    int result = __real_mprotect(address, size, protection);
    if (!other_copy.is_due || (protection & PROT_WRITE) == 0)
        return result;
    other_copy.is_due = false;
    CHECK(pthread_create(&other_copy.thread, NULL, be_other_copy, NULL) == 0);
    for (int i = 0; i < 300 && !atomic_load(&other_copy.is_done); i++)
        poll(NULL, 0, 1);
    return result;
}

CASE("does not meet another copy that sets the same slots")
{
    struct slots slots;
    struct error error = {0};
    if (skips_as_sanitized())
        return;
    const struct caller *caller = caller_load("libcaller", RTLD_NOW);
    CHECK_FATAL(caller != NULL);
    CHECK_FATAL(slots_find(map_of(caller), rules, &slots, &error));
    CHECK_FATAL(slots.read_only_size > 0);
    CHECK_FATAL(slots_find(map_of(caller), other_rules, &other_copy.slots, &error));
    other_copy.is_due = true;
    CHECK(slots_set(&slots, 1, &error));
    CHECK_TEXT(error.text, "");
    CHECK_FATAL(pthread_join(other_copy.thread, NULL) == 0);
    CHECK(!other_copy.is_set);
    CHECK_CONTAINS(other_copy.error.text, "libcaller.so has been led to ");
    check_calls(caller, 1, 1);
    CHECK_TEXT(protection_of(slots.read_only), "r--p");
    /* As it was, for the next case. */
    for (size_t i = 0; i < slots.count; i++)
        put(slots.items[i].address, dlsym(RTLD_DEFAULT, slots.items[i].rule->name));
    slots_free(&other_copy.slots);
    slots_free(&slots);
}

SUITE("slots", NULL, NULL)

/* --- which libraries --- */

CASE("refuses a library with epoll")
{
    struct error error = {0};
    const struct caller *caller = caller_load("caller_epoll", RTLD_LAZY);
    CHECK_FATAL(caller != NULL);
    CHECK(libraries_interpose(caller, rules, &error) == NULL);
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_TRANSPORT);
    CHECK_CONTAINS(error.text,
                   "caller_epoll.so imports epoll_wait, so it waits in a way that is not carried");
    check_calls(caller, 0, 0);
}

CASE("finds the library that a driver needs")
{
    struct error error = {0};
    const struct caller *caller = caller_load("libcaller", RTLD_NOW);
    CHECK_FATAL(caller != NULL);
    void *driver = dlopen(suite_built("tests/support/.libs/caller_driver.so"), RTLD_LAZY);
    CHECK_FATAL(driver != NULL);
    check_calls(caller, 0, 0);
    const char *names = libraries_interpose(dlsym(driver, "caller_of_driver"), rules, &error);
    CHECK_TEXT(error.text, "");
    CHECK_TEXT(names, "libcaller.so");
    check_calls(caller, 1, 1);
}

static const void *in_driver;

static bool lead_again(void)
{
    struct error error = {0};
    return libraries_interpose(in_driver, rules, &error) != NULL;
}

CASE("serves a child that is forked while threads connect")
{
    void *driver = dlopen(suite_built("tests/support/.libs/caller_driver.so"), RTLD_LAZY);
    CHECK_FATAL(driver != NULL);
    in_driver = dlsym(driver, "caller_of_driver");
    CHECK(fork_beside(lead_again, lead_again));
}

CASE("refuses a library without network")
{
    struct error error = {0};
    CHECK(libraries_interpose((const void *)CU_get_error, rules, &error) == NULL);
    CHECK_CONTAINS(error.text, "imports connect");
}

CASE("refuses an address that is in no library")
{
    struct error error = {0};
    void *nowhere = malloc(64);
    CHECK_FATAL(nowhere != NULL);
    CHECK(libraries_interpose(nowhere, rules, &error) == NULL);
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_TRANSPORT);
    CHECK_CONTAINS(error.text, "the real driver's library cannot be found");
    free(nowhere);
}

/* --- libraries that were linked in other ways: altered copies --- */

#define IMAGE_SIZE ((size_t)1024 * 1024)

static unsigned char image[IMAGE_SIZE];
static size_t image_size;
static char folder[] = "/tmp/odbcssl-slots-XXXXXX";

static void read_image(const char *name)
{
    image_size =
        suite_read(suite_built(suite_text("tests/support/.libs/%s.so", name)), image, sizeof image);
    CHECK_FATAL(image_size > 0 && image_size < sizeof image);
}

static void *load_image(const char *name)
{
    const char *path = suite_text("%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    CHECK_FATAL(file != NULL && fwrite(image, 1, image_size, file) == image_size);
    CHECK_FATAL(fclose(file) == 0);
    void *library = dlopen(path, RTLD_LAZY);
    if (library == NULL)
        printf("# %s\n", dlerror());
    unlink(path);
    CHECK_FATAL(library != NULL);
    return library;
}

/* The dynamic linker leaves such a section's pointers as they are in the file. */
CASE("leads the calls of a library with a read-only dynamic section")
{
    struct slots slots;
    struct error error = {0};
    bool is_found = false;
    CHECK_FATAL(mkdtemp(folder) != NULL);
    read_image("caller_lazy");
    const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)(const void *)image;
    ElfW(Phdr) *parts = (ElfW(Phdr) *)(void *)(image + header->e_phoff);
    for (size_t i = 0; i < header->e_phnum; i++)
        if (parts[i].p_type == PT_DYNAMIC) {
            parts[i].p_flags &= ~(unsigned)PF_W;
            is_found = true;
        }
    CHECK_FATAL(is_found);
    const struct caller *caller = dlsym(load_image("readonly.so"), "caller");
    CHECK_FATAL(caller != NULL);
    CHECK(slots_find(map_of(caller), rules, &slots, &error));
    CHECK(slots_has(&slots, "connect"));
    CHECK(slots_set(&slots, 1, &error));
    check_calls(caller, 1, 1);
    slots_free(&slots);
    rmdir(folder);
}

/* The text in the table of strings becomes another one, which is no longer. */
static void replace(const char *text, const char *other)
{
    size_t size = strlen(text) + 1;
    unsigned char *found = memmem(image, image_size, text, size);
    CHECK_FATAL(found != NULL && strlen(other) < size);
    strcpy((char *)found, other);
}

/* Each needs the next, and the last one the caller. */
CASE("refuses a driver with more libraries than are looked at")
{
    enum { COUNT = 33, LIMIT = 32 };
    void *chain[COUNT + 1];
    struct error error = {0};
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    CHECK_FATAL(mkdtemp(folder) != NULL);
    const struct caller *caller = caller_load("libcaller", RTLD_NOW);
    CHECK_FATAL(caller != NULL);
    for (int i = COUNT; i > 0; i--) {
        char own[16], needed[16];
        snprintf(own, sizeof own, "chain%02d.so.6", i);
        snprintf(needed, sizeof needed, "chain%02d.so.6", i + 1);
        read_image("caller_driver");
        replace("caller_driver.so", own);
        if (i < COUNT)
            replace("libcaller.so", needed);
        chain[i] = load_image(own);
    }
    /* Itself, its 30 and the caller. */
    const char *names =
        libraries_interpose(dlsym(chain[COUNT + 2 - LIMIT], "caller_of_driver"), rules, &error);
    CHECK_TEXT(error.text, "");
    CHECK_TEXT(names, "libcaller.so");
    CHECK(libraries_interpose(dlsym(chain[COUNT + 1 - LIMIT], "caller_of_driver"), rules, &error) ==
          NULL);
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_TRANSPORT);
    CHECK_CONTAINS(error.text, "chain02.so.6 needs more than 32 libraries");
    rmdir(folder);
}

/* The drivers as Debian has them. */
CASE("finds the network library of each real driver")
{
    static const struct {
        const char *driver, *names;
    } rows[] = {
        {"psqlodbcw.so", "libpq.so.5"},
        {"psqlodbca.so", "libpq.so.5"},
        {"libtdsodbc.so", "libtdsodbc.so"},
        {"libmaodbc.so", "libmariadb.so.3"},
    };
    bool is_any = false;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct error error = {0};
        void *driver = dlopen(suite_text("%s/%s", ODBC_MODULE_DIR, rows[i].driver), RTLD_LAZY);
        if (driver == NULL)
            continue;
        is_any = true;
        /* Rules that change nothing. */
        static const struct slots_rule none[] = {{"connect", (void *)connect, NULL},
                                                 {NULL, NULL, NULL}};
        const char *names = libraries_interpose(dlsym(driver, "SQLAllocHandle"), none, &error);
        CHECK_TEXT(error.text, "");
        CHECK_TEXT(names, rows[i].names);
    }
    if (!is_any)
        suite_skip("no real driver is installed");
}

SUITE("libraries", NULL, NULL)

/* --- descriptors --- */

CASE("knows which descriptors are ours")
{
    CHECK(descriptor_find(-1) == NULL);
    CHECK(descriptor_find(5) == NULL);
    CHECK(descriptor_find(1 << 30) == NULL);
    CHECK(descriptor_prepare(1 << 30) == NULL);
    struct descriptor *first = descriptor_prepare(5), *far = descriptor_prepare(70000);
    CHECK_FATAL(first != NULL && far != NULL);
    CHECK(descriptor_find(5) == NULL);
    descriptor_publish(first);
    descriptor_publish(far);
    CHECK(descriptor_find(5) == first);
    CHECK(descriptor_find(70000) == far);
    CHECK(descriptor_find(6) == NULL);
    CHECK(!descriptor_is_inherited(first));
    descriptor_withdraw(first);
    CHECK(descriptor_find(5) == NULL);
    CHECK(descriptor_prepare(5) == first);
    descriptor_withdraw(far);
}

/* A wait that ends late, or never, is none for the number's next connection. */
CASE("counts who waits for a connection, not for its number")
{
    struct descriptor *descriptor = descriptor_prepare(5);
    CHECK_FATAL(descriptor != NULL);
    CHECK(!descriptor_is_awaited(descriptor));
    unsigned first = descriptor_begin_wait(descriptor);
    CHECK_NUMBER(descriptor_begin_wait(descriptor), first);
    descriptor_end_wait(descriptor, first);
    CHECK(descriptor_is_awaited(descriptor));
    CHECK(descriptor_prepare(5) == descriptor);
    CHECK(!descriptor_is_awaited(descriptor));
    unsigned second = descriptor_begin_wait(descriptor);
    descriptor_end_wait(descriptor, first);
    CHECK(descriptor_is_awaited(descriptor));
    descriptor_end_wait(descriptor, second);
    CHECK(!descriptor_is_awaited(descriptor));
    descriptor_end_wait(descriptor, second);
    CHECK(!descriptor_is_awaited(descriptor));
}

/* --- the guard --- */

static struct sockaddr_in internet(const char *address, uint16_t port)
{
    struct sockaddr_in out = {.sin_family = AF_INET, .sin_port = htons(port)};
    CHECK_FATAL(inet_pton(AF_INET, address, &out.sin_addr) == 1);
    return out;
}

static enum guard_verdict judge(struct guard *guard, const char *address, uint16_t port)
{
    struct sockaddr_in wanted = internet(address, port);
    return guard_judge(guard, (const struct sockaddr *)&wanted, sizeof wanted);
}

CASE("lets a driver go to one address")
{
    struct guard guard = {0};
    struct sockaddr_in handed_out = internet("239.1.2.3", 5432);
    struct sockaddr_in6 other = {.sin6_family = AF_INET6, .sin6_port = htons(5432)};
    CHECK_NUMBER(judge(NULL, "10.0.0.5", 80), GUARD_PASS);
    guard_set(&guard, (const struct sockaddr *)&handed_out, sizeof handed_out, NULL);
    CHECK_NUMBER(judge(&guard, "239.1.2.3", 5432), GUARD_PASS);
    guard_set(&guard, (const struct sockaddr *)&handed_out, sizeof handed_out, (void *)&guard);
    CHECK_NUMBER(judge(&guard, "239.1.2.3", 5432), GUARD_CARRY);
    CHECK(guard_elsewhere(&guard) == NULL);
    CHECK_NUMBER(judge(&guard, "239.1.2.3", 5433), GUARD_REFUSE);
    CHECK_NUMBER(judge(&guard, "10.0.0.5", 5432), GUARD_REFUSE);
    CHECK_NUMBER(guard_judge(&guard, (const struct sockaddr *)&other, sizeof other), GUARD_REFUSE);
    CHECK_NUMBER(guard_judge(&guard, (const struct sockaddr *)&handed_out, 4), GUARD_REFUSE);
    CHECK_NUMBER(guard_judge(&guard, NULL, 0), GUARD_REFUSE);
    CHECK_TEXT(guard_elsewhere(&guard), "239.1.2.3, port 5433");
    guard_set(&guard, (const struct sockaddr *)&handed_out, sizeof handed_out, NULL);
    CHECK(guard_elsewhere(&guard) == NULL);
}

CASE("lets a driver go to one path")
{
    struct guard guard = {0};
    struct sockaddr_un path = {.sun_family = AF_UNIX, .sun_path = "/dev/null/odbcssl-1"}, other;
    size_t start = offsetof(struct sockaddr_un, sun_path);
    const struct sockaddr *wanted = (const struct sockaddr *)&other;
    guard_set(&guard, (const struct sockaddr *)&path, sizeof path, (void *)&guard);
    other = path;
    CHECK_NUMBER(guard_judge(&guard, wanted, sizeof other), GUARD_CARRY);
    CHECK_NUMBER(guard_judge(&guard, wanted, (socklen_t)(start + strlen(path.sun_path) + 1)),
                 GUARD_CARRY);
    CHECK_NUMBER(guard_judge(&guard, wanted, (socklen_t)(start + strlen(path.sun_path))),
                 GUARD_CARRY);
    CHECK_NUMBER(guard_judge(&guard, wanted, (socklen_t)(start + strlen(path.sun_path) - 1)),
                 GUARD_REFUSE);
    strcpy(other.sun_path, "/dev/null/odbcssl-12");
    CHECK_NUMBER(guard_judge(&guard, wanted, sizeof other), GUARD_REFUSE);
    strcpy(other.sun_path, "/run/mysqld/mysqld.sock");
    guard_set(&guard, (const struct sockaddr *)&path, sizeof path, (void *)&guard);
    CHECK_NUMBER(guard_judge(&guard, wanted, sizeof other), GUARD_REFUSE);
    CHECK_TEXT(guard_elsewhere(&guard), "the socket /run/mysqld/mysqld.sock");
}

SUITE("tables", NULL, NULL)
